"""`lax`: slices whose start is known only when the program runs."""

from jax import lax

from ..registry import op

_CLAMPED = "A start that would leave the array is moved inside, as JAX does."

op(
    "lax.dynamic_slice",
    lambda operand, start_indices, *, slice_sizes: lax.dynamic_slice(operand, start_indices, slice_sizes),
    "operand: num A, start_indices: nums Int, slice_sizes: shape -> A",
    f"Equivalent to `jax.lax.dynamic_slice`. {_CLAMPED}",
)
op(
    "lax.dynamic_update_slice",
    lax.dynamic_update_slice,
    "operand: num A, update: num A, start_indices: nums Int -> A",
    f"Equivalent to `jax.lax.dynamic_update_slice`. {_CLAMPED}",
)
op(
    "lax.dynamic_slice_in_dim",
    lax.dynamic_slice_in_dim,
    "operand: num A, start_index: num Int, slice_size: size, { axis?: static number } -> A",
    f"Equivalent to `jax.lax.dynamic_slice_in_dim`; along axis 0 unless `axis` is given. {_CLAMPED}",
)
op(
    "lax.dynamic_index_in_dim",
    lax.dynamic_index_in_dim,
    "operand: num A, index: num Int, { axis?: static number, keepdims?: static boolean } -> A",
    "Equivalent to `jax.lax.dynamic_index_in_dim`; along axis 0 unless `axis` is given, and with an axis of length 1 "
    "unless `keepdims` is false. An index out of range is moved inside, as JAX does.",
)
op(
    "lax.dynamic_update_slice_in_dim",
    lax.dynamic_update_slice_in_dim,
    "operand: num A, update: num A, start_index: num Int, axis: static number -> A",
    f"Equivalent to `jax.lax.dynamic_update_slice_in_dim`. {_CLAMPED}",
)
op(
    "lax.dynamic_update_index_in_dim",
    lax.dynamic_update_index_in_dim,
    "operand: num A, update: num A, index: num Int, axis: static number -> A",
    "Equivalent to `jax.lax.dynamic_update_index_in_dim`. An index out of range is moved inside, as JAX does.",
)
op(
    "lax.slice_in_dim",
    lax.slice_in_dim,
    "operand: num A, start_index: size, limit_index: size, { stride?: static number, axis?: static number } -> A",
    "Equivalent to `jax.lax.slice_in_dim`; along axis 0 unless `axis` is given.",
)
op(
    "lax.index_in_dim",
    lax.index_in_dim,
    "operand: num A, index: static number, { axis?: static number, keepdims?: static boolean } -> A",
    "Equivalent to `jax.lax.index_in_dim`; along axis 0 unless `axis` is given, and with an axis of length 1 unless "
    "`keepdims` is false.",
)
op(
    "lax.rev",
    lax.rev,
    "operand: num A, dimensions: static readonly number[] -> A",
    "Equivalent to `jax.lax.rev`: reversed along the axes.",
)
