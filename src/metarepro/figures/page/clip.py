"""Parts of straight lines: inside a box, outside of boxes, between two heights; which lines cross."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from metarepro.figures.page.shapes import Point

Box = tuple[float, float, float, float]
Segment = tuple[float, float, float, float]


def clip(segment: Segment, box: Box) -> tuple[float, float] | None:
    """Shares of a segment's length between which it is in a box (Liang and Barsky's clipping); None where it is not."""
    enter, leave = 0.0, 1.0
    for axis in (0, 1):
        start, delta = segment[axis], segment[axis + 2] - segment[axis]
        if abs(delta) < 1e-12:
            if not box[axis] <= start <= box[axis + 2]:
                return None
            continue
        first, second = (box[axis] - start) / delta, (box[axis + 2] - start) / delta
        enter, leave = max(enter, min(first, second)), min(leave, max(first, second))
        if enter > leave:
            return None
    return enter, leave


def meets_any(segments: np.ndarray, box: Box) -> bool:
    """Whether any of many segments has a part inside a box: `clip` of all at once."""
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


def cut_out(segment: Segment, boxes: Sequence[Box], air: float = 1.0) -> list[Segment]:
    """The pieces of a line that are left when what lies under boxes is cut out."""
    pieces = [(0.0, 1.0)]
    for box in boxes:
        cut = clip(segment, (box[0] - air, box[1] - air, box[2] + air, box[3] + air))
        if cut is not None and cut[0] < cut[1]:
            pieces = [p for a, b in pieces for p in ((a, min(b, cut[0])), (max(a, cut[1]), b)) if p[1] - p[0] > 1e-9]
    return [(*_at(segment, a), *_at(segment, b)) for a, b in pieces]


def between_heights(points: Sequence[Point], top: float, bottom: float) -> list[list[Point]]:
    """The parts of a line through points that lie between two heights; it is broken at points without a place."""
    runs: list[list[Point]] = []
    last: Point | None = None
    for a, b in pairwise(points):
        segment = (*a, *b)
        finite = all(math.isfinite(v) for v in segment)
        part = clip(segment, (-math.inf, top, math.inf, bottom)) if finite else None
        if part is None:
            last = None
            continue
        start = a if part[0] == 0 else _at(segment, part[0])
        end = b if part[1] == 1 else _at(segment, part[1])
        if last != start:
            runs.append([start])
        runs[-1].append(end)
        last = end
    return runs


def segments_of(lines: Sequence[Sequence[Point]]) -> list[Segment]:
    """The segments that lines through points are made of."""
    return [(*a, *b) for line in lines for a, b in pairwise(line)]


def cross(a: Segment, b: Segment) -> bool:
    """Whether two segments cross."""

    def side(p: Segment, x: float, y: float) -> float:
        return (p[2] - p[0]) * (y - p[1]) - (p[3] - p[1]) * (x - p[0])

    return side(a, b[0], b[1]) * side(a, b[2], b[3]) < 0 and side(b, a[0], a[1]) * side(b, a[2], a[3]) < 0


def _at(segment: Segment, share: float) -> Point:
    x0, y0, x1, y1 = segment
    return (x0 + share * (x1 - x0), y0 + share * (y1 - y0))
