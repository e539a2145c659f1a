"""`like`: the numbers that other programs print, by one word."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import metarepro as mr
from tests.conftest import ROOT
from tests.importing.revman_files import PUBLISHED

BCG = pd.read_csv(ROOT / "examples/bcg/trials.csv")


@pytest.fixture(scope="module")
def es() -> mr.EffectSizes:
    return mr.effect_sizes("RR", e1="e1", n1="n1", e2="e2", n2="n2", data=BCG, labels="trial")


def shown(fit) -> list[str]:
    return [f"{x:.4f}" for x in vars(fit.display()).values()]


def test_metafor_prints_these(es):
    # predict(rma(yi, vi), transf = exp)
    assert shown(mr.pool(es, like="metafor")) == ["0.4894", "0.3441", "0.6962", "0.1546", "1.5490"]


def test_meta_prints_these(es):
    # metabin(..., sm = "RR", prediction = TRUE) of meta 8.2: 0.14 to 1.76
    fit = mr.pool(es, like="meta")
    assert shown(fit)[:3] == ["0.4894", "0.3441", "0.6962"]
    assert [f"{x:.2f}" for x in (fit.display().pi_low, fit.display().pi_high)] == ["0.14", "1.76"]


@pytest.mark.parametrize("number", list(PUBLISHED))
def test_revman_printed_these(number):
    _, entries, effect, low, high, tau2 = PUBLISHED[number]
    names, e1, n1, e2, n2 = zip(*entries, strict=True)
    fit = mr.pool(mr.effect_sizes("RR", e1=e1, n1=n1, e2=e2, n2=n2, labels=names), like="revman")
    at = fit.display()
    np.testing.assert_allclose([at.estimate, at.ci_low, at.ci_high], [effect, low, high], rtol=1e-12)
    assert fit.tau2 == pytest.approx(tau2, abs=1e-12) and fit.studies.labels == names


def test_revman_has_its_own_variance_of_smd():
    arms = {"m1": [14.0, 12.0, 15.5], "sd1": [5.0, 4.5, 6.0], "n1": [20, 31, 18],
            "m2": [17.0, 15.5, 16.0], "sd2": [5.5, 5.0, 5.5], "n2": [21, 30, 19]}  # fmt: skip
    fit = mr.pool(mr.effect_sizes("SMD", **arms), like="revman")
    again = mr.pool(mr.effect_sizes("SMD", **arms, vtype="RevMan", j="approximate"), tau2="DL", ci="z")
    assert (fit.beta, fit.se, fit.tau2) == (again.beta, again.se, again.tau2)
    assert fit.beta != mr.pool(mr.effect_sizes("SMD", **arms), tau2="DL", ci="z").beta


def test_what_is_given_wins_over_the_conventions(es):
    fit = mr.pool(es, like="metafor", tau2="PM", ci="HK", pi="t")
    assert (fit.method.tau2, fit.method.ci, fit.method.pi) == ("PM", "HK", "t")
    plain = mr.pool(es.yi, es.vi, like="revman")
    assert plain.method.tau2 == "DL" and plain.beta == mr.pool(es.yi, es.vi, tau2="DL").beta
    with pytest.raises(mr.ConfigError, match=r"like = 'rma' is not known\. Did you mean 'metafor'"):
        mr.pool(es, like="rma")


def test_a_regression_and_clusters_take_them_too(es):
    line = mr.pool(es, data=BCG, moderators="latitude", like="metafor")
    assert [f"{x:.4f}" for x in (*line.beta, *line.se)] == ["0.2515", "-0.0291", "0.2491", "0.0072"]
    assert mr.pool(es, cluster=BCG.allocation, like="metafor").model.method.pi == "z"


def test_meta_and_revman_leave_double_zeros_out_of_ratios_only():
    counts = {"e1": [0, 0, 6, 3], "n1": [20, 20, 306, 119], "e2": [0, 5, 29, 11], "n2": [20, 25, 303, 119]}
    odds, difference = mr.effect_sizes("OR", **counts), mr.effect_sizes("RD", **counts)
    assert [mr.pool(odds, like=like).k for like in ("metafor", "meta", "revman")] == [4, 3, 3]
    assert [mr.pool(difference, like=like).k for like in ("metafor", "meta", "revman")] == [4, 4, 4]


def test_revman_with_a_mask_is_dersimonian_and_laird(es):
    assert mr.pool(es, like="revman", mask=np.ones((2, 13), dtype=bool)).method.tau2 == "DL"
