"""Audited claims as CSV text: one row a claim."""

from __future__ import annotations

from collections.abc import Iterable

from metarepro.claims.result import AuditedClaim
from metarepro.csv_output import csv_text

COLUMNS = (
    "id", "page", "claim", "kind", "claimed", "verdict", "by", "in_short", "reason", "rule", "specifications_holding",
    "specifications", "holds_in", "fails_in", "evidence", "rows", "analyses", "cited", "sources", "recorded_before",
    "file", "line",
)  # fmt: skip


def claims_csv(found: Iterable[AuditedClaim]) -> str:
    """Every claim, its verdict, and where the evidence is."""
    rows = []
    for c in found:
        references = [r for e in c.evidence for r in e.references]
        places = dict.fromkeys(r.place for r in references if r.place)
        analyses = dict.fromkeys(r.name for r in references if r.kind == "analysis")
        addresses = dict.fromkeys(r.source_url for r in (*references, *c.sources) if r.source_url)
        evidence = "; ".join(f"{e.quantity} = {e.value}" for e in c.evidence)
        rows.append(
            [
                c.id, c.page, c.claim, c.kind, c.claimed, c.verdict, c.by, c.in_short, c.reason, c.rule, c.holds,
                c.specifications, "; ".join(c.held_in), "; ".join(c.failed_in), evidence, "; ".join(places),
                "; ".join(analyses), "; ".join(c.cited), " ; ".join(addresses), c.recorded, c.file, c.line,
            ]
        )  # fmt: skip
    return csv_text(COLUMNS, rows)
