"""Structures that were summed over, given draws of the other variables: from their exact posterior."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
from jax import Array, lax

from ..errors import InvalidArgument
from ..runtime.checks import Code
from ..runtime.closure import Closure
from ..runtime.nested import nested
from .sites import MARGINALIZED, model_of

# How many draws are looked at at once, at most.
_AT_ONCE = 64


def _at_once(count: int) -> int:
    """A number that divides them where there is a large one: `lax.map` compiles what is done with a remainder apart."""
    largest = max(each for each in range(1, min(count, _AT_ONCE) + 1) if count % each == 0)
    return largest if largest >= _AT_ONCE // 4 or largest == count else _AT_ONCE


@nested("posterior_structure")
def posterior_structure(
    program: Closure,
    *args: Any,
    name: str,
    query: str,
    draws: Mapping[str, Array],
    key: Array | None = None,
) -> tuple[Any, Code]:
    """What is asked of the structure `name`, given each of the draws (chain draw ...): "sample", (chain draw ...), or
    "marginals", in the mean of the draws.
    """
    model = model_of(program)
    shape = next(iter(draws.values())).shape[:2]
    rows = {each: value.reshape(-1, *value.shape[2:]) for each, value in draws.items()}

    def structure(values: Mapping[str, Array]) -> Any:
        from numpyro import handlers

        placed = handlers.substitute(handlers.seed(model, jax.random.key(0)), data=dict(values))
        site = handlers.trace(placed).get_trace(*args).get(name)
        if site is None or site["type"] != MARGINALIZED:
            raise InvalidArgument(f"`{name}` is no structure that is marginalized", argument="name")
        return site["value"]

    count = next(iter(rows.values())).shape[0]
    at_once = _at_once(count)
    if query == "sample":
        keys = jax.random.split(key, count)
        drawn = lax.map(lambda row: structure(row[1]).sample(row[0]), (keys, rows), batch_size=at_once)
        return jax.tree.map(lambda leaf: leaf.reshape(*shape, *leaf.shape[1:]), drawn), None
    if query != "marginals":
        raise InvalidArgument(f'`query` is "sample" or "marginals"; received {query!r}', argument="query")
    found = lax.map(lambda row: structure(row).marginals(), rows, batch_size=at_once)
    return jax.tree.map(lambda leaf: jnp.mean(leaf, 0), found), None
