"""The options of XLA that programs are compiled with."""

from __future__ import annotations

import jax
import pytest

from synjax_worker.runtime import compiler

LEVEL = {"xla_backend_optimization_level": 1}


@pytest.fixture(autouse=True)
def started() -> None:
    """XLA has read its flags, which these tests change for the code under test alone."""
    jax.devices()


def test_a_program_is_compiled_with_the_options_for_its_device(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XLA_FLAGS", "")
    assert compiler.options(eager=False) == LEVEL
    assert compiler.options(eager=True) == LEVEL | {"xla_cpu_use_fusion_emitters": False}


def test_what_the_user_chose_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XLA_FLAGS", "--xla_cpu_enable_fast_math=false --xla_backend_optimization_level=3")
    assert compiler.options(eager=False) == {}


def test_an_option_that_this_version_of_xla_has_not_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XLA_FLAGS", "")
    monkeypatch.setattr(compiler, "_unknown", set())
    monkeypatch.setitem(compiler._CPU, "xla_of_another_version", 1)
    lowered = jax.jit(lambda x: x + 1).lower(1.0)
    assert compiler.compiled(lowered, eager=True)(1.0) == 2
    assert compiler.options(eager=False) == LEVEL


def test_what_fails_for_another_reason_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XLA_FLAGS", "")

    class Refusing:
        def compile(self, _options: dict) -> None:
            raise jax.errors.JaxRuntimeError("INTERNAL: no memory")

    with pytest.raises(jax.errors.JaxRuntimeError, match="no memory"):
        compiler.compiled(Refusing(), eager=False)
