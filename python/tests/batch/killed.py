"""A run of scoring that a test kills: `python -m tests.batch.killed INPUT OUTPUT`."""

import sys
from pathlib import Path

import numpy as np

from synjax_worker.batch.run import score_file
from synjax_worker.batch.scorer import Argument, Scorer

if __name__ == "__main__":
    scorer = Scorer(
        lambda x: {"sum": x.sum(1), "twice": 2 * x},
        [Argument("x", np.dtype(np.float32), ("b", "n"))],
        largest=16,
    )
    print("ready", flush=True)
    done = score_file(
        scorer,
        Path(sys.argv[1]),
        Path(sys.argv[2]),
        run={},
        rows=20,
        progress=lambda done: print(done.rows, flush=True),
    )
    print(f"published {done.failed}", flush=True)
