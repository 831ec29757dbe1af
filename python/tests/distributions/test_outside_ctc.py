"""CTC against optax as it runs, PyTorch's values as they are stored, and how many alignments there are."""

from __future__ import annotations

import json
import math
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from synjax_worker.distributions import CTC
from tests.compiling import program

pytestmark = pytest.mark.costs("CTC")

KNOWN = json.loads((Path(__file__).parents[1] / "outside" / "torch_ctc.json").read_text())


def losses_and_gradients(logits, labels, frames, sizes, blank=0):
    def total(logits):
        found = CTC(logits, labels, input_lengths=frames, label_lengths=sizes, blank_id=blank).loss()
        return jnp.sum(jnp.where(jnp.isfinite(found), found, 0)), found

    (_, losses), gradients = jax.value_and_grad(total, has_aux=True)(logits)
    return losses, gradients


ask = jax.jit(losses_and_gradients, static_argnames="blank")


@pytest.mark.parametrize("case", KNOWN["cases"], ids=lambda case: f"blank {case['blank']}")
def test_losses_and_gradients_are_those_of_torch(case: dict) -> None:
    """By the logits. Where there is no alignment the loss is infinite, and its gradient 0 as with `zero_infinity`."""
    lengths = (np.array(case[name], np.int32) for name in ("labels", "input_lengths", "label_lengths"))
    with jax.enable_x64(True):
        losses, gradients = jax.device_get(ask(np.array(case["logits"]), *lengths, blank=case["blank"]))
    wanted = np.array([np.inf if loss is None else loss for loss in case["losses"]])
    assert np.isinf(wanted).sum() == 2 and not np.any(gradients[np.isinf(wanted)])
    np.testing.assert_allclose(losses, wanted, rtol=1e-12)
    np.testing.assert_allclose(gradients, case["gradients_with_zero_infinity"], atol=1e-12)


def test_losses_and_gradients_are_those_of_optax() -> None:
    """Ragged, with labels that repeat, of as many frames as they need or more."""
    optax = pytest.importorskip("optax")
    rng = np.random.default_rng(0)
    items, frames, size, symbols = 64, 24, 8, 5
    labels = rng.integers(1, symbols, (items, size)).astype(np.int32)
    sizes = rng.integers(0, size + 1, items).astype(np.int32)
    inside = np.arange(size) < sizes[:, None]
    needed = sizes + np.sum((labels[:, 1:] == labels[:, :-1]) & inside[:, 1:], -1)
    lengths = rng.integers(np.maximum(needed, 1), frames + 1).astype(np.int32)
    lengths[:8] = np.maximum(needed[:8], 1)
    padded = np.arange(frames) >= lengths[:, None]

    @program
    def theirs(logits):
        def total(logits):
            losses = optax.ctc_loss(logits, 1.0 * padded, labels, 1.0 * ~inside)
            return jnp.sum(losses), losses

        (_, losses), gradients = jax.value_and_grad(total, has_aux=True)(logits)
        return losses, gradients

    with jax.enable_x64(True):
        logits = 3 * rng.normal(size=(items, frames, symbols))
        wanted, wanted_gradients = jax.device_get(theirs(logits))
        losses, gradients = jax.device_get(
            ask(np.where(padded[..., None], np.nan, logits), labels, lengths, sizes)
        )
    np.testing.assert_allclose(losses, wanted, rtol=1e-10)
    np.testing.assert_allclose(gradients, wanted_gradients, atol=1e-10)


def test_there_are_as_many_alignments_as_ways_to_place_the_labels() -> None:
    """Of l labels in n frames, r of them the same as the one before: n + l - r over 2 l."""
    frames, size = 20, 6
    labels = np.array([[1, 2, 3, 1, 2, 3], [1, 1, 2, 2, 2, 1], [1] * 6], np.int32)
    repeats = np.concatenate([np.zeros((3, 1), int), np.cumsum(labels[:, 1:] == labels[:, :-1], -1)], -1)
    kind, lengths, sizes = (x.ravel().astype(np.int32) for x in np.mgrid[0:3, 0 : frames + 1, 0 : size + 1])
    logits = np.zeros((len(kind), frames, 4))
    with jax.enable_x64(True):
        count = jax.jit(
            lambda logits: CTC(logits, labels[kind], input_lengths=lengths, label_lengths=sizes).log_count()
        )
        found = np.exp(jax.device_get(count(logits)))
    repeated = np.where(sizes > 0, repeats[kind, np.maximum(sizes - 1, 0)], 0)
    ways = [math.comb(max(n + l - r, 0), 2 * l) for n, l, r in zip(lengths, sizes, repeated, strict=True)]
    np.testing.assert_allclose(found, ways, rtol=1e-12)


def test_the_loss_of_labels_that_are_certain_is_zero_up_to_rounding() -> None:
    """As elsewhere it may be a rounding below: float32 probabilities that add up to 1 may add up to a little more."""
    rng = np.random.default_rng(0)
    items, frames = 500, 12
    logits = np.full((items, frames, 3), -80, np.float32)
    logits[:, [0, 10, 11], 0] = logits[:, 2:9, 1] = 0
    # Two frames may say the label or the blank: whichever they say, the labels are the same.
    for frame in (1, 9):
        logits[:, frame, :2] = 2 * rng.normal(size=(items, 2))
    lengths = np.full(items, frames, np.int32)
    losses, gradients = ask(logits, np.ones((items, 1), np.int32), lengths, np.ones(items, np.int32))
    eps = np.finfo(np.float32).eps
    assert np.abs(losses).max() < 4 * eps
    assert np.abs(gradients).max() < 4 * eps
