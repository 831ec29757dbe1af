"""`diagnostics`: whether Markov chains have mixed, and what they found."""

from ..inference import diagnostics
from ..registry import op

_NUMPYRO = "as `numpyro.diagnostics.{}` estimates it"
_EACH = "of draws (chain draw *event), for each element of an event"

op(
    "diagnostics.split_gelman_rubin",
    diagnostics.split_gelman_rubin,
    "x: num A[chain draw *event] -> float(A)[*event]",
    f"R-hat of the halves of each chain, {_EACH}, {_NUMPYRO.format('split_gelman_rubin')}: near 1 where chains agree "
    "with each other and with themselves, NaN where no draw differs from another. At least 4 draws.",
    differentiable=False,
)
op(
    "diagnostics.effective_sample_size",
    diagnostics.effective_sample_size,
    "x: num A[chain draw *event] -> float(A)[*event]",
    f"How many independent draws would tell as much about the mean, {_EACH}, "
    f"{_NUMPYRO.format('effective_sample_size')}: by Geyer's initial monotone sequence. NaN where no draw differs from "
    "another. At least 2 draws.",
    differentiable=False,
)
op(
    "diagnostics.hpdi",
    diagnostics.hpdi,
    "x: num A[chain draw *event], { prob?: static number } -> float(A)[2 *event]",
    f"The lower and the upper end of the narrowest interval that holds a share `prob` (0.9) of the draws of all chains, "
    f"{_EACH}, as `numpyro.diagnostics.hpdi` has it.",
    differentiable=False,
)
op(
    "diagnostics.summary",
    diagnostics.summary,
    "x: num A[chain draw *event], { prob?: static number } -> { mean: float(A)[*event], std: float(A)[*event], "
    "median: float(A)[*event], lower: float(A)[*event], upper: float(A)[*event], n_eff: float(A)[*event], "
    "r_hat: float(A)[*event] }",
    f"Mean, standard deviation, median, the ends of the narrowest interval of a share `prob` (0.9), effective sample size "
    f"and split R-hat, {_EACH}, as `numpyro.diagnostics.summary` has them. `summaryTable` shows them. At least 4 draws.",
    differentiable=False,
)
