"""Reproductions as CSV text: one row a printed result."""

from __future__ import annotations

from collections.abc import Iterable

from metarepro.csv_output import csv_text
from metarepro.reproduction.result import Reproduction

COLUMNS = (
    "id", "review", "outcome", "comparison", "timepoint_h", "measure", "model", "k_printed", "participants_printed",
    "estimate_printed", "ci_low_printed", "ci_high_printed", "verdict", "reason", "basis", "k_recomputed", "estimate",
    "ci_low", "ci_high", "estimate_rounded", "ci_low_rounded", "ci_high_rounded", "difference", "relative_difference",
    "specifications", "specifications_agreeing", "agreeing_first", "prediction_formula", "explanations",
    "studies_exact", "studies_checked", "own_analysis", "own_until", "own_k", "own_participants", "own_trials",
    "overlap", "agreement", "own_tried", "own_agreeing", "own_lowest", "own_highest", "own_nearest", "must",
    "source_id", "source_url", "locator", "level", "notes", "file", "line",
)  # fmt: skip


def reproduction_csv(found: Iterable[Reproduction]) -> str:
    """Every printed result, what was recomputed, and the verdict."""
    rows = []
    for r in found:
        agreeing = next((s for s in r.specifications if s.agrees and s.own), None)
        agreeing = agreeing or next((s for s in r.specifications if s.agrees), None)
        first = f"{agreeing.measure} ({agreeing.effects}), {agreeing.tau2}, {agreeing.interval}" if agreeing else ""
        predictions = dict.fromkeys(s.prediction for s in r.specifications if s.prediction)
        checked = [s for s in r.studies if s.verdict != "not checkable"]
        own = r.resynthesis
        rows.append(
            [
                r.id, r.review, r.outcome, r.comparison, r.timepoint_h, r.measure, r.model, r.k, r.participants,
                r.printed.estimate, r.printed.ci_low, r.printed.ci_high, r.verdict, r.reason, r.basis, r.k_inputs,
                *((r.recomputed.estimate, r.recomputed.ci_low, r.recomputed.ci_high) if r.recomputed else ("", "", "")),
                r.rounded.estimate, r.rounded.ci_low, r.rounded.ci_high, r.difference, r.relative, r.tried, r.agreeing,
                first, "; ".join(predictions), " | ".join(r.explanations),
                sum(s.verdict == "exact" for s in checked) if checked else None, len(checked) if checked else None,
                *(
                    (
                        own.analysis, own.until, own.k, own.participants, "; ".join(own.studies), own.overlap,
                        own.agreement, own.tried, own.agreeing, own.lowest, own.highest, own.nearest,
                    )
                    if own else [None] * 12
                ),
                r.must, r.source_id, r.source_url, r.locator, r.level, r.notes, r.file, r.line,
            ]
        )  # fmt: skip
    return csv_text(COLUMNS, rows)
