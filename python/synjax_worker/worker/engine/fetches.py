"""Fetches: the values of handles, copied to the host for a client."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from ...errors import SynjaxError
from ...limits import Limits
from ..codec import Fetch, aval_of, host_value
from .failures import fetch_error, root_error
from .handles import drop, is_ready
from .jobs import Job, Step
from .replies import Replies


class Fetches:
    """Runs fetches."""

    def __init__(self, limits: Limits, replies: Replies):
        self._limits = limits
        self._replies = replies

    def fetch(self, job: Job, fetch: Fetch) -> Step:
        """Takes the values now, in the job's turn; copies them to the host when they are computed."""
        handles = job.session.handles
        found = [(id_, handles.get(id_)) for id_ in fetch.handles]
        for _, handle in found:
            if handle is not None:
                handle.outcome.settle()
        values = [handle and handle.value for _, handle in found]
        drop(handles, fetch.frees)
        refused = job.refused or self._repetition(values)

        def complete() -> None:
            if refused is not None:
                return self._replies.error(job, root_error(refused, fetch.seq))
            for (id_, handle), value in zip(found, values, strict=True):
                error = fetch_error(id_, handle, value)
                if error is not None:
                    return self._replies.error(job, error)
            try:
                data = [host_value(value) for value in values]
            except Exception as error:
                return self._replies.error(job, root_error(error, fetch.seq))
            self._replies.results(job, [aval_of(value) for value in values], (), data)

        seconds = None if all(is_ready(value) for value in values) else math.inf
        return Step(complete, tuple(handle for _, handle in found if handle is not None), seconds)

    def _repetition(self, values: Sequence[Any]) -> SynjaxError | None:
        """The error of a fetch whose reply would be large only because it names the same handles again and again."""
        sizes = {id(value): getattr(value, "nbytes", 0) for value in values}
        repeated = sum(sizes[id(value)] for value in values) - sum(sizes.values())
        if repeated <= self._limits.in_flight_bytes:
            return None
        return SynjaxError("LIMIT_BYTES", f"{repeated} bytes of handles that the fetch names more than once")
