"""Sentences in, under and about a drapery plot."""

from __future__ import annotations

import math

from metarepro.analysis.p_value_curves import SCORE, THROUGH
from metarepro.analysis.result import AnalysisResult
from metarepro.effects import get_measure
from metarepro.figures.drapery_plots.plan import DraperyPlan
from metarepro.figures.page import numbers as fmt
from metarepro.figures.page.text import clean, counted, listed
from metarepro.figures.wording import effect_label, summary_label


def axis_name(result: AnalysisResult) -> str:
    """Name of the axis of effects."""
    measure = get_measure(result.measure)
    return fmt.axis_name(effect_label(result), measure, "log" if measure.ratio else "")


def curve_words(result: AnalysisResult, plan: DraperyPlan, kind: str) -> str:
    """Name and numbers of a curve for the key."""
    s, m = result.summary, plan.measure
    assert s is not None
    unit = f" {fmt.unit(m)}" if fmt.unit(m) else ""
    if kind == "prediction":
        return f"Prediction: {fmt.interval(m, s.pi_low, s.pi_high)}{unit}"
    return f"{summary_label(s)}: {fmt.with_interval(m, s.estimate, s.ci_low, s.ci_high)}{unit}"


def notes_of(result: AnalysisResult, plan: DraperyPlan, unnamed: int) -> list[str]:
    """Notes under the plot: how to read the curves, what was left out."""
    s = result.summary
    assert s is not None
    level = f"{100 * plan.level:g}%"
    notes = [
        f"Each curve: two-sided P-value of the hypothesis that the true effect is the value on the axis; 1 at the "
        f"estimate. Where it is {1 - plan.level:.3g} lie the {level} limits of the forest plot (scale at right)."
    ]
    marks = "Dots: printed limits of the pooled estimate" if s.k > 1 else ""
    if s.k > 1 and math.isfinite(s.pi_low):
        marks += " and of the prediction"
        notes.append(f"{marks}. Band under the dashed line: true effect of a new study, by level." if plan.prediction
                     else f"{marks}; the bootstrap gives no curve.")  # fmt: skip
    elif marks:
        notes.append(f"{marks}. There is no prediction interval.")
    if s.k > 1:
        curves = [f"pooled estimate, {plan.pooled.method}"]
        curves += [f"prediction, {plan.prediction.method}"] if plan.prediction else []
        curves += [f"{summary_label(m.summary).lower()}, {curve.method}" for m, curve in plan.models if m.summary]
        notes.append(f"Tests behind the curves: {'; '.join(curves)}.")
    methods = {THROUGH: [], SCORE: []}  # type: dict[str, list[str]]
    for study, curve in plan.studies:
        if curve.method in methods:
            methods[curve.method].append(study.label)
    if methods[SCORE]:
        notes.append("Curves of studies: score test of their counts (Wilson's interval).")
    if methods[THROUGH]:
        notes.append(
            "Through the estimate and the limits as printed, a normal interpolation elsewhere: "
            f"{listed(methods[THROUGH])}."
        )
    if not (methods[SCORE] or len(methods[THROUGH]) == len(plan.studies)):
        notes.append("Other curves of studies: normal test." if methods[THROUGH] else "Curves of studies: normal test.")
    if plan.beyond:
        notes.append(f"Estimate beyond the axis: {listed([x.label for x in plan.beyond])}.")
    missing = unnamed - len(plan.beyond)
    if missing > 0:
        notes.append(f"{counted(missing).capitalize()} not named, for want of room.")
    if plan.lost:
        notes.append(f"Without an estimate with an interval, not shown: {listed([x.label for x in plan.lost])}.")
    methods_line = clean(result.methods)
    return [*notes, methods_line[:1].upper() + methods_line[1:]]


def describe(result: AnalysisResult, plan: DraperyPlan) -> str:
    """Text alternative: what the plot shows, then every curve in words."""
    s, m = result.summary, plan.measure
    assert s is not None
    parts = [f"Drapery plot: p-value functions of {counted(len(plan.studies))}. {clean(result.title)}."]
    if s.k > 1:
        parts.append(curve_words(result, plan, "pooled") + ".")
        if math.isfinite(s.pi_low):
            parts.append(curve_words(result, plan, "prediction") + ".")
    parts += [curve_words(other, plan, "pooled") + "." for other, _ in plan.models]
    if m.null is not None and s.k > 1 and s.ci_method != "PL":
        parts.append(f"At no effect the pooled curve has {fmt.p_value(s.p_value)}.")
    studies = "; ".join(
        f"{clean(x.label)}: {fmt.with_interval(m, x.estimate, x.ci_low, x.ci_high)}" for x, _ in plan.studies
    )
    return " ".join([*parts, f"Studies, with {100 * plan.level:g}% limits: {studies}."])
