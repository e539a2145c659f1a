"""Sentences in, under and about a drapery plot."""

from __future__ import annotations

import math

from metarepro.analysis.drapery_numbers import DraperyNumbers
from metarepro.analysis.p_value_curves import SCORE, THROUGH
from metarepro.analysis.result import AnalysisResult, Summary
from metarepro.effects import get_measure
from metarepro.figures.page import numbers as fmt
from metarepro.figures.page.text import clean, counted, listed
from metarepro.figures.wording import effect_label, summary_label


def axis_name(result: AnalysisResult) -> str:
    """Name of the axis of effects."""
    measure = get_measure(result.measure)
    return fmt.axis_name(effect_label(result), measure, "log" if measure.ratio else "")


def curve_words(numbers: DraperyNumbers, s: Summary) -> str:
    """Name and numbers of a pooled estimate for the legend."""
    return f"{summary_label(s)}: {fmt.with_interval(numbers.measure, s.estimate, s.ci_low, s.ci_high)}{_unit(numbers)}"


def prediction_words(numbers: DraperyNumbers) -> str:
    """Name and numbers of the prediction for the legend."""
    s = numbers.summary
    return f"Prediction: {fmt.interval(numbers.measure, s.pi_low, s.pi_high)}{_unit(numbers)}"


def _unit(numbers: DraperyNumbers) -> str:
    return f" {unit}" if (unit := fmt.unit(numbers.measure)) else ""


def notes_of(result: AnalysisResult, numbers: DraperyNumbers, beyond: list[str], unnamed: int) -> list[str]:
    """Notes under the plot: how to read the curves, what was left out."""
    s = numbers.summary
    level = f"{100 * numbers.level:g}%"
    notes = [
        f"Each curve: two-sided P-value of the hypothesis that the true effect is the value on the axis; 1 at the "
        f"estimate. Where it is {1 - numbers.level:.3g} lie the {level} limits of the forest plot (scale at right)."
    ]
    marks = "Dots: printed limits of the pooled estimate" if s.k > 1 else ""
    if s.k > 1 and math.isfinite(s.pi_low):
        marks += " and of the prediction"
        notes.append(f"{marks}. Band under the dashed line: true effect of a new study, by level." if numbers.prediction
                     else f"{marks}; the bootstrap gives no curve.")  # fmt: skip
    elif marks:
        notes.append(f"{marks}. There is no prediction interval.")
    if s.k > 1:
        curves = [f"pooled estimate, {numbers.pooled.method}"]
        curves += [f"prediction, {numbers.prediction.method}"] if numbers.prediction else []
        curves += [f"{summary_label(m).lower()}, {curve.method}" for m, curve in numbers.models]
        notes.append(f"Tests behind the curves: {'; '.join(curves)}.")
    methods = {THROUGH: [], SCORE: []}  # type: dict[str, list[str]]
    for study, curve in numbers.studies:
        if curve.method in methods:
            methods[curve.method].append(study.label)
    if methods[SCORE]:
        notes.append("Curves of studies: score test of their counts (Wilson's interval).")
    if methods[THROUGH]:
        notes.append(
            "Through the estimate and the limits as printed, a normal interpolation elsewhere: "
            f"{listed(methods[THROUGH])}."
        )
    if not (methods[SCORE] or len(methods[THROUGH]) == len(numbers.studies)):
        notes.append("Other curves of studies: normal test." if methods[THROUGH] else "Curves of studies: normal test.")
    if beyond:
        notes.append(f"Estimate beyond the axis: {listed(beyond)}.")
    missing = unnamed - len(beyond)
    if missing > 0:
        notes.append(f"{counted(missing).capitalize()} not named, for want of room.")
    if numbers.lost:
        notes.append(f"Without an estimate with an interval, not shown: {listed([x.label for x in numbers.lost])}.")
    methods_line = clean(result.methods)
    return [*notes, methods_line[:1].upper() + methods_line[1:]]


def describe(result: AnalysisResult, numbers: DraperyNumbers) -> str:
    """Text alternative: what the plot shows, then every curve in words."""
    s, m = numbers.summary, numbers.measure
    pieces = [f"Drapery plot: p-value functions of {counted(len(numbers.studies))}. {clean(result.title)}."]
    if s.k > 1:
        pieces.append(curve_words(numbers, s) + ".")
        if math.isfinite(s.pi_low):
            pieces.append(prediction_words(numbers) + ".")
    pieces += [curve_words(numbers, other) + "." for other, _ in numbers.models]
    if m.null is not None and s.k > 1:
        pieces.append(f"At no effect the pooled curve has {fmt.p_value(s.p_value)}.")
    studies = "; ".join(
        f"{clean(x.label)}: {fmt.with_interval(m, x.estimate, x.ci_low, x.ci_high)}" for x, _ in numbers.studies
    )
    return " ".join([*pieces, f"Studies, with {100 * numbers.level:g}% limits: {studies}."])
