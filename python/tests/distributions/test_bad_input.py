"""What is wrong is named, before anything is compiled where that can be; what is extreme but right is answered."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpyro import distributions as emissions

from synjax_worker.distributions import HMM, AlignmentCRF, GeneralMonotoneAlignmentCRF, LinearChainCRF
from synjax_worker.distributions.parameters import replace
from synjax_worker.errors import InvalidArgument
from tests.compiling import program

pytestmark = pytest.mark.costs("LinearChainCRF")  # an HMM is asked little here

B, N, T, V = 3, 4, 2, 5
KEY = jax.random.key(0)
POTENTIALS = jax.random.normal(KEY, (B, N, T, T))
INIT, TRANSITION, SYMBOLS = jnp.zeros(T), jnp.eye(T), jax.random.normal(KEY, (T, V))
SEEN = jax.random.randint(KEY, (B, N), 0, V)


def crf(log_potentials: Any = POTENTIALS, lengths: Any = None) -> LinearChainCRF:
    return LinearChainCRF(log_potentials, lengths)


def hmm(seen: Any = SEEN, lengths: Any = None, emission: Any = SYMBOLS) -> HMM:
    return HMM(INIT, TRANSITION, emission, seen, lengths=lengths)


def answers(dist: LinearChainCRF | HMM) -> dict[str, Any]:
    """What every item answers, the item first."""
    best, score = dist.argmax_and_max()
    few = dist.top_k(3)
    return {
        "log_partition": dist.log_partition(),
        "marginals": dist.marginals(),
        "entropy": dist.entropy(),
        "states": dist.decode(best),
        "score": score,
        "top": jnp.moveaxis(few.scores, 0, 1),
        "count": few.count,
        "sample": jnp.moveaxis(dist.sample(KEY, (4,)), 0, 1),
        "gradient": jax.tree.leaves(jax.grad(lambda d: d.log_partition().sum(), allow_int=True)(dist))[0],
    }


# One program for everything that has this shape.
ask = program(lambda log_potentials, lengths: answers(crf(log_potentials, lengths)))
FULL = jnp.full(B, N)


def first_bad(dist: LinearChainCRF | HMM) -> tuple[str, tuple[int, ...]] | None:
    """The argument that is refused on the device, and where."""
    for check in dist.checks():
        bad = np.asarray(check.bad)
        assert bad.shape == jnp.shape(check.value) and check.expected
        if bad.any():
            return check.argument, tuple(int(i) for i in np.argwhere(bad)[0])
    return None


# ---------------------------------------------------------------------------------------------------- on the host

OTHER_LENGTH, OTHER_STATES, OTHER_BATCH = POTENTIALS[:, :3], jnp.zeros((B, N, 3, 3)), POTENTIALS[:2]

REFUSED: dict[str, tuple[Callable[[], Any], str, str, str]] = {
    "a rank too low": (lambda: crf(jnp.zeros((2, 2))), "log_potentials", "n t t", "(2, 2)"),
    "states that differ": (lambda: crf(POTENTIALS[..., :1]), "log_potentials", "t = 2", "(3, 4, 2, 1)"),
    "a length too long": (lambda: crf(lengths=jnp.array([4, 1, 5])), "lengths", "0 to 4", "5"),
    "a negative length": (lambda: hmm(lengths=jnp.array([4, -1, 0])), "lengths", "0 to 4", "-1"),
    "lengths of another batch": (lambda: crf(lengths=jnp.zeros(2, jnp.int32)), "lengths", "(3)", "(2)"),
    "lengths of a batch that is none": (
        lambda: crf(POTENTIALS[0], jnp.array([1, 2])),
        "lengths",
        "()",
        "(2)",
    ),
    "more lengths than items": (lambda: crf(POTENTIALS[:1], FULL), "lengths", "(1)", "(3)"),
    "pseudocounts by state": (
        lambda: hmm().maximize(hmm().expected_counts(), pseudocount=jnp.ones((2, 1))),
        "pseudocount",
        "a number",
        "(2, 1)",
    ),
    "observations of rank 0": (lambda: hmm(jnp.int32(1)), "observations", "n", "()"),
    "emissions of more states": (
        lambda: hmm(emission=jnp.zeros((3, V))),
        "transition_logits",
        "t = 3",
        "(2, 2)",
    ),
    "emissions of one state": (
        lambda: hmm(SEEN * 1.0, emission=emissions.Normal(jnp.zeros(1), 1.0)),
        "transition_logits",
        "t = 1",
        "(2, 2)",
    ),
    "vectors for numbers": (
        lambda: hmm(jnp.zeros(2), emission=emissions.MultivariateNormal(jnp.zeros((T, 2)), jnp.eye(2))),
        "observations",
        "n d",
        "(2)",
    ),
    "k of 0": (lambda: crf().top_k(0), "k", "at least 1", "0"),
    "k of 0 draws": (lambda: crf().sample_without_replacement(KEY, 0), "k", "at least 1", "0"),
    "a fractional k": (lambda: crf().top_k(2.5), "k", "at least 1", "2.5"),
    "another length": (lambda: crf().kl_divergence(crf(OTHER_LENGTH)), "other", "(4, 2, 2)", "(3, 2, 2)"),
    "other states": (lambda: crf().kl_divergence(crf(OTHER_STATES)), "other", "(4, 2, 2)", "(4, 3, 3)"),
    "another batch": (lambda: crf().kl_divergence(crf(OTHER_BATCH)), "other", "(3)", "(2)"),
    "another batch of words": (lambda: hmm().cross_entropy(hmm(SEEN[:2])), "other", "(3)", "(2)"),
    "another class": (
        lambda: crf().kl_divergence(GeneralMonotoneAlignmentCRF([jnp.zeros((2, 3))])),
        "other",
        "LinearChainCRF or HMM",
        "GeneralMonotoneAlignmentCRF",
    ),
    "a chain of other states": (
        lambda: hmm().cross_entropy(crf(OTHER_STATES)),
        "other",
        "(4, 2, 2)",
        "(4, 3, 3)",
    ),
    "an event of another shape": (
        lambda: crf().log_prob(OTHER_LENGTH),
        "event",
        "(3, 4, 2, 2)",
        "(3, 3, 2, 2)",
    ),
    "tags of another length": (lambda: crf().encode(SEEN[:, :2]), "tags", "(3, 4)", "(3, 2)"),
    "an index without a batch": (lambda: crf(POTENTIALS[0])[0], "index", "", ""),
}


def test_a_distribution_with_other_options_is_another() -> None:
    with pytest.raises(InvalidArgument) as caught:
        hmm().kl_divergence(replace(hmm(), normalize=True))
    assert caught.value.argument == "other" and "normalize" in caught.value.expected


@pytest.mark.parametrize("what", REFUSED)
def test_what_the_host_knows_is_refused_there(what: str) -> None:
    make, argument, expected, received = REFUSED[what]
    with pytest.raises(InvalidArgument) as caught:
        make()
    error = caught.value
    assert error.code == "INVALID_ARGUMENT" and error.argument == argument
    assert expected in (error.expected or "") and received in (error.received or ""), (
        error.expected,
        error.received,
    )
    assert argument in str(error) or argument == "index"


def test_the_message_says_which_length() -> None:
    with pytest.raises(InvalidArgument, match=r"`lengths\[2\]` is 5, expected 0 to 4"):
        crf(lengths=jnp.array([4, 1, 5]))


# -------------------------------------------------------------------------------------------------- on the device


@pytest.mark.filterwarnings("ignore:Out-of-support values")
def test_the_first_bad_index_is_told() -> None:
    nan = POTENTIALS.at[2, 1, 0, 1].set(jnp.nan).at[1, 3, 1, 0].set(jnp.nan)
    assert first_bad(crf(nan)) == ("log_potentials", (1, 3, 1, 0))
    assert first_bad(crf(POTENTIALS.at[0, 2, 1, 1].set(jnp.inf))) == ("log_potentials", (0, 2, 1, 1))
    numbers = (SEEN * 1.0).at[1, 2].set(jnp.nan)
    assert first_bad(hmm(numbers, emission=emissions.Normal(INIT, 1.0))) == ("observations", (1, 2))
    vectors = jnp.zeros((B, N, 2)).at[2, 1, 1].set(jnp.nan)
    plane = emissions.MultivariateNormal(jnp.zeros((T, 2)), jnp.eye(2))
    assert first_bad(hmm(vectors, emission=plane)) == ("observations", (2, 1, 1))


@pytest.mark.parametrize(
    "emission", [SYMBOLS, emissions.Categorical(logits=SYMBOLS)], ids=["logits", "categorical"]
)
def test_a_symbol_that_is_not_in_the_vocabulary_is_refused_where_it_is_known(emission: Any) -> None:
    for item, position, symbol in ((1, 2, V), (2, 0, -1)):
        seen = SEEN.at[item, position].set(symbol)
        with pytest.raises(
            InvalidArgument, match=rf"`observations\[{item}, {position}\]` is {symbol}"
        ) as caught:
            hmm(seen, emission=emission)
        assert caught.value.argument == "observations"
        on_device = jax.jit(lambda seen: [check.bad for check in hmm(seen, emission=emission).checks()])(seen)
        assert [tuple(np.argwhere(bad)[0]) for bad in on_device if bad.any()] == [(item, position)]


def test_what_is_never_read_is_not_refused() -> None:
    lengths = jnp.array([4, 2, 0])
    beyond = POTENTIALS.at[1, 2:].set(jnp.nan).at[2].set(jnp.inf).at[:, 0, 1].set(jnp.nan)
    assert first_bad(crf(beyond, lengths)) is None
    assert first_bad(crf(POTENTIALS.at[0, 1, 0].set(-jnp.inf))) is None
    assert first_bad(hmm(SEEN.at[1, 2:].set(99).at[2].set(-1), lengths)) is None


def test_lengths_that_only_the_device_knows_are_refused_there() -> None:
    @program
    def checked(lengths):
        return [(check.bad, check.value) for make in (crf, hmm) for check in make(lengths=lengths).checks()]

    names = [check.argument for make in (crf, hmm) for check in make(lengths=FULL).checks()]
    for lengths, bad in (([4, 0, 2], None), ([4, 5, 2], 1), ([4, 2, -1], 2)):
        for name, (mask, _) in zip(names, checked(jnp.array(lengths)), strict=True):
            refused = [bad] if name == "lengths" and bad is not None else []
            assert np.flatnonzero(mask).tolist() == refused


@pytest.fixture(scope="module")
def good() -> dict[str, np.ndarray]:
    return jax.device_get(ask(POTENTIALS, FULL))


def same_but(item: int, got: dict[str, Any], want: dict[str, Any]) -> None:
    others = np.arange(B) != item
    for name, value in got.items():
        np.testing.assert_array_equal(np.asarray(value)[others], want[name][others], err_msg=name)


@pytest.mark.parametrize("bad", [jnp.nan, jnp.inf])
def test_poison_stays_in_its_item_where_nothing_is_checked(bad: float, good: dict) -> None:
    got = ask(POTENTIALS.at[1, 2, 0, 1].set(bad), FULL)
    same_but(1, got, good)
    assert not np.isfinite(got["log_partition"][1])


def test_a_length_out_of_range_stays_in_its_item_where_nothing_is_checked(good: dict) -> None:
    for wrong in (-3, N + 7):
        same_but(2, ask(POTENTIALS, FULL.at[2].set(wrong)), good)


# --------------------------------------------------------------------------------------------- extreme, but right


def test_an_empty_item_has_one_structure_of_score_zero(good: dict) -> None:
    got = ask(POTENTIALS, FULL.at[0].set(0))
    same_but(0, got, good)
    assert got["log_partition"][0] == 0 and got["entropy"][0] == 0 and got["score"][0] == 0
    assert not np.any(got["marginals"][0]) and not np.any(got["sample"][0]) and not np.any(got["gradient"][0])
    assert got["states"][0].tolist() == [-1] * N
    assert got["count"][0] == 1 and got["top"][0].tolist() == [0, -np.inf, -np.inf]


def test_a_batch_without_items() -> None:
    dist = crf(jnp.zeros((0, N, T, T)))
    assert dist.batch_shape == (0,)
    log_partition, marginals = jax.jit(lambda dist: (dist.log_partition(), dist.marginals()))(dist)
    assert log_partition.shape == (0,) and marginals.shape == (0, N, T, T)
    assert first_bad(dist) is None


@pytest.mark.parametrize(("n", "t"), [pytest.param(1, 1, marks=pytest.mark.full), (1, 3), (4, 1)])
def test_one_step_and_one_state(n: int, t: int) -> None:
    x = jax.random.normal(jax.random.key(1), (2, n, t, t))
    got = program(lambda x: answers(crf(x)))(x)
    scores = np.asarray(x[:, 0, 0]) if n == 1 else np.asarray(x).sum((1, 2, 3))[:, None]
    np.testing.assert_allclose(got["log_partition"], np.log(np.exp(scores).sum(-1)), rtol=1e-5)
    np.testing.assert_allclose(got["score"], scores.max(-1), rtol=1e-6)
    assert got["count"].tolist() == [min(3, t)] * 2
    np.testing.assert_allclose(got["top"][:, : min(3, t)], -np.sort(-scores, -1)[:, :3], rtol=1e-6)
    if t == 1:
        np.testing.assert_array_equal(got["states"], 0)
        np.testing.assert_array_equal(got["marginals"], 1)
        np.testing.assert_array_equal(got["entropy"], 0)


@pytest.mark.full  # of every structure by the laws of the k best and of samples
def test_k_beyond_the_support_says_how_many_there_are() -> None:
    x = POTENTIALS[:2, :2].at[1, 1].set(-jnp.inf)

    @program
    def ask(x):
        dist = crf(x)
        top, drawn = dist.top_k(9), dist.sample_without_replacement(KEY, 9)
        return top, drawn, top.count, drawn.count, dist.log_count()

    top, drawn, *counts, log_count = ask(x)
    for count in counts:
        assert count.tolist() == [4, 0]
    np.testing.assert_allclose(log_count, [np.log(4), -np.inf], rtol=1e-6)
    for events, scores in (top, drawn):
        assert np.all(scores[4:] == -np.inf) and not np.any(events[4:]) and not np.any(events[:, 1])
        assert len({event.tobytes() for event in np.asarray(events[:4, 0])}) == 4
    np.testing.assert_allclose(np.exp(drawn.log_probs[:4, 0]).sum(), 1, rtol=1e-5)


# ------------------------------------------------------------------------------------------------ temperatures, indices


@pytest.mark.parametrize(
    "temperature", [0.0, -1.0, np.nan, jnp.array([1.0, 0.0, 1.0]), [1.0, -2.0, 1.0], jnp.ones(2), "hot", None]
)
def test_what_is_no_temperature_is_refused(temperature: Any) -> None:
    ways = {
        "with_temperature": lambda: crf().with_temperature(temperature),
        "sample": lambda: crf().sample(KEY, temperature=temperature),
        "with_perturbation": lambda: crf().with_perturbation(KEY, temperature=temperature),
        "differentiable_sample": lambda: crf().differentiable_sample(
            KEY, method="Gumbel-CRF", temperature=temperature
        ),
    }
    for way in ways.values():
        with pytest.raises(InvalidArgument, match="expected a number above 0") as caught:
            way()
        assert caught.value.argument == "temperature"


def test_a_temperature_per_item_divides_its_item() -> None:
    each = crf().with_temperature(jnp.array([1.0, 2.0, 0.5])).log_partition()
    np.testing.assert_array_equal(crf().with_temperature([1.0, 2.0, 0.5]).log_partition(), each)
    for i, temperature in enumerate([1.0, 2.0, 0.5]):
        np.testing.assert_allclose(each[i], crf()[i].with_temperature(temperature).log_partition(), rtol=1e-6)


@pytest.mark.parametrize("index", ["one", 1.5, (0, 0)])
def test_what_is_no_index_of_the_batch_is_refused(index: Any) -> None:
    with pytest.raises(InvalidArgument) as caught:
        crf()[index]
    assert caught.value.argument == "index"


@pytest.mark.parametrize("index", [3, -4, np.int64(7), (5,)])
def test_an_index_beyond_the_batch_is_refused(index: Any) -> None:
    with pytest.raises(InvalidArgument, match="-3 to 2") as caught:
        crf()[index]
    assert caught.value.argument == "index"
    assert crf()[-1].log_partition() == crf()[2].log_partition()


@pytest.mark.parametrize("symbol", [2**32, -(2**32), 2**63])
def test_a_number_of_64_bits_does_not_become_another_symbol(symbol: int) -> None:
    for wrong in (lambda: hmm(np.full((B, N), symbol)), lambda: crf().encode(np.full((B, N), symbol))):
        with pytest.raises(InvalidArgument, match="32 bits") as caught:
            wrong()
        assert str(symbol) in caught.value.received
    with jax.enable_x64(True):
        held = jnp.full((B, N), min(symbol, 2**62))
        refused = jax.jit(lambda seen: [check.bad for check in hmm(seen).checks()])(held)
        assert any(np.any(bad) for bad in refused)


@pytest.mark.parametrize("seen", [[2**70], "ab", [[0], [1, 2]], [None]])
def test_what_is_no_array_of_symbols_is_refused(seen: Any) -> None:
    with pytest.raises(InvalidArgument) as caught:
        hmm(seen)
    assert caught.value.argument == "observations"


def test_a_list_of_traced_symbols_is_an_array_of_them() -> None:
    ask = jax.jit(lambda symbol: HMM(INIT, TRANSITION, SYMBOLS, [symbol, 1]).log_partition())
    np.testing.assert_allclose(ask(2), HMM(INIT, TRANSITION, SYMBOLS, [2, 1]).log_partition(), rtol=1e-6)


@pytest.mark.parametrize("choice", [1, 0, "no", None, jnp.array(True)])
def test_what_is_neither_true_nor_false_is_refused(choice: Any) -> None:
    with pytest.raises(InvalidArgument, match="expected a boolean") as caught:
        HMM(INIT, TRANSITION, SYMBOLS, np.zeros((B, N), np.int32), normalize=choice)
    assert caught.value.argument == "normalize"
    HMM(INIT, TRANSITION, SYMBOLS, np.zeros((B, N), np.int32), normalize=np.bool_(True))


def test_alignments_of_other_moves_are_not_compared() -> None:
    table = jnp.zeros((2, 3))
    made = lambda slopes, *down: GeneralMonotoneAlignmentCRF([table] * slopes, *down)
    with pytest.raises(InvalidArgument, match=r"has 2 of `log_potentials_horizontal`, expected 1") as refused:
        made(1).kl_divergence(made(2))
    assert refused.value.argument == "other"
    with pytest.raises(InvalidArgument, match=r"has 0 of `log_potentials_vertical`, expected 1"):
        made(2, table).cross_entropy(made(2))


def test_an_option_without_a_default_has_to_be_given() -> None:
    with pytest.raises(TypeError, match="'alignment_type'"):
        AlignmentCRF(jnp.zeros((2, 3)))
