"""`optax`: optimizers, schedules and losses, by optax's names and arguments.

An optimizer or a schedule is a value that exists while a program is traced: `optax.init` and `optax.update` take one.
Trees of parameters and gradients come as their leaves, and leave as theirs; those of a state follow in optax's order.
Importing optax takes a while, so it is imported where it is called.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax

from ..errors import InvalidArgument
from ..registry import op

_MOMENTS = "b1?: static number, b2?: static number, eps?: static number"
_ROOT = "eps_root?: static number"
_NESTEROV = "nesterov?: static boolean"
_DECAY = "weight_decay?: schedule, mask?: mask"

# name: what its options are, beside a learning rate.
_OPTIMIZERS = {
    "adabelief": f"{_MOMENTS}, {_ROOT}, {_NESTEROV}",
    "adadelta": "rho?: static number, eps?: static number, weight_decay?: schedule",
    "adafactor": "min_dim_size_to_factor?: static number, decay_rate?: static number, decay_offset?: static number, "
    "multiply_by_parameter_scale?: static boolean, clipping_threshold?: static number, momentum?: static number, "
    "weight_decay_rate?: schedule, eps?: static number, factored?: static boolean",
    "adagrad": "initial_accumulator_value?: static number, eps?: static number",
    "adam": f"{_MOMENTS}, {_ROOT}, {_NESTEROV}",
    "adamax": _MOMENTS,
    "adamaxw": f"{_MOMENTS}, {_DECAY}",
    "adamw": f"{_MOMENTS}, {_ROOT}, {_DECAY}, {_NESTEROV}",
    "adan": f"b1?: static number, b2?: static number, b3?: static number, eps?: static number, {_ROOT}, {_DECAY}",
    "amsgrad": f"{_MOMENTS}, {_ROOT}",
    "fromage": "min_norm?: static number",
    "lamb": f"{_MOMENTS}, {_ROOT}, {_DECAY}",
    "lars": "weight_decay?: schedule, trust_coefficient?: static number, eps?: static number, "
    f"momentum?: static number, {_NESTEROV}",
    "lion": f"b1?: static number, b2?: static number, {_DECAY}",
    "nadam": f"{_MOMENTS}, {_ROOT}",
    "nadamw": f"{_MOMENTS}, {_ROOT}, {_DECAY}",
    "novograd": f"{_MOMENTS}, {_ROOT}, weight_decay?: schedule",
    "optimistic_gradient_descent": "alpha?: schedule, beta?: schedule",
    "radam": f"{_MOMENTS}, {_ROOT}, threshold?: static number, {_NESTEROV}",
    "rmsprop": "decay?: static number, eps?: static number, initial_scale?: static number, "
    f"eps_in_sqrt?: static boolean, centered?: static boolean, momentum?: static number, {_NESTEROV}, "
    "bias_correction?: static boolean",
    "rprop": "eta_minus?: static number, eta_plus?: static number, min_step_size?: static number, "
    "max_step_size?: static number",
    "sgd": f"momentum?: static number, {_NESTEROV}",
    "sign_sgd": "",
    "yogi": _MOMENTS,
}

# name: its parameters, and what it does to the updates.
_TRANSFORMATIONS = {
    "add_decayed_weights": (
        "weight_decay: schedule, { mask?: mask }",
        "Adds the parameters times `weight_decay`.",
    ),
    "adaptive_grad_clip": (
        "clipping: static number, { eps?: static number }",
        "Clips them to `clipping` times the norm of the parameters, unit by unit.",
    ),
    "apply_every": ("k: static number", "Adds up `k` of them and passes the sum on, zeros in between."),
    "apply_if_finite": (
        "inner: transformation, max_consecutive_errors: static number",
        "Leaves out steps with NaN or infinity, at most so many in a row.",
    ),
    "centralize": ("", "Subtracts the mean of each one of rank 2 or more, over all axes but the last."),
    "chain": ("...transformations: transformation", "Applies transformations one after the other."),
    "clip": ("max_delta: static number", "Clips each element to at most `max_delta` in size."),
    "clip_by_block_rms": (
        "threshold: static number",
        "Clips each array to a root mean square of `threshold`.",
    ),
    "clip_by_global_norm": (
        "max_norm: static number",
        "Scales all of them down to a norm of `max_norm` together.",
    ),
    "ema": ("decay: static number, { debias?: static boolean }", "Their exponential moving average."),
    "identity": ("", "Leaves them as they are."),
    "keep_params_nonnegative": ("", "Keeps parameters at 0 or above, which have to start there."),
    "masked": ("inner: transformation, mask: mask", "Applies `inner` where the mask is true."),
    "normalize_by_update_norm": ("", "Scales all of them to a norm of 1 together."),
    "scale": ("step_size: num", "Multiplies them by `step_size`."),
    "scale_by_adam": (f"{{ {_MOMENTS}, {_ROOT}, {_NESTEROV} }}", "Adam's, before the learning rate."),
    "scale_by_learning_rate": (
        "learning_rate: schedule, { flip_sign?: static boolean }",
        "Multiplies them by minus the learning rate.",
    ),
    "scale_by_lion": ("{ b1?: static number, b2?: static number }", "Lion's, before the learning rate."),
    "scale_by_rms": (
        "{ decay?: static number, eps?: static number, initial_scale?: static number }",
        "RMSProp's, before the learning rate.",
    ),
    "scale_by_schedule": ("step_size_fn: schedule", "Multiplies them by a schedule."),
    "scale_by_trust_ratio": (
        "{ min_norm?: static number, trust_coefficient?: static number, eps?: static number }",
        "Scales each array by the norm of its parameters over its own.",
    ),
    "set_to_zero": ("", "Makes them zero, for parameters that stay as they are."),
    "trace": (f"decay: static number, {{ {_NESTEROV} }}", "Adds a decaying sum of those before: momentum."),
    "zero_nans": ("", "Puts 0 where they are NaN."),
}

_WARMUP = "init_value: static number, peak_value: static number, warmup_steps: static number"
_TRANSITION = "transition_begin?: static number, staircase?: static boolean, end_value?: static number"

# name: its parameters, and how it goes.
_SCHEDULES = {
    "constant_schedule": ("value: static number", "Stays at `value`."),
    "cosine_decay_schedule": (
        "init_value: static number, decay_steps: static number, { alpha?: static number, exponent?: static number }",
        "From `init_value` down to `alpha` times that in `decay_steps`, by a cosine.",
    ),
    "cosine_onecycle_schedule": (
        "transition_steps: static number, peak_value: static number, { pct_start?: static number, "
        "div_factor?: static number, final_div_factor?: static number }",
        "Up to `peak_value` and down again, by cosines.",
    ),
    "exponential_decay": (
        f"init_value: static number, transition_steps: static number, decay_rate: static number, {{ {_TRANSITION} }}",
        "Multiplied by `decay_rate` every `transition_steps`, steadily or in a `staircase`.",
    ),
    "join_schedules": (
        "schedules: schedules, boundaries: static readonly number[]",
        "Schedules one after the other; each begins at 0 at its boundary.",
    ),
    "linear_onecycle_schedule": (
        "transition_steps: static number, peak_value: static number, { pct_start?: static number, "
        "pct_final?: static number, div_factor?: static number, final_div_factor?: static number }",
        "Up to `peak_value` and down again, by lines.",
    ),
    "linear_schedule": (
        "init_value: static number, end_value: static number, transition_steps: static number, "
        "{ transition_begin?: static number }",
        "From `init_value` to `end_value` by a line.",
    ),
    "piecewise_constant_schedule": (
        "init_value: static number, boundaries_and_scales: static Readonly<Record<number, number>>",
        "Multiplied by a scale after each boundary: `{ 1000: 0.1 }`.",
    ),
    "polynomial_schedule": (
        "init_value: static number, end_value: static number, power: static number, transition_steps: static number, "
        "{ transition_begin?: static number }",
        "From `init_value` to `end_value` by a power.",
    ),
    "warmup_constant_schedule": (_WARMUP, "Up to `peak_value` by a line, where it stays."),
    "warmup_cosine_decay_schedule": (
        f"{_WARMUP}, decay_steps: static number, {{ end_value?: static number, exponent?: static number }}",
        "Up to `peak_value` by a line, then down by a cosine; `decay_steps` counts the warm-up too.",
    ),
    "warmup_exponential_decay_schedule": (
        f"{_WARMUP}, transition_steps: static number, decay_rate: static number, {{ {_TRANSITION} }}",
        "Up to `peak_value` by a line, then down exponentially.",
    ),
}


def of_optax(name: str) -> Callable[..., Any]:
    def call(*operands: Any, **options: Any) -> Any:
        import optax

        return getattr(optax, name)(*operands, **options)

    return call


def piecewise_constant_schedule(*, init_value: float, boundaries_and_scales: dict[str, float]) -> Any:
    """The keys of a program's dict are strings."""
    scales = {int(boundary): scale for boundary, scale in boundaries_and_scales.items()}
    return of_optax("piecewise_constant_schedule")(init_value, scales)


def scale_by_schedule(*, step_size_fn: Any) -> Any:
    if not callable(step_size_fn):
        raise InvalidArgument(
            "optax.scale_by_schedule: `step_size_fn`: expected a schedule; optax.scale takes a number",
            argument="step_size_fn",
            expected="a schedule",
            received="a number",
        )
    return of_optax("scale_by_schedule")(step_size_fn)


def init(transformation: Any, *params: Any) -> tuple[Any, ...]:
    return tuple(jax.tree.leaves(transformation.init(params)))


def update(transformation: Any, *leaves: Any, updates: int, params: int) -> tuple[Any, ...]:
    """The first `updates` of the leaves are those of the updates, the last `params` of the parameters."""
    end = len(leaves) - params
    gradients, state, parameters = leaves[:updates], leaves[updates:end], leaves[end:]
    structure = jax.tree.structure(jax.eval_shape(transformation.init, parameters or gradients))
    if structure.num_leaves != len(state):
        raise InvalidArgument(
            f"optax.update: `state` has {len(state)} tensors, this optimizer's has {structure.num_leaves}: was it made "
            "by `init` of another one?",
            argument="state",
            expected=str(structure.num_leaves),
            received=str(len(state)),
        )
    state = jax.tree.unflatten(structure, state)
    return tuple(jax.tree.leaves(transformation.update(gradients, state, parameters or None)))


def apply_updates(*leaves: Any) -> tuple[Any, ...]:
    half = len(leaves) // 2
    return tuple(of_optax("apply_updates")(leaves[:half], leaves[half:]))


def incremental_update(*leaves: Any, step_size: Any) -> tuple[Any, ...]:
    half = len(leaves) // 2
    return tuple(of_optax("incremental_update")(leaves[:half], leaves[half:], step_size))


for name, options in _OPTIMIZERS.items():
    rate = "num" if name == "rprop" else "schedule"
    op(
        f"optax.{name}",
        of_optax(name),
        f"learning_rate: {rate}{f', {{ {options} }}' if options else ''} -> transformation",
        f"Equivalent to `optax.{name}`.",
        differentiable=False,
    )
_OWN = {
    "piecewise_constant_schedule": piecewise_constant_schedule,
    "scale_by_schedule": scale_by_schedule,
}

for name, (parameters, doc) in _TRANSFORMATIONS.items():
    op(
        f"optax.{name}",
        _OWN.get(name) or of_optax(name),
        f"{parameters} -> transformation",
        f"Equivalent to `optax.{name}`. {doc}",
        differentiable=False,
    )
for name, (parameters, doc) in _SCHEDULES.items():
    op(
        f"optax.{name}",
        _OWN.get(name) or of_optax(name),
        f"{parameters} -> schedule",
        f"Equivalent to `optax.{name}`. {doc}",
        differentiable=False,
    )
op(
    "optax.schedule",
    lambda schedule, count: schedule(count),
    "schedule: schedule, count: num -> float32",
    "The value of a schedule after `count` updates.",
    differentiable=False,
)
op("optax.init", init, "transformation: transformation, ...params: num A -> A per params", "The first state.")
op(
    "optax.update",
    update,
    "transformation: transformation, ...leaves: num A, { updates: static number, params: static number } "
    "-> A per leaves",
    "The updates to apply, and the next state.",
)
op(
    "optax.apply_updates",
    apply_updates,
    "...leaves: num A -> A per leaves",
    "Equivalent to `optax.apply_updates`: the sum, of the parameters' dtypes.",
)
op(
    "optax.incremental_update",
    incremental_update,
    "...leaves: num A, { step_size: num } -> A per leaves",
    "Equivalent to `optax.incremental_update`: a step from old tensors towards new ones.",
)
op(
    "optax.global_norm",
    lambda *updates: of_optax("global_norm")(updates),
    "...updates: num A -> float(A)",
    "Equivalent to `optax.global_norm`: the norm of all of them together.",
)
