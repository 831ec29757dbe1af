"""The memory of launches: one that would take more than there is fails, before the system kills the process."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable

from ...errors import SynjaxError

RESERVE = 128 << 20  # bytes that are left for everything else that the process does
_COLLECT_SECONDS = 1  # collecting garbage takes time, and a client may ask for too much again and again
SMALL_BYTES, SMALL_RESERVE = 1 << 20, 32 << 20  # a small call may use most of that
_SHARE = 4  # a quarter of what is left is given out before it is measured again: others use memory too


class Budget:
    """What is left of the memory. It is measured seldom; in between, what calls take is counted."""

    def __init__(self, left: Callable[[], int], settle: Callable[[], None], release: Callable[[], object]):
        """
        Args:
          left: measures how many bytes can be had.
          settle: waits until what runs has taken its memory. What is given out is not counted by the system before.
          release: gives freed memory back to the system.
        """
        self._left = left
        self._settle = settle
        self._release = release
        self._collect_after = 0.0
        self._granted = 0  # bytes that may be taken without measuring

    def take(self, size: int) -> None:
        """Takes bytes that are about to be used. Raises SynjaxError (OUT_OF_MEMORY) where there are not so many."""
        if size <= self._granted:
            self._granted -= size
            return
        self._settle()
        reserve = RESERVE if size > SMALL_BYTES else SMALL_RESERVE
        left = self._left() - reserve
        if size > left:
            if time.monotonic() > self._collect_after:
                gc.collect()
                self._collect_after = time.monotonic() + _COLLECT_SECONDS
            self._release()
            left = self._left() - reserve
        if size > left:
            self._granted = 0
            raise SynjaxError(
                "OUT_OF_MEMORY",
                f"out of memory: {size} bytes were asked for, {max(0, left)} are left. "
                "Dispose of results that are no longer needed",
            )
        self._granted = max(0, left - size - RESERVE) // _SHARE
