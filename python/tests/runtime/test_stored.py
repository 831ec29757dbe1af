"""A worker leaves its executables to those that follow, who answer the same without tracing anything."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from synjax_worker.protocol import LENIENT
from synjax_worker.worker.engine.stored import Stored
from tests.runtime.client import Body, Client, RemoteError, Worker, encode
from tests.runtime.test_optimistic import ADD_ONE, EASY, HARD, LOG_PARTITION, of_query


@contextmanager
def worker(directory: Path, **config) -> Iterator[Client]:
    process = Worker(real=True, compilationCache=str(directory), **config)
    client = Client(process)
    yield client
    client.close()
    process.close()


def kept(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


def test_the_next_worker_compiles_nothing_and_answers_the_same(tmp_path: Path) -> None:
    """Of a query, one that is refused and runs carefully, several results, wide numbers, and donated inputs."""
    ask = Body(2)
    both = encode(ask.returns(ask.add("np.multiply", -1, -2), ask.add("np.sum", -1)))

    def answers(client: Client) -> list:
        easy, hard = client.run(LOG_PARTITION, EASY), client.run(LOG_PARTITION, HARD)
        first = client.launch(ADD_ONE, np.arange(4.0, dtype=np.float32))
        second = client.launch(ADD_ONE, first.handles[0], donated=[0], wants=[0])
        wide = client.run(ADD_ONE, np.arange(3.0))
        return [easy, hard, *client.run(both, EASY, np.float32(2)), *second.values(), wide]

    with worker(tmp_path) as client:
        want = answers(client)
        assert client.ping()["compiles"] > 0
    before = kept(tmp_path)
    with worker(tmp_path) as client:
        found = answers(client)
        assert client.ping()["compiles"] == 0
    assert kept(tmp_path) == before
    for one, other in zip(found, want, strict=True):
        np.testing.assert_array_equal(one, other)
        assert one.dtype == other.dtype


def test_programs_that_make_or_take_a_distribution_are_kept(tmp_path: Path) -> None:
    make, use = Body(1), Body(1)
    make = encode(make.returns(make.add("LinearChainCRF", log_potentials=-1)))
    use = encode(
        use.returns(
            use.add("LinearChainCRF.argmax", -1), use.add("LinearChainCRF.with_temperature", -1, [1, 2.0])
        )
    )
    answers = []
    for _ in range(2):
        with worker(tmp_path) as client:
            made = client.launch(make, EASY)
            used = client.launch(use, made.handles[0], wants=[0])
            again = client.launch(use, used.handles[1], wants=[0])
            answers.append([used.reply().data[0], again.reply().data[0]])
            compiles = client.ping()["compiles"]
    assert compiles == 0
    for one, other in zip(*answers, strict=True):
        np.testing.assert_array_equal(one, other)


def test_keys_of_a_kept_program_are_of_the_kind_that_there_is(tmp_path: Path) -> None:
    """JAX asks whether a key's kind is the very object that it knows, which one that was read from a file is not."""
    make, use, draw = Body(1), Body(1), Body(1)
    make = encode(make.returns(make.add("random.key", -1)))
    use = encode(use.returns(use.add("random.uniform", -1)))
    draw = encode(draw.returns(draw.add("random.poisson", -1, [1, 3])))

    def of_a_new_key(client: Client, program: bytes) -> np.ndarray:
        key = client.launch(make, np.uint32(0))
        (value,) = client.launch(program, key.handles[0], wants=[0]).values()
        return value

    with worker(tmp_path) as client:
        want = of_a_new_key(client, use)
    with worker(tmp_path) as client:
        assert of_a_new_key(client, use) == want
        assert client.ping()["compiles"] == 0
        assert of_a_new_key(client, draw).shape == ()


def test_programs_that_make_or_take_a_distribution_of_numpyro_are_not_kept(tmp_path: Path) -> None:
    """NumPyro orders its parameters by the hashes of their names, which are others in every process."""
    make, use = Body(1), Body(1)
    make = encode(make.returns(make.add("dist.normal", loc=-1, scale=[1, 2.0])))
    use = encode(use.returns(use.add("distribution.mean", -1)))
    with worker(tmp_path) as client:
        made = client.launch(make, np.float32([3, 4]))
        np.testing.assert_array_equal(client.launch(use, made.handles[0], wants=[0]).values()[0], [3, 4])
    assert kept(tmp_path) == []


def test_programs_that_call_lapack_are_kept(tmp_path: Path) -> None:
    """What the functions are was found when they were lowered, which the second worker never does."""
    body = Body(1)
    program = encode(body.returns(body.add("linalg.inv", -1)))
    for compiles in (1, 0):
        with worker(tmp_path) as client:
            found = client.run(program, np.float32([[2, 0], [0, 4]]))
            np.testing.assert_array_equal(found, np.float32([[0.5, 0], [0, 0.25]]))
            assert client.ping()["compiles"] == compiles


def test_a_check_of_arguments_is_kept_with_its_words(tmp_path: Path) -> None:
    body = Body(1)
    crf = body.add("LinearChainCRF", log_potentials=-1)
    program = encode(body.returns(body.add("LinearChainCRF.log_partition", crf)))
    said = []
    for _ in range(2):
        with worker(tmp_path) as client:
            with pytest.raises(RemoteError, match="CHECK_FAILED") as error:
                client.run(program, np.full((3, 2, 2), np.nan, np.float32))
            said.append(error.value.error)
            compiles = client.ping()["compiles"]
    assert compiles == 0
    assert said[0] == said[1]


def test_what_is_broken_is_compiled_anew(tmp_path: Path) -> None:
    with worker(tmp_path) as client:
        want = client.run(LOG_PARTITION, EASY)
    (path,) = tmp_path.iterdir()
    whole = path.read_bytes()
    for broken in (b"", whole[: len(whole) // 2], b"nothing" * 100):
        path.write_bytes(broken)
        with worker(tmp_path) as client:
            np.testing.assert_array_equal(client.run(LOG_PARTITION, EASY), want)
            assert client.ping()["compiles"] == 1
        assert path.stat().st_size > len(whole) // 2


def test_other_limits_are_other_executables(tmp_path: Path) -> None:
    program = of_query("entropy")
    with worker(tmp_path) as client:
        client.run(program, EASY)
    with worker(tmp_path, limits={"tracedEquations": 50}) as client:
        with pytest.raises(RemoteError, match="LIMIT_TRACE"):
            client.run(program, EASY)
    assert len(kept(tmp_path)) == 1


def test_what_shows_values_or_fails_is_not_kept(tmp_path: Path) -> None:
    shows, fails = Body(1), Body(1)
    shows = encode(shows.returns(shows.add("debug.print", -1, text="it is {}")))
    fails = encode(fails.returns(fails.add("np.add", -1, [0, 1]), fails.add("np.matmul", -1, -1)))
    for _ in range(2):
        with worker(tmp_path) as client:
            client.run(shows, np.float32(3))
            assert "it is 3." in client.worker.log()
            client.launch(fails, np.float32(3), flags=LENIENT).reply()
    assert kept(tmp_path) == []


def test_without_a_directory_nothing_is_kept(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    stored = Stored(tmp_path / "gone", None)
    assert stored.load("key") is None
    with caplog.at_level("INFO", "synjax_worker"):
        stored.save("key", None, {})
    assert "is not kept" in caplog.text
