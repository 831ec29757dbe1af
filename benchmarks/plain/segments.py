"""Queries of semi-Markov chains by one scan over positions, of one item: potentials of edges, or tables of factors.

Forward values of a position are over the label of the segment that ends there; what stands before the first position is
label 0 alone, after which segments start in row 0.
"""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp

from .lattice import NEVER, gradient, gumbels_below, inner

logsumexp = jax.nn.logsumexp


class Edges:
    """`[i, j, a, b]`: segments of j+1 positions that end at i, with label b, after label a."""

    axes = (0,)  # what has a batch

    @staticmethod
    def forward(p, choose):
        """`choose` of the scores before (m t ...) and of the edges."""
        (theta,) = p
        _, m, t, _ = theta.shape
        history = jnp.full((m, t), NEVER).at[0, 0].set(0.0)

        def step(history, theta):
            alpha = choose((history[:, :, None] + theta).reshape(m * t, t))
            return jnp.concatenate([alpha[None], history[:-1]]), alpha

        return jax.lax.scan(step, history, theta)[1]

    @staticmethod
    def edges(p, i, label):
        """Of all segments that end at a position with a label: (m t) of their lengths and labels before."""
        return p[0][i, :, :, label]

    @staticmethod
    def event(p, length, before, label):
        n = p[0].shape[0]
        ends = (length >= 0).astype(jnp.float32)
        return jnp.zeros(p[0].shape).at[jnp.arange(n), length, before, label].add(ends)

    @staticmethod
    def k_best(p, k):
        """Scores of the k best of every position and label, and by which (length, label, rank) each was reached."""
        (theta,) = p
        _, m, t, _ = theta.shape
        history = jnp.full((m, t, k), NEVER).at[0, 0, 0].set(0.0)

        def step(history, theta):
            candidates = (history[:, :, None] + theta[..., None]).transpose(2, 0, 1, 3)
            alpha, back = jax.lax.top_k(candidates.reshape(t, m * t * k), k)
            return jnp.concatenate([alpha[None], history[:-1]]), (alpha, back)

        _, (alphas, back) = jax.lax.scan(step, history, theta)
        return alphas[-1], back


class Factors:
    """`segment[i, j, b]`, `transition[a, b]` and `initial[b]`."""

    axes = (0, None, None)

    @staticmethod
    def forward(p, choose):
        segment, transition, initial = p
        history = jnp.full(segment.shape[1:], NEVER).at[0].set(initial)

        def step(history, segment):
            alpha = choose(history + segment)
            after = choose(alpha[:, None] + transition)
            return jnp.concatenate([after[None], history[:-1]]), alpha

        return jax.lax.scan(step, history, segment)[1]

    @staticmethod
    def edges(p, i, label):
        segment, transition, initial = p
        first = (jnp.arange(segment.shape[1]) == i)[:, None]
        return segment[i, :, label][:, None] + jnp.where(first, initial[label], transition[:, label])

    @staticmethod
    def event(p, length, before, label):
        return rows_of_segments(length, label)

    @staticmethod
    def k_best(p, k):
        segment, transition, initial = p
        _, m, t = segment.shape
        history = jnp.full((m, t, k), NEVER).at[0, :, 0].set(initial)
        origins = jnp.zeros((m, t, k), jnp.int32)  # the label and rank before, of what stands in the history

        def step(carry, segment):
            history, origins = carry
            candidates = (history + segment[..., None]).transpose(1, 0, 2).reshape(t, m * k)
            alpha, at = jax.lax.top_k(candidates, k)
            length, rank = at // k, at % k
            origin = origins[length, jnp.arange(t)[:, None], rank]
            after, where = jax.lax.top_k(
                (alpha[:, None] + transition[..., None]).transpose(1, 0, 2).reshape(t, t * k), k
            )
            history = jnp.concatenate([after[None], history[:-1]])
            origins = jnp.concatenate([where[None].astype(jnp.int32), origins[:-1]])
            return (history, origins), (alpha, length * t * k + origin)

        _, (alphas, back) = jax.lax.scan(step, (history, origins), segment)
        return alphas[-1], back


def rows_of_segments(length, label):
    """The length less one of the segment that ends at each position, and its label; -1 where none does."""
    return jnp.stack([length, jnp.where(length >= 0, label, -1)], -1)


def queries(form: type[Edges] | type[Factors]) -> dict[str, Callable]:
    """Functions of the parameters of p and of q and of a key, all with a batch."""
    axes = form.axes

    def log_partition(p):
        return logsumexp(form.forward(p, lambda x: logsumexp(x, 0))[-1])

    posterior = jax.value_and_grad(log_partition)

    def entropy(p, q, key):
        value, expected = posterior(p)
        return value - inner(expected, p)

    def kl_divergence(p, q, key):
        value, expected = posterior(p)
        return log_partition(q) - value + inner(expected, jax.tree.map(jnp.subtract, p, q))

    def argmax(p, q, key):
        alphas = form.forward(p, lambda x: jnp.max(x, 0))
        choose = lambda key, scores: jnp.argmax(scores)
        found = _segments(form, p, alphas, jnp.argmax(alphas[-1]), choose, jnp.zeros(len(alphas)))
        return form.event(p, *found)

    def draws(p, key, count):
        alphas = form.forward(p, lambda x: logsumexp(x, 0))

        def one(key):
            last, key = jax.random.split(key)
            label = jax.random.categorical(last, alphas[-1])
            keys = jax.random.split(key, len(alphas))
            length, _, label = _segments(form, p, alphas, label, jax.random.categorical, keys)
            return rows_of_segments(length, label)

        return jax.vmap(one)(jax.random.split(key, count))

    each = lambda f: lambda p, q, key: jax.vmap(f, (axes, axes, 0))(p, q, jax.random.split(key, len(p[0])))
    several = lambda f: lambda p, q, key: jax.vmap(f, (axes, 0), 1)(p, jax.random.split(key, len(p[0])))
    total = lambda p: jnp.sum(jax.vmap(log_partition, (axes,))(p))
    found = {
        "log_partition": each(lambda p, q, key: log_partition(p)),
        "marginals": each(lambda p, q, key: jax.grad(log_partition)(p)[0]),
        "entropy": each(entropy),
        "argmax": each(argmax),
        "top_k": several(lambda p, key: _top_k(form, p, 5)),
        "sample": each(lambda p, q, key: draws(p, key, 1)[0]),
        "128 samples": several(lambda p, key: draws(p, key, 128)),
        "sample_without_replacement": several(lambda p, key: _distinct_samples(form, p, key, 5)),
        "kl_divergence": each(kl_divergence),
        "gradient": lambda p, q, key: gradient(total, p),
    }
    return found


def _before(alphas, m):
    """Values of the position before each and of those earlier: what precedes segments of 1 to m positions."""
    t = alphas.shape[1]
    start = jnp.full((1, t), NEVER).at[0, 0].set(0.0)
    padded = jnp.concatenate([jnp.full((m - 1, t), NEVER), start, alphas])
    return lambda i: jax.lax.dynamic_slice_in_dim(padded, i, m)[::-1]


def _segments(form, p, alphas, label, choose, keys):
    """The segments of one structure from its end, where `choose` says which of all that end at a position."""
    n, t = alphas.shape
    m = p[0].shape[1]
    before = _before(alphas, m)

    def step(state, inputs):
        due, label = state
        i, key = inputs
        here = i == due
        flat = choose(key, (before(i) + form.edges(p, i, label)).ravel())
        length, previous = flat // t, flat % t
        out = (jnp.where(here, length, -1), previous, label)
        return (jnp.where(here, i - 1 - length, due), jnp.where(here, previous, label)), out

    _, found = jax.lax.scan(step, (jnp.int32(n - 1), label), (jnp.arange(n), keys), reverse=True)
    return found


def _top_k(form, p, k):
    last, back = form.k_best(p, k)
    n, t, _ = back.shape
    scores, where = jax.lax.top_k(last.ravel(), k)

    def follow(where):
        def step(state, inputs):
            due, label, rank = state
            i, back = inputs
            here = i == due
            flat = back[label, rank]
            length, previous, before = flat // (t * k), flat // k % t, flat % k
            moved = (i - 1 - length, previous, before)
            out = (jnp.where(here, length, -1), previous, label)
            return jax.tree.map(lambda new, old: jnp.where(here, new, old), moved, state), out

        start = (jnp.int32(n - 1), where // k, where % k)
        _, found = jax.lax.scan(step, start, (jnp.arange(n), back), reverse=True)
        return form.event(p, *found)

    return jax.vmap(follow)(where), scores


def _distinct_samples(form, p, key, k):
    """A stochastic beam: ancestral Gumbel-top-k (Kool, van Hoof & Welling 2020)."""
    alphas = form.forward(p, lambda x: logsumexp(x, 0))
    n, t = alphas.shape
    m = p[0].shape[1]
    before = _before(alphas, m)
    end_key, key = jax.random.split(key)
    ends = jnp.pad(jax.nn.log_softmax(alphas[-1]), (0, max(k - t, 0)), constant_values=NEVER)
    gumbels, labels = jax.lax.top_k(ends + jax.random.gumbel(end_key, ends.shape), k)

    def step(state, inputs):
        due, label, logs, gumbels = state
        i, key = inputs
        here = i == due
        scores = lambda label: jax.nn.log_softmax((before(i) + form.edges(p, i, label)).ravel())
        stay = jnp.where(jnp.arange(m * t) == 0, 0.0, NEVER)
        children = logs[:, None] + jnp.where(here[:, None], jax.vmap(scores)(label), stay)
        raised = gumbels_below(children, jax.random.gumbel(key, children.shape), gumbels)
        gumbels, flat = jax.lax.top_k(raised.ravel(), k)
        beam, choice = flat // (m * t), flat % (m * t)
        arrived = here[beam]
        length, previous = choice // t, choice % t
        out = (jnp.where(arrived, length, -1), previous, label[beam], beam)
        due = jnp.where(arrived, i - 1 - length, due[beam])
        return (due, jnp.where(arrived, previous, label[beam]), children.ravel()[flat], gumbels), out

    start = (jnp.full(k, n - 1), labels, ends[labels], gumbels)
    (_, _, logs, _), found = jax.lax.scan(
        step, start, (jnp.arange(n), jax.random.split(key, n)), reverse=True
    )

    def trace(lane, found):
        length, previous, label, beam = found
        return beam[lane], (length[lane], previous[lane], label[lane])

    _, found = jax.lax.scan(trace, jnp.arange(k), found)
    return jax.vmap(lambda *found: form.event(p, *found), 1)(*found), logs
