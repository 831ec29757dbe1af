"""Computing outside of what JAX is tracing, in a trace around it. JAX has no public name for that.

While JAX traces the body of a loop, what is computed stands in the body. With the trace around it as the current one it
stands before the loop, and the body uses it as it uses anything from outside.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection
from contextlib import AbstractContextManager
from typing import Any

import jax
from jax._src import core


def current() -> Any:
    """The trace in which operations are recorded now."""
    return core.trace_ctx.trace


def set_current(trace: Any) -> AbstractContextManager[None]:
    """Inside, operations are recorded in this trace, which has to be open."""
    return core.set_current_trace(trace)


def uses_only(function: Callable[..., Any], traces: Collection[Any]) -> bool:
    """Whether all tracers that a function holds belong to these traces. What is in objects that JAX does not know is
    not looked at.
    """
    held = [cell.cell_contents for cell in getattr(function, "__closure__", None) or ()]
    if inspect.ismethod(function):
        held.append(function.__self__)
    tracers = [leaf for leaf in jax.tree.leaves(held) if isinstance(leaf, jax.core.Tracer)]
    return all(any(tracer._trace is trace for trace in traces) for tracer in tracers)
