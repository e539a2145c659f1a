"""P-value functions: against tests and limits that metafor gives, and against their own definition."""

from __future__ import annotations

import math

import numpy as np
import pytest

from metarepro.effects.proportions import proportion_interval
from metarepro.errors import DataError
from metarepro.pooling import glmm, pool
from metarepro.pooling.p_value_function import (
    limits_at,
    limits_through,
    p_values_of,
    profile_limits_at,
    score_limits_at,
)
from tests.conftest import REFERENCE

# rma(yi - m, vi, method = "REML", test = "knha") of metafor 3.8-1 for dat.bcg's log risk ratios, m = log of:
AT = [0.3, 0.4, 0.5, 0.7, 0.9, 1.0]
P_AT = [
    0.0190536516849871,
    0.286283182311384,
    0.907797873755777,
    0.0711793997616247,
    0.00557570120699147,
    0.00192001509605729,
]
# ... and its limits at these levels.
LIMITS = {
    0.5: (-0.840269902400708, -0.588794781915571),
    0.8: (-0.959725239345147, -0.469339444971132),
    0.9: (-1.03675521781896, -0.39230946649732),
    0.95: (-1.10844371368555, -0.320620970630728),
    0.99: (-1.26676788192513, -0.162296802391145),
}


@pytest.fixture(scope="module")
def fit():
    case = next(c for c in REFERENCE["cases"] if c["id"] == "dat.bcg/RR")
    return pool(case["yi"], case["vi"])


def test_p_values_of_a_hartung_knapp_estimate_are_those_of_metafor(fit):
    assert p_values_of(np.log(AT), fit.beta, fit.se, fit.df) == pytest.approx(P_AT, rel=1e-7)


@pytest.mark.parametrize("level", LIMITS)
def test_limits_are_those_of_metafor(fit, level):
    low, high = limits_at(1 - level, fit.beta, fit.se, fit.df)
    assert (low[0], high[0]) == pytest.approx(LIMITS[level], rel=1e-7)


@pytest.mark.parametrize("df", [math.nan, 1.0, 12.0])
def test_limits_and_p_values_are_each_others_inverse(df):
    p = np.array([0.001, 0.05, 0.3, 1.0])
    for ends in limits_at(p, -0.4, 0.2, df):
        assert p_values_of(ends, -0.4, 0.2, df) == pytest.approx(p, rel=1e-9)


@pytest.mark.parametrize(("events", "total"), [(0, 12), (5, 12), (12, 12)])
def test_score_limits_are_wilsons(events, total):
    for level in (0.5, 0.95, 0.99):
        low, high = score_limits_at(1 - level, events, total)
        wilson = proportion_interval(np.array([events]), np.array([total]), level)
        assert (low[0], high[0]) == pytest.approx((wilson[0][0], wilson[1][0]), abs=1e-12)


def test_printed_limits_are_passed_through_on_both_sides():
    low, high = limits_through([0.05, 1.0], 2.0, 1.5, 3.0, 0.95)
    assert list(low) == pytest.approx([1.5, 2.0]) and list(high) == pytest.approx([3.0, 2.0])


@pytest.mark.parametrize(("ci", "df"), [("PL", math.nan), ("PL-t", 3.0)])
def test_profile_limits_are_those_of_the_fit(ci, df):
    counts = {"e": [12, 5, 9, 2], "n": [17, 10, 20, 15]}
    low, high = profile_limits_at([0.05, 0.2, 1.0], counts["e"], counts["n"], df)
    for i, level in enumerate((0.95, 0.8)):
        fit = glmm("PLO", **counts, level=level, ci=ci)
        assert (low[i], high[i]) == pytest.approx((fit.ci_low, fit.ci_high), abs=1e-9)
    assert low[2] == high[2] == pytest.approx(fit.beta)


@pytest.mark.parametrize("se", [0.0, -1.0, math.nan, math.inf])
def test_a_standard_error_that_is_none_is_refused(se):
    with pytest.raises(DataError, match="standard error"):
        limits_at(0.05, 1.0, se)


@pytest.mark.parametrize("p", [0.0, 1.2, math.nan])
def test_an_impossible_p_is_refused(p):
    with pytest.raises(DataError, match="above 0"):
        limits_at(p, 1.0, 1.0)


def test_impossible_numbers_are_refused():
    with pytest.raises(DataError, match="no proportion"):
        score_limits_at(0.05, 5, 4)
    with pytest.raises(DataError, match="within its interval"):
        limits_through(0.05, 5.0, 1.0, 4.0, 0.95)
    with pytest.raises(DataError, match="infinite"):
        profile_limits_at(0.05, [0, 0], [4, 5])
