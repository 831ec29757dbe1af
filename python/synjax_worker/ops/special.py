"""`special`: special functions, as `jax.scipy.special` has them."""

from jax.scipy import special

from ..registry import op

_UNARY = "logit expit gammaln digamma erf erfc erfinv entr ndtr ndtri log_ndtr"
_BINARY = "betaln xlogy xlog1py rel_entr kl_div"

for name in _UNARY.split():
    op(
        f"special.{name}",
        getattr(special, name),
        "x: num A -> float(A)",
        f"Equivalent to `jax.scipy.special.{name}`.",
    )
for name in _BINARY.split():
    op(
        f"special.{name}",
        getattr(special, name),
        "x: num A, y: num B -> float(promote(A, B))",
        f"Equivalent to `jax.scipy.special.{name}`.",
    )
op(
    "special.logsumexp",
    special.logsumexp,
    "a: num A, { axis?: axis, b?: num, keepdims?: static boolean } -> float(A)",
    "Equivalent to `jax.scipy.special.logsumexp`: log Σ b·exp(a), over all axes unless `axis` is given.",
)
