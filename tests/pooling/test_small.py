"""One study, two studies, missing and impossible numbers, options, subgroups."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

import metarepro as mr


def test_one_study_is_returned_as_it_is():
    fit = mr.pool([0.5], [0.04])
    assert (fit.beta, fit.k, fit.q, fit.q_df) == (0.5, 1, 0.0, 0)
    assert fit.se == pytest.approx(0.2)
    assert (fit.ci_low, fit.ci_high) == pytest.approx((0.5 - 0.2 * 1.959964, 0.5 + 0.2 * 1.959964), rel=1e-6)
    for name in ("tau2", "i2", "h2", "pi_low", "pi_high", "q_p"):
        assert math.isnan(getattr(fit, name)), name
    assert fit.notes == ("One study only: τ², I², H² and the prediction interval do not exist; intervals are normal.",)


def test_two_studies_have_no_hts_interval_but_a_t_interval():
    fit = mr.pool([0.1, 0.9], [0.02, 0.03])
    assert math.isnan(fit.pi_low) and fit.df == 1
    assert "needs at least 3 studies" in fit.notes[-2]
    assert fit.notes[-1] == "Two studies: the t interval with 1 df is very wide."
    assert math.isfinite(mr.pool([0.1, 0.9], [0.02, 0.03], pi="t").pi_low)


def test_pm_of_two_equal_variances_is_exact():
    # tau2 = (y1 - y2)^2 / 2 - v, in closed form; metafor's default stops at 0.040014 for 0.04.
    assert mr.pool([0.0, 0.4], [0.04, 0.04], tau2="PM").tau2 == pytest.approx(0.04, rel=1e-12)


def test_hartung_knapp_narrower_than_wald_is_said_and_mended_by_adhoc():
    yi, vi = [0.10, 0.11, 0.12, 0.10, 0.11, 0.12], [0.04] * 6
    hk, adhoc, wald = (mr.pool(yi, vi, ci=c) for c in ("HK", "HK-adhoc", "z"))
    assert hk.se < 0.1 * wald.se and adhoc.se == wald.se
    assert "The Hartung-Knapp interval is narrower than the Wald interval; HK-ci is not." in hk.notes
    assert hk.ci_high - hk.ci_low < wald.ci_high - wald.ci_low


def test_hartung_knapp_wider_than_wald_has_no_such_note():
    # The standard error is smaller, but t with 2 df makes the interval wider.
    yi, vi = [0.1, 0.4, 0.2], [0.05, 0.04, 0.06]
    hk, wald = mr.pool(yi, vi, ci="HK"), mr.pool(yi, vi, ci="z")
    assert hk.se < wald.se and hk.ci_high - hk.ci_low > wald.ci_high - wald.ci_low
    assert not any("narrower" in note for note in hk.notes)


def test_a_common_effect_has_no_prediction_interval():
    fit = mr.pool([1, 2, 3], [0.1] * 3, tau2="CE", ci="z")
    assert math.isnan(fit.pi_low) and "A common-effect model has no prediction interval." in fit.notes


def test_equal_effects_do_not_make_up_a_standard_error():
    fit = mr.pool([0.3] * 4, [0.1] * 4, ci="HK")
    assert math.isnan(fit.se) and math.isnan(fit.ci_low) and math.isnan(fit.p_value)
    assert (
        "All effects are equal: Hartung-Knapp has no standard error then, so there is no interval and no test; use HK-ci."
        in fit.notes
    )
    # The default shows the Wald interval then.
    wald, usual = mr.pool([0.3] * 4, [0.1] * 4, ci="z"), mr.pool([0.3] * 4, [0.1] * 4)
    assert (usual.ci_low, usual.ci_high, usual.p_value) == (wald.ci_low, wald.ci_high, wald.p_value)
    assert mr.pool([0.0] * 4, [0.1] * 4).p_value == 1


def test_a_common_effect_has_a_normal_interval_unless_told_otherwise():
    yi, vi = [0.1, 0.4, 0.2], [0.05, 0.04, 0.06]
    common, wald = mr.pool(yi, vi, tau2="CE"), mr.pool(yi, vi, tau2="CE", ci="z")
    assert (common.ci_low, common.ci_high) == (wald.ci_low, wald.ci_high)
    assert mr.pool(yi, vi).method.ci == "HK-ci" and common.method.ci == "z"


def test_missing_effects_are_dropped_with_a_note():
    fit = mr.pool([0.1, np.nan, 0.3], [0.1, 0.1, 0.1])
    assert fit.k == 2 and fit.weights[1] == 0
    assert fit.notes[0] == "Dropped, because yi or vi is missing: row 1 (counted from 0)."


@pytest.mark.parametrize(
    ("yi", "vi", "message"),
    [
        ([0.1, 0.2], [0.1, 0.0], "vi is not positive and finite in row 1 (counted from 0). Give the squared standard "
         "error."),
        ([0.1, 0.2], [-0.1, 0.1], "vi is not positive and finite in row 0 (counted from 0). Give the squared standard "
         "error."),
        ([np.inf, 0.2], [0.1, 0.1], "yi is infinite in row 0 (counted from 0). Give finite effects on the working "
         "scale (log for ratios)."),
        ([0.1, 0.2], [0.1, 0.1, 0.1], "yi (2,), vi (3,) do not fit together; the last axis is studies."),
        ([], [], "There is no study: yi is empty."),
        ([np.nan], [0.1], "There is no study with a usable effect."),
        (["a"], [0.1], "yi holds something that is not a number."),
    ],
)  # fmt: skip
def test_impossible_input_is_refused(yi, vi, message):
    with pytest.raises(mr.DataError) as error:
        mr.pool(yi, vi)
    assert str(error.value) == message


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"tau2": "REML "}, "tau2 = 'REML ' is not known. Did you mean 'REML'? Allowed: CE, DL, DL2, HE, CA,"),
        ({"ci": "hk"}, "ci = 'hk' is not known."),
        ({"pi": "riley"}, "pi = 'riley' is not known."),
        ({"level": 95}, "level = 95 must lie between 0 and 1 (0.95, not 95)."),
    ],
)
def test_unknown_options_are_refused(options, message):
    with pytest.raises(mr.ConfigError) as error:
        mr.pool([0.1, 0.2], [0.1, 0.1], **options)
    assert str(error.value).startswith(message)


def test_a_constant_moderator_is_refused():
    with pytest.raises(mr.DataError) as error:
        mr.pool([0.1, 0.2, 0.3], [0.1, 0.1, 0.1], moderators=[[2, 3], [1, 3], [5, 3]])
    assert str(error.value) == (
        "The design has no full column rank: column 1 of moderators (counted from 0) is the same in all studies. "
        "Fix: leave it out."
    )


LEVELLED = {
    "pool": lambda level: mr.pool([0.1, 0.2], [0.1, 0.1], level=level),
    "pool_subgroups": lambda level: mr.pool_subgroups([0.1, 0.2], [0.1, 0.1], ["a", "b"], level=level),
    "meta_regression": lambda level: mr.meta_regression([0.1, 0.2, 0.5], [0.1] * 3, "x", {"x": [1, 2, 4]}, level=level),
    "heterogeneity_interval": lambda level: mr.heterogeneity_interval([0.1, 0.2], [0.1, 0.1], level=level),
    "mantel_haenszel": lambda level: mr.mantel_haenszel([1, 2], [9, 9], [3, 4], [9, 9], level=level),
    "peto": lambda level: mr.peto([1, 2], [9, 9], [3, 4], [9, 9], level=level),
    "glmm": lambda level: mr.glmm(e=[1, 2], n=[9, 9], level=level),
    "effect_sizes": lambda level: mr.effect_sizes("GEN", estimate=[1], ci_low=[0], ci_high=[2], level=level),
    "log_hr_from_ci": lambda level: mr.conversions.log_hr_from_ci(0.7, 0.5, 0.98, level),
    "sd_from_ci": lambda level: mr.conversions.sd_from_ci(1, 2, 20, level),
}


@pytest.mark.parametrize("function", LEVELLED.values(), ids=LEVELLED)
def test_alpha_is_no_level(function):
    for level in (0.05, np.float64(0.05), 0.1):
        with pytest.raises(mr.ConfigError) as error:
            function(level)
        assert str(error.value) == (
            f"level = {level:g} would make {100 * level:g}% intervals. Fix: did you mean {1 - level:g}? Allowed: 0.5 "
            "or more, below 1."
        )
    function(0.5)


def test_q_profile_of_too_equal_effects_is_zero_and_says_so():
    interval = mr.heterogeneity_interval([0.3] * 6, [0.1] * 6)
    assert interval.tau2 == (0.0, 0.0) and "[0, 0]" in interval.notes[0]


def test_q_profile_of_one_study_does_not_exist():
    interval = mr.heterogeneity_interval([0.3], [0.1])
    assert math.isnan(interval.tau2.low) and interval.notes == ("No interval of tau2: it needs at least 2 studies.",)


def test_subgroups_are_separate_fits_and_their_q_adds_up():
    yi, vi = [0.1, 0.2, 0.15, 0.8, 0.9, 1.3], [0.02, 0.03, 0.01, 0.02, 0.05, 0.04]
    found = mr.pool_subgroups(yi, vi, ["a", "a", "a", "b", "b", "b"], tau2="CE", ci="z")
    total = mr.pool(yi, vi, tau2="CE", ci="z")
    # With a common effect Q splits exactly: total = within + between.
    assert found.test.q == pytest.approx(total.q - sum(f.q for f in found.fits), rel=1e-10)
    assert (found.test.df, found.levels) == (1, ("a", "b"))
    assert found.fits[1].beta == mr.pool(yi[3:], vi[3:], tau2="CE", ci="z").beta


def test_a_subgroup_of_one_study_is_noted():
    found = mr.pool_subgroups([0.1, 0.2, 0.9], [0.1, 0.1, 0.1], ["a", "a", "b"])
    assert found.test.notes == () and found.test.df_residual == 1
    apart = mr.pool_subgroups([0.1, 0.2, 0.9], [0.1, 0.1, 0.1], ["a", "a", "b"], tau2_common=False)
    assert apart.test.notes == ("One study only in b: its τ² is taken as 0 in the test.",)
    singles = mr.pool_subgroups([0.1, 0.9], [0.1, 0.1], ["a", "b"])
    assert math.isnan(singles.test.p) and singles.test.notes == (
        "No test: every subgroup has one study, and nothing tells how studies of one differ.",
    )


def test_subgroups_share_tau2_and_are_tested_by_f():
    yi, vi = [0.1, 0.5, 0.15, 0.8, 0.2, 1.3, 0.4], [0.02, 0.03, 0.01, 0.02, 0.05, 0.04, 0.03]
    groups = ["a", "a", "a", "b", "b", "b", "c"]
    found = mr.pool_subgroups(yi, vi, groups)
    whole = mr.meta_regression(yi, vi, "g", {"g": groups}, ci="HK")
    assert found.test.statistic == pytest.approx(whole.omnibus.statistic, rel=1e-9)
    assert (found.test.df, found.test.df_residual) == (2, 4.0)
    assert found.test.p == pytest.approx(whole.omnibus.p_value, rel=1e-9)
    assert [f.tau2 for f in found.fits[:2]] == pytest.approx([whole.tau2] * 2, rel=1e-9)
    assert all(f.method.tau2 == "REML" for f in found.fits)
    equal = mr.pool_subgroups([0.1, 0.1, 0.5, 0.5], [0.1] * 4, ["a", "a", "b", "b"])
    assert math.isnan(equal.test.p) and "equal, so that they have no error" in equal.test.notes[0]


MISSING = {"None": None, "NaN": math.nan, "NA": pd.NA, "NaT": pd.NaT, "masked": np.ma.masked, "blank": "  "}


@pytest.mark.parametrize("missing", MISSING.values(), ids=MISSING)
def test_a_subgroup_without_a_name_is_refused_with_its_row(missing):
    said = r"^The subgroup is missing in row 2 \(counted from 0\)\. Fix: name it, or leave the study out\.$"
    groups = ["a", "a", missing, "b"]
    with pytest.raises(mr.DataError, match=said):
        mr.pool_subgroups([0.1, 0.3, 0.9, 0.5], [0.04] * 4, groups)
    # Of a study without an effect as well, and in figures.
    with pytest.raises(mr.DataError, match=said):
        mr.figures.forest(mr.pool([0.1, 0.3, np.nan, 0.5], [0.04] * 4), measure="MD", groups=groups)


def test_a_subgroup_without_an_effect_is_of_no_study_and_not_tested():
    found = mr.pool_subgroups([0.1, 0.3, np.nan, 0.5, 0.9], [0.04] * 5, ["a", "a", "b", "c", "c"])
    without = mr.pool_subgroups([0.1, 0.3, 0.5, 0.9], [0.04] * 4, ["a", "a", "c", "c"])
    assert found.sizes == {"a": 2, "b": 0, "c": 2} and found.levels == ("a", "c")
    assert (found.test.q, found.test.df, found.test.p) == (without.test.q, 1, without.test.p)
    assert found.test.notes == ("No study with an effect in b: k = 0, and not in the test.",)
    assert without.test.notes == ()
    with pytest.raises(mr.DataError, match="There is no study with a usable effect"):
        mr.pool_subgroups([np.nan], [0.04], ["a"])


def test_a_study_without_a_name_is_refused_with_its_row():
    with pytest.raises(mr.DataError) as error:
        mr.effect_sizes("OR", e1=[1, 2], n1=[9, 9], e2=[3, 4], n2=[9, 9], labels=["Ash", None])
    assert str(error.value) == "The label is missing in row 1 (counted from 0). Fix: name the study."


def test_one_subgroup_has_nothing_to_test():
    found = mr.pool_subgroups([0.1, 0.2], [0.1, 0.1], ["a", "a"])
    assert math.isnan(found.test.p) and found.test.notes == ("One subgroup only: nothing to test.",)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: mr.pool(np.zeros((0, 3)), np.ones((0, 3))), "There is no problem in a batch of shape"),
        (lambda: mr.pool([1, 2.0], [1, 1], moderators=3), "moderators must have one row a study"),
        (lambda: mr.pool([1, 2.0], [1, 1], moderators=np.zeros((2, 0))), "moderators has no column"),
        (
            lambda: mr.pool([1, 2.0, 3], [1] * 3, moderators=[1, 2, 3], weights=[0, 0, 1]),
            "Too few studies have a weight",
        ),
        (lambda: mr.pool([1, 2.0], [1, 1], level="0.95"), "level = '0.95' must lie between 0 and 1"),
        (lambda: mr.pool([1, 2.0], [1, 1], level=None), "level = None must lie between 0 and 1"),
        (lambda: mr.pool([1, 2.0], [1, 1], tau2=["REML"]), "is not known. Did you mean 'REML'?"),
        (lambda: mr.pool([1, 2.0, 3], [1] * 3, pi="NNF", seed=-1), "seed = -1 must be a whole number, 0 or more"),
        (lambda: mr.heterogeneity_interval([1, 2.0], [1, 1], level="0.9"), "level = '0.9' must lie between 0 and 1"),
        (lambda: mr.set_engine(compiled="yes"), "compiled = 'yes' is not known. Allowed: True, False, None."),
        (
            lambda: mr.meta_regression([1, 2.0, 3], [1] * 3, "y ~ x", {"x": [1, 2, 4], "y": [1, 2, 3]}),
            "Give the right-hand side only",
        ),
    ],
)
def test_options_of_the_wrong_kind_are_refused_in_our_words(call, message):
    with pytest.raises(mr.MetareproError) as error:
        call()
    assert message in str(error.value)


def test_equal_effects_have_a_bootstrap_interval():
    fit = mr.pool([0.3] * 5, [0.1, 0.2, 0.1, 0.1, 0.1], pi="NNF")
    assert fit.pi_low == pytest.approx(0.3) and fit.pi_high == pytest.approx(0.3)


def test_results_can_be_compared_with_anything():
    fit = mr.pool([0.1, 0.3], [0.1, 0.1])
    assert fit == fit and (fit == 3) is False
