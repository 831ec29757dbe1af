"""Arrow columns as numpy arrays: of one shape per row, or padded. A row that is wrong fails alone."""

from __future__ import annotations

import dataclasses

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ..errors import InvalidArgument, unexpected

# The binary digits of floats, which count integers up to two to that power.
_DIGITS = {"float16": 11, "bfloat16": 8, "float32": 24, "float64": 53}

Failed = dict[int, str]  # rows by their places, and what is wrong with each


@dataclasses.dataclass(frozen=True)
class Dense:
    """A column whose rows have one shape: `values` (rows *item). Rows that failed are zero."""

    values: np.ndarray
    failed: Failed


@dataclasses.dataclass(frozen=True)
class Lists:
    """A column whose rows are lists: `elements` (total *item) of all rows one after another, `lengths` (rows), int32.
    Rows that failed have length 0, and no elements.
    """

    elements: np.ndarray
    lengths: np.ndarray
    failed: Failed


def dense(column: pa.Array, name: str, dtype: np.dtype, item: tuple[int, ...] = ()) -> Dense:
    """A column of numbers, or of lists that have the shape of `item` in each row.

    Integers and booleans keep their values or fail; floats are rounded to `dtype`, and fail where it has no such size.

    Raises:
      InvalidArgument: for a column that holds no numbers, or lists to another depth.
    """
    column, shape = _stored(column, name, item)
    leaves, failed = _leaves(column, name, shape)
    values, wrong = _cast(leaves, name, dtype)
    size = int(np.prod(item, dtype=np.int64))
    if not failed and not wrong:
        return Dense(values.reshape(len(column), *item), failed)
    # Rows that failed have no leaves: the others keep their order
    has_leaves = np.ones(len(column), np.bool_)
    has_leaves[np.fromiter(failed, np.int64, len(failed))] = False
    good = np.flatnonzero(has_leaves)
    failed |= {int(good[i // size]): reason for i, reason in wrong.items()} if size else {}
    out = np.zeros((len(column), *item), dtype)
    out[good] = values.reshape(len(good), *item)
    for row in failed:
        out[row] = 0
    return Dense(out, failed)


def lists(column: pa.Array, name: str, dtype: np.dtype, item: tuple[int, ...] = ()) -> Lists:
    """A column of lists that differ in length, of numbers or of lists of the shape of `item`.

    Raises:
      InvalidArgument: for a column that holds no lists of numbers, or lists to another depth.
    """
    if not _is_list(column.type):
        raise _wrong_type(name, "a column of lists", column.type)
    count = len(column)
    failed = {row: f"{name}: {reason}" for row, reason in _nulls(column, np.arange(count)).items()}
    lengths = pc.fill_null(pc.list_value_length(column), 0).to_numpy(zero_copy_only=False).astype(np.int64)
    rows = np.repeat(np.arange(count), lengths)
    elements = dense(column.flatten(), name, dtype, item)
    for i, reason in elements.failed.items():
        failed.setdefault(int(rows[i]), reason)
    if failed:
        bad = np.fromiter(failed, np.int64, len(failed))
        keep = ~np.isin(rows, bad)
        lengths[bad] = 0
        return Lists(elements.values[keep], lengths.astype(np.int32), failed)
    return Lists(elements.values, lengths.astype(np.int32), failed)


def _stored(column: pa.Array, name: str, item: tuple[int, ...]) -> tuple[pa.Array, tuple[int, ...]]:
    """What lies under a column of tensors: each is one list of all its elements."""
    if not isinstance(column, pa.ExtensionArray):
        return column, item
    if not isinstance(column.type, pa.FixedShapeTensorType) or tuple(column.type.shape) != item:
        raise _wrong_type(name, f"rows of shape {item}", column.type)
    return column.storage, (int(np.prod(item, dtype=np.int64)),)


def _leaves(column: pa.Array, name: str, item: tuple[int, ...]) -> tuple[pa.Array, Failed]:
    """The numbers of all rows but those that fail, and which rows these are."""
    failed: Failed = {}
    rows = np.arange(len(column))
    for axis, size in enumerate(item):
        if not _is_list(column.type):
            raise _wrong_type(name, f"lists of shape {item}", column.type)
        failed |= _nulls(column, rows)
        lengths = pc.fill_null(pc.list_value_length(column), size).to_numpy(zero_copy_only=False)
        for i in np.flatnonzero(lengths != size):
            failed.setdefault(int(rows[i]), f"expected {size} elements on axis {axis}, got {lengths[i]}")
        column, rows = _without(column, rows, failed)
        column, rows = column.flatten(), np.repeat(rows, size)
    if _is_list(column.type):
        raise _wrong_type(name, f"rows of shape {item}", column.type)
    failed |= {row: reason for row, reason in _nulls(column, rows).items() if row not in failed}
    column, _ = _without(column, rows, failed)
    return column, {row: f"{name}: {reason}" for row, reason in failed.items()}


def _without(column: pa.Array, rows: np.ndarray, failed: Failed) -> tuple[pa.Array, np.ndarray]:
    if not failed:
        return column, rows
    keep = ~np.isin(rows, np.fromiter(failed, np.int64, len(failed)))
    return column.filter(pa.array(keep)), rows[keep]


def _nulls(column: pa.Array, rows: np.ndarray) -> Failed:
    if column.null_count == 0:
        return {}
    nulls = column.is_null().to_numpy(zero_copy_only=False)
    return {int(row): "expected a value, got null" for row in rows[nulls]}


def _cast(leaves: pa.Array, name: str, dtype: np.dtype) -> tuple[np.ndarray, Failed]:
    """Numbers as `dtype`, and those that it does not hold."""
    kinds = pa.types
    is_bool = kinds.is_boolean(leaves.type)
    is_number = kinds.is_integer(leaves.type) or kinds.is_floating(leaves.type)
    if kinds.is_null(leaves.type) and len(leaves) == 0:
        return np.zeros(0, dtype), {}  # of no rows JSON says no type
    if is_bool != (dtype == np.bool_) or not (is_bool or is_number):
        raise _wrong_type(name, f"numbers that fit {dtype}", leaves.type)
    given = leaves.to_numpy(zero_copy_only=False)
    if given.dtype == dtype:
        return given, {}
    to_float, from_float = dtype.name in _DIGITS, given.dtype.name in _DIGITS
    with np.errstate(over="ignore", invalid="ignore"):
        values = given.astype(dtype)
        if to_float and from_float:
            lost = np.isfinite(given) & ~np.isfinite(values.astype(np.float64))
        elif to_float:  # beyond these not every integer is a float
            lost = (given > 2 ** _DIGITS[dtype.name]) | (given < -(2 ** _DIGITS[dtype.name]))
        else:
            info = np.iinfo(dtype)
            least, most = (float(info.min), float(info.max)) if from_float else (info.min, info.max)
            lost = ~((given >= least) & (given <= most)) | (given != np.trunc(given) if from_float else False)
            # The largest 64-bit integers round up to a float that is none of them
            lost |= (given == most) & (int(most) > info.max)
    return values, {
        int(i): f"{name}: expected a value of {dtype}, got {given[i]}" for i in np.flatnonzero(lost)
    }


def _is_list(kind: pa.DataType) -> bool:
    return pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind)


def _wrong_type(name: str, expected: str, received: pa.DataType) -> InvalidArgument:
    return unexpected(name, expected, received, more=".")
