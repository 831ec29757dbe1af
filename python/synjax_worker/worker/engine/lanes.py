"""Lanes: what a batch computed for each of its launches. It is copied to the host once, for all of them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Container, Sequence
from typing import Any

import jax
import numpy as np

from ...dtypes import dtype_name
from ...errors import SynjaxError
from ..codec import host_value
from .handles import Handle, Outcome


def lanes_of(program: Callable[..., tuple[list[Any], Any]], axes: Sequence[int | None]) -> Callable[..., Any]:
    """A program over stacked inputs, where `axes` has 0. Its results and its status are stacked too.

    Tracing it raises SynjaxError (INVALID_ARGUMENT), for the worker only, where a result is no plain array.
    """

    def lane(*inputs: Any) -> tuple[list[Any], Any]:
        values, status = program(*inputs)
        for position, value in enumerate(values):
            plain = isinstance(value, jax.Array) and isinstance(value.dtype, np.dtype)
            if not plain or value.aval.weak_type:  # a stacked result would not be weak any more
                raise SynjaxError("INVALID_ARGUMENT", f"result {position} cannot be stacked")
        return values, status

    return jax.vmap(lane, in_axes=tuple(axes))


class Results:
    """The stacked results of a batch and its stacked status."""

    def __init__(self, values: Sequence[jax.Array], status: jax.Array | None):
        self._lock = threading.Lock()
        self._arrays: list[jax.Array] = [*values, *(() if status is None else (status,))]
        self._host: list[np.ndarray] | None = None
        self._error: Exception | None = None
        self.has_status = status is not None

    def on_host(self) -> list[np.ndarray]:
        """The results, then the status if there is one. Waits for them. Raises what they failed with."""
        with self._lock:
            if self._error is not None:
                raise self._error
            if self._host is None:
                try:
                    self._host = [host_value(array) for array in self._arrays]
                except Exception as error:
                    self._error = error.with_traceback(None)
                    raise
                finally:
                    self._arrays = []
            return self._host

    def refused(self) -> Container[int]:
        """The lanes whose status says that something is wrong."""
        if not self.has_status:
            return ()
        return set(np.flatnonzero(self.on_host()[-1][:, :, 0].any(axis=1)).tolist())

    def lane(self, lane: int, position: int) -> np.ndarray:
        """A result of one launch, or its status at position -1."""
        array = self.on_host()[position]
        return array[lane : lane + 1].reshape(array.shape[1:])


class LaneStatus:
    """The status of one launch of a batch."""

    __slots__ = ("_lane", "_results")

    def __init__(self, results: Results, lane: int):
        self._results, self._lane = results, lane

    def on_host(self) -> np.ndarray:
        return self._results.lane(self._lane, -1)


class Lane(Handle):
    """A result of one launch of a batch. It is put on the device again only if somebody uses it there."""

    __slots__ = ("_copy", "_lane", "_position", "_results", "_value")

    def __init__(self, results: Results, lane: int, position: int, signature: Any, outcome: Outcome):
        super().__init__(None, signature, outcome)
        self._results: Results | None = results
        self._lane, self._position = lane, position

    @property
    def is_on_device(self) -> bool:
        return self._value is not None

    @property
    def value(self) -> Any:
        if self._value is None and (self._results is not None or self._copy is not None):
            self.outcome.settle()  # the batch may have failed; then there is another value by now
            data = self.on_host()
            if data is not None and self._value is None:
                self._value = jax.device_put(data)
        return self._value

    @value.setter
    def value(self, value: Any) -> None:
        self._value = value
        self._results = self._copy = None

    def on_host(self) -> np.ndarray | None:
        """A copy of the data; None where it is not from the batch any more. The batch itself is let go."""
        results = self._results
        if self._copy is None and results is not None:
            self._copy = results.lane(self._lane, self._position).copy()
            self._results = None
        return self._copy


def type_of_lane(array: jax.Array) -> list:
    """The type of a result of one launch, for the client: see `codec.aval_of`."""
    return [dtype_name(array.dtype), list(array.shape[1:]), False]
