"""Every query of every class is lowered and compiled for a TPU, without one.

Run where libtpu is installed, which is no requirement of the other tests: `requirements/tpu.txt` pins it, and Linux on
x86-64 is all that it takes. Elsewhere these tests are skipped.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from synjax_worker.numerics import guard
from synjax_worker.runtime import passes
from tests.conformance import enumerator
from tests.conformance.enumerator import Enumerator

pytest.importorskip("libtpu")
pytestmark = pytest.mark.full

QUERIES: dict[str, Callable[[Any, Any, jax.Array], Any]] = {
    "log_partition": lambda p, q, key: p.log_partition(),
    "log_count": lambda p, q, key: p.log_count(),
    "marginals": lambda p, q, key: p.marginals(),
    "log_marginals": lambda p, q, key: p.log_marginals(),
    "entropy": lambda p, q, key: p.entropy(),
    "kl_divergence": lambda p, q, key: p.kl_divergence(q),
    "log_prob": lambda p, q, key: p.log_prob(p.argmax()),
    "top_k": lambda p, q, key: tuple(p.top_k(3)),
    "sample": lambda p, q, key: p.decode(p.sample(key, (2,))),
    "sample_without_replacement": lambda p, q, key: tuple(p.sample_without_replacement(key, 2)),
    "differentiable_sample": lambda p, q, key: p.differentiable_sample(key, method="Perturb-and-Marginals"),
}


@pytest.fixture(scope="module")
def device() -> Any:
    from jax.experimental import topologies

    os.environ.setdefault("TPU_SKIP_MDS_QUERY", "1")
    return topologies.get_topology_desc(platform="tpu", topology_name="v5e:2x2").devices[0]


def forms() -> Iterator[Any]:
    for name, found in enumerator.load().items():
        yield from (pytest.param(form, id=form.name, marks=pytest.mark.costs(name)) for form in found)


def gradient(form: Enumerator, arrays: Any) -> Any:
    floats, rest = enumerator.floats_of(arrays)
    return jax.grad(lambda floats: jnp.sum(form.build(rest | floats).log_partition()))(floats)


@pytest.mark.parametrize("mode", ["optimistic", "careful"])
@pytest.mark.parametrize("query", [*QUERIES, "gradient"])
@pytest.mark.parametrize("form", list(forms()))
def test_compiles_for_a_tpu(
    form: Enumerator, query: str, mode: str, device: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jax, "default_backend", lambda: "tpu")  # what a structure chooses its algorithm by
    case = form.case(np.dtype(np.float32), items=[("plain", form.lengths()[-1])])

    def ask(arrays: Any, other: Any, key: jax.Array) -> Any:
        if query == "gradient":
            return gradient(form, arrays)
        return QUERIES[query](form.build(arrays), form.build(other), key)

    def hopeful(*given: Any) -> Any:
        with passes.frame(), guard.optimistic() as refused:
            return ask(*given), guard.any_refused(refused)

    sharding = jax.sharding.SingleDeviceSharding(device)
    shaped = lambda x: jax.ShapeDtypeStruct(jnp.shape(x), jnp.asarray(x).dtype, sharding=sharding)
    given = jax.tree.map(shaped, (case.arrays, case.other, jax.random.key(0)))
    lowered = jax.jit(hopeful if mode == "optimistic" else ask).lower(*given)
    assert "callback" not in lowered.as_text()
    lowered.compile()
