"""Time courses from the tables: which rows, which intervals, and that every row of the outcome is accounted for."""

from __future__ import annotations

import dataclasses
import math

import pytest
from scipy.stats import t as student
from statsmodels.stats.proportion import proportion_confint

from metarepro.analysis import time_courses
from metarepro.errors import ConfigError, DataError

AGENTS = {"ketamine": "ketamine", "saline": "saline", "placebo": "placebo", "midazolam": "midazolam"}


def by_label(courses):
    return {t.label: t for t in courses.trials}


def reasons(courses, label):
    return {n.reason for n in courses.left_out if n.label == label}


@pytest.fixture(scope="module")
def response(data):
    """Response after one dose of ketamine."""
    return time_courses(data, "response", agents=AGENTS)


def test_a_course_is_that_of_the_table(response):
    lii = by_label(response)["Lii 2023"]
    assert [(a.label, a.role) for a in lii.arms] == [("ketamine", "experimental"), ("saline", "control")]
    assert [(p.hours, p.events, p.total) for p in lii.arms[0].points] == [
        (24, 12, 20), (48, 10, 20), (72, 9, 20), (120, 7, 19), (168, 6, 19), (336, 8, 19)
    ]  # fmt: skip
    assert [p.events for p in lii.arms[1].points] == [10, 12, 10, 8, 7, 11]
    zarate = by_label(response)["Zarate 2012"].arms[0]
    assert [(p.hours, p.events, p.level) for p in zarate.points] == [
        (0.67, 9, "secondary"), (3.83, 7, "secondary"), (24, 6, "secondary")
    ]  # fmt: skip
    assert zarate.points[0].provenance.key == "zarate2012 / ketamine / response / MADRS / 0.67 h"


def test_intervals_are_wilsons_and_students(response, data):
    for trial in response.trials:
        for point in (p for a in trial.arms for p in a.points):
            low, high = proportion_confint(point.events, point.total, method="wilson")
            assert (point.ci_low, point.ci_high) == pytest.approx((low, high), abs=1e-12)
            assert point.estimate == point.events / point.total
    means = time_courses(data, "depression", kind="continuous", agents=AGENTS, scale=["MADRS"], level=0.9)
    for point in (p for t in means.trials for a in t.arms for p in a.points):
        half = student.ppf(0.95, point.total - 1) * point.sd / math.sqrt(point.total)
        assert (point.ci_low, point.ci_high) == pytest.approx((point.estimate - half, point.estimate + half))
    assert means.trials and {t.scale for t in means.trials} == {"MADRS"}


@pytest.mark.parametrize(
    ("outcome", "kind", "options"),
    [("response", "dichotomous", {"agents": AGENTS}), ("remission", "dichotomous", {}),
     ("response", "dichotomous", {"schedule": "", "ascertainment": ("point", "window", "ever", "maintained")}),
     ("depression", "continuous", {"scale": ("MADRS",), "agents": AGENTS}),
     ("depression", "continuous", {"scale": ("MADRS", "HDRS-17"), "statistic": "change"})],
)  # fmt: skip
def test_every_row_of_the_outcome_is_shown_or_left_out_with_a_reason(data, outcome, kind, options):
    courses = time_courses(data, outcome, kind=kind, **options)
    shown = [p for t in courses.trials for a in t.arms for p in a.points]
    table = data.dichotomous if kind == "dichotomous" else data.continuous
    assert len(shown) + sum(len(n.rows) for n in courses.left_out) == sum(r.outcome == outcome for r in table)
    assert all(n.reason and n.rows for n in courses.left_out)


def test_what_is_not_shown_is_told(response):
    assert reasons(response, "Berman 2000") == {"outcome met at any visit of a window, not at one visit"}
    assert "after a course of doses" in reasons(response, "Murrough 2013 (Biol Psychiatry)")
    assert "a subgroup of the arm; the row of the whole arm is used" in reasons(response, "Phelps 2009")
    assert "only the control arm has numbers to show" in reasons(response, "Daly 2018")
    assert {"Berman 2000", "Daly 2018"}.isdisjoint(by_label(response))
    for trial in response.trials:
        assert any(a.role == "experimental" for a in trial.arms)


def test_options_choose_rows(data):
    windows = time_courses(data, "response", agents=AGENTS, ascertainment=("point", "window"))
    su = by_label(windows)["Su 2017"]
    assert [a.label for a in su.arms] == ["ketamine 0.5 mg/kg", "ketamine 0.2 mg/kg", "saline"]
    dosed = time_courses(data, "response", agents=AGENTS, ascertainment=("point", "window"), dose_mg_per_kg=(0.4, 1))
    assert [a.label for a in by_label(dosed)["Su 2017"].arms] == ["ketamine", "saline"]
    assert "Lapidus 2014" not in by_label(time_courses(data, "response", agents=AGENTS, route=["IV"]))
    label = "Evans 2025 (NIMH)"
    first = time_courses(data, "response", agents=AGENTS, crossover="first_period")
    assert [(p.hours, p.events, p.total) for p in by_label(first)[label].arms[0].points] == [(48, 5, 15), (240, 2, 15)]
    either = time_courses(data, "response", agents=AGENTS, crossover="first_else_all")
    assert by_label(either)[label].arms[0].points == by_label(first)[label].arms[0].points
    assert "Sos 2013" in by_label(either) and "Sos 2013" not in by_label(first)
    spray = by_label(time_courses(data, "response"))["Daly 2018"]
    assert [a.label for a in spray.arms] == ["esketamine 28 mg", "esketamine 56 mg", "esketamine 84 mg", "placebo"]


def test_orders(data):
    def labels(order):
        return [t.label for t in time_courses(data, "response", agents=AGENTS, order=order).trials]

    assert labels("label") == sorted(labels("label"), key=str.casefold)
    assert labels("patients")[0] == "Zheng 2018" and set(labels("patients")) == set(labels("year"))
    assert labels("year")[0] == "Zarate 2006" and labels("year")[-1].startswith("Evans 2025")
    assert labels("table") == [s.label for s in data.studies.values() if s.label in labels("table")]


def test_several_scales_of_a_trial_are_never_one_course(data):
    row = next(
        r for r in data.continuous if r.study_id == "lii2023" and r.statistic == "endpoint" and r.timepoint_h == 24
    )
    other = row.model_copy(update={"scale": "HDRS-17"})
    twice = dataclasses.replace(data, continuous=(*data.continuous, other))
    with pytest.raises(DataError, match=r"E031 .*Lii 2023 has several rows"):
        time_courses(twice, "depression", kind="continuous", agents=AGENTS)
    courses = time_courses(twice, "depression", kind="continuous", agents=AGENTS, scale=("HDRS-17", "MADRS"))
    assert [p.hours for p in by_label(courses)["Lii 2023"].arms[0].points] == [24]
    assert "the trial is shown on HDRS-17" in reasons(courses, "Lii 2023")


def test_rows_without_their_numbers_are_left_out(data):
    row = next(
        r for r in data.continuous if r.study_id == "lii2023" and r.statistic == "endpoint" and r.timepoint_h == 24
    )
    bare = row.model_copy(update={"sd": None, "poolable": False, "poolable_reason": "SD not read"})
    one = dataclasses.replace(data, continuous=(row.model_copy(update={"timepoint_h": 48.0}), bare))
    courses = time_courses(one, "depression", kind="continuous")
    assert [p.hours for p in courses.trials[0].arms[0].points] == [48]
    bare = row.model_copy(update={"timepoint_h": None})
    one = dataclasses.replace(data, continuous=(bare,))
    assert reasons(time_courses(one, "depression", kind="continuous"), "Lii 2023") == {"no time is printed"}


def test_options_that_mean_nothing_are_refused(data):
    with pytest.raises(ConfigError, match=r"no.*outcome 'respnse'|No row .*'respnse'.*response"):
        time_courses(data, "respnse")
    for options in ({"order": "random"}, {"kind": "counts"}, {"ascertainment": ("later",)}, {"level": 95}):
        with pytest.raises(ConfigError):
            time_courses(data, "response", **options)
