"""Queries of one distribution share their passes; what is made inside a nested program does not leave it."""

from __future__ import annotations

import gc
from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from synjax_worker.distributions import LinearChainCRF
from synjax_worker.limits import Limits
from synjax_worker.registry import load
from synjax_worker.runtime import passes
from synjax_worker.runtime.decode import decode_program
from synjax_worker.runtime.interpreter import interpret
from tests.runtime.client import Body, encode, nested

OPS = load().ops
QUERIES = ("log_partition", "marginals", "entropy", "argmax")


def chain(body: Body) -> int:
    return body.add("LinearChainCRF", emission=-3, initial=-1, transition=-2)


def parameters(n: int = 6, t: int = 3) -> list[np.ndarray]:
    rng = np.random.default_rng(5)
    return [rng.normal(size=shape).astype(np.float32) for shape in ((t,), (t, t), (n, t))]


def run(program: bytes) -> Callable:
    decoded = decode_program(program, OPS, Limits())
    return lambda *inputs: interpret(decoded, inputs, OPS).outputs


def computed(monkeypatch: pytest.MonkeyPatch, program: bytes) -> list[str]:
    """The names of the passes that are computed while `program` is traced."""
    names: list[str] = []
    original = passes.shared

    def counting(obj, name, compute):
        def counted():
            names.append(name)
            return compute()

        return original(obj, name, counted)

    monkeypatch.setattr(passes, "shared", counting)
    jax.eval_shape(run(program), *parameters())
    return names


def queries(*names: str) -> bytes:
    body = Body(3)
    crf = chain(body)
    return encode(body.returns(*(body.add(f"LinearChainCRF.{name}", crf) for name in names)))


def test_a_pass_is_computed_once_for_all_queries(monkeypatch):
    names = computed(monkeypatch, queries(*QUERIES))
    assert names, "the queries have passes"
    assert len(names) == len(set(names)), names


def test_sharing_changes_no_value():
    @jax.jit
    def ask(*inputs):
        return run(queries(*QUERIES))(*inputs), [run(queries(name))(*inputs)[0] for name in QUERIES]

    for together, alone in zip(*ask(*parameters()), strict=True):
        np.testing.assert_allclose(alone, together, rtol=1e-5, atol=1e-6)


def test_a_query_in_a_nested_program_finds_the_pass_of_the_distribution_outside(monkeypatch):
    root = Body(3)
    crf = chain(root)
    outside = root.add("LinearChainCRF.log_partition", crf)
    inner = Body(1, 1)
    inside = inner.returns(inner.add("np.add", inner.add("LinearChainCRF.log_partition", -2), -1))
    mapped = root.add("vmap", nested(0, crf), -1, in_axes=[2, [[0, 0]]], out_axes=[2, [[0, 0]]])
    program = encode(inside, root.returns(outside, root.add("get", mapped, k=[0, 0])))
    names = computed(monkeypatch, program)
    assert len(names) == len(set(names)), names
    monkeypatch.undo()
    log_z, shifted = jax.jit(run(program))(*parameters())
    np.testing.assert_allclose(shifted, log_z + parameters()[0], rtol=1e-6)


def test_a_pass_made_in_a_frame_is_forgotten_with_it():
    made: list[int] = []
    owner = object()

    def compute() -> int:
        made.append(1)
        return len(made)

    with passes.frame():
        with passes.frame():
            assert passes.shared(owner, "pass", compute) == passes.shared(owner, "pass", compute) == 1
        assert passes.shared(owner, "pass", compute) == 2, "the inner frame's may hold tracers of a loop"
        with passes.frame():
            assert passes.shared(owner, "pass", compute) == 2, "the outer frame's is found"
    assert passes.shared(owner, "pass", compute) == 3, "outside any frame nothing is kept"


def test_passes_made_inside_loops_and_branches_do_not_leak():
    """The dead end of storing them in the outer frame was an UnexpectedTracerError under jit and grad."""
    root = Body(3)
    crf = chain(root)
    inner = Body(2, 1)
    total = inner.add("np.add", -1, inner.add("LinearChainCRF.log_partition", -3))
    looped = root.add("scan", nested(0, crf), root.add("np.sum", -1), -1, n_carry=[0, 1])
    program = encode(
        inner.returns(total, total),
        root.returns(root.add("get", looped, k=[0, 0]), root.add("LinearChainCRF.marginals", crf)),
    )
    initial, *others = parameters()
    loss = jax.jit(lambda x: jnp.sum(run(program)(x, *others)[0]))
    gradient = jax.jit(jax.grad(loss))(initial)
    log_z = jax.jit(run(queries("log_partition")))(initial, *others)[0]
    np.testing.assert_allclose(loss(initial), initial.sum() + 3 * log_z, rtol=1e-5)
    np.testing.assert_allclose(gradient.sum(), 3 + 3, rtol=1e-4)


def test_what_is_known_of_an_object_ends_with_it() -> None:
    """Outside of frames, where plain Python traces: an event knows what it was made of, and who made it."""

    def scores(log_potentials, tags):
        crf, other = LinearChainCRF(log_potentials), LinearChainCRF(log_potentials)
        event = crf.encode(tags)
        assert crf._recall(event) is not None and other._recall(event) is None
        return crf.log_prob(event), other.log_prob(event)

    mine, others = jax.jit(scores)(np.ones((3, 2, 2), np.float32), np.array([0, 1, 1], np.int32))
    np.testing.assert_allclose(mine, others, rtol=1e-6)
    gc.collect()
    assert not passes._living
