"""What a served worker is asked by signals: to end in order, and to read its list of clients again."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from typing import Any

_ENDED_BY_SIGNAL = 128  # and the number of the signal: the status of a process that a shell sees


class Asked:
    """Signals that have come. Handlers only note them; the IO thread looks."""

    def __init__(self, wake: Callable[[], None]):
        self._wake = wake
        self.ends_by: float | None = None  # when it ends at the latest; None: nobody asked for it
        self._rereads = False

    def listen(self, drain_seconds: float) -> None:
        """Takes SIGTERM and SIGINT to end within so many seconds, the second of them at once, and SIGHUP to reread."""

        def end(number: int, _: Any) -> None:
            if self.ends_by is not None:
                os._exit(_ENDED_BY_SIGNAL + number)
            self.ends_by = time.monotonic() + drain_seconds
            self._wake()

        def reread(*_: Any) -> None:
            self._rereads = True
            self._wake()

        signal.signal(signal.SIGTERM, end)
        signal.signal(signal.SIGINT, end)
        if hasattr(signal, "SIGHUP"):
            signal.signal(signal.SIGHUP, reread)

    @property
    def is_late(self) -> bool:
        return self.ends_by is not None and time.monotonic() >= self.ends_by

    def take_reread(self) -> bool:
        """Whether the list is to be read again, once for each time it was asked for."""
        rereads, self._rereads = self._rereads, False
        return rereads
