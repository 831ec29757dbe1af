"""`ops`: reductions over segments, as `jax.ops` has them."""

import jax

from ..registry import op

for name, empty in (("sum", "0"), ("prod", "1"), ("max", "the smallest value"), ("min", "the largest value")):
    op(
        f"ops.segment_{name}",
        getattr(jax.ops, f"segment_{name}"),
        "data: num A, segment_ids: num Int, { num_segments: size, indices_are_sorted?: static boolean, "
        "unique_indices?: static boolean } -> A",
        f"Equivalent to `jax.ops.segment_{name}`: one result for each segment, {empty} for an empty one. Rows whose id "
        "is `num_segments` or more are left out, as those of padding are.",
    )
