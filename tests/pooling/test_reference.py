"""Every estimator and test against metafor at tightened control."""

from __future__ import annotations

import numpy as np
import pytest

import metarepro as mr
from tests.conftest import REFERENCE, agree

CI = {"z": "z", "knha": "HK", "adhoc": "HK-adhoc"}
CLOSED = {"EE", "DL", "HE", "HS", "HSk", "SJ"}


def arrays(case):
    yi = np.array([np.nan if x is None else x for x in case["yi"]], float)
    vi = np.array([np.nan if x is None else x for x in case["vi"]], float)
    known = np.isfinite(yi) & np.isfinite(vi)
    return yi[known], vi[known]


@pytest.mark.parametrize("case", REFERENCE["cases"], ids=lambda c: c["id"])
def test_fits_agree_with_metafor(case):
    yi, vi = arrays(case)
    assert case["fits"]
    for fit in case["fits"]:
        method = fit["method"].replace("EE", "CE")
        ours = mr.pool(yi, vi, tau2=method, ci=CI[fit["test"]], pi="z" if fit["test"] == "z" else "t")
        hts = mr.pool(yi, vi, tau2=method, ci=CI[fit["test"]], pi="HTS")
        tolerance = 1e-10 if fit["method"] in CLOSED else 1e-8
        pairs = {
            "beta": ours.beta, "se": ours.se, "zval": ours.statistic, "ci_lb": ours.ci_low, "ci_ub": ours.ci_high,
            "tau2": ours.tau2, "I2": ours.i2, "H2": ours.h2, "Q": ours.q, "pi_lb": ours.pi_low,
            "pi_ub": ours.pi_high, "pi_riley_lb": hts.pi_low, "pi_riley_ub": hts.pi_high,
        }  # fmt: skip
        for name, value in pairs.items():
            if fit.get(name) is not None:
                assert agree(value, fit[name], tolerance), (case["id"], fit["method"], fit["test"], name)
        # Tail probabilities magnify the last digits of their statistic.
        for name, value in {"pval": ours.p_value, "Qp": ours.q_p, "se_tau2": ours.tau2_se}.items():
            if fit.get(name) is not None:
                assert agree(value, fit[name], 1e-8), (case["id"], fit["method"], fit["test"], name)
        likelihood = fit.get("loglik_REML" if method == "REML" else "loglik_ML")
        if likelihood is not None:
            assert agree(ours.log_likelihood, likelihood, 1e-9)
        assert ours.converged


@pytest.mark.parametrize("case", [c for c in REFERENCE["cases"] if c["q_profile"]], ids=lambda c: c["id"])
def test_q_profile_agrees_with_metafor(case):
    ours = mr.heterogeneity_interval(*arrays(case))
    for name, interval in (("tau2", ours.tau2), ("I2", ours.i2), ("H2", ours.h2)):
        _, low, high = case["q_profile"][name]
        assert agree(interval.low, low, 1e-8) and agree(interval.high, high, 1e-8), name


@pytest.mark.parametrize("case", [c for c in REFERENCE["cases"] if c["profile_likelihood"]], ids=lambda c: c["id"])
def test_profile_likelihood_interval_agrees_with_metafor(case):
    ours = mr.heterogeneity_interval(*arrays(case), method="PL")
    for name, interval in (("tau2", ours.tau2), ("I2", ours.i2), ("H2", ours.h2)):
        _, low, high = case["profile_likelihood"][name]
        assert agree(interval.low, low, 1e-7) and agree(interval.high, high, 1e-7), name


def test_bcg_published_result():
    # Thirteen BCG trials, Colditz 1994; random-effects log RR with REML, as metafor prints it: -0.7145, tau2 0.3132.
    case = next(c for c in REFERENCE["cases"] if c["id"] == "dat.bcg/RR")
    fit = mr.pool(case["yi"], case["vi"], tau2="REML", ci="z", pi="z")
    assert (round(fit.beta, 4), round(fit.ci_low, 4), round(fit.ci_high, 4)) == (-0.7145, -1.0669, -0.3622)
    assert (round(fit.tau2, 4), round(fit.i2, 2), round(fit.q, 3)) == (0.3132, 92.22, 152.233)
    assert (round(fit.pi_low, 3), round(fit.pi_high, 3)) == (-1.867, 0.438)
