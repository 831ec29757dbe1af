"""Operations of a plugin in programs, in a worker."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from synjax_worker.plugin.loading import load_plugins
from synjax_worker.registry import load
from tests.runtime.client import Body, Client, RemoteError, Worker, encode, nested, tuple_of

FILTERS = str(Path(__file__).with_name("filters.py"))


@pytest.fixture(scope="module")
def worker() -> Iterator[Worker]:
    worker = Worker(real=True, plugins=[FILTERS])
    yield worker
    worker.close()


@pytest.fixture
def client(worker: Worker) -> Iterator[Client]:
    client = Client(worker)
    yield client
    client.goodbye(drain=False)
    client.close()


@pytest.fixture(scope="module")
def named() -> dict[str, str]:
    """What programs name the operations by."""
    hashes = load_plugins([FILTERS], load().ops)["filters"].hashes
    return {name: f"filters.{name}@{digest}" for name, digest in hashes.items()}


def unary(op: str, **attributes) -> bytes:
    body = Body(1)
    return encode(body.returns(body.add(op, -1, **attributes)))


ROW = np.float32([3, 0, 3, 6])


def test_the_worker_says_what_it_has(client: Client, named: dict[str, str]) -> None:
    info = client.hello()
    assert {f"filters.{name}@{digest}" for name, digest in info["plugins"]["filters"].items()} == set(
        named.values()
    )
    assert info["registry"] == load().hash


def test_values_options_and_dtypes(client: Client, named: dict[str, str]) -> None:
    smooth = unary(named["smooth"])
    np.testing.assert_allclose(client.run(smooth, ROW), [1, 2, 3, 3])
    np.testing.assert_allclose(client.run(unary(named["smooth"], width=[0, 1]), ROW), ROW)
    for dtype, result in (("int32", "float32"), ("float64", "float64"), ("bfloat16", "bfloat16")):
        assert str(client.launch(smooth, ROW.astype(dtype), wants=[0]).reply().avals[0][0]) == result
    body = Body(2)
    merged = encode(body.returns(body.add(named["merge"], -1, -2, how="max")))
    np.testing.assert_array_equal(client.run(merged, ROW, np.int32([1, 1, 1, 9])), [3, 1, 3, 9])
    both = Body(1)
    halves = both.add(named["halves"], -1)
    program = encode(both.returns(both.add("get", halves, k="low"), both.add("get", halves, k="high")))
    for got, wanted in zip(client.run(program, ROW), ([3, 0], [3, 6]), strict=True):
        np.testing.assert_array_equal(got, wanted)


def test_gradients_and_maps_are_jaxs(client: Client, named: dict[str, str]) -> None:
    fn, root = Body(1), Body(1)
    loss = fn.returns(fn.add("np.sum", fn.add("np.square", fn.add(named["smooth"], -1))))
    gradient = encode(loss, root.returns(root.add("get", root.add("grad", nested(0), -1), k=[0, 0])))
    matrix = np.array([[1, 1, 0, 0], [1, 1, 1, 0], [0, 1, 1, 1], [0, 0, 1, 1]], np.float32) / 3
    np.testing.assert_allclose(client.run(gradient, ROW), 2 * matrix.T @ matrix @ ROW, rtol=1e-6)
    # Each item of a map has the dims that the signature names
    item, root = Body(1), Body(2)
    low = item.returns(item.add("get", item.add(named["halves"], -1), k="low"))
    mapped = root.add("vmap", nested(0), -1, in_axes=tuple_of([0, 0]), out_axes=tuple_of([0, 0]))
    program = encode(low, [1, 0, root.equations, [root.add("get", mapped, k=[0, 0])]])
    np.testing.assert_array_equal(client.run(program, np.stack([ROW, 2 * ROW])), [[3, 0], [6, 0]])


@pytest.mark.parametrize(
    ("name", "code", "words"),
    [
        ("raises", "OP_FAILED", r"filters\.raises: LookupError: no such filter \(operands: float32\[4\]\)"),
        ("raises_at_run_time", "RUN_FAILED", r"a callback raised LookupError: the filter broke$"),
        ("wrong_dtype", "OP_FAILED", r"filters\.wrong_dtype: its result .* expected int32, got float32\[4\]"),
        ("wrong_shape", "OP_FAILED", r"expected float32\[n = 4\], got float32\[5\]"),
        ("wrong_tree", "OP_FAILED", "a dict or named tuple of low, high, got a list of 2"),
        ("nothing", "OP_FAILED", "an array of float32, got None"),
    ],
)
def test_what_does_not_do_as_it_says_fails_alone(
    client: Client, named: dict[str, str], name: str, code: str, words: str
) -> None:
    program = unary(named[name])
    with pytest.raises(RemoteError, match=words) as caught:
        client.run(program, ROW)
    error = caught.value.error
    assert error["code"] == code
    if code == "OP_FAILED":
        assert (error["op"], error["equation"]) == (f"filters.{name}", 0)
    if name.startswith("raises"):
        assert "in " in error["trace"] and "filters.py" in error["trace"]
    np.testing.assert_allclose(client.run(unary(named["smooth"]), ROW), [1, 2, 3, 3])


def test_operands_that_the_signature_does_not_name_are_refused(client: Client, named: dict[str, str]) -> None:
    body = Body(2)
    affine = encode(body.returns(body.add(named["affine"], -1, -2)))
    x = np.ones((2, 3), np.float32)
    for inputs, argument, received in (
        ((x.astype(np.int32), x.T), "x", "int32[2, 3]"),
        ((x, x), "weights", "float32[2, 3]"),
        ((x, np.ones(3, np.float32)), "weights", "float32[3]"),
    ):
        error = client.launch(affine, *inputs).error()
        assert (error["code"], error["argument"], error["received"]) == (
            "INVALID_ARGUMENT",
            argument,
            received,
        )
        assert error["op"] == "filters.affine"
    assert client.launch(unary(named["noise"], shape=tuple_of([0, 2])), x).error()["expected"] == "a key"


def test_what_is_not_there_is_named(client: Client, named: dict[str, str]) -> None:
    for op, words in (
        ("acme.smooth@0123456789abcdef", r"acme\.smooth is of the plugin acme, which is not here"),
        ("filters.sharpen@0123456789abcdef", r"filters\.sharpen is not in the plugin filters"),
        (
            "filters.smooth@0123456789abcdef",
            r"filters\.smooth has another signature .* `synjax types --plugin filters`",
        ),
        ("np.add@0123456789abcdef", r"np\.add is of the plugin np, which is not here"),
        ("filters.smooth@", "another signature"),
    ):
        with pytest.raises(RemoteError, match=words) as caught:
            client.run(unary(op), ROW)
        assert (caught.value.code, caught.value.error["op"]) == ("UNKNOWN_OP", op.partition("@")[0])


def test_a_plugin_that_is_wrong_is_told_and_the_worker_ends() -> None:
    worker = Worker(real=True, plugins=["no_such_plugin"])
    assert worker.ready["ready"] is False
    assert (worker.ready["code"], worker.ready["argument"]) == ("INVALID_ARGUMENT", "plugins")
    assert "No module named 'no_such_plugin'" in worker.ready["message"]
    assert worker.process.wait(60) == 1
    worker.close()


def test_executables_are_not_kept_of_what_only_a_signature_is_known(
    tmp_path: Path, named: dict[str, str]
) -> None:
    worker = Worker(real=True, plugins=[FILTERS], compilationCache=str(tmp_path))
    client = Client(worker)
    client.run(unary(named["smooth"]), ROW)
    assert not list(tmp_path.glob("*.executable"))
    client.run(unary("np.exp"), ROW)
    assert len(list(tmp_path.glob("*.executable"))) == 1
    client.close()
    worker.close()
