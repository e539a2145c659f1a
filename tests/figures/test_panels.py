"""Intervals and diamonds on a panel, as a reader gets them."""

from __future__ import annotations

import math

import pytest

from metarepro.figures.page.axes import Axis
from metarepro.figures.page.check_page import check_page
from metarepro.figures.page.layout import Canvas
from metarepro.figures.page.panel import Panel

LOG = Panel(Axis(0.1, 10.0, (0.1, 1.0, 10.0), ("0.1", "1", "10"), True), 20.0, 200.0)


def drawn(estimate, low, high, half=4.0):
    canvas = Canvas(240.0, 40.0)
    LOG.diamond(canvas, 20.0, (estimate, low, high), "total", half)
    diamonds = [m for m in canvas.marks if m.kind == "diamond"]
    return canvas, diamonds[0].points if diamonds else None, [m.points for m in canvas.marks if m.kind == "arrow"]


def test_a_diamond_runs_from_low_to_high_and_is_highest_at_the_estimate():
    canvas, points, arrows = drawn(0.5, 0.2, 4.0)
    xs = [x for x, _ in points]
    assert (min(xs), max(xs)) == pytest.approx((LOG.x(0.2), LOG.x(4.0)))
    assert min(points, key=lambda p: p[1]) == pytest.approx((LOG.x(0.5), 16.0)) and not arrows
    assert min(y for x, y in points if x == max(xs)) == pytest.approx(20.0)
    assert check_page(canvas) == []


@pytest.mark.parametrize(("low", "height"), [(0.01, 4 * 1 / 2), (0.0, None), (1e-300, None)])
def test_a_diamond_is_cut_at_the_axis_with_an_arrow(low, height):
    _, points, arrows = drawn(1.0, low, 10.0)
    assert min(x for x, _ in points) == LOG.left and len(arrows) == 1
    cut = 20.0 - min(y for x, y in points if x == LOG.left)
    assert cut == pytest.approx(height) if height else 3.9 < cut <= 4.0
    assert min(x for x, _ in arrows[0]) < LOG.left


def test_a_diamond_whose_estimate_lies_beyond_shows_the_part_within():
    _, points, arrows = drawn(100.0, 1.0, 1000.0)
    assert min(x for x, _ in points) == pytest.approx(LOG.x(1.0)) and max(x for x, _ in points) == LOG.left + 200
    assert 20.0 - min(y for _, y in points) == pytest.approx(2.0) and len(arrows) == 1


@pytest.mark.parametrize("values", [(100.0, 50.0, 200.0), (math.inf, 50.0, math.inf)])
def test_a_diamond_beyond_the_axis_is_an_arrow(values):
    _, points, arrows = drawn(*values)
    assert points is None and len(arrows) == 1


def test_a_diamond_without_an_end_is_not_drawn_and_one_without_width_is():
    assert drawn(1.0, math.nan, 2.0)[1:] == (None, [])
    canvas, points, _ = drawn(1.0, 1.0, 1.0)
    assert {x for x, _ in points} == {LOG.x(1.0)} and check_page(canvas) == []
    assert drawn(1.0, -math.inf, math.inf)[1] is not None


def test_labels_of_ticks_are_marked_as_such():
    canvas = Canvas(240.0, 40.0)
    LOG.ticks(canvas, 20.0)
    assert {(t.text, t.role) for t in canvas.texts} == {("0.1", "tick"), ("1", "tick"), ("10", "tick")}


@pytest.mark.parametrize("width", [8.0, 20.0, 40.0, 200.0])
def test_the_label_of_no_effect_stays_where_there_is_little_room(width):
    ticks = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
    panel = Panel(Axis(0.1, 10.0, ticks, tuple(f"{t:g}" for t in ticks), True), 20.0, width)
    canvas = Canvas(240.0, 40.0)
    panel.ticks(canvas, 20.0)
    assert "1" in [t.text for t in canvas.texts] and check_page(canvas) == []
    assert len([m for m in canvas.marks if m.kind == "tick"]) == 7
