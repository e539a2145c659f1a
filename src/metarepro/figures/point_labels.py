"""Labels beside the points of a plane, where nothing is in their way: measured, never on a mark or on each other."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from metarepro.figures.fonts import text_width
from metarepro.figures.layout import ASCENT, DESCENT

Box = tuple[float, float, float, float]
Segment = tuple[float, float, float, float]
# Distances from the point's edge to try, nearest first, and the number of directions.
NEAR, FAR, DIRECTIONS = (1.5, 5.0, 9.0, 14.0), (20.0, 27.0, 34.0), 24
# From this distance on a leader joins label and point.
WITH_LEADER = 3.0
BESIDE, ABOVE = 2.2, 0.6
# Directions as steps across and down; right and left first, where a label reads best.
_TURNS = sorted(
    ((math.cos(2 * math.pi * i / DIRECTIONS), math.sin(2 * math.pi * i / DIRECTIONS)) for i in range(DIRECTIONS)),
    key=lambda turn: (round(abs(turn[1]), 6), -turn[0]),
)


@dataclass(frozen=True)
class PlacedLabel:
    """A label with the left end of its baseline, and the ends of its leader if it has one."""

    index: int
    text: str
    x: float
    y: float
    leader: Segment | None
    box: Box


def place_labels(
    points: Sequence[tuple[int, float, float, float, str]], within: Box, segments: Sequence[Segment],
    circles: Sequence[tuple[float, float, float]], size: float, minor: Sequence[Segment] = (),
) -> list[PlacedLabel]:  # fmt: skip
    """Place what labels have room, in the order given.

    Parameters
    ----------
    points : sequence of (index, x, y, radius, text)
        What to label, the most important first.
    within : Box
        Where labels may be.
    segments : sequence of Segment
        Lines that a label stands on only where it would be left out otherwise.
    circles : sequence of (x, y, radius)
        Points that no label and no leader may touch, the labelled ones included.
    size : float
        Of the letters.
    minor : sequence of Segment
        Lines that a label stands on rather than have a long leader.

    Returns
    -------
    list of PlacedLabel
        Labels that found a place; the rest are left to the caller's note. The caller leaves lines out under labels
        (`outside_boxes`).
    """
    hard = np.array(segments, dtype=float).reshape(-1, 4)
    both = np.vstack([hard, np.array(minor, dtype=float).reshape(-1, 4)])
    dots = np.array(circles, dtype=float).reshape(-1, 3)
    rounds = [(NEAR, both), (NEAR, hard), (FAR, hard), (NEAR, hard[:0])]
    placed: list[PlacedLabel] = []
    for index, x, y, radius, text in points:
        for distances, lines in rounds:
            found = _first_place(index, x, y, radius, text, size, within, lines, dots, placed, distances)
            if found is not None:
                placed.append(found)
                break
    return placed


def _first_place(
    index: int, x: float, y: float, radius: float, text: str, size: float, within: Box, lines: np.ndarray,
    dots: np.ndarray, placed: Sequence[PlacedLabel], distances: Sequence[float],
) -> PlacedLabel | None:  # fmt: skip
    width, height = text_width(text, size), (ASCENT + DESCENT) * size
    taken = np.array([label.box for label in placed], dtype=float).reshape(-1, 4)
    leaders = np.array([label.leader for label in placed if label.leader], dtype=float).reshape(-1, 4)
    others = dots[(dots[:, 0] != x) | (dots[:, 1] != y)]
    # The box touches the circle of that reach at its nearest side or corner.
    tried = [(d, x + (radius + d) * across, y + (radius + d) * down, across, down)
             for d in distances for across, down in _TURNS]  # fmt: skip
    lefts = np.array([cx - width * (0.5 - 0.5 * _lean(across)) for _, cx, _, across, _ in tried])
    tops = np.array([cy - height * (0.5 - 0.5 * _lean(down)) for _, _, cy, _, down in tried])
    boxes = np.stack([lefts, tops, lefts + width, tops + height], -1)
    fits = (boxes[:, :2] >= within[:2]).all(1) & (boxes[:, 2:] <= within[2:]).all(1) & _free(boxes, dots, taken)
    for number in np.flatnonzero(fits):
        box = (float(lefts[number]), float(tops[number]), float(lefts[number] + width), float(tops[number] + height))
        wide = (box[0] - BESIDE, box[1] - ABOVE, box[2] + BESIDE, box[3] + ABOVE)
        if meets_any(lines, wide) or meets_any(leaders, wide):
            continue
        leader = _leader(box, x, y, radius) if tried[number][0] >= WITH_LEADER else None
        if leader is None or _clear(leader, others, taken, leaders):
            return PlacedLabel(index, text, box[0], box[1] + ASCENT * size, leader, box)
    return None


def _free(boxes: np.ndarray, dots: np.ndarray, taken: np.ndarray) -> np.ndarray:
    """Which boxes touch neither a point nor a label."""
    b = boxes[:, None, :]
    across = dots[:, 0] - np.clip(dots[:, 0], b[..., 0], b[..., 2])
    down = dots[:, 1] - np.clip(dots[:, 1], b[..., 1], b[..., 3])
    on_dots = (np.hypot(across, down) < dots[:, 2]).any(1)
    beside = (b[..., 0] - BESIDE < taken[:, 2]) & (taken[:, 0] < b[..., 2] + BESIDE)
    level = (b[..., 1] - ABOVE < taken[:, 3]) & (taken[:, 1] < b[..., 3] + ABOVE)
    free: np.ndarray = ~on_dots & ~(beside & level).any(1)
    return free


def _clear(leader: Segment, dots: np.ndarray, taken: np.ndarray, leaders: np.ndarray) -> bool:
    """Whether a leader crosses no label, no other point and no other leader."""
    alone = np.array([leader])
    around = [(x - r, y - r, x + r, y + r) for x, y, r in dots if _near(leader, x, y, r)]
    if any(meets_any(alone, tuple(box)) for box in (*taken, *around)):
        return False
    return not any(_cross(leader, tuple(other)) for other in leaders)


def _near(leader: Segment, x: float, y: float, r: float) -> bool:
    across = min(leader[0], leader[2]) - r <= x <= max(leader[0], leader[2]) + r
    return across and min(leader[1], leader[3]) - r <= y <= max(leader[1], leader[3]) + r


def outside_boxes(segment: Segment, boxes: Sequence[Box], air: float = 1.0) -> list[Segment]:
    """The pieces of a line that are left when what lies under boxes is cut out."""
    x0, y0, x1, y1 = segment
    pieces = [(0.0, 1.0)]
    for box in boxes:
        cut = _part_inside(segment, (box[0] - air, box[1] - air, box[2] + air, box[3] + air))
        if cut is not None:
            pieces = [p for a, b in pieces for p in ((a, min(b, cut[0])), (max(a, cut[1]), b)) if p[1] - p[0] > 1e-9]
    return [(x0 + a * (x1 - x0), y0 + a * (y1 - y0), x0 + b * (x1 - x0), y0 + b * (y1 - y0)) for a, b in pieces]


def _part_inside(segment: Segment, box: Box) -> tuple[float, float] | None:
    enter, leave = 0.0, 1.0
    for axis in (0, 1):
        start, delta = segment[axis], segment[axis + 2] - segment[axis]
        if abs(delta) < 1e-12:
            if not box[axis] <= start <= box[axis + 2]:
                return None
            continue
        first, second = sorted(((box[axis] - start) / delta, (box[axis + 2] - start) / delta))
        enter, leave = max(enter, first), min(leave, second)
    return (enter, leave) if enter < leave else None


def _lean(share: float) -> float:
    """-1 to 1: how far a box lies to one side, fully beside its point from 30 degrees on."""
    return max(-1.0, min(1.0, 2 * share))


def _leader(box: Box, x: float, y: float, radius: float) -> Segment | None:
    end = (min(max(x, box[0]), box[2]), min(max(y, box[1] + 1.0), box[3] - 1.0))
    length = math.hypot(end[0] - x, end[1] - y)
    if length <= radius + 1:
        return None
    start = (x + (end[0] - x) * radius / length, y + (end[1] - y) * radius / length)
    return (*start, *end)


def meets_any(segments: np.ndarray, box: Box) -> bool:
    """Whether any segment (x0, y0, x1, y1) has a part inside a box (Liang and Barsky's clipping)."""
    if not segments.size:
        return False
    enter, leave = np.zeros(len(segments)), np.ones(len(segments))
    inside = np.ones(len(segments), dtype=bool)
    for axis in (0, 1):
        start, delta = segments[:, axis], segments[:, axis + 2] - segments[:, axis]
        flat = np.abs(delta) < 1e-12
        step = np.where(flat, 1.0, delta)
        first, second = (box[axis] - start) / step, (box[axis + 2] - start) / step
        inside &= ~flat | ((start >= box[axis]) & (start <= box[axis + 2]))
        enter = np.where(flat, enter, np.maximum(enter, np.minimum(first, second)))
        leave = np.where(flat, leave, np.minimum(leave, np.maximum(first, second)))
    return bool((inside & (enter <= leave)).any())


def _cross(a: Segment, b: Segment) -> bool:
    def side(p: Segment, x: float, y: float) -> float:
        return (p[2] - p[0]) * (y - p[1]) - (p[3] - p[1]) * (x - p[0])

    return side(a, b[0], b[1]) * side(a, b[2], b[3]) < 0 and side(b, a[0], a[1]) * side(b, a[2], a[3]) < 0
