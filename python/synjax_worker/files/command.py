"""`python -m synjax_worker inspect FILE`: what a file of programs holds."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from ..errors import SynjaxError
from . import stored as stored_file
from .container import Container

_USAGE_ERROR = 2


def main(arguments: list[str]) -> int:
    """Runs a command. Its exit status."""
    parser = argparse.ArgumentParser(prog="synjax", allow_abbrev=False)
    commands = parser.add_subparsers(dest="command", required=True)
    inspect = commands.add_parser(
        "inspect",
        allow_abbrev=False,
        help="print what a file of programs holds",
        description="Prints functions, sizes, operations and hashes. Every hash is checked on the way.",
    )
    inspect.add_argument("file")
    given = parser.parse_args(arguments)
    try:
        stored = stored_file.read(Container(Path(given.file), "FILE"))
        stored_file.check_tensors(stored, stored.tensors)
    except SynjaxError as error:
        print(f"synjax: [{error.code}] {error}", file=sys.stderr)
        return _USAGE_ERROR
    from ..registry import load
    from .report import describe

    print(describe(stored, load().ops))
    return 0
