"""Shared trees: one copy of arrays for all clients of a worker, read-only, by name."""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest

from synjax_worker.limits import Limits
from synjax_worker.protocol import CANCEL, SHARE
from synjax_worker.worker.codec import Share, Take, Unshare
from synjax_worker.worker.engine.handles import Handle, Outcome
from synjax_worker.worker.engine.jobs import Job, Session
from synjax_worker.worker.engine.shared import SharedTrees
from tests.runtime.client import IDENTITY, Body, Client, RemoteError, Worker, encode
from tests.runtime.test_hostile import resident
from tests.runtime.test_wire import ADD_ONE, Gate, gate_path, unary  # noqa: F401

LARGE = np.arange(8 << 20, dtype=np.float32)  # 32 MB


@pytest.fixture
def other(worker: Worker) -> Iterator[Client]:
    other = Client(worker)
    yield other
    other.goodbye(drain=False)
    other.close()


@pytest.fixture
def name(client: Client, request: pytest.FixtureRequest) -> Iterator[str]:
    """A name that is free, and free again after the test."""
    yield request.node.name[:200]
    try:
        client.unshare(request.node.name[:200])
    except RemoteError:
        pass


def fails(code: str, call, *args, **options) -> dict:
    with pytest.raises(RemoteError) as caught:
        call(*args, **options)
    assert caught.value.code == code
    return caught.value.error


class TestTrees:
    def test_keep_their_form_and_values(self, client: Client, other: Client, name: str):
        a, b = client.put(np.float32([1, 2])), client.put(np.int32(3))
        tree = [[1, "layers", "nothing", "w"], [0, 2], a, [1], None, b]
        client.share(name, tree)
        nodes, handles = other.take(name)
        assert nodes == [[1, "layers", "nothing", "w"], [0, 2], 0, [1], None, 1]
        x, y = other.fetch(*handles)
        assert (x.tolist(), y.tolist(), y.dtype) == ([1, 2], 3, np.int32)
        assert other.run(ADD_ONE, handles[0]).tolist() == [2, 3]
        assert client.fetch(a)[0].tolist() == [1, 2], "whoever shared it goes on with it"

    def test_of_one_leaf_and_of_none(self, client: Client, other: Client, name: str):
        client.share(name, [client.put(np.float32(7))])
        assert other.take(name)[0] == [0]
        client.share(name, [[0, 0]], replace=True)
        assert other.take(name) == ([[0, 0]], [])

    def test_are_not_copied(self, client: Client, worker: Worker, name: str):
        handle = client.put(LARGE)
        client.share(name, [handle])
        client.run(ADD_ONE, 1)
        before = resident(worker)
        clients = [Client(worker) for _ in range(6)]
        taken = [each.take(name)[1] for each in clients]
        assert [each.ping()["handles"] for each in clients] == [1] * 6
        assert resident(worker) < before + LARGE.nbytes
        assert clients[5].fetch(*taken[5])[0][-1] == LARGE[-1]
        for each in clients:
            each.close()

    def test_survive_whoever_shared_them_and_what_was_taken_survives_the_name(
        self, worker: Worker, name: str
    ):
        creator = Client(worker)
        creator.share(name, [creator.put(np.float32([4, 5]))])
        creator.goodbye()
        creator.close()
        user = Client(worker)
        _, (handle,) = user.take(name)
        user.unshare(name)
        fails("INVALID_ARGUMENT", user.take, name)
        assert user.fetch(handle)[0].tolist() == [4, 5]
        user.close()

    def test_memory_goes_with_the_last_handle(self):
        answers: list[object] = []
        replies = type("", (), {"value": lambda _, job, value: answers.append(value)})()
        trees = SharedTrees(replies, lambda: None)
        creator, user = Session(b"c"), Session(b"u")
        creator.handles[1] = Handle(jnp.ones(5), ("float32", (5,), False), Outcome())
        array = weakref.ref(creator.handles[1].value)

        def do(session: Session, message: Share | Take | Unshare) -> None:
            trees.step(Job(session, message, []), message).complete()

        do(creator, Share(1, "w", [0], [1], False))
        do(user, Take(1, "w", 7))
        assert answers == [None, [[0], [["float32", [5], False]]]]
        assert (len(trees), trees.bytes) == (1, 20)
        creator.handles.clear()
        do(user, Unshare(2, "w"))
        assert (len(trees), trees.bytes) == (0, 0)
        assert array() is user.handles[7].value
        user.handles.clear()
        assert array() is None


class TestNames:
    def test_that_are_taken_are_refused_or_replaced(self, client: Client, other: Client, name: str):
        client.share(name, [client.put(np.float32(1))])
        _, (old,) = other.take(name)
        error = fails("INVALID_ARGUMENT", other.share, name, [old])
        assert (error["argument"], error["received"]) == ("name", name)
        other.share(name, [other.put(np.float32(2))], replace=True)
        _, (new,) = client.take(name)
        assert [value.tolist() for value in (*client.fetch(new), *other.fetch(old))] == [2, 1]

    def test_that_nobody_has_are_answered_with_some_that_are_there(self, client: Client):
        handle = client.put(np.float32(1))
        names = [f"weights-{k:02}" for k in range(12)]
        for each in names:
            client.share(each, [handle])
        for call in (client.take, client.unshare):
            error = fails("INVALID_ARGUMENT", call, "wieghts")
            assert (error["argument"], error["received"]) == ("name", "wieghts")
            assert error["expected"] == ", ".join(names[:10]) + ", …"
        for each in names:
            client.unshare(each)

    def test_may_be_any_text(self, client: Client, other: Client):
        for name in ("ж" * 200, "a b/c:\u2028", "__proto__"):
            client.share(name, [client.put(np.float32(1))])
            assert other.take(name)[0] == [0]
            other.unshare(name)


class TestReadOnly:
    @pytest.mark.parametrize("whose", ["the creator's", "a taker's"])
    @pytest.mark.parametrize("unshared", [False, True])
    def test_nobody_donates_it(self, client: Client, other: Client, name: str, whose: str, unshared: bool):
        mine = client.put(LARGE)
        client.share(name, [mine])
        _, (taken,) = other.take(name)
        _, (kept,) = other.take(name)
        if unshared:
            other.unshare(name)
        call = (
            client.launch(ADD_ONE, mine, donated=[0])
            if whose == "the creator's"
            else other.launch(ADD_ONE, taken, donated=[0])
        )
        error = call.error()
        assert error["code"] == "INVALID_ARGUMENT" and "shared" in error["message"]
        assert other.fetch(kept)[0][-1] == LARGE[-1]

    def test_what_is_computed_of_it_is_not_shared(self, client: Client, other: Client, name: str):
        client.share(name, [client.put(LARGE)])
        _, (taken,) = other.take(name)
        (same,) = other.launch(IDENTITY, taken).handles
        assert other.launch(ADD_ONE, same, donated=[0], wants=[0]).values()[0][-1] == LARGE[-1] + 1
        assert other.fetch(taken)[0][-1] == LARGE[-1]


class TestValues:
    def test_that_failed_are_not_shared(self, client: Client, name: str):
        body = Body(1)
        failing = encode(body.returns(body.add("test.fail", -1)))
        error = fails("OP_FAILED", client.share, name, client.launch(failing, 1).handles)
        assert error["poisoned"]
        fails("INVALID_ARGUMENT", client.take, name)

    def test_whose_check_fails_late_are_not_shared(self, client: Client, gate_path: Path, name: str):  # noqa: F811
        checked = unary("test.positive")
        assert client.run(checked, np.float32(1)) == 1
        gate = Gate(client, gate_path)
        gate.wait_until_running()
        negative = client.launch(checked, np.float32(-1)).handles
        client.send([SHARE, 900_000, name, [negative[0].id], False])
        gate.open()
        with pytest.raises(RemoteError, match="CHECK_FAILED"):
            client.result(900_000)
        fails("INVALID_ARGUMENT", client.take, name)

    def test_that_are_not_there_or_no_tensors_are_not_shared(self, client: Client, name: str):
        fails("HANDLE_UNKNOWN", client.share, name, [987_654_321])
        pair = client.launch(unary("test.pair"), np.float32([1])).handles
        fails("NOT_A_TENSOR", client.share, name, pair)
        fails("INVALID_ARGUMENT", client.take, name)

    def test_of_others_cannot_be_shared(self, client: Client, other: Client, name: str):
        handle = client.put(np.float32(1))
        for _ in range(3):
            other.launch(ADD_ONE, 1)
        fails("HANDLE_UNKNOWN", other.share, name, [handle.id + 1_000_000])


class TestOwners:
    def test_a_named_client_replaces_and_unshares_only_its_own(self):
        answers: list[Any] = []
        replies = type(
            "", (), {name: lambda _, job, value: answers.append(value) for name in ("value", "error")}
        )()
        trees = SharedTrees(replies, lambda: None)
        limits = Limits.from_config({"sharedNames": 1})
        trainer, again, web = (Session(b"", None, limits, name) for name in ("trainer", "trainer", "web"))
        for session in (trainer, again, web):
            session.handles[1] = Handle(jnp.ones(5), ("float32", (5,), False), Outcome())

        def do(session: Session, message: Share | Take | Unshare) -> Any:
            trees.step(Job(session, message, []), message).complete()
            return answers.pop()

        assert do(trainer, Share(1, "w", [0], [1], False)) is None
        assert do(web, Take(2, "w", 7))[0] == [0]
        for message in (Share(3, "w", [0], [1], True), Unshare(4, "w")):
            error = do(web, message)
            assert (error["code"], error["argument"]) == ("INVALID_ARGUMENT", "name")
            assert "shared by trainer" in error["message"]
        assert do(again, Share(5, "v", [0], [1], False))["code"] == "LIMIT_SHARED", "sessions share a quota"
        assert do(web, Share(6, "v", [0], [1], False)) is None, "each client has its own"
        assert do(again, Share(7, "w", [0], [1], True)) is None
        assert do(again, Unshare(8, "w")) is None


class TestLimits:
    def test_of_names_bytes_and_handles(self):
        worker = Worker(limits={"sharedNames": 2, "sharedBytes": 100, "handles": 4})
        client = Client(worker)
        small, large = client.put(np.zeros(20, np.float32)), client.put(np.zeros(26, np.float32))
        fails("LIMIT_SHARED", client.share, "large", [large])
        client.share("a", [small])
        client.share("b", [[0, 2], small, small])  # the same array counts once
        assert "Unshare" in fails("LIMIT_SHARED", client.share, "c", [small])["message"]
        client.share("b", [small], replace=True)
        fails("LIMIT_SHARED", client.share, "b", [large], replace=True)
        assert client.take("b")[0] == [0], "the one before is still there"
        client.take("a")
        fails("LIMIT_HANDLES", client.take, "a")
        client.unshare("a")
        client.close()
        worker.close()


def test_a_share_that_was_cancelled_shares_nothing(client: Client, gate_path: Path, name: str):  # noqa: F811
    handle = client.put(np.float32(1))
    gate = Gate(client, gate_path)
    gate.wait_until_running()
    client.send([SHARE, 900_001, name, [handle.id], False])
    client.send([CANCEL, 0, [900_001]])
    client.ping()
    gate.open()
    with pytest.raises(RemoteError, match="ABORTED"):
        client.result(900_001)
    fails("INVALID_ARGUMENT", client.take, name)
