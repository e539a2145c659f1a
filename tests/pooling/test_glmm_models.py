"""Models of two-arm counts, rates and correlated proportions: reference numbers, published values, sparse data."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import metarepro as mr
from tests.conftest import ROOT, agree

CASES = json.loads((ROOT / "tests/data/further_models_reference.json").read_text(encoding="utf-8"))["glmm"]
COLUMNS = {
    "OR": {"ai": "e1", "n1i": "n1", "ci": "e2", "n2i": "n2"}, "IRR": {"x1i": "e1", "t1i": "t1", "x2i": "e2", "t2i": "t2"},
    "PLO": {"xi": "e", "ni": "n"}, "IRLN": {"xi": "e", "ti": "t"},
}  # fmt: skip
MODEL = {"poisson-normal": "PN", "binomial-normal": "BN"}


def counts(case):
    return {ours: case["inputs"][theirs] for theirs, ours in COLUMNS[case["measure"]].items()}


@pytest.mark.parametrize("case", CASES, ids=lambda c: c["id"])
def test_likelihoods_and_estimates_agree_with_independent_quadrature(case):
    for entry in case["fits"]:
        model = MODEL.get(entry["model"], entry["model"])
        kept = entry.get("double_zero") == "kept"
        fit = mr.glmm(case["measure"], **counts(case), model=model, drop_double_zero=not kept, ci="z")
        what = (case["id"], model)
        assert fit.converged, what
        assert agree(fit.log_likelihood, entry["loglik"], 1e-10), what
        assert agree(fit.beta, entry["theta"], 1e-7) and agree(fit.se, entry["se_theta"], 1e-7), what
        assert abs(fit.tau2 - entry["tau2"]) < 1e-7 * max(entry["tau2"], 1e-3), what
        assert fit.at_boundary == entry["boundary"], what
        assert agree(fit.ci_low, entry["ci_lb"], 1e-7), what
        if model == "UM.RS":
            assert agree(fit.alpha, entry["alpha"], 1e-7) and agree(fit.alpha_se, entry["se_alpha"], 1e-7), what
            assert abs(fit.sigma2 - entry["sigma2"]) < 1e-7 * max(entry["sigma2"], 1e-3), what


CORRELATED = [c for c in CASES if "loglik" in c.get("beta_binomial", c.get("beta_binomial_two_arm", {}))]


@pytest.mark.parametrize("case", CORRELATED, ids=lambda c: c["id"])
def test_beta_binomial_agrees_with_arithmetic_of_40_digits(case):
    two = "beta_binomial_two_arm" in case
    known = case["beta_binomial_two_arm" if two else "beta_binomial"]
    fit = mr.glmm(case["measure"], **counts(case), model="BB", ci="z")
    assert agree(fit.log_likelihood, known["loglik"], 1e-10)
    assert agree(fit.beta, known["log_OR" if two else "logit_p"], 1e-8)
    assert agree(fit.se, known["se_log_OR" if two else "se_logit_p"], 1e-7)
    assert abs(fit.rho - known["rho"]) < 1e-9


def test_stijnen_2010():
    # Statistics in Medicine 29: 3046-3067, catheter-related infections (Niel-Weise 2007).
    case = next(c for c in CASES if c["id"] == "dat.nielweise2007/OR")
    printed = {"CM.EL": (-1.3532, 0.3511), "CM.AL": (-1.3027, 0.3386), "UM.FS": (-1.2365, 0.2803)}
    for model, (beta, se) in printed.items():
        fit = mr.glmm("OR", **counts(case), model=model)
        # Four printed digits of another quadrature.
        assert abs(fit.beta - beta) < 2e-4 and abs(fit.se - se) < 2e-4, model


def sparse(seed, k):
    rng = np.random.default_rng(seed)
    n1, n2 = rng.integers(5, 60, k), rng.integers(5, 60, k)
    p = 1 / (1 + np.exp(-rng.normal(-2, 0.5, k)))
    return {"e1": rng.binomial(n1, p), "n1": n1, "e2": rng.binomial(n2, p), "n2": n2}


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 10**6), st.integers(2, 7), st.sampled_from(["CM.EL", "CM.AL", "UM.FS", "UM.RS", "BB"]))
def test_exchanging_the_arms_turns_the_sign(seed, k, model):
    table = sparse(seed, k)
    if sum(table["e1"]) + sum(table["e2"]) == 0:
        return
    fit = mr.glmm("OR", **table, model=model)
    turned = mr.glmm("OR", e1=table["e2"], n1=table["n2"], e2=table["e1"], n2=table["n1"], model=model)
    if math.isinf(fit.beta):
        assert (turned.beta == -fit.beta and abs(turned.ci_low + fit.ci_high) < 1e-6) or turned.ci_low == -math.inf
    elif fit.converged and turned.converged:
        assert abs(turned.log_likelihood - fit.log_likelihood) < 1e-7
        # CM.AL takes the events of arm 1 as binomial among those of both: it is not the same seen from arm 2.
        assert abs(turned.beta + fit.beta) < 1e-4 * max(1, fit.se)
        assert np.isfinite([fit.se, fit.ci_low, fit.ci_high]).all() and fit.se > 0.01


@pytest.mark.parametrize("model", ["CM.EL", "CM.AL", "UM.FS", "UM.RS", "BB"])
def test_no_event_in_one_arm_is_a_named_state(model):
    fit = mr.glmm("OR", e1=[0, 0, 0], n1=[20, 30, 25], e2=[3, 2, 4], n2=[21, 28, 24], model=model)
    assert fit.beta == -math.inf and fit.ci_low == -math.inf and -5 < fit.ci_high < 0
    assert "ratio_without_end" in [n.code for n in fit.notes]


@pytest.mark.parametrize("model", ["CM.EL", "UM.FS", "UM.RS"])
def test_rates_without_events_in_one_arm_are_a_named_state(model):
    fit = mr.glmm("IRR", e1=[0, 0], t1=[20, 30], e2=[3, 2], t2=[21, 28], model=model)
    assert fit.beta == -math.inf and math.isfinite(fit.ci_high)


@pytest.mark.parametrize("model", ["CM.EL", "CM.AL", "UM.FS", "UM.RS", "BB"])
def test_one_study_is_its_own_odds_ratio(model):
    fit = mr.glmm("OR", e1=[6], n1=[20], e2=[3], n2=[21], model=model, ci="z")
    assert math.isfinite(fit.beta) and math.isfinite(fit.se) and math.isnan(fit.pi_low)
    if model in ("UM.FS", "CM.AL"):
        assert math.isnan(fit.tau2)
    if model == "UM.FS":
        assert fit.beta == pytest.approx(math.log(6 * 18 / (14 * 3)), abs=1e-8)


def test_studies_without_information_are_named_and_change_nothing():
    table = {"e1": [6, 4, 2], "n1": [20, 22, 19], "e2": [3, 1, 2], "n2": [21, 20, 22]}
    more = {"e1": [0, 6, 4, 2], "n1": [9, 20, 22, 19], "e2": [0, 3, 1, 2], "n2": [8, 21, 20, 22]}
    for model in ("CM.EL", "CM.AL", "UM.FS", "UM.RS"):
        a, b = mr.glmm("OR", **table, model=model), mr.glmm("OR", **more, model=model)
        assert abs(a.beta - b.beta) < 1e-9 and b.k == 3
        assert "row" in next(n for n in b.notes if n.code == "double_zero_weightless")


def test_the_mean_proportion_lies_between_that_of_a_median_study_and_a_half():
    fit = mr.glmm("PLO", e=[1, 15, 4, 19], n=[20, 20, 20, 20])
    median = float(fit.display().estimate)
    assert min(median, 0.5) <= fit.mean_proportion <= max(median, 0.5)
    assert mr.glmm("PLO", e=[2, 3], n=[20, 30]).mean_proportion == pytest.approx(0.1, abs=1e-9)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: mr.glmm("OR", e1=[1], n1=[5], e2=[1]), "OR needs e1, n1, e2, n2; missing: n2."),
        (lambda: mr.glmm("OR", e1=[0, 0], n1=[5, 6], e2=[0, 0], n2=[5, 7]), "No study has events, and non-events, in its arms: the counts say nothing of a ratio."),
        (lambda: mr.glmm("OR", e1=[1], n1=[5], e2=[1], n2=[6], model="UM"), "model = 'UM' is not known for OR. Allowed: CM.EL, CM.AL, UM.FS, UM.RS, BB."),
        (lambda: mr.glmm("RR", e1=[1], n1=[5], e2=[1], n2=[6]), "RR has no model of counts whose parameters are free: a proportion stays within 0 and 1. Fix: of rare events, glmm('IRR', e1=, t1=, e2=, t2=) with the patients as person-times; else pool."),
        (lambda: mr.glmm("RD", e1=[1], n1=[5], e2=[1], n2=[6]), "RD has no model of counts whose parameters are free: a proportion stays within 0 and 1. Fix: pool, or mantel_haenszel."),
        (lambda: mr.glmm("ARR", e1=[1], n1=[5], e2=[1], n2=[6]), "measure = 'ARR' is not known for models of counts. Allowed: PLO, IRLN, OR, IRR."),
        (lambda: mr.glmm("OR", e1=[1.5, 2], n1=[5, 8], e2=[1, 1], n2=[6, 6]), "CM.EL counts patients one by one, and a count is no whole number in row 0 (counted from 0)."),
        (lambda: mr.glmm("OR", e1=[1, 2], n1=[5, 8], e2=[1, 1], n2=[6, 6], model="UM.RS", ci="PL"), "ci = 'PL' is not known for UM.RS. Allowed: t, z."),
    ],
)  # fmt: skip
def test_bad_input_is_refused_with_its_mend(make, message):
    with pytest.raises(ValueError) as caught:
        make()
    assert str(caught.value) == message


def test_the_printed_result_names_the_model():
    text = str(mr.glmm("OR", e1=[6, 4, 2], n1=[20, 22, 19], e2=[3, 1, 2], n2=[21, 20, 22]).summary())
    assert (
        "Method: random effects, conditional on the events of both arms (exact likelihood), by maximum likelihood"
        in text
    )
