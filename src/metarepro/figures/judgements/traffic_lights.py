"""Traffic lights of risk of bias: a row a study, a column a domain; what was not assessed is an empty ring."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

from metarepro.analysis.risk_of_bias import Assessment
from metarepro.evidence.bias_tools import OVERALL, BiasTool
from metarepro.figures.judgements.marks import draw_judgement, judgement_mark, mark_entries
from metarepro.figures.judgements.wording import counts_sentence, describe, head_of, labels_of, notes_of, shown_columns
from metarepro.figures.page.figure import Figure, figures_of
from metarepro.figures.page.layout import MM, Canvas, page_width, put_notes, put_page_numbers, put_text, put_title
from metarepro.figures.page.legend import put_legend
from metarepro.figures.page.look import GAP, LEADING, MARGIN, ROW, SIZE, SMALL
from metarepro.figures.page.text import clean, text_width, wrap
from metarepro.figures.table import Column, Table

DEFAULT_TITLE = "Risk of bias"
RADIUS = 4.2
# A column: as wide as its head in letters, or wide enough for its name in words.
NARROW, WIDE, WIDEST, SHORTEST_LABEL = 21.0, 62.0, 70.0, 92.0
LAST = 31.0


def risk_of_bias(
    assessments: Sequence[Assessment], *, labels: Sequence[str] | None = None, title: str = DEFAULT_TITLE,
    width_mm: float = 174.0,
) -> Figure:  # fmt: skip
    """Draw the judgements of every study as traffic lights, all in one figure.

    Parameters
    ----------
    assessments : sequence of Assessment
        From `metarepro.analysis.risk_of_bias.assessments_of`, or made from plain values; in the order of the rows.
    labels : sequence of str, optional
        Names of the rows; by default those of the studies, with the outcome where a study has several assessments.
    title : str
    width_mm : float
        Width at print. The height follows from the rows.

    Raises
    ------
    DataError
        No assessment, assessments by several tools, or another number of labels than of rows.

    Notes
    -----
    Assessments by one tool; those by several are figures of their own. A mark sums up a reasoned judgement: read
    the reasons (in the text alternative and the data) before leaving a study out for it.

    References
    ----------
    Sterne JAC et al. (2019). RoB 2: a revised tool for assessing risk of bias in randomised trials. BMJ 366:l4898.
    doi:10.1136/bmj.l4898

    McGuinness LA, Higgins JPT (2021). Risk-of-bias VISualization (robvis). Research Synthesis Methods 12:55-61.
    doi:10.1002/jrsm.1411
    """
    return risk_of_bias_pages(assessments, labels=labels, title=title, width_mm=width_mm, height_mm=math.inf)[0]


def risk_of_bias_pages(
    assessments: Sequence[Assessment], *, labels: Sequence[str] | None = None, title: str = DEFAULT_TITLE,
    width_mm: float = 174.0, height_mm: float = 250.0,
) -> list[Figure]:  # fmt: skip
    """As `risk_of_bias`, on pages of at most `height_mm`, each with heads and legend; totals stand on the last."""
    names = labels_of(assessments, labels)
    width, notes = page_width(width_mm), notes_of(assessments, names)
    table = _make_table(width, names, assessments)
    tool, columns = assessments[0].tool, shown_columns(assessments)
    # Pages before the last have the words of the marks in place of the totals and the notes.
    foot = _draw_foot(Canvas(width), 0.0, table, assessments, notes) + MARGIN + LEADING
    short = _draw_domains(Canvas(width), _draw_marks(Canvas(width), 0.0, tool), tool, columns) + MARGIN + LEADING
    pages: list[Canvas] = []
    y = 0.0
    for number, (a, name) in enumerate(zip(assessments, names, strict=True)):
        lines = table.columns[-1].lines(name)
        height = max(ROW + 1, LEADING * len(lines) + 4)
        if not pages or y + height + (foot if number == len(names) - 1 else short) > height_mm * MM:
            if pages:
                pages[-1].height = _draw_domains(pages[-1], _draw_marks(pages[-1], y, tool), tool, columns) + MARGIN
            pages.append(Canvas(width))
            y = _draw_head(pages[-1], table, clean(title), assessments)
        _draw_row(pages[-1], y, table, a, name, lines, height)
        y += height
    pages[-1].height = _draw_foot(pages[-1], y, table, assessments, notes) + MARGIN
    put_page_numbers(pages)
    return figures_of(pages, clean(title), describe(assessments, names, clean(title)))


def _make_table(width: float, names: Sequence[str], assessments: Sequence[Assessment]) -> Table:
    """A column a domain, then that of the names on the left; the domains are named where there is room for words."""
    shown, tool = shown_columns(assessments), assessments[0].tool
    room = width - 2 * MARGIN
    words = [judgement_mark(j).word for j in (*tool.judgements, "")]
    least = max(*(text_width(w.capitalize(), SIZE) + 14 for w in words), text_width("Study", SIZE, "bold"))
    longest = max(least, *(text_width(n, SIZE) for n in names))
    worded = room >= SHORTEST_LABEL + GAP + len(shown) * WIDE and all(_short(tool, d) for d in tool.domains)
    step, last = (WIDE, WIDE) if worded else (NARROW, LAST if shown[-1] == OVERALL else NARROW)
    if not worded and (len(shown) - 1) * step + last > room - GAP - least:
        step = last = (room - GAP - least) / len(shown)
    columns = (len(shown) - 1) * step + last
    label = min(longest, room - GAP - columns)
    if worded:
        step = last = min((room - GAP - label) / len(shown), WIDEST)
        columns = len(shown) * step
    left = MARGIN + label + GAP
    right = left + columns
    middles = [left + (i + 0.5) * step for i in range(len(shown) - 1)] + [right - last / 2]
    domains = [
        Column(x, head_of(d, short=step < NARROW), "center", step - 4 if worded else 0.0)
        for d, x in zip(shown, middles, strict=True)
    ]
    return Table([*domains, Column(MARGIN, "Study", width=label)], right)


def _draw_head(canvas: Canvas, table: Table, title: str, assessments: Sequence[Assessment]) -> float:
    """Title, how many were assessed, heads of the columns."""
    y = put_text(canvas, counts_sentence(assessments), put_title(canvas, title) - 4, weight="bold") + 5 + LEADING
    deep = 0
    for domain, column in zip(shown_columns(assessments), table.columns, strict=False):
        words = wrap(_short(assessments[0].tool, domain), column.width, SMALL) if column.width else []
        canvas.text(column.x, y, str(column.head), align="center", weight="bold")
        canvas.lines(column.x, y + SMALL * 1.25, words, SMALL, SMALL * 1.25, "center")
        deep = max(deep, len(words))
    y += deep * SMALL * 1.25
    canvas.text(MARGIN, y, "Study", weight="bold")
    return table.draw_rule(canvas, y + 4, heads=True) + 1


def _draw_row(
    canvas: Canvas, y: float, table: Table, a: Assessment, name: str, lines: list[str], height: float
) -> None:
    """A study: its name and its marks."""
    columns = [d for d in a.tool.columns if len(table.columns) > len(a.tool.columns) or d != OVERALL]
    cells = {d: judgement_mark(a.judgement(d)).word for d in columns}
    reasons = {f"{d}_reason": clean(a.reasons.get(d, "")) for d in columns}
    with canvas.data_row(
        study=name, study_id=a.study_id, outcome=clean(a.outcome), **cells, assessor=clean(a.assessor), **reasons
    ):
        table.draw_row(canvas, y, [*[""] * len(columns), lines], height)
        for domain, column in zip(columns, table.columns, strict=False):
            draw_judgement(canvas, a.judgement(domain), column.x, y + height / 2, RADIUS, f"{name}, {head_of(domain)}")
    table.draw_rule(canvas, y + height)


def _draw_foot(
    canvas: Canvas, y: float, table: Table, assessments: Sequence[Assessment], notes: Sequence[str]
) -> float:
    """Counts by domain, names of the domains, the notes; returns where they end."""
    table.draw_rule(canvas, y, heads=True)
    tool, columns = assessments[0].tool, shown_columns(assessments)
    for judgement in (*tool.judgements, ""):
        y += ROW
        mark = judgement_mark(judgement)
        counts = Counter(d for a in assessments for d in columns if a.judgement(d) == judgement)
        with canvas.data_row(study=f"Number of {mark.word}", **{d: counts[d] for d in columns}):
            draw_judgement(canvas, judgement, MARGIN + 4.5, y - 2.6, 3.6, f"count of {mark.word}")
            canvas.text(MARGIN + 14, y, mark.word[0].upper() + mark.word[1:])
            table.draw_row(canvas, y - LEADING, [str(counts[d]) for d in columns])
    return put_notes(canvas, notes, _draw_domains(canvas, y + 2, tool, columns)) + 2


def _draw_domains(canvas: Canvas, y: float, tool: BiasTool, columns: Sequence[str]) -> float:
    """Full names of the domains; returns the last baseline."""
    y += 3 + SMALL * 1.3
    indent = 14 if len(columns) < 10 else 18
    for domain in (d for d in columns if d != OVERALL):
        canvas.text(MARGIN, y, head_of(domain), SMALL, weight="bold")
        lines = wrap(clean(tool.domains[domain]), canvas.width - 2 * MARGIN - indent, SMALL)
        y = canvas.lines(MARGIN + indent, y, lines, SMALL, SMALL * 1.3)
    return y - SMALL * 1.3 + 3


def _draw_marks(canvas: Canvas, y: float, tool: BiasTool) -> float:
    """Words of the marks, on pages without the counts that name them; returns the last baseline."""
    return put_legend(canvas, mark_entries((*tool.judgements, "")), y + 1.5, SIZE) + 1


def _short(tool: BiasTool, domain: str) -> str:
    """A domain's name without the word bias, to stand above its column; its full name is in the key."""
    name = tool.name_of(domain)
    for start in ("Bias arising from the ", "Bias due to ", "Bias in "):
        if name.startswith(start):
            return name[len(start) :][:1].upper() + name[len(start) + 1 :]
    return ""
