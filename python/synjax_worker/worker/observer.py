"""What a worker tells whoever watches it. By default nobody does: then nothing is told, and a launch costs no more."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from .engine import Engine, Job, Session

Post = Callable[[Session | bytes, bytes, Sequence[Any]], None]  # to whom, header, buffers


class Observer:
    """Is told of what happens, from any thread. This one takes no notice."""

    def watch(self, sessions: Mapping[bytes, Session], engine: Engine, info: Mapping[str, Any]) -> None:
        """There are these sessions and this engine; `info` says which worker it is."""

    def received(self, session: Session | None, size: int) -> None:
        """A message came, of so many bytes; without a session from somebody who is not known."""

    def posting(self, post: Post) -> Post:
        """What posts replies, from now on."""
        return post

    def refused(self, session: Session | None, code: str) -> None:
        """A message was answered with an error before it became a job."""

    def arrived(self, job: Job) -> None:
        """A job is about to be run or queued."""

    def answered(self, job: Job, header: list) -> None:
        """A job has its answer, with this header."""

    def batched(self, size: int) -> None:
        """So many launches run together, in a worker that batches; 1 is one that runs alone."""

    def alive(self, ends: bool) -> None:
        """The IO thread goes on, which it says each second; `ends`: only with what it has taken already."""

    def waits(self, reason: str) -> None:
        """It is not ready yet, or will not be, for this reason."""

    def ready(self) -> None:
        """What had to be compiled before the first call is compiled."""
