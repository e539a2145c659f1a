"""Small panels of time courses: numbers and places are those of the courses, at any width, for any trials."""

from __future__ import annotations

import dataclasses
import math
import re
from collections import Counter

import numpy as np
import pytest

from metarepro.analysis import time_courses
from metarepro.analysis.result import Provenance
from metarepro.analysis.time_course import ArmCourse, NotShown, TimeCourses, TimePoint, TrialCourse
from metarepro.errors import ConfigError, DataError
from metarepro.figures import save, time_course, time_course_pages
from metarepro.figures.page.check_page import check_page
from metarepro.figures.page.layout import MM, WIDTHS_MM
from metarepro.figures.time_courses.panels import SPREAD
from metarepro.figures.time_courses.time_axis import BEND_H, TimeAxis, time_axis
from tests.figures.audited import HOSTILE, LONG, marks, said
from tests.figures.canvases import draw_time_course

AGENTS = {"ketamine": "ketamine", "saline": "saline", "placebo": "placebo", "midazolam": "midazolam"}
SOURCE = Provenance("dichotomous", "a / b", "1/2", "s", "", "", "", "primary")
HOURS = {"0": 0, "4 h": 4, "24 h": 24, "3 d": 72, "7 d": 168, "14 d": 336, "28 d": 672, "12 wk": 2016, "26 wk": 4368,
         "52 wk": 8736, "2 yr": 17472, "5 yr": 43680, "1 h": 1, "2 h": 2, "12 h": 12, "2 d": 48}  # fmt: skip


def point(hours, estimate=0.5, low=0.3, high=0.7, total=20, level="primary", events=10):
    return TimePoint(hours, total, events, math.nan, estimate, low, high, level, SOURCE)


def trial(number=0, label="", arms=2, hours=(4, 24, 168), controls=1, **fields):
    made = [
        ArmCourse(f"arm{i}", f"drug {i}", "drug", "control" if i >= arms - controls else "experimental",
                  tuple(point(h, 0.5 - 0.1 * i) for h in hours))
        for i in range(arms)
    ]  # fmt: skip
    values = {"scale": "MADRS", "crossover": False, "cohort": "", **fields}
    return TrialCourse(f"t{number}", label or f"Trial {number}", 2000, arms=tuple(made), **values)


def courses_of(trials, kind="dichotomous", **fields):
    values = {"statistic": "endpoint", "schedule": "single", "ascertainment": ("point",), "crossover": "all_periods",
              "order": "year", "level": 0.95, "left_out": (), **fields}  # fmt: skip
    return TimeCourses("response", kind, trials=tuple(trials), **values)


@pytest.fixture(scope="module")
def response(data):
    """Response after one dose of ketamine."""
    return time_courses(data, "response", agents=AGENTS)


# -- numbers and places -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("width", WIDTHS_MM)
def test_every_point_is_drawn_where_its_numbers_are(response, width):
    (canvas,) = draw_time_course(response, title="T", width_mm=width)
    assert check_page(canvas) == [] and canvas.width == pytest.approx(width * MM)
    panels = sorted((m.box for m in marks(canvas, "axis: x")), key=lambda b: (b[1], b[0]))
    assert len(panels) == len(response.trials)
    ticks = [t for t in canvas.texts if t.role == "tick" and t.align == "center"]
    seen = 0
    for panel, course in zip(panels, response.trials, strict=True):
        left, bottom, right, _ = panel
        own = [t for t in ticks if left - 6 < t.x < right + 6]
        along = np.polyfit([t.x for t in own], [math.log1p(HOURS[t.text] / 4) for t in own], 1)
        for number, arm in enumerate(course.arms):
            shift = (number - (len(course.arms) - 1) / 2) * SPREAD
            for p in arm.points:
                name = f"{course.study_id} {arm.arm_id} {p.hours:g}"
                (symbol,) = [m for m in canvas.marks if m.name.endswith(f" arm 1: {name}")]
                (interval,) = [m for m in canvas.marks if m.name.endswith(f"interval: {name}")]
                x, y = (symbol.box[0] + symbol.box[2]) / 2 - shift, (symbol.box[1] + symbol.box[3]) / 2
                assert math.expm1(np.polyval(along, x)) * 4 == pytest.approx(p.hours, rel=1e-6, abs=1e-6)
                # 0 % is 74 * 0.03 / 1.06 above the axis, 100 % as much below the top.
                share = ((bottom - y) / 74 * 1.06) - 0.03
                assert share == pytest.approx(p.estimate, abs=1e-9)
                ends = sorted(((bottom - v) / 74 * 1.06) - 0.03 for v in (interval.box[1], interval.box[3]))
                assert ends == pytest.approx([p.ci_low, p.ci_high], abs=1e-9)
                assert canvas.data[symbol.row]["events"] == p.events
                assert (symbol.fill == "#ffffff") == (arm.role == "control")
                seen += 1
    rows = [r for r in canvas.data if r["what"] == "point"]
    assert seen == len(rows) == sum(len(a.points) for t in response.trials for a in t.arms)


def test_percent_labels_stand_at_their_heights(response):
    (canvas,) = draw_time_course(response, title="T", width_mm=174.0)
    bottom = min(m.box[1] for m in marks(canvas, "axis: x"))
    first = [t for t in canvas.texts if t.align == "right" and t.y < bottom + 5]
    assert {t.text for t in first} == {"0", "25", "50", "75", "100"}
    for t in first:
        assert ((bottom - (t.y - 2.6)) / 74 * 1.06 - 0.03) * 100 == pytest.approx(float(t.text), abs=1e-6)


def test_the_words_say_method_marks_order_and_what_is_not_shown(response):
    (canvas,) = draw_time_course(response, title="T", width_mm=174.0)
    text = " ".join(said(canvas))
    for words in ("95% Wilson interval", "by year, then by name", "log(1 + hours/4)", "Not shown, 98 rows",
                  "Read in another report", "Zarate 2006, Phelps 2009, Carlson 2013, Duncan 2013 and Evans 2025 (NIMH)", "open symbols, dashed lines",
                  "Crossover trials with all their periods", "outcome rated at the visit"):  # fmt: skip
        assert words in text
    assert "ketamine\u2020, n = 17" in text and "ketamine, n = 19 to 20" in text
    (about,) = [f.metarepro for f in time_course_pages(response, height_mm=math.inf)]
    assert "Zarate 2006: ketamine 24 h: 12 of 17, 71% (47 to 87%)\u2020" in about.description
    assert "ketamine 24 h: 12 of 20, 60% (39 to 78%), 48 h" in about.description.replace("2 days", "48 h")


def test_solid_and_dashed_lines_join_the_visits():
    (canvas,) = draw_time_course(courses_of([trial()]), title="T")
    (solid,), (dashed,) = marks(canvas, "experimental course"), marks(canvas, "control course")
    assert not solid.dashed and dashed.dashed and len(solid.points) == len(dashed.points) == 3


def test_a_dagger_names_the_times_when_only_some_are_secondary():
    t = trial(arms=1, controls=0)
    arm = dataclasses.replace(t.arms[0], points=(point(4, level="secondary"), point(24), point(72, level="secondary")))
    (canvas,) = draw_time_course(courses_of([dataclasses.replace(t, arms=(arm,))]), title="T")
    assert "drug 0, n = 20 (\u2020 4 h, 3 days)" in said(canvas)
    assert check_page(canvas) == []


def test_means_share_one_scale(data):
    courses = time_courses(data, "depression", kind="continuous", agents=AGENTS, scale=["MADRS"])
    (canvas,) = draw_time_course(courses, title="T", width_mm=120.0, outcome_label="Depression")
    assert check_page(canvas) == [] and "Depression on MADRS, mean score" in said(canvas)
    ticks = [t for t in canvas.texts if t.align == "right"]
    bottom = min(m.box[1] for m in marks(canvas, "axis: x"))
    upright = np.polyfit([t.y - 2.6 for t in ticks if t.y < bottom], [float(t.text) for t in ticks if t.y < bottom], 1)
    first = courses.trials[0]
    p = first.arms[0].points[0]
    (interval,) = marks(canvas, f"interval: {first.study_id} {first.arms[0].arm_id} {p.hours:g}")
    ends = sorted(np.polyval(upright, v) for v in (interval.box[1], interval.box[3]))
    assert ends == pytest.approx([p.ci_low, p.ci_high], abs=1e-6)
    with pytest.raises(ConfigError, match="several scales"):
        draw_time_course(courses_of([trial(), trial(1, scale="HDRS")], "continuous"), title="T")


def test_the_time_axis():
    axis = time_axis(336)
    assert axis.high == 336 and axis.position(0) == 0 and axis.position(336) == 1
    assert axis.position(24) == pytest.approx(math.log(7) / math.log(85))
    assert BEND_H == 4 and isinstance(axis, TimeAxis)
    for last, high in ((0, 1), (0.67, 1), (3.83, 4), (25, 48), (700, 2016), (1e6, 1e6)):
        assert time_axis(last).high == high


# -- pages ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("width", WIDTHS_MM)
@pytest.mark.parametrize("count", [1, 2, 60, 300])
def test_any_number_of_trials(width, count):
    courses = courses_of([trial(i, hours=(4, 24, 672) if i % 2 else (24,)) for i in range(count)])
    pages = draw_time_course(courses, title="T", width_mm=width, height_mm=240)
    assert all(check_page(p) == [] for p in pages)
    assert all(p.height <= 240 * MM + 0.01 for p in pages)
    shown = Counter(m.name.split()[2] for p in pages for m in marks(p, "interval"))
    points = Counter(r["trial"] for p in pages for r in p.data if r["what"] == "point")
    assert len(points) == count and sum(shown.values()) == sum(points.values())
    if count == 300:
        assert len(pages) > 3 and f"T (2 of {len(pages)})" in said(pages[1])


def test_pages_have_one_axis_and_the_last_tells_what_is_left_out():
    left = (NotShown("x", "Other 1999", "after a course of doses", (SOURCE,)),)
    courses = courses_of([trial(i, hours=(24,)) for i in range(40)] + [trial(41, hours=(672,))], left_out=left)
    pages = time_course_pages(courses)
    told = [
        "Not shown, 1 row of this outcome. After a course of doses: Other 1999." in said(p.metarepro.canvas)
        for p in pages
    ]
    assert told == [False] * (len(pages) - 1) + [True]
    labels = [tuple(sorted({t.text for t in p.metarepro.canvas.texts if t.role == "tick"})) for p in pages]
    assert len(set(labels)) == 1 and "28 d" in labels[0]
    assert pages[0].metarepro.description.startswith(f"Page 1 of {len(pages)}. ")


# -- extremes ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("label", [LONG, HOSTILE, "x" * 300, "\u05d3\u05d5\u05d3 2020", "5$ and $6"])
@pytest.mark.parametrize("width", WIDTHS_MM)
def test_any_label_is_drawn(label, width, tmp_path):
    odd = trial(1, label, scale=label)
    odd = dataclasses.replace(odd, arms=tuple(dataclasses.replace(a, label=label) for a in odd.arms))
    courses = courses_of([trial(0), odd, trial(2)], left_out=(NotShown("x", label, label, (SOURCE,)),))
    (canvas,) = draw_time_course(courses, title="T", width_mm=width)
    assert check_page(canvas) == []
    save(time_course(courses, title=label, outcome_label=label, width_mm=width), tmp_path / "f.svg")
    assert "<script" not in (tmp_path / "f.svg").read_text()


@pytest.mark.parametrize("hours", [(0,), (0, 0.01), (0.5, 3), (24, 43680), (1, 2, 3, 4, 5, 6, 7, 8), (1e6,)])
@pytest.mark.parametrize("width", WIDTHS_MM)
def test_any_times(hours, width):
    (canvas,) = draw_time_course(courses_of([trial(0, hours=hours), trial(1)]), title="T", width_mm=width)
    assert check_page(canvas) == []


@pytest.mark.parametrize("values", [(0.0, 0.0, 0.2), (1.0, 0.8, 1.0), (1e6, 1e6 - 1, 1e6 + 1), (-1e6, -2e6, 1e6),
                                    (5.0, math.nan, math.nan), (0.0, 0.0, 0.0)])  # fmt: skip
def test_any_values(values):
    t = trial(arms=1, controls=0)
    arm = dataclasses.replace(t.arms[0], points=(point(24, *values, events=None),))
    (canvas,) = draw_time_course(
        courses_of([dataclasses.replace(t, arms=(arm,))], "continuous"), title="T", width_mm=84.0
    )
    assert check_page(canvas) == []
    assert len(marks(canvas, "interval")) == (not math.isnan(values[1]))


def test_four_arms_of_a_role_are_told_apart_and_five_refused():
    (canvas,) = draw_time_course(courses_of([trial(arms=8, controls=4)]), title="T", width_mm=84.0)
    assert check_page(canvas) == []
    shapes = {
        (m.name.split(":")[0], len(m.points), m.fill == "#ffffff")
        for m in canvas.marks
        if " arm " in m.name.split(":")[0]
    }
    assert len({name for name, _, _ in shapes}) == 8
    with pytest.raises(ConfigError, match="5 experimental arms"):
        draw_time_course(courses_of([trial(arms=6)]), title="T")


def test_nothing_to_draw_says_why():
    left = (NotShown("x", "Other 1999", "after a course of doses", (SOURCE,)),)
    with pytest.raises(DataError, match="Other 1999: after a course of doses"):
        time_course(courses_of([], left_out=left))


def test_a_planted_wrong_number_is_found(response):
    (canvas,) = draw_time_course(response, title="T")
    place = next(i for i, t in enumerate(canvas.texts) if t.text == "ketamine\u2020, n = 17")
    canvas.texts[place] = dataclasses.replace(canvas.texts[place], text="ketamine\u2020, n = 71")
    assert any("71" in f for f in check_page(canvas))


def test_the_same_bytes_twice(response, tmp_path):
    for name in ("a", "b"):
        save(time_course(response), tmp_path / f"{name}.svg")
    texts = [re.sub("[ab]-(title|desc)", r"\1", (tmp_path / f"{n}.svg").read_text()) for n in ("a", "b")]
    assert texts[0] == texts[1]


# -- what a row says a reader should know ------------------------------------------------------------------------


def test_a_count_that_cannot_be_is_not_drawn_without_its_remark(data):
    courses = time_courses(data, "remission", agents=AGENTS)
    words = " ".join(w for page in draw_time_course(courses, title="Remission") for w in said(page))
    assert "Lii 2023" in words
    assert "printed with 11 remissions but 7 responses in the saline arm, which cannot be" in words
    assert "(7 days)" in words


def test_a_remark_of_all_visits_names_none():
    own = dataclasses.replace(point(4), remark="under anaesthesia.")
    one = ArmCourse("a", "drug", "drug", "experimental", (own, dataclasses.replace(own, hours=24)))
    made = courses_of([dataclasses.replace(trial(), arms=(one,))])
    assert "Trial 0: under anaesthesia." in " ".join(said(draw_time_course(made, title="x")[0]))


def test_the_note_says_that_places_side_by_side_are_no_times():
    assert "no earlier or later" in " ".join(said(draw_time_course(courses_of([trial(arms=4)]), title="x")[0]))
