"""The backward pass over one long chain, and what it gives: marginals, conditionals, filtered states."""

from __future__ import annotations

import jax.numpy as jnp
from jax import Array, lax

from ....numerics import numeric
from ....numerics.numeric import HIGHEST
from ..potentials import Marginals, Potentials
from .forward import ChunkMessages
from .layout import Chunked, Symbols, lay_out, scale_out


def _inside_chunks(chunked: Chunked, messages: ChunkMessages) -> tuple[Array, Array, Array]:
    """The forward pass inside all chunks from their entries.

    Returns the messages before each position (L t K), the scales (L K), and the messages at the chunks' ends (t K).
    """
    weights = chunked.weights.T

    def step(message, inputs):
        factors, live = inputs
        moved = jnp.matmul(weights, message, precision=HIGHEST) * factors
        _, scale = scale_out(jnp.max(moved, 0))
        return jnp.where(live, moved * scale, message), (message, scale)

    ends, (before, scales) = lax.scan(step, messages.entries.T, (chunked.lifted, chunked.live))
    return before, scales, ends


def _smooth(
    potentials: Potentials, length: Array, messages: ChunkMessages, symbols: Symbols | None
) -> tuple[Chunked, Array, Array, Array]:
    """The backward pass over the chunks and then inside all of them.

    Returns the layout, the marginals of the states (n t), the messages before each position (L t K) and ratios (L t K):
    the marginal of an edge is `before[a] * weights[a, b] * ratio[b]`.
    """
    chunked = lay_out(potentials, length, symbols)

    def over_chunk(marginal, inputs):
        matrix, entry, sums = inputs
        ratio = marginal * numeric.reciprocal(sums)
        moved = numeric.normalize(entry * jnp.sum(matrix * ratio, 1))
        return moved, marginal

    joined = (messages.matrices, messages.entries, messages.sums)
    _, at_ends = lax.scan(over_chunk, numeric.normalize(messages.last), joined, reverse=True)

    before, scales, ends = _inside_chunks(chunked, messages)

    def inside(
        evidence, inputs
    ):  # evidence is marginal / message, which is in range where the message is not 0
        before, factors, scale, live = inputs
        ratio = jnp.where(live, evidence * (factors * scale), 0)
        moved = jnp.where(before > 0, jnp.matmul(chunked.weights, ratio, precision=HIGHEST), 0)
        evidence = jnp.where(live, moved, evidence)
        return evidence, (before * evidence, ratio)

    evidence = at_ends.T * numeric.reciprocal(ends)
    inputs = (before, chunked.lifted, scales, chunked.live)
    _, (marginals, ratios) = lax.scan(inside, evidence, inputs, reverse=True)
    t = marginals.shape[1]
    states = jnp.concatenate([jnp.moveaxis(marginals, -1, 0).reshape(-1, t), at_ends[-1:]])
    positions = potentials.emission.shape[0]
    states = jnp.where((numeric.positions(positions) < length)[:, None], states[:positions], 0)
    return chunked, states, before, ratios


def marginals(
    potentials: Potentials, length: Array, messages: ChunkMessages, symbols: Symbols | None
) -> Marginals:
    chunked, states, before, ratios = _smooth(potentials, length, messages, symbols)
    totals = jnp.einsum("lak,lbk->ab", before, ratios, precision=HIGHEST)
    return Marginals(states[0], chunked.weights * totals, states)


def edge_marginals(
    potentials: Potentials, length: Array, messages: ChunkMessages, symbols: Symbols | None
) -> tuple[Array, Array]:
    chunked, states, before, ratios = _smooth(potentials, length, messages, symbols)
    edges = potentials.emission.shape[0] - 1
    before, ratios = _by_position(before)[:edges], _by_position(ratios)[:edges]
    return states[0], before[:, :, None] * chunked.weights * ratios[:, None, :]


def conditionals(
    potentials: Potentials, length: Array, messages: ChunkMessages, symbols: Symbols | None
) -> tuple[Array, Array, Array]:
    chunked, states, before, _ = _smooth(potentials, length, messages, symbols)
    before = _by_position(before)[: potentials.emission.shape[0] - 1]
    return before, jnp.matmul(before, chunked.weights, precision=HIGHEST), states


def filtered(
    potentials: Potentials, length: Array, messages: ChunkMessages, symbols: Symbols | None
) -> Array:
    before, _, _ = _inside_chunks(lay_out(potentials, length, symbols), messages)
    weights = jnp.concatenate([_by_position(before), messages.last[None]])
    return weights[: potentials.emission.shape[0]]


def _by_position(x: Array) -> Array:
    """(L t K) to (L K, t), in the order of the positions."""
    return jnp.moveaxis(x, -1, 0).reshape(-1, x.shape[1])
