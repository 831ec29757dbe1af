"""The training steps of `training.ts` in a loop that somebody writes in Python, to measure the bridge against.

Reads lines "words labels items length steps fetch-every", answers the milliseconds of a step: see `training.ts`.
"""

import functools
import sys
import time

import jax
import jax.numpy as jnp
import numpy as np
from measure import as_worker, program

from synjax_worker.distributions import LinearChainCRF
from synjax_worker.runtime import compiler
from synjax_worker.runtime.allocator import keep_freed_memory

WIDTH = 64


def loss(params, words, tags):
    emission = jnp.tanh(params["embedding"][words]) @ params["output"]
    crf = LinearChainCRF(initial=params["initial"], transition=params["transition"], emission=emission)
    return -jnp.mean(crf.log_prob(crf.encode(tags)))


def step(params, words, tags):
    value, slopes = jax.value_and_grad(loss)(params, words, tags)
    return value, jax.tree.map(lambda x, g: x - 0.1 * g, params, slopes)


@functools.cache
def made(vocabulary, labels, items, length):
    numbers = np.random.default_rng(0)
    normal = lambda *shape: jnp.asarray(numbers.normal(size=shape, scale=0.1), jnp.float32)
    params = {
        "embedding": normal(vocabulary, WIDTH),
        "output": normal(WIDTH, labels),
        "initial": normal(labels),
        "transition": normal(labels, labels),
    }
    words = jnp.asarray(numbers.integers(vocabulary, size=(items, length)), jnp.int32)
    tags = jnp.asarray(numbers.integers(labels, size=(items, length)), jnp.int32)
    run = program(as_worker(step), params, words, tags, options=compiler.options(eager=False)).run
    return run, params, words, tags


def milliseconds(steps, fetch_every, run, params, words, tags):
    start = time.perf_counter()
    for i in range(1, steps + 1):
        (value, params), refused = run(params, words, tags)
        if i % fetch_every == 0:
            assert not bool(refused) and np.isfinite(float(value))
    jax.block_until_ready(params)
    return (time.perf_counter() - start) * 1e3 / steps


if __name__ == "__main__":
    keep_freed_memory()
    for line in sys.stdin:
        *sizes, steps, fetch_every = map(int, line.split())
        print(milliseconds(steps, fetch_every, *made(*sizes)), flush=True)
