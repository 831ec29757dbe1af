"""A gradient for a best structure that has none: implicit maximum-likelihood estimation."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp

from .noise import perturb


@partial(jax.custom_vjp, nondiff_argnums=(0,))
def implicit_mle(
    argmax: Callable[[Any, Any], Any], theta: Any, eta: Any, aux: Any, temperature: Any, learning_rate: Any
) -> Any:
    """The best structure z of potentials theta + temperature * eta, with a gradient by theta.

    Given the gradient g of a loss by z, the gradient by theta is z - z', where z' is the best structure of
    theta - learning_rate * g + temperature * eta: of potentials moved towards a smaller loss, under the same noise. It
    is 0 for the other arguments, and where theta is -inf (Niepert, Minervini & Franceschi 2021, Algorithm 1).

    Args:
      argmax: `argmax(theta, aux)` is a best structure: a tree of the same shapes and dtypes as theta. It closes over
        no traced array; `aux` carries what it needs.
      theta: a tree of potentials.
      eta: noise, a tree like theta.
    """
    return argmax(_perturbed(theta, eta, temperature), aux)


def _perturbed(theta: Any, eta: Any, temperature: Any) -> Any:
    return perturb(theta, jax.tree.map(lambda x: x * jnp.asarray(temperature, x.dtype), eta))


def _forward(argmax, theta, eta, aux, temperature, learning_rate):
    best = implicit_mle(argmax, theta, eta, aux, temperature, learning_rate)
    return best, (best, theta, eta, aux, temperature, learning_rate)


def _backward(argmax, residuals, gradient):
    best, theta, eta, aux, temperature, learning_rate = residuals
    moved = perturb(theta, jax.tree.map(lambda g: -jnp.asarray(learning_rate, g.dtype) * g, gradient))
    target = argmax(_perturbed(moved, eta, temperature), aux)
    return jax.tree.map(jnp.subtract, best, target), None, None, None, None


implicit_mle.defvjp(_forward, _backward)
