"""Flow diagrams: of a review after PRISMA 2020, and of the studies of an analysis."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from metarepro.analysis.flow import Flow, Included, Named, OtherMethods, check_flow, total_of
from metarepro.analysis.study_flow import AnalysisFlow, flow_of
from metarepro.errors import DataError
from metarepro.figures.flows.boxes import BESIDE_BAR, LINE, Box, Column, Line, Row, draw_arrow, draw_rows, height_of
from metarepro.figures.page.figure import Figure, figure_of
from metarepro.figures.page.layout import Canvas, page_width, put_notes, put_text, put_title
from metarepro.figures.page.look import MARGIN
from metarepro.figures.page.shapes import Point
from metarepro.figures.page.text import clean

DEFAULT_TITLE = "Flow of records, reports and studies"
PRISMA = "PRISMA 2020: Page et al. 2021, doi:10.1136/bmj.n71."
VIA_DATABASES = "Identification of studies via databases and registers"
VIA_OTHERS = "Identification of studies via other methods"
# Four columns need so many points; in less the other methods stand below the databases.
FOUR_COLUMNS, INSET = 430.0, 13.0
# Where columns begin, right of the bars of the phases.
LEFT = MARGIN + BESIDE_BAR


def prisma_flow(flow: Flow, width_mm: float = 174.0) -> Figure:
    """Draw the flow of a review as a PRISMA 2020 diagram.

    Parameters
    ----------
    flow : Flow
        From `metarepro.analysis.flow.read_flow` or `make_flow`.
    width_mm : float
        Width at print; other methods stand beside the databases, or below them where there is less room.

    Raises
    ------
    ConfigError
        When the numbers do not add up.

    Notes
    -----
    Not for the studies of one analysis (see `analysis_flow`), whose records nobody screened. A number that was not
    reported is said to be so; it is not worked out from the others.

    References
    ----------
    Page MJ et al. (2021). The PRISMA 2020 statement: an updated guideline for reporting systematic reviews. BMJ
    372:n71. doi:10.1136/bmj.n71
    """
    check_flow(flow)
    canvas = Canvas(page_width(width_mm))
    right = canvas.width - MARGIN
    y = put_title(canvas, _title(flow.title)) - 3
    rows, other = _database_rows(flow), flow.other_methods
    if other is None:
        column = Column(LEFT, right)
        y = draw_rows(canvas, y, [column], [rows])
        y = _draw_included(canvas, y, column, flow)
    elif right - LEFT >= FOUR_COLUMNS:
        middle = (LEFT + right) / 2
        columns = [Column(LEFT, middle - 7, VIA_DATABASES), Column(middle + 7, right, VIA_OTHERS)]
        y = max(_put_heading(canvas, c, y - 3) for c in columns) + 5
        y = draw_rows(canvas, y, columns, [rows, _other_rows(other)])
        y = _draw_included(canvas, y, columns[0], flow, right=columns[1].end)
    else:
        # Other methods below the databases, moved in, so that the arrow of these runs down beside them.
        first, second = Column(LEFT, right, VIA_DATABASES), Column(LEFT + INSET, right, VIA_OTHERS)
        y = draw_rows(canvas, _put_heading(canvas, first, y - 3) + 5, [first], [rows]) + 12
        others = [r for r in _other_rows(other) if r.main]
        y = draw_rows(canvas, _put_heading(canvas, second, y - 6) + 5, [second], [others])
        y = _draw_included(canvas, y, second, flow, left=(LEFT + INSET / 2, first.places[-1][3]))
    canvas.height = put_notes(canvas, _notes(flow), y + 4) + MARGIN
    return figure_of(canvas, _title(flow.title), describe_flow(flow))


def _put_heading(canvas: Canvas, column: Column, y: float) -> float:
    """The heading over a column; returns its last baseline."""
    return put_text(canvas, column.heading, y, column.left, column.right - column.left, leading=LINE, weight="bold")


def _draw_included(
    canvas: Canvas, y: float, column: Column, flow: Flow, left: Point | None = None, right: Point | None = None
) -> float:
    """What was included: where every column ends, then all studies with those of an earlier version.

    Columns that ended at the points `left` and `right` lead into the box from there.
    """
    rows, number = _included_rows(flow), len(column.places)
    end = draw_rows(canvas, y, [column], [rows])
    x0, top, x1, _ = column.places[number]
    level = top + height_of(rows[0].main, column.width) / 2
    for start, x in ((right, x1), (left, x0)):
        if start is not None:
            draw_arrow(canvas, [start, (start[0], level), (x, level)], "included")
    return end


def _database_rows(flow: Flow) -> list[Row]:
    found, removed = flow.identification, flow.removed.named
    numbers = [*found.databases.values(), *found.registers.values()]
    sources = [Line(name, n) for name, n in found.databases.items()]
    sources += [
        Line(name if "register" in name.lower() else f"{name} (register)", n) for name, n in found.registers.items()
    ]
    return [
        Row(Box(Line("Records identified", total_of(numbers)), tuple(sources)),
            _taken("Records removed before screening", removed), "Identification"),
        Row(Box(Line("Records screened", flow.screened)), Box(Line("Records excluded", flow.excluded)), "Screening"),
        Row(Box(Line("Reports sought for retrieval", flow.sought)),
            Box(Line("Reports not retrieved", flow.not_retrieved))),
        Row(Box(Line("Reports assessed for eligibility", flow.assessed)),
            _taken("Reports excluded", flow.excluded_reports)),
    ]  # fmt: skip


def _other_rows(other: OtherMethods) -> list[Row]:
    sources = tuple(Line(name, n) for name, n in other.sources.items())
    return [
        Row(Box(Line("Records identified", total_of(other.sources.values())), sources), None, "Identification"),
        Row(None, None),
        Row(Box(Line("Reports sought for retrieval", other.sought)),
            Box(Line("Reports not retrieved", other.not_retrieved)), "Screening"),
        Row(Box(Line("Reports assessed for eligibility", other.assessed)),
            _taken("Reports excluded", other.excluded_reports)),
    ]  # fmt: skip


def _taken(head: str, reasons: Named) -> Box | None:
    """What was taken out, by reason; none when no reason is given."""
    if not reasons:
        return None
    return Box(Line(head, total_of(reasons.values())), tuple(Line(w, n) for w, n in reasons.items()))


def _included_rows(flow: Flow) -> list[Row]:
    def inside(head: str, included: Included, strong: bool = False) -> Box:
        return Box(Line(head), (Line("Studies", included.studies), Line("Reports of them", included.reports)), strong)

    if flow.previous is None:
        return [Row(inside("Included in the review", flow.included, True), None, "Included")]
    new = Row(inside("New studies included", flow.included), None, "Included")
    before = inside("Included in the previous version", flow.previous)
    whole = flow.total or Included(
        studies=total_of((flow.previous.studies, flow.included.studies)),
        reports=total_of((flow.previous.reports, flow.included.reports)),
    )
    return [new, Row(inside("All studies in the review", whole, True), before, joins=True)]


def _title(title: str) -> str:
    return clean(title) or DEFAULT_TITLE


def _rows_of(flow: Flow) -> list[tuple[str, list[Row]]]:
    other = [] if flow.other_methods is None else [(VIA_OTHERS, _other_rows(flow.other_methods))]
    return [(VIA_DATABASES, _database_rows(flow)), *other, ("Included", _included_rows(flow))]


def _notes(flow: Flow) -> list[str]:
    rows = [r for _, found in _rows_of(flow) for r in found]
    boxes = [b for r in rows for b in (r.main, r.side) if b is not None]
    notes = [f"Numbers: {clean(flow.source)}"] if clean(flow.source) else []
    if any(line.n is None for b in boxes for line in (b.head, *b.lines)):
        notes.append("n not reported: the number, or a part of it, is not given; it need not be 0.")
    notes.append("Checked: each step holds what was there before it less what was taken out, as far as reported.")
    included = flow.included
    if included.studies is not None and included.reports is not None and included.studies > included.reports:
        notes.append("There are more studies than reports: a report may be of several studies.")
    return [*notes, PRISMA]


def describe_flow(flow: Flow) -> str:
    """Text alternative: every box in words."""
    text = f"Flow of records, reports and studies. {_title(flow.title)}."
    for heading, rows in _rows_of(flow):
        text += f" {heading}. {_said(rows)}"
    return f"{text} {' '.join(_notes(flow))}"


def _said(rows: Iterable[Row]) -> str:
    return " ".join(f"{b.said()}." for r in rows for b in (r.main, r.side) if b is not None)


def analysis_flow(fit: Any, *, width_mm: float = 174.0, **words: Any) -> Figure:
    """Draw which studies of the tables an analysis has, and why the others are left out.

    Parameters
    ----------
    fit : AnalysisResult or fit of `metarepro.pool`
        A fit from Python has no studies that were left out.
    width_mm : float
    **words
        Of a fit from Python: see `metarepro.analysis.from_fit.result_of`.

    Raises
    ------
    DataError
        When the analysis has no study, used or not.

    Notes
    -----
    Not a PRISMA diagram: it begins with the studies in the tables, not with a search.
    """
    from metarepro.analysis.from_fit import result_with

    flow = flow_of(result_with(fit, words))
    title = clean(flow.title)
    if flow.found == 0:
        raise DataError(
            f"The analysis {flow.title!r} has no study, used or left out. Fix: one for whose outcome the tables have "
            "rows."
        )
    canvas = Canvas(page_width(width_mm))
    y = put_title(canvas, title) - 3
    rows = _analysis_rows(flow)
    y = draw_rows(canvas, y, [Column(LEFT, canvas.width - MARGIN)], [rows])
    notes = ["Counted are studies, each once. This is the way from the tables into an analysis, not a search."]
    canvas.height = put_notes(canvas, notes, y + 4) + MARGIN
    return figure_of(canvas, title, f"Flow of studies into an analysis. {title}. {_said(rows)}")


def _analysis_rows(flow: AnalysisFlow) -> list[Row]:
    def side(head: str, reasons: dict[str, int]) -> Box | None:
        lines = tuple(Line(why[:1].upper() + why[1:], n) for why, n in reasons.items())
        return Box(Line(head, sum(reasons.values())), lines) if reasons else None

    lost = {**flow.left_out}
    for why, n in flow.not_pooled.items():
        lost[f"not pooled: {why}"] = lost.get(f"not pooled: {why}", 0) + n
    people = () if flow.participants is None else (Line("Participants", flow.participants),)
    return [
        Row(Box(Line("Studies with rows for the outcome and one of the treatments", flow.found)),
            side("Without a row of the time, scale and kind of the analysis", flow.elsewhere), "In the tables"),
        Row(Box(Line("Studies with such a row", flow.eligible)), side("Left out", lost), "Eligible"),
        Row(Box(Line("Studies in the analysis", flow.pooled), people, strong=True), None, "Included"),
    ]  # fmt: skip
