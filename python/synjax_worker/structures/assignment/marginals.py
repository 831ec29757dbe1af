"""Probabilities of cells and of their logs, and the log-partition."""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array, lax

from ...numerics import numeric
from ...numerics.guard import drop_forbidden
from ...numerics.numeric import Sum
from ...runtime import passes
from .logs import backward_logs, below, forward_logs, log_times
from .potentials import Lengths, Potentials, contract, turned_back
from .reduction import Reduced
from .scores import Scores, absolute, relative, uniform
from .subsets import Forward, Weights, at_all_rows, forward, require_countable, visits, weights_of


class Sums(NamedTuple):
    """The pass over the subsets."""

    scores: Scores
    weights: Weights
    forward: Forward


def sums(potentials: Potentials, lengths: Lengths, best: Reduced) -> Sums:
    """Once for all queries of a frame."""
    require_countable(potentials)

    def compute() -> Sums:
        scores = relative(potentials, lengths, best)
        weights = weights_of(scores)
        return Sums(scores, weights, forward(weights, scores.rows))

    return passes.shared(potentials, "sums", compute)


def log_sum(potentials: Potentials, lengths: Lengths, best: Reduced) -> Array:
    """The log of the sum of all matchings relative to the best, (B) >= 0 but for rounding; 0 where there is none."""
    total = sums(potentials, lengths, best).forward.total
    return jnp.log(jnp.where(best.feasible, total, 1))


def parts(potentials: Potentials, lengths: Lengths, best: Reduced) -> Weights:
    """The probability of each cell and of each column to be free, the columns first."""
    found = sums(potentials, lengths, best)
    compute = lambda: visits(found.weights, found.scores.rows, found.forward)
    return passes.shared(potentials, "parts", compute)


def marginals(potentials: Potentials, lengths: Lengths, best: Reduced) -> Array:
    """The probability of each cell, (B rows cols)."""
    cells = jnp.moveaxis(parts(potentials, lengths, best).cells, 0, 2)
    return turned_back(jnp.where(best.feasible[:, None, None], cells, 0), lengths, potentials)


def log_partition(potentials: Potentials, lengths: Lengths, best: Reduced) -> Sum:
    """The log-partition (B) as an unevaluated sum; its derivative is the marginals."""
    value = jax.tree.map(lax.stop_gradient, _log_partition(potentials, lengths, best))
    return _with_derivative(potentials, lengths, best, value)


def _log_partition(potentials: Potentials, lengths: Lengths, best: Reduced) -> Sum:
    scores = sums(potentials, lengths, best).scores
    return absolute(potentials, lengths, best, scores, log_sum(potentials, lengths, best))


@jax.custom_jvp
def _with_derivative(potentials: Potentials, lengths: Lengths, best: Reduced, value: Sum) -> Sum:
    return value


@_with_derivative.defjvp
def _log_partition_derivative(primals, tangents):
    potentials, lengths, best, value = primals
    tangent = contract(marginals(potentials, lengths, best), drop_forbidden(potentials, tangents[0]))
    value = _with_derivative(*primals)
    return value, (jnp.zeros_like(value[0]), jnp.zeros_like(value[1]), tangent * (1 / numeric.UNIT))


def _unweighted(potentials: Potentials, lengths: Lengths) -> tuple[Weights, Forward, Array]:
    """The pass with weight 1 for whatever is allowed, whose total is the number of matchings."""
    require_countable(potentials)
    scores = uniform(potentials, lengths)
    weights = weights_of(scores)
    return weights, forward(weights, scores.rows), scores.rows


def log_count(potentials: Potentials, lengths: Lengths) -> Sum:
    """The log of the number of matchings, (B): the log of a permanent of zeros and ones."""
    _, found, _ = _unweighted(potentials, lengths)
    return numeric.exact_sum(numeric.safe_log(found.total)[None])


def visited(potentials: Potentials, lengths: Lengths) -> Array:
    """Whether any matching has a cell, however unlikely, (B rows cols)."""
    weights, found, rows = _unweighted(potentials, lengths)
    cells = jnp.moveaxis(visits(weights, rows, found).cells, 0, 2)
    return turned_back(cells, lengths, potentials) > 0


def log_marginals(potentials: Potentials, lengths: Lengths, best: Reduced) -> Array:
    """The logs of the marginals, right where those underflow, (B rows cols)."""
    require_countable(potentials)
    scores = relative(potentials, lengths, best)
    found = forward_logs(scores)
    whole = numeric.finite_or_zero(at_all_rows(found.last, scores.rows))[:, None]

    def of_column(inputs: tuple[Array, Array, Array]) -> Array:
        before, rest, cells = inputs
        through = numeric.logsumexp(log_times(below(before), rest), -1).T
        return log_times(log_times(through, cells), -whole)

    cells = jnp.moveaxis(scores.cells, 2, 0)
    logs = jnp.moveaxis(lax.map(of_column, (found.before, backward_logs(scores), cells)), 0, 2)
    possible = best.feasible[:, None, None] & (logs > -jnp.inf)
    back = lambda x: turned_back(x, lengths, potentials)
    return jnp.where(back(possible), back(jnp.where(possible, logs, 0)), -jnp.inf)
