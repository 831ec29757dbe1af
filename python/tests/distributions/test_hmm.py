"""What an HMM does beyond the queries of every class: emissions, filtering, learning."""

from __future__ import annotations

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpyro import distributions as emissions
from scipy.special import logsumexp

from synjax_worker.distributions import HMM
from synjax_worker.errors import InvalidArgument
from tests.compiling import program


def arrays(seed: int, n: int = 6, t: int = 3, batch: tuple[int, ...] = ()) -> tuple[np.ndarray, ...]:
    rng = np.random.default_rng(seed)
    return rng.normal(size=(t,)), rng.normal(size=(t, t)), rng.normal(size=(*batch, n, t))


def normalized(x: np.ndarray) -> np.ndarray:
    return x - logsumexp(x, axis=-1, keepdims=True)


def joint(
    init: np.ndarray, transition: np.ndarray, scores: np.ndarray, n: int
) -> dict[tuple[int, ...], float]:
    """Log-probability of the states up to n together with the observations up to n."""
    init, transition = normalized(init), normalized(transition)
    states = itertools.product(range(len(init)), repeat=n)
    steps = lambda y: sum(transition[a, b] for a, b in itertools.pairwise(y))
    return {y: init[y[0]] + steps(y) + sum(scores[i, b] for i, b in enumerate(y)) for y in states}


posteriors = program(lambda hmm: (hmm.filter(), hmm.smooth(), hmm.predict()))


def test_filter_smooth_and_predict_are_the_conditionals_they_say() -> None:
    n, t = 5, 3
    init, transition, scores = arrays(0, n, t)
    hmm = HMM(*(jnp.asarray(x, jnp.float32) for x in (init, transition)), emission_log_likelihoods=scores)
    filtered, smoothed, predicted = posteriors(hmm)
    whole = joint(init, transition, scores, n)
    for i in range(n):
        upto = joint(init, transition, scores, i + 1)
        before = joint(init, transition, np.where(np.arange(n)[:, None] < i, scores, 0), i + 1)
        for answer, table in ((filtered, upto), (smoothed, whole), (predicted, before)):
            weight = [logsumexp([v for y, v in table.items() if y[i] == state]) for state in range(t)]
            np.testing.assert_allclose(answer[i], np.exp(normalized(np.array(weight))), atol=1e-5)


def test_filtered_and_smoothed_states_are_zero_past_the_end_whatever_stands_there() -> None:
    init, transition, scores = arrays(1, 6, 3, (2,))
    scores[0, 2:] = np.nan
    hmm = HMM(
        jnp.asarray(init, jnp.float32),
        jnp.asarray(transition, jnp.float32),
        emission_log_likelihoods=jnp.asarray(scores, jnp.float32),
        lengths=jnp.array([2, 6]),
    )
    for answer in posteriors(hmm):
        assert not np.any(answer[0, 2:])
        np.testing.assert_allclose(np.sum(answer[0, :2], -1), 1, atol=1e-6)


EMISSIONS = {
    "normal": (emissions.Normal(jnp.array([0.0, 3.0]), jnp.array([1.0, 0.5])), ()),
    "poisson": (emissions.Poisson(jnp.array([1.0, 6.0])), ()),
    "categorical": (emissions.Categorical(logits=jnp.array([[0.0, 1.0, 2.0], [1.0, 0.0, -1.0]])), ()),
    "multivariate normal": (
        emissions.MultivariateNormal(jnp.array([[0.0, 0.0], [2.0, 1.0]]), covariance_matrix=jnp.eye(2)),
        (2,),
    ),
}


def observed(name: str, batch: tuple[int, ...], n: int) -> jax.Array:
    """Observations of state 0 in the first half, of state 1 in the second."""
    emission, event = EMISSIONS[name]
    drawn = emission.sample(jax.random.key(3), (*batch, n))
    drawn = jnp.moveaxis(drawn, len(batch) + 1, 0)
    first = jnp.arange(n) < n // 2
    return jnp.where(first[:, None] if event else first, drawn[0], drawn[1])


@pytest.mark.parametrize("name", EMISSIONS)
def test_emissions_by_distribution_are_their_log_likelihoods(name: str) -> None:
    emission, _ = EMISSIONS[name]
    seen = observed(name, (4,), 7)
    init, transition = jnp.zeros(2), jnp.array([[1.0, 0.0], [0.0, 1.0]])

    @program
    def ask(seen, lengths):
        by_distribution = HMM(init, transition, emission, seen, lengths=lengths)
        expand = lambda x: x[..., None, :] if EMISSIONS[name][1] else x[..., None]
        scores = emission.log_prob(expand(seen))
        by_scores = HMM(init, transition, emission_log_likelihoods=scores, lengths=lengths)
        return [dist.log_partition() for dist in (by_distribution, by_distribution[2], by_scores)]

    of_distribution, of_item, of_scores = ask(seen, jnp.array([7, 3, 1, 5]))
    assert of_distribution.shape == (4,)
    np.testing.assert_allclose(of_distribution, of_scores, rtol=1e-6)
    np.testing.assert_allclose(of_item, of_scores[2], rtol=1e-6)


@pytest.mark.parametrize("name", [*EMISSIONS, "logits"])
def test_baum_welch_never_lowers_the_likelihood(name: str) -> None:
    if name == "logits":
        emission, seen = jnp.array([[0.0, 0.5, 0.0], [0.3, 0.0, 0.0]]), observed("categorical", (4,), 12)
    else:
        emission, seen = EMISSIONS[name][0], observed(name, (4,), 12)
    lengths = jnp.array([12, 9, 0, 10])
    parameters = {
        "init_logits": jnp.zeros(2),
        "transition_logits": jnp.zeros((2, 2)),
        "emission_dist": emission,
    }

    @program
    def step(parameters):
        hmm = HMM(**parameters, observations=seen, lengths=lengths)
        return hmm.maximize(hmm.expected_counts()), hmm.log_partition().sum()

    likelihoods = []
    for _ in range(6):
        parameters, likelihood = step(parameters)
        likelihoods.append(float(likelihood))
    assert all(np.diff(likelihoods) >= -1e-4), likelihoods
    assert likelihoods[-1] > likelihoods[0]


def test_expected_counts_are_the_gradient_and_shaped_like_the_parameters() -> None:
    init, transition, emission = (
        jnp.zeros(3),
        jnp.eye(3),
        jnp.asarray(np.random.default_rng(0).normal(size=(3, 70))),
    )
    emission = emission.astype(jnp.float32)
    seen = jax.random.randint(jax.random.key(0), (5, 9), 0, 70)
    lengths = jnp.array([9, 1, 4, 0, 8])

    def model(*parameters):
        return HMM(*parameters, seen, lengths=lengths, normalize=False)

    @program
    def ask(*parameters):
        likelihood = lambda *parameters: model(*parameters).log_partition().sum()
        return model(*parameters).expected_counts(), jax.grad(likelihood, (0, 1, 2))(*parameters)

    counts, gradients = ask(init, transition, emission)
    for count, gradient in zip(counts, gradients, strict=True):
        assert count.shape == gradient.shape
        np.testing.assert_allclose(count, gradient, atol=1e-5)
    assert np.sum(counts.emission) == pytest.approx(22, abs=1e-4)


def test_counts_of_few_symbols_are_those_of_many() -> None:
    seen = jax.random.randint(jax.random.key(0), (5, 9), 0, 4)
    few = jnp.asarray(np.random.default_rng(0).normal(size=(3, 4)), jnp.float32)
    many = jnp.concatenate([few, jnp.full((3, 80), -jnp.inf)], 1)

    @program
    def ask(*emissions):
        return [HMM(jnp.zeros(3), jnp.eye(3), x, seen).expected_counts().emission for x in emissions]

    of_few, of_many = ask(few, many)
    np.testing.assert_allclose(of_few, of_many[:, :4], atol=1e-5)


improved = jax.jit(lambda hmm, **options: hmm.maximize(hmm.expected_counts(), **options))


def test_a_state_never_used_keeps_its_parameters() -> None:
    hmm = HMM(
        jnp.array([0.0, -jnp.inf]),
        jnp.array([[0.0, -jnp.inf], [1.0, 2.0]]),
        jnp.array([[1.0, 0.0], [0.0, 3.0]]),
        jnp.array([0, 1, 0]),
    )
    better = improved(hmm)
    np.testing.assert_allclose(better["transition_logits"][1], hmm.transition_logits[1])
    np.testing.assert_allclose(better["emission_dist"][1], hmm.emission_dist[1])
    assert better["init_logits"][1] == -jnp.inf


def test_pseudocounts_smooth_what_is_allowed() -> None:
    hmm = HMM(jnp.zeros(2), jnp.array([[0.0, -jnp.inf], [0.0, 0.0]]), jnp.zeros((2, 3)), jnp.array([0, 1]))
    better = improved(hmm, pseudocount=1.0)
    assert np.all(np.isfinite(better["emission_dist"]))
    assert better["transition_logits"][0, 1] == -jnp.inf


def test_an_emission_that_cannot_be_fitted_says_which_can() -> None:
    hmm = HMM(jnp.zeros(2), jnp.eye(2), emissions.Laplace(jnp.zeros(2), jnp.ones(2)), jnp.zeros(4))
    with pytest.raises(InvalidArgument, match=r"Laplace.*MultivariateNormal"):
        jax.eval_shape(lambda hmm: hmm.maximize(hmm.expected_counts()), hmm)


RARE = ("poisson", "multivariate normal")  # by the same code, with another density


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.full if name in RARE else ()) for name in EMISSIONS]
)
def test_garbage_beyond_the_lengths_reaches_no_derivative_of_an_emission(name: str) -> None:
    """In value, gradient, second derivative, counts and their fit."""
    emission, event = EMISSIONS[name]
    seen, lengths = observed(name, (3,), 5), jnp.array([5, 2, 0])
    beyond = (jnp.arange(5) >= lengths[:, None]).reshape(3, 5, *[1] * len(event))
    fields, treedef = jax.tree.flatten(emission)
    moving = [jnp.issubdtype(jnp.result_type(x), jnp.floating) for x in fields]

    @program
    def ask(seen):
        def model(moved):
            leaves = [x if free else own for x, own, free in zip(moved, fields, moving, strict=True)]
            emission = jax.tree.unflatten(treedef, leaves)
            return HMM(jnp.zeros(2), jnp.eye(2), emission, seen, lengths=lengths)

        total = lambda moved: jnp.sum(model(moved).log_partition())
        slope = lambda moved: jax.grad(total)(moved)
        twice = jax.jvp(slope, (fields,), (jax.tree.map(jnp.ones_like, fields),))
        made = model(fields)
        counts = made.expected_counts()
        return total(fields), twice, counts, made.maximize(counts)

    kind = seen.dtype.kind
    clean, *others = (
        jax.tree.leaves(ask(jnp.where(beyond, garbage, seen).astype(seen.dtype)))
        for garbage in ([1, -9, 99] if kind == "i" else [1.0, jnp.nan, jnp.inf])
    )
    assert all(np.all(np.isfinite(x)) for x in clean)
    for other in others:
        for a, b in zip(clean, other, strict=True):
            np.testing.assert_array_equal(a, b)


def test_the_gradient_of_a_padded_regime_model() -> None:
    def total(loc):
        seen = jnp.array([[0.05, 2.9, 0.1], [0.2, 3.1, jnp.nan]])
        emission = emissions.Normal(loc, jnp.array([0.5, 0.5]))
        moves = jnp.array([[2.0, 0.0], [0.0, 2.0]])
        return HMM(jnp.zeros(2), moves, emission, seen, lengths=jnp.array([3, 2])).log_partition().sum()

    slope = jax.jit(jax.grad(total))(jnp.array([0.0, 3.0]))
    step = jnp.array([1e-2, 0.0])
    central = (total(jnp.array([0.0, 3.0]) + step) - total(jnp.array([0.0, 3.0]) - step)) / 2e-2
    np.testing.assert_allclose(slope, [1.4, -2e-5], atol=2e-3)
    np.testing.assert_allclose(slope[0], central, atol=1e-2)
