"""Risks at a baseline, and the number needed to treat through infinity."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

import metarepro as mr


def test_altman_1998():
    # BMJ 317: 1309: a difference of 10% (-5% to 25%) is NNTB 10 (NNTH 20 to infinity to NNTB 4).
    n = mr.number_needed(0.10, -0.05, 0.25)
    assert (n.more, n.more_low, n.fewer_low) == pytest.approx((10, 4, 20)) and n.through_infinity
    assert str(n) == "10 treated for one more (4.0 for one more, through no difference, to 20 for one fewer)"


def test_an_interval_on_one_side_has_two_finite_ends():
    n = mr.number_needed(-0.2, -0.4, -0.05)
    assert (n.fewer, n.fewer_low, n.fewer_high) == pytest.approx((5, 2.5, 20)) and not n.through_infinity
    assert math.isnan(n.more) and str(n) == "5.0 treated for one fewer (2.5 to 20)"


def test_no_difference_is_infinitely_many():
    assert str(mr.number_needed(0, -0.1, 0.1)) == (
        "infinitely many treated for one more (10 for one more, through no difference, to 10 for one fewer)"
    )
    assert str(mr.number_needed(0.1, 0, 0.2)) == "10 treated for one more (5.0 to infinitely many)"


@given(st.floats(0.01, 0.99), st.floats(0.05, 20), st.sampled_from(["OR", "RR"]))
def test_an_effect_and_its_inverse_move_a_risk_to_opposite_sides(risk, ratio, measure):
    a = mr.absolute_risks(measure, ratio, ratio, ratio, risk)
    assert 0 <= a.treated <= 1 and (a.difference >= 0) == (ratio >= 1 or a.difference == 0)
    if measure == "OR":
        back = mr.absolute_risks("OR", 1 / ratio, 1 / ratio, 1 / ratio, a.treated)
        assert math.isclose(back.treated, risk, rel_tol=1e-9)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: mr.absolute_risks("MD", 1, 0, 2, 0.2), "measure = 'MD' moves no risk. Allowed: OR, PETO, RR, RD."),
        (lambda: mr.absolute_risks("OR", 1, 0.5, 2, 20), "control_risk = 20 must lie between 0 and 1 (0.2 for 20 of 100)."),
        (lambda: mr.number_needed(0.1, 0.2, 0.3), "0.2 <= 0.1 <= 0.3 must be differences of risks, between -1 and 1."),
    ],
)  # fmt: skip
def test_bad_input_is_refused_with_its_mend(make, message):
    with pytest.raises(ValueError) as caught:
        make()
    assert str(caught.value) == message


def test_results_and_page_have_the_same_risks(results):
    r = results["response_24h_or"]
    a, s = r.absolute, r.summary
    found = mr.absolute_risks("OR", s.estimate, s.ci_low, s.ci_high, a.control_risk)
    assert found.difference == pytest.approx(a.difference) and found.number_needed.through_infinity
