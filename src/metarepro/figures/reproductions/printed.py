"""Printed numbers in a picture: shown as printed, and placed on an axis."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from metarepro.analysis.decimals import decimals_for
from metarepro.effects.registry import MEASURES, Measure
from metarepro.errors import DataError
from metarepro.evidence.integrity import printed as integrity
from metarepro.figures.page import numbers as fmt
from metarepro.figures.page.axes import Values
from metarepro.figures.page.layout import Cell
from metarepro.figures.page.numbers import MINUS
from metarepro.figures.page.printed_numbers import unexplained
from metarepro.figures.page.text import clean, hours
from metarepro.reproduction.result import PrintedNumbers

if TYPE_CHECKING:
    from metarepro.reproduction.result import Reproduction

# How a one-arm measure that is not in the registry, or none at all, is shown: as a plain number.
PLAIN = MEASURES["GEN"]
NONE = "\u2013"
LONGEST = 18
# From here on a recomputed number is written as a power of ten.
HUGE = 1e7


def as_shown(text: str) -> str:
    """A printed number as printed, a leading hyphen as a true minus; what is too long to be a number is cut."""
    shown = clean(text)
    shown = shown if len(shown) <= LONGEST else shown[: LONGEST - 1] + "\u2026"
    return MINUS + shown[1:] if shown.startswith("-") else shown


def printed_text(numbers: PrintedNumbers) -> str:
    """Estimate and interval as printed; an en dash for an end that was not."""
    low, high = as_shown(numbers.ci_low), as_shown(numbers.ci_high)
    estimate = as_shown(numbers.estimate) or NONE
    return f"{estimate} ({low or NONE} to {high or NONE})" if low or high else estimate


def computed_text(measure: Measure, values: Values) -> str:
    """Estimate and interval as computed, by the measure's rule unless they would be too wide for it."""
    if any(math.isfinite(v) and abs(v) >= HUGE for v in values) and not measure.ratio:
        factor = 100 if measure.percent else 1
        estimate, low, high = (f"{v * factor:.3g}".replace("-", MINUS) if math.isfinite(v) else NONE for v in values)
        return estimate if low == high == NONE else f"{estimate} ({low} to {high})"
    return fmt.with_interval(replace(measure, decimals=decimals_for(measure, [values])), *values)


def as_number(text: str) -> float:
    """Value of a printed number; nan when it has none, as '<1' or nothing."""
    try:
        value = float(str(text or "").strip().replace(MINUS, "-"))
    except ValueError:
        return math.nan
    return value if math.isfinite(value) else math.nan


def printed_cell(text: str, value: float) -> Cell:
    """A printed number for the data of a figure: its value, or what is printed where that is no number, as '<1'."""
    shown = as_shown(text)
    if math.isfinite(value) and not unexplained(shown, {"value": value}):
        return value
    return shown or math.nan


def at_printed_precision(printed: PrintedNumbers, values: Values, scale: float) -> PrintedNumbers | None:
    """Computed numbers with as many decimals as the printed ones, those that round to the print exactly as printed.

    `scale` leads from printed numbers to the display scale. None where no estimate is printed, or a number would be too
    long to be read.
    """
    given = (printed.estimate, printed.ci_low, printed.ci_high)
    # A power of ten has no decimals to follow.
    if math.isnan(as_number(printed.estimate)) or any("e" in t.lower() for t in given):
        return None
    texts = []
    for text, value in zip(given, values, strict=True):
        like = text if math.isfinite(as_number(text)) else printed.estimate
        low, high = rounded_from(text)
        hair = 1e-9 * max(abs(low), abs(high), 1e-3)
        if low - hair <= value / scale <= high + hair:
            # Half a unit may be rounded up or down; the print shows how it was.
            texts.append(text.strip())
        else:
            texts.append(integrity.shown(value / scale, integrity.decimals_of(like)) if math.isfinite(value) else "")
    return PrintedNumbers(*texts) if all(len(t) <= LONGEST for t in texts) else None


def rounded_from(text: str) -> tuple[float, float]:
    """Values that may have been rounded to a printed number; nan when it has no value."""
    try:
        low, high = integrity.rounded_from(str(text or "").strip().replace(MINUS, "-"))
    except DataError:  # not a decimal number
        return as_number(text), as_number(text)
    return float(low), float(high)


def measure_of(reproduction: Reproduction) -> Measure:
    """The measure of a printed result; a plain number where it has none."""
    return MEASURES.get(reproduction.code, PLAIN)


def scale_of(reproduction: Reproduction) -> float:
    """Factor from printed numbers to the display scale: 0.01 where percentages were printed."""
    measure = measure_of(reproduction)
    if not measure.percent:
        return 1.0
    words = reproduction.measure.lower()
    if any(word in words for word in ("percent", "pct", "%")):
        return 0.01
    p = reproduction.printed
    return 0.01 if any(abs(as_number(t)) > 1 for t in (p.estimate, p.ci_low, p.ci_high)) else 1.0


def measure_as_printed(reproduction: Reproduction, scale: float) -> Measure:
    """The measure in the unit of the print: differences that are printed as shares of 1 are not shown in percent."""
    measure = measure_of(reproduction)
    as_shares = measure.percent and measure.null is not None and scale == 1 and reproduction.printed.estimate
    return replace(measure, percent=False, decimals=4) if as_shares else measure


def printed_values(reproduction: Reproduction) -> Values:
    """Printed estimate and interval on the display scale; nan where not printed."""
    p, factor = reproduction.printed, scale_of(reproduction)
    estimate, low, high = (factor * as_number(t) for t in (p.estimate, p.ci_low, p.ci_high))
    return estimate, low, high


def subject(reproduction: Reproduction) -> str:
    """What a printed result is about: outcome, time, comparison."""
    r = reproduction
    # The time stands before the comparison, where a line seldom breaks between a number and its unit.
    outcome = " at ".join(p for p in (clean(r.outcome).replace("_", " "), hours(r.timepoint_h)) if p)
    return ", ".join(p for p in (outcome, clean(r.comparison)) if p)
