"""Effect sizes: reference values, zero cells, impossible numbers, properties."""

from __future__ import annotations

import csv
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import ndtr

import metarepro as mr
from metarepro.effects import MEASURES, from_display, get_measure, to_display
from metarepro.effects.generic import se_from_p
from metarepro.effects.means import hedges_j
from metarepro.effects.proportions import proportion_interval
from tests.conftest import REFERENCE, ROOT

CASES = {c["id"]: c for c in REFERENCE["cases"]}


def columns(case):
    i = {k: np.array(v, float) for k, v in case["inputs"].items()}
    if case["kind"] == "2x2":
        return {"e1": i["ai"], "n1": i["ai"] + i["bi"], "e2": i["ci"], "n2": i["ci"] + i["di"]}
    if case["kind"] == "means":
        return {f"{a}{b}": i[f"{a}{b}i"] for a in ("m", "sd", "n") for b in "12"}
    return {"e": i["xi"], "n": i["ni"]}


@pytest.mark.parametrize(
    "name",
    ["dat.bcg/OR", "dat.bcg/RR", "dat.bcg/RD", "dat.normand1999/MD", "dat.normand1999/SMD", "dat.pritz1997/PLO",
     "dat.pritz1997/PR"],
)  # fmt: skip
def test_agrees_with_metafor_to_1e10(name):
    case = CASES[name]
    es = mr.effect_sizes(case["measure"], **columns(case))
    np.testing.assert_allclose(es.yi, case["yi"], rtol=1e-10, atol=1e-14)
    np.testing.assert_allclose(es.vi, case["vi"], rtol=1e-10)


def test_exact_j_not_the_approximation():
    # Hedges 1981, table of the exact factor; the approximation 1 - 3/(4m - 1) gives 0.5714 and 0.92308.
    np.testing.assert_allclose(hedges_j(np.array([2.0, 10.0])), [0.5641895835477563, 0.9227456], rtol=1e-7)
    assert np.isnan(hedges_j(np.array([1.0]))[0])
    # To 16 digits by mpmath at 50 digits: gamma(m/2) / (sqrt(m/2) gamma((m-1)/2)).
    exact = {
        100: 0.992478054981444867,
        101: 0.992552745487461879,
        1000: 0.999249781179716368,
        10**6: 0.99999924999978125,
    }
    for m, value in exact.items():
        assert hedges_j(np.array([float(m)]))[0] == pytest.approx(value, rel=2e-14)


def test_zero_cell_gets_half_in_that_study_only():
    es = mr.effect_sizes("OR", e1=[0, 5], n1=[10, 10], e2=[3, 5], n2=[12, 10])
    assert es.yi[0] == pytest.approx(np.log((0.5 / 10.5) / (3.5 / 9.5)))
    assert es.vi[0] == pytest.approx(1 / 0.5 + 1 / 10.5 + 1 / 3.5 + 1 / 9.5)
    assert (es.yi[1], es.vi[1]) == pytest.approx((0, 4 / 5))
    assert es.flags["corrected"].tolist() == [True, False]
    assert es.notes == ("0.5 added to all cells of row 0.",)


@pytest.mark.parametrize(
    ("to", "expected"), [("all", [True, True]), ("if_any_zero", [True, True]), ("only_zero", [True, False])]
)
def test_correction_reaches_the_tables_asked_for(to, expected):
    es = mr.effect_sizes("RR", e1=[0, 5], n1=[10, 10], e2=[3, 5], n2=[12, 10], correction_to=to)
    assert es.flags["corrected"].tolist() == expected


def test_without_correction_a_zero_cell_has_no_effect_and_says_so():
    es = mr.effect_sizes("OR", e1=[0, 5], n1=[10, 10], e2=[3, 4], n2=[12, 10], correction_to="none")
    assert np.isnan(es.yi[0]) and np.isnan(es.vi[0]) and np.isfinite(es.yi[1])
    assert "row 0" in es.notes[0]


def test_double_zero_is_kept_by_default_and_dropped_on_demand():
    numbers = {"e1": [0, 4], "n1": [20, 20], "e2": [0, 2], "n2": [20, 20]}
    kept = mr.effect_sizes("OR", **numbers)
    # Equal arms: log OR 0; metafor keeps it too (drop00 = FALSE), with variance 4.1.
    assert (kept.yi[0], kept.vi[0]) == pytest.approx((0, 2 * (1 / 0.5 + 1 / 20.5)))
    dropped = mr.effect_sizes("OR", **numbers, drop_double_zero=True)
    assert np.isnan(dropped.yi[0]) and dropped.notes[-1] == "Double-zero studies dropped: row 0."


def test_a_dropped_study_makes_no_other_be_corrected():
    es = mr.effect_sizes(
        "OR", e1=[0, 3], n1=[10, 10], e2=[0, 2], n2=[12, 11], correction_to="if_any_zero", drop_double_zero=True
    )
    assert es.yi[1] == pytest.approx(np.log((3 / 7) / (2 / 9))) and not es.flags["corrected"].any()


def test_risk_difference_never_has_variance_zero():
    es = mr.effect_sizes("RD", e1=[0], n1=[20], e2=[0], n2=[20])
    assert es.yi[0] == 0 and es.vi[0] > 0


@pytest.mark.parametrize(
    ("measure", "numbers", "message"),
    [
        (
            "OR",
            {"e1": [3, 71], "n1": [10, 17], "e2": [1, 2], "n2": [10, 17]},
            "e1 is larger than n1 in row 1 (counted from 0; row 1: e1 = 71, n1 = 17). "
            "Give a whole number from 0 to n1.",
        ),
        (
            "RR",
            {"e1": [-1], "n1": [10], "e2": [1], "n2": [10]},
            "e1 is negative in row 0 (counted from 0; row 0: e1 = -1, n1 = 10). Give a whole number from 0 to n1.",
        ),
        (
            "PLO",
            {"e": [1], "n": [0]},
            "n is not positive in row 0 (counted from 0; row 0: e = 1, n = 0). Give the number of patients, 1 or more.",
        ),
        (
            "SMD",
            {"m1": [1], "sd1": [-2], "n1": [10], "m2": [0], "sd2": [1], "n2": [10]},
            "sd1 is negative in row 0 (counted from 0; row 0: m1 = 1, sd1 = -2, n1 = 10). "
            "A standard deviation is 0 or more.",
        ),
        (
            "MD",
            {"m1": [1], "sd1": [0], "n1": [10], "m2": [0], "sd2": [0], "n2": [10]},
            "The SD is 0 in both arms, so the effect has no sampling variance, in row 0 (counted from 0; row 0: "
            "sd1 = 0, sd2 = 0). Check the SDs, or leave the study out with a reason.",
        ),
        (
            "GEN",
            {"estimate": [0.5], "ci_low": [0.9], "ci_high": [0.1]},
            "ci_low is not below ci_high in row 0 (counted from 0; row 0: ci_low = 0.9, estimate = 0.5, "
            "ci_high = 0.1). Are the bounds swapped?",
        ),
        (
            "GEN",
            {"estimate": [0.5], "se": [0]},
            "se is not positive in row 0 (counted from 0; row 0: se = 0). Give a standard error > 0.",
        ),
        (
            "GEN",
            {"estimate": [0.5]},
            "GEN needs one of: se; variance; ci_low with ci_high; p_value; t_value.",
        ),
        (
            "GEN",
            {"estimate": [0.5], "t_value": [-2]},
            "t_value and estimate differ in sign in row 0 (counted from 0; row 0: estimate = 0.5, t_value = -2). "
            "Check the direction.",
        ),
        (
            "HR",
            {"hr": [0.7], "ci_low": [0.8], "ci_high": [2.0]},
            "The estimate lies outside its interval in row 0 (counted from 0; row 0: ci_low = 0.8, hr = 0.7, "
            "ci_high = 2). Is one of the three on another scale?",
        ),
        (
            "HR",
            {"hr": [-0.4], "se": [0.2]},
            "hr is not positive in row 0 (counted from 0; row 0: hr = -0.4). Give the ratio itself, not its log.",
        ),
        (
            "MPORM",
            {"e1": [11], "e2": [9], "n": [12], "r": [-0.9]},
            "r is impossible for these counts in row 0 (counted from 0; row 0: e1 = 11, e2 = 9, n = 12, r = -0.9). "
            "With the margins of row 0 it lies between -0.174 and 0.522.",
        ),
        (
            "DOR",
            {"tp": [12], "fp": [-1], "fn": [12], "tn": [9]},
            "fp is no count in row 0 (counted from 0; row 0: tp = 12, fp = -1, fn = 12, tn = 9). "
            "Give whole numbers of 0 or more.",
        ),
        ("OR", {"e1": [1], "n1": [2], "e2": [1]}, "Missing column: n2. Needed: e1, n1, e2, n2."),
        (
            "OR",
            {"e1": [1, 2], "n1": [2, 3, 4], "e2": [1], "n2": [5]},
            "Columns differ in shape: e1 (2,), n1 (3,).",
        ),
    ],
)  # fmt: skip
def test_impossible_numbers_are_refused_with_row_and_fix(measure, numbers, message):
    with pytest.raises(mr.DataError) as error:
        mr.effect_sizes(measure, **numbers)
    assert str(error.value) == message


def test_unknown_measure_suggests_the_nearest():
    with pytest.raises(mr.ConfigError, match=r"Unknown effect measure 'SDM'\. Did you mean 'SMD'\?"):
        mr.effect_sizes("SDM")


def test_unknown_option_is_refused():
    with pytest.raises(mr.ConfigError, match="MD does not take vtyp"):
        mr.effect_sizes("MD", m1=[1], sd1=[1], n1=[5], m2=[1], sd2=[1], n2=[5], vtyp="LS")


def test_missing_numbers_give_no_effect_and_a_note():
    es = mr.effect_sizes("OR", e1=[np.nan, 3], n1=[10, 10], e2=[1, 1], n2=[10, 10])
    assert np.isnan(es.yi[0]) and np.isfinite(es.yi[1])
    assert es.notes == ("No effect size, because a number is missing or not estimable: row 0.",)


def test_generic_from_interval_equals_generic_from_se():
    by_se = mr.effect_sizes("GEN", estimate=[0.4], se=[0.2])
    half = 1.959963984540054 * 0.2
    by_interval = mr.effect_sizes("GEN", estimate=[0.4], ci_low=[0.4 - half], ci_high=[0.4 + half])
    np.testing.assert_allclose(by_interval.vi, by_se.vi, rtol=1e-12)


def test_se_from_p():
    # z of p = 0.02, two-sided, is 2.3263.
    assert se_from_p(np.array(-12.7), np.array(0.02)) == pytest.approx(12.7 / 2.3263478740408408)


def test_wilson_and_clopper_pearson_intervals():
    # 81 of 263: Newcombe 1998, doi:10.1002/(SICI)1097-0258(19980430)17:8<857::AID-SIM777>3.0.CO;2-E, table I.
    low, high = proportion_interval(np.array([81]), np.array([263]))
    assert (round(low[0], 4), round(high[0], 4)) == (0.2553, 0.3662)
    low, high = proportion_interval(np.array([81]), np.array([263]), method="clopper-pearson")
    assert (round(low[0], 4), round(high[0], 4)) == (0.2527, 0.3676)


def test_every_measure_maps_its_null_to_no_effect():
    for code, info in MEASURES.items():
        if info.null is not None:
            assert to_display(code, 0.0) == info.null
        assert info.formula and info.variance and info.reference


counts = st.tuples(st.integers(0, 40), st.integers(1, 60)).map(lambda t: (min(t), max(t)))


@given(counts, counts, st.sampled_from(["OR", "RR", "RD"]))
def test_swapping_the_arms_turns_the_sign(one, two, measure):
    (e1, n1), (e2, n2) = one, two
    there = mr.effect_sizes(measure, e1=[e1], n1=[n1], e2=[e2], n2=[n2])
    back = mr.effect_sizes(measure, e1=[e2], n1=[n2], e2=[e1], n2=[n1])
    np.testing.assert_allclose(there.yi, -back.yi, atol=1e-12)
    np.testing.assert_allclose(there.vi, back.vi, rtol=1e-12)
    assert (there.vi > 0).all()


@given(counts)
def test_logit_of_non_events_is_minus_the_logit(one):
    e, n = one
    a = mr.effect_sizes("PLO", e=[e], n=[n])
    b = mr.effect_sizes("PLO", e=[n - e], n=[n])
    np.testing.assert_allclose(a.yi, -b.yi, atol=1e-12)
    assert 0 < a.to_display(a.yi[0]) < 1


def test_inputs_are_not_changed():
    e1 = np.array([0.0, 3.0])
    mr.effect_sizes("OR", e1=e1, n1=[9, 9], e2=[2, 2], n2=[9, 9])
    assert e1.tolist() == [0, 3]


def test_readable_names_are_aliases():
    assert get_measure("hedges_g") is get_measure("SMD")


# -- every measure against metafor's escalc ---------------------------------------------------------------------

ESCALC = json.loads((ROOT / "tests/data/escalc_reference.json").read_text())
NOT_OURS = {"MPPETO"}


def our_columns(case):
    """Metafor's inputs under our names."""
    i = {k: np.array(v, float) for k, v in case["inputs"].items()}
    kind = case["name"].split("/")[0]
    if kind == "tables":
        return {"e1": i["ai"], "n1": i["ai"] + i["bi"], "e2": i["ci"], "n2": i["ci"] + i["di"]}
    if kind == "pairs":
        return {k[0]: v for k, v in i.items()}
    renamed = {"x": "e", "t": "t"}
    columns = {k[:-1]: v for k, v in i.items()}
    return {renamed.get(k[0], k[0]) + k[1:] if kind in ("rates1", "rates2", "proportions") else k: v
            for k, v in columns.items()}  # fmt: skip


@pytest.mark.parametrize("case", [c for c in ESCALC["cases"] if c["measure"] not in NOT_OURS], ids=lambda c: c["name"])
def test_measures_agree_with_escalc_to_1e10(case):
    numbers = our_columns(case)
    if case["measure"] == "SMCR":
        numbers = {k: v for k, v in numbers.items() if k != "sd2"}
    es = mr.effect_sizes(case["measure"], **numbers, **dict(case["options"]))
    np.testing.assert_allclose(es.yi, case["yi"], rtol=1e-10, atol=1e-14)
    np.testing.assert_allclose(es.vi, case["vi"], rtol=1e-10)


def test_every_measure_is_compared_or_is_generic():
    compared = {c["measure"] for c in ESCALC["cases"]}
    # These are compared below: with the odds ratio, with the paired measures on a printed table, with GEN.
    assert set(MEASURES) - compared == {"GEN", "HR", "DOR", "MPRDM", "MPRRM", "MPORM"}


@pytest.mark.parametrize(
    ("measure", "x", "shown"),
    [("ZCOR", 0.5, np.tanh(0.5)), ("PAS", 0.6, np.sin(0.6) ** 2), ("PAS", -0.1, 0.0), ("IRS", 0.3, 0.09),
     ("IRR", 1.0, np.e), ("PLO", 0.0, 0.5), ("RD", 0.2, 0.2)],
)  # fmt: skip
def test_back_transformations(measure, x, shown):
    assert to_display(measure, x) == pytest.approx(shown)


@pytest.mark.parametrize("measure", ["PFT", "IRFT"])
def test_freeman_tukey_is_not_transformed_back(measure):
    with pytest.raises(mr.ConfigError, match="has no back-transformation"):
        to_display(measure, 0.5)


def test_means_of_two_signs_have_no_ratio():
    es = mr.effect_sizes("ROM", m1=[3, 3], sd1=[1, 1], n1=[9, 9], m2=[-2, 2], sd2=[1, 1], n2=[9, 9])
    assert np.isnan(es.yi[0]) and np.isfinite(es.yi[1]) and "row 0" in es.notes[0]


@pytest.mark.parametrize(
    ("measure", "numbers", "message"),
    [
        ("ZCOR", {"r": [1.2], "n": [30]}, "r is not a correlation in row 0"),
        ("ZCOR", {"r": [0.2], "n": [3]}, "n is below 4 in row 0"),
        ("IRR", {"e1": [3], "t1": [0], "e2": [1], "t2": [5]}, "t1 is not positive in row 0"),
        ("MPOR", {"a": [1], "b": [-1], "c": [2], "d": [3]}, "b is no count in row 0"),
        ("MC", {"m1": [1], "sd1": [1], "m2": [2], "sd2": [1], "n": [9], "r": [2]}, "r is not a correlation in row 0"),
    ],
)
def test_impossible_numbers_of_the_other_measures(measure, numbers, message):
    with pytest.raises(mr.DataError, match=message):
        mr.effect_sizes(measure, **numbers)


def test_smdh_without_the_factor_of_older_versions():
    numbers = {"m1": [12.1], "sd1": [3.2], "n1": [20], "m2": [10.0], "sd2": [2.9], "n2": [22]}
    old, new = (mr.effect_sizes("SMDH", **numbers, vtype=v) for v in ("LS", "LS0"))
    assert old.yi == new.yi
    assert old.vi / new.vi == pytest.approx(hedges_j(np.array([40.0])) ** 2)


def test_diagnostic_odds_ratio_is_the_odds_ratio_of_positive_tests():
    tp, fp, fn, tn = np.array([40, 12, 7]), np.array([5, 0, 9]), np.array([8, 3, 2]), np.array([60, 30, 25])
    dor = mr.effect_sizes("DOR", tp=tp, fp=fp, fn=fn, tn=tn)
    ordinary = mr.effect_sizes("OR", e1=tp, n1=tp + fn, e2=fp, n2=fp + tn)
    np.testing.assert_allclose(dor.yi, ordinary.yi, rtol=1e-14)
    np.testing.assert_allclose(dor.vi, ordinary.vi, rtol=1e-14)


@pytest.mark.parametrize("measure", ["MPRD", "MPRR", "MPOR"])
def test_margins_with_their_correlation_are_the_printed_table(measure):
    a, b, c, d = (np.array(x, float) for x in ([40, 10, 25], [12, 3, 8], [5, 6, 9], [60, 12, 30]))
    e1, e2, n = a + b, a + c, a + b + c + d
    phi = (a * d - b * c) / np.sqrt(e1 * (n - e1) * e2 * (n - e2))
    table = mr.effect_sizes(measure, a=a, b=b, c=c, d=d)
    margins = mr.effect_sizes(f"{measure}M", e1=e1, e2=e2, n=n, r=phi)
    np.testing.assert_allclose(margins.yi, table.yi, rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(margins.vi, table.vi, rtol=1e-10)
    independent = mr.effect_sizes(f"{measure}M", e1=e1, e2=e2, n=n, r=0 * phi)
    assert (independent.vi > margins.vi).all()


def test_marginal_odds_ratio_from_margins_agrees_with_metafor():
    # escalc(measure = "MPORM", ai = c(40, 10), bi = c(20, 30), ci = c(30, 15), di = c(30, 25), ri = c(.3, .1))
    es = mr.effect_sizes("MPORM", e1=[40, 10], e2=[30, 15], n=[60, 40], r=[0.3, 0.1])
    np.testing.assert_allclose(es.yi, [0.693147180559945, -0.587786664902119], rtol=1e-13)
    np.testing.assert_allclose(es.vi, [0.0992402597954738, 0.2161486082400023], rtol=1e-13)


def test_hazard_ratio_from_what_a_paper_prints():
    by_se = mr.effect_sizes("HR", hr=[0.7], se=[0.15])
    half = 1.959963984540054 * 0.15
    by_interval = mr.effect_sizes("HR", hr=[0.7], ci_low=[0.7 * np.exp(-half)], ci_high=[0.7 * np.exp(half)])
    by_p = mr.effect_sizes("HR", hr=[0.7], p_value=[2 * ndtr(-abs(np.log(0.7)) / 0.15)])
    for es in (by_se, by_interval, by_p):
        assert es.yi[0] == pytest.approx(np.log(0.7), rel=1e-14) and es.vi[0] == pytest.approx(0.15**2, rel=1e-9)
        assert es.to_display(es.yi[0]) == pytest.approx(0.7)


def test_generic_from_a_test_statistic():
    es = mr.effect_sizes("GEN", estimate=[0.6, -0.6], t_value=[3.0, -3.0])
    np.testing.assert_allclose(np.sqrt(es.vi), 0.2, rtol=1e-14)


def published(analysis):
    rows = csv.DictReader((ROOT / "data" / "raw" / "published_inputs.csv").open(encoding="utf-8"))
    return [r for r in rows if r["analysis_id"] == analysis]


def test_formulas_of_the_metapsy_databases_give_what_they_print():
    # Effects, standard errors and pooled results as printed by SYPRES (published_results.csv).
    rows = published("psilodep_g")
    names = {"m1": "exp_mean", "sd1": "exp_sd", "n1": "exp_n", "m2": "ctl_mean", "sd2": "ctl_sd", "n2": "ctl_n"}
    columns = {n: [float(r[c]) for r in rows] for n, c in names.items()}
    found = mr.effect_sizes("SMD", **columns, vtype="LSd", j="approximate")
    assert found.yi == pytest.approx([float(r["estimate"]) for r in rows], abs=5e-7)
    half = [(float(r["ci_high"]) - float(r["ci_low"])) / 2 for r in rows]
    assert 1.959964 * np.sqrt(found.vi) == pytest.approx(half, abs=1e-6)
    fit = mr.pool(found.yi, found.vi, tau2="REML", ci="HK")
    printed = (-0.9031, -1.2561, -0.5501, 0.1174, 23.84, 53.9)
    assert (
        tuple(map(round, (fit.beta, fit.ci_low, fit.ci_high, fit.tau2, fit.q, fit.i2_q), (4, 4, 4, 4, 2, 1))) == printed
    )

    names = {"e1": "exp_events", "n1": "exp_total", "e2": "ctl_events", "n2": "ctl_total"}
    for analysis, printed in (("psilodep_resp", (2.77, 1.93, 3.97)), ("psilodep_rem_v25", (4.04, 3.39, 4.82))):
        columns = {n: [float(r[c]) for r in published(analysis)] for n, c in names.items()}
        found = mr.effect_sizes("RR", **columns, correction_cells="events")
        fit = mr.pool(found.yi, found.vi, tau2="PM", ci="HK")
        assert tuple(np.exp([fit.beta, fit.ci_low, fit.ci_high]).round(2)) == printed


def test_variances_of_revman_and_metan_and_of_a_common_sd():
    numbers = {"m1": [12.0], "sd1": [4.0], "n1": [11], "m2": [10.0], "sd2": [5.0], "n2": [16]}
    pooled = (10 * 16 + 15 * 25) / 25
    d = 2 / np.sqrt(pooled)
    inverse = 1 / 11 + 1 / 16
    cohen = mr.effect_sizes("SMD", **numbers, j="none", vtype="LSdf")
    assert cohen.yi[0] == pytest.approx(d, rel=1e-14)
    assert cohen.vi[0] == pytest.approx(inverse + d**2 / (2 * 25), rel=1e-14)
    revman = mr.effect_sizes("SMD", **numbers, j="approximate", vtype="RevMan")
    g = d * (1 - 3 / (4 * 27 - 9))
    assert revman.yi[0] == pytest.approx(g, rel=1e-14)
    assert revman.vi[0] == pytest.approx(inverse + g**2 / (2 * (27 - 3.94)), rel=1e-14)
    common = mr.effect_sizes("MD", **numbers, vtype="HO")
    assert (common.yi[0], common.vi[0]) == (2.0, pytest.approx(pooled * inverse, rel=1e-14))
    with pytest.raises(mr.ConfigError, match=r"vtype = .UB. is not known for MD\. Allowed: LS, HO"):
        mr.effect_sizes("MD", **numbers, vtype="UB")


def test_correction_by_arm_size():
    # 30 and 10 patients: 0.75 and 0.25 are added to the cells of the arms; arms of the same size get the usual 0.5.
    sized = mr.effect_sizes("OR", e1=[3], n1=[30], e2=[0], n2=[10], correction_cells="by_arm_size")
    assert sized.yi[0] == pytest.approx(np.log(3.75 / 27.75) - np.log(0.25 / 10.25), rel=1e-14)
    assert sized.notes == ("0.5 on average, by the size of the arms, added to all cells of row 0.",)
    same = {"e1": [3], "n1": [20], "e2": [0], "n2": [20]}
    by_size, usual = (mr.effect_sizes("RR", **same, correction_cells=c) for c in ("by_arm_size", "all"))
    assert by_size.yi[0] == pytest.approx(usual.yi[0], rel=1e-14)


def test_leading_axes_are_sets_of_studies():
    sets = {"e1": [[3, 0], [3, 1]], "n1": [20, 30], "e2": [[2, 4], [2, 4]], "n2": [21, 31]}
    found = mr.effect_sizes("RR", **sets, correction_to="if_any_zero")
    for row in (0, 1):
        one = {n: v[row] if n.startswith("e") else v for n, v in sets.items()}
        np.testing.assert_array_equal(found.yi[row], mr.effect_sizes("RR", **one, correction_to="if_any_zero").yi)
    with pytest.raises(mr.DataError, match=r"Columns differ in shape: e1 \(2, 2\), n1 \(3,\)"):
        mr.effect_sizes("RR", **{**sets, "n1": [1, 2, 3]})
    with pytest.raises(mr.DataError, match=r"e1 is larger than n1 in row 1 \(counted from 0; row 1: e1 = 31, n1 = 30"):
        mr.effect_sizes("RR", **{**sets, "e1": [[3, 31], [3, 32]]})


def test_correction_of_the_events_only():
    # Row WL of the Metapsy file: 7/13 v 0/11 gives log RR = log((7.5/13.5) / (0.5/11.5)).
    both = mr.effect_sizes("RR", e1=[7, 5], n1=[13, 20], e2=[0, 4], n2=[11, 20], correction_cells="events")
    assert both.yi[0] == pytest.approx(np.log((7.5 / 13.5) / (0.5 / 11.5)), rel=1e-14)
    assert both.vi[0] == pytest.approx(1 / 7.5 - 1 / 13.5 + 1 / 0.5 - 1 / 11.5, rel=1e-14)
    assert both.yi[1] == pytest.approx(np.log(1.25), rel=1e-14)
    assert both.notes == ("0.5 added to the events of row 0.",)
    for name, value in (("correction_cells", "some"), ("correction_to", "zero")):
        with pytest.raises(mr.ConfigError, match=f"{name} = '{value}' is not known"):
            mr.effect_sizes("RR", e1=[7], n1=[13], e2=[0], n2=[11], **{name: value})
    with pytest.raises(mr.ConfigError, match=r"j = .rough. is not known for SMD\. Allowed: exact, approximate"):
        mr.effect_sizes("SMD", m1=[1], sd1=[1], n1=[9], m2=[0], sd2=[1], n2=[9], j="rough")


@pytest.mark.parametrize("measure", ["OR", "SMD", "PLO", "ZCOR", "PAS", "IRS"])
def test_display_values_go_back_to_the_working_scale(measure):
    working = np.array([0.1, 0.4, 1.2])
    assert from_display(measure, to_display(measure, working)) == pytest.approx(working)


def test_ends_of_a_scale_are_infinite_and_what_is_beyond_is_none():
    assert from_display("PLO", 0.0) == -np.inf and np.isnan(from_display("PLO", 1.5))
    with pytest.raises(mr.ConfigError, match="no back-transformation"):
        from_display("PFT", 0.5)


def test_each_study_has_its_error_from_what_its_paper_prints():
    nan = np.nan
    found = mr.effect_sizes(
        "GEN", estimate=[0.5, 0.6, 0.4, 0.3, 0.2, 0.1], se=[0.1, nan, nan, nan, nan, nan],
        variance=[nan, 0.09, nan, nan, nan, nan], ci_low=[0.0, nan, 0.0, nan, nan, nan],
        ci_high=[1.0, nan, 0.8, nan, nan, nan], p_value=[nan, nan, nan, 0.05, nan, nan],
        t_value=[nan, nan, nan, nan, 4.0, nan],
    )  # fmt: skip
    # In this order; z of 95 % is 1.959964.
    expected = [0.1, 0.3, 0.8 / 3.919928, 0.3 / 1.959964, 0.05, nan]
    np.testing.assert_allclose(np.sqrt(found.vi), expected, rtol=1e-6)
    assert [n.code for n in found.notes] == ["no_effect"] and found.notes[0].values == {"rows": [5]}
    ratios = mr.effect_sizes("HR", hr=[0.7, 0.8], se=[0.2, nan], ci_low=[nan, 0.4], ci_high=[nan, 1.6])
    np.testing.assert_allclose(np.sqrt(ratios.vi), [0.2, np.log(4) / 3.919928], rtol=1e-6)
    with pytest.raises(mr.DataError, match=r"^HR with an interval needs both ci_low and ci_high\.$"):
        mr.effect_sizes("HR", hr=[0.7], se=[0.1], ci_low=[0.5])


@pytest.mark.parametrize(
    ("estimate", "low", "high", "noted"),
    [(0.5, 0.1, 5.0, True), (1.67, 0.98, 2.84, True), (0.5, 0.2, 0.8, False), (1.5, 1.0, 2.0, False),
     (-0.2, -0.6, 0.2, False), (0.52, 0.11, 1.13, False)],
)  # fmt: skip
def test_a_ratio_given_as_a_difference_is_noted(estimate, low, high, noted):
    found = mr.effect_sizes("GEN", estimate=[9.0, estimate], ci_low=[8.0, low], ci_high=[10.0, high])
    assert [n.code for n in found.notes] == ["interval_of_ratio"] * noted
    if noted:
        assert str(found.notes[0]) == (
            "The estimate lies in the middle of the logs of its interval, not of the interval itself: row 1. If it is "
            "a ratio, give logs, or choose its measure."
        )
    ratios = {"hr": [abs(estimate)], "ci_low": [0.05], "ci_high": [20.0]}
    assert mr.effect_sizes("HR", **ratios).notes == ()
