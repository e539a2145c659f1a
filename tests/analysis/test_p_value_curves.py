"""P-value functions of an analysis go through every limit that its forest plot prints."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest

from metarepro.analysis.from_fit import result_of
from metarepro.analysis.p_value_curves import THROUGH, p_grid, pooled_curve, prediction_curve, study_curve
from metarepro.errors import ConfigError, DataError
from metarepro.pooling import pool

P = np.array([0.01, 0.05, 0.3, 1.0])


def test_curves_of_every_analysis_go_through_its_printed_limits(results):
    seen = set()
    for r in results.values():
        if r.combine != "pool" or r.summary is None:
            continue
        s = r.summary
        curve = pooled_curve(r, P)
        assert curve.limits(s.level) == pytest.approx((s.ci_low, s.ci_high), rel=1e-6)
        assert curve.low[-1] == pytest.approx(s.estimate, rel=1e-9, abs=1e-12)
        seen.add(s.ci_method)
        prediction = prediction_curve(r, P)
        assert (prediction is None) == math.isnan(s.pi_low)
        if prediction is not None:
            assert prediction.limits(s.level) == pytest.approx((s.pi_low, s.pi_high), rel=1e-6)
        for x in r.studies:
            if x.estimable:
                curve = study_curve(x, r.measure, s.level, P)
                assert curve.limits(s.level) == pytest.approx((x.ci_low, x.ci_high), rel=1e-6, abs=1e-12)
                assert (np.diff(curve.low) >= 0).all() and (np.diff(curve.high) <= 0).all()
                seen.add(curve.method)
    assert {"t", "HK-ci", "as printed", "Wilson score", "normal", THROUGH} <= seen


def test_the_grid_has_the_level_and_the_peak():
    grid = p_grid(0.9)
    assert grid[-1] == 1.0 and np.isclose(grid, 0.1, atol=1e-12).any() and (np.diff(grid) > 0).all()


def test_an_interval_that_its_method_does_not_give_is_refused():
    r = result_of(pool([0.1, 0.3, 0.5], [0.02, 0.03, 0.01]))
    wrong = dataclasses.replace(r, summary=dataclasses.replace(r.summary, ci_high=2.0))
    with pytest.raises(DataError, match="is not the one"):
        pooled_curve(wrong, P)
    wrong = dataclasses.replace(r, summary=dataclasses.replace(r.summary, pi_high=2.0))
    with pytest.raises(DataError, match="prediction interval"):
        prediction_curve(wrong, P)


def test_a_study_whose_limits_are_not_its_methods_is_drawn_through_them():
    study = result_of(pool([0.1, 0.3], [0.02, 0.03])).studies[0]
    curve = study_curve(dataclasses.replace(study, ci_high=0.5), "GEN", 0.95, P)
    assert curve.method == THROUGH and curve.limits(0.95)[1] == pytest.approx(0.5)


def test_compounded_rates_and_nothing_are_refused(results):
    with pytest.raises(ConfigError, match="Compounded"):
        pooled_curve(results["stard_cumulative"], P)
    r = result_of(pool([0.1, 0.3], [0.02, 0.03]))
    with pytest.raises(DataError, match="no study"):
        pooled_curve(dataclasses.replace(r, studies=(), summary=None), P)


def test_a_bootstrap_prediction_has_no_curve():
    fit = pool([0.1, 0.3, 0.5, 0.9], [0.02, 0.03, 0.01, 0.02], pi="NNF")
    assert prediction_curve(result_of(fit), P) is None
