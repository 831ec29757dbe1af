"""Peers where the interpreter has them: SynJax, optax, torch, torch-struct and scipy."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from plain.lattice import gradient


class Peer(NamedTuple):
    """A query that is no program of JAX: it is called as it is, with arrays of its own kind."""

    prepare: Callable  # (p, q, key) -> arguments
    call: Callable
    answer: Callable = lambda found, p: found  # what was found in the form of ours, not timed


def found(name: str):
    """The module, or None where it is not there."""
    return importlib.import_module(name) if importlib.util.find_spec(name) else None


def synjax_peer(queries: Callable) -> dict[str, dict[str, Callable]]:
    """What SynJax answers, of the module: all but draws without replacement, which it does not have."""
    synjax = found("synjax")
    if synjax is None:
        return {}
    # Its keys are of the old kind
    old = lambda ask: lambda p, q, key: ask(p, q, jax.random.key_data(key))
    asked = {name: old(ask) for name, ask in queries(synjax).items()}
    return {"SynJax": {k: v for k, v in asked.items() if k != "sample_without_replacement"}}


def ctc_peers() -> dict[str, dict[str, Callable | Peer]]:
    peers = {}
    optax, torch = found("optax"), found("torch")
    if optax:

        def loss(logits, labels):
            none = lambda x: jnp.zeros(x.shape[:2])
            return optax.ctc_loss(logits, none(logits), labels, none(labels))

        peers["optax"] = {
            "log_partition": lambda p, q, key: -loss(*p),
            "gradient": lambda p, q, key: gradient(lambda p: -loss(*p), p),
        }
    if torch:

        def prepare(p, q, key):
            logits, labels = (torch.from_numpy(np.array(x)) for x in p)
            lengths = (torch.full((len(x),), x.shape[1], dtype=torch.long) for x in (logits, labels))
            return logits, labels.long(), *lengths

        def torch_loss(logits, labels, *lengths):
            logs = torch.log_softmax(logits, -1).transpose(0, 1)
            return torch.nn.functional.ctc_loss(logs, labels, *lengths, reduction="none")

        def torch_gradient(logits, *rest):
            logits = logits.detach().requires_grad_()
            (-torch_loss(logits, *rest).sum()).backward()
            return (logits.grad,)

        def without_gradient(*args):
            with torch.no_grad():
                return -torch_loss(*args)

        peers["torch"] = {
            "log_partition": Peer(prepare, without_gradient),
            "gradient": Peer(prepare, torch_gradient),
        }
    return peers


def assignment_peers() -> dict[str, dict[str, Callable | Peer]]:
    peers = {}
    scipy, optax = found("scipy"), found("optax")
    if scipy:
        from scipy.optimize import linear_sum_assignment

        def solve(tables):
            events = np.zeros(tables.shape, np.float32)
            for event, table in zip(events, tables, strict=True):
                event[linear_sum_assignment(table, maximize=True)] = 1
            return events

        peers["scipy"] = {"argmax": Peer(lambda p, q, key: (np.array(p[0]),), solve)}
    if optax and hasattr(optax, "assignment"):

        def hungarian(table):
            rows, columns = optax.assignment.hungarian_algorithm(-table)
            return jnp.zeros_like(table).at[rows, columns].set(1.0)

        peers["optax"] = {"argmax": lambda p, q, key: jax.vmap(hungarian)(*p)}
    return peers


def torch_struct_peer(b, n, m, t) -> dict[str, dict[str, Peer]]:
    """Semi-Markov chains of torch-struct, whose products of matrices of m t labels are expanded: where these are small.

    Its five best and 128 draws take most of a minute, and are left out. It has alignments too, by another package that
    is built from C++ and that PyPI does not carry.
    """
    torch, torch_struct = found("torch"), found("torch_struct")
    if not (torch and torch_struct) or b * n * (m * t) ** 3 > 10**8:
        return {}

    def prepare(p, q, key):
        return tuple(
            torch_struct.SemiMarkovCRF(torch.from_numpy(_edges_from_starts(np.array(x[0])))) for x in (p, q)
        )

    new = lambda d: torch_struct.SemiMarkovCRF(d.log_potentials)  # which has nothing remembered
    back = lambda found, p: _edges_at_ends(found.detach().numpy())
    value = lambda found, p: found.detach().numpy()

    def gradient_of(d):
        given = d.log_potentials.detach().requires_grad_()
        torch_struct.SemiMarkovCRF(given).partition.sum().backward()
        return given.grad

    asked = {
        "log_partition": (lambda d, other: new(d).partition, value),
        "marginals": (lambda d, other: new(d).marginals, back),
        "entropy": (lambda d, other: new(d).entropy, value),
        "argmax": (lambda d, other: new(d).argmax, back),
        "sample": (lambda d, other: new(d).sample((1,))[0], back),
        "kl_divergence": (lambda d, other: new(d).kl(new(other)), value),
        "gradient": (lambda d, other: gradient_of(d), lambda found, p: (back(found, p),)),
    }
    return {"torch-struct": {name: Peer(prepare, *both) for name, both in asked.items()}}


def _edges_from_starts(theta):
    """`[i, j, a, b]` at ends i of j+1 positions as `[s, k, b, a]` at starts s of k; the first after label 0."""
    b, n, m, t, _ = theta.shape
    edges = np.full((b, n, m + 1, t, t), -1e9, np.float32)
    for j in range(m):
        edges[:, : n - j, j + 1] = theta[:, j:, j].swapaxes(-1, -2)
    edges[:, 0, :, :, 1:] = -1e9
    return edges


def _edges_at_ends(edges):
    *lead, n, k, t, _ = edges.shape
    theta = np.zeros((*lead, n, k - 1, t, t), np.float32)
    for j in range(k - 1):
        theta[..., j:, j, :, :] = edges[..., : n - j, j + 1, :, :].swapaxes(-1, -2)
    return theta
