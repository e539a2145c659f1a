"""Tests of asymmetry against metafor and independent code; when they do not fit."""

from __future__ import annotations

import math

import numpy as np
import pytest

import metarepro as mr
from tests.robustness.reference import REFERENCE, close, effects

CASES, BIAS = REFERENCE["cases"], REFERENCE["bias"]
PREDICTORS = {"sei": "se", "vi": "vi", "ni": "n", "ninv": "1/n", "sqrtni": "sqrt(n)", "sqrtninv": "1/sqrt(n)"}
MODELS = {"rma": "mixed", "lm": "wls"}


@pytest.mark.parametrize("case", [*CASES, *BIAS], ids=lambda c: c["id"])
def test_regression_tests_agree_with_metafor(case):
    for theirs in case["regtest"]:
        ours = mr.egger(
            *effects(case), model=MODELS[theirs["model"]], predictor=PREDICTORS[theirs["predictor"]], n=case.get("ni")
        )
        names = {"statistic": "zval", "p_value": "pval", "df": "dfs", "limit": "est"}
        for name, key in {**names, "limit_ci_low": "ci_lb", "limit_ci_high": "ci_ub"}.items():
            close(getattr(ours, name), theirs[key])


@pytest.mark.parametrize("case", [c for c in [*CASES, *BIAS] if c["ranktest"]], ids=lambda c: c["id"])
def test_the_rank_test_agrees_with_metafor(case):
    ours = mr.begg(*effects(case))
    close([ours.tau, ours.p_value], [case["ranktest"]["tau"], case["ranktest"]["pval"]])


COUNTS = {
    "Harbord": mr.harbord, "Peters": mr.peters, "Macaskill": mr.macaskill, "Deeks": mr.deeks,
    "Schwarzer_arcsine_regression": mr.arcsine_test,
}  # fmt: skip


def counts(case):
    a, b, c, d = (np.array(case[name], dtype=float) for name in ("ai", "bi", "ci", "di"))
    return mr.effect_sizes("OR", e1=a, n1=a + b, e2=c, n2=c + d)


@pytest.mark.parametrize("test", COUNTS)
@pytest.mark.parametrize("case", [c for c in BIAS if "Harbord" in c], ids=lambda c: c["id"])
def test_tests_of_counts_agree_with_independent_code(case, test):
    ours, theirs = COUNTS[test](counts(case)), case[test]
    term = "intercept" if "bias" in theirs else "slope"
    close([ours.statistic, ours.p_value, ours.df, ours.intercept],
          [theirs[f"t_{term}"], theirs[f"p_{term}"], theirs["df"], theirs[term]], 1e-9)  # fmt: skip


@pytest.mark.parametrize("case", REFERENCE["multilevel_egger"], ids=lambda c: c["id"])
def test_the_test_of_dependent_effects_agrees_with_clubsandwich(case):
    data, outer = case["data"], case["random"].split("|")[1].split("/")[0]
    rho = float(case["V"].split("=")[1])
    ours = mr.egger(data["yi"], data["vi"], cluster=data[outer], rho=rho)
    theirs = case["CR2"]
    close([ours.statistic, ours.df, ours.p_value], [theirs["t"][1], theirs["df"][1], theirs["p"][1]], 1e-6)
    close(ours.limit_ci_low, theirs["ci_lb"][0], 1e-6)


def test_eggers_intercept_is_that_of_the_regression_of_z_on_precision():
    y, v = np.array([0.1, 0.3, 0.35, 0.9]), np.array([0.01, 0.03, 0.05, 0.2])
    slope, intercept = np.polyfit(1 / np.sqrt(v), y / np.sqrt(v), 1)
    ours = mr.egger(y, v, model="wls")
    assert (ours.intercept, ours.limit) == pytest.approx((intercept, slope), rel=1e-10)


def test_pustejovsky_and_rodgers_take_the_sizes_of_the_arms():
    es = mr.effect_sizes(
        "SMD", m1=[1, 2, 4, 9], sd1=[2] * 4, n1=[60, 30, 20, 8], m2=[0] * 4, sd2=[3] * 4, n2=[50, 40, 15, 9]
    )
    x = np.sqrt(1 / np.array([60, 30, 20, 8]) + 1 / np.array([50, 40, 15, 9]))
    slope, intercept = np.polyfit(x, es.yi, 1, w=1 / x)
    ours = mr.pustejovsky_rodgers(es)
    assert (ours.intercept, ours.limit) == pytest.approx((slope, intercept), rel=1e-10)


def test_states_without_a_number_say_why():
    few, same = mr.egger([0.1, 0.2], [0.1, 0.2]), mr.egger([0.1, 0.2, 0.4], [0.1] * 3)
    assert math.isnan(few.statistic) and str(few.notes[-1]) == (
        "Egger's test needs at least 3 studies with a usable effect; there are 2."
    )
    assert math.isnan(same.p_value) and str(same.notes[-1]) == (
        "Egger's test does not exist: the standard error is the same in all studies."
    )
    assert math.isnan(mr.begg([0.1, 0.2], [0.1, 0.2]).tau)


def test_a_test_that_errs_with_the_measure_says_which_does_not():
    codes = [n.code for n in mr.egger(counts(next(c for c in BIAS if "Harbord" in c))).notes]
    assert "error_follows_effect" in codes


def test_messages():
    with pytest.raises(mr.ConfigError, match=r"predictor = 'size' is not known. Allowed: se, vi, n, 1/n"):
        mr.egger([0.1, 0.2, 0.4], [0.1, 0.2, 0.3], predictor="size")
    with pytest.raises(mr.DataError, match="needs sample sizes"):
        mr.egger([0.1, 0.2, 0.4], [0.1, 0.2, 0.3], predictor="n")
    with pytest.raises(mr.DataError, match=r"n is not above 0 in row 2"):
        mr.egger([0.1, 0.2, 0.4], [0.1, 0.2, 0.3], predictor="n", n=[10, 20, 0])
    with pytest.raises(mr.DataError, match="Harbord's test needs the counts of both arms"):
        mr.harbord(mr.effect_sizes("SMD", m1=[1], sd1=[1], n1=[9], m2=[0], sd2=[1], n2=[9]))


def test_the_table_tells_which_tests_to_believe():
    bcg = mr.small_study_tests(counts(next(c for c in BIAS if c["id"] == "dat.bcg/OR"))).to_frame()
    assert bcg.loc[["harbord", "peters", "arcsine"], "fits"].all()
    assert not bcg.loc[["egger", "egger_wls", "begg", "macaskill"], "fits"].any()
    plain = mr.small_study_tests(*effects(next(c for c in BIAS if c["id"].startswith("dat.hackshaw"))))
    assert [t.code for t in plain.tests if t.fits] == ["egger", "egger_wls", "begg"] and plain.fitting == 3
    few = mr.small_study_tests([0.1, 0.2, 0.4], [0.1, 0.2, 0.3])
    assert few.fitting == 0 and few.notes[0].code == "test_of_few"
    alike = mr.small_study_tests(np.linspace(0, 1, 12), np.linspace(0.1, 0.12, 12))
    assert alike.fitting == 0 and alike.notes[0].code == "similar_precision"
