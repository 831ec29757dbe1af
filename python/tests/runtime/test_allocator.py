"""A worker fills the memory of arrays that are gone, and maps none anew."""

from __future__ import annotations

import pathlib
import sys

import numpy as np
import pytest

from tests.runtime.client import Body, Client, Worker, encode

MB = 1 << 20
PAGES = 80 * MB // 4096


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
    handle = client.put(np.zeros(80 * MB // 4, np.float32))

    def run() -> None:
        call = client.launch(exp, handle)
        call.reply()
        client.free(*call.handles)
        client.ping()

    for _ in range(5):
        run()
    pid = worker.ready["pid"]
    before = page_faults(pid)
    for _ in range(10):
        run()
    # Mapped anew it would be 10 times the pages; some call may find the last result not yet freed.
    assert page_faults(pid) - before < 2 * PAGES
    client.close()
    worker.close()
