"""Queries of paths through a table by one scan over its steps, of one item. Classes say what the steps and moves are.

A step has a score for every cell of the table that it visits, and a move leads from a cell of an earlier step to a cell
at most so many rows on. What cannot be has a large negative score, as is usual: -inf makes gradients of logsumexp NaN.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array

NEVER = -1e9


class Lattice(NamedTuple):
    """What the scan reads of an item."""

    cells: Array  # (steps rows): the score of visiting a row at a step
    moves: tuple[
        Array, ...
    ]  # (steps rows) or (rows) of each move: of entering a row so; () where they have no scores
    start: Array  # (rows)
    end: Array  # (rows)


class Plain(NamedTuple):
    """A class: its moves as (steps, rows), its lattice, and how what stands at steps and rows stands in an event."""

    steps: tuple[tuple[int, int], ...]
    lattice: Callable[..., Lattice]  # of the parameters of an item
    event: Callable[[Array], Array]  # (steps rows) -> event

    def queries(self) -> dict[str, Callable]:
        """Functions of the parameters of p and of q and of a key, all with a batch."""
        each = lambda item: lambda p, q, key: jax.vmap(item)(p, q, jax.random.split(key, len(p[0])))
        log_partition = lambda p: _log_partition(self.lattice(*p), self.steps)
        return {
            "log_partition": each(lambda p, q, key: log_partition(p)),
            "marginals": each(lambda p, q, key: self.event(self._posterior(p)[1].cells)),
            "entropy": each(lambda p, q, key: self._entropy(p)),
            "argmax": each(lambda p, q, key: self.event(self._argmax(p))),
            "top_k": lambda p, q, key: jax.vmap(lambda p: self._top_k(p, 5), out_axes=1)(p),
            "sample": each(lambda p, q, key: self._samples(p, key, 1)[0]),
            "128 samples": lambda p, q, key: jax.vmap(lambda p, key: self._samples(p, key, 128), out_axes=1)(
                p, jax.random.split(key, len(p[0]))
            ),
            "sample_without_replacement": lambda p, q, key: jax.vmap(
                lambda p, key: self._distinct_samples(p, key, 5), out_axes=1
            )(p, jax.random.split(key, len(p[0]))),
            "kl_divergence": each(lambda p, q, key: self._kl_divergence(p, q)),
            "gradient": each(lambda p, q, key: gradient(log_partition, p)),
        }

    def _posterior(self, p) -> tuple[Array, Lattice]:
        return jax.value_and_grad(_log_partition)(self.lattice(*p), self.steps)

    def _entropy(self, p):
        value, expected = self._posterior(p)
        return value - inner(expected, self.lattice(*p))

    def _kl_divergence(self, p, q):
        value, expected = self._posterior(p)
        mine, other = self.lattice(*p), self.lattice(*q)
        difference = jax.tree.map(jnp.subtract, mine, other)
        return _log_partition(other, self.steps) - value + inner(expected, difference)

    def _argmax(self, p):
        """Back-pointers, and a walk along them: 1 at the visited cells."""
        lattice = self.lattice(*p)
        scores, back = _scan(lattice, self.steps, lambda x: (jnp.max(x, 0), jnp.argmax(x, 0)))
        last = jnp.argmax(scores[-1] + lattice.end)
        return self._walk(last, lambda at, row: back[at - 1, row], scores.shape)

    def _walk(self, last, choose, shape):
        """The cells of one path from its end, where `choose` says by which move a cell was entered."""
        dt, di = (jnp.array(x) for x in zip(*self.steps, strict=True))

        def step(state, at):
            due, row = state
            here = at == due
            move = choose(at, row)
            moved = (due - dt[move], row - di[move])
            visited = jnp.where(here, row, -1)
            return jax.tree.map(lambda new, old: jnp.where(here, new, old), moved, state), visited

        count, rows = shape
        first, visited = jax.lax.scan(step, (jnp.int32(count - 1), last), jnp.arange(1, count), reverse=True)
        visited = jnp.concatenate([first[1][None], visited])
        return (visited[:, None] == jnp.arange(rows)).astype(jnp.float32)

    def _top_k(self, p, k):
        """The k best of every cell."""
        lattice = self.lattice(*p)
        rows = lattice.start.shape[0]
        best = jnp.full((rows, k), NEVER).at[:, 0].set(lattice.start + lattice.cells[0])

        def choose(candidates):  # (moves rows k)
            flat = jnp.moveaxis(candidates, 0, 1).reshape(rows, -1)
            return jax.lax.top_k(flat, k)

        scores, back = _scan(lattice, self.steps, choose, best)
        values, where = jax.lax.top_k((scores[-1] + lattice.end[:, None]).ravel(), k)
        dt, di = (jnp.array(x) for x in zip(*self.steps, strict=True))

        def follow(last):
            def step(state, at):
                due, row, rank = state
                here = at == due
                chosen = back[at - 1, row, rank]
                move = chosen // k
                moved = (due - dt[move], row - di[move], chosen % k)
                visited = jnp.where(here, row, -1)
                return jax.tree.map(lambda new, old: jnp.where(here, new, old), moved, state), visited

            start = (jnp.int32(len(scores) - 1), last // k, last % k)
            first, visited = jax.lax.scan(step, start, jnp.arange(1, len(scores)), reverse=True)
            visited = jnp.concatenate([first[1][None], visited])
            return self.event((visited[:, None] == jnp.arange(rows)).astype(jnp.float32))

        return jax.vmap(follow)(where), values

    def _policy(self, p):
        """Log-probabilities of the moves by which a cell was entered, (steps-1 rows moves), and of the ends."""
        lattice = self.lattice(*p)
        scores, back = _scan(
            lattice, self.steps, lambda x: (jax.nn.logsumexp(x, 0), jax.nn.log_softmax(x, 0))
        )
        return jnp.moveaxis(back, 1, -1), jax.nn.log_softmax(scores[-1] + lattice.end)

    def _samples(self, p, key, count):
        moves, ends = self._policy(p)

        def one(key):
            key, last_key = jax.random.split(key)
            last = jax.random.categorical(last_key, ends)
            noise = jax.random.gumbel(key, (len(moves) + 1, moves.shape[-1]))
            choose = lambda at, row: jnp.argmax(moves[at - 1, row] + noise[at])
            return self.event(self._walk(last, choose, (len(moves) + 1, moves.shape[1])))

        return jax.vmap(one)(jax.random.split(key, count))

    def _distinct_samples(self, p, key, k):
        """A stochastic beam: ancestral Gumbel-top-k (Kool, van Hoof & Welling 2020)."""
        moves, ends = self._policy(p)
        count, rows = len(moves) + 1, moves.shape[1]
        dt, di = (jnp.array(x) for x in zip(*self.steps, strict=True))
        end_key, key = jax.random.split(key)
        wide = max(k, rows)
        ends = jnp.pad(ends, (0, wide - rows), constant_values=NEVER)
        gumbels, last = jax.lax.top_k(ends + jax.random.gumbel(end_key, ends.shape), k)
        logs = ends[last]

        def step(state, step):
            at, noise = step
            due, row, logs, gumbels = state
            here = at == due
            stay = jnp.where(jnp.arange(len(dt)) == 0, 0.0, NEVER)
            children = logs[:, None] + jnp.where(here[:, None], moves[at - 1, row], stay)
            raised = gumbels_below(children, noise, gumbels)
            gumbels, flat = jax.lax.top_k(raised.ravel(), k)
            beam, move = flat // len(dt), flat % len(dt)
            arrived = here[beam]
            visited = jnp.where(arrived, row[beam], -1)
            due = jnp.where(arrived, due[beam] - dt[move], due[beam])
            row = jnp.where(arrived, row[beam] - di[move], row[beam])
            return (due, row, children.ravel()[flat], gumbels), (visited, beam)

        noise = jax.random.gumbel(key, (count - 1, k, len(dt)))
        start = (jnp.full(k, count - 1), last, logs, gumbels)
        (_, row, logs, _), (visited, parents) = jax.lax.scan(
            step, start, (jnp.arange(1, count), noise), reverse=True
        )

        def trace(lane, step):
            visited, parents = step
            return parents[lane], visited[lane]

        _, visited = jax.lax.scan(trace, jnp.arange(k), (visited, parents))
        visited = jnp.concatenate([row[None], visited]).T
        return jax.vmap(self.event)((visited[..., None] == jnp.arange(rows)).astype(jnp.float32)), logs


def gradient(function, p):
    """By the parameters that are floats."""
    floats = [x for x in p if jnp.issubdtype(x.dtype, jnp.floating)]
    return jax.grad(lambda floats: jnp.sum(function((*floats, *p[len(floats) :]))))(floats)


def gumbels_below(logs, noise, parents):
    """Gumbels with locations `logs` (k moves) whose largest in each row is the parent's."""
    perturbed = logs + noise
    largest = jnp.max(perturbed, -1, keepdims=True)
    parents = parents[:, None]
    v = parents - perturbed + jnp.log1p(-jnp.exp(jnp.minimum(perturbed - largest, -1e-7)))
    below = parents - jnp.maximum(v, 0) - jnp.log1p(jnp.exp(-jnp.abs(v)))
    return jnp.where(perturbed >= largest, parents, below)


def inner(a, b):
    return sum(jnp.sum(x * y) for x, y in zip(jax.tree.leaves(a), jax.tree.leaves(b), strict=True))


def _shift(x, by):
    """Rows moved on by so many."""
    return x if by == 0 else jnp.pad(x, ((by, 0), *[(0, 0)] * (x.ndim - 1)), constant_values=NEVER)[: len(x)]


def _scan(lattice, steps, choose, first=None) -> tuple[Array, Any]:
    """Values of every cell (steps rows ...), and what `choose` says beside the value of each step but the first."""
    if first is None:
        first = lattice.start + lattice.cells[0]
    spread = lambda x: x.reshape(*x.shape, *[1] * (first.ndim - 1))
    history = [first, *[jnp.full_like(first, NEVER)] * (max(dt for dt, _ in steps) - 1)]

    def step(history, inputs):
        cells, moves = inputs
        candidates = [_shift(history[dt - 1], di) for dt, di in steps]
        if moves:
            candidates = [x + spread(y) for x, y in zip(candidates, moves, strict=True)]
        value, aside = choose(jnp.stack(candidates))
        value = value + spread(cells)
        return [value, *history[:-1]], (value, aside)

    moves = tuple(jnp.broadcast_to(x, lattice.cells.shape)[1:] for x in lattice.moves)
    _, (values, aside) = jax.lax.scan(step, history, (lattice.cells[1:], moves))
    return jnp.concatenate([first[None], values]), aside


def _log_partition(lattice, steps):
    values, _ = _scan(lattice, steps, lambda x: (jax.nn.logsumexp(x, 0), None))
    return jax.nn.logsumexp(values[-1] + lattice.end)
