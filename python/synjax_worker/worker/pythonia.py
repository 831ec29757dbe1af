"""Python within reach: what a client that started this worker asks of any module, by the protocol of pythonia.

pythonia (npm) has two halves: proxies in JavaScript, and `Bridge.py`, which does what they ask. Here that half runs on
a thread of its own, beside the engine. Its messages come over a line of its own and not over pipes, and arrays cross
as handles. Whoever may send such messages may do anything that Python can, so no worker takes them that is served.

Before a message that names handles stands an empty one: it waits for a mark that comes by the client's socket, after
the calls that make them.
"""

from __future__ import annotations

import functools
import importlib.util
import json
import logging
import queue
import sys
import threading
import traceback
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import jax
import jax.numpy as jnp
import msgpack
import numpy as np

from ..errors import SynjaxError
from .codec import aval_of
from .engine import Handle, Job, Outcome, Session, signature_of, unknown_handle
from .line import Line

log = logging.getLogger("synjax_worker")

# What JSON has no words for: the only field of an object.
TENSOR, FLOAT, INT = "$tensor", "$float", "$int"
_MODULES = ("json_patch", "proxy", "Bridge")  # in the order in which they import each other

_BETWEEN = -1  # is called what stands before the last name of a call

Submit = Callable[[Job], None]


class Pythonia:
    """One client's requests. Each is done when those before it are, unless it is a callback's."""

    def __init__(self, session: Session, submit: Submit, directory: str, address: str):
        """`directory` has pythonia's own files. `address` is the worker's.

        Raises OSError where no line can be opened, RuntimeError where no thread can be begun.
        """
        self._session, self._submit = session, submit
        self._line = Line(address)
        self._marks: queue.SimpleQueue[None] = queue.SimpleQueue()
        thread = threading.Thread(target=self._serve, args=[Path(directory)], name="pythonia", daemon=True)
        try:
            thread.start()
        except RuntimeError:
            self._line.close()
            raise

    @property
    def place(self) -> dict[str, Any]:
        """Where the client finds the line, and what it says there first."""
        return self._line.place

    def mark(self) -> None:
        """The calls before a message that names handles have come."""
        self._marks.put(None)

    # ------------------------------------------------------------------------------- on the thread of its own

    def _serve(self, directory: Path) -> None:
        self._thread = threading.get_ident()
        try:
            self._line.open()
            if self._has_begun(directory):
                while True:
                    message = self._next()
                    # Or it is the answer to a callback that nobody waits for any more
                    if "action" in message:
                        self._do(message)
        except (EOFError, OSError):
            pass  # the client is gone
        finally:
            self._line.close()

    def _has_begun(self, directory: Path) -> bool:
        try:
            self._bridge = _bridge_module(directory).Bridge(self)
        except Exception as error:
            log.exception("pythonia was not loaded")
            self._say({"r": 0, "key": "error", "sig": f"{type(error).__name__}: {error}"})
            return False
        self._bridge.read = self._read
        # Its own table belongs to the class
        self._bridge.m = {
            0: {**self._bridge.m[0], "asTensor": self._as_tensor, "module": importlib.import_module}
        }
        self._say({"r": 0, "key": "ready"})
        return True

    def _next(self) -> dict[str, Any]:
        message = self._line.read()
        if not message:
            self._marks.get()
            message = self._line.read()
        return json.loads(message)

    def _do(self, message: dict[str, Any]) -> None:
        r, ffid, keys, bridge = message["r"], message["ffid"], message["key"], self._bridge
        try:
            value = self._crossed(message["val"])
            if message["action"] == "pcall" and len(keys) > 1:
                # pythonia asks what stands between whether it is true, which an array does not say
                bridge.m[_BETWEEN] = functools.reduce(_part, keys[:-1], bridge.m[ffid])
                ffid, keys = _BETWEEN, keys[-1:]
            bridge.onMessage(r, message["action"], ffid, keys, value)
        except BaseException:  # to end a thread is not to end all that follows
            self._say({"r": r, "key": "error", "sig": traceback.format_exc()})
        bridge.m.pop(_BETWEEN, None)

    def _read(self) -> dict[str, Any]:
        """The next message, for a callback that waits for its answer."""
        message = self._next()
        return message | {"val": self._crossed(message["val"])} if "val" in message else message

    def queue(self, what: dict[str, Any] | str) -> None:
        """Sends a message; pythonia calls it."""
        message: dict[str, Any] = json.loads(what) if isinstance(what, str) else what
        if message.get("c") == "jsi" and message["action"] != "free":
            self._assert_thread()
        self._say(message)

    def _assert_thread(self) -> None:
        if threading.get_ident() != self._thread:
            raise RuntimeError(
                "a JavaScript function can be called only by what JavaScript has called, on its thread"
            )

    def _say(self, message: dict[str, Any]) -> None:
        try:
            packed = msgpack.packb(_with_text_keys(message), default=_plain)
        except Exception:
            said = {"r": message.get("r", 0), "key": "error", "sig": traceback.format_exc()}
            packed = msgpack.packb(said)
        self._line.write(packed)

    # ------------------------------------------------------------------------------------------------- tensors

    def _crossed(self, value: Any) -> Any:
        """A value of a message, with arrays in place of their handles."""
        if isinstance(value, list):
            return [self._crossed(item) for item in value]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            ((key, said),) = value.items()
            if key == TENSOR:
                return self._in_turn(lambda: self._value_of(said))
            if key in (FLOAT, INT):
                return float(said) if key == FLOAT else int(said)
        return {key: self._crossed(item) for key, item in value.items()}

    def _value_of(self, id_: int) -> Any:
        handle = self._session.handles.get(id_)
        if handle is None:
            raise unknown_handle(id_)
        handle.outcome.settle()
        if handle.outcome.error is not None:
            raise SynjaxError(handle.outcome.error["code"], handle.outcome.error["message"])
        return handle.value

    def _as_tensor(self, value: Any, id_: int) -> str:
        """Makes a handle of an array; its type, as JSON."""
        if not isinstance(value, jax.Array):
            data = np.asarray(value)
            with jax.enable_x64(True):  # or 64 bits would become 32
                value = jnp.asarray(data)
        handle = Handle(value, signature_of(value), Outcome())
        self._in_turn(lambda: self._session.handles.__setitem__(id_, handle))
        return json.dumps(aval_of(value))

    def _in_turn(self, work: Callable[[], Any]) -> Any:
        """What `work` returns or raises when it is its turn among the client's calls: only jobs touch its handles."""
        done: queue.SimpleQueue[tuple[Any, Exception | None]] = queue.SimpleQueue()

        def job() -> None:
            try:
                done.put((work(), None))
            except Exception as error:
                done.put((None, error))

        self._submit(Job(self._session, job, []))
        value, error = done.get()
        if error is not None:
            raise error
        return value


def _part(value: Any, name: str | int) -> Any:
    """An attribute, or an item where there is none."""
    try:
        return getattr(value, str(name))
    except AttributeError:
        return value[name]


def _with_text_keys(value: Any) -> Any:
    """JavaScript's objects have no others."""
    if isinstance(value, dict):
        return {str(key): _with_text_keys(item) for key, item in value.items()}
    return [_with_text_keys(item) for item in value] if isinstance(value, (list, tuple)) else value


def _plain(value: Any) -> Any:
    """What `valueOf()` gives of things that messages have no words for."""
    if isinstance(value, (np.ndarray, np.generic, jax.Array)):
        return value.tolist()
    if isinstance(value, (set, frozenset)):
        return list(value)
    if hasattr(value, "ffid"):
        return {"ffid": value.ffid}
    raise TypeError(
        f"a {type(value).__name__} has no value in JavaScript: keep it in Python, or convert it there"
    )


def _bridge_module(directory: Path) -> ModuleType:
    """pythonia's module `Bridge`. It finds its neighbours by names that are anybody's, which are given back then."""
    before = {name: sys.modules.pop(name, None) for name in _MODULES}
    try:
        for name in _MODULES:
            spec = importlib.util.spec_from_file_location(name, directory / f"{name}.py")
            module = sys.modules[name] = importlib.util.module_from_spec(spec)
            spec.loader.exec_module(module)
        return sys.modules["Bridge"]
    finally:
        for name, module in before.items():
            sys.modules.pop(name, None)
            if module is not None:
                sys.modules[name] = module
