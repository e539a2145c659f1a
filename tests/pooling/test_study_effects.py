"""Predicted effects of single studies: against metafor, their limits, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import metarepro as mr

REFERENCE = json.loads((Path(__file__).parents[1] / "data/study_effects_reference.json").read_text())["cases"]
YI, VI = [0.1, 0.5, 0.9], [0.02, 0.03, 0.05]


@pytest.mark.parametrize("case", REFERENCE, ids=lambda c: c["id"])
def test_agrees_with_metafor(case):
    found = mr.study_effects(mr.pool(case["yi"], case["vi"], tau2="REML", ci=case["ci"]))
    assert found.estimate == pytest.approx(case["pred"], rel=1e-6)
    assert found.se == pytest.approx(case["se"], rel=1e-6)
    assert found.ci_low == pytest.approx(case["lower"], rel=1e-6)
    assert found.ci_high == pytest.approx(case["upper"], rel=1e-6)


def test_without_heterogeneity_every_study_has_the_pooled_effect():
    fit = mr.pool(YI, VI, tau2=0.0, ci="z")
    found = mr.study_effects(fit)
    assert found.estimate == pytest.approx(np.full(3, fit.beta)) and found.se == pytest.approx(np.full(3, fit.se))


def test_with_boundless_heterogeneity_every_study_keeps_its_own():
    found = mr.study_effects(mr.pool(YI, VI, tau2=1e9, ci="z"))
    assert found.estimate == pytest.approx(YI, abs=1e-7) and found.se == pytest.approx(np.sqrt(VI), rel=1e-6)


def test_a_batch_gives_what_its_fits_give():
    rng = np.random.default_rng(3)
    yi, vi = rng.normal(0, 1, (4, 6)), rng.uniform(0.05, 0.5, (4, 6))
    batch = mr.study_effects(mr.pool(yi, vi))
    for row in range(4):
        alone = mr.study_effects(mr.pool(yi[row], vi[row]))
        assert batch.estimate[row] == pytest.approx(alone.estimate) and batch.ci_low[row] == pytest.approx(alone.ci_low)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"tau2": "CE"}, "In a common-effect model all studies have one true effect. Fix: pool(..., tau2='REML')."),
        ({"weights": [1, 1, 1]}, "Effects of single studies need the weights of the model. Fix: leave weights out."),
        ({"moderators": [1, 2, 3]}, "Effects of single studies are predicted without moderators. Fix: leave moderators out."),
    ],
)  # fmt: skip
def test_what_has_no_such_effects_is_refused(options, message):
    with pytest.raises(mr.ConfigError) as caught:
        mr.study_effects(mr.pool(YI, VI, **options))
    assert str(caught.value) == message
