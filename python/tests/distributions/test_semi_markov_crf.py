"""What a semi-Markov CRF does beyond the laws: labels of positions."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from synjax_worker.distributions import SemiMarkovCRF
from tests.compiling import program
from tests.structures.segments import enumeration
from tests.structures.segments.enumeration import LABELS, POSITIONS, SHAPE


def labels_of(compact: enumeration.Compact) -> np.ndarray:
    """The label of each position, (n t)."""
    made = np.zeros((POSITIONS, LABELS))
    for start, end, label in compact:
        made[start : end + 1, label] = 1
    return made


@pytest.mark.parametrize("rows", [[], [(0, 0, 1)], [(0, 1, 0), (2, 2, 1)]])
def test_segments_that_end_before_the_item_are_refused_by_a_program(rows: list) -> None:
    crf = SemiMarkovCRF(np.zeros((4, 2, 2, 2), np.float32))
    compact = lambda rows: np.array([*rows, *[(-1, -1, -1)] * (4 - len(rows))], np.int32)
    refused = lambda compact: [bool(np.any(each.bad)) for each in crf._checks_of_compact(compact)]
    assert any(refused(compact(rows)))
    assert not any(refused(compact([(0, 1, 0), (2, 2, 1), (3, 3, 0)])))


def test_labels_of_positions() -> None:
    """Of every segmentation of every length, and of marginals; what stands past the end is not looked at."""
    lengths = np.arange(POSITIONS + 1, dtype=np.int32)
    potentials = np.random.default_rng(0).normal(size=(len(lengths), *SHAPE)).astype(np.float32)
    every = [list(enumeration.segmentations(length)) for length in lengths]
    events = np.full((max(map(len, every)), len(lengths), *SHAPE), 7, np.float32)
    for item, found in enumerate(every):
        for row, compact in enumerate(found):
            events[row, item, : lengths[item]] = enumeration.event(compact)[: lengths[item]]

    @program
    def ask(potentials, events):
        crf = SemiMarkovCRF(potentials, lengths=jnp.asarray(lengths))
        told = crf.convert_sample_to_element_labels
        return told(events), told(crf.marginals()), jnp.exp(crf.log_prob(events))

    got, marginals, probs = jax.device_get(ask(potentials, events))
    for item, found in enumerate(every):
        wanted = np.array([labels_of(compact) for compact in found])
        np.testing.assert_array_equal(got[: len(found), item], wanted)
        mean = np.einsum("s,snt->nt", probs[: len(found), item], wanted)
        np.testing.assert_allclose(marginals[item], mean, atol=1e-6)
