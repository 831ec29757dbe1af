"""The compiled programs that workers of one user leave to those that follow: in a directory that nobody else can write,
because what is read from it is run, and no larger than a bound.
"""

from __future__ import annotations

import logging
import os
import stat
from pathlib import Path

MOST_BYTES = 2 << 30
_KEPT = 0.8  # of the bound, where it was exceeded

_log = logging.getLogger(__name__)


def prepared(directory: str, most_bytes: int = MOST_BYTES) -> Path | None:
    """Makes the directory and forgets what is oldest. None for one that others can write: it must not be used."""
    path = Path(directory)
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        refused = _why_not(path)
        if refused is None:
            prune(path, most_bytes)
    except OSError as error:
        refused = str(error)
    if refused is not None:
        _log.warning("compiled programs are not kept: %s", refused)
        return None
    return path


def _why_not(path: Path) -> str | None:
    if not hasattr(os, "getuid"):
        return None
    found = path.stat()
    if found.st_uid != os.getuid():
        return f"{path} belongs to another user"
    if found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        return f"others can write {path}"
    return None


def prune(path: Path, most_bytes: int) -> None:
    """Deletes the oldest files until the rest fit. Another worker may do the same, or read one: then it compiles."""
    found = sorted(
        ((entry.stat(), entry.path) for entry in os.scandir(path)), key=lambda each: each[0].st_mtime
    )
    total = sum(each.st_size for each, _ in found)
    if total <= most_bytes:
        return
    for each, name in found:
        if total <= most_bytes * _KEPT:
            return
        Path(name).unlink(missing_ok=True)
        total -= each.st_size
