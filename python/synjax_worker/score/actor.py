"""The scorer as it stands in an actor of Ray: made once, of a file of programs that its machine has."""

from __future__ import annotations

import hashlib
import platform
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa

from ..batch.reader import RowBatch
from ..errors import InvalidArgument, SynjaxError


class Recipe(NamedTuple):
    """What a scorer is made of, wherever it is made."""

    version: str  # of this package and of JAX: `version_here`
    model: Path
    identity: str  # of the model's file
    weights: Path | None
    function: str | None
    arguments: Sequence[Any]  # with the sizes that the rows say
    columns: dict[str, str]
    batch_rows: int
    longest: int
    vmap: bool  # the function is of one row
    plugins: Sequence[str]  # modules, which each machine has
    device: str


class Task(NamedTuple):
    """A batch on its way to an actor."""

    first: int
    data: pa.Buffer  # one record batch as an Arrow stream
    failed: dict[int, str]


class Answer(NamedTuple):
    """What came of it: rows and what is wrong with others, or why the whole cannot be scored."""

    data: pa.Buffer | None = None  # the table as an Arrow stream
    failed: dict[int, str] | None = None
    error: dict[str, Any] | None = None  # as `SynjaxError.to_wire` has it


class ScoringActor:
    """Scores batches, each by itself. Mistakes are answers: an exception of Ray is of the process or the machine."""

    def __init__(self, recipe: Recipe) -> None:
        self._recipe = recipe
        self._scorer: Any = None

    def start(self) -> Answer:
        """Loads the function. Raises nothing."""
        try:
            self._scorer = make_scorer(self._recipe)
        except SynjaxError as error:
            return Answer(error=error.to_wire())
        except (
            Exception
        ) as error:  # of JAX, of a disk: told in words, since its class may be unknown to the driver
            return Answer(error=_unknown(error))
        return Answer()

    def score(self, task: Task) -> Answer:
        """Scores a batch. Raises nothing."""
        try:
            data, failed = self._scorer(RowBatch(task.first, from_buffer(task.data), task.failed))
            return Answer(to_buffer(data), failed)
        except SynjaxError as error:
            return Answer(error=error.to_wire())
        except Exception as error:
            return Answer(error=_unknown(error))


def version_here() -> str:
    """What tells this package and its JAX from others: the last bits of a result may depend on either."""
    from importlib.metadata import version

    digest = hashlib.sha256()
    package = Path(__file__).parents[1]
    for path in sorted(package.rglob("*.py")):
        digest.update(path.relative_to(package).as_posix().encode() + b"\0" + path.read_bytes())
    return f"synjax_worker {digest.hexdigest()[:12]} with JAX {version('jax')}"


def make_scorer(recipe: Recipe) -> Any:
    """The scorer of a recipe.

    Raises:
      InvalidArgument: where the machine has not the device, the same package, or the same file of programs.
    """
    from ..batch.scorer import Scorer
    from ..files import MappedFunction, load
    from ..worker.devices import find_devices
    from .function import chosen, flat, identity_of, threads_of

    here = platform.node()
    if version_here() != recipe.version:
        raise InvalidArgument(
            f"`--ray`: expected {recipe.version} on each machine, got {version_here()} on {here}.",
            argument="--ray",
            expected=recipe.version,
            received=version_here(),
        )
    find_devices(recipe.device)
    if not recipe.model.exists() or identity_of(recipe.model) != recipe.identity:
        received = "another file" if recipe.model.exists() else "none"
        raise InvalidArgument(
            f"`model`: expected the same {recipe.model} on each machine, got {received} on {here}.",
            argument="model",
            expected="the same file on each machine",
            received=f"{received} on {here}",
        )
    stored = chosen(load(recipe.model, recipe.weights, recipe.plugins), recipe.function)
    function, _ = flat(MappedFunction(stored) if recipe.vmap else stored)
    return Scorer(
        function,
        recipe.arguments,
        recipe.columns,
        rows=recipe.batch_rows,
        largest=recipe.longest,
        threads=threads_of(recipe.plugins),
    )


def to_buffer(data: pa.RecordBatch | pa.Table) -> pa.Buffer:
    """As an Arrow stream, which Ray carries without a copy."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, data.schema) as stream:
        stream.write(data)
    return sink.getvalue()


def from_buffer(data: pa.Buffer) -> pa.RecordBatch:
    """The one batch of an Arrow stream."""
    return pa.ipc.open_stream(data).read_next_batch()


def _unknown(error: Exception) -> dict[str, Any]:
    words = "".join(traceback.format_exception(error, limit=-3)).strip()
    return {"code": "RUN_FAILED", "message": f"An actor of Ray failed:\n{words}"}
