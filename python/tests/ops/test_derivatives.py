"""The gradient of every op against differences of its values, in 64 bits.

All ops are one program, which takes a fraction of the time of one for each. An op is called as its example says. Its
results are added up with weights, its operands change along a direction: three points of that line, and the gradient in
the middle, come of one trace.
"""

from __future__ import annotations

import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from .cases import ARRAY_OPS, CASES, OPS, filled, tried_dtype, with_defaults

STEP = 1e-5

_IMPLICIT = "JAX differentiates the draw at a fixed quantile, and the draw itself jumps"
_BY_DESIGN = "its derivative is not that of its values, which is what it is for"
# Differentiable ops whose gradients are not those of their values.
EXCEPTIONS = {
    "lax.stop_gradient": _BY_DESIGN,
    "special.max_one_hot": _BY_DESIGN,
    "special.sample_one_hot": _BY_DESIGN,
    "special.straight_through_replace": _BY_DESIGN,
    "random.beta": _IMPLICIT,
    "random.chisquare": _IMPLICIT,
    "random.dirichlet": _IMPLICIT,
    "random.gamma": _IMPLICIT,
    "random.loggamma": _IMPLICIT,
    "random.t": _IMPLICIT,
}
# Ops that take floats, answer floats and are not differentiable.
NOT_DIFFERENTIABLE = {
    "random.binomial": "a count of successes, whole numbers as floats",
    "random.multinomial": "counts, whole numbers as floats",
    "diagnostics.effective_sample_size": "of draws that have been made",
    "diagnostics.hpdi": "of draws that have been made",
    "diagnostics.split_gelman_rubin": "of draws that have been made",
    "diagnostics.summary": "of draws that have been made",
}

# Other attributes than those of the example, where JAX has no derivative with those.
ATTRIBUTES = {
    "linalg.svd": {"full_matrices": False},
    "at.multiply": {"index": (0, (None, None, -1))},
    "ops.segment_prod": {"unique_indices": True},
    "np.astype": {"dtype": "float64"},
}
# Where the operands of the example are no place for a derivative.
SHIFTS = {"np.arccosh": 1.0}
# Operands that JAX has no derivative for: integers, and parameters of some functions.
HELD = {
    ("lax.clamp", 0),
    ("lax.clamp", 2),
    ("special.betainc", 0),
    ("special.betainc", 1),
    ("special.polygamma", 0),
}
# What is computed in float32 whatever comes in, of which a small step shows little.
TOLERANCES = {"nn.dot_product_attention": 1e-2}


def is_float(parameter: Any) -> bool:
    return parameter.kind in ("num", "nums") and parameter.type in (None, "A", "B", "C", "Float")


def as_float(value: Any, shift: float) -> Any:
    """An operand in 64 bits, moved off the corners of functions and away from other operands: where two are equal a
    maximum has no derivative.
    """
    if isinstance(value, tuple | list):
        return tuple(as_float(each, shift + 0.01 * i) for i, each in enumerate(value))
    return jnp.asarray(value, jnp.float64) + shift


def arguments(name: str) -> tuple[dict[str, Any], Any]:
    """The floats of an op's example by position or name, and the op as a function of them."""
    op = OPS[name]
    operands = list(filled(name, tried_dtype(name)))
    attributes = with_defaults(name, CASES.get(name, ((), {}))[1]) | ATTRIBUTES.get(name, {})
    wide = {p.name: "float64" for p in op.parsed.options if p.kind == "dtype" and p.default == "float32"}
    attributes |= wide
    parameters = [p for p in op.parsed.positional if p.is_operand]
    parameters += parameters[-1:] * (len(operands) - len(parameters))
    floats = {
        str(i): as_float(operand, SHIFTS.get(name, 0.003) + 0.013 * i)
        for i, (operand, p) in enumerate(zip(operands, parameters, strict=True))
        if is_float(p) and (name, i) not in HELD
    }
    named = [p.name for p in op.parsed.options if is_float(p) and p.name in attributes]
    floats |= {key: as_float(attributes[key], 0.007) for key in named}

    def called(floats: dict[str, Any]) -> list[jax.Array]:
        positional = [floats.get(str(i), operand) for i, operand in enumerate(operands)]
        by_name = {key: value for key, value in floats.items() if not key.isdigit()}
        leaves = jax.tree.leaves(op.fn(*positional, **{**attributes, **by_name}))
        parts = [part for x in leaves for part in ((x.real, x.imag) if jnp.iscomplexobj(x) else (x,))]
        return [x for x in parts if jnp.issubdtype(x.dtype, jnp.floating)]

    return floats, called


def weights(like: Any, seed: int) -> Any:
    """A tree of other numbers, between 0.5 and 1.5."""
    rng = np.random.default_rng(seed)
    return jax.tree.map(lambda x: jnp.asarray(rng.uniform(0.5, 1.5, np.shape(x))), like)


@functools.cache
def with_floats(differentiable: bool) -> list[str]:
    """The ops of that kind that answer floats where floats are given."""
    found = []
    with jax.enable_x64(True):
        for name in ARRAY_OPS:
            if OPS[name].differentiable is differentiable and tried_dtype(name) == "float32":
                floats, called = arguments(name)
                if floats and jax.eval_shape(called, floats):
                    found.append(name)
    return found


def line(name: str) -> tuple[jax.Array, jax.Array]:
    """The values at three points of a line, and the derivative along it by the gradient in the middle."""
    floats, called = arguments(name)
    direction = weights(floats, 1)
    total = lambda floats: sum((weights(x, 2) * x).sum() for x in called(floats))
    steps = jnp.array([-STEP, 0.0, STEP])
    along = lambda step: jax.tree.map(lambda x, v: x + step * v, floats, direction)
    values, gradients = jax.vmap(lambda step: jax.value_and_grad(total)(along(step)))(steps)
    slopes = jax.tree.map(lambda g, v: (g[1] * v).sum(), gradients, direction)
    return values, sum(jax.tree.leaves(slopes))


def test_gradients_are_slopes() -> None:
    names = [name for name in with_floats(True) if name not in EXCEPTIONS]
    with jax.enable_x64(True):
        lines = jax.device_get(jax.jit(lambda: {name: line(name) for name in names})())
    wrong = {}
    for name, ((before, _, after), slope) in lines.items():
        expected = (after - before) / (2 * STEP)
        if not np.isclose(slope, expected, rtol=TOLERANCES.get(name, 1e-6), atol=1e-7):
            wrong[name] = (float(slope), float(expected))
    assert not wrong


def test_what_is_not_differentiable_has_a_reason() -> None:
    """An op of floats that answers floats is differentiable, or it is said why not."""
    assert set(with_floats(False)) == set(NOT_DIFFERENTIABLE)


def test_exceptions_are_differentiable_ops() -> None:
    assert set(EXCEPTIONS) <= set(with_floats(True))
