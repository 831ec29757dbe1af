"""Arrow and Parquet files for the tests of the client: `python -m tests.arrow_files write DIR` makes them with pyarrow,
`python -m tests.arrow_files read FILE` prints what pyarrow finds in one, as JSON.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq


def table() -> pa.Table:
    """Columns of every kind, in two record batches."""
    cubes = np.arange(30, dtype=np.float64).reshape(5, 2, 3)
    return pa.table(
        {
            "i8": pa.array([1, -2, 3, -4, 5], pa.int8()),
            "u64": pa.array([0, 1, 2, 3, 2**64 - 1], pa.uint64()),
            "i64": pa.array([0, 1, 2, 3, -(2**63)], pa.int64()),
            "f16": pa.array(np.array([1, -2, 0.5, 0, 65504], np.float16)),
            "f32": pa.array([1.5, None, 3, 4, 5], pa.float32()),
            "on": pa.array([True, False, True, True, False]),
            "pair": pa.array([[1, 2], [3, 4], [5, 6], [7, 8], [9, 10]], pa.list_(pa.int32(), 2)),
            "cube": pa.FixedShapeTensorArray.from_numpy_ndarray(cubes),
            "rows": pa.array([[1, 2], [], [3], [4, 5, 6], [7]], pa.list_(pa.int32())),
            "large": pa.array([[1.0], [], [2.0, 3.0], [], [4.0]], pa.large_list(pa.float32())),
            "vectors": pa.array(
                [[[1, 2]], [], [[3, 4], [5, 6]], [], [[7, 8]]], pa.list_(pa.list_(pa.float64()))
            ),
            "words": pa.array(["a", "b", None, "a", "c"]).dictionary_encode(),
            "text": pa.array(["x", "", None, "long enough", "z"]),
        }
    )


def write(directory: Path) -> None:
    """The table and a slice of it, as streams, files, and Parquet; and a stream with compressed bodies."""
    whole = table()
    for name, part in {"whole": whole, "slice": whole.slice(1, 3)}.items():
        batches = [*part.slice(0, 2).to_batches(), *part.slice(2).to_batches()]
        with pa.ipc.new_stream(directory / f"{name}.arrows", part.schema) as stream:
            for batch in batches:
                stream.write_batch(batch)
        with pa.ipc.new_file(directory / f"{name}.arrow", part.schema) as file:
            for batch in batches:
                file.write_batch(batch)
    for codec in ("zstd", "lz4"):
        options = pa.ipc.IpcWriteOptions(compression=codec)
        with pa.ipc.new_stream(directory / f"{codec}.arrows", whole.schema, options=options) as stream:
            stream.write_table(whole)
    simple = whole.select(["i8", "f32", "on", "rows", "i64"])
    pq.write_table(simple, directory / "simple.parquet", compression="snappy", row_group_size=2)


def read(path: Path) -> dict[str, Any]:
    """Types and values of each column, tensors as nested lists."""
    raw = path.read_bytes()
    opened = pa.ipc.open_file(raw) if raw[:6] == b"ARROW1" else pa.ipc.open_stream(raw)
    found = opened.read_all()
    found.validate(full=True)
    return {
        name: [str(found[name].type), _values(found[name].combine_chunks())] for name in found.column_names
    }


def _values(column: pa.Array) -> Any:
    if isinstance(column, pa.ChunkedArray):
        column = column.chunk(0)
    if isinstance(column, pa.FixedShapeTensorArray):
        return column.to_numpy_ndarray().tolist()
    return column.to_pylist()


if __name__ == "__main__":
    if sys.argv[1] == "write":
        write(Path(sys.argv[2]))
    else:
        print(json.dumps(read(Path(sys.argv[2]))))
