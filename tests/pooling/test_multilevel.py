"""Dependent effects and robust variances: reference numbers, published values, what must not change anything."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import metarepro as mr
from tests.conftest import ROOT

REFERENCE = json.loads((ROOT / "tests/data/further_models_reference.json").read_text(encoding="utf-8"))
CASES, ROBUST = REFERENCE["multilevel"], REFERENCE["robust"]
# In R the first level of these is not the first in the alphabet.
FIRST = {"outcome": "C(outcome, Treatment('verbal'))"}


def agree(ours, theirs, tolerance):
    """Whether numbers, or each of several, are the same to a relative tolerance."""
    return np.allclose(np.ravel(ours), np.ravel(theirs), rtol=tolerance, atol=1e-12)


def formula_of(entry, data):
    formula = entry["formula"].removeprefix("~").replace("factor", "C")
    if formula in data and isinstance(data[formula][0], str):
        return FIRST.get(formula, f"C({formula})")
    return None if formula == "1" else formula


def in_order_of(theirs, ours):
    """Places of our coefficients in their order: R sorts levels otherwise."""
    plain = {re.sub(r"C\((\w+).*\)\[T\.(.*)\]", r"\1\2", name): i for i, name in enumerate(ours)}
    return [plain.get(re.sub(r"factor\((.*)\)", r"\1", name), i) for i, name in enumerate(theirs)]


def with_errors(case):
    return {**case["data"], "sei": list(np.sqrt(case["data"]["vi"]))}


@pytest.mark.parametrize("case", CASES, ids=lambda c: c["id"])
def test_fits_agree_with_metafor_and_clubsandwich(case):
    outer, inner = case["random"].removeprefix("~1|").split("/")
    data = with_errors(case)
    for entry in case["fits"]:
        what = (case["id"], entry["V"], entry["formula"], entry["method"])
        rho = None if entry["V"] == "diag" else float(entry["V"].removeprefix("rho="))
        fit = mr.multilevel(
            "yi", "vi", cluster=outer, effect=inner, rho=rho, moderators=formula_of(entry, data), method=entry["method"],
            data=data,
        )  # fmt: skip
        assert fit.converged, what
        order = in_order_of(entry["coef_names"], fit.names)
        pairs = [
            (fit.log_likelihood, entry["loglik"]), (np.ravel(fit.beta)[order], entry["beta"]),
            (np.ravel(fit.se)[order], entry["se"]), (np.ravel(fit.statistic)[order], entry["t"]), (fit.q, entry["QE"]), (fit.q_df, entry["QE_df"]),
        ]  # fmt: skip
        if "I2" in entry:
            levels = [entry["I2"]["I2_level_study"], entry["I2"]["I2_level_effect"]]
            t, pi = entry["containment"], entry["prediction"]["clusters_minus_1_df"]
            pairs += [(fit.i2, entry["I2"]["I2_total"]), (fit.i2_levels, levels), (fit.p_value, t["p"])]
            pairs += [(fit.ci_low, t["ci_lb"]), (fit.ci_high, t["ci_ub"])]
            pairs += [(fit.pi_low, pi["pi_lb"]), (fit.pi_high, pi["pi_ub"])]
        for ours, theirs in pairs:
            assert agree(np.ravel(ours), np.ravel(theirs), 1e-8), what
        assert np.allclose(fit.sigma2, entry["sigma2"], rtol=1e-8, atol=1e-10), what
        for i, name in enumerate(("study", "effect")):
            if "profile_ci_sigma2" in entry:
                assert np.allclose(fit.profile_interval(i), entry["profile_ci_sigma2"][name][1:], rtol=1e-7), what
        for kind, known in entry.get("robust", {}).items():
            robust = fit.robust(kind=kind)
            numbers = [x is not None for x in known["se"]]
            for name in ("se", "df", "p"):
                ours = np.atleast_1d(robust.p_value if name == "p" else getattr(robust, name))[order]
                theirs = [x for x, ok in zip(known[name], numbers, strict=True) if ok]
                assert agree(ours[numbers], theirs, 1e-7), (*what, kind, name)
            # A coefficient of one cluster alone has no robust error.
            assert np.isnan(np.atleast_1d(robust.se)[order][np.logical_not(numbers)]).all()
            if "Wald_HTZ" in known:
                test = robust.wald([i - 1 for i in known["Wald_HTZ"]["constrained_coef"]])
                assert agree(test.statistic, known["Wald_HTZ"]["Fstat"], 1e-7), (*what, kind)
                assert agree(test.df2, known["Wald_HTZ"]["df_denom"], 1e-7), (*what, kind)


@pytest.mark.parametrize("case", ROBUST, ids=lambda c: c["id"])
def test_robust_errors_of_pooled_effects_agree_with_clubsandwich(case):
    data = with_errors(case)
    for entry in case["fits"]:
        formula = formula_of(entry, data)
        fit = mr.pool("yi", "vi", data=data) if formula is None else mr.pool("yi", "vi", moderators=formula, data=data)
        for kind in ("CR0", "CR1", "CR1p", "CR2"):
            known, robust = entry[kind], fit.robust(data[case["cluster"]], kind)
            # A coefficient of one cluster alone, whose residuals add up to 0, has no robust error. clubSandwich prints
            # none, or what rounding leaves of 0 (CR2: divided by the root of it).
            numbers = np.isfinite(np.atleast_1d(robust.se))
            assert all(df == 1 for df, ok in zip(known["df_satt"], numbers, strict=True) if not ok)
            for name, ours in (("se", robust.se), ("df_satt", robust.df), ("p_satt", robust.p_value)):
                theirs = [x for x, ok in zip(known[name], numbers, strict=True) if ok]
                assert agree(np.atleast_1d(ours)[numbers], theirs, 1e-7), (case["id"], formula, kind, name)


def test_konstantopoulos_2011_table_4():
    # Research Synthesis Methods 2: 61-76: 0.185 (0.085), variances 0.065 and 0.033.
    data = next(c for c in CASES if c["id"] == "dat.konstantopoulos2011")["data"]
    fit = mr.multilevel("yi", "vi", cluster="district", effect="school", data=data)
    assert (round(fit.beta, 3), round(fit.se, 3)) == (0.185, 0.085)
    assert [round(float(x), 3) for x in fit.sigma2] == [0.065, 0.033]


def clusters_of(sizes, seed):
    rng = np.random.default_rng(seed)
    cluster = np.repeat(np.arange(len(sizes)), sizes)
    vi = rng.uniform(0.02, 0.3, cluster.size)
    return rng.normal(0, 0.3, len(sizes))[cluster] + rng.normal(0, np.sqrt(vi)), vi, cluster


@settings(deadline=None, max_examples=30)
@given(
    st.lists(st.integers(1, 4), min_size=3, max_size=8).filter(lambda x: max(x) > 1), st.integers(0, 10**6),
    st.floats(-0.2, 0.9), st.randoms(use_true_random=False),
)  # fmt: skip
def test_order_of_rows_and_names_of_clusters_do_not_matter(sizes, seed, rho, random):
    yi, vi, cluster = clusters_of(sizes, seed)
    fit = mr.multilevel(yi, vi, cluster=cluster, rho=rho)
    order = list(range(yi.size))
    random.shuffle(order)
    other = mr.multilevel(yi[order], vi[order], cluster=[f"study {9 - i}" for i in cluster[order]], rho=rho)
    assert abs(other.log_likelihood - fit.log_likelihood) < 1e-9
    assert np.allclose(other.sigma2, fit.sigma2, atol=1e-7) and abs(other.beta - fit.beta) < 1e-7
    assert np.allclose(other.weights, fit.weights[order], atol=1e-5)
    assert abs(other.robust().se - fit.robust().se) < 1e-7


@given(st.integers(2, 12), st.integers(0, 10**6), st.floats(0.0, 0.9))
def test_one_effect_a_cluster_is_pool(k, seed, rho):
    yi, vi, cluster = clusters_of([1] * k, seed)
    fit, pooled = mr.multilevel(yi, vi, cluster=cluster, rho=rho), mr.pool(yi, vi, ci="t")
    assert agree([fit.beta, fit.se, fit.ci_low, fit.log_likelihood], [pooled.beta, pooled.se, pooled.ci_low, pooled.log_likelihood], 1e-8)  # fmt: skip
    assert np.allclose(fit.sigma2, [pooled.tau2, 0], rtol=1e-8)
    assert [n.code for n in fit.notes] == ["levels_not_told_apart"]


def test_three_levels_are_those_of_two_where_the_third_adds_nothing():
    yi, vi, cluster = clusters_of([4, 3, 5, 2], 5)
    two = mr.multilevel(yi, vi, cluster=cluster)
    three = mr.multilevel(yi, vi, cluster=cluster, levels=[np.arange(yi.size)])
    assert np.allclose(three.sigma2, [*two.sigma2, 0]) and three.level_names == ("cluster", "level 2", "effect")


def test_a_given_covariance_is_that_of_rho():
    yi, vi, cluster = clusters_of([3, 2, 4, 2], 8)
    s = np.sqrt(vi)
    matrix = np.where(cluster[:, None] == cluster[None, :], 0.6, 0.0) * np.outer(s, s)
    np.fill_diagonal(matrix, vi)
    by_rho, given_whole = mr.multilevel(yi, vi, cluster=cluster, rho=0.6), mr.multilevel(yi, cluster=cluster, V=matrix)
    assert agree(by_rho.log_likelihood, given_whole.log_likelihood, 1e-12)
    times = np.concatenate([np.arange(n) for n in (3, 2, 4, 2)])
    apart = np.abs(times[:, None] - times[None, :])
    serial = np.where(cluster[:, None] == cluster[None, :], 0.6**apart, 0.0) * np.outer(s, s)
    over_time = mr.multilevel(yi, vi, cluster=cluster, rho=0.6, time=times)
    assert agree(over_time.log_likelihood, mr.multilevel(yi, cluster=cluster, V=serial).log_likelihood, 1e-12)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"cluster": ["a", None, "b"]}, "cluster is missing in row 1 (counted from 0). Fix: name the unit that each effect belongs to."),
        ({"cluster": [1, 1, 1], "rho": 1.2}, "rho = 1.2 must lie between -1 and 1; it is a correlation."),
        ({"cluster": [1, 1, 1], "rho": -0.9}, "The covariance of the effects in rows 0, 1, 2 (counted from 0) is not positive definite. Fix: a smaller correlation, or the covariance of the effects as they were computed."),
        ({"cluster": [1, 1, 2], "V": [[1, 0, 0.5], [0, 1, 0], [0.5, 0, 1]]}, "V is not 0 between clusters. Fix: one cluster for effects with correlated errors."),
        ({"cluster": [1, 2]}, "cluster has 2 entries for 3 effects."),
        ({"cluster": [1, 1, 2], "method": "DL"}, "method = 'DL' is not known. Allowed: REML, ML."),
    ],
)  # fmt: skip
def test_bad_input_is_refused_with_its_mend(options, message):
    with pytest.raises(ValueError) as caught:
        mr.multilevel([0.1, 0.4, 0.2], [0.1, 0.2, 0.1], **options)
    assert str(caught.value) == message


def test_one_cluster_is_a_named_state():
    fit = mr.multilevel([0.1, 0.4, 0.9], [0.1, 0.2, 0.1], cluster=["a", "a", "a"])
    assert fit.sigma2[0] == 0 and np.isnan(fit.df)
    assert [n.code for n in fit.notes] == ["one_cluster"]
    with pytest.raises(ValueError, match="All effects are of one cluster"):
        fit.robust()


def test_the_printed_result_counts_effects_and_clusters():
    yi, vi, cluster = clusters_of([4, 3, 5, 2], 5)
    fit = mr.multilevel(yi, vi, cluster=cluster, rho=0.5)
    text = str(fit.robust().summary())
    assert text.splitlines()[0] == "Pooled effect, 14 effects in 4 clusters"
    assert "cluster-robust (CR2), t with Satterthwaite df" in text
    assert "t with clusters minus coefficients df" in str(fit.summary())


def test_pool_with_clusters_has_their_robust_error():
    yi, vi, cluster = clusters_of([4, 3, 5, 2], 5)
    data = {"y": yi, "v": vi, "study": cluster}
    robust = mr.pool("y", "v", data=data, cluster="study")
    assert robust.se == mr.pool(yi, vi).robust(cluster).se
    assert (robust.kind, robust.clusters, robust.tau2) == ("CR2", 4, mr.pool(yi, vi).tau2)
    with pytest.raises(ValueError, match="Robust variances are those of a fit of effects"):
        mr.glmm("PLO", e=[1, 2], n=[5, 6]).robust([1, 2])
