"""CTC."""

from __future__ import annotations

from typing import Any, NamedTuple, Self

import jax
import jax.numpy as jnp
from jax import Array
from jaxtyping import Float, Int

from ..errors import InvalidArgument, wrong_value
from ..numerics import numeric
from ..numerics.guard import drop_forbidden
from ..registry import Check, distribution, query
from ..runtime import passes
from ..shapes import as_int, at_least_one
from ..structures.lattice import Labellings, prefix_beam, states_of_symbols
from . import batching
from .checks import out_of_range, refuse
from .declared import Indices, data, length, option, potential
from .distribution import Distribution


class LabelBeam(NamedTuple):
    """Label sequences, likely ones first; past those that were found -1 and log_probs -inf."""

    labels: Array  # (k *batch n) int32, -1 past the end
    log_probs: Array  # (k *batch)


@distribution
class CTC(Distribution):
    """Connectionist temporal classification: a distribution over the alignments of l labels to n frames.

    Every frame has a label or the blank. Frames with labels left out that are those of the frame before, and then
    without blanks, are the labels: so between two labels that are the same there is a blank. `log_partition` is the
    log-probability of the labels, whatever their alignment, where frames are independent given the logits; `loss` is
    less that. An item with too few frames for its labels has no alignment: its loss is +inf with gradient 0.

    An event (2l+1 n) has a 1 for every frame in its state: the blank before the first label, the first label, the blank
    after it, and so on. Its compact form has the label of every frame.

    Cost per item: every query O(n l), in n steps, and O(n v) to normalize; top-k, samples and drawing k without
    replacement O(k n) more; `beam_search_labels` O(n k (v + k n)). Values are exact in float32 at any scale, those of
    the beam but to the precision of a float.

    Source: Graves, Fernandez, Gomez & Schmidhuber (2006), "Connectionist temporal classification: labelling unsegmented
    sequence data with recurrent neural networks", section 4; the prefix beam as in Hannun, Maas, Jurafsky & Ng (2014),
    "First-pass large vocabulary continuous speech recognition using bi-directional recurrent DNNs", algorithm 1.

    Args:
      log_potentials: logits of the v symbols in each frame.
      labels: what the frames are to say, 0 to v-1 without the blank.
      input_lengths: how many frames each item has, 0 to n; all n where left out.
      label_lengths: how many labels each item has, 0 to l; all l where left out.
      blank_id: the symbol that is the blank.
      normalize: whether logits are normalized by log-softmax in each frame; otherwise they are taken as they are. A
        temperature divides what is normalized, and does not normalize again.

    Example:
      >>> import jax.numpy as jnp
      >>> from synjax_worker.distributions import CTC
      >>> logits = jnp.log(jnp.array([[0.2, 0.8], [0.6, 0.4], [0.3, 0.7]]))  # the blank and one label, in three frames
      >>> ctc = CTC(logits, jnp.array([1, 1]))
      >>> ctc.decode(ctc.argmax()).tolist(), round(float(jnp.exp(-ctc.loss())), 3)
      ([1, 0, 1], 0.336)
    """

    event = "2*l+1 n"
    compact = Indices("n", name="frames", below="v")

    log_potentials: Float[Array, "*batch n v"] = potential()
    labels: Int[Array, "*batch l"] = data(below="v")
    input_lengths: Int[Array, "*batch"] | None = length("n", keyword=True)
    label_lengths: Int[Array, "*batch"] | None = length("l", keyword=True)
    blank_id: int = option(0)
    normalize: bool = option(True)

    def _settle(self, given: dict[str, Any]) -> dict[str, Any]:
        """Logits are normalized once."""
        logits, blank = given["log_potentials"], given["blank_id"]
        symbols = logits.shape[-1] if logits.ndim else 1
        if not isinstance(blank, int) or isinstance(blank, bool) or not 0 <= blank < max(symbols, 1):
            raise wrong_value("blank_id", blank, f"a symbol, 0 to v - 1 = {symbols - 1}")
        if given["normalize"] and logits.ndim >= 2:
            given["log_potentials"] = _normalized(
                _without_padding(logits, given["labels"], given["input_lengths"])
            )
        return given | {"normalize": False}

    @property
    def structure(self) -> Labellings:
        return passes.shared(self, "structure", lambda: Labellings(self._item_labels(), self.blank_id))

    def _item_labels(self) -> Array:
        """(B l), the blank beyond the lengths."""
        inside = jnp.where(self._valid("l"), self.labels, self.blank_id)
        inside = jnp.clip(inside, 0, self.log_potentials.shape[-1] - 1)
        return batching.flatten_batch(inside, self.batch_shape, 1)

    def _item_potentials(self) -> Any:
        symbols = batching.flatten_batch(self.log_potentials, self.batch_shape, 2)
        return states_of_symbols(symbols, self._item_labels(), self.blank_id)

    @property
    def parts_per_event(self) -> Array:
        return self.lengths_of("input_lengths")

    # ------------------------------------------------------------------------------------------------------- checks

    def checks(self) -> list[Check]:
        return [*super().checks(), self._blank_check()]

    def _blank_check(self) -> Check:
        valid = self._valid("l")
        labels = jnp.broadcast_to(self.labels, valid.shape)
        return Check("labels", valid & (labels == self.blank_id), labels, "a label other than the blank")

    def _check_on_host(self) -> None:
        super()._check_on_host()
        if not any(isinstance(leaf, jax.core.Tracer) for leaf in jax.tree.leaves(self)):
            refuse([self._blank_check()])

    def _checks_of_compact(self, compact: Array) -> list[Check]:
        """Labels of frames that are an alignment of the item's labels."""
        frames, batch = self._check_compact(compact), self.batch_shape
        inside, lead = self._valid("n"), frames.shape[: frames.ndim - 1 - len(batch)]
        state, real = self.structure.states_of(frames.reshape(-1, self._items, frames.shape[-1]))
        state, real = (x.reshape(*lead, *batch, x.shape[-1]) for x in (state, real))
        final = 2 * self.lengths_of("label_lengths")[..., None]
        ends = (state == final) | (state == final - 1)
        last = numeric.positions(frames.shape[-1]) == self.lengths_of("input_lengths")[..., None] - 1
        bad = inside & (~real | (last & ~ends))
        found = super()._checks_of_compact(compact)
        return [*found, Check("frames", bad, frames, "the label of a frame in an alignment of `labels`")]

    def _checks_of_pair(self, other: Self) -> list[Check]:
        """A structure is an alignment of the labels: distributions of others have none in common."""
        valid = self._valid("l") & other._valid("l")
        mine, theirs = (jnp.broadcast_to(each.labels, valid.shape) for each in (self, other))
        return [Check("other", valid & (mine != theirs), theirs, "a CTC of the same `labels`")]

    # ------------------------------------------------------------------------------------------------------ queries

    @query("-> F[*batch]")
    def loss(self) -> Array:
        """The negative log-probability of the labels, (*batch), nats: +inf with gradient 0 where there are too few
        frames for them. Where the labels are certain it is 0 up to rounding, which may be to below 0.
        """
        return 0 - self.log_partition()

    @query("alignment: event -> int32[*batch n]")
    def alignment_to_labels(self, alignment: Any) -> Array:
        """The label of each frame of an alignment, (*batch n), the blank among them; -1 past the end. What `decode`
        says.
        """
        return self.decode(alignment)

    @query(
        "labels: num Int[*batch n] -> F[*batch]", checks=lambda self, labels: self._checks_of_frames(labels)
    )
    def log_prob_labels(self, labels: Any) -> Array:
        """Sum of the frames' log-probabilities of these labels, one for each frame and maybe the blank, (*batch): that
        they are an alignment of the distribution's own is not asked.
        """
        scores = jnp.broadcast_to(self.log_potentials, (*self.batch_shape, *self.log_potentials.shape[-2:]))
        known = jnp.clip(self._frames(labels), 0, scores.shape[-1] - 1)
        scores = jnp.broadcast_to(scores, (*known.shape, scores.shape[-1]))
        found = jnp.take_along_axis(scores, known[..., None], -1)[..., 0]
        return numeric.sum_value(numeric.exact_sum(jnp.where(self._valid("n"), found, 0), -1))

    def _frames(self, labels: Any) -> Array:
        frames = as_int("labels", labels)
        wanted = (*self.batch_shape, self._bind()["n"])
        if frames.shape[max(frames.ndim - len(wanted), 0) :] != wanted:
            raise InvalidArgument(
                f"`labels` has shape {frames.shape}, expected (*sample *batch n) with (*batch n) = {wanted}.",
                argument="labels",
                expected=str(wanted),
                received=str(frames.shape),
            )
        return frames

    def _checks_of_frames(self, labels: Any) -> list[Check]:
        frames = self._frames(labels)
        inside = jnp.broadcast_to(self._valid("n"), frames.shape)
        return [out_of_range("labels", frames, self._bind()["v"] - 1, name="v - 1", valid=inside)]

    @query("k: size -> LabelBeam { labels: int32[k *batch n], log_probs: F[k *batch] }")
    def beam_search_labels(self, k: int) -> LabelBeam:
        """Likely label sequences of the frames, whatever the distribution's own labels are, and their log-probabilities
        over all alignments: by a beam of k prefixes, which may miss a likelier one, or a part of an alignment's weight.
        """
        k = at_least_one("k", k)
        logs = batching.flatten_batch(self.log_potentials, self.batch_shape, 2)
        frames = self.lengths_of("input_lengths").reshape(-1)
        search = jax.vmap(lambda logs, frames: prefix_beam(logs, frames, self.blank_id, k), out_axes=1)
        labels, log_probs = search(logs, frames)
        batch = self.batch_shape
        return LabelBeam(labels.reshape(k, *batch, labels.shape[-1]), log_probs.reshape(k, *batch))


def _without_padding(logits: Array, labels: Array, input_lengths: Array | None) -> Array:
    """Logits (*batch n v) with 0 beyond the lengths, where these fit; what does not fit is refused with its shape."""
    if input_lengths is None:
        return logits
    try:
        batch = jnp.broadcast_shapes(logits.shape[:-2], labels.shape[:-1])
        fits = jnp.broadcast_shapes(input_lengths.shape, batch) == batch
    except ValueError:
        return logits
    inside = numeric.positions(logits.shape[-2]) < input_lengths[..., None]
    return jnp.where(inside[..., None], logits, 0) if fits else logits


@jax.custom_jvp
def _normalized(logits: Array) -> Array:
    """log-softmax of the last axis, to the digits of the small numbers that the log-probabilities of sure frames are:
    the exponential of the largest is 1, and is left out of the sum.
    """
    moved = logits - numeric.shift_of(logits, -1, keepdims=True)
    largest = moved == 0
    others = jnp.sum(jnp.where(largest, 0, jnp.exp(moved)), -1, keepdims=True)
    ties = jnp.sum(largest.astype(logits.dtype), -1, keepdims=True)
    found = moved - jnp.log1p(others + jnp.maximum(ties - 1, 0))
    # Only what is impossible is -inf, and frames with NaN or +inf stay as they are, to be refused.
    kept = jnp.isneginf(logits) | ~jnp.isfinite(others)
    return jnp.where(kept, logits, jnp.maximum(found, jnp.finfo(found.dtype).min))


@_normalized.defjvp
def _normalized_derivative(primals, tangents):
    tangent = drop_forbidden(primals, tangents)[0]
    logs = _normalized(*primals)
    return logs, tangent - jnp.sum(jnp.exp(logs) * tangent, -1, keepdims=True)
