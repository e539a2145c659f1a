"""A plane with two axes: where points fall, and the axes around it."""

from __future__ import annotations

import math
from dataclasses import dataclass

from metarepro.figures.page.axes import Axis
from metarepro.figures.page.layout import Canvas
from metarepro.figures.page.look import INK, LEADING, MARGIN, SIZE
from metarepro.figures.page.text import text_width, wrap


def room_for_labels(axis: Axis) -> float:
    """Width that the labels of an upright axis take, ticks included."""
    return max((text_width(label, SIZE) for label in axis.labels), default=0.0) + 6


@dataclass(frozen=True)
class Plane:
    """Two axes and their place on the canvas, in points; `y_down` puts the low end of the upright axis on top."""

    x_axis: Axis
    y_axis: Axis
    left: float
    top: float
    width: float
    height: float
    y_down: bool = False

    @property
    def right(self) -> float:
        """Right end."""
        return self.left + self.width

    @property
    def bottom(self) -> float:
        """Lower end."""
        return self.top + self.height

    def x(self, value: float) -> float:
        """Place of a value, at an end of the axis if it is beyond."""
        return self.left + self.width * min(max(self.x_axis.share(value), 0.0), 1.0)

    def y(self, value: float) -> float:
        """Height of a value, at an end of the axis if it is beyond."""
        share = min(max(self.y_axis.share(value), 0.0), 1.0)
        return self.top + self.height * (share if self.y_down else 1 - share)

    def holds(self, x: float, y: float) -> bool:
        """Whether a point lies within both axes."""
        return 0 <= self.x_axis.share(x) <= 1 and 0 <= self.y_axis.share(y) <= 1

    def draw_axes(self, canvas: Canvas, x_name: str, y_name: str) -> float:
        """Axes with ticks, labels and names; the name of the upright one stands above it. Returns the last baseline."""
        canvas.line(self.left, self.bottom, self.right, self.bottom, "axis: x", 0.8, INK)
        canvas.line(self.left, self.top, self.left, self.bottom, "axis: y", 0.8, INK)
        last = -math.inf
        for tick, label in zip(self.x_axis.ticks, self.x_axis.labels, strict=True):
            x = self.x(tick)
            canvas.line(x, self.bottom, x, self.bottom + 3, "tick: x", 0.8, INK)
            half = text_width(label, SIZE) / 2
            if x - half > last + 3 and x + half < canvas.width:
                canvas.text(x, self.bottom + 4 + SIZE, label, SIZE, "center", color=INK, role="tick")
                last = x + half
        before = math.inf
        for tick, label in sorted(zip(self.y_axis.ticks, self.y_axis.labels, strict=True), key=lambda t: -self.y(t[0])):
            y = self.y(tick)
            canvas.line(self.left - 3, y, self.left, y, "tick: y", 0.8, INK)
            if y < before - SIZE - 1:
                canvas.text(self.left - 5, y + 2.6, label, SIZE, "right", color=INK, role="tick")
                before = y
        canvas.text(MARGIN, self.top - 7, y_name, SIZE, color=INK)
        y = self.bottom + 5 + SIZE
        lines = wrap(x_name, canvas.width - 2 * MARGIN, SIZE)
        for line in lines:
            y += LEADING
            half = text_width(line, SIZE) / 2
            middle = min(max((self.left + self.right) / 2, MARGIN + half), canvas.width - MARGIN - half)
            canvas.text(middle, y, line, SIZE, "center", color=INK)
        return y
