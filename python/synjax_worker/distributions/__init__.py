"""Distributions over structures, one class per file. Each class's docstring says what it models and what it costs."""

import importlib
import pkgutil

from ..registry import is_registered
from .distribution import Distribution, Draws, TopK

__all__ = ["Distribution", "Draws", "TopK"]

# A class joins by its file alone: what is marked `@distribution` in a module of this folder is a name of it.
for _found in pkgutil.iter_modules(__path__):
    _module = importlib.import_module(f"{__name__}.{_found.name}")
    for _name, _value in vars(_module).items():
        if is_registered(_value) and _value.__module__ == _module.__name__:
            globals()[_name] = _value
            __all__ += [_name]
