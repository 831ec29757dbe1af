"""What a worker says to its clients before it ends: because a launch runs for too long, or because it was told to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from ..protocol import ERROR
from .codec import Fetch, Launch
from .engine import Job, Run, Session

EXIT_STATUS = 75  # of the process: whoever watches it should start it anew (EX_TEMPFAIL)


def last_words(sessions: Iterable[Session], late: Run, seconds: int) -> Iterator[tuple[Session, list]]:
    """The last replies to each session: errors of the late call and of those that need its results, and that all else
    is lost. What is lost can be sent again to the next worker.
    """
    for session in sessions:
        if session is late.session:
            for seq, error in _errors(session, late, seconds):
                yield session, [seq, ERROR, error]
        whose = "a call of yours" if session is late.session else "a call of another client"
        message = f"the worker ends, because {whose} ran for more than {seconds} s"
        yield session, [0, ERROR, {"code": "WORKER_LOST", "message": message}]


def farewell(sessions: Iterable[Session]) -> Iterator[tuple[Session, list]]:
    """The last reply to each session where all calls were answered."""
    for session in sessions:
        yield session, [0, ERROR, {"code": "WORKER_LOST", "message": "the worker was told to end"}]


def _errors(session: Session, late: Run, seconds: int) -> Iterator[tuple[int, dict[str, Any]]]:
    error = {
        "code": "LIMIT_RUN_TIME",
        "message": f"The call ran for more than {seconds} s, this worker's limit `runSeconds`",
        "argument": "runSeconds",
        "expected": f"at most {seconds} s",
        "launch": late.seq,
    }
    failed = set(late.outputs)
    for job in list(session.jobs.values()):
        if job.seq == late.seq:
            yield job.seq, error
        elif not failed.isdisjoint(_handles_of(job)):
            yield job.seq, error | {"poisoned": True}
            if isinstance(job.message, Launch):
                first = job.message.first_output
                failed.update(range(first, first + job.message.outputs))


def _handles_of(job: Job) -> list[int]:
    message = job.message
    if isinstance(message, Fetch):
        return message.handles
    return [item for item in message.inputs if type(item) is int] if isinstance(message, Launch) else []
