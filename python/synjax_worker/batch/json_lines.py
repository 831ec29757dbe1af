"""Lines of JSON as rows. pyarrow's own reader of JSON is not asked: it ends the process where a line is no object."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, NamedTuple

import pyarrow as pa


class JsonBatch(NamedTuple):
    data: pa.RecordBatch  # a row for each line
    failed: dict[int, str]  # lines that could not be read, where `data` is null, and why
    named: list[str]  # the columns that any line has, and those that no good line says anything of


def json_batch(lines: Sequence[bytes], columns: Sequence[str] | None, schema: pa.Schema | None) -> JsonBatch:
    """Lines, each of which is to hold one object.

    Args:
      columns: those wanted; all that any line has where it is left out.
      schema: types of columns; of others it is what the first value says.
    """
    failed: dict[int, str] = {}
    objects = [_object(i, line, failed) for i, line in enumerate(lines)]
    seen = list(dict.fromkeys(name for row in objects for name in row))
    names = list(columns) if columns is not None else seen
    kinds = {name: schema.field(name).type for name in names if schema is not None and name in schema.names}
    arrays = [_column(name, [row.get(name) for row in objects], kinds.get(name), failed) for name in names]
    if names:
        data = pa.RecordBatch.from_arrays(arrays, names)
    else:
        data = pa.RecordBatch.from_struct_array(pa.array([{}] * len(lines), pa.struct([])))
    nothing_said = len(failed) == len(lines)
    return JsonBatch(data, failed, names if nothing_said else seen)


def _object(i: int, line: bytes, failed: dict[int, str]) -> dict[str, Any]:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError) as error:
        failed[i] = f"expected one JSON object in a line: {error}"
        return {}
    if isinstance(found, dict):
        return found
    failed[i] = f"expected one JSON object in a line, got {type(found).__name__}"
    return {}


def _column(name: str, values: list[Any], kind: pa.DataType | None, failed: dict[int, str]) -> pa.Array:
    try:
        return pa.array(values, kind)
    except (pa.ArrowException, OverflowError):
        pass
    # One value is of another type, or several: those fail alone
    for i, value in enumerate(values):
        try:
            array = pa.array([value], kind)
        except (pa.ArrowException, OverflowError) as error:
            failed.setdefault(i, f"{name}: {error}")
            values[i] = None
            continue
        if kind is None and not pa.types.is_null(array.type):
            kind = array.type
    return pa.array(values, kind)
