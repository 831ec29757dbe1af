"""Queries of one distribution share their passes; what is made inside a nested program does not leave it."""

from __future__ import annotations

import gc
from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.extend.core import ClosedJaxpr, Jaxpr

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


# ------------------------------------------------------------------------------- of a distribution from outside a loop


def loops_of(program: bytes) -> tuple[int, int]:
    """How many loops the compiled program has, and how deep JAX's stand in each other."""
    compiled = jax.jit(run(program)).lower(*parameters()).compile().as_text()
    return compiled.count(" while("), _depth(jax.make_jaxpr(run(program))(*parameters()).jaxpr)


def _depth(jaxpr: Jaxpr) -> int:
    deepest = 0
    for equation in jaxpr.eqns:
        inner = [
            p for value in equation.params.values() for p in (value if isinstance(value, tuple) else [value])
        ]
        below = [_depth(getattr(p, "jaxpr", p)) for p in inner if isinstance(p, (ClosedJaxpr, Jaxpr))]
        deepest = max(deepest, max(below, default=0) + (equation.primitive.name in ("scan", "while")))
    return deepest


def total_of(body: Body, crf: int, query: str) -> int:
    return body.add("np.sum", body.add(f"LinearChainCRF.{query}", crf))


@pytest.mark.parametrize("query", QUERIES)
def test_a_query_in_a_loop_adds_no_loop_to_it(query):
    root = Body(3)
    plain = encode(root.returns(total_of(root, chain(root), query)))

    step = Body(1, 1)
    again = Body(0, 1)
    again = again.returns(total_of(again, -1, query))
    inner = step.add("get", step.add("checkpoint", nested(0, -2)), k=[0, 0])
    root = Body(3)
    crf = chain(root)
    looped = root.add("scan", nested(1, crf), [1, 0.0], n_carry=[0, 1], length=[0, 5])
    result = root.add("get", looped, k=[0, 0])
    looped = encode(again, step.returns(step.add("np.add", -1, inner)), root.returns(result))

    (loops, depth), (loops_with, depth_with) = loops_of(plain), loops_of(looped)
    assert (loops_with, depth_with) == (loops + 1, depth), "the scan, and beside it what there is without it"


@pytest.mark.parametrize("transform", ["vmap", "grad"])
def test_a_query_in_a_map_or_gradient_is_the_same_as_outside(transform):
    root = Body(3)
    plain = encode(root.returns(total_of(root, chain(root), "marginals")))
    inner = Body(1, 1)
    inner = inner.returns(inner.add("np.multiply", -1, total_of(inner, -2, "marginals")))
    root = Body(3)
    crf = chain(root)
    of = [1, 2.0] if transform == "grad" else -1
    made = root.add("get", root.add(transform, nested(0, crf), of), k=[0, 0])
    both = encode(inner, root.returns(made, total_of(root, crf, "marginals")))
    assert loops_of(both) == loops_of(plain)


def test_a_pass_for_draws_in_a_loop_is_computed_once_and_before_it(monkeypatch):
    step = Body(2, 1)
    event = step.add("LinearChainCRF.sample", -3, step.add("random.key", [0, 1]))
    root = Body(3)
    crf = chain(root)
    looped = root.add("scan", nested(0, crf), root.add("np.sum", -1), -1, n_carry=[0, 1])
    step = step.returns(step.add("np.add", -1, step.add("np.sum", event)), -2)
    after = root.add("LinearChainCRF.log_partition", crf)
    program = encode(step, root.returns(root.add("get", looped, k=[0, 0]), after))
    names = computed(monkeypatch, program)
    assert "messages" in names and len(names) == len(set(names)), names
    monkeypatch.undo()
    total, _ = jax.jit(run(program))(*parameters())
    np.testing.assert_allclose(total, parameters()[0].sum() + 3 * 6, rtol=1e-5)


def test_a_pass_that_a_branch_asks_for_stays_in_it():
    taken, other = Body(1, 1), Body(1, 1)
    taken = taken.returns(taken.add("np.add", -1, total_of(taken, -2, "log_partition")))
    root = Body(3)
    crf = chain(root)
    x = root.add("np.sum", -1)
    chosen = root.add("cond", root.add("np.less", x, [0, 0]), nested(0, crf), nested(1, crf), x)
    program = encode(taken, other.returns(-1), root.returns(root.add("get", chosen, k=[0, 0])))
    jaxpr = jax.make_jaxpr(run(program))(*parameters()).jaxpr
    assert not any(equation.primitive.name in ("scan", "while") for equation in jaxpr.eqns)


def test_a_fast_pass_that_is_refused_before_a_loop_is_told_of():
    step = Body(1, 1)
    step = step.returns(step.add("np.add", -1, total_of(step, -2, "log_partition")))
    root = Body(3)
    looped = root.add("scan", nested(0, chain(root)), [1, 0.0], n_carry=[0, 1], length=[0, 2])
    decoded = decode_program(encode(step, root.returns(root.add("get", looped, k=[0, 0]))), OPS, Limits())
    statuses, sites = [], []
    far_apart = [parameters()[0], 1e4 * np.sign(parameters()[1]), 1e4 * parameters()[2]]
    for inputs in (parameters(), far_apart):

        def program(*inputs):
            found = interpret(decoded, inputs, OPS, optimistic=True)
            sites[:] = found.sites
            return found.status

        statuses.append(int(jax.jit(program)(*inputs)[0, 0]))
    assert statuses[0] == 0 and sites[statuses[1] - 1].certificate
