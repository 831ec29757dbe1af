"""Limits on what a client may ask of the worker. Beyond one a call ends with a typed error, never with a crash."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

from .errors import InvalidArgument
from .protocol import DEFAULT_LIMITS


def _limit(wire_name: str) -> int:
    return dataclasses.field(default=DEFAULT_LIMITS[wire_name], metadata={"wire": wire_name})


@dataclasses.dataclass(frozen=True)
class Limits:
    """The limits of one worker. `protocol.LIMITS` says what they bound; the start configuration may set them."""

    equations: int = _limit("equations")
    expanded_equations: int = _limit("expandedEquations")
    traced_equations: int = _limit("tracedEquations")
    chain: int = _limit("chain")
    trace_seconds: int = _limit("traceSeconds")
    bodies: int = _limit("bodies")
    results: int = _limit("results")
    nesting: int = _limit("nesting")
    nested_loops: int = _limit("nestedLoops")
    nested_gradients: int = _limit("nestedGradients")
    body_bytes: int = _limit("bodyBytes")
    attribute_bytes: int = _limit("attributeBytes")
    attribute_items: int = _limit("attributeItems")
    rank: int = _limit("rank")
    elements: int = _limit("elements")
    memory_bytes: int = _limit("memoryBytes")
    frames: int = _limit("frames")
    frame_bytes: int = _limit("frameBytes")
    header_bytes: int = _limit("headerBytes")
    message_bytes: int = _limit("messageBytes")
    in_flight_messages: int = _limit("inFlightMessages")
    in_flight_bytes: int = _limit("inFlightBytes")
    run_seconds: int = _limit("runSeconds")
    deadline_seconds: int = _limit("deadlineSeconds")
    hello_seconds: int = _limit("helloSeconds")
    session_seconds: int = _limit("sessionSeconds")
    handles: int = _limit("handles")
    programs: int = _limit("programs")
    shared_names: int = _limit("sharedNames")
    shared_bytes: int = _limit("sharedBytes")
    executables: int = _limit("executables")

    @classmethod
    def from_config(cls, values: Mapping[str, int] | None) -> Limits:
        """The defaults, with `values` (by wire name) in their place.

        Raises InvalidArgument for a name that is not in the table or a value that is not a positive integer.
        """
        field_of = {field.metadata["wire"]: field.name for field in dataclasses.fields(cls)}
        chosen = {}
        for name, value in (values or {}).items():
            if name not in field_of:
                names = ", ".join(field_of)
                raise InvalidArgument(
                    f"`limits.{name}`: there is no such limit; the limits are {names}",
                    argument=f"limits.{name}",
                    expected=f"one of {names}",
                    received=name,
                )
            if type(value) is not int or value < 1:
                raise InvalidArgument(
                    f"`limits.{name}`: expected a positive whole number, got {value!r}",
                    argument=f"limits.{name}",
                    expected="a positive whole number",
                    received=repr(value),
                )
            chosen[field_of[name]] = value
        return cls(**chosen)

    def to_wire(self) -> dict[str, int]:
        return {field.metadata["wire"]: getattr(self, field.name) for field in dataclasses.fields(self)}
