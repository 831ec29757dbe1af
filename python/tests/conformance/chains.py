"""Enumerators of the chains."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import jax.numpy as jnp
import numpy as np

from synjax_worker.distributions import HMM, LinearChainCRF

from .case import KINDS, Arrays, BadInput, Enumerator, enumerates, perturbed, potentials_of

STATES = 3


def all_states(length: int) -> np.ndarray:
    """(S length)"""
    return np.array(list(itertools.product(range(STATES), repeat=length)), int).reshape(
        STATES**length, length
    )


def indicators(states: np.ndarray, longest: int) -> np.ndarray:
    events = np.zeros((len(states), longest, STATES, STATES), bool)
    rows = np.arange(len(states))
    for i in range(states.shape[1]):
        before = states[:, i - 1] if i else np.zeros(len(states), int)
        events[rows, i, before, states[:, i]] = True
    return events


def states_of(events: np.ndarray, length: int) -> np.ndarray:
    return events[:, :length].any(-2).argmax(-1)


class Chain(Enumerator):
    def events(self, arrays: Arrays, item: int) -> np.ndarray:
        return indicators(all_states(int(arrays["lengths"][item])), self.longest)

    def with_garbage(self, arrays: Arrays, garbage: float) -> Arrays:
        position = np.arange(self.longest)
        beyond = position >= arrays["lengths"][:, None]
        filled = dict(arrays)
        for name in self.along:
            x = arrays[name].copy()
            x[beyond] = garbage if x.dtype.kind == "f" else -7
            filled[name] = x
        return filled

    along: tuple[str, ...]  # arguments with an axis along the sequence


@enumerates("LinearChainCRF")
class GeneralChain(Chain):
    name = "LinearChainCRF"
    cls: type = LinearChainCRF
    along = ("log_potentials",)

    def make(self, rng, kind, length):
        x = potentials_of(rng, kind, (self.longest, STATES, STATES))
        if kind == "nothing":
            x[: max(length - 1, 1)] = -np.inf
        return {"log_potentials": x}, {"log_potentials": perturbed(rng, kind, x)}

    def build(self, arrays):
        return LinearChainCRF(arrays["log_potentials"], arrays["lengths"])

    def scores(self, arrays, item, events):
        x = np.where(np.isnan(arrays["log_potentials"][item]), 0, arrays["log_potentials"][item])
        return np.sum(np.where(events, x, 0), (1, 2, 3), dtype=np.float64)

    def resized(self, extent):
        return LinearChainCRF(jnp.zeros((2, extent, STATES, STATES)))

    def bad_inputs(self) -> Iterator[BadInput]:
        good = jnp.zeros((2, 4, 3, 3))
        crf = self.cls
        yield BadInput("a rank too low", "log_potentials", lambda: crf(good[0, 0]))
        yield BadInput("states that differ", "log_potentials", lambda: crf(good[..., :2]))
        yield BadInput("integers", "log_potentials", lambda: crf(good.astype(jnp.int32)))
        yield BadInput("half precision", "log_potentials", lambda: crf(good.astype(jnp.float16)))
        yield BadInput("no potentials", "initial", lambda: crf())
        yield BadInput("lengths of another batch", "lengths", lambda: crf(good, jnp.zeros(3, jnp.int32)))
        yield BadInput("fractional lengths", "lengths", lambda: crf(good, jnp.ones(2)))
        yield BadInput("a length too long", "lengths", lambda: crf(good, jnp.array([4, 5])))
        yield BadInput("a negative length", "lengths", lambda: crf(good, jnp.array([-1, 4])))
        yield BadInput("no positions", "log_potentials", lambda: crf(good[:, :0]))
        yield BadInput("no states", "log_potentials", lambda: crf(good[..., :0, :0]))
        yield BadInput("k of 0", "k", lambda: crf(good).top_k(0))
        yield BadInput(
            "k of -1", "k", lambda: crf(good).sample_without_replacement(jnp.zeros(2, jnp.uint32), -1)
        )
        yield BadInput("an event of another shape", "event", lambda: crf(good).log_prob(good[:, :2]))
        yield BadInput("another shape", "other", lambda: crf(good).kl_divergence(crf(good[:, :3])))
        yield BadInput("another class", "other", lambda: crf(good).kl_divergence(HmmOfLogits().resized(4)))
        yield BadInput("NaN", "log_potentials", lambda: crf(good.at[1, 2, 0, 1].set(jnp.nan)), on_device=True)
        yield BadInput(
            "+inf", "log_potentials", lambda: crf(good.at[1, 2, 0, 1].set(jnp.inf)), on_device=True
        )


class FactoredChain(Chain):
    along = ("emission",)

    def build(self, arrays):
        return LinearChainCRF(**arrays)

    def scores(self, arrays, item, events):
        length = int(arrays["lengths"][item])
        states = states_of(events, length)
        if not length:
            return np.zeros(len(events))
        total = arrays["initial"][item][states[:, 0]].astype(np.float64)
        transition = arrays["transition"][item] if arrays["transition"].ndim == 3 else arrays["transition"]
        for i in range(length):
            total = total + arrays["emission"][item][i, states[:, i]]
            if i:
                total = total + transition[states[:, i - 1], states[:, i]]
        return total

    def resized(self, extent):
        zeros = jnp.zeros
        return LinearChainCRF(
            initial=zeros((2, STATES)),
            transition=zeros((STATES, STATES)),
            emission=zeros((2, extent, STATES)),
        )


@enumerates("LinearChainCRF")
class ChainOfFactors(FactoredChain):
    name = "LinearChainCRF-factored"

    def make(self, rng, kind, length):
        shapes = {"initial": (STATES,), "transition": (STATES, STATES), "emission": (self.longest, STATES)}
        mine = {name: potentials_of(rng, kind, shape) for name, shape in shapes.items()}
        if kind == "nothing":
            mine["emission"][max(length - 1, 0)] = -np.inf
        return mine, {name: perturbed(rng, kind, x) for name, x in mine.items()}

    def bad_inputs(self) -> Iterator[BadInput]:
        initial, transition, emission = jnp.zeros(3), jnp.zeros((3, 3)), jnp.zeros((8, 5, 3))

        def crf(**changed):
            return LinearChainCRF(
                **{"initial": initial, "transition": transition, "emission": emission} | changed
            )

        yield BadInput("states that differ", "transition", lambda: crf(transition=jnp.zeros((4, 4))))
        yield BadInput("a batch that does not fit", "initial", lambda: crf(initial=jnp.zeros((7, 3))))
        yield BadInput("a missing part", "transition", lambda: crf(transition=None))
        yield BadInput("both forms", "initial", lambda: crf(log_potentials=jnp.zeros((5, 3, 3))))
        yield BadInput("lengths of another batch", "lengths", lambda: crf(lengths=jnp.zeros(7, jnp.int32)))
        for name, x in (("initial", initial), ("transition", transition), ("emission", emission)):
            bad = x.at[(-1,) * x.ndim].set(jnp.nan)
            yield BadInput(
                f"NaN in {name}", name, lambda name=name, bad=bad: crf(**{name: bad}), on_device=True
            )


@enumerates("HMM")
class HmmOfLogits(Chain):
    name = "HMM"
    along = ("observations",)
    symbols = 4

    def kinds(self):
        # Normalizing rounds logits to their own precision, 1e-3 at 1e4. The other form takes them as they are.
        return tuple(kind for kind in KINDS if kind not in ("large", "gap"))

    def make(self, rng, kind, length):
        shapes = {
            "init_logits": (STATES,),
            "transition_logits": (STATES, STATES),
            "emission_dist": (STATES, self.symbols),
        }
        mine = {name: potentials_of(rng, kind, shape) for name, shape in shapes.items()}
        for x in mine.values():  # a state that forbids everything is no distribution
            x[..., -1] = np.where(np.isneginf(x).all(-1), 0, x[..., -1])
        observations = rng.integers(0, self.symbols, self.longest).astype(np.int32)
        if kind == "nothing":
            mine["emission_dist"][:, observations[max(length - 1, 0)]] = -np.inf
        other = {name: perturbed(rng, kind, x) for name, x in mine.items()}
        for x in other.values():
            x[..., -1] = np.where(np.isneginf(x).all(-1), 0, x[..., -1])
        return {**mine, "observations": observations}, {**other, "observations": observations}

    def build(self, arrays):
        return HMM(**arrays)

    def scores(self, arrays, item, events):
        length = int(arrays["lengths"][item])
        if not length:
            return np.zeros(len(events))
        init, transition, emission = (
            _log_softmax(arrays[name][item].astype(np.float64))
            for name in ("init_logits", "transition_logits", "emission_dist")
        )
        states, seen = states_of(events, length), arrays["observations"][item]
        total = init[states[:, 0]] + emission[states[:, 0], seen[0]]
        for i in range(1, length):
            total = total + transition[states[:, i - 1], states[:, i]] + emission[states[:, i], seen[i]]
        return total

    def resized(self, extent):
        zeros = jnp.zeros
        return HMM(zeros(STATES), zeros((STATES, STATES)), zeros((STATES, 4)), zeros((2, extent), jnp.int32))

    def bad_inputs(self) -> Iterator[BadInput]:
        init, transition, emission = jnp.zeros(3), jnp.zeros((3, 3)), jnp.zeros((3, 4))
        seen = jnp.zeros((8, 5), jnp.int32)

        def hmm(init=init, transition=transition, emission=emission, seen=seen, **rest):
            return HMM(init, transition, emission, seen, **rest)

        yield BadInput("states that differ", "init_logits", lambda: hmm(init=jnp.zeros(4)))
        yield BadInput("fractional symbols", "observations", lambda: hmm(seen=seen.astype(jnp.float32)))
        yield BadInput("no emissions", "emission_dist", lambda: hmm(emission=None))
        yield BadInput("no observations", "observations", lambda: hmm(seen=None))
        yield BadInput("lengths of another batch", "lengths", lambda: hmm(lengths=jnp.zeros(7, jnp.int32)))
        yield BadInput(
            "both forms", "emission_dist", lambda: hmm(emission_log_likelihoods=jnp.zeros((8, 5, 3)))
        )
        yield BadInput("a symbol too large", "observations", lambda: hmm(seen=seen.at[3, 1].set(4)))
        yield BadInput("a negative symbol", "observations", lambda: hmm(seen=seen.at[3, 1].set(-1)))
        yield BadInput("NaN", "init_logits", lambda: hmm(init=init.at[1].set(jnp.nan)), on_device=True)
        yield BadInput(
            "NaN",
            "transition_logits",
            lambda: hmm(transition=transition.at[1, 2].set(jnp.nan)),
            on_device=True,
        )
        yield BadInput(
            "NaN", "emission_dist", lambda: hmm(emission=emission.at[1, 2].set(jnp.nan)), on_device=True
        )


@enumerates("HMM")
class HmmOfLikelihoods(FactoredChain):
    """Unnormalized, its transitions shared by all items."""

    name = "HMM-likelihoods"
    along = ("emission_log_likelihoods",)
    names = ("init_logits", "transition_logits", "emission_log_likelihoods")

    def make(self, rng, kind, length):
        shapes = ((STATES,), (STATES, STATES), (self.longest, STATES))
        mine = {name: potentials_of(rng, kind, shape) for name, shape in zip(self.names, shapes, strict=True)}
        if kind == "nothing":
            mine["emission_log_likelihoods"][max(length - 1, 0)] = -np.inf
        return mine, {name: perturbed(rng, kind, x) for name, x in mine.items()}

    def build(self, arrays):
        return HMM(**arrays, normalize=False)

    def scores(self, arrays, item, events):
        renamed = zip(("initial", "transition", "emission"), self.names, strict=True)
        return super().scores(
            {**{new: arrays[old] for new, old in renamed}, "lengths": arrays["lengths"]}, item, events
        )

    def resized(self, extent):
        zeros = jnp.zeros
        return HMM(
            zeros(STATES), zeros((STATES, STATES)), emission_log_likelihoods=zeros((2, extent, STATES))
        )

    def bad_inputs(self) -> Iterator[BadInput]:
        init, transition, emission = jnp.zeros(3), jnp.zeros((3, 3)), jnp.zeros((8, 5, 3))

        def hmm(emission=emission, **rest):
            return HMM(init, transition, emission_log_likelihoods=emission, **rest)

        yield BadInput("states that differ", "transition_logits", lambda: hmm(jnp.zeros((8, 5, 4))))
        yield BadInput("maximizing likelihoods", "emission_log_likelihoods", lambda: hmm().maximize({}))
        bad = emission.at[1, 2, 0].set(jnp.nan)
        yield BadInput("NaN", "emission_log_likelihoods", lambda: hmm(bad), on_device=True)


def _log_softmax(x: np.ndarray) -> np.ndarray:
    with np.errstate(divide="ignore"):
        top = x.max(-1, keepdims=True)
        return x - top - np.log(np.exp(x - top).sum(-1, keepdims=True))
