"""Chains in blocks are NumPyro's chains."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import numpyro
import numpyro.distributions as dist
import pytest
from numpyro.infer import HMC, MCMC, NUTS

from synjax_worker.errors import InvalidArgument
from synjax_worker.inference.chains import mcmc_advance, mcmc_start
from tests.inference.programs import AsProgram

DATA = np.asarray([0.3, -1.2, 2.0, 0.7], np.float32)
WARMUP, BLOCK, BLOCKS = 30, 10, 5  # two of the blocks after the warm-up


def model(data):
    scale = numpyro.sample("scale", dist.HalfNormal(2.0))
    mean = numpyro.sample("mean", dist.Normal(0.0, scale))
    numpyro.deterministic("twice", 2 * mean)
    with numpyro.plate("items", 4):
        numpyro.sample("x", dist.StudentT(3.0, mean, scale), obs=data)


def drawn(kernel: str, settings: dict, chains: int) -> dict[str, np.ndarray]:
    fixed = {"kernel": kernel, "settings": settings, "chains": chains, "warmup": WARMUP}
    program, names = AsProgram(model), ("scale", "mean", "twice")
    start = jax.jit(lambda key: mcmc_start(program, DATA, key=key, scored=("scale", "mean", "x"), **fixed)[0])
    advance = jax.jit(
        lambda state, steps: mcmc_advance(
            program, DATA, state=state, steps=steps, block=BLOCK, names=names, **fixed
        )[0]
    )
    state, energies, scores = start(jax.random.key(3))
    assert energies.shape == (chains,)
    assert scores.shape == (chains, 3)
    blocks = []
    for k in range(BLOCKS):
        state, *values, step_size = advance(state, BLOCK)
        if k * BLOCK >= WARMUP:
            blocks.append(values)
    assert step_size.shape == (chains,)
    joined = [np.concatenate(parts, 1) for parts in zip(*blocks, strict=True)]
    return dict(zip((*names, "diverging", "num_steps", "accept_prob"), joined, strict=False))


@pytest.mark.parametrize(
    ("kernel", "settings", "chains"),
    [
        ("nuts", {"target_accept_prob": 0.9, "dense_mass": (("scale", "mean"),)}, 2),
        # Without adaptation, which makes a last bit that XLA rounds in another way grow
        (
            "hmc",
            {
                "num_steps": 5,
                "step_size": 0.1,
                "adapt_step_size": False,
                "adapt_mass_matrix": False,
                "init_strategy": ("median", {"num_samples": 3}),
            },
            1,
        ),
    ],
)
def test_blocks_draw_what_numpyro_draws_in_one_go(kernel: str, settings: dict, chains: int):
    came = drawn(kernel, settings, chains)
    options = dict(settings)
    if "init_strategy" in options:
        options["init_strategy"] = numpyro.infer.init_to_median(num_samples=3)
    if "dense_mass" in options:
        options["dense_mass"] = [("scale", "mean")]
    sampler = {"nuts": NUTS, "hmc": HMC}[kernel](model, **options)
    mcmc = MCMC(
        sampler,
        num_warmup=WARMUP,
        num_samples=(BLOCKS * BLOCK) - WARMUP,
        num_chains=chains,
        chain_method="vectorized",
        progress_bar=False,
    )
    mcmc.run(jax.random.key(3), DATA, extra_fields=("num_steps", "accept_prob"))
    wanted = mcmc.get_samples(group_by_chain=True) | mcmc.get_extra_fields(group_by_chain=True)
    for name, value in wanted.items():
        np.testing.assert_allclose(came[name], np.asarray(value), rtol=1e-5, atol=1e-6, err_msg=name)


def test_the_density_of_each_variable_is_told_where_chains_begin():
    program = AsProgram(model)
    data = np.asarray([0.3, np.nan, 2.0, 0.7], np.float32)
    fixed = {"kernel": "nuts", "settings": {}, "chains": 2, "warmup": 1}
    start = jax.jit(lambda key: mcmc_start(program, data, key=key, scored=("scale", "mean", "x"), **fixed)[0])
    _, energies, scores = start(jax.random.key(0))
    assert not np.isfinite(energies).any()
    assert np.isfinite(scores).tolist() == [[True, True, False]] * 2


def test_a_discrete_variable_is_refused_by_name():
    def coin() -> None:
        numpyro.sample("side", dist.Bernoulli(0.5))

    fixed = {"kernel": "nuts", "settings": {}, "chains": 1, "warmup": 1, "scored": ()}
    with pytest.raises(InvalidArgument, match=r"`side` is a BernoulliProbs, which is discrete") as refused:
        mcmc_start(AsProgram(coin), key=jax.random.key(0), **fixed)
    assert refused.value.argument == "side"


def test_a_state_of_another_model_is_refused():
    fixed = {"kernel": "nuts", "settings": {}, "chains": 1, "warmup": 1, "block": 1, "names": ()}
    with pytest.raises(InvalidArgument, match=r"`state` is of another model or other settings"):
        mcmc_advance(AsProgram(model), DATA, state=jnp.zeros(3, jnp.uint32), steps=1, **fixed)
