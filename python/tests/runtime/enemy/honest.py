"""An honest client in a process of its own: it calls all the while, and checks each answer.

`python -m tests.runtime.enemy.honest`: a line of JSON on stdin says whom to call, the end of stdin says stop, and a
line of JSON on stdout says how it went.
"""

from __future__ import annotations

import json
import select
import sys
import time
from types import SimpleNamespace

import numpy as np
import zmq

from ..client import Client
from .valid import FOREIGN_NAME, PROGRAMS

PAUSE = 0.005  # seconds between calls
HELD = 50  # calls for which a handle is kept


def main() -> None:
    told = json.loads(sys.stdin.readline())
    worker = SimpleNamespace(ready=told, log=lambda: "")
    client = Client.__new__(Client)
    socket = zmq.Context.instance().socket(zmq.DEALER)
    keys = told.get("keys")
    if keys is not None:
        socket.curve_serverkey, socket.curve_publickey = keys["worker"].encode(), keys["public"].encode()
        socket.curve_secretkey = keys["secret"].encode()
    client.over(worker, socket)
    client.hello(token=told.get("token"))
    weights = np.arange(16, dtype=np.float32)
    if keys is not None:
        client.share(FOREIGN_NAME, [client.put(weights)])
    print("ready", flush=True)
    rng, seconds, wrong = np.random.default_rng(0), [], []
    held, expected = None, None
    while not select.select([sys.stdin], [], [], PAUSE)[0]:
        value = rng.standard_normal(4).astype(np.float32)
        started = time.perf_counter()
        try:
            if len(seconds) % HELD == 0:
                if held is not None:
                    _check(client.fetch(held)[0], expected)
                    client.free(held)
                held, expected = client.put(value), value
                if keys is not None:
                    (leaf,) = client.take(FOREIGN_NAME)[1]
                    _check(client.fetch(leaf)[0], weights)
                    client.free(leaf)
            call = client.launch(PROGRAMS[0], value, wants=[0])
            _check(call.values()[0], value + 1)
            client.free(*call.handles)
        except Exception as error:
            wrong.append(f"{type(error).__name__}: {error}"[:300])
            if len(wrong) > 5 or isinstance(error, TimeoutError):
                break
        seconds.append(time.perf_counter() - started)
    p50, p99 = np.quantile(seconds, [0.5, 0.99]) * 1_000
    print(
        json.dumps(
            {"calls": len(seconds), "p50": p50, "p99": p99, "worst": max(seconds) * 1_000, "wrong": wrong}
        )
    )


def _check(found: np.ndarray, expected: np.ndarray) -> None:
    if not np.array_equal(found, expected):
        raise ValueError(f"{found} instead of {expected}")


if __name__ == "__main__":
    main()
