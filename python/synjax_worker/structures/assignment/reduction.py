"""The best matching of every item, at any scale, and what every cell costs more than it.

The best matching has prices of rows and columns (dual variables) at which no cell costs less than its row and column
are worth, and its own cells exactly that. What a cell costs more, its reduced cost, is what a matching loses that uses
it: scores relative to the best are sums of terms that all have one sign. So nothing that is computed from them cancels,
and floats suffice, whatever numbers the potentials are.

Prices are found in floats, and refined as solutions of linear equations are: the reduced costs at the prices so far are
computed exactly, up to one rounding, and are the costs of the next problem, whose prices are added. Each turn leaves an
eps of what there was. Of potentials near 1 the first turn is enough.
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array, lax

from ...numerics import numeric
from ...numerics.guard import select_items
from ...numerics.numeric import Sum
from ...runtime import passes
from .augment import cheapest
from .potentials import Lengths, Oriented, Potentials, oriented

# Costs are in units of this, so that a few thousand of the largest floats add up without overflow.
UNIT = 2.0**12
_MOST_TURNS = 16


class Reduced(NamedTuple):
    """Constants of an oriented table. It is square: rows beyond the shorter side stand for columns that are free."""

    columns: Array  # (B long) int32: the best matching, of every row
    costs: Array  # (B long long): reduced costs in nats, +inf where there is no cell
    exact: Sum  # of the reduced costs, in units of UNIT * numeric.UNIT
    feasible: Array  # (B) bool: whether there is any matching


def reduced(potentials: Potentials, lengths: Lengths) -> Reduced:
    """Once for all queries of a frame."""
    return passes.shared(potentials, "reduced", lambda: reduce(oriented(potentials, lengths)))


def square_costs(table: Oriented) -> Array:
    """(B long long). An item is a square of its longer side; what is beyond is matched to itself."""
    scores = lax.stop_gradient(table.scores)
    _, short, side = scores.shape
    scores = jnp.pad(scores, ((0, 0), (0, side - short), (0, 0)), constant_values=-jnp.inf)
    row, col = numeric.positions(side)[:, None], numeric.positions(side)
    count, extent = table.short[:, None, None], table.long[:, None, None]
    free = (row >= count) & (row < extent) & (col < extent)
    beyond = (row >= extent) & (row == col)
    return jnp.where(row < count, -scores * (1 / UNIT), jnp.where(free | beyond, 0, jnp.inf))


def reduce(table: Oriented) -> Reduced:
    costs = square_costs(table)
    items, side, _ = costs.shape
    zero = jnp.zeros((items, side), costs.dtype)
    tolerance = _tolerance(costs.dtype)

    class Turn(NamedTuple):
        count: Array
        active: Array  # (B)
        feasible: Array  # (B)
        columns: Array
        of_rows: Sum
        of_cols: Sum
        exact: Sum
        costs: Array  # the value of `exact`, in the unit of the costs

    def turn(s: Turn) -> Turn:
        found = cheapest(s.costs, s.active, s.count > 0)
        columns = jnp.maximum(found.columns, 0)
        worth = _matched(s.costs, columns) - jnp.take_along_axis(found.prices, columns, 1)
        worth = numeric.finite_or_zero(worth)
        of_rows, of_cols = _plus(s.of_rows, worth), _plus(s.of_cols, found.prices)
        exact = _exactly(costs, of_rows, of_cols)
        value = numeric.sum_value(exact)
        matched = _matched(value, columns)
        gap = jnp.sum(jnp.abs(matched) + (matched - jnp.min(value, -1)), -1) * UNIT
        score = jnp.sum(_matched(costs, columns), -1) * UNIT
        refined = gap <= tolerance * jnp.clip(2 * jnp.abs(score), 8, 4096)
        new = Turn(
            s.count + 1,
            s.active & found.complete & ~refined,
            found.complete,
            columns,
            of_rows,
            of_cols,
            exact,
            value,
        )
        kept = select_items(s.active, new._replace(count=s.feasible), s._replace(count=s.feasible))
        return kept._replace(count=new.count)

    first = Turn(
        jnp.int32(0),
        jnp.ones((items,), bool),
        jnp.ones((items,), bool),
        jnp.zeros((items, side), jnp.int32),
        (zero, zero, zero),
        (zero, zero, zero),
        tuple(jnp.zeros_like(costs) for _ in range(3)),
        costs,
    )
    running = lambda s: jnp.any(s.active) & (s.count < _MOST_TURNS)
    last = lax.while_loop(running, turn, first)
    largest = jnp.finfo(costs.dtype).max * (1 - 2.0**-20)
    nats = jnp.where(jnp.isfinite(last.costs), jnp.clip(last.costs * UNIT, -largest, largest), jnp.inf)
    return Reduced(last.columns, nats, last.exact, last.feasible)


def _tolerance(dtype: jax.typing.DTypeLike) -> float:
    return float(jnp.finfo(dtype).eps)


def _matched(x: Array, columns: Array) -> Array:
    """x (B n n) at the column of each row, (B n)."""
    return jnp.take_along_axis(x, columns[..., None], 2)[..., 0]


def _plus(total: Sum, x: Array) -> Sum:
    """Three floats that hold a sum, the largest first."""
    high, error = numeric.two_sum(total[0], x)
    middle, error = numeric.two_sum(total[1], error)
    return high, middle, total[2] + error


def _exactly(costs: Array, of_rows: Sum, of_cols: Sum) -> Sum:
    """Costs less what their rows and columns are worth."""
    rows = [jnp.broadcast_to(-x[:, :, None], costs.shape) for x in of_rows]
    cols = [jnp.broadcast_to(-x[:, None, :], costs.shape) for x in of_cols]
    return numeric.exact_sum(jnp.stack([costs, *rows, *cols]))
