"""Programs are validated in full before anything is traced."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import msgpack
import pytest

from synjax_worker.errors import SynjaxError
from synjax_worker.limits import Limits
from synjax_worker.registry import Check
from synjax_worker.runtime.decode import decode_program
from synjax_worker.runtime.interpreter import interpret
from synjax_worker.runtime.program import Program, affected_outputs
from tests.runtime.client import Body, encode, nested, tuple_of


class FakeOp(NamedTuple):
    fn: Callable[..., Any]
    checks: Callable[..., list[Check]] | None = None
    certified: bool = False
    x64: bool = False
    names: frozenset[str] | None = None
    plugin: str | None = None
    hash: str | None = None


def take(a, index, mode="clip"):
    return jnp.take(a, index, mode=mode)


def take_checks(a, index, mode="clip"):
    return [Check("index", jnp.asarray(index) >= a.size, index, f"below {a.size}")]


OPS = {
    "np.add": FakeOp(jnp.add),
    "np.take": FakeOp(take, checks=take_checks),
    "np.zeros": FakeOp(lambda shape, dtype="float32", options=None: jnp.zeros(shape, dtype)),
    "wide": FakeOp(jnp.sum, x64=True),
}


def decode(program: bytes, **limits: int):
    return decode_program(program, OPS, Limits(**limits))


def refusal(program: bytes, **limits: int) -> SynjaxError:
    with pytest.raises(SynjaxError) as caught:
        decode(program, **limits)
    return caught.value


def add_one() -> list:
    body = Body(1)
    return body.returns(body.add("np.add", -1, [0, 1]))


def big_program() -> list:
    """One of everything, as the lists that are encoded."""
    step = Body(2, 1)
    taken = step.add("np.take", -3, -2, mode="clip")
    step_out = step.returns(step.add("np.add", -1, taken), taken)
    root = Body(3)
    size = root.add("size", -1, i=[0, 0])
    shape = root.add("shape.concat", tuple_of(size, [0, 2]), tuple_of([0, 1]))
    zeros = root.add("np.zeros", shape, dtype="float32", options=[3, ["a", [1, 0.5], "b", [5, "7"]]])
    scanned = root.add("scan", nested(0, zeros), -2, -3, n_carry=[0, 1], reverse=True, length=None)
    return [1, [step_out, root.returns(root.add("get", scanned, k=[0, 0]), zeros, [1, 2.5])]]


def test_a_valid_program_is_read():
    program = decode(msgpack.packb(big_program()))
    assert [equation.op for equation in program.root.equations][:2] == ["size", "shape.concat"]
    assert program.root.nesting == 2
    assert program.root.checks, "a nested op checks"
    assert program.root.x64, "it holds a 64-bit integer"
    assert not decode(encode(add_one())).root.x64


@pytest.mark.parametrize(
    "program",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"\xc1", id="not msgpack"),
        pytest.param(msgpack.packb({"version": 1}), id="a map"),
        pytest.param(msgpack.packb([2, [add_one()]]), id="another version"),
        pytest.param(msgpack.packb([1, []]), id="no body"),
        pytest.param(msgpack.packb([1, [add_one()], 0]), id="an unknown field"),
        pytest.param(encode([1, 0, [["np.add", [-2, -1]]], [0]]), id="an input that is not there"),
        pytest.param(encode([1, 0, [["np.add", [0, -1]]], [0]]), id="a reference to itself"),
        pytest.param(encode([1, 0, [["np.add", [1, -1]], ["np.add", [-1, -1]]], [0]]), id="forward"),
        pytest.param(encode([1, 0, [], [0]]), id="a result that is not there"),
        pytest.param(encode([-1, 0, [], []]), id="a negative count"),
        pytest.param(encode([1, 0, [["np.add", [-1], ["b", 0, "a", 0]]], [0]]), id="unsorted attributes"),
        pytest.param(encode([1, 0, [["np.add", [-1], ["a", -1, "a", -1]]], [0]]), id="an attribute twice"),
        pytest.param(encode([1, 0, [["np.add", [-1], ["a b", -1]]], [0]]), id="an attribute's name"),
        pytest.param(encode([1, 0, [["np.add", [-1, [0, 2**31]]]], [0]]), id="a weak int too large"),
        pytest.param(encode([1, 0, [["np.add", [-1, [5, "12x"]]]], [0]]), id="a bigint of other digits"),
        pytest.param(encode([1, 0, [["np.add", [-1, [5, str(2**63)]]]], [0]]), id="a bigint of 65 bits"),
        pytest.param(encode([1, 0, [["np.add", [-1, b"bytes"]]], [0]]), id="bytes"),
        pytest.param(encode([1, 0, [["np.add", [-1, 1.5]]], [0]]), id="a bare float"),
        pytest.param(encode([1, 0, [["np.add", [-1, [9, 1]]]], [0]]), id="an unknown tag"),
        pytest.param(
            encode(add_one(), [1, 0, [["np.add", [[4, 0, []]]]], [0]]), id="a program where none stands"
        ),
        pytest.param(encode([1, 0, [["checkpoint", [[4, 0, []], -1]]], [0]]), id="itself nested"),
        pytest.param(
            encode(add_one(), [1, 0, [["checkpoint", [[4, 0, [-1]], -1]]], [0]]), id="a capture too many"
        ),
        pytest.param(encode(add_one(), [1, 0, [["checkpoint", [[4, 0, []]]]], [0]]), id="an operand too few"),
        pytest.param(encode(add_one(), [1, 0, [["cond", [-1, [4, 0, []]]]], [0]]), id="one branch"),
        pytest.param(encode([1, 0, [["switch_case", [-1, -1]]], [0]]), id="no branch"),
        pytest.param(encode(add_one(), [1, 0, [["jvp", [[4, 0, []], -1]]], [0]]), id="no direction"),
        pytest.param(
            encode(add_one(), [1, 0, [["associative_scan", [[4, 0, []], -1]]], [0]]), id="one neighbour"
        ),
        pytest.param(
            encode(add_one(), [2, 0, [], [-1]], [1, 0, [["custom_jvp", [[4, 0, []], [4, 1, []], -1]]], [0]]),
            id="a rule without a tangent",
        ),
        pytest.param(
            encode(add_one(), [1, 0, [["custom_vjp", [*([[4, 0, []]] * 3), -1, -1]]], [0]]),
            id="an operand too many for a rule",
        ),
    ],
)
def test_a_bad_program_is_refused(program):
    assert refusal(program).code == "BAD_PROGRAM"


def test_an_unknown_op_is_named():
    error = refusal(encode([1, 0, [["np.add", [-1, -1]], ["os.system", [-1]]], [0]]))
    assert (error.code, error.details["op"], error.details["equation"]) == ("UNKNOWN_OP", "os.system", 1)


def test_a_parameter_that_the_signature_does_not_declare_is_refused():
    ops = {"np.take": OPS["np.take"]._replace(names=frozenset({"a", "index"}))}
    program = encode([1, 0, [["np.take", [-1, [0, 0]], ["mode", "clip"]]], [0]])
    with pytest.raises(SynjaxError, match=r"np\.take has no parameter 'mode'") as caught:
        decode_program(program, ops, Limits())
    assert (caught.value.code, caught.value.details["equation"]) == ("BAD_PROGRAM", 0)


def deep_tuple(depth: int) -> list:
    value: list = [0, 1]
    for _ in range(depth):
        value = tuple_of(value)
    return value


def nested_bodies(depth: int, uses: int = 1, op: str = "checkpoint", **attributes) -> list[list]:
    bodies = [add_one()]
    for index in range(depth - 1):
        body = Body(1)
        for _ in range(uses):
            body.add(op, nested(index), -1, **attributes)
        bodies.append(body.returns(0))
    return bodies


@pytest.mark.parametrize(
    ("code", "program", "limits"),
    [
        ("LIMIT_BODY", encode(add_one()), {"body_bytes": 10}),
        ("LIMIT_EQUATIONS", encode([1, 0, [["np.add", [-1, -1]]] * 11, [0]]), {"equations": 10}),
        ("LIMIT_EQUATIONS", encode(*nested_bodies(30, uses=2)), {}),
        ("LIMIT_BODIES", encode(*[add_one()] * 11), {"bodies": 10}),
        ("LIMIT_NESTING", encode(*nested_bodies(65)), {}),
        ("LIMIT_NESTING", encode(*nested_bodies(18, op="scan", n_carry=[0, 1])), {}),
        ("LIMIT_NESTING", encode(*nested_bodies(14, op="grad")), {}),
        ("LIMIT_RESULTS", encode([1, 0, [], [-1] * 11]), {"results": 10}),
        ("LIMIT_NESTING", encode([1, 0, [["np.add", [-1, deep_tuple(65)]]], [0]]), {}),
        ("LIMIT_ATTRIBUTE", encode([1, 0, [["np.add", [-1], ["a", "x" * 65_537]]], [0]]), {}),
        ("LIMIT_ATTRIBUTE", encode([1, 0, [["np.add", [-1, tuple_of(*[-1] * 65_537)]]], [0]]), {}),
    ],
)
def test_limits_have_codes(code, program, limits):
    assert refusal(program, **limits).code == code


def test_a_program_at_the_limit_passes():
    assert decode(encode(*nested_bodies(64))).root.nesting == 64
    assert decode(encode(*nested_bodies(17, op="scan", n_carry=[0, 1]))).root.loops == 16
    assert decode(encode(*nested_bodies(13, op="grad"))).root.gradients == 12


def _mutated(value, rng: random.Random):
    """The value with one thing in it changed."""
    if isinstance(value, list) and value and rng.random() < 0.9:
        position = rng.randrange(len(value))
        kind = rng.random()
        copy = list(value)
        if kind < 0.8:
            copy[position] = _mutated(copy[position], rng)
        elif kind < 0.9:
            del copy[position]
        else:
            copy.insert(position, rng.choice(copy))
        return copy
    return rng.choice(
        [
            -1,
            -9,
            0,
            3,
            2**40,
            1.5,
            float("nan"),
            None,
            True,
            "",
            "np.add",
            "scan",
            b"x",
            [],
            [4, 0, []],
            [[]],
            {"a": 1},
        ]
    )


def mutations(seed: int, count: int) -> Iterator[bytes]:
    """Programs of which two thirds have one thing exchanged, and the others a few bytes."""
    rng = random.Random(seed)
    source = big_program()
    encoded = msgpack.packb(source)
    for trial in range(count):
        if trial % 3:
            yield msgpack.packb(_mutated(source, rng))
        else:
            flipped = bytearray(encoded)
            for _ in range(rng.randint(1, 4)):
                flipped[rng.randrange(len(flipped))] = rng.randrange(256)
            yield bytes(flipped)


def outcomes(seed: int, count: int, run: Callable[[Program], None]) -> dict[str, int]:
    """How often decoding and running ends in each code. Anything but a SynjaxError is raised."""
    codes: dict[str, int] = {}
    for program in mutations(seed, count):
        try:
            run(decode(program))
            code = "fine"
        except SynjaxError as error:
            code = error.code
        codes[code] = codes.get(code, 0) + 1
    return codes


def test_a_list_that_is_too_long_is_refused_before_it_is_read():
    with pytest.raises(SynjaxError, match="a list of 200000 items; at most 131072") as caught:
        decode_program(encode([1, 0, [None] * 200_000, [0]]), OPS, Limits())
    assert caught.value.code == "LIMIT_EQUATIONS"


def test_every_mutated_program_is_refused_by_a_code_or_read():
    codes = outcomes(7, 6_000, lambda program: None)
    assert set(codes) <= {"fine", "BAD_PROGRAM", "UNKNOWN_OP"}, codes
    assert codes["BAD_PROGRAM"] > 2_000, codes


def test_every_mutated_program_that_is_read_ends_in_a_code_or_a_result():
    inputs = (
        jax.ShapeDtypeStruct((3, 2), jnp.float32),
        jax.ShapeDtypeStruct((), jnp.float32),
        jax.ShapeDtypeStruct((4,), jnp.int32),
    )

    def trace(program: Program) -> None:
        bound = program.root.inputs + program.root.captures
        if bound != len(inputs):
            raise SynjaxError("BAD_MESSAGE", "another number of inputs")

        def run(*values):
            traced = interpret(program, values, OPS, x64=program.root.x64)
            return traced.outputs, traced.status

        with jax.enable_x64(program.root.x64):
            jax.eval_shape(run, *inputs)

    trace(decode(msgpack.packb(big_program())))
    codes = outcomes(8, 1_000, trace)
    allowed = {
        "fine",
        "BAD_PROGRAM",
        "UNKNOWN_OP",
        "BAD_MESSAGE",
        "OP_FAILED",
        "INVALID_ARGUMENT",
        "LIMIT_RANK",
    }
    assert set(codes) <= allowed, codes
    assert codes["fine"] > 5, codes
    assert codes["OP_FAILED"] > 10, codes


def test_what_depends_on_a_failure_is_found():
    root = Body(2)
    a = root.add("np.add", -1, -1)
    b = root.add("np.add", -2, -2)
    c = root.add("np.add", a, b)
    program = decode(encode(root.returns(a, b, c, -2)))
    assert affected_outputs(program.root, equations={0: "a"}, inputs={}) == {0: "a", 2: "a"}
    assert affected_outputs(program.root, equations={}, inputs={1: "i"}) == {1: "i", 2: "i", 3: "i"}
    assert affected_outputs(program.root, equations={0: "a"}, inputs={1: "i"})[2] == "a"
