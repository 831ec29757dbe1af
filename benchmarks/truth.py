"""Whether an answer is right: by ours in float64, whose agreement with enumeration the tests show."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np

EXACT = ("log_partition", "marginals", "entropy", "argmax", "top_k", "kl_divergence", "gradient")
TOLERANCE = 1e-3


class Truth:
    """The right answers of a case, and what is wrong with others."""

    def __init__(self, case, key):
        self.compared, self.as_parts = case.compared, case.as_parts
        self.parts_of_marginals = case.parts_of_marginals

        def all_of_them(p, q):
            return {name: case.ours[name](p, q, key) for name in EXACT if name in case.queries}

        with jax.enable_x64(True):
            wide = jax.tree.map(_wide, (case.p, case.q))
            # Where certificates of short floats hold, those of 64 bits may not
            self.answers = jax.tree.map(np.asarray, jax.jit(all_of_them)(*wide))

    def problem(self, query, answer) -> str | None:
        answer = jax.tree.map(np.asarray, answer)
        if query in ("sample", "128 samples", "sample_without_replacement"):
            return self._problem_of_samples(query, answer)
        right = self.answers[query]
        if query == "argmax" and self.as_parts:
            answer, right = self.as_parts(answer), self.as_parts(right)
        if query == "top_k":  # which comes first of two that are nearly equal is not asked
            answer, right = answer[1], right[1]
        if query == "gradient":
            answer, right = (self.compared(jax.tree.map(jnp.asarray, x)) for x in (answer, right))
        pairs = list(zip(jax.tree.leaves(answer), jax.tree.leaves(right), strict=True))
        off = max(_distance(x, y) for x, y in pairs)
        return None if off <= TOLERANCE else f"off by {off:.2g}"

    def _problem_of_samples(self, query, answer):
        """Parts that are drawn can be; and are, of many draws, about as often as their probabilities say."""
        marginals = self.parts_of_marginals(self.answers["marginals"])
        events = answer[0] if query == "sample_without_replacement" else answer
        if self.as_parts:
            events = self.as_parts(events)
        if events.shape[-marginals.ndim :] != marginals.shape:
            return f"of shape {events.shape}"
        parts = events.reshape(-1, len(marginals), marginals[0].size).sum((0, 2))
        if not np.all((events == 0) | (events == 1)) or not np.all(parts > 0):
            return "no event"
        if np.any((events > 0) & (marginals < 1e-9)):
            return "draws what is impossible"
        if query == "128 samples":
            spread = np.sqrt(np.clip(marginals * (1 - marginals), 0, None) / 128)
            if np.any(np.abs(events.mean(0) - marginals) > 6 * spread + 4 / 128):
                return "not the distribution"
        return None


def _wide(x):
    return jnp.asarray(np.asarray(x), jnp.float64 if jnp.issubdtype(x.dtype, jnp.floating) else x.dtype)


def _distance(x, y):
    """Relative to what is larger than one, absolute otherwise; what is infinite has to be the same."""
    if x.shape != y.shape:
        return np.inf
    x, y = np.asarray(x, np.float64), np.asarray(y, np.float64)
    with np.errstate(invalid="ignore"):
        off = np.where(x == y, 0.0, np.abs(x - y) / np.maximum(np.abs(y), 1))
    return float(np.max(np.where(np.isnan(off), np.inf, off), initial=0.0))
