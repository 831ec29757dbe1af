"""Programs in programs: captures, transforms, and checks of arguments on the device inside them."""

from __future__ import annotations

import numpy as np
import pytest

from synjax_worker.protocol import UNCHECKED
from tests.runtime.client import Body, Client, encode, nested, tuple_of


def unary(op: str, *args, **attributes) -> bytes:
    body = Body(1)
    return encode(body.returns(body.add(op, -1, *args, **attributes)))


def first(body: Body, op: str, *args, **attributes) -> int:
    return body.add("get", body.add(op, *args, **attributes), k=[0, 0])


def square() -> list:
    body = Body(1)
    return body.returns(body.add("test.multiply", -1, -1))


class TestTransforms:
    def test_grad(self, client: Client):
        root = Body(1)
        program = encode(square(), root.returns(first(root, "grad", nested(0), -1)))
        assert client.run(program, np.float32(3)) == 6
        assert client.run(program, 3) == 6, "a number is a float"

    def test_value_and_grad_with_auxiliary_results(self, client: Client):
        fn = Body(2)
        product = fn.add("test.multiply", -1, -2)
        loss = fn.returns(product, fn.add("test.add", -1, -2))
        root = Body(2)
        all_ = root.add("value_and_grad", nested(0), -1, -2, argnums=tuple_of([0, 0], [0, 1]), has_aux=True)
        program = encode(loss, root.returns(*(root.add("get", all_, k=[0, k]) for k in range(4))))
        assert client.run(program, np.float32(3), np.float32(5)) == [15, 5, 3, 8]

    def test_the_gradient_by_a_distribution_holds_its_lengths(self, client: Client):
        fn = Body(1)
        loss = fn.returns(fn.add("ToyChain.log_partition", -1))
        root = Body(2)
        chain = root.add("ToyChain", emission=-1, lengths=-2)
        gradient = first(root, "grad", nested(0), chain)
        program = encode(loss, root.returns(root.add("get", gradient, k="emission")))
        marginals = client.run(program, np.zeros((4, 2), np.float32), np.int32(4))
        np.testing.assert_allclose(marginals, np.full((4, 2), 0.5), rtol=1e-6)

    def test_an_integer_has_no_gradient(self, client: Client):
        root = Body(1)
        program = encode(square(), root.returns(first(root, "grad", nested(0), -1)))
        error = client.launch(program, np.int32(3)).error()
        assert (error["code"], error["op"]) == ("INVALID_ARGUMENT", "grad")

    def test_vmap_over_chosen_axes(self, client: Client):
        fn = Body(2)
        product = fn.returns(fn.add("test.multiply", -1, -2))
        root = Body(2)
        axes = tuple_of([0, 1], None)
        mapped = first(root, "vmap", nested(0), -1, -2, in_axes=axes, out_axes=tuple_of([0, 1]))
        x = np.arange(6, dtype=np.float32).reshape(2, 3)
        np.testing.assert_array_equal(client.run(encode(product, root.returns(mapped)), x, 2), x * 2)

    def test_scan_of_numbers_and_sizes(self, client: Client):
        step = Body(2)
        total = step.add("test.add", -1, -2)
        body = step.returns(total, total)
        root = Body(1)
        scanned = root.add("scan", nested(0), [0, 0], -1, n_carry=[0, 1], reverse=True)
        program = encode(body, root.returns(*(root.add("get", scanned, k=[0, k]) for k in range(2))))
        carry, ys = client.run(program, np.array([1, 2, 3], np.float32))
        assert carry == 6
        np.testing.assert_array_equal(ys, [6, 5, 3])

    def test_cond(self, client: Client):
        double = Body(1)
        double = double.returns(double.add("test.add", -1, -1))
        root = Body(2)
        program = encode(square(), double, root.returns(first(root, "cond", -1, nested(0), nested(1), -2)))
        assert client.run(program, True, np.float32(5)) == 25
        assert client.run(program, False, np.float32(5)) == 10

    def test_while_loop(self, client: Client):
        below = Body(1, 1)
        below = below.returns(below.add("test.less", -1, -2))
        root = Body(1)
        program = encode(
            below, square(), root.returns(first(root, "while_loop", nested(0, -1), nested(1), [0, 2]))
        )
        assert client.run(program, np.float32(1000)) == 65536

    def test_a_capture_from_four_frames_out(self, client: Client):
        """The gradient of the sum over rows of `x c c c` where x is positive, and x elsewhere."""
        taken = Body(1, 1)
        taken = taken.returns(taken.add("test.multiply", -1, -2))
        other = Body(1, 1).returns(-1)
        step = Body(1, 1)
        positive = step.add("test.less", [0, 0], -1)
        step = step.returns(first(step, "cond", positive, nested(0, -2), nested(1, -2), -1))
        row = Body(1, 1)
        row = row.returns(first(row, "scan", nested(2, -2), -1, n_carry=[0, 1], length=[0, 3]))
        loss = Body(1, 1)
        rows = first(loss, "vmap", nested(3, -2), -1, in_axes=tuple_of([0, 0]))
        loss = loss.returns(loss.add("test.sum", rows))
        root = Body(2)
        root = root.returns(first(root, "grad", nested(4, -2), -1))
        program = encode(taken, other, step, row, loss, root)
        gradient = client.run(program, np.array([2, -1], np.float32), np.float32(3))
        np.testing.assert_allclose(gradient, [27, 1])

    def test_a_query_in_a_loop_finds_the_pass_outside(self, client: Client):
        step = Body(1, 1)
        z = step.add("ToyChain.log_partition", -2)
        step = step.returns(step.add("test.add", -1, z))
        root = Body(1)
        chain = root.add("ToyChain", emission=-1)
        before = root.add("ToyChain.traces", chain)
        z = root.add("ToyChain.log_partition", chain)
        total = first(root, "scan", nested(0, chain), [0, 0], n_carry=[0, 1], length=[0, 4])
        after = root.add("ToyChain.traces", chain)
        z, total, before, after = client.run(
            encode(step, root.returns(z, total, before, after)), np.zeros((3, 2), np.float32)
        )
        np.testing.assert_allclose(total, 4 * z, rtol=1e-6)
        assert after - before == 1

    def ruled(self, *rule: list) -> bytes:
        """The gradient of `x x`, whose rule is the last of these bodies."""
        loss = Body(1)
        loss = loss.returns(first(loss, "custom_jvp", nested(0), nested(len(rule)), -1))
        root = Body(1)
        bodies = (square(), *rule, loss)
        return encode(*bodies, root.returns(first(root, "grad", nested(len(rule) + 1), -1)))

    def test_a_rule_that_calls_its_function(self, client: Client):
        rule = Body(2)
        value = first(rule, "custom_self", -1, level=[0, 0])
        program = self.ruled(rule.returns(value, rule.add("test.multiply", -2, value)))
        assert client.run(program, np.float32(3)) == 9, "the slope that the rule says"

    def test_a_rule_that_differentiates_its_function_ends(self, client: Client):
        """It would for ever."""
        again = Body(1)
        again = again.returns(first(again, "custom_self", -1, level=[0, 0]))
        rule = Body(2)
        slope = first(rule, "grad", nested(1), -1)
        program = self.ruled(again, rule.returns(slope, rule.add("test.multiply", -2, slope)))
        assert client.launch(program, np.float32(3)).error()["code"] == "LIMIT_NESTING"
        assert client.run(encode(square()), np.float32(3)) == 9, "the worker lives"

    def test_a_function_outside_of_a_rule_is_not_itself(self, client: Client):
        root = Body(1)
        program = encode(root.returns(root.add("custom_self", -1, level=[0, 0])))
        assert client.launch(program, np.float32(3)).error()["code"] == "BAD_PROGRAM"
        root = Body(1)
        program = encode(root.returns(root.add("pullback", -1, -1)))
        assert client.launch(program, np.float32(3)).error()["code"] == "INVALID_ARGUMENT"

    def test_what_a_vjp_leaves_is_no_result(self, client: Client):
        root = Body(1)
        pulled = root.add("get", root.add("vjp", nested(0), -1), k=[0, 1])
        error = client.launch(encode(square(), root.returns(pulled)), np.float32(3)).error()
        assert error["code"] == "INVALID_ARGUMENT"

    def test_a_failure_inside_names_the_inner_equation(self, client: Client):
        fn = Body(1)
        fn = fn.returns(fn.add("test.fail", fn.add("test.add", -1, -1)))
        root = Body(1)
        error = client.launch(encode(fn, root.returns(first(root, "checkpoint", nested(0), -1))), 1).error()
        assert (error["op"], error["body"], error["equation"]) == ("test.fail", 0, 1)

    def test_a_loop_whose_carry_changes_type_names_the_loop(self, client: Client):
        step = Body(1)
        step = step.returns(step.add("test.less", -1, [0, 1]))
        root = Body(1)
        program = encode(
            step, root.returns(first(root, "scan", nested(0), -1, n_carry=[0, 1], length=[0, 2]))
        )
        error = client.launch(program, np.float32(1)).error()
        assert (error["code"], error["op"], error["equation"]) == ("OP_FAILED", "scan", 0)


TAKE = encode([2, 0, [["test.take", [-1, -2]]], [0]])
TABLE = np.arange(10, dtype=np.float32)


class TestChecks:
    def test_name_the_item_and_its_value(self, client: Client):
        index = np.array([[0, 1, 2], [3, 12, -11]], np.int32)
        error = client.launch(TAKE, TABLE, index).error()
        assert error["code"] == "CHECK_FAILED"
        assert error["message"] == "test.take: `index` must be between -10 and 9; item (1, 1) is 12."
        assert (error["op"], error["argument"], error["equation"]) == ("test.take", "index", 0)
        assert (error["expected"], error["received"]) == ("between -10 and 9", "12")
        assert client.run(TAKE, TABLE, np.int32(-10)) == 0

    def test_of_a_constructor(self, client: Client):
        body = Body(2)
        program = encode(body.returns(body.add("ToyChain", emission=-1, lengths=-2)))
        emission = np.zeros((6, 120, 2), np.float32)
        lengths = np.array([0, 120, 7, 121, 9, -1], np.int32)
        error = client.launch(program, emission, lengths).error()
        assert error["message"] == "ToyChain: `lengths` must be between 0 and n = 120; item 3 is 121."
        emission[1, 2, 1] = np.nan
        error = client.launch(program, emission, lengths).error()
        assert error["message"] == "ToyChain: `emission` must be a number; item (1, 2, 1) is nan."

    @pytest.mark.parametrize(
        ("value", "received"),
        [
            (np.float32(-2.5), "-2.5"),
            (np.float16(-2.5), "-2.5"),
            (np.int32(-(2**30) - 1), "-1073741825"),
            (np.int64(-(2**40)), "-1099511627776"),
            (np.float64(-0.1), "-0.1"),
            (np.uint32(0), "0"),
        ],
    )
    def test_show_values_of_every_type(self, client: Client, value, received):
        error = client.launch(unary("test.positive"), value).error()
        assert error["message"] == f"test.positive: `x` must be positive; it is {received}."

    def test_can_be_switched_off(self, client: Client):
        assert client.run(TAKE, TABLE, np.int32(12), flags=UNCHECKED) == 9

    def test_inside_vmap(self, client: Client):
        fn = Body(1, 1)
        fn = fn.returns(fn.add("test.take", -2, -1))
        root = Body(2)
        program = encode(fn, root.returns(first(root, "vmap", nested(0, -1), -2, in_axes=tuple_of([0, 0]))))
        np.testing.assert_array_equal(client.run(program, TABLE, np.array([1, 2], np.int32)), [1, 2])
        error = client.launch(program, TABLE, np.array([1, 22], np.int32)).error()
        assert (error["code"], error["argument"], error["body"]) == ("CHECK_FAILED", "index", 0)
        assert "in a nested program" in error["message"]
        assert client.run(program, TABLE, np.zeros(0, np.int32)).shape == (0,)

    def test_inside_the_gradient_of_a_scan(self, client: Client):
        step = Body(2, 1)
        taken = step.add("test.take", -3, -2)
        step = step.returns(step.add("test.multiply", -1, taken))
        loss = Body(1, 2)
        loss = loss.returns(first(loss, "scan", nested(0, -2), -1, -3, n_carry=[0, 1]))
        root = Body(3)
        program = encode(step, loss, root.returns(first(root, "grad", nested(1, -2, -3), -1)))
        assert client.run(program, np.float32(1), TABLE, np.array([2, 3], np.int32)) == 6
        for index in ([99, 3], [2, 99]):
            error = client.launch(program, np.float32(1), TABLE, np.array(index, np.int32)).error()
            assert (error["code"], error["argument"]) == ("CHECK_FAILED", "index")

    def conditional(self) -> tuple[list, list]:
        taken = Body(1, 1)
        taken = taken.returns(taken.add("test.take", -2, -1))
        other = Body(1, 1)
        return taken, other.returns(other.add("test.take", -2, [0, 0]))

    def test_in_the_branch_not_taken(self, client: Client):
        root = Body(3)
        branches = self.conditional()
        program = encode(*branches, root.returns(first(root, "cond", -1, nested(0, -2), nested(1, -2), -3)))
        assert client.run(program, False, TABLE, np.int32(99)) == 0
        assert client.run(program, True, TABLE, np.int32(5)) == 5
        assert client.launch(program, True, TABLE, np.int32(99)).error()["code"] == "CHECK_FAILED"

    def test_in_the_branch_not_taken_of_each_item(self, client: Client):
        branches = self.conditional()
        fn = Body(2, 1)
        fn = fn.returns(first(fn, "cond", -1, nested(0, -3), nested(1, -3), -2))
        root = Body(3)
        axes = tuple_of([0, 0], [0, 0])
        program = encode(
            *branches, fn, root.returns(first(root, "vmap", nested(2, -1), -2, -3, in_axes=axes))
        )
        index = np.array([3, 99, 4], np.int32)
        np.testing.assert_array_equal(
            client.run(program, TABLE, np.array([True, False, True]), index), [3, 0, 4]
        )
        error = client.launch(program, TABLE, np.array([True, True, False]), index).error()
        assert error["code"] == "CHECK_FAILED"

    def test_in_a_function_with_a_rule(self, client: Client):
        taken = Body(1, 2)
        taken = taken.returns(taken.add("test.multiply", -1, taken.add("test.take", -2, -3)))
        forward = Body(1, 2)
        item = forward.add("test.take", -2, -3)
        forward = forward.returns(forward.add("test.multiply", -1, item), item)
        backward = Body(2)
        backward = backward.returns(backward.add("test.multiply", -1, -2))
        loss = Body(1, 2)
        programs = nested(0, -2, -3), nested(1, -2, -3), nested(2)
        ruled = first(loss, "custom_vjp", *programs, -1, given=tuple_of([0, 0]), n_out=[0, 1])
        root = Body(3)
        value = root.add("value_and_grad", nested(3, -2, -3), -1)
        results = [root.add("get", value, k=[0, k]) for k in range(2)]
        program = encode(taken, forward, backward, loss.returns(ruled), root.returns(*results))
        assert client.run(program, np.float32(2), TABLE, np.int32(4)) == [8, 4]
        error = client.launch(program, np.float32(2), TABLE, np.int32(99)).error()
        assert (error["code"], error["argument"]) == ("CHECK_FAILED", "index")

    def test_end_a_loop_that_would_not(self, client: Client):
        forever = Body(1, 1)
        forever = forever.returns(forever.add("test.less", [0, -1], [0, 1]))
        step = Body(1, 1)
        taken = step.add("test.astype", step.add("test.take", -2, -1), dtype="int32")
        step = step.returns(step.add("test.add", taken, [0, 5]))
        root = Body(2)
        program = encode(
            forever, step, root.returns(first(root, "while_loop", nested(0, -1), nested(1, -1), -2))
        )
        error = client.launch(program, TABLE, np.int32(1)).error()
        assert (error["code"], error["op"]) == ("CHECK_FAILED", "test.take")

    def test_in_the_condition_of_a_loop(self, client: Client):
        below = Body(1, 1)
        below = below.returns(below.add("test.less", below.add("test.take", -2, -1), [0, 4]))
        step = Body(1, 1)
        step = step.returns(step.add("test.add", -1, [0, 1]))
        root = Body(2)
        program = encode(
            below, step, root.returns(first(root, "while_loop", nested(0, -1), nested(1, -1), -2))
        )
        assert client.run(program, TABLE, np.int32(0)) == 4
        error = client.launch(program, np.zeros(3, np.float32), np.int32(0)).error()
        assert error["code"] == "CHECK_FAILED"

    @pytest.mark.parametrize("attempt", range(10))
    def test_a_failure_reaches_those_already_stacked_on_it(self, client: Client, attempt):
        """The status is read late: launches that use the results are dispatched before it is known."""
        add = encode([1, 0, [["test.add", [-1, [0, 1]]]], [0]])
        client.launch(add, client.put(np.zeros(3, np.float32)), wants=[0]).reply()
        # The status comes when the whole launch has run, so a long computation in it delays the answer.
        body = Body(3)
        taken = body.add("test.take", -1, -2)
        busy = body.add("test.busy", -3, turns=[0, 40 * (attempt % 3)])
        checked = encode(body.returns(taken, busy))
        matrix = client.put(np.eye(64, dtype=np.float32))
        client.launch(checked, TABLE, np.array([1, 2, 3], np.int32), matrix).reply()

        root = client.launch(checked, TABLE, np.array([1, 2, 99], np.int32), matrix)
        neighbour = client.launch(checked, TABLE, np.array([1, 2, 3], np.int32), matrix)
        stacked, last = [], root.handles[0]
        for _ in range(10):
            stacked.append(client.launch(add, last))
            last = stacked[-1].handles[0]
        fetches = [client.start_fetch(call.handles[0]) for call in (root, *stacked)]
        unharmed = client.launch(add, neighbour.handles[0], wants=[0])
        error = root.error()
        assert (error["code"], error["launch"]) == ("CHECK_FAILED", root.seq)
        assert "poisoned" not in error
        for call in (*stacked, *fetches):
            error = call.error()
            assert (error["code"], error["launch"], error.get("poisoned")) == ("CHECK_FAILED", root.seq, True)
        np.testing.assert_array_equal(unharmed.values()[0], [2, 3, 4])
