"""How long a call took, as it is told to its client, to the metrics and to the log."""

from __future__ import annotations

import time
from typing import NamedTuple

from ...protocol import OK
from ..codec import Compile, Launch
from .jobs import Job


class Times(NamedTuple):
    """Of a call, in seconds."""

    queue: float  # from its arrival to its start
    compile: float  # 0 where it was compiled before, and where it failed
    run: float  # from its start to its answer, compiling left out


def times_of(job: Job, header: list) -> Times | None:
    """The times of a call that is being answered with this header. None where its arrival was not noted, or it
    was never started.
    """
    if job.run is None or not job.arrived:
        return None
    compiled = 0.0
    if header[1] == OK:
        if isinstance(job.message, Launch) and len(header) > 5:
            compiled = header[5]
        elif isinstance(job.message, Compile):
            compiled = header[2] or 0.0
    started = job.run.started
    return Times(max(0.0, started - job.arrived), compiled, max(0.0, time.monotonic() - started - compiled))
