"""Headers into messages: what a client sent is checked in full before anything else reads it."""

from __future__ import annotations

import unicodedata
from typing import Any

import msgpack

from ..dtypes import ELEMENTS
from ..errors import SynjaxError
from ..limits import Limits
from ..protocol import (
    BUNDLE_BYTES,
    BUNDLE_MESSAGES,
    FIELDS,
    FLAGS,
    HASH_BYTES,
    INPUT_ARRAY,
    INPUT_FILE,
    INPUT_FLOAT,
    INPUT_INT,
    LARGEST_ID,
    NAMED_FLOATS,
    SHARED_NAME_LENGTH,
    TREE_DICT,
    TREE_LIST,
    WEAK_INT_BITS,
)
from .codec import ArrayType, Compile, Fetch, FileArray, HostArray, Launch, Share, Take, Unshare, Weak

_LONGEST_PATH, _LONGEST_STAMP = 4_096, 100  # characters
_BEGINNING = 64  # bytes in which a header's type and seq stand
_WEAK_INTS = range(-(1 << WEAK_INT_BITS - 1), 1 << WEAK_INT_BITS - 1)


def unpack_header(frame: bytes) -> list:
    """The header's fields. Raises SynjaxError (BAD_MESSAGE)."""
    try:
        header = msgpack.unpackb(frame)
    except Exception as error:
        raise _bad(f"the header is not msgpack: {type(error).__name__}") from error
    if type(header) is not list or len(header) < 2 or type(header[0]) is not int:
        raise _bad("the header is not [type, seq, ...]")
    _identifier(header[1], "seq")
    return header


def seq_of(frame: bytes) -> int:
    """The seq of a header that is too long to be read; 0 where there is none."""
    unpacker = msgpack.Unpacker()
    unpacker.feed(frame[:_BEGINNING])
    try:
        fields = unpacker.read_array_header()
        _, seq = unpacker.unpack(), unpacker.unpack()
        return _identifier(seq, "seq") if fields > 1 else 0
    except Exception:  # whatever it is, it is no seq
        return 0


def parse_launch(header: list, *, files: bool = False) -> Launch:
    """Raises SynjaxError (BAD_MESSAGE) for anything that is not a launch. With `files` inputs may stand in files."""
    _check_fields(header, "launch")
    _, seq, hash_, has_body, inputs, first_output, outputs, wants, donated, frees, flags = header
    _program(hash_, has_body, flags)
    _identifier(first_output, "firstOutput")
    _identifier(outputs, "nOutputs")
    _positions(wants, outputs, "wants")
    if len(set(wants)) < len(wants):
        raise _bad("wants has a result twice")
    _list(inputs, "inputs")
    _positions(donated, len(inputs), "donated")
    _identifiers(frees, "frees")
    return Launch(
        seq,
        hash_,
        bool(has_body),
        [_file_or_input(item) for item in inputs] if files else [_input(item) for item in inputs],
        first_output,
        outputs,
        wants,
        tuple(donated),
        frees,
        flags,
    )


def parse_bundle(header: list) -> list[bytes]:
    """The headers in a bundle. Raises SynjaxError (BAD_MESSAGE)."""
    _check_fields(header, "bundle")
    frames = _list(header[2], "headers")
    if len(frames) > BUNDLE_MESSAGES or not all(type(frame) is bytes for frame in frames):
        raise _bad(f"a bundle has at most {BUNDLE_MESSAGES} headers, which are byte strings")
    if sum(map(len, frames)) > BUNDLE_BYTES:
        raise _bad(f"the headers of a bundle have at most {BUNDLE_BYTES} bytes")
    return frames


def parse_python(header: list) -> str:
    """Raises SynjaxError (BAD_MESSAGE)."""
    _check_fields(header, "python")
    if type(header[2]) is not str:
        raise _bad("what is asked of Python is a text")
    return header[2]


def parse_compile(header: list) -> Compile:
    """Raises SynjaxError (BAD_MESSAGE) for anything that is not a compile."""
    _check_fields(header, "compile")
    _, seq, hash_, has_body, inputs, donated, flags = header
    _program(hash_, has_body, flags)
    _positions(donated, len(_list(inputs, "inputs")), "donated")
    types = [_input_type(item) for item in inputs]
    return Compile(seq, hash_, bool(has_body), types, tuple(donated), flags)


def _check_fields(header: list, message: str) -> None:
    count = 1 + len(FIELDS[message])
    if len(header) != count:
        raise _bad(f"a {message} has {count} fields; received {len(header)}")


def _program(hash_: Any, has_body: Any, flags: Any) -> None:
    if type(hash_) is not bytes or len(hash_) != HASH_BYTES:
        raise _bad(f"a program's hash is {HASH_BYTES} bytes")
    if (
        type(has_body) not in (int, bool)
        or has_body not in (0, 1)
        or type(flags) is not int
        or not 0 <= flags <= sum(FLAGS.values())
    ):
        raise _bad("hasBody is 0 or 1, flags are bits")


def parse_fetch(header: list) -> Fetch:
    _check_fields(header, "fetch")
    _, seq, handles, frees = header
    return Fetch(seq, _identifiers(handles, "handles"), _identifiers(frees, "frees"))


def parse_ids(header: list, what: str) -> list[int]:
    """The ids of a free or a cancel."""
    if len(header) != 3:
        raise _bad(f"{what}: 3 fields; received {len(header)}")
    return _identifiers(header[2], what)


def parse_hashes(header: list) -> list[bytes]:
    if len(header) != 3 or any(type(item) is not bytes for item in _list(header[2], "hashes")):
        raise _bad("a forget has the hashes of programs")
    return header[2]


def parse_share(header: list, limits: Limits) -> Share:
    """Raises SynjaxError (BAD_MESSAGE) for anything that is not a share, or has a tree beyond the limits."""
    _check_fields(header, "share")
    _, seq, name, tree, replace = header
    if type(replace) is not bool:
        raise _bad("replace is a bool")
    return Share(seq, _name(name), *_tree(tree, limits), replace)


def parse_take(header: list) -> Take:
    """Raises SynjaxError (BAD_MESSAGE) for anything that does not take a shared tree."""
    _check_fields(header, "shared")
    _, seq, name, first_handle = header
    return Take(seq, _name(name), _identifier(first_handle, "firstHandle"))


def parse_unshare(header: list) -> Unshare:
    """Raises SynjaxError (BAD_MESSAGE) for anything that is not an unshare."""
    _check_fields(header, "unshare")
    return Unshare(header[1], _name(header[2]))


def _name(name: Any) -> str:
    """The name of a shared tree. The characters are those that a log line can have."""
    if type(name) is not str or not 1 <= len(name) <= SHARED_NAME_LENGTH or not _is_text(name):
        raise _bad(f"a name has 1 to {SHARED_NAME_LENGTH} characters and no control characters")
    return name


def _is_text(name: str) -> bool:
    return not any(unicodedata.category(character) in ("Cc", "Cs") for character in name)


def _tree(nodes: Any, limits: Limits) -> tuple[list, list[int]]:
    """A tree with its leaves numbered, and the handles that are its leaves."""
    numbered: list[Any] = []
    handles: list[int] = []
    missing = [
        1
    ]  # children that are still to come, of the node that is being read and of those that it is in
    for node in _list(nodes, "a tree"):
        while missing and missing[-1] == 0:
            missing.pop()
        if not missing:
            raise _bad("a tree goes on after its end")
        missing[-1] -= 1
        if node is not None and type(node) is not list:
            numbered.append(len(handles))
            handles.append(_identifier(node, "a leaf"))
            continue
        numbered.append(node)
        if node is not None:
            missing.append(_children(node))
            if len(missing) > limits.nesting:
                raise _bad(f"a tree is nested deeper than {limits.nesting}")
    if any(missing):
        raise _bad("a tree ends too early")
    if len(handles) > limits.results:
        raise _bad(f"{len(handles)} leaves of a tree; at most {limits.results}")
    return numbered, handles


def _children(branch: list) -> int:
    """How many children a branch of a tree has."""
    tag, *rest = branch or [None]
    if tag == TREE_LIST and type(tag) is int and len(rest) == 1:
        return _identifier(rest[0], "the number of children")
    if tag == TREE_DICT and type(tag) is int and all(type(key) is str for key in rest):
        if len(set(rest)) < len(rest):
            raise _bad("a dict has a key twice")
        return len(rest)
    raise _bad(f"a branch of a tree cannot be {branch!s:.80}")


def _input(item: Any) -> int | Weak | HostArray:
    if type(item) is int:
        return _identifier(item, "a handle")
    if type(item) is not list or len(item) < 2:
        raise _bad("an input is a handle, a number or a host array")
    tag, value = item[0], item[1]
    if tag == INPUT_ARRAY and len(item) in (3, 4):
        return _host_array(item)
    if len(item) == 2 and tag == INPUT_INT and type(value) is int and value in _WEAK_INTS:
        return Weak(value)
    if len(item) == 2 and tag == INPUT_FLOAT and (type(value) in (int, float) or value in NAMED_FLOATS):
        return Weak(float(value))
    raise _bad(f"an input cannot be {item!s:.80}")


def _file_or_input(item: Any) -> int | Weak | HostArray | FileArray:
    if type(item) is not list or len(item) != 6 or item[0] != INPUT_FILE:
        return _input(item)
    dtype, shape = _dtype_and_shape(item)
    path, offset, stamp = item[3:]
    for text, longest in ((path, _LONGEST_PATH), (stamp, _LONGEST_STAMP)):
        if type(text) is not str or len(text) > longest or not _is_text(text):
            raise _bad("an array in a file has a path and a stamp, which are texts")
    if dtype in ("key", "bool"):
        raise _bad(f"a {dtype} does not stand in a file")
    return FileArray(dtype, shape, path, _identifier(offset, "an offset"), stamp)


def _input_type(item: Any) -> int | Weak | ArrayType:
    if type(item) is list and len(item) == 4 and item[0] == INPUT_ARRAY:
        if type(item[3]) is not bool:
            raise _bad("an array's type is [1, dtype, shape, weak]")
        return ArrayType(*_dtype_and_shape(item), item[3])
    found = _input(item)
    if type(found) is HostArray:
        raise _bad("a compile takes types, not arrays")
    return found


def _host_array(item: list) -> HostArray:
    dtype, shape = _dtype_and_shape(item)
    data = item[3] if len(item) == 4 else None
    if len(item) == 4 and type(data) is not bytes:
        raise _bad("inline data are bytes")
    return HostArray(dtype, shape, data)


def _dtype_and_shape(item: list) -> tuple[str, tuple[int, ...]]:
    dtype, shape = item[1], _list(item[2], "a shape")
    if type(dtype) is not str or dtype not in ELEMENTS:
        raise _bad(f"no dtype {dtype!r:.50}")
    if any(type(size) is not int or not 0 <= size < LARGEST_ID for size in shape):
        raise _bad(f"a shape cannot be {shape!s:.80}")
    return dtype, tuple(shape)


def _identifier(value: Any, what: str) -> int:
    if type(value) is not int or not 0 <= value < LARGEST_ID:
        raise _bad(f"{what} must be an id; received {value!s:.50}")
    return value


def _identifiers(values: Any, what: str) -> list[int]:
    for value in _list(values, what):
        _identifier(value, what)
    return values


def _positions(values: Any, count: int, what: str) -> list[int]:
    for value in _list(values, what):
        if type(value) is not int or not 0 <= value < count:
            raise _bad(f"{what}: {value!s:.50} of {count}")
    return values


def _list(value: Any, what: str) -> list:
    if type(value) is not list:
        raise _bad(f"{what} must be a list; received {type(value).__name__}")
    return value


def _bad(message: str) -> SynjaxError:
    return SynjaxError("BAD_MESSAGE", message)
