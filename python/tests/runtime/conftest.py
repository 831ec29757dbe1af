from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.runtime.client import Client, Worker


@pytest.fixture(scope="session")
def worker() -> Iterator[Worker]:
    """One worker for all tests that do not end it."""
    worker = Worker()
    yield worker
    worker.close()


@pytest.fixture
def client(worker: Worker) -> Iterator[Client]:
    client = Client(worker)
    yield client
    client.goodbye(drain=False)
    client.close()
