"""Launches that run together: each is answered as if it had run alone."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from synjax_worker.protocol import BATCHABLE, GOODBYE
from synjax_worker.worker.engine.batches import WANTED_OFTEN
from tests.runtime.client import IDENTITY, Body, Call, Client, Key, Worker, encode, hash_of
from tests.runtime.test_optimistic import ADD_ONE, EASY, HARD

MOST = 8


def program(inputs: int, write: Callable[[Body], Sequence[Any]]) -> bytes:
    body = Body(inputs)
    return encode(body.returns(*write(body)))


SCALED = program(1, lambda b: [b.add("test.multiply", b.add("test.tanh", b.add("test.exp", -1)), [0, 3])])
POSITIVE = program(
    1, lambda b: [b.add("test.positive", b.add("test.tanh", -1)), b.add("test.add", -1, [0, 1])]
)
PLUS = program(2, lambda b: [b.add("test.add", -1, -2)])


def of_crf(body: Body, *queries: str) -> list[int]:
    crf = body.add("LinearChainCRF", log_potentials=-1)
    return [body.add(f"LinearChainCRF.{query}", crf) for query in queries]


class Service:
    """A worker that batches, and clients of it. What is sent `together` is in its queue before any of it runs."""

    def __init__(self, directory: Path):
        self.worker = Worker(maxBatch=MOST)
        self._directory = directory
        self._gates = itertools.count()
        self._holder = Client(self.worker)
        self.clients = [Client(self.worker) for _ in range(3)]
        self._wait()  # it is compiled before anything is counted

    def together(self, send: Callable[[], list[Call]], more: int = 0) -> list[Call]:
        path = self.gate()
        gate = program(1, lambda b: [b.add("test.gate", -1, path=str(path))])
        held = self._holder.launch(gate, np.float32(0))
        while not path.with_name(f"{path.name}.reached").exists():
            time.sleep(0.002)
        calls = send()
        sent = len(calls) + more
        while self._holder.ping()["queued"] < sent:
            time.sleep(0.002)
        path.touch()
        held.reply()
        self._wait()
        return calls

    def gate(self) -> Path:
        return self._directory / str(next(self._gates))

    def wait_for_compiles(self, count: int) -> None:
        while self.compiles() < count:
            time.sleep(0.002)

    def _wait(self) -> None:
        """Until all has been answered that was sent before."""
        self._holder.run(IDENTITY, np.float32(0))

    def run(self, code: bytes, *items: Sequence[Any], outputs: int = 1) -> list[Call]:
        """One launch for each of the items, from the clients in turn."""
        return self.together(
            lambda: [self.launch(k, code, *item, outputs=outputs) for k, item in enumerate(items)]
        )

    def launch(self, caller: int, code: bytes, *inputs: Any, outputs: int = 1) -> Call:
        client = self.clients[caller % len(self.clients)]
        return client.launch(code, *inputs, wants=range(outputs), outputs=outputs, flags=BATCHABLE)

    def compiles(self) -> int:
        return self._holder.ping()["compiles"]

    def settled_compiles(self) -> int:
        """Once nothing more is compiled, as far as one can see."""
        before = -1
        while before != (now := self.compiles()):
            before = now
            time.sleep(0.3)
        return now


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    service = Service(tmp_path_factory.mktemp("gates"))
    yield service
    service.worker.close()


def compiled_by(service: Service, run: Callable[[], Any]) -> tuple[Any, int]:
    """What it gives, and how many programs were compiled for it; those of a gate are not counted, and neither is what
    a test before it has left to be compiled.
    """
    before = service.settled_compiles()
    found = run()
    return found, service.compiles() - before - 1


def without_launch(error: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in error.items() if name != "launch"}


def same(got: np.ndarray, want: np.ndarray) -> None:
    assert got.shape == want.shape
    assert got.dtype == want.dtype
    assert got.tobytes() == want.tobytes()


def test_each_gets_its_own_results_to_the_bit(service: Service) -> None:
    rng = np.random.default_rng(0)
    items = [(rng.normal(size=(3, 40)).astype(np.float32) * 4,) for _ in range(5)]
    before = service.compiles()
    calls, compiles = compiled_by(service, lambda: service.run(SCALED, *items))
    assert compiles == 1  # of eight lanes, three of them padding
    for call, item in zip(calls, items, strict=True):
        same(call.values()[0], service.clients[0].run(SCALED, *item))
    again, compiles = compiled_by(service, lambda: service.run(SCALED, *items, *items[:3]))
    assert compiles == 0
    for _ in range(WANTED_OFTEN):  # in the batch of eight too, then a program of two is compiled
        two = service.run(SCALED, *items[:2])
        for call, item in zip(two, items, strict=False):
            same(call.values()[0], service.clients[0].run(SCALED, *item))
    service.wait_for_compiles(before + 2 + WANTED_OFTEN + 3)  # the gates, and one, two and eight launches
    for call, item in zip(again, items + items[:3], strict=True):
        same(call.values()[0], service.clients[0].run(SCALED, *item))


def test_nobody_waits_for_the_program_of_a_batch_who_could_run_alone(service: Service) -> None:
    path = service.gate()
    code = program(1, lambda b: [b.add("test.gate", b.add("test.tanh", -1), path=str(path))])
    items = [(np.array([k, 1], np.float32),) for k in range(2)]
    path.touch()
    alone = [service.clients[0].run(code, *items[0]), np.tanh(items[1][0])]
    for call, want in zip(service.run(code, *items), alone, strict=True):  # the gate is shut: it compiles
        np.testing.assert_array_max_ulp(call.values()[0], want, 1)
    before = service.compiles()
    path.touch()
    service.wait_for_compiles(before + 1)
    calls, compiles = compiled_by(service, lambda: service.run(code, *items))
    assert compiles == 0
    for call, want in zip(calls, alone, strict=True):
        np.testing.assert_array_max_ulp(call.values()[0], want, 1)


def test_scalars_and_bytes_and_booleans_are_stacked(service: Service) -> None:
    code = program(3, lambda b: [-1, -2, -3, b.add("test.add", -1, -2)])
    items = [(np.float32(k), np.array([k, 2], np.int8), np.array([k == 0, True])) for k in range(2)]
    calls, compiles = compiled_by(service, lambda: service.run(code, *items, outputs=4))
    assert compiles == 1
    for call, item in zip(calls, items, strict=True):
        for got, want in zip(call.values(), service.clients[0].run(code, *item), strict=True):
            same(got, want)


def test_a_crf_answers_as_alone(service: Service) -> None:
    code = program(1, lambda b: of_crf(b, "log_partition", "marginals", "argmax"))
    items = [(EASY,), (EASY * 2,), (-EASY,)]
    calls, compiles = compiled_by(service, lambda: service.run(code, *items, outputs=3))
    assert compiles == 1
    for call, item in zip(calls, items, strict=True):
        log_z, marginals, argmax = call.values()
        alone = service.clients[0].run(code, *item)
        np.testing.assert_array_max_ulp(log_z, alone[0], 4)  # sums may be taken in another order
        np.testing.assert_allclose(marginals, alone[1], rtol=1e-6, atol=1e-7)
        same(argmax, alone[2])


def test_what_the_fast_pass_refuses_runs_alone_with_the_exact_one(service: Service) -> None:
    code = program(1, lambda b: of_crf(b, "log_partition"))
    calls, compiles = compiled_by(service, lambda: service.run(code, (EASY,), (HARD,)))
    got = [call.values()[0] for call in calls]
    assert compiles == 2  # the batch, and the careful program
    for each, item in zip(got, (EASY, HARD), strict=True):
        np.testing.assert_array_max_ulp(each, service.clients[0].run(code, item), 4)
    before = service.compiles()
    for _ in range(2):
        calls = service.run(code, (EASY,), (HARD,))
        for call, each in zip(calls, got, strict=True):
            np.testing.assert_array_max_ulp(call.values()[0], each, 4)
        service.wait_for_compiles(before + 2)  # of a gate, and of the batch, which is careful from now on
    _, compiles = compiled_by(service, lambda: [c.values() for c in service.run(code, (EASY,), (HARD,))])
    assert compiles == 0


def test_a_failed_check_is_the_error_of_its_caller_only(service: Service) -> None:
    items = [
        (np.array([1, 2], np.float32),),
        (np.array([1, -2], np.float32),),
        (np.array([np.nan, 1], np.float32),),
    ]
    calls, compiles = compiled_by(service, lambda: service.run(POSITIVE, *items, outputs=2))
    assert compiles == 1
    good = calls[0].values()
    errors = [call.error() for call in calls[1:]]
    for got, want in zip(good, service.clients[0].run(POSITIVE, *items[0]), strict=True):
        same(got, want)
    for error, call, item in zip(errors, calls[1:], items[1:], strict=True):
        alone = service.clients[0].launch(POSITIVE, *item, wants=[0, 1], outputs=2).error()
        assert error["code"] == "CHECK_FAILED"
        assert error["launch"] == call.seq
        assert without_launch(error) == without_launch(alone)


def test_a_nan_stays_where_it_is(service: Service) -> None:
    items = [(np.array([k, np.nan if k == 1 else 1], np.float32),) for k in range(4)]
    for k, call in enumerate(service.run(SCALED, *items)):
        assert np.isnan(call.values()[0]).tolist() == [False, k == 1]


def test_what_is_shared_on_the_device_is_not_stacked(service: Service) -> None:
    a, b, _ = service.clients
    weights = {client: client.put(np.full((2, 70), k + 1, np.float32)) for k, client in enumerate((a, b))}
    for client in (a, b):
        client.fetch(weights[client])
    xs = [np.full(70, k, np.float32) for k in range(4)]

    def send() -> list[Call]:
        by = [a, a, a, b]
        return [
            c.launch(PLUS, weights[c], x, wants=[0], flags=BATCHABLE) for c, x in zip(by, xs, strict=True)
        ]

    calls, compiles = compiled_by(service, lambda: service.together(send))
    found = [call.values()[0] for call in calls]
    for k, value in enumerate(found):
        same(value, np.full((2, 70), k + (2 if k == 3 else 1), np.float32))
    assert compiles == 2  # the three of one value, and the one of the other


def test_random_keys_draw_as_alone(service: Service) -> None:
    code = program(1, lambda b: [b.add("test.normal", -1)])
    items = [(Key(np.array([0, k], np.uint32)),) for k in range(3)]
    calls, compiles = compiled_by(service, lambda: service.run(code, *items))
    for call, item in zip(calls, items, strict=True):
        same(call.values()[0], service.clients[0].run(code, *item))
    assert compiles == 1


def test_results_can_be_used_and_fetched_and_freed(service: Service) -> None:
    client = service.clients[0]
    calls = service.run(IDENTITY, *((np.array([k, 1], np.float32),) for k in range(3)))
    (handle,) = calls[0].handles
    ahead = client.launch(ADD_ONE, handle, wants=[0])  # perhaps before it is known to be right
    same(ahead.values()[0], np.array([1, 2], np.float32))
    same(client.fetch(handle)[0], np.array([0, 1], np.float32))
    same(client.run(PLUS, handle, np.float32(2)), np.array([2, 3], np.float32))
    donated = client.launch(ADD_ONE, handle, wants=[0], donated=[0])
    same(donated.values()[0], np.array([1, 2], np.float32))
    assert client.start_fetch(handle).error()["code"] == "HANDLE_UNKNOWN"


def test_what_is_sent_after_a_launch_sees_its_results(service: Service) -> None:
    a, b, _ = service.clients
    xs = [np.array([1, 1, -1 if k == 1 else 1], np.float32) for k in range(2)]

    def send() -> list[Call]:
        first = [
            c.launch(POSITIVE, x, wants=[0, 1], flags=BATCHABLE) for c, x in zip((a, b), xs, strict=True)
        ]
        return first + [
            c.launch(ADD_ONE, call.handles[1], wants=[0]) for c, call in zip((a, b), first, strict=True)
        ]

    *_, good, bad = service.together(send)
    same(good.values()[0], np.array([3, 3, 3], np.float32))
    error = bad.error()
    assert (error["code"], error["poisoned"]) == ("CHECK_FAILED", True)


def test_what_is_cancelled_or_whose_client_left_is_not_in_the_batch(service: Service) -> None:
    guest = Client(service.worker)

    def send() -> list[Call]:
        calls = [service.launch(k, SCALED, np.full(6, k, np.float32)) for k in range(3)]
        guest.launch(SCALED, np.full(6, 9, np.float32), wants=[0], flags=BATCHABLE)
        calls[1]._client.cancel(calls[1])
        calls[1]._client.ping()  # the worker has seen it
        guest.send([GOODBYE, 99, False])
        return calls

    calls, compiles = compiled_by(service, lambda: service.together(send, more=2))  # the guest's, and its end
    assert calls[1].error()["code"] == "ABORTED"
    for k in (0, 2):
        same(calls[k].values()[0], service.clients[0].run(SCALED, np.full(6, k, np.float32)))
    assert compiles == 1
    guest.close()


@pytest.mark.parametrize(
    "code",
    [
        program(1, lambda b: [b.add("test.add", -1, [0, 1]), b.add("test.key", [0, 3])]),  # a key
        program(1, lambda b: [b.add("test.wide_sum", -1), -1]),  # 64 bits inside
        program(1, lambda b: [-1, b.add("debug.print", -1, text="{}")]),
    ],
    ids=["key", "wide", "print"],
)
def test_what_cannot_be_stacked_runs_alone(service: Service, code: bytes) -> None:
    items = [(np.arange(11, dtype=np.float32) + k,) for k in range(3)]
    for _ in range(2):
        calls = service.run(code, *items, outputs=2)
        for call, item in zip(calls, items, strict=True):
            for got, want in zip(call.values(), service.clients[0].run(code, *item), strict=True):
                same(got, want)
    logged = [line for line in service.worker.log().splitlines() if hash_of(code).hex() in line]
    assert len(logged) == 1  # it was tried once
    assert "not batched" in logged[0]


def test_a_batch_that_fails_while_it_runs_is_run_one_by_one(service: Service) -> None:
    code = program(1, lambda b: [b.add("test.positive", b.add("test.lonely", -1))])
    items = [(np.array([k, 1], np.float32),) for k in range(1, 4)] + [(np.array([0, 1], np.float32),)]
    for compiled in (2, 0):
        calls, compiles = compiled_by(service, lambda: service.run(code, *items))
        for call, (item,) in zip(calls[:3], items[:3], strict=True):
            same(call.values()[0], item)
        assert calls[3].error()["code"] == "CHECK_FAILED"
        assert compiles == compiled


def test_what_fails_while_it_is_traced_is_the_error_of_each(service: Service) -> None:
    code = program(1, lambda b: [b.add("test.fail", -1)])
    errors = [call.error() for call in service.run(code, *[(np.float32(k),) for k in range(2)])]
    assert [error["code"] for error in errors] == ["OP_FAILED"] * 2


def test_what_does_not_resolve_fails_alone(service: Service) -> None:
    bad = [1, "float32", [2], b"1234"]  # four bytes are missing
    good = np.array([1, 2], np.float32)
    calls = service.run(SCALED, (good,), (bad,), (good,))
    assert calls[1].error()["code"] == "BAD_MESSAGE"
    for k in (0, 2):
        same(calls[k].values()[0], service.clients[0].run(SCALED, good))


def test_a_ping_behind_a_launch_counts_it(service: Service) -> None:
    """A client that finds nothing queued and nothing running, and a call not answered, takes it for lost."""
    client = service.clients[0]
    client.run(SCALED, np.zeros(5, np.float32))
    for _ in range(200):  # both are in one read of the socket now and then
        call = service.launch(0, SCALED, np.zeros(5, np.float32))
        counters = client.ping()
        assert counters["queued"] + counters["running"] > 0 or call.seq in client.received
        call.reply()


def test_a_batch_that_was_never_timed_is_left_to_the_compute_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing else would ever time it: launches that arrive while nothing runs would run alone for ever."""
    from synjax_worker import registry
    from synjax_worker.limits import Limits
    from synjax_worker.worker.codec import HostArray, Launch
    from synjax_worker.worker.engine import Batching, Engine, Job, Session, scheduler

    monkeypatch.setattr(scheduler, "INSTANT_SECONDS", 60.0)  # so that all of them may run here
    code = program(1, lambda b: [b.add("np.tanh", -1)])
    answered: list[list] = []

    def note(job: Job, header: list) -> None:
        answered.append(header)

    engine = Engine(registry.load().ops, Limits(), lambda *_: None, batching=Batching(8), answered=note)
    session = Session(b"s")

    def job(seq: int, has_body: bool = False) -> Job:
        x = HostArray("float32", (2,), np.float32([seq, 1]).tobytes())
        launch = Launch(seq, hash_of(code), has_body, [x], seq, 1, [0], (), [], BATCHABLE)
        return Job(session, launch, [code] if has_body else [], seq=seq)

    def answer(count: int) -> None:
        while sum(header[0] > 0 for header in answered) < count:
            time.sleep(0.002)

    engine.start()
    engine.submit(job(1, has_body=True))
    answer(1)
    seqs = itertools.count(2)
    for turn in range(1, 200):
        if engine.batches.batches > 1:
            break
        while not engine.idle:
            time.sleep(0.002)
        for _ in range(4):
            each = job(next(seqs))
            assert engine.hold(each, lambda: False)
        engine.held.release()
        answer(1 + 4 * turn)
    assert engine.batches.batches > 1, "one on the compute thread, and then here"
