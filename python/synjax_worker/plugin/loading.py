"""Importing the packages that a process is told to have as plugins."""

from __future__ import annotations

import importlib
import importlib.util
import re
import sys
import traceback
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

from ..errors import InvalidArgument, SynjaxError, unexpected
from ..protocol import NESTED_OPS, STRUCTURAL_OPS
from ..registry import Op, signature
from ..registry.signatures import plugin_hash
from .checked import checked
from .declared import DECLARED
from .stablehlo import declare_exported

_MODULE = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*", re.ASCII)
_LAST_LINES = 6  # of a traceback
# What the one operation of a file of jax.export is called.
EXPORTED = "call"


class Plugin(NamedTuple):
    """A package and the operations that it declares, by their names in it."""

    name: str
    ops: Mapping[str, Op]

    @property
    def hashes(self) -> dict[str, str]:
        """The hashes of the signatures of its operations."""
        return {name: op.hash for name, op in self.ops.items()}


def load_plugins(
    wanted: Sequence[str], core: Mapping[str, Op], argument: str = "plugins"
) -> dict[str, Plugin]:
    """Imports plugins: modules by their names, or files and folders by their paths; or files of `jax.export`.

    Args:
      wanted: `my_pkg`, `./my_pkg`, `./my_pkg.py`, `./tagger.stablehlo`.
      core: the operations of this package, whose namespaces nobody else may have.
      argument: what the user calls it.

    Raises:
      InvalidArgument: one cannot be imported, declares nothing, has a signature that is wrong, or a name that is taken.
      SynjaxError: SETUP_REQUIRED, of a file of jax.export.
    """
    taken = {name.partition(".")[0] for name in (*core, *STRUCTURAL_OPS, *NESTED_OPS)}
    found: dict[str, Plugin] = {}
    for text in dict.fromkeys(wanted):
        path = Path(text) if _is_path(text) else None
        name = text if path is None else path.stem
        if not _MODULE.fullmatch(name):
            raise _wrong(argument, "names of packages, or paths of them", repr(text)[:100])
        if name.partition(".")[0] in taken or name in found:
            raise _wrong(argument, "a name that nobody else has", f"`{name}`")
        found[name] = _plugin(text, name, path, argument)
    return found


def ops_of(plugins: Mapping[str, Plugin]) -> dict[str, Op]:
    """Their operations, by the names that programs have for them."""
    return {op.name: op for plugin in plugins.values() for op in plugin.ops.values()}


def _is_path(text: str) -> bool:
    return "/" in text or "\\" in text or text.endswith((".py", ".stablehlo"))


def _plugin(text: str, name: str, path: Path | None, argument: str) -> Plugin:
    try:
        if path is None:
            importlib.import_module(name)
        elif path.is_dir() or path.suffix == ".py":
            _import_path(name, path)
        elif not any(each.module == name for each in DECLARED):
            declare_exported(name, EXPORTED, path)
    except SynjaxError as error:
        if error.argument == "plugins":
            error.argument = argument
        raise
    except (Exception, SystemExit) as error:  # it runs what it likes
        DECLARED[:] = [each for each in DECLARED if not _is_of(name, each.module)]
        lines = "".join(traceback.format_exception(error)).strip().splitlines()[-_LAST_LINES:]
        if isinstance(error, ModuleNotFoundError) and error.name == name:
            lines = []  # they would be importlib's
        received = f"`{text}`, which raises {type(error).__name__}: {error}"
        raise _wrong(argument, "a plugin that can be imported", received[:500], lines) from error
    declared = [each for each in DECLARED if _is_of(name, each.module)]
    if not declared:
        raise _wrong(
            argument, "a plugin that declares an operation, by `synjax_worker.plugin.op`", f"`{text}`"
        )
    ops: dict[str, Op] = {}
    for each in declared:
        if each.name in ops:
            raise _wrong(argument, "names that are declared once", f"two of `{name}.{each.name}`")
        full = f"{name}.{each.name}"
        ops[each.name] = Op(
            full,
            checked(full, each.fn, signature.parse(each.signature)),
            each.signature,
            each.doc,
            plugin=name,
            hash=plugin_hash(full, each.version, each.signature),
            **each.options,
        )
    return Plugin(name, ops)


def _is_of(plugin: str, module: str) -> bool:
    return f"{module}.".startswith(f"{plugin}.")


def _import_path(name: str, path: Path) -> ModuleType:
    """The module of a file, or the package of a folder, under its own name. Its folder is not searched for others."""
    file = (path / "__init__.py" if path.is_dir() else path).absolute()
    known = sys.modules.get(name)
    if known is not None:
        if getattr(known, "__file__", None) == str(file):
            return known
        raise ImportError(f"another module is called {name}")
    other = importlib.util.find_spec(name)
    if other is not None and other.origin != str(file):
        raise ImportError(f"another module is called {name}: {other.origin}")
    folders = [str(file.parent)] if path.is_dir() else None
    spec = importlib.util.spec_from_file_location(name, file, submodule_search_locations=folders)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def _wrong(argument: str, expected: str, received: str, lines: Sequence[str] = ()) -> InvalidArgument:
    more = "".join(f"\n  {line}" for line in lines)
    return unexpected(argument, expected, received, more=more)
