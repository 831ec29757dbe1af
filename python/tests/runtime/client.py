"""A small client, and programs written by hand: what the TypeScript side does, in the least Python that does it."""

from __future__ import annotations

import hashlib
import itertools
import json
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import ml_dtypes
import msgpack
import numpy as np
import zmq

from synjax_worker.protocol import (
    BUNDLE,
    BUNDLED,
    CANCEL,
    COMPILE,
    FETCH,
    FREE,
    GOODBYE,
    HELLO,
    LAUNCH,
    PING,
    SHARE,
    SHARED,
    UNSHARE,
)

PYTHON = Path(__file__).parents[2]
TIMEOUT_MS = 120_000  # ends what hangs; a busy machine takes its time


class RemoteError(Exception):
    def __init__(self, error: dict[str, Any]):
        super().__init__(f"{error['code']}: {error['message']}")
        self.error = error
        self.code = error["code"]


class Body:
    """A body being written. `add` returns the reference to a new equation."""

    def __init__(self, inputs: int = 0, captures: int = 0):
        self.inputs, self.captures = inputs, captures
        self.equations: list[list] = []

    def add(self, op: str, *args: Any, **attributes: Any) -> int:
        equation: list[Any] = [op, list(args)]
        if attributes:
            equation.append([item for name in sorted(attributes) for item in (name, attributes[name])])
        self.equations.append(equation)
        return len(self.equations) - 1

    def returns(self, *outputs: Any) -> list:
        return [self.inputs, self.captures, self.equations, list(outputs)]


def tuple_of(*items: Any) -> list:
    return [2, list(items)]


def nested(body: int, *captures: int) -> list:
    return [4, body, list(captures)]


def encode(*bodies: list) -> bytes:
    return msgpack.packb([1, list(bodies)])


def hash_of(program: bytes) -> bytes:
    return hashlib.sha256(program).digest()[:16]


class Handle(NamedTuple):
    id: int


class Key(NamedTuple):
    """A host array of PRNG keys, as their data."""

    data: np.ndarray


class Reply(NamedTuple):
    avals: list
    data: list
    errors: list


def headers_in(frame: bytes) -> list[list]:
    """The headers of replies in a frame: one, or those of a bundle."""
    header = msgpack.unpackb(frame, strict_map_key=False)
    return (
        [msgpack.unpackb(each, strict_map_key=False) for each in header[2]]
        if header[1] == BUNDLED
        else [header]
    )


class Worker:
    """A worker process of its own in a private directory."""

    def __init__(
        self,
        *,
        address: str | None = None,
        real: bool = False,
        address_space: int | None = None,
        **config: Any,
    ):
        self._directory = tempfile.TemporaryDirectory(prefix="synjax-")
        self.stderr = open(os.path.join(self._directory.name, "stderr"), "w+")
        program = ["-m", "synjax_worker"] if real else [str(Path(__file__).with_name("worker_process.py"))]
        self.process = subprocess.Popen(
            [sys.executable, *program],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.stderr,
            env=os.environ | {"PYTHONPATH": str(PYTHON)},
        )
        if address_space is not None:  # before it starts to work, which it does when it has its configuration
            resource.prlimit(self.process.pid, resource.RLIMIT_AS, (address_space, address_space))
        address = address or f"ipc://{self._directory.name}/socket"
        self.process.stdin.write(json.dumps({"address": address, "device": "cpu"} | config).encode() + b"\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        self.ready = json.loads(line) if line else None

    def log(self) -> str:
        self.stderr.flush()
        return Path(self.stderr.name).read_text()

    def close(self) -> None:
        self.process.stdin.close()
        self.process.wait(10)
        self.process.stdout.close()
        self.stderr.close()
        self._directory.cleanup()


class Client:
    def __init__(self, worker: Worker, *, token: str | None = None, hello: bool = True):
        self.over(worker, zmq.Context.instance().socket(zmq.DEALER))
        if hello:
            self.hello(token=token)

    def over(self, worker: Any, socket: zmq.Socket) -> None:
        """Connects a socket that may have keys."""
        self.worker = worker
        self.socket = socket
        self.socket.set(zmq.LINGER, 0)
        self.socket.set(zmq.SNDHWM, 0)
        self.socket.connect(worker.ready["address"])
        self._seqs = itertools.count(1)
        self._ids = itertools.count(1)
        self._sent: set[bytes] = set()
        self._replies: dict[int, tuple[list, list[bytes]]] = {}

    def close(self) -> None:
        self.socket.close()

    # ---- raw messages

    def send(self, header: Any, *buffers: Any) -> None:
        packed = header if isinstance(header, bytes) else msgpack.packb(header)
        self.socket.send_multipart([packed, *buffers])

    def receive(self, seq: int) -> tuple[list, list[bytes]]:
        while seq not in self._replies:
            if not self.socket.poll(TIMEOUT_MS):
                raise TimeoutError(f"no reply to {seq}; the worker says: {self.worker.log()[-2000:]}")
            frame, *buffers = self.socket.recv_multipart()
            for header in headers_in(frame):
                self._replies[header[0]] = (header, buffers)
        return self._replies.pop(seq)

    def bundle(self, *headers: Any) -> None:
        """Sends messages in one frame."""
        self.send([BUNDLE, 0, [h if isinstance(h, bytes) else msgpack.packb(h) for h in headers]])

    def result(self, seq: int) -> Any:
        header, _ = self.receive(seq)
        if header[1] == 1:
            raise RemoteError(header[2])
        return header[2]

    @property
    def received(self) -> set[int]:
        """The calls whose replies have come and were not read yet."""
        return set(self._replies)

    # ---- calls

    def hello(self, **changes: Any) -> dict:
        seq = next(self._seqs)
        wish = {"version": 1, "registry": self.worker.ready["registry"], "token": None} | changes
        self.send([HELLO, seq, wish])
        return self.result(seq)

    def ping(self) -> dict:
        seq = next(self._seqs)
        self.send([PING, seq])
        return self.result(seq)

    def goodbye(self, drain: bool = True) -> None:
        seq = next(self._seqs)
        self.send([GOODBYE, seq, drain])
        self.result(seq)

    def launch(
        self,
        program: bytes,
        *inputs: Any,
        wants: Sequence[int] = (),
        donated: Sequence[int] = (),
        frees: Sequence[Handle] = (),
        flags: int = 0,
        outputs: int | None = None,
        send_body: bool | None = None,
        context: dict[str, Any] | None = None,
    ) -> Call:
        """Sends a launch without waiting."""
        if outputs is None:
            outputs = len(msgpack.unpackb(program)[1][-1][3])
        hash_ = hash_of(program)
        has_body = hash_ not in self._sent if send_body is None else send_body
        self._sent.add(hash_)
        buffers = [program] if has_body else []
        wire = [_input(item, buffers) for item in inputs]
        seq, first = next(self._seqs), next(self._ids)
        for _ in range(outputs - 1):
            next(self._ids)
        freed = [handle.id for handle in frees]
        self.send(
            [
                LAUNCH,
                seq,
                hash_,
                int(has_body),
                wire,
                first,
                outputs,
                list(wants),
                list(donated),
                freed,
                flags,
                *_context(context),
            ],
            *buffers,
        )
        return Call(self, seq, [Handle(first + k) for k in range(outputs)])

    def compile(
        self,
        program: bytes,
        *inputs: Any,
        donated: Sequence[int] = (),
        flags: int = 0,
        context: dict[str, Any] | None = None,
    ) -> Call:
        """Sends a compile without waiting; inputs are handles, numbers, or [1, dtype, shape, weak]."""
        hash_ = hash_of(program)
        has_body = hash_ not in self._sent
        self._sent.add(hash_)
        wire = [_input(item, []) for item in inputs]
        seq = next(self._seqs)
        header = [COMPILE, seq, hash_, int(has_body), wire, list(donated), flags, *_context(context)]
        self.send(header, *([program] if has_body else []))
        return Call(self, seq, [])

    def run(self, program: bytes, *inputs: Any, **options: Any) -> Any:
        """Launches, waits, and returns the results on the host; one result alone is not in a list."""
        outputs = len(msgpack.unpackb(program)[1][-1][3])
        values = self.launch(program, *inputs, wants=range(outputs), **options).values()
        return values[0] if len(values) == 1 else values

    def fetch(self, *handles: Handle) -> list[np.ndarray]:
        return self.start_fetch(*handles).values()

    def start_fetch(self, *handles: Handle, context: dict[str, Any] | None = None) -> Call:
        seq = next(self._seqs)
        self.send([FETCH, seq, [handle.id for handle in handles], [], *_context(context)])
        return Call(self, seq, list(handles))

    def put(self, value: Any) -> Handle:
        return self.launch(IDENTITY, value).handles[0]

    def share(self, name: str, tree: list, replace: bool = False) -> None:
        """Shares a tree, whose leaves are handles."""
        seq = next(self._seqs)
        nodes = [node.id if isinstance(node, Handle) else node for node in tree]
        self.send([SHARE, seq, name, nodes, replace])
        self.result(seq)

    def take(self, name: str) -> tuple[list, list[Handle]]:
        """A shared tree, its leaves by their places, and the handles that are its leaves."""
        seq, first = next(self._seqs), next(self._ids)
        self.send([SHARED, seq, name, first])
        nodes, avals = self.result(seq)
        for _ in avals[1:]:
            next(self._ids)
        return nodes, [Handle(first + k) for k in range(len(avals))]

    def unshare(self, name: str) -> None:
        seq = next(self._seqs)
        self.send([UNSHARE, seq, name])
        self.result(seq)

    def free(self, *handles: Handle) -> None:
        self.send([FREE, 0, [handle.id for handle in handles]])

    def cancel(self, *calls: Call) -> None:
        self.send([CANCEL, 0, [call.seq for call in calls]])


class Call:
    def __init__(self, client: Client, seq: int, handles: list[Handle]):
        self._client, self.seq, self.handles = client, seq, handles

    def reply(self) -> Reply:
        header, buffers = self._client.receive(self.seq)
        if header[1] == 1:
            raise RemoteError(header[2])
        _, _, avals, data, *rest = header
        data = [buffers[item] if isinstance(item, int) else item for item in data]
        return Reply(avals, data, rest[0] if rest else [])

    def values(self) -> list[np.ndarray]:
        """The data of every result, all of which were asked for."""
        reply = self.reply()
        return [
            decode(aval, data) if data is not None else None
            for aval, data in zip(reply.avals, reply.data, strict=True)
        ]

    def error(self) -> dict[str, Any]:
        try:
            reply = self.reply()
        except RemoteError as error:
            return error.error
        raise AssertionError(f"no error: {reply}")


def decode(aval: list, data: bytes) -> np.ndarray:
    dtype, shape, _ = aval
    if dtype == "key":
        return np.frombuffer(data, np.uint32).reshape(*shape, 2)
    return np.frombuffer(data, ml_dtypes.bfloat16 if dtype == "bfloat16" else dtype).reshape(shape)


def _context(context: dict[str, Any] | None) -> list:
    return [] if context is None else [context]


def _input(item: Any, buffers: list) -> Any:
    if isinstance(item, Handle):
        return item.id
    if isinstance(item, bool):
        item = np.asarray(item)
    if isinstance(item, int):
        return [0, item]
    if isinstance(item, float):
        return [2, item]
    if isinstance(item, list):
        return item
    dtype, array = ("key", item.data) if isinstance(item, Key) else (str(item.dtype), item)
    shape = list(array.shape[:-1] if dtype == "key" else array.shape)
    data = np.ascontiguousarray(array).reshape(-1).view(np.uint8)
    if data.nbytes <= 256:
        return [1, dtype, shape, data.tobytes()]
    buffers.append(data)
    return [1, dtype, shape]


IDENTITY = encode(Body(1).returns(-1))
