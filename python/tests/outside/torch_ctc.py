"""Writes torch_ctc.json: losses of CTC and their gradients as PyTorch computes them, in float64.

    python tests/outside/torch_ctc.py    # with any Python that has torch and numpy

Labels and frames are ragged, labels repeat, and of two items the frames are too few.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import torch

FRAMES, SYMBOLS, LABELS = 9, 5, 4
FRAMES_OF_ITEMS = [9, 9, 7, 4, 5, 1, 3, 6, 2]
# A label that is said twice needs a blank between, so that the three of item 6 would take 5 frames.
LABELS_OF_ITEMS = [
    [1, 2, 3, 4],
    [2, 2, 1, 1],
    [3, 1, 3],
    [1, 1, 2],
    [],
    [4],
    [2, 2, 2],
    [4, 3, 3, 4],
    [1, 2, 3],
]


def answers(blank: int, seed: int) -> dict:
    rng = np.random.default_rng(seed)
    logits = np.round(2 * rng.normal(size=(len(FRAMES_OF_ITEMS), FRAMES, SYMBOLS)), 3)
    labels = [[label if blank == 0 else label - 1 for label in each] for each in LABELS_OF_ITEMS]
    padded = [[*each, *[blank] * (LABELS - len(each))] for each in labels]

    def losses(given: torch.Tensor, zero_infinity: bool) -> torch.Tensor:
        return torch.nn.functional.ctc_loss(
            torch.log_softmax(given, -1).transpose(0, 1),
            torch.tensor(padded),
            torch.tensor(FRAMES_OF_ITEMS),
            torch.tensor([len(each) for each in labels]),
            blank=blank,
            reduction="none",
            zero_infinity=zero_infinity,
        )

    given = torch.tensor(logits, requires_grad=True)
    losses(given, True).sum().backward()
    told = losses(given, False).tolist()
    return {
        "blank": blank,
        "logits": logits.tolist(),
        "labels": padded,
        "input_lengths": FRAMES_OF_ITEMS,
        "label_lengths": [len(each) for each in labels],
        "losses": [loss if np.isfinite(loss) else None for loss in told],  # null is infinity
        "gradients_with_zero_infinity": given.grad.tolist(),
    }


if __name__ == "__main__":
    found = {
        "torch": torch.__version__.partition("+")[0],
        "cases": [answers(0, 0), answers(SYMBOLS - 1, 1)],
    }
    Path(__file__).with_suffix(".json").write_text(json.dumps(found) + "\n")
