"""Forest plots side by side: shared rows, one axis a measure, every study once, true places."""

from __future__ import annotations

import dataclasses
import itertools
import math

import pytest

from metarepro.errors import ConfigError
from metarepro.figures import forest_panels, write_figure
from metarepro.figures.page.check_page import check_page
from metarepro.figures.page.figure import figure_of
from metarepro.figures.page.layout import MM
from tests.figures.canvases import draw_forest_panels
from tests.figures.places import check_all
from tests.figures.torture import LABELS, STYLES, WIDTHS, edited, lost, made, named


def panels(k: int = 5, label: str = "plain"):
    return [made("counts", k, label), made("counts", k, label, seed=3), made("means", k, label)]


@pytest.mark.parametrize("label", LABELS)
def test_any_label_is_sound_in_every_width_and_style(label):
    for k, width, style in itertools.product((1, 2, 12), WIDTHS, STYLES):
        canvas = draw_forest_panels(panels(k, label), None, LABELS["80"], width, style)
        assert check_page(canvas) == [] and canvas.width == pytest.approx(width * MM)
        assert min(t.size for t in canvas.texts) >= 6


def test_three_hundred_studies_and_none():
    canvas = draw_forest_panels(panels(300))
    assert check_page(canvas) == [] and sum(m.kind == "square" for m in canvas.marks) == 900
    empty = draw_forest_panels([made("counts", 0), made("counts", 0)])
    assert check_page(empty) == [] and "A: no study has usable numbers." in [t.text for t in empty.texts]


def test_the_same_studies_stand_in_the_same_rows_and_the_same_measure_on_one_axis():
    canvas = draw_forest_panels(panels(5))
    heights = {}
    for mark in canvas.marks:
        if mark.kind == "square":
            letter, label = mark.name.removeprefix("square: ").split(" ", 1)
            heights.setdefault(label, {})[letter] = (mark.box[1] + mark.box[3]) / 2
    assert set(heights) == set(named(5))
    assert all(set(h) == set("ABC") and max(h.values()) - min(h.values()) < 1e-9 for h in heights.values())
    axes = sorted((m.box[0], m.box[2]) for m in canvas.marks if m.kind == "axis")
    ticks = [[t.text for t in canvas.texts if t.role == "tick" and low - 1 <= t.x <= high + 1] for low, high in axes]
    assert ticks[0] == ticks[1] != ticks[2]


def test_a_study_twice_in_one_analysis_is_shown_twice():
    result = made("counts", 4)
    twice = edited(result, 1, study_id=result.studies[0].study_id, label=result.studies[0].label)
    canvas = draw_forest_panels([twice, result])
    assert sum(m.name.startswith("square: A") for m in canvas.marks) == 4
    assert sum(m.name.startswith("square: B") for m in canvas.marks) == 4
    assert check_page(canvas) == []


def test_absurd_numbers_in_panels():
    far = edited(made("counts", 5), 1, estimate=1e6, ci_low=1e5, ci_high=math.inf)
    odd = edited(lost(made("counts", 5, seed=3), 2), 0, weight=math.nan)
    canvas = draw_forest_panels([far, odd])
    assert check_page(canvas) == [] and any(m.name == "arrow: A Smith 2 2013" for m in canvas.marks)
    assert "not estimable" in [t.text for t in canvas.texts]
    middles = sorted((m.box[0] + m.box[2]) / 2 for m in canvas.marks if m.name.startswith("square: A"))
    assert middles[-1] - middles[0] > 5


def test_more_panels_than_letters():
    canvas = draw_forest_panels([made("counts", 2, seed=i) for i in range(28)])
    rows = [row["panel"] for row in canvas.data if row.get("row_kind") == "study"]
    assert check_page(canvas) == [] and len(set(rows)) == 28


def test_files_pass_the_gate_and_a_moved_mark_does_not(tmp_path):
    figure = forest_panels(panels(6), titles=["Day 1", "Day 7", "Score"], title="Response")
    write_figure(figure, tmp_path / "f")
    assert check_all(tmp_path / "f") == []
    canvas = draw_forest_panels(panels(6))
    for kind in ("square", "interval", "diamond"):
        number = next(i for i, m in enumerate(canvas.marks) if m.kind == kind and m.name.split(": ")[1].startswith("B"))
        mark = canvas.marks[number]
        moved = draw_forest_panels(panels(6))
        moved.marks[number] = dataclasses.replace(mark, points=tuple((x + 2, y) for x, y in mark.points))
        write_figure(figure_of(moved, "t", "d"), tmp_path / kind)
        assert any(f"{kind} of row" in fault for fault in check_all(tmp_path / kind))


def test_nothing_and_too_few_titles_are_refused():
    with pytest.raises(ConfigError, match="at least one result"):
        forest_panels([])
    with pytest.raises(ConfigError, match="1 titles for 3 results"):
        forest_panels(panels(), titles=["one"])


def test_squares_hide_no_interval(results):
    shown = [results[name] for name in ("rate_4h", "rate_24h", "rate_72h", "rate_7d")]
    canvas = draw_forest_panels(shown)
    on_top = {m.name.partition(": ")[2] for m in canvas.marks if m.kind == "interval on square"}
    for square in (m for m in canvas.marks if m.kind == "square"):
        name = square.name.partition(": ")[2]
        (line,) = [m for m in canvas.marks if m.kind == "interval" and m.row == square.row]
        beside = (line.box[2] - line.box[0]) - (square.box[2] - square.box[0])
        assert beside >= 4 or name in on_top, name
