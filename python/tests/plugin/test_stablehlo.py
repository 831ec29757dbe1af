"""Programs that jax.export wrote, as operations."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import jax
import jax.export
import jax.numpy as jnp
import numpy as np
import pytest

from synjax_worker.errors import InvalidArgument
from synjax_worker.plugin.declared import DECLARED
from synjax_worker.plugin.loading import load_plugins
from synjax_worker.registry import load
from tests.runtime.client import Body, Client, Worker, encode, nested, tuple_of

F32 = jnp.float32


def written(path: Path, fn, *avals, gradient: bool = False, **options) -> Path:
    found = jax.export.export(jax.jit(fn), **options)(*avals)
    path.write_bytes(found.serialize(vjp_order=int(gradient)))
    return path


def signature_of(path: Path) -> str:
    """The signature of its operation. The module is forgotten, for the next one of that name."""
    try:
        return load_plugins([str(path)], load().ops)[path.stem].ops["call"].signature
    finally:
        DECLARED[:] = [each for each in DECLARED if each.module != path.stem]


def struct(*shape, dtype=F32) -> jax.ShapeDtypeStruct:
    return jax.ShapeDtypeStruct(shape, dtype)


def test_signatures_are_those_of_the_export(tmp_path: Path) -> None:
    path = tmp_path / "model.stablehlo"
    written(path, lambda x: x * 2, struct(3, 4))
    assert signature_of(path) == "x0: num float32[3 4] -> float32[3 4]"
    weights = {"w": struct(4, 2), "b": struct(2)}
    written(path, lambda x, p: {"y": x @ p["w"] + p["b"], "n": jnp.int32(1)}, struct(3, 4), weights)
    assert signature_of(path) == (
        "x0: num float32[3 4], x1_b: num float32[2], x1_w: num float32[4 2] -> { n: int32[], y: float32[3 2] }"
    )
    written(path, lambda x: (x, x.sum(0)), struct(*jax.export.symbolic_shape("n, 2")))
    assert signature_of(path) == "x0: num float32[n 2] -> { y0: float32[n 2], y1: float32[2] }"
    written(path, lambda x: jnp.concatenate([x, x]), struct(*jax.export.symbolic_shape("n")))
    assert signature_of(path) == "x0: num float32[n] -> float32"  # JAX itself compares 2*n


def test_bytes_of_anything_else_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "model.stablehlo"
    whole = written(path, lambda x: x * 2, struct(3)).read_bytes()
    for content in (b"", b"text", whole[: len(whole) // 2], b"\xff" * 200):
        path.write_bytes(content)
        with pytest.raises(InvalidArgument, match=r"model\.stablehlo: expected a file that jax.export wrote"):
            signature_of(path)
    with pytest.raises(InvalidArgument, match="expected a file that can be read, got No such file"):
        signature_of(tmp_path / "absent.stablehlo")
    written(path, lambda x: x * 2, struct(3), platforms=["tpu"])
    with pytest.raises(InvalidArgument, match="a program for cpu, got one for tpu"):
        signature_of(path)
    written(path, lambda key: jax.random.normal(key), struct(dtype=jax.random.key(0).dtype))
    with pytest.raises(InvalidArgument, match="tensors of numbers, got a program that takes key"):
        signature_of(path)


SMOOTH = 'from synjax_worker.plugin import exported\n\nexported("twice", "{path}")\n'


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    directory = tmp_path_factory.mktemp("exported")
    plain = written(directory / "tanh.stablehlo", jnp.tanh, struct(3))
    twice = written(directory / "twice.bin", lambda x: 2 * x, struct(3), gradient=True)
    (directory / "packed.py").write_text(SMOOTH.format(path=twice))
    worker = Worker(real=True, plugins=[str(plain), str(directory / "packed.py")])
    client = Client(worker)
    yield client
    client.close()
    worker.close()


def test_it_runs_in_programs(client: Client) -> None:
    x = np.float32([1, 2, 3])
    plugins = client.hello()["plugins"]
    tanh, twice = f"tanh.call@{plugins['tanh']['call']}", f"packed.twice@{plugins['packed']['twice']}"
    body = Body(1)
    program = encode(body.returns(body.add(tanh, body.add(twice, -1))))
    np.testing.assert_allclose(client.run(program, x), np.tanh(2 * x), rtol=1e-5)
    error = client.launch(program, x[:2]).error()
    assert (error["code"], error["expected"], error["received"]) == (
        "INVALID_ARGUMENT",
        "float32[3]",
        "float32[2]",
    )

    def of(op: str, transform: str, *axes: int) -> bytes:
        fn, root = Body(1), Body(1)
        value = fn.add(op, -1)
        inner = fn.returns(fn.add("np.sum", value) if transform == "grad" else value)
        axes = {"in_axes": tuple_of([0, 0]), "out_axes": tuple_of([0, 0])} if transform == "vmap" else {}
        of = root.add(transform, nested(0), -1, **axes)
        return encode(inner, root.returns(root.add("get", of, k=[0, 0])))

    np.testing.assert_array_equal(client.run(of(twice, "grad"), x), [2, 2, 2])
    error = client.launch(of(tanh, "grad"), x).error()
    assert error["code"] == "OP_FAILED"
    assert "an exported program has a gradient only if it was exported with one" in error["message"]
    error = client.launch(of(tanh, "vmap"), np.stack([x, x])).error()
    assert (error["code"], error["op"]) == ("OP_FAILED", "tanh.call")
    assert "`vmap` cannot map an exported program: use `map`" in error["message"]
    np.testing.assert_allclose(client.run(of(tanh, "map"), np.stack([x, x])), np.tanh([x, x]), rtol=1e-5)
