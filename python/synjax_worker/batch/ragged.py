"""Lists of different lengths as padded arrays, and back. Each width is compiled once: there are few."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from ..errors import InvalidArgument
from .columns import Lists

_LEAST_WIDTH = 16


class Buckets:
    """The widths that lists are padded to: powers of two from 16 up to the largest."""

    def __init__(self, largest: int) -> None:
        if largest < 1 or largest & (largest - 1):
            raise InvalidArgument(
                f"`largest`: expected a power of two, got {largest}.",
                argument="largest",
                expected="a power of two",
                received=str(largest),
            )
        self.largest = largest
        least = min(_LEAST_WIDTH, largest)
        self.widths = tuple(2**i for i in range(least.bit_length() - 1, largest.bit_length()))

    def too_long(self, lengths: np.ndarray, name: str) -> dict[int, str]:
        """Rows that no bucket holds, by their places, and why.

        Args:
          lengths: (rows)
        """
        return {
            int(
                row
            ): f"{name}: expected at most {self.largest} elements, the largest bucket, got {lengths[row]}"
            for row in np.flatnonzero(lengths > self.largest)
        }

    def groups(self, lengths: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
        """Each width that rows need, and the places of these rows in order. Rows that no bucket holds are in none.

        Args:
          lengths: (rows)
        """
        bucket = np.searchsorted(np.asarray(self.widths), lengths)
        for i, width in enumerate(self.widths):
            rows = np.flatnonzero(bucket == i)
            if len(rows):
                yield width, rows


def padded(lists: Lists, rows: np.ndarray, width: int, pad: float = 0) -> np.ndarray:
    """Rows of a column, padded at the end: (len(rows) width *item).

    Args:
      rows: places of rows none of which is longer than `width`, in any order
    """
    lengths = lists.lengths[rows]
    if len(lengths) and lengths.max() > width:
        raise InvalidArgument(
            f"`width`: expected at least {lengths.max()}, the longest row, got {width}.",
            argument="width",
            expected=f"at least {lengths.max()}",
            received=str(width),
        )
    starts = np.concatenate([[0], np.cumsum(lists.lengths, dtype=np.int64)])[rows]
    within = np.arange(width) < lengths[:, None]
    out = np.full((len(rows), width, *lists.elements.shape[1:]), pad, lists.elements.dtype)
    out[within] = lists.elements[(starts[:, None] + np.arange(width))[within]]
    return out


def to_lists(values: np.ndarray, lengths: np.ndarray) -> pa.Array:
    """Padded values (rows width *item) as a column of lists: of what stands inside the lengths (rows). Items of more
    axes are fixed-size lists.
    """
    within = np.arange(values.shape[1]) < lengths[:, None]
    offsets = np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)])
    kept = to_column(values[within])
    if offsets[-1] > np.iinfo(np.int32).max:
        return pa.LargeListArray.from_arrays(offsets, kept)
    return pa.ListArray.from_arrays(offsets.astype(np.int32), kept)


def to_column(values: np.ndarray) -> pa.Array:
    """An array (rows *item) as a column of numbers, or of fixed-size lists of them."""
    if values.dtype.name == "bfloat16":  # Arrow has none: nothing is lost
        values = values.astype(np.float32)
    column = pa.array(np.ascontiguousarray(values).reshape(-1))
    for axis in range(values.ndim - 1, 0, -1):
        size = values.shape[axis]
        if size == 0:
            rows = int(np.prod(values.shape[:axis]))
            column = pa.array([[]] * rows, pa.list_(column.type, 0))
        else:
            column = pa.FixedSizeListArray.from_arrays(column, size)
    return column
