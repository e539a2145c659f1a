"""Axes of effects: round ticks at their places, labels apart, ends of scales kept."""

from __future__ import annotations

import itertools
import math

import pytest

from metarepro.effects import MEASURES, get_measure, to_display
from metarepro.figures.page.look import SIZE
from metarepro.figures.page.text import text_width
from metarepro.figures.page.value_axes import display_axis, near, padded, plain_axis, working_axis


@pytest.mark.parametrize(
    ("measure", "low", "high", "labels"),
    [
        ("RR", -2.5, 1.2, ("0.1", "0.2", "0.5", "1", "2")),
        ("RR", -7.0, 9.0, ("0.01", "1", "100")),
        ("OR", -0.3, 0.4, ("0.8", "0.9", "1", "1.1", "1.2", "1.3", "1.4")),
        ("RD", -0.2, 0.13, ("−20", "−15", "−10", "−5", "0", "5", "10")),
        ("PLO", -4.0, 3.0, ("10", "20", "50", "80", "90")),
    ],
)
def test_ticks_are_round_display_values(measure, low, high, labels):
    assert working_axis(get_measure(measure), low, high, 190).labels == labels


@pytest.mark.parametrize("code", [c for c, m in MEASURES.items() if m.display != "none"])
@pytest.mark.parametrize("ends", [(-3.0, 2.0), (0.02, 0.5), (0.1, 0.11), (-40.0, 60.0), (0.2, 1.4)])
@pytest.mark.parametrize("room", [190.0, 440.0])
def test_ticks_stand_at_their_labels_and_labels_apart(code, ends, room):
    measure = get_measure(code)
    if code == "PLN":  # a log proportion is below 0
        ends = (ends[0] - ends[1] - 0.1, -0.1)
    axis = working_axis(measure, *ends, room)
    factor = 100 if measure.percent else 1
    assert len(axis.ticks) >= 2
    for tick, label in zip(axis.ticks, axis.labels, strict=True):
        value = float(label.replace("−", "-").replace("\u2009", ""))
        assert value == pytest.approx(factor * to_display(code, tick), rel=1e-5, abs=1e-9)
    places = [room * axis.position(t) for t in axis.ticks]
    for (a, one), (b, other) in itertools.pairwise(zip(places, axis.labels, strict=True)):
        assert b - a > (text_width(one, SIZE) + text_width(other, SIZE)) / 2


def test_an_axis_ends_where_its_scale_does():
    assert display_axis(get_measure("PLO"), -0.2, 1.4, 300).low == 0
    assert display_axis(get_measure("PLO"), -0.2, 1.4, 300).high == 1
    axis = working_axis(get_measure("PAS"), -0.4, 2.0, 300)
    assert -0.1 < axis.low < 0 and math.pi / 2 < axis.high < math.pi / 2 + 0.1


def test_points_at_the_end_of_a_scale_may_stand_clear_of_the_other_axis():
    axis = display_axis(get_measure("PLO"), -0.2, 0.5, 300, clear=0.04)
    assert axis.low == pytest.approx(-0.02) and axis.high == 0.5 and axis.ticks[0] == 0 and axis.labels[0] == "0"


@pytest.mark.parametrize(("low", "high"), [(-1.0, 2.0), (0.0, 7e-4), (-3e8, 2e9), (1e6, 1e6 + 3), (1e9, 1e9 + 2)])
@pytest.mark.parametrize("room", [74.0, 200.0])
def test_labels_of_upright_axes_stand_above_each_other_and_differ(low, high, room):
    axis = plain_axis(low, high, room, upright=True)
    assert len(axis.ticks) >= 2 and len(set(axis.labels)) == len(axis.labels)
    places = [room * axis.position(t) for t in axis.ticks]
    assert min(b - a for a, b in itertools.pairwise(places)) >= SIZE + 5
    for tick, label in zip(axis.ticks, axis.labels, strict=True):
        assert float(label.replace("−", "-").replace("\u2009", "")) == pytest.approx(tick, rel=1e-12, abs=1e-12)


def test_a_range_of_nothing_gets_some_length():
    assert padded(0.0, 10.0, 0.1) == (-1.0, 11.0)
    for value in (0.0, -3.0, 1e9):
        low, high = padded(value, value, 0.04)
        assert low < value < high and len(plain_axis(low, high, 200).ticks) >= 2


@pytest.mark.parametrize("high", [3e-9, 0.4, 1.0, 12345.0, 3e12])
def test_plain_axes_have_some_ticks_of_any_size(high):
    axis = plain_axis(0.0, high, 150)
    assert 3 <= len(axis.ticks) <= 8 and axis.ticks[0] == 0 and len(set(axis.labels)) == len(axis.labels)


def test_far_values_are_told_from_near_ones():
    assert near([0.1, 0.2, 0.3, 40.0], 0.05) == [True, True, True, False]
    assert near([5.0, 5.0, 5.0], 0.1) == [True] * 3
