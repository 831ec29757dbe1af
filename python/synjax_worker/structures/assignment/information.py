"""Entropy and divergence of matchings, as sums of terms relative to the best matching of each.

Nothing large is subtracted, whatever the potentials are: both are right to some eps of the log of the number of
matchings, and relative to themselves where they are larger. A small divergence is right relative to itself.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jax import Array, lax

from ...numerics import numeric
from ..structure import Query
from .marginals import Sums, log_sum, parts, sums, visited
from .potentials import Lengths, Potentials
from .reduction import Reduced
from .subsets import Weights, at_end, bits, contains, slices_above, slices_below


def _expected(chosen: Weights, cells: Array, free: Array) -> Array:
    """(B): the mean of a sum of terms of cells (B short long) and free columns (B long)."""
    of_cells = numeric.masked_product(jnp.moveaxis(chosen.cells, 0, 2), cells)
    of_free = numeric.masked_product(chosen.free.T, free)
    return jnp.sum(of_cells, (1, 2)) + jnp.sum(of_free, 1)


def entropy(potentials: Potentials, lengths: Lengths, best: Reduced) -> Array:
    """(B), nats: the log of the sum, which is at least 0, and what is lost against the best on average."""
    scores = sums(potentials, lengths, best).scores
    lost = -_expected(parts(potentials, lengths, best), scores.cells, scores.free)
    return _at_least_0(jnp.where(best.feasible, log_sum(potentials, lengths, best) + lost, 0))


def _at_least_0(x: Array) -> Array:
    """What rounding leaves below 0 is 0, with the derivative of x."""
    return x - lax.stop_gradient(jnp.minimum(x, 0))


def kl_divergence(p: Query, q: Query) -> Array:
    """KL(p || q), (B), nats; +inf where p allows a matching that q does not, 0 where p allows none."""
    of_p, of_q = sums(*p).scores, sums(*q).scores
    escapes = _escapes(p, q)

    def less(x: Array, y: Array) -> Array:
        both = (x > -jnp.inf) & (y > -jnp.inf)
        return jnp.where(both, jnp.where(both, x, 0) - jnp.where(both, y, 0), 0)

    mean = _expected(parts(*p), less(of_p.cells, of_q.cells), less(of_p.free, of_q.free))
    comparable = p.messages.feasible & ~escapes
    value = jnp.where(comparable, mean + (log_sum(*q) - log_sum(*p)), 0)
    # Small ones are the sum of what each choice brings, with the derivative of the other sum.
    small, holds = jax.tree.map(lax.stop_gradient, _by_choices(sums(*p), sums(*q)))
    near = comparable & holds & jnp.isfinite(small) & (lax.stop_gradient(value) < _SMALL)
    value = jnp.where(
        near, numeric.finite_or_zero(small) + (value - lax.stop_gradient(value)), _at_least_0(value)
    )
    return jnp.where(escapes, jnp.inf, value)


_SMALL = 0.1


def _by_choices(p: Sums, q: Sums) -> tuple[Array, Array]:
    """The divergence as a sum of terms >= 0, one for each choice of a walk from the end, (B); and whether weights of q
    are floats wherever p goes.
    """
    short = p.weights.cells.shape[2]

    def step(carry: tuple[Array, Array, Array], inputs: tuple) -> tuple:
        mass, total, holds = carry
        (of_p, with_p), (of_q, with_q) = (_conditionals(*each) for each in inputs)
        moved = mass * of_p
        ratio = jnp.where(of_p > 0, (of_q - of_p) * numeric.reciprocal(of_p), 0)
        local = numeric.masked_product(mass, jnp.where(of_p > 0, of_p * _excess(ratio), of_q))
        total = total + jnp.sum(local, (0, 2))
        holds = holds & ~jnp.any((mass > 0) & ~(with_p & with_q), -1)
        above = jax.vmap(lambda x, bit: slices_above(x, short, 0)(bit))(moved[1:], bits(short))
        return (moved[0] + jnp.sum(jnp.where(contains(short)[:, None], 0, above), 0), total, holds), None

    rows = p.scores.rows
    first = at_end(rows, short).astype(p.weights.cells.dtype), jnp.zeros_like(p.forward.total), rows >= 0
    inputs = tuple((*each.weights, each.forward.before) for each in (p, q))
    return lax.scan(step, first, inputs, reverse=True)[0][1:]


def _conditionals(cells: Array, free: Array, before: Array) -> tuple[Array, Array]:
    """How likely each choice of a column is at every subset, (1+short B 2^short), and where there are any."""
    short = cells.shape[1]
    lower = jax.vmap(slices_below(before, short, 0))(bits(short))
    matched = jnp.where(contains(short)[:, None], cells.T[:, :, None] * lower, 0)
    weights = jnp.concatenate([(free[:, None] * before)[None], matched])
    total = jnp.sum(weights, 0)
    return weights * numeric.reciprocal(total), total >= jnp.finfo(total.dtype).tiny


def _excess(x: Array) -> Array:
    """x - log(1 + x)"""
    near = jnp.abs(x) < 0.02
    small = jnp.where(near, x, 0)
    series = small * small * (1 / 2 - small * (1 / 3 - small * (1 / 4 - small * (1 / 5 - small / 6))))
    far = jnp.where(near, 0, x)
    return jnp.where(near, series, far - jnp.log1p(far))


def _escapes(p: Query, q: Query) -> Array:
    """(B): whether p allows a matching that q does not. Asked of what is allowed, however unlikely."""
    alone = ~jnp.isneginf(p.potentials.log_potentials) & jnp.isneginf(q.potentials.log_potentials)
    some = jnp.any(visited(p.potentials, p.lengths) & alone, (1, 2))
    unlike = jnp.stack([p.lengths[name] != q.lengths[name] for name in p.lengths]).any(0)
    return p.messages.feasible & (some | unlike)


def cross_entropy(p: Query, q: Query) -> Array:
    """The same and the entropy of p."""
    return entropy(*p) + kl_divergence(p, q)
