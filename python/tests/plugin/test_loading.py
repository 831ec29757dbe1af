"""Importing plugins: whatever is wrong with one is an error that names it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from synjax_worker.errors import InvalidArgument
from synjax_worker.plugin.declared import DECLARED
from synjax_worker.plugin.loading import load_plugins, ops_of
from synjax_worker.registry import load

FILTERS = str(Path(__file__).with_name("filters.py"))
OP = "from synjax_worker.plugin import op\n"
ONE = '@op("x: num A -> A")\ndef one(x):\n    return x\n'


def refused(directory: Path, name: str, source: str) -> InvalidArgument:
    path = directory / f"{name}.py"
    path.write_text(source)
    with pytest.raises(InvalidArgument) as caught:
        load_plugins([str(path)], load().ops, "--plugin")
    assert caught.value.argument == "--plugin"
    return caught.value


def test_operations_are_named_after_their_package() -> None:
    plugins = load_plugins([FILTERS, FILTERS], load().ops)
    ops = ops_of(plugins)
    assert list(plugins) == ["filters"]
    assert {"filters.smooth", "filters.raises_at_run_time"} <= set(ops)
    smooth = ops["filters.smooth"]
    assert (smooth.plugin, smooth.doc[:16]) == ("filters", "A moving average")
    assert not set(ops) & set(load().ops)
    assert load_plugins([FILTERS], load().ops)["filters"].hashes == plugins["filters"].hashes  # a second time


def test_a_hash_is_of_name_version_and_signature(tmp_path: Path) -> None:
    hashes = set()
    for place, source in enumerate(
        (ONE, ONE.replace("A -> A", "B -> B"), ONE.replace('A"', 'A", version=2'))
    ):
        path = tmp_path / str(place) / "hashed.py"
        path.parent.mkdir()
        path.write_text(OP + source)
        hashes.add(load_plugins([str(path)], load().ops)["hashed"].hashes["one"])
        DECLARED[:] = [each for each in DECLARED if each.module != "hashed"]
        del sys.modules["hashed"]
    assert len(hashes) == 3


def test_a_package_in_a_folder_has_modules_of_its_own(tmp_path: Path) -> None:
    folder = tmp_path / "in_folder"
    folder.mkdir()
    (folder / "__init__.py").write_text("from . import inner\n")
    (folder / "inner.py").write_text(OP + ONE)
    assert list(ops_of(load_plugins([str(folder)], load().ops))) == ["in_folder.one"]


@pytest.mark.parametrize(
    ("name", "source", "words"),
    [
        ("missing", "import no_such_module\n", "ModuleNotFoundError: No module named 'no_such_module'"),
        ("broken", "def f(:\n", "SyntaxError"),
        ("leaves", "raise SystemExit(3)\n", "SystemExit: 3"),
        ("silent", "x = 1\n", "declares an operation"),
        ("unreadable", OP + '@op("x: num Q -> A")\ndef one(x): ...\n', "no known type 'Q'"),
        ("not_text", OP + "@op\ndef one(x): ...\n", "a signature is text"),
        ("doubled", OP + ONE + ONE, "'one' is declared twice"),
        ("np", OP + ONE, "a name that nobody else has, got `np`"),
        ("HMM", OP + ONE, "a name that nobody else has, got `HMM`"),
        ("json", OP + ONE, "another module is called json"),
        ("not-a-name", OP + ONE, "names of packages"),
    ],
)
def test_what_is_wrong_is_told(tmp_path: Path, name: str, source: str, words: str) -> None:
    assert words in refused(tmp_path, name, source).message


def test_the_last_lines_of_the_traceback_are_told(tmp_path: Path) -> None:
    message = refused(tmp_path, "deep", "def f():\n    raise KeyError('gone')\n\n\nf()\n").message
    assert 'deep.py", line 2, in f\n' in message
    assert message.endswith("\n  KeyError: 'gone'")
    # Mended, it is imported; nothing of the first attempt is left
    partly = OP + ONE
    refused(tmp_path, "mended", partly + "raise KeyError\n")
    (tmp_path / "mended.py").write_text(partly)
    assert "mended.one" in ops_of(load_plugins([str(tmp_path / "mended.py")], load().ops))


def test_no_module_of_a_name() -> None:
    with pytest.raises(
        InvalidArgument, match=r"`plugins`: .*got `no_such_plugin`, which raises ModuleNotFound"
    ):
        load_plugins(["no_such_plugin"], load().ops)


def test_the_command_prints_what_there_is(tmp_path: Path) -> None:
    def printed(name: str) -> tuple[int, dict]:
        ran = subprocess.run(
            [sys.executable, "-m", "synjax_worker", "plugins", name], capture_output=True, text=True
        )
        return ran.returncode, json.loads(ran.stdout)

    chatty = tmp_path / "chatty.py"
    chatty.write_text(OP + "print('hello')\n" + ONE)
    status, found = printed(str(chatty))
    (plugin,) = found["plugins"]
    (one,) = plugin["ops"]
    assert (status, plugin["name"], one["name"], len(one["hash"])) == (0, "chatty", "one", 16)
    status, found = printed("no_such_plugin")
    assert (status, found["error"]["code"], found["error"]["argument"]) == (2, "INVALID_ARGUMENT", "--plugin")
