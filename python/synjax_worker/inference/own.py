"""A distribution of the user's own: two programs, of which one draws and one scores."""

from __future__ import annotations

import functools
from typing import Any, ClassVar

import jax
import jax.numpy as jnp

from ..errors import InvalidArgument
from ..runtime.checks import Code
from ..runtime.closure import Closure
from ..runtime.nested import nested
from .sites import as_numpyro


@functools.cache
def _class() -> type:
    from numpyro.distributions import Distribution, constraints

    class Own(Distribution):
        """Draws are (*batch *event); a score has the batch's shape, which says what of a draw is the event's."""

        arg_constraints: ClassVar = {}

        def __init__(self, draws: Closure, scores: Closure, like: Any = None) -> None:
            self.draws, self.scores = draws.quiet(), scores.quiet()
            draw = jax.eval_shape(self._draw, jax.random.key(0))
            batch = jax.eval_shape(self.log_prob, draw).shape
            if draw.shape[: len(batch)] != batch:
                raise InvalidArgument(
                    f"`logProb` gives shape {batch} for a draw of shape {draw.shape}: expected its first axes",
                    argument="logProb",
                    expected=f"the first axes of {draw.shape}",
                    received=str(batch),
                )
            event = draw.shape[len(batch) :]
            base = constraints.real if like is None else as_numpyro(like).support
            missing = len(event) - base.event_dim
            self._support = constraints.independent(base, missing) if missing > 0 else base
            self._is_discrete = not jnp.issubdtype(draw.dtype, jnp.floating)
            super().__init__(batch_shape=batch, event_shape=event)

        @property
        def support(self) -> Any:
            return self._support

        @property
        def is_discrete(self) -> bool:
            return self._is_discrete

        def _draw(self, key: Any) -> Any:
            (value,), _ = self.draws(key)
            return jnp.asarray(value)

        def sample(self, key: Any, sample_shape: tuple[int, ...] = ()) -> Any:
            if not sample_shape:
                return self._draw(key)
            count = functools.reduce(int.__mul__, sample_shape, 1)
            drawn = jax.vmap(self._draw)(jax.random.split(key, count))
            return drawn.reshape(*sample_shape, *drawn.shape[1:])

        def log_prob(self, value: Any) -> Any:
            (score,), _ = self.scores(value)
            return jnp.asarray(score)

    return Own


@nested("own_distribution")
def own_distribution(draws: Closure, scores: Closure, *, like: Any = None) -> tuple[Any, Code]:
    return _class()(draws, scores, like), None
