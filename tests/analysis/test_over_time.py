"""All times of all trials in one model: what enters, the curve, its picture."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from types import SimpleNamespace

import numpy as np
import pytest

import metarepro as mr
from metarepro.analysis.over_time import over_time
from metarepro.figures.time_courses.effect_curve import effect_curve


@dataclass(frozen=True)
class Visit:
    """A comparison at one time, as far as the model looks at it."""

    study_id: str
    time: float

    @property
    def cluster_id(self):
        return self.study_id

    @property
    def effect_id(self):
        return f"{self.study_id}/{self.time:g}"

    @property
    def key(self):
        return ("a v b",)

    @property
    def study(self):
        return SimpleNamespace(label=self.study_id.title())


def visits(trials, times):
    return [Visit(f"trial {i}", t) for i in range(trials) for t in times]


def test_every_time_of_the_window_enters_and_the_mean_is_that_of_the_library(results):
    r = results["score_24h_md_wide"]
    found = r.over_time
    assert all(1 <= e.hours <= 672 for e in found.effects)
    assert found.trials == len({e.cluster_id for e in found.effects}) < len(found.effects)
    # The effects of the analysis itself, at 24 hours, are among them.
    at_one_time = {(s.study_id, s.timepoint_h): s.yi for s in r.studies if s.estimable}
    for e in found.effects:
        if (e.study_id, e.hours) in at_one_time:
            assert e.yi == pytest.approx(at_one_time[e.study_id, e.hours], rel=1e-12)
    yi, vi = [e.yi for e in found.effects], [e.vi for e in found.effects]
    for under in (found.main, *found.grid):
        fit = mr.multilevel(yi, vi, cluster=[e.cluster_id for e in found.effects], rho=under.rho)
        robust = fit.robust()
        assert under.estimate == pytest.approx(fit.beta, rel=1e-9)
        assert (under.ci_low, under.df) == pytest.approx((robust.ci_low, robust.df), rel=1e-9)
    assert found.main.rho == 0.6 and [x.rho for x in found.grid] == [0.2, 0.4, 0.8, 0.9]


def test_a_change_with_the_logarithm_of_time_is_found_and_drawn_straight():
    times = (4.0, 24.0, 168.0)
    rows = visits(6, times)
    rng = np.random.default_rng(2)
    noise = rng.normal(0, 0.02, len(rows))
    yi = np.array([1 - 0.2 * math.log(v.time) for v in rows]) + noise
    found = over_time("SMD", 0.95, 0.5, rows, yi, np.full(len(rows), 0.01))
    assert found.shape == "line" and found.change_p < 1e-4 and found.change_df1 == 1
    first, last = found.curve[0], found.curve[-1]
    assert (first.hours, last.hours) == pytest.approx((4, 168))
    slope = (last.estimate - first.estimate) / math.log(168 / 4)
    assert slope == pytest.approx(-0.2, abs=0.02)


def test_six_times_have_a_spline_that_can_turn():
    times = (2.0, 6.0, 24.0, 72.0, 168.0, 336.0, 672.0)
    rows = visits(7, times)
    bent = np.array([-abs(math.log(v.time / 48)) for v in rows])
    found = over_time("MD", 0.95, 0.5, rows, bent, np.full(len(rows), 0.04))
    assert found.shape == "spline" and found.change_df1 == 2
    mid = max(found.curve, key=lambda p: p.estimate)
    assert 20 < mid.hours < 120


def test_few_trials_or_times_have_a_mean_without_a_curve_or_nothing():
    assert over_time("MD", 0.95, 0.5, visits(2, (4, 24)), np.zeros(4), np.ones(4)) is None
    assert over_time("MD", 0.95, 0.5, visits(4, (24,)), np.zeros(4), np.ones(4)) is None
    found = over_time("MD", 0.95, 0.5, visits(3, (4, 24)), np.arange(6.0), np.ones(6))
    assert found.shape == "none" and found.curve == () and math.isnan(found.change_p)
    assert "No curve over time: 3 trials at 2 times are too few to tell its shape." in found.notes


@pytest.mark.parametrize("name", ["response_24h_or_wide", "score_24h_md_wide", "esk_score_24h_md"])
@pytest.mark.parametrize("width", [84.0, 174.0])
def test_the_picture_names_every_trial_once_and_says_what_it_is(results, name, width):
    r = results[name]
    figure = effect_curve(SimpleNamespace(**{**r.__dict__, "figure": SimpleNamespace(width_mm=width)}))
    texts = [t.get_text() for t in figure.findobj(match=lambda a: hasattr(a, "get_text"))]
    assert any(t.startswith(f"{r.outcome_label} over time") for t in texts)
    assert "Time after the dose (log scale)" in texts
    words = " ".join(texts)
    assert f"{len(r.over_time.effects)} effects of {r.over_time.trials} trials" in words
    if width > 100:
        labels = {e.label for e in r.over_time.effects}
        assert sum(label in texts for label in labels) >= len(labels) - 1


def test_long_names_and_one_trial_too_few_are_drawn_or_refused(results):
    r = results["score_24h_md_wide"]
    long = tuple(replace(e, label="A very long name of a trial and its sponsor " * 3) for e in r.over_time.effects)
    effect_curve(replace(r, over_time=replace(r.over_time, effects=long)))
    with pytest.raises(ValueError, match="no model of all times"):
        effect_curve(replace(r, over_time=None))
