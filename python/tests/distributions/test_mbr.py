"""The parse of minimum Bayes risk has the largest expected number of right parts of all parses, by enumeration."""

from __future__ import annotations

import functools
from typing import Any

import jax
import numpy as np
import pytest

from synjax_worker.errors import InvalidArgument
from tests.compiling import program
from tests.conformance import enumerator
from tests.conformance.enumerator import Enumerator
from tests.conformance.oracle import Oracle

GRAMMARS = ("PCFG", "GeneralizedPCFG", "TensorDecompositionPCFG", "GeneralizedTensorDecompositionPCFG")
FORMS = {name: enumerator.load()[name][0].of({"nt": 2}) for name in GRAMMARS}


@functools.cache
def asked(name: str) -> tuple[Oracle, Any]:
    form = FORMS[name]
    kinds = ("plain", "medium", "forbidden", "nothing")
    items = [(kind, lengths) for kind in kinds for lengths in form.lengths()]
    case = form.case(np.dtype(np.float64), items=items)

    @program
    def ask(arrays: Any) -> Any:
        made = form.build(arrays)
        return [made.mbr(marginalize_labels=each) for each in (False, True)]

    with jax.enable_x64(True):
        return Oracle(form, case), jax.device_get(ask(case.arrays))


def expected(form: Enumerator, item: Any, marginalize: bool) -> np.ndarray:
    """Of every structure, the expected number of its parts that are right."""
    events, marginals = form.unflattened(item.events), form.unflattened(item.marginals[None])
    chart, of_chart = events["chart"], marginals["chart"]
    if marginalize:
        chart, of_chart = chart.any(-1, keepdims=True), of_chart.sum(-1, keepdims=True)
    inside = (
        np.sum(x * y, tuple(range(1, x.ndim)))
        for x, y in ((chart, of_chart), (events["tags"], marginals["tags"]))
    )
    return sum(inside)


@pytest.mark.parametrize("marginalize", [False, True])
@pytest.mark.parametrize("name", GRAMMARS)
def test_no_parse_has_more_right_parts_in_expectation(name: str, marginalize: bool) -> None:
    form, (oracle, answers) = FORMS[name], asked(name)
    found = form.flat(answers[marginalize])
    for i, item in enumerate(oracle.items):
        if not item.count:
            assert not found[i].any()
            continue
        (index,) = np.flatnonzero(np.all(item.events == found[i], 1))
        rewards = expected(form, item, marginalize)
        assert rewards[index] == pytest.approx(rewards.max(), abs=1e-9)
        chart, of_chart = answers[marginalize]["chart"][i], form.unflattened(item.marginals[None])["chart"][0]
        own = of_chart[chart > 0]
        best = of_chart[np.any(chart > 0, -1)].max(-1)
        np.testing.assert_allclose(own, best, atol=1e-9)


def test_what_is_no_flag_is_refused() -> None:
    form = FORMS["GeneralizedPCFG"]
    with pytest.raises(InvalidArgument) as caught:
        form.build(form.plain()).mbr(marginalize_labels="yes")
    assert caught.value.argument == "marginalize_labels"
