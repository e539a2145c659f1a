"""Traffic lights of risk of bias: a row a study, a column a domain of RoB 2; what was not assessed is an empty ring."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import Any

from metarepro.analysis.risk_of_bias import DOMAINS, JUDGEMENTS, Assessment
from metarepro.figures.judgements.marks import draw_judgement, judgement_mark, mark_entries
from metarepro.figures.judgements.wording import HEADS, counts_sentence, describe, labels_of, notes_of
from metarepro.figures.page.figure import figure_of, figures_of
from metarepro.figures.page.layout import (
    MM,
    Canvas,
    page_width,
    put_beside,
    put_notes,
    put_page_numbers,
    put_text,
    put_title,
)
from metarepro.figures.page.legend import put_legend
from metarepro.figures.page.look import GAP, INK, LEADING, LIGHT, MARGIN, ROW, SIZE, SMALL
from metarepro.figures.page.text import clean, text_width, wrap

DEFAULT_TITLE = "Risk of bias"
RADIUS = 4.2
# A column: as wide as its head in letters, or wide enough for its name in words.
NARROW, WIDE, WIDEST, SHORTEST_LABEL = 21.0, 62.0, 70.0, 92.0
LAST = 31.0


def risk_of_bias(
    assessments: Sequence[Assessment], *, labels: Sequence[str] | None = None, title: str = DEFAULT_TITLE,
    width_mm: float = 174.0,
) -> Any:  # fmt: skip
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

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    DataError
        No assessment, or as many labels as there are no rows.

    Notes
    -----
    Not for ROBINS-I or other tools, whose domains and judgements are others. A mark sums up a reasoned judgement: read
    the reasons (in the text alternative and the data) before leaving a study out for it.

    References
    ----------
    Sterne JAC et al. (2019). RoB 2: a revised tool for assessing risk of bias in randomised trials. BMJ 366:l4898.
    doi:10.1136/bmj.l4898

    McGuinness LA, Higgins JPT (2021). Risk-of-bias VISualization (robvis). Research Synthesis Methods 12:55-61.
    doi:10.1002/jrsm.1411
    """
    (canvas,) = draw_risk_of_bias(assessments, labels, title, width_mm)
    return figure_of(canvas, clean(title), describe(assessments, labels_of(assessments, labels), clean(title)))


def risk_of_bias_pages(
    assessments: Sequence[Assessment], *, labels: Sequence[str] | None = None, title: str = DEFAULT_TITLE,
    width_mm: float = 174.0, height_mm: float = 250.0,
) -> list[Any]:  # fmt: skip
    """Draw the judgements on pages of at most a height, each with the heads and the key; totals stand on the last.

    Parameters
    ----------
    assessments, labels, title, width_mm
        As for `risk_of_bias`.
    height_mm : float

    Returns
    -------
    list of matplotlib.figure.Figure
    """
    canvases = draw_risk_of_bias(assessments, labels, title, width_mm, height_mm)
    text = describe(assessments, labels_of(assessments, labels), clean(title))
    return figures_of(canvases, clean(title), text)


def draw_risk_of_bias(
    assessments: Sequence[Assessment], labels: Sequence[str] | None = None, title: str = DEFAULT_TITLE,
    width_mm: float = 174.0, height_mm: float = math.inf,
) -> list[Canvas]:  # fmt: skip
    """The pages as canvases of measured texts and marks."""
    names = labels_of(assessments, labels)
    grid = _Grid(page_width(width_mm), names)
    notes = notes_of(assessments, names)
    foot = grid.foot(Canvas(grid.width), 0.0, assessments, notes) + MARGIN + LEADING
    # Pages before the last hold the key only.
    short = grid.key(Canvas(grid.width), grid.mark_key(Canvas(grid.width), 0.0)) + MARGIN + LEADING
    pages: list[Canvas] = []
    canvas, y = Canvas(grid.width), 0.0
    for number, (a, name) in enumerate(zip(assessments, names, strict=True)):
        height = grid.row_height(name)
        below = foot if number == len(names) - 1 else short
        if not pages or y + height + below > height_mm * MM:
            if pages:
                canvas.height = grid.key(canvas, grid.mark_key(canvas, y)) + MARGIN
            canvas = Canvas(grid.width)
            pages.append(canvas)
            y = grid.head(canvas, clean(title), assessments)
        y = grid.row(canvas, y, a, name, number)
    canvas.height = grid.foot(canvas, y, assessments, notes) + MARGIN
    put_page_numbers(pages)
    return pages


class _Grid:
    """Where the columns are: names on the left, then the domains; their names above them where there is room."""

    def __init__(self, width: float, names: Sequence[str]) -> None:
        self.width = width
        room = width - 2 * MARGIN
        longest = max(text_width(n, SIZE) for n in names)
        longest = max(longest, text_width("Not assessed", SIZE) + 14, text_width("Study", SIZE, "bold"))
        self.worded = room >= SHORTEST_LABEL + GAP + len(DOMAINS) * WIDE
        self.step = WIDE if self.worded else NARROW
        self.last = WIDE if self.worded else LAST
        columns = (len(DOMAINS) - 1) * self.step + self.last
        self.names = min(longest, room - GAP - columns)
        if self.worded:
            self.step = self.last = min((room - GAP - self.names) / len(DOMAINS), WIDEST)
            columns = len(DOMAINS) * self.step
        left = MARGIN + self.names + GAP
        self.right = left + columns
        self.middles = [left + (i + 0.5) * self.step for i in range(len(DOMAINS) - 1)] + [self.right - self.last / 2]

    def lines(self, name: str) -> list[str]:
        return wrap(name, self.names, SIZE)

    def row_height(self, name: str) -> float:
        return max(ROW + 1, LEADING * len(self.lines(name)) + 4)

    def head(self, canvas: Canvas, title: str, assessments: Sequence[Assessment]) -> float:
        """Title, how many were assessed, heads of the columns."""
        y = put_text(canvas, counts_sentence(assessments), put_title(canvas, title) - 4, weight="bold") + 5
        heads = {d: [HEADS[d]] for d in DOMAINS}
        words = {d: wrap(_short(d), self.step - 4, SMALL) if self.worded else [] for d in DOMAINS}
        deep = max(len(w) for w in words.values())
        y += LEADING
        for domain, x in zip(DOMAINS, self.middles, strict=True):
            canvas.text(x, y, heads[domain][0], SIZE, "center", "bold", INK)
            for number, line in enumerate(words[domain]):
                canvas.text(x, y + (number + 1) * SMALL * 1.25, line, SMALL, "center", color=INK)
        y += deep * SMALL * 1.25
        canvas.text(MARGIN, y, "Study", SIZE, weight="bold", color=INK)
        canvas.line(MARGIN, y + 4, self.right, y + 4, "header rule", 0.8, INK)
        return y + 5

    def row(self, canvas: Canvas, y: float, a: Assessment, name: str, number: int) -> float:
        """A study: its name and six marks."""
        lines = self.lines(name)
        height = self.row_height(name)
        middle = y + height / 2
        cells = {d: judgement_mark(a.judgement(d)).word for d in DOMAINS}
        reasons = {f"{d}_reason": clean(a.reasons.get(d, "")) for d in DOMAINS}
        with canvas.data_row(
            study=name, study_id=a.study_id, outcome=clean(a.outcome), **cells, assessor=clean(a.assessor), **reasons
        ):
            put_beside(canvas, lines, MARGIN, middle)
            for domain, x in zip(DOMAINS, self.middles, strict=True):
                draw_judgement(canvas, a.judgement(domain), x, middle, RADIUS, f"{name}, {HEADS[domain]}")
        canvas.line(MARGIN, y + height, self.right, y + height, "row rule", 0.3, LIGHT)
        return y + height

    def foot(self, canvas: Canvas, y: float, assessments: Sequence[Assessment], notes: Sequence[str]) -> float:
        """Counts by domain, the key, the notes; returns where they end."""
        canvas.line(MARGIN, y, self.right, y, "header rule", 0.8, INK)
        for judgement in JUDGEMENTS:
            y += ROW
            mark = judgement_mark(judgement)
            counts = Counter(d for a in assessments for d in DOMAINS if a.judgement(d) == judgement)
            word = mark.word[0].upper() + mark.word[1:]
            with canvas.data_row(study=f"Number of {mark.word}", **{d: counts[d] for d in DOMAINS}):
                draw_judgement(canvas, judgement, MARGIN + 4.5, y - 2.6, 3.6, f"count of {mark.word}")
                canvas.text(MARGIN + 14, y, word, SIZE, color=INK)
                for domain, x in zip(DOMAINS, self.middles, strict=True):
                    canvas.text(x, y, str(counts[domain]), SIZE, "center", color=INK)
        return put_notes(canvas, notes, self.key(canvas, y + 2)) + 2

    def key(self, canvas: Canvas, y: float) -> float:
        """Full names of the domains; returns the last baseline."""
        y += 3
        for domain in list(DOMAINS)[:-1]:
            for number, line in enumerate(wrap(DOMAINS[domain], self.width - 2 * MARGIN - 14, SMALL)):
                y += SMALL * 1.3
                if not number:
                    canvas.text(MARGIN, y, HEADS[domain], SMALL, weight="bold", color=INK)
                canvas.text(MARGIN + 14, y, line, SMALL, color=INK)
        return y + 3

    def mark_key(self, canvas: Canvas, y: float) -> float:
        """Words of the marks, on pages without the counts that name them; returns the last baseline."""
        return put_legend(canvas, mark_entries(), y + 1.5, SIZE) + 1


def _short(domain: str) -> str:
    """A domain's name without the word bias, to stand above its column; its full name is in the key."""
    name = DOMAINS[domain]
    for start in ("Bias arising from the ", "Bias due to ", "Bias in "):
        if name.startswith(start):
            return name[len(start) :][:1].upper() + name[len(start) + 1 :]
    return ""
