"""How this process keeps the memory of arrays that are no longer needed, for the next ones."""

from __future__ import annotations

import ctypes

# glibc's numbers of what can be set.
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8

_KEPT_BYTES = 1 << 30
# Before glibc 2.35 a threshold may not be larger.
_OLD_LIMIT = 32 << 20


def keep_freed_memory() -> bool:
    """Has the C allocator hand freed memory out again, up to 1 GiB of it, where it would give it back to the system.

    By itself glibc maps every large array anew: the page faults of a 33 MB array take longer than most programs that
    fill one. One arena serves all threads, because those of threads hold nothing that is larger than 64 MB. To be
    called before any thread starts; false where there is no glibc.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):
        return False
    mallopt(_M_ARENA_MAX, 1)
    if not mallopt(_M_MMAP_THRESHOLD, _KEPT_BYTES):
        mallopt(_M_MMAP_THRESHOLD, _OLD_LIMIT)
    mallopt(_M_TRIM_THRESHOLD, _KEPT_BYTES)
    return True
