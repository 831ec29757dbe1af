"""How this process keeps the memory of arrays that are no longer needed, for the next ones."""

from __future__ import annotations

import ctypes

# glibc's numbers of what can be set.
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8

_KEPT_BYTES = 512 << 20
# An array of this size is still mapped by itself. In the heap it leaves a hole that the next of its size may miss by
# some bytes of alignment, and that a small allocation may split: too much to lose where memory is short.
_MAPPED_BYTES = 64 << 20
# Before glibc 2.35 no threshold may be larger; a refused one would leave 128 KB.
_OLD_LIMIT = 32 << 20


def keep_freed_memory() -> bool:
    """Has the C allocator hand freed memory out again, up to 512 MB of it, where it would give it back to the system.

    By itself glibc maps large arrays anew: the page faults of one of 33 MB take longer than most programs that fill it.
    One arena serves all threads, so that no thread keeps memory for itself. To be called before any thread starts;
    false where there is no glibc.
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
