"""Where the fast passes of a chain hand over to the exact ones nothing shows: float32 against exact float64.

The potentials have gaps just under and over what the fast passes can hold: conditional probabilities that are tiny and
not zero, states that are almost unreachable, weights at the edge of the float range.
"""

from __future__ import annotations

import functools
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from synjax_worker.distributions import LinearChainCRF
from synjax_worker.numerics import numeric
from synjax_worker.runtime import passes
from synjax_worker.structures.chain import divergence, log_marginals, marginals
from synjax_worker.structures.chain.entropy import exact_entropy
from synjax_worker.structures.chain.exact import exact_log_partition, exact_marginals
from synjax_worker.structures.chain.structure import chain_query, edges_as_event
from tests.compiling import optimized_jit

Arrays = dict[str, np.ndarray]

# float32 ends at e**-87.3 and finite weights at about e**-85; the passes over two distributions stop at e**-78.
GAPS = (0.1, 5, 20, 40, 60, 77, 79, 81, 84, 86, 87.3, 90, 120, 1000)
STATES = 3
STEPS = {"general": 5, "factored": 5, "chunked": 520}
ITEMS = {"general": 2048, "factored": 2048, "chunked": 128}


def per_item(x: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    return x.reshape(-1, *(1 for _ in shape))


def with_gaps(rng: np.random.Generator, items: int, shape: tuple[int, ...]) -> np.ndarray:
    """Potentials (items *shape) of which some are lower by about a gap; each item has one or two of its own."""
    draw = lambda values: per_item(rng.choice(values, items), shape)
    x = rng.normal(size=(items, *shape)) * draw((0.1, 1, 1, 5))
    lower = rng.random(x.shape)
    share = draw((0, 0.2, 0.4, 0.7))
    x = np.where(lower < share, x - draw(GAPS) + rng.uniform(-1, 1, x.shape), x)
    return np.where(lower < share * draw((0, 0, 0.3)), x - draw(GAPS), x)


def parameters(rng: np.random.Generator, form: str, items: int) -> Arrays:
    steps = STEPS[form]
    if form == "general":
        edges = with_gaps(rng, items, (steps, STATES, STATES))
        columns = with_gaps(rng, items, (steps, 1, STATES))
        return {"log_potentials": edges + per_item(rng.random(items) < 0.6, (1, 1, 1)) * columns}
    emission = with_gaps(rng, items, (steps, STATES))
    if form == "chunked":  # gaps here and there
        rare = rng.random((items, steps, 1)) < per_item(rng.choice((0.005, 0.02, 0.1), items), (1, 1))
        emission = np.where(rare, emission, rng.normal(size=emission.shape))
    return {
        "initial": with_gaps(rng, items, (STATES,)),
        "transition": with_gaps(rng, items, (STATES, STATES)),
        "emission": emission,
    }


def others(rng: np.random.Generator, form: str, mine: Arrays) -> Arrays:
    """Near it, like it with a few gaps more, or anything."""
    items = len(next(iter(mine.values())))
    kind = rng.choice(3, items)
    made = {}
    for name, anything in parameters(rng, form, items).items():
        x, shape = mine[name], mine[name].shape[1:]
        near = x + rng.normal(size=x.shape) * per_item(rng.choice((1e-3, 0.1, 1, 10), items), shape)
        more = np.where(rng.random(x.shape) < 0.2, x - per_item(rng.choice(GAPS, items), shape), x)
        made[name] = np.choose(per_item(kind, shape), [near, more, anything])
    return made


class Pair(NamedTuple):
    """Potentials of two distributions over the same structures, and their lengths."""

    mine: Arrays
    theirs: Arrays
    lengths: np.ndarray


def random(rng: np.random.Generator, form: str, items: int) -> Pair:
    steps = STEPS[form]
    mine = parameters(rng, form, items)
    lengths = np.where(rng.random(items) < 0.5, steps, rng.integers(0, steps + 1, items))
    return Pair(mine, others(rng, form, mine), lengths)


def factored(items: int, steps: int) -> Arrays:
    shapes = {"initial": (STATES,), "transition": (STATES, STATES), "emission": (steps, STATES)}
    return {name: np.zeros((items, *shape)) for name, shape in shapes.items()}


def detour(rng: np.random.Generator, form: str, items: int) -> Pair:
    """Three steps to state 2: by way of state 1, whose weight is below the float range when it is passed and all there
    is one step later, or by state 0, which is large when it is passed and leads nowhere.
    """
    x = factored(items, STEPS[form])
    x["initial"][:, 1:] = -75
    x["transition"][:, :2, 0] = -rng.uniform(50, 63, (items, 1))
    x["transition"][:, [0, 2], 2] = -rng.uniform(20, 63, (items, 1))
    x["emission"][:, 1, 1] = -rng.uniform(80, 110, items)
    x["emission"][:, 1, 2] = -80
    x["emission"][:, 2, :2] = -75
    theirs = {name: 0.5 * each[::-1] for name, each in x.items()}
    return Pair(x, theirs, np.full(items, 3))


def almost_no_last_state(rng: np.random.Generator, form: str, items: int) -> Pair:
    """One step, and a last state whose weight is a float and whose probability, a little smaller, is none."""
    x, plain = factored(items, STEPS[form]), factored(items, STEPS[form])
    x["initial"][:, 1] = -rng.uniform(86, 88.5, items)
    first = per_item(np.arange(items) % 2 == 0, (1,))
    mine, theirs = (np.where(first == which, x["initial"], 0) for which in (True, False))
    return Pair({**x, "initial": mine}, {**plain, "initial": theirs}, np.ones(items))


def sticky(rng: np.random.Generator, form: str, items: int) -> Pair:
    """States that are hardly ever left; which it was is told by the last steps."""
    x = factored(items, STEPS[form])
    x["initial"][:, 1:] = -30
    x["transition"] -= rng.uniform(10, 60, (items, STATES, STATES)) * (1 - np.eye(STATES))
    x["emission"] += 0.1 * rng.normal(size=x["emission"].shape)
    x["emission"][:, -20:, 0] -= rng.uniform(1, 10, (items, 1))
    theirs = {name: 0.5 * each[::-1] for name, each in x.items()}
    return Pair(x, theirs, np.full(items, STEPS[form]))


def as_form(form: str, x: Arrays) -> Arrays:
    if form != "general" or "log_potentials" in x:
        return x
    edges = x["transition"][:, None] + x["emission"][:, :, None]
    edges[:, 0] = (x["initial"] + x["emission"][:, 0])[:, None]
    return {"log_potentials": edges}


def case(form: str) -> tuple[Arrays, Arrays, np.ndarray]:
    """(2 B ...), to be mapped over."""
    rng, items = np.random.default_rng(0), ITEMS[form]
    aimed = (sticky,) if form == "chunked" else (detour, almost_no_last_state)
    pairs = [random(rng, form, items), *(make(rng, form, items // 4) for make in aimed)]

    def halves(parts: list[np.ndarray], dtype: type) -> np.ndarray:
        x = np.concatenate(parts).astype(dtype)
        return x.reshape(2, -1, *x.shape[1:])

    def joined(parts: list[Arrays]) -> Arrays:
        parts = [as_form(form, part) for part in parts]
        return {name: halves([part[name] for part in parts], np.float32) for name in parts[0]}

    mine, theirs, lengths = zip(*pairs, strict=True)
    return joined(mine), joined(theirs), halves(lengths, np.int32)


def _finite_sum(x: jax.Array) -> jax.Array:
    return jnp.sum(jnp.where(jnp.isfinite(x), x, 0))


@passes.frame()
def answers(mine: Arrays, theirs: Arrays, lengths: Any) -> dict[str, Any]:
    make = lambda arrays: LinearChainCRF(**arrays, lengths=lengths)
    p, q = make(mine), make(theirs)
    one, two = (chain_query(each._query()) for each in (p, q))
    return {
        "log_partition": p.log_partition(),
        "marginals": p.marginals(),
        "log_marginals": p.log_marginals(),
        "entropy": p.entropy(),
        "gradient of entropy": jax.grad(lambda arrays: jnp.sum(make(arrays).entropy()))(mine),
        "kl_divergence": p.kl_divergence(q),
        "gradient of kl_divergence": jax.grad(
            lambda *of: _finite_sum(make(of[0]).kl_divergence(make(of[1]))), (0, 1)
        )(mine, theirs),
        "cross_entropy": p.cross_entropy(q),
        "certified": {
            "messages": one.messages.certified,
            "divergence": divergence._pair(one, two).certified,
            "logs": log_marginals._log_edge_marginals_fast(*one)[1],
        },
    }


def exact_answers(mine: Arrays, theirs: Arrays, lengths: Any) -> dict[str, Any]:
    p, q = (LinearChainCRF(**arrays, lengths=lengths) for arrays in (mine, theirs))
    potentials, nodes = p._potentials(), chain_query(p._query()).lengths
    # By automatic differentiation: neither pass computes the derivative so.
    entropy, pull = jax.vjp(lambda x: exact_entropy(x, nodes), potentials)
    (gradient,) = pull(jnp.ones_like(entropy))
    divergence_of = lambda p, q: divergence._exact_divergence(p, q, nodes, nodes)
    kl_divergence, pull = jax.vjp(divergence_of, potentials, q._potentials())
    gradients = pull(jnp.isfinite(kl_divergence).astype(kl_divergence.dtype))
    names = ("initial", "transition", "emission") if "initial" in mine else ("", "log_potentials", "")
    return {
        "log_partition": numeric.sum_value(exact_log_partition(potentials, nodes)),
        "marginals": edges_as_event(
            potentials, *marginals._exact_edge_marginals(potentials, nodes), nothing=0
        ),
        "log_marginals": edges_as_event(
            potentials, *log_marginals._exact_log_edge_marginals(potentials, nodes), nothing=-jnp.inf
        ),
        "entropy": entropy,
        "gradient of entropy": {name: x for name, x in zip(names, gradient, strict=True) if name},
        "kl_divergence": kl_divergence,
        "gradient of kl_divergence": tuple(
            {name: x for name, x in zip(names, gradient, strict=True) if name} for gradient in gradients
        ),
        "cross_entropy": entropy + kl_divergence,
    }


@functools.cache
def both(form: str) -> tuple[dict[str, Any], dict[str, Any]]:
    arguments = case(form)
    got = jax.device_get(jax.jit(jax.vmap(answers))(*arguments))
    with jax.enable_x64(True):
        double = jax.tree.map(lambda x: x.astype(np.float64) if x.dtype.kind == "f" else x, arguments)
        return got, jax.device_get(jax.jit(jax.vmap(exact_answers))(*double))


def error(got: np.ndarray, want: np.ndarray) -> np.ndarray:
    """Of each item, (2 B): relative where the wanted value is larger than 1, absolute below."""
    with np.errstate(invalid="ignore"):
        off = np.abs(got - want) / np.maximum(1, np.abs(want))
    off = np.where(got == want, 0, np.where(np.isnan(off), np.inf, off))
    return off.reshape(*off.shape[:2], -1).max(-1)


QUERIES = (
    "log_partition",
    "marginals",
    "log_marginals",
    "entropy",
    "gradient of entropy",
    "kl_divergence",
    "gradient of kl_divergence",
    "cross_entropy",
)

# What is wrong today. A test of these that passes is a failure: then its line goes.
ADDS_UP = (
    "transitions of 3 of 160 sticky chains, by 2e-4, in both passes: conditionals and marginals that float32 carries "
    "over 520 steps; with them rounded so and all else in float64 the derivative is off as much"
)
WRONG = {("chunked", "gradient of entropy"): ADDS_UP, ("chunked", "gradient of kl_divergence"): ADDS_UP}


def allowed(form: str, query: str) -> float:
    if query == "gradient of entropy":
        return 5e-5
    # A log-partition is rounded at every step.
    return 1e-5 + (STEPS[form] * float(np.finfo(np.float32).eps) if query == "log_partition" else 0)


def asked(form: str, query: str) -> Any:
    reason = WRONG.get((form, query))
    marks = [pytest.mark.xfail(reason=reason, strict=True)] if reason else []
    return pytest.param(form, query, marks=[*marks, *long_sweep(form)])


def long_sweep(form: str) -> list[pytest.MarkDecorator]:
    """What is long in chunks takes as long as both others to compile; `test_long.py` asks it, away from the edge. The
    factored form's passes are the general one's but for its weights, which the laws of the class ask in float32.
    """
    return [] if form == "general" else [pytest.mark.full]


@pytest.mark.parametrize(("form", "query"), [asked(form, query) for form in STEPS for query in QUERIES])
def test_what_the_fast_pass_answers_is_right(form: str, query: str) -> None:
    got, want = (answer[query] for answer in both(form))
    for a, b in zip(jax.tree.leaves(got), jax.tree.leaves(want), strict=True):
        off = error(a, b)
        if query == "gradient of kl_divergence":  # its terms are as large as the divergence
            off = off / np.maximum(1, np.nan_to_num(both(form)[1]["kl_divergence"], posinf=0))
        wrong = [tuple(map(int, at)) for at in np.argwhere(off > allowed(form, query))]
        assert not wrong, f"{len(wrong)} items, the worst off by {off.max():.1e}: {wrong[:8]}"


@pytest.mark.parametrize("what", ("messages", "divergence", "logs"))
@pytest.mark.parametrize("form", [pytest.param(form, marks=long_sweep(form)) for form in STEPS])
def test_some_items_are_handed_over_and_some_are_not(form: str, what: str) -> None:
    assert 0.01 < np.mean(both(form)[0]["certified"][what]) < 0.99


def test_marginals_of_a_long_chain_that_is_refused_do_not_drift() -> None:
    rng = np.random.default_rng(4)
    potentials = [rng.normal(size=shape) for shape in ((3,), (3, 3), (4000, 3))]
    potentials[2][::50, 1] -= 200

    def marginals(*arrays: Any) -> Any:
        made = LinearChainCRF(**dict(zip(("initial", "transition", "emission"), arrays, strict=True)))
        start, edges, states = exact_marginals(made._potentials(), chain_query(made._query()).lengths)
        return start, edges / 4000, states

    received = optimized_jit(marginals)(*(x.astype(np.float32) for x in potentials))
    with jax.enable_x64(True):
        exact = jax.jit(marginals)(*(x.astype(np.float32).astype(np.float64) for x in potentials))
    for a, b in zip(received, exact, strict=True):
        np.testing.assert_allclose(a, b, atol=2e-6)
