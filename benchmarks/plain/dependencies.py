"""Spanning trees by the textbooks' forms, of one item: where arcs may cross by the matrix-tree theorem and one LU in
plain floats (Koo et al. 2007); projective ones by Eisner's recursion in logs, a scan over widths. Marginals are by
their derivative.
"""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp

from plain.lattice import NEVER, gradient, inner


def _matrix_tree(scores):
    """One root edge. Of (n n)."""
    top = jnp.max(scores[:, 1:], 0)
    weights = jnp.exp(scores[:, 1:] - top)
    inside = weights[1:] * (1 - jnp.eye(len(scores) - 1))
    laplacian = jnp.diag(jnp.sum(inside, 0)) - inside
    return jnp.linalg.slogdet(laplacian.at[0].set(weights[0]))[1] + jnp.sum(top)


def _eisner(scores, over=jax.nn.logsumexp):
    """One root edge: over the words alone, which are joined at the root. Of (n n)."""
    words, root = scores[1:, 1:], scores[0, 1:]
    n = len(words)
    start = jnp.arange(n)
    complete = (
        jnp.full((2, n, n), NEVER).at[:, 0].set(0.0)
    )  # to the right and to the left, by width and by start
    incomplete = jnp.full((2, n, n), NEVER)

    def step(charts, width):
        complete, incomplete = charts
        split = jnp.arange(n)[:, None]  # the width of the left part
        below, inside = split < width, start + width < n
        end = jnp.minimum(start + width, n - 1)
        at = lambda chart, by, start: chart[jnp.clip(by, 0, n - 1), jnp.clip(start, 0, n - 1)]
        # What lies between a head and its dependent meets anywhere.
        both = complete[0] + at(complete[1], width - split - 1, start + split + 1)
        both = over(jnp.where(below, both, NEVER), 0)
        arcs = jnp.stack([both + words[start, end], both + words[end, start]])
        incomplete = incomplete.at[:, width].set(jnp.where(inside, arcs, NEVER))
        right = at(incomplete[0], split + 1, start) + at(complete[0], width - split - 1, start + split + 1)
        left = complete[1] + at(incomplete[1], width - split, start + split)
        made = jnp.stack([over(jnp.where(below, x, NEVER), 0) for x in (right, left)])
        return (complete.at[:, width].set(jnp.where(inside, made, NEVER)), incomplete), None

    (complete, _), _ = jax.lax.scan(step, (complete, incomplete), jnp.arange(1, n))
    rest = jnp.arange(n - 1, -1, -1)
    return over(root + complete[1, start, 0] + complete[0, rest, start], 0)


def matrix_tree_queries() -> dict[str, Callable]:
    return _queries(_matrix_tree)


def eisner_queries() -> dict[str, Callable]:
    best = jax.grad(lambda scores: _eisner(scores, lambda x, axis: jnp.max(x, axis)))
    return _queries(_eisner) | {"argmax": lambda p, q, key: jax.vmap(best)(p[0])}


def _queries(log_partition: Callable) -> dict[str, Callable]:
    """Functions of the parameters of p and of q and of a key, all with a batch."""
    each = lambda item: lambda p, q, key: jax.vmap(item)(p[0], q[0])
    expected = jax.value_and_grad(log_partition)

    def entropy(p, q):
        value, marginals = expected(p)
        return value - inner((marginals,), (p,))

    def divergence(p, q):
        value, marginals = expected(p)
        return log_partition(q) - value + inner((marginals,), (p - q,))

    return {
        "log_partition": each(lambda p, q: log_partition(p)),
        "marginals": each(lambda p, q: expected(p)[1]),
        "entropy": each(entropy),
        "kl_divergence": each(divergence),
        "gradient": lambda p, q, key: gradient(lambda p: jax.vmap(log_partition)(*p), p),
    }
