"""Numbers as readers see them: one rule a measure, a true minus sign, no -0.00, no 0.000."""

from __future__ import annotations

import math

from metarepro.effects import Measure

MINUS = "\u2212"
_SCALES = {"exp": "log", "expit": "logit", "tanh": "Fisher's z", "sin2": "arcsine", "square": "square root"}


def fixed(value: float, decimals: int) -> str:
    """A number with a fixed count of decimals and a true minus; an en dash when it does not exist."""
    if not math.isfinite(value):
        return "\u2013"
    text = f"{value:.{decimals}f}"
    if float(text) == 0:
        text = text.lstrip("-")
    return text.replace("-", MINUS)


def effect(measure: Measure, value: float) -> str:
    """A display-scale effect: percent where the measure is one, tails of ratios named instead of 0.00."""
    if math.isinf(value) and not measure.ratio:
        return "\u221e" if value > 0 else f"{MINUS}\u221e"
    if measure.percent:
        return fixed(100 * value, measure.decimals)
    if measure.ratio and not math.isnan(value):
        if value < 0.5 * 10.0**-measure.decimals:
            return f"<{10.0**-measure.decimals:.{measure.decimals}f}"
        if value >= 99999.5:
            return ">99999"
        if value >= 99.995:
            return fixed(value, max(measure.decimals - 2, 0))
    return fixed(value, measure.decimals)


def is_unbounded(measure: Measure, low: float, high: float) -> bool:
    """Whether an interval of ratios has no bound that says anything: both ends are beyond what is printed."""
    return measure.ratio and low < 0.5 * 10.0**-measure.decimals and high >= 99999.5


def interval(measure: Measure, low: float, high: float) -> str:
    """An interval, 'low to high'; one that holds every ratio there is tells nothing, and is named so."""
    if is_unbounded(measure, low, high):
        return "unbounded"
    return f"{effect(measure, low)} to {effect(measure, high)}"


def with_interval(measure: Measure, value: float, low: float, high: float) -> str:
    """An effect with its interval in brackets; without them when it has none."""
    if math.isnan(low) or math.isnan(high):
        return effect(measure, value)
    return f"{effect(measure, value)} ({interval(measure, low, high)})"


def p_value(p: float) -> str:
    """A p-value with its sign: 'P = 0.23', 'P = 0.031', 'P < 0.001'."""
    if not math.isfinite(p):
        return "P not defined"
    if p < 0.001:
        return "P < 0.001"
    return f"P = {p:.3f}" if p < 0.0995 else f"P = {p:.2f}"


def count(value: float | int | None) -> str:
    """A count with a thin space between thousands from 10,000 on."""
    if value is None or not math.isfinite(value):
        return "\u2013"
    text = f"{value:,.0f}"
    return text.replace(",", "\u2009") if value >= 10000 else text.replace(",", "")


def weights(values: list[float]) -> list[str]:
    """Percent weights with one decimal that sum to exactly 100.0 (largest remainder)."""
    total = sum(values)
    if total <= 0:
        return ["0.0" for _ in values]
    tenths = [1000 * v / total for v in values]
    floors = [math.floor(t) for t in tenths]
    left = 1000 - sum(floors)
    order = sorted(range(len(values)), key=lambda i: (floors[i] - tenths[i], i))
    for i in order[:left]:
        floors[i] += 1
    return [f"{f / 10:.1f}" for f in floors]


def unit(measure: Measure) -> str:
    """Unit of display values: '%', 'percentage points', or none."""
    if not measure.percent:
        return ""
    return "percentage points" if measure.code == "RD" else "%"


def working_scale(measure: Measure) -> str:
    """Name of the scale on which effects are pooled, 'log' for ratios; empty where it is that of the display."""
    return _SCALES.get(measure.display, "")


def axis_name(label: str, measure: Measure, scale: str = "") -> str:
    """Name of an axis: what it shows, its unit, and its scale if that is not linear."""
    shown = f"{label} ({unit(measure)})" if unit(measure) else label
    return f"{shown}, {scale} scale" if scale else shown
