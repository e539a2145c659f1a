"""What a specification curve needs wherever it is drawn: its axis of effects, and its bars of neighbouring columns."""

from __future__ import annotations

import math
from collections.abc import Sequence

from metarepro.effects import Measure
from metarepro.figures.page.axes import Axis
from metarepro.figures.page.value_axes import display_axis, padded


def specification_axis(
    measure: Measure, values: Sequence[tuple[float, float, float]], length: float, reach: float
) -> Axis:
    """An axis that holds all estimates, no effect if it is near, and ends of intervals that are not far.

    Parameters
    ----------
    measure : Measure
    values : sequence of (estimate, ci_low, ci_high)
        On the display scale.
    length : float
        Of the upright axis, in points.
    reach : float
        How far intervals may stretch the axis, in spans of the estimates.
    """
    ratio = measure.ratio
    usable = [v[0] for v in values if math.isfinite(v[0]) and (v[0] > 0 or not ratio)]
    low, high = (math.log(v) if ratio else v for v in (min(usable), max(usable)))
    span = max(high - low, math.log(2) if ratio else 0.5 * max(abs(low), abs(high)), 1e-9)
    far = low - reach * span, high + reach * span
    for ends in values:
        for end in ends[1:]:
            if math.isfinite(end) and (end > 0 or not ratio):
                value = math.log(end) if ratio else end
                low, high = min(low, max(value, far[0])), max(high, min(value, far[1]))
    if measure.null is not None:
        # An interval that reaches beyond no effect must be seen to.
        at, beyond = (math.log(measure.null) if ratio else measure.null), 0.1 * (high - low)
        if far[0] <= at <= far[1]:
            low, high = min(low, at - beyond), max(high, at + beyond)
    low, high = padded(low, high, 0.04)
    return display_axis(measure, *((math.exp(low), math.exp(high)) if ratio else (low, high)), length, upright=True)


def runs_of(taken: Sequence[int]) -> list[tuple[int, int]]:
    """First and last of each run of neighbours, of rising numbers."""
    found: list[tuple[int, int]] = []
    for i in taken:
        if found and found[-1][1] == i - 1:
            found[-1] = (found[-1][0], i)
        else:
            found.append((i, i))
    return found
