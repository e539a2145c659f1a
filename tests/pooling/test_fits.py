"""What every fit can do, whatever its model: print, tabulate, predict, map to the reader's scale; and how it is asked for."""

from __future__ import annotations

import pickle
import re
from collections import defaultdict

import numpy as np
import pandas as pd
import pytest

import metarepro as mr
from metarepro.notes import SENTENCES, Note
from metarepro.pooling.inference import CI_METHODS, PI_METHODS
from metarepro.pooling.tau2 import ESTIMATORS
from tests.conftest import REFERENCE

RR = next(c for c in REFERENCE["cases"] if c["id"] == "dat.bcg/RR")
Y, V = np.array(RR["yi"]), np.array(RR["vi"])
ABLAT = np.array([44, 55, 42, 52, 13, 44, 19, 13, 27, 42, 18, 33, 33.0])
COUNTS = {"e1": [12, 5, 9], "n1": [17, 20, 30], "e2": [3, 4, 2], "n2": [17, 21, 31]}
NAMES = ["Zarate", "Murrough", "Feder"]
FRAME = pd.DataFrame({**COUNTS, "yi": Y[:3], "vi": V[:3], "dose": [0.1, 0.5, 1.0], "who": NAMES})


def fits() -> dict[str, object]:
    return {
        "inverse variance": mr.pool(Y, V, measure="RR"),
        "regression": mr.pool("yi", "vi", data={"yi": Y, "vi": V, "ablat": ABLAT}, moderators="ablat"),
        "Mantel-Haenszel": mr.mantel_haenszel(**COUNTS),
        "Peto": mr.peto(**COUNTS),
        "binomial-normal": mr.glmm("PLO", e=COUNTS["e1"], n=COUNTS["n1"]),
    }


# -- ways to ask ---------------------------------------------------------------------------------------------------


def test_effect_sizes_columns_and_standard_errors_are_the_same_problem():
    es = mr.effect_sizes("OR", **COUNTS, labels=NAMES)
    by_name = mr.effect_sizes("OR", e1="e1", n1="n1", e2="e2", n2="n2", data=FRAME, labels="who")
    assert es == by_name and by_name.labels == tuple(NAMES)
    plain = mr.pool(es.yi, es.vi)
    frame = pd.DataFrame({"y": es.yi, "v": es.vi, "s": np.sqrt(es.vi)})
    same = [
        mr.pool(es),
        mr.pool("y", "v", data=frame),
        mr.pool(es.yi, se=np.sqrt(es.vi)),
        mr.pool("y", se="s", data=frame),
    ]
    for fit in same:
        assert fit.beta == pytest.approx(plain.beta, rel=1e-12) and fit.tau2 == pytest.approx(plain.tau2, rel=1e-9)
    assert mr.pool(es).measure == "OR" and plain.measure == "GEN"


def test_cells_of_a_table_are_counts_and_totals():
    cells = mr.effect_sizes("OR", a=[12, 5, 9], b=[5, 15, 21], c=[3, 4, 2], d=[14, 17, 29])
    np.testing.assert_array_equal(cells.yi, mr.effect_sizes("OR", **COUNTS).yi)


def test_a_formula_in_pool_is_a_regression():
    data = {"y": Y, "v": V, "ablat": ABLAT}
    fit = mr.pool("y", "v", data=data, moderators="ablat", tau2="DL", ci="z")
    expected = mr.meta_regression(Y, V, "ablat", data, tau2="DL", ci="z")
    assert isinstance(fit, mr.MetaRegression) and fit.beta.tolist() == expected.fit.beta.tolist()
    assert fit.tau2 == expected.fit.tau2 and fit.method.tau2 == "DL"
    by_arrays = mr.pool(Y, V, moderators=ABLAT, tau2="DL", ci="z")
    np.testing.assert_allclose(by_arrays.predict([30.0]).estimate, fit.predict({"ablat": [30.0]}).estimate, rtol=1e-12)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"ci": "knha"}, "ci = 'knha' is not known. Did you mean 'HK'?"),
        ({"tau2": "reml"}, "tau2 = 'reml' is not known. Did you mean 'REML'?"),
        ({"tau2": "FE"}, "tau2 = 'FE' is not known. Did you mean 'CE'?"),
        ({"method": "REML"}, "pool does not take method. Did you mean tau2?"),
        ({"test": "knha"}, "pool does not take test. Did you mean ci?"),
        ({"tau": 1}, "pool does not take tau. Did you mean tau2?"),
        ({"tau2": -1.0}, "tau2 = -1.0 must be 0 or more."),
        ({"pi": "boot"}, "pi = 'boot' is not known. Did you mean 'NNF'?"),
    ],
)
def test_what_other_programs_say_leads_to_the_right_word(options, message):
    with pytest.raises(mr.ConfigError) as error:
        mr.pool(Y, V, **options)
    assert str(error.value).startswith(message)


def test_columns_that_are_not_there_are_named_with_the_nearest():
    with pytest.raises(mr.DataError, match=r"data has no column 'yii'\. Did you mean 'yi'\?"):
        mr.pool("yii", "vi", data=FRAME)
    with pytest.raises(mr.DataError, match="names a column, but there is no data"):
        mr.pool("yi", "vi")
    with pytest.raises(mr.DataError, match="Give the sampling variances vi, or the standard errors se"):
        mr.pool(Y)
    with pytest.raises(mr.DataError, match="There are 2 labels for 3 studies"):
        mr.effect_sizes("OR", **COUNTS, labels=["a", "b"])


def test_every_function_takes_effect_sizes_and_names_of_columns():
    es = mr.effect_sizes("OR", **COUNTS, labels=NAMES)
    for function in (mr.mantel_haenszel, mr.peto):
        by_name = function("e1", "n1", "e2", "n2", data=FRAME, labels="who")
        assert by_name.studies.labels == es.labels and function(es).beta == by_name.beta == function(**COUNTS).beta
    arms = mr.effect_sizes("PLO", e="e1", n="n1", data=FRAME, labels="who")
    assert mr.glmm(arms).beta == mr.glmm(e="e1", n="n1", data=FRAME).beta and mr.glmm(arms).studies.labels == es.labels
    assert mr.heterogeneity_interval(es) == mr.heterogeneity_interval(es.yi, es.vi)
    assert mr.permutation_test(es).p_value == mr.permutation_test(es.yi, es.vi).p_value
    groups = mr.pool_subgroups(es, groups="who", data=FRAME)
    assert groups.levels == tuple(NAMES)
    assert mr.meta_regression(es, None, "dose", FRAME).measure == "OR"


def test_what_was_done_to_the_numbers_belongs_to_the_result():
    es = mr.effect_sizes("OR", e1=[0, 4, 0], n1=[10, 20, 30], e2=[1, 2, 0], n2=[11, 20, 30])
    assert mr.pool(es).notes[0] == "0.5 added to all cells of rows 0, 2."
    assert [n.code for n in mr.mantel_haenszel(es).notes] == ["double_zero_weightless"]
    weighted = mr.pool(es, weights=[1, 2, 3])
    assert weighted.to_dict()["weights_by"] == "given" and "weights as given" in str(weighted.summary())


def test_a_given_tau2_has_no_interval_and_explains_nothing():
    given = mr.pool(Y, V, tau2=0.3)
    assert np.isnan(given.heterogeneity.components[0].low) and "τ² as given" in str(given.summary())
    regression = mr.pool("y", "v", data={"y": Y, "v": V, "x": ABLAT}, moderators="x", tau2=0.1)
    assert np.isnan(regression.r2) and "no_r2" in {n.code for n in regression.notes}


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: mr.pool(1.0, 0.1), "yi is a single number. Fix: give one a study, as a list or an array."),
        (lambda: mr.pool([1, "x"], [1, 1]), "yi holds something that is not a number. Row 1 (counted from 0) is 'x'."),
        (lambda: mr.pool([1, 2], se=[0.1, 0]), "se is not positive in row 1 (counted from 0)."),
        (lambda: mr.pool(TE=[1, 2]), "pool does not take TE. Did you mean yi?"),
        (lambda: mr.effect_sizes("OR", ai=[1], bi=[2], ci=[3], di=[4]), "OR does not take ai, bi, ci, di. Did you mean a, b, c, d?"),
        (lambda: mr.pool("y", "v", data=[{"y": 1}]), "data is no table of columns."),
        (lambda: mr.pool_subgroups(Y[:3], V[:3], ["a", None, "b"]), "The subgroup is missing in row 1 (counted from 0)."),
        (lambda: mr.pool(Y, V).predict([[1.0]]), "The fit has no moderators."),
        (lambda: mr.pool("yi", "vi", data=FRAME, moderators="dose", intercept=False), "A formula says itself whether it has an intercept."),
        (lambda: mr.glmm(e="e1", n="n1"), "e = 'e1' names a column, but there is no data."),
    ],
)  # fmt: skip
def test_slips_lead_to_what_is_meant(call, message):
    with pytest.raises(ValueError) as error:
        call()
    assert str(error.value).startswith(message)


def test_other_codes_and_given_values():
    assert mr.pool(Y, V, tau2="CA").tau2 == mr.pool(Y, V, tau2="HE").tau2
    assert mr.pool(Y, V, pi="bootstrap").pi_low == mr.pool(Y, V, pi="NNF").pi_low
    reml = mr.pool(Y, V)
    given = mr.pool(Y, V, tau2=reml.tau2)
    assert (given.beta, given.se, given.i2) == pytest.approx((reml.beta, reml.se, reml.i2), rel=1e-12)
    assert given.method.tau2 == "given" and mr.pool(Y, V, tau2=0).beta == pytest.approx(mr.pool(Y, V, tau2="CE").beta)


# -- what a fit says -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", fits())
def test_every_fit_prints_tabulates_and_is_plain(model):
    fit = fits()[model]
    text = str(fit.summary())
    assert fit.method.model == ("inverse variance" if model == "regression" else model)
    assert "Heterogeneity:" in text and "Method:" in text and "p" in text.splitlines()[2]
    assert len(repr(fit)) < 160 and "array" not in repr(fit)
    html = fit._repr_html_()
    assert html.count("<tr>") == len(fit.summary().rows) + 1
    frame = fit.to_frame()
    assert frame.shape[0] == np.size(fit.beta) and np.array_equal(frame["beta"], np.ravel(fit.beta))
    plain = fit.to_dict()
    assert plain["k"] == fit.k and plain["ci_method"] == fit.method.ci
    assert pickle.loads(pickle.dumps(fit)).summary() == fit.summary()


def test_a_summary_shows_both_scales_and_where_new_studies_lie():
    fit = mr.pool(Y, V, measure="RR")
    rows = {row[0]: row for row in fit.summary().rows}
    assert rows["log risk ratio"][1] == "\u22120.7145" and rows["risk ratio"][1] == "0.4894"
    shown = fit.display()
    assert shown.estimate == np.exp(fit.beta) and shown.pi_low == np.exp(fit.pi_low)
    assert rows["95% prediction"][3] == "0.1341 to 1.786"
    assert "I² = 92.2%" in str(fit.summary()) and "Q = 152.2 (12 df, p <0.0001)" in str(fit.summary())


def test_a_batch_is_a_frame_with_a_row_a_problem():
    fit = mr.pool(Y, V, mask=~np.eye(13, dtype=bool))
    frame = fit.to_frame()
    assert frame.shape[0] == 13 and frame["tau2"].tolist() == fit.tau2.tolist()
    assert "13 fits" in repr(fit) and str(fit.summary()).startswith("13 fits of 12 studies")
    with pytest.raises(mr.DataError, match="A batch has no single prediction"):
        fit.predict()


def test_heterogeneity_is_in_named_parts():
    spread = mr.pool(Y, V).heterogeneity
    (component,) = spread.components
    interval = mr.heterogeneity_interval(Y, V)
    assert component.name == "between studies" and (component.low, component.high) == tuple(interval.tau2)
    assert mr.mantel_haenszel(**COUNTS).heterogeneity.components == ()
    assert mr.glmm("PLO", e=[1, 9, 3], n=[10, 11, 12]).heterogeneity.test == "LRT"


def test_a_later_change_of_the_arrays_changes_no_fit():
    es = mr.effect_sizes("OR", **COUNTS, labels=NAMES)
    fit = mr.pool(es)
    before = fit.to_dict(), fit.studies.yi.tolist()
    es.yi[:] = 0
    assert (fit.to_dict(), fit.studies.yi.tolist()) == before


def test_public_names_are_shown():
    assert {"pool", "effect_sizes", "glmm", "figures"} <= set(dir(mr)) and "annotations" not in dir(mr)


# -- the tables of methods -----------------------------------------------------------------------------------------


def test_every_row_of_the_tables_works_and_has_its_words():
    for code in ESTIMATORS:
        assert mr.pool(Y, V, tau2=code, ci="z").method.tau2 == code
    for code in CI_METHODS:
        assert mr.pool(Y, V, ci=code).method.ci == code and CI_METHODS[code].name in str(
            mr.pool(Y, V, ci=code).summary()
        )
    for code in PI_METHODS:
        assert np.isfinite(mr.pool(Y, V, pi=code).pi_low)
    codes = [
        c for table in (ESTIMATORS, CI_METHODS, PI_METHODS) for row in table.values() for c in (row.code, *row.meant)
    ]
    assert all(c == c.upper() or c in ESTIMATORS | CI_METHODS | PI_METHODS for c in codes)


def test_the_wider_interval():
    near = [0.1, 0.12, 0.11], [0.04, 0.05, 0.03]
    wald, hartung, wider = (mr.pool(*near, ci=ci) for ci in ("z", "HK", "HK-ci"))
    assert hartung.ci_high - hartung.ci_low < wald.ci_high - wald.ci_low
    for name in ("ci_low", "ci_high", "p_value", "se", "statistic"):
        assert getattr(wider, name) == getattr(wald, name)
    assert np.isnan(wider.df) and wider.notes[0].code == "wald_taken"
    far = mr.pool(Y, V, ci="HK-ci")
    assert (far.ci_low, far.p_value, far.df) == (mr.pool(Y, V).ci_low, mr.pool(Y, V).p_value, 12)
    both = mr.pool(np.stack([Y, np.linspace(0, 0.01, 13)]), V, ci="HK-ci")
    assert both.df[0] == 12 and np.isnan(both.df[1])


@pytest.mark.parametrize("seed", range(20))
def test_the_wider_interval_is_never_narrower_than_either(seed):
    rng = np.random.default_rng(seed)
    y, v = rng.normal(0, 0.3, 4), rng.uniform(0.01, 0.5, 4)
    ends = {ci: mr.pool(y, v, ci=ci) for ci in ("z", "HK", "HK-ci")}
    width = {ci: f.ci_high - f.ci_low for ci, f in ends.items()}
    assert width["HK-ci"] == max(width["z"], width["HK"])


def test_generalised_q_is_that_of_metafor():
    """rma(yi, vi, method="GENQ", weights=...), metafor 3.8-1, dat.bcg, log risk ratios."""
    fit = mr.pool(Y, V, tau2="GENQ", ci="z", weights=1 / np.sqrt(V))
    found = (fit.beta, fit.se, fit.tau2, fit.tau2_se, fit.i2, fit.h2)
    expected = (
        -0.588290806869733, 0.207394024674553, 0.315495514121575, 0.178373352846584, 92.2726234136137, 12.9410025358638,
    )  # fmt: skip
    assert found == pytest.approx(expected, rel=1e-10)
    assert mr.pool(Y, V, tau2="GENQ").tau2 == fit.tau2
    regression = mr.pool(Y, V, tau2="GENQ", ci="z", weights=1 / np.sqrt(V), moderators=ABLAT)
    assert (*regression.beta, *regression.se, regression.tau2, regression.tau2_se) == pytest.approx(
        (0.287608964153611, -0.0292711859265785, 0.31048690480831, 0.00878868128091588, 0.111170759500069,
         0.0827329621060287), rel=1e-10,
    )  # fmt: skip
    for weights, same in ((1 / V, "DL"), (np.ones(13), "HE")):
        assert mr.pool(Y, V, tau2="GENQ", weights=weights).tau2 == pytest.approx(
            mr.pool(Y, V, tau2=same).tau2, rel=1e-10
        )


def test_remarks_carry_their_code_and_survive_copies():
    fit = mr.pool(Y[:2], V[:2])
    assert [n.code for n in fit.notes] == ["prediction_needs_df", "two_studies"]
    again = pickle.loads(pickle.dumps(fit.notes[0]))
    assert (again, again.code, again.values) == (fit.notes[0], "prediction_needs_df", fit.notes[0].values)
    assert "Two studies: the t interval with 1 df is very wide." in fit.notes
    with pytest.raises(KeyError):
        Note("no_such_code")
    values = defaultdict(lambda: "x", r=0.1)
    assert all(callable(s) or "{" not in s.format_map(values) for s in SENTENCES.values())


def test_every_kind_of_fit_prints_tabulates_predicts_and_is_drawn():
    es = mr.effect_sizes(
        "OR", e1=[8, 12, 5, 9], n1=[20, 25, 17, 30], e2=[3, 5, 2, 6], n2=[21, 24, 18, 31], labels=list("ABCD")
    )
    study = [1, 1, 2, 3]
    fits = [
        mr.pool(es), mr.bayes(es), mr.multilevel(es, cluster=study), mr.pool(es).robust(study),
        mr.multilevel(es, cluster=study).robust(), mr.glmm(es), mr.glmm(es, model="UM.RS"), mr.glmm(es, model="BB"),
        mr.location_scale(es, scale=[0, 1, 0, 1]), mr.mantel_haenszel(es),
    ]  # fmt: skip
    for fit in fits:
        assert fit.measure == "OR" and str(fit.summary()).startswith("Odds ratio, ")
        assert fit.to_frame().loc["pooled effect", "beta"] == fit.beta == fit.to_dict()["beta"]
        assert fit.predict().estimate == fit.beta
        assert fit.display().estimate == pytest.approx(np.exp(fit.beta))
        words = [t.get_text() for t in mr.figures.forest(fit).findobj(match=lambda a: hasattr(a, "get_text"))]
        assert {"A", "B", "C", "D"} <= set(words)


def test_fits_of_several_effects_say_what_to_read_instead():
    net = mr.network_from_arms("OR", study=[1, 1, 2, 2], treatment=list("abac"), e=[5, 9, 4, 8], n=[20, 20, 22, 22])
    dose = mr.dose_response("OR", study=[1, 1, 1], dose=[0, 1, 2], e=[5, 10, 15], n=[30] * 3)
    two = mr.multivariate(
        [0.1, 0.3, 0.2, 0.6, 0.4, 0.5], [0.03] * 6, cluster=[1, 1, 2, 2, 3, 3], outcome=list("ababab")
    )
    fixes = {net: "Fix: fit.league().", dose: "Fix: fit.predict(doses).", two: "Fix: fit.to_frame()."}
    fixes[mr.leave_one_out(Y, V)] = "Fix: mr.figures.refit_rows shows a row a fit."
    for fit, fix in fixes.items():
        assert str(fit.summary()) and repr(fit)
        with pytest.raises(ValueError, match=re.escape(fix)):
            mr.figures.forest(fit)
    with pytest.raises(ValueError, match="A network has an effect for each pair"):
        net.predict()


def test_a_multilevel_regression_predicts_at_values_of_its_moderators():
    yi, vi = [0.1, 0.3, 0.2, 0.6, 0.4, 0.8], [0.03, 0.03, 0.05, 0.04, 0.02, 0.06]
    fit = mr.multilevel(yi, vi, cluster=[1, 1, 2, 2, 3, 4], moderators=[1, 2, 1, 3, 2, 4])
    at = fit.predict([[2.0]])
    x = np.array([1.0, 2.0])
    assert at.estimate[0] == pytest.approx(x @ fit.beta) and at.se[0] == pytest.approx((x @ fit.covariance @ x) ** 0.5)
    with pytest.raises(ValueError, match="3 moderators for the 1 of the fit: moderator 1"):
        fit.predict([[1, 2, 3]])
    with pytest.raises(ValueError, match="predict takes numbers here, a column each: moderator 1"):
        fit.predict({"x": [2.0]})


NAMED = [f"Trial {chr(97 + i)}" for i in range(13)]


def test_data_in_another_order_than_the_effects_are_refused():
    es = mr.EffectSizes(np.asarray(Y), np.asarray(V), "RR", labels=tuple(NAMED))
    data = {"trial": NAMED[::-1], "x": np.arange(13.0)}
    with pytest.raises(
        mr.DataError, match=r"row 0 \(counted from 0\) is Trial m in the column trial, and Trial a among the effects"
    ):
        mr.pool(es, data=data, moderators="x")
    # Where one column has the names in the order of the effects, another that holds the same words is no matter.
    again = mr.pool(es, data={**data, "named": NAMED}, moderators="x")
    assert again.beta[1] == mr.pool(es, data={"x": data["x"]}, moderators="x").beta[1]


def test_subgroups_keep_measure_and_names_and_show_ratios():
    es = mr.EffectSizes(np.asarray(Y), np.asarray(V), "RR", labels=tuple(NAMED))
    groups = ["a", "b"] * 6 + ["a"]
    found = mr.pool_subgroups(es, groups)
    assert found.fits[0].display().estimate == np.exp(found.fits[0].beta) and found.fits[1].studies.labels == tuple(
        NAMED[1::2]
    )
    same = mr.pool_subgroups(es.yi, es.vi, groups)
    assert [f.beta for f in found.fits] == [f.beta for f in same.fits]


def test_a_tau2_that_subgroups_share_has_no_interval_of_one_of_them():
    groups = ["a", "b"] * 6 + ["a"]
    shared, own = (mr.pool_subgroups(Y, V, groups, tau2_common=common).fits for common in (True, False))
    assert shared[0].tau2 == shared[1].tau2 and own[0].tau2 != own[1].tau2
    for fit in shared:
        h = fit.heterogeneity
        assert (
            np.isnan([h.components[0].low, h.components[0].high, h.i2_low, h.i2_high]).all()
            and h.components[0].tau2 == fit.tau2
        )
    assert own[0].heterogeneity.components[0].high > own[0].tau2


def test_trim_and_fill_keeps_measure_and_names_the_filled():
    es = mr.EffectSizes(
        np.array([0.1, 0.2, 0.25, 0.6, 0.9, 1.2]),
        np.array([0.01, 0.02, 0.02, 0.1, 0.2, 0.3]),
        "RR",
        labels=tuple("abcdef"),
    )
    found = mr.trim_and_fill(es, tau2="CE")
    assert found.fit.display().estimate == np.exp(found.fit.beta) and found.observed.studies.labels == tuple("abcdef")
    assert found.fit.studies.labels == (*"abcdef", "filled 1", "filled 2", "filled 3")


def test_a_fit_in_the_place_of_effects_is_told():
    fit = mr.pool(Y, V)
    for function in (
        mr.pool,
        mr.leave_one_out,
        mr.egger,
        mr.trim_and_fill,
        mr.heterogeneity_interval,
        mr.gosh,
        mr.multilevel,
    ):
        options = {"cluster": [1]} if function is mr.multilevel else {}
        with pytest.raises(mr.ConfigError, match=r"That is a fit\. Fix: give the effect sizes, or yi and vi"):
            function(fit, **options)


def test_counts_of_effect_sizes_are_pooled_by_the_measure_that_is_asked_for():
    counts = {"e1": [4, 6], "n1": [123, 306], "e2": [11, 29], "n2": [139, 303]}
    es = mr.effect_sizes("RR", **counts)
    assert mr.mantel_haenszel(es).measure == "RR"
    assert mr.mantel_haenszel(es, measure="OR").beta == mr.mantel_haenszel(**counts).beta != mr.mantel_haenszel(es).beta


def test_words_of_metafor_for_events_and_totals():
    with pytest.raises(mr.ConfigError, match="Did you mean e1, e2, n1, n2"):
        mr.effect_sizes("RR", ai=[4], n1i=[10], ci=[2], n2i=[12])
    with pytest.raises(mr.ConfigError, match="Did you mean a, b, c, d"):
        mr.effect_sizes("RR", ai=[4], bi=[10], ci=[2], di=[12])


def test_a_masked_or_missing_subgroup_is_refused():
    groups = np.ma.masked_array(["a", "a", "b"] * 4 + ["b"], [1] + [0] * 12)
    with pytest.raises(mr.DataError, match="The subgroup is missing in row 0"):
        mr.pool_subgroups(Y, V, groups)
    with pytest.raises(
        mr.DataError, match=r"The subgroup of each study is missing\. Fix: pool_subgroups\(es, groups\)"
    ):
        mr.pool_subgroups(Y, V, None)


def test_subgroups_are_those_of_one_set_of_studies():
    with pytest.raises(mr.DataError, match="Subgroups are those of one set of studies, not of a batch"):
        mr.pool_subgroups(np.stack([Y, Y]), np.stack([V, V]), ["a", "b"] * 13)
