"""The parent process: the worker ends when it does."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import sys
import threading
from collections.abc import Callable
from typing import Any

COMMAND = "SYNJAX_COMMAND"  # the environment's variable with the id of the process that is the user's command
_PR_SET_PDEATHSIG = 1  # Linux: the signal that a process gets when its parent ends


def private_socket_of(config: dict[str, Any]) -> str | None:
    """The path of a socket that has a directory and a client of its own; None if this worker's has not."""
    return config["address"].removeprefix("ipc://") if config.get("privateDirectory") else None


def die_with_parent(private_socket: str | None) -> Callable[[], None]:
    """Ends this process when its stdin or its parent ends. Removes a private socket and its directory first.

    Returns a function to call when the client has connected. Nobody needs the socket's name after that, so it is
    removed at once: whoever kills the parent may kill this process too, before it can clean up.
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
        be_killed_with_parent()

    # An interrupt during a call of XLA would abort the process. The parent decides when to end.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, end)
    threading.Thread(target=watch, name="stdin", daemon=True).start()
    if private_socket is None:
        be_killed_with_parent()
    return connected


def be_killed_with_parent(by: signal.Signals = signal.SIGKILL) -> None:
    """Has Linux kill this process with its parent, in case no thread gets to notice the parent's end."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, by)


def end_with_command() -> None:
    """Has this process end as a signal ends it, when the command ends that has started it for its user. That one says
    which it is, and its end may have come before this.
    """
    command = os.environ.pop(COMMAND, None)
    if command is None or not command.isdecimal():
        return
    be_killed_with_parent(signal.SIGTERM)
    if sys.platform == "linux":
        # A script may stand between the two: the parent need not be the command
        if not os.path.exists(f"/proc/{command}"):
            signal.raise_signal(signal.SIGTERM)
