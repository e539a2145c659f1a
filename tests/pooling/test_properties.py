"""What holds for every estimator on every data set."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import metarepro as mr
from metarepro.pooling.likelihood import log_likelihood, maximise
from metarepro.pooling.problems import read_problems
from metarepro.pooling.tau2 import ESTIMATORS

METHODS = sorted(ESTIMATORS)
NUMERIC = ("beta", "se", "ci_low", "ci_high", "tau2", "i2", "h2", "q", "pi_low", "pi_high", "p_value")


def random_sets(count, seed=1, k=(3, 11), decades=4.0):
    """Adversarial sets: few studies, variances over many orders of magnitude."""
    rng = np.random.default_rng(seed)
    for _ in range(count):
        size = int(rng.integers(*k))
        vi = 10 ** rng.uniform(-decades, 0, size)
        yield rng.normal(0, np.sqrt(vi + 10 ** rng.uniform(-3, 0.5)), size), vi


def grid_optimum(yi, vi, kind):
    """Best log-likelihood on a dense grid of tau2, by the formulas of the textbook."""
    top = 10 * (np.ptp(yi) ** 2 + vi.max())
    tau2 = np.concatenate([[0], np.geomspace(1e-9 * vi.min(), top, 6000)])[:, None]
    w = 1 / (vi + tau2)
    mu = (w * yi).sum(1) / w.sum(1)
    ll = -0.5 * (np.log(vi + tau2).sum(1) + (w * (yi - mu[:, None]) ** 2).sum(1))
    k = yi.size
    if kind == "REML":
        return (ll - 0.5 * np.log(w.sum(1)) + 0.5 * np.log(k) - 0.5 * (k - 1) * np.log(2 * np.pi)).max()
    return (ll - 0.5 * k * np.log(2 * np.pi)).max()


def test_bimodal_likelihood_finds_the_higher_maximum():
    # Score at 0 is negative, so an iteration that starts or stops there reports tau2 = 0 and mu = 0.039.
    yi = [0.973, 0.337, -0.036, -0.471, 0.445, -1.375]
    vi = [0.219, 0.001, 0.138, 0.272, 0.013, 0.21]
    fit = mr.pool(yi, vi, tau2="REML", ci="z")
    assert round(fit.tau2, 4) == 0.4171
    assert fit.maxima == 2 and not fit.at_boundary and fit.converged
    assert "The likelihood of τ² has several maxima; the highest is reported." in fit.notes


@pytest.mark.parametrize("kind", ["REML", "ML"])
@pytest.mark.parametrize("count", [400, pytest.param(10_000, marks=pytest.mark.slow)])
def test_no_likelihood_below_a_brute_force_optimum(kind, count):
    worst = 0.0
    for yi, vi in random_sets(count, seed=3 if kind == "ML" else 1):
        fit = mr.pool(yi, vi, tau2=kind, ci="z")
        assert fit.converged
        worst = max(worst, grid_optimum(yi, vi, kind) - fit.log_likelihood)
    assert worst < 1e-8


def test_score_is_zero_at_an_inner_maximum():
    for yi, vi in random_sets(100, seed=8):
        problems, _, _ = read_problems(yi, vi)
        best = maximise(problems, "REML")
        t = best.tau2
        if t[0] > 0:
            step = 1e-5 * t
            up, down = (log_likelihood(problems, t + s, "REML")[0] for s in (step, -step))
            assert max(up, down) <= best.log_likelihood[0] + 1e-12


@pytest.mark.parametrize("method", METHODS)
def test_order_of_studies_does_not_matter(method):
    for yi, vi in random_sets(20, seed=4):
        order = np.random.default_rng(0).permutation(yi.size)
        a, b = mr.pool(yi, vi, tau2=method), mr.pool(yi[order], vi[order], tau2=method)
        for name in NUMERIC:
            np.testing.assert_allclose(getattr(a, name), getattr(b, name), rtol=1e-7, atol=1e-10, err_msg=name)
        np.testing.assert_allclose(a.weights[order], b.weights, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("method", METHODS)
def test_shift_and_scale(method):
    for yi, vi in random_sets(20, seed=5):
        a, b = mr.pool(yi, vi, tau2=method), mr.pool(1000 - 8 * yi, 64 * vi, tau2=method)
        np.testing.assert_allclose(b.tau2, 64 * a.tau2, rtol=1e-6, atol=1e-8)
        np.testing.assert_allclose(b.beta, 1000 - 8 * a.beta, rtol=1e-9)
        np.testing.assert_allclose((b.i2, b.q), (a.i2, a.q), rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("method", METHODS)
def test_a_batch_equals_its_single_fits(method):
    rng = np.random.default_rng(6)
    yi, vi = rng.normal(0, 1, (12, 7)), 10 ** rng.uniform(-2, 0, (12, 7))
    batch = mr.pool(yi, vi, tau2=method)
    for i in range(12):
        single = mr.pool(yi[i], vi[i], tau2=method)
        for name in NUMERIC:
            np.testing.assert_allclose(getattr(batch, name)[i], getattr(single, name), rtol=1e-11, atol=1e-12)
        assert isinstance(single.beta, float) and isinstance(single.k, int) and isinstance(single.converged, bool)


@pytest.mark.parametrize("method", METHODS)
def test_a_masked_study_is_as_if_it_were_not_there(method):
    yi, vi = next(random_sets(1, seed=7, k=(8, 9)))
    mask = ~np.eye(yi.size, dtype=bool)
    left_out = mr.pool(yi, vi, tau2=method, mask=mask)
    for i in range(yi.size):
        without = mr.pool(np.delete(yi, i), np.delete(vi, i), tau2=method)
        for name in NUMERIC:
            np.testing.assert_allclose(getattr(left_out, name)[i], getattr(without, name), rtol=1e-8, atol=1e-10)
        assert left_out.weights[i, i] == 0


@pytest.mark.parametrize("method", METHODS)
def test_identical_studies_have_no_heterogeneity(method):
    fit = mr.pool([0.4] * 5, [0.1] * 5, tau2=method, ci="z")
    assert fit.tau2 == 0 and fit.beta == pytest.approx(0.4) and fit.q == pytest.approx(0)


def test_arrays_are_not_changed_and_results_can_be_pickled():
    yi, vi = np.array([0.1, 0.4, np.nan]), np.array([0.1, 0.2, 0.3])
    before = yi.copy(), vi.copy()
    fit = mr.pool(yi, vi)
    np.testing.assert_array_equal(yi, before[0])
    np.testing.assert_array_equal(vi, before[1])
    assert pickle.loads(pickle.dumps(fit)).beta == fit.beta


@settings(deadline=None, max_examples=150)
@given(
    hnp.arrays(float, st.integers(2, 9), elements=st.floats(-5, 5)).flatmap(
        lambda y: st.tuples(st.just(y), hnp.arrays(float, y.size, elements=st.floats(1e-6, 1e3)))
    )
)
def test_any_finite_data_give_ordered_finite_numbers(sets):
    yi, vi = sets
    for method in METHODS:
        fit = mr.pool(yi, vi, tau2=method, ci="z")
        assert np.isfinite([fit.beta, fit.se, fit.tau2, fit.q]).all()
        assert fit.ci_low <= fit.beta <= fit.ci_high and fit.tau2 >= 0 and 0 <= fit.i2 <= 100
        assert fit.weights.sum() == pytest.approx(100)
        # Within rounding: all weight may lie on one study.
        slack = 1e-9 * max(1, np.abs(yi).max())
        assert yi.min() - slack <= fit.beta <= yi.max() + slack


def test_million_fold_variances_and_many_studies():
    rng = np.random.default_rng(9)
    vi = 10 ** rng.uniform(-12, 0, 50)
    yi = rng.normal(0, np.sqrt(vi + 0.1))
    fit = mr.pool(yi, vi, tau2="REML")
    assert fit.converged and grid_optimum(yi, vi, "REML") - fit.log_likelihood < 1e-8
    assert any("times the smallest" in note for note in fit.notes)


def test_profile_likelihood_interval_ends_where_the_likelihood_has_dropped():
    drop = 0.5 * 3.841458820694124
    for yi, vi in random_sets(60, seed=11):
        problems, _, _ = read_problems(yi, vi)
        best = maximise(problems, "REML")
        interval = mr.heterogeneity_interval(yi, vi, method="PL").tau2
        assert interval.low <= best.tau2[0] <= interval.high
        for end in interval:
            here = log_likelihood(problems, np.array([end]), "REML")[0]
            if end == 0:
                assert here >= best.log_likelihood[0] - drop - 1e-9
            else:
                assert here == pytest.approx(best.log_likelihood[0] - drop, abs=1e-9)
