"""How far a run is: a line that changes on a terminal, JSON lines otherwise."""

from __future__ import annotations

import json
import sys
import time
from typing import Any, TextIO

_EVERY_SECONDS = 1.0
_BAR = 24


class Progress:
    """Says rows, rows per second and the seconds left, once a second. What is told first was done by earlier runs.

    Args:
      total: rows of the input, where that is known
    """

    def __init__(self, total: int | None, to: TextIO | None = None) -> None:
        self._total, self._to = total, to or sys.stderr
        self._begin: int | None = None  # rows that earlier runs did
        self._is_terminal = self._to.isatty()
        self._started = self._said = time.monotonic()

    def tell(self, rows: int, failed: int) -> None:
        """So many rows are done, of which so many failed."""
        now = time.monotonic()
        if self._begin is None:
            self._begin, self._started = rows, now
        if now - self._said >= _EVERY_SECONDS:
            self._said = now
            self._say(self._state(rows, failed, now))

    def end(self, rows: int, failed: int, **more: Any) -> None:
        """The last line."""
        self._say(self._state(rows, failed, time.monotonic()) | more, last=True)

    def _state(self, rows: int, failed: int, now: float) -> dict[str, Any]:
        rate = (rows - (self._begin or 0)) / max(now - self._started, 1e-9)
        left = None if self._total is None or rate <= 0 else (self._total - rows) / rate
        return {
            "rows": rows,
            "failed": failed,
            "total": self._total,
            "rowsPerSecond": round(rate, 1),
            "secondsLeft": None if left is None else round(left, 1),
        }

    def _say(self, state: dict[str, Any], last: bool = False) -> None:
        if not self._is_terminal:
            print(json.dumps(state), file=self._to, flush=True)
            return
        line = f"{state['rows']:,} rows, {state['rowsPerSecond']:,.0f} a second"
        if state["failed"]:
            line += f", {state['failed']:,} failed"
        if self._total:
            full = round(_BAR * state["rows"] / self._total)
            line = f"[{'#' * full}{' ' * (_BAR - full)}] {line}"
        if not last and state["secondsLeft"] is not None:
            line += f", {state['secondsLeft']:,.0f} s left"
        print(f"\r\x1b[2K{line}", end="\n" if last else "", file=self._to, flush=True)
