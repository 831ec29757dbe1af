"""`np`: one array of several, and several of one."""

import jax.numpy as jnp

from ..registry import op


def several(function):
    """An op's list of arrays is a tuple."""

    def listed(*operands, **options):
        return tuple(function(*operands, **options))

    return listed


for name, how in (
    ("hstack", "along axis 1, vectors along axis 0"),
    ("vstack", "along axis 0, vectors as rows"),
    ("dstack", "along axis 2"),
    ("column_stack", "along axis 1, vectors as columns"),
):
    op(
        f"np.{name}",
        getattr(jnp, name),
        "arrays: nums A -> promote(A, A)",
        f"Equivalent to `jax.numpy.{name}`: joins arrays {how}.",
    )
op(
    "np.append",
    jnp.append,
    "arr: num A, values: num B, { axis?: static number } -> promote(A, B)",
    "Equivalent to `jax.numpy.append`; both are flattened unless `axis` is given.",
)
for name in ("split", "array_split"):
    parts = "equal parts" if name == "split" else "parts that differ by one in length at most"
    op(
        f"np.{name}",
        several(getattr(jnp, name)),
        "ary: num A, indices_or_sections: static number | readonly number[], { axis?: static number } "
        "-> A per indices_or_sections",
        f"Equivalent to `jax.numpy.{name}`: so many {parts}, or parts that end before the positions of a list.",
    )
op(
    "np.meshgrid",
    several(lambda xi, **options: jnp.meshgrid(*xi, **options)),
    'xi: nums A, { indexing?: static "xy" | "ij", sparse?: static boolean } -> A per xi',
    'Equivalent to `jax.numpy.meshgrid(*xi)`: the coordinates of a grid; "xy" has the second vector along axis 0.',
)
op(
    "np.broadcast_arrays",
    several(jnp.broadcast_arrays),
    "...args: num A -> A per args",
    "Equivalent to `jax.numpy.broadcast_arrays`: all in the shape that they have together.",
)
