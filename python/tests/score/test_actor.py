"""What stands in an actor of Ray, called as Ray would call it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from synjax_worker.batch.scorer import Argument
from synjax_worker.files import load
from synjax_worker.score.actor import Recipe, ScoringActor, Task, from_buffer, to_buffer, version_here
from synjax_worker.score.function import identity_of

MODEL = Path(__file__).parents[3] / "tests/golden/files/tagger-1.synjax"
EMISSION = Argument("emission", np.dtype(np.float32), (None, None, 2))
LENGTHS = Argument("lengths", np.dtype(np.int32), (None,))
ROWS = [[[2.0, 0.0], [0.0, 3.0]], None, [[0.0, 1.0]]]


def actor(**more: Any) -> ScoringActor:
    recipe = Recipe(
        version_here(),
        MODEL,
        identity_of(MODEL),
        None,
        "tag",
        [EMISSION, LENGTHS],
        {},
        64,
        64,
        False,
        [],
        "cpu",
    )
    return ScoringActor(recipe._replace(**more))


def task(rows: Any, kind: pa.DataType | None = None) -> Task:
    data = pa.record_batch({"emission": pa.array(rows, kind or pa.list_(pa.list_(pa.float32())))})
    return Task(40, to_buffer(data), {})


def test_it_scores_as_the_function_does_and_tells_which_rows_failed() -> None:
    scoring = actor()
    assert scoring.start().error is None
    answer = scoring.score(task(ROWS))
    found = from_buffer(answer.data).to_pydict()
    assert found["row"] == [40, 42]
    tag = load(MODEL).functions["tag"]
    assert found["result"] == [
        np.asarray(tag(np.float32([ROWS[i]]), [len(ROWS[i])]))[0].tolist() for i in (0, 2)
    ]
    assert answer.failed == {41: "emission: expected a value, got null"}


def test_mistakes_are_answers() -> None:
    scoring = actor()
    scoring.start()
    wrong = scoring.score(task(["a"], pa.string())).error
    assert (wrong["code"], wrong["argument"]) == ("INVALID_ARGUMENT", "emission")
    broken = scoring.score(Task(0, pa.py_buffer(b"nothing"), {})).error
    assert broken["code"] == "RUN_FAILED"
    assert "ArrowInvalid" in broken["message"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            {"version": "synjax_worker of yesterday"},
            "expected synjax_worker of yesterday on each machine, got",
        ),
        ({"identity": "0"}, "expected the same .* on each machine, got another file on"),
        ({"model": Path("/none.synjax")}, "expected the same /none.synjax on each machine, got none on"),
    ],
)
def test_a_machine_that_is_another_says_what_differs(change: dict[str, Any], words: str) -> None:
    error = actor(**change).start().error
    assert error["code"] == "INVALID_ARGUMENT"
    assert re.search(words, error["message"])
