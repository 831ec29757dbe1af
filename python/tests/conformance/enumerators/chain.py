"""Chains: sequences of states."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import jax.numpy as jnp
import numpy as np

from synjax_worker.distributions import HMM, LinearChainCRF

from ..case import BEYOND_FLOAT64, KINDS, BadInput, Lengths, perturbed, potentials_of
from ..enumerator import Enumerator, enumerates


class Chain(Enumerator):
    sizes = {"n": 4, "t": 3}

    def structures(self, lengths: Lengths) -> Iterator[np.ndarray]:
        length = lengths["lengths"]
        for states in itertools.product(range(self.sizes["t"]), repeat=length):
            yield np.array([*states, *[-1] * (self.sizes["n"] - length)])

    def event(self, compact: np.ndarray) -> np.ndarray:
        made = np.zeros([self.sizes[dim] for dim in "ntt"], bool)
        states = compact[compact >= 0]
        for i, (before, state) in enumerate(itertools.pairwise([0, *states])):
            made[i, before, state] = True
        return made


def edges(initial: np.ndarray, transition: np.ndarray, emission: np.ndarray) -> np.ndarray:
    """The potentials of a factored chain as those of its edges, (n t t) float64."""
    made = emission.astype(np.float64)[:, None, :] + transition
    made[0] = initial.astype(np.float64) + emission[0]
    return made


@enumerates(LinearChainCRF)
class GeneralChain(Chain):
    name = "LinearChainCRF"
    potentials = ("log_potentials",)
    of_parts = "log_potentials"
    thorough = True

    def without_structures(self, arrays, lengths):
        arrays["log_potentials"][: max(lengths["lengths"] - 1, 1)] = -np.inf
        return arrays

    def parts(self, arrays, lengths):
        return arrays["log_potentials"].astype(np.float64)

    def bad_inputs(self) -> Iterator[BadInput]:
        good = jnp.zeros((2, 4, 3, 3))
        yield BadInput("states that differ", "log_potentials", lambda: self.cls(good[..., :2]))
        yield BadInput("no potentials", "initial", lambda: self.cls())
        yield BadInput("another shape", "other", lambda: self.cls(good).kl_divergence(self.cls(good[:, :3])))


@enumerates(LinearChainCRF)
class FactoredChain(Chain):
    name = "LinearChainCRF-factored"
    potentials = ("initial", "transition", "emission")
    float32 = True

    def without_structures(self, arrays, lengths):
        arrays["emission"][max(lengths["lengths"] - 1, 0)] = -np.inf
        return arrays

    def parts(self, arrays, lengths):
        return edges(*(arrays[name] for name in self.potentials))

    def bad_inputs(self) -> Iterator[BadInput]:
        good = {"initial": jnp.zeros(3), "transition": jnp.zeros((3, 3)), "emission": jnp.zeros((8, 5, 3))}
        crf = lambda **changed: LinearChainCRF(**good | changed)
        yield BadInput("states that differ", "transition", lambda: crf(transition=jnp.zeros((4, 4))))
        yield BadInput("a batch that does not fit", "initial", lambda: crf(initial=jnp.zeros((7, 3))))
        yield BadInput("a missing part", "transition", lambda: crf(transition=None))
        yield BadInput("both forms", "initial", lambda: crf(log_potentials=jnp.zeros((5, 3, 3))))


@enumerates(HMM)
class HmmOfLogits(Chain):
    name = "HMM"
    sizes = {"n": 4, "t": 3, "v": 4}
    potentials = ("init_logits", "transition_logits", "emission_dist")
    dims = {"emission_dist": "t v", "observations": "n"}

    def kinds(self):
        # Normalizing rounds logits to their own precision, 1e-3 at 1e4. The other form takes them as they are.
        return tuple(kind for kind in KINDS if kind not in ("large", "gap", *BEYOND_FLOAT64))

    def make(self, rng, kind, lengths):
        mine = {
            name: self.filled(name, lambda shape: potentials_of(rng, kind, shape)) for name in self.potentials
        }
        observations = rng.integers(0, self.sizes["v"], self.sizes["n"]).astype(np.int32)
        mine = {name: _with_a_choice(x) for name, x in mine.items()}
        if kind == "nothing":
            mine["emission_dist"][:, observations[max(lengths["lengths"] - 1, 0)]] = -np.inf
        other = {name: _with_a_choice(perturbed(rng, kind, x)) for name, x in mine.items()}
        return {**mine, "observations": observations}, {**other, "observations": observations}

    def parts(self, arrays, lengths):
        initial, transition, emission = (_log_softmax(arrays[name]) for name in self.potentials)
        seen = np.maximum(arrays["observations"], 0)  # negative beyond the lengths
        return edges(initial, transition, emission[:, seen].T)

    def bad_inputs(self) -> Iterator[BadInput]:
        init, transition, emission = jnp.zeros(3), jnp.zeros((3, 3)), jnp.zeros((3, 4))
        seen = jnp.zeros((8, 5), jnp.int32)

        def hmm(init=init, transition=transition, emission=emission, seen=seen, **rest):
            return HMM(init, transition, emission, seen, **rest)

        yield BadInput("states that differ", "init_logits", lambda: hmm(init=jnp.zeros(4)))
        yield BadInput("fractional symbols", "observations", lambda: hmm(seen=seen.astype(jnp.float32)))
        yield BadInput("no emissions", "emission_dist", lambda: hmm(emission=None))
        yield BadInput("no observations", "observations", lambda: hmm(seen=None))
        likelihoods = jnp.zeros((8, 5, 3))
        yield BadInput("both forms", "emission_dist", lambda: hmm(emission_log_likelihoods=likelihoods))
        yield BadInput("a symbol too large", "observations", lambda: hmm(seen=seen.at[3, 1].set(4)))
        yield BadInput("a negative symbol", "observations", lambda: hmm(seen=seen.at[3, 1].set(-1)))


@enumerates(HMM)
class HmmOfLikelihoods(Chain):
    """Unnormalized, its transitions shared by all items."""

    name = "HMM-likelihoods"
    potentials = ("init_logits", "transition_logits", "emission_log_likelihoods")
    shared = ("transition_logits",)
    options = {"normalize": False}

    def without_structures(self, arrays, lengths):
        arrays["emission_log_likelihoods"][max(lengths["lengths"] - 1, 0)] = -np.inf
        return arrays

    def parts(self, arrays, lengths):
        return edges(*(arrays[name] for name in self.potentials))

    def bad_inputs(self) -> Iterator[BadInput]:
        def hmm(states: int) -> HMM:
            return HMM(jnp.zeros(3), jnp.zeros((3, 3)), emission_log_likelihoods=jnp.zeros((8, 5, states)))

        yield BadInput("states that differ", "transition_logits", lambda: hmm(4))
        yield BadInput("maximizing likelihoods", "emission_log_likelihoods", lambda: hmm(3).maximize({}))


def _with_a_choice(x: np.ndarray) -> np.ndarray:
    """A state that forbids everything is no distribution: there the last is allowed."""
    x[..., -1] = np.where(np.isneginf(x).all(-1), 0, x[..., -1])
    return x


def _log_softmax(x: np.ndarray) -> np.ndarray:
    x = x.astype(np.float64)
    with np.errstate(divide="ignore"):
        top = x.max(-1, keepdims=True)
        return x - top - np.log(np.exp(x - top).sum(-1, keepdims=True))
