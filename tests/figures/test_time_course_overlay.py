"""All trials in one plot: places and names are those of the courses, at any width, for any trials."""

from __future__ import annotations

import math

import pytest

from metarepro.analysis import time_courses
from metarepro.errors import ConfigError, DataError
from metarepro.figures.page.check_page import check_page
from metarepro.figures.page.layout import WIDTHS_MM
from tests.figures.audited import HOSTILE, LONG, marks, said
from tests.figures.canvases import draw_overlay
from tests.figures.test_time_course_figure import AGENTS, courses_of, trial


@pytest.fixture(scope="module")
def response(data):
    return time_courses(data, "response", agents=AGENTS)


@pytest.mark.parametrize("width", WIDTHS_MM)
def test_every_visit_is_drawn_and_every_arm_named_in_the_plot_or_the_note(response, width):
    canvas = draw_overlay(response, outcome_label="Response", width_mm=width)
    assert check_page(canvas) == []
    arms = [a for t in response.trials for a in t.arms]
    symbols = [m for m in canvas.marks if m.kind in ("experimental arm", "control arm")]
    assert len(symbols) == sum(len(a.points) for a in arms)
    courses = [m for m in canvas.marks if m.kind.endswith(" course")]
    assert len(courses) == sum(len(a.points) > 1 for a in arms)
    words = " ".join(said(canvas))
    for t in response.trials:
        assert t.label in words


def test_a_share_stands_at_its_height_and_its_time(response):
    canvas = draw_overlay(response, width_mm=174.0)
    grid = {m.name.removeprefix("grid: "): m.box[1] for m in marks(canvas, "grid")}
    times = {t.text: t.x for t in canvas.texts if t.role == "tick" and t.align == "center"}
    for mark in canvas.marks:
        if mark.kind not in ("experimental arm", "control arm"):
            continue
        row = canvas.data[mark.row]
        middle = (mark.box[1] + mark.box[3]) / 2
        wanted = grid["0"] + (grid["100"] - grid["0"]) * row["events"] / row["total"]
        assert middle == pytest.approx(wanted, abs=1e-6)
        if row["hours"] == 24:
            assert (mark.box[0] + mark.box[2]) / 2 == pytest.approx(times["24 h"], abs=1e-6)


def test_the_area_of_a_symbol_follows_the_patients(response):
    canvas = draw_overlay(response, width_mm=174.0)
    radius = {}
    for mark in canvas.marks:
        if mark.kind in ("experimental arm", "control arm"):
            radius[canvas.data[mark.row]["total"]] = (mark.box[2] - mark.box[0]) / 2
    largest = max(radius)
    assert radius[largest] == pytest.approx(4.6)
    for total, r in radius.items():
        assert r == pytest.approx(max(1.6, 4.6 * math.sqrt(total / largest)))


def test_arms_of_one_role_are_told_by_their_names():
    words = " ".join(said(draw_overlay(courses_of([trial(arms=3)]), title="T")))
    assert "Trial 0, drug 0" in words and "Trial 0, drug 1" in words and "Trial 0, drug 2" in words


@pytest.mark.parametrize("count", [1, 2, pytest.param(60, marks=pytest.mark.slow)])
@pytest.mark.parametrize("width", [84.0, 174.0])
def test_any_number_of_trials_with_any_names(count, width):
    trials = [trial(i, (LONG, HOSTILE, "")[i % 3] + f" {i}", hours=(4 + i, 24 + i)) for i in range(count)]
    canvas = draw_overlay(courses_of(trials), title="T", width_mm=width)
    assert check_page(canvas) == []
    assert len([m for m in canvas.marks if m.kind.endswith(" arm")]) == 4 * count


def test_a_remark_is_announced(data):
    words = " ".join(said(draw_overlay(time_courses(data, "remission", agents=AGENTS), title="T")))
    assert "Rows with a remark, told in the figure by trial: " in words and "Lii 2023" in words


def test_what_has_no_common_axis_is_refused():
    with pytest.raises(ConfigError, match="several scales have no common axis: HRSD, MADRS"):
        draw_overlay(courses_of([trial(0), trial(1, scale="HRSD")], "continuous"), title="T")
    with pytest.raises(DataError, match="There is no trial"):
        draw_overlay(courses_of([]), title="T")
