"""`python -m synjax_worker plugins NAME...`: what plugins declare, as JSON, from which TypeScript is made."""

from __future__ import annotations

import argparse
import json
import os
import sys
from typing import Any

from ..errors import SynjaxError
from .loading import Plugin, load_plugins

_USAGE_ERROR = 2


def main(arguments: list[str]) -> int:
    """Runs it. Its exit status. What plugins print goes to stderr; what is wrong is a line of JSON too."""
    parser = argparse.ArgumentParser(prog="synjax", allow_abbrev=False)
    commands = parser.add_subparsers(dest="command", required=True)
    plugins = commands.add_parser("plugins", allow_abbrev=False, help="print as JSON what plugins declare")
    plugins.add_argument("plugins", nargs="+", metavar="NAME", help="a package, or a path of one")
    given = parser.parse_args(arguments)
    stdout, sys.stdout = sys.stdout, sys.stderr
    os.environ.setdefault("JAX_PLATFORMS", "cpu")
    from ..registry import load

    try:
        found = load_plugins(given.plugins, load().ops, "--plugin")
    except SynjaxError as error:
        print(json.dumps({"error": error.to_wire()}), file=stdout)
        return _USAGE_ERROR
    print(json.dumps({"plugins": [described(each) for each in found.values()]}), file=stdout)
    return 0


def described(plugin: Plugin) -> dict[str, Any]:
    """A plugin as JSON: its operations as the registry shows them, with their hashes."""
    ops = [{**op.to_json(), "name": name, "hash": op.hash} for name, op in plugin.ops.items()]
    return {"name": plugin.name, "ops": ops}
