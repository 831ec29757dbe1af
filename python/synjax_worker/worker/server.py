"""The worker's process: its socket and the start and end of its life.

The IO thread (the main one) receives, checks and answers what needs no computation, so that a ping is answered
while XLA compiles. It is the only one to touch the socket: other threads post replies and ring an eventfd.
"""

from __future__ import annotations

import collections
import contextlib
import ctypes
import hmac
import json
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

import zmq

from ..errors import InvalidArgument, SynjaxError
from ..protocol import (
    CANCEL,
    COMPILE,
    CONFIGURATION,
    DEVICES,
    ERROR,
    FETCH,
    FIELDS,
    FORGET,
    FREE,
    GOODBYE,
    HELLO,
    LAUNCH,
    OK,
    PING,
    VERSION,
)
from .allocator import keep_freed_memory
from .codec import (
    SMALL_BYTES,
    pack_header,
    parse_compile,
    parse_fetch,
    parse_hashes,
    parse_ids,
    parse_launch,
    unpack_header,
)
from .engine import RETRY_AFTER_MS, Engine, Job, Session
from .limits import Limits

log = logging.getLogger("synjax_worker")

Buffer = bytes | memoryview

ZERO_COPY_BYTES = 1 << 19  # below, copying a buffer costs less than keeping it until libzmq has sent it


class Server:
    """Serves clients on one ROUTER socket."""

    def __init__(
        self,
        address: str,
        token: str | None,
        info: dict[str, Any],
        ops: dict[str, Any],
        limits: Limits,
        connected: Callable[[], None] = lambda: None,
    ):
        self._token = token
        self._connected = connected  # called at every hello that is answered
        self._info = info  # what a hello is answered with
        self._limits = limits
        self._sessions: dict[bytes, Session] = {}
        self._outbox: collections.deque[tuple[bytes, bytes, Sequence[Any]]] = collections.deque()
        self._wake, self._waker = _wake_pair()
        self._thread = threading.get_ident()
        self._engine = Engine(ops, limits, self._post)
        self._socket = zmq.Context.instance().socket(zmq.ROUTER)
        self._socket.set(zmq.SNDHWM, 0)  # the clients' credit bounds what is in flight
        self._socket.set(zmq.RCVHWM, 0)
        self._socket.set(zmq.LINGER, 0)
        self._socket.set(zmq.ROUTER_MANDATORY, 1)
        # libzmq drops a connection above this without a word; a little above the limit we answer ourselves.
        self._socket.set(zmq.MAXMSGSIZE, max(2 * limits.frame_bytes, 64 << 20))
        self._socket.bind(address)
        self.address = self._socket.get_string(zmq.LAST_ENDPOINT)

    def serve(self) -> None:
        """Runs for ever."""
        self._engine.start()
        poller = zmq.Poller()
        poller.register(self._socket, zmq.POLLIN)
        poller.register(self._wake, zmq.POLLIN)
        while True:
            idle = self._engine.idle
            self._send_replies()
            if idle:  # no thread has anything to post: wait for a message alone, which is quicker
                self._receive(0)
                continue
            poller.poll()
            self._clear_wake()
            self._send_replies()
            while self._receive(zmq.NOBLOCK):
                self._send_replies()

    # -------------------------------------------------------------------------------------------------------- sending

    def _post(self, client: bytes, header: bytes, buffers: Sequence[Any]) -> None:
        """Queues a reply. Any thread may call it."""
        self._outbox.append((client, header, buffers))
        if threading.get_ident() != self._thread:
            os.write(self._waker, _WAKE)

    def _clear_wake(self) -> None:
        try:
            os.read(self._wake, 8 if self._wake == self._waker else 65_536)
        except BlockingIOError:
            pass

    def _send_replies(self) -> None:
        while self._outbox:
            client, header, buffers = self._outbox.popleft()
            try:
                self._send(client, header, buffers)
            except zmq.ZMQError as error:
                if error.errno != zmq.EHOSTUNREACH:
                    raise
                self._forget_client(client)

    def _send(self, client: bytes, header: bytes, buffers: Sequence[Any]) -> None:
        send, more = self._socket.send, zmq.SNDMORE | zmq.NOBLOCK
        send(client, more)
        send(header, more if buffers else zmq.NOBLOCK)
        for position, buffer in enumerate(buffers, 1):
            last = position == len(buffers)
            send(buffer, zmq.NOBLOCK if last else more, copy=buffer.nbytes < ZERO_COPY_BYTES)

    def _forget_client(self, client: bytes) -> None:
        session = self._sessions.pop(client, None)
        if session is not None:
            log.info("client gone", extra={"handles": len(session.handles)})
            self._submit(Job(session, lambda: _clear(session), []))

    # ------------------------------------------------------------------------------------------------------ receiving

    def _receive(self, flags: int) -> bool:
        """Takes one message and handles it; False where none has come."""
        socket = self._socket
        try:
            client = socket.recv(flags)
        except zmq.Again:
            return False
        frame = socket.recv() if socket.get(zmq.RCVMORE) else b""
        buffers: list[Buffer] = []
        size, count = len(frame), 1
        excess = self._excess(count, size, size)
        while socket.get(zmq.RCVMORE):
            message = socket.recv(copy=False)
            length = len(message)
            count, size = count + 1, size + length
            excess = excess or self._excess(count, length, size)
            if excess is None:
                buffers.append(message.bytes if length < SMALL_BYTES else message.buffer)
        self._handle(client, frame, buffers, size, excess)
        return True

    def _excess(self, count: int, length: int, size: int) -> SynjaxError | None:
        limits = self._limits
        if count > limits.frames:
            return SynjaxError("LIMIT_FRAMES", f"more than {limits.frames} frames in a message")
        if length > limits.frame_bytes:
            return SynjaxError("LIMIT_BYTES", f"a frame of {length} bytes; at most {limits.frame_bytes}")
        if size > limits.message_bytes:
            return SynjaxError("LIMIT_BYTES", f"a message above {limits.message_bytes} bytes")
        return None

    def _handle(
        self, client: bytes, frame: bytes, buffers: list[Buffer], size: int, excess: SynjaxError | None
    ) -> None:
        seq = 0
        try:
            header = unpack_header(frame)
            seq = header[1]
            self._dispatch(client, header, buffers, size, excess)
        except SynjaxError as error:
            self._post(client, pack_header([seq, ERROR, error.to_wire()]), ())
        except Exception as error:  # whatever a message does, the worker lives
            log.exception("a message was not handled")
            failure = {"code": "INTERNAL", "message": f"{type(error).__name__}: {error}"[:2_000]}
            self._post(client, pack_header([seq, ERROR, failure]), ())

    def _dispatch(
        self, client: bytes, header: list, buffers: list[Buffer], size: int, excess: SynjaxError | None
    ) -> None:
        kind, seq = header[0], header[1]
        if kind == HELLO:
            return self._hello(client, header)
        session = self._sessions.get(client)
        if session is None:
            raise SynjaxError("UNAUTHORIZED", "say hello first")
        if kind == LAUNCH:
            launch = parse_launch(header)
            return self._run(Job(session, launch, buffers, size, seq, refused=excess))
        if kind == COMPILE:
            return self._run(Job(session, parse_compile(header), buffers, size, seq, refused=excess))
        if buffers or excess is not None:
            raise excess or SynjaxError("BAD_MESSAGE", "only a launch and a compile have buffers")
        if kind == FETCH:
            self._run(Job(session, parse_fetch(header), [], size, seq))
        elif kind == PING:
            self._post(client, pack_header([seq, OK, self._engine.counters(session)]), ())
        elif kind == FORGET:
            hashes = parse_hashes(header)
            self._run(Job(session, lambda: _remove(session.programs, hashes), [], seq=seq))
        elif kind == FREE:
            ids = parse_ids(header, "a free")
            self._run(Job(session, lambda: _remove(session.handles, ids), [], seq=seq))
        elif kind == CANCEL:
            self._engine.cancel(session, parse_ids(header, "a cancel"))
        elif kind == GOODBYE:
            self._goodbye(client, session, header)
        else:
            raise SynjaxError("BAD_MESSAGE", f"no message of type {kind}")

    def _run(self, job: Job) -> None:
        if job.refused is None and self._engine.is_overloaded(job.session, job.bytes):
            job.refused = SynjaxError(
                "OVERLOADED", "more calls in flight than the worker takes", retryAfter=RETRY_AFTER_MS
            )
        if job.refused is not None or not self._engine.run_if_quick(job, self._is_quiet):
            self._submit(job)

    def _submit(self, job: Job) -> None:
        self._engine.submit(job)

    def _is_quiet(self) -> bool:
        return not self._socket.get(zmq.EVENTS) & zmq.POLLIN

    def _hello(self, client: bytes, header: list) -> None:
        wish = header[2] if len(header) == 1 + len(FIELDS["hello"]) else None
        if type(wish) is not dict or set(wish) - {"version", "registry", "token"}:
            raise SynjaxError("BAD_MESSAGE", "a hello has version, registry and token")
        token = wish.get("token")
        if self._token is not None and not (
            type(token) is str and hmac.compare_digest(token.encode(), self._token.encode())
        ):
            raise SynjaxError("UNAUTHORIZED", "the token is not this worker's")
        for name, ours in (("version", VERSION), ("registry", self._info["registry"])):
            theirs = wish.get(name)
            if theirs != ours:
                raise SynjaxError(
                    "PROTOCOL_MISMATCH",
                    f"{name}: the client has {theirs!r:.80}, the worker has {ours!r}",
                    argument=name,
                    expected=str(ours),
                    came=str(theirs)[:80],
                )
        self._sessions.setdefault(client, Session(client))
        self._connected()
        self._post(client, pack_header([header[1], OK, self._info]), ())

    def _goodbye(self, client: bytes, session: Session, header: list) -> None:
        if len(header) != 3 or type(header[2]) is not bool:
            raise SynjaxError("BAD_MESSAGE", "a goodbye is [type, seq, drain]")
        if not header[2]:
            self._engine.cancel(session, list(session.jobs))
        del self._sessions[client]
        self._run(Job(session, lambda: _clear(session), [], seq=header[1]))


_WAKE = (1).to_bytes(8, sys.byteorder)


def _wake_pair() -> tuple[int, int]:
    """File descriptors to wait on and to write `_WAKE` to: an eventfd, which is its own pair, or a pipe."""
    if hasattr(os, "eventfd"):
        descriptor = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        return descriptor, descriptor
    reader, writer = os.pipe()
    os.set_blocking(reader, False)
    return reader, writer


def _remove(table: dict, keys: Sequence[Any]) -> None:
    for key in keys:
        table.pop(key, None)


def _clear(session: Session) -> None:
    session.handles.clear()
    session.programs.clear()


# ------------------------------------------------------------------------------------------------- the life of a worker


class _JsonLog(logging.Formatter):
    _STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime"}

    def format(self, record: logging.LogRecord) -> str:
        fields = {
            "time": time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
            + f".{record.msecs:03.0f}Z",
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        fields |= {name: value for name, value in vars(record).items() if name not in self._STANDARD}
        if record.exc_info:
            fields["trace"] = self.formatException(record.exc_info)
        return json.dumps(fields, default=str)


_PR_SET_PDEATHSIG = 1


def main() -> int:
    """Reads the configuration from stdin, starts, says so in one line on stdout, and serves."""
    keep_freed_memory()
    announce = _take_stdout()
    _log_to_stderr()
    try:
        config = read_config(sys.stdin.buffer.readline())
        connected = lambda: None
        if config.get("parentWatch", True):
            connected = _die_with_parent(_private_socket(config))
        server, ready = _start(config, connected)
    except Exception as error:
        log.exception("the worker did not start")
        announce({"ready": False, **_start_error(error).to_wire()})
        return 1
    announce(ready)
    log.info("ready", extra=ready)
    server.serve()
    return 0


def _start_error(error: Exception) -> SynjaxError:
    if isinstance(error, SynjaxError):
        return error
    return SynjaxError("WORKER_START", f"{type(error).__name__}: {error}")


def _take_stdout() -> Callable[[dict[str, Any]], None]:
    """Keeps the process's stdout for one line of ours; whatever else is printed goes to stderr."""
    private = os.dup(1)
    os.dup2(2, 1)
    sys.stdout = sys.stderr

    def announce(line: dict[str, Any]) -> None:
        os.write(private, json.dumps(line).encode() + b"\n")  # one write: readers may take it for one chunk
        os.close(private)

    return announce


def _log_to_stderr() -> None:
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_JsonLog())
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    logging.getLogger("jax").setLevel(logging.WARNING)
    logging.captureWarnings(True)


def read_config(line: bytes) -> dict[str, Any]:
    """The configuration. Raises ValueError; InvalidArgument, which is one, where an argument of the user's is wrong."""
    config = json.loads(line)
    if type(config) is not dict or type(config.get("address")) is not str:
        raise ValueError("the first line on stdin is a JSON object with an `address`")
    unknown = set(config).difference(CONFIGURATION)
    if unknown:
        raise ValueError(f"unknown configuration: {', '.join(sorted(unknown))}")
    if config.get("device", "cpu") not in DEVICES:
        raise _bad_device(config["device"], ", ".join(DEVICES))
    if not config["address"].startswith("ipc://") and not config.get("token"):
        raise ValueError("an address that others can reach needs a token")
    return config


def _bad_device(came: Any, expected: str, reason: str = "") -> InvalidArgument:
    return InvalidArgument(
        f"`device`: expected {expected}, got {came}{reason}",
        argument="device",
        expected=expected,
        came=str(came),
    )


def _find_devices(wanted: str) -> list[Any]:
    """JAX's devices of the platform wanted. Raises InvalidArgument, naming those there are, where there are none."""
    import jax
    import jax.extend.backend

    jax.config.update("jax_platforms", wanted)
    try:
        return jax.devices()
    except Exception as error:  # whatever a plugin throws
        why = str(error).partition(" (set JAX_PLATFORMS")[0]
        why = (
            why or f"its JAX is without {wanted}; `npx synjax setup --device {wanted}` makes one that has it"
        )
        jax.config.update("jax_platforms", None)
        found = ", ".join(name for name in jax.extend.backend.backends() if name in DEVICES)
        raise _bad_device(wanted, f"one that the worker finds ({found})", f": {why}") from error


def _private_socket(config: dict[str, Any]) -> str | None:
    """The path of a socket that is alone in its directory and has one client."""
    return config["address"].removeprefix("ipc://") if config.get("privateDirectory") else None


def _die_with_parent(private_socket: str | None) -> Callable[[], None]:
    """Ends the process as soon as its stdin does, or its parent. A private socket and its directory go first.

    Returns what to call when the client is connected: the socket's name is of no use any more then, and whoever
    kills the parent may take this process with it at once.
    """

    def remove() -> None:
        if private_socket is not None:
            with contextlib.suppress(OSError):
                os.unlink(private_socket)
            with contextlib.suppress(OSError):
                os.rmdir(os.path.dirname(private_socket))

    def end(*_: Any) -> None:
        remove()
        os._exit(0)

    def watch() -> None:
        while os.read(0, 4_096):
            pass
        end()

    def connected() -> None:
        remove()
        _be_killed_with_parent()

    # An interrupt while XLA runs would abort; the parent decides.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, end)
    threading.Thread(target=watch, name="stdin", daemon=True).start()
    if private_socket is None:
        _be_killed_with_parent()
    return connected


def _be_killed_with_parent() -> None:
    """Also where no thread of ours would come to notice its end."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _start(config: dict[str, Any], connected: Callable[[], None]) -> tuple[Server, dict[str, Any]]:
    limits = Limits.from_config(config.get("limits"))
    import jax

    jax.config.update("jax_enable_x64", False)  # 64 bits belong to a program, not to the process
    if config.get("compilationCache"):
        jax.config.update("jax_compilation_cache_dir", config["compilationCache"])
        # The defaults keep nothing for programs as small as most of ours.
        jax.config.update("jax_persistent_cache_min_compile_time_secs", 0)
        jax.config.update("jax_persistent_cache_min_entry_size_bytes", -1)
    from ..registry import load

    registry = load()
    devices = _find_devices(config.get("device", "cpu"))
    info = {
        "version": VERSION,
        "registry": registry.hash,
        "pid": os.getpid(),
        "platform": devices[0].platform,
        "devices": [str(device) for device in devices],
        "jax": jax.__version__,
        "limits": limits.to_wire(),
    }
    sys.setswitchinterval(0.0005)  # seconds: a ping waits for the GIL no longer than this a thread
    sys.setrecursionlimit(50_000)  # programs nest, and JAX takes dozens of frames for each level
    threading.stack_size(512 << 20)
    server = Server(config["address"], config.get("token"), info, registry.ops, limits, connected)
    ready = {"ready": True, "address": server.address} | {
        name: info[name] for name in ("version", "registry", "pid", "jax", "platform")
    }
    return server, ready
