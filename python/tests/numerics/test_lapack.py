"""Calls of LAPACK give what they gave, and programs with several of them end."""

from __future__ import annotations

import subprocess
import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from synjax_worker.numerics.lapack import call_for_few_matrices

call_for_few_matrices()

QUERIES = {
    "inv": jnp.linalg.inv,
    "solve": lambda a: jnp.linalg.solve(a, a[..., :2]),
    "slogdet": lambda a: jnp.linalg.slogdet(a)[1],
    "cholesky": lambda a: jnp.linalg.cholesky(a @ jnp.swapaxes(a, -1, -2)),
    "eigvalsh": lambda a: jnp.linalg.eigvalsh(a + jnp.swapaxes(a, -1, -2)),
    "singular values": lambda a: jnp.linalg.svd(a, compute_uv=False),
    "R of QR": lambda a: jnp.abs(jnp.linalg.qr(a)[1]),
    "tridiagonal": lambda a: jax.lax.linalg.tridiagonal_solve(
        a[..., 0], a[..., 1] + 9, a[..., 2], a[..., :3]
    ),
    "gradient": jax.grad(lambda a: jnp.linalg.slogdet(a)[1].sum()),
}
# More work than one call may have, a few times over; and no matrix at all.
SHAPES = [(2, 33, 30, 30), (0, 30, 30)]


@pytest.mark.parametrize("name", QUERIES)
def test_many_matrices_are_done_one_like_the_other(name: str) -> None:
    with jax.enable_x64(True):
        for shape in SHAPES:
            matrices = np.random.default_rng(0).normal(size=shape)
            found = jax.jit(QUERIES[name])(matrices)
            alone = jax.jit(QUERIES[name])
            items = [alone(matrix) for matrix in matrices.reshape(-1, *shape[-2:])]
            want = np.reshape(items, found.shape)
            np.testing.assert_allclose(found, want, rtol=1e-9, atol=1e-10)


def test_a_call_for_one_matrix_is_that_call() -> None:
    text = lambda shape: jax.jit(jnp.linalg.cholesky).lower(jnp.zeros(shape)).as_text()
    assert "while" not in text((300, 300))
    assert "while" not in text((8, 8, 8))
    assert "while" in text((8, 100, 100))


# With jaxlib's own division of calls it stood still for ever, on two cores, before the hundredth turn.
MANY_TIMES = """
import jax, numpy as np
from synjax_worker.distributions import SpanningTreeCRF
from synjax_worker.numerics import guard

def total(scores):
    trees = SpanningTreeCRF(scores, directed=True, projective=False, single_root_edge=True)
    return trees.kl_divergence(trees[::-1]).sum()

@jax.jit
def step(x):
    with guard.optimistic() as refused:
        slope = jax.grad(total)(x)
    return x - 1e-3 * slope, guard.any_refused(refused)

x = np.random.default_rng(0).normal(size=(8, 100, 100)).astype(np.float32)
for _ in range(300):
    x, refused = jax.block_until_ready(step(x))
assert not refused
"""


def test_spanning_trees_of_many_nodes_are_done_again_and_again() -> None:
    environment = {"PATH": "", "OPENBLAS_NUM_THREADS": "1", "PYTHONPATH": ":".join(sys.path)}
    subprocess.run([sys.executable, "-c", MANY_TIMES], check=True, timeout=240, env=environment)
