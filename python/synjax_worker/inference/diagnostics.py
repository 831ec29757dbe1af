"""Whether Markov chains have mixed, and what they found: of draws (chain draw *event), each element of an event apart.

The estimators are those of `numpyro.diagnostics`, as JAX has them: under `jit` and `vmap`, on any device. Inside they
are in 64 bits, of draws less their chain's first: a mean that is far from 0 costs no digits, and a chain that does not
move has a variance of 0 and no rounding error in its place. What comes out has the float dtype of the draws.

Sources: Gelman et al., Bayesian Data Analysis, 3rd ed., section 11.4 (split R-hat); Geyer, Practical Markov Chain
Monte Carlo, Statistical Science 7 (1992), section 3.3 (initial monotone sequence); Stan Reference Manual, chapter on
posterior analysis (their combination over chains).
"""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array, lax

from ..errors import wrong_value


class Summary(NamedTuple):
    """Of each element of an event, (*event)."""

    mean: Array
    std: Array  # with n - 1
    median: Array
    lower: Array  # the ends of the narrowest interval
    upper: Array
    n_eff: Array
    r_hat: Array


def split_gelman_rubin(x: Any) -> Array:
    """R-hat of the halves of each chain: near 1 where chains agree with each other and with themselves.

    Args:
      x: (chain draw *event), at least 4 draws; of an odd number the one in the middle is left out.

    Returns:
      (*event). NaN where no draw differs from another, or one is NaN.

    Raises:
      InvalidArgument: too few draws, or complex ones.
    """
    x, dtype = _draws(x, least=4)
    half = x.shape[1] // 2
    with jax.enable_x64(True):
        halves = jnp.concatenate([x[:, :half], x[:, -half:]])
        within, pooled = _variances(_centred(halves))
        return jnp.sqrt(pooled / within).astype(dtype)


def effective_sample_size(x: Any) -> Array:
    """How many independent draws would tell as much about the mean: Geyer's initial monotone sequence.

    Args:
      x: (chain draw *event), at least 2 draws.

    Returns:
      (*event). NaN where no draw differs from another, or one is NaN.

    Raises:
      InvalidArgument: too few draws, or complex ones.
    """
    x, dtype = _draws(x, least=2)
    with jax.enable_x64(True):
        centred = _centred(x)
        within, pooled = _variances(centred)
        autocovariance = _autocovariance(centred.deviations).mean(0)  # (lag *event)
        correlation = (1 - (within - autocovariance) / pooled).at[0].set(1)
        pairs = correlation[:-1:2] + correlation[1::2]
        later = lax.cummin(jnp.maximum(pairs[1:], 0), axis=0)
        time = 2 * (pairs[0] + later.sum(0)) - 1
        return (x.shape[0] * x.shape[1] / time).astype(dtype)


def hpdi(x: Any, *, prob: float = 0.9) -> Array:
    """The narrowest interval that holds a share `prob` of the draws of all chains.

    Args:
      x: (chain draw *event), at least 1 draw.
      prob: the share, between 0 and 1.

    Returns:
      (2 *event): its lower and its upper end.

    Raises:
      InvalidArgument: no draws, complex ones, or a share that is none.
    """
    x, dtype = _draws(x, least=1)
    with jax.enable_x64(True):
        return jnp.stack(_narrowest(_in_order(x), prob)).astype(dtype)


def summary(x: Any, *, prob: float = 0.9) -> Summary:
    """Mean, standard deviation, median, the ends of the narrowest interval of a share `prob`, effective sample size and
    split R-hat.

    Args:
      x: (chain draw *event), at least 4 draws.
      prob: the share, between 0 and 1.

    Raises:
      InvalidArgument: too few draws, complex ones, or a share that is none.
    """
    draws, dtype = _draws(x, least=4)
    with jax.enable_x64(True):
        ordered = _in_order(draws)
        lower, upper = _narrowest(ordered, prob)
        count = len(ordered)
        wide = ordered.astype(jnp.float64)
        moved = wide - wide[count // 2]
        deviation = jnp.sqrt(jnp.square(moved - moved.mean(0)).sum(0) / (count - 1))
        median = (wide[(count - 1) // 2] + wide[count // 2]) / 2
        median = jnp.where(jnp.isnan(wide[-1]), jnp.nan, median)  # NaN stands last in order
        found = (each.astype(dtype) for each in (wide.mean(0), deviation, median, lower, upper))
    return Summary(*found, effective_sample_size(x), split_gelman_rubin(x))


class _Centred(NamedTuple):
    deviations: Array  # (chain draw *event): from the mean of the chain
    means: Array  # (chain *event): less the first draw of the first chain


def _centred(x: Array) -> _Centred:
    wide = x.astype(jnp.float64)
    first = wide[:, :1]
    moved = wide - first
    means = moved.mean(1, keepdims=True)
    return _Centred(moved - means, (first - first[:1] + means)[:, 0])


def _variances(centred: _Centred) -> tuple[Array, Array]:
    """(*event) twice: the mean of the chains' variances, and the estimate from within and between them."""
    chains, draws = centred.deviations.shape[:2]
    within = (jnp.square(centred.deviations).sum(1) / (draws - 1)).mean(0)
    pooled = within * (draws - 1) / draws
    if chains == 1:
        return pooled, pooled
    apart = centred.means - centred.means.mean(0)
    return within, pooled + jnp.square(apart).sum(0) / (chains - 1)


def _autocovariance(deviations: Array) -> Array:
    """(chain lag *event) of (chain draw *event), divided by the number of draws at every lag."""
    draws = deviations.shape[1]
    padded = 1 << (2 * draws - 1).bit_length()  # of a shorter one the ends would meet
    if jax.default_backend() == "tpu":  # which has no transform in 64 bits
        deviations = deviations.astype(jnp.float32)
    waves = jnp.fft.rfft(deviations, padded, axis=1)
    power = jnp.square(waves.real) + jnp.square(waves.imag)
    return jnp.fft.irfft(power, padded, axis=1)[:, :draws] / draws


def _in_order(x: Array) -> Array:
    """(n *event): the draws of all chains."""
    return jnp.sort(x.reshape(-1, *x.shape[2:]), axis=0)


def _narrowest(ordered: Array, prob: float) -> tuple[Array, Array]:
    """(*event) twice: the ends of the first of the narrowest intervals of a share of (n *event)."""
    if not 0 < prob < 1:
        raise wrong_value("prob", prob, "a share above 0 and below 1")
    inside = int(prob * len(ordered))
    widths = ordered[inside:] - ordered[: len(ordered) - inside]
    least = (widths == widths.min(0)) | jnp.isnan(widths)
    start = lax.argmax(least, 0, jnp.int32)[
        None
    ]  # no argmin in 64 bits, nor an index, where x64 is not on outside
    lower, upper = (jnp.take_along_axis(ordered, at, axis=0)[0] for at in (start, start + inside))
    return lower, upper


def _draws(x: Any, *, least: int) -> tuple[Array, Any]:
    """The draws as floats, and the dtype of results. Whole numbers are in 64 bits, which lose none of them.

    Raises InvalidArgument where they are not (chain draw *event), or fewer than `least`.
    """
    x = jnp.asarray(x)
    if x.ndim < 2 or x.shape[0] < 1 or x.shape[1] < least or jnp.iscomplexobj(x):
        plural = "s" if least > 1 else ""
        raise wrong_value("x", x, f"real draws (chain draw *event), of a chain at least {least} draw{plural}")
    if jnp.issubdtype(x.dtype, jnp.floating):
        return x, x.dtype
    dtype = jnp.zeros((), float).dtype
    with jax.enable_x64(True):
        return x.astype(jnp.float64), dtype
