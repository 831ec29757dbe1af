"""Jobs: what a client asks of the engine, from its arrival to its reply."""

from __future__ import annotations

import collections
import dataclasses
import threading
import time
from collections.abc import Callable, Hashable
from typing import Any, NamedTuple

import zmq

from ...errors import SynjaxError
from ...limits import Limits
from ...runtime.program import Program
from ..codec import Compile, Context, Fetch, Launch
from ..connections import Connection
from .handles import ErrorMap, Handle, is_ready
from .pending import Pending

_DEFAULTS = Limits()


class Session:
    """One client: its handles and programs. Only jobs touch them, and jobs run one after the other."""

    def __init__(
        self,
        client: bytes,
        connection: Connection | None = None,
        limits: Limits = _DEFAULTS,
        name: str | None = None,
    ):
        self.client = client
        self.limits = limits  # what it may have at most
        self.name = name  # whose key it has, where there are keys
        self.connection = connection  # over which its hello came; None for the engine's own
        self.is_ended = False  # the worker has ended it
        self.takes_bundles = False  # its client has sent one
        self.pythonia: Any = None  # what does what its client asks of Python's modules, once it has asked
        self.handles: dict[int, Handle] = {}
        self.programs: dict[bytes, Program | SynjaxError] = {}
        self.jobs: dict[int, Job] = {}  # submitted and not answered, by seq
        self.bytes_in_flight = 0
        self.notice_bytes = 0  # of frees and forgets that were not done yet
        self.unread = Unread()

    @property
    def is_cut(self) -> bool:
        """Whether nobody is there for it any more: its calls need no answer."""
        return self.is_ended or (self.connection is not None and not self.connection.alive)

    def clear(self) -> None:
        """Frees what it holds."""
        self.handles.clear()
        self.programs.clear()


class Unread:
    """What a client was sent and has not read yet. The memory of large buffers is in use until then.

    Replies leave in their order. So where a message is tracked, all that was sent before has left when it has.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sent: collections.deque[tuple[zmq.MessageTracker, int]] = collections.deque()
        # What is next to leave, how far the connection was then, and when that was.
        self._waits: tuple[zmq.MessageTracker, int, float] | None = None
        self.noted = 0  # bytes of large buffers, some of which may have been read by now
        self.untracked = 0  # bytes of other frames since the last that is tracked

    def posted(self, size: int) -> None:
        """Notes a buffer that is about to be sent."""
        with self._lock:
            self.noted += size

    def sent(self, sending: zmq.MessageTracker, size: int) -> None:
        """Notes that it was sent. A size of 0 is of what is tracked only for those before it."""
        with self._lock:
            self._sent.append((sending, size))

    def bytes(self) -> int:
        """Of the large buffers that were not read."""
        with self._lock:
            return self._look()

    def waits_for(self, now: float, acknowledged: Callable[[], int]) -> float:
        """For how many seconds nothing has left, although something waits for it; 0 where nothing waits.

        Args:
          acknowledged: bytes that the other end has taken, where the system knows: a large buffer may leave slowly.
        """
        with self._lock:
            self._look()
            if not self._sent:
                self._waits = None
                return 0
            first, taken = self._sent[0][0], acknowledged()
            if self._waits is None or self._waits[0] is not first or self._waits[1] != taken:
                self._waits = first, taken, now
            return now - self._waits[2]

    def _look(self) -> int:
        while self._sent and self._sent[0][0].done:
            self.noted -= self._sent.popleft()[1]
        return self.noted


@dataclasses.dataclass(slots=True)
class Run:
    """A job that was started. It keeps nothing of what the job brought."""

    session: Session
    seq: int
    outputs: range  # ids of the handles that it makes
    started: float
    is_over: bool = False  # it needs nobody any more, except the device for `result`
    result: Any = None  # of a launch that nobody waits for

    @property
    def is_done(self) -> bool:
        return self.is_over and is_ready(self.result)


@dataclasses.dataclass(slots=True)
class Job:
    """One message of a session, or a function that runs in its turn."""

    session: Session
    message: Launch | Compile | Fetch | Callable[[], Any]
    buffers: list[bytes | memoryview]
    bytes: int = 0
    seq: int = 0
    refused: Exception | None = None  # set: the job fails in its turn, without running
    counted: bool = False  # whether it is in its session's jobs and bytes in flight
    started: bool = False
    notice: bool = False  # a free or forget: no call, so not in flight
    answered: bool = False
    resolved: Resolved | None = None  # set where a launch was resolved before its turn
    run: Run | None = None  # set when it is started, unless it is a function
    kind: Hashable = None  # launches of one kind may run together; None: it runs alone
    arrived: float = 0.0  # when, on the clock of `run.started`; only where somebody measures it
    context: Context | None = None  # where its client says something of it
    due: float | None = None  # when nobody waits for it any more, on the same clock

    def arrive(self, deadline: float | None) -> None:
        """Notes that it is here; `deadline`: seconds that it may wait if its client does not say how many."""
        self.arrived = time.monotonic()
        given = None if self.context is None else self.context.deadline
        seconds = deadline if given is None else given
        if seconds is not None:
            self.due = self.arrived + seconds

    def drop_if_late(self) -> None:
        """Refuses it where nobody waits for it any more. To be asked right before it would run."""
        if self.due is not None and self.refused is None and time.monotonic() >= self.due:
            waited = f"{1_000 * (self.due - self.arrived):.0f} ms"
            self.refused = SynjaxError(
                "DEADLINE", f"the call waited for {waited}, which was its time, and was dropped unrun"
            )

    @property
    def is_dropped(self) -> bool:
        """Whether it was refused for being late."""
        return isinstance(self.refused, SynjaxError) and self.refused.code == "DEADLINE"


@dataclasses.dataclass(slots=True)
class Resolved:
    """A launch or compile with its program and the values of its inputs."""

    program: Program
    args: list[Any]
    handles: list[Handle | None]  # by input
    poisoned: dict[int, ErrorMap]  # the failed inputs of a lenient launch
    key: tuple  # names the executable
    x64: bool
    donated: tuple[int, ...] = ()  # inputs whose memory the program overwrites, by their positions
    before: tuple[Pending, ...] = ()  # launches whose results it uses before they are known to be right
    lanes: tuple[int | None, ...] = ()  # of a batch: by input 0 where it is stacked, None where all share it

    def refresh(self) -> None:
        """Takes the inputs as they are by now. Those that failed stay as they were."""
        for position, handle in enumerate(self.handles):
            if handle is not None and handle.value is not None:
                self.args[position] = handle.value


class Step(NamedTuple):
    """The second half of a job: it waits for results and answers."""

    complete: Callable[[], None]
    reads: tuple[Handle, ...] = ()  # what `complete` copies to the host
    seconds: float | None = (
        None  # how long it may wait for the device, infinity where unknown; None: it does not wait
    )
