"""Binary trees by the textbook's inside recursion: a scan over the widths of spans, which are summed over their splits
in logs, of one item. Marginals and entropies are by its derivative.
"""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp

from plain.lattice import NEVER, gradient, inner


def _inside(scores, over=jax.nn.logsumexp, of_step=lambda step: step):
    """Of (n n) scores of spans: what stands for all. The chart is by width less one and by start."""
    n = len(scores)
    start = jnp.arange(n)

    def of_width(width):
        end = start + width
        return jnp.where(end < n, scores[start, jnp.minimum(end, n - 1)], NEVER)

    chart = jnp.full((n, n), NEVER).at[0].set(of_width(0))

    def step(chart, width):
        split = jnp.arange(n)  # the width of the left part
        right = jnp.clip(start[None] + split[:, None] + 1, 0, n - 1)
        rest = jnp.clip(width - split - 1, 0, n - 1)
        both = chart + chart[rest[:, None], right]
        both = jnp.where((split < width)[:, None], both, NEVER)
        new = jnp.where(start + width < n, over(both, 0) + of_width(width), NEVER)
        return chart.at[width].set(new), None

    chart, _ = jax.lax.scan(of_step(step), chart, jnp.arange(1, n))
    return chart[n - 1, 0]


def log_partition(scores, of_step=lambda step: step):
    """Of (n n t) scores of labelled spans. `of_step` may change how the step of the scan is differentiated."""
    return _inside(jax.nn.logsumexp(scores, -1), of_step=of_step)


def _best(scores):
    return _inside(jnp.max(scores, -1), lambda x, axis: jnp.max(x, axis))


def queries() -> dict[str, Callable]:
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
        "argmax": each(lambda p, q: jax.grad(_best)(p)),
        "kl_divergence": each(divergence),
        "gradient": lambda p, q, key: gradient(lambda p: jax.vmap(log_partition)(*p), p),
    }
