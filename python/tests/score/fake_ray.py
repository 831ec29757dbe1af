"""Ray in one process and in the order that a test says: what the pool needs of it, no more."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

from synjax_worker.score.actor import Answer, Task


class RayError(Exception):
    pass


class RayActorError(RayError):
    pass


class RayTaskError(RayError):
    pass


class ObjectLostError(RayError):
    pass


class GetTimeoutError(RayError, TimeoutError):
    pass


class FakeRay:
    """Each `wait` lets one call of one actor come to its end, in turns.

    Args:
      score: what an actor does with a batch: an answer, or an exception, which is of its process unless it is an
        ObjectLostError
      starts: whether an actor that is the n-th ever comes to life; an exception where it ends instead
    """

    exceptions = type(
        "exceptions",
        (),
        {each.__name__: each for each in (RayError, RayActorError, RayTaskError, ObjectLostError)},
    )

    def __init__(
        self,
        score: Callable[[int, Task], Answer],
        starts: Callable[[int], bool] = lambda _: True,
    ) -> None:
        self.score, self.starts = score, starts
        self.numbers, self.turn = itertools.count(), 0
        self.references: dict[int, Any] = {}  # what is known of each: None while it is not
        self.actors: list[FakeActor] = []
        self.most = 0  # batches that were in actors at once

    def new_actor(self) -> FakeActor:
        self.actors.append(FakeActor(self, len(self.actors)))
        return self.actors[-1]

    def wait(self, references: list[int], *, num_returns: int, timeout: float) -> tuple[list[int], list[int]]:
        self.most = max(self.most, sum(len(each.calls) for each in self.actors))
        self.turn += 1
        for actor in (
            self.actors[self.turn % len(self.actors) :] + self.actors[: self.turn % len(self.actors)]
        ):
            if actor.step():
                break
        ready = [each for each in references if self.references[each] is not None][::-1][:num_returns]
        return ready, [each for each in references if each not in ready]

    def get(self, reference: int, timeout: float | None = None) -> Any:
        found = self.references[reference]
        if found is None:
            raise GetTimeoutError
        if isinstance(found, Exception):
            raise found
        return found

    def kill(self, actor: FakeActor) -> None:
        actor.end(RayActorError("killed"))


class FakeActor:
    def __init__(self, ray: FakeRay, number: int) -> None:
        self.ray, self.number = ray, number
        self.calls: list[tuple[int, Task | None]] = []
        self.start, self.score = _Method(self, False), _Method(self, True)
        self.is_gone = False

    def call(self, task: Task | None) -> int:
        reference = next(self.ray.numbers)
        self.ray.references[reference] = RayActorError("gone") if self.is_gone else None
        self.calls.append((reference, task))
        return reference

    def step(self) -> bool:
        """Ends the first of its calls. False where it has none, or does not come to life."""
        if self.is_gone or not self.calls:
            return False
        reference, task = self.calls[0]
        try:
            if task is None:
                if not self.ray.starts(self.number):
                    return False
                answer = Answer()
            else:
                answer = self.ray.score(self.number, task)
        except ObjectLostError as error:
            answer = error
        except Exception as error:
            self.end(RayActorError(str(error)))
            return True
        self.calls.pop(0)
        self.ray.references[reference] = answer
        return True

    def end(self, error: Exception) -> None:
        self.is_gone = True
        for reference, _ in self.calls:
            self.ray.references[reference] = error
        self.calls = []


class _Method:
    def __init__(self, actor: FakeActor, has_task: bool) -> None:
        self._actor, self._has_task = actor, has_task

    def remote(self, task: Task | None = None) -> int:
        assert (task is not None) == self._has_task
        return self._actor.call(task)
