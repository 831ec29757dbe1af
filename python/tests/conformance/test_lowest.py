"""Where everything has the lowest float for a score, as a careless mask has, all structures are equally likely, and the
derivative of a log-partition that no float can hold is that of any other.
"""

from __future__ import annotations

import jax
import numpy as np
import pytest

from . import enumerator
from .enumerator import Enumerator, floats_of

FORMS = [
    form
    for forms in enumerator.load().values()
    for form in forms
    if form.thorough and form.cls.__module__.startswith("synjax_worker")
]


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.name)
def test_derivatives_of_the_lowest_log_partitions_are_marginals(form: Enumerator) -> None:
    floats, rest = floats_of(form.plain())
    floats = jax.tree.map(lambda x: np.full_like(x, np.finfo(np.float32).min), floats)

    @jax.jit
    def ask(floats):
        log_partitions = lambda floats: form.build(floats | rest).log_partition()
        _, pull = jax.vjp(log_partitions, floats)
        expected = form.build(floats | rest).marginals_for_template_variables()
        return pull(np.ones(2, np.float32))[0], {name: getattr(expected, name) for name in floats}

    got, wanted = jax.device_get(ask(floats))
    assert max(np.abs(each).max() for each in jax.tree.leaves(wanted)) > 0.01
    for each, other in zip(jax.tree.leaves(got), jax.tree.leaves(wanted), strict=True):
        np.testing.assert_allclose(each, other, atol=1e-5)
