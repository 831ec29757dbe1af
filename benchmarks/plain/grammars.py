"""Trees of a grammar by the textbook's inside recursion in logs: a scan over the widths of spans, of which each sums
over its splits and rules, of one item. Marginals and entropies are by its derivative, the best tree by that of the
maximum.
"""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp

from plain.lattice import NEVER, gradient, inner


def _normalized(scores, root, rule):
    return scores, jax.nn.log_softmax(root), jax.nn.log_softmax(rule, (1, 2))


def _inside(scores, root, rule, spans, over=jax.nn.logsumexp):
    """Of the scores (n pt) of words' preterminals, of rules, and of spans (n n nt). A chart by width less one, by
    start and by symbol, nonterminals first.
    """
    words, nonterminals, symbols = len(scores), rule.shape[0], rule.shape[1]
    start, after = jnp.arange(words), symbols - nonterminals
    of_words = jnp.pad(scores, ((0, 0), (nonterminals, 0)), constant_values=NEVER)
    chart = jnp.full((words, words, symbols), NEVER).at[0].set(of_words)

    def step(chart, width):
        split = jnp.arange(words)  # the width of the left part
        right = jnp.clip(start[None] + split[:, None] + 1, 0, words - 1)
        rest = jnp.clip(width - split - 1, 0, words - 1)
        parts = chart[rest[:, None], right]
        parts = jnp.where((split < width)[:, None, None], parts, NEVER)
        pairs = over(chart[:, :, :, None] + parts[:, :, None], 0)
        found = over(pairs[:, None] + rule, (2, 3)) + spans[start, jnp.minimum(start + width, words - 1)]
        found = jnp.where((start + width < words)[:, None], found, NEVER)
        return chart.at[width].set(jnp.pad(found, ((0, 0), (0, after)), constant_values=NEVER)), None

    chart, _ = jax.lax.scan(step, chart, jnp.arange(1, words))
    return over(chart[words - 1, 0, :nonterminals] + root, 0)


def _without_spans(p):
    words, nonterminals = len(p[0]), len(p[1])
    return jnp.zeros((words, words, nonterminals))


def _log_partition(*p):
    return _inside(*_normalized(*p), _without_spans(p))


def _parts(p, over=jax.nn.logsumexp):
    """How often spans and preterminals are in a tree."""
    given = lambda spans, scores: _inside(scores, *_normalized(*p)[1:], spans, over)
    chart, tags = jax.grad(given, (0, 1))(_without_spans(p), p[0])
    return {"chart": chart, "tags": tags}


def queries() -> dict[str, Callable]:
    """Functions of the parameters of p and of q and of a key, all with a batch."""
    each = lambda item: lambda p, q, key: jax.vmap(item)(p, q)
    of_logs = lambda *logs: _inside(*logs, _without_spans(logs))
    expected = jax.value_and_grad(of_logs, (0, 1, 2))

    def entropy(p, q):
        logs = _normalized(*p)
        value, used = expected(*logs)
        return value - inner(used, logs)

    def divergence(p, q):
        mine, other = _normalized(*p), _normalized(*q)
        value, used = expected(*mine)
        return of_logs(*other) - value + inner(used, jax.tree.map(jnp.subtract, mine, other))

    return {
        "log_partition": each(lambda p, q: _log_partition(*p)),
        "marginals": each(lambda p, q: _parts(p)),
        "entropy": each(entropy),
        "argmax": each(lambda p, q: _parts(p, jnp.max)),
        "kl_divergence": each(divergence),
        "gradient": lambda p, q, key: gradient(lambda p: jax.vmap(_log_partition)(*p), p),
    }
