"""Printed proportions: transformations, their way back, slips."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from metarepro import effect_sizes
from metarepro.reproduction import judge, match_published
from metarepro.reproduction.specifications import freeman_tukey_proportion

COUNTS = st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@given(COUNTS)
def test_a_freeman_tukey_value_goes_back_to_its_proportion(counts):
    e, n = counts
    value = effect_sizes("PFT", e=[e], n=[n]).yi
    assert freeman_tukey_proportion(value, np.array([float(n)]))[0] == pytest.approx(e / n, abs=1e-7)


@given(st.floats(-3, 4), st.integers(1, 500))
def test_beyond_its_range_it_is_none_or_all(value, n):
    share = float(freeman_tukey_proportion(np.array(value), np.array(float(n))))
    assert 0 <= share <= 1
    if value <= 0 or value >= np.pi / 2:
        assert share == pytest.approx(float(value > 1), abs=1e-7)


STUDIES = {"e": ["3", "11", "8", "20"], "n": ["31", "54", "23", "96"]}
# R metafor: rma(xi, ni, measure = ..., method = "DL"), transf.ipft.hm with the harmonic mean of ni for PFT.
METAFOR = {
    "PLO": ("0.2125", "0.1450", "0.3004"), "PR": ("0.1939", "0.1155", "0.2723"),
    "PAS": ("0.2022", "0.1304", "0.2852"), "PFT": ("0.2012", "0.1298", "0.2828"),
}  # fmt: skip


@pytest.mark.parametrize("code", METAFOR)
def test_each_transformation_is_found_by_what_metafor_prints(code):
    estimate, low, high = METAFOR[code]
    printed = {"measure": "PR", "estimate": estimate, "ci_low": low, "ci_high": high, "model": "DL"}
    found = match_published(STUDIES, printed, leave_out=0).matches
    assert [s.measure for s in found] == [code] and found[0].way.tau2 == "DL"
    assert judge(STUDIES, printed).verdict == "exact"


def test_a_study_with_one_event_more_is_named():
    estimate, low, high = METAFOR["PLO"]
    printed = {"measure": "PR", "estimate": estimate, "ci_low": low, "ci_high": high, "model": "random effects, DL"}
    found = judge({**STUDIES, "e": ["3", "11", "8", "21"]}, printed, labels=["A", "B", "C", "D"])
    assert found.verdict.startswith("differs")
    assert ("D", "events -1") in {(e.study, e.change) for e in found.explanations}
