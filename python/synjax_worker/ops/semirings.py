"""`semirings`: sums and einsums over log-potentials."""

from .. import semirings
from ..registry import op
from .special import inexact

_SEMIRINGS = {
    "log": (semirings.LogSemiring(), "log-sum-exp; their derivatives are marginals"),
    "max": (semirings.MaxSemiring(), "maxima; a derivative marks one maximum, the first"),
}


def _register(name: str) -> None:
    semiring, sums = _SEMIRINGS[name]

    def total(a, *, axis=None):
        a = inexact(a)
        return semiring.sum(a, tuple(range(a.ndim)) if axis is None else axis)

    def add(*operands):
        return semiring.add(*(inexact(x) for x in operands))

    def einsum(*operands, subscripts):
        return semiring.einsum(subscripts, *(inexact(x) for x in operands))

    op(
        f"semirings.{name}_sum",
        total,
        "a: num A, { axis?: axis } -> float(A)",
        f"Sums that are {sums}. Over all axes unless `axis` is given.",
    )
    op(
        f"semirings.{name}_add",
        add,
        "...operands: num A -> float(promote(A, A))",
        f"Element by element, with broadcasting. Sums are {sums}.",
    )
    op(
        f"semirings.einsum_{name}",
        einsum,
        "subscripts: static string, ...operands: num A -> float(promote(A, A))",
        f"An einsum of log-potentials: its product is +, its sums are {sums}.",
    )


for name in _SEMIRINGS:
    _register(name)
