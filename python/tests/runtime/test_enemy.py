"""An enemy on the wire: hostile messages and connections without end, and an honest client that is answered throughout.

`SYNJAX_ENEMY_SEED` sets the seed, `SYNJAX_ENEMY_CASES` the number of cases. What fails says which cases of which seed.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from synjax_worker.protocol import FETCH, FORGET
from synjax_worker.worker.keys import CLIENTS, write_client
from tests import budget
from tests.runtime.client import IDENTITY, Client, RemoteError, Worker, hash_of
from tests.runtime.enemy.campaign import MB, Campaign
from tests.runtime.test_serving import Served, curve_client
from tests.runtime.test_wire import ADD_ONE, Gate, unary

SEED = int(os.environ.get("SYNJAX_ENEMY_SEED", "21"))
CASES = int(os.environ.get("SYNJAX_ENEMY_CASES", "0"))
# Small, so that what is too large is cheap to say: it is the same code at any size.
LIMITS = {
    "elements": 1 << 20,
    "frameBytes": 20 << 20,
    "messageBytes": 24 << 20,
    "memoryBytes": 3 << 30,
    "executables": 64,
    "helloSeconds": 2,
    "sessionSeconds": 20,
}
GROWTH = (
    160 * MB
)  # of resident memory in the second half of an attack; a leak of 1 kB a case is more where it is long
QUOTAS = {
    "sessions": 2,
    "inFlightMessages": 4,
    "inFlightBytes": 1 << 20,
    "handles": 20,
    "programs": 6,
    "sharedNames": 2,
    "sharedBytes": 4_000,
}


def test_many_messages_and_connections(capsys: pytest.CaptureFixture[str]) -> None:
    """Over loopback tcp with a token. A message is a case, and so is a connection."""
    worker = Worker(
        address="tcp://127.0.0.1:*", token="secret", limits=LIMITS, metricsAddress="0", maxBatch=8
    )
    connect = lambda: Client(worker, token="secret")
    again = lambda client: client.hello(token="secret")
    try:
        _attack(Campaign(worker, SEED, connect, again, {"token": "secret"}), 1_600, 720_000, capsys)
    finally:
        worker.close()


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of an honest client, of an enemy, and of one that may have little."""
    keys = tmp_path_factory.mktemp("keys")
    for name in ("honest", "enemy", "little"):
        write_client(keys, name)
    quotas = "".join(f"{name} = {most}\n" for name, most in QUOTAS.items())
    text = (keys / CLIENTS).read_text().rstrip()  # whose last table is that of `little`
    (keys / CLIENTS).write_text(f"{text}\n{quotas}")
    return keys


@pytest.fixture(scope="module")
def served(keys: Path) -> Iterator[Served]:
    limits = [f"--limit={name}={value}" for name, value in LIMITS.items()]
    served = Served(keys, "--metrics", "0", *limits)
    yield served
    served.close()


def test_many_messages_and_connections_with_keys(
    served: Served, keys: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of a client with a key of its own, who means no good: the same, over CURVE."""
    connect = partial(curve_client, served, keys / "enemy.json")
    honest = {"keys": json.loads((keys / "honest.json").read_text())}
    again = lambda client: client.hello()
    _attack(Campaign(served, SEED + 1, connect, again, honest), 600, 50_000, capsys)


def _attack(campaign: Campaign, some: int, many: int, capsys: pytest.CaptureFixture[str]) -> None:
    cases = CASES or (many if budget.FULL else some)
    try:
        campaign.attack(cases, connections=cases // 12, millions=max(1, cases // 20_000))
        honest = campaign.end()
        with capsys.disabled():
            print(f"\n{campaign.report(honest)}")
    finally:
        campaign.close()
    assert honest["wrong"] == []
    assert honest["calls"] > 20
    assert campaign.target.process.poll() is None
    assert campaign.growth() < GROWTH


# ------------------------------------------------------------------------------------------------------------- quotas


@pytest.fixture
def little(served: Served, keys: Path) -> Iterator[Client]:
    client = curve_client(served, keys / "little.json")
    yield client
    with suppress(RemoteError):
        client.goodbye(drain=False)
    client.close()


def code_of(call: Callable[[], object]) -> str:
    try:
        call()
    except RemoteError as error:
        if error.code == "OVERLOADED":
            assert error.error["retryAfter"] > 0
        return error.code
    return "OK"


def test_each_quota_holds_and_is_freed(served: Served, keys: Path, little: Client, tmp_path: Path) -> None:
    honest = curve_client(served, keys / "honest.json")
    run = lambda: honest.run(ADD_ONE, np.float32([1, 2])).tolist() == [2, 3]

    # Sessions: also those that leave without a goodbye
    second = curve_client(served, keys / "little.json")
    third = curve_client(served, keys / "little.json", hello=False)
    assert code_of(third.hello) == "OVERLOADED"
    second.close()
    _until(lambda: code_of(third.hello) == "OK")
    third.goodbye()
    third.close()

    # Handles
    held = []
    for k in range(QUOTAS["handles"]):
        (call := little.launch(IDENTITY, np.float32([k]))).reply()
        held += call.handles
    assert [float(little.fetch(handle)[0][0]) for handle in held[-3:]] == [17, 18, 19]
    assert code_of(little.launch(IDENTITY, 1).reply) == "LIMIT_HANDLES"
    assert run()
    little.free(*held)
    little.ping()
    assert code_of(little.launch(IDENTITY, 1).reply) == "OK"

    # Programs
    _begin_anew(little)
    programs = [unary("test.add", [0, k]) for k in range(10, 11 + QUOTAS["programs"])]
    codes = [code_of(lambda p=program: little.run(p, 1)) for program in programs]
    assert codes == ["OK"] * QUOTAS["programs"] + ["LIMIT_PROGRAMS"]
    assert run()
    little.send([FORGET, 0, [hash_of(program) for program in programs]])
    assert code_of(lambda: little.run(ADD_ONE, 1)) == "OK"

    # Calls in flight, and their bytes
    _begin_anew(little)
    gate = Gate(honest, tmp_path / "open")
    gate.wait_until_running()
    calls = [little.launch(ADD_ONE, 1, wants=[0]) for _ in range(2 * QUOTAS["inFlightMessages"] + 2)]
    little.ping()
    gate.open()
    gate.call.reply()
    codes = [code_of(call.reply) for call in calls]
    assert codes == ["OK"] * 2 * QUOTAS["inFlightMessages"] + ["OVERLOADED"] * 2
    assert code_of(lambda: little.run(ADD_ONE, 1)) == "OK"
    _begin_anew(little)
    gate = Gate(honest, tmp_path / "open again")
    gate.wait_until_running()
    megabyte = np.zeros(QUOTAS["inFlightBytes"] // 4, np.float32)
    calls = [little.launch(IDENTITY, megabyte, wants=[]) for _ in range(3)]
    little.ping()
    gate.open()
    gate.call.reply()
    assert [code_of(call.reply) for call in calls] == ["OK", "OVERLOADED", "OVERLOADED"]
    assert code_of(lambda: little.run(ADD_ONE, megabyte)) == "OK"

    _begin_anew(little)

    # Names, which outlive the session, and the bytes of what they name
    weights = little.put(np.zeros(250, np.float32))
    for name in ("one", "two"):
        little.share(name, [weights])
    assert code_of(lambda: little.share("three", [weights])) == "LIMIT_SHARED"
    other = curve_client(served, keys / "little.json")
    weight = other.put(np.zeros(1, np.float32))
    assert code_of(lambda: other.share("three", [weight])) == "LIMIT_SHARED"
    assert code_of(lambda: other.unshare("one")) == "OK"
    large = other.put(np.zeros(1_001, np.float32))
    assert code_of(lambda: other.share("three", [large])) == "LIMIT_SHARED"
    other.unshare("two")
    assert code_of(lambda: other.share("three", [weight])) == "OK"
    other.unshare("three")
    other.close()

    # And nobody has what is another's
    theirs = honest.put(np.float32([7]))
    honest.fetch(theirs)
    codes = []
    for id_ in range(1, 40):
        seq = 1_000 + id_
        little.send([FETCH, seq, [id_ + 100_000, theirs.id], []])
        codes.append(code_of(lambda seq=seq: little.result(seq)))
    assert set(codes) == {"HANDLE_UNKNOWN"}
    honest.share("honest's", [theirs])
    assert code_of(lambda: little.unshare("honest's")) == "INVALID_ARGUMENT"
    assert (
        code_of(lambda: little.share("honest's", [little.put(np.float32([0]))], replace=True))
        == "INVALID_ARGUMENT"
    )
    assert honest.fetch(*honest.take("honest's")[1])[0].tolist() == [7]
    honest.unshare("honest's")
    assert run()
    honest.close()


def _begin_anew(client: Client) -> None:
    """Another session, which has nothing."""
    client.goodbye()
    client.hello()
    client._sent.clear()


def _until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)
