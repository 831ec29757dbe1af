"""Launches of optimistic programs: until their certificate is read, nobody knows whether their results are right.

Such a program has fast computations only, and its status says whether one of them was refused (`numerics.guard`). Then
the careful program, which has the exact ones too, runs in its place on the same inputs. Whoever is going to use a
result settles that first.
"""

from __future__ import annotations

import threading
from collections.abc import Callable


class Pending:
    """What is still open about one launch."""

    def __init__(self, is_refused: Callable[[], bool], run_again: Callable[[], None]):
        """
        Args:
          is_refused: waits for the launch and reads its status.
          run_again: compiles and dispatches the careful program, and puts its results in place.
        """
        self._is_refused: Callable[[], bool] | None = is_refused
        self._run_again: Callable[[], None] | None = run_again
        self._lock = threading.Lock()

    def settle(self, may_compile: bool = True) -> bool:
        """Afterwards the results are right, or failed. False, and nothing is done, where that would take a compilation
        and there `may` be none.
        """
        with self._lock:
            if self._is_refused is None:
                return True
            if self._is_refused():
                if not may_compile:
                    return False
                self._run_again()
            self._is_refused = self._run_again = None  # they hold the inputs
            return True
