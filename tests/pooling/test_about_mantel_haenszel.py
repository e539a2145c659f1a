"""RevMan's random effects by Mantel-Haenszel."""

from __future__ import annotations

import numpy as np
import pytest

import metarepro as mr
from metarepro.errors import ConfigError, DataError

TABLES = {"e1": [10, 20, 2], "n1": [60, 80, 40], "e2": [30, 24, 15], "n2": [62, 78, 41]}


def test_it_is_what_revman_prints():
    fit = mr.pool(mr.effect_sizes("RR", **TABLES), tau2="DL-MH", ci="z")
    shown = fit.display()
    np.testing.assert_allclose([shown.estimate, shown.ci_low, shown.ci_high], [0.4000, 0.1645, 0.9729], atol=5e-5)
    assert (round(fit.tau2, 4), round(fit.q, 3), fit.q_df) == (0.4407, 8.484, 2)
    assert fit.method.tau2 == "DL-MH" and fit.i2 == pytest.approx(100 * (fit.q - 2) / fit.q)
    assert "τ² by DerSimonian-Laird about Mantel-Haenszel (DL-MH)" in str(fit.summary())


@pytest.mark.parametrize("measure", ["OR", "RR", "RD"])
def test_tau2_is_of_q_about_the_mantel_haenszel_estimate(measure):
    es = mr.effect_sizes(measure, **TABLES)
    w, mean = 1 / es.vi, mr.mantel_haenszel(es).beta
    q = (w * (es.yi - mean) ** 2).sum()
    tau2 = max(0, (q - 2) / (w.sum() - (w**2).sum() / w.sum()))
    fit, given = mr.pool(es, tau2="DL-MH", ci="HK"), mr.pool(es, tau2=tau2, ci="HK")
    np.testing.assert_allclose([fit.q, fit.tau2], [q, tau2], rtol=1e-12)
    np.testing.assert_allclose([fit.beta, fit.ci_low, fit.pi_high], [given.beta, given.ci_low, given.pi_high])
    assert fit.tau2 >= mr.pool(es, tau2="DL").tau2


def test_a_study_without_an_effect_takes_no_part():
    more = {name: [*column, extra] for (name, column), extra in zip(TABLES.items(), (0, 30, 0, 31), strict=True)}
    fit = mr.pool(mr.effect_sizes("RR", **more, zero_cells="revman"), tau2="DL-MH", ci="z")
    assert fit.beta == mr.pool(mr.effect_sizes("RR", **TABLES), tau2="DL-MH", ci="z").beta and fit.k == 3


def test_one_study_is_as_it_is():
    es = mr.effect_sizes("OR", e1=[3], n1=[30], e2=[4], n2=[30])
    one, usual = (mr.pool(es, tau2=code, ci="z") for code in ("DL-MH", "DL"))
    assert (one.beta, one.ci_low) == (usual.beta, usual.ci_low) and np.isnan(one.tau2)


def test_what_it_cannot_do_is_refused():
    with pytest.raises(ConfigError, match=r"'DL-MH' is for OR, RR, RD of one set of studies, not GEN. Fix: tau2='DL'."):
        mr.pool([1, 2], [1, 1], tau2="DL-MH")
    with pytest.raises(DataError, match=r"There are no counts for Mantel-Haenszel."):
        mr.pool([1, 2], [1, 1], measure="OR", tau2="DL-MH")
    with pytest.raises(ConfigError, match=r"'DL-MH' takes no moderators, mask or weights."):
        mr.pool(mr.effect_sizes("RR", **TABLES), tau2="DL-MH", weights=[1, 2, 3])


def test_the_mantel_haenszel_estimate_is_of_the_corrected_tables():
    es = mr.effect_sizes("OR", e1=[0, 0], n1=[9, 9], e2=[2, 6], n2=[9, 9])
    fit = mr.pool(es, tau2="DL-MH", ci="z")
    # RevMan's own totals of a published review are in tests/importing/test_revman.py.
    mean = np.log((0.5 * 7.5 + 0.5 * 3.5) / (2.5 * 9.5 + 6.5 * 9.5))
    assert fit.q == pytest.approx(((es.yi - mean) ** 2 / es.vi).sum())
    raw = mr.effect_sizes("OR", e1=[0, 0], n1=[9, 9], e2=[2, 6], n2=[9, 9], correction_cells="by_arm_size")
    with pytest.raises(DataError, match=r"There is no Mantel-Haenszel estimate: an arm has no event in any study."):
        mr.pool(raw, tau2="DL-MH")
