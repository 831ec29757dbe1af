"""Replies to jobs. A job that is answered is not in flight any more."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any

from ...protocol import ERROR, OK
from ..codec import ZERO_COPY_BYTES, pack_data, pack_header
from .call_log import CallLog
from .handles import ErrorMap, Handle
from .jobs import Job, Session
from .times import times_of

Post = Callable[[Session, bytes, Sequence[Any]], None]  # session, header, buffers

Answered = Callable[[Job, list], None]  # a job, the header of its answer


class Replies:
    """Answers jobs from any thread."""

    def __init__(self, post: Post, lock: threading.Condition, answered: Answered | None = None):
        self._post = post
        self._answered = answered  # is told of each answer before it is sent
        self._lock = lock  # guards the jobs of sessions
        self._log = CallLog()

    def value(self, job: Job, value: Any) -> None:
        """Answers with one value."""
        self._answer(job, [job.seq, OK, value])

    def error(self, job: Job, error: ErrorMap) -> None:
        """Answers with an error."""
        self._answer(job, [job.seq, ERROR, error])

    def results(
        self,
        job: Job,
        avals: list,
        outputs: Sequence[Handle],
        values: list,
        compiled: float | None = None,
    ) -> None:
        """Answers with types and fetched values. The errors of `outputs` come with them, if there are any, and the
        seconds in which the program was compiled, if it was.
        """
        data, buffers = pack_data(values)
        errors = [
            [k, handle.outcome.error] for k, handle in enumerate(outputs) if handle.outcome.error is not None
        ]
        if errors:
            avals = list(avals)
            for position, _ in errors:
                avals[position] = None
        header = [job.seq, OK, avals, data]
        if errors or compiled is not None:
            header.append(errors)
        if compiled is not None:
            header.append(compiled)
        self._answer(job, header, buffers)

    def _answer(self, job: Job, header: list, buffers: Sequence[Any] = ()) -> None:
        if job.answered:
            return
        job.answered = True
        if self._answered is not None:
            self._answered(job, header)
        if job.context is not None:
            header = self._with_times(job, header)
        if job.counted:  # before the reply is sent, because the client may send more as soon as it reads it
            with self._lock:
                job.counted = False
                if job.notice:
                    job.session.notice_bytes -= job.bytes
                else:
                    job.session.bytes_in_flight -= job.bytes
                job.session.jobs.pop(job.seq, None)
        if job.seq and not job.session.is_cut:
            for buffer in buffers:
                if buffer.nbytes >= ZERO_COPY_BYTES:
                    job.session.unread.posted(buffer.nbytes)
            self._post(job.session, pack_header(header), buffers)

    def _with_times(self, job: Job, header: list) -> list:
        """The header as a client gets it that says something of the call. What it wants in the log is written there."""
        times = times_of(job, header)
        if job.context.traceparent is not None:
            self._log.answered(job, header, times)
        if job.context.timed and header[1] == OK and times is not None:
            return [*header, [times.queue, times.run]]
        return header
