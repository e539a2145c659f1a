"""The axis of the hours after a dose."""

from __future__ import annotations

import math
from dataclasses import dataclass

from metarepro.figures.page.axes import Axis

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
