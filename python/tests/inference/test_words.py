"""A tree as words and back."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from synjax_worker.inference.words import packed, unpacked


def tree() -> dict:
    return {
        "float": jnp.asarray([[1.5, -0.0], [jnp.nan, jnp.inf]], jnp.float32),
        "double": jnp.asarray([np.pi, -1e300], jnp.float64),
        "half": jnp.asarray([0.5, 65504.0], jnp.float16),
        "brain": jnp.asarray(3.0, jnp.bfloat16),
        "int": jnp.asarray(-7, jnp.int32),
        "long": jnp.asarray([2**40, -1], jnp.int64),
        "byte": jnp.asarray([0, 255], jnp.uint8),
        "bool": jnp.asarray([True, False]),
        "key": jax.random.split(jax.random.key(5), 2),
        "empty": jnp.zeros((0, 3)),
    }


def test_a_tree_comes_back_bit_by_bit():
    with jax.enable_x64(True):
        given = tree()
        words = packed(given)
        assert words.dtype == jnp.uint32
        back = unpacked(words, jax.tree.map(jnp.zeros_like, given | {"key": None}) | {"key": given["key"]})
        for name, value in given.items():
            assert back[name].dtype == value.dtype, name
            if name != "key":
                assert np.asarray(back[name]).tobytes() == np.asarray(value).tobytes(), name
        assert (jax.random.key_data(back["key"]) == jax.random.key_data(given["key"])).all()


def test_the_words_of_another_tree_are_refused():
    with pytest.raises(ValueError, match=r"\(3,\) words where the state of this model has 2"):
        unpacked(jnp.zeros(3, jnp.uint32), [jnp.zeros(2)])
