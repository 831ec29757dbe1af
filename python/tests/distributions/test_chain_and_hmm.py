"""A chain and an HMM, which are distributions over the same structures, compared with each other."""

from __future__ import annotations

import itertools

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from synjax_worker.distributions import HMM, LinearChainCRF
from tests.compiling import program

N, T, V = 3, 2, 4
SEQUENCES = np.array(list(itertools.product(range(T), repeat=N)))
SEEN = np.array([[0, 3, 1], [2, 2, 0]], np.int32)
Parameters = dict[str, Array]


def parameters() -> Parameters:
    """In 64 bits. The second item of `edges` is far from what float arithmetic holds."""
    rng = np.random.default_rng(5)
    shapes = {
        "initial": (T,),
        "transition": (T, T),
        "emission": (2, N, T),
        "edges": (2, N, T, T),
        "init_logits": (T,),
        "transition_logits": (T, T),
        "emission_dist": (T, V),
    }
    found = {name: rng.normal(size=shape) for name, shape in shapes.items()}
    found["edges"][1] *= 500
    return found


def log_probs(x: Parameters) -> dict[str, Array]:
    """Of every sequence, by adding up its potentials, (2 sequences)."""
    places = np.arange(N)
    step = lambda table: table[..., SEQUENCES[:, :-1], SEQUENCES[:, 1:]].sum(-1)
    of_states = lambda table: table[:, places, SEQUENCES].sum(-1)
    before = np.concatenate([np.zeros_like(SEQUENCES[:, :1]), SEQUENCES[:, :-1]], 1)
    words = jnp.moveaxis(jax.nn.log_softmax(x["emission_dist"])[:, SEEN], 0, -1)
    hmm = jax.nn.log_softmax(x["init_logits"])[SEQUENCES[:, 0]] + of_states(words)
    return {
        "states": jax.nn.log_softmax(
            x["initial"][SEQUENCES[:, 0]] + step(x["transition"]) + of_states(x["emission"])
        ),
        "edges": jax.nn.log_softmax(x["edges"][:, places, before, SEQUENCES].sum(-1)),
        "hmm": jax.nn.log_softmax(hmm + step(jax.nn.log_softmax(x["transition_logits"]))),
    }


def asked(x: Parameters) -> list[Array]:
    states = LinearChainCRF(initial=x["initial"], transition=x["transition"], emission=x["emission"])
    hmm = HMM(x["init_logits"], x["transition_logits"], x["emission_dist"], SEEN)
    return [*both_ways(x), states.cross_entropy(hmm[1])]


def both_ways(x: Parameters) -> list[Array]:
    edges = LinearChainCRF(x["edges"])
    hmm = HMM(x["init_logits"], x["transition_logits"], x["emission_dist"], SEEN)
    return [edges.kl_divergence(hmm), hmm.kl_divergence(edges)]


def enumerated(x: Parameters) -> list[Array]:
    of = log_probs(x)
    states, hmm = of["states"], of["hmm"]
    cross_entropy = lambda p, q: -(jnp.exp(p) * q).sum(-1)
    return [
        *both_ways_enumerated(x),
        cross_entropy(states, hmm[1:]),
    ]


def both_ways_enumerated(x: Parameters) -> list[Array]:
    of = log_probs(x)
    edges, hmm = of["edges"], of["hmm"]
    divergence = lambda p, q: (jnp.exp(p) * (p - q)).sum(-1)
    return [divergence(edges, hmm), divergence(hmm, edges)]


def test_they_are_sums_over_all_sequences() -> None:
    """Values, and gradients by the parameters of both."""
    total = lambda values: sum(jnp.cos(i + 1.0) * each.sum() for i, each in enumerate(values))
    with jax.enable_x64(True):
        x = jax.tree.map(jnp.asarray, parameters())
        found = [
            program(lambda x, f=function, g=gradient: (f(x), jax.grad(lambda y: total(g(y)))(x)))(x)
            for function, gradient in ((asked, both_ways), (enumerated, both_ways_enumerated))
        ]
        ours, theirs = jax.device_get(found)
    for a, b in zip(jax.tree.leaves(ours), jax.tree.leaves(theirs), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-9)


def test_structures_of_other_lengths_are_not_comparable() -> None:
    """As of two chains: neither allows what the other does."""
    hmm = HMM(jnp.zeros(T), jnp.zeros((T, T)), jnp.zeros((T, V)), SEEN, lengths=jnp.array([2, 3], jnp.int32))
    chain = LinearChainCRF(jnp.zeros((N, T, T)))
    apart, same = chain.kl_divergence(hmm)
    assert apart == jnp.inf and same < 1e-5
