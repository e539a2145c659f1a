"""The odds ratio of one table of everything summed, by mid-p."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import nchypergeom_fisher

from metarepro.reproduction import judge
from metarepro.reproduction.collapsed import mid_p_odds_ratio

TABLES = st.tuples(st.integers(2, 300), st.integers(2, 300)).flatmap(
    lambda n: st.tuples(st.integers(1, n[0] - 1), st.just(n[0]), st.integers(1, n[1] - 1), st.just(n[1]))
)


@given(TABLES, st.sampled_from([0.9, 0.95, 0.99]))
def test_ends_leave_half_of_the_rest_on_each_side(table, level):
    e1, n1, e2, n2 = table
    estimate, low, high = mid_p_odds_ratio(e1, n1, e2, n2, level)
    assert low < estimate < high
    outside = (1 - level) / 2
    for odds, share in ((estimate, 0.5), (low, 1 - outside), (high, outside)):
        if 1e-6 < odds < 1e6:
            x = nchypergeom_fisher(n1 + n2, n1, e1 + e2, odds)
            assert x.cdf(e1) - x.pmf(e1) / 2 == pytest.approx(share, abs=1e-6)


@given(TABLES)
def test_exchanged_arms_give_the_reciprocal(table):
    e1, n1, e2, n2 = table
    there, back = mid_p_odds_ratio(e1, n1, e2, n2), mid_p_odds_ratio(e2, n2, e1, n1)
    assert there == pytest.approx((1 / back[0], 1 / back[2], 1 / back[1]), rel=1e-8)


def test_an_arm_without_events_has_an_end_that_no_odds_ratio_reaches():
    estimate, low, high = mid_p_odds_ratio(0, 10, 5, 10)
    assert (estimate, low) == (0, 0) and 0 < high < 1
    assert mid_p_odds_ratio(3, 10, 0, 10)[2] == math.inf


COUNTS = {"e1": ["2", "5", "3", "9"], "n1": ["2053", "2963", "2181", "3496"], "e2": ["0", "2", "1", "1"],
          "n2": ["786", "554", "451", "875"]}  # fmt: skip


def test_it_is_a_reports_own_way_only_where_the_report_says_so():
    value, low, high = (f"{x:.3f}" for x in mid_p_odds_ratio(19, 10693, 4, 2666))
    printed = {"measure": "OR", "estimate": value, "ci_low": low, "ci_high": high}
    said = judge(COUNTS, {**printed, "model": "2x2 table of the summed events"})
    assert said.verdict == "exact" and "one table, median-unbiased, mid-p" in said.reason
    unsaid = judge(COUNTS, {**printed, "model": "random effects"})
    assert unsaid.verdict == "differs but explained" and "summed" in unsaid.reason
    assert judge(COUNTS, printed).verdict == "differs but explained"
