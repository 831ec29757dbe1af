"""A supervisor of children that are no workers, in a process of its own: `supervised.py HANG_AFTER MOST_RESTARTS CODE`.

The code of a child has `beats`, the descriptor of the pipe, and `turn`, how many there were before it; the supervisor's
directory is its own.
"""

from __future__ import annotations

import itertools
import sys

from synjax_worker.worker.logs import log_to_stderr
from synjax_worker.worker.supervisor import Supervisor

START = "import json, os, signal, sys, time\nbeats, turn = int(sys.argv[1]), int(sys.argv[2])\n"


def main() -> int:
    hang_after, most, code = float(sys.argv[1]), int(sys.argv[2]), START + sys.argv[3]
    turns = itertools.count()
    log_to_stderr()
    return Supervisor(
        lambda beats: [sys.executable, "-S", "-c", code, str(beats), str(next(turns))],
        hang_after=hang_after or None,
        most_restarts=most,
    ).run()


sys.exit(main())
