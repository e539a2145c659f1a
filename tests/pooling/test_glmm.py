"""The binomial-normal model: against lme4, against brute-force integration, at the ends of the scale."""

from __future__ import annotations

import json
import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.special import expit, gammaln

import metarepro as mr
from metarepro.pooling.binomial_normal import BinomialNormal
from tests.conftest import ROOT

LME4 = json.loads((ROOT / "tests/data/glmm_reference.json").read_text())["fits"]


def brute_force(e, n, beta, tau):
    """Log-likelihood by adaptive integration of each study, piece by piece around its own peak."""
    total = 0.0
    for a, b in zip(e, n, strict=True):
        constant = gammaln(b + 1) - gammaln(a + 1) - gammaln(b - a + 1)

        def density(z, a=a, b=b, constant=constant):
            p = expit(beta + tau * z)
            with np.errstate(divide="ignore"):
                log = constant + (a * np.log(p) if a else 0) + ((b - a) * np.log1p(-p) if b > a else 0)
            return math.exp(log - 0.5 * z * z) / math.sqrt(2 * math.pi)

        grid = np.linspace(-12, 12, 2001)
        peak = grid[np.argmax([density(z) for z in grid])]
        pieces = [-12, *[peak + d for d in (-1, -0.1, 0, 0.1, 1)], 12]
        total += math.log(
            sum(quad(density, lo, hi, epsabs=0, epsrel=1e-12, limit=400)[0] for lo, hi in pairwise(pieces) if hi > lo)
        )
    return total


@pytest.mark.parametrize("case", LME4, ids=lambda c: c["name"])
def test_agrees_with_lme4(case):
    fit = mr.glmm("PLO", e=case["e"], n=case["n"])
    assert fit.converged
    for name in ("beta", "se", "tau2"):
        assert getattr(fit, name) == pytest.approx(case[name], rel=1e-5, abs=1e-8), name


@pytest.mark.parametrize("case", LME4, ids=lambda c: c["name"])
def test_likelihood_is_that_of_brute_force_integration(case):
    fit = mr.glmm("PLO", e=case["e"], n=case["n"])
    exact = brute_force(case["e"], case["n"], fit.beta, math.sqrt(fit.tau2))
    assert fit.log_likelihood == pytest.approx(exact, abs=1e-7)


@pytest.mark.parametrize("case", LME4, ids=lambda c: c["name"])
def test_derivatives_are_those_of_the_likelihood(case):
    model = BinomialNormal(np.array(case["e"], float), np.array(case["n"], float), 41)
    beta, tau, h = case["beta"] + 0.2, math.sqrt(case["tau2"]) + 0.3, 1e-5
    at = model.at(np.array([beta]), np.array([tau]))
    value = lambda b, t: float(model.at(np.array([b]), np.array([t])).value[0])  # noqa: E731
    slope = lambda b, t: model.at(np.array([b]), np.array([t])).gradient[0]  # noqa: E731
    numeric = [
        (value(beta + h, tau) - value(beta - h, tau)) / (2 * h),
        (value(beta, tau + h) - value(beta, tau - h)) / (2 * h),
    ]
    np.testing.assert_allclose(at.gradient[0], numeric, rtol=1e-5, atol=1e-5)
    second = [
        (slope(beta + h, tau) - slope(beta - h, tau)) / (2 * h),
        (slope(beta, tau + h) - slope(beta, tau - h)) / (2 * h),
    ]
    np.testing.assert_allclose(at.hessian[0], second, rtol=1e-4, atol=1e-4)


def test_nothing_on_a_grid_is_likelier():
    for case in LME4:
        model = BinomialNormal(np.array(case["e"], float), np.array(case["n"], float), 61)
        fit = mr.glmm("PLO", e=case["e"], n=case["n"])
        taus = np.concatenate([[0], np.geomspace(0.01, 8, 50)])
        for beta in fit.beta + np.linspace(-3, 3, 41):
            assert model.at(np.full(taus.size, beta), taus).value.max() + model.saturated() <= fit.log_likelihood + 1e-8


def test_profile_interval_is_where_the_likelihood_has_dropped():
    case = LME4[0]
    fit = mr.glmm("PLO", e=case["e"], n=case["n"], ci="PL")
    by_t = mr.glmm("PLO", e=case["e"], n=case["n"], ci="PL-t")
    assert by_t.df == len(case["e"]) - 1 and by_t.ci_low < fit.ci_low and by_t.ci_high > fit.ci_high
    model = BinomialNormal(np.array(case["e"], float), np.array(case["n"], float), fit.nodes)
    taus = np.concatenate([[0], np.geomspace(0.001, 10, 4000)])
    for end in (fit.ci_low, fit.ci_high):
        profile = model.at(np.full(taus.size, end), taus).value.max() + model.saturated()
        assert 2 * (fit.log_likelihood - profile) == pytest.approx(3.841458820694124, abs=1e-4)
    for tau2 in (fit.tau2_low, fit.tau2_high):
        if tau2 > 0:
            betas = fit.beta + np.linspace(-3, 3, 4001)
            profile = model.at(betas, np.full(betas.size, math.sqrt(tau2))).value.max() + model.saturated()
            assert 2 * (fit.log_likelihood - profile) == pytest.approx(3.841458820694124, abs=1e-4)
    assert fit.ci_low < fit.beta < fit.ci_high


def test_likelihood_ratio_of_equal_proportions_agrees_with_metafor():
    # dat.pritz1997: QE_LRT of rma.glmm, which does not depend on any quadrature.
    case = next(
        c
        for c in json.loads((ROOT / "tests/data/metafor_reference.json").read_text())["cases"]
        if c["id"] == "dat.pritz1997/PLO"
    )
    fit = mr.glmm("PLO", e=case["inputs"]["xi"], n=case["inputs"]["ni"])
    assert fit.lrt == pytest.approx(42.23239802523367, rel=1e-10)
    assert fit.lrt_df == 13 and fit.lrt_p == pytest.approx(6.0002983757726965e-05, rel=1e-8)
    # metafor's seven nodes are not enough here: its beta 1.376604 is 1e-5 off.
    assert fit.beta == pytest.approx(1.3766043889605717, abs=2e-5)


def test_no_event_at_all():
    fit = mr.glmm("PLO", e=[0, 0, 0], n=[20, 30, 25])
    assert fit.beta == -math.inf and math.isnan(fit.se) and math.isnan(fit.tau2)
    # 0.95 interval by the likelihood ratio: (1 - p)^75 = exp(-1.9207).
    assert expit(fit.ci_high) == pytest.approx(1 - math.exp(-3.841458820694124 / 2 / 75), rel=1e-12)
    assert fit.notes[0].startswith("No study has an event: the pooled proportion is 0")
    mirrored = mr.glmm("PLO", e=[20, 30, 25], n=[20, 30, 25])
    assert mirrored.ci_low == -fit.ci_high and mirrored.beta == math.inf
    assert mirrored.notes[0].startswith("Every patient has the event: the pooled proportion is 1")


def test_studies_without_limit_apart_are_said_to_be():
    fit = mr.glmm("PLO", e=[0, 10], n=[10, 10])
    assert not fit.converged and fit.tau2 == math.inf and math.isnan(fit.se)
    assert (fit.ci_low, fit.ci_high) == (-math.inf, math.inf)
    assert (
        fit.notes[0]
        == "τ² has no finite estimate: the studies differ as much as counts can, so nothing is known of beta."
    )


def test_one_study_is_a_binomial_proportion():
    fit = mr.glmm("PLO", e=[3], n=[10], ci="PL")
    assert expit(fit.beta) == pytest.approx(0.3, abs=1e-12) and math.isnan(fit.tau2)
    log_likelihood = lambda p: 3 * math.log(p) + 7 * math.log(1 - p)  # noqa: E731
    for end in (fit.ci_low, fit.ci_high):
        assert 2 * (log_likelihood(0.3) - log_likelihood(expit(end))) == pytest.approx(3.841458820694124, rel=1e-8)


def test_wald_intervals_and_their_t():
    case = LME4[0]
    z, t = (mr.glmm("PLO", e=case["e"], n=case["n"], ci=ci) for ci in ("z", "t"))
    assert z.ci_high - z.beta == pytest.approx(1.959963984540054 * z.se, rel=1e-12)
    assert t.ci_high - t.beta == pytest.approx(2.3646242515927849 * t.se, rel=1e-12)
    assert z.pi_high - z.beta == pytest.approx(2.4469118511449692 * math.sqrt(z.se**2 + z.tau2), rel=1e-12)


@settings(max_examples=25, deadline=None, phases=(Phase.explicit, Phase.reuse, Phase.generate))
@given(st.lists(st.tuples(st.integers(1, 60), st.floats(0, 1)), min_size=2, max_size=7), st.randoms())
def test_order_and_naming_of_events_do_not_matter(studies, random):
    n = [s for s, _ in studies]
    e = [round(s * f) for s, f in studies]
    fit = mr.glmm("PLO", e=e, n=n)
    mirrored = mr.glmm("PLO", e=[b - a for a, b in zip(e, n, strict=True)], n=n)
    order = random.sample(range(len(n)), len(n))
    shuffled = mr.glmm("PLO", e=[e[i] for i in order], n=[n[i] for i in order])
    assert shuffled.converged == mirrored.converged == fit.converged
    if fit.converged and math.isfinite(fit.beta):
        assert shuffled.beta == pytest.approx(fit.beta, abs=1e-6) and mirrored.beta == pytest.approx(
            -fit.beta, abs=1e-6
        )
        assert shuffled.tau2 == pytest.approx(fit.tau2, rel=1e-4, abs=1e-6)
        assert mirrored.ci_low == pytest.approx(-fit.ci_high, rel=1e-5, abs=1e-6)
        assert fit.ci_low <= fit.beta <= fit.ci_high
        assert fit.weights.sum() == pytest.approx(100) and (fit.weights >= 0).all()


@pytest.mark.parametrize(
    ("columns", "options", "error", "message"),
    [
        ({"e": [5], "n": [3]}, {}, mr.DataError, "e is larger than n in row 0"),
        ({"e": [np.nan], "n": [3]}, {}, mr.DataError, "There is no study with complete counts."),
        (
            {"e": [1], "n": [3]},
            {"measure": "PR"},
            mr.ConfigError,
            "measure = 'PR' is not known for models of counts.",
        ),
        ({"e": [1], "n": [3]}, {"ci": "HK"}, mr.ConfigError, "ci = 'HK' is not known. Allowed: PL, PL-t, z, t."),
        ({"e": [1], "n": [3]}, {"pi": "NNF"}, mr.ConfigError, "pi = 'NNF' is not known. Allowed: HTS, t, z."),
        ({"e": [1], "n": [3]}, {"level": 95}, mr.ConfigError, "level = 95 must lie between 0 and 1"),
    ],
)
def test_impossible_input_is_refused(columns, options, error, message):
    with pytest.raises(error) as caught:
        mr.glmm(**columns, **options)
    assert str(caught.value).startswith(message)


def test_a_missing_count_is_dropped_with_a_note():
    fit = mr.glmm("PLO", e=[3, np.nan, 5], n=[10, 10, 12])
    assert fit.k == 2 and fit.notes[0] == "Dropped, because a count is missing: rows 1 (counted from 0)."


@pytest.mark.parametrize(
    ("e", "n", "tau2", "beta"),
    [
        # tau = 0 is a local maximum, and the highest lies close to it.
        ([890580, 209260, 164189, 348694], [934589, 219829, 172508, 366283], 7.2979e-5, 2.99331),
        ([609137, 110094], [639448, 115761], 1.52e-4, 2.98853),
        ([10**6, 2 * 10**6], [10**8, 10**8], 0.12366, -4.24347),
    ],
)
def test_millions_of_patients(e, n, tau2, beta):
    fit = mr.glmm("PLO", e=e, n=n)
    assert fit.converged
    assert fit.tau2 == pytest.approx(tau2, rel=3e-3) and fit.beta == pytest.approx(beta, abs=1e-4)
    model = BinomialNormal(np.array(e, float), np.array(n, float), 81)
    for tau in np.sqrt(fit.tau2) * np.geomspace(0.01, 30, 60):
        value = model.best_beta(np.array([tau]), np.array([fit.beta]))[1].value[0]
        assert value + model.saturated() <= fit.log_likelihood + 1e-6
    assert fit.ci_low < fit.beta < fit.ci_high


@pytest.mark.parametrize("e", [[1, 0, 1, 1, 0], [1, 0]])
def test_one_patient_a_study_has_no_bounded_interval(e):
    fit = mr.glmm("PLO", e=e, n=[1] * len(e))
    assert fit.ci_low == -math.inf and fit.ci_high == math.inf
    assert any("tells nothing of how true proportions differ" in note for note in fit.notes)
    assert math.isnan(fit.tau2) and fit.beta == pytest.approx(math.log(sum(e) / (len(e) - sum(e))))


@pytest.mark.parametrize("e", [[3, 1, 3, 0, 3, 1], [8, 1, 8, 0, 8, 1]])
def test_studies_with_the_same_counts_count_each(e):
    n = [9, 4, 9, 5, 9, 4]
    fit = mr.glmm("PLO", e=e, n=n)
    exact = brute_force(e, n, fit.beta, math.sqrt(fit.tau2))
    assert fit.log_likelihood == pytest.approx(exact, abs=1e-7)
    assert fit.k == 6 and fit.weights[0] == fit.weights[2] == fit.weights[4] and fit.weights.sum() == pytest.approx(100)
    # The same studies 200 times over have the same maximum and 200 times the information.
    many = mr.glmm("PLO", e=e * 200, n=n * 200)
    assert many.k == 1200 and fit.lrt > 0.1
    assert (many.beta, many.tau2) == pytest.approx((fit.beta, fit.tau2), rel=1e-6)
    assert many.lrt == pytest.approx(200 * fit.lrt, rel=1e-6) and many.se == pytest.approx(fit.se / 200**0.5, rel=1e-6)
