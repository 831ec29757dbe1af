"""What a launch does: values, handles, dtypes, donation, and failures that others are stacked on."""

from __future__ import annotations

import time

import ml_dtypes
import numpy as np
import pytest

from synjax_worker.protocol import LENIENT
from synjax_worker.worker.codec import Launch
from synjax_worker.worker.engine.resolve import check_donation
from tests.runtime.client import Body, Client, Handle, Key, RemoteError, encode, tuple_of


def unary(op: str, *args, **attributes) -> bytes:
    body = Body(1)
    return encode(body.returns(body.add(op, -1, *args, **attributes)))


ADD_ONE = unary("test.add", [0, 1])
SUM = unary("test.sum")
FAIL = unary("test.fail", message="two by three")


def test_a_result_comes_with_the_reply(client: Client):
    x = np.arange(100, dtype=np.float32)
    np.testing.assert_array_equal(client.run(ADD_ONE, x), x + 1)


def test_results_chain_by_handles_without_waiting(client: Client):
    handle = client.put(np.zeros(3, np.float32))
    for _ in range(50):
        handle = client.launch(ADD_ONE, handle).handles[0]
    np.testing.assert_array_equal(client.fetch(handle)[0], [50, 50, 50])


def test_one_body_serves_every_shape_and_is_compiled_once_for_each(client: Client):
    client.run(ADD_ONE, np.zeros(7, np.float32))
    before = client.ping()
    for _ in range(5):
        client.run(ADD_ONE, np.zeros(7, np.float32), send_body=False)
    assert client.ping()["compiles"] == before["compiles"]
    client.run(ADD_ONE, np.zeros((2, 7), np.float32), send_body=False)
    assert client.ping()["compiles"] == before["compiles"] + 1


def test_a_changing_number_compiles_once(client: Client):
    body = Body(2)
    program = encode(body.returns(body.add("test.multiply", -1, -2)))
    x = np.ones(5, np.float16)
    client.run(program, x, 0.5)
    compiles = client.ping()["compiles"]
    for number in (1.5, 2.5, -0.0, float("inf")):
        value = client.run(program, x, number)
        assert value.dtype == np.float16
        assert value[0] == np.float16(number)
    assert client.ping()["compiles"] == compiles


def test_a_weak_result_says_so(client: Client):
    reply = client.launch(ADD_ONE, 2.5, wants=[0]).reply()
    assert reply.avals == [["float32", [], True]]


@pytest.mark.parametrize(
    "dtype",
    "bool int8 int16 int32 int64 uint8 uint16 uint32 uint64 float16 float32 float64".split(),
)
def test_dtypes_cross_unchanged(client: Client, dtype):
    x = np.array([[0, 1, 1], [1, 0, 1]], dtype)
    handle = client.put(x)
    back = client.fetch(handle)[0]
    assert back.dtype == x.dtype
    np.testing.assert_array_equal(back, x)


def test_a_large_bool_is_zeros_and_ones(client: Client):
    x = np.arange(200_000).astype(np.uint8)
    assert client.run(SUM, x.view(bool)) == np.count_nonzero(x)


def test_bfloat16_is_its_bits(client: Client):
    x = np.array([1.5, -2, 3e30], ml_dtypes.bfloat16)
    back = client.run(unary("test.multiply", [0, 2]), x)
    np.testing.assert_array_equal(back.view(np.uint16), (x * ml_dtypes.bfloat16(2)).view(np.uint16))


def test_keys_are_their_data(client: Client):
    body = Body()
    made = client.run(encode(body.returns(body.add("test.key", [0, 7]))))
    np.testing.assert_array_equal(made, [0, 7])
    call = client.launch(unary("test.split", num=[0, 3]), Key(made), wants=[0])
    assert call.reply().avals == [["key", [3], False]]
    split = client.fetch(call.handles[0])[0]
    assert split.shape == (3, 2)
    draws = client.run(unary("test.normal"), Key(made))
    handle = client.launch(encode(body.returns(0))).handles[0]
    np.testing.assert_array_equal(client.run(unary("test.normal"), handle), draws)


def test_large_arrays_go_up_and_come_back(client: Client):
    x = np.random.default_rng(0).normal(size=(1_000, 300)).astype(np.float32)
    np.testing.assert_array_equal(client.run(unary("test.multiply", [0, 2]), x), x * 2)


def test_arrays_without_elements(client: Client):
    assert client.run(ADD_ONE, np.zeros((0, 3), np.float32)).shape == (0, 3)


class TestSixtyFourBits:
    def test_belong_to_the_program(self, client: Client):
        assert client.run(unary("test.multiply", [1, 0.1]), np.ones(2)).dtype == np.float64
        assert client.run(SUM, np.array([2**40, 1])) == 2**40 + 1
        assert client.run(SUM, np.ones(3, np.int32)).dtype == np.int32
        assert client.run(unary("test.add", [5, str(2**40)]), np.int32(1)) == 2**40 + 1

    def test_an_op_without_a_wide_input_returns_what_it_returns_without(self, client: Client):
        body = Body(2)
        narrow = body.add("test.sum", -1)
        cosine = body.add("test.cos", -1)
        wide = body.add("test.sum", -2)
        program = encode(body.returns(narrow, cosine, wide))
        avals = client.launch(program, np.ones(3, np.int32), np.ones(3)).reply().avals
        assert [aval[0] for aval in avals] == ["int32", "float32", "float64"]

    def test_a_weak_result_is_narrow_outside(self, client: Client):
        body = Body(2)
        program = encode(body.returns(body.add("test.exp", -1), body.add("test.multiply", 0, -2)))
        call = client.launch(program, 0.5, np.ones(1), wants=[0, 1])
        reply = call.reply()
        assert reply.avals == [["float32", [], True], ["float64", [1], False]]
        np.testing.assert_allclose(np.frombuffer(reply.data[1]), np.exp(0.5), rtol=1e-14)

    def test_an_attribute_or_an_op_switches_them_on(self, client: Client):
        assert client.run(unary("test.astype", dtype="float64"), np.ones(2, np.float32)).dtype == np.float64
        value = client.run(unary("test.wide_sum"), np.array([1e8, 1, -1e8], np.float32))
        assert (value.dtype, value) == (np.float32, 1)


class TestObjects:
    def test_a_distribution_is_a_handle_and_an_argument(self, client: Client):
        body = Body(1)
        make = encode(body.returns(body.add("ToyChain", emission=-1)))
        call = client.launch(make, np.zeros((4, 2), np.float32))
        assert call.reply().avals == [["object", "ToyChain"]]
        z = client.run(unary("ToyChain.log_partition"), call.handles[0])
        np.testing.assert_allclose(z, 4 * np.log(2), rtol=1e-6)
        error = client.start_fetch(call.handles[0]).error()
        assert error["code"] == "NOT_A_TENSOR"
        np.testing.assert_array_equal(
            client.run(unary("get", k="emission"), call.handles[0]), np.zeros((4, 2))
        )

    def test_fields_are_all_that_can_be_got(self, client: Client):
        body = Body(1)
        pair = body.add("test.pair", -1)
        program = encode(body.returns(body.add("get", pair, k="second")))
        assert client.run(program, np.float32(1)) == 2
        for name in ("__class__", "index", "third"):
            body = Body(1)
            program = encode(body.returns(body.add("get", body.add("test.pair", -1), k=name)))
            assert client.launch(program, np.float32(1)).error()["code"] == "INVALID_ARGUMENT"

    def test_queries_share_a_pass(self, client: Client):
        body = Body(1)
        chain = body.add("ToyChain", emission=-1)
        before = body.add("ToyChain.traces", chain)
        first = body.add("ToyChain.log_partition", chain)
        second = body.add("ToyChain.log_partition", chain)
        after = body.add("ToyChain.traces", chain)
        program = encode(body.returns(before, first, second, after))
        before, first, second, after = client.run(program, np.zeros((5, 3), np.float32))
        assert first == second
        assert after - before == 1


class TestSizes:
    def test_are_numbers_while_tracing(self, client: Client):
        body = Body(1)
        n, t = body.add("size", -1, i=[0, 0]), body.add("size", -1, i=[0, -1])
        flat = body.add("test.reshape", -1, shape=tuple_of(body.add("size.mul", n, t)))
        shape = body.add("shape", -1)
        total = body.add("shape.product", shape)
        tail = body.add("shape.slice", shape, [0, 1], None)
        joined = body.add("shape.concat", tail, total)
        filled = body.add("test.full", shape=joined, fill_value=n)
        program = encode(body.returns(flat, filled, body.add("rank", -1), total))
        flat, filled, rank, total = client.run(program, np.zeros((2, 3), np.float32))
        assert (flat.shape, filled.shape, filled[0, 0], rank, total) == ((6,), (3, 6), 2, 2, 6)

    def test_cannot_grow_for_ever(self, client: Client):
        body = Body()
        size = body.add("size.add", [0, 2], [0, 0])
        for _ in range(40):
            size = body.add("size.mul", size, size)
        assert client.launch(encode(body.returns(size))).error()["code"] == "INVALID_ARGUMENT"


class TestDonation:
    def test_a_donated_handle_is_gone(self, client: Client):
        handle = client.put(np.ones(1000, np.float32))
        call = client.launch(ADD_ONE, handle, donated=[0], wants=[0])
        assert call.values()[0][0] == 2
        assert client.launch(ADD_ONE, handle).error()["code"] == "HANDLE_UNKNOWN"

    def test_also_when_the_launch_is_refused(self, client: Client):
        handle = client.put(np.ones(10, np.float32))
        assert client.launch(FAIL, handle, donated=[0]).error()["code"] == "OP_FAILED"
        assert client.start_fetch(handle).error()["code"] == "HANDLE_UNKNOWN"

    def test_a_buffer_promised_to_a_fetch_arrives_there(self, client: Client):
        busy = unary("test.busy", turns=[0, 300])
        x = np.eye(128, dtype=np.float32)
        for _ in range(5):
            handle = client.launch(busy, x).handles[0]
            fetch = client.start_fetch(handle)
            update = client.launch(ADD_ONE, handle, donated=[0], wants=[0])
            np.testing.assert_allclose(fetch.values()[0] + 1, update.values()[0])

    def test_not_with_another_use_of_the_same_handle(self, client: Client):
        body = Body(2)
        program = encode(body.returns(body.add("test.add", -1, -2)))
        handle = client.put(np.ones(3, np.float32))
        assert client.launch(program, handle, handle, donated=[0]).error()["code"] == "INVALID_ARGUMENT"

    def test_thousands_are_checked_in_time_proportional_to_them(self):
        ids = list(range(1, 20_001))
        launch = Launch(1, bytes(16), False, ids, 0, 0, [], tuple(range(len(ids))), [], 0)
        started = time.process_time()
        check_donation(launch, {})
        assert time.process_time() - started < 0.5  # seconds of CPU; several where it is quadratic


class TestFailures:
    def test_say_where(self, client: Client):
        body = Body(1)
        fine = body.add("test.add", -1, -1)
        error = client.launch(encode(body.returns(body.add("test.fail", fine)))).error()
        assert error["code"] == "BAD_MESSAGE", "an input is missing"
        call = client.launch(encode(body.returns(1)), np.float32(1))
        error = call.error()
        assert (error["code"], error["op"], error["body"], error["equation"]) == (
            "OP_FAILED",
            "test.fail",
            0,
            1,
        )
        assert error["message"].startswith("test.fail: no")
        assert error["launch"] == call.seq

    def test_ten_stacked_on_one_name_it_and_neighbours_run(self, client: Client):
        handle = client.put(np.ones(3, np.float32))
        root = client.launch(FAIL, handle)
        stacked, last = [], root.handles[0]
        for _ in range(10):
            stacked.append(client.launch(ADD_ONE, last))
            last = stacked[-1].handles[0]
        neighbour = client.launch(ADD_ONE, handle, wants=[0])
        fetch = client.start_fetch(last)
        assert "poisoned" not in root.error()
        for call in (*stacked, fetch):
            error = call.error()
            assert (error["code"], error["launch"], error["poisoned"]) == ("OP_FAILED", root.seq, True)
        assert neighbour.values()[0][0] == 2

    def test_results_that_cannot_leave(self, client: Client):
        assert client.launch(unary("test.float8"), np.float32(1)).error()["code"] == "INVALID_ARGUMENT"
        body = Body(1)
        program = encode(body.returns(body.add("get", body.add("ToyChain", emission=-1), k="lengths")))
        assert client.launch(program, np.zeros((2, 2), np.float32)).error()["code"] == "INVALID_ARGUMENT"

    def test_out_of_memory_is_an_error_and_the_worker_lives(self, client: Client):
        body = Body()
        program = encode(
            body.returns(body.add("test.full", shape=tuple_of([0, 10**6], [0, 10**6]), fill_value=[0, 1]))
        )
        error = client.launch(program, wants=[0]).error()
        assert error["code"] == "OUT_OF_MEMORY"
        assert "4000000000000 bytes were asked for" in error["message"]
        assert "this session holds" in error["message"]
        assert client.run(ADD_ONE, 1) == 2

    def test_rank_is_limited(self, client: Client):
        program = unary("test.reshape", shape=tuple_of(*[[0, 1]] * 33))
        assert client.launch(program, np.float32(1)).error()["code"] == "LIMIT_RANK"
        assert client.launch(ADD_ONE, np.zeros((1,) * 33, np.float32)).error()["code"] == "LIMIT_RANK"

    def test_deep_programs_compile(self, client: Client):
        body = Body(1)
        bodies = [body.returns(body.add("test.tanh", -1))]
        for index in range(39):
            body = Body(1)
            op = ("checkpoint", "vmap")[index % 2]
            options = {} if op == "checkpoint" else {"in_axes": tuple_of(None), "axis_size": [0, 1]}
            inner = body.add("get", body.add(op, [4, index, []], -1, **options), k=[0, 0])
            bodies.append(body.returns(body.add("test.sum", inner)))
        assert abs(client.run(encode(*bodies), np.float32(1)) - np.tanh(1)) < 1e-6


class TestCompileAhead:
    def test_the_launch_that_it_was_for_compiles_nothing(self, client: Client):
        program = unary("test.tanh")
        held = client.put(np.ones(4, np.float32))
        client.fetch(held)
        for types, arguments in [
            ([[1, "float32", [5], False]], [np.ones(5, np.float32)]),
            ([[1, "float32", [40_000], False]], [np.ones(40_000, np.float32)]),
            ([[1, "float64", [2], False]], [np.ones(2)]),
            ([held], [held]),
            ([0.5], [0.5]),
        ]:
            before = client.ping()["compiles"]
            assert client.result(client.compile(program, *types).seq) > 0
            assert client.ping()["compiles"] == before + 1
            client.run(program, *arguments)
            assert client.result(client.compile(program, *types).seq) is None
            assert client.ping()["compiles"] == before + 1

    def test_a_launch_says_in_how_many_seconds_it_was_compiled_and_once(self, client: Client):
        calls = [client.launch(unary("test.tanh"), np.ones(6, np.float32)) for _ in range(2)]
        headers = [client.receive(call.seq)[0] for call in calls]
        assert [len(header) for header in headers] == [6, 4]
        assert headers[0][4] == []
        assert headers[0][5] > 0

    def test_of_keys_weak_results_and_donated_inputs(self, client: Client):
        for program, types, argument in [
            (unary("test.split"), [1, "key", [], False], Key(np.array([0, 1], np.uint32))),
            (ADD_ONE, [1, "float32", [], True], client.launch(ADD_ONE, 0.5).handles[0]),
        ]:
            client.result(client.compile(program, types).seq)
            before = client.ping()["compiles"]
            client.run(program, argument)
            assert client.ping()["compiles"] == before
        handle = client.put(np.ones(9, np.float32))
        client.result(client.compile(ADD_ONE, [1, "float32", [9], False], donated=[0]).seq)
        before = client.ping()["compiles"]
        client.run(ADD_ONE, handle, donated=[0])
        assert client.ping()["compiles"] == before

    def test_says_what_the_launch_would_have_said(self, client: Client):
        wrong = client.compile(FAIL, [1, "float32", [2], False]).error()
        assert (wrong["code"], wrong["op"], wrong["equation"]) == ("OP_FAILED", "test.fail", 0)
        wide = client.compile(ADD_ONE, [1, "float32", [1] * 33, False]).error()
        assert wide["code"] == "LIMIT_RANK"
        assert client.compile(ADD_ONE).error()["code"] == "BAD_MESSAGE"
        assert client.compile(ADD_ONE, Handle(999_999)).error()["code"] == "HANDLE_UNKNOWN"
        failed = client.launch(FAIL, np.float32(1)).handles[0]
        assert client.compile(ADD_ONE, failed).error()["poisoned"]
        assert client.run(ADD_ONE, 1) == 2


class TestLenient:
    def program(self) -> bytes:
        body = Body(2)
        good = body.add("test.add", -1, [0, 1])
        bad = body.add("test.fail", -1)
        on_bad = body.add("test.add", bad, good)
        other = body.add("test.add", -2, [0, 1])
        return encode(body.returns(good, bad, on_bad, other))

    def test_what_does_not_depend_on_a_failure_runs(self, client: Client):
        call = client.launch(self.program(), np.float32(1), np.float32(2), wants=range(4), flags=LENIENT)
        reply = call.reply()
        assert [aval is None for aval in reply.avals] == [False, True, True, False]
        assert [position for position, _ in reply.errors] == [1, 2]
        assert {error["equation"] for _, error in reply.errors} == {1}
        assert [data is None for data in reply.data] == [False, True, True, False]
        assert client.start_fetch(call.handles[2]).error()["launch"] == call.seq
        assert client.fetch(call.handles[3])[0] == 3

    def test_what_does_not_depend_on_a_poisoned_input_runs(self, client: Client):
        root = client.launch(FAIL, np.float32(1))
        body = Body(2)
        program = encode(body.returns(body.add("test.add", -1, [0, 1]), body.add("test.add", -2, [0, 1])))
        reply = client.launch(program, root.handles[0], np.float32(2), wants=[0, 1], flags=LENIENT).reply()
        ((position, error),) = reply.errors
        assert (position, error["launch"], error["poisoned"]) == (0, root.seq, True)
        assert np.frombuffer(reply.data[1], np.float32) == 3

    def test_what_does_not_depend_on_a_failed_check_runs(self, client: Client):
        body = Body(2)
        first = body.add("test.take", -1, -2)
        second = body.add("test.positive", -1)
        third = body.add("test.add", -1, [0, 1])
        program = encode(body.returns(first, second, third))
        call = client.launch(
            program, np.array([-1, 2], np.float32), np.int32(5), wants=range(3), flags=LENIENT
        )
        reply = call.reply()
        assert [(position, error["code"], error["op"]) for position, error in reply.errors] == [
            (0, "CHECK_FAILED", "test.take"),
            (1, "CHECK_FAILED", "test.positive"),
        ]
        np.testing.assert_array_equal(np.frombuffer(reply.data[2], np.float32), [0, 3])
        assert client.launch(ADD_ONE, call.handles[0]).error()["launch"] == call.seq

    def test_without_the_flag_all_fail(self, client: Client):
        call = client.launch(self.program(), np.float32(1), np.float32(2))
        assert call.error()["code"] == "OP_FAILED"
        assert client.start_fetch(call.handles[0]).error()["poisoned"] is True


def test_unknown_handles_and_programs(client: Client):
    assert client.launch(ADD_ONE, Handle(999_999)).error()["code"] == "HANDLE_UNKNOWN"
    assert client.start_fetch(Handle(999_999)).error()["code"] == "HANDLE_UNKNOWN"
    error = client.launch(unary("test.tanh"), np.float32(1), send_body=False).error()
    assert error["code"] == "UNKNOWN_PROGRAM"


def test_freed_handles_are_gone(client: Client):
    handle, other = client.put(1.5), client.put(2.5)
    client.free(handle)
    call = client.launch(ADD_ONE, 1, wants=[0], frees=[other])
    call.reply()
    assert client.start_fetch(handle).error()["code"] == "HANDLE_UNKNOWN"
    with pytest.raises(RemoteError, match="HANDLE_UNKNOWN"):
        client.fetch(other)
