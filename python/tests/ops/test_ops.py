"""Every op against the JAX function it is equivalent to: values, and the dtype that its signature promises."""

import functools
import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from synjax_worker.ops import debug
from synjax_worker.registry import dtype_tables
from synjax_worker.registry.signature import VARIABLES

from .cases import ARRAY_OPS, CASES, OPS, TWO_GAMMAS, WIDE, case, reference, tried_dtype


def leaves(value):
    return [
        jax.random.key_data(x) if jnp.issubdtype(x.dtype, jax.dtypes.prng_key) else x
        for x in jax.tree.leaves(value)
    ]


def jaxpr(function, *operands, **attributes):
    return jax.make_jaxpr(lambda *arrays: function(*arrays, **attributes))(*operands)


def run(function, *operands, **attributes):
    return leaves(jax.jit(lambda *arrays: function(*arrays, **attributes))(*operands))


@pytest.mark.parametrize("name", ARRAY_OPS)
def test_an_op_is_the_jax_function_it_names(name):
    operands, attributes, with_defaults = case(name, tried_dtype(name))
    ours, theirs = OPS[name].fn, reference(name)
    if str(jaxpr(ours, *operands, **attributes)) == str(jaxpr(theirs, *operands, **with_defaults)):
        return
    received, expected = run(ours, *operands, **attributes), run(theirs, *operands, **with_defaults)
    assert len(received) == len(expected) > 0
    for a, b in zip(received, expected, strict=True):
        np.testing.assert_array_equal(np.asarray(a), np.asarray(b))


# ------------------------------------------------------------------------------------------------- dtypes promised


def promised(result, types):
    """The dtypes that a result type allows, the variables having the dtypes given."""
    if isinstance(result, tuple):
        arguments = [promised(argument, types) for argument in result[1:]]
        return {
            dtype
            for each in itertools.product(*arguments)
            for dtype in (
                dtype_tables.promote(*each) if result[0] == "promote" else _unary(result[0], each[0])
            )
        }
    return {types.get(result, result)}


TABLES = dtype_tables.tables()


def _unary(name, dtype):
    return TABLES[name][dtype]


def variables_of(name):
    return [p.type for p in OPS[name].parsed.positional if p.type in VARIABLES]


def result_fields(result):
    return [field for _, field in result.fields] if result.kind == "struct" else itertools.repeat(result)


def dtype_cases(name):
    """One or two dtypes for the generic operands: all pairs of a few."""
    variables = set(variables_of(name))
    if not variables:
        return [("float32",)]
    few = ("bool", "int32", "bfloat16", "float32", "int64")
    return (
        [*itertools.product(few, few), *itertools.product(("float32", "complex64"), ("complex64",))]
        if len(variables) > 1
        else [(dtype,) for dtype in (*few, "int8", "uint32", "complex64")]
    )


def traced_dtypes(name, dtypes):
    """The dtypes that come out, or None where JAX refuses these going in."""
    in_turn = itertools.cycle(dtypes)
    operands = [
        jnp.asarray(operand).astype(next(in_turn)) if is_generic else operand
        for operand, is_generic in zip(case(name, "float32")[0], generic(name), strict=True)
    ]
    attributes = CASES.get(name, ((), {}))[1]
    try:
        out = jax.eval_shape(lambda *arrays: OPS[name].fn(*arrays, **attributes), *operands)
    except (TypeError, ValueError, NotImplementedError):
        return None
    return [leaf.dtype.name for leaf in jax.tree.leaves(out)]


def generic(name):
    """Which operands take the dtypes tried: those whose type is a variable, or any."""
    operands = [p for p in OPS[name].parsed.positional if p.is_operand]
    count = len(case(name, "float32")[0])
    operands += operands[-1:] * (count - len(operands))
    return [p.kind in ("num", "nums") and p.type in (None, *VARIABLES) for p in operands]


@pytest.mark.parametrize("name", ARRAY_OPS)
def test_results_have_the_dtype_that_the_signature_promises(name):
    op = OPS[name]
    tried = 0
    for dtypes in dtype_cases(name):
        wide = any(dtype in WIDE for dtype in dtypes)
        with jax.enable_x64(wide):
            received = traced_dtypes(name, dtypes)
        if received is None:
            continue
        tried += 1
        types = dict(zip(dict.fromkeys(variables_of(name)), dtypes, strict=False))
        types |= {
            "D": next((types.get(p.default, p.default) for p in op.parsed.options if p.kind == "dtype"), None)
        }
        chosen = [CASES.get(name, ((), {}))[1].get(p.name) for p in op.parsed.parameters if p.kind == "dtype"]
        types["D"] = next((dtype for dtype in chosen if dtype), types["D"])
        for dtype, field in zip(received, result_fields(op.parsed.result), strict=False):
            allowed = {"key<fry>"} if field.kind == "key" else promised(field.type, types)
            assert dtype in allowed, f"{name} of {dtypes}: {dtype}, promised {allowed}"
    assert tried > 0


# ------------------------------------------------------------------------------------------------------ x64


def called(name):
    """An op's results on its example, as an array of JAX's."""
    operands, attributes, _ = case(name, tried_dtype(name))
    operands = jax.tree.map(lambda x: x if isinstance(x, int | float) else jnp.asarray(x), operands)
    return lambda: leaves(OPS[name].fn(*operands, **attributes))


@functools.cache
def with_and_without_x64():
    """What ops return whose equations differ: one program for all of them, which compiles in a fraction of the time."""
    calls = {name: called(name) for name in ARRAY_OPS if name not in TWO_GAMMAS}
    with jax.enable_x64(True):
        wide = {name: str(jax.make_jaxpr(call)()) for name, call in calls.items()}
    calls = {name: call for name, call in calls.items() if wide[name] != str(jax.make_jaxpr(call)())}
    together = lambda: {name: call() for name, call in calls.items()}
    without = jax.jit(together)()
    with jax.enable_x64(True):
        return {name: (results, without[name]) for name, results in jax.jit(together)().items()}


@pytest.mark.parametrize("name", [name for name in ARRAY_OPS if name not in TWO_GAMMAS])
def test_without_a_64_bit_argument_x64_changes_nothing(name):
    """What an op returns in a program with x64 on, the interpreter's narrowing done."""
    for a, b in zip(*with_and_without_x64().get(name, ((), ())), strict=True):
        exact = not jnp.issubdtype(b.dtype, jnp.inexact)
        np.testing.assert_allclose(np.asarray(a).astype(b.dtype), b, rtol=0 if exact else 1e-6, atol=1e-12)


# ------------------------------------------------------------------------------------------- numbers as operands


def traced_numbers(name):
    """The numbers among the operands of a case: by position, and by name."""
    operands, attributes, _ = case(name, tried_dtype(name))
    named = {p.name for p in OPS[name].parsed.options if p.is_operand}
    by_position = {i: x for i, x in enumerate(operands) if isinstance(x, int | float)}
    return by_position, {k: v for k, v in attributes.items() if k in named and isinstance(v, int | float)}


WITH_NUMBERS = [name for name in ARRAY_OPS if name not in TWO_GAMMAS and any(traced_numbers(name))]


@functools.cache
def with_numbers_traced_and_written():
    def together(numbers):
        results = {}
        for name in WITH_NUMBERS:
            operands, attributes, _ = case(name, tried_dtype(name))
            by_position, by_name = numbers.get(name, ({}, {}))
            filled = [by_position.get(i, x) for i, x in enumerate(operands)]
            results[name] = leaves(OPS[name].fn(*filled, **{**attributes, **by_name}))
        return results

    written = jax.jit(lambda: together({}))()
    traced = jax.jit(together)({name: traced_numbers(name) for name in WITH_NUMBERS})
    return {name: (traced[name], results) for name, results in written.items()}


@pytest.mark.parametrize("name", WITH_NUMBERS)
def test_a_number_may_be_traced(name):
    """Outside a recorded function a number is an input of the program, so that another one compiles nothing."""
    for a, b in zip(*with_numbers_traced_and_written()[name], strict=True):
        assert a.dtype == b.dtype
        np.testing.assert_allclose(a, b, rtol=1e-6)


def test_debug_shows_values_where_the_text_says_and_after_it():
    assert debug.show("loss {} at {}", np.float32(0.5), np.int32(3)) == "loss 0.5 at 3"
    assert debug.show("no place", np.array([1, 2])) == "no place [1 2]"
    assert debug.show("{} of {}", 1) == "1 of {}"
    assert debug.show("{0.__class__}", 1) == "{0.__class__} 1"  # the text comes from the client
