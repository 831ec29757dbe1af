"""Files of programs, written here by the format's description alone."""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path
from typing import Any

import msgpack
import numpy as np

from synjax_worker import registry
from synjax_worker.registry import signatures

DTYPES = {
    "float32": "F32",
    "int32": "I32",
    "bool": "BOOL",
    "int64": "I64",
    "float64": "F64",
    "bfloat16": "BF16",
}


def program(inputs: int, captures: int, equations: list, outputs: list) -> bytes:
    """The bytes of a program of one body."""
    return msgpack.packb([1, [[inputs, captures, equations, outputs]]])


def leaf(dtype: str, *shape: Any) -> dict[str, Any]:
    return {"dtype": dtype, "shape": list(shape)}


def type_of(array: np.ndarray) -> dict[str, Any]:
    return {"dtype": str(array.dtype), "shape": list(array.shape)}


def metadata_of(
    programs: list[bytes], functions: dict, tensors: dict[str, np.ndarray], **schema: Any
) -> dict[str, str]:
    """What a whole file says, but for the hash of its header."""
    ops = registry.load().ops
    used = {
        equation[0]
        for each in programs
        for bodies in msgpack.unpackb(each)[1:]
        for body in bodies
        for equation in body[2]
    }
    said = {
        "functions": functions,
        "weights": {name: type_of(each) for name, each in tensors.items() if name.startswith("params")},
        "weightsFile": None,
        "programs": [hashlib.sha256(each).hexdigest() for each in programs],
    } | schema
    hashes = {name: signatures.signature_hash(name, ops) for name in sorted(used)}
    return {
        "synjax": "1",
        "writer": "0.1.0",
        "registry": registry.load().hash,
        "schema": json.dumps(said),
        **{f"program.{k}": base64.b64encode(each).decode() for k, each in enumerate(programs)},
        "ops": json.dumps(
            {name: hash_ for name, hash_ in hashes.items() if not signatures.is_class(name, ops)}
        ),
        "classes": json.dumps(
            {name: hash_ for name, hash_ in hashes.items() if signatures.is_class(name, ops)}
        ),
        "tensors": json.dumps(
            {name: hashlib.sha256(each.tobytes()).hexdigest() for name, each in tensors.items()}
        ),
    }


def packed(tensors: dict[str, np.ndarray], metadata: dict[str, str] | None, **entries: dict) -> bytes:
    """A safetensors file, with the hash of its header where it has metadata. `entries` stand in the place of those
    that would be right.
    """
    fields: dict[str, Any] = {}
    if metadata is not None:
        fields["__metadata__"] = metadata | {"sha256": "0" * 64}
    end = 0
    for name, array in tensors.items():
        fields[name] = {
            "dtype": DTYPES[str(array.dtype)],
            "shape": list(array.shape),
            "data_offsets": [end, end := end + array.nbytes],
        }
    header = json.dumps(fields | entries, separators=(",", ":")).encode()
    header += b" " * (-(8 + len(header)) % 64)
    whole = len(header).to_bytes(8, "little") + header
    if metadata is not None:
        digest = hashlib.sha256(whole).hexdigest()
        whole = whole.replace(b'"sha256":"' + b"0" * 64, b'"sha256":"' + digest.encode())
    return whole + b"".join(array.tobytes() for array in tensors.values())


def tagger() -> tuple[list[bytes], dict, dict[str, np.ndarray]]:
    """The best tags, and the log-partition: programs, functions and weights."""
    made = ["LinearChainCRF", [], ["emission", -3, "initial", -1, "lengths", -4, "transition", -2]]
    tag = program(4, 0, [made, ["LinearChainCRF.argmax", [0]], ["LinearChainCRF.decode", [0, 1]]], [2])
    score = program(
        4, 0, [made, ["LinearChainCRF.log_partition", [0]], ["LinearChainCRF.marginals", [0]]], [1, 2]
    )
    inputs = [
        {"weight": "params.initial"},
        {"weight": "params.transition"},
        leaf("float32", "b", "n", 2),
        leaf("int32", "b"),
    ]
    arguments = [{"name": "emission", "tree": 2}, {"name": "lengths", "tree": 3}]
    of = {"arguments": arguments, "inputs": inputs, "flags": {"batchable": True}}
    functions = {
        "tag": {"program": 0, "results": 0, "outputs": [leaf("int32", None, None)]} | of,
        "score": {
            "program": 1,
            "results": {"dict": {"logZ": 0, "parts": {"list": [1, None]}}},
            "outputs": [{}, {}],
        }
        | of,
    }
    weights = {
        "params.initial": np.array([0.25, -0.5], np.float32),
        "params.transition": np.array([[0.5, -1], [-1, 0.5]], np.float32),
    }
    return [tag, score], functions, weights


def tagger_of_one() -> tuple[list[bytes], dict, dict[str, np.ndarray]]:
    """The same for one sentence at a time."""
    programs, functions, weights = tagger()
    for of in functions.values():
        of["inputs"] = [*of["inputs"][:2], leaf("float32", "n", 2), leaf("int32")]
    functions["tag"]["outputs"] = [leaf("int32", None)]
    return programs, functions, weights


def written(directory: Path, data: bytes, name: str = "tagger.synjax") -> Path:
    path = directory / name
    path.write_bytes(data)
    return path
