"""Every function of JAX's modules is an op, or `docs/ops.md` says why it is none."""

import pytest

from . import coverage

DOCUMENT = coverage.document()


@pytest.mark.parametrize("namespace", coverage.MODULES)
def test_what_is_not_there_has_a_reason(namespace):
    assert DOCUMENT[namespace]["unexplained"] == []


@pytest.mark.parametrize("namespace", coverage.MODULES)
def test_reasons_are_for_what_jax_has_and_we_have_not(namespace):
    assert DOCUMENT[namespace]["stale"] == []
