"""Selection models against independent code and metafor; their likelihood, intervals and named states."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from scipy import integrate, optimize, stats

import metarepro as mr
from metarepro.robustness.selection_weights import KINDS, Selection
from tests.robustness.reference import REFERENCE, close, effects

BIAS = REFERENCE["bias"]
NAMES = {"halfnorm": "half-normal", "negexp": "negative-exponential", "logistic": "logistic", "power": "power"}
# Here the likelihood has a higher maximum than the one that the reference reports.
HIGHER = {("dat.nielweise2007/OR", "beta"): -25.438292819815}


def fit(case, theirs):
    kind = "beta" if theirs["model"] == "beta" else "step"
    return mr.selection_model(
        *effects(case), kind=kind, steps=theirs.get("steps") or (0.025,), alternative=theirs["alternative"]
    )


@pytest.mark.parametrize("case", BIAS, ids=lambda c: c["id"])
def test_step_and_beta_models_agree_with_independent_code(case):
    for theirs in case["selection"]:
        ours = fit(case, theirs)
        assert ours.converged
        if (case["id"], theirs["model"]) in HIGHER:
            assert ours.log_likelihood == pytest.approx(HIGHER[case["id"], theirs["model"]], abs=1e-9)
            assert ours.log_likelihood > theirs["loglik"] + 0.5 and ours.maxima > 1
            continue
        assert ours.log_likelihood == pytest.approx(theirs["loglik"], abs=1e-8)
        close([ours.beta, ours.tau2, *ours.delta], [theirs["mu"], theirs["tau2"], *theirs["delta"]], 1e-6)
        close([ours.se, ours.lrt], [theirs["se_mu"], theirs["LRT"]], 1e-5)


def test_the_higher_maximum_is_one_by_adaptive_quadrature():
    case = next(c for c in BIAS if c["id"] == "dat.nielweise2007/OR")
    theirs = next(s for s in case["selection"] if s["model"] == "beta")
    ours = fit(case, theirs)

    def log_likelihood(mu, tau2, delta):
        total = 0.0
        for y, v in zip(*effects(case), strict=True):
            error, spread = math.sqrt(v), math.sqrt(v + tau2)

            def weight(x, error=error):
                p = np.clip(stats.norm.cdf(x / error), 1e-5, 1 - 1e-5)
                return p ** (delta[0] - 1) * (1 - p) ** (delta[1] - 1)

            edge = stats.norm.isf(1e-5) * error
            cuts = sorted([-edge, edge, mu])
            cuts = [min(mu - 12 * spread, cuts[0] - 1), *cuts, max(mu + 12 * spread, cuts[-1] + 1)]
            chance = sum(
                integrate.quad(lambda x, w=weight, s=spread: w(x) * stats.norm.pdf(x, mu, s), a, b, epsrel=1e-10)[0]
                for a, b in pairwise(cuts)
            )
            total += math.log(weight(y)) + stats.norm.logpdf(y, mu, spread) - math.log(chance)
        return total

    assert log_likelihood(ours.beta, ours.tau2, ours.delta) == pytest.approx(ours.log_likelihood, abs=1e-7)
    assert log_likelihood(theirs["mu"], theirs["tau2"], theirs["delta"]) == pytest.approx(theirs["loglik"], abs=1e-7)


@pytest.mark.slow
@pytest.mark.parametrize("case", REFERENCE["selection"], ids=lambda c: c["id"])
def test_every_weight_function_is_at_least_as_likely_as_in_metafor(case):
    for theirs in case["fits"]:
        if "error" in theirs:
            continue
        kind = NAMES.get(theirs["type"], "beta" if theirs["type"] == "beta" else "step")
        tau2 = 0.0 if theirs["method"] in ("EE", "FE") else "ML"
        ours = mr.selection_model(
            *effects(case),
            kind=kind,
            steps=theirs.get("steps") or (0.025,),
            alternative=theirs["alternative"],
            tau2=tau2,
        )
        # metafor integrates weights that are no steps to four digits only.
        assert ours.log_likelihood >= theirs["loglik"] - (1e-7 if kind == "step" else 1e-5), theirs["name"]
        if ours.log_likelihood < theirs["loglik"] + 1e-6:
            close([ours.beta], [theirs["beta"]], 1e-4)


@pytest.mark.parametrize("kind", KINDS)
def test_the_gradient_is_that_of_the_likelihood(kind):
    y, v = np.array([0.6, 0.5, 0.8, 0.3, 0.1, 0.9, 0.7]), np.array([0.04, 0.03, 0.09, 0.04, 0.02, 0.1, 0.06])
    likelihood = Selection(y, v, kind, (0.025, 0.5))
    at = np.array([0.3, 0.05, *[0.7, 1.3][: likelihood.parameters]])
    _, gradient = likelihood.log_likelihood(at)
    for i in range(at.size):
        h = np.zeros(at.size)
        h[i] = 1e-6
        slope = (likelihood.log_likelihood(at + h)[0] - likelihood.log_likelihood(at - h)[0]) / 2e-6
        assert gradient[i] == pytest.approx(slope, rel=1e-6, abs=1e-7)


@pytest.mark.parametrize("kind", KINDS)
def test_weights_of_no_selection_give_the_plain_likelihood(kind):
    y, v = np.array([0.6, 0.5, 0.8, 0.3]), np.array([0.04, 0.03, 0.09, 0.04])
    likelihood = Selection(y, v, kind, (0.025, 0.5))
    value, _ = likelihood.log_likelihood(np.array([0.4, 0.02, *likelihood.null]))
    assert value == pytest.approx(stats.norm.logpdf(y, 0.4, np.sqrt(v + 0.02)).sum(), abs=1e-12)


def test_profile_ends_are_where_the_likelihood_has_fallen():
    case = next(c for c in BIAS if c["id"].startswith("dat.hackshaw"))
    ours = mr.selection_model(*effects(case))
    low, high = ours.profile_interval
    assert low < ours.beta < high
    y, v = effects(case)
    for end in (low, high):
        likelihood = Selection(y, v, "step", (0.025,))
        best = optimize.minimize(
            lambda x, at=end, of=likelihood: -of.log_likelihood(np.array([at, math.exp(x[0]), math.exp(x[1])]))[0],
            [math.log(ours.tau2), 0.0], method="Nelder-Mead", options={"xatol": 1e-8, "fatol": 1e-10, "maxiter": 5000},
        )  # fmt: skip
        assert 2 * (ours.log_likelihood + best.fun) == pytest.approx(stats.chi2.ppf(0.95, 1), abs=1e-5)


def test_units_and_signs_do_not_matter():
    y, v = np.array([0.6, 0.5, 0.8, 0.3, 0.1, 0.9, 0.7]), np.array([0.04, 0.03, 0.09, 0.04, 0.02, 0.1, 0.06])
    here, there = mr.selection_model(y, v), mr.selection_model(-100 * y, 1e4 * v)
    assert there.alternative == "less" and there.beta == pytest.approx(-100 * here.beta, rel=1e-6)
    assert there.delta == pytest.approx(here.delta, rel=1e-6)


def test_an_interval_without_a_study_is_a_named_state():
    ours = mr.selection_model([0.6, 0.9, 0.8], [0.04, 0.05, 0.06])
    assert math.isnan(ours.beta) and str(ours.notes[-1]) == (
        "No study has a p-value above 0.025: how likely such studies are selected cannot be estimated."
    )
    assert ours.counts == (3, 0) and all(math.isnan(x) for x in ours.profile_interval)


def test_not_more_studies_than_parameters_is_a_named_state():
    ours = mr.selection_model([0.6, 0.1, 0.8, 0.2], [0.04, 0.05, 0.06, 0.1], kind="beta")
    assert math.isnan(ours.beta) and str(ours.notes[-1]) == (
        "A selection model of this kind needs at least 5 studies with a usable effect; there are 4."
    )
    assert ours.delta.size == 2 and math.isfinite(
        mr.selection_model([0.6, 0.1, 0.8, 0.2], [0.04, 0.05, 0.06, 0.1]).beta
    )


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_variances_a_million_million_apart_and_equal_effects_end_in_numbers_or_states(kind):
    for y, v in (([0.1, 0.5, 0.3, 0.2, 0.4], [1e-9, 1, 1e3, 0.5, 2]), ([0.4] * 6, [0.1, 0.2, 0.3, 0.1, 0.05, 0.6])):
        ours = mr.selection_model(y, v, kind=kind)
        low, high = ours.profile_interval
        assert math.isnan(ours.beta) or low <= ours.beta <= high


def test_messages():
    y, v = [0.6, 0.1, 0.8], [0.04, 0.05, 0.06]
    with pytest.raises(mr.ConfigError, match=r"steps = .* must be different p-values between 0 and 1"):
        mr.selection_model(y, v, steps=(0.025, 1.5))
    with pytest.raises(mr.ConfigError, match=r"kind = 'steps' is not known. Allowed: step, beta"):
        mr.selection_model(y, v, kind="steps")
    with pytest.raises(mr.DataError, match="at least 3 studies"):
        mr.selection_model(y[:2], v[:2])


# Where rho runs to the edge there is no maximum to compare; the first and the last strength are enough in haste.
STRENGTHS = [
    pytest.param(case, c, id=f"{case['id']}-{i}", marks=[] if i in (0, 5) else pytest.mark.slow)
    for case in BIAS
    for i, c in enumerate(case["copas"])
    if "mu" in c
]


@pytest.mark.parametrize(("case", "theirs"), STRENGTHS)
def test_copas_agrees_with_independent_code(case, theirs):
    ours = mr.copas(*effects(case), gamma=(theirs["gamma0"], theirs["gamma1"]))[0]
    assert ours.log_likelihood == pytest.approx(theirs["loglik"], abs=1e-8)
    close([ours.beta, math.sqrt(ours.tau2), ours.rho], [theirs["mu"], theirs["tau"], theirs["rho"]], 1e-6)
    close([ours.least_chance, ours.most_chance], theirs["select_prob_range"], 1e-9)


def test_passive_smoking_as_copas_and_shi_published_it():
    # BMJ 2000; 320: 417-418, doi:10.1136/bmj.320.7232.417: "the estimated excess risk of lung cancer is 24% [...] if only
    # 60% of studies have been included, the estimate of excess risk falls from 24% to 15%."
    case = next(c for c in BIAS if c["id"].startswith("dat.hackshaw"))
    models = mr.copas(*effects(case))
    shares = [37 / (37 + m.unpublished) for m in models]
    nearest = min(range(len(models)), key=lambda i: abs(shares[i] - 0.6))
    assert abs(shares[nearest] - 0.6) < 0.02
    assert [f"{math.expm1(models[i].beta):.0%}" for i in (0, nearest)] == ["24%", "15%"]
    # "A significant correlation between study outcome and study size", which selection explains.
    assert models[0].asymmetry_p < 0.05 and models[nearest].asymmetry_p > 0.1


def test_copas_starts_from_no_selection_and_names_impossible_chances():
    y, v = effects(next(c for c in BIAS if c["id"] == "dat.bcg/RR"))
    models = mr.copas(y, v)
    assert models[0].unpublished < 0.5 and models[0].beta == pytest.approx(mr.pool(y, v, tau2="ML").beta, abs=0.01)
    assert [m.least_chance for m in models] == sorted((m.least_chance for m in models), reverse=True)
    with pytest.raises(mr.ConfigError, match="gamma must be pairs"):
        mr.copas(y, v, gamma=[(0.1, -1)])
    with pytest.raises(mr.DataError, match="the same standard error"):
        mr.copas([0.1, 0.2, 0.3], [0.1] * 3)
