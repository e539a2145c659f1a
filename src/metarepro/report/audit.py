"""What the page shows of claims and of printed results."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from markupsafe import Markup

from metarepro.analysis.config import Config
from metarepro.claims.result import VERDICTS as CLAIM_VERDICTS
from metarepro.claims.result import AuditedClaim, Reference
from metarepro.figures.page.numbers import MINUS
from metarepro.report.anchors import anchor_of
from metarepro.report.words import plural
from metarepro.reproduction.result import PrintedNumbers, Reproduction, by_basis

# Verdicts on claims: glyph, class.
CLAIM_MARKS = {
    "supported": ("\u25cf", "vs"), "supported only under named specifications": ("\u25d1", "vp"),
    "partly supported": ("\u25d2", "vp"), "misattributed": ("\u21c4", "vm"), "not supported": ("\u25cb", "vm"),
    "contradicted": ("\u2715", "vx"), "not checkable": ("?", "vn"),
}  # fmt: skip
# Verdicts on printed results, the worst first: glyph, class.
REPRODUCTION_MARKS = {
    "differs": ("\u2260", "vx"), "differs, several slips possible": ("\u2260", "vm"),
    "differs but explained": ("\u2260", "vp"), "within tolerance": ("\u2248", "vp"), "rounding": ("\u2248", "vs"),
    "exact": ("=", "vs"), "not checkable": ("?", "vn"),
}  # fmt: skip
# Specifications that are named where a rule holds in some only.
NAMED = 8
# Half the width of a printed interval, and the most that is drawn of a difference, in percent of the cell.
BAND, REACH = 29.0, 46.0


def claims_view(config: Config, claims: Sequence[AuditedClaim]) -> dict[str, Any] | None:
    """Claims with what each verdict rests on, and the pages that they are of; None without claims."""
    if not claims:
        return None
    pages: dict[str, dict[str, Any]] = {}
    for c in claims:
        if c.document not in pages:
            document = config.documents.get(c.document)
            letter = chr(ord("A") + len(pages)) if len(pages) < 26 else str(len(pages) + 1)
            pages[c.document] = {"letter": letter, "name": c.page, "document": document, "count": 0}
        pages[c.document]["count"] += 1
    shown = []
    for c in claims:
        evidence = [
            {"words": e.words or e.quantity, "value": e.value, "references": [_link(r) for r in e.references]}
            for e in c.evidence
        ]
        glyph, kind = CLAIM_MARKS[c.verdict]
        shown.append({"claim": c, "evidence": evidence, "letter": pages[c.document]["letter"], "glyph": glyph,
                      "kind": kind, "held": _listed(c.held_in), "failed": _listed(c.failed_in)})  # fmt: skip
    counts = {v: sum(c.verdict == v for c in claims) for v in CLAIM_VERDICTS}
    marks = [(v, n, *CLAIM_MARKS[v]) for v, n in counts.items() if n]
    return {
        "pages": list(pages.values()), "claims": shown, "total": len(claims), "marks": marks,
        "bar": _bar([(kind, n) for _, n, _, kind in marks], len(claims)),
        "by_rule": sum(c.by == "rule" for c in claims), "quoted": sum(bool(c.quote) for c in claims),
        "checked": sum(bool(d["document"] and d["document"].text) for d in pages.values()),
    }  # fmt: skip


def _listed(specifications: Sequence[str]) -> str:
    """The first specifications by name, and how many more there are."""
    more = len(specifications) - NAMED
    return ", ".join(specifications[:NAMED]) + (f" and {more} more" if more > 0 else "")


def _bar(parts: Sequence[tuple[str, int]], total: int) -> Markup:
    """Shares of verdicts as a bar."""
    at, pieces = 0.0, []
    for kind, n in parts:
        width = 100 * n / total
        pieces.append(f'<rect class="b-{kind}" x="{at:.2f}%" width="{max(width - 0.3, 0.2):.2f}%" height="10"/>')
        at += width
    return Markup(f'<svg class="cbs" width="100%" height="12" aria-hidden="true">{"".join(pieces)}</svg>')


def _link(reference: Reference) -> dict[str, str]:
    """Text and target of a reference: an anchor of the page, or the place of a row and its address."""
    anchors = {"analysis": anchor_of(reference.name), "reproduction": f"printed-{reference.name}"}
    return {
        "text": reference.place.rpartition("/")[2] or reference.name,
        "anchor": anchors.get(reference.kind, ""),
        "source": reference.source_id,
        "url": reference.source_url,
        "locator": reference.locator,
        "level": reference.level,
    }


def reproductions_view(found: Sequence[Reproduction]) -> dict[str, Any] | None:
    """Printed results: those that are not exact with their difference, the exact and the unchecked by name."""
    if not found:
        return None
    ordered = sorted(by_basis(found), key=lambda r: list(REPRODUCTION_MARKS).index(r.verdict))
    rows = {v: [_row(r) for r in ordered if r.verdict == v] for v in REPRODUCTION_MARKS}
    open_rows = [row for v in REPRODUCTION_MARKS if v not in ("exact", "not checkable") for row in rows[v]]
    checked = len(found) - len(rows["not checkable"])
    counts = [(v, len(rows[v])) for v in reversed(REPRODUCTION_MARKS) if rows[v] and v != "not checkable"]
    return {
        "total": len(found), "checked": checked, "open": open_rows, "exact": rows["exact"],
        "unchecked": rows["not checkable"], "counts": counts, "failed": [r for r in found if r.failed],
        "counted": plural(len(found), "printed result"),
    }  # fmt: skip


def _row(r: Reproduction) -> dict[str, Any]:
    glyph, kind = REPRODUCTION_MARKS[r.verdict]
    return {
        "result": r,
        "printed": _numbers(r.printed),
        "rounded": _numbers(r.rounded),
        "glyph": glyph,
        "kind": kind,
        "plot": difference_plot(r),
        "agreeing": [s for s in r.specifications if s.agrees][:4],
        "studies": [s for s in r.studies if s.verdict not in ("not checkable", "exact")],
        "own": r.resynthesis,
        "own_anchor": anchor_of(r.resynthesis.analysis) if r.resynthesis else "",
    }


def _numbers(numbers: PrintedNumbers) -> Markup:
    if not numbers.estimate:
        return Markup("\u2013")
    estimate = numbers.estimate.replace("-", MINUS)
    if not numbers.ci_low:
        return Markup.escape(estimate)
    low, high = numbers.ci_low.replace("-", MINUS), numbers.ci_high.replace("-", MINUS)
    return Markup('{} <span class="c">({} to {})</span>').format(estimate, low, high)


def difference_plot(r: Reproduction) -> Markup:
    """The recomputed result over the printed interval, which is scaled to one width; nothing without an interval.

    Ratios are compared by their logarithms.
    """
    found = r.recomputed
    if found is None or not r.printed.ci_low or not r.printed.ci_high:
        return Markup("")
    values = [float(x) for x in (r.printed.estimate, r.printed.ci_low, r.printed.ci_high)]
    values += [found.estimate, found.ci_low, found.ci_high]
    if r.code == "PR" and max(abs(v) for v in values[:3]) > 1 >= abs(found.estimate):
        values[3:] = [100 * v for v in values[3:]]
    if r.code in ("OR", "RR", "HR"):
        if not all(v > 0 for v in values):
            return Markup("")
        values = [math.log(v) for v in values]
    _, low, high, own, own_low, own_high = values
    if not high > low or not math.isfinite(own):
        return Markup("")
    middle, half = (low + high) / 2, (high - low) / 2

    def x(value: float) -> float:
        return 50 + min(max(BAND * (value - middle) / half, -REACH), REACH)

    line = ""
    if math.isfinite(own_low) and math.isfinite(own_high):
        line = f'<line class="ci" x1="{x(own_low):.1f}%" x2="{x(own_high):.1f}%" y1="17" y2="17"/>'
    return Markup(
        f'<svg class="rp"><rect class="bd" x="{50 - BAND}%" width="{2 * BAND}%" '
        f'y="8" height="18"/><line class="nl" x1="{x(values[0]):.1f}%" x2="{x(values[0]):.1f}%" y1="8" y2="26"/>'
        f'{line}<circle class="one" cx="{x(own):.1f}%" cy="17" r="4.5"/></svg>'
    )
