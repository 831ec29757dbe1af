"""Keys of a served worker: its own pair, and the list of clients that may call.

A directory has `worker.json`, the worker's own pair, which nobody else may read, and `clients.toml`, a table for each
client: its public key and what it may have at most. `synjax keys` makes both. Keys are CURVE25519, in Z85 as ZeroMQ
spells them.
"""

from __future__ import annotations

import dataclasses
import json
import logging
import os
import stat
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import zmq

from ..errors import InvalidArgument
from ..limits import Limits
from .refusals import wrong_setting

log = logging.getLogger("synjax_worker")

OWN = "worker.json"
CLIENTS = "clients.toml"
_SESSIONS = 64  # of one client, where its table does not say
# Limits that are a client's own; the others are the worker's.
QUOTAS = ("inFlightMessages", "inFlightBytes", "handles", "programs", "sharedNames", "sharedBytes")


@dataclasses.dataclass(frozen=True)
class Client:
    """Somebody who may call."""

    name: str
    public: str
    limits: Limits
    sessions: int  # at the same time


class Keys:
    """The keys in a directory."""

    def __init__(self, directory: str, limits: Limits):
        """Raises InvalidArgument that names the file and what is wrong with it."""
        self._list = Path(directory) / CLIENTS
        self._limits = limits
        self.public, self.secret = _own_pair(Path(directory) / OWN)
        self._clients = _read_clients(self._list, limits)

    def client_of(self, public: str) -> Client | None:
        """Whose key it is; None where it is on no list."""
        return self._clients.get(public)

    def reread(self) -> bool:
        """Takes the list as it is by now. One that is not there or is wrong changes nothing, and is told in the log."""
        try:
            self._clients = _read_clients(self._list, self._limits)
        except InvalidArgument as error:
            log.error("the list of clients was not reread: the one before stays", extra={"error": str(error)})
            return False
        log.info("the list of clients was reread", extra={"clients": len(self._clients)})
        return True


def write_own_pair(directory: Path) -> str:
    """Makes the worker's pair unless it is there: the public key. Raises InvalidArgument where there is a wrong one."""
    path = directory / OWN
    if path.exists():
        return _own_pair(path)[0]
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    public, secret = (key.decode() for key in zmq.curve_keypair())
    _write_private(path, {"public": public, "secret": secret})
    return public


def write_client(directory: Path, name: str) -> Path:
    """Makes a pair for a client, in a file that `connect` takes, and puts the client on the list."""
    if not name.replace("-", "").replace("_", "").isalnum() or len(name) > 64:
        raise wrong_setting("client", "letters, digits, - and _, 64 at most", repr(name))
    worker = write_own_pair(directory)
    path, listed = directory / f"{name}.json", directory / CLIENTS
    if path.exists() or name == "worker":
        raise wrong_setting("client", "a name that no file there has", repr(name))
    public, secret = (key.decode() for key in zmq.curve_keypair())
    _write_private(path, {"worker": worker, "public": public, "secret": secret})
    with listed.open("a") as file:  # Z85 has neither quotes nor backslashes
        file.write(f'[clients.{name}]\npublic = "{public}"\n\n')
    return path


def _write_private(path: Path, content: Mapping[str, str]) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump(content, file, indent=2)
        file.write("\n")


def _own_pair(path: Path) -> tuple[str, str]:
    try:
        status = path.stat()
        found = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise wrong_setting(
            "keys", f"a directory with {OWN}, as `synjax keys` makes it", str(error)
        ) from None
    if os.name == "posix" and not is_private(status.st_mode, status.st_uid, os.getuid()):
        raise wrong_setting(
            "keys", f"{path} readable by nobody else (mode 0600)", f"mode {stat.S_IMODE(status.st_mode):04o}"
        )
    if type(found) is not dict:
        raise wrong_setting("keys", f"an object with public and secret in {path}", type(found).__name__)
    public, secret = (_as_key(found.get(name), f"{name} in {path}") for name in ("public", "secret"))
    try:
        belongs = zmq.curve_public(secret.encode()).decode()
    except (zmq.ZMQError, ValueError):  # not every 40 characters are Z85
        raise wrong_setting("keys", f"a key in Z85 as secret in {path}", "no key") from None
    if belongs != public:
        raise wrong_setting("keys", f"a public key that belongs to the secret one in {path}", "another")
    return public, secret


def is_private(mode: int, owner: int, user: int) -> bool:
    """Whether nobody else than `user` reads a file. What belongs to root may be given to a user by its group: so
    secrets are mounted for containers that do not run as root.
    """
    by_group = stat.S_IRGRP if owner == 0 and user != 0 else 0
    return not mode & 0o077 & ~by_group


def _as_key(value: Any, what: str) -> str:
    if type(value) is not str or len(value) != 40 or not value.isascii():
        raise wrong_setting(
            "keys", f"a key of 40 characters as {what}", "none" if value is None else "no key"
        )
    return value


def _read_clients(path: Path, limits: Limits) -> dict[str, Client]:
    try:
        found = tomllib.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise wrong_setting("keys", f"a list of clients in {path}", str(error)) from None
    tables = found.pop("clients", {})
    if found or type(tables) is not dict:
        raise wrong_setting(
            "keys", f"tables [clients.NAME] in {path}", ", ".join(found) or type(tables).__name__
        )
    clients: dict[str, Client] = {}
    for name, table in tables.items():
        client = _client(name, table, limits, path)
        if client.public in clients:
            raise wrong_setting(
                "keys", f"a key of its own for each client in {path}", f"that of {name} twice"
            )
        clients[client.public] = client
    return clients


def _client(name: str, table: Any, limits: Limits, path: Path) -> Client:
    if type(table) is not dict:
        raise wrong_setting("keys", f"a table [clients.{name}] in {path}", type(table).__name__)
    quotas = dict(table)
    public = _as_key(quotas.pop("public", None), f"public of {name} in {path}")
    sessions = quotas.pop("sessions", _SESSIONS)
    if type(sessions) is not int or sessions < 1:
        raise wrong_setting("sessions", f"a positive whole number for {name} in {path}", repr(sessions))
    unknown = sorted(set(quotas).difference(QUOTAS))
    if unknown:
        raise wrong_setting("keys", f"public, sessions, {', '.join(QUOTAS)} of {name} in {path}", unknown[0])
    own = Limits.from_config({**limits.to_wire(), **quotas})
    return Client(name, public, own, sessions)
