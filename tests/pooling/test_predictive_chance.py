"""Chances beyond a threshold are those of the prediction interval's own distribution."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

import metarepro as mr

YI, VI = [0.1, 0.3, 0.35, 0.65, 0.45], [0.03, 0.03, 0.05, 0.01, 0.05]


@pytest.mark.parametrize("pi", ["HTS", "t", "z"])
@pytest.mark.parametrize("level", [0.8, 0.95])
def test_the_ends_of_the_interval_have_its_chances(pi, level):
    fit = mr.pool(YI, VI, pi=pi, level=level)
    assert mr.chance_beyond(fit, fit.pi_low, "below") == pytest.approx((1 - level) / 2, rel=1e-9)
    assert mr.chance_beyond(fit, fit.pi_high) == pytest.approx((1 - level) / 2, rel=1e-9)
    assert mr.chance_beyond(fit, fit.beta) == pytest.approx(0.5)


@settings(max_examples=40, deadline=None)
@given(threshold=st.floats(-3, 3))
def test_it_is_t_around_the_mean(threshold):
    fit = mr.pool(YI, VI)
    spread = math.sqrt(fit.tau2 + fit.se**2)
    expected = stats.t.sf((threshold - fit.beta) / spread, len(YI) - 2)
    assert mr.chance_beyond(fit, threshold) == pytest.approx(expected, rel=1e-8, abs=1e-14)
    assert mr.chance_beyond(fit, threshold) + mr.chance_beyond(fit, threshold, "below") == pytest.approx(1)


def test_batches_several_thresholds_and_other_models():
    batch = mr.chance_beyond(mr.pool([YI, YI[::-1]], [VI, VI[::-1]]), 0.2)
    assert batch == pytest.approx(np.full(2, mr.chance_beyond(mr.pool(YI, VI), 0.2)))
    several = mr.chance_beyond(mr.pool(YI, VI), [0.0, 0.2])
    assert several.shape == (2,) and several[0] > several[1]
    levels = mr.multilevel(YI, VI, cluster=list("aabbc"))
    assert mr.chance_beyond(levels, levels.pi_high) == pytest.approx(0.025)
    counts = mr.glmm("PLO", e=[3, 5, 9], n=[10, 20, 20])
    assert mr.chance_beyond(counts, counts.pi_low, "below") == pytest.approx(0.025)


def test_without_a_prediction_interval_there_is_no_chance():
    assert math.isnan(mr.chance_beyond(mr.pool(YI, VI, tau2="CE"), 0.2))
    assert math.isnan(mr.chance_beyond(mr.pool(YI[:2], VI[:2]), 0.2))


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda f: mr.chance_beyond(f, 0.2, "over"), mr.ConfigError, "direction = 'over' is not known. Allowed: above, below."),
        (lambda f: mr.chance_beyond(f, math.nan), mr.DataError, "threshold must be a finite number, on the working scale."),
        (lambda f: mr.chance_beyond(mr.pool(YI, VI, moderators=[1, 2, 3, 4, 5]), 0.2), mr.DataError, "A chance beyond a threshold is of one mean. Fix: a fit without moderators."),
        (lambda f: mr.chance_beyond(mr.pool(YI, VI, pi="NNF"), 0.2), mr.ConfigError, "A prediction interval by bootstrap is of no distribution. Fix: pool(..., pi='HTS')."),
    ],
)  # fmt: skip
def test_what_is_refused(call, error, message):
    with pytest.raises(error) as caught:
        call(mr.pool(YI, VI))
    assert str(caught.value) == message
