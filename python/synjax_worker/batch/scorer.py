"""Rows through a function, in few shapes: padded to buckets, grouped by them, filled up. A row fails alone."""

from __future__ import annotations

import collections
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import jax
import numpy as np
import pyarrow as pa

from ..errors import InvalidArgument, RowsFailed, SynjaxError, unexpected
from .columns import Failed, dense, lists
from .ragged import Buckets, padded, to_column, to_lists
from .reader import RowBatch

ROW = "row"  # the column of the output that says which row of the input it is of
LENGTHS = "lengths"
_PARTS = 8  # of a whole batch, in which what is left over runs
USUAL_WIDTH = 64  # of lists; of longer ones as many fewer run together, so that they take no more memory


class Argument(NamedTuple):
    """What a function takes: (rows *item), or (rows n *item) where the second dim is free, for a column of lists."""

    name: str
    dtype: np.dtype
    shape: tuple[int | str | None, ...]

    @property
    def is_list(self) -> bool:
        return len(self.shape) > 1 and not isinstance(self.shape[1], int)

    @property
    def item(self) -> tuple[Any, ...]:
        return self.shape[2:] if self.is_list else self.shape[1:]


Part = tuple[np.ndarray, list[pa.Array]]  # the places of rows, and their columns of results


class Scored(NamedTuple):
    data: pa.Table  # a row for each that did not fail, in order
    failed: dict[int, str]  # the others, by their places in the input, and why


class Scorer:
    """A function over batches of rows.

    Args:
      function: of arrays by name; gives an array, or lists and dicts of arrays, whose first axis is that of the rows.
        Where it raises RowsFailed, the other rows have been scored; where another error, rows run apart.
      arguments: what it takes. `lengths`, where no column is named so, is how long the lists of a row are.
      columns: the names of columns by those of arguments, where they differ
      rows: how many rows run together at most, and of lists longer than 64 as many fewer
      largest: the length of the longest list that is taken, a power of two
      threads: how many call the function at once: while one waits for a result, another gets its rows ready

    Raises:
      InvalidArgument: where an argument or a result has more free dims than one besides that of the rows.
    """

    def __init__(
        self,
        function: Callable[..., Any],
        arguments: Sequence[Argument],
        columns: Mapping[str, str] | None = None,
        *,
        rows: int = 1024,
        largest: int = 1024,
        threads: int = 1,
    ) -> None:
        named = dict(columns or {})
        known = [argument.name for argument in arguments]
        for name in named:
            if name not in known:
                raise _wrong("map", f"arguments among {', '.join(known)}", name)
        self._function = function
        self._derived = [a for a in arguments if a.name == LENGTHS and LENGTHS not in named]
        self._read = [(a, named.get(a.name, a.name)) for a in arguments if a not in self._derived]
        if self._derived and not any(argument.is_list for argument, _ in self._read):
            raise _wrong("lengths", "a column for it: no argument has lists", "none")
        for argument in arguments:
            if not argument.shape or not all(isinstance(size, int) for size in argument.item):
                raise _wrong(argument.name, "rows, and one more free dim at most", str(argument.shape))
        self._rows = rows
        self._buckets = Buckets(largest)
        self._names, self._is_ragged, self._types = self._results()
        self._at_once = threads
        # What may be called by one thread only is called by the one that made it
        self._map = ThreadPoolExecutor(threads, thread_name_prefix="scorer").map if threads > 1 else map

    @property
    def columns(self) -> list[str]:
        """The columns of the input that are read."""
        return [column for _, column in self._read]

    @property
    def schema(self) -> pa.Schema:
        """The columns of the output."""
        return pa.schema([pa.field(ROW, pa.int64()), *map(pa.field, self._names, self._types)])

    def __call__(self, batch: RowBatch) -> Scored:
        """Scores the rows of a batch.

        Raises:
          InvalidArgument: for a column of a type that an argument does not take.
        """
        failed: Failed = dict(batch.failed)
        given: dict[str, Any] = {}
        for argument, name in self._read:
            read = lists if argument.is_list else dense
            given[argument.name] = found = read(batch.data[name], name, argument.dtype, argument.item)
            failed = found.failed | failed
        lengths = self._lengths(given, failed)
        failed = self._buckets.too_long(lengths, "lists") | failed
        lengths = np.where(np.isin(np.arange(len(lengths)), list(failed)), self._buckets.largest + 1, lengths)
        pieces = collections.deque(
            (width, some)
            for width, rows in self._buckets.groups(lengths)
            for some in self._pieces(rows, width)
        )

        def scored(take: Callable[[], tuple[int, np.ndarray]]) -> list[tuple[list[Part], Failed]]:
            done = []
            while True:
                try:
                    width, some = take()
                except IndexError:  # there are none any more
                    return done
                try:
                    done.append(self._score(given, lengths, width, some))
                except BaseException:
                    pieces.clear()  # the others are to end too
                    raise

        # One begins with the narrow ones, the others with the wide: several wide ones at once would take much memory
        takes = [pieces.popleft if i == 0 else pieces.pop for i in range(self._at_once)]
        parts: list[Part] = []
        try:
            for done in self._map(scored, takes):
                for some, refused in done:
                    parts += some
                    failed |= refused
        except BaseException:  # an interrupt comes here
            pieces.clear()
            raise
        return Scored(
            self._joined(parts, batch.first), {batch.first + row: failed[row] for row in sorted(failed)}
        )

    def _counts(self, width: int) -> tuple[int, int]:
        """How many rows run together: many, and few. Each width is compiled for both, whatever the rows are."""
        many = max(1, self._rows * USUAL_WIDTH // max(width, USUAL_WIDTH))
        return many, max(1, many // _PARTS)

    def _pieces(self, rows: np.ndarray, width: int) -> Iterator[np.ndarray]:
        """Rows that run together: as many as may, and of what is left few, so that little is filled up."""
        many, few = self._counts(width)
        whole = len(rows) // many * many
        rest = len(rows) - whole
        size = few if rest <= many // 2 else many
        for start in range(0, whole, many):
            yield rows[start : start + many]
        for start in range(whole, len(rows), size):
            yield rows[start : start + size]

    def _lengths(self, given: Mapping[str, Any], failed: Failed) -> np.ndarray:
        """How long the lists of each row are (rows): all of one row are equally long, or it fails."""
        of = [(column, given[argument.name].lengths) for argument, column in self._read if argument.is_list]
        if not of:
            return np.zeros(len(next(iter(given.values())).values), np.int32)
        first, lengths = of[0]
        for column, others in of[1:]:
            for row in np.flatnonzero(others != lengths):
                reason = f"{column}: expected {lengths[row]} elements, as in {first}, got {others[row]}"
                failed.setdefault(int(row), reason)
        return lengths

    def _score(
        self, given: Mapping[str, Any], lengths: np.ndarray, width: int, rows: np.ndarray
    ) -> tuple[list[Part], Failed]:
        """Runs rows of one width together; where that fails, each alone. What came out, and which of them failed."""
        failed: Failed = {}
        try:
            results = self._run(given, lengths, width, rows)
        except RowsFailed as error:
            at = {place: each for place, each in error.failed.items() if place < len(rows)}
            failed = {int(rows[place]): f"[{each.code}] {each}" for place, each in at.items()}
            good = np.setdiff1d(np.arange(len(rows)), list(at))
            results = [np.asarray(leaf)[good] for leaf in jax.tree.leaves(error.results)]
            rows = rows[good]
        except SynjaxError as error:
            if len(rows) == 1:
                return [], {int(rows[0]): f"[{error.code}] {error}"}
            # The rows at fault are found in few runs
            (first, some), (second, others) = (
                self._score(given, lengths, width, half) for half in np.array_split(rows, 2)
            )
            return first + second, some | others
        columns = [
            to_lists(result, lengths[rows]) if is_ragged else to_column(result)
            for result, is_ragged in zip(results, self._is_ragged, strict=True)
        ]
        return [(rows, columns)], failed

    def _run(
        self, given: Mapping[str, Any], lengths: np.ndarray, width: int, rows: np.ndarray
    ) -> list[np.ndarray]:
        many, few = self._counts(width)
        count = few if len(rows) <= few else many
        filled = np.concatenate([rows, np.repeat(rows[-1:], count - len(rows))])
        arguments = {
            argument.name: padded(given[argument.name], filled, width)
            if argument.is_list
            else given[argument.name].values[filled]
            for argument, _ in self._read
        }
        arguments |= {argument.name: lengths[filled].astype(argument.dtype) for argument in self._derived}
        leaves = jax.tree.leaves(self._function(**arguments))
        return [np.asarray(leaf)[: len(rows)] for leaf in leaves]

    def _joined(self, parts: list[Part], first: int) -> pa.Table:
        if not parts:
            return self.schema.empty_table()
        order = np.argsort(np.concatenate([rows for rows, _ in parts]))
        tables = [
            pa.Table.from_arrays(
                [pa.array(rows + first), *map(pa.Array.cast, columns, self._types)], schema=self.schema
            )
            for rows, columns in parts
        ]
        return pa.concat_tables(tables).take(pa.array(order)).combine_chunks()

    def _results(self) -> tuple[list[str], list[bool], list[pa.DataType]]:
        """The names of the results, which of them are lists, and their types: as two widths show them."""
        narrow, wide = (self._shapes(width) for width in (5, 7))
        names, ragged, types = [], [], []
        for (path, a), b in zip(
            jax.tree_util.tree_leaves_with_path(narrow), jax.tree.leaves(wide), strict=True
        ):
            name = ".".join(str(getattr(key, "key", getattr(key, "idx", key))) for key in path) or "result"
            free = [axis for axis, size in enumerate(a.shape) if size != b.shape[axis]]
            if a.shape[:1] != (3,) or free not in ([], [1]) or (free and a.shape[1] != 5):
                raise _wrong(name, "a result of (rows …) or (rows n …)", str(a.shape))
            sample = np.zeros((1, *a.shape[1:]), a.dtype)
            column = to_lists(sample, np.zeros(1, np.int32)) if free else to_column(sample)
            names.append(name)
            ragged.append(bool(free))
            types.append(column.type)
        return names, ragged, types

    def _shapes(self, width: int) -> Any:
        specs = {
            a.name: jax.ShapeDtypeStruct((3, *((width,) if a.is_list else ()), *a.item), a.dtype)
            for a in [*(argument for argument, _ in self._read), *self._derived]
        }
        return jax.eval_shape(lambda given: self._function(**given), specs)


def _wrong(argument: str, expected: str, received: str) -> InvalidArgument:
    return unexpected(argument, expected, received, more=".")
