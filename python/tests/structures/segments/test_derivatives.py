"""First and second derivatives of segments, forward and reverse, mapped, against those of sums over all of them."""

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
from tests.compiling import quick_jit

from .enumeration import LONGEST, POSITIONS, SHAPE, case, event, segmentations

SEGMENTS = Segments()
WEIGHTS = np.random.default_rng(5).normal(size=SHAPE)
# Everything that is differentiated, each a number for every item.
NUMBERS = ("log_partition", "entropy", "kl_divergence", "marginals", "kl_from_other", "log_marginals")


def numbers(potentials: Potentials, other: Potentials, lengths: jax.Array) -> jax.Array:
    """(6 B)"""
    p, q = (Query(each, lengths, SEGMENTS.forward(each, lengths)) for each in (potentials, other))
    marginals = SEGMENTS.marginals(*p)
    logs = numeric.masked_product(jax.lax.stop_gradient(marginals) > 0.01, SEGMENTS.log_marginals(*p))
    found = (
        numeric.pair_value(SEGMENTS.log_partition(*p)),
        SEGMENTS.entropy(*p),
        SEGMENTS.kl_divergence(p, q),
        jnp.sum(marginals * WEIGHTS, (1, 2, 3, 4)),
        SEGMENTS.kl_divergence(q, p),
        jnp.sum(logs * WEIGHTS, (1, 2, 3, 4)),
    )
    return jnp.stack([numeric.finite_or_zero(x) for x in found])


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

        def divergence(p: jax.Array, q: jax.Array) -> jax.Array:
            allowed = p > -jnp.inf
            ratio = jnp.where(allowed, p, 0) - jnp.where(allowed, q, 0)
            return jnp.sum(jnp.where(allowed, jnp.exp(p) * ratio, 0))

        logs = numeric.logsumexp(jnp.where(events > 0, p[:, None, None, None, None], -jnp.inf), 0)
        marginals = jnp.tensordot(prob, events, 1)
        logs = numeric.masked_product(jax.lax.stop_gradient(marginals) > 0.01, logs)
        found = (
            total,
            -jnp.sum(numeric.masked_product(prob, p)),
            divergence(p, q),
            jnp.sum(marginals * WEIGHTS),
            divergence(q, p),
            jnp.sum(logs * WEIGHTS),
        )
        return jnp.stack([numeric.finite_or_zero(x) for x in found])

    return jax.vmap(one, out_axes=1)(potentials, other, lengths)


def derivatives(function: Any, potentials: Potentials, direction: Potentials, other: Potentials, lengths: Any) -> Any:
    """Of each of the numbers: along a direction, the gradient, and how that changes along it, in two ways."""
    of = lambda x: function(x, other, lengths)
    forward = jax.jvp(of, (potentials,), (direction,))[1]

    def gradients(which: jax.Array) -> Any:
        gradient = jax.grad(lambda x: jnp.sum(which @ of(x)))
        along = jax.jvp(gradient, (potentials,), (direction,))[1]
        inner = lambda x: sum(jnp.vdot(a, b) for a, b in zip(*map(jax.tree.leaves, (gradient(x), direction))))
        return gradient(potentials), along, jax.grad(inner)(potentials)

    return forward, jax.vmap(gradients)(jnp.eye(len(NUMBERS), dtype=forward.dtype))


def directions(potentials: Potentials) -> Potentials:
    rng = np.random.default_rng(9)
    return jax.tree.map(lambda x: jnp.asarray(rng.normal(size=x.shape), x.dtype), potentials)


KINDS = ("plain", "medium", "large", "gap", "ties", "forbidden", "mixed", "nothing")


@pytest.mark.parametrize("form", ["general", "factored"])
def test_derivatives(form: str) -> None:
    single = case(form, np.float32, kinds=KINDS)
    found = quick_jit(functools.partial(derivatives, numbers))(
        single.potentials, directions(single.potentials), single.other, single.lengths
    )
    with jax.enable_x64(True):
        wide = lambda tree: jax.tree.map(lambda x: jnp.asarray(np.asarray(x), jnp.float64), tree)
        arguments = (single.potentials, directions(single.potentials), single.other)
        expected = quick_jit(functools.partial(derivatives, enumerated))(
            *(wide(each) for each in arguments), jnp.asarray(single.lengths)
        )
        expected = jax.tree.map(np.asarray, expected)
    forward, (gradient, *second) = found
    true_forward, (true_gradient, true_second, _) = expected
    for which, name in enumerate(NUMBERS):
        compare(forward[which], true_forward[which], single.kinds, f"{name} along a direction")
        for got, true, what in ((gradient, true_gradient, "gradient"), *((x, true_second, "second") for x in second)):
            for a, b in zip(jax.tree.leaves(got), jax.tree.leaves(true), strict=True):
                compare(a[which], b[which], single.kinds, f"{name} {what}")


def compare(found: Any, expected: Any, kinds: tuple[str, ...], what: str) -> None:
    found, expected = np.asarray(found), np.asarray(expected)
    assert np.isfinite(found).all(), what
    for item, kind in enumerate(kinds):
        scale = max(1, np.abs(expected[item]).max(initial=0))
        gap = np.abs(found[item] - expected[item]).max(initial=0) / scale
        assert gap < 1e-4 * (10 if kind == "large" else 1), (what, kind, item, gap)
