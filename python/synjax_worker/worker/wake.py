"""Waking the IO thread: other threads ring a file descriptor that its poller watches."""

from __future__ import annotations

import os
import sys

_RING = (1).to_bytes(8, sys.byteorder)


class Wake:
    """An eventfd where the system has it, otherwise a pipe."""

    def __init__(self) -> None:
        if hasattr(os, "eventfd"):
            self.descriptor = self._writer = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        else:
            self.descriptor, self._writer = os.pipe()
            os.set_blocking(self.descriptor, False)

    def ring(self) -> None:
        """Makes the descriptor readable. Any thread may call it."""
        os.write(self._writer, _RING)

    def clear(self) -> None:
        """Makes the descriptor unreadable until the next ring."""
        try:
            os.read(self.descriptor, 8 if self.descriptor == self._writer else 65_536)
        except BlockingIOError:
            pass
