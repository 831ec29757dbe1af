"""Completions: a thread of their own waits for results that take long, reads their status and answers."""

from __future__ import annotations

import collections
import queue
import threading
import time
from collections.abc import Callable, Sequence

import jax

from .handles import Handle, is_ready

_POLL_SECONDS = 0.001


class Completions:
    """Steps that wait for the device, done one after the other in the order of their jobs."""

    def __init__(self, lock: threading.Condition, finished: Callable[[], None]):
        self._lock = lock  # guards `pending` and the reads of handles
        self._finished = finished  # called under the lock, after each step
        self._queue: queue.SimpleQueue[tuple[Callable[[], None], Sequence[Handle]]] = queue.SimpleQueue()
        self.pending = 0

    def put(self, complete: Callable[[], None], reads: Sequence[Handle]) -> None:
        """Queues a step that reads these handles."""
        with self._lock:
            self.pending += 1
            for handle in reads:
                handle.reads += 1
        self._queue.put((complete, reads))

    def loop(self) -> None:
        """What the thread runs, for ever."""
        while True:
            complete, reads = self._queue.get()
            complete()
            with self._lock:
                for handle in reads:
                    handle.reads -= 1
                self.pending -= 1
                self._finished()
                self._lock.notify_all()

    def wait_until_done(self, seconds: float | None = None) -> None:
        """Waits until no step is queued, but not longer, if that is said."""
        if self.pending:
            with self._lock:
                self._lock.wait_for(lambda: not self.pending, seconds)

    def wait_until_read(self, handles: Sequence[Handle]) -> None:
        """Waits until no queued step is going to read the handles."""
        if handles and self.pending:
            with self._lock:
                self._lock.wait_for(lambda: not any(handle.reads for handle in handles))


class Unawaited:
    """Results of launches that nobody waits for: they tell whether the device still has work."""

    def __init__(self, lock: threading.Condition):
        self._lock = lock
        self._arrays: collections.deque[jax.Array] = collections.deque()

    def watch(self, outputs: Sequence[Handle]) -> jax.Array | None:
        """Adds a launch, by its first array, and returns that. Forgets launches that are done, or their arrays would
        stay in memory.
        """
        self.are_done()
        for handle in outputs:
            for leaf in jax.tree.leaves(handle.value)[:1]:
                self._arrays.append(leaf)
                return leaf
        return None

    def wait_until_done(self, seconds: float) -> None:
        """Waits until all these launches have run, but not longer."""
        deadline = time.monotonic() + seconds
        while not self.are_done() and time.monotonic() < deadline:
            time.sleep(_POLL_SECONDS)

    def are_done(self) -> bool:
        """Whether all these launches have run."""
        arrays = self._arrays
        if arrays:
            with self._lock:
                while arrays and is_ready(arrays[0]):
                    arrays.popleft()
        return not arrays
