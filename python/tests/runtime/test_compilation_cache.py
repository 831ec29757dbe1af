"""Compiled programs are kept for one user, and no more than a bound."""

from __future__ import annotations

import logging
import os

import pytest

from synjax_worker.worker import compilation_cache


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> dict:
    """What JAX is told."""
    found: dict = {}
    monkeypatch.setattr(compilation_cache.jax.config, "update", found.__setitem__)
    return found


def test_a_directory_is_made_for_this_user_alone(tmp_path, told) -> None:
    directory = tmp_path / "a" / "compiled"
    compilation_cache.use(str(directory))
    assert told["jax_compilation_cache_dir"] == str(directory)
    assert directory.stat().st_mode & 0o777 == 0o700


def test_one_that_others_can_write_is_not_used(tmp_path, told, caplog) -> None:
    directory = tmp_path / "compiled"
    directory.mkdir()
    directory.chmod(0o777)
    with caplog.at_level(logging.WARNING):
        compilation_cache.use(str(directory))
    assert told == {}
    assert "others can write" in caplog.text


def test_one_that_cannot_be_made_is_not_used(tmp_path, told, caplog) -> None:
    (tmp_path / "file").write_text("")
    with caplog.at_level(logging.WARNING):
        compilation_cache.use(str(tmp_path / "file" / "compiled"))
    assert told == {}
    assert "not kept" in caplog.text


def test_the_oldest_are_forgotten(tmp_path, told) -> None:
    for age in range(10):
        path = tmp_path / f"program-{age}"
        path.write_bytes(bytes(100))
        os.utime(path, (1_000_000 - age, 1_000_000 - age))
    tmp_path.chmod(0o700)
    compilation_cache.use(str(tmp_path), most_bytes=500)
    assert sorted(path.name for path in tmp_path.iterdir()) == [f"program-{age}" for age in range(4)]
