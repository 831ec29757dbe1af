"""What a module may declare, and how it is told what it may not."""

from __future__ import annotations

import pytest

from synjax_worker.plugin.declared import DECLARED, declare_function
from synjax_worker.plugin.dims import fits, parse_dims
from synjax_worker.registry.signature import SignatureError


def two(x, y, *, k=1):
    return x


def rows(*xs, k):
    return xs


def test_what_is_declared_is_kept() -> None:
    declare_function("of_tests", "two", two, "x: num A, y: num B, { k?: size } -> A", "Two.", version=3)
    declared = DECLARED.pop()
    assert (declared.module, declared.name, declared.version, declared.doc) == ("of_tests", "two", 3, "Two.")


@pytest.mark.parametrize(
    ("fn", "signature", "words"),
    [
        (two, "x: num A, y: num B", "'->' is missing"),
        (two, "x: num Q, y: num B -> B", "no known type 'Q'"),
        (two, "x: num, y: num -> A", "no parameter has the type 'A'"),
        (two, "x: dist, y: num A -> A", "takes no dist, as `x` is"),
        (two, "x: num F, y: num A -> A", "`x` is of F"),
        (two, "x: num A, y: num B -> dist", "gives no dist, as its result is"),
        (two, "x: num A, y: num B -> promote(A, F)", "its result is of F or V"),
        (two, "x: num A, y: num B -> { low: { high: A } }", "`low` of its result is a struct"),
        (two, "x: num A[n+1], y: num B -> A", "a dim is a name"),
        (two, "x: num A[*a *b], y: num B -> A", "at most one"),
        (two, "x: num A -> A", "cannot be called as op\\(x\\): missing a required argument: 'y'"),
        (two, "x: num A, y: num B, { z?: size } -> A", "unexpected keyword argument 'z'"),
        (rows, "...xs: num A -> A", "missing a required .*'k'"),
        (rows, "...xs: num A, { k: size } -> A", "nothing stands after '...xs'"),
    ],
)
def test_a_signature_that_cannot_be_meant_is_refused(fn, signature: str, words: str) -> None:
    with pytest.raises(SignatureError, match=words):
        declare_function("of_tests", "op", fn, signature, "", version=1)
    assert not [each for each in DECLARED if each.module == "of_tests"]


def test_names_and_versions_are_checked() -> None:
    for name, version, words in (("Two", 1, "snake_case"), ("two.x", 1, "snake_case"), ("two", 0, "version")):
        with pytest.raises(SignatureError, match=words):
            declare_function("of_tests", name, two, "x: num A, y: num B -> A", "", version=version)


@pytest.mark.parametrize(
    ("shape", "dims", "found"),
    [
        ((2, 3), "n m", {"n": 2, "m": 3}),
        ((2, 3), "n n", None),
        ((2, 3), "n 3", {"n": 2}),
        ((2, 3), "n 4", None),
        ((), "", {}),
        ((1,), "", None),
        ((3,), "*batch n", {"batch": (), "n": 3}),
        ((5, 2, 3), "*batch n", {"batch": (5, 2), "n": 3}),
        ((5, 2, 3), "k *more n", {"k": 5, "more": (2,), "n": 3}),
        ((), "*batch n", None),
    ],
)
def test_shapes_fit_dims(shape: tuple[int, ...], dims: str, found: dict | None) -> None:
    sizes: dict = {}
    assert fits(shape, parse_dims(dims), sizes) == (found is not None)
    if found is not None:
        assert {name.strip("*"): size for name, size in sizes.items()} == found
        assert fits(shape, parse_dims(dims), sizes)
