"""A million samples of each structure have its distribution: a chi-square test over all structures."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.stats

from . import enumerator
from .enumerator import Enumerator
from .laws import SIGNIFICANCE
from .oracle import Oracle

pytestmark = pytest.mark.full

FORMS = [form for forms in enumerator.load().values() for form in forms]
DRAWS, AT_ONCE = 1_000_000, 50_000


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.name)
def test_a_million_draws(form: Enumerator) -> None:
    case = form.case(np.dtype(np.float32), seed=3, items=[("plain", form.full())])
    (item,) = Oracle(form, case).items

    @jax.jit
    def draw(key: jax.Array) -> jax.Array:
        flat = form.flat(form.build(case.arrays).sample(key, (AT_ONCE,)))
        return jnp.packbits(flat[:, 0] > 0, axis=-1)

    structures = np.packbits(item.events, axis=-1)
    place = {row.tobytes(): i for i, row in enumerate(structures)}
    counts = np.zeros(len(structures))
    for key in jax.random.split(jax.random.key(7), DRAWS // AT_ONCE):
        rows, found = np.unique(np.asarray(draw(key)), axis=0, return_counts=True)
        for row, count in zip(rows, found, strict=True):
            counts[place[row.tobytes()]] += count  # a KeyError is no structure
    assert not np.any(counts[item.probs == 0])

    # What is expected less than ten times is one cell.
    rare = item.probs * DRAWS < 10
    cells = [*zip(counts[~rare], item.probs[~rare] * DRAWS, strict=True)]
    if rare.any():
        cells.append((counts[rare].sum(), item.probs[rare].sum() * DRAWS))
    observed, expected = np.array([cell for cell in cells if cell[1] > 1e-3]).T
    statistic = np.sum((observed - expected) ** 2 / expected)
    assert scipy.stats.chi2.sf(statistic, len(observed) - 1) > SIGNIFICANCE, form.name
