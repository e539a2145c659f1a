"""Permutation tests against metafor's exact ones."""

from __future__ import annotations

import json

import numpy as np
import pytest

import metarepro as mr
from tests.conftest import ROOT

CASES = json.loads((ROOT / "tests/data/models_reference.json").read_text())["permutation"]
CI = {"z": "z", "knha": "HK"}


@pytest.mark.parametrize("case", CASES, ids=lambda c: c["id"])
def test_exact_p_values_agree_with_metafor(case):
    for fit in case["fits"]:
        if fit["method"] == "REML":
            # metafor's REML stops at 1e-5, which breaks ties between arrangements; see the next test.
            continue
        ours = mr.permutation_test(
            case["yi"], case["vi"], case.get("x"), tau2=fit["method"].replace("EE", "CE"), ci=CI[fit["test"]]
        )
        assert ours.exact and ours.seed is None
        np.testing.assert_allclose(np.atleast_1d(ours.p_value), fit["pval"], rtol=1e-12)
        assert ours.omnibus_p == pytest.approx(fit["QMp"], rel=1e-12)


@pytest.mark.parametrize("case", CASES, ids=lambda c: c["id"])
def test_exact_p_values_with_reml_count_the_observed_arrangement(case):
    # A p-value of 0, as metafor has for one of these, is impossible: the observed arrangement is one of all.
    ours = mr.permutation_test(case["yi"], case["vi"], case.get("x"))
    assert np.min(ours.p_value) >= 1 / ours.arrangements and ours.omnibus_p > 0
    share = np.atleast_1d(ours.p_value) * ours.arrangements
    np.testing.assert_allclose(share, share.round(), atol=1e-8)


def test_sign_flips_are_symmetric_and_monte_carlo_is_near_exact():
    case = CASES[0]
    exact = mr.permutation_test(case["yi"], case["vi"], tau2="DL", ci="z")
    drawn = mr.permutation_test(case["yi"], case["vi"], tau2="DL", ci="z", draws=40_000, seed=3)
    assert not drawn.exact and drawn.arrangements == 40_000 and drawn.seed == 3
    assert drawn.p_value == pytest.approx(exact.p_value, abs=5 * np.sqrt(exact.p_value / 40_000))
    again = mr.permutation_test(case["yi"], case["vi"], tau2="DL", ci="z", draws=40_000, seed=3)
    assert again.p_value == drawn.p_value
    flipped = mr.permutation_test([-y for y in case["yi"]], case["vi"], tau2="DL", ci="z")
    assert flipped.p_value == exact.p_value and flipped.statistic == pytest.approx(-exact.statistic)


def test_drawn_p_values_are_never_zero():
    y, v = np.full(25, 3.0) + np.arange(25) / 100, np.full(25, 0.01)
    drawn = mr.permutation_test(y, v, draws=200)
    assert drawn.p_value == pytest.approx(1 / 201)


def test_impossible_tests_are_refused():
    with pytest.raises(mr.DataError, match="at least 2 studies"):
        mr.permutation_test([0.1], [0.1])
    with pytest.raises(mr.ConfigError, match="draws = 0 must be a whole number, 1 or more"):
        mr.permutation_test([0.1, 0.2], [0.1, 0.1], draws=0)
    with pytest.raises(mr.DataError, match="takes one problem"):
        mr.permutation_test([[0.1, 0.2]], [[0.1, 0.1]])


@pytest.mark.parametrize("ci", ["z", "HK", "HK-ci"])
def test_equal_effects_are_as_extreme_as_can_be_and_zeros_are_no_sign(ci):
    """Hartung-Knapp has no standard error there; the sum of the effects still is the largest there is."""
    equal = mr.permutation_test([0.5] * 6, [0.1] * 6, ci=ci)
    assert equal.p_value == equal.omnibus_p == 2 / 2**6
    zeros = mr.permutation_test([0.0] * 6, [0.1] * 6, ci=ci)
    assert zeros.p_value == zeros.omnibus_p == 1


@pytest.mark.parametrize("ci", ["z", "HK", "HK-ci"])
def test_a_moderator_that_explains_all_or_nothing(ci):
    x, v = [0.0, 1.0, 2.0, 3.0, 4.0], [0.1] * 5
    line = mr.permutation_test([2 * a for a in x], v, x, tau2="DL", ci=ci)
    # Of 120 arrangements the observed one and its reverse.
    assert line.p_value[1] == pytest.approx(2 / 120) and line.omnibus_p == pytest.approx(2 / 120)
    none = mr.permutation_test([0.0] * 5, v, x, tau2="DL", ci=ci)
    assert none.p_value[1] == none.omnibus_p == 1
