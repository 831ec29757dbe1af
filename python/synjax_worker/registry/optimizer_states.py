"""`python -m synjax_worker.registry.optimizer_states` prints what the states of optax's transformations look like.

A client has to know how many tensors a state has before any program runs. So each transformation is asked for the state
of two parameters, plainly and with each argument that could change it: a schedule in the place of a number, an option
that is given, a flag. Those that do change it are asked in all combinations.

    shape := "params"                     a tree like that of the parameters
           | a dtype                      one tensor
           | null                         nothing
           | [shape, ...]                 a tuple
           | {"fields": {name: shape}}    a named tuple
           | {"inner": k}                 the state of the k-th transformation among the arguments
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from typing import Any

import jax
import jax.numpy as jnp

from . import Op, load
from .signature import Parameter

MOST_INNER = 2  # transformations that are asked for at once, where any number may be given


@jax.tree_util.register_pytree_node_class
class _Params:
    """Two parameters, in a tree that no state has of its own."""

    def __init__(self, *leaves: Any):
        self.leaves = leaves

    def tree_flatten(self) -> tuple[tuple[Any, ...], None]:
        return self.leaves, None

    @classmethod
    def tree_unflatten(cls, _: None, leaves: Any) -> _Params:
        return cls(*leaves)


@jax.tree_util.register_static
class _Inner(int):
    """The state of a transformation that is an argument."""


_PARAMS = _Params(jnp.zeros(2), jnp.zeros((2, 3)))


def shape_of(state: Any) -> Any:
    """The description of a state that `init` made of `_PARAMS`."""
    if isinstance(state, _Params):
        return "params"
    if isinstance(state, _Inner):
        return {"inner": int(state)}
    if hasattr(state, "_fields"):
        return {"fields": {name: shape_of(getattr(state, name)) for name in state._fields}}
    if isinstance(state, tuple | list):
        return [shape_of(each) for each in state]
    if state is None:
        return None
    return state.dtype.name


def argument(parameter: Parameter, condition: str, position: int) -> Any:
    """Something to give for a parameter."""
    import optax

    if parameter.kind == "transformation":
        return optax.GradientTransformation(
            lambda _: _Inner(position), lambda updates, state, _: (updates, state)
        )
    if parameter.kind == "mask":
        return _Params(True, True)
    if parameter.kind == "schedule":
        is_needed = condition == "schedule" or parameter.name == "step_size_fn"
        return (lambda count: 0.1) if is_needed else 0.1
    if parameter.type == "boolean":
        return condition == "true"
    return 1 if parameter.name in ("k", "max_consecutive_errors") else 0.5


def conditions(parameter: Parameter) -> list[str]:
    """The ways to give a parameter that may make another state, beside the plain one."""
    given = ["given"] if parameter.optional and parameter.type != "boolean" else []
    if parameter.kind == "schedule":
        return [*given, "schedule"]
    return ["true", "false"] if parameter.type == "boolean" else given


def state_with(op: Op, chosen: dict[str, str]) -> Any:
    """The shape of the state, the optional parameters left out but for those chosen."""
    positional, named = [], {}
    for parameter in op.parsed.positional:
        if parameter.rest:
            positional += [argument(parameter, "", k) for k in range(MOST_INNER)]
        else:
            named[parameter.name] = argument(parameter, chosen.get(parameter.name, ""), len(positional))
    for parameter in op.parsed.options:
        if parameter.name in chosen:
            named[parameter.name] = argument(parameter, chosen[parameter.name], 0)
    return shape_of(jax.eval_shape(op.fn(*positional, **named).init, _PARAMS))


def states(op: Op) -> dict[str, Any]:
    """The shapes of the states of one transformation, by the conditions that make them: "" where none holds."""
    plain = state_with(op, {})
    ways = [(p.name, way) for p in op.parsed.parameters for way in conditions(p)]
    matter = [(name, way) for name, way in ways if state_with(op, {name: way}) != plain]
    return {
        " ".join(f"{name}={way}" for name, way in chosen): state_with(op, dict(chosen))
        for chosen in subsets(matter)
    }


def subsets(of: list[tuple[str, str]]) -> Iterator[tuple[tuple[str, str], ...]]:
    """Those that give no parameter twice."""
    for count in range(len(of) + 1):
        for chosen in itertools.combinations(of, count):
            if len({name for name, _ in chosen}) == count:
                yield chosen


def document() -> dict[str, dict[str, Any]]:
    return {op.name: states(op) for op in load().ops.values() if op.parsed.result.kind == "transformation"}


if __name__ == "__main__":
    print(json.dumps(document()))
