"""Charts are filled in place: in a loop XLA copies a chart whose reads and writes it cannot order, at O(n^3) a pass."""

from __future__ import annotations

import math
import re
from collections.abc import Callable

import jax
import numpy as np
import pytest

from synjax_worker.distributions import SpanningTreeCRF
from synjax_worker.numerics import guard

NODES, ITEMS = 24, 8  # of fewer items XLA makes other loops, without copies


@pytest.mark.parametrize("query", ["argmax", "entropy", "marginals"])
def test_no_loop_copies_a_chart(query: str) -> None:
    def ask(scores):
        with guard.optimistic():
            made = SpanningTreeCRF(scores, directed=True, projective=True, single_root_edge=True)
            return getattr(made, query)()

    assert not copied_charts(ask, np.zeros((ITEMS, NODES, NODES), np.float32))


def copied_charts(ask: Callable, scores: np.ndarray) -> list[str]:
    """Copies of what is as large as a chart, in all but the entry of a compiled program."""
    text = jax.jit(ask).lower(scores).compile().as_text()
    of_loops = [part for part in text.split("\n\n") if " copy(" in part and "ENTRY" not in part]
    shapes = re.findall(r"= \w+\[([\d,]+)\]\S* copy\(", "\n".join(of_loops))
    return [shape for shape in shapes if shape.count(",") == 1 and size(shape) >= scores.size]


def size(shape: str) -> int:
    return math.prod(map(int, shape.split(",")))
