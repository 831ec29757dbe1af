"""Operations of plugins, as programs name them."""

from __future__ import annotations

import traceback
from collections.abc import Mapping
from typing import Any

from ..errors import SynjaxError

_LONGEST = 100  # characters of a name in a message
_TRACE_LENGTH = 4_000  # characters of a traceback in an error


def plugin_trace(error: Exception) -> str:
    """Where in a plugin an error was raised: its authors want to know, and those of our own operations do not."""
    return "".join(traceback.format_exception(error))[-_TRACE_LENGTH:]


def op_of_plugin(named: str, ops: Mapping[str, Any], **where: int) -> str:
    """The name of an operation that a program names together with the hash of its signature.

    Raises SynjaxError (UNKNOWN_OP): it is of no plugin that is here, or has another signature.
    """
    name, at, digest = named.partition("@")
    found = ops.get(name)
    if at and found is not None and found.plugin is not None and found.hash == digest:
        return name
    plugin, name = name.rpartition(".")[0][:_LONGEST], name[:_LONGEST]
    if not at:
        why = f"op {name!r} is not in this worker's registry"
    elif found is not None and found.plugin is not None:
        why = (
            f"{name} has another signature or version here ({found.hash}, not {digest[:_LONGEST]}): make its types "
            f"anew, by `synjax types --plugin {plugin}`, or have the version of {plugin} that they were made from"
        )
    elif any(op.plugin == plugin for op in ops.values()):
        why = f"{name} is not in the plugin {plugin} as it is here"
    else:
        why = f"{name} is of the plugin {plugin}, which is not here: name it among `plugins`, or by `--plugin {plugin}`"
    raise SynjaxError("UNKNOWN_OP", why, op=name, **where)
