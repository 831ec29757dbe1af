"""The registry: one line an op, the same bytes every time, and what it says of a distribution class."""

import json
import os
import subprocess
import sys
from typing import Literal, NamedTuple

import jax.numpy as jnp
import pytest
from jaxtyping import Array, Bool, Float, Int, Num

from synjax_worker import registry
from synjax_worker.distributions.declared import Indices, data, length, option, potential
from synjax_worker.distributions.parameters import Parameters
from synjax_worker.registry import Op, build, constructor, describe, introspection, load, query, to_text


class Best(NamedTuple):
    events: Array
    count: Array


class Base(Parameters):
    event = "n"
    compact = Indices("n")

    @query("-> F", differentiable=False)
    def mode(self) -> Array:
        """The likeliest value, (*batch)."""
        raise NotImplementedError

    @query("k: size -> { events: event, count: int32 }")
    def top_k(self, k: int) -> Best:
        """The k best."""
        raise NotImplementedError


class Toy(Base):
    """A toy over n positions.

    It knows two states.

    Args:
      log_potentials: scores, in nats;
        of every position.
      lengths: how many positions are real.
      kind: which toy.

    Example:
      Toy(x)
    """

    log_potentials: Float[Array, "*batch n"] = potential()
    lengths: Int[Array, "*batch"] | None = length("n", least=1)
    mask: Bool[Array, "n"] | None = data()
    observations: Int[Array, "n"] | Float[Array, "n d"] | None = data()
    anything: Num[Array, "..."] | None = data()
    moves: tuple[Float[Array, "n"], ...] | None = potential()
    kind: Literal["one", "two"] = option("one")
    normalize: bool = option(True)

    def mode(self) -> Array:
        return self.log_potentials.max(-1)


def test_parameters_come_from_the_annotations():
    assert introspection.parameters(Toy) == [
        {
            "name": "log_potentials",
            "kind": "float",
            "dims": "*batch n",
            "optional": False,
            "doc": "scores, in nats; of every position.",
        },
        {
            "name": "lengths",
            "kind": "int",
            "dims": "*batch",
            "optional": True,
            "doc": "how many positions are real.",
        },
        {"name": "mask", "kind": "bool", "dims": "n", "optional": True, "doc": ""},
        {
            "name": "observations",
            "kind": "int",
            "dims": "n",
            "alternatives": [{"kind": "int", "dims": "n"}, {"kind": "float", "dims": "n d"}],
            "optional": True,
            "doc": "",
        },
        {"name": "anything", "kind": "num", "dims": "...", "optional": True, "doc": ""},
        {"name": "moves", "kind": "float", "dims": "n", "many": True, "optional": True, "doc": ""},
        {"name": "kind", "kind": "static", "type": '"one" | "two"', "optional": True, "doc": "which toy."},
        {"name": "normalize", "kind": "static", "type": "boolean", "optional": True, "doc": ""},
    ]


def test_a_field_that_does_not_say_what_it_is_is_refused():
    class Undeclared(Base):
        potentials: Float[Array, "n"]

    with pytest.raises(TypeError, match=r"Undeclared\.potentials: declare it"):
        introspection.parameters(Undeclared)


def test_what_a_class_declares_is_in_the_registry():
    described = describe(Toy)
    assert described["event"] == {"dims": "n"}
    assert described["compact"] == {"dims": "n", "name": "compact"}
    assert described["binding"] == ["moves", "anything", "observations", "mask", "log_potentials", "lengths"]
    assert described["roles"]["lengths"] == {"kind": "length", "bounds": "n", "least": 1}


def test_the_doc_is_shown_without_its_arguments():
    assert describe(Toy)["doc"] == "A toy over n positions.\n\nIt knows two states.\n\nExample:\n  Toy(x)"


def test_queries_are_inherited_with_signature_and_doc():
    mode, top_k = describe(Toy)["queries"]
    assert (mode["name"], mode["signature"], mode["doc"]) == (
        "mode",
        "-> F",
        "The likeliest value, (*batch).",
    )
    assert not mode["differentiable"]
    assert top_k["result"]["fields"][1] == {"name": "count", "result": {"kind": "array", "type": "int32"}}


def test_a_class_becomes_ops():
    ops = build([], [Toy]).ops
    assert sorted(ops) == ["Toy", "Toy.mode", "Toy.top_k"]
    assert ops["Toy"].checks == "object"
    toy = ops["Toy"].fn(log_potentials=jnp.array([1.0, 3.0]))
    assert ops["Toy.mode"].fn(toy) == 3.0
    assert constructor(Toy).parsed.result.kind == "dist"


def test_adding_an_op_is_one_line(monkeypatch):
    monkeypatch.setattr(registry, "_OPS", {})
    registry.op("np.double", lambda x: 2 * x, "x: num A -> number(A)", "Twice `x`.")
    made = build(registry._OPS.values(), [])
    assert made.ops["np.double"].fn(3) == 6
    assert made.document["ops"][0]["positional"] == [{"name": "x", "kind": "num", "type": "A"}]


def test_the_same_name_twice_is_refused(monkeypatch):
    monkeypatch.setattr(registry, "_OPS", {})
    registry.op("np.double", lambda x: 2 * x, "x: num A -> A", "Twice `x`.")
    with pytest.raises(ValueError, match="registered twice"):
        registry.op("np.double", lambda x: 2 * x, "x: num A -> A", "Twice `x`.")


def test_two_distributions_of_one_name_are_refused(monkeypatch):
    monkeypatch.setattr(registry, "_DISTRIBUTIONS", {})
    registry.distribution(Toy)
    assert registry.distribution(Toy) is Toy
    with pytest.raises(ValueError, match="two distributions are called 'Toy'"):
        registry.distribution(type("Toy", (), {"__module__": "elsewhere"}))


def test_a_dtype_is_passed_where_the_caller_names_none(monkeypatch):
    monkeypatch.setattr(registry, "_OPS", {})
    made = registry.op("np.z", lambda *, dtype: dtype, "{ dtype?: dtype D = int8 } -> D", "")
    assert (made.fn(), made.fn(dtype="bool")) == ("int8", "bool")


def test_the_hash_depends_on_content_and_not_on_order():
    one = Op("np.one", abs, "x: num A -> A", "One.")
    two = Op("np.two", abs, "x: num A -> A", "Two.")
    assert build([one, two], [Toy]).hash == build([two, one], [Toy]).hash
    assert build([one], []).hash != build([two], []).hash
    assert build([one], []).hash != build([Op("np.one", abs, "x: num A -> A", "1.")], []).hash
    assert len(build([one], []).hash) == 16


def test_another_process_prints_the_same():
    environment = {**os.environ, "PYTHONHASHSEED": "1", "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-m", "synjax_worker.registry"]
    printed = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert printed.stderr == ""
    assert printed.stdout == to_text(load().document) + "\n"
    assert json.loads(printed.stdout) == json.loads(json.dumps(load().document))


def test_every_op_has_a_doc_and_a_signature():
    for name, op in load().ops.items():
        assert op.doc.strip(), name
        assert op.parsed.result


def test_a_query_says_whether_it_is_inherited_and_describes_its_arguments():
    class Own(Toy):
        def mode(self) -> Array:
            """The first of the likeliest values."""

        @query("x: num F -> Pair { first: F, second: F[*batch] }")
        def pair(self, x: Array) -> Best:
            """Two of them.

            Args:
              x: where to start.
            """

    mode, pair, top_k = describe(Own)["queries"]
    assert [each["inherited"] for each in (mode, pair, top_k)] == [False, False, True]
    assert describe(Toy)["queries"][0]["inherited"]  # it overrides, and says no more than the base does
    assert (pair["doc"], pair["positional"][0]["doc"]) == ("Two of them.", "where to start.")
    assert (pair["result"]["name"], pair["result"]["fields"][1]["result"]["dims"]) == ("Pair", "*batch")


def test_further_modules_join_and_change_no_hash():
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(sys.path),
        "SYNJAX_MODULES": "tests.conformance.toys",
    }
    code = (
        "from synjax_worker import registry; r = registry.load(); print(r.hash, 'ToyLayers.argmax' in r.ops)"
    )
    printed = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert printed.stdout.split() == [load().hash, "True"]
    assert "ToyLayers" not in load().ops
