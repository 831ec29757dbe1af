"""Against other people's implementations and published numbers: hmmlearn, CRFsuite, NumPyro, a textbook's umbrella."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpyro import distributions as emissions

from synjax_worker.distributions import HMM, LinearChainCRF
from tests.compiling import program

LENGTHS = (9, 1, 4, 7)
STATES = 3


@pytest.fixture(autouse=True)
def float64() -> Iterator[None]:
    with jax.enable_x64(True):
        yield


def simplex(rng: np.random.Generator, *shape: int) -> np.ndarray:
    return rng.dirichlet(np.ones(shape[-1]), shape[:-1])


def padded(sequences: np.ndarray, lengths: tuple[int, ...] = LENGTHS, filler: float = 0) -> np.ndarray:
    """Sequences that stand one after the other, one a row."""
    ends = np.cumsum(lengths)
    rows = np.full((len(lengths), max(lengths), *sequences.shape[1:]), filler, sequences.dtype)
    for row, end, length in zip(rows, ends, lengths, strict=True):
        row[:length] = sequences[end - length : end]
    return rows


def unpadded(rows: np.ndarray, lengths: tuple[int, ...] = LENGTHS) -> np.ndarray:
    return np.concatenate([row[:length] for row, length in zip(rows, lengths, strict=True)])


# ------------------------------------------------------------------------------------------------------- hmmlearn

MODELS = ("categorical", "normal", "multivariate normal")


def learner(kind: str, rng: np.random.Generator, **options) -> tuple:
    """A model of hmmlearn and observations (sum of LENGTHS, columns)."""
    hmm = pytest.importorskip("hmmlearn.hmm")
    options = {"init_params": "", **options}
    total = sum(LENGTHS)
    if kind == "categorical":
        model = hmm.CategoricalHMM(STATES, n_features=5, **options)
        model.emissionprob_ = simplex(rng, STATES, 5)
        seen = rng.integers(0, 5, (total, 1))
    else:
        size, shape = (1, "diag") if kind == "normal" else (2, "full")
        model = hmm.GaussianHMM(STATES, shape, covars_prior=0, covars_weight=0, **options)
        model.n_features = size
        model.means_ = 2 * rng.normal(size=(STATES, size))
        root = rng.normal(size=(STATES, size, size))
        full = root @ root.swapaxes(-1, -2) + np.eye(size)
        model.covars_ = full if shape == "full" else np.diagonal(full, axis1=-2, axis2=-1)
        seen = 2 * rng.normal(size=(total, size))
    model.startprob_, model.transmat_ = simplex(rng, STATES), simplex(rng, STATES, STATES)
    return model, seen


def emission_of(kind: str, model):
    if kind == "categorical":
        return jnp.log(model.emissionprob_)
    if kind == "normal":
        return emissions.Normal(jnp.asarray(model.means_[:, 0]), jnp.sqrt(model.covars_[:, 0, 0]))
    return emissions.MultivariateNormal(
        jnp.asarray(model.means_), covariance_matrix=jnp.asarray(model.covars_)
    )


def rows_of(kind: str, seen: np.ndarray) -> np.ndarray:
    return padded(seen if kind == "multivariate normal" else seen[:, 0], filler=3)


@program
def answers_of(init, transition, emission, rows):
    hmm = HMM(init, transition, emission, rows, lengths=jnp.array(LENGTHS))
    best, score = hmm.argmax_and_max()
    better = hmm.maximize(hmm.expected_counts())
    return hmm.log_partition(), hmm.smooth(), hmm.decode(best), score, better


@pytest.mark.parametrize("kind", MODELS)
def test_an_hmm_is_that_of_hmmlearn(kind: str) -> None:
    """Likelihood, posteriors, best path, and a step of Baum-Welch."""
    model, seen = learner(kind, np.random.default_rng(0), n_iter=1)
    likelihood, posteriors, states, score, better = answers_of(
        jnp.log(model.startprob_), jnp.log(model.transmat_), emission_of(kind, model), rows_of(kind, seen)
    )
    assert np.sum(likelihood) == pytest.approx(model.score(seen, LENGTHS), rel=1e-10)
    np.testing.assert_allclose(unpadded(posteriors), model.predict_proba(seen, LENGTHS), atol=1e-9)
    best, path = model.decode(seen, LENGTHS, algorithm="viterbi")
    assert np.sum(score) == pytest.approx(best, rel=1e-10)
    np.testing.assert_array_equal(unpadded(states), path)

    model.fit(seen, LENGTHS)
    np.testing.assert_allclose(jnp.exp(better["init_logits"]), model.startprob_, atol=1e-9)
    np.testing.assert_allclose(jnp.exp(better["transition_logits"]), model.transmat_, atol=1e-9)
    fitted = better["emission_dist"]
    if kind == "categorical":
        np.testing.assert_allclose(jnp.exp(fitted), model.emissionprob_, atol=1e-9)
    elif kind == "normal":
        np.testing.assert_allclose(fitted.loc, model.means_[:, 0], atol=1e-9)
        np.testing.assert_allclose(fitted.scale**2, model.covars_[:, 0, 0], rtol=1e-7)
    else:  # ours adds a millionth of the variance of all observations
        np.testing.assert_allclose(fitted.loc, model.means_, atol=1e-9)
        np.testing.assert_allclose(fitted.covariance_matrix, model.covars_, atol=1e-4)


# ------------------------------------------------------------------------------------------------------- CRFsuite

SENTENCES = (
    ("the dog sees a cat", "D N V D N"),
    ("a cat sees", "D N V"),
    ("dogs see the dogs", "N V D N"),
    ("the cat dogs the dog", "D N V D N"),
    ("see", "V"),
    ("a dog dogs dogs", "D N V N"),
    ("the see cat", "D N N"),
)


def features(sentence: str) -> list[list[str]]:
    words = sentence.split()
    lasts = [word[-1] for word in words]
    first = [["first"] if i == 0 else [] for i in range(len(words))]
    return [
        [f"word={word}", f"last={last}", *start]
        for word, last, start in zip(words, lasts, first, strict=True)
    ]


def trained(crfsuite, path: Path):
    trainer = crfsuite.Trainer(algorithm="lbfgs", verbose=False)
    trainer.set_params({"c2": 0.1, "max_iterations": 40, "feature.possible_transitions": True})
    for sentence, tags in SENTENCES:
        trainer.append(features(sentence), tags.split())
    trainer.train(str(path))
    tagger = crfsuite.Tagger()
    tagger.open(str(path))
    return tagger


@pytest.mark.costs("LinearChainCRF")
def test_marginals_and_tags_are_those_of_crfsuite(tmp_path: Path) -> None:
    crfsuite = pytest.importorskip("pycrfsuite")
    tagger = trained(crfsuite, tmp_path / "tags.crfsuite")
    model, labels = tagger.info(), tagger.labels()
    transition = np.array([[model.transitions.get((a, b), 0.0) for b in labels] for a in labels])
    assert np.abs(transition).max() > 0.1
    asked = [*(sentence for sentence, _ in SENTENCES), "dog the cat cats see a", "unseen words"]
    lengths = [len(sentence.split()) for sentence in asked]
    emission = np.zeros((len(asked), max(lengths), len(labels)))
    for row, sentence in zip(emission, asked, strict=True):
        for i, names in enumerate(features(sentence)):
            row[i] = [sum(model.state_features.get((name, label), 0.0) for name in names) for label in labels]

    @program
    def ask(transition, emission):
        crf = LinearChainCRF(
            initial=jnp.zeros(len(labels)),
            transition=transition,
            emission=emission,
            lengths=jnp.array(lengths),
        )
        best = crf.argmax()
        return jnp.sum(crf.marginals(), -2), crf.decode(best), jnp.exp(crf.log_prob(best))

    marginals, tags, probability = ask(jnp.asarray(transition), jnp.asarray(emission))
    for item, sentence in enumerate(asked):
        path = tagger.tag(features(sentence))
        assert [labels[tag] for tag in tags[item][: lengths[item]]] == path
        assert float(probability[item]) == pytest.approx(tagger.probability(path), abs=2e-5)
        for i in range(lengths[item]):
            theirs = [tagger.marginal(label, i) for label in labels]
            # The model prints its parameters with six digits.
            np.testing.assert_allclose(marginals[item, i], theirs, atol=2e-5)


# -------------------------------------------------------------------------------------------------- NumPyro, books


@pytest.mark.costs("HMM")
def test_likelihood_is_that_of_states_summed_out_in_numpyro() -> None:
    """NumPyro's mixture is the likelihood of one observation; of a chain, that of its paths as components."""
    rng = np.random.default_rng(2)
    init, transition = simplex(rng, STATES), simplex(rng, STATES, STATES)
    loc, scale, seen = rng.normal(size=STATES), 0.5 + rng.random(STATES), rng.normal(size=4)
    paths = np.stack(np.meshgrid(*[range(STATES)] * 4, indexing="ij"), -1).reshape(-1, 4)
    weight = init[paths[:, 0]] * np.prod([transition[paths[:, i], paths[:, i + 1]] for i in range(3)], 0)
    components = emissions.Normal(jnp.asarray(loc[paths]), jnp.asarray(scale[paths])).to_event(1)
    mixture = emissions.MixtureSameFamily(emissions.Categorical(probs=jnp.asarray(weight)), components)
    emission = emissions.Normal(jnp.asarray(loc), jnp.asarray(scale))
    likelihood = jax.jit(lambda *arguments: HMM(*arguments).log_partition())
    ours = likelihood(jnp.log(init), jnp.log(transition), emission, seen)
    assert float(ours) == pytest.approx(float(mixture.log_prob(seen)), rel=1e-12)


@pytest.mark.costs("HMM")
def test_the_umbrella_of_russell_and_norvig() -> None:
    """Artificial Intelligence: A Modern Approach, 15.2: two days of rain, and the five days it is extended to."""
    rain, umbrella = jnp.array([[0.7, 0.3], [0.3, 0.7]]), jnp.array([[0.9, 0.1], [0.2, 0.8]])

    @program
    def ask(seen, lengths):
        hmm = HMM(jnp.zeros(2), jnp.log(rain), jnp.log(umbrella), seen, lengths=lengths)
        return hmm.filter(), hmm.smooth(), hmm.predict(), hmm.decode(hmm.argmax())

    filtered, smoothed, predicted, days = ask(jnp.array([[0, 0, 1, 0, 0]] * 2), jnp.array([5, 2]))
    np.testing.assert_allclose(filtered[0, :, 0], [0.8182, 0.8834, 0.1907, 0.7308, 0.8673], atol=5e-5)
    np.testing.assert_allclose(smoothed[0, :, 0], [0.8673, 0.8204, 0.3075, 0.8204, 0.8673], atol=5e-5)
    np.testing.assert_allclose(smoothed[1, :2, 0], [0.883, 0.883], atol=5e-4)
    np.testing.assert_allclose(predicted[1, :2, 0], [0.5, 0.627], atol=5e-4)
    assert days.tolist() == [[0, 0, 1, 0, 0], [0, 0, -1, -1, -1]]


@pytest.mark.costs("HMM")
def test_the_fever_of_the_viterbi_example() -> None:
    """Healthy or feverish, feeling normal, cold and dizzy: the published best path has probability 0.01512."""

    @program
    def ask(seen):
        clinic = HMM(
            jnp.log(jnp.array([0.6, 0.4])),
            jnp.log(jnp.array([[0.7, 0.3], [0.4, 0.6]])),
            jnp.log(jnp.array([[0.5, 0.4, 0.1], [0.1, 0.3, 0.6]])),
            seen,
        )
        best, score = clinic.argmax_and_max()
        return clinic.decode(best), jnp.exp(score)

    states, probability = ask(jnp.array([0, 1, 2]))
    assert states.tolist() == [0, 0, 1]
    assert float(probability) == pytest.approx(0.01512, rel=1e-9)
