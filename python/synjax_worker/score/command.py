"""`python -m synjax_worker score MODEL IN OUT`: the rows of a file through a saved function.

Exit status: 0 when OUT is whole, whether or not rows were set aside; 1 when more rows failed than `--max-errors`
allows; 2 for what cannot be meant; 75 when the disk, the input or the machines of a cluster gave out. After 1, 75 and a
kill the same command goes on.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from ..errors import InvalidArgument, SynjaxError, unexpected
from ..protocol import DEVICES

_LOCAL = "local"  # as Ray calls a cluster on this machine
_RAY_WAIT = 120.0

_DESCRIPTION = """Scores the rows of a file (.parquet, .arrow, .jsonl) with a saved function into another file.
Columns are taken by the names of arguments, whose first axis is that of the rows; lists of different lengths are
padded, and an argument `lengths` that no column is named for is how long they were. Rows that fail are set aside in
OUT.errors.parquet. Killed and started again, it goes on."""

# Modules that only some environments have, and the flag of `synjax setup` for each
_NEEDS = {"pyarrow": ("tables need pyarrow", "--batch"), "ray": ("many machines need Ray", "--ray")}

TOO_MANY_ERRORS, USAGE_ERROR, TEMPORARY = 1, 2, 75


def main(arguments: list[str]) -> int:
    """Runs it. Its exit status."""
    given = _parser().parse_args(arguments)
    try:
        return _score(given)
    except SynjaxError as error:
        print(f"synjax: [{error.code}] {error}", file=sys.stderr)
        return TEMPORARY if error.code == "WORKER_LOST" else USAGE_ERROR
    except OSError as error:
        print(f"synjax: {error}; the same command goes on where this run ended", file=sys.stderr)
        return TEMPORARY
    except ModuleNotFoundError as error:
        if error.name not in _NEEDS:
            raise
        what, flag = _NEEDS[error.name]
        print(
            f"synjax: [SETUP_REQUIRED] {what}: `npx synjax setup {flag}`, or "
            f"`{sys.executable} -m pip install 'synjax-worker[{flag[2:]}]'`",
            file=sys.stderr,
        )
        return USAGE_ERROR


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="synjax", allow_abbrev=False)
    commands = parser.add_subparsers(dest="command", required=True)
    score = commands.add_parser(
        "score", allow_abbrev=False, help="score the rows of a file", description=_DESCRIPTION
    )
    score.add_argument("model", type=Path, metavar="MODEL", help="a .synjax file")
    score.add_argument("source", type=Path, metavar="IN")
    score.add_argument("target", type=Path, metavar="OUT")
    score.add_argument("--function", help="which of the functions; not needed where there is one")
    score.add_argument(
        "--map", nargs="+", default=[], metavar="ARGUMENT=COLUMN", help="columns of other names"
    )
    score.add_argument(
        "--vmap", action="store_true", help="the function is of one row: its arguments have no axis of rows"
    )
    score.add_argument("--weights", type=Path, help="another file's weights (.safetensors)")
    score.add_argument(
        "--plugin",
        action="append",
        default=[],
        metavar="NAME",
        help="a package that it uses; may be repeated",
    )
    score.add_argument(
        "--batch-rows",
        type=int,
        default=1024,
        help="rows that run together at most; of lists longer than 64 as many fewer",
    )
    score.add_argument(
        "--longest", type=int, default=1024, help="the longest list that is taken, a power of two"
    )
    score.add_argument("--max-errors", type=int, help="how many rows may fail; by default all")
    score.add_argument(
        "--shard", default="0/1", metavar="I/N", help="every N-th part of IN, into OUT of its own"
    )
    many = score.add_argument_group("many machines")
    many.add_argument(
        "--ray",
        nargs="?",
        const=_LOCAL,
        metavar="ADDRESS",
        help="score with actors of Ray: of the cluster at ADDRESS (auto, HOST:PORT), else of one on this machine",
    )
    many.add_argument(
        "--ray-workers", type=int, metavar="N", help="how many actors; as many as there are CPUs by default"
    )
    many.add_argument(
        "--ray-wait",
        type=float,
        metavar="SECONDS",
        help="how long the cluster may have no actor; 120 by default",
    )
    score.add_argument("--device", default="cpu", help="cpu, cuda or tpu")
    return parser


def _score(given: argparse.Namespace) -> int:
    for name in ("batch_rows", "longest"):
        _check(f"--{name.replace('_', '-')}", getattr(given, name), 1)
    if given.max_errors is not None:
        _check("--max-errors", given.max_errors, 0)
    if given.device not in DEVICES:
        raise _wrong("--device", f"one of {', '.join(DEVICES)}", given.device)
    _check_ray(given)
    shard = _shard(given.shard)
    columns = _columns(given.map)
    with _cluster(given) as pool:
        return _run(given, shard, columns, pool)


def _run(
    given: argparse.Namespace,
    shard: tuple[int, int],
    columns: dict[str, str],
    pool: Callable[[Any], Any] | None,
) -> int:
    from ..batch.reader import count_rows
    from ..batch.run import score_file
    from ..batch.scorer import USUAL_WIDTH, Scorer
    from ..files import MappedFunction, load
    from ..worker.devices import find_devices
    from .actor import Recipe, version_here
    from .function import chosen, flat, identity_of, sized, threads_of
    from .progress import Progress

    gc.enable()  # which a worker does when it has started
    find_devices(given.device if pool is None else "cpu")
    stored = chosen(load(given.model, given.weights, given.plugin), given.function)
    function, arguments = flat(MappedFunction(stored) if given.vmap else stored)
    arguments = sized(arguments, given.source, columns)
    scorer = Scorer(
        function,
        arguments,
        columns,
        rows=given.batch_rows,
        largest=given.longest,
        threads=threads_of(given.plugin),
    )
    target = _target(given.target, *shard)
    recipe = Recipe(
        version_here(),
        given.model.resolve(),
        identity_of(given.model),
        None if given.weights is None else given.weights.resolve(),
        stored.schema.name,
        arguments,
        columns,
        given.batch_rows,
        given.longest,
        given.vmap,
        given.plugin,
        given.device,
    )
    run = {
        "model": recipe.identity,
        "function": recipe.function,
        # The last bits of a result may depend on how many rows run together
        "batchRows": given.batch_rows,
        "usualWidth": USUAL_WIDTH,
        "device": given.device,
        "columns": columns,
        "longest": given.longest,
        "vmap": given.vmap,
        "weights": None if given.weights is None else _stamp(given.weights),
        "plugins": given.plugin,
    }
    progress = Progress(count_rows(given.source))
    done = score_file(
        scorer,
        given.source,
        target,
        run=run,
        max_errors=given.max_errors,
        shard=shard,
        scoring=pool and pool(recipe),
        progress=lambda done: progress.tell(done.rows, done.failed),
    )
    progress.end(done.rows, done.failed, output=str(target), whole=done.published)
    if not done.published:
        print(
            f"synjax: {done.failed} rows failed, more than --max-errors {given.max_errors}", file=sys.stderr
        )
        return TOO_MANY_ERRORS
    return 0


@contextlib.contextmanager
def _cluster(given: argparse.Namespace) -> Iterator[Callable[[Any], Any] | None]:
    """What makes a pool by a recipe; None where batches are scored here."""
    if given.ray is None:
        yield None
        return
    from .cluster import joined, pool_of

    wait = _RAY_WAIT if given.ray_wait is None else given.ray_wait
    with joined(given.ray) as ray:
        yield lambda recipe: pool_of(ray, given.ray_workers, wait, recipe)


def _check_ray(given: argparse.Namespace) -> None:
    for name in ("ray_workers", "ray_wait"):
        value, flag = getattr(given, name), f"--{name.replace('_', '-')}"
        if value is None:
            continue
        if given.ray is None:
            raise _wrong(flag, "--ray beside it", value)
        _check(flag, value, 1)


def _wrong(argument: str, expected: str, received: Any) -> InvalidArgument:
    return unexpected(argument, expected, received, more=".")


def _check(argument: str, value: float, least: int) -> None:
    if value < least:
        raise _wrong(argument, f"a number from {least} on", value)


def _shard(text: str) -> tuple[int, int]:
    place, slash, count = text.partition("/")
    if not slash or not place.isdecimal() or not count.isdecimal() or int(place) >= int(count):
        raise _wrong("--shard", "I/N with I from 0 to N - 1", text)
    return int(place), int(count)


def _columns(pairs: list[str]) -> dict[str, str]:
    named = {}
    for pair in pairs:
        argument, equals, column = pair.partition("=")
        if not equals or not argument or not column or argument in named:
            raise _wrong("--map", "ARGUMENT=COLUMN, each argument once", pair)
        named[argument] = column
    return named


def _target(path: Path, place: int, count: int) -> Path:
    """Each shard writes a file of its own."""
    return path if count == 1 else path.with_name(f"{path.stem}-{place:05d}-of-{count:05d}{path.suffix}")


def _stamp(path: Path) -> list[Any]:
    found = path.stat()
    return [path.name, found.st_size, found.st_mtime_ns]
