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
        r"branches must have equal output types.*?has type (\S+) but .*?has type (\S+?),\s",
        "both functions must return the same types, but one returns {0} where the other returns {1}",
    ),
    (
        r"Pred must be a scalar, got .* of shape (\(.*?\))",
        "the condition must be one value, got shape {0}",
    ),
    (
        r"carry input and carry output must have equal types.*?has type (\S+) but .*?has type (\S+?),\s",
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
        r"scan got no values to scan over",
        "there is nothing to scan over: give `xs`, or `length`",
    ),
    (
        r"Branch index must be scalar, got .* of shape (\(.*?\))",
        "the index must be one whole number, got shape {0}",
    ),
    (
        r"Index type must be an integer, got .* as (\w+)",
        "the index must be one whole number, got {0}",
    ),
    (
        r"Reverse-mode differentiation does not work for lax.while_loop",
        "a gradient cannot go backwards through `while_loop`, which does not know how often it turns: use `scan` with "
        "a length, or go forwards with `jvp` or `jacfwd`",
    ),
    (
        r"different primal and tangent shapes;Got primal shape (\(.*?\)) and tangent shape as (\(.*?\))",
        "a direction has shape {1} where its point has {0}",
    ),
    (
        r"Got primal dtype (\w+) and so .* but got tangent dtype (\w+)",
        "a direction is {1} where its point is {0}",
    ),
    (
        r"for argument to VJP function: got (\S+), but expected (\S+)",
        "a cotangent is {0} where the value is {1}",
    ),
    (
        r"Custom VJP bwd rule must .* output of type (\S+) corresponding to an input of type (\S+?),\s",
        "a derivative that `bwd` returns is {0} where the argument is {1}",
    ),
    (
        r"Custom JVP rule must .* Expected (\S+) .* but got (\S+?)\.$",
        "a tangent that `defjvp` returns is {1} where the value is {0}",
    ),
    (
        r"Linearization failed to produce known values",
        "a value that a rule of `custom_jvp` returns depends on its tangents",
    ),
    (
        r"Transpose rule \(for reverse-mode differentiation\) for '(\w+)' not implemented",
        "this has no derivative backwards ({0}); a rule of `custom_jvp` must be linear in its tangents",
    ),
    (
        r"Array inputs to associative_scan must have the same first dimension\. \(saw: \[(.*)\]\)",
        "what is scanned over differs in length: shapes {0}",
    ),
    (
        r"vmap wrapped function must be passed at least one|vmap must have at least one non-None",
        "nothing is mapped over: give `in_axes` an axis, or `axis_size`",
    ),
    (
        r"got axis spec None but output was batched",
        "a result whose `out_axes` is null is not the same for all items",
    ),
    (
        r"vmap got inconsistent sizes for array axes to be mapped",
        "the mapped axes differ in size",
    ),
    (
        r"No VJP is available",
        "an exported program has a gradient only if it was exported with one: `serialize(vjp_order=1)`",
    ),
    (
        r"Batching rule for 'call_exported' not implemented",
        "`vmap` cannot map an exported program: use `map`, or export it with an axis for items",
    ),
    (
        r"can't apply forward-mode autodiff \(jvp\) to a custom_vjp function",
        "this has derivatives backwards only, by `grad` and `vjp`",
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
