"""What optax's transformations and schedules answer in Python, for `tests/contract/optax.test.ts`.

`npm run generate` writes what this prints: `python -m tests.ops.golden_optimizers`. Every transformation is made
plainly and with each argument that changes its state; it updates twice, and the second updates and the state after them
are written. Every schedule is asked for some counts.
"""

from __future__ import annotations

import json
from typing import Any

import jax
import jax.numpy as jnp
import optax

from synjax_worker.registry import Op, load, optimizer_states
from synjax_worker.registry.signature import Parameter
from tests import compiling

from .golden import DIGITS_OF_FLOAT32, data

# By the names "b" and "w" in TypeScript, in that order.
PARAMS = (jnp.array([0.5, 0.25]), jnp.array([[1.0, 2.0], [3.0, 4.0]]))
GRADIENTS = [
    (jnp.array([1.0, -2.0]), jnp.array([[0.5, 0.25], [-1.0, 2.0]])),
    (jnp.array([-0.5, 1.0]), jnp.array([[0.75, -0.25], [1.0, 0.125]])),
]
COUNTS = (0, 1, 3, 10)
# What the schedules are asked with; as in optax, and a dict has numbers for keys.
SCHEDULES: dict[str, dict[str, Any]] = {
    "constant_schedule": {"value": 0.5},
    "cosine_decay_schedule": {"init_value": 1, "decay_steps": 4, "alpha": 0.1},
    "cosine_onecycle_schedule": {"transition_steps": 8, "peak_value": 1},
    "exponential_decay": {"init_value": 1, "transition_steps": 2, "decay_rate": 0.5, "staircase": True},
    "linear_onecycle_schedule": {"transition_steps": 8, "peak_value": 1},
    "linear_schedule": {"init_value": 1, "end_value": 0, "transition_steps": 4},
    "piecewise_constant_schedule": {"init_value": 1, "boundaries_and_scales": {2: 0.5, 5: 0.1}},
    "polynomial_schedule": {"init_value": 1, "end_value": 0, "power": 2, "transition_steps": 4},
    "warmup_constant_schedule": {"init_value": 0, "peak_value": 1, "warmup_steps": 2},
    "warmup_cosine_decay_schedule": {"init_value": 0, "peak_value": 1, "warmup_steps": 2, "decay_steps": 6},
    "warmup_exponential_decay_schedule": {
        **{"init_value": 0, "peak_value": 1, "warmup_steps": 2},
        **{"transition_steps": 2, "decay_rate": 0.5},
    },
}

RATE = 0.25
LINE = {"init_value": RATE, "end_value": 0.125, "transition_steps": 4}
# What stands in JSON for what is no number.
MASK, LINEAR, TRACE = {"mask": [True, False]}, {"linearSchedule": LINE}, {"trace": 0.5}


def given(parameter: Parameter, condition: str) -> Any:
    """What is given for a parameter, as it is written."""
    if parameter.kind == "transformation":
        return TRACE
    if parameter.kind == "mask":
        return MASK
    if parameter.kind == "schedule":
        return LINEAR if condition == "schedule" or parameter.name == "step_size_fn" else RATE
    if parameter.type == "boolean":
        return condition == "true"
    return 2 if parameter.name in ("k", "max_consecutive_errors") else 0.5


def made(written: Any) -> Any:
    """What is written, in Python."""
    if written == MASK:
        return tuple(written["mask"])
    if written == LINEAR:
        return optax.linear_schedule(**LINE)
    return optax.trace(written["trace"]) if written == TRACE else written


def arguments(op: Op, conditions: str) -> tuple[list[Any], dict[str, Any]]:
    """The rest of the arguments, and those by name."""
    chosen = dict(condition.split("=") for condition in conditions.split())
    needed = [p for p in op.parsed.positional if not p.rest]
    optional = [p for p in op.parsed.options if p.name in chosen]
    rest = [TRACE, TRACE] if any(p.rest for p in op.parsed.positional) else []
    return rest, {p.name: given(p, chosen.get(p.name, "")) for p in (*needed, *optional)}


def updated(op: Op, rest: list[Any], named: dict[str, Any]) -> list[jax.Array]:
    """The second updates and the state after them."""
    optimizer = op.fn(*(made(each) for each in rest), **{name: made(each) for name, each in named.items()})
    state = optimizer.init(PARAMS)
    for gradients in GRADIENTS:
        updates, state = optimizer.update(gradients, state, PARAMS)
    return jax.tree.leaves((updates, state))


def document() -> dict[str, Any]:
    ops = load().ops
    calls = [
        (ops[name], *arguments(ops[name], conditions))
        for name, shapes in optimizer_states.document().items()
        for conditions in shapes
        # Of one gradient the variance is 0, but for rounding.
        if not {"centered=true", "bias_correction=true"} <= {*conditions.split()}
    ]
    results = jax.jit(lambda: [updated(*call) for call in calls])()
    schedules = {name: getattr(optax, name)(**named) for name, named in SCHEDULES.items()}
    return {
        "params": [data(x) for x in PARAMS],
        "gradients": [[data(x) for x in gradients] for gradients in GRADIENTS],
        "counts": COUNTS,
        "optimizers": [
            {
                "op": op.name,
                "rest": rest,
                "named": named,
                "leaves": [data(x, DIGITS_OF_FLOAT32) for x in leaves],
            }
            for (op, rest, named), leaves in zip(calls, results, strict=True)
        ],
        "schedules": [
            {
                "op": f"optax.{name}",
                "named": SCHEDULES[name],
                "values": [written(at(count)) for count in COUNTS],
            }
            for name, at in schedules.items()
        ],
    }


def written(x: Any) -> Any:
    return data(jnp.asarray(x, jnp.float32), DIGITS_OF_FLOAT32)[0]


def to_text(document: dict[str, Any]) -> str:
    """JSON with a call a line."""
    lists = {name: value for name, value in document.items() if name in ("optimizers", "schedules")}
    plain = [f"  {json.dumps(name)}: {json.dumps(document[name])}" for name in document if name not in lists]
    calls = [
        f"  {json.dumps(name)}: [\n" + ",\n".join(f"    {json.dumps(each)}" for each in value) + "\n  ]"
        for name, value in lists.items()
    ]
    return "{\n" + ",\n".join([*plain, *calls]) + "\n}\n"


if __name__ == "__main__":
    compiling.compile_quickly()
    print(json.dumps({"optax/optimizers.json": to_text(document())}))
