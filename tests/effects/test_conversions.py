"""Conversions of printed statistics: published examples, round trips through raw data, refusals, provenance."""

from __future__ import annotations

import dataclasses
import inspect

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

import metarepro as mr
from metarepro.effects import conversions as cv
from metarepro.errors import ConfigError, DataError

FUNCTIONS = [getattr(cv, name) for name in cv.__all__ if inspect.isfunction(getattr(cv, name))]


@pytest.fixture(scope="module")
def arms():
    rng = np.random.default_rng(20)
    return rng.normal(12, 3, 23), rng.normal(10, 3, 31)


# -- SDs --


def test_sd_from_se_and_ci_give_back_the_sd_of_the_data(arms):
    x = arms[0]
    sd, n, se = x.std(ddof=1), x.size, x.std(ddof=1) / np.sqrt(x.size)
    assert cv.sd_from_se(se, n).value[0] == pytest.approx(sd, rel=1e-12)
    for level in (0.9, 0.95, 0.99):
        low, high = stats.t.interval(level, n - 1, x.mean(), se)
        assert cv.sd_from_ci(low, high, n, level).value[0] == pytest.approx(sd, rel=1e-12)
        low, high = stats.norm.interval(level, x.mean(), se)
        assert cv.sd_from_ci(low, high, n, level, "normal").value[0] == pytest.approx(sd, rel=1e-12)


def test_sd_from_ci_as_the_handbook_does_it():
    # Section 6.5.2.2: with 25 patients the divisor is 2 x 2.0639 = 4.128; large samples 3.92, 90 % 3.29, 99 % 5.15.
    assert cv.sd_from_ci(30.0, 34.2, 25).value[0] == pytest.approx(5 * 4.2 / 4.128, rel=1e-4)
    for level, divisor in ((0.95, 3.92), (0.90, 3.29), (0.99, 5.15)):
        assert cv.sd_from_ci(1, 2, 100, level, "normal").value[0] == pytest.approx(10 / divisor, rel=1e-3)


def test_pooled_sd_as_the_handbook_does_it():
    # Section 6.5.2.3: MD 3.8, p 0.008, 25 and 22 patients: t 2.78, SE 1.37; SD = SE / sqrt(1/25 + 1/22) = 4.69.
    sd = cv.sd_pooled_from_p(3.8, 0.008, 25, 22).value[0]
    assert sd * np.sqrt(1 / 25 + 1 / 22) == pytest.approx(1.37, abs=0.005)
    assert cv.sd_pooled_from_t(3.8, 2.78, 25, 22).value[0] == pytest.approx(sd, rel=2e-3)
    assert cv.sd_pooled_from_se(1.37, 25, 22).value[0] == pytest.approx(4.69, abs=0.005)


def test_every_statistic_of_a_difference_gives_the_pooled_sd_of_the_data(arms):
    x, y = arms
    n1, n2 = x.size, y.size
    pooled = np.sqrt(((n1 - 1) * x.var(ddof=1) + (n2 - 1) * y.var(ddof=1)) / (n1 + n2 - 2))
    test = stats.ttest_ind(x, y)
    md, se = x.mean() - y.mean(), (x.mean() - y.mean()) / test.statistic
    low, high = test.confidence_interval(0.9)
    results = [
        cv.sd_pooled_from_se(se, n1, n2),
        cv.sd_pooled_from_ci(low, high, n1, n2, level=0.9),
        cv.sd_pooled_from_ci(*stats.norm.interval(0.9, md, se), n1, n2, level=0.9, distribution="normal"),
        cv.sd_pooled_from_t(md, test.statistic, n1, n2),
        cv.sd_pooled_from_t(md, -test.statistic, n1, n2),
        cv.sd_pooled_from_p(-md, test.pvalue, n1, n2),
        cv.sd_pooled_from_f(md, stats.f_oneway(x, y).statistic, n1, n2),
    ]
    for result in results:
        assert result.value[0] == pytest.approx(pooled, rel=1e-9)
        assert "one SD in both arms" in result.provenance and "6.5.2.3" in result.provenance


# -- change and combined arms --


def test_sd_of_change_as_the_handbook_does_it():
    # Handbook 5.1, 16.4.6.4: SDs 2.38 and 2.21, correlation 0.68, 10 patients: SE of the difference 0.583.
    assert cv.sd_change(2.38, 2.21, 0.68).value[0] / np.sqrt(10) == pytest.approx(0.583, abs=5e-4)
    # Section 6.5.2.8: baseline SD 6.4, final 7.1, change 4.5: r = 0.78; 7.0, 6.9, 4.2: 0.82.
    r = cv.correlation_from_change([6.4, 7.0], [7.1, 6.9], [4.5, 4.2]).value
    np.testing.assert_allclose(r, [0.78, 0.82], atol=0.005)


def test_change_endpoint_and_correlation_close_on_raw_data():
    rng = np.random.default_rng(3)
    before = rng.normal(20, 4, 60)
    after = before * 0.7 + rng.normal(1, 5, 60)
    change = after - before
    r = np.corrcoef(before, after)[0, 1]
    b, a, c = (v.std(ddof=1) for v in (before, after, change))
    got = cv.change_from_baseline(before.mean(), b, after.mean(), a, r, 60)
    assert (got.mean[0], got.sd[0], got.n[0]) == pytest.approx((change.mean(), c, 60))
    assert cv.correlation_from_change(b, a, c).value[0] == pytest.approx(r)
    end = cv.endpoint_from_change(before.mean(), b, change.mean(), c, r, 60)
    assert end.mean[0] == pytest.approx(after.mean())
    assert a == pytest.approx(end.sd[0]) or a == pytest.approx(end.sd_other[0])
    assert f"r = {r:g} assumed" in got.provenance


@settings(deadline=None)
@given(st.floats(0.1, 50), st.floats(0.1, 50), st.floats(-1, 1))
def test_every_endpoint_sd_gives_back_the_sd_of_change(b, c, r):
    end = cv.endpoint_from_change(0, b, 0, c, r, 10)
    found = [s for s in (end.sd[0], end.sd_other[0]) if np.isfinite(s)]
    assert len(found) == end.solutions[0]
    for sd in found:
        assert cv.sd_change(b, sd, r).value[0] == pytest.approx(c, rel=1e-6, abs=1e-5 * b)


def test_endpoint_says_when_two_or_no_sds_fit():
    end = cv.endpoint_from_change(5, [2, 2, 2, np.nan, 2], -1, [1.5, 3, 0.5, 1, 1], [0.7, 0.7, 0.7, 0.7, -0.9], 20)
    assert end.solutions.tolist() == [2, 1, 0, -1, 0]
    # Roots of s^2 - 2.8 s + 1.75 = 0.
    assert (end.sd[0], end.sd_other[0]) == pytest.approx((1.4 + np.sqrt(0.21), 1.4 - np.sqrt(0.21)))
    assert np.isnan(end.sd[2:]).all() and np.isnan(end.sd_other[1:]).all()
    assert "two SDs fit in row 0, and the larger is taken; no SD fits in rows 2, 4." in end.provenance
    # Where both roots meet there is one solution, whatever rounding does.
    r = np.linspace(0.05, 0.95, 19)
    meet = cv.endpoint_from_change(5, 1.7, -1, 1.7 * np.sqrt(1 - r**2), r, 20)
    assert (meet.solutions == 1).all()
    np.testing.assert_allclose(meet.sd, 1.7 * r)
    assert cv.endpoint_from_change(5, 2, -1, 2, 0.7, 20).solutions[0] == 1


def test_combined_arms_are_the_arms_thrown_together():
    rng = np.random.default_rng(8)
    groups = [[rng.normal(m, s, k) for m, s, k in ((1, 2, 12), (4, 1, 7), (-3, 5, 30))] for _ in range(3)]
    means, sds, ns = (
        np.array([[f(g) for g in row] for row in groups]) for f in (np.mean, lambda g: g.std(ddof=1), np.size)
    )
    got = cv.combine_arms(means, sds, ns)
    for row, group in enumerate(groups):
        together = np.concatenate(group)
        assert (got.mean[row], got.sd[row], got.n[row]) == pytest.approx((together.mean(), together.std(ddof=1), 49))
    one = cv.combine_arms(means[0], sds[0], ns[0])
    assert (one.mean.tolist(), one.sd.tolist()) == ([got.mean[0]], [got.sd[0]])


def test_absent_arms_and_arms_of_one_patient():
    got = cv.combine_arms([[1, 3, np.nan], [1, 3, np.nan]], [[1, np.nan, np.nan], [1, 2, 2]], [[4, 1, 0], [4, 2, 3]])
    alone = cv.combine_arms([1, 3], [1, 0], [4, 1])
    assert (got.mean[0], got.sd[0], got.n[0]) == (alone.mean[0], alone.sd[0], 5)
    assert np.isnan(got.mean[1]) and np.isnan(got.sd[1])
    assert np.isnan(cv.combine_arms([5, 0], [0, 0], [1, 0]).sd[0])


def test_combined_counts():
    got = cv.combine_counts([[1, 2, 0], [3, 4, 5]], [[10, 20, 0], [30, 40, 50]])
    assert got.events.tolist() == [3, 12] and got.total.tolist() == [30, 120]
    with pytest.raises(DataError, match=r"events\[1\] is larger than totals\[1\] in row 1"):
        cv.combine_counts([[1, 2], [1, 9]], [[5, 5], [5, 5]])


# -- percentages --


@settings(deadline=None)
@given(st.integers(1, 400), st.data(), st.integers(0, 3))
def test_the_true_count_is_always_among_those_that_fit(n, data, decimals):
    events = data.draw(st.integers(0, n))
    got = cv.events_from_percent(float(f"{100 * events / n:.{decimals}f}"), n, decimals)
    assert got.low[0] <= events <= got.high[0] and got.low[0] <= got.value[0] <= got.high[0]
    assert got.unique[0] == (got.low[0] == got.high[0])
    if n < 100 and decimals >= 1:
        assert got.unique[0] and got.value[0] == events


def test_percentages_that_no_or_several_counts_give():
    got = cv.events_from_percent([12.5, 7, 34, np.nan, 100], [40, 200, 10, 50, 30])
    np.testing.assert_array_equal(got.value, [5, 14, np.nan, np.nan, 30])
    np.testing.assert_array_equal(got.low, [5, 13, np.nan, np.nan, 30])
    np.testing.assert_array_equal(got.high, [5, 15, np.nan, np.nan, 30])
    assert got.unique.tolist() == [True, False, False, False, True]
    assert "several counts fit in row 1; no count fits in row 2." in got.provenance
    # 7 % of 210 is 14.7: 15 is nearer than 14, and both fit.
    nearest = cv.events_from_percent(7, 210)
    assert (nearest.low[0], nearest.value[0], nearest.high[0]) == (14, 15, 15)
    # 12.0 printed with one decimal leaves fewer counts than 12.
    assert not cv.events_from_percent(12, 250).unique[0] and cv.events_from_percent(12, 250, decimals=1).unique[0]


# -- effects --


def test_smd_odds_ratio_and_r_as_borenstein_converts_them():
    # Borenstein et al. 2009, chapter 7: log OR 0.9069, variance 0.0676: d = 0.5000, variance 0.0205.
    d = cv.smd_from_log_or(0.9069, np.sqrt(0.0676))
    assert (d.estimate[0], d.se[0] ** 2) == pytest.approx((0.5, 0.0205), abs=5e-5)
    back = cv.log_or_from_smd(d.estimate, d.se)
    assert (back.estimate[0], back.se[0] ** 2) == pytest.approx((0.9069, 0.0676), rel=1e-12)
    # r = 0.50, variance 0.0058: d = 1.1547, variance 0.0550; and back.
    d = cv.smd_from_r(0.5, np.sqrt(0.0058))
    assert (d.estimate[0], d.se[0] ** 2) == pytest.approx((1.1547, 0.0550), abs=5e-5)
    r = cv.r_from_smd(d.estimate, d.se)
    assert (r.estimate[0], r.se[0] ** 2) == pytest.approx((0.5, 0.0058), rel=1e-12)
    assert "logistic" in cv.smd_from_log_or(1, 1).provenance


def test_effects_agree_with_metafor():
    # metafor 3.8-1, escalc: OR and OR2DL of 12, 30, 20, 25; D2ORL of the means below; SMD of ti = 2.1.
    d = cv.smd_from_log_or(-0.6931471805599, np.sqrt(0.2066666666667))
    assert (d.estimate[0], d.se[0] ** 2) == pytest.approx((-0.3821520694228, 0.0628191338582), rel=1e-11)
    t = 2 / np.sqrt((19 * 9 + 24 * 16) / 43 * (1 / 20 + 1 / 25))
    cohen = cv.smd_from_t(t, 20, 25, hedges=False)
    log_or = cv.log_or_from_smd(cohen.estimate, cohen.se)
    assert (log_or.estimate[0], log_or.se[0] ** 2) == pytest.approx((1.0097339931533, 0.3074166068875), rel=1e-11)
    g = cv.smd_from_t(2.1, 20, 25)
    assert (g.estimate[0], g.se[0] ** 2) == pytest.approx((0.6189, 0.0943), abs=5e-5)


def test_cox_factor():
    assert cv.smd_from_log_or(1.65, 0.33, "cox").estimate[0] == pytest.approx(1)
    assert cv.smd_from_log_or(1.65, 0.33, "cox").se[0] == pytest.approx(0.2)
    assert cv.log_or_from_smd(1, 0.2, "cox").estimate[0] == pytest.approx(1.65)
    assert "1.65" in cv.log_or_from_smd(1, 0.2, "cox").provenance


def test_logistic_factor_on_logistic_data():
    # A shift of 1 SD of a logistic outcome is a log odds ratio of pi / sqrt(3) at every cut.
    sd = np.pi / np.sqrt(3)
    for cut in (-1.0, 0.0, 2.5):
        odds = [stats.logistic.sf(cut, loc=m) / stats.logistic.cdf(cut, loc=m) for m in (sd, 0)]
        assert cv.smd_from_log_or(np.log(odds[0] / odds[1]), 1).estimate[0] == pytest.approx(1)


def test_r_from_smd_is_the_point_biserial_correlation(arms):
    x, y = arms
    pooled_n = np.sqrt((x.var() * x.size + y.var() * y.size) / (x.size + y.size))
    # With divisor n throughout, r = d / sqrt(d^2 + a) holds exactly.
    d = (x.mean() - y.mean()) / pooled_n
    r = np.corrcoef(np.concatenate([x, y]), np.repeat([1, 0], [x.size, y.size]))[0, 1]
    assert cv.r_from_smd(d, 0.1, x.size, y.size).estimate[0] == pytest.approx(r)


@pytest.mark.parametrize("function", [cv.r_from_smd, cv.smd_from_r])
def test_standard_errors_follow_the_delta_method(function):
    arguments = (12, 40) if function is cv.r_from_smd else ()
    for at in (-0.6, 0.1, 0.8):
        h = 1e-6
        slope = (function(at + h, 1, *arguments).estimate[0] - function(at - h, 1, *arguments).estimate[0]) / (2 * h)
        assert function(at, 0.2, *arguments).se[0] == pytest.approx(0.2 * slope, rel=1e-6)


def test_smd_from_t_and_f_is_the_smd_of_the_data(arms):
    x, y = arms
    summary = {"m1": x.mean(), "sd1": x.std(ddof=1), "n1": x.size, "m2": y.mean(), "sd2": y.std(ddof=1), "n2": y.size}
    direct = mr.effect_sizes("SMD", **summary)
    t, f = stats.ttest_ind(x, y).statistic, stats.f_oneway(x, y).statistic
    for got in (cv.smd_from_t(t, x.size, y.size), cv.smd_from_f(f, x.size, y.size, 1)):
        assert (got.estimate[0], got.se[0] ** 2) == pytest.approx((direct.yi[0], direct.vi[0]), rel=1e-10)
        assert "Hedges g" in got.provenance
    assert cv.smd_from_f(f, x.size, y.size, -1).estimate[0] == pytest.approx(-direct.yi[0])
    d = cv.smd_from_t(t, x.size, y.size, hedges=False)
    assert d.estimate[0] == pytest.approx(t * np.sqrt(1 / x.size + 1 / y.size)) and "Cohen" in d.provenance


# -- hazard ratios --


@settings(deadline=None)
@given(st.floats(-1.5, 1.5), st.floats(0.02, 1), st.sampled_from([0.9, 0.95, 0.99]))
def test_hazard_ratio_round_trips(log_hr, se, level):
    z = stats.norm.ppf((1 + level) / 2)
    got = cv.log_hr_from_ci(np.exp(log_hr), np.exp(log_hr - z * se), np.exp(log_hr + z * se), level)
    assert (got.estimate[0], got.se[0]) == pytest.approx((log_hr, se), rel=1e-9, abs=1e-12)
    if 0.05 < abs(log_hr / se) < 20:
        got = cv.log_hr_from_p(np.exp(log_hr), 2 * stats.norm.sf(abs(log_hr / se)))
        assert (got.estimate[0], got.se[0]) == pytest.approx((log_hr, se), rel=1e-6)


def test_log_rank_p_and_events():
    # Tierney et al. 2007: the two-sided p of 0.075 stands for z = 1.78.
    got = cv.log_hr_from_events(0.075, [1, 2], 229, 256)
    v = 229 * 256 / 485
    np.testing.assert_allclose(got.estimate, np.array([-1, 1]) * 1.78 / np.sqrt(v), rtol=1e-3)
    np.testing.assert_allclose(got.se, 1 / np.sqrt(v))
    # A quarter of the events is V with equal arms; O - E = sqrt(events) / 2 z.
    total = cv.log_hr_from_events(0.075, 1, total_events=485, n1=490, n2=490)
    assert total.se[0] == pytest.approx(2 / np.sqrt(485))
    unequal = cv.log_hr_from_events(0.075, 1, total_events=485, n1=600, n2=300)
    assert unequal.se[0] == pytest.approx(1 / np.sqrt(485 * 2 / 9))
    # The same trial through O - E.
    again = cv.log_hr_from_logrank(total.estimate / total.se**2, 1 / total.se**2)
    assert (again.estimate[0], again.se[0]) == pytest.approx((total.estimate[0], total.se[0]))


def test_log_rank_conversions_on_simulated_trials():
    rng, truth = np.random.default_rng(5), np.log(0.75)
    by_rank, by_events, by_total = [], [], []
    for _ in range(300):
        time = np.concatenate([rng.exponential(1 / 0.75, 150), rng.exponential(1, 150)])
        event, arm = time < 1.2, np.repeat([1, 0], 150)
        order = np.argsort(time)
        d, a = event[order], arm[order]
        at_risk = np.arange(300, 0, -1)
        share = (np.cumsum(a[::-1])[::-1]) / at_risk
        o_e, v = np.sum(d * (a - share)), np.sum(d * share * (1 - share))
        p, favours = 2 * stats.norm.sf(abs(o_e) / np.sqrt(v)), 1 if o_e < 0 else 2
        by_rank.append(cv.log_hr_from_logrank(o_e, v).estimate[0])
        e1, e2 = np.sum(d * a), np.sum(d * (1 - a))
        by_events.append(cv.log_hr_from_events(p, favours, e1, e2).estimate[0])
        by_total.append(cv.log_hr_from_events(p, favours, total_events=e1 + e2, n1=150, n2=150).estimate[0])
    for estimates in (by_rank, by_events, by_total):
        assert np.mean(estimates) == pytest.approx(truth, abs=0.03)
    # The one trial at a time agrees, too.
    np.testing.assert_allclose(by_events, by_rank, atol=0.02)


# -- what cannot be --

TWO = (20, 20)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: cv.sd_from_se([1, -0.5], 10), "se is not positive in row 1 (counted from 0; row 1: se = -0.5). Give a number > 0; a printed 0.0 is a rounded one."),
        (lambda: cv.sd_from_se(np.inf, 10), "se is infinite in row 0 (counted from 0; row 0: se = inf). Give a finite number."),
        (lambda: cv.sd_from_se(1, 0), "n is below 1"),
        (lambda: cv.sd_from_ci([1, 3], [2, 2], 10), "ci_low is not below ci_high in row 1 (counted from 0; row 1: ci_low = 3, ci_high = 2). Are the bounds swapped?"),
        (lambda: cv.sd_from_ci(2, 2, 10), "ci_low is not below ci_high"),
        (lambda: cv.sd_from_ci(1, 2, 1), "A t interval needs n - 1 of 1 or more"),
        (lambda: cv.sd_pooled_from_ci(1, 2, 1, 1), "A t interval needs n1 + n2 - 2 of 1 or more"),
        (lambda: cv.sd_pooled_from_se(0, *TWO), "se is not positive"),
        (lambda: cv.sd_pooled_from_t(2, 0, *TWO), "t is 0"),
        (lambda: cv.sd_pooled_from_t(0, 2, *TWO), "mean_difference is 0"),
        (lambda: cv.sd_pooled_from_p(2, [0.5, 0], *TWO), "p is not between 0 and 1 in row 1"),
        (lambda: cv.sd_pooled_from_p(2, 1, *TWO), "p is not between 0 and 1 in row 0"),
        (lambda: cv.sd_pooled_from_p(2, 0.5, 1, 1), "n1 + n2 is below 3"),
        (lambda: cv.sd_pooled_from_f(2, -1, *TWO), "f is not positive"),
        (lambda: cv.sd_change(1, -1, 0.5), "sd_final is negative"),
        (lambda: cv.sd_change(1, 1, 1.5), "r is not a correlation"),
        (lambda: cv.correlation_from_change(1, 1, 3), "The three SDs imply a correlation outside -1 to 1"),
        (lambda: cv.endpoint_from_change(1, 1, 1, -1, 0.5, 9), "sd_change is negative"),
        (lambda: cv.combine_arms([[1, 2], [1, 2]], [[1, 1], [1, -1]], 5), "The SD of arm 1 is negative in row 1 (counted from 0; row 1: means[1] = 2, sds[1] = -1, ns[1] = 5)."),
        (lambda: cv.combine_arms([1, 2], [1, 1], [-1, 5]), "The size of arm 0 is negative"),
        (lambda: cv.combine_arms([1, 2], [1, 1], 0), "All arms together have no patient"),
        (lambda: cv.combine_counts([0, 0], [0, 0]), "All arms together have no patient"),
        (lambda: cv.events_from_percent([50, 100.1], 10), "percent is not a percentage in row 1"),
        (lambda: cv.events_from_percent(-1, 10), "percent is not a percentage in row 0"),
        (lambda: cv.events_from_percent(50, 10.5), "n is not a whole number"),
        (lambda: cv.events_from_percent(50, 10, -1), "decimals = -1 is not a number of decimals"),
        (lambda: cv.smd_from_log_or(1, 0), "se is not positive"),
        (lambda: cv.log_or_from_smd(1, 0), "se is not positive"),
        (lambda: cv.smd_from_r(1, 0.1), "r is not a correlation between -1 and 1"),
        (lambda: cv.r_from_smd(1, 0.1, 5), "r_from_smd needs both n1 and n2, or neither."),
        (lambda: cv.smd_from_t(1, 1, 2), "n1 + n2 is below 4"),
        (lambda: cv.smd_from_f(-1, 9, 9, 1), "f is negative"),
        (lambda: cv.smd_from_f(1, 9, 9, [1, 0]), "sign is neither 1 nor -1 in row 1"),
        (lambda: cv.log_hr_from_ci(0.8, -0.1, 1), "ci_low is not positive"),
        (lambda: cv.log_hr_from_ci(0.8, 0.9, 1.1), "The hazard ratio lies outside its interval"),
        (lambda: cv.log_hr_from_p(1, 0.5), "hr is 1"),
        (lambda: cv.log_hr_from_p(0.8, 0), "p is not between 0 and 1"),
        (lambda: cv.log_hr_from_logrank(1, 0), "variance is not positive"),
        (lambda: cv.log_hr_from_events(0.1, [1, 3], 9, 9), "favours is neither 1 nor 2 in row 1"),
        (lambda: cv.log_hr_from_events(0.1, 1, 0, 9), "events1 is not positive"),
        (lambda: cv.log_hr_from_events(0.1, 1, total_events=90, n1=40, n2=40), "There are more events than patients"),
    ],
)  # fmt: skip
def test_impossible_numbers_are_refused_by_row(call, message):
    with pytest.raises(DataError) as caught:
        call()
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: cv.sd_from_ci(1, 2, 9, level=95), "level = 95 must lie between 0 and 1 (0.95, not 95)."),
        (lambda: cv.log_hr_from_ci(1, 0.5, 2, level=95), "level = 95 must lie"),
        (lambda: cv.sd_from_ci(1, 2, 9, distribution="norm"), "distribution = 'norm' is not known. Did you mean 'normal'? Allowed: t, normal."),
        (lambda: cv.smd_from_log_or(1, 1, "logit"), "method = 'logit' is not known. Did you mean 'logistic'?"),
        (lambda: cv.log_or_from_smd(1, 1, "probit"), "method = 'probit' is not known."),
        (lambda: cv.log_hr_from_events(0.1, 1, 9), "log_hr_from_events needs either"),
        (lambda: cv.log_hr_from_events(0.1, 1, 9, 9, n1=20), "log_hr_from_events needs either"),
    ],
)  # fmt: skip
def test_unknown_options_are_refused(call, message):
    with pytest.raises(ConfigError) as caught:
        call()
    assert str(caught.value).startswith(message)


GOOD = {
    "sd_from_se": (1, 9), "sd_from_ci": (1, 2, 9), "sd_pooled_from_se": (1, 9, 9), "sd_pooled_from_ci": (1, 2, 9, 9),
    "sd_pooled_from_t": (1, 2, 9, 9), "sd_pooled_from_p": (1, 0.2, 9, 9), "sd_pooled_from_f": (1, 2, 9, 9),
    "sd_change": (2, 3, 0.5), "change_from_baseline": (1, 2, 3, 4, 0.5, 9), "correlation_from_change": (2, 3, 2.5),
    "endpoint_from_change": (1, 2, 3, 4, 0.5, 9), "smd_from_log_or": (1, 0.5), "log_or_from_smd": (1, 0.5),
    "smd_from_r": (0.5, 0.1), "r_from_smd": (0.5, 0.1, 9, 9), "smd_from_t": (2, 9, 9), "smd_from_f": (2, 9, 9, 1),
    "events_from_percent": (50, 10), "log_hr_from_ci": (0.8, 0.6, 1), "log_hr_from_p": (0.8, 0.2),
    "log_hr_from_logrank": (-3, 20), "log_hr_from_events": (0.2, 1, 40, 50),
    "mean_sd_from_quantiles": (50, 5, 1, 9, 4, 6), "quantiles_look_skewed": (50, 5, 1, 9, 4, 6),
    "combine_arms": ([1, 2], [1, 1], [5, 5]), "combine_counts": ([1, 2], [5, 5]),
}  # fmt: skip


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda f: f.__name__)
def test_missing_numbers_pass_and_only_touch_their_row(function):
    good = GOOD[function.__name__]
    alone = numbers(function(*good))
    assert all(np.isfinite(v).all() or name in ("sd_other",) for name, v in alone.items())
    for at, value in enumerate(good):
        if np.ndim(value):
            missing = [np.array([value, value], float) for value in good]
            missing[at][1, 0] = np.nan
        else:
            missing = [np.array([v, v], float) for v in good]
            missing[at][1] = np.nan
        result = numbers(function(*missing))
        for name, values in result.items():
            np.testing.assert_array_equal(values[0], alone[name][0])
        lost = [name for name, values in result.items() if np.isnan(values[1])]
        # Range or quartiles alone still make a mean, so a lost end does not lose the row.
        assert lost or "quantiles" in function.__name__


def numbers(result):
    found = {f.name: getattr(result, f.name) for f in dataclasses.fields(result)}
    return {name: v for name, v in found.items() if isinstance(v, np.ndarray) and v.dtype == np.float64}


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda f: f.__name__)
def test_every_conversion_says_where_its_numbers_come_from(function):
    result = function(*GOOD[function.__name__])
    assert result.provenance.endswith(".") and len(result.provenance) > 40
    assert "doi:" in result.provenance or function is cv.events_from_percent
    text = " ".join(function.__doc__.split())
    assert any(words in text for words in ("When not to use", "when not to use it", "with the same limits"))
    with pytest.raises(dataclasses.FrozenInstanceError):
        result.provenance = ""


def test_inputs_are_left_as_they_were():
    mean, sd, n = np.array([[1.0, 2.0]]), np.array([[1.0, 1.0]]), np.array([[5.0, 0.0]])
    cv.combine_arms(mean, sd, n)
    assert mean.tolist() == [[1, 2]] and sd.tolist() == [[1, 1]] and n.tolist() == [[5, 0]]
