"""Axes for planes: over a range of numbers, a range of ratios, or the hours after a dose."""

from __future__ import annotations

import math
from dataclasses import dataclass

from metarepro.effects import Measure
from metarepro.figures.axes import Axis
from metarepro.figures.numbers import MINUS

# Ticks of ratios: finer ones for a short axis, powers of ten for a long one.
_STEPS: tuple[tuple[float, ...], ...] = ((1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8), (1, 2, 5), (1, 3), (1,))
# Hours of the time axis with their labels, the most wanted first.
_TIMES: tuple[tuple[float, str], ...] = (
    (24, "24 h"), (168, "7 d"), (4, "4 h"), (672, "28 d"), (72, "3 d"), (336, "14 d"), (2016, "12 wk"), (4368, "26 wk"),
    (8736, "52 wk"), (0, "0"), (1, "1 h"), (48, "2 d"), (12, "12 h"), (2, "2 h"), (17472, "2 yr"), (43680, "5 yr"),
)  # fmt: skip
# Hours over which the time axis is nearly straight; beyond, it is logarithmic.
BEND_H = 4.0


@dataclass(frozen=True)
class TimeAxis(Axis):
    """Hours after a dose, drawn at log(1 + hours / 4): straight at first, then ever denser; 0 has a place."""

    def position(self, value: float) -> float:
        """Share of the axis, 0 at its low end."""
        low, high = (math.log1p(v / BEND_H) for v in (self.low, self.high))
        return (math.log1p(max(value, 0.0) / BEND_H) - low) / (high - low)


def time_axis(last: float) -> TimeAxis:
    """From 0 to the first labelled time at or after the last one; ticks in order of their time."""
    high = min((t for t, _ in _TIMES if t >= max(last, 1.0)), default=last)
    ticks = sorted((t, label) for t, label in _TIMES if t <= high)
    return TimeAxis(0.0, float(high), tuple(float(t) for t, _ in ticks), tuple(label for _, label in ticks), False)


def tick_rank(tick: float) -> int:
    """How early a time gets its label where not all have room."""
    return next((i for i, (t, _) in enumerate(_TIMES) if t == tick), len(_TIMES))


def range_axis(low: float, high: float, ticks: int = 5, pad: float = 0.04, percent: bool = False) -> Axis:
    """A linear axis over a range, with about so many round ticks inside it.

    Parameters
    ----------
    low, high : float
        Finite ends; a range of nothing is widened.
    ticks : int
        Wanted.
    pad : float
        Share of the range added at both ends.
    percent : bool
        Whether ticks are labelled as percentages.
    """
    if high - low <= 1e-12 * max(abs(low), abs(high)):
        half = max(abs(low) * 0.1, 0.5)
        low, high = low - half, high + half
    low, high = low - pad * (high - low), high + pad * (high - low)
    step = _round_step((high - low) / ticks)
    places = tuple(i * step for i in range(math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) + 1))
    factor = 100.0 if percent else 1.0
    return Axis(low, high, places, tuple(_label(t * factor, step * factor) for t in places), False)


def ratio_axis(low: float, high: float, pad: float = 0.04) -> Axis:
    """A logarithmic axis over a range of ratios, with round ticks."""
    start, end = math.log(low), math.log(high)
    if end - start < math.log(1.2):
        start, end = start - math.log(1.2), end + math.log(1.2)
    start, end = start - pad * (end - start), end + pad * (end - start)
    powers = range(math.floor(start / math.log(10)) - 1, math.ceil(end / math.log(10)) + 2)
    stride = max(1, math.ceil(len(powers) / 9))
    for steps in _STEPS:
        every = stride if steps == (1,) else 1
        found = [float(f"{s}e{p}") for p in powers if p % every == 0 for s in steps]
        places = [t for t in found if start <= math.log(t) <= end]
        if len(places) <= 8:
            break
    return Axis(math.exp(start), math.exp(end), tuple(places), tuple(_plain(t) for t in places), True)


def effect_axis(measure: Measure, low: float, high: float) -> Axis:
    """The axis of a measure's display scale over a range."""
    if measure.ratio:
        return ratio_axis(max(low, 1e-9), min(high, 1e9))
    axis = range_axis(low, high, percent=measure.percent)
    if measure.percent and measure.null is None:  # a proportion has ends
        return Axis(max(axis.low, -0.02), min(axis.high, 1.02), *_inside(axis, 0.0, 1.0), False)
    return axis


def _inside(axis: Axis, low: float, high: float) -> tuple[tuple[float, ...], tuple[str, ...]]:
    kept = [(t, n) for t, n in zip(axis.ticks, axis.labels, strict=True) if low - 1e-9 <= t <= high + 1e-9]
    return tuple(t for t, _ in kept), tuple(n for _, n in kept)


def _round_step(rough: float) -> float:
    power = 10.0 ** math.floor(math.log10(rough))
    return next(f * power for f in (1, 2, 2.5, 5, 10) if rough <= f * power * 1.0000001)


def _label(value: float, step: float) -> str:
    if step >= 1e6 or step < 1e-4:
        digits = max(3, math.ceil(math.log10(max(abs(value), step) / step)) + 1)
        return f"{value:.{min(digits, 15)}g}".replace("-", MINUS)
    decimals = max(0, -math.floor(math.log10(step) + 1e-9))
    if abs(step - round(step, decimals)) > 1e-9 * step:
        decimals += 1
    text = f"{value:.{decimals}f}"
    return text.lstrip("-") if float(text) == 0 else text.replace("-", MINUS)


def _plain(value: float) -> str:
    return f"{value:g}".replace("e-0", f"e{MINUS}").replace("e-", f"e{MINUS}").replace("e+0", "e").replace("e+", "e")
