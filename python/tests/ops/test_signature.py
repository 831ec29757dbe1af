"""The language of signatures: what it reads, and what it says of what it cannot."""

import pytest

from synjax_worker.registry.signature import Parameter, Result, SignatureError, parse


def test_operands_and_statics_by_position():
    signature = parse("subscripts: static string, ...operands: num A -> promote(A, A)")
    assert signature.positional == (
        Parameter("subscripts", "static", type="string"),
        Parameter("operands", "num", rest=True, type="A"),
    )
    assert [p.is_operand for p in signature.positional] == [False, True]
    assert signature.result == Result("array", ("promote", "A", "A"))


def test_options_with_named_dims_and_defaults():
    signature = parse(
        "key: key, { p?: num Float[*batch n], shape?: shape, dtype?: dtype D = float32 } -> D[*batch]"
    )
    assert signature.options == (
        Parameter("p", "num", optional=True, type="Float", dims="*batch n"),
        Parameter("shape", "shape", optional=True),
        Parameter("dtype", "dtype", optional=True, type="D", default="float32"),
    )
    assert signature.result == Result("array", "D", "*batch")


def test_a_static_type_is_any_typescript():
    text = '{ mode?: static "a, b" | "c", width: static readonly (readonly [before: Dim, after: Dim])[] } -> dist'
    mode, width = parse(text).options
    assert mode.type == '"a, b" | "c"'
    assert width.type == "readonly (readonly [before: Dim, after: Dim])[]"
    assert not width.optional
    assert parse("f: static (x: number, y: number) => number -> key").positional[0].type.endswith("=> number")


def test_distributions_say_the_dtype_of_their_values():
    base, weights = parse("base: dist, { weights: dist int32 } -> dist V").parameters
    assert (base.type, weights.type) == (None, "int32") and base.is_operand
    assert parse("{ rate: num F } -> dist int32").result == Result("dist", "int32")
    assert parse("-> dist").result == Result("dist")
    for wrong in ("a: dist C -> dist", "-> dist odd"):
        with pytest.raises(SignatureError, match="no known"):
            parse(wrong)


def test_a_struct_of_results():
    result = parse("k: size -> { events: F[k *batch], count: int32, inner: { q: float(F) } }").result
    assert result == Result(
        "struct",
        fields=(
            ("events", Result("array", "F", "k *batch")),
            ("count", Result("array", "int32")),
            ("inner", Result("struct", fields=(("q", Result("array", ("float", "F"))),))),
        ),
    )


def test_a_list_has_as_many_arrays_as_a_parameter_says():
    assert parse("xs: nums A -> A per xs").result == Result("list", "A", per="xs")
    assert parse("x: num A, parts: static number -> float(A) per parts").result.to_json() == {
        "kind": "list",
        "type": ("float", "A"),
        "per": "parts",
    }


def test_no_parameters():
    assert parse("-> F").parameters == ()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x: num A", "'->' is missing"),
        ("x -> A", "'x' is not 'name: kind'"),
        ("x: number -> int32", "no known kind 'number'"),
        ("x: num T -> int32", "no known type 'T'"),
        ("x: num A -> B", "no parameter has the type 'B'"),
        ("x: num A -> { y: B }", "no parameter has the type 'B'"),
        ("x: num -> float99", "no known result type 'float99'"),
        ("x: num A -> promote(A)", "no type function 'promote' of 1 arguments"),
        ("x: num A -> mean(A)", "no type function 'mean'"),
        ("x?: num A -> A", "must stand between braces"),
        ("{ x?: num A }, y: num B -> A", "'y: num B' after the options"),
        ("{ x?: num A -> A", "left open"),
        ("x: num A) -> A", "closes nothing"),
        ("x: num A,, y: num B -> A", "missing between two commas"),
        ("x: num A, x: num B -> A", "two parameters are called 'x'"),
        ("...x: num A, y: num B -> A", "'y' after '...x'"),
        ("...x: key -> key", "'...x' must be num"),
        ("x: static -> int32", "of which TypeScript type?"),
        ("{ d?: dtype D } -> D", "an optional dtype has a default"),
        ("d: dtype D = float32 -> D", "an optional dtype has a default"),
        ("{ d?: dtype E = float32 } -> int32", "a dtype is 'dtype D'"),
        ("{ d?: dtype D = A } -> D", "no parameter has the type 'A'"),
        ("k: key A -> key", "no known kind 'key A'"),
        ("x: num A -> A per y", "no parameter is called 'y'"),
        ("x: num A -> { A }", "'A' is not 'name: result'"),
    ],
)
def test_what_cannot_be_read_is_named(text, message):
    with pytest.raises(SignatureError) as caught:
        parse(text)
    assert message in str(caught.value)
    assert repr(text) in str(caught.value)


def test_a_struct_may_have_a_name_and_be_an_argument():
    signature = parse("counts: struct Counts -> Counts { initial: F[*batch t] }")
    assert signature.positional == (Parameter("counts", "struct", type="Counts"),)
    assert signature.positional[0].is_operand
    assert signature.result == Result(
        "struct", name="Counts", fields=(("initial", Result("array", "F", "*batch t")),)
    )
    with pytest.raises(SignatureError, match="'counts' is a struct, of which name"):
        parse("counts: struct -> F")
