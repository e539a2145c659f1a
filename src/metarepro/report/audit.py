"""What the report shows of printed results and claims: numbers as text, links to where they come from."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from metarepro.claims.result import VERDICTS as CLAIM_VERDICTS
from metarepro.claims.result import AuditedClaim, Reference
from metarepro.figures.page.numbers import MINUS
from metarepro.report.anchors import anchor_of
from metarepro.reproduction.result import PrintedNumbers, Reproduction, by_basis

REPRODUCTION_VERDICTS = (
    "exact",
    "rounding",
    "within tolerance",
    "differs but explained",
    "differs, several slips possible",
    "differs",
    "not checkable",
)


def reproductions_view(found: Sequence[Reproduction], agents: Sequence[str] = ()) -> dict[str, Any]:
    """Printed results by the group in which they stand; how many of those on the project's agents can be checked."""
    groups: dict[str, list[dict[str, Any]]] = {}
    for r in by_basis(found):
        own = r.resynthesis
        groups.setdefault(r.group, []).append(
            {
                "result": r,
                "printed": _numbers(r.printed),
                "rounded": _numbers(r.rounded),
                "own": own,
                "studies": [s for s in r.studies if s.verdict != "not checkable"],
                "agreeing": [s for s in r.specifications if s.agrees][:12],
                "predictions": list(dict.fromkeys(s.prediction for s in r.specifications if s.prediction)),
            }
        )
    counts = {v: sum(r.verdict == v for r in found) for v in REPRODUCTION_VERDICTS}
    # Those of the treatments that this project analyses, by the words of the comparison.
    on_agents = [r for r in found if any(re.search(rf"\b{re.escape(a)}", r.comparison, re.I) for a in agents)]
    return {
        "own_total": len(on_agents),
        "own_checkable": sum(r.verdict != "not checkable" for r in on_agents),
        "own_agents": " and ".join(agents),
        "groups": groups,
        "counts": {v: n for v, n in counts.items() if n},
        "total": len(found),
        "failed": [r for r in found if r.failed],
    }


def _numbers(numbers: PrintedNumbers) -> str:
    if not numbers.estimate:
        return ""
    text = numbers.estimate + (f" ({numbers.ci_low} to {numbers.ci_high})" if numbers.ci_low else "")
    return text.replace("-", MINUS)


def claims_view(claims: Sequence[AuditedClaim]) -> dict[str, Any]:
    """Claims by page, with what each verdict rests on."""
    pages: dict[str, list[dict[str, Any]]] = {}
    for c in claims:
        evidence = [
            {"words": e.words or e.quantity, "value": e.value, "references": [_link(r) for r in e.references]}
            for e in c.evidence
        ]
        pages.setdefault(c.page, []).append({"claim": c, "evidence": evidence})
    counts = {v: sum(c.verdict == v for c in claims) for v in CLAIM_VERDICTS}
    return {
        "pages": pages,
        "counts": {v: n for v, n in counts.items() if n},
        "total": len(claims),
        "by_rule": sum(c.by == "rule" for c in claims),
    }


def _link(reference: Reference) -> dict[str, str]:
    """Text and target of a reference: an anchor of the page, or the place of a row and its address."""
    anchors = {"analysis": anchor_of(reference.name), "reproduction": f"printed-{reference.name}"}
    text = reference.place or reference.name
    return {
        "text": text,
        "anchor": anchors.get(reference.kind, ""),
        "source": reference.source_id,
        "url": reference.source_url,
        "locator": reference.locator,
        "level": reference.level,
    }
