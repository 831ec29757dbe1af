"""Models of NumPyro's as the nested programs that the ops of `inference` take."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


class AsProgram:
    """A Python function as a nested program."""

    def __init__(self, function: Callable[..., Any]):
        self.function = function

    def quiet(self) -> AsProgram:
        return self

    def __call__(self, *leaves: Any) -> tuple[list[Any], None]:
        result = self.function(*leaves)
        return [] if result is None else [result], None
