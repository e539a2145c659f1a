"""Checks of printed effects: of the trials and of published reviews."""

from __future__ import annotations

import re
from collections.abc import Iterator

from metarepro.evidence.dataset import Dataset
from metarepro.evidence.integrity.findings import Check, Finding, Texts, finding
from metarepro.evidence.integrity.printed import shown
from metarepro.evidence.integrity.statistics import (
    Symmetry,
    implausible_smd,
    interval_symmetry,
    p_matches,
    parse_p,
)
from metarepro.evidence.tables import Contrast, PublishedResult

_RATIOS = ("OR", "RR", "HR")
_DIFFERENCES = ("MD", "SMD", "RD", "Hedges g", "Cohen d", "Cohen's d")
_NUMBER = re.compile(r"-?(\d+(\.\d*)?|\.\d+)")
# Rounding to one decimal leaves few distinct values of a short interval.
_MARKED_OFF = 0.15


def check_effects(dataset: Dataset, text: Texts) -> Iterator[Finding]:
    """Intervals, p-values and sizes of printed effects."""
    for row in (*dataset.contrasts, *dataset.comparisons, *dataset.others.get("published_results", ())):
        if not isinstance(row, Contrast | PublishedResult):
            continue
        measure = next((m for m in (*_RATIOS, *_DIFFERENCES) if row.measure.split(" (")[0] == m), "")
        if not measure:
            continue
        estimate, low, high = (text(row, c) for c in ("estimate", "ci_low", "ci_high"))
        if not _NUMBER.fullmatch(estimate):
            continue
        ratio = measure in _RATIOS
        standardised = measure in ("SMD", "Hedges g", "Cohen d", "Cohen's d")
        if standardised and implausible_smd(float(estimate)):
            message = (
                f"A standardised difference of {estimate} is more than treatments bring about. An SE in the place of "
                "an SD is the usual cause."
            )
            yield finding("W020", "warning", row, "estimate", estimate, message, "se", "implausible_smd")
        both = bool(_NUMBER.fullmatch(low) and _NUMBER.fullmatch(high))
        if both and (not ratio or min(float(low), float(high)) > 0):
            yield from _symmetry(row, interval_symmetry(estimate, low, high, ratio), estimate, low, high, ratio)
        yield from _p_value(row, estimate, low if both else "", high if both else "", ratio, text)


def _symmetry(
    row: Contrast | PublishedResult, result: Symmetry, estimate: str, low: str, high: str, ratio: bool
) -> Iterator[Finding]:
    if result.even or result.off < _MARKED_OFF:
        return
    middle = shown(result.middle, max(len(estimate.partition(".")[2]), 1) + 1)
    scale = "on the log scale " if ratio else ""
    message = (
        f"{estimate} does not lie in the middle of {low} to {high}: {scale}that is {middle}, "
        f"{shown(100 * result.off, 0)} % of the half-width away. Right for an exact, bootstrap, Bayesian or "
        "profile interval; otherwise one of the three numbers is wrong, and a standard error taken from the interval "
        "with it."
    )
    yield finding("W017", "note", row, "estimate", estimate, message, "interval", "interval_symmetry")


def _is_exact(p_text: str) -> bool:
    return not re.search("[<>≤≥]", p_text)


def _p_value(
    row: Contrast | PublishedResult, estimate: str, low: str, high: str, ratio: bool, text: Texts
) -> Iterator[Finding]:
    se = text(row, "se") if isinstance(row, Contrast) else ""
    if (
        parse_p(row.p_value) is None
        or not (se or low)
        or (ratio and (float(estimate) <= 0 or (low and float(low) <= 0)))
    ):
        return
    level = (row.ci_level if isinstance(row, Contrast) else None) or 95.0
    df = row.n - 1.0 if isinstance(row, Contrast) and row.n is not None and row.n > 1 else None
    results = [p_matches(estimate, row.p_value, ratio, se=se, level=level, df=df)] if se else []
    results += [p_matches(estimate, row.p_value, ratio, low, high, level=level, df=df)] if low else []
    found = [r for r in results if r is not None]
    if any(r.fits for r in found):
        return
    span = f"{found[0].low:.2g}" if f"{found[0].low:.2g}" == f"{found[0].high:.2g}" else (
        f"{found[0].low:.2g} to {found[0].high:.2g}"
    )  # fmt: skip
    base = f"{estimate} with standard error {se}" if se else f"{estimate} ({low} to {high})"
    if any(r.one_sided for r in found) and _is_exact(row.p_value):
        message = (
            f"{base} gives a two-sided p of {span}; the printed {row.p_value} is that of a one-sided test. Do not "
            "read it beside two-sided ones, nor take a standard error from it as if it were."
        )
        yield finding("W019", "note", row, "p_value", row.p_value, message, "p", "p_matches")
        return
    message = (
        f"{base} gives a p of {span}; {row.p_value} is printed. Another test or model than the interval's, or a "
        "misprint in one of the numbers."
    )
    yield finding("W018", "note", row, "p_value", row.p_value, message, "p", "p_matches")


CHECKS: tuple[Check, ...] = (check_effects,)
