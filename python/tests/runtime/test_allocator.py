"""A worker fills the memory of arrays that are gone, and maps none anew."""

from __future__ import annotations

import pathlib
import sys

import numpy as np
import pytest

from tests.runtime.client import Body, Client, Worker, encode

MB = 1 << 20
PAGES = 40 * MB // 4096


def page_faults(pid: int) -> int:
    """Those that needed no disk: pages given to the process for the first time."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[7])


@pytest.mark.skipif(sys.platform != "linux", reason="counts page faults where Linux says them")
def test_large_results_are_made_in_memory_that_is_there():
    worker = Worker(real=True)
    client = Client(worker)
    body = Body(1)
    exp = encode(body.returns(body.add("np.exp", -1)))
    handle = client.put(np.zeros(40 * MB // 4, np.float32))

    def run() -> None:
        call = client.launch(exp, handle)
        call.reply()
        client.free(*call.handles)
        client.ping()

    def faults(calls: int = 5) -> int:
        before = page_faults(worker.ready["pid"])
        for _ in range(calls):
            run()
        return page_faults(worker.ready["pid"]) - before

    # Mapped anew it would be all pages in each call, for ever. In the heap some of the first calls make a place, until
    # it has as many as are in use at a time.
    assert any(faults() < PAGES for _ in range(10))
    client.close()
    worker.close()
