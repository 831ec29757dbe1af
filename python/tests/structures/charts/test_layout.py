"""Charts lie as they say."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from synjax_worker.structures.charts import layout


@pytest.mark.parametrize("count", [1, 2, 5])
def test_tables_as_charts_and_back(count: int) -> None:
    table = np.arange(2.0 * count * count).reshape(2, count, count)
    left = layout.chart_of_table(jnp.asarray(table), -1.0)
    right = layout.right_aligned(left, -1.0)
    for width in range(count):
        for at in range(count):
            starts = table[:, at, at + width] if at + width < count else [-1, -1]
            ends = table[:, at - width, at] if at >= width else [-1, -1]
            np.testing.assert_array_equal(layout.by_position(left, count)[width, at], starts)
            np.testing.assert_array_equal(layout.by_position(right, count)[width, at], ends)
    upper = np.where(np.triu(np.ones((count, count))) > 0, table, -1)
    np.testing.assert_array_equal(layout.table_of_chart(left, -1.0), upper)


@pytest.mark.parametrize("count", [1, 2, 31, 32, 127, 128, 500])
@pytest.mark.parametrize("first", [0, 1])
def test_runs_are_few_and_whole(first: int, count: int) -> None:
    found = layout.runs(first, count)
    assert [width for a, b in found for width in range(a, b)] == list(range(first, count))
    assert len(found) <= 6
    assert len(layout.runs(first, 32)) == len(
        layout.runs(first, 64)
    )  # a program does not grow with the length


def test_what_is_mapped_has_more_items() -> None:
    """Mapped twice, over some of its arguments, a function of charts is called once, with all items side by side."""
    seen = []

    def function(chart: jax.Array, lengths: jax.Array) -> tuple[jax.Array, jax.Array]:
        seen.append(lengths.shape)
        return chart.reshape(len(chart), -1, len(lengths)) * lengths, lengths + 1

    plain = lambda chart, lengths: function(chart, lengths)
    chart = jnp.arange(2.0 * 3 * 4 * 10).reshape(2, 3, 4, 10)  # mapped, mapped, rows, positions * items
    lengths = jnp.arange(2 * 5).reshape(2, 5)
    asked = lambda f: jax.vmap(jax.vmap(f, (0, None)), (0, 0))(chart, lengths)
    want = asked(plain)
    seen.clear()
    got = asked(layout.folded(function))
    assert seen[-1] == (5 * 2 * 3,)
    jax.tree.map(np.testing.assert_array_equal, got, want)
