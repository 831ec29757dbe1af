"""What chains cost, in process: each figure against a plain implementation written here, or against SynJax.

Ours are compiled as a worker does, see `measure`. Ratios are of interleaved medians of one run, in a process that keeps
freed memory as a worker does: both sides, or the page faults of what is largest would be what is measured. Where
PEER_PYTHON names an environment that has SynJax, the whole benchmark runs under it with this package on its path.
Beside each row: seconds to compile, and bytes beside the arguments and results (`memory_analysis`).
"""

from __future__ import annotations

import functools
import gzip
import importlib.util
import json
import os
import pathlib
import platform

import jax
import jax.numpy as jnp
import numpy as np
from curves import draw_curves
from measure import ROWS, add_row, as_worker, compare, compiled, compiled_by_worker, geometric_mean, medians

from synjax_worker.distributions import HMM, LinearChainCRF
from synjax_worker.runtime import compiler
from synjax_worker.runtime.allocator import keep_freed_memory

HERE = pathlib.Path(__file__).parent
# ------------------------------------------------------------------------------------- plain implementations, to beat


def plain_log_partition(initial, transition, emission):
    """The scan that one writes first: broadcast, add, logsumexp. (b n t)"""
    steps = jnp.moveaxis(emission, 1, 0)

    def step(alpha, scores):
        return jax.nn.logsumexp(alpha[:, :, None] + transition, axis=1) + scores, None

    alpha, _ = jax.lax.scan(step, initial + steps[0], steps[1:])
    return jax.nn.logsumexp(alpha, axis=-1)


def k_best_semiring(initial, transition, emission, k):
    """The k best by a semiring of k-vectors: scores and tags of one chain. (n t)"""
    n, t = emission.shape
    best = jnp.full((t, k), -jnp.inf).at[:, 0].set(initial + emission[0])

    def step(best, scores):
        candidates = (best[:, :, None] + transition[:, None, :]).reshape(t * k, t).T
        values, where = jax.lax.top_k(candidates, k)
        return values + scores[:, None], where

    best, back = jax.lax.scan(step, best, emission[1:])
    scores, at = jax.lax.top_k(best.ravel(), k)

    def follow(at, where):
        tag, rank = at // k, at % k
        return where[tag, rank], tag

    first, tags = jax.lax.scan(follow, at, back, reverse=True)
    return jnp.concatenate([(first // k)[None], tags]).T, scores


# ----------------------------------------------------------------------------------------------------------- the rows


def factored_parameters(seed, b, n, t, scale=1.0):
    rng = np.random.default_rng(seed)
    draw = lambda *shape: jnp.asarray(scale * rng.normal(size=shape), jnp.float32)
    return draw(t), draw(t, t), draw(b, n, t)


def ours_log_partition(initial, transition, emission):
    return LinearChainCRF(initial=initial, transition=transition, emission=emission).log_partition()


def gradient(function):
    return jax.grad(lambda *args: jnp.sum(function(*args)), argnums=(0, 1, 2))


def factored_rows():
    args = factored_parameters(0, 4, 128, 128)
    compare(
        "factored CRF B4 n128 t128, log-partition over the plain scan",
        ours_log_partition,
        plain_log_partition,
        args,
        5,
    )
    compare("  gradient", gradient(ours_log_partition), gradient(plain_log_partition), args, 7)
    lanes = tuple(jnp.stack([x] * 4) + 0.1 * jnp.arange(4).reshape(4, *[1] * x.ndim) for x in args)
    of_gradients = gradient(ours_log_partition), gradient(plain_log_partition)
    both = ours_log_partition, plain_log_partition
    compare("  log-partition, vmapped over 4", *both, lanes, 5, vmapped=True)
    compare("  gradient, vmapped over 4", *of_gradients, lanes, 7, vmapped=True)
    tripped = trip_guards(args)
    compare("  log-partition, every guard tripped", *both, tripped, 0.5, careful=True)
    compare("  gradient, every guard tripped", *of_gradients, tripped, 0.5, careful=True)
    lanes = tuple(jnp.stack([x] * 4) for x in tripped)
    vmapped = {"careful": True, "vmapped": True}
    compare("  log-partition, every guard tripped, vmapped over 4", *both, lanes, 0.5, **vmapped)
    compare("  gradient, every guard tripped, vmapped over 4", *of_gradients, lanes, 0.5, **vmapped)


def trip_guards(args):
    """Forbidden edges, and a best path through a state that its own step makes e^-10,000 times less likely than others.

    Probabilities of one float32 lose that state at once, so every item must take the exact path; it is asserted.
    """
    initial, transition, emission = args
    transition = transition.at[0, 1].set(-jnp.inf).at[2, 3].set(-jnp.inf)
    transition = transition.at[:, 5].add(-1e4).at[1, 5].set(0.0)
    emission = emission.at[:, ::2, 1].add(-1e4).at[:, 1::2, 5].add(2e4)
    chain = LinearChainCRF(initial=initial, transition=transition, emission=emission)
    assert not np.any(jax.jit(lambda chain: chain._messages().certified)(chain)), "a guard did not trip"
    return initial, transition, emission


def genome_parameters(dtype=jnp.float32):
    lines = gzip.open(HERE.parent / "examples/data/lambda_virus.fa.gz", "rt").read().splitlines()
    bases = np.array(["ACGT".index(c) for line in lines if not line.startswith(">") for c in line.upper()])
    rng = np.random.default_rng(5)
    normal = lambda x: jax.nn.log_softmax(jnp.asarray(x, dtype), -1)
    stay = np.log(np.full((4, 4), 0.001 / 3) + np.eye(4) * (0.999 - 0.001 / 3))
    return (
        normal(np.zeros(4)),
        normal(stay),
        normal(0.3 * rng.normal(size=(4, 4))),
        jnp.asarray(bases, jnp.int32),
    )


def genome_rows():
    initial, transition, table, bases = genome_parameters()

    def ours(initial, transition, table):
        return HMM(initial, transition, table, bases, normalize=False).log_partition()

    def plain(initial, transition, table):
        return plain_log_partition(initial[None], transition, table.T[bases][None])[0]

    args = (initial, transition, table)
    compare("HMM on 48,502 bases, 4 states, log-likelihood over the plain scan", ours, plain, args, 3)
    compare("  gradient", gradient(ours), gradient(plain), args, 1.5)

    def posteriors(initial, transition, table, bases):
        hmm = HMM(initial, transition, table, bases, normalize=False)
        return hmm.log_partition(), hmm.smooth()

    def plain_posteriors(initial, transition, table, bases):
        value = lambda scores: plain_log_partition(initial[None], transition, scores[None])[0]
        return jax.value_and_grad(value)(table.T[bases])

    came = jax.jit(posteriors)(*args, bases)
    naive = jax.jit(plain_posteriors)(*args, bases)
    with jax.enable_x64(True):
        wide = [jnp.asarray(np.asarray(x), jnp.float64) for x in args]
        exact = jax.jit(plain_posteriors)(*wide, bases)
        exact = [np.asarray(x) for x in exact]
    relative = lambda x: abs(float(x) - exact[0]) / abs(exact[0])
    worst = lambda x: np.max(np.abs(np.asarray(x, np.float64) - exact[1]))
    add_row(
        "  log-likelihood, float32 against float64, relative",
        relative(came[0]),
        "<=",
        1e-6,
        f"the plain scan: {relative(naive[0]):.1e}",
    )
    add_row(
        "  posteriors, float32 against float64, absolute",
        worst(came[1]),
        "<=",
        5e-6,
        f"the plain scan: {worst(naive[1]):.1e}",
    )


def scale_rows():
    """Against float64 of ours, whose agreement with enumeration the tests show; the plain scan cannot at these scales."""
    worst = {"potentials of ±1e4": 0.0, "-1e4 added as masks": 0.0}

    def marginals(potentials):
        return LinearChainCRF(potentials).marginals()

    run = jax.jit(marginals, compiler_options=compiler.options(eager=False))
    for seed in range(8):
        rng = np.random.default_rng(seed)
        theta = rng.normal(size=(4, 32, 6, 6)).astype(np.float32)
        cases = {
            "potentials of ±1e4": np.float32(1e4) * np.sign(theta) + theta,
            "-1e4 added as masks": theta
            + np.float32(-1e4) * (rng.random(theta.shape) < 0.4).astype(np.float32),
        }
        for name, potentials in cases.items():
            came = np.asarray(run(jnp.asarray(potentials)), np.float64)
            with jax.enable_x64(True):
                exact = np.asarray(run(jnp.asarray(potentials, jnp.float64)))
            worst[name] = max(worst[name], float(np.max(np.abs(came - exact))))
    for name, error in worst.items():
        add_row(f"marginals of chains, {name}, float32 against float64, absolute", error, "<=", 1e-5)


def draw_rows():
    args = factored_parameters(1, 1, 64, 16)
    args = (args[0], args[1], args[2][0])
    key = jax.random.key(0)
    chain = lambda *a: LinearChainCRF(initial=a[0], transition=a[1], emission=a[2])

    def one(key, *a):
        drawn = chain(*a)
        return drawn.log_partition(), drawn.decode(drawn.sample(key))

    def many(key, *a):
        drawn = chain(*a)
        return drawn.decode(drawn.sample(key, (128,)))

    a, seconds, peak = compiled_by_worker(many, key, *args)
    b, _, _ = compiled_by_worker(one, key, *args)
    ours, theirs = medians(lambda: a(key, *args), lambda: b(key, *args))
    note = f"{1e3 * ours:.3g} against {1e3 * theirs:.3g} ms; compiled in {seconds:.1f} s; {peak / 1e6:.3g} MB"
    add_row(
        "128 samples of a chain n64 t16 over one log-partition and one draw", ours / theirs, "<=", 4, note
    )


def k_best_rows():
    initial, transition, emission = factored_parameters(2, 1, 256, 64)
    args = (initial, transition, emission[0])

    def ours(initial, transition, emission):
        chain = LinearChainCRF(initial=initial, transition=transition, emission=emission)
        events, scores = chain.top_k(64)
        return chain.decode(events), scores

    theirs = functools.partial(k_best_semiring, k=64)
    compare("top-64 of a chain n256 t64 over a k-best-semiring scan", ours, theirs, args, 10)
    a, _, peak = compiled_by_worker(ours, *args)
    b, _, other_peak = compiled(theirs, *args)
    assert np.allclose(a(*args)[1], b(*args)[1], rtol=1e-5), "the two disagree on the 64 best"
    add_row(
        "  its peak bytes over theirs",
        peak / max(other_peak, 1),
        "<=",
        0.3,
        f"{peak / 1e6:.3g} against {other_peak / 1e6:.3g} MB",
    )


def peer_rows():
    if importlib.util.find_spec("synjax") is None:
        print("SynJax is not in this environment: set PEER_PYTHON to compare with it")
        return
    import synjax

    rng = np.random.default_rng(3)
    theta = jnp.asarray(rng.normal(size=(8, 64, 32, 32)), jnp.float32)
    other = jnp.asarray(rng.normal(size=(8, 64, 32, 32)), jnp.float32)
    event = jax.jit(lambda x: LinearChainCRF(x).argmax())(theta)
    key = jax.random.key(1)
    alone = {
        "log_partition": lambda d: d.log_partition(),
        "log_prob": lambda d: d.log_prob(event),
        "unnormalized_log_prob": lambda d: d.unnormalized_log_prob(event),
        "log_count": lambda d: d.log_count(),
        "marginals": lambda d: d.marginals(),
        "log_marginals": lambda d: d.log_marginals(),
        "argmax": lambda d: d.argmax(),
        "entropy": lambda d: d.entropy(),
        "top_k(5)": lambda d: tuple(d.top_k(5))[:2],
        "sample": lambda d: d.sample(key),
        "sample(16)": lambda d: d.sample(key, (16,)),
    }
    in_pairs = {
        "cross_entropy": lambda d, other: d.cross_entropy(other),
        "kl_divergence": lambda d, other: d.kl_divergence(other),
    }
    queries = {
        **{name: lambda cls, p, q, ask=ask: ask(cls(p)) for name, ask in alone.items()},
        **{name: lambda cls, p, q, ask=ask: ask(cls(p), cls(q)) for name, ask in in_pairs.items()},
        "grad of log_partition": lambda cls, p, q: jax.grad(lambda x: cls(x).log_partition().sum())(p),
        "grad of entropy": lambda cls, p, q: jax.grad(lambda x: cls(x).entropy().sum())(p),
    }
    ratios, same_options = {}, {}
    for name, query in queries.items():
        ours = functools.partial(query, LinearChainCRF)
        theirs = functools.partial(query, synjax.LinearChainCRF)
        mine, seconds, peak = compiled_by_worker(ours, theta, other)
        try:
            peer, other_seconds, other_peak = compiled(theirs, theta, other)
            same, _, _ = compiled(theirs, theta, other, options=compiler.options(eager=False))
            answers = [jax.tree.leaves(f(theta, other)) for f in (mine, peer)]
        except Exception as error:
            print(f"       {name}: SynJax does not answer ({type(error).__name__}), not counted")
            continue
        if name == "log_marginals":  # SynJax's of what cannot be is a large negative number
            answers = [[np.exp(x) for x in answer] for answer in answers]
        if not name.startswith("sample"):
            right = all(np.allclose(x, y, rtol=1e-3, atol=1e-3) for x, y in zip(*answers, strict=True))
            if not right:
                print(f"       {name}: SynJax is not right here, not counted")
                continue
        a, b, c = medians(*(lambda run=run: run(theta, other) for run in (mine, peer, same)), budget=4.0)
        ratios[name], same_options[name] = b / a, c / a
        note = (
            f"{1e3 * a:.3g} against {1e3 * b:.3g} ms; compiled in {seconds:.1f} against {other_seconds:.1f} s; "
            f"{peak / 1e6:.3g} against {other_peak / 1e6:.3g} MB; {c / a:.2f} where SynJax has the same options"
        )
        bound = 1.8 if name in ("log_partition", "grad of log_partition") else 0.8
        add_row(f"general CRF B8 n64 t32 over SynJax: {name}", ratios[name], ">=", bound, note)
    if not ratios:
        print("SynJax answers nothing here: it does not know this version of JAX")
        return
    note = f"of {len(ratios)} queries; {geometric_mean(same_options.values()):.2f} where SynJax has the same options"
    add_row(
        "general CRF B8 n64 t32 over SynJax: geometric mean", geometric_mean(ratios.values()), ">=", 4, note
    )


# ----------------------------------------------------------------------------------------------------- time against n

CURVES = {
    "log-partition": lambda chain, key: chain.log_partition(),
    "marginals": lambda chain, key: chain.marginals_for_template_variables().emission,
    "decoding": lambda chain, key: chain.decode(chain.argmax()),
    "one draw": lambda chain, key: chain.decode(chain.sample(key)),
    "top-8": lambda chain, key: chain.decode(chain.top_k(8)[0]),
}


def curves(sizes=(64, 128, 256, 512, 1024, 2048)):
    """Time against n of a factored chain of 16 states, and the exponent fitted to the larger half; the theory is 1."""
    key = jax.random.key(0)
    found = {}
    for name, query in CURVES.items():

        def ask(initial, transition, emission, query=query):
            chain = LinearChainCRF(initial=initial, transition=transition, emission=emission)
            return query(chain, key)

        run = jax.jit(as_worker(ask), compiler_options=compiler.options(eager=False))
        times = []
        for n in sizes:
            initial, transition, emission = factored_parameters(4, 1, n, 16)
            times.append(medians(lambda: run(initial, transition, emission[0]), least=9, budget=0.5)[0])
        half = len(sizes) // 2
        slope = np.polyfit(np.log(sizes[half:]), np.log(times[half:]), 1)[0]
        found[name] = (sizes, times, float(slope))
        print(f"       {name}: time grows as n^{slope:.2f} (theory: 1)", flush=True)
    (HERE / "results/chains.svg").write_text(
        draw_curves(found, "Time against length: a factored chain of 16 states")
    )
    return {name: slope for name, (_, _, slope) in found.items()}


def main():
    keep_freed_memory()
    for rows in (factored_rows, genome_rows, scale_rows, draw_rows, k_best_rows, peer_rows):
        rows()
    (HERE / "results").mkdir(exist_ok=True)
    exponents = curves()
    device = jax.devices()[0]
    on = "" if device.platform == "cpu" else f"one {device.device_kind}, "
    machine = f"{on}{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}, jax {jax.__version__}"
    result = {"suite": "chains", "machine": machine, "rows": ROWS, "exponents": exponents}
    (HERE / "results/chains.json").write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
