"""Printed against recomputed results: a row each, two marks joined, the verdict beside them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from metarepro.figures.page import numbers as fmt
from metarepro.figures.page.axes import Values
from metarepro.figures.page.figure import Figure, figures_of
from metarepro.figures.page.layout import Cell, page_width
from metarepro.figures.page.panel import axis_of
from metarepro.figures.page.text import clean
from metarepro.figures.reproductions import pairs, printed
from metarepro.figures.verdict_marks import REPRODUCTION_MARKS

if TYPE_CHECKING:
    from metarepro.reproduction.result import Reproduction

DEFAULT_TITLE = "Printed and recomputed results"
HEADINGS: dict[pairs.Family, str] = {
    "ratios": "Ratios",
    "standardised": "Standardised mean differences",
    "means": "Mean differences",
    "risks": "Risk differences, percentage points",
    "proportions": "Proportions, %",
    "others": "Other effects",
}
NOTHING: Values = (math.nan, math.nan, math.nan)


def dumbbell(reproductions: Sequence[Reproduction], title: str = DEFAULT_TITLE, width_mm: float = 174.0) -> Figure:
    """Draw printed results against recomputed ones, all in one figure.

    Parameters
    ----------
    reproductions : sequence of Reproduction
        A row each, by scale and within a scale by group, in their order.
    title : str
    width_mm : float
        Width at print, exactly; in a narrow column numbers and plot stand below the words. The height follows from
        the rows; more than about forty are read better in `dumbbell_pages`.

    Returns
    -------
    matplotlib.figure.Figure
        Its data have a row a printed result, with both numbers in full.

    Notes
    -----
    Not for results of different reviews that are to be pooled or ranked: the rows share an axis for comparison with
    their own print, not with each other. Two marks on a row after Cleveland and McGill [1]_.

    References
    ----------
    .. [1] Cleveland WS, McGill R. Graphical perception. J Am Stat Assoc 1984;79:531-54.
       doi:10.1080/01621459.1984.10478080
    """
    return dumbbell_pages(reproductions, title, width_mm, math.inf)[0]


def dumbbell_pages(
    reproductions: Sequence[Reproduction], title: str = DEFAULT_TITLE, width_mm: float = 174.0, height_mm: float = 250.0
) -> list[Figure]:
    """As `dumbbell`, on pages of at most `height_mm`; the axis of a scale is the same on all of them."""
    sections = _make_sections(reproductions)
    meanings = {mark.word: mark.meaning for mark in REPRODUCTION_MARKS.values()}
    canvases = pairs.draw_pairs(
        sections, page_width(width_mm), height_mm, heads=("Result", "Studies"), title=clean(title),
        notes=[_note([row for section in sections for row in section.rows])], meanings=meanings, of="results",
        apart=-1.5,
    )  # fmt: skip
    return figures_of(canvases, clean(title), describe(reproductions, clean(title)))


def _make_sections(reproductions: Sequence[Reproduction]) -> list[pairs.Section]:
    """Rows by scale, in the order of the results within each; those of one group stand together."""
    found = []
    for family, heading in HEADINGS.items():
        members = [r for r in reproductions if pairs.family_of(r) == family]
        if not members:
            continue
        measure = printed.measure_of(members[0])
        names = list(dict.fromkeys(printed.measure_of(r).label.lower() for r in members))
        groups = list(dict.fromkeys(clean(r.group) for r in members))
        members.sort(key=lambda r: groups.index(clean(r.group)))
        rows = [_row(r, len(names) > 1) for r in members]
        if family == "ratios":
            heading = f"{heading}: {', '.join(names)}" if len(names) < 5 else heading
            heading += ", log scale"
        axis = axis_of(measure, [v for row in rows for v in (row.values, row.others)])
        found.append(pairs.Section(family, measure, heading, axis, rows))
    return found


def _row(r: Reproduction, name_measure: bool) -> pairs.Row:
    measure = printed.measure_of(r)
    about = printed.subject(r)
    if name_measure and r.code:
        about = ": ".join(p for p in (measure.label, about) if p)
    k = "" if r.k is None else fmt.count(r.k)
    own, others, recomputed = "", NOTHING, pairs.NOT_RECOMPUTED
    k_own: int | None = None
    basis: pairs.Basis = "none"
    synthesis = r.resynthesis
    if r.basis == "printed inputs" and r.recomputed is not None:
        n = r.recomputed
        basis, others = "printed inputs", (n.estimate, n.ci_low, n.ci_high)
        rounded = (r.rounded.estimate, r.rounded.ci_low, r.rounded.ci_high)
        fits = rounded[0] and all(len(t) <= printed.LONGEST for t in rounded)
        recomputed = printed.printed_text(r.rounded) if fits else printed.computed_text(measure, others)
    elif r.basis != "printed inputs" and synthesis is not None:
        n = synthesis.numbers
        basis, others = "own rows", (n.estimate, n.ci_low, n.ci_high)
        recomputed = printed.computed_text(measure, others)
        of = f" of {k}" if k else ""
        own = f"own rows, k = {fmt.count(synthesis.k)}{of}"
        k_own = synthesis.k
    if math.isnan(others[0]):
        basis, recomputed, own, k_own = "none", pairs.NOT_RECOMPUTED, "", None
    name, group, values = clean(r.label) or clean(r.id), clean(r.group), printed.printed_values(r)
    cells: dict[str, Cell] = {
        "result": clean(r.id), "review": name, "about": about, "group": group, "measure": clean(r.code),
        "studies": r.k, "studies_of_our_own": k_own, **pairs.pair_cells(r.printed, values, others), "basis": basis,
        "verdict": clean(r.verdict),
    }  # fmt: skip
    as_shares = measure.percent and printed.scale_of(r) == 1 and bool(r.printed.estimate)
    return pairs.Row(
        clean(r.id), group, name, about, k, own, printed.printed_text(r.printed), recomputed, values, others, basis,
        clean(r.verdict), cells, as_shares,
    )  # fmt: skip


def _note(rows: list[pairs.Row]) -> str:
    marks = (
        "Hollow circle: as printed. Filled circle: recomputed from the numbers of the studies that the report prints."
    )
    if any(r.basis == "own rows" for r in rows):
        marks += " Open diamond, dashed: our own rows, which are other studies in part."
    lines = " Lines: intervals. Vertical line: no effect. Arrow: it goes on."
    text = f"{marks}{lines} Those recomputed from printed numbers are rounded likewise."
    return f"{text} {pairs.SHARES}" if any(r.as_shares for r in rows) else text


def describe(reproductions: Sequence[Reproduction], title: str) -> str:
    """Text alternative: how many of each verdict, then every row."""
    rows = [row for section in _make_sections(reproductions) for row in section.rows]
    counts = ", ".join(f"{n} {mark}" for mark in REPRODUCTION_MARKS if (n := sum(r.verdict == mark for r in rows)))
    lines = []
    for r in rows:
        again = r.recomputed if r.basis == "none" else f"recomputed {r.recomputed}"
        own = f" ({r.own})" if r.own else ""
        about = f", {r.about}" if r.about else ""
        lines.append(f"{r.name}{about}: printed {r.printed}; {again}{own}; {r.verdict}.")
    how = f"{len(rows)} printed results" + (f": {counts}" if counts else "")
    return f"Printed against recomputed results. {title}. {how}. " + " ".join(lines)
