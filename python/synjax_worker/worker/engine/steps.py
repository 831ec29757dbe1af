"""Steps: the first half of each job, up to where it waits for results."""

from __future__ import annotations

from ...errors import SynjaxError
from ...limits import Limits
from ..codec import Compile, Fetch, Launch, Share, Take, Unshare
from ..memory import memory_left
from .executables import Executables
from .failures import root_error
from .fetches import Fetches
from .jobs import Job, Step
from .launch import Launcher
from .replies import Replies
from .resolve import Resolver
from .shared import SharedTrees

RETRY_AFTER_MS = 50


class Steps:
    """Does what a message says, or begins to."""

    def __init__(
        self,
        limits: Limits,
        launcher: Launcher,
        shared: SharedTrees,
        resolver: Resolver,
        executables: Executables,
        replies: Replies,
    ):
        self._limits = limits
        self._launcher = launcher
        self._shared = shared
        self._resolver = resolver
        self._executables = executables
        self._replies = replies
        self._fetches = Fetches(limits, replies)

    def first_half(self, job: Job) -> Step:
        """Runs a job up to where it waits. The step says what is left of it."""
        message = job.message
        if job.session.is_cut and not callable(message):
            return Step(lambda: self._replies.error(job, {}))
        if isinstance(message, Launch):
            self.note_unread(job)
            return self._launcher.launch(job, message)
        if isinstance(message, Fetch):
            self.note_unread(job)
            return self._fetches.fetch(job, message)
        if isinstance(message, Compile):
            return self._compile(job, message)
        if isinstance(message, (Share, Take, Unshare)):
            return self._shared.step(job, message)
        value = message()
        return Step(lambda: self._replies.value(job, value))

    def note_unread(self, job: Job) -> None:
        """Refuses a job whose answer has data, for a client that leaves so much unread that memory might run out."""
        session = job.session
        most = 2 * session.limits.in_flight_bytes
        if session.unread.noted <= most or (isinstance(job.message, Launch) and not job.message.wants):
            return
        unread = session.unread.bytes()
        if unread > most and unread > memory_left(self._limits.memory_bytes):
            job.refused = job.refused or SynjaxError(
                "OVERLOADED", f"{unread} bytes of replies were not read", retryAfter=RETRY_AFTER_MS
            )

    def _compile(self, job: Job, message: Compile) -> Step:
        """Compiles for launches to come, unless that is done already."""
        try:
            program = self._resolver.program(job.session, message, job.buffers)
            if job.refused is not None:
                raise job.refused
            _, compiled = self._executables.get(self._resolver.inputs(job, message, program), message)
        except Exception as error:
            failure = root_error(error, message.seq)
            return Step(lambda: self._replies.error(job, failure))
        return Step(lambda: self._replies.value(job, compiled))
