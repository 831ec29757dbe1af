"""How much memory this process can still get: what the machine has, and what its limits leave."""

from __future__ import annotations

import os
import sys
from pathlib import Path

_CGROUPS = Path("/sys/fs/cgroup")


def memory_left(most: int) -> int:
    """Bytes that this process can get before it is refused them, or killed.

    Args:
      most: bytes that it may have in all.
    """
    size, resident, data = _own_memory()
    left = [most - resident, *_left_in_cgroups()]
    if (available := _field("/proc/meminfo", "MemAvailable:")) is not None:
        left.append(available + (_field("/proc/meminfo", "SwapFree:") or 0) << 10)
    for name, used in (("RLIMIT_AS", size), ("RLIMIT_DATA", data)):
        limit = _resource_limit(name)
        if limit is not None:
            left.append(limit - used)
    return max(0, min(left))


def _own_memory() -> tuple[int, int, int]:
    """Bytes of address space, of memory, and of data. 0 where the system does not say."""
    try:
        fields = [int(field) for field in Path("/proc/self/statm").read_text().split()]
    except (OSError, ValueError):
        return 0, 0, 0
    page = os.sysconf("SC_PAGE_SIZE")
    return fields[0] * page, fields[1] * page, fields[5] * page


def _resource_limit(name: str) -> int | None:
    if sys.platform == "win32":
        return None
    import resource

    limit = resource.getrlimit(getattr(resource, name))[0]
    return None if limit == resource.RLIM_INFINITY else limit


def _left_in_cgroups() -> list[int]:
    """What the control groups of this process leave, each of which may have a limit, and those around it."""
    try:
        groups = Path("/proc/self/cgroup").read_text().splitlines()
    except OSError:
        return []
    found = []
    for line in groups:
        _, controllers, path = line.split(":", 2)
        names = _V1 if "memory" in controllers.split(",") else _V2 if not controllers else None
        if names is not None:
            root = _CGROUPS / "memory" if controllers else _CGROUPS
            own = root / path.lstrip("/")
            found += [
                _left_in(folder, *names) for folder in (own, *own.parents) if folder.is_relative_to(root)
            ]
    return [left for left in found if left is not None]


_V1 = ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_")
_V2 = ("memory.max", "memory.current", "")


def _left_in(folder: Path, limit: str, usage: str, total: str) -> int | None:
    """What one control group leaves. What it keeps of files can be taken from it."""
    try:
        most, used = (folder / limit).read_text().strip(), int((folder / usage).read_text())
    except (OSError, ValueError):
        return None
    if not most.isdigit():  # "max"
        return None
    files = (_field(folder / "memory.stat", f"{total}{kind}_file") for kind in ("active", "inactive"))
    return int(most) - used + sum(size or 0 for size in files)


def _field(path: str | Path, name: str) -> int | None:
    try:
        with open(path) as file:
            return next((int(line.split()[1]) for line in file if line.split()[0] == name), None)
    except (OSError, ValueError, IndexError):
        return None
