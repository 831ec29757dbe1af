"""`diagnostics`: whether Markov chains have mixed, and what they found."""

from ..inference import diagnostics
from ..registry import op

_EACH = "Of draws (chain draw *event), for each element of an event; not fewer than {}."

op(
    "diagnostics.split_gelman_rubin",
    diagnostics.split_gelman_rubin,
    "x: num A[chain draw *event] -> float(A)[*event]",
    "Equivalent to `numpyro.diagnostics.split_gelman_rubin`: R-hat of the halves of each chain, near 1 where chains "
    f"agree with each other and with themselves, NaN where no draw differs from another. {_EACH.format(4)}",
    differentiable=False,
)
op(
    "diagnostics.effective_sample_size",
    diagnostics.effective_sample_size,
    "x: num A[chain draw *event] -> float(A)[*event]",
    "Equivalent to `numpyro.diagnostics.effective_sample_size`: how many independent draws would tell as much about "
    f"the mean, by Geyer's initial monotone sequence; NaN where no draw differs from another. {_EACH.format(2)}",
    differentiable=False,
)
op(
    "diagnostics.hpdi",
    diagnostics.hpdi,
    "x: num A[chain draw *event], { prob?: static number } -> float(A)[2 *event]",
    "Equivalent to `numpyro.diagnostics.hpdi` of all chains together: the lower and the upper end of the narrowest "
    f"interval that holds a share `prob` (0.9) of the draws. {_EACH.format(1)}",
    differentiable=False,
)
op(
    "diagnostics.summary",
    diagnostics.summary,
    "x: num A[chain draw *event], { prob?: static number } -> { mean: float(A)[*event], std: float(A)[*event], "
    "median: float(A)[*event], lower: float(A)[*event], upper: float(A)[*event], n_eff: float(A)[*event], "
    "r_hat: float(A)[*event] }",
    "Equivalent to `numpyro.diagnostics.summary`: mean, standard deviation, median, the ends of the narrowest interval "
    f"of a share `prob` (0.9), effective sample size and split R-hat. `summaryTable` shows them. {_EACH.format(4)}",
    differentiable=False,
)
