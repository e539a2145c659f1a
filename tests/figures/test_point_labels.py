"""Labels of points: beside their own, clear of points, labels and lines; parts of lines."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from metarepro.figures.page.clip import between_heights, clip, cross, cut_out, segments_of
from metarepro.figures.page.point_labels import AIR, place_labels

FRAME = (0.0, 0.0, 300.0, 200.0)


def crowd(k, seed=2):
    rng = np.random.default_rng(seed)
    return [(float(x), float(y), float(r)) for x, y, r in rng.uniform((10, 10, 2), (290, 190, 7), (k, 3))]


def gap(box, x, y):
    return math.dist((x, y), (min(max(x, box[0]), box[2]), min(max(y, box[1]), box[3])))


@pytest.mark.parametrize("k", [1, 12, 40, 150])
def test_labels_touch_neither_points_nor_labels_nor_lines(k):
    circles = crowd(k)
    lines = segments_of([[(0, 60), (120, 80), (300, 150)]])
    points = [(i, *c, f"Study {i}") for i, c in enumerate(circles)]
    placed = place_labels(points, FRAME, (), circles, 6.5, untouched=lines)
    assert len(placed) >= min(k, 10) and len({p.index for p in placed}) == len(placed)
    for p in placed:
        assert FRAME[0] <= p.box[0] and p.box[2] <= FRAME[2] and FRAME[1] <= p.box[1] and p.box[3] <= FRAME[3]
        assert all(gap(p.box, x, y) >= r + AIR - 1e-9 for x, y, r in circles)
        assert all(clip(line, p.box) is None for line in lines)
        x, y, r = circles[p.index]
        if p.leader is None:
            assert gap(p.box, x, y) < r + 3
        else:
            assert math.dist(p.leader[:2], (x, y)) == pytest.approx(r) and gap(p.box, *p.leader[2:]) < 1e-9
    for a, b in itertools.combinations(placed, 2):
        assert a.box[2] <= b.box[0] or b.box[2] <= a.box[0] or a.box[3] <= b.box[1] or b.box[3] <= a.box[1]
        if a.leader and b.leader:
            assert not cross(a.leader, b.leader)
        for one, other in ((a, b), (b, a)):
            assert one.leader is None or clip(one.leader, other.box) is None


def test_a_leader_goes_through_no_other_point_unless_its_own_lies_in_it():
    small, large = (150.0, 100.0, 2.0), (150.5, 100.0, 12.0)
    (label,) = place_labels([(0, *small, "Inside")], FRAME, (), [small, large], 6.5)
    assert label.leader is not None and gap(label.box, *large[:2]) >= large[2] + AIR
    circles = crowd(60)
    for label in place_labels([(i, *c, f"Study {i}") for i, c in enumerate(circles)], FRAME, (), circles, 6.5):
        x, y, r = circles[label.index]
        for ox, oy, other in circles:
            if label.leader is not None and math.dist((x, y), (ox, oy)) + r > other:
                along = np.linspace(label.leader[:2], label.leader[2:], 200)
                assert np.hypot(*(along - (ox, oy)).T).min() >= other


def test_lines_that_may_be_interrupted_are_only_where_there_is_no_other_room():
    point, line = (20.0, 20.0, 2.0), (0.0, 0.0, 60.0, 60.0)
    near = (0.0, 0.0, 60.0, 40.0)
    (label,) = place_labels([(0, *point, "Study")], near, [line], [point], 6.5)
    assert clip(line, label.box) is None
    # Lines everywhere: interrupted, or left out where they must not be.
    grid = [(0.0, float(y), 60.0, float(y)) for y in range(0, 41, 3)]
    assert len(place_labels([(0, *point, "Study")], near, grid, [point], 6.5)) == 1
    assert place_labels([(0, *point, "Study")], near, (), [point], 6.5, untouched=grid) == []


def test_what_lies_under_boxes_is_cut_out_of_a_line():
    pieces = cut_out((0.0, 0.0, 100.0, 0.0), [(10.0, -2.0, 20.0, 2.0), (90.0, -2.0, 120.0, 2.0)], air=1.0)
    assert np.allclose(pieces, [(0, 0, 9, 0), (21, 0, 89, 0)])
    assert cut_out((0.0, 9.0, 100.0, 9.0), [(10.0, -2.0, 20.0, 2.0)]) == [(0.0, 9.0, 100.0, 9.0)]


def test_a_line_is_cut_between_two_heights_and_broken_where_it_has_no_place():
    line = [(0.0, -10.0), (10.0, 10.0), (20.0, 30.0), (30.0, math.nan), (40.0, 5.0), (50.0, 15.0)]
    runs = between_heights(line, 0.0, 20.0)
    assert [np.round(run, 9).tolist() for run in runs] == [
        [[5.0, 0.0], [10.0, 10.0], [15.0, 20.0]], [[40.0, 5.0], [50.0, 15.0]],
    ]  # fmt: skip
