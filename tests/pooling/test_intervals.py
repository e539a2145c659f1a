"""Intervals from exact distributions, bootstrap prediction, p-values that do not underflow, two-step estimators."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import chi2, t

import metarepro as mr
from metarepro.pooling.heterogeneity import q_coefficients
from metarepro.pooling.problems import read_problems
from metarepro.pooling.quadratic_form import chi2_mixture_upper_tail
from tests.conftest import REFERENCE

RR = next(c for c in REFERENCE["cases"] if c["id"] == "dat.bcg/RR")
Y, V = np.array(RR["yi"]), np.array(RR["vi"])


@pytest.mark.parametrize("df", [1, 2, 5, 12, 40])
def test_equal_coefficients_are_a_chi2(df):
    q = np.array([0.01, 0.5, 2, df, 3.0 * df])
    for scale in (1e-6, 1, 250):
        found = chi2_mixture_upper_tail(q * scale, np.full((q.size, df), scale))
        np.testing.assert_allclose(found, chi2.sf(q, df), rtol=0, atol=1e-11)


def test_mixture_agrees_with_simulation_and_with_its_exact_form_for_two():
    # c1 = c2 twice: sums of exponentials with a closed form; 4 coefficients (a, a, b, b).
    a, b, q = 1.0, 3.0, np.array([0.5, 4.0, 20.0])
    exact = (b * np.exp(-q / (2 * b)) - a * np.exp(-q / (2 * a))) / (b - a)
    np.testing.assert_allclose(chi2_mixture_upper_tail(q, np.array([a, a, b, b]) * np.ones((3, 1))), exact, atol=1e-11)
    rng = np.random.default_rng(0)
    c = np.array([0.1, 1.0, 2.5, 0.0])
    draws = (rng.standard_normal((400_000, 4)) ** 2) @ c
    assert chi2_mixture_upper_tail(np.array(5.0), c) == pytest.approx((draws > 5).mean(), abs=0.004)


def test_q_of_homogeneous_effects_is_chi2():
    problems, _, _ = read_problems(Y, V)
    np.testing.assert_allclose(np.sort(q_coefficients(problems, np.zeros(1))[0]), [0, *[1] * 12], atol=1e-10)


def test_generalised_q_interval_ends_where_the_tail_is_its_share():
    found = mr.heterogeneity_interval(Y, V, method="GENQ").tau2
    problems, _, _ = read_problems(Y, V)
    q = mr.pool(Y, V).q
    for end, share in ((found.low, 0.025), (found.high, 0.975)):
        tail = chi2_mixture_upper_tail(np.array([q]), q_coefficients(problems, np.array([end])))[0]
        assert tail == pytest.approx(share, abs=1e-11)
    # It is another interval than the Q-profile, which starts at 0.1197.
    assert found.low == pytest.approx(0.10105007, abs=1e-8)
    batch = mr.heterogeneity_interval(np.stack([Y, Y * 0]), V, method="GENQ").tau2
    assert batch.low[0] == found.low and batch.low[1] == 0 and batch.high[1] == 0


def test_equal_variances_make_generalised_q_the_q_profile():
    rng = np.random.default_rng(1)
    y, v = rng.normal(0, 1, 9), np.full(9, 0.2)
    a, b = (mr.heterogeneity_interval(y, v, method=m).tau2 for m in ("GENQ", "QP"))
    assert a.low == pytest.approx(b.low, rel=1e-9) and a.high == pytest.approx(b.high, rel=1e-9)


def test_bootstrap_prediction_interval():
    fit = mr.pool(Y, V, pi="NNF")
    assert fit.pi_df == 12 and fit.pi_method == "NNF"
    assert mr.pool(Y, V, pi="NNF").pi_low == fit.pi_low
    other = mr.pool(Y, V, pi="NNF", seed=2)
    assert other.pi_low != fit.pi_low and other.pi_low == pytest.approx(fit.pi_low, abs=0.06)
    plain = mr.pool(Y, V)
    # It allows for the uncertainty of tau2, so that it is wider here, around the same centre.
    assert fit.pi_low < plain.pi_low and fit.pi_high > plain.pi_high
    shifted = mr.pool(Y + 5, V, pi="NNF")
    assert shifted.pi_high == pytest.approx(fit.pi_high + 5, abs=1e-9)
    batch = mr.pool(np.stack([Y, Y]), V, pi="NNF")
    assert batch.pi_low[0] == fit.pi_low and batch.pi_low[1] == pytest.approx(fit.pi_low, abs=0.06)


def test_bootstrap_prediction_needs_three_studies():
    fit = mr.pool(Y[:2], V[:2], pi="NNF")
    assert math.isnan(fit.pi_low) and "No prediction interval by NNF: it needs at least 3 studies." in fit.notes


def test_bootstrap_without_heterogeneity_is_nearly_the_hartung_knapp_interval():
    v = np.full(12, 1.0)
    y = np.tile([-0.3, 0.3], 6)
    fit = mr.pool(y, v, pi="NNF", ci="HK")
    # Q is so small that the confidence distribution of tau2 sits at 0: t with k - 1 df is left.
    assert fit.pi_high == pytest.approx(fit.ci_high, rel=0.05)


def test_p_values_do_not_underflow():
    fit = mr.pool([1.0, 1.0001, 0.9999], [1e-6] * 3, tau2="CE", ci="z")
    # z = 1000 sqrt(3): log10 p = log10(2) - z^2 / (2 ln 10) - log10(z sqrt(2 pi)) up to 1/z^2.
    z = fit.statistic
    assert fit.p_value == 0
    expected = math.log10(2) - z * z / (2 * math.log(10)) - math.log10(z * math.sqrt(2 * math.pi))
    assert fit.log10_p == pytest.approx(expected, rel=1e-9)
    usual = mr.pool(Y, V)
    assert usual.log10_p == pytest.approx(math.log10(usual.p_value), rel=1e-12)
    assert usual.q_log10_p == pytest.approx(math.log10(usual.q_p), rel=1e-12)


def test_log_tails_continue_where_the_tails_end():
    from metarepro.pooling.inference import log10_chi2_upper_tail, log10_two_sided_p

    for df in (3, 40, 200):
        for size in (1e2, 1e3, 1e5):
            ours = float(log10_two_sided_p(np.array(size), np.array(float(df))))
            assert (
                ours == pytest.approx((math.log(2) + t.logsf(size, df)) / math.log(10), rel=1e-8) or t.sf(size, df) == 0
            )
            assert math.isfinite(ours)
        for q in (500.0, 1400.0):
            ours = float(log10_chi2_upper_tail(np.array(q), np.array(df)))
            assert ours == pytest.approx(math.log10(chi2.sf(q, df)), rel=1e-9)
        assert -4400 < float(log10_chi2_upper_tail(np.array(20_000.0), np.array(df))) < -3500


def test_two_step_estimators_are_one_step_of_the_general_moment_equation():
    for first, second in (("DL", "DL2"), ("CA", "CA2")):
        start = mr.pool(Y, V, first).tau2
        w = 1 / (V + start)
        mean = (w * Y).sum() / w.sum()
        raw = ((w * (Y - mean) ** 2).sum() - ((w * V).sum() - (w * w * V).sum() / w.sum())) / (
            w.sum() - (w * w).sum() / w.sum()
        )
        assert mr.pool(Y, V, second).tau2 == pytest.approx(raw, rel=1e-12)
    assert mr.pool(Y, V, "CA").tau2 == mr.pool(Y, V, "HE").tau2


def test_two_step_dl_nears_paule_mandel():
    gap = [abs(mr.pool(Y, V, m).tau2 - mr.pool(Y, V, "PM").tau2) for m in ("DL", "DL2")]
    assert gap[1] < gap[0]


def test_standard_error_of_a_two_step_estimate_is_the_spread_of_its_draws():
    rng = np.random.default_rng(4)
    v = np.linspace(0.05, 0.3, 20)
    draws = mr.pool(rng.normal(0, np.sqrt(v + 0.4), (40_000, 20)), v, "CA2")
    assert draws.tau2.std() == pytest.approx(np.median(draws.tau2_se), rel=0.06)
