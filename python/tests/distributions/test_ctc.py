"""What a CTC does beyond the laws: any labels, its loss, label sequences, many frames."""

from __future__ import annotations

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from synjax_worker.distributions import CTC
from synjax_worker.errors import InvalidArgument
from tests.compiling import program

FRAMES, LABELS, SYMBOLS = 4, 3, 3


def collapsed(frames: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(label for label, _ in itertools.groupby(frames) if label)


def log_softmax(logits: np.ndarray) -> np.ndarray:
    top = logits.max(-1, keepdims=True)
    return logits - top - np.log(np.exp(logits - top).sum(-1, keepdims=True))


def every_label_sequence() -> tuple[np.ndarray, ...]:
    """Of up to three labels, repeated ones too, in up to four frames: labels, their number, that of the frames."""
    found = [
        ([*labels, *[-7] * (LABELS - size)], size, frames)
        for frames in range(FRAMES + 1)
        for size in range(LABELS + 1)
        for labels in itertools.product((1, 2), repeat=size)
    ]
    return tuple(np.array(x, np.int32) for x in zip(*found, strict=True))


def test_losses_of_all_label_sequences_and_their_gradients() -> None:
    labels, sizes, frames = every_label_sequence()
    logits = np.random.default_rng(0).normal(size=(len(labels), FRAMES, SYMBOLS)).astype(np.float32)
    padded = np.where(np.arange(FRAMES)[:, None] < frames[:, None, None], logits, np.nan)

    @program
    def ask(logits):
        def loss(logits):
            found = CTC(logits, labels, input_lengths=frames, label_lengths=sizes).loss()
            return jnp.sum(jnp.where(jnp.isfinite(found), found, 0)), found

        return jax.grad(loss, has_aux=True)(logits)

    gradients, losses = jax.device_get(ask(padded))
    for item, (size, count) in enumerate(zip(sizes, frames, strict=True)):
        log_probs = log_softmax(logits[item, :count].astype(np.float64))
        wanted = tuple(labels[item, :size])
        paths = [x for x in itertools.product(range(SYMBOLS), repeat=count) if collapsed(x) == wanted]
        probs = np.array([np.exp(sum(log_probs[i, x] for i, x in enumerate(path))) for path in paths])
        if not paths:
            assert losses[item] == np.inf and not gradients[item].any()
            continue
        np.testing.assert_allclose(losses[item], -np.log(probs.sum()), rtol=1e-5, atol=1e-6)
        uses = np.zeros((FRAMES, SYMBOLS))
        for path, prob in zip(paths, probs / probs.sum(), strict=True):
            uses[np.arange(count), list(path)] += prob
        uses[:count] -= np.exp(log_probs)
        np.testing.assert_allclose(gradients[item], -uses, atol=2e-6)


def test_many_frames_that_are_nearly_certain() -> None:
    frames, labels = 500, np.arange(1, 41)
    said = np.zeros(frames, int)
    said[::12][:40] = labels
    logits = np.full((frames, 50), -20.0, np.float32)
    logits[np.arange(frames), said] = 20.0
    loss = float(jax.jit(lambda x: CTC(x, labels).loss())(logits))
    with jax.enable_x64(True):
        wanted = float(jax.jit(lambda x: CTC(x, labels).loss())(logits.astype(np.float64)))
    assert 0 <= wanted < 1e-12 and abs(loss - wanted) < 1e-6 and not np.signbit(loss)


def test_float32_is_as_exact_as_its_logits() -> None:
    rng = np.random.default_rng(1)
    logits = (rng.normal(size=(8, 60, 11)) * 3).astype(np.float32)
    labels = rng.integers(1, 11, (8, 12)).astype(np.int32)
    ask = jax.jit(jax.value_and_grad(lambda x: jnp.sum(CTC(x, labels).loss())))
    loss, gradient = ask(logits)
    with jax.enable_x64(True):
        wanted, wanted_gradient = ask(logits.astype(np.float64))
    np.testing.assert_allclose(loss, wanted, rtol=1e-6)
    np.testing.assert_allclose(gradient, wanted_gradient, atol=2e-6)


def test_a_temperature_divides_what_is_normalized() -> None:
    logits = np.random.default_rng(2).normal(size=(4, 3)).astype(np.float32)
    cooled = CTC(logits, [1, 2]).with_temperature(0.5)
    by_hand = CTC(2 * log_softmax(logits), [1, 2], normalize=False)
    np.testing.assert_allclose(cooled.log_partition(), by_hand.log_partition(), rtol=1e-5)


def test_labels_of_frames() -> None:
    logits = np.random.default_rng(3).normal(size=(2, 4, 3)).astype(np.float32)
    ctc = CTC(logits, [[1, 2], [2, 1]], input_lengths=[4, 3])
    best, score = ctc.argmax_and_max()
    frames = ctc.alignment_to_labels(best)
    np.testing.assert_array_equal(frames, ctc.decode(best))
    np.testing.assert_allclose(ctc.log_prob_labels(frames), score, rtol=1e-5)
    # They need not be an alignment of the distribution's own labels.
    others = np.array([[2, 2, 0, 0], [0, 0, 0, 99]], np.int32)
    log_probs = log_softmax(logits)
    wanted = [log_probs[0, range(4), others[0]].sum(), log_probs[1, range(3), others[1, :3]].sum()]
    np.testing.assert_allclose(ctc.log_prob_labels(others), wanted, rtol=1e-5)


def test_a_beam_as_wide_as_all_prefixes_is_exact() -> None:
    count, symbols = 4, 3
    logits = np.random.default_rng(4).normal(size=(3, count, symbols)).astype(np.float32)
    lengths = np.array([4, 3, 0], np.int32)
    ctc = CTC(logits, np.ones((3, 1), np.int32), input_lengths=lengths)
    found = jax.device_get(jax.jit(lambda: ctc.beam_search_labels(64))())
    for item, length in enumerate(lengths):
        log_probs, wanted = log_softmax(logits[item].astype(np.float64)), {}
        for path in itertools.product(range(symbols), repeat=length):
            labels = collapsed(path)
            prob = np.exp(sum(log_probs[i, x] for i, x in enumerate(path)))
            wanted[labels] = wanted.get(labels, 0) + prob
        real = found.log_probs[:, item] > -np.inf
        got = {
            tuple(labels[labels >= 0]): prob
            for labels, prob in zip(found.labels[real, item], found.log_probs[real, item], strict=True)
        }
        assert got.keys() == wanted.keys() and len(got) == real.sum()
        np.testing.assert_allclose([np.exp(got[key]) for key in wanted], list(wanted.values()), rtol=1e-5)
        assert np.all(np.diff(found.log_probs[real, item]) <= 0)
        assert np.all(found.labels[~real, item] == -1)


def test_a_narrow_beam_keeps_the_likeliest() -> None:
    logits = np.full((6, 4), -3.0, np.float32)
    logits[np.arange(6), [1, 1, 0, 1, 2, 3]] = 3.0
    found = CTC(logits, [1]).beam_search_labels(3)
    assert found.labels[0].tolist() == [1, 1, 2, 3, -1, -1]
    whole = CTC(logits, [1, 1, 2, 3]).log_partition()
    assert float(found.log_probs[0]) <= float(whole) + 1e-5 and float(found.log_probs[0]) > float(whole) - 0.1


def test_frames_that_are_no_alignment_are_refused_by_a_program() -> None:
    ctc = CTC(np.zeros((2, 4, 3), np.float32), [[1, 2], [1, 1]])
    good = np.array([[1, 0, 2, 2], [1, 0, 1, 0]], np.int32)
    bad = np.array([[1, 0, 0, 2], [1, 1, 1, 0]], np.int32)
    refused = lambda frames: [bool(np.any(each.bad)) for each in ctc._checks_of_compact(frames)]
    assert not any(refused(good)) and any(refused(bad))


def test_one_recording_for_several_labels_and_lengths_that_make_no_batch() -> None:
    logits = np.random.default_rng(5).normal(size=(4, 3)).astype(np.float32)
    several = CTC(logits, [[1, 2], [2, 1]], input_lengths=[3, 4])
    assert several.batch_shape == (2,)
    alone = [CTC(logits[:3], [1, 2]).loss(), CTC(logits, [2, 1]).loss()]
    np.testing.assert_allclose(several.loss(), alone, rtol=1e-6)
    with pytest.raises(InvalidArgument) as caught:
        CTC(logits, [1, 2], input_lengths=[3, 4])
    assert caught.value.argument == "input_lengths"


@pytest.mark.parametrize("labels", [np.zeros((2, 3), np.int32), np.zeros(4, np.float32)])
def test_frames_of_another_kind_are_refused(labels: np.ndarray) -> None:
    ctc = CTC(np.zeros((2, 4, 3), np.float32), [[1, 2], [1, 1]])
    with pytest.raises(InvalidArgument) as caught:
        ctc.log_prob_labels(labels)
    assert caught.value.argument == "labels"
