"""Functions of files: what they compute, and what they may be called with."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from synjax_worker import files
from synjax_worker.distributions import LinearChainCRF
from synjax_worker.errors import InvalidArgument, RowsFailed, SynjaxError
from tests import compiling
from tests.files.writing import leaf, metadata_of, packed, program, tagger, tagger_of_one, written
from tests.runtime.test_optimistic import EASY, HARD, log_partition

EMISSION = np.array([[[2, 0], [0, 3], [1, 1.5]], [[0, 1], [0, 0], [0, 0]]], np.float32)
LENGTHS = np.array([3, 1], np.int32)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> files.Model:
    programs, functions, weights = tagger()
    data = packed(weights, metadata_of(programs, functions, weights) | {"note": "mine"})
    return files.load(written(tmp_path_factory.mktemp("files"), data))


def test_results_are_those_of_the_distribution(model: files.Model) -> None:
    crf = LinearChainCRF(
        initial=model.weights["params.initial"],
        transition=model.weights["params.transition"],
        emission=EMISSION,
        lengths=LENGTHS,
    )
    score = model.functions["score"](EMISSION, lengths=LENGTHS)
    expected = compiling.program(lambda of: (of.log_partition(), of.marginals()))(crf)
    assert set(score) == {"logZ", "parts"} and score["parts"][1] is None
    np.testing.assert_array_equal(score["logZ"], expected[0])
    np.testing.assert_array_equal(score["parts"][0], expected[1])
    tags = model.functions["tag"](EMISSION.tolist(), LENGTHS.tolist())
    np.testing.assert_array_equal(tags, crf.decode(crf.argmax()))
    assert tags.dtype == jnp.int32
    assert model.metadata == {"note": "mine"}


def test_a_function_is_part_of_what_is_traced(model: files.Model) -> None:
    gradient = jax.jit(jax.grad(lambda e: model.functions["score"](e, LENGTHS)["logZ"].sum()))(EMISSION)
    marginals = model.functions["score"](EMISSION, LENGTHS)["parts"][0].sum(-2)
    np.testing.assert_allclose(gradient, marginals, atol=1e-6)


@pytest.mark.parametrize(
    ("args", "named", "argument"),
    [
        ((EMISSION.astype(np.float64), LENGTHS), {}, "emission"),
        ((EMISSION[0], LENGTHS), {}, "emission"),
        ((EMISSION[..., :1], LENGTHS), {}, "emission"),
        ((EMISSION, LENGTHS[:1]), {}, "lengths"),
        ((EMISSION, [3.5, 1]), {}, "lengths"),
        ((EMISSION, [2**40, 1]), {}, "lengths"),
        ((EMISSION, [True, False]), {}, "lengths"),
        (([[[1, 2], [3]]], [1]), {}, "emission"),
        (([[["a", "b"]]], [1]), {}, "emission"),
        ((EMISSION, {"a": 1}), {}, "lengths"),
        ((EMISSION,), {}, "lengths"),
        ((EMISSION, LENGTHS, 1), {}, "arguments"),
        ((EMISSION, LENGTHS), {"lengths": LENGTHS}, "lengths"),
        ((EMISSION,), {"length": LENGTHS}, "length"),
    ],
)
def test_an_argument_that_is_not_what_the_schema_says_is_named(
    model: files.Model, args: tuple, named: dict, argument: str
) -> None:
    with pytest.raises(InvalidArgument) as caught:
        model.functions["tag"](*args, **named)
    assert caught.value.argument == argument
    assert caught.value.expected and caught.value.received


def test_checks_of_values_are_those_of_a_worker(model: files.Model) -> None:
    with pytest.raises(SynjaxError, match=r"item 0 is 4") as caught:
        model.functions["tag"](EMISSION, [4, 1])
    assert (caught.value.code, caught.value.argument) == ("CHECK_FAILED", "lengths")


def test_where_the_fast_passes_lose_something_the_exact_ones_answer(model: files.Model) -> None:
    far = EMISSION * np.float32(1e4)
    logZ = model.functions["score"](far, LENGTHS)["logZ"]
    np.testing.assert_allclose(logZ[0], 65_000, rtol=1e-4)


def test_trees_dtypes_keys_and_what_a_function_was_closed_over(tmp_path: Path) -> None:
    body = program(
        4,
        1,
        [
            ["np.add", [-1, -5]],
            ["np.logical_not", [-2]],
            ["random.normal", [-3, [2, [[0, 2]]]]],
            ["np.multiply", [-4, -4]],
        ],
        [0, 1, 2, 3],
    )
    inputs = [
        leaf("int32", None),
        leaf("bool", None),
        leaf("key"),
        leaf("int64", None),
        {"constant": "constant.0"},
    ]
    trees = {"dict": {"counts": 0, "flags": {"list": [1, None]}, "key": 2, "wide": 3}}
    functions = {
        "f": {
            "program": 0,
            "arguments": [{"name": "x", "tree": trees}],
            "inputs": inputs,
            "results": {"list": [0, 1, 2, 3]},
            "outputs": [{}, {}, {}, {}],
            "flags": {},
        }
    }
    tensors = {"constant.0": np.array([10, 20], np.int32)}
    path = written(tmp_path, packed(tensors, metadata_of([body], functions, tensors)))
    f = files.load(path).functions["f"]
    x = {"counts": [1, 2], "flags": [[True, False], None], "key": jax.random.key(3), "wide": [2**40]}
    added, negated, normal, wide = f(x)
    assert added.tolist() == [11, 22]
    assert negated.tolist() == [False, True]
    np.testing.assert_array_equal(normal, jax.random.normal(jax.random.key(3), (2,)))
    assert (wide.tolist(), wide.dtype) == ([0], jnp.int64)
    words = f(x | {"key": np.array([0, 3], np.uint32)})[2]
    np.testing.assert_array_equal(words, normal)
    for changed, argument in (
        ({"counts": [1, 2], "flags": None}, "x"),
        (x | {"flags": [[True]]}, "x.flags"),
        (x | {"flags": [[True], 1]}, "x.flags[1]"),
        (x | {"key": 3}, "x.key"),
        (x | {"counts": np.array([1, 2])}, "x.counts"),
    ):
        with pytest.raises(InvalidArgument) as caught:
            f(changed)
        assert caught.value.argument == argument


@pytest.fixture(scope="module")
def of_one(tmp_path_factory: pytest.TempPathFactory) -> files.Model:
    programs, functions, weights = tagger_of_one()
    data = packed(weights, metadata_of(programs, functions, weights))
    return files.load(written(tmp_path_factory.mktemp("one"), data))


@pytest.mark.parametrize("name", ["tag", "score"])
def test_a_function_of_one_row_is_mapped_over_many(
    model: files.Model, of_one: files.Model, name: str
) -> None:
    mapped = files.MappedFunction(of_one.functions[name])
    found, expected = mapped(EMISSION, LENGTHS), model.functions[name](EMISSION, LENGTHS)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-6), found, expected)
    traced = jax.jit(lambda e: mapped(e, LENGTHS))(EMISSION)
    jax.tree.map(np.testing.assert_array_equal, traced, found)


def test_a_row_that_a_check_refuses_fails_alone(of_one: files.Model) -> None:
    score = of_one.functions["score"]
    lengths = np.int32([3, 4])
    with pytest.raises(RowsFailed) as caught:
        files.MappedFunction(score)(EMISSION, lengths)
    assert list(caught.value.failed) == [1]
    with pytest.raises(SynjaxError) as alone:
        score(EMISSION[1], lengths[1])
    assert caught.value.failed[1].to_wire() == alone.value.to_wire()
    expected = score(EMISSION[0], lengths[0])
    found = jax.tree.map(lambda leaf: leaf[0], caught.value.results)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-6), found, expected)


def chain(tmp_path: Path, *rows: None) -> files.StoredFunction:
    """The log-partition of a chain's potentials, or of many chains'."""
    made = ["LinearChainCRF", [], ["log_potentials", -1]]
    body = program(1, 0, [made, ["LinearChainCRF.log_partition", [0]]], [1])
    argument = {"name": "potentials", "tree": 0}
    of = {"program": 0, "arguments": [argument], "inputs": [leaf("float32", *rows, "n", 2, 2)], "flags": {}}
    functions = {"score": of | {"results": 0, "outputs": [{}]}}
    return files.load(written(tmp_path, packed({}, metadata_of([body], functions, {})))).functions["score"]


def test_what_the_fast_passes_refuse_is_computed_exactly(tmp_path: Path) -> None:
    score = chain(tmp_path, None)
    np.testing.assert_array_equal(score(EASY), log_partition(EASY))
    assert score.refused == 0
    for times in (1, 1):  # then it is careful
        np.testing.assert_allclose(score(HARD), log_partition(HARD), rtol=1e-6)
        assert score.refused == times


def test_so_are_rows(tmp_path: Path) -> None:
    mapped = files.MappedFunction(chain(tmp_path))
    np.testing.assert_allclose(mapped(HARD), log_partition(HARD), rtol=1e-6)
    assert mapped.refused == 1


def test_rows_are_one_axis_more_of_every_argument(of_one: files.Model) -> None:
    with pytest.raises(InvalidArgument, match="emission"):
        files.MappedFunction(of_one.functions["tag"])(EMISSION[0], LENGTHS)
    with pytest.raises(InvalidArgument, match="lengths"):
        files.MappedFunction(of_one.functions["tag"])(EMISSION, LENGTHS[:1])


def test_threads_that_call_at_once_compile_each_shape_once(
    model: files.Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    tag = model.functions["tag"]
    given = [np.ones((5, 3 + i % 3, 2), np.float32) for i in range(12)]
    compiled: list[int] = []

    def counted(inputs: list, optimistic: bool, own=tag._compiled) -> object:
        compiled.append(inputs[2].shape[1])
        return own(inputs, optimistic)

    monkeypatch.setattr(tag, "_compiled", counted)
    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(lambda each: tag(each, [each.shape[1]] * 5), given))
    assert [each.shape for each in found] == [(5, 3 + i % 3) for i in range(12)]
    assert sorted(compiled) == [3, 4, 5]

    def failing(*_: object) -> None:
        raise SynjaxError("OP_FAILED", "not this time")

    monkeypatch.setattr(tag, "_compiled", failing)
    other = np.ones((1, 7, 2), np.float32)
    with pytest.raises(SynjaxError, match="not this time"):
        tag(other, [7])
    monkeypatch.setattr(tag, "_compiled", counted)
    assert tag(other, [7]).shape == (1, 7)  # what has failed is tried again


def test_who_needs_the_exact_passes_waits_for_no_lock(
    model: files.Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    tag = model.functions["tag"]
    begun, go = threading.Event(), threading.Event()

    def failing(*_: object) -> None:
        begun.set()
        assert go.wait(10)
        raise SynjaxError("OP_FAILED", "not this time")

    monkeypatch.setattr(tag, "_compiled", failing)
    with ThreadPoolExecutor(2) as threads:
        both = [threads.submit(tag._executable, ("other",), [], careful=False)]
        assert begun.wait(10)
        both.append(threads.submit(tag._executable, ("other",), [], careful=True))
        time.sleep(0.1)
        go.set()
        assert [each.exception(10).code for each in both] == ["OP_FAILED"] * 2
