"""What a client puts on the device: no program is compiled for it, and nobody else has its memory."""

from __future__ import annotations

import numpy as np
import pytest

from synjax_worker.dtypes import ELEMENTS
from synjax_worker.protocol import FIND_NANS, LENIENT
from tests.runtime.client import Body, Client, Key, encode


def identity(count: int = 1) -> bytes:
    return encode(Body(count).returns(*[-1 - position for position in range(count)]))


PUT = identity()
ADD = encode((lambda body: body.returns(body.add("np.add", -1, [0, 1])))(Body(1)))


@pytest.mark.parametrize("dtype", sorted(set(ELEMENTS) - {"key"}))
@pytest.mark.parametrize(
    "shape", [(), (0,), (3,), (9, 70_001)]
)  # the last beyond all bounds for what is small
def test_arrays_are_put_without_a_compilation(client: Client, dtype: str, shape: tuple) -> None:
    before = client.ping()["compiles"]
    value = np.random.default_rng(0).integers(0, 2, shape).astype(ELEMENTS[dtype])
    found = client.run(PUT, value)
    assert (found.dtype, found.shape) == (value.dtype, value.shape)
    np.testing.assert_array_equal(found, value)
    assert client.ping()["compiles"] == before


def test_so_are_keys(client: Client) -> None:
    data = np.random.default_rng(0).integers(0, 1 << 32, (30_000, 2)).astype(np.uint32)
    np.testing.assert_array_equal(client.run(PUT, Key(data)), data)


def test_so_are_several_at_once(client: Client) -> None:
    before = client.ping()["compiles"]
    found = client.run(identity(2), np.float32([1]), np.int32([2, 3]))
    assert [each.tolist() for each in found] == [[1], [2, 3]]
    assert client.ping()["compiles"] == before


@pytest.mark.parametrize("flags", [0, LENIENT, FIND_NANS])
def test_what_else_gives_back_its_inputs_is_a_program_like_others(client: Client, flags: int) -> None:
    swapped = encode(Body(2).returns(-2, -1))
    found = client.run(swapped, np.float32([1]), np.int32([2, 3]), flags=flags)
    assert [each.tolist() for each in found] == [[2, 3], [1]]
    twice = encode(Body(1).returns(-1, -1))
    assert [each.tolist() for each in client.run(twice, np.float32([1]), flags=flags)] == [[1], [1]]
    assert client.run(PUT, 2.5, flags=flags) == 2.5


@pytest.mark.parametrize("size", [3, 100_000])
def test_what_was_put_may_be_donated(client: Client, size: int) -> None:
    value = np.arange(size, dtype=np.float32)
    handle = client.put(value)
    for step in range(3):
        fetch = client.start_fetch(handle)
        handle = client.launch(ADD, handle, donated=[0]).handles[0]
        np.testing.assert_array_equal(fetch.values()[0], value + step)
    np.testing.assert_array_equal(client.fetch(handle)[0], value + 3)


@pytest.mark.parametrize("size", [3, 100_000])
def test_a_copy_of_a_handle_is_another_array(client: Client, size: int) -> None:
    value = np.arange(size, dtype=np.float32)
    handle = client.put(value)
    copy = client.launch(PUT, handle).handles[0]
    client.launch(ADD, handle, donated=[0])
    np.testing.assert_array_equal(client.fetch(copy)[0], value)
