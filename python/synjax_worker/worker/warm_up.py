"""The warm-up: what a worker compiles before anybody can call it, and how far that is."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

from ..errors import SynjaxError
from .engine import Engine, Job, Session
from .warm_file import Entry

log = logging.getLogger("synjax_worker")

_MESSAGE_LENGTH = 500  # characters of what is wrong with one program


class WarmUp:
    """Compiles what a file says, on the engine's thread. What fails keeps the worker from being ready."""

    def __init__(self, entries: Sequence[Entry]):
        self._entries = entries
        self._done = 0
        self._failures: list[str] = []
        self.is_over = False

    def begin(self, engine: Engine, changed: Callable[[], None]) -> None:
        """Submits its work. `changed` is called, on the engine's thread, after each step."""
        for position, entry in enumerate(self._entries):
            engine.submit(Job(Session(b""), self._step(engine, position, entry, changed), []))

        def end() -> None:
            self.is_over = True
            changed()

        engine.submit(Job(Session(b""), end, []))

    @property
    def state(self) -> str:
        """What there is to wait for, in words."""
        if self.is_over and self._failures:
            return self.error.message
        return f"warming up, {self._done} of {len(self._entries)}"

    @property
    def error(self) -> SynjaxError | None:
        """Why the worker will not be ready, as far as is known."""
        if not self._failures:
            return None
        more = len(self._failures) - 1
        others = f", and {more} more, which the log names" if more else ""
        return SynjaxError("WORKER_START", f"{self._failures[0]}{others}")

    def _step(
        self, engine: Engine, position: int, entry: Entry, changed: Callable[[], None]
    ) -> Callable[[], None]:
        def step() -> None:
            try:
                engine.warm(entry)
            except Exception as error:  # it is told, and the others are compiled to tell of those too
                self._note(position, entry, error)
            self._done += 1
            changed()

        return step

    def _note(self, position: int, entry: Entry, error: Exception) -> None:
        code, details = "RUN_FAILED", {}
        if isinstance(error, SynjaxError):
            code, details = error.code, error.details
        where = ", ".join(f"{name} {details[name]}" for name in ("op", "body", "equation") if name in details)
        said = f"[{code}] {str(error)[:_MESSAGE_LENGTH]}" + (f" ({where})" if where else "")
        self._failures.append(
            f"program {position + 1} of {len(self._entries)} of the warm-up does not compile: {entry.name}: {said}"
        )
        log.error(self._failures[-1], extra={"program": entry.name, "position": position + 1, "code": code})
