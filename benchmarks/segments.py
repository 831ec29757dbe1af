"""What semi-Markov chains cost beside SynJax's, and the factored form beside the general one."""

from __future__ import annotations

import functools
import importlib.util

import jax
import jax.numpy as jnp
import numpy as np
from measure import add_row, compare, compiled, compiled_by_worker, medians

from synjax_worker.distributions import SemiMarkovCRF

SIZES = ((8, 32, 6, 8), (8, 128, 16, 16))  # items, positions, longest segment, labels
KEY = jax.random.key(1)

# A query of either library, and how many times faster ours should be.
QUERIES = {
    "log_partition": (lambda crf: crf.log_partition(), 1.2),
    "marginals": (lambda crf: crf.marginals(), 1.5),
    "argmax": (lambda crf: crf.argmax(), 1.6),
    "sample": (lambda crf: crf.sample(KEY), 3),
    "top_k(5)": (lambda crf: tuple(crf.top_k(5))[:2], 5),
    "entropy": (lambda crf: crf.entropy(), 2.5),
}


def segment_rows():
    for size in SIZES:
        peer_rows(*size)
        factored_rows(*size)


def peer_rows(b, n, m, t):
    if importlib.util.find_spec("synjax") is None:
        print("SynJax is not in this environment: set PEER_PYTHON to compare with it")
        return
    import synjax

    rng = np.random.default_rng(0)
    potentials = jnp.asarray(rng.normal(size=(b, n, m, t, t)), jnp.float32)
    for name, (query, bound) in QUERIES.items():
        ours, theirs = (functools.partial(ask, query, cls) for cls in (SemiMarkovCRF, synjax.SemiMarkovCRF))
        row = f"SemiMarkovCRF B{b} n{n} m{m} t{t} over SynJax: {name}"
        try:
            mine, seconds, peak = compiled_by_worker(ours, potentials)
            peer, other_seconds, other_peak = compiled(theirs, potentials)
            answers = [jax.tree.leaves(call(potentials)) for call in (mine, peer)]
        except Exception as error:
            print(f"       {row}: SynJax does not answer ({type(error).__name__}), not counted")
            continue
        if name != "sample" and not all(
            np.allclose(x, y, rtol=1e-3, atol=1e-3) for x, y in zip(*answers, strict=True)
        ):
            print(f"       {row}: the two disagree, not counted")
            continue
        a, b_seconds = medians(lambda: mine(potentials), lambda: peer(potentials), budget=3.0)
        note = (
            f"{1e3 * a:.3g} against {1e3 * b_seconds:.3g} ms; compiled in {seconds:.1f} against {other_seconds:.1f} s; "
            f"{peak / 1e6:.3g} against {other_peak / 1e6:.3g} MB"
        )
        add_row(row, b_seconds / a, ">=", bound, note)


def ask(query, cls, potentials):
    return query(cls(potentials))


def factored_rows(b, n, m, t):
    """The same distribution by tables of its segments and labels, and by a potential for every segment after every label."""
    rng = np.random.default_rng(1)
    draw = lambda *shape: jnp.asarray(rng.normal(size=shape), jnp.float32)
    tables = draw(t), draw(t, t), draw(b, n, m, t)

    def factored(initial, transition, segment):
        return SemiMarkovCRF(initial=initial, transition=transition, segment=segment)

    def edges(initial, transition, segment):
        first = (jnp.arange(m) == jnp.arange(n)[:, None])[..., None, None]
        return segment[:, :, :, None] + jnp.where(first, initial, transition)

    general = (edges(*tables),)
    name = f"factored SemiMarkovCRF B{b} n{n} m{m} t{t} over the general one"
    for what, of in (("log-partition", lambda x: x), ("gradient", _gradient)):
        ours = of(lambda *tables: factored(*tables).log_partition())
        theirs = of(lambda potentials: SemiMarkovCRF(potentials).log_partition())
        compare(f"{name}: {what}", ours, theirs, tables, 2, their_args=general, both_ours=True)


def _gradient(function):
    def of(*args):
        return jax.grad(lambda args: jnp.sum(function(*args)))(args)

    return of
