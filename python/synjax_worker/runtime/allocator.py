"""Memory: how this process reuses the memory of arrays that were freed."""

from __future__ import annotations

import ctypes

# The numbers of glibc's parameters.
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8

_KEPT_BYTES = 512 << 20
# Arrays from this size on are mapped individually. In the heap each would leave a hole when freed, and a small
# allocation or some bytes of alignment make such a hole useless for the next array. That wastes too much memory.
_MAPPED_BYTES = 64 << 20
# The largest threshold before glibc 2.35. If it refuses a threshold, the default of 128 KB stays.
_OLD_LIMIT = 32 << 20


def keep_freed_memory() -> bool:
    """Has the C allocator reuse up to 512 MB of freed memory instead of returning it to the system.

    By default glibc maps every large array anew. The page faults of an array of 33 MB take longer than most programs
    that fill it. All threads share one arena, so that no thread hoards memory. Call it before any thread starts.

    Returns:
      False if there is no glibc.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):
        return False
    mallopt(_M_ARENA_MAX, 1)
    if not mallopt(_M_MMAP_THRESHOLD, _MAPPED_BYTES):
        mallopt(_M_MMAP_THRESHOLD, _OLD_LIMIT)
    mallopt(_M_TRIM_THRESHOLD, _KEPT_BYTES)
    return True


def return_freed_memory() -> None:
    """Has the C allocator return to the system what it keeps."""
    try:
        ctypes.CDLL(None).malloc_trim(0)
    except (AttributeError, OSError, TypeError):
        return
