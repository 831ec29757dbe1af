"""Batches over actors that end at any moment, without Ray: `test_ray.py` has it."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from typing import Any

import pyarrow as pa
import pytest

from synjax_worker.batch.reader import RowBatch
from synjax_worker.batch.run import Part
from synjax_worker.errors import InvalidArgument, SynjaxError
from synjax_worker.score.actor import Answer, Task, from_buffer, to_buffer
from synjax_worker.score.pool import Pool

from .fake_ray import FakeRay, ObjectLostError, RayTaskError

ROWS = 3  # of a batch


def batches(count: int) -> Iterator[RowBatch]:
    for i in range(count):
        data = pa.record_batch({"x": range(ROWS * i, ROWS * (i + 1))})
        yield RowBatch(ROWS * i, data, {1: "unread"} if i == 2 else {})


def doubled(_: int, task: Task) -> Answer:
    data = from_buffer(task.data)
    table = pa.table({"row": data["x"], "twice": [2 * x.as_py() for x in data["x"]]})
    return Answer(to_buffer(table), {task.first + row: reason for row, reason in task.failed.items()})


def run(ray: FakeRay, count: int, actors: int = 2, clock: Callable[[], float] = lambda: 0.0) -> list[Part]:
    pool = Pool(ray, ray.new_actor, actors, 60, lambda: "there is no CPU", clock)
    found = list(pool(batches(count)))
    assert all(actor.is_gone for actor in ray.actors), "actors are ended at the end"
    return found


def check_whole(parts: list[Part], count: int) -> None:
    assert [part.end for part in parts] == [ROWS * (i + 1) for i in range(count)]
    rows = pa.concat_tables([part.scored.data for part in parts]).to_pydict()
    assert rows["row"] == list(range(ROWS * count))
    assert rows["twice"] == [2 * i for i in range(ROWS * count)]
    assert [part.scored.failed for part in parts if part.scored.failed] == [{7: "unread"}]


@pytest.mark.parametrize("actors", [1, 2, 5])
def test_batches_come_back_in_order(actors: int) -> None:
    ray = FakeRay(doubled)
    check_whole(run(ray, 40, actors), 40)
    assert ray.most <= 2 * actors
    assert len(ray.actors) == actors


def test_no_batches() -> None:
    assert run(FakeRay(doubled), 0) == []


@pytest.mark.parametrize("seed", range(20))
def test_processes_and_machines_that_end_lose_and_double_nothing(seed: int) -> None:
    luck = random.Random(seed)
    died: dict[int, int] = {}

    def score(actor: int, task: Task) -> Answer:
        if luck.random() < 0.25 and died.get(task.first, 0) < 2:
            died[task.first] = died.get(task.first, 0) + 1
            raise luck.choice([MemoryError, ObjectLostError])("ended")
        return doubled(actor, task)

    check_whole(run(FakeRay(score), 30, 3), 30)
    assert died


def test_a_batch_that_ends_every_process_is_named_and_given_up() -> None:
    tried: list[int] = []

    def score(actor: int, task: Task) -> Answer:
        if task.first == 15:
            tried.append(actor)
            raise MemoryError("killed")
        return doubled(actor, task)

    ray = FakeRay(score)
    with pytest.raises(SynjaxError, match="Rows 15 to 17 ended 3 processes") as failed:
        run(ray, 30)
    assert failed.value.code == "WORKER_LOST"
    assert len(set(tried)) == len(tried) == 3


def test_what_came_before_such_a_batch_is_given_back() -> None:
    def score(actor: int, task: Task) -> Answer:
        if task.first == 15:
            raise MemoryError("killed")
        return doubled(actor, task)

    ray = FakeRay(score)
    found: list[int] = []
    with pytest.raises(SynjaxError):
        for part in Pool(ray, ray.new_actor, 2, 60, lambda: "", lambda: 0.0)(batches(30)):
            found.append(part.end)
    assert found == [3, 6, 9, 12, 15]


def test_no_more_is_read_than_may_be_ahead_of_what_is_written() -> None:
    """A batch that is slow holds up those behind it: they must not fill the memory."""
    read: list[int] = []

    def watched() -> Iterator[RowBatch]:
        for batch in batches(100):
            read.append(batch.first // ROWS)
            yield batch

    slow = 50

    def score(actor: int, task: Task) -> Answer:
        nonlocal slow
        if task.first == 0 and slow:
            slow -= 1
            raise ObjectLostError("once more")
        return doubled(actor, task)

    ray = FakeRay(score)
    parts = Pool(ray, ray.new_actor, 2, 60, lambda: "", lambda: 0.0)(watched())
    next(parts)
    assert len(read) == 8
    parts.close()
    assert all(actor.is_gone for actor in ray.actors)


def test_no_cpu_for_any_actor_is_told_in_time() -> None:
    seconds = iter(range(1_000))
    with pytest.raises(SynjaxError, match="there is no CPU") as failed:
        run(FakeRay(doubled, lambda _: False), 5, clock=lambda: next(seconds))
    assert failed.value.code == "WORKER_LOST"
    assert next(seconds) == 62


def test_a_cpu_for_one_of_two_actors_is_enough() -> None:
    seconds = iter(range(10_000))
    check_whole(run(FakeRay(doubled, lambda number: number == 1), 90, clock=lambda: next(seconds)), 90)


def test_actors_that_end_before_they_are_ready_are_not_started_for_ever() -> None:
    def starts(_: int) -> bool:
        raise OSError("no such module")

    ray = FakeRay(doubled, starts)
    with pytest.raises(SynjaxError, match="6 actors ended before any was ready: no such module"):
        run(ray, 5)


def test_what_an_actor_says_is_what_it_would_be_here() -> None:
    error = InvalidArgument("`x`: expected numbers", argument="x", expected="numbers", received="text")
    answers: dict[str, Any] = {"error": error.to_wire()}
    with pytest.raises(SynjaxError, match="`x`: expected numbers") as failed:
        run(FakeRay(lambda actor, task: Answer(**answers) if task.first else doubled(actor, task)), 5)
    assert (failed.value.code, failed.value.argument) == ("INVALID_ARGUMENT", "x")


def test_a_task_that_an_actor_cannot_read_is_not_tried_again() -> None:
    ray = FakeRay(doubled)
    ray.get = lambda reference, timeout=None: (_ for _ in ()).throw(RayTaskError("no module"))
    with pytest.raises(SynjaxError, match="An actor of Ray failed: no module"):
        run(ray, 5)
