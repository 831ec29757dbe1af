"""The regression of `inference.ts` in Stan, by a Python that has PyStan: its likelihood for such models, one chain.

Reads lines "nuts folder rows warmup samples seed" and answers "seconds", the model compiled before. The
folder has `features` (float32) and `labels` (int32); the weights that were drawn are left in `draws` (float32).
"""

from __future__ import annotations

import contextlib
import os
import sys
import time
from pathlib import Path

import numpy as np
import stan

COLUMNS = 55

MODEL = """
data { int n; int d; matrix[n, d] x; array[n] int<lower=0, upper=1> y; }
parameters { vector[d] weights; }
model { weights ~ normal(0, 1); y ~ bernoulli_logit_glm(x, 0, weights); }
"""


def nuts(folder: str, rows: int, warmup: int, samples: int, seed: int) -> str:
    features = np.fromfile(Path(folder) / "features", np.float32).reshape(rows, COLUMNS).astype(np.float64)
    labels = np.fromfile(Path(folder) / "labels", np.int32)
    data = {"n": rows, "d": COLUMNS, "x": features, "y": labels}
    os.chdir(folder)  # it leaves files where it builds
    posterior = stan.build(MODEL, data=data, random_seed=seed + 1)
    start = time.perf_counter()
    fit = posterior.sample(num_chains=1, num_warmup=warmup, num_samples=samples)
    seconds = time.perf_counter() - start
    fit["weights"].T.astype(np.float32).tofile(Path(folder) / "draws")
    return str(seconds)


if __name__ == "__main__":
    # What Stan prints must not be taken for an answer
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    for line in sys.stdin:
        name, folder, *numbers = line.split()
        with contextlib.redirect_stdout(sys.stderr):
            answer = nuts(folder, *map(int, numbers))
        print(answer, file=answers, flush=True)
