"""Labels beside the points of a plane, where nothing is in their way: measured, never on a mark or on each other."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from metarepro.figures.page.clip import Box, Segment, clip, cross, meets_any
from metarepro.figures.page.layout import ASCENT, DESCENT, Canvas
from metarepro.figures.page.look import GREY, SMALL
from metarepro.figures.page.text import text_width

# Distances from the point's edge to try, nearest first, and the number of directions.
NEXT, NEAR, FAR, DIRECTIONS = (2.2,), (5.0, 7.5, 10.0, 12.5, 15.0), tuple(range(18, 52, 4)), 48
# From this distance on a leader joins label and point.
WITH_LEADER = 3.0
BESIDE, ABOVE = 1.5, 0.6
# How often to try where labels are left out, and up to how many labels more than once.
TRIES, MANY = 3, 120
# Room kept around points.
AIR = 0.8
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
    untouched: Sequence[Segment] = (),
) -> list[PlacedLabel]:  # fmt: skip
    """Place what labels have room; the rest is left to the caller's note.

    Parameters
    ----------
    points : sequence of (index, x, y, radius, text)
        What to label, the most important first.
    within : Box
        Where labels may be.
    segments, minor, untouched : sequence of Segment
        Lines that a label stands on only where it would be left out otherwise; those that it stands on rather than have
        a long leader; those that no label stands on. The caller leaves lines out under labels (`cut_out`).
    circles : sequence of (x, y, radius)
        Points that no label and no leader may touch, the labelled ones included; but a leader may leave through a
        circle that its own lies in.
    """
    never, hard, all_lines = (
        np.array(lines, dtype=float).reshape(-1, 4)
        for lines in (untouched, [*untouched, *segments], [*untouched, *segments, *minor])
    )
    dots = np.array(circles, dtype=float).reshape(-1, 3)
    # Labels next to their points first, so that no leader takes the place of one.
    stages = [(NEXT, all_lines)], [(NEAR, all_lines), (NEXT + NEAR, hard), (FAR, hard), (NEXT + NEAR, never)]
    best: list[PlacedLabel] = []
    order = list(points)
    for _ in range(TRIES if len(order) <= MANY else 1):
        placed: list[PlacedLabel] = []
        left = order
        for stage in stages:
            missed = []
            for point in left:
                found = next((f for how in stage if (f := _first_place(point, size, within, dots, placed, *how))), None)
                placed += [found] if found is not None else []
                missed += [point] if found is None else []
            left = missed
        best = max(best, placed, key=len)
        if not left:
            break
        # Those that found no place choose first the next time.
        order = left + [point for point in order if point not in left]
    return best


def put_labels(canvas: Canvas, placed: Sequence[PlacedLabel], rows: Sequence[int], leader_width: float) -> None:
    """Draw placed labels, each with its leader, in the row of the data of its index."""
    for label in placed:
        with canvas.in_row(rows[label.index]):
            if label.leader is not None:
                canvas.line(*label.leader, f"leader: {label.text}", leader_width, GREY)
            canvas.text(label.x, label.y, label.text, SMALL)


def _first_place(
    point: tuple[int, float, float, float, str], size: float, within: Box, dots: np.ndarray,
    placed: Sequence[PlacedLabel], distances: Sequence[float], lines: np.ndarray,
) -> PlacedLabel | None:  # fmt: skip
    index, x, y, radius, text = point
    width, height = text_width(text, size), (ASCENT + DESCENT) * size
    taken = np.array([label.box for label in placed], dtype=float).reshape(-1, 4)
    leaders = np.array([label.leader for label in placed if label.leader], dtype=float).reshape(-1, 4)
    others = dots[np.hypot(dots[:, 0] - x, dots[:, 1] - y) + radius > dots[:, 2] + 1e-9]
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
    on_dots = (np.hypot(across, down) < dots[:, 2] + AIR).any(1)
    beside = (b[..., 0] - BESIDE < taken[:, 2]) & (taken[:, 0] < b[..., 2] + BESIDE)
    level = (b[..., 1] - ABOVE < taken[:, 3]) & (taken[:, 1] < b[..., 3] + ABOVE)
    free: np.ndarray = ~on_dots & ~(beside & level).any(1)
    return free


def _clear(leader: Segment, dots: np.ndarray, taken: np.ndarray, leaders: np.ndarray) -> bool:
    """Whether a leader crosses no label, no other point and no other leader."""
    if any(clip(leader, tuple(box)) is not None for box in taken):
        return False
    start, along = np.array(leader[:2]), np.array(leader[2:]) - np.array(leader[:2])
    share = np.clip((dots[:, :2] - start) @ along / max(float(along @ along), 1e-12), 0.0, 1.0)
    apart = np.hypot(*(dots[:, :2] - start - share[:, None] * along).T)
    return not (apart < dots[:, 2] + AIR).any() and not any(cross(leader, tuple(other)) for other in leaders)


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
