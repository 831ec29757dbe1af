"""What every op answers when JAX is called in Python, for `tests/contract/every-op.test.ts`.

`npm run generate` writes what this prints: `python -m tests.ops.golden`, one JSON object of the files of
`tests/golden/ops` and their texts. An op is called as its example says, and then with other arguments that mean
something to it: integers, numbers in the place of arrays, shapes that are broadcast, an axis from the end, no elements.

Values are computed in 64 bits and rounded, so that every machine writes the same; shapes, dtypes and weak types are
those of JAX's defaults. What depends on its dtype is computed in that.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Iterator
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from tests import compiling

from .cases import ARRAY_OPS, CASES, OPS, VALUES, filled, operands_of, reference, tried_dtype, with_defaults

DIGITS, DIGITS_OF_FLOAT32 = 6, 5
# Draws and bits are other ones in 64 bits, and `lax` promotes nothing.
_OWN_PRECISION = ("random.", "special.sample_one_hot", "lax.")
# Of integers some are refused when they are compiled, and some are not JAX's.
_FLOATS = (
    *("lax.approx_max_k", "lax.approx_min_k", "lax.cumlogsumexp"),
    *("semirings.", "special.max_one_hot", "special.sample_one_hot"),
)


class Call(NamedTuple):
    op: str
    how: str
    operands: tuple[Any, ...]
    attributes: dict[str, Any]

    def result(self, *, wide: bool = False) -> list[Any]:
        """The leaves of what JAX answers."""
        operands = jax.tree.map(functools.partial(_as_array, wide=wide), self.operands)
        return jax.tree.leaves(reference(self.op)(*operands, **with_defaults(self.op, self.attributes)))


def _as_array(x: Any, wide: bool) -> Any:
    if isinstance(x, int | float):
        return x
    return jnp.asarray(x, np.float64) if wide and x.dtype == np.float32 else jnp.asarray(x)


def calls(name: str) -> Iterator[Call]:
    """The calls of one op, those that JAX refuses left out."""
    attributes = CASES.get(name, ((), {}))[1]
    plain = filled(name, tried_dtype(name))
    yield Call(name, "as its example", plain, attributes)
    generic = [i for i, operand in enumerate(operands_of(name)) if operand is ...]
    put = lambda values: tuple(values.get(i, operand) for i, operand in enumerate(plain))
    others = []
    if generic and not name.startswith(_FLOATS):
        whole = (VALUES * 4).astype(np.int32)
        number = 3 if tried_dtype(name) == "int32" else 0.75
        others += [
            ("integers", put(dict.fromkeys(generic, whole)), attributes),
            ("numbers", put(dict.fromkeys(generic, number)), attributes),
        ]
        if not OPS[name].checks:  # a position in nothing is refused
            others.append(("no elements", put({i: plain[i][:0] for i in generic}), attributes))
    if len(generic) > 1:
        others.append(("broadcast", put({generic[-1]: plain[generic[-1]][:, :1]}), attributes))
        others.append(("a number", put({generic[-1]: 2}), attributes))
    if "axis" in {p.name for p in OPS[name].parsed.options}:
        others.append(("the last axis", plain, {**attributes, "axis": -1}))
    seen = {_key(plain, attributes)}
    for how, operands, attributes in others:
        call = Call(name, how, operands, attributes)
        if _key(operands, attributes) not in seen and _is_accepted(call):
            seen.add(_key(operands, attributes))
            yield call


def _key(operands: Any, attributes: Any) -> str:
    return json.dumps([written(operands), written(attributes)])


def _is_accepted(call: Call) -> bool:
    try:
        jax.eval_shape(call.result)
    except Exception:  # whatever it throws, JAX does not take this
        return False
    return True


def answers(found: list[Call]) -> list[list[Any]]:
    """Dtype, shape, whether it is weak, and values of each result of each call."""
    narrow = [call.op.startswith(_OWN_PRECISION) for call in found]
    avals = [jax.eval_shape(call.result) for call in found]
    own = jax.jit(lambda: [call.result() for call, is_own in zip(found, narrow, strict=True) if is_own])()
    with jax.enable_x64(True):
        wide = jax.jit(
            lambda: [call.result(wide=True) for call, is_own in zip(found, narrow, strict=True) if not is_own]
        )()
    own, wide = iter(own), iter(wide)
    values = [next(own if is_own else wide) for is_own in narrow]
    return [
        [
            {
                "dtype": "key" if is_key(x) else aval.dtype.name,
                "shape": list(aval.shape),
                **({"weak": True} if aval.weak_type else {}),
                "data": data(x, DIGITS_OF_FLOAT32 if is_own else DIGITS),
            }
            for aval, x in zip(leaves, results, strict=True)
        ]
        for leaves, results, is_own in zip(avals, values, narrow, strict=True)
    ]


def is_key(x: Any) -> bool:
    return jnp.issubdtype(x.dtype, jax.dtypes.prng_key)


def data(values: Any, digits: int = DIGITS) -> list[Any]:
    values = jax.random.key_data(values) if is_key(values) else values
    values = np.asarray(values).reshape(-1)
    if np.iscomplexobj(values):  # as on the wire: real and imaginary part in turn
        values = np.stack([values.real, values.imag], -1).reshape(-1)
    return [number(x, digits) for x in values.tolist()]


def number(x: Any, digits: int) -> Any:
    if isinstance(x, int):
        return x
    if not np.isfinite(x):
        return str(x)
    short = float(f"{round(x, digits + 1):.{digits}g}")
    return int(short) if short.is_integer() else short


def written(value: Any) -> Any:
    """Operands and attributes as JSON has them: an array as an object, an infinite number as a string in one."""
    if isinstance(value, dict):
        return {name: written(each) for name, each in value.items()}
    if isinstance(value, tuple | list):
        return [written(each) for each in value]
    if isinstance(value, float) and not np.isfinite(value):
        return {"number": str(value)}
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if is_key(value):
        return {"key": 7}
    dtype = value.dtype.name.replace("64", "32")  # NumPy's defaults are JAX's without x64
    return {"dtype": dtype, "shape": list(value.shape), "data": data(value)}


def files() -> dict[str, str]:
    found = [call for name in ARRAY_OPS for call in calls(name)]
    lines: dict[str, list[str]] = {}
    for call, results in zip(found, answers(found), strict=True):
        entry = {
            "op": call.op,
            "how": call.how,
            "operands": written(call.operands),
            "attributes": written(call.attributes),
            "results": results,
        }
        file = call.op.partition(".")[0] if "." in call.op else "at"
        lines.setdefault(f"ops/{file}.json", []).append(f"  {json.dumps(entry)}")
    return {name: "[\n" + ",\n".join(entries) + "\n]\n" for name, entries in lines.items()}


if __name__ == "__main__":
    compiling.compile_quickly()
    print(json.dumps(files()))
