"""Meta-regression against metafor, formulas, predictions; user weights."""

from __future__ import annotations

import json
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest

import metarepro as mr
from metarepro.pooling.regression import predictions, wald_test
from tests.conftest import REFERENCE, ROOT

MODELS = json.loads((ROOT / "tests/data/models_reference.json").read_text())
CI = {"z": "z", "knha": "HK"}
BCG = {
    "ablat": [44, 55, 42, 52, 13, 44, 19, 13, 27, 42, 18, 33, 33],
    "year": [1948, 1949, 1960, 1977, 1973, 1953, 1973, 1980, 1968, 1961, 1974, 1969, 1976],
    "alloc": ["random", "random", "random", "random", "alternate", "alternate", "random", "random", "random",
              "systematic", "systematic", "systematic", "systematic"],
}  # fmt: skip
RR = next(c for c in REFERENCE["cases"] if c["id"] == "dat.bcg/RR")
# Numbers that metafor computes by subtracting nearly equal ones; ours agree with 50-digit arithmetic (docs/divergences.md).
LOOSE = 3e-8


@pytest.mark.parametrize("case", MODELS["metareg"], ids=lambda c: f"{c['id']} {c['formula']}")
def test_coefficients_tests_and_intervals_agree_with_metafor(case):
    x = np.array(case["X"], float)
    for fit in case["fits"]:
        ours = mr.pool(case["yi"], case["vi"], fit["method"].replace("EE", "CE"), CI[fit["test"]], moderators=x[:, 1:])
        omnibus = wald_test(ours, list(range(1, x.shape[1])))
        likelihood = "loglik_REML" if fit["method"] == "REML" else "loglik_ML"
        pairs = {
            "beta": ours.beta, "se": ours.se, "tau2": ours.tau2, "se_tau2": ours.tau2_se, "I2": ours.i2, "H2": ours.h2,
            "Q": ours.q, "Qp": ours.q_p, "pval": ours.p_value, "vb": ours.covariance, "QM": omnibus.statistic,
            "QMp": omnibus.p_value, likelihood: ours.log_likelihood,
        }  # fmt: skip
        for name, value in pairs.items():
            if fit.get(name) is not None:
                np.testing.assert_allclose(value, fit[name], rtol=LOOSE, atol=1e-12, err_msg=f"{fit['method']} {name}")
    if case["predict"]:
        shown = predictions(mr.pool(case["yi"], case["vi"], "REML", "z", moderators=x[:, 1:], pi="z"), x)
        for theirs, value in {"pred": shown.estimate, "se": shown.se, "ci_lb": shown.ci_low, "ci_ub": shown.ci_high,
                              "pi_lb": shown.pi_low, "pi_ub": shown.pi_high}.items():  # fmt: skip
            np.testing.assert_allclose(value, case["predict"][theirs], rtol=LOOSE, atol=1e-9)
    if case["q_profile"]:
        found = mr.heterogeneity_interval(case["yi"], case["vi"], moderators=x[:, 1:]).tau2
        np.testing.assert_allclose(found, case["q_profile"][1:], rtol=1e-7, atol=1e-10)


def test_a_formula_gives_metafors_model():
    case = next(
        c for c in MODELS["metareg"] if c["id"] == "dat.bcg/RR" and c["formula"] == "~ablat + year + factor(alloc)"
    )
    theirs = next(f for f in case["fits"] if f["method"] == "REML" and f["test"] == "knha")
    ours = mr.meta_regression(RR["yi"], RR["vi"], "ablat + year + C(alloc)", pd.DataFrame(BCG))
    assert ours.names == ("Intercept", "ablat", "year", "C(alloc)[T.random]", "C(alloc)[T.systematic]")
    np.testing.assert_allclose(ours.fit.beta, theirs["beta"], rtol=1e-7)
    np.testing.assert_allclose(ours.fit.se, theirs["se"], rtol=1e-7)
    assert ours.omnibus.statistic == pytest.approx(theirs["QM"], rel=1e-7)
    assert (ours.omnibus.df1, ours.omnibus.df2) == (4, 8)
    assert ours.r2 == pytest.approx(theirs["R2"], rel=1e-6)
    assert ours.test_term("C(alloc)").df1 == 2
    with pytest.raises(mr.ConfigError, match=r"There is no term 'alloc'. Terms: 1, ablat, year, C\(alloc\)."):
        ours.test_term("alloc")


def test_chi2_with_wald_intervals():
    ours = mr.meta_regression(RR["yi"], RR["vi"], "ablat", BCG, ci="z")
    assert np.isnan(ours.omnibus.df2) and ours.omnibus.statistic == pytest.approx(16.358232, abs=1e-5)
    # One coefficient: the omnibus test is the square of its own.
    assert ours.omnibus.statistic == pytest.approx(ours.fit.statistic[1] ** 2, rel=1e-12)
    assert ours.omnibus.p_value == pytest.approx(ours.fit.p_value[1], rel=1e-10)


def test_variance_inflation_is_that_of_correlated_moderators():
    rng = np.random.default_rng(2)
    a, noise = rng.normal(size=(2, 40))
    b = 0.8 * a + 0.6 * noise
    ours = mr.meta_regression(rng.normal(size=40), np.full(40, 0.1), "a + b", {"a": a, "b": b}, tau2="CE", ci="z")
    expected = 1 / (1 - np.corrcoef(a, b)[0, 1] ** 2)
    assert ours.vif["a"] == pytest.approx(expected, rel=1e-10) and ours.vif["b"] == pytest.approx(expected, rel=1e-10)
    alone = mr.meta_regression(RR["yi"], RR["vi"], "C(alloc)", BCG)
    assert alone.vif == pytest.approx({"C(alloc)": 1.0})


def test_predictions_at_new_values():
    ours = mr.meta_regression(RR["yi"], RR["vi"], "ablat + C(alloc)", BCG, pi="HTS")
    shown = ours.predict({"ablat": [20, 50], "alloc": ["random", "systematic"]})
    by_hand = ours.fit.beta @ np.array([1, 50, 0, 1])
    assert shown.estimate[1] == pytest.approx(by_hand, rel=1e-12)
    assert (shown.pi_low < shown.ci_low).all() and (shown.ci_high < shown.pi_high).all()
    # HTS: t with k - p - 1 = 13 - 4 - 1 df.
    half = 2.306004135204166 * np.sqrt(shown.se[0] ** 2 + ours.fit.tau2)
    assert shown.pi_high[0] - shown.estimate[0] == pytest.approx(half, rel=1e-10)
    with pytest.raises(mr.DataError, match="The moderators cannot be read"):
        ours.predict({"ablat": [20]})


def test_studies_without_a_moderator_are_left_out_with_a_note():
    data = {**BCG, "ablat": [np.nan, *BCG["ablat"][1:]]}
    ours = mr.meta_regression(RR["yi"], RR["vi"], "ablat", data)
    assert ours.fit.k == 12 and ours.used.tolist() == list(range(1, 13))
    assert ours.notes[0] == "Left out, because the effect or a moderator is missing: rows 0 (counted from 0)."


@pytest.mark.parametrize(
    ("formula", "data", "error", "message"),
    [
        ("ablat +", BCG, mr.DataError, "The formula 'ablat +' cannot be read"),
        ("latitude", BCG, mr.DataError, "The formula 'latitude' cannot be read"),
        ("1", BCG, mr.ConfigError, "The formula '1' has no moderator; use pool."),
        ("ablat", {"ablat": [1, 2]}, mr.DataError, "data has 2 rows for 13 studies."),
        (
            "ablat + twice",
            {**BCG, "twice": [2 * a for a in BCG["ablat"]]},
            mr.DataError,
            "The design has no full column rank: twice follows from ablat. Fix: leave one of them out.",
        ),
        (
            "ablat + one",
            {**BCG, "one": [1] * 13},
            mr.DataError,
            "The design has no full column rank: one is the same in all studies. Fix: leave it out.",
        ),
        (
            "ablat + both + year",
            {**BCG, "both": [a + y for a, y in zip(BCG["ablat"], BCG["year"], strict=True)]},
            mr.DataError,
            "The design has no full column rank: year follows from ablat, both. Fix: leave one of them out.",
        ),
        (
            "mean age + ablat",
            {**BCG, "mean age": BCG["ablat"]},
            mr.DataError,
            "The formula 'mean age + ablat' cannot be read: there is no column 'mean'. Write `mean age` in backticks.",
        ),
        (
            "year",
            {**BCG, "year": [str(y) for y in BCG["year"]]},
            mr.DataError,
            "The moderator year holds numbers as text, such as '1948', so that each would be a category. Fix: make "
            "them numbers, or write C(year) if they are categories.",
        ),
    ],
)
def test_impossible_regressions_are_refused(formula, data, error, message):
    with pytest.raises(error) as caught:
        mr.meta_regression(RR["yi"], RR["vi"], formula, data)
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize("formula", ["dose", "C(year)", "label"])
def test_as_many_coefficients_as_studies_say_nothing_of_heterogeneity(formula):
    # metafor refuses these: number of parameters to be estimated is larger than the number of observations.
    studies = {"dose": [1.0, 2.0], "year": ["2009", "2010"], "label": ["a", "b"]}
    found = mr.meta_regression([0.1, 0.9], [0.01, 0.02], formula, studies)
    assert np.isnan([found.r2, found.tau2, found.omnibus.statistic, found.omnibus.p_value]).all()
    assert np.isnan([found.test_term(t).p_value for t in found.terms if t != "1"]).all()
    assert found.notes[0] == (
        "As many coefficients as studies (2): τ² is unknown, so R² does not exist, and the moderators are not tested."
    )
    # A common effect has no heterogeneity to be known: 0.8 / sqrt(0.03).
    common = mr.meta_regression([0.1, 0.9], [0.01, 0.02], formula, studies, tau2="CE", ci="z")
    assert common.omnibus.statistic == pytest.approx(0.8**2 / 0.03, rel=1e-12)
    with pytest.raises(mr.DataError) as error:
        mr.meta_regression([0.1, 0.9], [0.01, 0.02], "dose + other", {**studies, "other": [1, 4]})
    assert str(error.value) == (
        "The design has no full column rank: there are fewer studies (2) than coefficients (3). Fix: take fewer "
        "moderators."
    )


def test_messages_have_no_codes_of_terminals():
    with pytest.raises(mr.DataError) as error:
        mr.meta_regression([0.1, 0.9], [0.01, 0.02], "dose + (", {"dose": [1.0, 2.0]})
    assert "\x1b" not in str(error.value)


def test_a_moderator_far_from_zero_costs_no_digits():
    year = np.array(BCG["year"], float)
    near, far = (mr.pool(RR["yi"], RR["vi"], moderators=year + shift) for shift in (-1965, 1e7))
    assert far.beta[1] == pytest.approx(near.beta[1], rel=1e-8) and far.tau2 == pytest.approx(near.tau2, rel=1e-8)


def test_no_intercept():
    x = np.array([[1, 0], [1, 0], [0, 1], [0, 1], [0, 1]], float)
    y, v = [0.1, 0.4, 0.9, 1.1, 0.8], [0.02, 0.03, 0.02, 0.05, 0.03]
    fit = mr.pool(y, v, "CE", "z", moderators=x, intercept=False)
    assert fit.beta[0] == pytest.approx(mr.pool(y[:2], v[:2], "CE", "z").beta, rel=1e-12)
    assert fit.beta[1] == pytest.approx(mr.pool(y[2:], v[2:], "CE", "z").beta, rel=1e-12)


def test_user_weights_agree_with_metafor():
    # rma(yi, vi, weights = n) on dat.bcg log RR, tight control: z and knha; DL; with ablat.
    n = [262, 609, 451, 26465, 10877, 2992, 3174, 176782, 14776, 3381, 77972, 4839, 34767]
    y, v = RR["yi"], RR["vi"]
    z, hk, dl = (mr.pool(y, v, t, c, weights=n) for t, c in (("REML", "z"), ("REML", "HK"), ("DL", "z")))
    assert z.beta == pytest.approx(-0.23558201328809408, rel=1e-12) and z.se == pytest.approx(
        0.31596110053987875, rel=1e-8
    )
    assert hk.se == pytest.approx(0.31773654861533501, rel=1e-8)
    assert dl.se == pytest.approx(0.31375162408671409, rel=1e-10) and z.q == pytest.approx(
        152.23300808237329, rel=1e-12
    )
    mods = mr.pool(y, v, "DL", "z", moderators=BCG["ablat"], weights=n)
    np.testing.assert_allclose(mods.beta, [0.33964747660096356, -0.028069552450417291], rtol=1e-10)
    np.testing.assert_allclose(mods.se, [0.29993911913305499, 0.0094553595023987719], rtol=1e-10)
    np.testing.assert_allclose(z.weights, 100 * np.array(n) / sum(n), rtol=1e-12)
    same = mr.pool(y, v, "DL", "z", weights=1 / (np.array(v) + mr.pool(y, v, "DL").tau2))
    assert same.se == pytest.approx(mr.pool(y, v, "DL", "z").se, rel=1e-12)


@pytest.mark.parametrize("weights", [[-1] * 13, [0] * 13, [np.nan] * 13, ["a"] * 13, [1, 2]])
def test_impossible_weights_are_refused(weights):
    with pytest.raises(mr.DataError, match=r"[Ww]eight"):
        mr.pool(RR["yi"], RR["vi"], weights=weights)


@pytest.mark.parametrize("method", ["REML", "ML", "DL", "PM"])
def test_precise_studies_cost_no_digits(method):
    # Weights ten thousand million million apart; the same fit in exact rational arithmetic.
    y = [-0.19, -0.51, -0.44, 0.27, 0.85, -0.32, -0.12, 0.28]
    v = [1.25e-11, 0.0505, 0.011, 0.041, 0.039, 0.097, 0.048, 0.0163]
    x = [-0.703, 0.576, -0.309, -0.307, 0.899, -0.261, -1.275, 0.817]
    fit = mr.pool(y, v, method, "z", moderators=x)
    assert fit.converged
    w = [1 / Fraction(a) for a in v]
    design = [[Fraction(1), Fraction(a)] for a in x]
    s11, s12, s22 = (
        sum(wi * r[a] * r[b] for wi, r in zip(w, design, strict=True)) for a, b in ((0, 0), (0, 1), (1, 1))
    )
    determinant = s11 * s22 - s12 * s12
    z1, z2 = (sum(wi * r[a] * Fraction(yi) for wi, r, yi in zip(w, design, y, strict=True)) for a in (0, 1))
    b1, b2 = (s22 * z1 - s12 * z2) / determinant, (s11 * z2 - s12 * z1) / determinant
    q = sum(wi * (Fraction(yi) - b1 * r[0] - b2 * r[1]) ** 2 for wi, r, yi in zip(w, design, y, strict=True))
    assert fit.q == pytest.approx(float(q), rel=1e-9)
    if method == "DL":
        leverage = [
            wi * (r[0] ** 2 * s22 - 2 * r[0] * r[1] * s12 + r[1] ** 2 * s11) / determinant
            for wi, r in zip(w, design, strict=True)
        ]
        trace = sum(wi * (1 - h) for wi, h in zip(w, leverage, strict=True))
        assert fit.tau2 == pytest.approx(float((q - 6) / trace), rel=1e-9)
        assert 0 < fit.tau2_se < 1


def test_what_the_moderators_explain_in_full_leaves_no_standard_error():
    fit = mr.pool([1, 2, 3, 5], [1] * 4, moderators=[2001, 2002, 2003, 2005], ci="HK")
    assert np.isnan(fit.se).all() and np.isnan(fit.p_value).all()
    assert any(n.startswith("The moderators leave no residual: Hartung-Knapp has no standard error") for n in fit.notes)
    regression = mr.meta_regression([1, 2, 3, 5], [1] * 4, "x", {"x": [2001, 2002, 2003, 2005]}, ci="HK")
    assert np.isnan(regression.omnibus.statistic)


def test_levels_that_no_study_has_are_refused():
    regression = mr.meta_regression([1, 2, 3, 2.5, 4, 3.3], [0.1] * 6, "g", {"g": list("aabbcc")})
    with pytest.raises(mr.DataError, match=r"No study has g = 'z', so nothing is known of it. Levels: a, b, c."):
        regression.predict({"g": ["z"]})
    # A category of a study without effect alone is no category.
    assert mr.meta_regression([1, 2, 3, np.nan], [0.1] * 4, "g", {"g": list("aabc")}).names == ("Intercept", "g[T.b]")


@pytest.mark.parametrize("method", ["HE", "CA2", "DL2", "REML"])
def test_a_regression_over_many_studies_needs_no_square_matrix(method):
    rng = np.random.default_rng(6)
    x = rng.normal(size=30_000)
    fit = mr.pool(0.2 * x + rng.normal(0, 1, 30_000), np.full(30_000, 0.5), method, moderators=x)
    assert fit.beta[1] == pytest.approx(0.2, abs=5 * fit.se[1]) and fit.tau2 == pytest.approx(0.5, abs=5 * fit.tau2_se)


def test_moderators_and_their_tests():
    data = {**BCG, "year": np.array(BCG["year"]) - 1948}
    ours = mr.meta_regression(RR["yi"], RR["vi"], "ablat + I(ablat**2) + C(alloc) + ablat:year", data)
    assert ours.moderators == ("ablat", "alloc", "year")
    assert ours.categorical == {"alloc": ("alternate", "random", "systematic")}
    assert ours.terms_of("year") == ("ablat:year",) and len(ours.terms_of("ablat")) == 3
    columns = [i for i, name in enumerate(ours.names) if "ablat" in name]
    assert ours.test_moderator("ablat") == wald_test(ours.fit, columns) and ours.test_moderator("ablat").df1 == 3
    assert ours.test_moderator("alloc") == ours.test_term("C(alloc)")
    np.testing.assert_allclose(ours.design_at(data), ours.design)
    with pytest.raises(mr.ConfigError, match="no moderator 'latitude'"):
        ours.test_moderator("latitude")


def test_effect_sizes_need_no_place_for_variances():
    es = mr.EffectSizes(np.array([0.1, 0.3, 0.5, 0.8, 0.9]), np.array([0.02, 0.03, 0.02, 0.04, 0.03]), "SMD")
    data = {"dose": [1, 2, 3, 4, 5]}
    short, long = mr.meta_regression(es, "dose", data), mr.meta_regression(es, None, "dose", data)
    assert short.beta.tolist() == long.beta.tolist() and short.measure == "SMD"
    with pytest.raises(mr.ConfigError, match="A regression needs a formula and data"):
        mr.meta_regression(es, formula="dose")
