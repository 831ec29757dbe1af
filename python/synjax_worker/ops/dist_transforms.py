"""`dist.transforms`: what `dist.transformed` applies to the values of a distribution."""

from __future__ import annotations

import functools

from ..registry import op
from ..simple import transforms

op(
    "transforms.affine",
    transforms.affine,
    "{ loc?: num Float, scale?: num Float } -> transform",
    "x ↦ `loc` (0) + `scale` (1) x. Equivalent to `numpyro.distributions.transforms.AffineTransform`.",
    checks=transforms.affine_checks,
)
op(
    "transforms.power",
    functools.partial(transforms.make, "PowerTransform"),
    "{ exponent: num Float } -> transform",
    "Positive x ↦ x to the power of `exponent`. Equivalent to `numpyro.distributions.transforms.PowerTransform`.",
    checks=transforms.power_checks,
)
op(
    "transforms.lower_cholesky_affine",
    functools.partial(transforms.make, "LowerCholeskyAffine"),
    "{ loc: num Float[*batch d], scale_tril: num Float[*batch d d] } -> transform",
    "Vectors x ↦ `loc` + `scaleTril` x. Equivalent to `numpyro.distributions.transforms.LowerCholeskyAffine`.",
    checks=transforms.lower_cholesky_affine_checks,
)
for _name, _cls, _what in (
    ("exp", "ExpTransform", "x ↦ exp(x)"),
    ("sigmoid", "SigmoidTransform", "x ↦ 1 / (1 + exp(-x))"),
    ("softplus", "SoftplusTransform", "x ↦ log(1 + exp(x))"),
    ("ordered", "OrderedTransform", "Vectors ↦ vectors in rising order: the first, then steps exp(x)"),
    ("stick_breaking", "StickBreakingTransform", "Vectors of n ↦ n + 1 probabilities"),
    ("lower_cholesky", "LowerCholeskyTransform", "Vectors of n (n + 1) / 2 ↦ Cholesky factors"),
    (
        "corr_cholesky",
        "CorrCholeskyTransform",
        "Vectors of n (n - 1) / 2 ↦ Cholesky factors of correlation matrices",
    ),
):
    op(
        f"transforms.{_name}",
        functools.partial(transforms.make, _cls),
        "-> transform",
        f"{_what}. Equivalent to `numpyro.distributions.transforms.{_cls}`.",
    )
