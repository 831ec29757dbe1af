"""A function of a file for many rows at a time: what it says of one, under `vmap`. What a check refuses fails alone."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import jax
import numpy as np

from ..errors import RowsFailed, SynjaxError
from ..runtime.checks import check_error
from .function import StoredFunction
from .schema import Held, Leaf, filled

_ROWS = "#rows"  # the dim that all arguments begin with; none of a user's is called so


class MappedFunction(StoredFunction):
    """A function whose arguments and results have one axis more, the first: that of rows. All have the same weights.

    A call raises RowsFailed where checks refuse rows.
    """

    def __init__(self, of: StoredFunction):
        super().__init__(of.schema, of._program, of._ops, of._limits, of._held, of._dtypes)
        self.schema = dataclasses.replace(of.schema, inputs=tuple(map(_with_rows, of.schema.inputs)))
        self._axes = tuple(None if isinstance(each, Held) else 0 for each in of.schema.inputs)

    def _traced(self, *args: Any, **options: Any) -> Callable[..., Any]:
        return jax.vmap(super()._traced(*args, **options), in_axes=self._axes)

    def _check(self, executable: Any, values: list[Any], status: Any) -> None:
        """Raises RowsFailed, or Refused where the fast computation does not serve a row."""
        if status is None:
            return
        sites, codes = executable.interpretation.sites, np.asarray(status)
        failed: dict[int, SynjaxError] = {}
        for row in np.flatnonzero(codes[:, :, 0].any(axis=1)):
            errors = (check_error(sites, code) for code in codes[row])
            failed[int(row)] = next(error for error in errors if error is not None)
        if failed:
            raise RowsFailed(failed, filled(self.schema.results, values.__getitem__))


def _with_rows(of: Leaf | Held) -> Leaf | Held:
    return of if isinstance(of, Held) else Leaf(of.dtype, (_ROWS, *of.shape))
