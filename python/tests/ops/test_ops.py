"""Every op against the JAX function it is equivalent to: values, and the dtype that its signature promises."""

import itertools

import jax
import jax.numpy as jnp
import jax.scipy.linalg
import jax.scipy.special
import numpy as np
import pytest

from synjax_worker import semirings, special
from synjax_worker.ops import debug
from synjax_worker.registry import dtype_tables, load
from synjax_worker.registry.signature import DTYPES, VARIABLES

OPS = load().ops
ARRAY_OPS = sorted(
    name
    for name in OPS
    if "." in name and name.partition(".")[0].islower() and not name.startswith(("dist.", "debug."))
)
TWO_GAMMAS = ("random.beta", "random.dirichlet")  # slow to compile, and made of what random.gamma is
WIDE = ("int64", "uint64", "float64")

MODULES = {
    "np": jnp,
    "nn": jax.nn,
    "lax": jax.lax,
    "random": jax.random,
    "linalg": jnp.linalg,
    "special": jax.scipy.special,
}

# What stands for an operand unless a case says otherwise; (2, 2) serves matrices too.
VALUES = np.array([[0.75, 0.5], [0.25, 0.9]])
KEY = jax.random.key(7)

# name: (operands, static parameters). `...` stands for an array of the dtype tried; arrays of ints are positions.
CASES = {
    "np.clip": ((...,), {"min": 0, "max": 1}),
    "np.where": ((np.array([[True], [False]]), ..., ...), {}),
    "np.isclose": ((..., ...), {"rtol": 1e-3}),
    "np.nan_to_num": ((...,), {"nan": 0, "posinf": 9}),
    "nn.leaky_relu": ((...,), {"negative_slope": 0.1}),
    "nn.elu": ((...,), {"alpha": 2}),
    "nn.standardize": ((...,), {"epsilon": 1e-3, "mean": 0}),
    "np.astype": ((...,), {"dtype": "float16"}),
    "np.round": ((...,), {"decimals": 1}),
    "np.sum": ((...,), {"axis": (0, 1), "keepdims": True, "where": np.array([[True], [False]])}),
    "np.median": ((...,), {"axis": 1}),
    "np.var": ((...,), {"axis": 0, "ddof": 1}),
    "np.argmax": ((...,), {"axis": 1}),
    "np.cumsum": ((...,), {"axis": -1}),
    "np.reshape": ((...,), {"shape": (4, -1)}),
    "np.transpose": ((...,), {"axes": (1, 0)}),
    "np.swapaxes": ((...,), {"axis1": 0, "axis2": -1}),
    "np.moveaxis": ((...,), {"source": 0, "destination": 1}),
    "np.expand_dims": ((...,), {"axis": (0, -1)}),
    "np.broadcast_to": ((...,), {"shape": (3, 2, 2)}),
    "np.concatenate": (((..., ...),), {"axis": 1}),
    "np.stack": (((..., ...),), {"axis": -1}),
    "np.repeat": ((...,), {"repeats": 3, "axis": 1}),
    "np.tile": ((...,), {"reps": (2, 1)}),
    "np.flip": ((...,), {"axis": 1}),
    "np.roll": ((..., 1), {"axis": 1}),
    "np.pad": ((...,), {"pad_width": ((1, 0), (0, 2)), "constant_values": 1}),
    "np.tril": ((...,), {"k": -1}),
    "np.zeros": ((), {"shape": (2, 3)}),
    "np.ones": ((), {"shape": 3, "dtype": "int32"}),
    "np.full": ((0,), {"shape": (3,)}),
    "np.full_like": ((..., 1), {}),
    "np.arange": ((), {"stop": 7, "start": 1, "step": 2}),
    "np.linspace": ((0, 1), {"num": 5}),
    "np.eye": ((), {"n": 3, "m": 4, "k": 1}),
    "np.matmul": ((..., ...), {"precision": "highest"}),
    "np.tensordot": ((..., ...), {"axes": 1}),
    "np.einsum": ((..., ...), {"subscripts": "ij,jk->k"}),
    "np.take": ((..., np.array([0, -1, 1])), {"axis": 1}),
    "np.take_along_axis": ((..., np.array([[0], [-1]])), {"axis": 1}),
    "np.sort": ((...,), {"axis": 0, "descending": True}),
    "np.argsort": ((...,), {"axis": 0}),
    "np.searchsorted": ((np.array([0.1, 0.5, 0.7]), ...), {"side": "right"}),
    "getitem": ((...,), {"index": (0, (None, None, -1))}),
    "nn.softmax": ((...,), {"axis": 0}),
    "nn.logsumexp": ((...,), {"axis": -1, "keepdims": True}),
    "nn.one_hot": ((np.array([0, 2, 5]),), {"num_classes": 3}),
    "lax.top_k": ((...,), {"k": 1}),
    "lax.cummax": ((...,), {"axis": 1, "reverse": True}),
    "random.key": ((3,), {}),
    "random.fold_in": ((KEY, 3), {}),
    "random.uniform": ((KEY,), {"shape": (3,), "minval": 2, "maxval": 3}),
    "random.truncated_normal": ((KEY, -1, 2), {"shape": (3,)}),
    "random.bernoulli": ((KEY,), {"p": 0.25, "shape": (5,)}),
    "random.categorical": ((KEY, ...), {"axis": -1, "shape": (4, 2)}),
    "random.randint": ((KEY, 2, 9), {"shape": (4,)}),
    "random.permutation": ((KEY, ...), {}),
    "random.choice": ((KEY, ...), {"shape": (4,), "p": np.array([0.25, 0.75], np.float32)}),
    "random.gamma": ((KEY, 2.5), {"shape": (3,)}),
    "random.beta": ((KEY, 2.5, 1), {"shape": (3,)}),
    "random.dirichlet": ((KEY, np.array([1.0, 2.0], np.float32)), {"shape": (3,)}),
    "random.poisson": ((KEY, 2.5), {"shape": (3,)}),
    "random.multivariate_normal": (
        (KEY, np.zeros(2, np.float32), np.eye(2, dtype=np.float32)),
        {"shape": (3,)},
    ),
    "linalg.norm": ((...,), {"ord": 2, "axis": -1}),
    "linalg.cholesky": ((np.array([[2, 1], [1, 2]]),), {"upper": True}),
    "linalg.solve_triangular": ((..., ...), {"lower": True}),
    "special.logsumexp": ((...,), {"axis": 0, "b": 2}),
    "special.log_delannoy": ((..., ...), {"max_input_value": 5}),
    "special.max_one_hot": ((...,), {"axis": 0, "straight_through": True}),
    "special.sample_one_hot": ((...,), {"key": KEY, "axis": (0, 1), "temperature": 0.5}),
    "special.sparsemax": ((...,), {"axis": 0}),
    "semirings.log_sum": ((...,), {"axis": 0}),
    "semirings.max_sum": ((...,), {"axis": (0, -1)}),
    "semirings.log_add": ((..., ..., ...), {}),
    "semirings.max_add": ((..., ...), {}),
    "semirings.einsum_log": ((..., ...), {"subscripts": "ij,jk->ik"}),
    "semirings.einsum_max": ((..., ...), {"subscripts": "ij,jk->k"}),
}
for name in ("set", "add", "multiply", "min", "max"):
    CASES[f"at.{name}"] = ((..., 1), {"index": (np.array([0, -1], np.int32), 0)})
CASES["at.get"] = CASES["getitem"]
CASES["np.ones_like"] = ((...,), {})
for name in ("random.normal", "random.gumbel", "random.exponential", "random.laplace", "random.logistic"):
    CASES[name] = ((KEY,), {"shape": (2, 3)})

# Where JAX spells the call in another order than "operands first, the rest by name".
REFERENCES = {
    "np.astype": lambda x, dtype: jnp.asarray(x).astype(dtype),
    "np.full": lambda value, shape, dtype: jnp.full(shape, value, dtype),
    "np.arange": lambda stop, start, step, dtype: jnp.arange(start, stop, step, dtype),
    "np.eye": lambda n, m, k, dtype: jnp.eye(n, m, k, dtype),
    "np.einsum": lambda *operands, subscripts: jnp.einsum(subscripts, *operands),
    "getitem": lambda x, index: x[0, ::-1],
    "at.get": lambda x, index: x.at[0, ::-1].get(),
    "nn.one_hot": lambda x, num_classes, dtype: jax.nn.one_hot(x, num_classes, dtype=dtype),
    "semirings.log_sum": lambda a, axis: semirings.LogSemiring().sum(a, axis),
    "semirings.max_sum": lambda a, axis: semirings.MaxSemiring().sum(a, axis),
    "semirings.log_add": semirings.LogSemiring().add,
    "semirings.max_add": semirings.MaxSemiring().add,
    "semirings.einsum_log": lambda *operands, subscripts: semirings.einsum_log(subscripts, *operands),
    "semirings.einsum_max": lambda *operands, subscripts: semirings.einsum_max(subscripts, *operands),
    "random.randint": lambda key, low, high, shape, dtype: jax.random.randint(key, shape, low, high, dtype),
    "linalg.solve_triangular": jax.scipy.linalg.solve_triangular,
}


def reference(name):
    if name in REFERENCES:
        return REFERENCES[name]
    module, _, function = name.partition(".")
    if module == "at":
        return lambda x, value, index: getattr(x.at[index], function)(value)
    return getattr(MODULES[module], function, None) or getattr(special, function)


def case(name, dtype):
    """The operands and attributes to call an op with, the dtype tried standing in every generic operand."""
    operands, attributes = CASES.get(name, (None, {}))
    if operands is None:
        operands = tuple(KEY if p.kind == "key" else ... for p in OPS[name].parsed.positional if p.is_operand)
    operands = tuple(_fill(operand, dtype) for operand in operands)
    defaults = {p.name: p.default for p in OPS[name].parsed.options if p.default in DTYPES}
    return operands, attributes, {**defaults, **attributes}


def _fill(operand, dtype):
    if isinstance(operand, tuple):
        return tuple(_fill(each, dtype) for each in operand)
    if operand is not ...:
        return operand
    values = VALUES if jnp.issubdtype(dtype, jnp.floating) else VALUES * 4
    return jnp.asarray(values, dtype)


def leaves(value):
    return [
        jax.random.key_data(x) if jnp.issubdtype(x.dtype, jax.dtypes.prng_key) else x
        for x in jax.tree.leaves(value)
    ]


def tried_dtype(name):
    return "int32" if OPS[name].doc.startswith("Equivalent to `jax.numpy.bitwise") else "float32"


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
    return [field for _, field in result.fields] if result.kind == "struct" else [result]


def dtype_cases(name):
    """One or two dtypes for the generic operands: all pairs of a few, and every dtype alone."""
    variables = set(variables_of(name))
    if not variables:
        return [("float32",)]
    few = ("bool", "int32", "bfloat16", "float32", "int64")
    return [(a, b) for a in few for b in few] if len(variables) > 1 else [(dtype,) for dtype in DTYPES]


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
        types["D"] = CASES.get(name, ((), {}))[1].get("dtype", types["D"])
        for dtype, field in zip(received, result_fields(op.parsed.result), strict=True):
            allowed = {"key<fry>"} if field.kind == "key" else promised(field.type, types)
            assert dtype in allowed, f"{name} of {dtypes}: {dtype}, promised {allowed}"
    assert tried > 0


# ------------------------------------------------------------------------------------------------------ x64


@pytest.mark.parametrize("name", [name for name in ARRAY_OPS if name not in TWO_GAMMAS])
def test_without_a_64_bit_argument_x64_changes_nothing(name):
    """What an op returns in a program with x64 on, the interpreter's narrowing done."""
    operands, attributes, _ = case(name, tried_dtype(name))
    operands = jax.tree.map(lambda x: x if isinstance(x, int | float) else jnp.asarray(x), operands)
    with jax.enable_x64(True):
        wide = jaxpr(OPS[name].fn, *operands, **attributes)
    if str(wide) == str(jaxpr(OPS[name].fn, *operands, **attributes)):
        return
    without = run(OPS[name].fn, *operands, **attributes)
    with jax.enable_x64(True):
        received = run(OPS[name].fn, *operands, **attributes)
        for a, b in zip(received, without, strict=True):
            exact = not jnp.issubdtype(b.dtype, jnp.floating)
            np.testing.assert_allclose(np.asarray(a).astype(b.dtype), b, rtol=0 if exact else 1e-6)


# ------------------------------------------------------------------------------------------- numbers as operands


def traced_numbers(name):
    """The numbers among the operands of a case: by position, and by name."""
    operands, attributes, _ = case(name, tried_dtype(name))
    named = {p.name for p in OPS[name].parsed.options if p.is_operand}
    by_position = {i: x for i, x in enumerate(operands) if isinstance(x, int | float)}
    return by_position, {k: v for k, v in attributes.items() if k in named and isinstance(v, int | float)}


@pytest.mark.parametrize(
    "name", [name for name in ARRAY_OPS if name not in TWO_GAMMAS and any(traced_numbers(name))]
)
def test_a_number_may_be_traced(name):
    """Outside a recorded function a number is an input of the program, so that another one compiles nothing."""
    operands, attributes, _ = case(name, tried_dtype(name))
    by_position, by_name = traced_numbers(name)

    @jax.jit
    def traced(by_position, by_name):
        filled = [by_position.get(i, x) for i, x in enumerate(operands)]
        return OPS[name].fn(*filled, **{**attributes, **by_name})

    received = leaves(traced(by_position, by_name))
    written = leaves(jax.jit(lambda: OPS[name].fn(*operands, **attributes))())
    for a, b in zip(received, written, strict=True):
        assert a.dtype == b.dtype
        np.testing.assert_allclose(a, b, rtol=1e-6)


def test_debug_shows_values_where_the_text_says_and_after_it():
    assert debug.show("loss {} at {}", np.float32(0.5), np.int32(3)) == "loss 0.5 at 3"
    assert debug.show("no place", np.array([1, 2])) == "no place [1 2]"
    assert debug.show("{} of {}", 1) == "1 of {}"
    assert debug.show("{0.__class__}", 1) == "{0.__class__} 1"  # the text comes from the client
