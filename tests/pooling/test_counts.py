"""Mantel-Haenszel and Peto: reference values, zero cells, what has no answer."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

import metarepro as mr
from metarepro.pooling import counts_result
from metarepro.pooling.about_mantel_haenszel import dersimonian_laird_around
from tests.conftest import ROOT, agree

REFERENCE = json.loads((ROOT / "tests/data/counts_reference.json").read_text())
TABLES = {k: np.array(v, float) for k, v in REFERENCE["tables"].items()}
RATES = {k: np.array(v, float) for k, v in REFERENCE["rates"].items()}
NAMES = {
    "beta": "beta", "se": "se", "zval": "statistic", "pval": "p_value", "ci.lb": "ci_low", "ci.ub": "ci_high",
    "QE": "q", "QEp": "q_p", "I2": "i2", "H2": "h2", "MH": "cmh", "MHp": "cmh_p", "BD": "breslow_day",
    "BDp": "breslow_day_p", "TA": "tarone", "TAp": "tarone_p",
}  # fmt: skip


def fit(measure):
    if measure in ("IRR", "IRD"):
        r = RATES
        return mr.mantel_haenszel(e1=r["x1i"], t1=r["t1i"], e2=r["x2i"], t2=r["t2i"], measure=measure)
    t = TABLES
    counts = (t["ai"], t["ai"] + t["bi"], t["ci"], t["ci"] + t["di"])
    return mr.peto(*counts) if measure == "PETO" else mr.mantel_haenszel(*counts, measure=measure)


@pytest.mark.parametrize("measure", list(REFERENCE["fits"]))
def test_agrees_with_metafor_on_sparse_tables(measure):
    ours, theirs = fit(measure), REFERENCE["fits"][measure]
    compared = 0
    for name, value in theirs.items():
        if name in NAMES and isinstance(value, int | float):
            assert agree(getattr(ours, NAMES[name]), value, 1e-10), (measure, name)
            compared += 1
    assert compared >= 10
    assert ours.k == theirs["k.yi"] and ours.weights.sum() == pytest.approx(100)


def test_bcg_as_published():
    # Thirteen BCG trials by Mantel-Haenszel, metafor documentation of rma.mh: risk ratio 0.635 (0.588 to 0.686).
    case = next(
        c
        for c in json.loads((ROOT / "tests/data/metafor_reference.json").read_text())["cases"]
        if c["id"] == "dat.bcg/RR"
    )
    i = {k: np.array(v, float) for k, v in case["inputs"].items()}
    counts = (i["ai"], i["ai"] + i["bi"], i["ci"], i["ci"] + i["di"])
    rr = mr.mantel_haenszel(*counts, measure="RR")
    assert [round(math.exp(x), 3) for x in (rr.beta, rr.ci_low, rr.ci_high)] == [0.635, 0.588, 0.686]
    odds = mr.mantel_haenszel(*counts)
    assert (round(odds.beta, 4), round(odds.cmh, 3), round(odds.tarone, 3)) == (-0.4734, 135.689, 171.757)
    assert mr.mantel_haenszel(*counts, cmh_correction=False).cmh == pytest.approx(136.16297674463516, rel=1e-12)


def test_double_zero_studies_do_not_move_ratios():
    with_them = mr.mantel_haenszel([3, 0], [20, 30], [5, 0], [21, 31])
    without = mr.mantel_haenszel([3], [20], [5], [21])
    assert (with_them.beta, with_them.se) == (without.beta, without.se)
    assert mr.peto([3, 0], [20, 30], [5, 0], [21, 31]).beta == mr.peto([3], [20], [5], [21]).beta


def test_an_arm_without_any_event_has_no_ratio_but_a_peto_one():
    none = mr.mantel_haenszel([0, 0], [20, 30], [5, 2], [21, 31])
    assert math.isnan(none.beta) and "no events, or only events" in none.notes[0]
    peto = mr.peto([0, 0], [20, 30], [5, 2], [21, 31])
    assert math.isfinite(peto.beta) and "biased for effects as large" in peto.notes[0]


def test_studies_without_events_are_not_in_q_of_rates():
    rates = {"e1": [5, 2, 0, 9], "t1": [37, 51, 20, 36], "e2": [3, 1, 0, 2], "t2": [24, 58, 14, 30]}
    without = {k: [x for i, x in enumerate(v) if i != 2] for k, v in rates.items()}
    there, gone = (mr.mantel_haenszel(**r, measure="IRR") for r in (rates, without))
    # A study without events moves no rate ratio, so Q must be the same number.
    assert there.beta == gone.beta and there.q == gone.q and there.k == gone.k == 3
    assert mr.mantel_haenszel(**rates, measure="IRD").k == 3


def test_an_arm_of_events_only_has_no_odds_ratio():
    fit = mr.mantel_haenszel([5, 7], [5, 7], [2, 3], [6, 9])
    assert math.isnan(fit.beta) and "or only events, in every study" in fit.notes[0]


BATCHED = ("beta", "se", "p_value", "ci_low", "ci_high", "q", "q_df", "q_p", "i2", "h2", "k", "cmh", "cmh_p",
           "breslow_day", "breslow_day_p", "tarone", "tarone_p", "weights")  # fmt: skip


@pytest.mark.parametrize("measure", ["OR", "RR", "RD", "IRR", "IRD", "PETO"])
def test_sets_by_mask_and_stacked_tables_are_single_fits(measure, monkeypatch):
    rng = np.random.default_rng(4)
    n1, n2 = rng.integers(5, 60, (2, 9))
    e1, e2 = rng.binomial(n1, 0.15), rng.binomial(n2, 0.1)
    e1[2] = e2[2] = 0
    other = ("t1", "t2") if measure in ("IRR", "IRD") else ("n1", "n2")
    columns = {"e1": e1, other[0]: n1, "e2": e2, other[1]: n2}
    pool = mr.peto if measure == "PETO" else lambda **c: mr.mantel_haenszel(**c, measure=measure)
    mask = rng.random((40, 9)) < 0.7
    mask[:, 3:5] = True
    stacked = {n: np.tile(c, (40, 1)) for n, c in columns.items()}
    sets = pool(**columns, mask=mask)
    for row, used in enumerate(mask):
        one = pool(**{n: c[used] for n, c in columns.items()})
        for name in BATCHED:
            value, single = getattr(sets, name)[row], getattr(one, name)
            value = value[used] if name == "weights" else value
            np.testing.assert_allclose(value, single, rtol=1e-12, atol=1e-14, err_msg=name)
        assert (sets.weights[row][~used] == 0).all()
    for given in (stacked, columns):
        monkeypatch.setattr(counts_result, "CHUNK", 50)
        again = pool(**given, mask=mask.reshape(8, 5, 9) if given is columns else mask)
        for name in BATCHED:
            shaped = getattr(again, name).reshape(getattr(sets, name).shape)
            np.testing.assert_array_equal(shaped, getattr(sets, name))


def test_a_set_without_a_ratio_is_nan_among_others():
    sets = mr.mantel_haenszel([0, 3], [20, 30], [5, 2], [21, 31], mask=[[True, False], [True, True]])
    assert math.isnan(sets.beta[0]) and math.isfinite(sets.beta[1]) and "no events" in sets.notes[0]
    with pytest.raises(mr.DataError, match="no study with complete counts in problem 1"):
        mr.mantel_haenszel([1, 3], [20, 30], [5, 2], [21, 31], mask=[[True, False], [False, False]])
    with pytest.raises(mr.DataError, match="mask must be boolean"):
        mr.peto([1, 3], [20, 30], [5, 2], [21, 31], mask=[1, 0])
    with pytest.raises(mr.DataError, match=r"e1 is larger than n1 in row 1 \(counted from 0; row 1: e1 = 33"):
        mr.mantel_haenszel([[1, 3], [1, 33]], [20, 30], [5, 2], [21, 31])


def test_risk_differences_have_revmans_variance_too():
    # Greenland & Robins 1985: sum of (a b m2^3 + c d m1^3) / (m1 m2 n^2) over the squared sum of weights.
    old = mr.mantel_haenszel([3, 8], [20, 30], [5, 2], [21, 31], measure="RD", rd_variance="GR")
    by_hand = sum(
        (a * (m - a) * n**3 + c * (n - c) * m**3) / (m * n * (m + n) ** 2)
        for a, m, c, n in ((3, 20, 5, 21), (8, 30, 2, 31))
    )
    assert old.se**2 == pytest.approx(by_hand / (20 * 21 / 41 + 30 * 31 / 61) ** 2, rel=1e-12)
    assert old.beta == mr.mantel_haenszel([3, 8], [20, 30], [5, 2], [21, 31], measure="RD").beta
    with pytest.raises(mr.ConfigError, match="rd_variance = 'RevMan' is not known"):
        mr.mantel_haenszel([3], [20], [5], [21], measure="RD", rd_variance="RevMan")


def test_impossible_input_is_refused():
    with pytest.raises(mr.DataError, match="e1 is larger than n1 in row 0"):
        mr.mantel_haenszel([30], [20], [5], [21])
    with pytest.raises(mr.DataError, match="needs events"):
        mr.peto([0], [20], [0], [21])
    with pytest.raises(mr.ConfigError, match="Allowed: OR, RR, RD, IRR, IRD"):
        mr.mantel_haenszel([3], [20], [5], [21], measure="SMD")


def test_random_effects_around_a_mantel_haenszel_mean():
    # RevMan 5: Q is taken around the Mantel-Haenszel mean, tau2 and the weights follow DerSimonian and Laird.
    e1, n1, e2, n2 = [12, 3, 9, 14], [31, 20, 40, 33], [5, 2, 6, 7], [30, 22, 38, 31]
    es = mr.effect_sizes("RR", e1=e1, n1=n1, e2=e2, n2=n2)
    mask = np.array([[True] * 4, [True, True, False, True], [False] * 4])
    fixed = mr.mantel_haenszel(e1, n1, e2, n2, measure="RR", mask=mask[:2])
    found = dersimonian_laird_around(es.yi, es.vi, np.append(fixed.beta, 0.0), mask)
    for row, used in enumerate(mask[:2]):
        y, w = es.yi[used], 1 / es.vi[used]
        q = (w * (y - fixed.beta[row]) ** 2).sum()
        tau2 = max(0, (q - y.size + 1) / (w.sum() - (w**2).sum() / w.sum()))
        again = 1 / (es.vi[used] + tau2)
        expected = ((again * y).sum() / again.sum(), again.sum() ** -0.5, tau2, q)
        np.testing.assert_allclose(
            [found.beta[row], found.se[row], found.tau2[row], found.q[row]], expected, rtol=1e-12, atol=1e-15
        )
    assert np.isnan(found.beta[2])
    # Around the inverse-variance mean it is the usual estimator.
    usual = mr.pool(es.yi, es.vi, tau2="DL", ci="z")
    common = mr.pool(es.yi, es.vi, tau2="CE", ci="z")
    same = dersimonian_laird_around(es.yi, es.vi, np.array([common.beta]), mask[:1])
    assert (same.beta[0], same.se[0]) == pytest.approx((usual.beta, usual.se), rel=1e-12)


@pytest.mark.parametrize("pool", [mr.mantel_haenszel, mr.peto])
def test_a_study_with_a_missing_count_keeps_its_place_and_is_told(pool):
    fit = pool([np.nan, 6, 3], [123, 306, 119], [11, 29, 11], [139, 303, 119], labels=["x", "y", "z"])
    without = pool([6, 3], [306, 119], [29, 11], [303, 119])
    assert fit.beta == without.beta and fit.q == pytest.approx(without.q) and fit.k == 2
    assert fit.weights[0] == 0 and fit.weights[1:].tolist() == without.weights.tolist()
    assert fit.studies.labels == ("x", "y", "z") and "Dropped, because a count is missing: rows 0" in str(fit.notes[0])
    with pytest.raises(mr.DataError, match="A count is infinite in row 0"):
        pool([4, 6], [np.inf, 306], [11, 29], [139, 303])


def test_one_usable_table_has_nothing_to_differ_from():
    fit = mr.mantel_haenszel([21], [23], [33], [33], measure="RR")
    assert (fit.q, fit.q_df) == (0.0, 0) and math.isnan(fit.q_p) and math.isnan(fit.i2)
    none = mr.mantel_haenszel([0, 0], [10, 20], [0, 0], [10, 20])
    assert none.k == 0 and none.q_df == 0 and math.isnan(none.q)
    with pytest.raises(mr.ConfigError, match="cmh_correction = 'no' must be True or False"):
        mr.mantel_haenszel([1], [5], [2], [5], cmh_correction="no")


def test_a_batch_has_no_single_prediction():
    batch = mr.mantel_haenszel(
        [4, 6, 3], [123, 306, 119], [11, 29, 11], [139, 303, 119], mask=[[True, True, False]] * 2
    )
    with pytest.raises(mr.DataError, match="A batch has no single prediction"):
        batch.predict()
