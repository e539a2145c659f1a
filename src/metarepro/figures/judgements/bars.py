"""Risk of bias by domain: which share of the weight has which judgement; what was not assessed is a share, too."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from metarepro.analysis.risk_of_bias import Assessment, judgement_shares
from metarepro.evidence.bias_tools import OVERALL
from metarepro.figures.judgements.marks import draw_judgement, judgement_mark
from metarepro.figures.judgements.wording import counts_sentence, labels_of, shown_columns, tool_note
from metarepro.figures.page.figure import Figure, figure_of
from metarepro.figures.page.layout import Canvas, page_width, put_notes, put_text, put_title
from metarepro.figures.page.legend import LegendEntry, put_legend
from metarepro.figures.page.look import GAP, GREY, INK, LEADING, MARGIN, SIZE, SMALL, WHITE
from metarepro.figures.page.numbers import fixed
from metarepro.figures.page.shapes import box, hatching
from metarepro.figures.page.text import clean
from metarepro.figures.table import Column, Table

DEFAULT_TITLE = "Risk of bias by domain"
BAR, NUMBER = 11.0, 27.0
# Names of the domains stand beside the bars where these stay this long, else above them.
SHORTEST_BAR, NAMES = 130.0, 150.0
Weights = Mapping[str, float] | Sequence[float] | None


def risk_of_bias_bars(
    assessments: Sequence[Assessment], weights: Weights = None, *, weighting: str = "", title: str = DEFAULT_TITLE,
    width_mm: float = 174.0,
) -> Figure:  # fmt: skip
    """Draw the shares of judgements by domain as bars, with their percentages beside them.

    Parameters
    ----------
    assessments : sequence of Assessment
        From `metarepro.analysis.risk_of_bias.assessments_of`, or made from plain values.
    weights : mapping of study id to float, or sequence of float, optional
        `metarepro.analysis.risk_of_bias.weights_of` an analysis; each assessment counts the same if left out. The
        figure says which.
    weighting : str
        Where the weights come from, such as the title of the analysis.
    title : str
    width_mm : float

    Raises
    ------
    DataError
        No assessment; weights that do not fit (see `metarepro.analysis.risk_of_bias.judgement_shares`).

    Notes
    -----
    Not instead of the traffic lights: a bar hides which study is meant. Without the weights of an analysis a small
    study counts as much as a large one.

    References
    ----------
    Sterne JAC et al. (2019). RoB 2: a revised tool for assessing risk of bias in randomised trials. BMJ 366:l4898.
    doi:10.1136/bmj.l4898
    """
    labels_of(assessments, None)
    tool = assessments[0].tool
    judgements = (*tool.judgements, "")
    every = judgement_shares(assessments, weights)
    shares = {domain: every[domain] for domain in shown_columns(assessments)}
    canvas = Canvas(page_width(width_mm))
    right = canvas.width - MARGIN
    numbers = right - NUMBER * len(judgements)
    beside = numbers - GAP - MARGIN - GAP - NAMES >= SHORTEST_BAR
    left = MARGIN + NAMES + GAP if beside else MARGIN
    y = put_text(canvas, counts_sentence(assessments), put_title(canvas, clean(title)) - 4, weight="bold")
    y += LEADING + 6
    ends = [right - NUMBER * (len(judgements) - 1 - i) for i in range(len(judgements))]
    for judgement, end in zip(judgements, ends, strict=True):
        draw_judgement(canvas, judgement, end - NUMBER / 2 + 4, y - 2, 4.0, "head")
    canvas.text(left, y + 1, f"Share of the {_counted(assessments, weights)}", weight="bold")
    y = Table((), right).draw_rule(canvas, y + 5, heads=True) + 4
    for domain, own in shares.items():
        weight = "bold" if domain == OVERALL else "normal"
        label = Column(MARGIN, width=NAMES if beside else right - MARGIN, weight=weight)
        table = Table([label, *(Column(end, align="right", weight=weight) for end in ends)], right)
        lines = label.lines(clean(tool.name_of(domain)))
        cells: dict[str, float] = {judgement_mark(j).word: own[j] for j in judgements}
        with canvas.data_row(domain=clean(tool.name_of(domain)), **cells):
            height = max(BAR, LEADING * len(lines)) if beside else BAR
            if not beside:
                y = canvas.lines(MARGIN, y + LEADING - 1, lines, weight=weight) - LEADING + 2.5
            _draw_bar(canvas, own, left, y + (height - BAR) / 2, numbers - 4 - left, domain)
            table.draw_row(canvas, y, [lines if beside else "", *(_percent(own[j]) for j in judgements)], height)
        y += height + 5
        table.draw_rule(canvas, y - 2.5)
    y = put_legend(canvas, [_legend_entry(judgement) for judgement in judgements], y, SIZE)
    notes = [_weighting(assessments, weights, weighting)]
    if all(a.assessed == 0 for a in assessments):
        notes.append("Nobody has judged the risk of bias of these studies here; it may be low or high.")
    else:
        notes.append("Percentages are rounded. Not assessed says nothing about a study.")
    canvas.height = put_notes(canvas, [*notes, tool_note(tool)], y + 4) + SMALL * 0.3 + MARGIN
    text = f"Shares of judgements of risk of bias by domain. {clean(title)}. {counts_sentence(assessments)}"
    text += f" {_weighting(assessments, weights, weighting)}"
    for domain, own in shares.items():
        said = ", ".join(f"{judgement_mark(j).word} {_percent(own[j])}" for j in judgements if own[j] > 0)
        text += f" {clean(tool.name_of(domain))}: {said}."
    return figure_of(canvas, clean(title), text)


def _draw_bar(canvas: Canvas, own: Mapping[str, float], left: float, top: float, wide: float, domain: str) -> None:
    """Segments in the order of the judgements: plain, hatched one way, hatched both ways, empty and dashed."""
    x = left
    for judgement in own:
        end = x + wide * own[judgement] / 100
        if own[judgement] > 0:
            _segment(canvas, judgement, x, top, end, top + BAR, domain)
        x = end


def _segment(canvas: Canvas, judgement: str, x0: float, y0: float, x1: float, y1: float, name: str) -> None:
    mark = judgement_mark(judgement)
    corners = box(x0, y0, x1, y1)
    if not judgement:
        canvas.polygon(corners, WHITE, f"bar not assessed: {name}", GREY, 0.6, dashed=True)
        return
    canvas.polygon(corners, mark.color, f"bar {judgement}: {name}", INK if mark.is_pale else None, 0.4)
    if judgement == "low" or x1 - x0 < 3:
        return
    directions = (True,) if mark.is_pale else (True, False)
    for rising in directions:
        for (ax, ay), (bx, by) in hatching(x0 + 0.1, y0 + 0.1, x1 - 0.1, y1 - 0.1, 4.0, rising):
            if math.hypot(bx - ax, by - ay) > 0.5:
                canvas.line(ax, ay, bx, by, f"hatch {judgement}: {name}", 0.5, mark.ink)


def _legend_entry(judgement: str) -> LegendEntry:
    """The mark and the part of a bar."""
    word = judgement_mark(judgement).word

    def draw(canvas: Canvas, x: float, y: float) -> None:
        draw_judgement(canvas, judgement, x + 4.5, y, 3.6, f"key: {word}")
        _segment(canvas, judgement, x + 12, y - 3.6, x + 29, y + 3.6, f"key: {word}")

    return LegendEntry(word, draw, sample=29.0)


def _counted(assessments: Sequence[Assessment], weights: object) -> str:
    """What 100% is."""
    if weights is not None:
        return "weight"
    return "assessments" if len({a.study_id for a in assessments}) < len(assessments) else "studies"


def _weighting(assessments: Sequence[Assessment], weights: object, weighting: str) -> str:
    """What the shares are of, in a sentence."""
    if weights is None:
        return f"Each {'study' if _counted(assessments, None) == 'studies' else 'assessment'} counts the same."
    source = clean(weighting)
    return f"Studies count by their weight{' in: ' + source if source else ''}."


def _percent(share: float) -> str:
    """A share as a whole percentage; what is neither none nor all is not printed as such."""
    if 0 < share < 0.5:
        return "<1%"
    if 99.5 <= share < 100 - 1e-9:
        return ">99%"
    return f"{fixed(share, 0)}%"
