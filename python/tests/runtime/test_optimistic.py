"""Programs are compiled without their exact computations; where those are needed, the careful program runs instead."""

from __future__ import annotations

import functools

import jax
import numpy as np
import pytest

from synjax_worker.distributions import LinearChainCRF
from synjax_worker.protocol import LENIENT, UNCHECKED
from synjax_worker.worker.engine import resolve
from synjax_worker.worker.engine.pending import MOST_AHEAD
from tests.runtime.client import Body, Client, RemoteError, encode, nested, tuple_of

N, T = 8, 2
RNG = np.random.default_rng(0)
EASY = RNG.normal(size=(2, N, T, T)).astype(np.float32)

# What the fast pass refuses: from the fourth position on both states are far below what they were beside.
HARD = EASY.copy()
HARD[1, :4, 0, 1] -= 300
HARD[1, :4, 1, 1] -= 300
HARD[1, 4, 0] -= 1000


@jax.jit
def log_partition(x: jax.Array) -> jax.Array:
    return LinearChainCRF(x).log_partition()


@functools.partial(jax.jit, static_argnums=0)
def gradient_of(name: str, x: jax.Array) -> jax.Array:
    return jax.grad(lambda x: getattr(LinearChainCRF(x), name)().sum())(x)


def query(body: Body, potentials: int, name: str = "log_partition", *args: int) -> int:
    crf = body.add("LinearChainCRF", log_potentials=potentials)
    return body.add(f"LinearChainCRF.{name}", crf, *args)


def of_query(name: str = "log_partition") -> bytes:
    body = Body(1)
    return encode(body.returns(query(body, -1, name)))


LOG_PARTITION = of_query()
ADD_ONE = encode((lambda body: body.returns(body.add("np.add", -1, [0, 1])))(Body(1)))


def test_the_hard_item_is_refused_by_the_fast_pass() -> None:
    messages = LinearChainCRF(HARD)._messages()
    assert messages.certified.tolist() == [True, False]


def test_what_is_refused_runs_again_and_from_then_on_carefully(client: Client) -> None:
    before = client.ping()["compiles"]
    np.testing.assert_array_equal(client.run(LOG_PARTITION, EASY), log_partition(EASY))
    assert client.ping()["compiles"] == before + 1
    for _ in range(3):
        np.testing.assert_array_equal(client.run(LOG_PARTITION, HARD), log_partition(HARD))
    np.testing.assert_array_equal(client.run(LOG_PARTITION, EASY), log_partition(EASY))
    assert client.ping()["compiles"] == before + 2


def test_what_is_refused_for_two_shapes_is_careful_at_once_for_a_third(client: Client) -> None:
    compiles = lambda: client.ping()["compiles"]
    program = of_query("entropy")  # no other test has this one refused
    counts = []
    for items in (1, 3, 4):
        before = compiles()
        hard = np.repeat(HARD[1:], items, 0)
        np.testing.assert_allclose(client.run(program, hard), LinearChainCRF(hard).entropy(), rtol=1e-5)
        counts.append(compiles() - before)
    assert counts == [2, 2, 1]


def test_what_is_stacked_on_a_refused_launch_gets_the_right_values(client: Client) -> None:
    for name in ("entropy", "log_partition"):
        program = of_query(name)
        handle = client.launch(program, HARD).handles[0]
        stacked = client.launch(ADD_ONE, handle)
        again = client.launch(ADD_ONE, stacked.handles[0], wants=[0])
        fetched = client.start_fetch(handle)
        want = np.asarray(getattr(LinearChainCRF(HARD), name)())
        np.testing.assert_array_equal(again.values()[0], want + 2)
        np.testing.assert_array_equal(fetched.values()[0], want)


def test_an_input_may_be_donated_as_soon_as_a_refused_launch_does_not_need_it(client: Client) -> None:
    body = Body(1)
    half = encode(body.returns(body.add("np.add", -1, [0, 1])))
    x = client.put(HARD)
    first = client.launch(of_query("marginals"), x)
    client.launch(half, x, donated=[0])
    want = np.asarray(LinearChainCRF(HARD).marginals())
    np.testing.assert_allclose(client.fetch(first.handles[0])[0], want, rtol=1e-6)


def test_donated_inputs_are_kept_until_the_results_are_known_to_be_right(client: Client) -> None:
    x = client.put(HARD)
    handle = client.launch(LOG_PARTITION, x, donated=[0]).handles[0]
    np.testing.assert_array_equal(client.fetch(handle)[0], log_partition(HARD))
    with pytest.raises(RemoteError, match="HANDLE_UNKNOWN"):
        client.fetch(x)


def test_what_donates_large_inputs_is_careful_at_once(client: Client) -> None:
    body = Body(2)
    crf = body.add("LinearChainCRF", log_potentials=-1)
    program = encode(
        body.returns(body.add("LinearChainCRF.log_partition", crf), body.add("np.add", -2, [0, 1]))
    )
    large = np.zeros((resolve.KEPT_BYTES >> 2) + 1, np.float32)
    before = client.ping()["compiles"]
    log_partitions, _ = client.launch(program, HARD, client.put(large), donated=[1]).handles
    np.testing.assert_array_equal(client.fetch(log_partitions)[0], log_partition(HARD))
    assert client.ping()["compiles"] == before + 1


# A step that is fed what it gives: potentials, moved along a direction and by a query that the fast pass gets wrong.
def _step() -> bytes:
    body = Body(2)
    mean = body.add("np.multiply", body.add("np.mean", query(body, -1)), [1, 0.01])
    return encode(body.returns(body.add("np.add", body.add("np.add", -1, -2), mean)))


STEP = _step()


def stepped(x: np.ndarray, direction: np.ndarray, steps: int) -> np.ndarray:
    for _ in range(steps):
        x = x + direction + np.float32(np.mean(log_partition(x)) * np.float32(0.01))
    return x


def test_steps_run_ahead_of_a_refused_one(client: Client) -> None:
    """More of them than may run ahead; the first is refused, and all after it."""
    steps, still = MOST_AHEAD + 5, np.zeros_like(HARD)
    at, direction = client.put(HARD), client.put(still)
    for _ in range(steps):
        at = client.launch(STEP, at, direction, donated=[0]).handles[0]
    np.testing.assert_allclose(client.fetch(at)[0], stepped(HARD, still, steps), rtol=1e-5)


def test_only_a_later_step_is_refused(client: Client) -> None:
    """Each moves some potentials until the fast pass cannot keep up: from there on steps run again."""
    items = np.concatenate([EASY, EASY])  # of another shape than before, for which nothing was refused yet
    direction = (np.concatenate([HARD, HARD]) - items) / 10
    at, moved = client.put(items), client.put(direction)
    for _ in range(12):
        at = client.launch(STEP, at, moved).handles[0]
    add = client.launch(ADD_ONE, at).handles[0]
    np.testing.assert_allclose(client.fetch(add)[0], stepped(items, direction, 12) + 1, rtol=1e-5)


def test_a_loop_does_not_run_on_values_that_are_not_right(client: Client) -> None:
    """With the fast pass's value it would not end."""
    condition, step, root = Body(2), Body(2), Body(2)
    before = condition.returns(condition.add("np.not_equal", -1, -2))
    after = step.returns(
        step.add("np.subtract", -1, step.add("np.sign", step.add("np.subtract", -1, -2))), -2
    )
    found = root.add("while_loop", nested(0), nested(1), -1, -2)
    program = encode(before, after, root.returns(root.add("get", found, k=[0, 0])))

    least = Body(1)
    total = encode(least.returns(least.add("np.min", query(least, -1, "log_partition"))))
    want = np.float32(np.min(log_partition(HARD)))
    handle = client.launch(total, HARD).handles[0]
    (ended,) = client.launch(program, handle, want, wants=[0]).values()
    assert ended == want


def test_a_failure_ahead_of_steps_is_theirs(client: Client) -> None:
    bad = HARD.copy()
    bad[0, 2, 1, 1] = np.nan
    still = client.put(np.zeros_like(HARD))
    handles = [client.launch(STEP, bad, still).handles[0]]
    for _ in range(3):
        handles.append(client.launch(STEP, handles[-1], still).handles[0])
    for handle in handles:
        with pytest.raises(RemoteError, match="CHECK_FAILED"):
            client.fetch(handle)
    np.testing.assert_array_equal(client.run(LOG_PARTITION, EASY), log_partition(EASY))


@pytest.mark.parametrize("flags", [LENIENT, UNCHECKED, LENIENT | UNCHECKED])
def test_lenient_and_unchecked_launches(client: Client, flags: int) -> None:
    np.testing.assert_array_equal(client.run(LOG_PARTITION, HARD, flags=flags), log_partition(HARD))


def test_a_failed_check_is_its_error_and_no_refusal(client: Client) -> None:
    bad = HARD.copy()
    bad[0, 2, 1, 1] = np.nan
    with pytest.raises(RemoteError, match=r"CHECK_FAILED.*log_potentials"):
        client.run(LOG_PARTITION, bad)


def sum_over_turns() -> bytes:
    """The sum of log-partitions, one turn per leading item."""
    inner = Body(2)
    step = inner.returns(inner.add("np.add", -1, inner.add("np.sum", query(inner, -2))))
    root = Body(1)
    zero = root.add("np.sum", root.add("np.multiply", -1, [0, 0]))
    looped = root.add("scan", nested(0), zero, -1, n_carry=[0, 1])
    return encode(step, root.returns(root.add("get", looped, k=[0, 0])))


def test_inside_loops_maps_branches_and_gradients(client: Client) -> None:
    many = np.stack([EASY, HARD, EASY])
    want = np.sum([log_partition(x) for x in many])
    assert client.run(sum_over_turns(), many) == pytest.approx(want, rel=1e-6)

    inner, root = Body(1), Body(1)
    mapped = root.add("vmap", nested(0), -1, in_axes=tuple_of([0, 0]))
    program = encode(inner.returns(query(inner, -1)), root.returns(root.add("get", mapped, k=[0, 0])))
    np.testing.assert_allclose(client.run(program, many), [log_partition(x) for x in many], rtol=1e-6)

    inner, root = Body(1), Body(1)
    body = inner.returns(inner.add("np.sum", query(inner, -1, "entropy")))
    gradient = root.add("grad", nested(0), -1)
    program = encode(body, root.returns(root.add("get", gradient, k=[0, 0])))
    want = gradient_of("entropy", HARD)
    np.testing.assert_allclose(client.run(program, HARD), want, atol=1e-6)

    checkpointed, inner, root = Body(1), Body(1), Body(1)
    value = checkpointed.returns(checkpointed.add("np.sum", query(checkpointed, -1)))
    kept = inner.add("checkpoint", nested(0), -1)
    body = inner.returns(inner.add("get", kept, k=[0, 0]))
    gradient = root.add("grad", nested(1), -1)
    program = encode(value, body, root.returns(root.add("get", gradient, k=[0, 0])))
    want = gradient_of("log_partition", HARD)
    np.testing.assert_allclose(client.run(program, HARD), want, atol=1e-6)


def test_a_gradient_of_a_loop(client: Client) -> None:
    """The derivative's rule runs long after the loop was traced."""
    many = np.stack([EASY, HARD])
    inner, middle, root = Body(2), Body(1), Body(1)
    step = inner.returns(inner.add("np.add", -1, inner.add("np.sum", query(inner, -2, "entropy"))))
    zero = middle.add("np.sum", middle.add("np.multiply", -1, [0, 0]))
    looped = middle.add("scan", nested(0), zero, -1, n_carry=[0, 1])
    whole = middle.returns(middle.add("get", looped, k=[0, 0]))
    gradient = root.add("grad", nested(1), -1)
    program = encode(step, whole, root.returns(root.add("get", gradient, k=[0, 0])))
    want = np.stack([gradient_of("entropy", x) for x in many])
    np.testing.assert_allclose(client.run(program, many), want, atol=1e-6)
