"""First and second derivatives of segments, forward and reverse, under vmap, against those of sums over all of them."""

from __future__ import annotations

import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from synjax_worker.numerics import numeric
from synjax_worker.structures.segments.potentials import Potentials, as_general
from synjax_worker.structures.segments.structure import Segments
from synjax_worker.structures.structure import Query

from .enumeration import POSITIONS, SHAPE, case, event, segmentations

SEGMENTS = Segments()
WEIGHTS = np.random.default_rng(5).normal(size=SHAPE)
# Everything that is differentiated, each a number for every item.
NUMBERS = ("log_partition", "entropy", "kl_divergence", "marginals")


def following(potentials: Potentials, other: Potentials) -> Potentials:
    """The other distribution, with a derivative by the potentials of the first."""
    change = lambda x: numeric.finite_or_zero(x) - jax.lax.stop_gradient(numeric.finite_or_zero(x))
    return jax.tree.map(lambda x, y: y + change(x), potentials, other)


def numbers(potentials: Potentials, other: Potentials, lengths: jax.Array) -> jax.Array:
    """(4 B)"""
    other = following(potentials, other)
    p, q = (Query(each, lengths, SEGMENTS.forward(each, lengths)) for each in (potentials, other))
    found = (
        numeric.sum_value(SEGMENTS.log_partition(*p)),
        SEGMENTS.entropy(*p),
        SEGMENTS.kl_divergence(p, q),
        of_parts(SEGMENTS.marginals(*p), SEGMENTS.log_marginals(*p)),
    )
    return jnp.stack([numeric.finite_or_zero(x) for x in found])


def of_parts(marginals: jax.Array, logs: jax.Array) -> jax.Array:
    """Of marginals, and of the logs of those that are not small."""
    logs = numeric.masked_product(jax.lax.stop_gradient(marginals) > 0.01, logs)
    return jnp.sum((marginals + logs) * WEIGHTS, (-4, -3, -2, -1))


@functools.cache
def all_events() -> tuple[np.ndarray, np.ndarray]:
    """(S n m t t), and how long each is (S)."""
    pairs = [(event(each), length) for length in range(POSITIONS + 1) for each in segmentations(length)]
    events, lengths = zip(*pairs, strict=True)
    return np.stack(events), np.array(lengths)


def enumerated(potentials: Potentials, other: Potentials, lengths: jax.Array) -> jax.Array:
    events, sizes = all_events()

    def log_probs(potentials: Potentials, length: jax.Array) -> tuple[jax.Array, jax.Array]:
        one = Potentials(*(None if x is None else x[None] for x in potentials))
        general = as_general(one).segment[0]
        valid = (jnp.arange(POSITIONS) < length)[:, None, None, None]
        terms = numeric.masked_product(events, jnp.where(valid, general, 0))
        scores = jnp.where(sizes == length, jnp.sum(terms, (1, 2, 3, 4)), -jnp.inf)
        total = numeric.logsumexp(scores, 0)
        return numeric.log_normalize(scores), total

    def one(potentials: Potentials, other: Potentials, length: jax.Array) -> jax.Array:
        (p, total), (q, _) = log_probs(potentials, length), log_probs(other, length)
        prob = jnp.exp(p)

        allowed = p > -jnp.inf
        escapes = jnp.any(allowed & (q == -jnp.inf))
        ratio = jnp.where(allowed, p, 0) - jnp.where(q > -jnp.inf, q, 0)
        logs = numeric.logsumexp(jnp.where(events > 0, p[:, None, None, None, None], -jnp.inf), 0)
        found = (
            total,
            -jnp.sum(numeric.masked_product(prob, p)),
            jnp.where(escapes, 0, jnp.sum(prob * ratio)),
            of_parts(jnp.tensordot(prob, events, 1), logs),
        )
        return jnp.stack([numeric.finite_or_zero(x) for x in found])

    other = following(potentials, other)
    return jax.vmap(one, out_axes=1)(potentials, other, lengths)


def derivatives(
    function: Any, twice: str, potentials: Potentials, direction: Potentials, other: Potentials, lengths: Any
) -> tuple[Any, Any]:
    """Of each of the numbers the gradient, and how it changes along a direction: "forward", or once more in reverse."""
    of = lambda x: function(x, other, lengths)

    def gradients(which: jax.Array) -> Any:
        gradient = jax.grad(lambda x: jnp.sum(which @ of(x)))
        if twice == "forward":
            return jax.jvp(gradient, (potentials,), (direction,))
        along = lambda x: sum(jax.tree.leaves(jax.tree.map(jnp.vdot, gradient(x), direction)))
        return gradient(potentials), jax.grad(along)(potentials)

    return jax.vmap(gradients)(jnp.eye(len(NUMBERS), dtype=potentials.segment.dtype))


def directions(potentials: Potentials) -> Potentials:
    rng = np.random.default_rng(9)
    return jax.tree.map(lambda x: jnp.asarray(rng.normal(size=x.shape), x.dtype), potentials)


KINDS = ("plain", "medium", "large", "gap", "ties", "forbidden", "mixed", "nothing")


# Of the general form the laws of the class ask as much; in reverse once more it takes three times as long to compile.
@pytest.mark.parametrize(
    ("form", "twice"),
    [
        pytest.param("general", "forward", marks=pytest.mark.full),
        ("factored", "forward"),
        pytest.param("factored", "reverse", marks=pytest.mark.full),
    ],
)
def test_derivatives(form: str, twice: str) -> None:
    single = case(form, np.float32, kinds=KINDS)
    arguments = (single.potentials, directions(single.potentials), single.other)
    found = jax.jit(functools.partial(derivatives, numbers, twice))(*arguments, single.lengths)
    with jax.enable_x64(True):
        arguments = jax.tree.map(lambda x: jnp.asarray(np.asarray(x), jnp.float64), arguments)
        expected = jax.jit(functools.partial(derivatives, enumerated, "forward"))(*arguments, single.lengths)
        expected = jax.tree.map(np.asarray, expected)
    for got, true, what in zip(found, expected, ("gradient", "second derivative"), strict=True):
        for a, b in zip(jax.tree.leaves(got), jax.tree.leaves(true), strict=True):
            for which, name in enumerate(NUMBERS):
                compare(a[which], b[which], single.kinds, f"{what} of {name}")


def compare(found: Any, expected: Any, kinds: tuple[str, ...], what: str) -> None:
    found, expected = np.asarray(found), np.asarray(expected)
    assert np.isfinite(found).all(), what
    for item, kind in enumerate(kinds):
        scale = max(1, np.abs(expected[item]).max(initial=0))
        gap = np.abs(found[item] - expected[item]).max(initial=0) / scale
        assert gap < 1e-5, (what, kind, item, gap)
