"""Which jobs are gathered: nothing here runs."""

from __future__ import annotations

import queue
import threading
from typing import Any

import pytest

from synjax_worker.errors import SynjaxError
from synjax_worker.protocol import BATCHABLE, FIND_NANS, LENIENT
from synjax_worker.worker.codec import HostArray, Launch, Weak
from synjax_worker.worker.engine.gather import Batching, Gatherer
from synjax_worker.worker.engine.handles import Handle, Outcome
from synjax_worker.worker.engine.held import Held
from synjax_worker.worker.engine.jobs import Job, Session

X = HostArray("float32", (2,), b"12345678")
Y = HostArray("float32", (3,), b"123456781234")


class Jobs(queue.SimpleQueue):
    """A queue that notes for how long somebody would have waited, and does not."""

    def __init__(self) -> None:
        super().__init__()
        self.waits: list[float] = []

    def get(self, block: bool = True, timeout: float | None = None) -> Any:
        if timeout is not None:
            self.waits.append(timeout)
        return super().get(block=False)


class Gathering:
    def __init__(self, busy: int = 0, **batching: float):
        """Args: busy: how often the device is found to be at work."""
        self.jobs = Jobs()
        looks = iter([True] * busy)
        self.gatherer = Gatherer(
            self.jobs, Batching(**{"max_batch": 8} | batching), lambda: next(looks, False)
        )

    def put(
        self, session: Session, *inputs: Any, flags: int = BATCHABLE, hash_: bytes = b"f", **more: Any
    ) -> Job:
        fields = {"outputs": 1, "wants": [0], "donated": (), "frees": [], "first_output": 1} | more
        launch = Launch(seq=1, hash=hash_, has_body=False, inputs=list(inputs), flags=flags, **fields)
        return self.put_job(Job(session, launch, []))

    def put_job(self, job: Job) -> Job:
        self.jobs.put(job)
        return job

    def groups(self) -> list[list[Job]]:
        found = []
        while len(self.gatherer):
            found.append(self.gatherer.get())
        return found


def sessions(count: int) -> list[Session]:
    return [Session(b"%d" % k) for k in range(count)]


def with_handle(value: Any, *ids: int) -> Session:
    session = Session(b"s")
    for id_ in ids:
        session.handles[id_] = Handle(value, ("float32", (2,), False), Outcome())
    return session


def test_launches_of_one_kind_run_together_up_to_the_most() -> None:
    for most in (2, 3, 8):
        gathering = Gathering(max_batch=most)
        jobs = [gathering.put(session, X) for session in sessions(5)]
        assert gathering.groups() == [jobs[k : k + most] for k in range(0, 5, most)]


def test_what_differs_runs_apart() -> None:
    gathering = Gathering()
    a, b = sessions(2)
    others = [
        gathering.put(b, X, hash_=b"g"),
        gathering.put(b, Y),
        gathering.put(b, X, Weak(1)),
        gathering.put(b, X, Weak(2)),
        gathering.put(b, X, Weak(1.0)),
        gathering.put(b, X, Weak(0.0)),
        gathering.put(b, X, Weak(-0.0)),
    ]
    job = gathering.put(a, X)
    assert gathering.groups() == [[each] for each in (*others, job)]


@pytest.mark.parametrize(
    "change",
    [
        {"flags": 0},
        {"flags": BATCHABLE | LENIENT},
        {"flags": BATCHABLE | FIND_NANS},
        {"donated": (0,)},
        {"wants": []},
        {"outputs": 2},
    ],
)
def test_what_cannot_be_batched_runs_alone(change: dict[str, Any]) -> None:
    gathering = Gathering()
    jobs = [gathering.put(session, X, **change) for session in sessions(2)]
    assert gathering.groups() == [[job] for job in jobs]


def test_what_brings_no_array_or_is_refused_or_has_nobody_left_runs_alone() -> None:
    gathering = Gathering()
    a, b, c, d = sessions(4)
    value = object()
    e = with_handle(value, 1)
    without = [gathering.put(e, 1), gathering.put(with_handle(value, 1), 1)]
    refused = gathering.put(a, X)
    refused.refused = SynjaxError("ABORTED", "aborted")
    left = gathering.put(b, X)
    b.is_ended = True
    jobs = [gathering.put(c, X), gathering.put(d, X)]
    assert gathering.groups() == [*([job] for job in without), [refused], [left], jobs]


def test_what_is_late_takes_nobodys_place() -> None:
    gathering = Gathering(max_batch=2)
    a, b = sessions(2)
    jobs = [gathering.put(session, X) for session in (a, b, a, b)]
    for job in jobs[:2]:
        job.due = 0.0  # of the clock, which is later by now
    assert gathering.groups() == [[jobs[0]], [jobs[1]], jobs[2:]]
    assert [job.is_dropped for job in jobs] == [True, True, False, False]


def test_values_on_the_device_have_to_be_the_same_ones() -> None:
    gathering = Gathering()
    shared, other = object(), object()
    a, b, c = with_handle(shared, 1, 2), with_handle(shared, 7), with_handle(other, 1)
    jobs = [gathering.put(a, X, 1), gathering.put(c, X, 1), gathering.put(b, X, 7), gathering.put(a, X, 2)]
    failed = with_handle(shared, 1)
    failed.handles[1].outcome.error = {"code": "RUN_FAILED"}
    alone = [gathering.put(failed, X, 1), gathering.put(Session(b"t"), X, 1)]
    assert gathering.groups() == [[jobs[0], jobs[2], jobs[3]], [jobs[1]], *([job] for job in alone)]


def test_a_launch_overtakes_others_but_nothing_of_its_own_session() -> None:
    gathering = Gathering()
    a, b, c = sessions(3)
    first = gathering.put(a, X)
    between = gathering.put(b, Y)
    own = gathering.put(b, X)  # after `between`
    overtakes = gathering.put(c, X)
    cleared = gathering.put_job(Job(c, lambda: None, []))
    after = gathering.put(c, X)
    also = gathering.put(a, X)
    assert gathering.groups() == [[first, overtakes, also], [between], [own], [cleared], [after]]


def test_what_does_not_fit_any_more_keeps_the_order_of_its_session() -> None:
    gathering = Gathering(max_batch=2)
    a, b = sessions(2)
    jobs = [gathering.put(a, X), gathering.put(a, X), gathering.put(b, X), gathering.put(a, X)]
    assert gathering.groups() == [jobs[:2], jobs[2:]]


def test_a_lone_caller_does_not_wait() -> None:
    gathering = Gathering()
    for _ in range(3):
        gathering.put(sessions(1)[0], X)
        gathering.groups()
    assert gathering.jobs.waits == []


def test_a_launch_waits_only_for_as_many_as_came_last_time() -> None:
    gathering = Gathering(max_wait=60_000)
    for session in sessions(3):
        gathering.put(session, X)
    gathering.groups()
    assert gathering.jobs.waits == []
    late = iter(sessions(2))
    get = gathering.jobs.get

    def get_and_bring(block: bool = True, timeout: float | None = None) -> Any:
        if timeout is not None:
            gathering.put(next(late), X)
        return get(block, timeout)

    gathering.jobs.get = get_and_bring  # each time that it waits, another one comes
    gathering.put(sessions(1)[0], X)
    assert [len(group) for group in gathering.groups()] == [3]
    assert len(gathering.jobs.waits) == 2
    assert all(50 < seconds <= 60 for seconds in gathering.jobs.waits)


def test_after_that_time_it_runs_alone_and_does_not_wait_again() -> None:
    gathering = Gathering(max_wait=0)
    for session in sessions(2):
        gathering.put(session, X)
    gathering.groups()
    gathering.put(sessions(1)[0], X)
    assert [len(group) for group in gathering.groups()] == [1]
    gathering.gatherer.batching = Batching(8, 60_000)
    gathering.put(sessions(1)[0], X)
    gathering.groups()
    assert gathering.jobs.waits == []


def test_while_the_device_is_busy_more_may_come_unless_something_else_waits() -> None:
    for other, waits in ((False, 3), (True, 0)):
        gathering = Gathering(busy=3)
        gathering.put(sessions(1)[0], X)
        if other:
            gathering.put(sessions(1)[0], Y, flags=0)
        gathering.gatherer.get()
        assert len(gathering.jobs.waits) == waits


def test_a_kind_that_was_refused_runs_alone() -> None:
    gathering = Gathering()
    for session in sessions(2):
        gathering.put(session, X)
    kind = gathering.groups()[0][0].kind
    assert gathering.gatherer.refuse(kind)
    assert not gathering.gatherer.refuse(kind)
    jobs = [gathering.put(session, X) for session in sessions(2)]
    assert gathering.groups() == [[job] for job in jobs]


class Holding:
    """Launches that are held, and in which groups they ran or were queued."""

    def __init__(self) -> None:
        gathering = Gathering()
        self.put = gathering.put
        self.is_free = True
        self.ran: list[list[Job]] = []
        self.queued: list[Job] = []
        lock = threading.Condition()
        run = lambda jobs: self.ran.append(list(jobs))
        self.held = Held(gathering.gatherer, lock, lambda: self.is_free, run, self.queued.append)

    def take(self, *jobs: Job) -> None:
        assert all(self.held.take(job, lambda: False) for job in jobs)


def test_a_launch_is_held_for_others() -> None:
    holding = Holding()
    one, two = sessions(2)
    first, second = holding.put(one, X), holding.put(two, X)
    assert not holding.held.take(first, lambda: True), "nobody else is there"
    holding.take(first, second)
    assert len(holding.held) == 2
    assert (holding.held.has_of(two), holding.held.has_of(Session(b"3"))) == (True, False)
    holding.held.release()
    assert (holding.ran, bool(holding.held)) == ([[first, second]], False)
    third = holding.put(one, X)
    assert holding.held.take(third, lambda: True), "another came with it last time"
    assert not holding.held.take(holding.put(one, X, flags=0), lambda: False), "it is not batchable"
    holding.is_free = False
    assert not holding.held.take(second, lambda: False)
    holding.held.release()
    assert (holding.ran, holding.queued) == ([[first, second]], [third])


def test_what_is_held_counts_to_its_session_and_runs_in_order() -> None:
    holding = Holding()
    (one,) = sessions(1)
    jobs = [holding.put(one, X), holding.put(one, Y), holding.put(one, X)]
    for seq, job in enumerate(jobs, 1):
        job.seq, job.bytes = seq, 10
    holding.take(*jobs)
    assert (list(one.jobs), one.bytes_in_flight) == ([1, 2, 3], 30)
    holding.held.release()
    assert holding.ran == [[job] for job in jobs]
