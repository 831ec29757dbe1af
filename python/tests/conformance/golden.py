"""Inputs and right answers of every form by enumeration, for tests in other languages.

`npm run generate` writes what this prints: `python -m tests.conformance.golden`, one JSON object of the files of
`tests/golden` and their texts. An array is its dtype, its shape and its values in a row, in which -inf, inf and nan are
strings. Where a class has several arrays in an event, there is an object of them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import jax
import numpy as np

from synjax_worker import registry

from . import enumerator
from .case import Arrays
from .enumerator import Enumerator
from .oracle import Item, Oracle

MOST = 3  # extent of what lengths bound: few structures make small files
DIGITS = 9  # of an answer
DECIMALS = 4  # of an input


def golden(form: Enumerator, forbidden: bool) -> dict[str, Any]:
    """One form: a batch, another for divergences, all structures of each item, and what each query answers. It has
    items with forbidden parts, or has none.
    """
    form = form.of(
        {each.role.bounds: min(MOST, form.sizes[each.role.bounds]) for each in form.declared.lengths}
    )
    # An item that cannot have a structure has none to repeat; "nothing" tells how it is answered.
    lengths = [each for each in form.lengths() if len(jax.tree.leaves(form.table(each).events)[0])]
    full, part = lengths[-1], lengths[len(lengths) // 2]
    items = [("plain", full), ("plain", part), ("ties", part)]
    if forbidden:
        items += [("forbidden", full), ("nothing", full)]
    case = form.case(np.dtype(np.float64), items=items)
    arrays, other = rounded(case.arrays), rounded(case.other)
    oracle = Oracle(form, type(case)(arrays, other, case.kinds, case.lengths, case.full))
    most = max(len(item.scores) for item in oracle.items)
    return {
        "class": form.cls.__name__,
        "form": form.name,
        "options": written(arrays) | dict(form.options),
        "other": written(other) | dict(form.options),
        "structures": {
            "compact": written(together([table.compact for table in oracle.tables], most)),
            "scores": written(together([item.scores for item in oracle.items], most)),
            "count": [len(item.scores) for item in oracle.items],
        },
        "answers": {name: answers(form, name, oracle.items) for name in ANSWERS},
    }


def together(tables: list[Any], most: int) -> Any:
    """Trees (S ...) of each item as one (S B ...); an item with fewer structures has its last again."""
    repeat = lambda x: x[np.minimum(np.arange(most), len(x) - 1)]
    return jax.tree.map(lambda *items: np.stack([repeat(x) for x in items], 1), *tables)


ANSWERS = {
    "log_partition": lambda item: item.log_partition,
    "log_count": lambda item: np.log(item.count) if item.count else -np.inf,
    "entropy": lambda item: item.entropy,
    "kl_divergence": lambda item: item.divergence,
    "cross_entropy": lambda item: item.entropy + item.divergence,
    "max": lambda item: item.scores.max(initial=-np.inf),
    "marginals": lambda item: item.marginals,
    "log_marginals": lambda item: item.log_marginals,
}


def answers(form: Enumerator, name: str, items: list[Item]) -> Any:
    values = np.stack([ANSWERS[name](item) for item in items])
    return written(form.unflattened(values) if name.endswith("marginals") else values)


def rounded(arrays: Arrays) -> Arrays:
    return jax.tree.map(lambda x: np.round(x, DECIMALS) if x.dtype.kind == "f" else x, arrays)


def written(tree: Any) -> Any:
    """Arrays as JSON has them."""
    if isinstance(tree, Mapping):
        return {name: written(value) for name, value in tree.items()}
    if isinstance(tree, tuple):
        return [written(value) for value in tree]
    dtype = "float32" if tree.dtype.kind == "f" else "int32"
    return {"dtype": dtype, "shape": list(tree.shape), "data": [number(x) for x in tree.reshape(-1).tolist()]}


def number(x: float) -> Any:
    if isinstance(x, int):
        return x
    if not np.isfinite(x):
        return str(x)
    short = float(f"{x:.{DIGITS}g}")
    return int(short) if short.is_integer() else short


def to_text(document: dict[str, Any]) -> str:
    """JSON with an argument or an answer a line, so that a change is a line of a diff."""
    lines = []
    for name, value in document.items():
        if isinstance(value, dict):
            inner = ",\n".join(f"    {json.dumps(key)}: {json.dumps(each)}" for key, each in value.items())
            lines.append(f"  {json.dumps(name)}: {{\n{inner}\n  }}")
        else:
            lines.append(f"  {json.dumps(name)}: {json.dumps(value)}")
    return "{\n" + ",\n".join(lines) + "\n}\n"


def files() -> dict[str, str]:
    """Every file by its path in `tests/golden`. Classes of tests stand in a folder of their own."""
    known = {entry["name"] for entry in registry.load().document["distributions"]}
    found = {}
    for name, forms in enumerator.load().items():
        folder = "" if name in known else "toys/"
        for form in forms:
            # An optimistic program that refuses forbidden parts is compiled again. So the form that is asked every
            # query has none: they are in further forms, which are asked little, and in all forms of classes of tests.
            forbidden = form.name != name or name not in known
            found[f"{folder}{form.name}.json"] = to_text(golden(form, forbidden))
    return found


if __name__ == "__main__":
    print(json.dumps(files()))
