"""The formats of tables, by the names of files."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from ..errors import InvalidArgument

Format = Literal["parquet", "arrow", "jsonl"]

# An Arrow file and an Arrow stream are told by their bytes where they are read; ".arrows" is written as a stream.
_BY_SUFFIX: dict[str, Format] = {
    ".parquet": "parquet",
    ".arrow": "arrow",
    ".arrows": "arrow",
    ".feather": "arrow",
    ".ipc": "arrow",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
}


def format_of(path: Path, argument: str) -> Format:
    """The format of a file, by its suffix.

    Raises:
      InvalidArgument: for a suffix that is none of these.
    """
    found = _BY_SUFFIX.get(path.suffix.lower())
    if found:
        return found
    expected = f"a file of {', '.join(_BY_SUFFIX)}"
    raise InvalidArgument(
        f"`{argument}`: expected {expected}, got {path.name}.",
        argument=argument,
        expected=expected,
        received=path.name,
    )
