"""Sentences in, under and about a funnel plot."""

from __future__ import annotations

import math
from itertools import pairwise

from metarepro.analysis.funnel_numbers import FunnelNumbers, FunnelPoint
from metarepro.analysis.result import AnalysisResult
from metarepro.figures.page import numbers as fmt
from metarepro.figures.page.text import clean, counted, listed
from metarepro.figures.wording import effect_label
from metarepro.notes import codes_of

# Studies below which a funnel plot and tests of its asymmetry say little (Sterne et al. 2011).
ENOUGH = 10
# With more studies, only those farthest outside the pseudo limits are named unless all are asked for.
NAMED_AT_MOST = 40


def model_name(numbers: FunnelNumbers) -> str:
    """The model of the pooled estimate, in words."""
    s = numbers.summary
    if s.k == 1:
        return "the only study"
    if s.model == "binomial-normal":
        return "random effects, binomial-normal model"
    return "common effect" if s.tau2_method == "CE" else f"random effects, {s.tau2_method}"


def in_words(numbers: FunnelNumbers) -> str:
    """Name and numbers of the pooled estimate."""
    s, unit = numbers.summary, fmt.unit(numbers.measure)
    shown = fmt.with_interval(numbers.measure, s.estimate, s.ci_low, s.ci_high)
    return f"Pooled estimate ({model_name(numbers)}): {shown}" + (f" {unit}" if unit else "")


def axis_name(result: AnalysisResult, numbers: FunnelNumbers) -> str:
    """Name of the axis of effects: measure, unit, scale."""
    return fmt.axis_name(effect_label(result), numbers.measure, fmt.working_scale(numbers.measure))


def decimal(p: float) -> str:
    """A p-value of a boundary: 0.10, 0.05, 0.01, 0.001."""
    return f"{p:.2f}" if math.isclose(100 * p, round(100 * p), abs_tol=1e-9) and p >= 0.01 else f"{p:.3g}"


def ranges(numbers: FunnelNumbers) -> list[str]:
    """P-values of the regions, from the one around no effect outwards."""
    p = [decimal(p) for p, _ in numbers.contours]
    if not p:
        return []
    return [f"P > {p[0]}", *(f"{b} < P \u2264 {a}" for a, b in pairwise(p)), f"P \u2264 {p[-1]}"]


def notes_of(
    result: AnalysisResult, numbers: FunnelNumbers, null_shown: bool, *, outside: list[str], unnamed: int, every: bool,
    coincident: int,
) -> list[str]:  # fmt: skip
    """Notes under the plot: what the marks are, how to read them, what was left out; whether `every` name was tried."""
    s, k = numbers.summary, len(numbers.points)
    notes = []
    if k < ENOUGH:
        notes.append(
            f"Only {counted(k)}: with fewer than {ENOUGH}, funnel plots and tests of their asymmetry are "
            "unreliable and cannot tell bias from chance (Sterne 2011, doi:10.1136/bmj.d4002)."
        )
    spread = "" if s.tau2_method == "CE" or s.k == 1 else " They leave the variance between studies out."
    notes.append(
        f"Pseudo limits: pooled estimate \u00b1 {numbers.quantile:.2f} standard errors; without heterogeneity and bias "
        f"{100 * s.level:g}% of studies would lie between them.{spread}"
    )
    if numbers.contours:
        notes.append("Shading: two-sided P-value of each study's own normal test of no effect (Peters 2008, "
                     "doi:10.1016/j.jclinepi.2007.11.010).")  # fmt: skip
    elif numbers.null is None:
        notes.append("No regions of significance: a measure of one arm has no value that stands for no effect.")
    if numbers.null is not None and not null_shown:
        notes.append("No effect lies outside the axis, too far from the studies to be shown with them.")
    if numbers.measure.inputs == "one_arm_counts":
        notes.append("The standard error of a proportion depends on the proportion, which alone can make a funnel "
                     "asymmetrical (Hunter 2014, doi:10.1016/j.jclinepi.2014.03.003).")  # fmt: skip
    if s.model == "binomial-normal":
        notes.append("Pooled from the counts; the studies are shown by their own logits and standard errors.")
    if numbers.filled is not None:
        notes.append(
            "Filled-in studies mirror those farthest out (vertical in grey: pooled with them): no data, no correction."
        )
    corrected = [p.study for p in numbers.points if "study_corrected" in codes_of(p.study.notes)]
    if corrected:
        notes.append(f"With a constant added to zero cells: {listed([c.label for c in corrected])}.")
    if coincident:
        notes.append(f"Circles around circles are studies at the same place ({counted(coincident)}).")
    notes.append(
        "Asymmetry has more causes than publication bias: true differences of small studies, poor methods, chance."
    )
    if outside:
        notes.append(f"Arrow heads at the edge, beyond the axes: {listed(outside)}.")
    if unnamed:
        why = "for want of room" if every else "as only those far outside the pseudo limits are where they have room"
        notes.append(f"{counted(unnamed).capitalize()} not named, {why}.")
    if numbers.lost:
        notes.append(
            f"Without a usable effect and standard error, not shown: {listed([x.label for x in numbers.lost])}."
        )
    methods = clean(result.methods)
    return [*notes, methods[:1].upper() + methods[1:]]


def describe(result: AnalysisResult, numbers: FunnelNumbers) -> str:
    """Text alternative: what the plot shows, then every study in words."""
    k, s = len(numbers.points), numbers.summary
    out = sum(not p.within_limits for p in numbers.points)
    sides = [sum(p.study.yi < s.beta for p in numbers.points), sum(p.study.yi > s.beta for p in numbers.points)]
    pieces = [
        f"Funnel plot, effect against standard error. {clean(result.title)}. {in_words(numbers)}, "
        f"{counted(k)}: {sides[0]} below and {sides[1]} above it, {out} outside the pseudo "
        f"{100 * s.level:g}% limits."
    ]
    if numbers.contours:
        counts = [sum(_region(numbers, p) == i for p in numbers.points) for i in range(len(numbers.contours) + 1)]
        pieces.append("Studies by the P-value of their own test of no effect: "
                     + "; ".join(f"{w}: {c}" for w, c in zip(ranges(numbers), counts, strict=True)) + ".")  # fmt: skip
    if numbers.filled is not None:
        shown = fmt.with_interval(numbers.measure, *numbers.filled.pooled)
        pieces.append(f"Trim and fill (L0) puts in {counted(len(numbers.filled.studies))}; pooled with them: {shown}.")
    if numbers.line is not None:
        pieces.append(f"Egger's regression: {fmt.p_value(numbers.line.p_value)}.")
    pieces.append("Studies: " + "; ".join(_study_words(numbers, p) for p in numbers.points) + ".")
    return " ".join(pieces)


def _region(numbers: FunnelNumbers, point: FunnelPoint) -> int:
    return sum(point.p_value <= p for p, _ in numbers.contours)


def _study_words(numbers: FunnelNumbers, point: FunnelPoint) -> str:
    s = point.study
    p = f", {fmt.p_value(point.p_value)}" if math.isfinite(point.p_value) else ""
    where = "" if point.within_limits else ", outside the pseudo limits"
    return f"{clean(s.label)}: {fmt.effect(numbers.measure, s.estimate)}, standard error {s.se:.3g}{p}{where}"
