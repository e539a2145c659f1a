"""Bayes by exact integration: reference numbers, published values, limits that are known, bad priors."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import metarepro as mr
from tests.conftest import ROOT

CASES = json.loads((ROOT / "tests/data/further_models_reference.json").read_text(encoding="utf-8"))["bayes"]
MAKE = {
    "half-normal": mr.priors.half_normal,
    "half-cauchy": mr.priors.half_cauchy,
    "half-t": mr.priors.half_t,
    "uniform": mr.priors.uniform,
    "exponential": mr.priors.exponential,
    "log-normal tau2": mr.priors.log_normal_tau2,
    "log-t tau2": mr.priors.log_t_tau2,
}
NAMES = {"mean": "mean", "sd": "sd", "median": "median", "q025": "ci_low", "q975": "ci_high"}


def fit_of(case, entry):
    prior = dict(entry["tau_prior"])
    about = None if entry["mu_prior"] == "flat" else (entry["mu_prior"]["mean"], entry["mu_prior"]["sd"])
    return mr.bayes(case["yi"], case["vi"], MAKE[prior.pop("family")](**prior), about)


@pytest.mark.parametrize("case", CASES, ids=lambda c: c["id"])
def test_posteriors_agree_with_two_independent_integrations(case):
    for number, entry in enumerate(case["fits"]):
        fit = fit_of(case, entry)
        what = (case["id"], str(fit.prior_tau), fit.prior_mu)
        for part in ("mu", "tau", "predictive"):
            posterior, known = getattr(fit, part), entry[part]
            size = known.get("sd") or entry["mu"]["sd"]
            for name, ours in NAMES.items():
                if known.get(name) is not None:
                    assert abs(getattr(posterior, ours) - known[name]) < 1e-9 * size, (what, part, name)
            if known.get("mode") is not None and number % 3 == 0:
                assert abs(posterior.mode - known["mode"]) < 1e-6 * size, (what, part)
            shortest = (
                zip(posterior.shortest, known["shortest95"], strict=True)
                if part != "predictive" and number % 3 == 0
                else ()
            )
            for ours, theirs in shortest:
                assert abs(ours - theirs) < 1e-6 * size, (what, part)
            if known.get("p_below_0") is not None:
                assert abs(posterior.probability_below(0.0) - known["p_below_0"]) < 1e-10, (what, part)
        for i, known in enumerate(entry["shrinkage"] if number % 3 == 0 else ()):
            for name, ours in NAMES.items():
                if known.get(name) is not None:
                    assert abs(getattr(fit.study(i), ours) - known[name]) < 1e-9 * known["sd"], (what, i, name)
        if fit.prior_mu is None:
            assert math.isnan(fit.log_marginal)
        else:
            assert abs(fit.log_marginal - entry["log_marginal_likelihood"]) < 1e-9, what
            assert abs(fit.log_bayes_factor_heterogeneity - entry["log_BF_tau_pos_vs_0"]) < 1e-9, what
            assert abs(fit.log_bayes_factor_effect - entry["log_BF_mu_free_vs_0"]) < 1e-9, what


@given(
    st.lists(st.tuples(st.floats(-2, 2), st.floats(0.01, 1)), min_size=2, max_size=8),
    st.floats(-5, 5), st.floats(0.1, 10), st.randoms(use_true_random=False),
)  # fmt: skip
def test_order_shift_and_scale_of_the_studies_change_what_they_must(studies, shift, scale, random):
    yi, vi = (np.array(x) for x in zip(*studies, strict=True))
    fit = mr.bayes(yi, vi, mr.priors.half_normal(0.5))
    order = list(range(yi.size))
    random.shuffle(order)
    other = mr.bayes(shift + scale * yi[order], scale**2 * vi[order], mr.priors.half_normal(0.5 * scale))
    size = scale * fit.mu.sd
    assert abs(other.mu.median - (shift + scale * fit.mu.median)) < 1e-8 * size
    assert abs(other.tau.ci_high - scale * fit.tau.ci_high) < 1e-8 * size
    assert abs(other.predictive.ci_low - (shift + scale * fit.predictive.ci_low)) < 1e-8 * size
    assert np.allclose(other.weights, fit.weights[order], rtol=1e-8)


def test_one_study_says_of_tau_what_the_prior_says():
    fit = mr.bayes([0.5], [0.04], mr.priors.half_normal(0.5))
    # With a flat prior of mu one effect says nothing of tau.
    assert fit.tau.median == pytest.approx(0.5 * 0.674489750196, rel=1e-9)
    assert fit.mu.sd**2 == pytest.approx(0.04 + 0.25, rel=1e-9)
    assert fit.mu.median == pytest.approx(0.5, abs=1e-12)


def test_many_equal_precise_studies_give_the_likelihood_its_way():
    rng = np.random.default_rng(3)
    yi = rng.normal(0.2, 0.5, 3000)
    vi = np.full(3000, 0.04)
    fit, reml = mr.bayes(yi, vi, mr.priors.half_normal(1)), mr.pool(yi, vi, ci="z")
    # The posterior differs from REML by terms of order 1/k of its spread.
    assert abs(fit.mu.mean - reml.beta) < 1e-3 * reml.se
    assert fit.mu.sd == pytest.approx(reml.se, rel=1e-3)
    assert abs(fit.tau.median**2 - reml.tau2) < 0.02 * reml.tau2_se


def test_moments_that_do_not_exist_are_nan_with_a_reason():
    fit = mr.bayes([0.5], [0.04], mr.priors.half_cauchy(0.5))
    assert math.isnan(fit.mu.mean) and math.isnan(fit.mu.sd) and math.isfinite(fit.mu.median)
    assert [n.code for n in fit.notes] == ["posterior_without_mean"]


def test_a_density_of_ones_own_is_normalised():
    yi, vi = [0.1, 0.4, 0.3], [0.1, 0.1, 0.1]
    own = mr.priors.own(lambda tau: 7 * np.exp(-(tau**2) / 0.5), tail=math.inf)
    a, b = mr.bayes(yi, vi, own, (0, 1)), mr.bayes(yi, vi, mr.priors.half_normal(0.5), (0, 1))
    assert a.log_marginal == pytest.approx(b.log_marginal, abs=1e-10)
    assert a.tau.ci_high == pytest.approx(b.tau.ci_high, rel=1e-10)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: mr.priors.half_normal(-1), "scale = -1 of the half-normal prior must be a number above 0."),
        (lambda: mr.priors.own(lambda t: 0 * t), "The prior density of tau has no mass. Fix: a density that is above 0 somewhere."),
        (lambda: mr.priors.own(lambda t: 1 / (1 + t)), "The prior density of tau does not integrate. Fix: give upper, where its range ends."),
        (lambda: mr.bayes([1, 2], [1, 1], prior_mu=(0, 0)), "prior_mu = (0, 0) must be a mean and a standard deviation above 0, or None for flat."),
        (lambda: mr.bayes([1, 2], [1, 0]), "vi is not positive and finite in row 1 (counted from 0). Give the squared standard error."),
        (lambda: mr.bayes([[1, 2]], [[1, 1]]), "bayes takes one set of studies, not a batch. Fix: call it for each."),
    ],
)  # fmt: skip
def test_bad_input_is_refused_with_its_mend(make, message):
    with pytest.raises(ValueError) as caught:
        make()
    assert str(caught.value) == message


def test_the_printed_result_names_the_priors():
    es = mr.effect_sizes("OR", e1=[8, 12, 5], n1=[20, 25, 17], e2=[3, 5, 2], n2=[21, 24, 18])
    text = str(mr.bayes(es, prior_mu=(0, 2)).summary())
    assert "prior of τ: half-normal(0.5), of the mean: normal(0.000, 2.000)" in text
    assert text.splitlines()[0] == "Odds ratio, 3 studies"


def test_the_table_of_priors_has_a_row_for_each():
    frame = mr.prior_sensitivity([0.1, 0.4, 0.3], [0.1, 0.1, 0.1])
    assert list(frame.index)[:2] == ["half-normal(0.25)", "half-normal(0.5)"]
    # A wider prior of tau widens the interval of mu.
    width = frame["mu_high"] - frame["mu_low"]
    assert width["half-normal(0.25)"] < width["half-normal(0.5)"] < width["half-normal(1)"]
