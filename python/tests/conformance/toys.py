"""Small classes that no user needs: each declares something that a real class may and that none before it did.

They are registered when this module is imported, which only tests do. All of them are computed by enumeration.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np
from jax import Array
from jaxtyping import Float, Int

from synjax_worker.distributions import batching
from synjax_worker.distributions.declared import Indices, length, potential
from synjax_worker.distributions.distribution import Distribution
from synjax_worker.registry import distribution

from .enumeration import Enumeration, Lengths, Potentials, table_of

# --------------------------------------------------------------------------------------------------- an event of arrays

Compact = dict[str, np.ndarray]


def tagged_trees(lengths: Lengths, n: int, t: int) -> Iterator[Compact]:
    """Binary trees over the leaves of an item, with a tag for each leaf."""
    size = lengths["lengths"]
    for spans in _binary_trees(0, size - 1):
        for tags in itertools.product(range(t), repeat=size):
            rows = [*sorted(spans), *[(-1, -1)] * (n - len(spans))]
            yield {"chart": np.array(rows), "tags": np.array([*tags, *[-1] * (n - size)])}


def _binary_trees(first: int, last: int) -> Iterator[list[tuple[int, int]]]:
    """The spans of more than one leaf of every binary tree over leaves `first` to `last`."""
    if first == last:
        yield []
    for split in range(first, last):
        for left, right in itertools.product(_binary_trees(first, split), _binary_trees(split + 1, last)):
            yield [(first, last), *left, *right]


def tagged_tree_event(compact: Compact, n: int, t: int) -> Compact:
    chart, tags = np.zeros((n, n), bool), np.zeros((n, t), bool)
    for first, last in compact["chart"]:
        if first >= 0:
            chart[first, last] = True
    for i, tag in enumerate(compact["tags"]):
        if tag >= 0:
            tags[i, tag] = True
    return {"chart": chart, "tags": tags}


@functools.cache
def all_tagged_trees(n: int, t: int) -> Enumeration:
    table = table_of(
        ({"lengths": size} for size in range(1, n + 1)),
        lambda lengths: tagged_trees(lengths, n, t),
        lambda compact: tagged_tree_event(compact, n, t),
    )
    return Enumeration(table)


@distribution
class ToyTaggedTree(Distribution):
    """Binary trees over n leaves with a tag for each leaf: an event of two arrays.

    Cost per item: every query O(4^n t^n).

    Source: enumeration; the trees are those of Catalan (1838).

    Args:
      spans: `[i, j]` scores a subtree whose leaves are i to j, where those are at least two.
      tags: log-potentials of the tags of each leaf.
      lengths: how many leaves each item has, 1 to n; all n where left out.

    Example:
      >>> import jax.numpy as jnp
      >>> from tests.conformance.toys import ToyTaggedTree
      >>> spans = jnp.zeros((3, 3)).at[1, 2].set(1.0)  # the last two leaves belong together
      >>> tree = ToyTaggedTree(spans, jnp.array([[0.0, 1.0], [1.0, 0.0], [0.0, 1.0]]))
      >>> {name: leaf.tolist() for name, leaf in tree.decode(tree.argmax()).items()}
      {'chart': [[0, 2], [1, 2], [-1, -1]], 'tags': [1, 0, 1]}
    """

    event = {"chart": "n n", "tags": "n t"}  # noqa: RUF012
    compact = {"chart": Indices("n 2"), "tags": Indices("n", below="t")}  # noqa: RUF012

    spans: Float[Array, "*batch n n"] = potential()
    tags: Float[Array, "*batch n t"] = potential()
    lengths: Int[Array, "*batch"] | None = length("n", least=1)

    @property
    def structure(self) -> Enumeration:
        return all_tagged_trees(*self.event_shape["tags"])

    def _item_potentials(self) -> Potentials:
        flat = lambda x: batching.flatten_batch(x, self.batch_shape, 2)
        return Potentials({"chart": flat(self.spans), "tags": flat(self.tags)})

    def _counts(self, name: str) -> Any:
        """Of the spans, those of at least two leaves."""
        n = self.event_shape["chart"][0]
        return np.triu(np.ones((n, n), bool), 1) if name == "spans" else None


# ---------------------------------------------------------------------------------------------------- a list of tensors


def choices(n: int, t: int) -> Iterator[np.ndarray]:
    for chosen in itertools.product(range(t), repeat=n):
        yield np.array(chosen)


def choices_event(compact: np.ndarray, t: int) -> np.ndarray:
    return compact[:, None] == np.arange(t)


@functools.cache
def all_choices(n: int, t: int) -> Enumeration:
    return Enumeration(table_of([{}], lambda _: choices(n, t), lambda compact: choices_event(compact, t)))


@distribution
class ToyLayers(Distribution):
    """One of t choices at each of n places, scored by several tables: a parameter that is a list, and no lengths.

    Cost per item: every query O(t^n).

    Source: enumeration; a product of experts is that of Hinton (2002).

    Args:
      layers: tables of log-potentials, which are added.

    Example:
      >>> import jax.numpy as jnp
      >>> from tests.conformance.toys import ToyLayers
      >>> ToyLayers([jnp.array([[0.0, 1.0]]), jnp.array([[3.0, 1.0]])]).argmax().tolist()
      [[1.0, 0.0]]
    """

    event = "n t"
    compact = Indices("n", name="choices", below="t")

    layers: tuple[Float[Array, "*batch n t"], ...] = potential()

    @property
    def structure(self) -> Enumeration:
        return all_choices(*self.event_shape)

    def _item_potentials(self) -> Potentials:
        return Potentials(sum(batching.flatten_batch(layer, self.batch_shape, 2) for layer in self.layers))


# ---------------------------------------------------------------------------------------------------------- two lengths


def staircases(lengths: Lengths, rows: int) -> Iterator[np.ndarray]:
    """A column for each row, never left of the one above."""
    columns = range(lengths["lengths_cols"])
    for chosen in itertools.combinations_with_replacement(columns, lengths["lengths_rows"]):
        yield np.array([*chosen, *[-1] * (rows - len(chosen))], int)


def staircase_event(compact: np.ndarray, cols: int) -> np.ndarray:
    return compact[:, None] == np.arange(cols)


@functools.cache
def all_staircases(rows: int, cols: int) -> Enumeration:
    sizes = itertools.product(range(rows + 1), range(1, cols + 1))
    table = table_of(
        ({"lengths_rows": i, "lengths_cols": j} for i, j in sizes),
        lambda lengths: staircases(lengths, rows),
        lambda compact: staircase_event(compact, cols),
    )
    return Enumeration(table)


@distribution
class ToyStaircase(Distribution):
    """A column for each row, never left of that of the row above: an event whose rows and columns have lengths.

    Cost per item: every query O(2^(rows + cols)).

    Source: enumeration; the structures are the monotone paths of Stanley (2011).

    Args:
      log_potentials: the score of each column in each row.
      lengths_rows: how many rows each item has, 0 to rows; all where left out.
      lengths_cols: how many columns each item has, 1 to cols; all where left out.

    Example:
      >>> import jax.numpy as jnp
      >>> from tests.conformance.toys import ToyStaircase
      >>> stairs = ToyStaircase(jnp.array([[0.0, 2.0], [3.0, 0.0]]))
      >>> stairs.decode(stairs.argmax()).tolist()
      [0, 0]
    """

    event = "rows cols"
    compact = Indices("rows", name="columns", below="cols")

    log_potentials: Float[Array, "*batch rows cols"] = potential()
    lengths_rows: Int[Array, "*batch"] | None = length("rows")
    lengths_cols: Int[Array, "*batch"] | None = length("cols", least=1)

    @property
    def structure(self) -> Enumeration:
        return all_staircases(*self.event_shape)

    def _item_potentials(self) -> Potentials:
        return Potentials(batching.flatten_batch(self.log_potentials, self.batch_shape, 2))
