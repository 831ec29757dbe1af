"""Signs of life of the IO thread. A worker without them ends, or its supervisor ends it."""

from __future__ import annotations

import faulthandler
import os
import sys
import time

_BEAT_SECONDS = 0.5
ORPHANED = 1  # the status of a worker whose supervisor is gone


class Heartbeat:
    """The IO thread beats once a second or oftener. After `hang_after` seconds without a beat the process says on
    stderr where each of its threads is, and ends with status 1: a thread of C does that, which nothing in Python can
    hold up.
    """

    def __init__(self, hang_after: float | None = None, pipe: int | None = None):
        """
        Args:
          hang_after: in seconds; None: it may be silent for ever.
          pipe: a descriptor of which a supervisor reads each beat.
        """
        self._hang_after = hang_after
        self._pipe = pipe
        self._next = 0.0
        if pipe is not None:
            os.set_blocking(pipe, False)
            os.set_inheritable(pipe, False)  # it closes when this process ends

    def beat(self) -> None:
        """Says that the IO thread goes on."""
        now = time.monotonic()
        if now < self._next:
            return
        self._next = now + _BEAT_SECONDS
        if self._hang_after is not None:
            faulthandler.dump_traceback_later(self._hang_after, exit=True, file=sys.__stderr__)
        if self._pipe is None:
            return
        try:
            os.write(self._pipe, b".")
        except BlockingIOError:  # the supervisor does not read: it has been stopped, perhaps
            pass
        except OSError:  # it is gone, and nobody waits for this worker
            os._exit(ORPHANED)
