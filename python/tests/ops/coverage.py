"""What of JAX is not among the ops, and why: `python -m tests.ops.coverage` prints it for `docs/ops.md`.

Which functions JAX has is asked of JAX. So a version of JAX with more of them is noticed: a test wants a reason for
each.
"""

from __future__ import annotations

import inspect
import json
import types
from typing import Any

import jax
import jax.nn
import jax.numpy as jnp
import jax.scipy.linalg
import jax.scipy.special

from synjax_worker import registry

MODULES = {
    "np": (jnp,),
    "lax": (jax.lax,),
    "nn": (jax.nn,),
    "random": (jax.random,),
    "linalg": (jnp.linalg, jax.scipy.linalg),
    "special": (jax.scipy.special,),
    "ops": (jax.ops,),
    "fft": (jnp.fft,),
}

COMPLEX = "mainly for complex numbers"
FUNCTIONS = "takes a Python function: `vmap` and `scan` do what it does"
HOST = "reads, writes or describes; done in TypeScript, or by the tensor itself"
DYNAMIC = "the size of its result depends on values, or the number of its results on a shape"
DEVICES = "for programs on several devices"
LOW = "a building block of JAX's own"
FEW = "few people reach for it"

# name: what does the same here.
ELSEWHERE = {
    "np": """absolute=np.abs conjugate=np.conj acos=np.arccos acosh=np.arccosh amax=np.max amin=np.min around=np.round
        array_equiv=np.arrayEqual
        asarray=array array=array asin=np.arcsin asinh=np.arcsinh atan=np.arctan atan2=np.arctan2 atanh=np.arctanh
        bitwise_invert=np.bitwiseNot bitwise_left_shift=np.leftShift bitwise_right_shift=np.rightShift
        invert=np.bitwiseNot concat=np.concatenate degrees=np.rad2deg radians=np.deg2rad dsplit=np.split
        hsplit=np.split vsplit=np.split empty=np.zeros empty_like=np.zerosLike fabs=np.abs float_power=np.power
        mod=np.remainder ndim=x.ndim permute_dims=np.transpose pow=np.power rollaxis=np.moveaxis shape=x.shape
        size=x.shape.product true_divide=np.divide i0=special.i0 copy=array positive=x compress=np.take
        ix_=np.meshgrid unstack=x.slice insert=np.concatenate choose=np.select place=np.where put=x.at
        extract=np.where""",
    "lax": """acos=np.arccos acosh=np.arccosh asin=np.arcsin asinh=np.arcsinh atan=np.arctan atan2=np.arctan2
        atanh=np.arctanh bessel_i0e=special.i0e bessel_i1e=special.i1e betainc=special.betainc
        bitwise_not=np.bitwiseNot broadcast=np.broadcastTo broadcast_in_dim=np.broadcastTo collapse=np.reshape
        cond=cond convert_element_type=np.astype digamma=special.digamma div=np.divide eq=np.equal erf=special.erf
        erf_inv=special.erfinv erfc=special.erfc ge=np.greaterEqual gt=np.greater igamma=special.gammainc
        igammac=special.gammaincc is_finite=np.isfinite le=np.lessEqual lgamma=special.gammaln logistic=nn.sigmoid
        lt=np.less map=map max=np.max min=np.min mul=np.multiply ne=np.notEqual neg=np.negative
        polygamma=special.polygamma population_count=np.bitwiseCount pow=np.power reduce_and=np.all reduce_or=np.any
        reduce_max=np.max reduce_min=np.min reduce_prod=np.prod reduce_sum=np.sum rem=np.fmod scan=scan
        associative_scan=associativeScan fori_loop=scan switch=switchCase
        select_n=np.select shift_left=np.leftShift shift_right_arithmetic=np.rightShift slice=x.slice sub=np.subtract
        while_loop=whileLoop zeta=special.zeta conv=lax.convGeneralDilated index_take=np.take dot=np.matmul
        full=np.full full_like=np.fullLike empty=np.zeros gather=np.take scatter=x.at scatter_add=x.at
        scatter_max=x.at scatter_min=x.at scatter_mul=x.at scatter_apply=x.at scatter_sub=x.at unstack=x.slice
        argmax=np.argmax argmin=np.argmin fft=fft.fftn""",
    "nn": "hard_swish=nn.hardSilu swish=nn.silu",
    "random": "PRNGKey=random.key clone=random.split",
    "linalg": """matmul=np.matmul eigvals=linalg.eigvalsh cho_factor=linalg.cholesky lu_factor=linalg.lu
        lu_solve=linalg.solve""",
    "special": "loggamma=special.gammaln",
    "ops": "",
    "fft": "",
}

# reason: the names that it holds for.
REASONS = {
    "np": {
        COMPLEX: "roots sort_complex",
        FUNCTIONS: "apply_along_axis apply_over_axes fromfunction frompyfunc piecewise vectorize mask_indices",
        HOST: """array_repr array_str broadcast_shapes can_cast from_dlpack frombuffer fromfile fromiter fromstring
            get_printoptions iscomplexobj isdtype isrealobj issubdtype isscalar iterable load printoptions
            promote_types result_type save savez set_printoptions einsum_path""",
        DYNAMIC: """intersect1d nonzero setdiff1d setxor1d trim_zeros union1d unique_all unique_counts unique_inverse
            unique_values unravel_index histogramdd histogram2d diag_indices diag_indices_from
            tril_indices_from triu_indices_from""",
        FEW: """bartlett blackman block ediff1d histogram_bin_edges kaiser nextafter packbits poly polyadd polyder
            polydiv polyfit polyint polymul polysub ravel_multi_index resize spacing unpackbits vander""",
    },
    "lax": {
        FUNCTIONS: "composite custom_linear_solve custom_root platform_dependent reduce",
        DEVICES: """all_gather all_to_all axis_index axis_size pbroadcast pcast pmax pmean pmin ppermute precv psend
            pshuffle psum psum_scatter pswapaxes ragged_all_to_all with_sharding_constraint""",
        LOW: """after_all broadcast_like broadcast_to_rank conv_dimension_numbers conv_general_dilated_local
            conv_general_dilated_patches conv_general_permutations conv_general_shape_tuple conv_shape_tuple
            conv_transpose_shape_tuple conv_with_general_padding create_token dce_sink dtype mulhi padtype_to_pads
            ragged_dot ragged_dot_general random_gamma_grad igamma_grad_a reduce_window_shape_tuple reduce_xor
            rng_bit_generator rng_uniform scaled_dot shape_as_value stage broadcast_shapes""",
        FEW: "clz nextafter reduce_precision",
    },
    "nn": {LOW: "get_scaled_dot_general_config scaled_dot_general scaled_matmul"},
    "random": {HOST: "key_dtype key_impl", FEW: "double_sided_maxwell f generalized_normal wald"},
    "linalg": {
        COMPLEX: "dft eig funm rsf2csf schur sqrtm",
        FEW: """circulant companion convolution_matrix eigh_tridiagonal expm_frechet fiedler fiedler_companion
            hadamard hankel helmert hessenberg hilbert invhilbert invpascal leslie pascal polar qr_multiply
            solve_sylvester tensorinv tensorsolve""",
    },
    "special": {
        COMPLEX: "sph_harm_y wofz",
        FEW: """bernoulli bessel_jn boxcox boxcox1p dawsn erfcx exp1 expn fresnel gammasgn hyp1f1 hyp2f1 owens_t poch
            sici spence""",
    },
    "ops": {},
    "fft": {},
}


def elsewhere(namespace: str) -> dict[str, str]:
    """The names that JAX has and we have not, because something does the same."""
    return dict(pair.split("=") for pair in ELSEWHERE[namespace].split())


def functions(namespace: str) -> list[str]:
    """The public functions of JAX's modules of this namespace."""
    found = {name for module in MODULES[namespace] for name in dir(module) if _is_function(module, name)}
    return sorted(found, key=str.lower)


def _is_function(module: types.ModuleType, name: str) -> bool:
    value = getattr(module, name)
    is_type = inspect.isclass(value) or (name[0].isupper() and name != "PRNGKey") or hasattr(value, "dtype")
    return not name.startswith("_") and callable(value) and not is_type


def document() -> dict[str, Any]:
    """By namespace: what does the same under another name, and by reason what is not there."""
    known = set(registry.load().ops)
    found = {}
    for namespace in MODULES:
        absent = [name for name in functions(namespace) if f"{namespace}.{name}" not in known]
        same = elsewhere(namespace)
        same |= {name: f"np.{name}" for name in absent if name not in same and f"np.{name}" in known}
        reasons = {reason: names.split() for reason, names in REASONS[namespace].items()}
        explained = {name for names in reasons.values() for name in names}
        found[namespace] = {
            "elsewhere": {name: same[name] for name in absent if name in same},
            "absent": reasons,
            "unexplained": [name for name in absent if name not in same and name not in explained],
            "stale": sorted({*elsewhere(namespace), *explained} - set(absent)),
        }
    return found


if __name__ == "__main__":
    print(json.dumps(document()))
