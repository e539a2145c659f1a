"""Trim and fill, fail-safe numbers, PET-PEESE, limit meta-analysis, excess significance, p-values, GOSH."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

import metarepro as mr
from tests.robustness.reference import REFERENCE, close, direction, effects, estimator

CASES, BIAS = REFERENCE["cases"], REFERENCE["bias"]
by_id = pytest.mark.parametrize("case", BIAS, ids=lambda c: c["id"])


@pytest.mark.parametrize("case", CASES, ids=lambda c: c["id"])
def test_trim_and_fill_agrees_with_metafor(case):
    for theirs in case["trimfill"]:
        tau2 = estimator(theirs["method"])
        ours = mr.trim_and_fill(*effects(case), estimator=theirs["estimator"], tau2=tau2, ci="z")
        assert (ours.k0, ours.side) == (theirs["k0"], theirs["side"])
        close([ours.k0_se, ours.k0_p], [theirs["se_k0"], theirs["p_k0"]])
        close([ours.fit.beta, ours.fit.se, ours.fit.q], [theirs["beta"], theirs["se"], theirs["Q"]])
        if theirs.get("filled_yi"):
            close(np.sort(ours.filled[0]), sorted(theirs["filled_yi"]))


def test_q0_agrees_with_metafor():
    # rma(yi, vi, method=...) and trimfill(estimator="Q0") of metafor 3.8-1 on BCG, log risk ratios
    y, v = effects(next(c for c in CASES if c["id"] == "dat.bcg/RR"))
    common, dl = (mr.trim_and_fill(y, v, estimator="Q0", tau2=t) for t in ("CE", "DL"))
    assert (common.k0, dl.k0) == (5, 1)
    assert (common.k0_se, dl.k0_se) == pytest.approx((3.9691833511491, 2.77862574085483), rel=1e-10)


def test_passive_smoking_with_its_missing_studies_as_published():
    # Lung Cancer 2006; 51: 245-246, doi:10.1016/j.lungcan.2005.11.004: "The adjusted relative risk [...] from the 44
    # studies including the 7 filled ones was 1.19 (95% confidence interval 1.08-1.31, p = 0.0004), and the estimate of
    # excess risk fell from 24 to 19%."
    found = mr.trim_and_fill(*effects(next(c for c in BIAS if c["id"].startswith("dat.hackshaw"))), tau2="DL", ci="z")
    assert (found.k0, found.fit.k, f"{found.fit.p_value:.4f}") == (7, 44, "0.0004")
    ratios = [math.exp(x) for x in (found.fit.beta, found.fit.ci_low, found.fit.ci_high, found.observed.beta)]
    assert [f"{x:.2f}" for x in ratios] == ["1.19", "1.08", "1.31", "1.24"]


def test_filling_a_symmetric_funnel_adds_nothing_and_says_so():
    y, v = np.array([-0.43, -0.2, 0.01, 0.19, 0.4]), np.array([0.2, 0.1, 0.01, 0.1, 0.2])
    ours = mr.trim_and_fill(y, v)
    assert ours.k0 == 0 and ours.fit.beta == ours.observed.beta and "no_study_filled" in {n.code for n in ours.notes}


def test_filled_studies_mirror_those_that_were_trimmed():
    ours = mr.trim_and_fill([0.1, 0.2, 0.25, 0.6, 0.9, 1.2], [0.01, 0.02, 0.02, 0.1, 0.2, 0.3], tau2="CE")
    filled_y, filled_v = ours.filled
    assert sorted(filled_v) == [0.1, 0.2, 0.3] and ours.side == "left"
    middle = (filled_y + np.array([0.6, 0.9, 1.2])) / 2
    assert middle == pytest.approx([middle[0]] * 3)


@pytest.mark.parametrize("case", CASES, ids=lambda c: c["id"])
def test_fail_safe_numbers_agree_with_metafor(case):
    for theirs in case["fsn"]:
        assert mr.fail_safe_n(*effects(case), kind=theirs["type"].lower()).n == theirs["fsnum"]


@by_id
def test_fail_safe_numbers_before_rounding(case):
    for kind, key in {"rosenthal": "Rosenthal", "orwin": "Orwin_half_mean", "rosenberg": "Rosenberg"}.items():
        close(mr.fail_safe_n(*effects(case), kind=kind).unrounded, case["unrounded"][key], 1e-9)


@pytest.mark.parametrize(("tau2", "ci"), [("DL", "z"), ("REML", "HK-ci"), ("CE", "z")])
def test_the_general_number_is_where_the_fit_turns(tau2, ci):
    y, v = effects(next(c for c in CASES if c["id"] == "dat.bcg/RR"))
    n, spread = int(mr.fail_safe_n(y, v, kind="general", tau2=tau2, ci=ci).n), 1 / np.mean(1 / v)

    def p_value(count):
        null = stats.norm.ppf((np.arange(count) + 0.5) / count) * np.sqrt(spread)
        return mr.pool([*y, *null], [*v, *[spread] * count], tau2=tau2, ci=ci).p_value

    assert p_value(n - 1) <= 0.05 < p_value(n)
    if tau2 == "CE":
        assert n == pytest.approx(mr.fail_safe_n(y, v, kind="rosenberg").n, rel=0.3)


@pytest.mark.parametrize("ci", ["HK", "HK-ci", "z"])
def test_null_studies_always_undo_a_result_in_the_end(ci):
    # Studies of exactly 0 would not, as they shrink the error with the effect.
    y, v = np.full(12, 0.9) + np.linspace(-0.2, 0.2, 12), np.full(12, 0.05)
    assert 12 < mr.fail_safe_n(y, v, kind="general", ci=ci).n < 10_000


def test_no_null_study_is_needed_where_nothing_is_significant():
    for kind in ("rosenthal", "rosenberg", "general"):
        found = mr.fail_safe_n([0.1, -0.1, 0.05], [0.1, 0.1, 0.1], kind=kind)
        assert found.n == 0 and found.notes[-1].code == "mean_not_significant"


@by_id
def test_pet_peese_uwls_and_waap(case):
    y, v = effects(case)
    found = mr.pet_peese(y, v, alternative=direction(case))
    rows = [(found.pet, case["PET"]), (found.peese, case["PEESE"]), (mr.uwls(y, v), case["UWLS"])]
    if "intercept" in case["WAAP"]:
        rows.append((mr.uwls(y, v, adequate=True), case["WAAP"]))
    else:
        assert "two_adequate" in {n.code for n in mr.uwls(y, v, adequate=True).notes}
    for ours, theirs in rows:
        close([ours.beta, ours.se, ours.p_value, ours.df, ours.ci_low],
              [theirs["intercept"], theirs["se_intercept"], theirs["p_intercept"], theirs["df"],
               theirs["ci_intercept"][0]], 1e-9)  # fmt: skip
    assert found.chosen == case["PET_PEESE"]["use"]
    close(found.fit.beta, case["PET_PEESE"]["est"], 1e-9)


@by_id
def test_limit_meta_analysis(case):
    for theirs in case["limit"]:
        ours = mr.limit_meta_analysis(*effects(case), tau2=theirs["tau2_method"])
        close(
            [ours.beta, ours.intercept, ours.slope, ours.p_value, ours.q_small, ours.q_residual],
            [theirs[k] for k in ("beta0", "alpha_r", "beta_r", "p_alpha_r", "Q_small", "Q_residual")], 1e-7,
        )  # fmt: skip
        close(ours.studies, theirs["limit_study_effects"], 1e-7)


@by_id
def test_excess_significance(case):
    for theirs in case["TES"]:
        side = None if theirs["sided"] == "two" else direction(case)
        ours = mr.excess_significance(*effects(case), theta=theirs["theta_value"], alternative=side)
        close(
            [ours.observed, ours.expected, ours.statistic, ours.p_value, ours.exact_p],
            [theirs[k] for k in ("O", "E", "chi2", "p_chi2_one_sided", "p_exact_upper")], 1e-9,
        )  # fmt: skip


@by_id
def test_p_curve(case):
    ours, theirs = mr.p_curve(*effects(case)), case["p_curve"]
    names = {
        "significant": "n_significant", "below_025": "n_below_025", "right_skew_z": "Z_right_skew_full",
        "half_z": "Z_right_skew_half", "half_p": "p_right_skew_half", "flatter_z": "Z_33_full",
        "power": "power_estimate",
    }  # fmt: skip
    for name, key in names.items():
        if theirs.get(key) is not None:
            close(getattr(ours, name), theirs[key], 1e-8)


@by_id
def test_p_uniform_and_its_successor(case):
    y, v = effects(case)
    star, theirs = mr.p_uniform(y, v, alternative=direction(case)), case["p_uniform_star"]
    close([star.beta, star.tau2, star.lrt, star.significant],
          [theirs["mu"], theirs["tau2"], theirs["LRT_mu0"], theirs["n_significant"]], 1e-7)  # fmt: skip
    close([star.ci_low, star.ci_high], theirs["ci_profile"], 1e-5)
    assert star.log_likelihood == pytest.approx(theirs["loglik"], abs=1e-9)
    if case["p_uniform"].get("mu") is not None:
        close(mr.p_uniform(y, v, star=False, alternative=direction(case)).beta, case["p_uniform"]["mu"], 1e-7)


def test_p_values_without_a_significant_study_are_named_states():
    for found in (mr.p_curve([0.1, 0.2], [0.1, 0.1]), mr.p_uniform([0.1, 0.2], [0.1, 0.1])):
        assert found.significant == 0 and found.notes[-1].code == "no_significant"


def test_gosh_of_all_subsets_agrees_with_metafor():
    case = REFERENCE["subsets"][0]
    for theirs in case["fits"]:
        ours = mr.gosh(case["yi"], case["vi"], tau2=estimator(theirs["method"]))
        assert len(ours.beta) == theirs["n_subsets"] and ours.exact
        for name, key in {"k": "k", "q": "QE", "beta": "estimate"}.items():
            x = getattr(ours, name)
            close([x.mean(), x.std(ddof=1), x.min(), x.max()], [theirs[key][s] for s in ("mean", "sd", "min", "max")])


def test_gosh_names_the_study_that_stands_apart():
    random = np.random.default_rng(2)
    y, v = random.normal(0.2, 0.1, 10), np.full(10, 0.02)
    y[6] = 2.0
    found = mr.gosh(y, v, tau2="DL", labels=[f"s{i}" for i in range(10)])
    low, high = found.groups()
    assert found.by_study().index[0] == "s6" and (low.under, high.over) == (("s6",), ("s6",))
    assert low.share + high.share == pytest.approx(1)


def test_gosh_of_many_studies_is_a_seeded_sample():
    random = np.random.default_rng(3)
    y, v = random.normal(0, 1, 40), random.uniform(0.1, 1, 40)
    one, two, other = (mr.gosh(y, v, tau2="DL", subsets=500, seed=s) for s in (1, 1, 2))
    assert (one.beta == two.beta).all() and not (one.beta == other.beta).all() and not one.exact
    assert str(one.notes[-1]).startswith("500 of the 1099511627775 subsets were drawn at random, with seed 1")
    assert mr.gosh(y, v, tau2="DL", subsets=50, smallest=38).k.min() >= 38


def test_messages():
    with pytest.raises(mr.ConfigError, match=r"estimator = 'L1' is not known. Allowed: L0, R0, Q0"):
        mr.trim_and_fill([0.1, 0.2, 0.3], [0.1, 0.1, 0.2], estimator="L1")
    with pytest.raises(mr.DataError, match="at least 3 studies"):
        mr.trim_and_fill([0.1, 0.2], [0.1, 0.2])
    with pytest.raises(mr.ConfigError, match="target = 5 must lie between 0 and the mean"):
        mr.fail_safe_n([0.1, 0.2], [0.1, 0.2], kind="orwin", target=5)
    with pytest.raises(mr.DataError, match="the same standard error"):
        mr.limit_meta_analysis([0.1, 0.2, 0.4], [0.1] * 3)
    assert math.isnan(mr.pet_peese([0.1, 0.2], [0.1, 0.2]).fit.beta)


# Haloperidol against placebo, clinical improvement (Joy et al. 2006), as in Balduzzi, Ruecker & Schwarzer 2019, "How to
# perform a meta-analysis with R", Evid Based Ment Health 22:153-160, doi:10.1136/ebmental-2019-300117: improved and
# not improved with haloperidol, improved and not improved with placebo.
JOY = [
    (25, 25, 18, 33), (29, 18, 20, 14), (12, 17, 2, 28), (3, 9, 0, 12), (10, 11, 3, 19), (11, 8, 1, 14), (7, 18, 4, 21),
    (8, 9, 3, 10), (19, 45, 14, 50), (1, 9, 0, 10), (11, 23, 0, 13), (20, 9, 2, 9), (17, 1, 7, 4), (4, 10, 0, 13),
    (2, 14, 0, 7), (11, 1, 1, 11), (9, 20, 0, 29),
]  # fmt: skip


def test_haloperidol_trials_as_published():
    """Trim and fill adds nine trials, risk ratio 1.40 (0.83 to 2.38); the limit meta-analysis has 1.29."""
    a, b, c, d = np.array(JOY).T
    es = mr.effect_sizes("RR", a=a, b=b, c=c, d=d)
    filled = mr.trim_and_fill(es, tau2="PM", ci="z")
    assert filled.k0 == 9
    shown = np.exp([filled.fit.beta, filled.fit.ci_low, filled.fit.ci_high])
    assert [f"{x:.2f}" for x in shown] == ["1.40", "0.83", "2.38"]
    assert f"{np.exp(mr.limit_meta_analysis(es, tau2='PM').beta):.2f}" == "1.29"
