"""A campaign: cases of a seed against a worker, with an honest client beside, and what is left of it afterwards."""

from __future__ import annotations

import collections
import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from random import Random
from typing import Any, Protocol

import numpy as np

from ..client import IDENTITY, PYTHON, Client
from ..test_metrics import ask
from .attacker import Attacker
from .messages import Case, case_of, million_equations
from .strangers import Breach, Strangers, connection_of

BATCH = 40  # cases that are sent before their answers are read
RENEWED = 10  # batches of a session
SAMPLES = 40  # of the worker's memory
KEPT_BYTES = 8 << 10  # of a compiled program, for ever
MB = 1 << 20


class Target(Protocol):
    """A worker's process, what it said when it was ready, and what it logs."""

    process: subprocess.Popen
    ready: dict[str, Any]

    def log(self) -> str: ...


def _have_it_send_a_lot(connect: Callable[[], Client]) -> None:
    """The first time that pyzmq sends something without a copy it makes a context of its own, of seven descriptors."""
    client = connect()
    client.run(IDENTITY, np.zeros(1 << 18, np.float32))
    client.goodbye()
    client.close()


class Campaign:
    """One attack on one worker, whose metrics are asked for."""

    def __init__(
        self,
        target: Target,
        seed: int,
        connect: Callable[[], Client],
        again: Callable[[Client], None],
        honest: Mapping[str, Any],
    ):
        """
        Args:
          honest: the token or the keys of the honest client.
        """
        self.target, self.seed = target, seed
        self.counts: collections.Counter[str] = collections.Counter()
        self.memory: list[tuple[int, int, int]] = []  # after so many cases: resident bytes, programs compiled
        port = int(target.ready["address"].rpartition(":")[2])
        self._strangers = Strangers(port, target.ready["registry"])
        _have_it_send_a_lot(connect)
        self._honest = subprocess.Popen(
            [sys.executable, "-m", "tests.runtime.enemy.honest"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=PYTHON,
            env=os.environ | {"PYTHONPATH": str(PYTHON)},
            text=True,
        )
        told = {name: target.ready[name] for name in ("address", "registry")}
        self._honest.stdin.write(json.dumps({**told, **honest}) + "\n")
        self._honest.stdin.flush()
        assert self._honest.stdout.readline() == "ready\n", "the honest client has not begun"
        self._before = self._left()
        self._attacker = Attacker(connect, again, lambda: target.process.poll() is None)

    # ------------------------------------------------------------------------------------------------------ attacking

    def attack(self, cases: int, connections: int, millions: int) -> None:
        """Sends so many cases' messages, makes so many hostile connections, and sends so many programs of a million
        equations. Raises Breach, which says what plays it again.
        """
        number = played = 0
        turns = max(1, cases // BATCH)
        for turn in range(turns):
            first = number
            batch = [case_of(self.seed, number + k) for k in range(BATCH)]
            number += BATCH
            if (2 * turn + 1) * millions // (2 * turns) > (2 * turn - 1) * millions // (2 * turns):
                batch.append(Case("a million equations", million_equations(Random(turn))))
            self._guard(f"cases {first} to {number - 1}", lambda batch=batch: self._attacker.send(batch))
            for case in batch:
                self.counts[case.kind] += len(case.messages)
            while played < connections * (turn + 1) // turns:
                kind, rng = connection_of(self.seed, played)
                self._guard(
                    f"connection {played}, {kind}", lambda kind=kind, rng=rng: self._strangers.play(kind, rng)
                )
                self.counts[f"connection: {kind}"] += 1
                played += 1
            if turn % RENEWED == RENEWED - 1:
                self._attacker.renew(Random(turn))
            if turn * SAMPLES // turns < (turn + 1) * SAMPLES // turns:
                compiled = int(self._metric("synjax_compilations_total"))
                self.memory.append((self.counts.total(), resident(self.target.process.pid), compiled))
        self._guard("the connections that were left open", self._strangers.end)

    def _guard(self, what: str, attack: Callable[[], object]) -> None:
        try:
            attack()
        except Exception as error:
            status = self.target.process.poll()
            state = "it lives" if status is None else f"it ended with {status}"
            raise Breach(
                f"SYNJAX_ENEMY_SEED={self.seed}, {what}: {error}\n{state}; it says: {self.target.log()[-3000:]}"
            ) from error

    # ---------------------------------------------------------------------------------------------------- what is left

    def end(self) -> dict[str, Any]:
        """Ends attacker and honest client: what the honest one says. Raises Breach where something stays behind."""
        self._attacker.client.close()
        self._wait_until_as_before()
        out, _ = self._honest.communicate("", timeout=300)
        return json.loads(out.splitlines()[-1])

    def close(self) -> None:
        """Ends what is still there of it."""
        self._attacker.client.close()
        if self._honest.poll() is None:
            self._honest.kill()
        self._honest.communicate()

    def _wait_until_as_before(self) -> None:
        deadline = time.monotonic() + 120
        while (left := self._left()) != self._before:
            if time.monotonic() > deadline:
                raise Breach(
                    f"{left} stays of the attack; before it was {self._before}: {self._descriptors()}"
                )
            time.sleep(0.2)

    def _left(self) -> dict[str, float]:
        """Sessions, and descriptors of the worker's process. The honest client's own are among them."""
        return {
            "sessions": self._metric("synjax_sessions"),
            "descriptors": len(os.listdir(f"/proc/{self.target.process.pid}/fd")),
        }

    def _descriptors(self) -> str:
        """What the worker's descriptors are, and which of its connections the system knows."""
        folder = f"/proc/{self.target.process.pid}"
        names = collections.Counter()
        for each in os.listdir(f"{folder}/fd"):
            with contextlib.suppress(OSError):  # closed meanwhile
                names[os.readlink(f"{folder}/fd/{each}")] += 1
        inodes = {name[8:-1] for name in names if name.startswith("socket:")}
        rows = [line.split() for line in Path(f"{folder}/net/tcp").read_text().splitlines()[1:]]
        states = collections.Counter(row[3] for row in rows if row[9] in inodes)
        return f"{dict(names)}, states of its tcp connections {dict(states)}"

    def _metric(self, name: str) -> float:
        """The sum over clients."""
        _, metrics = ask(self.target.ready["metricsAddress"], "/metrics")
        lines = (line.split() for line in metrics.splitlines())
        return sum(float(line[1]) for line in lines if line[0].partition("{")[0] == name)

    def report(self, honest: Mapping[str, Any]) -> str:
        """What happened, for a reader."""
        rows = [f"{count:9,} {kind}" for kind, count in sorted(self.counts.items(), key=lambda row: -row[1])]
        codes = ", ".join(f"{code} {count:,}" for code, count in self._attacker.codes.most_common())
        samples = " ".join(f"{size / MB:.0f}" for _, size, _ in self.memory)
        half = self.memory[len(self.memory) // 2][2]
        return "\n".join(
            [
                f"seed {self.seed}: {self.counts.total():,} cases",
                *rows,
                f"answers: {codes}",
                f"resident memory, MB: {samples}; slope of the second half: {self.slope():.1f} bytes a case",
                f"programs compiled: {self.memory[-1][2]:,}, in the first half {half:,}",
                f"honest client: {honest['calls']:,} calls, p50 {honest['p50']:.2f} ms, p99 {honest['p99']:.1f} ms, "
                f"worst {honest['worst']:.0f} ms, wrong {len(honest['wrong'])}",
            ]
        )

    def growth(self) -> float:
        """Bytes of resident memory that came in the second half, between the medians of its ends, without what JAX and
        XLA keep of every program that was ever compiled.
        """
        quarter = max(1, len(self.memory) // 4)
        _, before, compiled_before = np.median(self.memory[quarter : 2 * quarter], axis=0)
        _, after, compiled_after = np.median(self.memory[-quarter:], axis=0)
        return float(after - before - KEPT_BYTES * (compiled_after - compiled_before))

    def slope(self) -> float:
        """Bytes of resident memory a case, by least squares over the second half."""
        half = np.array(self.memory[len(self.memory) // 2 :], np.float64)
        return float(np.polyfit(half[:, 0], half[:, 1], 1)[0])


def resident(pid: int) -> int:
    """Bytes of memory that a process has."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
