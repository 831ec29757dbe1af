"""What JAX says when it refuses an operation, in the words of programs: their users wrote no Python."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import jax

# What JAX says, and what that means. Groups of the pattern stand in the text as {0}, {1}, …
_MEANINGS = [
    (
        r"dot_general requires contracting dimensions",
        "the sizes that are summed over differ",
    ),
    (
        r"Incompatible shapes for broadcasting",
        "the shapes do not broadcast to one",
    ),
    (
        r"branches must have equal output types.*?has type (\S+) but .*?has type (\S+?),",
        "both functions must return the same types, but one returns {0} where the other returns {1}",
    ),
    (
        r"Pred must be a scalar, got .* of shape (\(.*?\))",
        "the condition must be one value, got shape {0}",
    ),
    (
        r"carry input and carry output must have equal types.*?has type (\S+) but .*?has type (\S+?),",
        "the state must keep its type: {0} goes in where {1} comes out",
    ),
    (
        r"cond_fun must return a boolean scalar, but got .*?\[ShapedArray\((.*?)\)",
        "the condition must return one boolean, got {0}",
    ),
    (
        r"Gradient only defined for scalar-output functions\. Output had shape: (\(.*?\))",
        "only a function that returns one number has a gradient; this one returns shape {0}",
    ),
    (
        r"scan got values with different leading axis sizes: (.*?)\.",
        "what is scanned over differs in length: {0}",
    ),
    (
        r"vmap got inconsistent sizes for array axes to be mapped",
        "the mapped axes differ in size",
    ),
    (
        r"invalid PRNG key data",
        "expected a key as random.key(seed) makes it",
    ),
    (
        r"Abstract tracer value encountered.*?(?:jnp\.\w+ argument '|specify a static value for `)(\w+)",
        "`{0}` must be known before the program runs: it cannot depend on the values of tensors, only on "
        "their sizes",
    ),
    (
        r"Abstract tracer value encountered|concrete values of integer type",
        "a shape or a number must be known before the program runs: it cannot depend on the values of "
        "tensors, only on their sizes",
    ),
]
_PATTERNS = [(re.compile(pattern, re.DOTALL), meaning) for pattern, meaning in _MEANINGS]

# Lines that speak of Python, of this package's own files, or of JAX's pages.
_FOREIGN = re.compile(
    r"^(If using `jit`|The error occurred while tracing|See https?://|\w+_fun is |Revise ).*$", re.MULTILINE
)

_SHOWN = 6  # operands


def refusal(error: Exception, operands: Sequence[Any]) -> str:
    """What was wrong, and with which operands."""
    said = str(error)
    for pattern, meaning in _PATTERNS:
        found = pattern.search(said)
        if found:
            return meaning.format(*found.groups()) + _described(operands)
    text = re.sub(r"\n\s*\n+", "\n", _FOREIGN.sub("", said)).strip()
    if not isinstance(error, (TypeError, ValueError)):
        text = f"{type(error).__name__}: {text}"
    return text + _described(operands)


def _described(operands: Sequence[Any]) -> str:
    """The types of the operands that are arrays, alone or in tuples."""
    types = [
        f"{leaf.dtype}[{','.join(map(str, leaf.shape))}]"
        for leaf in jax.tree.leaves([operand for operand in operands if not callable(operand)])
        if hasattr(leaf, "dtype") and hasattr(leaf, "shape")
    ]
    if not types:
        return ""
    more = f" and {len(types) - _SHOWN} more" if len(types) > _SHOWN else ""
    return f" (operands: {', '.join(types[:_SHOWN])}{more})"
