"""The declarations of the wire: they are complete, agree with what the code does, and stand nowhere a second time."""

from __future__ import annotations

import ast
import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from synjax_worker import protocol, registry
from synjax_worker.dtypes import dtype_name
from synjax_worker.errors import SynjaxError
from synjax_worker.limits import Limits
from synjax_worker.runtime.nested import NESTED
from synjax_worker.runtime.structural import STRUCTURAL
from synjax_worker.worker import codec

PACKAGE = Path(protocol.__file__).parent
MODULES = sorted(path for path in PACKAGE.rglob("*.py") if path != Path(protocol.__file__))


def test_the_registry_has_it_and_its_hash_depends_on_it(monkeypatch: pytest.MonkeyPatch) -> None:
    before = registry.build([], [])
    assert before.document["protocol"] == protocol.document()
    assert json.loads(json.dumps(before.document["protocol"])) == before.document["protocol"]
    monkeypatch.setitem(protocol.FLAGS, "lenient", 4)
    assert registry.build([], []).hash != before.hash


@pytest.mark.parametrize("numbers", [protocol.STATUSES, protocol.INPUTS, protocol.ARGUMENTS])
def test_numbers_count_from_zero(numbers: dict[str, int]) -> None:
    assert sorted(numbers.values()) == list(range(len(numbers)))


def test_a_message_has_a_name_and_a_number_of_its_own() -> None:
    assert sorted(message.number for message in protocol.MESSAGES) == list(range(len(protocol.MESSAGES)))
    assert len({message.name for message in protocol.MESSAGES}) == len(protocol.MESSAGES)
    assert all(message.fields[0] == "seq" for message in protocol.MESSAGES)
    for message in protocol.MESSAGES:
        assert getattr(protocol, message.name.upper()) == message.number


def test_flags_are_single_bits() -> None:
    assert sorted(protocol.FLAGS.values()) == [1 << k for k in range(len(protocol.FLAGS))]


def test_every_limit_is_a_field_and_ends_with_a_declared_code() -> None:
    wire_names = [field.metadata["wire"] for field in dataclasses.fields(Limits)]
    assert wire_names == [limit.name for limit in protocol.LIMITS]
    assert Limits().to_wire() == protocol.DEFAULT_LIMITS
    assert {limit.code for limit in protocol.LIMITS} - {None} <= protocol.ERROR_CODES


@pytest.mark.parametrize("dtype", protocol.DTYPES, ids=lambda dtype: dtype.name)
def test_a_dtype_has_the_bytes_it_says(dtype: protocol.DType) -> None:
    limits = Limits()
    array = codec.array_from(dtype.name, (3,), bytes(3 * dtype.bytes), limits)
    assert dtype_name(array.dtype) == dtype.name
    assert dtype.bytes % np.dtype(dtype.stored).itemsize == 0
    with pytest.raises(SynjaxError):
        codec.array_from(dtype.name, (3,), bytes(3 * dtype.bytes - 1), limits)


def test_wide_dtypes_are_the_numbers_of_eight_bytes() -> None:
    stored = lambda dtype: np.dtype(dtype.stored).itemsize
    wide = {dtype.name for dtype in protocol.DTYPES if stored(dtype) == 8}
    assert set(protocol.WIDE_DTYPES) == wide


def test_the_interpreter_has_every_op_that_is_declared() -> None:
    assert set(STRUCTURAL) == set(protocol.STRUCTURAL_OPS)
    assert {*NESTED, "custom_self"} == set(protocol.NESTED_OPS)
    assert not set(registry.load().ops) & (set(protocol.STRUCTURAL_OPS) | set(protocol.NESTED_OPS))


def codes_of(path: Path) -> Iterator[str]:
    """The first arguments of the calls of SynjaxError that are written as strings."""
    for node in ast.walk(ast.parse(path.read_text())):
        called = getattr(node, "func", None)
        if isinstance(node, ast.Call) and getattr(called, "id", getattr(called, "attr", "")) == "SynjaxError":
            if node.args and isinstance(node.args[0], ast.Constant):
                yield node.args[0].value


def test_every_error_has_a_declared_code() -> None:
    used = {code for path in MODULES for code in codes_of(path)}
    assert len(used) > 15
    assert used <= protocol.ERROR_CODES
    assert protocol.ERROR_CODES == {
        code for group in protocol.document()["errors"].values() for code in group
    }


def test_no_module_writes_a_declaration_again() -> None:
    """The names of messages, limits, flags and tags are bound in `protocol` and imported everywhere else."""
    declared = {name for name in vars(protocol) if name.isupper()} - {"VERSION"}
    bound = [
        (path.name, target.id)
        for path in MODULES
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, (ast.Assign, ast.AnnAssign))
        for each in (node.targets if isinstance(node, ast.Assign) else [node.target])
        for target in ast.walk(each)
        if isinstance(target, ast.Name)
        and target.id in declared
        and path.relative_to(PACKAGE).parts[0] in ("worker", "runtime")
    ]
    assert bound == []
