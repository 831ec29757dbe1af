"""The runs of `inference.ts` as somebody writes them in Python, with NumPyro, to measure the bridge against.

Reads lines "nuts rows warmup samples seed" and answers "seconds leapfrog-steps least-effective-sample-size", compiled
anew each time; and "gradient rows repeats", which it answers with the milliseconds of a gradient written by hand.
"""

from __future__ import annotations

import functools
import os
import sys
import time

import jax
import jax.numpy as jnp
import numpyro
import numpyro.distributions as dist
from numpyro.diagnostics import effective_sample_size
from numpyro.infer import MCMC, NUTS

COLUMNS = 55


@functools.cache
def data(rows: int) -> tuple[jax.Array, jax.Array]:
    keys = jax.random.split(jax.random.key(0), 3)
    features = jax.random.normal(keys[0], (rows, COLUMNS))
    weights = jax.random.normal(keys[1], (COLUMNS,))
    labels = (jax.random.uniform(keys[2], (rows,)) < jax.nn.sigmoid(features @ weights)).astype(jnp.int32)
    return jax.block_until_ready((features, labels))


def model(features, labels):
    weights = numpyro.sample("weights", dist.Normal(0.0, 1.0).expand([COLUMNS]).to_event(1))
    numpyro.sample("label", dist.Bernoulli(logits=features @ weights), obs=labels)


def nuts(rows: int, warmup: int, samples: int, seed: int) -> str:
    jax.clear_caches()
    start = time.perf_counter()
    mcmc = MCMC(NUTS(model), num_warmup=warmup, num_samples=samples, progress_bar=False)
    mcmc.run(jax.random.key(seed), *data(rows), extra_fields=("num_steps",))
    draws = jax.block_until_ready(mcmc.get_samples(group_by_chain=True)["weights"])
    seconds = time.perf_counter() - start
    steps = int(mcmc.get_extra_fields()["num_steps"].sum())
    return f"{seconds} {steps} {effective_sample_size(draws).min()}"


@functools.cache
def descent(rows: int, repeats: int):
    """So many gradients, each at another point."""

    def log_joint(weights, features, labels):
        logits = features @ weights
        prior = -0.5 * jnp.sum(weights**2)
        return prior + jnp.sum(labels * logits - jax.nn.softplus(logits))

    def run(weights, features, labels):
        def step(w, _):
            return w + 1e-6 * jax.grad(log_joint)(w, features, labels), None

        return jax.lax.scan(step, weights, None, length=repeats)[0]

    return jax.jit(run)


def gradient(rows: int, repeats: int) -> str:
    run, weights = descent(rows, repeats), jnp.zeros(COLUMNS)
    jax.block_until_ready(run(weights, *data(rows)))
    start = time.perf_counter()
    jax.block_until_ready(run(weights, *data(rows)))
    return str((time.perf_counter() - start) * 1e3 / repeats)


if __name__ == "__main__":
    os.environ["CI"] = "1"  # no bar
    for line in sys.stdin:
        name, *numbers = line.split()
        print({"nuts": nuts, "gradient": gradient}[name](*map(int, numbers)), flush=True)
