"""What TypeScript should get from every constructor of `dist`: the log-probability of a value that lies inside.

`python -m tests.simple.golden` prints it; `npm run generate` writes `tests/golden/dist/`.
"""

from __future__ import annotations

import json
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as numpyro

from tests import compiling

from .cases import CASES, made


def entry(name: str, of: numpyro.Distribution, value: jax.Array, log_prob: jax.Array) -> str:
    written: dict[str, Any] = {
        "name": name,
        "parameters": CASES[name].parameters,
        "value": rounded(value),
        "logProb": rounded(log_prob),
        "shape": [list(of.batch_shape), list(of.event_shape)],
    }
    return f"  {json.dumps(written)}"


def rounded(array: jax.Array) -> Any:
    nested = json.dumps(np.asarray(array, np.float64).tolist())
    return json.loads(nested, parse_float=lambda text: float(f"{float(text):.6g}"))


def files() -> dict[str, str]:
    theirs = {name: made(name)[1] for name in CASES}
    values = {name: inside(of) for name, of in theirs.items()}
    logs = jax.jit(lambda values: {name: theirs[name].log_prob(x) for name, x in values.items()})(values)
    lines = [entry(name, theirs[name], values[name], logs[name]) for name in sorted(CASES)]
    return {"dist/constructors.json": "[\n" + ",\n".join(lines) + "\n]\n"}


def inside(of: numpyro.Distribution) -> jax.Array:
    shape = (*of.batch_shape, *of.event_shape)
    return jnp.asarray(of.support.feasible_like(jnp.zeros(shape))) if type(of) is not numpyro.Delta else of.v


if __name__ == "__main__":
    compiling.compile_quickly()
    print(json.dumps(files()))
