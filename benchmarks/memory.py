"""How many bytes gradients take, with `checkpoint` and without, beside the recursion that one writes first.

Bytes are XLA's account of a compiled program, as a worker counts them: what it returns, and what it needs meanwhile.
Beside them stand the milliseconds of a call. Ours are compiled as a worker does, see `measure`.
"""

from __future__ import annotations

import functools
import json
import operator
import os
import pathlib
import platform
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from measure import ROWS, add_row, as_worker, medians
from plain import constituency

from synjax_worker.distributions import LinearChainCRF, TreeCRF
from synjax_worker.numerics import guard
from synjax_worker.runtime import compiler
from synjax_worker.runtime.allocator import keep_freed_memory

HERE = pathlib.Path(__file__).parent
ITEMS, POSITIONS, TAGS = 8, 1024, 128
WORDS, LABELS = 64, 4
BLOCKS, FEATURES, HIDDEN = 4, 256, 1024  # of a network before a chain

Query = Callable[[Any], jax.Array]  # of parameters: the sum over the items


class Cost(NamedTuple):
    bytes: int
    seconds: float

    def __str__(self) -> str:
        return f"{self.bytes / 1e6:.3g} MB in {1e3 * self.seconds:.3g} ms"


def cost(query: Query, parameters: Any, ours: bool = True) -> Cost:
    """What the gradient by a tree of parameters costs."""
    gradient = jax.grad(query)
    if ours:
        run = jax.jit(as_worker(gradient)).lower(parameters).compile(compiler.options(eager=False))
        assert not bool(run(parameters)[1]), "an optimistic program refuses what is measured"
    else:
        run = jax.jit(gradient).lower(parameters).compile()
    found = run.memory_analysis()
    seconds = medians(lambda: run(parameters), least=3, budget=1)[0]
    return Cost(found.output_size_in_bytes + found.temp_size_in_bytes, seconds)


def add_ratio(name: str, of: Cost, over: Cost, bound: float) -> None:
    add_row(name, of.bytes / over.bytes, "<=", bound, f"{of} against {over}")


# ------------------------------------------------------------------------------------------------ what one writes first


def kept(step: Callable) -> Callable:
    return step


def made_again(step: Callable) -> Callable:
    return jax.checkpoint(step, prevent_cse=False)


def plain_chain(of_step: Callable) -> Query:
    """A scan of logsumexp."""

    def log_partition(parameters):
        initial, transition, emission = parameters
        steps = jnp.moveaxis(emission, 1, 0)

        def step(alpha, scores):
            return jax.nn.logsumexp(alpha[:, :, None] + transition, axis=1) + scores, None

        alpha, _ = jax.lax.scan(of_step(step), initial + steps[0], steps[1:])
        return jnp.sum(jax.nn.logsumexp(alpha, axis=-1))

    return log_partition


def plain_trees(of_step: Callable) -> Query:
    """The textbook's inside recursion, over the widths of spans."""
    item = functools.partial(constituency.log_partition, of_step=of_step)
    return lambda scores: jnp.sum(jax.vmap(item)(scores))


def entropy_by(log_partition: Query) -> Query:
    """The log-partition less the expected score."""

    def entropy(parameters):
        value, marginals = jax.value_and_grad(log_partition)(parameters)
        return value - sum(map(jnp.vdot, jax.tree.leaves(parameters), jax.tree.leaves(marginals)))

    return entropy


# ----------------------------------------------------------------------------------------------------------------- ours


def checkpointed(function: Callable) -> Callable:
    """`checkpoint` as a worker has it: whether anything was refused is a result."""

    def call(*arrays):
        value, refused = jax.checkpoint(as_worker(function))(*arrays)
        guard.refuse_where(refused)
        return value

    return call


def chain(parameters) -> LinearChainCRF:
    initial, transition, emission = parameters
    return LinearChainCRF(initial=initial, transition=transition, emission=emission)


def class_rows(name: str, make: Callable, plain: Callable, parameters: Any) -> None:
    for query in ("log_partition", "entropy"):
        ours = lambda parameters, query=query: jnp.sum(getattr(make(parameters), query)())
        by = entropy_by if query == "entropy" else kept
        found = cost(ours, parameters)
        title = f"{name}, gradient of {query}: bytes"
        add_ratio(f"{title} over the plain recursion's", found, cost(by(plain(kept)), parameters, False), 0.5)
        again = cost(by(plain(made_again)), parameters, ours=False)
        add_ratio("  over the same with checkpoint in its step", found, again, 1)
        add_ratio(
            "  checkpoint around the query, over without", cost(checkpointed(ours), parameters), found, 1.2
        )


def network_rows(draw: Callable) -> None:
    """Blocks of a network that score the tags of a chain: in a scan, and written one after another."""
    parameters = {
        "blocks": {
            "up": 0.06 * draw(BLOCKS, FEATURES, HIDDEN),
            "down": 0.03 * draw(BLOCKS, HIDDEN, FEATURES),
        },
        "output": 0.06 * draw(FEATURES, TAGS),
        "chain": (draw(TAGS), draw(TAGS, TAGS)),
        "x": draw(ITEMS, POSITIONS, FEATURES),
    }

    def block(x, weights):
        return x + jax.nn.gelu(x @ weights["up"]) @ weights["down"]

    def scanned(of_block: Callable, x: jax.Array, blocks: Any) -> jax.Array:
        return jax.lax.scan(lambda x, weights: (of_block(block)(x, weights), None), x, blocks)[0]

    def unrolled(of_block: Callable, x: jax.Array, blocks: Any) -> jax.Array:
        for i in range(BLOCKS):
            x = of_block(block)(x, jax.tree.map(operator.itemgetter(i), blocks))
        return x

    def loss(network: Callable, of_block: Callable) -> Query:
        def value(parameters):
            x = network(of_block, parameters["x"], parameters["blocks"])
            return jnp.sum(chain((*parameters["chain"], x @ parameters["output"])).log_partition())

        return value

    found = cost(loss(scanned, kept), parameters)
    title = f"{BLOCKS} blocks of a network in a scan before such a chain: bytes with checkpoint"
    add_ratio(
        f"{title} in its step, over without", cost(loss(scanned, jax.checkpoint), parameters), found, 0.4
    )
    add_ratio("  around the whole loss", cost(checkpointed(loss(scanned, kept)), parameters), found, 1.2)
    # XLA takes what is computed again for what is there already, where no loop is between
    found = cost(loss(unrolled, kept), parameters)
    name = "  one after another, around each, over without"
    add_ratio(name, cost(loss(unrolled, jax.checkpoint), parameters), found, 1.2)


def main():
    keep_freed_memory()
    numbers = np.random.default_rng(0)
    draw = lambda *shape: jnp.asarray(numbers.normal(size=shape), jnp.float32)
    of_chain = draw(TAGS), draw(TAGS, TAGS), draw(ITEMS, POSITIONS, TAGS)
    class_rows(f"chain n{POSITIONS} t{TAGS} b{ITEMS}", chain, plain_chain, of_chain)
    of_trees = draw(ITEMS, WORDS, WORDS, LABELS)
    class_rows(f"TreeCRF n{WORDS} t{LABELS} b{ITEMS}", TreeCRF, plain_trees, of_trees)
    network_rows(draw)
    machine = f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}, jax {jax.__version__}"
    result = {"suite": "memory", "machine": machine, "rows": ROWS}
    (HERE / "results/memory.json").write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
