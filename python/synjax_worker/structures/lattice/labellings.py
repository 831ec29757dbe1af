"""Labellings of frames: connectionist temporal classification aligns a sequence of labels to more frames."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array, lax

from ...numerics import numeric
from ..structure import Sum
from .lattice import Bounds, Move, Moves, Scores
from .structure import Paths

# (B) int32 each: `input_lengths`, how many frames, and `label_lengths`.
Lengths = Mapping[str, Array]


class Potentials(NamedTuple):
    """Log-potentials of the states of B sequences of n frames: blank, first label, blank, second label, ..., blank."""

    states: Array  # (B n 2l+1)


class Labellings(Paths):
    """Paths through the states of l labels: a frame stays in the state of the frame before, or goes on to the next, or
    from a label to a label that is another one, leaving out the blank between them. It starts in the first blank or the
    first label, and ends in the last label or the last blank.

    An event (2l+1 n) has a 1 in the state of every frame. A compact event (n) has the label of every frame, the blank
    among them, then -1.
    """

    moves: Moves = (Move(1, 0, 0), Move(1, 1, 0), Move(1, 2, 0))
    steps_last = False

    def __init__(self, labels: Array, blank: int):
        """Labels (B l), anything beyond the lengths that may be the blank or a label."""
        self.labels, self.blank = labels, blank

    @property
    def _states(self) -> Array:
        """The label of each state, (B 2l+1)."""
        return interleaved(self.labels, jnp.full_like(self.labels[:, :1], self.blank))

    def lattice(self, potentials: Potentials, lengths: Lengths) -> tuple[Scores, Bounds]:
        """Step t is frame t - 1. Step 0 is before the first frame, in the first blank."""
        frames, final = lengths["input_lengths"], 2 * lengths["label_lengths"][:, None]
        _, count, width = potentials.states.shape
        state = numeric.positions(width)
        inside = (numeric.positions(count) < frames[:, None])[..., None] & (state <= final)[:, None]
        entering = jnp.moveaxis(jnp.where(inside, potentials.states, -jnp.inf), 1, 0)
        start = jnp.where(state == 0, 0.0, -jnp.inf).astype(entering.dtype)
        ends = (state == final) | ((state == final - 1) & (final > 0))
        scores = Scores((entering,), jnp.broadcast_to(start, entering.shape[1:]))
        return scores, Bounds(frames, ends, (None, None, self._may_leave_out_a_blank()))

    def _may_leave_out_a_blank(self) -> Array:
        """(B 2l+1): the labels that differ from the one before."""
        labels = self.labels
        before = jnp.concatenate([labels[:, :1], labels[:, :-1]], 1)
        return interleaved(labels != before, jnp.zeros_like(labels[:, :1], bool))

    def event_of_cells(self, cells: Array) -> Array:
        return jnp.transpose(cells[1:], (1, 2, 0))

    def compact_of_places(self, places: Array, width: int) -> Array:
        frames = jnp.transpose(places[1:], (2, 1, 0))  # (k B n)
        state = lax.rem(jnp.maximum(frames, 0), jnp.int32(width))
        return jnp.where(frames >= 0, self._label_of(state), -1)

    def _label_of(self, state: Array) -> Array:
        """The labels of states (S B n)."""
        return self._states[numeric.positions(self.labels.shape[0])[:, None], state]

    def states_of(self, compact: Array) -> tuple[Array, Array]:
        """The state of each frame, from the labels of frames (S B n), and whether there is one of that label.

        A label that is not that of the frame before is one state further than its blank, or two than another label.
        """
        before = jnp.concatenate([jnp.full_like(compact[..., :1], self.blank), compact[..., :-1]], -1)
        blanks = (compact == self.blank).astype(jnp.int32) + (before == self.blank).astype(jnp.int32)
        state = jnp.cumsum(jnp.where(compact == before, 0, 2 - blanks), -1, dtype=jnp.int32)
        last = 2 * self.labels.shape[1]
        known = jnp.minimum(state, last)
        return known, (state <= last) & (compact >= 0) & (self._label_of(known) == compact)

    def event(self, compact: Array, sizes: Mapping[str, int], dtype: Any) -> Array:
        """Events (S B 2l+1 n) of the labels of frames (S B n)."""
        state, real = self.states_of(compact)
        states = numeric.positions(2 * self.labels.shape[1] + 1)[:, None]
        return ((states == state[..., None, :]) & real[..., None, :]).astype(dtype)

    def score_of_event(self, potentials: Potentials, lengths: Lengths, event: Array) -> Sum:
        """Sum of the log-potentials of an event's states (S B); linear in the event (S B 2l+1 n)."""
        states = jnp.swapaxes(potentials.states, 1, 2)
        inside = _inside(
            numeric.positions(states.shape[1])[:, None], numeric.positions(states.shape[2]), lengths
        )
        terms = numeric.masked_product(jnp.where(inside, event, 0), states)
        return numeric.exact_sum(lax.collapse(terms, 2), -1)

    def score_of_compact(self, potentials: Potentials, lengths: Lengths, compact: Array) -> Sum:
        """The same of the labels of frames (S B n), by looking up their states."""
        items, count, _ = potentials.states.shape
        state, real = self.states_of(compact)
        frame, item = numeric.positions(count), numeric.positions(items)[:, None]
        inside = (frame < lengths["input_lengths"][:, None]) & (
            state <= 2 * lengths["label_lengths"][:, None]
        )
        return numeric.exact_sum(jnp.where(real & inside, potentials.states[item, frame, state], 0), -1)

    def by_cells(self) -> Labellings:
        return self

    def of_cells(self, scores: Array) -> Potentials:
        return Potentials(jnp.swapaxes(scores, 1, 2))

    def repeated(self, times: int) -> Labellings:
        return Labellings(jnp.tile(self.labels, (times, 1)), self.blank)

    def part_scores(self, potentials: Potentials) -> Array:
        return jnp.swapaxes(potentials.states, 1, 2)

    def of_part_scores(self, scores: Array) -> Potentials:
        return self.of_cells(scores)

    def by_parts(self) -> Labellings:
        return self


def _inside(state: Array, frame: Array, lengths: Lengths) -> Array:
    """(B ...): which states and frames an item has."""
    of_items = lambda x: x[:, None, None]
    return (frame < of_items(lengths["input_lengths"])) & (state <= 2 * of_items(lengths["label_lengths"]))


def interleaved(labels: Array, blank: Array) -> Array:
    """blank, label, blank, label, ..., blank along the last axis, of labels (... l) and a blank (... 1)."""
    blanks = jnp.broadcast_to(blank, labels.shape)
    pairs = jnp.stack([blanks, labels], -1)
    return jnp.concatenate([lax.collapse(pairs, labels.ndim - 1), blank], -1)


def states_of_symbols(symbols: Array, labels: Array, blank: int) -> Potentials:
    """Potentials of states, from those of v symbols (B n v) and labels (B l)."""
    of_labels = jax.vmap(lambda x, index: x[:, index])(symbols, labels)
    return Potentials(interleaved(of_labels, symbols[:, :, blank : blank + 1]))
