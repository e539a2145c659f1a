"""Leave-one-out, cumulative fits and influence: against metafor, against single fits, and their named states."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import metarepro as mr
from tests.robustness.reference import REFERENCE, close, effects, estimator

CASES = REFERENCE["cases"]
YI, VI = [0.1, 0.3, 0.35, 0.9], [0.02, 0.03, 0.05, 0.04]


@pytest.mark.parametrize("case", CASES, ids=lambda c: c["id"])
def test_leave_one_out_agrees_with_metafor(case):
    for theirs in case["leave1out"]:
        ours = mr.leave_one_out(*effects(case), tau2=estimator(theirs["method"]), ci=theirs["test"])
        names = {
            "beta": "estimate",
            "se": "se",
            "p_value": "pval",
            "ci_low": "ci.lb",
            "q": "Q",
            "tau2": "tau2",
            "i2": "I2",
        }
        for name, key in names.items():
            if not (name == "tau2" and theirs["method"] == "EE"):
                close(getattr(ours, name), theirs[key])


@pytest.mark.parametrize("case", CASES, ids=lambda c: c["id"])
def test_cumulative_agrees_with_metafor(case):
    for theirs in case["cumul"]:
        ours = mr.cumulative(*effects(case), tau2=estimator(theirs["method"]), ci=theirs["test"])
        for name, key in {"beta": "estimate", "se": "se", "ci_high": "ci.ub"}.items():
            close(getattr(ours, name), theirs[key])
        # One study has no tau2 here; metafor says 0.
        if theirs["method"] != "EE":
            assert np.isnan(ours.tau2[0])
            close(ours.tau2[1:], theirs["tau2"][1:])


INFLUENCE = {
    "rstudent": "rstudent", "dffits": "dffits", "cook": "cook.d", "covariance_ratio": "cov.r",
    "tau2_deleted": "tau2.del", "q_deleted": "QE.del", "hat": "hat", "weight": "weight",
}  # fmt: skip


@pytest.mark.parametrize("case", [c for c in CASES if c["influence"]], ids=lambda c: c["id"])
def test_influence_agrees_with_metafor(case):
    for theirs in case["influence"]:
        ours = mr.influence(*effects(case), tau2=estimator(theirs["method"]))
        for name, key in INFLUENCE.items():
            close(ours[name], theirs[key])
        for residuals in case["residuals"]:
            if residuals["method"] == theirs["method"]:
                close(ours["rstandard"], residuals["rstandard_z"])
        dfbetas = theirs["dfbetas"]
        close(ours["dfbetas"], next(iter(dfbetas.values())) if isinstance(dfbetas, dict) else dfbetas)
        assert ours["influential"].tolist() == [bool(x) for x in theirs["is_infl"]]


@pytest.mark.parametrize("case", REFERENCE["regressions"], ids=lambda c: c["formula"])
def test_influence_with_moderators_agrees_with_metafor(case):
    x = np.array(case["X"], dtype=float)[:, 1:]
    ours = mr.influence(case["yi"], case["vi"], x)
    for name, key in {"rstudent": "rstudent_z_REML", "cook": "cooks_REML", "hat": "hat_REML"}.items():
        theirs = case[key]
        close(ours[name], next(iter(theirs.values())) if isinstance(theirs, dict) else theirs)


def test_each_row_of_leave_one_out_is_the_fit_of_the_others():
    ours = mr.leave_one_out(YI, VI)
    for i in range(4):
        rest = [j for j in range(4) if j != i]
        single = mr.pool([YI[j] for j in rest], [VI[j] for j in rest])
        assert ours.beta[i] == pytest.approx(single.beta, rel=1e-12)
        assert ours.pi_low[i] == pytest.approx(single.pi_low, rel=1e-9)


def test_clusters_are_left_out_together():
    ours = mr.leave_one_out(YI, VI, cluster=["a", "b", "a", "c"], tau2="DL")
    assert ours.labels == ("a", "b", "c") and ours.k.tolist() == [2, 3, 3]
    assert ours.beta[0] == pytest.approx(mr.pool(YI[1::2], VI[1::2], tau2="DL").beta)


def test_rows_without_an_effect_have_no_fit_and_are_told():
    ours = mr.leave_one_out([0.1, np.nan, 0.4, 0.6], VI, labels=["a", "b", "c", "d"])
    assert ours.labels == ("a", "c", "d") and ours.notes[0].code == "effects_missing"
    frame = mr.influence([0.1, np.nan, 0.4, 0.6], VI, labels=["a", "b", "c", "d"])
    assert frame.index.tolist() == ["a", "b", "c", "d"] and frame.loc["b"].drop("influential").isna().all()


def test_pairs_of_studies():
    ours = mr.leave_k_out(YI, VI, 2, labels=["a", "b", "c", "d"], tau2="DL")
    assert ours.labels == ("a, b", "a, c", "a, d", "b, c", "b, d", "c, d")
    assert ours.beta[-1] == pytest.approx(mr.pool(YI[:2], VI[:2], tau2="DL").beta)
    with pytest.raises(mr.DataError, match="more than 200,000"):
        mr.leave_k_out(np.arange(60.0), np.ones(60), 5)


def test_cumulative_by_a_column_and_by_precision():
    frame = pd.DataFrame({"y": YI, "v": VI, "year": [2004, 1999, 2010, 1999], "name": list("abcd")})
    ours = mr.cumulative("y", "v", order="year", labels="name", data=frame)
    assert ours.labels == ("b", "d", "a", "c")
    assert ours.to_frame().index.tolist() == ["b", "d", "a", "c"] and ours.k.tolist() == [1, 2, 3, 4]
    assert ours.beta[-1] == pytest.approx(mr.pool(YI, VI).beta)
    assert mr.cumulative("y", "v", order="precision", labels="name", data=frame).labels == ("a", "b", "d", "c")


def test_messages_of_what_cannot_be_sorted():
    with pytest.raises(mr.DataError, match=r"order is missing or infinite in row 1 \(counted from 0\)"):
        mr.cumulative(YI, VI, order=[1, np.nan, 2, 3])
    with pytest.raises(mr.DataError, match=r"order has the shape \(2,\) for 4 studies"):
        mr.cumulative(YI, VI, order=[1, 2])
    with pytest.raises(mr.ConfigError, match="order = 'year' is a column of data"):
        mr.cumulative(YI, VI, order="year")
    with pytest.raises(mr.DataError, match="nothing is left without it"):
        mr.leave_one_out([0.1], [0.2])


def test_a_study_that_alone_carries_a_coefficient_has_no_diagnostics():
    frame = mr.influence(YI, VI, [0, 0, 0, 1])
    assert frame.iloc[3][["rstudent", "cook", "tau2_deleted"]].isna().all() and frame["hat"].iloc[3] == pytest.approx(1)
    assert frame.iloc[:3]["rstudent"].notna().all()


@settings(deadline=None)  # the first call loads pandas
@given(st.lists(st.tuples(st.floats(-3, 3), st.floats(0.01, 2)), min_size=3, max_size=9), st.floats(-10, 10))
def test_influence_does_not_depend_on_where_zero_is(studies, shift):
    y, v = (np.array(x) for x in zip(*studies, strict=True))
    here, there = mr.influence(y, v, tau2="DL"), mr.influence(y + shift, v, tau2="DL")
    for name in ("rstudent", "cook", "hat", "tau2_deleted"):
        np.testing.assert_allclose(here[name], there[name], rtol=1e-6, atol=1e-8)


@pytest.mark.slow
def test_a_thousand_studies_agree_with_their_single_fits():
    random = np.random.default_rng(5)
    v = random.uniform(0.01, 1, 1000)
    y = random.normal(0.3, np.sqrt(0.1 + v))
    ours = mr.leave_one_out(y, v)
    for i in (0, 500, 999):
        keep = np.arange(1000) != i
        assert ours.tau2[i] == pytest.approx(mr.pool(y[keep], v[keep]).tau2, rel=1e-10)
