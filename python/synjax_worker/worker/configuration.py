"""The configuration of a worker: the first line on its stdin."""

from __future__ import annotations

import json
from typing import Any

from ..protocol import CONFIGURATION, DEVICES
from .engine import Batching
from .refusals import bad_device, wrong_setting

_MOST_BATCHED = 10_000  # launches, and milliseconds that one waits


def read_config(line: bytes) -> dict[str, Any]:
    """The configuration.

    Raises:
      InvalidArgument: a value that the user chose is wrong.
      ValueError: anything else is wrong.
    """
    config = json.loads(line)
    if type(config) is not dict or type(config.get("address")) is not str:
        raise ValueError("the first line on stdin is a JSON object with an `address`")
    unknown = set(config).difference(CONFIGURATION)
    if unknown:
        raise ValueError(f"unknown configuration: {', '.join(sorted(unknown))}")
    if config.get("device", "cpu") not in DEVICES:
        raise bad_device(config["device"], ", ".join(DEVICES))
    plugins = config.get("plugins") or []
    if type(plugins) is not list or any(type(name) is not str for name in plugins):
        raise wrong_setting("plugins", "a list of names", repr(plugins)[:100])
    if not config["address"].startswith("ipc://") and not config.get("token"):
        raise ValueError("an address that others can reach needs a token")
    return config


def batching_of(config: dict[str, Any]) -> Batching:
    """How the worker batches calls. Raises InvalidArgument for a number that is none."""
    chosen = {}
    for name, field, least in (("maxBatch", "max_batch", 1), ("maxWait", "max_wait", 0)):
        value = config.get(name)
        if value is None:
            continue
        whole = name == "maxBatch"
        if type(value) not in ((int,) if whole else (int, float)) or not least <= value <= _MOST_BATCHED:
            expected = f"a {'whole ' if whole else ''}number between {least} and {_MOST_BATCHED}"
            raise wrong_setting(name, expected, repr(value))
        chosen[field] = value
    return Batching(**chosen)
