"""The audited claims for everybody: how many bear out, then each claim with its verdict and what the data show."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from metarepro.figures.claims.rows import CLAIM, EVIDENCE, LINE, Block, Document, make_documents, paginate
from metarepro.figures.page.figure import figure_of, figures_of
from metarepro.figures.page.layout import MM, Canvas, page_width, put_notes, put_page_numbers, put_text, put_title
from metarepro.figures.page.look import GAP, GREY, INK, LEADING, MARGIN, ORANGE, SIZE, SMALL
from metarepro.figures.page.shapes import box
from metarepro.figures.page.text import clean, text_width, wrap
from metarepro.figures.verdict_marks import CLAIM_MARKS, draw_mark, mark_of

if TYPE_CHECKING:
    from metarepro.claims.result import AuditedClaim

DEFAULT_TITLE = "What the evidence says about each claim"
VERDICT, SYMBOL, BAR = 84.0, 14.0, 11.0
# In less than this the claims stand below their verdicts.
LEAST = 180.0
RULE = "#dddddd"
HEADS = ("Verdict", "Claim, and what the evidence says", "Decided by")
STACKED_HEAD = "Verdict, claim, and what the evidence says"
KEY_NOTE = (
    "The data: a rule compares the claim with numbers that were computed here or printed by the source. "
    "Judgement: somebody read the source and recorded the verdict with a reason."
)


def claims_overview(claims: Sequence[AuditedClaim], title: str = DEFAULT_TITLE, width_mm: float = 174.0) -> Any:
    """Draw the verdicts on claims, all in one figure.

    Parameters
    ----------
    claims : sequence of AuditedClaim
        Of one audited page, or of several, which then stand below each other.
    title : str
    width_mm : float
        Width at print, exactly; in a narrow column each claim stands below its verdict. The height follows from
        the texts.

    Returns
    -------
    matplotlib.figure.Figure
        Its twin (`metarepro.figures.write_figure`) has a row a claim, and a row a verdict with its count.

    Raises
    ------
    ConfigError
        When `width_mm` is no width of a page.

    Notes
    -----
    Not a score: claims are not weighed by how much they matter, and a page with one grave error looks like one with
    a small one.
    """
    canvas = draw_claims(claims, title, width_mm)[0]
    return figure_of(canvas, clean(title), describe(claims, clean(title)))


def claims_overview_pages(
    claims: Sequence[AuditedClaim], title: str = DEFAULT_TITLE, width_mm: float = 174.0, height_mm: float = 250.0
) -> list[Any]:
    """Draw the verdicts on claims on pages of at most a height; every audited page begins a new one.

    Parameters
    ----------
    claims, title, width_mm
        As for `claims_overview`.
    height_mm : float
        A text longer than a page goes on on the next.

    Returns
    -------
    list of matplotlib.figure.Figure
    """
    canvases = draw_claims(claims, title, width_mm, height_mm)
    text = describe(claims, clean(title))
    return figures_of(canvases, clean(title), text)


def draw_claims(
    claims: Sequence[AuditedClaim], title: str = DEFAULT_TITLE, width_mm: float = 174.0, height_mm: float = math.inf
) -> list[Canvas]:
    """The pages as canvases of measured texts and marks."""
    width = page_width(width_mm)
    decided = width - MARGIN - max(text_width(t, SIZE, "bold") for t in (HEADS[2], *(clean(c.by) for c in claims)))
    text_left = MARGIN + SYMBOL + VERDICT + GAP
    stacked = decided - GAP - text_left < LEAST
    if stacked:
        text_left = MARGIN + SYMBOL
        documents = make_documents(claims, width - MARGIN - text_left, decided - GAP - text_left, True)
    else:
        documents = make_documents(claims, decided - GAP - text_left, VERDICT)
    foot = _key(Canvas(width), 0.0) + MARGIN + LEADING
    head = put_title(Canvas(width), clean(title))
    pages: list[Canvas] = []

    def begin() -> tuple[Canvas, float]:
        canvas = Canvas(width)
        pages.append(canvas)
        return canvas, put_title(canvas, clean(title))

    def end(canvas: Canvas, y: float) -> None:
        canvas.height = _key(canvas, y) + MARGIN

    whole = math.isinf(height_mm)
    canvas, y = begin()
    if not documents:
        canvas.text(MARGIN, y + LINE, "No claim.", SIZE, color=INK)
        y += LINE
    for number, document in enumerate(documents):
        above = head + _document(Canvas(width), document, 0.0, decided, text_left, True)
        room = height_mm * MM - above - foot
        for part, blocks in enumerate(paginate(document.blocks, room)):
            if part or (number and not whole):
                end(canvas, y)
                canvas, y = begin()
            y = _document(canvas, document, y, decided, text_left, part > 0)
            for block in blocks:
                _draw_block(canvas, block, y, decided, text_left)
                y += block.height
        y += LINE if whole and number < len(documents) - 1 else 0.0
    end(canvas, y)
    put_page_numbers(pages)
    return pages


def _document(canvas: Canvas, document: Document, y: float, decided: float, text_left: float, continued: bool) -> float:
    """Heading of an audited page: its name, its counts in words and as a bar, the heads of the columns."""
    name = document.name + (" (continued)" if continued else "")
    y = put_text(canvas, name, y, size=SIZE + 1.5, leading=LEADING + 2, weight="bold")
    sentence = document.sentence[:1].upper() + document.sentence[1:] + "."
    y = put_text(canvas, sentence, y + 1, size=CLAIM, leading=LINE) - 1
    y = _bar(canvas, document, y + 6)
    stacked = text_left < MARGIN + VERDICT
    heads = (STACKED_HEAD, "", HEADS[2]) if stacked else HEADS
    for x, head in zip((MARGIN, text_left, decided), heads, strict=True):
        for number, line in enumerate(wrap(head, decided - GAP - MARGIN, SIZE, "bold") if head else []):
            canvas.text(x, y + (number + 1) * LEADING, line, SIZE, weight="bold", color=INK)
    if stacked:
        y += LEADING * (len(wrap(STACKED_HEAD, decided - GAP - MARGIN, SIZE, "bold")) - 1)
    y += LEADING + 4.5
    canvas.line(MARGIN, y, canvas.width - MARGIN, y, "header rule", 0.8, INK)
    return y


def _bar(canvas: Canvas, document: Document, y: float) -> float:
    """Counts as one bar; under each part its symbol and its count, where there is room."""
    room = canvas.width - 2 * MARGIN
    x = MARGIN
    for verdict, n in document.counts.items():
        if not n:
            continue
        mark = mark_of(verdict, CLAIM_MARKS)
        wide = room * n / document.total
        gap = 0.6 if wide > 3 else 0.0
        with canvas.data_row(shows="count", page_audited=document.name, verdict=verdict, claims=n):
            # The pale one of the colours has an outline, as its symbol has.
            edge = INK if mark.color == ORANGE else None
            canvas.polygon(box(x + gap, y, x + wide - gap, y + BAR), mark.color, f"bar: {verdict}", edge)
            text = str(n)
            if wide >= SYMBOL + text_width(text, SIZE, "bold") + 2:
                draw_mark(canvas, mark, x + 5, y + BAR + 8, 3.6, f"bar: {verdict}")
                canvas.text(x + SYMBOL - 2, y + BAR + 10.7, text, SIZE, weight="bold", color=INK)
        x += wide
    return y + BAR + 17


def _draw_block(canvas: Canvas, block: Block, top: float, decided: float, text_left: float) -> None:
    y = top + LINE + 0.5
    with canvas.data_row(**block.cells):
        _draw_words(canvas, block, y, decided, text_left)
    foot = top + block.height
    canvas.line(MARGIN, foot, canvas.width - MARGIN, foot, "row rule", 0.3, RULE)


def _draw_words(canvas: Canvas, block: Block, y: float, decided: float, text_left: float) -> None:
    draw_mark(canvas, mark_of(block.verdict, CLAIM_MARKS), MARGIN + 5, y - 2.7, 4.2, block.id)
    for number, line in enumerate(block.words):
        canvas.text(MARGIN + SYMBOL, y + number * LINE, line, SIZE, weight="bold", color=INK)
    for number, row in enumerate(block.lines, len(block.words) if block.stacked else 0):
        size, color = (CLAIM, INK) if row.main else (EVIDENCE, GREY)
        canvas.text(text_left, y + number * LINE, row.text, size, color=color)
    canvas.text(decided, y, block.decided, SIZE, color=INK)


def _key(canvas: Canvas, y: float) -> float:
    """The six verdicts in plain words; returns the last baseline."""
    y += SIZE + 6
    canvas.text(MARGIN, y, "What the verdicts mean", SIZE, weight="bold", color=INK)
    for mark in CLAIM_MARKS.values():
        draw_mark(canvas, mark, MARGIN + 5, y + LEADING - 1.4, 3.3, f"key: {mark.word}")
        meaning = f"{mark.word}: {mark.meaning}"
        y = put_text(canvas, meaning, y + 1, MARGIN + SYMBOL, size=SMALL + 0.5, color=GREY)
    return put_notes(canvas, [KEY_NOTE], y + 2) + 0.5


def describe(claims: Sequence[AuditedClaim], title: str) -> str:
    """Text alternative: counts of each audited page, then every claim with its verdict."""
    text = f"Verdicts on claims. {title}."
    for document in make_documents(claims, math.inf, math.inf):
        text += f" {document.name}: {document.sentence}."
        for block in document.blocks:
            said = " ".join(line.text for line in block.lines)
            verdict = " ".join(block.words)
            text += f" {verdict[:1].upper() + verdict[1:]}, decided by {block.decided}: {said}"
    return text
