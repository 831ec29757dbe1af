"""One-to-one alignments of square tables: sums over the subsets of columns, one row after another; the Hungarian method
for the best; and Murty's partition, with every part solved anew, for the k best.
"""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp

from .lattice import NEVER, gumbels_below, inner

logsumexp = jax.nn.logsumexp


def sums() -> dict[str, Callable]:
    """Functions of the parameters of p and of q and of a key, all with a batch."""

    def log_partition(table):
        return _forward(table, lambda x: logsumexp(x, 1))[-1, -1]

    posterior = jax.value_and_grad(log_partition)

    def entropy(p, q, key):
        value, expected = posterior(p)
        return value - inner(expected, p)

    def kl_divergence(p, q, key):
        value, expected = posterior(p)
        return log_partition(q) - value + inner(expected, p - q)

    each = lambda f: lambda p, q, key: jax.vmap(f)(*p, *q, jax.random.split(key, len(p[0])))
    several = lambda f: lambda p, q, key: jax.vmap(f, out_axes=1)(*p, jax.random.split(key, len(p[0])))
    return {
        "log_partition": each(lambda p, q, key: log_partition(p)),
        "marginals": each(lambda p, q, key: jax.grad(log_partition)(p)),
        "entropy": each(entropy),
        "sample": each(lambda p, q, key: _samples(p, key, 1)[0]),
        "128 samples": several(lambda p, key: _samples(p, key, 128)),
        "sample_without_replacement": several(lambda p, key: _distinct_samples(p, key, 5)),
        "kl_divergence": each(kl_divergence),
        "gradient": each(lambda p, q, key: (jax.grad(log_partition)(p),)),
    }


def _without(n):
    """Subsets of columns as bits: (2^n n) of each without each of its columns, and whether it has it."""
    subsets = jnp.arange(2**n)[:, None]
    column = 1 << jnp.arange(n)
    return subsets & ~column, (subsets & column) > 0


def _forward(table, choose):
    """For every number of rows the values of the subsets that they are matched to: (1+n 2^n)."""
    n = len(table)
    rest, has = _without(n)
    start = jnp.full(2**n, NEVER).at[0].set(0.0)

    def step(values, scores):
        values = choose(jnp.where(has, values[rest] + scores, NEVER))
        return values, values

    return jnp.concatenate([start[None], jax.lax.scan(step, start, table)[1]])


def _choices(values, scores, subset):
    """Log-weights of the columns that the last of the rows may have had."""
    column = 1 << jnp.arange(len(scores))
    return jnp.where((subset & column) > 0, values[subset & ~column] + scores, NEVER)


def _samples(table, key, count):
    n = len(table)
    values = _forward(table, lambda x: logsumexp(x, 1))[:-1]

    def one(key):
        def step(subset, inputs):
            values, scores, key = inputs
            chosen = jax.random.categorical(key, _choices(values, scores, subset))
            return subset & ~(1 << chosen), chosen

        rows = (values, table, jax.random.split(key, n))
        _, columns = jax.lax.scan(step, jnp.int32(2**n - 1), rows, reverse=True)
        return jax.nn.one_hot(columns, n)

    return jax.vmap(one)(jax.random.split(key, count))


def _distinct_samples(table, key, k):
    """A stochastic beam: ancestral Gumbel-top-k (Kool, van Hoof & Welling 2020)."""
    n = len(table)
    values = _forward(table, lambda x: logsumexp(x, 1))[:-1]

    def step(state, inputs):
        subsets, logs, gumbels = state
        values, scores, noise = inputs
        policy = jax.vmap(lambda subset: jax.nn.log_softmax(_choices(values, scores, subset)))
        children = logs[:, None] + policy(subsets)
        gumbels, flat = jax.lax.top_k(gumbels_below(children, noise, gumbels).ravel(), k)
        beam, chosen = flat // n, flat % n
        return (subsets[beam] & ~(1 << chosen), children.ravel()[flat], gumbels), (beam, chosen)

    only = jnp.full(k, NEVER).at[0].set(0.0)
    start = (jnp.full(k, 2**n - 1, jnp.int32), only, only)
    rows = (values, table, jax.random.gumbel(key, (n, k, n)))
    (_, logs, _), (beams, chosen) = jax.lax.scan(step, start, rows, reverse=True)
    _, columns = jax.lax.scan(lambda lane, row: (row[0][lane], row[1][lane]), jnp.arange(k), (beams, chosen))
    return jax.nn.one_hot(columns.T, n), logs


def argmax(p, q, key):
    return jax.vmap(lambda table: jax.nn.one_hot(_hungarian(-table), len(table)))(*p)


def top_k(p, q, key):
    return jax.vmap(lambda table: _murty(table, 5), out_axes=1)(*p)


def _hungarian(cost):
    """The column of each row: one row after another by the shortest augmenting path, with potentials of both sides."""
    n = len(cost)
    # Column n stands for none: a path starts there
    cost = jnp.pad(cost, ((0, 1), (0, 1)))

    def add_row(row, state):
        u, v, matched = state
        matched = matched.at[n].set(row)

        def grow(path):
            u, v, least, way, used, at = path
            used = used.at[at].set(True)
            i = matched[at]
            reduced = cost[i] - u[i] - v
            closer = ~used & (reduced < least)
            least, way = jnp.where(closer, reduced, least), jnp.where(closer, at, way)
            at = jnp.argmin(jnp.where(used, jnp.inf, least))
            delta = least[at]
            u = u.at[matched].add(jnp.where(used, delta, 0.0))
            v = v - jnp.where(used, delta, 0.0)
            return u, v, least - jnp.where(used, 0.0, delta), way, used, at

        blank = jnp.full(n + 1, jnp.inf).at[n].set(0.0)
        path = (u, v, blank, jnp.full(n + 1, n), jnp.zeros(n + 1, bool), jnp.int32(n))
        u, v, _, way, _, at = jax.lax.while_loop(lambda path: matched[path[-1]] < n, grow, path)

        def flip(state):
            matched, at = state
            before = way[at]
            return matched.at[at].set(matched[before]), before

        matched, _ = jax.lax.while_loop(lambda state: state[1] != n, flip, (matched, at))
        return u, v, matched.at[n].set(n)

    start = (jnp.zeros(n + 1), jnp.zeros(n + 1), jnp.full(n + 1, n))
    _, _, matched = jax.lax.fori_loop(0, n, add_row, start)
    return jnp.zeros(n, jnp.int32).at[matched[:n]].set(jnp.arange(n))


def _murty(table, k):
    """The best of every part of what is left, of which there is one for each row of what was taken last."""
    n = len(table)
    rows = jnp.arange(n)
    solve = lambda table: (lambda columns: (jnp.sum(table[rows, columns]), columns))(_hungarian(-table))

    def split(table, columns):
        """For each row: rows above as they are, and the row as it is not."""

        def one(row):
            forced = (rows < row)[:, None] & (columns[:, None] != rows)
            taken = jnp.zeros(n, bool).at[columns].set(rows < row)
            free = (rows >= row)[:, None] & (taken | ((rows == row)[:, None] & (columns[:, None] == rows)))
            return jnp.where(forced | free, NEVER, table)

        return jax.vmap(one)(rows)

    def step(pool, _):
        scores, columns, tables = pool
        at = jnp.argmax(scores)
        best = scores[at], columns[at]
        parts = split(tables[at], columns[at])
        more, their_columns = jax.vmap(solve)(parts)
        every = (
            jnp.concatenate([scores.at[at].set(-jnp.inf), more]),
            jnp.concatenate([columns, their_columns]),
            jnp.concatenate([tables, parts]),
        )
        scores, keep = jax.lax.top_k(every[0], k)
        return (scores, every[1][keep], every[2][keep]), best

    score, columns = solve(table)
    pool = (
        jnp.full(k, -jnp.inf).at[0].set(score),
        jnp.broadcast_to(columns, (k, n)),
        jnp.broadcast_to(table, (k, n, n)),
    )
    _, (scores, columns) = jax.lax.scan(step, pool, None, length=k)
    return jax.nn.one_hot(columns, n), scores
