"""Axes in their place: a panel beside columns of text, a plane with two axes; intervals cut with arrows."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from metarepro.effects import Measure
from metarepro.figures.page.axes import Axis, Values, make_axis
from metarepro.figures.page.layout import Canvas
from metarepro.figures.page.look import INK, LEADING, MARGIN, SIZE
from metarepro.figures.page.text import text_width, wrap

# No axis reaches beyond this, whatever is printed.
FARTHEST = 1e9
# An estimate so many times farther out than half of them (ratios: by their logarithms) does not stretch the axis; it
# is shown by an arrow.
OUTLYING = 12.0


def axis_of(measure: Measure, values: list[Values]) -> Axis:
    """An axis for estimates with intervals, of which any may be nan, infinite or absurd."""
    known = [v for v in values if math.isfinite(v[0]) and abs(v[0]) <= FARTHEST]
    if measure.ratio:
        known = [v for v in known if v[0] > 0]
    if len(known) > 3:
        far = [abs(math.log(v[0])) if measure.ratio else abs(v[0]) for v in known]
        # Ratios near 1 are near each other whatever they are multiples of.
        typical = max(sorted(far)[len(far) // 2], math.log(1.5) if measure.ratio else 0.0)
        known = [v for v, d in zip(known, far, strict=True) if d <= OUTLYING * typical] or known
    return make_axis(measure, [(v[0], _near(v[1]), _near(v[2])) for v in known])


def _near(value: float) -> float:
    return value if abs(value) <= FARTHEST else math.nan


def not_outlying(measure: Measure, values: list[Values]) -> list[Values]:
    """Values whose estimate is not so far from the others that they could not be told apart on one axis."""
    known = [(v, w) for v in values if (w := _working(measure, v)) is not None]
    if len(known) < 3:
        return [v for v, _ in known]
    middle = median(w[0] for _, w in known)
    # What is typical: how far estimates are from the middle, or half an interval, whichever is more.
    typical = median(max(abs(w[0] - middle), w[1]) for _, w in known)
    typical = max(typical, math.log(1.5) if measure.ratio else 1e-12 * abs(middle))
    return [v for v, w in known if abs(w[0] - middle) <= OUTLYING * typical] if typical > 0 else [v for v, _ in known]


def _working(measure: Measure, value: Values) -> tuple[float, float] | None:
    """Estimate and half its interval on the scale of the axis; nothing for what no axis can hold."""
    ends = [v if not measure.ratio else math.log(v) if v > 0 else -math.inf for v in value]
    if not math.isfinite(ends[0]) or abs(value[0]) > FARTHEST:
        return None
    half = (ends[2] - ends[1]) / 2
    return ends[0], half if math.isfinite(half) else 0.0


def cropped(axis: Axis, values: list[Values], null: float | None) -> Axis:
    """The part of an axis that values and no effect need, with more ticks if few are left."""
    inside = [v for triple in values for v in triple if axis.low <= v <= axis.high]
    if null is not None and axis.low <= null <= axis.high:
        inside.append(null)
    if not inside or min(inside) == max(inside):
        return axis
    shares = [axis.position(v) for v in inside]
    pad = 0.04 * (max(shares) - min(shares))
    low, high = (_at(axis, s) for s in (max(min(shares) - pad, 0.0), min(max(shares) + pad, 1.0)))
    ticks = [(t, label) for t, label in zip(axis.ticks, axis.labels, strict=True) if low <= t <= high]
    if axis.log and len(ticks) < 4:
        powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
        between = [float(f"{step}e{power}") for power in powers for step in (1, 1.5, 2, 3, 4, 5, 6, 7, 8)]
        ticks = [(t, f"{t:g}") for t in between if low <= t <= high]
    return Axis(low, high, tuple(t for t, _ in ticks), tuple(label for _, label in ticks), axis.log)


def _at(axis: Axis, share: float) -> float:
    """The value at a share of an axis."""
    if axis.log:
        return axis.low * (axis.high / axis.low) ** share
    return axis.low + share * (axis.high - axis.low)


@dataclass(frozen=True)
class Panel:
    """An axis and its place on the canvas."""

    axis: Axis
    left: float
    width: float

    def x(self, value: float) -> float:
        """Place of a value, at an end of the axis if it is beyond."""
        return self.left + self.width * min(max(self.axis.share(value), 0.0), 1.0)

    def beyond(self, value: float) -> int:
        """-1 or 1 if a value lies beyond the low or high end, else 0."""
        return self.axis.beyond(value)

    def arrow(self, y: float, side: int, half: float = 2.4) -> list[tuple[float, float]]:
        """Corners of an arrow head at an end of the axis."""
        end = self.left + (self.width if side > 0 else 0.0)
        return [(end + side * 1.5 * half, y), (end - side * 0.6 * half, y - half), (end - side * 0.6 * half, y + half)]

    def interval(
        self, canvas: Canvas, y: float, low: float, high: float, color: str, name: str, width: float = 0.9,
        dashed: bool = False,
    ) -> None:  # fmt: skip
        """A horizontal line; an end beyond the axis becomes an arrow head; nothing if an end is missing."""
        if math.isnan(low) or math.isnan(high):
            return
        canvas.line(self.x(low), y, self.x(high), y, f"interval: {name}", width, color, dashed)
        for side in sorted({self.beyond(low), self.beyond(high)} - {0}):
            canvas.polygon(self.arrow(y, side), color, f"arrow: {name}")

    def diamond(
        self, canvas: Canvas, y: float, values: Values, name: str, half: float = 4.4, fill: str = INK, color: str = INK
    ) -> None:
        """A pooled estimate: from low to high, highest at the estimate; cut where it leaves the axis, with arrow heads.

        Nothing if one of the three is missing; only arrow heads if all of it lies beyond the axis.
        """
        if any(math.isnan(v) for v in values):
            return
        estimate, low, high = values
        start, middle, end = (self.axis.share(v) for v in (low, estimate, high))

        def height(share: float) -> float:
            """Half height at a share of the axis; an end that is infinitely far leaves it full."""
            tip, reach = (start, middle - start) if share < middle else (end, end - middle)
            return half if not math.isfinite(tip) or reach == 0 else half * abs(share - tip) / reach

        if start <= 1 and end >= 0:
            shares = [max(start, 0.0), *([middle] if 0 <= middle <= 1 else []), min(end, 1.0)]
            heights = [half if s == middle else height(s) for s in shares]
            above = [(self.left + self.width * s, y - h) for s, h in zip(shares, heights, strict=True)]
            below = [(self.left + self.width * s, y + h) for s, h in zip(shares, heights, strict=True)]
            canvas.polygon([*above, *reversed(below)], fill, f"diamond: {name}", color)
        for side in sorted({self.beyond(low), self.beyond(high)} - {0}):
            canvas.polygon(self.arrow(y, side, 0.65 * half), color, f"arrow: {name}")

    def ticks(self, canvas: Canvas, y: float, show: Callable[[str], str] = str) -> float:
        """The axis with its ticks and labels, written by `show`; returns where they end."""
        canvas.line(self.left, y, self.left + self.width, y, "axis", 0.8, INK)
        named = self._labelled()
        for number, (tick, label) in enumerate(zip(self.axis.ticks, self.axis.labels, strict=True)):
            x = self.x(tick)
            canvas.line(x, y, x, y + 3, "tick", 0.8, INK)
            if number in named:
                canvas.text(x, y + 3 + SIZE, show(label), SIZE, "center", color=INK, role="tick")
        return y + 3 + SIZE + 2

    def _labelled(self) -> set[int]:
        """Ticks whose labels are written: all if they fit, else every second, third ... with no effect among them."""
        xs = [self.x(t) for t in self.axis.ticks]
        halves = [text_width(label, SIZE) / 2 for label in self.axis.labels]
        anchor = next((i for i, t in enumerate(self.axis.ticks) if t == (1.0 if self.axis.log else 0.0)), 0)
        for step in range(1, len(xs) + 1):
            chosen = [i for i in range(len(xs)) if (i - anchor) % step == 0]
            if all(xs[j] - halves[j] > xs[i] + halves[i] + 3 for i, j in pairwise(chosen)):
                return set(chosen)
        return {anchor} if xs else set()


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
