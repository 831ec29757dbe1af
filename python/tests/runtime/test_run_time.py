"""Calls that run for ever on a worker that has a limit: it ends with them, and everybody is told."""

from __future__ import annotations

import time
from types import SimpleNamespace

import numpy as np
import pytest

from synjax_worker.worker.engine.jobs import Job, Session
from synjax_worker.worker.engine.running import Running
from synjax_worker.worker.last_words import EXIT_STATUS
from tests.runtime.client import IDENTITY, Body, Client, RemoteError, Worker, encode, nested
from tests.runtime.test_wire import ADD_ONE


def for_ever() -> bytes:
    condition, step, root = Body(1), Body(1), Body(1)
    bodies = (
        condition.returns(condition.add("test.less", [0, 0], [0, 1])),
        step.returns(step.add("test.tanh", -1)),
    )
    result = root.add("get", root.add("while_loop", nested(0), nested(1), -1), k=[0, 0])
    return encode(*bodies, root.returns(result))


@pytest.fixture
def served():
    worker = Worker(address="tcp://127.0.0.1:*", token="secret", limits={"runSeconds": 1})
    yield worker
    worker.process.kill()
    worker.close()


@pytest.mark.parametrize("is_awaited", [True, False])
def test_its_owner_and_all_others_are_told_and_the_worker_ends(served: Worker, is_awaited: bool):
    guilty, other = Client(served, token="secret"), Client(served, token="secret")
    call = guilty.launch(for_ever(), np.float32(1), wants=[0] if is_awaited else [])
    fetch = guilty.start_fetch(*call.handles)
    chained = guilty.launch(ADD_ONE, call.handles[0], wants=[0])
    at_end_of_chain = guilty.start_fetch(*chained.handles)
    innocent = guilty.launch(IDENTITY, np.float32(2), wants=[0])
    other.launch(IDENTITY, np.float32(3), wants=[0])  # answered only if it came first
    errors = [c.error() for c in (call, fetch, chained, at_end_of_chain)]
    for error in errors:
        assert (error["code"], error["launch"]) == ("LIMIT_RUN_TIME", call.seq)
        assert "more than 1 s" in error["message"]
    for client in (guilty, other):
        with pytest.raises(RemoteError, match=r"WORKER_LOST.*ran for more than 1 s"):
            client.result(0)
    assert served.process.wait(10) == EXIT_STATUS
    assert not {innocent.seq} & guilty.received
    guilty.close()
    other.close()


def test_many_short_calls_are_not_a_long_one(served: Worker):
    client = Client(served, token="secret")
    started = time.monotonic()
    while time.monotonic() < started + 3:
        calls = [client.launch(ADD_ONE, client.put(np.zeros(9))) for _ in range(50)]
        for call in calls:
            call.reply()
    assert client.run(ADD_ONE, 1) == 2
    client.close()


class TestRunning:
    def begin(self, running: Running, seq: int):
        return running.begin(Job(Session(b""), SimpleNamespace(seq=seq), [], seq=seq))

    def test_times_a_call_from_when_those_before_it_were_done(self):
        now = [0.0]
        running = Running(lambda: now[0])
        first, second = self.begin(running, 1), self.begin(running, 2)
        now[0] = 9
        assert running.overdue(10) is None
        first.is_over = True
        now[0] = 15
        assert running.overdue(10) is None
        now[0] = 26
        assert running.overdue(10) is second

    def test_goes_on_where_later_ones_are_done(self):
        now = [0.0]
        running = Running(lambda: now[0])
        first, second = self.begin(running, 1), self.begin(running, 2)
        now[0] = 9
        second.is_over = True
        assert running.overdue(10) is None
        now[0] = 11
        assert running.overdue(10) is first

    def test_waits_for_results_that_nobody_waits_for(self):
        now = [0.0]
        running = Running(lambda: now[0])
        first = self.begin(running, 1)
        first.is_over = True
        assert running.overdue(10) is None
        now[0] = 100
        assert running.overdue(10) is None
