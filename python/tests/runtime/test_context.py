"""What a client says of a call besides the call: until when somebody waits, in which trace, and how long it took."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from synjax_worker.errors import SynjaxError
from synjax_worker.protocol import COMPILE, CONTEXT, ERROR, FETCH, LAUNCH, OK, PING
from synjax_worker.worker.codec import Context, Fetch
from synjax_worker.worker.context import take_context
from synjax_worker.worker.engine import Job, Run, Session
from synjax_worker.worker.engine.call_log import LINES_A_SECOND, CallLog
from synjax_worker.worker.engine.times import Times
from synjax_worker.worker.logs import JsonLog
from tests.runtime.client import Body, Client, Worker, encode, hash_of
from tests.runtime.test_metrics import Watched, named
from tests.runtime.test_wire import ADD_ONE, Gate, unary

TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
LATE = {"deadline": 0}
PATIENT = {"deadline": 600_000}

HEADERS = {
    LAUNCH: [LAUNCH, 7, b"h" * 16, 0, [], 1, 1, [], [], [], 0],
    COMPILE: [COMPILE, 7, b"h" * 16, 0, [], [], 0],
    FETCH: [FETCH, 7, [], []],
}


class TestReading:
    @pytest.mark.parametrize("kind", HEADERS)
    def test_it_is_taken_off_the_header_of_a_call(self, kind: int):
        header = [*HEADERS[kind], {"deadline": 1_500, "timed": True, "traceparent": TRACE}]
        assert take_context(header) == Context(1.5, True, TRACE)
        assert header == HEADERS[kind]
        assert take_context(header) is None
        assert take_context([*header, {}]) == Context(None, False, None)

    def test_other_headers_stay_as_they_are(self):
        for header in ([PING, 7, {}], [99, 7, {}], [*HEADERS[FETCH], {}, {}], HEADERS[LAUNCH][:-1]):
            before = list(header)
            assert take_context(header) is None
            assert header == before

    @pytest.mark.parametrize(
        "context",
        [
            None,
            [],
            "more",
            {"more": 1},
            {"deadline": -1},
            {"deadline": True},
            {"deadline": "1"},
            {"deadline": float("nan")},
            {"deadline": float("inf")},
            {"deadline": 2**53},
            {"timed": 1},
            {"timed": None},
            {"traceparent": 1},
            {"traceparent": TRACE + "0"},
            {"traceparent": TRACE + "\n"},
            {"traceparent": TRACE.upper()},
            {"traceparent": "ff" + TRACE[2:]},
            {"traceparent": TRACE.replace("4bf92f3577b34da6a3ce929d0e0e4736", "0" * 32)},
            {"traceparent": TRACE.replace("00f067aa0ba902b7", "0" * 16)},
        ],
        ids=str,
    )
    def test_what_is_none_is_refused(self, context: Any):
        with pytest.raises(SynjaxError) as caught:
            take_context([*HEADERS[FETCH], context])
        assert caught.value.code == "BAD_MESSAGE"

    def test_each_of_its_parts_is_declared(self):
        assert set(Context._fields) == set(CONTEXT)

    def test_a_worker_answers_what_is_none(self, client: Client):
        call = client.launch(ADD_ONE, 1, wants=[0], context={"traceparent": "x"})
        assert call.error()["code"] == "BAD_MESSAGE"
        assert client.start_fetch(context={"traceparent": TRACE, **PATIENT}).reply().data == []


class TestDeadlines:
    def test_late_work_is_dropped_unrun(self, client: Client, tmp_path: Path):
        value = np.float32([1, 2]).reshape(1, 1, 2, 1)  # of a shape for which no other test compiles
        held, kept = client.put(value), client.put(np.float32([3]))
        gate = Gate(client, tmp_path / "open")
        gate.wait_until_running()
        program = unary("test.cos")
        compiles = client.ping()["compiles"]
        late = client.launch(program, held, wants=[0], frees=[kept], context=LATE)
        patient = client.launch(ADD_ONE, held, wants=[0], context=PATIENT)
        stacked = client.launch(ADD_ONE, late.handles[0], wants=[0])
        fetch = client.start_fetch(held, context=LATE)
        compile_ = client.compile(unary("test.tanh"), [1, "float32", [7], False], context=LATE)
        client.ping()
        gate.open()
        gate.call.reply()
        error = late.error()
        assert (error["code"], error["launch"]) == ("DEADLINE", late.seq)
        np.testing.assert_array_equal(patient.values()[0], value + 1)
        assert stacked.error().items() >= {"code": "DEADLINE", "launch": late.seq, "poisoned": True}.items()
        assert fetch.error()["code"] == compile_.error()["code"] == "DEADLINE"
        assert client.ping()["compiles"] == compiles + 2, "the gate, and adding one to two numbers"
        # Its program was kept all the same, and what it freed is gone
        np.testing.assert_allclose(client.run(program, held, send_body=False), np.cos(value), rtol=1e-6)
        assert client.start_fetch(kept).error()["code"] == "HANDLE_UNKNOWN"

    def test_an_idle_worker_drops_what_nobody_waits_for_too(self, client: Client):
        client.run(ADD_ONE, 1)
        assert client.launch(ADD_ONE, 1, wants=[0], context=LATE).error()["code"] == "DEADLINE"
        assert client.launch(ADD_ONE, 1, wants=[0], context=PATIENT).values() == [2]

    def test_a_worker_may_have_a_deadline_for_calls_without(self):
        job = Job(Session(b""), Fetch(1, [], []), [])
        job.arrive(None)
        assert job.due is None
        job.arrive(30.0)
        assert job.due == job.arrived + 30
        job.context = Context(deadline=2.0)
        job.arrive(30.0)
        assert job.due == job.arrived + 2

    def test_which_is_a_limit_of_the_worker(self, tmp_path: Path):
        worker = Worker(limits={"deadlineSeconds": 1})
        client = Client(worker)
        gate = Gate(client, tmp_path / "open")
        gate.wait_until_running()
        calls = [client.launch(ADD_ONE, 1, wants=[0], context=context) for context in (None, PATIENT)]
        client.ping()
        time.sleep(1.01)  # a whole second is the least that the limit may be
        gate.open()
        assert calls[0].error()["code"] == "DEADLINE"
        assert calls[1].values() == [2]
        client.close()
        worker.close()


@pytest.fixture(scope="module")
def batching() -> Iterator[Watched]:
    watched = Watched(maxBatch=8)
    yield watched
    watched.close()


class TestBatches:
    def test_late_launches_take_nobodys_place_in_a_batch(self, batching: Watched, tmp_path: Path):
        client, plain = batching.client, frozenset()
        x = [np.float32([k, 1]) for k in range(3)]
        client.run(ADD_ONE, x[0], flags=8)
        before = batching.samples()
        gate = Gate(client, tmp_path / "open")
        gate.wait_until_running()
        late = [client.launch(ADD_ONE, x[0], wants=[0], flags=8, context=LATE) for _ in range(9)]
        calls = [client.launch(ADD_ONE, item, wants=[0], flags=8, context=PATIENT) for item in x]
        client.ping()
        gate.open()
        gate.call.reply()
        assert {call.error()["code"] for call in late} == {"DEADLINE"}
        for call, item in zip(calls, x, strict=True):
            np.testing.assert_array_equal(call.values()[0], item + 1)
        after = batching.samples()

        def more(sample: tuple[str, frozenset]) -> float:
            return after[sample] - before.get(sample, 0)

        assert more(named("dropped_calls_total", kind="launch")) == 9
        # The gate and what ran: three alone, while a batch of four is compiled
        assert more(("synjax_batch_size_sum", plain)) == 4
        assert more(("synjax_batch_size_count", plain)) == 4
        while client.ping()["compiles"] < before[("synjax_compilations_total", plain)] + 2:
            time.sleep(0.002)
        gate = Gate(client, tmp_path / "again")
        gate.wait_until_running()
        calls = [client.launch(ADD_ONE, item, wants=[0], flags=8) for item in x]
        client.ping()
        gate.open()
        for call, item in zip(calls, x, strict=True):
            np.testing.assert_array_equal(call.values()[0], item + 1)
        last = batching.samples()
        sizes = [last[(f"synjax_batch_size_{name}", plain)] for name in ("sum", "count")]
        assert sizes[0] - after[("synjax_batch_size_sum", plain)] == 4, "the gate, and three together"
        assert sizes[1] - after[("synjax_batch_size_count", plain)] == 2


class TestTimes:
    def test_an_answer_says_them_where_it_was_asked(self, client: Client, tmp_path: Path):
        gate = Gate(client, tmp_path / "open")
        gate.wait_until_running()
        calls = [
            client.launch(ADD_ONE, np.float32([1]), wants=[0], context={"timed": True}),
            client.launch(ADD_ONE, np.float32([1]), wants=[0], context={"timed": False}),
            client.compile(unary("test.exp"), [1, "float32", [3], False], context={"timed": True}),
        ]
        client.ping()
        gate.open()
        headers = [client.receive(call.seq)[0] for call in calls]
        # Compiled for it, so errors and seconds come before
        assert len(headers[0]) == 7 and len(headers[1]) == 4 and len(headers[2]) == 4
        for header in (headers[0], headers[2]):
            queue, run = header[-1]
            assert queue > 0 and run >= 0
        fetch = client.start_fetch(client.put(np.float32([1])), context={"timed": True})
        header, _ = client.receive(fetch.seq)
        assert len(header) == 5 and [type(seconds) for seconds in header[4]] == [float, float]
        failed = client.launch(ADD_ONE, 10**6, outputs=2, context={"timed": True})
        assert len(client.receive(failed.seq)[0]) == 3


def answered(code: str | None = None, **changes: Any) -> tuple[Job, list]:
    job = Job(Session(b"c", name="web"), Fetch(3, [], []), [], seq=3, context=Context(traceparent=TRACE))
    for name, value in changes.items():
        setattr(job, name, value)
    return job, [3, OK, [], []] if code is None else [3, ERROR, {"code": code, "message": "why"}]


class TestLog:
    def test_calls_of_a_trace_that_fail_or_are_compiled_or_take_long_have_a_line(
        self, caplog: pytest.LogCaptureFixture
    ):
        caplog.set_level(logging.INFO, "synjax_worker")
        calls = CallLog()
        calls.answered(*answered("OP_FAILED"), None)
        calls.answered(*answered(), Times(0.1, 0, 0.1))
        calls.answered(*answered(), Times(0.1, 0.5, 0.1))
        calls.answered(*answered(), Times(0.6, 0, 0.5))
        gone, header = answered("OP_FAILED")
        gone.session.is_ended = True
        calls.answered(gone, header, None)
        lines = [json.loads(JsonLog().format(record)) for record in caplog.records]
        assert [line["message"] for line in lines] == [
            "a call failed",
            "a program was compiled",
            "a call took long",
        ]
        assert {line["traceparent"] for line in lines} == {TRACE}
        assert (lines[0]["code"], lines[0]["client"], lines[0]["kind"]) == ("OP_FAILED", "web", "fetch")
        assert (lines[2]["queueSeconds"], lines[2]["runSeconds"]) == (0.6, 0.5)

    def test_nobody_fills_the_log(self, caplog: pytest.LogCaptureFixture):
        caplog.set_level(logging.INFO, "synjax_worker")
        now = 100.0
        calls = CallLog(lambda: now)
        for _ in range(LINES_A_SECOND + 7):
            calls.answered(*answered("OP_FAILED"), None)
        assert len(caplog.records) == LINES_A_SECOND
        now += 1
        for _ in range(2):
            calls.answered(*answered("OP_FAILED"), None)
        written = [vars(record).get("unwritten") for record in caplog.records[LINES_A_SECOND:]]
        assert written == [7, None]

    def test_a_worker_writes_them(self, worker: Worker, client: Client):
        body = Body(1)
        failing = encode(body.returns(body.add("test.fail", -1)))
        client.launch(failing, 1).error()
        client.launch(failing, 1, context={"traceparent": TRACE}).error()
        client.launch(
            ADD_ONE, np.zeros((2, 5, 1), np.float32), wants=[0], context={"traceparent": TRACE}
        ).reply()
        lines = [line for line in worker.log().splitlines() if TRACE in line]
        failed, compiled = map(json.loads, lines)
        assert (failed["code"], failed["program"]) == ("OP_FAILED", hash_of(failing).hex())
        assert compiled["message"] == "a program was compiled" and compiled["compileSeconds"] > 0


def test_a_run_has_no_times_where_its_arrival_was_not_noted():
    from synjax_worker.worker.engine.times import times_of

    job, header = answered()
    job.run = Run(job.session, 3, range(0), time.monotonic())
    assert times_of(job, header) is None
    job.arrive(None)
    assert times_of(job, header) is not None
