"""The product's own registry behind the worker: a distribution, keys, indexing, all the way through."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from tests.runtime.client import Body, Client, Worker, encode, nested, tuple_of


@pytest.fixture(scope="module")
def product() -> Iterator[Client]:
    worker = Worker(real=True)
    client = Client(worker)
    yield client
    client.close()
    worker.close()


def crf(body: Body) -> int:
    """A chain of factored parameters: inputs initial, transition, emission, lengths."""
    return body.add("LinearChainCRF", emission=-3, initial=-1, lengths=-4, transition=-2)


def parameters(batch: int = 2, n: int = 6, t: int = 3) -> list[np.ndarray]:
    rng = np.random.default_rng(3)
    shapes = (batch, t), (batch, t, t), (batch, n, t)
    return [rng.normal(size=shape).astype(np.float32) for shape in shapes]


LENGTHS = np.array([6, 4], np.int32)


def test_a_distribution_and_its_queries(product: Client):
    body = Body(4)
    chain = crf(body)
    key = body.add("random.key", [0, 1])
    tags = body.add("LinearChainCRF.decode", chain, body.add("LinearChainCRF.argmax", chain))
    program = encode(
        body.returns(
            body.add("LinearChainCRF.log_partition", chain),
            body.add("LinearChainCRF.marginals", chain),
            tags,
            body.add("LinearChainCRF.sample", chain, key, sample_shape=tuple_of([0, 4])),
        )
    )
    log_partition, marginals, tags, samples = product.run(program, *parameters(), LENGTHS)
    assert log_partition.shape == (2,)
    np.testing.assert_allclose(marginals.sum((-2, -1)), np.arange(6) < LENGTHS[:, None], atol=1e-5)
    assert (tags.shape, tags.dtype, tags[1, 4:].tolist()) == ((2, 6), np.int32, [-1, -1])
    assert samples.shape == (4, 2, 6, 3, 3)


def test_lengths_are_checked_on_the_device(product: Client):
    body = Body(4)
    program = encode(body.returns(body.add("LinearChainCRF.log_partition", crf(body))))
    error = product.launch(program, *parameters(), np.array([6, 7], np.int32), wants=[0]).error()
    assert (error["code"], error["op"], error["argument"]) == ("CHECK_FAILED", "LinearChainCRF", "lengths")
    assert error["message"].startswith("LinearChainCRF: `lengths` must be ")
    assert error["message"].endswith("; item 1 is 7.")


def test_the_gradient_of_the_log_partition_is_the_marginals(product: Client):
    inner = Body(1, 3)
    chain = inner.add("LinearChainCRF", emission=-1, initial=-2, lengths=-4, transition=-3)
    total = inner.add("np.sum", inner.add("LinearChainCRF.log_partition", chain))
    root = Body(4)
    marginals = root.add("np.sum", root.add("LinearChainCRF.marginals", crf(root)), axis=[0, -2])
    gradient = root.add("get", root.add("grad", nested(0, -1, -2, -4), -3), k=[0, 0])
    program = encode(inner.returns(total), root.returns(gradient, marginals))
    gradient, marginals = product.run(program, *parameters(), LENGTHS)
    np.testing.assert_allclose(gradient, marginals, atol=1e-5)


def test_an_index_is_checked(product: Client):
    body = Body(2)
    program = encode(body.returns(body.add("getitem", -1, index=tuple_of(-2, None, "..."))))
    x = np.arange(12, dtype=np.float32).reshape(4, 3)
    np.testing.assert_array_equal(product.run(program, x, np.array([3, -1], np.int32)), x[[3, -1], None])
    error = product.launch(program, x, np.array([3, 4], np.int32)).error()
    assert (error["code"], error["argument"], error["received"]) == ("CHECK_FAILED", "index", "4")
