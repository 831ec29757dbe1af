"""Compiled programs are kept for one user, and no more than a bound."""

from __future__ import annotations

import logging
import os

from synjax_worker.worker import compilation_cache


def test_a_directory_is_made_for_this_user_alone(tmp_path) -> None:
    directory = tmp_path / "a" / "compiled"
    assert compilation_cache.prepared(str(directory)) == directory
    assert directory.stat().st_mode & 0o777 == 0o700


def test_one_that_others_can_write_is_not_used(tmp_path, caplog) -> None:
    directory = tmp_path / "compiled"
    directory.mkdir()
    directory.chmod(0o777)
    with caplog.at_level(logging.WARNING):
        assert compilation_cache.prepared(str(directory)) is None
    assert "others can write" in caplog.text


def test_one_that_cannot_be_made_is_not_used(tmp_path, caplog) -> None:
    (tmp_path / "file").write_text("")
    with caplog.at_level(logging.WARNING):
        assert compilation_cache.prepared(str(tmp_path / "file" / "compiled")) is None
    assert "not kept" in caplog.text


def test_the_oldest_are_forgotten(tmp_path) -> None:
    for age in range(10):
        path = tmp_path / f"program-{age}"
        path.write_bytes(bytes(100))
        os.utime(path, (1_000_000 - age, 1_000_000 - age))
    tmp_path.chmod(0o700)
    compilation_cache.prepared(str(tmp_path), most_bytes=500)
    assert sorted(path.name for path in tmp_path.iterdir()) == [f"program-{age}" for age in range(4)]
