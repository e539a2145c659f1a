"""Printed effects against the counts and means of the arms that they compare."""

from __future__ import annotations

import math
from collections.abc import Iterator

from metarepro.evidence.dataset import Dataset
from metarepro.evidence.integrity.findings import Check, Finding, Severity, Texts, finding
from metarepro.evidence.integrity.printed import rounded_from
from metarepro.evidence.tables import Contrast, Dichotomous

# Logarithm of a ratio, or part of a risk difference, beyond which rounding and adjustment seldom go.
_APART = 0.05


def check_against_arms(dataset: Dataset, text: Texts) -> Iterator[Finding]:
    """Odds ratios, risk ratios and risk differences that are not those of the counts of the same arms and visit.

    Effects adjusted for other things differ from the raw ones, so that a difference is a note; it is a warning where
    the counts' own effect lies outside the printed interval.
    """
    counts: dict[tuple[object, ...], list[Dichotomous]] = {}
    for row in dataset.dichotomous:
        if row.chosen and row.events is not None and row.total is not None:
            key = (row.study_id, row.arm_id, row.outcome, row.timepoint_h, row.periods)
            counts.setdefault(key, []).append(row)
    for contrast in dataset.contrasts:
        if contrast.measure not in ("OR", "RR", "RD") or contrast.estimate is None or contrast.timepoint_h is None:
            continue
        arms = [
            counts.get((contrast.study_id, arm, contrast.outcome, contrast.timepoint_h, contrast.periods), [])
            for arm in (contrast.experimental_arm, contrast.control_arm)
        ]
        if [len(rows) for rows in arms] == [1, 1]:
            yield from _compare(contrast, arms[0][0], arms[1][0], text)


def _compare(row: Contrast, one: Dichotomous, two: Dichotomous, text: Texts) -> Iterator[Finding]:
    a, m, c, n = (float(x or 0) for x in (one.events, one.total, two.events, two.total))
    raw = _effect(row.measure, a, m, c, n)
    estimate = text(row, "estimate")
    if raw is None or row.estimate is None:
        return
    low, high = (float(x) for x in rounded_from(estimate))
    if low <= raw <= high:
        return
    ratio = row.measure != "RD"
    if ratio and row.estimate <= 0:
        return
    apart = abs(math.log(raw / row.estimate)) if ratio else abs(raw - row.estimate)
    outside = row.ci_low is not None and row.ci_high is not None and not row.ci_low <= raw <= row.ci_high
    if apart <= _APART and not outside:
        return
    message = (
        f"{row.measure} {estimate} is printed; the counts {a:g}/{m:g} v {c:g}/{n:g} of the same arms (lines {one.line} "
        f"and {two.line} of {one.table}) give {raw:.3g}"
    )
    message += ", outside the printed interval." if outside else "."
    message += " It is adjusted, of other patients, or one of the numbers is wrong."
    severity: Severity = "warning" if outside else "note"
    yield finding("W039", severity, row, "estimate", estimate, message, "interval", "effect_unlike_counts")


def _effect(measure: str, a: float, m: float, c: float, n: float) -> float | None:
    """Effect of the counts as they are; None where it does not exist."""
    if measure == "RD":
        return a / m - c / n
    if measure == "RR":
        return (a / m) / (c / n) if a and c else None
    return (a * (n - c)) / ((m - a) * c) if a and c and a < m and c < n else None


CHECKS: tuple[Check, ...] = (check_against_arms,)
