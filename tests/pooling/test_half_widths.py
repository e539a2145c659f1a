"""All intervals from one estimation are those of `pool`."""

from __future__ import annotations

import numpy as np

import metarepro as mr
from metarepro.pooling.engine import estimate
from metarepro.pooling.inference import CI_METHODS
from metarepro.pooling.intervals import half_widths
from metarepro.pooling.problems import open_batch
from metarepro.pooling.tau2 import ESTIMATORS


def test_half_widths_are_those_of_pool():
    rng = np.random.default_rng(1)
    vi = 0.02 + rng.random((50, 6))
    yi = rng.normal(0, np.sqrt(vi + 0.1))
    yi[3] = 0.3  # equal effects: no Hartung-Knapp interval
    mask = rng.random((50, 6)) < 0.8
    mask[:, :2] = True
    for tau2 in ("CE", "DL", "REML"):
        e, _ = estimate(open_batch(yi, vi, mask=mask), ESTIMATORS[tau2])
        found = half_widths(e, 0.9)
        for ci in CI_METHODS:
            fit = mr.pool(yi, vi, tau2=tau2, ci=ci, level=0.9, mask=mask)
            np.testing.assert_allclose(found[ci], (fit.ci_high - fit.ci_low) / 2, rtol=1e-9, atol=1e-14)
        np.testing.assert_array_equal(found["HK-ci"], np.fmax(found["HK"], found["z"]))


def test_one_study_has_a_normal_interval_only():
    e, _ = estimate(open_batch([0.5], [0.04]), ESTIMATORS["DL"])
    found = half_widths(e, 0.95)
    assert found["z"][0] == 0.2 * 1.959963984540054
    assert all(np.isnan(half[0]) for ci, half in found.items() if ci != "z")
