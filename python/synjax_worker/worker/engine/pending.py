"""Launches whose results are not known to be right yet.

An optimistic program has fast computations only, and its status says whether one of them was refused
(`numerics.guard`). Then the careful program, which has the exact ones too, runs in its place on the same inputs. A
launch that uses such a result does not wait for that: it runs ahead, and once more if its inputs turn out to be others.
Whoever is going to tell a result, or to overwrite an input, settles it first.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

# Launches that run ahead of each other, one on the result of the other: all of them keep their inputs.
MOST_AHEAD = 16


class Pending:
    """What is still open about one launch."""

    def __init__(
        self,
        is_refused: Callable[[], bool],
        run_carefully: Callable[[], None],
        repeat: Callable[[], None],
        before: Sequence[Pending] = (),
    ):
        """
        Args:
          is_refused: waits for the launch and reads its status.
          run_carefully: compiles and dispatches the careful program, and puts its results in place.
          repeat: dispatches the same program on what its inputs are by now.
          before: the launches whose results it uses.
        """
        self._is_refused: Callable[[], bool] | None = is_refused
        self._run_carefully: Callable[[], None] | None = run_carefully
        self._repeat: Callable[[], None] | None = repeat
        self._before = tuple(before)
        self._lock = threading.Lock()
        self.ran_again = False

    @property
    def is_open(self) -> bool:
        return self._is_refused is not None

    def settle(self, may_compile: bool = True) -> bool:
        """Afterwards the results are right, or failed. False where that would take a compilation and there `may` be
        none.
        """
        return all(each._settle(may_compile) for each in self._in_order())

    def limit_ahead(self) -> None:
        """Settles the first of the launches that run ahead up to this one, where there are too many."""
        ahead = self._in_order()
        for each in ahead[: max(0, len(ahead) - MOST_AHEAD + 1)]:
            each._settle()

    def _in_order(self) -> list[Pending]:
        """The launches that are open up to this one, each after those before it."""
        found: dict[Pending, None] = {}
        waiting = [(self, False)]
        while waiting:
            each, has_others = waiting.pop()
            if has_others:
                found[each] = None
            elif each.is_open and each not in found:
                waiting.append((each, True))
                waiting += [(other, False) for other in each._before]
        return list(found)

    def _settle(self, may_compile: bool = True) -> bool:
        with self._lock:
            if self._is_refused is None:
                return True
            if any(each.ran_again for each in self._before):
                self._repeat()
                self.ran_again = True
            self._before = ()
            if self._is_refused():
                if not may_compile:
                    return False
                self._run_carefully()
                self.ran_again = True
            self._is_refused = self._run_carefully = self._repeat = None  # they hold the inputs
            return True
