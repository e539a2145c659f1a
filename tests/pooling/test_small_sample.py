"""Kenward-Roger, Henmi-Copas, random effects of levels: against R, closed forms and limits; what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import metarepro as mr

ROOT = Path(__file__).parents[2]
REFERENCE = json.loads((ROOT / "tests/data/small_sample_reference.json").read_text())
YI, VI = [0.1, 0.3, 0.9, 0.4], [0.02, 0.03, 0.02, 0.09]


@pytest.fixture(scope="module")
def roger() -> mr.KenwardRogerFit:
    r = REFERENCE["kenward_roger"]
    x = np.column_stack([r["x"], r["z"]]).astype(float)
    return mr.kenward_roger(mr.multilevel(r["y"], np.full(len(r["y"]), 0.05), cluster=r["cluster"], moderators=x))


def test_kenward_roger_agrees_with_pbkrtest(roger):
    """With equal sampling variances the model is that of lme4, whose optimiser stops at a few 1e-7."""
    r = REFERENCE["kenward_roger"]
    assert roger.model.sigma2 == pytest.approx(r["sigma2"], rel=1e-6)
    assert roger.covariance == pytest.approx(np.array(r["covariance"]), rel=1e-6)
    assert roger.df[1:] == pytest.approx(r["df"], rel=1e-6)
    assert roger.statistic[1:] ** 2 == pytest.approx(r["f"], rel=3e-6)
    assert tuple(roger.wald()) == pytest.approx(r["wald"], rel=1e-6)


def test_one_coefficient_is_tested_alike_alone_and_as_a_contrast(roger):
    alone, contrast = roger.wald([1]), roger.contrast([0, 1, 0])
    assert alone.df2 == pytest.approx(roger.df[1]) and contrast.df == pytest.approx(roger.df[1])
    assert alone.p_value == pytest.approx(roger.p_value[1]) and contrast.p_value == pytest.approx(roger.p_value[1])


def test_kenward_roger_of_a_mean_is_its_closed_form():
    fit = mr.pool(YI, VI)
    found = mr.kenward_roger(fit)
    w = 1 / (np.array(VI) + fit.tau2)
    one, two, three = (float((w**j).sum()) for j in (1, 2, 3))
    variance_of_tau2 = 2 / (two - 2 * three / one + (two / one) ** 2)
    assert found.se**2 == pytest.approx(1 / one + 2 / one**2 * variance_of_tau2 * (three - two**2 / one), rel=1e-12)
    assert found.df == pytest.approx(2 / (variance_of_tau2 * (two / one) ** 2), rel=1e-12)
    assert found.beta == pytest.approx(fit.beta, rel=1e-12) and found.ci_method == "KR"
    assert "Kenward-Roger" in str(found.summary())


@settings(max_examples=30, deadline=None)
@given(
    yi=st.lists(st.floats(-3, 3), min_size=4, max_size=12).filter(lambda y: np.std(y) > 0.5),
    v=st.floats(0.01, 0.1),
)
def test_of_equal_variances_it_is_t_with_one_df_less_than_studies(yi, v):
    vi = np.full(len(yi), v)
    found, t = mr.kenward_roger(mr.pool(yi, vi)), mr.pool(yi, vi, ci="t")
    assert found.df == pytest.approx(len(yi) - 1, rel=1e-9)
    assert (found.ci_low, found.ci_high) == pytest.approx((t.ci_low, t.ci_high), rel=1e-8, abs=1e-10)


def test_a_level_of_single_effects_changes_nothing():
    alone = mr.kenward_roger(mr.pool(YI, VI))
    levels = mr.kenward_roger(mr.multilevel(YI, VI, cluster=list("abcd")))
    assert (levels.se, levels.df) == pytest.approx((alone.se, alone.df), rel=1e-6)


def test_kenward_roger_of_a_regression_has_its_names():
    data = {"yi": [0.1, 0.3, 0.9, 0.4, 0.7], "vi": [0.02, 0.03, 0.02, 0.09, 0.05], "dose": [1, 2, 3, 4, 5]}
    fit = mr.meta_regression("yi", "vi", "dose", data=data)
    found = mr.kenward_roger(fit)
    assert found.coefficients == fit.coefficients and found.to_frame().index.tolist() == list(fit.coefficients)
    assert np.all(found.df > 0) and found.predict([3.0]).ci_low < found.predict([3.0]).estimate


@pytest.mark.parametrize(
    ("fit", "message"),
    [
        (
            lambda: mr.pool(YI, VI, tau2="DL"),
            "Kenward-Roger needs REML, and the fit is by DL. Fix: tau2='REML'.",
        ),
        (
            lambda: mr.mantel_haenszel([3, 4], [9, 9], [1, 2], [9, 9]),
            "Kenward-Roger is for REML fits of effects: pool, meta_regression or multilevel.",
        ),
        (
            lambda: mr.pool(YI, VI).robust(cluster=list("aabb")),
            "Kenward-Roger is for REML fits of effects: pool, meta_regression or multilevel.",
        ),
        (
            lambda: mr.pool([YI, YI], [VI, VI]),
            "Kenward-Roger is of one fit, not of a batch. Fix: pool one set of effects.",
        ),
    ],
)
def test_what_kenward_roger_refuses(fit, message):
    with pytest.raises(mr.ConfigError) as caught:
        mr.kenward_roger(fit())
    assert str(caught.value) == message


@pytest.mark.parametrize("case", REFERENCE["henmi_copas"], ids=lambda c: c["id"])
def test_henmi_copas_agrees_with_metafor(case):
    """metafor integrates to about 1e-7 of the half width."""
    found = mr.henmi_copas(case["yi"], case["vi"])
    assert (found.beta, found.se) == pytest.approx((case["beta"], case["se"]), rel=1e-10)
    assert found.tau2 == pytest.approx(case["tau2"], rel=1e-10, abs=1e-14)
    half = (case["ci_high"] - case["ci_low"]) / 2
    assert (found.ci_high - found.ci_low) / 2 == pytest.approx(half, rel=1e-6)


def test_henmi_copas_covers_as_it_says():
    """Simulated at the tau2 that it takes for known, of equal and of very different variances."""
    rng = np.random.default_rng(5)
    vi = np.array([0.02, 0.03, 0.05, 0.4, 0.1, 0.08, 0.01, 0.2])
    tau2 = 0.05
    yi = rng.normal(0, np.sqrt(vi + tau2), (400, 8))
    fits = mr.pool(yi, np.broadcast_to(vi, yi.shape), tau2="DL", ci="z")
    ends = [mr.henmi_copas(y, vi) for y in yi]
    covered = np.mean([e.ci_low <= 0 <= e.ci_high for e in ends])
    wald = np.mean((fits.ci_low <= 0) & (fits.ci_high >= 0))
    assert 0.90 < covered < 0.985 and covered > wald - 0.01


def test_the_p_value_of_henmi_copas_belongs_to_its_interval():
    found = mr.henmi_copas(YI, VI)
    at_the_end = mr.henmi_copas(YI, VI, level=1 - found.p_value)
    assert at_the_end.ci_low == pytest.approx(0.0, abs=1e-9)


@pytest.mark.parametrize(
    ("yi", "vi", "message"),
    [
        ([0.1], [0.2], "The interval of Henmi and Copas needs two studies or more. Fix: report the study itself."),
        ([0.1, 0.2], [0.2, -0.2], "vi is not positive and finite in row 1 (counted from 0)"),
    ],
)
def test_what_henmi_copas_refuses(yi, vi, message):
    with pytest.raises(mr.DataError) as caught:
        mr.henmi_copas(yi, vi)
    assert message in str(caught.value)


def test_random_effects_agree_with_metafor():
    r = REFERENCE["random_effects"]
    table = np.genfromtxt(ROOT / "examples/textbook/konstantopoulos2011.csv", delimiter=",", names=True)
    fit = mr.multilevel(table["yi"], table["vi"], cluster=table["district"])
    outer, inner = mr.random_effects(fit)
    assert outer.estimate == pytest.approx(r["outer"], rel=2e-6) and outer.se == pytest.approx(r["outer_se"], rel=2e-6)
    assert inner.estimate == pytest.approx(r["inner"], rel=1e-5) and inner.se == pytest.approx(r["inner_se"], rel=2e-6)
    assert [len(x) for x in outer.rows] == [4, 4, 3, 4, 4, 11, 3, 8, 6, 5, 4]


def test_random_effects_add_up_to_the_effects_of_studies():
    yi, vi, cluster = [0.1, 0.3, 0.6, 0.9, 0.2], [0.03, 0.03, 0.05, 0.04, 0.02], list("abbac")
    fit = mr.multilevel(yi, vi, cluster=cluster)
    total = np.full(5, fit.beta)
    for level in mr.random_effects(fit):
        for rows, estimate in zip(level.rows, level.estimate, strict=True):
            total[rows] += estimate
    assert mr.study_effects(fit).estimate == pytest.approx(total, rel=1e-12)


def test_of_one_effect_a_study_they_are_those_of_pool():
    alone = mr.study_effects(mr.pool(YI, VI, ci="t"))
    levels = mr.study_effects(mr.multilevel(YI, VI, cluster=list("abcd")))
    for name in ("estimate", "se", "ci_low", "ci_high", "kept"):
        assert getattr(levels, name) == pytest.approx(getattr(alone, name), rel=1e-7)


def test_random_effects_are_refused_where_there_are_none():
    with pytest.raises(mr.ConfigError, match=r"^Random effects are those of a multilevel fit\. Fix: study_effects"):
        mr.random_effects(mr.pool(YI, VI))


@pytest.mark.parametrize("far", [2e3, 1e5])
def test_where_a_moderator_has_its_zero_does_not_matter(far):
    """A year is nearly the intercept; without an orthonormal basis the digits were lost in silence."""
    rng = np.random.default_rng(4)
    data = {"y": rng.normal(0.3, 0.5, 18), "v": rng.lognormal(-3, 0.8, 18), "x": rng.normal(size=18)}
    moved = {**data, "x": data["x"] + far}
    near, away = (mr.kenward_roger(mr.pool("y", "v", moderators="x", data=d)) for d in (data, moved))
    assert (away.se[1], away.df[1]) == pytest.approx((near.se[1], near.df[1]), rel=1e-6)
    assert away.wald().p_value == pytest.approx(near.wald().p_value, rel=1e-6)
    square = {**data, "x": np.repeat(np.arange(2015.0, 2021.0), 3)}
    curve = mr.kenward_roger(mr.pool("y", "v", moderators="x + I(x**2)", data=square))
    assert np.all(np.isfinite(curve.se)) and np.all(curve.df > 1)


def test_two_studies_have_an_interval_with_less_than_one_df():
    found = mr.kenward_roger(mr.pool([0.1, 0.9], [0.02, 0.03]))
    equal = mr.kenward_roger(mr.pool([0.1, 0.9], [0.025, 0.025]))
    assert found.df < 1 and found.p_value == pytest.approx(equal.p_value, abs=0.005)
    assert found.ci_low == pytest.approx(equal.ci_low, abs=0.1)


def test_predictions_and_contrasts_have_the_same_degrees_of_freedom(roger):
    for fit in (roger, roger.model.robust()):
        place, contrast = fit.predict([[0.5, -0.2]]), fit.contrast([1.0, 0.5, -0.2])
        assert (place.ci_low[0], place.ci_high[0]) == pytest.approx((contrast.ci_low, contrast.ci_high), rel=1e-10)


def test_the_prediction_interval_has_the_standard_error_that_is_shown():
    fits = [mr.kenward_roger(mr.pool(YI, VI, ci=ci)) for ci in ("z", "HK", "HK-ci")]
    plain = mr.pool(YI, VI, ci="z")
    quantile = (plain.pi_high - plain.beta) / np.hypot(plain.se, np.sqrt(plain.tau2))
    for found in fits:
        half = quantile * np.hypot(found.se, np.sqrt(found.tau2))
        assert (found.pi_low, found.pi_high) == pytest.approx((found.beta - half, found.beta + half), rel=1e-9)
        assert not {n.code for n in found.notes} & {"wald_taken", "hk_narrow", "two_studies"}


@pytest.mark.parametrize("columns", [[5], [-1], ["z"], [0, 0], [1.5], [[0]]])
def test_columns_that_are_none_are_named(roger, columns):
    for fit in (roger, roger.model.robust()):
        with pytest.raises(
            mr.ConfigError, match=r"does not name coefficients of the fit, each once\. Allowed: Intercept"
        ):
            fit.wald(columns)


def test_columns_by_name_are_those_by_number(roger):
    assert roger.wald(["moderator 1"]) == roger.wald([1]) == roger.wald("moderator 1")


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: mr.kenward_roger(mr.pool([0.1], [0.2])), "Kenward-Roger needs more effects than coefficients, and has 1 for 1"),
        (lambda: mr.kenward_roger(mr.pool(YI, VI, weights=[1] * 4)), "Kenward-Roger needs the weights of the model."),
        (lambda: mr.study_effects(None), "Effects of single studies are predicted from what pool, without moderators, or"),
        (lambda: mr.study_effects(mr.mantel_haenszel([3, 4], [9, 9], [1, 2], [9, 9])), "Effects of single studies are"),
        (lambda: mr.robust_variance(None), "Robust variances are those of a fit of effects"),
    ],
)  # fmt: skip
def test_what_else_is_refused(call, message):
    with pytest.raises(mr.ConfigError) as caught:
        call()
    assert str(caught.value).startswith(message)


def test_chances_stay_within_one():
    assert mr.henmi_copas([0, 1e6, -1e6, 3], [1e-6] * 4).p_value <= 1
