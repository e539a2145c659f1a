"""Where labels of points fit: measured, beside their point or at the end of a leader, never on something else."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from metarepro.figures.faults import segment_meets
from metarepro.figures.fonts import text_width
from metarepro.figures.layout import ASCENT, DESCENT

Point = tuple[float, float]
Box = tuple[float, float, float, float]
# Room kept around a label; lines are looked at every so many points, which finds all that cross the room.
ROOM, STRIDE = 1.0, 1.5
# Distances of a label from the edge of its point: the first without a leader.
DISTANCES = (1.8, 7.0, 13.0, 20.0, 28.0, 38.0, 50.0)
_TURNS = (0, 180, 45, -45, 135, -135, 90, -90, 20, -20, 160, -160, 65, -65, 115, -115)


@dataclass(frozen=True)
class Place:
    """Where a label goes: left end and baseline, and the leader's ends if it has one."""

    x: float
    y: float
    leader: tuple[Point, Point] | None


@dataclass
class Crowd:
    """What labels must keep clear of: a frame, circles, lines, and the labels placed so far."""

    frame: Box
    circles: NDArray[np.float64]
    lines: Sequence[Sequence[Point]] = ()
    boxes: list[Box] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Look at lines as points, close enough to each other."""
        self._dots = np.array([p for line in self.lines for p in _along(line)] or [(math.inf, math.inf)])

    def place(self, text: str, size: float, number: int, leaders: bool) -> Place | None:
        """A place for the label of circle `number` (x, y, radius), beside it or at a leader; it is then taken.

        None where there is no room.
        """
        x, y, radius = (float(v) for v in self.circles[number])
        width, height = text_width(text, size), (ASCENT + DESCENT) * size
        for distance in DISTANCES[1:] if leaders else DISTANCES[:1]:
            for turn in _TURNS:
                c, s = math.cos(math.radians(turn)), -math.sin(math.radians(turn))
                px, py = x + (radius + distance) * c, y + (radius + distance) * s
                # The nearest point of the label's box touches (px, py).
                left = px if c > 0.3 else px - width if c < -0.3 else px - width / 2
                top = py if s > 0.3 else py - height if s < -0.3 else py - height / 2
                box = (left, top, left + width, top + height)
                start = (x + radius * c, y + radius * s)
                leader = (start, (px, py)) if distance > DISTANCES[0] else None
                if self._free(box, number) and (leader is None or not self._crossed(leader, number)):
                    self.boxes.append(box)
                    if leader is not None:
                        self._dots = np.vstack([self._dots, np.array(_along(leader))])
                    return Place(left, top + ASCENT * size, leader)
        return None

    def _free(self, box: Box, own: int) -> bool:
        left, top, right, bottom = box
        if left < self.frame[0] or top < self.frame[1] or right > self.frame[2] or bottom > self.frame[3]:
            return False
        left, top, right, bottom = left - ROOM, top - ROOM, right + ROOM, bottom + ROOM
        for b in self.boxes:
            if left < b[2] and b[0] < right and top < b[3] and b[1] < bottom:
                return False
        dots = self._dots
        if ((dots[:, 0] > left) & (dots[:, 0] < right) & (dots[:, 1] > top) & (dots[:, 1] < bottom)).any():
            return False
        aside = np.maximum(np.maximum(left - self.circles[:, 0], self.circles[:, 0] - right), 0.0)
        above = np.maximum(np.maximum(top - self.circles[:, 1], self.circles[:, 1] - bottom), 0.0)
        touching = np.hypot(aside, above) < self.circles[:, 2] + 0.5
        touching[own] = False
        return not bool(touching.any())

    def _crossed(self, leader: tuple[Point, Point], own: int) -> bool:
        """Whether a leader runs through a label, or through a circle that its own does not touch."""
        if any(segment_meets(*leader, box) for box in self.boxes):
            return True
        x, y, radius = self.circles[own]
        apart = np.hypot(self.circles[:, 0] - x, self.circles[:, 1] - y) > self.circles[:, 2] + radius
        others = self.circles[apart]
        start, end = np.array(leader[0]), np.array(leader[1])
        length = max(float(np.hypot(*(end - start))), 1e-9)
        share = np.clip((others[:, :2] - start) @ (end - start) / length**2, 0.0, 1.0)
        nearest = start + share[:, None] * (end - start)
        return bool((np.hypot(*(others[:, :2] - nearest).T) < others[:, 2] + 0.5).any())


def shortened(text: str, width: float, size: float) -> str:
    """A text cut with an ellipsis to a width."""
    if text_width(text, size) <= width:
        return text
    while text and text_width(text + "\u2026", size) > width:
        text = text[:-1]
    return text.rstrip() + "\u2026"


def clipped(points: Sequence[Point], top: float, bottom: float) -> list[list[Point]]:
    """The parts of a line between two heights."""
    runs: list[list[Point]] = []
    last: Point | None = None
    for a, b in pairwise(points):
        part = _segment_between(a, b, top, bottom)
        if part is None:
            last = None
            continue
        if last != part[0]:
            runs.append([part[0]])
        runs[-1].append(part[1])
        last = part[1]
    return runs


def _segment_between(a: Point, b: Point, top: float, bottom: float) -> tuple[Point, Point] | None:
    if not all(math.isfinite(v) for v in (*a, *b)):
        return None
    if max(a[1], b[1]) < top or min(a[1], b[1]) > bottom:
        return None

    def at(y: float) -> Point:
        return (a[0] + (b[0] - a[0]) * (y - a[1]) / (b[1] - a[1]), y)

    start = at(top) if a[1] < top else at(bottom) if a[1] > bottom else a
    end = at(top) if b[1] < top else at(bottom) if b[1] > bottom else b
    return start, end


def _along(points: Sequence[Point]) -> list[Point]:
    """Points of a line, no farther apart than `STRIDE`."""
    found: list[Point] = []
    for (x0, y0), (x1, y1) in pairwise(points):
        steps = max(1, math.ceil(math.hypot(x1 - x0, y1 - y0) / STRIDE))
        found += [(x0 + (x1 - x0) * i / steps, y0 + (y1 - y0) * i / steps) for i in range(steps + 1)]
    return found
