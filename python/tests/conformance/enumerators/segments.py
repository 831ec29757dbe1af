"""Segments: sequences cut into labelled segments, and the mistakes that they invite."""

from __future__ import annotations

from collections.abc import Iterator

import jax.numpy as jnp
import numpy as np

from synjax_worker.distributions import SemiMarkovCRF

from ..case import LAWS_OF_STRUCTURES, BadInput, Lengths
from ..enumerator import Enumerator, enumerates
from ..mutants import breaks

Segment = tuple[int, int, int]  # start, end (inclusive), label


class Segmentation(Enumerator):
    sizes = {"n": 4, "m": 3, "t": 2}

    def structures(self, lengths: Lengths) -> Iterator[np.ndarray]:
        for segments in self.cuts(0, lengths["lengths"]):
            yield np.array([*segments, *[(-1, -1, -1)] * (self.sizes["n"] - len(segments))])

    def cuts(self, start: int, length: int) -> Iterator[list[Segment]]:
        """All ways to cut positions `start` to `length` into segments."""
        if start == length:
            yield []
        for end in range(start, min(start + self.sizes["m"], length)):
            for label in range(self.sizes["t"]):
                for rest in self.cuts(end + 1, length):
                    yield [(start, end, label), *rest]

    def event(self, compact: np.ndarray) -> np.ndarray:
        made = np.zeros([self.sizes[dim] for dim in "nmtt"], bool)
        before = 0
        for start, end, label in compact[compact[:, 0] >= 0]:
            made[end, end - start, before, label] = True
            before = label
        return made


@enumerates(SemiMarkovCRF)
class GeneralSegments(Segmentation):
    name = "SemiMarkovCRF"
    potentials = ("log_potentials",)
    of_parts = "log_potentials"
    thorough = True

    def without_structures(self, arrays, lengths):
        arrays["log_potentials"][max(lengths["lengths"] - 1, 0)] = -np.inf
        return arrays

    def parts(self, arrays, lengths):
        return arrays["log_potentials"].astype(np.float64)

    def bad_inputs(self) -> Iterator[BadInput]:
        good = SemiMarkovCRF(jnp.zeros((4, 3, 2, 2)))
        yield BadInput("no potentials", "segment", lambda: SemiMarkovCRF())
        yield BadInput("labels that differ", "log_potentials", lambda: SemiMarkovCRF(jnp.zeros((4, 3, 2, 3))))
        other = SemiMarkovCRF(jnp.zeros((4, 2, 2, 2)))
        yield BadInput("another longest segment", "other", lambda: good.kl_divergence(other))


@enumerates(SemiMarkovCRF)
class FactoredSegments(Segmentation):
    name = "SemiMarkovCRF-factored"
    potentials = ("segment", "transition", "initial")
    float32 = True

    def without_structures(self, arrays, lengths):
        if "initial" in arrays and lengths["lengths"] % 2:  # no label may be the first
            return arrays | {"initial": np.full_like(arrays["initial"], -np.inf)}
        arrays["segment"][max(lengths["lengths"] - 1, 0)] = -np.inf
        return arrays

    def parts(self, arrays, lengths):
        segment, transition, initial = (
            arrays[name].astype(np.float64) for name in FactoredSegments.potentials
        )
        end, longer = np.arange(self.sizes["n"])[:, None], np.arange(self.sizes["m"])
        starts_the_sequence = (longer == end)[..., None, None]
        return segment[:, :, None] + np.where(starts_the_sequence, initial, transition)

    def bad_inputs(self) -> Iterator[BadInput]:
        segment, transition = jnp.zeros((8, 5, 3, 2)), jnp.zeros((2, 2))
        crf = lambda **changed: SemiMarkovCRF(**{"segment": segment, "transition": transition} | changed)
        yield BadInput("labels that differ", "transition", lambda: crf(transition=jnp.zeros((3, 3))))
        yield BadInput("a missing part", "transition", lambda: crf(transition=None))
        yield BadInput("both forms", "segment", lambda: crf(log_potentials=jnp.zeros((5, 3, 2, 2))))


@enumerates(SemiMarkovCRF)
class SharedSegments(FactoredSegments):
    """One transition for all items, and no potentials of the first label."""

    name = "SemiMarkovCRF-shared"
    float32 = False
    potentials = ("segment", "transition")
    shared = ("transition",)

    def parts(self, arrays, lengths):
        return super().parts({**arrays, "initial": np.zeros(self.sizes["t"])}, lengths)


# ------------------------------------------------------------------------------------------------------ broken versions
# Each has other structures, or other events of them. A start of -1 marks a first segment that no right version has.


def with_first(cut: np.ndarray, segment: Segment) -> np.ndarray:
    return np.concatenate([[segment], cut[1:]])


def with_wrong_first(cut: np.ndarray) -> np.ndarray:
    return with_first(cut, (-1, cut[0, 1], cut[0, 2]))


def has_wrong_first(compact: np.ndarray) -> bool:
    return bool(compact[0, 0] == -1 and compact[0, 1] >= 0)


@breaks(GeneralSegments, *LAWS_OF_STRUCTURES)
class LongerThanThePrefix(GeneralSegments):
    """The first segment may be one position longer than what stands before its end."""

    def structures(self, lengths):
        for cut in super().structures(lengths):
            yield cut
            if 0 <= cut[0, 1] < self.sizes["m"] - 1:
                yield with_wrong_first(cut)

    def event(self, compact):
        if not has_wrong_first(compact):
            return super().event(compact)
        _, end, label = compact[0]
        made = super().event(with_first(compact, (0, end, label)))
        made[end, end, 0, label], made[end, end + 1, 0, label] = False, True
        return made


@breaks(GeneralSegments, *LAWS_OF_STRUCTURES)
class FirstSegmentReadsAllRows(GeneralSegments):
    """The first segment may follow any label."""

    def structures(self, lengths):
        for cut in super().structures(lengths):
            yield cut
            if cut[0, 1] >= 0:
                yield with_wrong_first(cut)

    def event(self, compact):
        if not has_wrong_first(compact):
            return super().event(compact)
        _, end, label = compact[0]
        made = super().event(with_first(compact, (0, end, label)))
        made[end, end, 0, label], made[end, end, 1, label] = False, True
        return made


@breaks(GeneralSegments, *LAWS_OF_STRUCTURES, "events", "remembered")
class OffByOneEnd(GeneralSegments):
    """A segment reads the potentials of the position before its end."""

    def event(self, compact):
        made = super().event(compact)
        return np.concatenate([made[1:], np.zeros_like(made[:1])])
