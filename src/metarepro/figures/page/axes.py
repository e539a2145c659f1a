"""Axis of a forest plot: which range to show, where the ticks are, and where a value falls."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from metarepro.effects import Measure
from metarepro.figures.page.numbers import fixed

# An estimate with its interval; nan where there is none.
Values = tuple[float, float, float]
NOTHING: Values = (math.nan, math.nan, math.nan)
_LADDERS = (
    (0.5, 0.67, 0.8, 1, 1.25, 1.5, 2),
    (0.1, 0.2, 0.5, 1, 2, 5, 10),
    (0.01, 0.1, 1, 10, 100),
    (0.001, 0.01, 0.1, 1, 10, 100, 1000),
    (1e-6, 1e-4, 1e-2, 1, 1e2, 1e4, 1e6),
)
# How far beyond the outermost estimates an interval is drawn before it is cut by an arrow, on the log scale.
_REACH = math.log(12)


@dataclass(frozen=True)
class Axis:
    """Display range and ticks; `position` maps a display value to 0..1 and beyond."""

    low: float
    high: float
    ticks: tuple[float, ...]
    labels: tuple[str, ...]
    log: bool

    def position(self, value: float) -> float:
        """Share of the axis, 0 at its low end."""
        if self.log:
            value = max(value, 1e-300)
            return math.log(value / self.low) / math.log(self.high / self.low)
        return (value - self.low) / (self.high - self.low)

    def share(self, value: float) -> float:
        """As `position`, and infinite for values that are."""
        return value if math.isinf(value) else self.position(value)

    def beyond(self, value: float) -> int:
        """-1 or 1 if a value lies beyond the low or high end, else 0."""
        share = self.share(value)
        return -1 if share < 0 else 1 if share > 1 else 0


def make_axis(measure: Measure, values: Sequence[Values]) -> Axis:
    """Choose the axis for estimates with intervals, on the display scale: all estimates and most intervals are inside.

    The rest is cut by arrows; what is not finite is ignored.
    """
    points = [v[0] for v in values if math.isfinite(v[0])]
    ends = [e for v in values for e in v[1:] if math.isfinite(e)]
    if measure.null is None and measure.percent:
        return _percent_axis(points, ends)
    if measure.ratio:
        return _log_axis(points, [e for e in ends if e > 0])
    return _linear_axis(measure, points, ends)


def _percent_axis(points: list[float], ends: list[float]) -> Axis:
    """From 0 to 100%, or to less where everything is rare: else all marks would stand on the axis' first tick."""
    top = max([*points, *(e for e in ends if e <= 1)], default=1.0)
    if not 0 < top <= 0.2:
        return Axis(0.0, 1.0, (0.0, 0.25, 0.5, 0.75, 1.0), ("0", "25", "50", "75", "100"), False)
    step = _nice_step(top / 5)
    ticks = tuple(i * step for i in range(math.ceil(top / step - 1e-9) + 1))
    return Axis(0.0, ticks[-1], ticks, _linear_labels(ticks, step, 100), False)


def _log_axis(points: list[float], ends: list[float]) -> Axis:
    logs = [math.log(p) for p in points if p > 0] or [0.0]
    floor, ceiling = min(logs) - _REACH, max(logs) + _REACH
    inside = [min(max(math.log(e), floor), ceiling) for e in ends]
    low, high = min([*inside, *logs, 0.0]), max([*inside, *logs, 0.0])
    pad = 0.03 * max(high - low, math.log(1.6))
    low, high = low - pad, high + pad
    for ladder in _LADDERS:
        shown = [t for t in ladder if low <= math.log(t) <= high]
        if math.log(ladder[0]) <= low + 0.25 * (high - low) and math.log(ladder[-1]) >= high - 0.25 * (high - low):
            break
    # The axis ends at the data or at the outermost tick, whichever is farther; at least a tick on each side of 1.
    shown = sorted({*shown, 1.0, max(t for t in ladder if t < 1), min(t for t in ladder if t > 1)})
    low, high = min(low, math.log(shown[0])), max(high, math.log(shown[-1]))
    return Axis(math.exp(low), math.exp(high), tuple(shown), tuple(_ratio_label(t) for t in shown), True)


def _linear_axis(measure: Measure, points: list[float], ends: list[float]) -> Axis:
    spread = (max(points) - min(points)) if points else 1.0
    widths = sorted(abs(e) for e in ends) or [1.0]
    # A measure without a null, as a mean, has no value that must be on its axis.
    anchor = [] if measure.null is None and points else [0.0]
    if not anchor:
        widths = sorted(abs(e - points[0]) for e in ends) or [abs(points[0])]
    reach = max(spread, widths[len(widths) // 2]) * 1.5
    floor, ceiling = min([*points, *anchor]) - reach, max([*points, *anchor]) + reach
    inside = [min(max(e, floor), ceiling) for e in ends]
    low, high = min([*inside, *points, *anchor]), max([*inside, *points, *anchor])
    # Values too near each other for their size could not be told apart by ticks.
    span = (high - low) if high - low > 1e-9 * max(abs(low), abs(high)) else max(abs(low), 1.0)
    low, high = low - 0.03 * span, high + 0.03 * span
    step = _nice_step((high - low) / 5)
    first, last = math.floor(low / step), math.ceil(high / step)
    ticks = tuple(i * step for i in range(first, last + 1))
    return Axis(ticks[0], ticks[-1], ticks, _linear_labels(ticks, step, 100 if measure.percent else 1), False)


def _linear_labels(ticks: tuple[float, ...], step: float, factor: int) -> tuple[str, ...]:
    decimals = max(0, -math.floor(math.log10(step * factor) + 1e-9)) if step * factor < 1 else 0
    if not math.isclose(step * factor, round(step * factor, decimals), rel_tol=1e-9):
        decimals += 1
    return tuple(fixed(t * factor, decimals) for t in ticks)


def _ratio_label(value: float) -> str:
    """In digits, never 1e-06."""
    return f"{value:.6f}".rstrip("0").rstrip(".")


def _nice_step(rough: float) -> float:
    power = 10.0 ** math.floor(math.log10(rough))
    for factor in (1, 2, 2.5, 5, 10):
        if rough <= factor * power * 1.0000001:
            return factor * power
    return 10 * power
