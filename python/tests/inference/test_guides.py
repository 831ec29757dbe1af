"""What automatic guides say of variables is what NumPyro's say."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import numpyro
import numpyro.distributions as dist
import pytest
from numpyro.infer import autoguide, init_to_median

from synjax_worker.inference.guides import AUTOMATIC, guide_sample, parameter
from tests.inference.programs import AsProgram

DATA = np.asarray([0.3, -1.2], np.float32)
OPTIONS: dict[str, dict[str, Any]] = {
    "iaf_normal": {"num_flows": 2, "hidden_dims": (2,), "skip_connections": True},
    "low_rank_multivariate_normal": {"rank": 1},
}
INIT = {"init_loc": ("median", {"num_samples": 3})}
NAMES = ("scale", "mean")


def model(data):
    scale = numpyro.sample("scale", dist.HalfNormal(2.0))
    mean = numpyro.sample("mean", dist.Normal(0.0, 1.0))
    numpyro.deterministic("twice", 2 * mean)
    numpyro.sample("x", dist.Normal(mean, scale).expand([2]).to_event(1), obs=data)


def numpyros(kind: str) -> Any:
    lists = {k: list(v) if isinstance(v, tuple) else v for k, v in OPTIONS.get(kind, {}).items()}
    return getattr(autoguide, AUTOMATIC[kind])(model, init_loc_fn=init_to_median(num_samples=3), **lists)


@pytest.mark.parametrize(
    "kind", [kind for kind in AUTOMATIC if kind not in ("bnaf_normal", "diagonal_normal")]
)
def test_draws_medians_and_quantiles_are_numpyros(kind: str):
    guide = numpyros(kind)
    sites = numpyro.handlers.trace(numpyro.handlers.seed(guide, 4)).get_trace(DATA)
    params = {name: site["value"] for name, site in sites.items() if site["type"] == "param"}
    known = {name: parameter(params, name) for name in params}

    @jax.jit
    def asked(key: Any, known: Any) -> Any:
        fixed = {"params": known, "guide": (kind, INIT | OPTIONS.get(kind, {}))}
        ask = lambda names, **query: guide_sample(AsProgram(model), DATA, names=names, **query, **fixed)[0]
        found = [ask((*NAMES, "twice"), key=key, sample_shape=(2, 3))]
        if "af_normal" not in kind:
            found.append(ask(NAMES))
        if "af_normal" not in kind and kind != "delta":
            found.append(ask(NAMES, quantiles=(0.1, 0.9)))
        return found

    drawn, *others = asked(jax.random.key(5), known)
    expected = guide.sample_posterior(jax.random.key(5), params, DATA, sample_shape=(2, 3))
    for name, value in zip((*NAMES, "twice"), drawn, strict=True):
        np.testing.assert_allclose(value, expected[name], rtol=1e-5, atol=1e-6, err_msg=name)
    for values, wanted in zip(others, ("median", "quantiles"), strict=False):
        of_numpyro = guide.median(params) if wanted == "median" else guide.quantiles(params, [0.1, 0.9])
        for name, value in zip(NAMES, values, strict=True):
            np.testing.assert_allclose(value, of_numpyro[name], rtol=1e-5, atol=1e-6, err_msg=wanted)


def test_a_laplace_approximation_without_a_maximum_is_no_number():
    def flat(data):
        numpyro.sample("mean", dist.Normal(0.0, 1.0))
        numpyro.factor("other", 5.0 * jnp.sum(jnp.square(numpyro.sample("side", dist.Normal(0.0, 1.0)))))

    fixed = {"params": {"auto_loc": jnp.zeros(2)}, "guide": ("laplace_approximation", INIT)}
    draws = jax.jit(lambda key: guide_sample(AsProgram(flat), DATA, names=("mean",), key=key, **fixed)[0][0])(
        jax.random.key(0)
    )
    assert np.isnan(draws)
