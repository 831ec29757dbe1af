"""Metrics of a worker, as Prometheus reads them, and whether it is alive and ready.

What happens is counted as it happens; what there is (sessions, handles, memory) is looked at when somebody asks. Times
are in seconds, sizes in bytes. `client` is the name of the client's key.
"""

from __future__ import annotations

import collections
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import jax
from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.exposition import choose_encoder

from ..protocol import ERROR
from .codec import Compile, Fetch, Launch, Share, Take, Unshare
from .engine import Engine
from .engine.handles import bytes_held
from .engine.jobs import Job, Session
from .engine.times import times_of
from .http import Answer
from .observer import Observer, Post

ANONYMOUS = "anonymous"
DEAD_SECONDS = 10  # without a sign of life of the IO thread, which gives one each second
_KINDS = {
    Launch: "launch",
    Compile: "compile",
    Fetch: "fetch",
    Share: "share",
    Take: "shared",
    Unshare: "unshare",
}
_BRIEF = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_SIZES = (1, 2, 4, 8, 16, 32, 64, 128, 256)
_LONG = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 50, 100)
_TEXT = "text/plain; charset=utf-8"


class Metrics(Observer):
    """Counts what a worker does, and answers who asks for it over HTTP."""

    def __init__(self) -> None:
        self._alive_at = time.monotonic()
        self._waits_for: str | None = "the worker starts"
        self._registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)

        def counter(name: str, text: str, *labels: str) -> Counter:
            return Counter(f"synjax_{name}", text, ("client", *labels), registry=registry)

        def histogram(name: str, text: str, buckets: Sequence[float], *labels: str) -> Histogram:
            return Histogram(f"synjax_{name}", text, ("client", *labels), buckets=buckets, registry=registry)

        self._calls = counter(
            "calls", "Calls that were answered, with OK or the code of an error.", "kind", "code"
        )
        self._refused = counter("refused_messages", "Messages that were refused as they came.", "code")
        self._received = counter("received_bytes", "Bytes of messages of clients.")
        self._sent = counter("sent_bytes", "Bytes of replies.")
        self._dropped = counter(
            "dropped_calls", "Calls that were dropped unrun when their time was over.", "kind"
        )
        self._batch = Histogram(
            "synjax_batch_size",
            "Launches that ran together, of each batch; 1 of a launch alone, where launches are batched.",
            buckets=_SIZES,
            registry=registry,
        )
        self._queue = histogram("queue_seconds", "From the arrival of a call to its start.", _BRIEF, "kind")
        self._compile = histogram("compile_seconds", "Tracing and compiling a program.", _LONG)
        self._run = histogram(
            "run_seconds", "From the start of a call to its answer, compiling left out.", _BRIEF, "kind"
        )

    def watch(self, sessions: Mapping[bytes, Session], engine: Engine, info: Mapping[str, Any]) -> None:
        """Looks at these whenever somebody asks."""
        self._registry.register(_Present(sessions, engine, info))

    # ------------------------------------------------------------------------------------- told by the worker's threads

    def received(self, session: Session | None, size: int) -> None:
        self._received.labels(_name(session)).inc(size)

    def posting(self, post: Post) -> Post:
        def counted(to: Session | bytes, header: bytes, buffers: Sequence[Any]) -> None:
            size = len(header) + sum(buffer.nbytes for buffer in buffers)
            self._sent.labels(_name(to)).inc(size)
            post(to, header, buffers)

        return counted

    def refused(self, session: Session | None, code: str) -> None:
        self._refused.labels(_name(session), code).inc()

    def arrived(self, job: Job) -> None:
        job.arrived = time.monotonic()

    def answered(self, job: Job, header: list) -> None:
        kind = _KINDS.get(type(job.message))
        if kind is None:  # a free, or work of the engine's own
            return
        client = _name(job.session)
        code = (
            header[2].get("code", "GONE") if header[1] == ERROR else "OK"
        )  # nobody reads it, so it says nothing
        self._calls.labels(client, kind, code).inc()
        if job.is_dropped:
            self._dropped.labels(client, kind).inc()
        times = times_of(job, header)
        if times is None:
            return
        if times.compile:
            self._compile.labels(client).observe(times.compile)
        self._queue.labels(client, kind).observe(times.queue)
        self._run.labels(client, kind).observe(times.run)

    def batched(self, size: int) -> None:
        self._batch.observe(size)

    def alive(self, ends: bool) -> None:
        self._alive_at = time.monotonic()
        if ends:
            self._waits_for = "the worker is about to end"

    def waits(self, reason: str) -> None:
        self._waits_for = reason

    def ready(self) -> None:
        self._waits_for = None

    # ------------------------------------------------------------------------------------------------ asked over HTTP

    def answer(self, path: str, accept: str) -> Answer | None:
        """What is at a path; None where there is nothing."""
        if path == "/metrics":
            encode, content_type = choose_encoder(accept)
            return Answer(200, content_type, encode(self._registry))
        if path == "/healthz":
            silent = time.monotonic() - self._alive_at
            return _state(None if silent < DEAD_SECONDS else f"the IO thread is silent for {silent:.0f} s")
        if path == "/readyz":
            return _state(self._waits_for)
        return None


def _state(problem: str | None) -> Answer:
    return Answer(200 if problem is None else 503, _TEXT, f"{problem or 'ok'}\n".encode())


def _name(session: Session | bytes | None) -> str:
    return session.name or ANONYMOUS if isinstance(session, Session) else ANONYMOUS


class _Present:
    """What there is now."""

    def __init__(self, sessions: Mapping[bytes, Session], engine: Engine, info: Mapping[str, Any]):
        self._sessions = sessions
        self._engine = engine
        self._info = {name: str(info[name]) for name in ("version", "registry", "platform", "jax")}

    def describe(self) -> list[Metric]:
        """Nothing: a registry would collect for it before there is anything."""
        return []

    def collect(self) -> Iterator[Metric]:
        yield InfoMetricFamily("synjax_worker", "Which worker this is.", self._info)
        yield from self._of_clients()
        yield from self._of_the_engine()
        yield from _of_devices()

    def _of_clients(self) -> Iterator[Metric]:
        found: dict[str, list[Session]] = collections.defaultdict(list)
        for session in list(self._sessions.values()):
            found[_name(session)].append(session)
        for name, text, value in (
            ("sessions", "Sessions that are open.", len),
            ("handles", "Handles of sessions.", lambda each: sum(len(session.handles) for session in each)),
            (
                "handle_bytes",
                "Bytes on the device in handles; shared arrays count in each session.",
                lambda each: sum(bytes_held(session.handles) for session in each),
            ),
        ):
            family = GaugeMetricFamily(f"synjax_{name}", text, labels=("client",))
            for client, sessions in found.items():
                family.add_metric((client,), value(sessions))
            yield family

    def _of_the_engine(self) -> Iterator[Metric]:
        engine = self._engine
        counters = engine.counters(Session(b""))
        for name, text, value in (
            ("queued_calls", "Calls that wait for the compute thread.", counters["queued"]),
            ("running_calls", "Calls that were started and are not answered.", counters["running"]),
            ("executables", "Executables in memory.", counters["executables"]),
            ("shared_trees", "Shared trees.", len(engine.shared)),
            ("shared_bytes", "Bytes on the device in shared trees.", engine.shared.bytes),
        ):
            yield GaugeMetricFamily(f"synjax_{name}", text, value)
        batches = engine.batches
        for name, text, value in (
            ("compilations", "Programs compiled.", counters["compiles"]),
            ("batches", "Batches of launches that ran together.", batches.batches),
            (
                "batched_launches",
                "Launches in them: the size of a batch is this over that.",
                batches.batched_launches,
            ),
            ("failed_batches", "Batches whose launches ran alone after all.", batches.failed_batches),
        ):
            yield CounterMetricFamily(f"synjax_{name}", text, value)


def _of_devices() -> Iterator[Metric]:
    """What the devices say of their memory. That of a CPU is the process's, which stands elsewhere."""
    used = GaugeMetricFamily("synjax_device_memory_bytes", "Bytes in use on a device.", labels=("device",))
    limit = GaugeMetricFamily(
        "synjax_device_memory_limit_bytes", "Bytes that a device has.", labels=("device",)
    )
    for device in jax.local_devices():
        stats = device.memory_stats() or {}
        for family, name in ((used, "bytes_in_use"), (limit, "bytes_limit")):
            if name in stats:
                family.add_metric((str(device),), stats[name])
    yield from (used, limit)
