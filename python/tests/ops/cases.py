"""An example of every op: what it is called with, and the JAX function that it names.

The tests of this folder, the derivatives, and the calls from TypeScript (`golden.py`) all use these.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
import jax.scipy.linalg
import jax.scipy.special
import numpy as np
import optax

from synjax_worker import semirings, special
from synjax_worker.inference import diagnostics
from synjax_worker.registry import load
from synjax_worker.registry.signature import DTYPES

OPS = load().ops


def is_of_optimizers(name):
    """Whether it makes or takes an optimizer, a schedule or a tree: these are called in `test_optimizers.py`."""
    kinds = ("transformation", "schedule")
    own = ("optax.apply_updates", "optax.incremental_update", "optax.global_norm")
    parsed = OPS[name].parsed
    return name in own or parsed.result.kind in kinds or any(p.kind in kinds for p in parsed.positional)


ARRAY_OPS = sorted(
    name
    for name in OPS
    if name.partition(".")[0].islower()
    and not name.startswith(("dist.", "distribution.", "transforms.", "debug."))
    and not is_of_optimizers(name)
)
TWO_GAMMAS = ("random.beta", "random.dirichlet")  # slow to compile, and made of what random.gamma is
WIDE = ("int64", "uint64", "float64", "complex128")

MODULES = {
    "optax": optax,
    "ops": jax.ops,
    "np": jnp,
    "fft": jnp.fft,
    "nn": jax.nn,
    "lax": jax.lax,
    "random": jax.random,
    "linalg": jnp.linalg,
    "special": jax.scipy.special,
    "diagnostics": diagnostics,
}

# What stands for an operand unless a case says otherwise; (2, 2) serves matrices too.
VALUES = np.array([[0.75, 0.5], [0.25, 0.9]])
VECTOR = np.array([0.75, -0.5, 0.25], np.float32)
SEQUENCE = np.linspace(-1, 1, 24, dtype=np.float32).reshape(1, 3, 2, 4)  # (batch time heads size)
KEY = jax.random.key(7)
# (chain draw event): one element in order, one that turns back and forth.
DRAWS = np.stack([np.arange(10), (-1.0) ** np.arange(10) + 0.1 * np.arange(10) ** 2], -1)
DRAWS = DRAWS.reshape(2, 5, 2).astype(np.float32)

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
CASES |= {
    "np.max": ((...,), {"axis": -1, "initial": 0, "where": np.array([[True], [False]])}),
    "np.min": ((...,), {"axis": -1, "initial": 9, "where": np.array([[True], [False]])}),
    "np.cumulative_sum": ((...,), {"axis": -1, "include_initial": True}),
    "np.cumulative_prod": ((...,), {"axis": 0}),
    "np.ldexp": ((..., np.array([1, -2], np.int32)), {}),
    "np.select": (((np.array([[True], [False]]), np.array([True, False])), (..., ...)), {"default": 7}),
    "np.isin": ((..., np.array([0.5, 3], np.float32)), {"invert": True}),
    "np.allclose": ((..., ...), {"rtol": 1e-3}),
    "np.nanmax": ((...,), {"axis": -1}),
    "np.nanargmax": ((...,), {"axis": 1}),
    "np.nanvar": ((...,), {"axis": 0, "ddof": 1}),
    "np.nansum": ((...,), {"axis": (0, 1), "keepdims": True}),
    "np.nancumsum": ((...,), {"axis": 0}),
    "np.average": ((...,), {"axis": 1, "weights": np.array([1, 3], np.int32)}),
    "np.quantile": ((..., 0.25), {"axis": 0, "method": "linear"}),
    "np.percentile": ((..., np.array([25, 50], np.float32)), {"axis": -1}),
    "np.nanquantile": ((..., 0.25), {"axis": (0, 1), "keepdims": True}),
    "np.nanpercentile": ((..., 75), {"method": "higher"}),
    "np.cov": ((...,), {"ddof": 0}),
    "np.corrcoef": ((...,), {"rowvar": False}),
    "np.histogram": ((...,), {"bins": 3, "range": (0, 4)}),
    "np.bincount": ((np.array([0, 2, 2], np.int32),), {"length": 4}),
    "np.trapezoid": ((...,), {"x": np.array([0, 2], np.int32), "axis": 0}),
    "np.gradient": ((...,), {"axis": -1}),
    "np.convolve": ((VECTOR, VECTOR), {"mode": "same"}),
    "np.correlate": ((VECTOR, VECTOR), {"mode": "full"}),
    "np.interp": ((..., np.array([0, 0.6, 3], np.float32), VECTOR), {"left": -1, "right": 9}),
    "np.polyval": ((VECTOR, ...), {}),
    "np.unwrap": ((...,), {"axis": 0, "period": 0.3}),
    "np.hanning": ((), {"m": 5}),
    "np.hamming": ((), {"m": 5}),
    "np.identity": ((), {"n": 3}),
    "np.tri": ((), {"n": 3, "m": 4, "k": -1}),
    "np.logspace": ((0, 2), {"num": 3, "base": 2}),
    "np.geomspace": ((1, 16), {"num": 5}),
    "np.indices": ((), {"dimensions": (2, 3)}),
    "np.tril_indices": ((), {"n": 3, "k": -1}),
    "np.triu_indices": ((), {"n": 2, "m": 3}),
    "np.digitize": ((..., np.array([0.3, 0.8, 2], np.float32)), {"right": True}),
    "np.partition": ((...,), {"kth": 1, "axis": 0}),
    "np.argpartition": ((...,), {"kth": 0}),
    "np.lexsort": (((..., ...),), {"axis": 0}),
    "np.unique": ((...,), {"size": 6, "fill_value": 0}),
    "np.flatnonzero": ((...,), {"size": 5, "fill_value": -1}),
    "np.argwhere": ((...,), {"size": 3}),
    "np.put_along_axis": ((..., np.array([[0], [-1]]), 2), {"axis": 1}),
    "np.rot90": ((...,), {"k": 3}),
    "np.diagflat": ((...,), {"k": 1}),
    "np.fill_diagonal": ((..., 2), {}),
    "np.delete": ((...,), {"obj": (0, -1), "axis": 1}),
    "np.append": ((..., ...), {"axis": -1}),
    "np.hstack": (((..., ...),), {}),
    "np.vstack": (((..., ...),), {}),
    "np.dstack": (((..., ...),), {}),
    "np.column_stack": (((..., ...),), {}),
    "np.split": ((...,), {"indices_or_sections": 2, "axis": -1}),
    "np.array_split": ((...,), {"indices_or_sections": (1,)}),
    "np.meshgrid": (((VECTOR, VECTOR),), {"indexing": "ij", "sparse": True}),
    "np.broadcast_arrays": ((..., 1), {}),
    "np.cross": ((np.eye(3, dtype=np.float32), np.array([1, 2, 3], np.float32)), {"axis": -1}),
    "np.vecdot": ((..., ...), {"axis": 0}),
    "nn.celu": ((...,), {"alpha": 2}),
    "nn.glu": ((...,), {"axis": 0}),
    "nn.squareplus": ((...,), {"b": 3}),
    "nn.logmeanexp": ((...,), {"axis": -1, "keepdims": True}),
    "nn.dot_product_attention": ((SEQUENCE, SEQUENCE, SEQUENCE), {"scale": 0.5, "is_causal": True}),
    "lax.clamp": ((0.3, ..., 0.8), {}),
    "lax.select": ((np.array([[True, False], [False, True]]), ..., ...), {}),
    "lax.iota": ((), {"dtype": "int32", "size": 3}),
    "lax.broadcasted_iota": ((), {"dtype": "float32", "shape": (2, 3), "dimension": 1}),
    "lax.integer_pow": ((...,), {"y": 3}),
    "lax.bitcast_convert_type": ((...,), {"new_dtype": "int32"}),
    "lax.cumsum": ((...,), {"axis": 1, "reverse": True}),
    "lax.approx_max_k": ((...,), {"k": 1}),
    "lax.approx_min_k": ((...,), {"k": 1}),
    "lax.sort_key_val": ((..., ...), {"dimension": 0}),
    "lax.dynamic_slice": ((..., (1, 0)), {"slice_sizes": (1, 2)}),
    "lax.dynamic_update_slice": ((..., np.array([[2]], np.float32), (1, 0)), {}),
    "lax.dynamic_slice_in_dim": ((..., 1), {"slice_size": 1, "axis": -1}),
    "lax.dynamic_index_in_dim": ((..., -1), {"keepdims": False}),
    "lax.dynamic_update_slice_in_dim": ((..., np.array([[2], [3]], np.float32), 1), {"axis": 1}),
    "lax.dynamic_update_index_in_dim": ((..., np.array([2, 3], np.float32), 1), {"axis": 0}),
    "lax.slice_in_dim": ((...,), {"start_index": 0, "limit_index": 2, "stride": 2, "axis": -1}),
    "lax.index_in_dim": ((...,), {"index": -1, "keepdims": False}),
    "lax.rev": ((...,), {"dimensions": (1,)}),
    "lax.conv_general_dilated": (
        (SEQUENCE[0], SEQUENCE[0]),
        {
            "window_strides": (1,),
            "padding": "SAME",
            "rhs_dilation": (1,),
            "dimension_numbers": ("NCH", "OIH", "NCH"),
        },
    ),
    "lax.conv_transpose": ((SEQUENCE[0], SEQUENCE[0].swapaxes(1, 2)), {"strides": (2,), "padding": "SAME"}),
    "lax.reduce_window": (
        (...,),
        {
            "init_value": float("-inf"),
            "computation": "max",
            "window_dimensions": (2, 1),
            "padding": ((1, 0), (0, 0)),
        },
    ),
    "lax.dot_general": ((..., ...), {"dimension_numbers": (((1,), (0,)), ((), ()))}),
    "linalg.lstsq": ((..., ...), {"rcond": 1e-3}),
    "linalg.matrix_norm": ((...,), {"ord": 1}),
    "linalg.vector_norm": ((...,), {"axis": -1, "ord": 3}),
    "linalg.matrix_power": ((...,), {"n": -2}),
    "linalg.cond": ((...,), {"p": 1}),
    "linalg.multi_dot": (((..., ..., ...),), {}),
    "linalg.cho_solve": ((..., ...), {"lower": True}),
    "optax.huber_loss": ((..., 2), {"delta": 0.5}),
    "optax.cosine_distance": ((..., ...), {"epsilon": 1e-3}),
    "optax.softmax_cross_entropy": ((..., ...), {"axis": 0}),
    "optax.softmax_cross_entropy_with_integer_labels": ((..., np.array([1, 0], np.int32)), {}),
    "optax.sigmoid_focal_loss": ((..., ...), {"alpha": 0.25, "gamma": 2}),
    "optax.smooth_labels": ((..., 0.1), {}),
    "ops.segment_sum": ((..., np.array([2, 0], np.int32)), {"num_segments": 3}),
    "ops.segment_prod": ((..., np.array([1, 0], np.int32)), {"num_segments": 2}),
    "ops.segment_max": ((..., np.array([0, 5], np.int32)), {"num_segments": 1}),
    "ops.segment_min": ((..., np.array([0, 1], np.int32)), {"num_segments": 2, "indices_are_sorted": True}),
    "random.chisquare": ((KEY, 3), {"shape": (3,)}),
    "random.loggamma": ((KEY, 2.5), {"shape": (3,)}),
    "random.pareto": ((KEY, 2.5), {"shape": (3,)}),
    "random.rayleigh": ((KEY, 2.5), {"shape": (3,)}),
    "random.t": ((KEY, 3), {"shape": (3,)}),
    "random.weibull_min": ((KEY, 2, 1.5), {"shape": (3,)}),
    "random.triangular": ((KEY, -1, 0, 2), {"shape": (3,)}),
    "random.lognormal": ((KEY,), {"sigma": 0.5, "shape": (3,)}),
    "random.maxwell": ((KEY,), {"shape": (3,)}),
    "random.ball": ((KEY,), {"d": 2, "shape": (3,)}),
    "random.orthogonal": ((KEY,), {"n": 2}),
    "random.binomial": ((KEY, 9, 0.25), {"shape": (3,)}),
    "random.multinomial": ((KEY, 9, np.array([0.25, 0.75], np.float32)), {}),
    "random.geometric": ((KEY, 0.25), {"shape": (3,)}),
    "random.wrap_key_data": ((np.array([1, 2], np.uint32),), {}),
    "special.multigammaln": ((np.array([1.5, 3], np.float32),), {"d": 2}),
    "special.polygamma": ((1, ...), {}),
    "special.softmax": ((...,), {"axis": -1}),
    "special.log_softmax": ((...,), {"axis": 0}),
}
CASES |= {
    "np.angle": ((...,), {"deg": True}),
    "fft.fft": ((...,), {"n": 3, "axis": 0}),
    "fft.ifft": ((...,), {"n": 3, "norm": "ortho"}),
    "fft.rfft": ((...,), {"n": 3}),
    "fft.irfft": ((...,), {"n": 3}),
    "fft.hfft": ((...,), {"axis": 0}),
    "fft.ihfft": ((...,), {"norm": "forward"}),
    "fft.fft2": ((...,), {"s": (3, 2), "norm": "ortho"}),
    "fft.fftn": ((...,), {"axes": (1,)}),
    "fft.irfft2": ((...,), {"s": (2, 3)}),
    "fft.fftshift": ((...,), {"axes": 1}),
    "fft.ifftshift": ((...,), {"axes": (0, 1)}),
    "fft.fftfreq": ((), {"n": 5, "d": 0.5}),
    "fft.rfftfreq": ((), {"n": 4}),
}
for name in ("set", "add", "multiply", "min", "max"):
    CASES[f"at.{name}"] = ((..., 1), {"index": (np.array([0, -1], np.int32), 0)})
CASES["at.get"] = CASES["getitem"]
CASES |= {f"diagnostics.{name}": ((DRAWS,), {}) for name in ("split_gelman_rubin", "effective_sample_size")}
CASES |= {f"diagnostics.{name}": ((DRAWS,), {"prob": 0.8}) for name in ("hpdi", "summary")}
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
    "fft.fftfreq": lambda n, dtype, d=1.0: jnp.fft.fftfreq(n, d, dtype=dtype),
    "fft.rfftfreq": lambda n, dtype, d=1.0: jnp.fft.rfftfreq(n, d, dtype=dtype),
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
    "np.bincount": jnp.bincount,
    "np.hanning": lambda m: jnp.hanning(m),
    "np.hamming": lambda m: jnp.hamming(m),
    "np.tri": lambda n, m, k, dtype: jnp.tri(n, m, k, dtype),
    "np.identity": lambda n, dtype: jnp.identity(n, dtype),
    "np.delete": lambda arr, obj, axis: jnp.delete(arr, np.array(obj), axis),
    "np.meshgrid": lambda xi, **options: jnp.meshgrid(*xi, **options),
    "np.select": lambda conditions, choices, default: jnp.select(conditions, choices, default),
    "np.put_along_axis": lambda *operands, axis: jnp.put_along_axis(*operands, axis, inplace=False),
    "np.fill_diagonal": lambda a, val: jnp.fill_diagonal(a, val, inplace=False),
    "lax.reduce_window": lambda x, init_value, computation, **options: jax.lax.reduce_window(
        x, x.dtype.type(init_value), jax.lax.max, **options
    ),
    "linalg.multi_dot": lambda arrays: jnp.linalg.multi_dot(arrays),
    "linalg.vector_norm": lambda x, **options: jnp.linalg.vector_norm(x * 1.0, **options),
    "linalg.expm": jax.scipy.linalg.expm,
    "linalg.lu": jax.scipy.linalg.lu,
    "linalg.block_diag": jax.scipy.linalg.block_diag,
    "linalg.toeplitz": jax.scipy.linalg.toeplitz,
    "linalg.cho_solve": lambda c, b, lower: jax.scipy.linalg.cho_solve((c, lower), b),
    "random.wrap_key_data": lambda bits: jax.random.wrap_key_data(bits),
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
    attributes = CASES.get(name, ((), {}))[1]
    return filled(name, dtype), attributes, with_defaults(name, attributes)


def filled(name, dtype):
    """The operands of an op's example, of this dtype where it takes any."""
    return tuple(_fill(operand, dtype) for operand in operands_of(name))


def operands_of(name):
    """The operands of an op's example, `...` for an array."""
    if name in CASES:
        return CASES[name][0]
    return tuple(KEY if p.kind == "key" else ... for p in OPS[name].parsed.positional if p.is_operand)


def with_defaults(name, attributes):
    """The attributes, and the dtypes that the op has where none is given."""
    return {p.name: p.default for p in OPS[name].parsed.options if p.default in DTYPES} | attributes


def _fill(operand, dtype):
    if isinstance(operand, tuple):
        return tuple(_fill(each, dtype) for each in operand)
    if operand is not ...:
        return operand
    values = VALUES if jnp.issubdtype(dtype, jnp.floating) else VALUES * 4
    return jnp.asarray(values, dtype)


# What is for whole numbers alone.
_WHOLE = ("np.bitwise_", "np.left_shift", "np.right_shift", "np.gcd", "np.lcm", "lax.shift_right_logical")


def tried_dtype(name):
    return "int32" if name.startswith(_WHOLE) else "float32"
