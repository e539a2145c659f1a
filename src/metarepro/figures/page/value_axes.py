"""Axes with round ticks: of plain numbers, and of effects on the working scale or on the display scale."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from metarepro.analysis.scale_limits import limits_of_scale, working_limits
from metarepro.effects import Measure, from_display, to_display
from metarepro.figures.page.axes import Axis
from metarepro.figures.page.look import SIZE
from metarepro.figures.page.numbers import MINUS
from metarepro.figures.page.text import text_width

# Values so many times farther from the middle one than half of them do not stretch an axis.
OUTLYING = 12.0
# Points between two labels of ticks beside each other, and above each other.
BETWEEN, UPRIGHT = 9.0, 5.0
# Ticks of a straight axis, at most.
MOST_TICKS = 8
# Share of a bent axis that may be without a tick.
WIDEST = 0.28
# Points that the label of a power of ten takes, lying and upright.
POWER, POWER_UPRIGHT = 32.0, 16.0
# In which order multiples of a step are tried.
ORDER = (1, 2, 5, 3, 4, 6, 7, 8, 9)
# How far beyond the end of its scale an axis may go, so that points there stand clear of the other axis.
CLEAR = 0.04


@dataclass(frozen=True)
class Length:
    """Length of an axis in points, which decides how many labels it has; `upright` where these are above each other."""

    points: float
    upright: bool = False

    def holds(self, shares: Sequence[float], labels: Sequence[str]) -> bool:
        """Whether labels at shares of the axis stand apart."""
        halves = [SIZE / 2 if self.upright else text_width(label, SIZE) / 2 for label in labels]
        between = UPRIGHT if self.upright else BETWEEN
        pairs = zip(pairwise(shares), pairwise(halves), strict=True)
        return all(self.points * (b - a) >= half_a + half_b + between for (a, b), (half_a, half_b) in pairs)

    @property
    def powers(self) -> float:
        """How many powers of ten find room."""
        return self.points / (POWER_UPRIGHT if self.upright else POWER)


def padded(low: float, high: float, share: float) -> tuple[float, float]:
    """A range made longer by a share of it at both ends; a range of nothing gets some length."""
    if high - low <= 1e-12 * max(abs(low), abs(high)):
        half = max(0.1 * abs(low), 0.5)
        return low - half, high + half
    return low - share * (high - low), high + share * (high - low)


def near(values: Sequence[float], unit: float) -> list[bool]:
    """Which values are near the others: within `OUTLYING` times the median distance, or `unit`, from the median."""
    middle = median(values)
    typical = max(median(abs(v - middle) for v in values), unit)
    return [abs(v - middle) <= OUTLYING * typical for v in values]


def working_axis(measure: Measure, low: float, high: float, room: float, upright: bool = False) -> Axis:
    """An axis that is linear on the working scale (log, logit ...), with round display values as ticks.

    Parameters
    ----------
    low, high : float
        Ends on the working scale; they are drawn in to just beyond where the display scale ends.
    room : float
        Length of the axis in points, which decides how many labels it has.
    upright : bool
        Whether labels stand above each other.
    """
    ends = working_limits(measure)
    low, high = min(max(low, ends[0]), ends[1]), max(min(high, ends[1]), ends[0])
    clear = CLEAR * (high - low)
    low, high = low - clear * (low == ends[0]), high + clear * (high == ends[1])
    shown = [float(to_display(measure.code, v)) for v in (low, high)]
    values = tick_values(measure, shown[0], shown[1], lambda v: (_working(measure, v) - low) / (high - low),
                         Length(room, upright))  # fmt: skip
    return Axis(low, high, tuple(_working(measure, v) for v in values), tick_labels(measure, values), False)


def display_axis(
    measure: Measure, low: float, high: float, room: float, upright: bool = False, clear: float = 0.0
) -> Axis:
    """An axis of display values: logarithmic for ratios, else linear. `low` and `high` are display values.

    Where a measure's scale ends the axis ends too, or a share `clear` beyond, so that points there stand clear of the
    other axis.
    """
    ends = limits_of_scale(measure)
    inside = max(low, ends[0]), min(high, ends[1])
    more = clear * (inside[1] - inside[0])
    low, high = max(low, ends[0] - more), min(high, ends[1] + more)
    axis = Axis(low, high, (), (), measure.ratio)
    values = tick_values(measure, *inside, axis.position, Length(room, upright))
    return Axis(low, high, tuple(values), tick_labels(measure, values), measure.ratio)


def plain_axis(low: float, high: float, room: float, upright: bool = False) -> Axis:
    """A linear axis of plain numbers."""
    values = _straight(low, high, lambda v: (v - low) / (high - low), Length(room, upright), 1.0)
    return Axis(low, high, tuple(values), _labels(values, 1.0), False)


def tick_values(
    measure: Measure, low: float, high: float, position: Callable[[float], float], room: Length
) -> list[float]:
    """Round display values from `low` to `high` with room for their labels; `position` gives a value's share."""
    factor = 100.0 if measure.percent else 1.0
    quarters = [position(low + share * (high - low)) for share in (0.25, 0.75)]
    bent = abs(quarters[0] - 0.25) > 0.06 or abs(quarters[1] - 0.75) > 0.06
    if not bent or (measure.display == "exp" and high <= 3 * low):
        return _straight(low, high, position, room, factor)
    if measure.display == "exp":
        powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
        every = max(1, math.ceil(sum(low <= 10.0**k <= high for k in powers) / room.powers))
        tens = [float(f"1e{k}") for k in powers if k % every == 0]
        more = [[float(f"{s}e{k}") for k in powers for s in step] for step in ((2, 5), (1.5, 3), (4, 7))]
        return _spaced([[1.0], tens, *(more if every == 1 else [])], low, high, position, room, measure)
    # Round steps from the ends of the scale inwards, finer and finer where it is stretched.
    ends = [end for end in limits_of_scale(measure) if math.isfinite(end)]
    largest = math.floor(math.log10((high - low) * factor))
    steps = [s * 10.0**k / factor for k in range(largest, largest - 6, -1) for s in (5.0, 1.0)]
    inner = [i * steps[0] for i in range(math.ceil(low / steps[0]), math.floor(high / steps[0]) + 1)]
    tiers = [inner] + [[e - math.copysign(i * s, e - 0.5) for i in ORDER for e in ends] for s in steps]
    return _spaced(tiers, low, high, position, room, measure)


def _straight(low: float, high: float, position: Callable[[float], float], room: Length, factor: float) -> list[float]:
    """Multiples of the smallest round step whose labels have room."""
    span = high - low
    best: list[float] = []
    top = math.floor(math.log10(span * factor)) + 1
    for step in (s * 10.0**k / factor for k in range(top, top - 4, -1) for s in (5, 2.5, 2, 1)):
        first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
        values = [i * step for i in range(first, last + 1)] if last - first < 1000 else []
        if not values or len(values) > MOST_TICKS or not room.holds([*map(position, values)], _labels(values, factor)):
            if best and values:
                break
            continue
        if len(values) > len(best):
            best = values
    return best


def _spaced(
    tiers: Iterable[Sequence[float]], low: float, high: float, position: Callable[[float], float], room: Length,
    measure: Measure,
) -> list[float]:  # fmt: skip
    """Values of the first tiers, then of further ones where there is room, until no long stretch is without one."""
    chosen: list[float] = []
    for tier in tiers:
        if chosen and max(b - a for a, b in pairwise([0.0, *map(position, chosen), 1.0])) <= WIDEST:
            break
        for value in tier:
            known = any(math.isclose(value, c, abs_tol=0 if low > 0 else 1e-12) for c in chosen)
            if known or not low - abs(low) * 1e-12 <= value <= high + abs(high) * 1e-12:
                continue
            trial = sorted([*chosen, value])
            if room.holds([*map(position, trial)], tick_labels(measure, trial)):
                chosen = trial
    return chosen


def tick_labels(measure: Measure, values: Sequence[float]) -> tuple[str, ...]:
    """Labels of ticks: as many decimals as all need; on bent scales, as each needs; percent where it is one."""
    factor = 100.0 if measure.percent else 1.0
    if measure.display in ("identity", "none"):
        return _labels(values, factor)
    return tuple(_number(v * factor, None) for v in values)


def _labels(values: Sequence[float], factor: float) -> tuple[str, ...]:
    size = max((abs(v * factor) for v in values), default=0.0)
    steps = [abs(b - a) * factor for a, b in pairwise(values)]
    least = min(steps, default=size) or 1.0
    if size >= 1e7 or (size and size < 1e-4):
        digits = max(6, math.ceil(math.log10(size / least)) + 2)
        return tuple(_number(v * factor, None, min(digits, 15)) for v in values)
    decimals = max(0, -math.floor(math.log10(least) + 1e-9))
    while decimals < 9 and any(abs(round(v * factor, decimals) - v * factor) > 1e-6 * least for v in values):
        decimals += 1
    return tuple(_number(v * factor, decimals) for v in values)


def _number(value: float, decimals: int | None, digits: int = 6) -> str:
    text = f"{value:.{digits}g}" if decimals is None else f"{value:,.{decimals}f}".replace(",", "\u2009")
    if decimals is not None and abs(value) < 10000:
        text = f"{value:.{decimals}f}"
    if "e" not in text and float(text.replace("\u2009", "")) == 0:
        text = text.lstrip("-")
    return text.replace("e-0", "e-").replace("e+0", "e").replace("e+", "e").replace("-", MINUS)


def _working(measure: Measure, value: float) -> float:
    return float(from_display(measure.code, value))
