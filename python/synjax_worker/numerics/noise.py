"""Noise that perturbs log-potentials: functions of a key, a shape and a dtype."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax import Array, lax

from ..errors import InvalidArgument, wrong_value
from ..shapes import show
from .numeric import normal_key

NOISES = ("Sum-of-Gamma", "Gumbel", "None")

Noise = str | Callable[..., Array]


def sum_of_gamma(key: Array, shape: tuple[int, ...], dtype: Any, parts: Any, terms: int = 10) -> Array:
    """Noise of which `parts` independent draws add up to a Gumbel (Niepert, Minervini & Franceschi 2021, section 3.2).

    A Gumbel is the limit of many `terms` of a series; a finite number approximates it. `parts` below 1 count as 1.
    """
    parts = jnp.maximum(jnp.asarray(parts, dtype), 1)
    drawn = _gamma(normal_key(key), 1 / parts, (*shape, terms), dtype)
    inverse = 1 / jnp.arange(1, terms + 1, dtype=dtype)
    # The series is the sum over i of Gamma(1 / parts) * parts / i, less log(terms); all of it divided by `parts`.
    return jnp.sum(drawn * inverse, -1) - jnp.log(jnp.asarray(terms, dtype)) / parts


def _gamma(key: Array, alpha: Array, shape: tuple[int, ...], dtype: Any) -> Array:
    """Gamma variables of shape parameter `alpha`, at most 1 (Marsaglia & Tsang 2000, sections 2 and 6).

    `jax.random.gamma` draws one number after the other on a CPU. Here all that were refused are drawn again at once;
    more than 95 % are accepted each time.
    """
    alpha = lax.stop_gradient(alpha)
    d = alpha + 1 - 1 / 3
    scale = 1 / jnp.sqrt(9 * d)

    def attempt(carry):
        turn, waiting, drawn = carry
        of_normal, of_uniform = jax.random.split(jax.random.fold_in(key, turn))
        normal = jax.random.normal(of_normal, shape, dtype)
        uniform = jax.random.uniform(of_uniform, shape, dtype, jnp.finfo(dtype).tiny)
        v = (1 + scale * normal) ** 3
        bound = normal**2 / 2 + d - d * v + d * jnp.log(jnp.where(v > 0, v, 1))
        accepted = waiting & (v > 0) & (jnp.log(uniform) < bound)
        return turn + 1, waiting & ~accepted, jnp.where(accepted, d * v, drawn)

    first = (jnp.ones((), jnp.int32), jnp.ones(shape, bool), jnp.zeros(shape, dtype))
    _, _, of_one_more = lax.while_loop(lambda carry: jnp.any(carry[1]), attempt, first)
    uniform = jax.random.uniform(jax.random.fold_in(key, 0), shape, dtype, jnp.finfo(dtype).tiny)
    return of_one_more * uniform ** (1 / alpha)


def draw(noise: Noise, key: Array, shape: tuple[int, ...], dtype: Any, parts: Any) -> Array:
    """Noise by its name, or by a function `(key, shape, dtype)`; one of `(key, shape)`, as SynJax's are, will do.

    Args:
      parts: a number: how many parts of a structure's score a draw is one of. Only Sum-of-Gamma asks.

    Raises:
      InvalidArgument: the name is unknown, or the function answers with another shape.
    """
    if callable(noise):
        return _by_function(noise, key, shape, dtype)
    if noise == "Sum-of-Gamma":
        return sum_of_gamma(key, shape, dtype, parts)
    if noise == "Gumbel":
        return jax.random.gumbel(normal_key(key), shape, dtype)
    if noise == "None":
        return jnp.zeros(shape, dtype)
    expected = ", ".join(f'"{name}"' for name in NOISES) + " or a function (key, shape, dtype)"
    raise wrong_value("noise", noise, expected)


def _by_function(noise: Callable[..., Array], key: Array, shape: tuple[int, ...], dtype: Any) -> Array:
    arguments = (key, shape, dtype)
    try:
        inspect.signature(noise).bind(*arguments)
    except TypeError:
        arguments = (key, shape)
    drawn = jnp.asarray(noise(*arguments))
    if drawn.shape != shape:
        raise InvalidArgument(
            f"`noise` answered with shape {show(drawn.shape)}, expected {show(shape)}.",
            argument="noise",
            expected=show(shape),
            received=show(drawn.shape),
        )
    return drawn.astype(dtype)


def draw_like(noise: Noise, key: Array, tree: Any, parts: Any) -> Any:
    """Independent noise for every number of a tree of arrays."""
    leaves, treedef = jax.tree.flatten(tree)
    keys = jax.random.split(normal_key(key), len(leaves))
    drawn = [draw(noise, key, leaf.shape, leaf.dtype, parts) for key, leaf in zip(keys, leaves, strict=True)]
    return treedef.unflatten(drawn)


def perturb(potentials: Any, noise: Any, temperature: Any = 1) -> Any:
    """(potentials + noise) / temperature of two trees; what is -inf stays so, with derivative 0."""

    def one(x: Array, eta: Array) -> Array:
        possible = ~jnp.isneginf(x)
        return jnp.where(possible, (jnp.where(possible, x, 0) + eta) / jnp.asarray(temperature, x.dtype), x)

    return jax.tree.map(one, potentials, noise)
