"""What one client may ask of the worker. Beyond a limit a call ends with a typed error, never with a crash."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

from ..errors import InvalidArgument


def _limit(default: int, wire_name: str) -> int:
    return dataclasses.field(default=default, metadata={"wire": wire_name})


@dataclasses.dataclass(frozen=True)
class Limits:
    """The table of limits. Every field can be set from the start configuration by its wire name."""

    equations: int = _limit(100_000, "equations")  # a body: LIMIT_EQUATIONS
    expanded_equations: int = _limit(1_000_000, "expandedEquations")  # with nested ones: LIMIT_EQUATIONS
    bodies: int = _limit(1_000, "bodies")  # a program: LIMIT_BODIES
    nesting: int = _limit(64, "nesting")  # programs in programs, tuples in tuples: LIMIT_NESTING
    body_bytes: int = _limit(16 << 20, "bodyBytes")  # the encoded program: LIMIT_BODY
    attribute_bytes: int = _limit(64 << 10, "attributeBytes")  # a string: LIMIT_ATTRIBUTE
    attribute_items: int = _limit(65_536, "attributeItems")  # a tuple or dict: LIMIT_ATTRIBUTE
    rank: int = _limit(32, "rank")  # an array's dimensions: LIMIT_RANK
    frames: int = _limit(4_096, "frames")  # a message: LIMIT_FRAMES
    frame_bytes: int = _limit(2 << 30, "frameBytes")  # LIMIT_BYTES
    message_bytes: int = _limit(4 << 30, "messageBytes")  # LIMIT_BYTES
    in_flight_messages: int = _limit(256, "inFlightMessages")  # a client's; beyond twice: OVERLOADED
    in_flight_bytes: int = _limit(256 << 20, "inFlightBytes")  # a client's; beyond twice: OVERLOADED
    handles: int = _limit(1_000_000, "handles")  # a client's live results: LIMIT_HANDLES
    programs: int = _limit(4_096, "programs")  # a client's: LIMIT_PROGRAMS
    executables: int = _limit(512, "executables")  # the worker's; the least recently used is dropped

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
                    came=name,
                )
            if type(value) is not int or value < 1:
                raise InvalidArgument(
                    f"`limits.{name}`: expected a positive whole number, got {value!r}",
                    argument=f"limits.{name}",
                    expected="a positive whole number",
                    came=repr(value),
                )
            chosen[field_of[name]] = value
        return cls(**chosen)

    def to_wire(self) -> dict[str, int]:
        return {field.metadata["wire"]: getattr(self, field.name) for field in dataclasses.fields(self)}
