"""What is too large: arrays, programs once traced, memory. Each is refused by name, and the worker lives on."""

from __future__ import annotations

import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

from synjax_worker.errors import SynjaxError
from synjax_worker.limits import Limits
from synjax_worker.protocol import LENIENT
from synjax_worker.runtime.extent import extent_of
from synjax_worker.worker.engine.budget import Budget
from synjax_worker.worker.memory import _V1, _V2, _left_in, memory_left
from tests.runtime.client import IDENTITY, PYTHON, Body, Client, Worker, encode, nested, tuple_of

GB = 1 << 30
# Enough for a process with JAX in it, and far below what any machine has.
ADDRESS_SPACE = 8 * GB


def size(n: int) -> list:
    return [0, n] if n < 2**31 else [5, str(n)]


def shape(*sizes: int) -> list:
    return tuple_of(*map(size, sizes))


def program(*equations: tuple, inputs: int = 0) -> bytes:
    """Equations `(op, *args, attributes)`; the last one is the result."""
    body = Body(inputs)
    for op, *args, attributes in equations:
        result = body.add(op, *args, **attributes)
    return encode(body.returns(result))


def zeros(*sizes: int) -> tuple:
    return "np.zeros", {"shape": shape(*sizes)}


KEY = ("random.key", [0, 0], {})


@pytest.fixture(scope="module")
def product() -> Iterator[Client]:
    worker = Worker(real=True, address_space=ADDRESS_SPACE)
    client = Client(worker)
    yield client
    client.close()
    worker.close()


@pytest.fixture(scope="module")
def narrow_worker() -> Iterator[Worker]:
    limits = {"chain": 30, "tracedEquations": 600, "traceSeconds": 1, "elements": 10**6, "memoryBytes": GB}
    worker = Worker(limits=limits, address_space=ADDRESS_SPACE)
    yield worker
    worker.close()


@pytest.fixture
def narrow(narrow_worker: Worker) -> Iterator[Client]:
    client = Client(narrow_worker)
    yield client
    client.goodbye(drain=False)
    client.close()


class TestShapes:
    @pytest.mark.parametrize(
        "equations",
        [
            [zeros(2**31, 2**31)],
            [zeros(2**62)],
            [zeros(2**63 - 1)],
            [zeros(2**62, 0, 2**62)],
            [zeros(1), ("np.broadcast_to", 0, {"shape": shape(2**62)}), ("np.sum", 1, {})],
            [("np.arange", {"stop": size(2**62)})],
            [("np.eye", {"n": size(2**31 - 1)})],
            [zeros(3), ("np.diag", 0, {"k": size(2**21)})],
            [KEY, ("random.bits", 0, {"shape": shape(2**32, 2**32)})],
            [KEY, ("random.split", 0, {"num": size(2**41)})],
        ],
        ids=lambda equations: equations[-1][0],
    )
    def test_beyond_what_xla_can_count_are_refused(self, product: Client, equations):
        error = product.launch(program(*equations), wants=[0]).error()
        at_fault = min(1, len(equations) - 1)
        assert (error["code"], error["op"], error["equation"]) == (
            "LIMIT_SHAPE",
            equations[at_fault][0],
            at_fault,
        )
        assert error["message"].startswith(f"{error['op']}: an array of shape (")
        assert product.run(program(zeros(2))).tolist() == [0, 0]

    @pytest.mark.parametrize(
        "equations",
        [
            [KEY, ("random.normal", 0, {"shape": shape(-1, -3)})],
            [KEY, ("random.bits", 0, {"shape": shape(2, -2)})],
            [zeros(3), ("np.tile", 0, {"reps": shape(-2)})],
        ],
        ids=lambda equations: equations[-1][0],
    )
    def test_of_less_than_nothing_are_refused(self, product: Client, equations):
        error = product.launch(program(*equations), wants=[0]).error()
        assert (error["code"], error["op"]) == ("INVALID_ARGUMENT", equations[-1][0])

    def test_of_inputs_are_refused_too(self, product: Client):
        without_elements = [1, "float32", [2**50, 2**50, 0], b""]
        assert product.launch(IDENTITY, without_elements).error()["code"] == "LIMIT_SHAPE"
        types = product.compile(IDENTITY, [1, "float32", [2**50, 2**50], False])
        assert types.error()["code"] == "LIMIT_SHAPE"

    def test_that_only_a_map_makes_are_named_where_they_are_made(self, narrow: Client):
        inner = Body(1)
        wide = inner.add("test.add", inner.add("test.full", shape=shape(2_000), fill_value=[0, 1]), -1)
        mapped = inner.returns(inner.add("test.sum", wide))
        root = Body(1)
        twice = root.add("get", root.add("vmap", nested(0), -1, in_axes=tuple_of([0, 0])), k=[0, 0])
        both = encode(mapped, root.returns(twice))
        x = np.zeros(1_000, np.float32)
        assert narrow.run(both, x[:10]).shape == (10,)
        error = narrow.launch(both, x, wants=[0]).error()
        assert (error["code"], error["op"], error["body"], error["equation"]) == (
            "LIMIT_SHAPE",
            "test.add",
            0,
            1,
        )
        assert "(1000, 2000)" in error["message"]

    def test_a_lenient_launch_goes_on_without_them(self, product: Client):
        body = Body()
        huge, small = (body.add("np.zeros", shape=shape(n)) for n in (2**62, 2))
        total = body.add("np.sum", huge)
        reply = product.launch(encode(body.returns(huge, total, small)), wants=[2], flags=LENIENT).reply()
        assert [(k, error["code"], error["equation"]) for k, error in reply.errors] == [
            (0, "LIMIT_SHAPE", 0),
            (1, "LIMIT_SHAPE", 0),
        ]
        assert reply.data == [bytes(8)]


class TestTracedPrograms:
    def test_a_chain_that_xla_would_have_to_recurse_through_is_refused(self, narrow: Client):
        chain = lambda n: program(*[("test.tanh", k - 1, {}) for k in range(n)], inputs=1)
        assert narrow.launch(chain(30), 1.0).reply().avals == [["float32", [], True]]
        error = narrow.launch(chain(31), 1.0).error()
        assert (error["code"], error["op"], error["equation"]) == ("LIMIT_TRACE", "test.tanh", 30)

    def test_bodies_that_call_bodies_are_counted_while_they_are_traced(self, narrow: Client):
        body = Body(1)
        bodies = [body.returns(body.add("test.tanh", -1))]
        for index in range(12):
            body = Body(1)
            for _ in range(2):
                result = body.add("get", body.add("checkpoint", nested(index), -1), k=[0, 0])
            bodies.append(body.returns(result))
        error = narrow.launch(encode(*bodies), 1.0).error()
        assert (error["code"], "600" in error["message"]) == ("LIMIT_TRACE", True)

    def test_loops_count_as_what_they_cost_to_compile(self, narrow: Client):
        inner, root = Body(1), Body(1)
        step = inner.returns(inner.add("test.tanh", -1))
        for _ in range(7):
            result = root.add("scan", nested(0), -1, n_carry=[0, 1], length=[0, 2])
        error = narrow.launch(encode(step, root.returns(root.add("get", result, k=[0, 0]))), 1.0).error()
        assert (error["code"], error["op"], error["equation"]) == ("LIMIT_TRACE", "scan", 5)

    def test_tracing_has_an_end(self, narrow: Client, tmp_path: Path):
        path = tmp_path / "open"
        gate = ("test.gate", -1, {"path": str(path)})
        call = narrow.launch(program(gate, ("test.tanh", 0, {}), inputs=1), 1.0)
        time.sleep(1.1)
        path.touch()
        error = call.error()
        assert (error["code"], error["op"]) == ("LIMIT_TRACE", "test.tanh")


def extent(function, *args):
    return extent_of(jax.jit(function).trace(*args).jaxpr, Limits())


class TestWhatACallMayTake:
    X = jnp.ones(1_000)

    def test_a_branch_counts_as_the_longest(self):
        both = lambda x: lax.cond(
            x[0] > 0, lambda x: x, lambda x: lax.fori_loop(0, 100, lambda _, y: y + x, x), x
        )
        found = extent(both, self.X)
        assert found.branches
        assert 100 * 1_000 < found.work < 100 * 10_000

    def test_a_loop_of_unknown_length_has_no_bound(self):
        assert extent(lambda x: lax.while_loop(lambda y: y[0] < 9, lambda y: y + 1, x), self.X).work == np.inf

    def test_a_loop_of_at_most_one_turn_has(self):
        once = lambda x: lax.while_loop(lambda s: s[0], lambda s: (False, s[1] + 1), (x[0] > 0, x))
        assert extent(once, self.X).work < 10_000

    def test_a_loop_of_known_length_is_no_branch(self):
        assert not extent(lambda x: lax.fori_loop(0, 9, lambda _, y: y + 1, x), self.X).branches

    def test_a_ping_does_not_wait_for_a_branch_that_is_seldom_taken(self, client: Client):
        quick, long, root = Body(1), Body(1), Body(2)
        bodies = quick.returns(-1), long.returns(long.add("test.busy", -1, turns=[0, 6_000]))
        taken = root.add("get", root.add("cond", -1, nested(0), nested(1), -2), k=[0, 0])
        both = encode(*bodies, root.returns(taken))
        x = client.put(np.eye(100, dtype=np.float32))
        for _ in range(5):
            client.run(both, True, x)
        call = client.launch(both, False, x, wants=[0])
        time.sleep(0.05)  # so that the worker has started it
        client.ping()
        assert call.seq not in client.received, "the ping waited for the call"
        call.reply()


class TestMemory:
    def test_what_would_take_more_than_is_left_is_refused(self, product: Client):
        for equations in (
            [("np.ones", {"shape": shape(8 * 10**9), "dtype": "int8"})],
            [("np.eye", {"n": size(200_000)})],
            [KEY, ("random.normal", 0, {"shape": shape(10**9)}), ("np.sum", 1, {})],
        ):
            error = product.launch(program(*equations), wants=[0]).error()
            assert error["code"] == "OUT_OF_MEMORY", error
        assert product.run(program(zeros(2))).tolist() == [0, 0]

    def test_what_is_held_counts_and_what_is_freed_does_not(self, narrow: Client):
        x = narrow.put(np.zeros(250_000, np.float32))
        one_mb = program(("test.add", -1, [0, 1], {}), inputs=1)
        held, error = [], None
        while error is None and len(held) < 2_000:
            calls = [narrow.launch(one_mb, x) for _ in range(100)]
            held += [call.handles[0] for call in calls]
            for call in calls:
                try:
                    call.reply()
                except Exception as failed:
                    error = failed
        assert error is not None, "2 GB in a worker of 1 GB"
        assert error.code == "OUT_OF_MEMORY"
        narrow.free(*held)
        assert narrow.run(one_mb, x)[0] == 1

    def test_a_little_is_given_where_little_is_left(self):
        left, settled = [100 << 20], []
        budget = Budget(lambda: left[0], lambda: settled.append(1), lambda: None)
        budget.take(1_000)
        with pytest.raises(SynjaxError, match="10000000 bytes were asked for, 0 are left"):
            budget.take(10**7)
        left[0] = 10 * GB
        budget.take(10**7)
        measured = len(settled)
        for _ in range(100):
            budget.take(10**7)
        assert len(settled) == measured, "it is measured seldom"
        left[0] = 0
        with pytest.raises(SynjaxError, match="out of memory"):
            for _ in range(200):
                budget.take(10**7)

    def test_what_the_process_may_still_get(self):
        assert memory_left(0) == 0
        assert 0 < memory_left(2**53) < 2**53
        before = memory_left(8 * GB)
        taken = np.ones(25_000_000)
        assert memory_left(8 * GB) <= before - taken.nbytes // 2

    @pytest.mark.parametrize(
        ("names", "most", "total"),
        [(_V2, "1000000", ""), (_V1, "1000000", "total_"), (_V2, "max", "")],
        ids=["v2", "v1", "no limit"],
    )
    def test_what_a_control_group_leaves(self, tmp_path: Path, names, most, total):
        limit, usage, _ = names
        (tmp_path / limit).write_text(f"{most}\n")
        (tmp_path / usage).write_text("700000\n")
        (tmp_path / "memory.stat").write_text(
            f"anon 1\n{total}active_file 20000\n{total}inactive_file 3000\n"
        )
        assert _left_in(tmp_path, *names) == (323_000 if most != "max" else None)

    def test_a_computation_that_failed_does_not_abort_the_process(self):
        """It fails after its dispatch where memory is short in spite of all: whoever reads it must be told."""
        script = textwrap.dedent(
            f"""
            import resource, jax, jax.numpy as jnp
            from synjax_worker.worker.codec import host_value
            jnp.zeros(1).block_until_ready()
            resource.setrlimit(resource.RLIMIT_AS, ({ADDRESS_SPACE}, {ADDRESS_SPACE}))
            try:
                host_value(jax.jit(lambda: jnp.eye(200_000))())
            except Exception as error:
                print("RESOURCE_EXHAUSTED" in str(error))
            """
        )
        done = subprocess.run([sys.executable, "-c", script], cwd=PYTHON, capture_output=True, text=True)
        assert (done.returncode, done.stdout) == (0, "True\n"), done.stderr[-500:]


def test_a_program_with_too_many_results_is_refused(product: Client):
    body = Body(1)
    call = product.launch(encode(body.returns(*[-1] * 10_001)), 1.0, outputs=1)
    assert call.error()["code"] == "LIMIT_RESULTS"


def test_a_limit_on_shapes_counts_no_size_as_nothing():
    with pytest.raises(SynjaxError, match="an array of shape"):
        extent_of(jax.jit(lambda: jnp.zeros((2**21, 0, 2**21))).trace().jaxpr, Limits())
