"""The real worker with ops that only tests need; run in place of `-m synjax_worker`."""

from __future__ import annotations

import os
import sys
import time
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float, Int

from synjax_worker.distributions.declared import Indices, length, potential
from synjax_worker.distributions.parameters import Parameters
from synjax_worker.registry import Check, distribution, op, query
from synjax_worker.runtime import passes
from synjax_worker.worker import command
from synjax_worker.worker.process import main

os.environ["SYNJAX_MODULES"] = "__main__"  # the distributions of this file join

traced: dict[str, int] = {}


def _fail(x, message="no"):
    raise ValueError(message)


def _gate(x, path):
    """Holds the tracing until the file exists: a test decides when. That it has come here another file says."""
    open(f"{path}.reached", "w").close()
    while not os.path.exists(path):
        time.sleep(0.002)
    os.remove(path)
    return x


def _print(x):
    print("printed by an op")
    return x


def _lonely(x):
    """Fails when it runs on more than one stack of numbers."""

    def on_host(value):
        if value.ndim > 1:
            raise ValueError("not in company")
        return value

    return jax.pure_callback(on_host, jax.ShapeDtypeStruct(x.shape, x.dtype), x, vmap_method="expand_dims")


def _busy(x, turns=1000):
    return lax.fori_loop(0, turns, lambda _, y: jnp.tanh(y @ y), x)


def _take(a, index):
    return a[index]


def _take_checks(a, index):
    n = a.shape[0]
    return [Check("index", (index < -n) | (index >= n), index, f"between {-n} and {n - 1}")]


def _positive_checks(x):
    return [Check("x", ~(x > 0), x, "positive")]


class Pair(NamedTuple):
    first: jax.Array
    second: jax.Array


op("test.add", jnp.add, "a: num A, b: num B -> promote(A, B)", "Addition.")
op("test.multiply", jnp.multiply, "a: num A, b: num B -> promote(A, B)", "Multiplication.")
op("test.matmul", jnp.matmul, "a: num A, b: num B -> promote(A, B)", "Matrix product.")
op("test.less", jnp.less, "a: num A, b: num B -> bool", "Comparison.")
op("test.tanh", jnp.tanh, "x: num A -> float(A)", "Hyperbolic tangent.")
op("test.exp", jnp.exp, "x: num A -> float(A)", "Exponential.")
op("test.cos", jnp.cos, "x: num A -> float(A)", "Cosine.")
op("test.sum", lambda x, axis=None: jnp.sum(x, axis=axis), "x: num A, { axis?: axis } -> sum(A)", "Sum.")
op("test.reshape", jnp.reshape, "a: num A, shape: shape -> A", "Reshape.")
op(
    "test.full",
    jnp.full,
    "shape: shape, fill_value: static number, { dtype?: dtype D = float32 } -> D",
    "Fill.",
)
op("test.astype", lambda x, dtype: jnp.asarray(x).astype(dtype), "x: num A, dtype: dtype D -> D", "Cast.")
op("test.split", jax.random.split, "key: key, { num?: size } -> key", "Keys.", differentiable=False)
op("test.key", jax.random.key, "seed: static number -> key", "A key.", differentiable=False)
op(
    "test.normal",
    lambda key: jax.random.normal(key, (3,)),
    "key: key -> float32",
    "Draws.",
    differentiable=False,
)
op("test.pair", lambda x: Pair(x, x + 1), "x: num A -> { first: A, second: A }", "Two arrays.")
op("test.float8", lambda x: x.astype(jnp.float8_e5m2), "x: num A -> A", "An array of 8-bit floats.")
op("test.fail", _fail, "x: num A, { message?: static string } -> A", "Fails while tracing.")
op("test.print", _print, "x: num A -> A", "Prints while tracing.")
op("test.gate", _gate, "x: num A, { path: static string } -> A", "Waits while tracing.")
op("test.lonely", _lonely, "x: num A -> A", "Fails in a batch, when it runs.")
op("test.busy", _busy, "x: num A, { turns?: size } -> A", "Takes long to run.")
op("test.take", _take, "a: num A, index: num int32 -> A", "Indexing.", checks=_take_checks)
op("test.positive", lambda x: x, "x: num A -> A", "Checks its argument.", checks=_positive_checks)
op(
    "test.wide_sum",
    lambda x: jnp.sum(x.astype(jnp.float64)).astype(jnp.float32),
    "x: num A -> float32",
    "A sum in 64 bits inside.",
    x64=True,
)


@distribution
class ToyChain(Parameters):
    """A chain whose log-partition counts how often it is traced.

    Args:
      emission: scores.
      lengths: of the items.
    """

    emission: Float[Array, "*batch n t"] = potential()
    lengths: Int[Array, "*batch"] | None = length("n")

    forms = ()
    event = "n t"
    compact = Indices("n", name="tags", below="t")

    def checks(self):
        n = self.emission.shape[-2]
        found = [Check("emission", jnp.isnan(self.emission), self.emission, "a number")]
        if self.lengths is not None:
            bad = (self.lengths < 0) | (self.lengths > n)
            found.append(Check("lengths", bad, self.lengths, f"between 0 and n = {n}"))
        return found

    def _forward(self):
        traced["forward"] = traced.get("forward", 0) + 1
        step = lambda a, e: (jax.nn.logsumexp(a) + e, None)
        carry, _ = lax.scan(step, self.emission[..., 0, :], jnp.moveaxis(self.emission[..., 1:, :], -2, 0))
        return jax.nn.logsumexp(carry, -1)

    @query("-> F")
    def log_partition(self):
        """The log-partition."""
        return passes.shared(self, "forward", self._forward)

    @query("-> int32")
    def traces(self):
        """How often the forward pass has been traced in this process."""
        return jnp.int32(traced.get("forward", 0))


if __name__ == "__main__":
    sys.exit(command.main(sys.argv[1:]) if sys.argv[1:] else main())
