"""A worker that is served: who may call and how much, what signals do, and what is refused at the start."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import zmq

from synjax_worker.errors import InvalidArgument
from synjax_worker.limits import Limits
from synjax_worker.protocol import PYTHON as PYTHON_MESSAGE
from synjax_worker.worker import command
from synjax_worker.worker.keys import CLIENTS, OWN, Keys, is_private, write_client, write_own_pair

from .client import PYTHON, TIMEOUT_MS, Body, Client, RemoteError, encode
from .test_metrics import ask

TWICE = Body(inputs=1)
TWICE = encode(TWICE.returns(TWICE.add("np.add", -1, -1)))


class Served:
    """`serve` in a process of its own, on a port that it chooses."""

    def __init__(self, keys: Path, *arguments: str, waits: bool = True):
        """`waits` for what it says on stdout."""
        self._stderr = (keys / "stderr").open("w+")
        self.process = subprocess.Popen(
            [
                sys.executable,
                str(Path(__file__).with_name("worker_process.py")),
                "serve",
                "--listen",
                "tcp://127.0.0.1:*",
                "--keys",
                str(keys),
                *arguments,
            ],
            stdout=subprocess.PIPE,
            stderr=self._stderr,
            env=os.environ | {"PYTHONPATH": str(PYTHON)},
        )
        self.ready: dict = {}
        if waits:
            self.said()

    def said(self) -> dict:
        """What it says on stdout next."""
        self.ready = json.loads(self.process.stdout.readline())
        return self.ready

    def log(self) -> str:
        self._stderr.flush()
        return Path(self._stderr.name).read_text()

    def until(self, words: str) -> None:
        """Waits until it has said so in its log."""
        end = time.monotonic() + TIMEOUT_MS / 1_000
        while words not in self.log():
            assert time.monotonic() < end, self.log()
            time.sleep(0.01)

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(10)
        self.process.stdout.close()
        self._stderr.close()


def curve_client(served: Served, file: Path, hello: bool = True) -> Client:
    """A client with the keys in a file."""
    keys = {name: key.encode() for name, key in json.loads(file.read_text()).items()}
    client = Client.__new__(Client)
    socket = zmq.Context.instance().socket(zmq.DEALER)
    socket.curve_serverkey, socket.curve_publickey = keys["worker"], keys["public"]
    socket.curve_secretkey = keys["secret"]
    client.over(served, socket)
    if hello:
        client.info = client.hello()
    return client


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    """Two clients, of which one may have little."""
    for name in ("web", "small"):
        write_client(tmp_path, name)
    listed = tmp_path / CLIENTS
    web, small = listed.read_text().split("\n\n")[:2]
    listed.write_text(f"{web}\n\n{small}\nsessions = 1\nhandles = 2\ninFlightMessages = 4\n")
    return tmp_path


@pytest.fixture
def served(keys: Path) -> Iterator[Served]:
    served = Served(keys, "--metrics", "0")
    yield served
    served.close()


def test_a_client_is_known_by_its_key_and_has_what_its_list_says(served: Served, keys: Path) -> None:
    web, small = (curve_client(served, keys / f"{name}.json") for name in ("web", "small"))
    assert (web.info["client"], small.info["client"]) == ("web", "small")
    assert (small.info["limits"]["handles"], small.info["limits"]["inFlightMessages"]) == (2, 4)
    assert web.info["limits"]["handles"] == Limits().handles
    np.testing.assert_array_equal(web.run(TWICE, np.float32([1, 2])), [2, 4])
    held = [small.launch(TWICE, np.float32([k]), wants=[0]) for k in range(2)]
    assert [float(call.values()[0][0]) for call in held] == [0, 2]
    with pytest.raises(RemoteError, match="LIMIT_HANDLES"):
        small.run(TWICE, np.float32([3]))
    np.testing.assert_array_equal(web.run(TWICE, np.float32([3])), [6])  # whose handles are its own
    with pytest.raises(RemoteError, match="OVERLOADED: small has 1 sessions"):
        curve_client(served, keys / "small.json")
    served.until('"client": "small"')

    # Its name is that of what it shares, and in the metrics
    web.share("weights", [web.put(np.float32([7]))])
    with pytest.raises(RemoteError, match="it was shared by web"):
        small.unshare("weights")
    web.unshare("weights")
    _, metrics = ask(served.ready["metricsAddress"], "/metrics")
    for line in (
        'synjax_sessions{client="small"} 1.0',
        'synjax_calls_total{client="small",code="LIMIT_HANDLES",kind="launch"} 1.0',
        'synjax_calls_total{client="web",code="OK",kind="share"} 1.0',
    ):
        assert line in metrics

    # Keys that are on no list
    write_client(keys / "others", "web")
    foreign = json.loads((keys / "others/web.json").read_text())
    foreign["worker"] = json.loads((keys / "web.json").read_text())["worker"]
    (keys / "foreign.json").write_text(json.dumps(foreign))
    with pytest.raises(RemoteError, match="UNAUTHORIZED: the key of this client is not on"):
        curve_client(served, keys / "foreign.json")

    # Who is struck off the list is told and cut off; a list that is wrong changes nothing
    listed = keys / CLIENTS
    whole = listed.read_text()
    listed.write_text("[clients.")
    served.process.send_signal(signal.SIGHUP)
    served.until("the one before stays")
    np.testing.assert_array_equal(web.run(TWICE, np.float32([4])), [8])
    listed.write_text(whole.split("\n\n")[0])
    served.process.send_signal(signal.SIGHUP)
    with pytest.raises(RemoteError, match=r"WORKER_LOST: .* it is not on the worker's list any more"):
        small.result(0)
    np.testing.assert_array_equal(web.run(TWICE, np.float32([5])), [10])
    with pytest.raises(RemoteError, match="UNAUTHORIZED"):
        curve_client(served, keys / "small.json")


def test_a_client_of_another_release_hears_which(served: Served, keys: Path) -> None:
    client = curve_client(served, keys / "web.json", hello=False)
    for wish, field in (({"registry": "another"}, "registry"), ({"version": 2}, "version")):
        with pytest.raises(RemoteError, match="PROTOCOL_MISMATCH") as caught:
            client.hello(**wish)
        assert caught.value.error["argument"] == field
        assert caught.value.error["received"] == str(wish[field])
    client.hello()
    # An operation of a plugin that this worker does not have
    body = Body(inputs=1)
    missing = encode(body.returns(body.add("my_plugin.double", -1)))
    for _ in range(2):  # and so do later launches, which do not bring the program
        with pytest.raises(RemoteError, match=r"my_plugin\.double"):
            client.run(missing, np.float32([1]))
    np.testing.assert_array_equal(client.run(TWICE, np.float32([1])), [2])


def test_nobody_asks_a_served_worker_for_any_module(served: Served, keys: Path) -> None:
    client = curve_client(served, keys / "web.json")
    client.send([PYTHON_MESSAGE, 0, "/tmp"])
    assert client.receive(0)[0][2]["message"] == f"no message of type {PYTHON_MESSAGE}"


def test_it_answers_what_it_took_and_ends(served: Served, keys: Path, tmp_path: Path) -> None:
    web = curve_client(served, keys / "web.json")
    gate = str(tmp_path / "gate")
    body = Body(inputs=1)
    gated = encode(body.returns(body.add("test.gate", -1, path=gate)))
    taken = web.launch(gated, np.float32([1]), wants=[0])
    while not os.path.exists(f"{gate}.reached"):
        time.sleep(0.01)
    served.process.send_signal(signal.SIGTERM)
    with pytest.raises(RemoteError, match="OVERLOADED: the worker is about to end"):
        while True:  # until the signal has come
            curve_client(served, keys / "web.json").goodbye()
    late = web.launch(TWICE, np.float32([1]), wants=[0])
    web.ping()
    Path(gate).touch()
    np.testing.assert_array_equal(taken.values(), [[1]])
    with pytest.raises(RemoteError, match="OVERLOADED: the worker is about to end"):
        late.values()
    with pytest.raises(RemoteError, match="WORKER_LOST: the worker was told to end"):
        web.result(0)
    assert served.process.wait(30) == 0


def test_a_second_signal_and_the_deadline_end_it_at_once(keys: Path, tmp_path: Path) -> None:
    gate = str(tmp_path / "gate")
    body = Body(inputs=1)
    gated = encode(body.returns(body.add("test.gate", -1, path=gate)))
    for arguments, again, status in (
        ((), True, 128 + signal.SIGTERM),
        (("--drain-seconds", "0.1"), False, 0),
    ):
        served = Served(keys, *arguments)
        try:
            web = curve_client(served, keys / "web.json")
            web.launch(gated, np.float32([1]), wants=[0])
            while not os.path.exists(f"{gate}.reached"):
                time.sleep(0.01)
            os.remove(f"{gate}.reached")
            served.process.send_signal(signal.SIGTERM)
            if again:
                time.sleep(0.2)
                served.process.send_signal(signal.SIGTERM)
            assert served.process.wait(30) == status
        finally:
            served.close()


def test_a_port_that_is_taken_is_named(served: Served, keys: Path) -> None:
    address = served.ready["address"]
    second = subprocess.run(
        [sys.executable, "-m", "synjax_worker", "serve", "--listen", address, "--keys", str(keys)],
        capture_output=True,
        env=os.environ | {"PYTHONPATH": str(PYTHON)},
        timeout=TIMEOUT_MS / 1_000,
    )
    assert second.returncode == 1
    answer = json.loads(second.stdout)
    assert (answer["ready"], answer["code"]) == (False, "WORKER_START")
    assert f"nothing can listen at {address}" in answer["message"]


# -------------------------------------------------------------------------------------------------- before it starts


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["serve", "--listen", "tcp://0.0.0.0:5555"], "a loopback address, or --keys"),
        (["serve", "--listen", "tcp://[::]:5555"], "a loopback address, or --keys"),
        (["serve", "--listen", "tcp://example.org:5555"], "a loopback address, or --keys"),
        (["serve", "--listen", "tcp://127.0.0.1:5555"], "SYNJAX_TOKEN"),
        (["serve", "--listen", "udp://127.0.0.1:5555"], "tcp://HOST:PORT or ipc:///PATH"),
        (["serve", "--limit", "handles"], "NAME=N"),
        (["serve", "--drain-seconds", "nan"], "a number of at least 0"),
        (["serve", "--drain-seconds", "-1"], "a number of at least 0"),
        (["serve", "--hang-after", "1"], "--hang-after`: expected a number of at least 2"),
        (["serve", "--hang-after", "inf"], "a number of at least 2"),
        (["serve", "--restart", "--max-restarts", "0"], "a whole number of at least 1"),
        (["serve", "--config", "nowhere.toml"], "a TOML file"),
        (["keys", "somewhere", "--client", "a/b"], "letters, digits"),
        (["keys", "somewhere", "--client", "worker"], "a name that no file there has"),
    ],
)
def test_a_command_that_cannot_be_meant_says_so(
    arguments: list[str],
    words: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv(command.TOKEN, raising=False)
    if arguments[1] in ("--limit", "--drain-seconds", "--hang-after", "--restart"):
        monkeypatch.setenv(command.TOKEN, "secret")
    assert command.main(arguments) == 2
    assert words in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("port = 1", "any of listen"),
        ("limits = 3", "limits that is a table"),
        ('drain-seconds = "3"', "drain-seconds that is a number"),
        ("max-batch = true", "max-batch that is a number"),
        ("restart = 1", "restart that is a boolean"),
        ("hang-after = true", "hang-after that is a number"),
        ("listen = 3", "listen that is a string"),
        ('device = "gpu"', "cpu, cuda, tpu"),
        ("listen", "a TOML file"),
    ],
)
def test_a_file_that_cannot_be_meant_says_so(
    text: str, words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "worker.toml").write_text(text)
    assert command.main(["serve", "--config", str(tmp_path / "worker.toml")]) == 2
    assert words in capsys.readouterr().err


def test_a_file_says_what_flags_do_not(tmp_path: Path) -> None:
    file = tmp_path / "worker.toml"
    file.write_text('listen = "ipc:///a"\ndevice = "tpu"\n[limits]\nhandles = 3\n')
    given = command._parser().parse_args(["serve", "--config", str(file), "--device", "cpu"])
    assert command._settings(given) == {"listen": "ipc:///a", "device": "cpu", "limits": {"handles": 3}}


def _changed(directory: Path, name: str, text: str) -> None:
    (directory / name).write_text(text)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda d: (d / OWN).chmod(0o644), "mode 0600"),
        (lambda d: (d / OWN).unlink(), "as `synjax keys` makes it"),
        (lambda d: _changed(d, OWN, "{"), "as `synjax keys` makes it"),
        (lambda d: _changed(d, OWN, "[]"), "an object with public and secret"),
        (lambda d: _changed(d, OWN, '{"public": "a", "secret": "b"}'), "a key of 40 characters as public"),
        (
            lambda d: _changed(d, OWN, json.dumps(json.loads((d / OWN).read_text()) | {"public": "a" * 40})),
            "a public key that belongs to the secret one",
        ),
        (
            lambda d: _changed(d, OWN, json.dumps({"public": "a" * 40, "secret": "," * 40})),
            "a key in Z85 as secret",
        ),
        (lambda d: (d / CLIENTS).unlink(), "a list of clients"),
        (lambda d: _changed(d, CLIENTS, "[clients"), "a list of clients"),
        (lambda d: _changed(d, CLIENTS, "[users.web]"), "tables [clients.NAME]"),
        (lambda d: _changed(d, CLIENTS, "clients = 3"), "tables [clients.NAME]"),
        (lambda d: _changed(d, CLIENTS, "[clients]\nweb = 3"), "a table [clients.web]"),
        (lambda d: _changed(d, CLIENTS, "[clients.web]"), "a key of 40 characters as public of web"),
        (lambda d: _changed(d, CLIENTS, (d / CLIENTS).read_text() + "elements = 3"), "public, sessions"),
        (
            lambda d: _changed(d, CLIENTS, (d / CLIENTS).read_text().replace("handles = 2", "handles = 0")),
            "a positive whole number",
        ),
        (
            lambda d: _changed(d, CLIENTS, (d / CLIENTS).read_text().replace("sessions = 1", "sessions = 0")),
            "a positive whole number",
        ),
        (
            lambda d: _changed(
                d, CLIENTS, (d / CLIENTS).read_text().replace("small", "web2") + _again(d / CLIENTS)
            ),
            "a key of its own for each client",
        ),
    ],
)
def test_keys_that_cannot_be_meant_say_so(change, words: str, keys: Path) -> None:
    Keys(str(keys), Limits())
    change(keys)
    with pytest.raises(InvalidArgument) as found:
        Keys(str(keys), Limits())
    assert words in str(found.value)
    secret = json.loads((keys / "web.json").read_text())["secret"]
    assert secret not in str(found.value)


def test_a_key_that_belongs_to_root_may_be_given_by_its_group() -> None:
    """So secrets are mounted for containers that do not run as root."""
    user = 10001
    assert is_private(0o100600, user, user)
    assert is_private(0o100440, 0, user)
    for mode, owner, reader in (
        (0o100440, 0, 0),
        (0o100440, user, user),
        (0o100444, 0, user),
        (0o100460, 0, user),
    ):
        assert not is_private(mode, owner, reader)


def _again(listed: Path) -> str:
    return "\n" + listed.read_text().split("\n\n")[0].replace("web", "again")


def test_keys_are_made_once_and_for_their_owner_only(tmp_path: Path) -> None:
    public = write_own_pair(tmp_path / "keys")
    assert write_own_pair(tmp_path / "keys") == public
    file = write_client(tmp_path / "keys", "web")
    assert json.loads(file.read_text())["worker"] == public
    modes = {path.name: path.stat().st_mode & 0o777 for path in (tmp_path / "keys").iterdir()}
    assert (modes[OWN], modes["web.json"]) == (0o600, 0o600)
    with pytest.raises(InvalidArgument, match="a name that no file there has"):
        write_client(tmp_path / "keys", "web")
