"""`python -m synjax_worker serve`, and `keys`: the command line, for where there is no Node."""

from __future__ import annotations

import argparse
import ipaddress
import math
import os
import re
import sys
import tomllib
from pathlib import Path
from typing import Any

from ..errors import SynjaxError
from ..protocol import DEFAULT_LIMITS, DEVICES
from .refusals import wrong_setting

TOKEN = "SYNJAX_TOKEN"
_USAGE_ERROR = 2
_DRAIN_SECONDS = 30.0
_MAX_BATCH = 64
_MAX_WAIT = 2.0  # milliseconds
_LEAST_HANG_AFTER = 2.0  # seconds: a worker gives a sign of life each second
_MAX_RESTARTS = 5  # in a minute
# What a file may say, by the names of the flags.
_TEXTS = ("listen", "device", "keys", "compilation-cache", "metrics", "warm", "record")
_NUMBERS = ("drain-seconds", "max-batch", "max-wait", "hang-after", "max-restarts")
_FLAGS = ("restart",)
_LISTS = ("plugins",)
_SETTINGS = (*_TEXTS, *_NUMBERS, *_FLAGS, *_LISTS, "limits")


def main(arguments: list[str]) -> int:
    """Runs a command. Its exit status."""
    parser = _parser()
    given = parser.parse_args(arguments)
    try:
        return _keys(given) if given.command == "keys" else _serve(given)
    except SynjaxError as error:
        print(f"synjax: [{error.code}] {error}", file=sys.stderr)
        return _USAGE_ERROR


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="synjax", allow_abbrev=False)
    commands = parser.add_subparsers(dest="command", required=True)
    serve = commands.add_parser(
        "serve",
        allow_abbrev=False,
        help="serve clients over a socket until SIGTERM",
        description="Says on stdout, in one line of JSON, that it is ready and where it listens; logs on stderr, a "
        "line of JSON each. SIGTERM ends it when it has answered what it took, a second one at once. SIGHUP reads the "
        f"list of clients again. On the loopback interface clients may say a token ({TOKEN}); others need keys.",
    )
    serve.add_argument(
        "--listen", metavar="ADDRESS", help="tcp://HOST:PORT or ipc://PATH (tcp://127.0.0.1:5555)"
    )
    serve.add_argument("--device", choices=DEVICES, help="where JAX computes (cpu)")
    serve.add_argument("--keys", metavar="DIR", help="the worker's keys and its list of clients")
    serve.add_argument("--compilation-cache", metavar="DIR", help="keeps compiled programs between runs")
    serve.add_argument("--drain-seconds", type=float, metavar="S", help=f"after SIGTERM ({_DRAIN_SECONDS:g})")
    serve.add_argument(
        "--max-batch", type=int, metavar="N", help=f"launches that run together at most ({_MAX_BATCH})"
    )
    serve.add_argument(
        "--max-wait",
        type=float,
        metavar="MS",
        help=f"that a launch waits for others to run with ({_MAX_WAIT:g})",
    )
    serve.add_argument(
        "--metrics",
        metavar="HOST:PORT",
        help="answers /metrics, /healthz and /readyz there; a port alone: loopback",
    )
    serve.add_argument(
        "--record", metavar="FILE", help="says there what was compiled, for --warm of a later start"
    )
    serve.add_argument("--warm", metavar="FILE", help="compiles what is said there, and is ready only then")
    serve.add_argument(
        "--plugin",
        action="append",
        dest="plugins",
        metavar="NAME",
        help="a package, a path of one, or a file of jax.export, whose operations programs may use; may be repeated",
    )
    serve.add_argument(
        "--restart",
        action="store_true",
        default=None,
        help="runs the worker as a child, and the next one where it ends as it should not",
    )
    serve.add_argument(
        "--max-restarts", type=int, metavar="N", help=f"in a minute, with --restart ({_MAX_RESTARTS})"
    )
    serve.add_argument(
        "--hang-after",
        type=float,
        metavar="S",
        help="ends a worker whose thread for messages is silent for so long",
    )
    serve.add_argument("--heartbeat", type=int, help=argparse.SUPPRESS)  # from the supervisor to its child
    serve.add_argument(
        "--limit",
        action="append",
        default=[],
        metavar="NAME=N",
        help=f"of {', '.join(DEFAULT_LIMITS)}; may be repeated",
    )
    serve.add_argument(
        "--config", metavar="FILE", help=f"a TOML file with any of {', '.join(_SETTINGS)}; flags come first"
    )
    keys = commands.add_parser("keys", help="make the worker's keys, and those of clients")
    keys.add_argument("directory")
    keys.add_argument("--client", action="append", default=[], metavar="NAME", help="may be repeated")
    return parser


def _keys(given: argparse.Namespace) -> int:
    from .keys import CLIENTS, write_client, write_own_pair

    directory = Path(given.directory)
    write_own_pair(directory)
    (directory / CLIENTS).touch(0o600)
    for name in given.client:
        print(write_client(directory, name))
    return 0


def _serve(given: argparse.Namespace) -> int:
    settings = _settings(given)
    address = settings.get("listen", "tcp://127.0.0.1:5555")
    keys, token = settings.get("keys"), os.environ.get(TOKEN) or None
    _require_protection(address, keys, token)
    drain_seconds = _number(settings, "drain-seconds", 0, _DRAIN_SECONDS)
    hang_after = _number(settings, "hang-after", _LEAST_HANG_AFTER, None)
    if settings.get("restart") and given.heartbeat is None:
        return _supervise(settings, address, hang_after)
    os.environ.pop(TOKEN, None)  # no other program is to have it
    limits = settings.get("limits", {}) | dict(_limit(text) for text in given.limit)
    config = {
        "address": address,
        "token": token,
        "device": settings.get("device", "cpu"),
        "limits": limits,
        "compilationCache": settings.get("compilation-cache"),
        "metricsAddress": settings.get("metrics"),
        "maxBatch": settings.get("max-batch", _MAX_BATCH),
        "maxWait": settings.get("max-wait", _MAX_WAIT),
        "plugins": settings.get("plugins", []),
    }
    os.environ["JAX_PLATFORMS"] = config["device"]
    from .process import serve
    from .served import Served

    served = Served(
        drain_seconds,
        keys,
        settings.get("warm"),
        settings.get("record"),
        hang_after,
        given.heartbeat,
    )
    return serve(config, served)


def _supervise(settings: dict[str, Any], address: str, hang_after: float | None) -> int:
    """Runs the same command as a child, at an address that stays."""
    if sys.platform == "win32":
        raise wrong_setting("--restart", "a system with signals and pipes of Unix", sys.platform)
    most = settings.get("max-restarts", _MAX_RESTARTS)
    if type(most) is not int or most < 1:
        raise wrong_setting("--max-restarts", "a whole number of at least 1", str(most))
    from .logs import log_to_stderr
    from .ports import HeldPort
    from .supervisor import Supervisor

    log_to_stderr()
    held = HeldPort(address)

    def command(beats: int) -> list[str]:
        own = ["--heartbeat", str(beats), "--listen", held.address]
        return [sys.executable, *sys.orig_argv[1:], *own]

    return Supervisor(command, hang_after=hang_after, most_restarts=most, held=held).run()


def _number(settings: dict[str, Any], name: str, least: float, default: float | None) -> float | None:
    """A number of the settings. Raises InvalidArgument where it is too small, or none."""
    value = settings.get(name, default)
    if value is not None and not least <= value < math.inf:
        raise wrong_setting(f"--{name}", f"a number of at least {least:g}", str(value))
    return value


def _settings(given: argparse.Namespace) -> dict[str, Any]:
    """What a file says, and the flags in the place of it."""
    found: dict[str, Any] = {}
    if given.config is not None:
        try:
            found = tomllib.loads(Path(given.config).read_text())
        except (OSError, ValueError) as error:
            raise wrong_setting("--config", "a TOML file", str(error)) from None
        unknown = sorted(set(found).difference(_SETTINGS))
        if unknown:
            raise wrong_setting("--config", f"any of {', '.join(_SETTINGS)}", unknown[0])
        kinds = (
            dict.fromkeys(_TEXTS, ("string", (str,)))
            | dict.fromkeys(_NUMBERS, ("number", (int, float)))
            | dict.fromkeys(_FLAGS, ("boolean", (bool,)))
            | dict.fromkeys(_LISTS, ("list", (list,)))
            | {"limits": ("table", (dict,))}
        )
        for name, (word, kind) in kinds.items():
            if name in found and type(found[name]) not in kind:
                raise wrong_setting("--config", f"{name} that is a {word}", repr(found[name]))
        if found.get("device", "cpu") not in DEVICES:
            raise wrong_setting("device", ", ".join(DEVICES), repr(found["device"]))
    flags = {name: getattr(given, name.replace("-", "_"), None) for name in _SETTINGS}
    return found | {name: value for name, value in flags.items() if value is not None}


def _limit(text: str) -> tuple[str, int]:
    name, _, value = text.partition("=")
    if not value.isdecimal():
        raise wrong_setting("--limit", "NAME=N, as handles=1000", repr(text))
    return name, int(value)


def _require_protection(address: str, keys: str | None, token: str | None) -> None:
    """Nobody may call who was not told that they may. Raises InvalidArgument."""
    tcp = re.fullmatch(r"tcp://(\[.+\]|[^:]+):(\d+|\*)", address)
    if tcp is None and not address.startswith("ipc:///"):
        raise wrong_setting("--listen", "tcp://HOST:PORT or ipc:///PATH", address)
    if tcp is None:
        return  # whoever may enter the directory
    if keys is None and not _is_loopback(tcp[1].strip("[]")):
        raise wrong_setting("--listen", "a loopback address, or --keys: others can reach this one", address)
    if keys is None and token is None:
        raise wrong_setting(
            TOKEN, "a secret that clients say, or --keys: others on this machine can reach it", "none"
        )


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
