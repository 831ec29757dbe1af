"""The named dims of signatures, `[*batch n 3]`, and the shapes that fit them."""

from __future__ import annotations

import re

from ..registry.signature import SignatureError

_DIM = re.compile(r"\*?[A-Za-z_]\w*|\d+", re.ASCII)

Sizes = dict[str, "int | tuple[int, ...]"]


def parse_dims(text: str | None) -> tuple[str, ...] | None:
    """The dims of a signature; None where it names none. Raises SignatureError."""
    if text is None:
        return None
    dims = tuple(text.split())
    for dim in dims:
        if not _DIM.fullmatch(dim):
            raise SignatureError(f"a dim is a name, a size, or *names, got {dim!r}")
    if sum(dim.startswith("*") for dim in dims) > 1:
        raise SignatureError(f"at most one *name in {text!r}")
    return dims


def fits(shape: tuple[int, ...], dims: tuple[str, ...] | None, sizes: Sizes) -> bool:
    """Whether a shape has these dims. The sizes of names are those that were seen first, and are added to `sizes`."""
    if dims is None:
        return True
    many = next((place for place, dim in enumerate(dims) if dim.startswith("*")), None)
    if many is None:
        return len(shape) == len(dims) and all(map(sizes_agree(sizes), dims, shape))
    after = len(dims) - many - 1
    if len(shape) < many + after:
        return False
    end = len(shape) - after
    agree = sizes_agree(sizes)
    return (
        all(map(agree, dims[:many], shape[:many]))
        and agree(dims[many], shape[many:end])
        and all(map(agree, dims[many + 1 :], shape[end:]))
    )


def sizes_agree(sizes: Sizes):
    """A function of a dim and a size, or of `*name` and several: whether it is the size that was seen before."""

    def agree(dim: str, size: int | tuple[int, ...]) -> bool:
        known = int(dim) if dim.isdecimal() else sizes.setdefault(dim, size)
        return known == size

    return agree


def shown(type_name: str, dims: tuple[str, ...] | None, sizes: Sizes) -> str:
    """A type and its dims with the sizes that are known: `float32[n = 3, 2]`."""
    if dims is None:
        return type_name
    parts = [f"{dim} = {sizes[dim]}" if dim in sizes else dim for dim in dims]
    return f"{type_name}[{', '.join(parts)}]"
