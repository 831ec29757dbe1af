"""A tree of arrays as one vector of 32-bit words, and back.

The state of a sampler or an optimizer has a structure that NumPyro chooses. As words it is one tensor, which a program
returns, a file keeps and another process goes on from.
"""

from __future__ import annotations

import math
from typing import Any

import jax
import jax.numpy as jnp
from jax import Array, lax


def packed(tree: Any) -> Array:
    """uint32[words] of all leaves in turn."""
    parts = [_words_of(leaf) for leaf in jax.tree.leaves(tree)]
    return jnp.concatenate(parts) if parts else jnp.zeros(0, jnp.uint32)


def unpacked(words: Array, like: Any) -> Any:
    """The tree that was packed; `like` has its structure, shapes and dtypes.

    Raises ValueError where `words` are of another tree.
    """
    leaves, treedef = jax.tree.flatten(like)
    counts = [_count(leaf) for leaf in leaves]
    if words.shape != (sum(counts),):
        raise ValueError(f"{words.shape} words where the state of this model has {sum(counts)}")
    found, start = [], 0
    for leaf, count in zip(leaves, counts, strict=True):
        found.append(_of_words(words[start : start + count], leaf))
        start += count
    return jax.tree.unflatten(treedef, found)


def _is_key(leaf: Any) -> bool:
    return jnp.issubdtype(jnp.result_type(leaf), jax.dtypes.prng_key)


def _count(leaf: Any) -> int:
    if _is_key(leaf):
        return math.prod(jax.random.key_data(leaf).shape)
    return math.prod(jnp.shape(leaf)) * (2 if jnp.result_type(leaf).itemsize == 8 else 1)


def _words_of(leaf: Any) -> Array:
    leaf = jax.random.key_data(leaf) if _is_key(leaf) else jnp.asarray(leaf)
    if leaf.dtype.itemsize >= 4:
        return lax.bitcast_convert_type(leaf, jnp.uint32).reshape(-1)
    if jnp.issubdtype(leaf.dtype, jnp.floating):
        return lax.bitcast_convert_type(leaf.astype(jnp.float32), jnp.uint32).reshape(-1)
    return leaf.astype(jnp.uint32).reshape(-1)


def _of_words(words: Array, like: Any) -> Array:
    if _is_key(like):
        data = words.reshape(jax.random.key_data(like).shape)
        return jax.random.wrap_key_data(data, impl=jax.random.key_impl(like))
    dtype, shape = jnp.result_type(like), jnp.shape(like)
    if dtype.itemsize == 8:
        return lax.bitcast_convert_type(words.reshape(*shape, 2), dtype)
    if dtype.itemsize == 4:
        return lax.bitcast_convert_type(words.reshape(shape), dtype)
    if jnp.issubdtype(dtype, jnp.floating):
        return lax.bitcast_convert_type(words.reshape(shape), jnp.float32).astype(dtype)
    return words.reshape(shape).astype(dtype)
