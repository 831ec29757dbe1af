"""The life of a worker process: it reads its configuration, says that it is ready, and serves."""

from __future__ import annotations

import gc
import json
import logging
import os
import sys
import threading
from collections.abc import Callable
from typing import Any, NoReturn

import zmq

from ..errors import SynjaxError
from ..limits import Limits
from ..protocol import VERSION
from ..registry import MODULES, Registry, load
from ..runtime.allocator import keep_freed_memory
from . import compilation_cache
from .configuration import batching_of, read_config
from .devices import find_devices
from .engine import Stored
from .last_words import EXIT_STATUS
from .logs import log_to_stderr
from .observer import Observer
from .parent import be_killed_with_parent, die_with_parent, private_socket_of
from .recorder import Recorder
from .served import Prepared, Served
from .server import Server

log = logging.getLogger("synjax_worker")


def main() -> int:
    """Reads the configuration from stdin, starts, says in one line on stdout that it is ready, and serves."""
    keep_freed_memory()
    announce = _take_stdout()
    log_to_stderr()
    try:
        config = read_config(sys.stdin.buffer.readline())
        connected = lambda: None
        if config.get("parentWatch", True):
            connected = die_with_parent(private_socket_of(config))
        server, ready = _start(config, connected)
        _collect_garbage()
    except Exception as error:
        log.exception("the worker did not start")
        announce({"ready": False, **_start_error(error).to_wire()})
        return 1
    _serve(server, ready, announce)


def _collect_garbage() -> None:
    """From now on. Of what is loaded nothing becomes garbage. Calls make none, only tracing does: to look for it as
    often as Python does by default takes a tenth of a batch of small calls.
    """
    gc.freeze()
    gc.set_threshold(10_000, 20, 50)
    gc.enable()


def serve(config: dict[str, Any], served: Served) -> int:
    """Serves whoever may call, until a signal ends it: a configuration as `main` reads it, and what else there is."""
    keep_freed_memory()
    announce = _take_stdout()
    log_to_stderr()
    if served.heartbeat is not None:
        be_killed_with_parent()
    try:
        prepared = Prepared(served)
        server, ready = _start(config, lambda: None, prepared)
        server.listen_to_signals(served.drain_seconds)
        _collect_garbage()
        if prepared.warm_up is not None:
            if not server.warm_up(prepared.warm_up, _not_ready(announce)):
                _end(server, prepared.recorder)
            prepared.held.make_way()
            server.listen()
            prepared.held.release()
            ready["address"] = server.address
    except Exception as error:
        log.exception("the worker did not start")
        announce({"ready": False, **_start_error(error).to_wire()})
        return 1
    _serve(server, ready, announce, prepared.recorder)


def _not_ready(announce: Callable[[dict[str, Any]], None]) -> Callable[[SynjaxError], None]:
    def failed(error: SynjaxError) -> None:
        log.error("the worker will not be ready", extra={"why": error.message})
        announce({"ready": False, **error.to_wire()})

    return failed


def _serve(
    server: Server,
    ready: dict[str, Any],
    announce: Callable[[dict[str, Any]], None],
    recorder: Recorder | None = None,
) -> NoReturn:
    announce(ready)
    log.info("ready", extra=ready)
    if recorder is not None:
        recorder.start()
    server.serve()
    _end(server, recorder)


def _end(server: Server, recorder: Recorder | None) -> NoReturn:
    if recorder is not None:
        recorder.close()
    zmq.Context.instance().term()  # waits until the last words have left, or for a moment
    os._exit(EXIT_STATUS if server.has_failed else 0)  # nothing else ends a thread that is in XLA


def _start_error(error: Exception) -> SynjaxError:
    if isinstance(error, SynjaxError):
        return error
    return SynjaxError("WORKER_START", f"{type(error).__name__}: {error}")


def _stored(directory: str | None, limits: Limits) -> Stored | None:
    """Where executables are kept. Nowhere if classes of other modules join, because what is kept is not known by their
    source.
    """
    if not directory or os.environ.get(MODULES):
        return None
    prepared = compilation_cache.prepared(directory)
    return None if prepared is None else Stored(prepared, limits)


def _take_stdout() -> Callable[[dict[str, Any]], None]:
    """Keeps stdout for one line, which the returned function writes. All other output goes to stderr."""
    private = os.dup(1)
    os.dup2(2, 1)
    sys.stdout = sys.stderr

    def announce(line: dict[str, Any]) -> None:
        os.write(
            private, json.dumps(line).encode() + b"\n"
        )  # in one write, because readers may expect one chunk
        os.close(private)

    return announce


def _start(
    config: dict[str, Any], connected: Callable[[], None], served: Prepared | None = None
) -> tuple[Server, dict[str, Any]]:
    limits = Limits.from_config(config.get("limits"))
    address = config["address"]
    if served is not None:
        address = served.before_start(address, limits)
    batching = batching_of(config)
    import jax

    observer, metrics_address = _observer(config.get("metricsAddress"))
    jax.config.update("jax_enable_x64", False)  # 64 bits belong to a program, not to the process
    # Each instruction would tell the lines of Python that made it: a twentieth of the time to compile.
    jax.config.update("jax_traceback_in_locations_limit", 0)

    registry, plugins = _with_plugins(load(), config)
    if served is not None:
        served.loaded(registry, limits)
    devices = find_devices(config.get("device", "cpu"))
    info = {
        "version": VERSION,
        "registry": registry.hash,
        "pid": os.getpid(),
        "platform": devices[0].platform,
        "devices": [str(device) for device in devices],
        "jax": jax.__version__,
        "limits": limits.to_wire(),
        "plugins": {name: plugin.hashes for name, plugin in plugins.items()},
    }
    is_own = (
        served is None and config.get("python") is True
    )  # its client has started it, and may do what it likes
    if is_own and hasattr(os, "preadv"):
        info["readsFiles"] = True
    sys.setswitchinterval(0.0005)  # seconds that another thread may keep the GIL while a ping waits
    sys.setrecursionlimit(50_000)  # JAX needs dozens of frames for each level of nested programs
    threading.stack_size(512 << 20)
    stored = _stored(config.get("compilationCache"), limits)
    server = Server(
        address,
        config.get("token"),
        info,
        registry.ops,
        limits,
        connected,
        stored,
        served and served.keys,
        batching,
        observer,
        served and served.compiled,
        served and served.beat,
        listens=served is None or served.warm_up is None,
        python=is_own,
    )
    ready = {"ready": True, "address": server.address} | {
        name: info[name] for name in ("version", "registry", "pid", "jax", "platform")
    }
    if metrics_address is not None:
        ready["metricsAddress"] = metrics_address
    return server, ready


def _with_plugins(registry: Registry, config: dict[str, Any]) -> tuple[Registry, dict[str, Any]]:
    """The operations of plugins too, and the plugins by their names. Without any nothing of it is imported."""
    wanted = config.get("plugins")
    if not wanted:
        return registry, {}
    find_devices(
        config.get("device", "cpu")
    )  # they may compute as they are imported, and the device may be wrong
    from ..plugin.loading import load_plugins, ops_of

    plugins = load_plugins(wanted, registry.ops)
    # They are no part of the document, and so not of its hash: clients without any plugin still meet the worker
    return Registry(registry.ops | ops_of(plugins), registry.document), plugins


def _observer(metrics_address: str | None) -> tuple[Observer | None, str | None]:
    """Who is told of what happens, and where it can be asked for. Without an address nothing of it is imported."""
    if metrics_address is None:
        return None, None
    from .http import listen
    from .metrics import Metrics

    metrics = Metrics()
    return metrics, listen(metrics_address, metrics.answer)
