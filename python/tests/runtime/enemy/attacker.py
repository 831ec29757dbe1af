"""An attacker that may call: it sends batches of hostile messages over a session, and counts the answers."""

from __future__ import annotations

import collections
import itertools
import time
from collections.abc import Callable, Sequence
from random import Random

import msgpack

from synjax_worker.protocol import ERROR, ERRORS, FETCH, FREE, OK
from synjax_worker.worker.headers import seq_of

from ..client import TIMEOUT_MS, Client, headers_in
from .messages import Case, answers_of, ends_session, said
from .strangers import Breach

_CODES = {code for group in ERRORS.values() for code in group}
_OWN_SEQS = 1 << 50  # of what is not hostile: no case has such a seq
_LONGEST_MESSAGE = 4_000  # characters of an error's


class Attacker:
    """One session at a time, made anew now and then."""

    def __init__(
        self, connect: Callable[[], Client], again: Callable[[Client], None], is_alive: Callable[[], bool]
    ):
        """
        Args:
          connect: a client that has said hello.
          again: says hello for one that has said goodbye.
          is_alive: whether the worker's process is there.
        """
        self._connect = connect
        self._again = again
        self._is_alive = is_alive
        self._seqs = itertools.count(_OWN_SEQS)
        self.client = connect()
        self.codes: collections.Counter[str] = collections.Counter()  # of the answers

    def send(self, cases: Sequence[Case]) -> int:
        """Sends cases, and waits for all that they are owed: how many messages. Raises Breach."""
        sent: collections.Counter[int] = collections.Counter()
        least = most = messages = 0
        for case in cases:
            for frames in case.messages:
                self.client.socket.send_multipart(frames, copy=False)
                messages += 1
                low, high = answers_of(frames)
                least, most = least + low, most + high
                sent[seq_of(frames[0])] += (
                    1  # which the worker reads of headers that are too long for it, too
                )
                for header in said(frames):
                    sent[header[1]] += 1
                if ends_session(frames):
                    self._collect(sent, least, most)
                    self._again(self.client)
                    sent.clear()
                    least = most = 0
        self._collect(sent, least, most)
        return messages

    def renew(self, rng: Random) -> None:
        """Ends the session, in order or without a word, and begins another."""
        if rng.random() < 0.5:
            self.client.goodbye(drain=rng.random() < 0.5)
            self._again(self.client)
        else:
            self.client.close()
            self.client = self._connect()

    def _collect(self, sent: collections.Counter[int], least: int, most: int) -> None:
        """Takes answers until that of a call of our own, which is behind all others."""
        own = next(self._seqs)
        self.client.socket.send_multipart([msgpack.packb([FETCH, own, [], []])])
        count, times = 0, collections.Counter[int]()
        while True:
            if not self._poll():
                raise Breach(f"no answer, after {count} of {least} to {most}")
            headers = headers_in(self.client.socket.recv_multipart()[0])
            is_last = headers[-1][0] == own
            for header in headers[:-1] if is_last else headers:
                count += 1
                times[header[0]] += 1
                self._check(header)
            if is_last:
                break
        if not least <= count <= most:
            raise Breach(f"{count} answers; {least} to {most} were owed")
        for seq, often in times.items():
            if seq and often > sent[seq]:
                raise Breach(f"{often} answers to the call {seq}, which was sent {sent[seq]} times")
        # Handles are not what this is about; numbers that the mutations chose are dropped with the session.
        self.client.socket.send_multipart([msgpack.packb([FREE, 0, list(range(1, 62))])])

    def _poll(self) -> bool:
        """Waits for an answer, as long as there is somebody who can give one."""
        deadline = time.monotonic() + TIMEOUT_MS / 1_000
        while time.monotonic() < deadline and self._is_alive():
            if self.client.socket.poll(500):
                return True
        return False

    def _check(self, header: list) -> None:
        if header[1] == OK:
            self.codes["OK"] += 1
            return
        error = header[2]
        if header[1] != ERROR or type(error) is not dict or error.get("code") not in _CODES:
            raise Breach(f"no answer that a client knows: {header!r:.300}")
        if error["code"] == "INTERNAL" or len(error["message"]) > _LONGEST_MESSAGE:
            raise Breach(f"a mistake of the worker's own: {error!r:.3000}")
        self.codes[error["code"]] += 1
