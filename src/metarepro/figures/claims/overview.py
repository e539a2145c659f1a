"""The audited claims for everybody: how many bear out, then each claim with its verdict and what the data show."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from metarepro.figures.page.figure import Figure, figures_of
from metarepro.figures.page.layout import MM, Canvas, Cell, page_width, put_notes, put_page_numbers, put_text, put_title
from metarepro.figures.page.look import GAP, GREY, INK, LEADING, MARGIN, ORANGE, SIZE, SMALL
from metarepro.figures.page.shapes import box
from metarepro.figures.page.text import clean, text_width, wrap
from metarepro.figures.table import Column, Line, Table
from metarepro.figures.verdict_marks import CLAIM_MARKS, draw_mark, mark_of

if TYPE_CHECKING:
    from metarepro.claims.result import AuditedClaim

DEFAULT_TITLE = "What the evidence says about each claim"
VERDICT, SYMBOL, BAR = 84.0, 14.0, 11.0
# Sizes of the claim and of what the evidence says, from line to line, room below a claim.
CLAIM, EVIDENCE, LINE, BELOW = 8.0, 7.0, 10.0, 7.0
# In less than this the claims stand below their verdicts.
LEAST = 180.0
RULE = "#dddddd"
HEADS = ("Verdict", "Claim, and what the evidence says", "Decided by")
STACKED_HEAD = "Verdict, claim, and what the evidence says"
DECIDED = {"rule": "the data", "judgement": "judgement"}
KEY_NOTE = (
    "The data: a rule compares the claim with numbers that were computed here or printed by the source. "
    "Judgement: somebody read the source and recorded the verdict with a reason."
)


def claims_overview(claims: Sequence[AuditedClaim], title: str = DEFAULT_TITLE, width_mm: float = 174.0) -> Figure:
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
        Its data have a row a claim, and a row a verdict with its count.

    Notes
    -----
    Not a score: claims are not weighed by how much they matter, and a page with one grave error looks like one with
    a small one.
    """
    return claims_overview_pages(claims, title, width_mm, math.inf)[0]


def claims_overview_pages(
    claims: Sequence[AuditedClaim], title: str = DEFAULT_TITLE, width_mm: float = 174.0, height_mm: float = 250.0
) -> list[Figure]:
    """As `claims_overview`, on pages of at most `height_mm`; every audited page begins a new one."""
    width = page_width(width_mm)
    columns = _arrange(claims, width)
    foot = _put_legend(Canvas(width), 0.0) + MARGIN + LEADING
    head = put_title(Canvas(width), clean(title))
    pages: list[Canvas] = []

    def begin() -> float:
        pages.append(Canvas(width))
        return put_title(pages[-1], clean(title))

    whole = math.isinf(height_mm)
    y = begin()
    documents = _documents(claims, columns)
    if not documents:
        y += LINE
        pages[-1].text(MARGIN, y, "No claim.")
    for number, document in enumerate(documents):
        above = head + _draw_head(Canvas(width), document, 0.0, columns, True)
        for part, entries in enumerate(_paginate(document, columns, height_mm * MM - above - foot)):
            if part or (number and not whole):
                pages[-1].height = _put_legend(pages[-1], y) + MARGIN
                y = begin()
            y = _draw_head(pages[-1], document, y, columns, part > 0)
            for entry in entries:
                _draw_entry(pages[-1], entry, y, columns)
                y += columns.height(entry)
        y += LINE if whole and number < len(documents) - 1 else 0.0
    pages[-1].height = _put_legend(pages[-1], y) + MARGIN
    put_page_numbers(pages)
    return figures_of(pages, clean(title), describe(claims, clean(title)))


@dataclass(frozen=True)
class _Entry:
    """One claim, or a part of one that is longer than a page: verdict in lines, texts in lines with their size."""

    id: str
    verdict: str
    words: list[str]
    lines: list[Line]
    decided: str
    cells: dict[str, Cell]


@dataclass(frozen=True)
class _Columns:
    """Where texts and the way of deciding stand; `stacked` where claims stand below their verdicts."""

    text: float
    decided: float
    text_width: float
    verdict_width: float
    stacked: bool

    def height(self, entry: _Entry) -> float:
        """Height of a claim."""
        words, lines = len(entry.words), len(entry.lines)
        return max(words + lines if self.stacked else max(words, lines), 1) * LINE + BELOW


@dataclass(frozen=True)
class _Document:
    """One audited page: its name, how many claims have each verdict, and its claims."""

    name: str
    counts: dict[str, int]
    entries: list[_Entry]

    @property
    def sentence(self) -> str:
        """How many claims have each verdict, in words."""
        shown = [(verdict, n) for verdict, n in self.counts.items() if n]
        first = f"{shown[0][1]} of {len(self.entries)} {shown[0][0]}" if shown else "no claim"
        return ", ".join([first, *(f"{n} {verdict}" for verdict, n in shown[1:])])


def _arrange(claims: Sequence[AuditedClaim], width: float) -> _Columns:
    decided = width - MARGIN - max(text_width(t, SIZE, "bold") for t in (HEADS[2], *(clean(c.by) for c in claims)))
    left = MARGIN + SYMBOL + VERDICT + GAP
    if decided - GAP - left >= LEAST:
        return _Columns(left, decided, decided - GAP - left, VERDICT, False)
    left = MARGIN + SYMBOL
    return _Columns(left, decided, width - MARGIN - left, decided - GAP - left, True)


def _documents(claims: Sequence[AuditedClaim], columns: _Columns) -> list[_Document]:
    """Claims by audited page, each broken into lines."""
    found = []
    for key in dict.fromkeys(c.document for c in claims):
        members = [c for c in claims if c.document == key]
        order = list(dict.fromkeys([*CLAIM_MARKS, *(c.verdict for c in members)]))
        counts = {clean(v) or "no verdict": sum(c.verdict == v for c in members) for v in order}
        name = clean(members[0].page) or clean(key)
        found.append(_Document(name, counts, [_entry(c, name, columns) for c in members]))
    return found


def _entry(claim: AuditedClaim, page: str, columns: _Columns) -> _Entry:
    claim_id, text, verdict = clean(claim.id), clean(claim.claim), clean(claim.verdict)
    short = clean(claim.in_short) or clean(claim.reason)
    lines = [Line(t, CLAIM) for t in wrap(text or claim_id, columns.text_width, CLAIM)]
    lines += [Line(t, EVIDENCE, color=GREY) for t in wrap(short, columns.text_width, EVIDENCE)] if short else []
    words = wrap(mark_of(verdict, CLAIM_MARKS).word, columns.verdict_width, SIZE, "bold")
    decided = DECIDED.get(claim.by, clean(claim.by))
    cells: dict[str, Cell] = {
        "shows": "claim", "page_audited": page, "claim_id": claim_id, "claim": text,
        "verdict": verdict or "no verdict", "evidence_says": short, "decided_by": decided, "claims": None,
    }  # fmt: skip
    return _Entry(claim_id, verdict, words, lines, decided, cells)


def _paginate(document: _Document, columns: _Columns, room: float) -> list[list[_Entry]]:
    """Claims page by page; one that is longer than a page is divided between lines."""
    pages: list[list[_Entry]] = [[]]
    left = room
    for part in (p for entry in document.entries for p in _divided(entry, columns, room)):
        height = columns.height(part)
        if height > left and pages[-1]:
            pages.append([])
            left = room
        pages[-1].append(part)
        left -= height
    return pages


def _divided(entry: _Entry, columns: _Columns, room: float) -> Iterator[_Entry]:
    above = len(entry.words) * LINE if columns.stacked else 0.0
    most = max(room - BELOW - above, 3 * LINE) / LINE
    if len(entry.lines) <= most:
        yield entry
        return
    starts = range(0, len(entry.lines), int(most))
    for n, start in enumerate(starts, 1):
        cells = {**entry.cells, "part": f"{n} of {len(starts)}"}
        yield replace(entry, lines=entry.lines[start : start + int(most)], cells=cells)


def _draw_head(canvas: Canvas, document: _Document, y: float, columns: _Columns, continued: bool) -> float:
    """Heading of an audited page: its name, its counts in words and as a bar, the heads of the columns."""
    name = document.name + (" (continued)" if continued else "")
    y = put_text(canvas, name, y, size=SIZE + 1.5, leading=LEADING + 2, weight="bold")
    sentence = document.sentence[:1].upper() + document.sentence[1:] + "."
    y = put_text(canvas, sentence, y + 1, size=CLAIM, leading=LINE) - 1
    y = _draw_bar(canvas, document, y + 6)
    heads = [(MARGIN, STACKED_HEAD), (columns.decided, HEADS[2])]
    if not columns.stacked:
        heads = list(zip((MARGIN, columns.text, columns.decided), HEADS, strict=True))
    lines = [wrap(head, columns.decided - GAP - MARGIN, SIZE, "bold") for _, head in heads]
    for (x, _), own in zip(heads, lines, strict=True):
        canvas.lines(x, y + LEADING, own, weight="bold")
    y += LEADING * (len(lines[0]) if columns.stacked else 1) + 4.5
    return Table((), canvas.width - MARGIN).draw_rule(canvas, y, heads=True)


def _draw_bar(canvas: Canvas, document: _Document, y: float) -> float:
    """Counts as one bar; under each part its symbol and its count, where there is room."""
    x = MARGIN
    for verdict, n in document.counts.items():
        if not n:
            continue
        mark = mark_of(verdict, CLAIM_MARKS)
        wide = (canvas.width - 2 * MARGIN) * n / len(document.entries)
        gap = 0.6 if wide > 3 else 0.0
        with canvas.data_row(shows="count", page_audited=document.name, verdict=verdict, claims=n):
            # The pale one of the colours has an outline, as its symbol has.
            edge = INK if mark.color == ORANGE else None
            canvas.polygon(box(x + gap, y, x + wide - gap, y + BAR), mark.color, f"bar: {verdict}", edge)
            if wide >= SYMBOL + text_width(str(n), SIZE, "bold") + 2:
                draw_mark(canvas, mark, x + 5, y + BAR + 8, 3.6, f"bar: {verdict}")
                canvas.text(x + SYMBOL - 2, y + BAR + 10.7, str(n), weight="bold")
        x += wide
    return y + BAR + 17


def _draw_entry(canvas: Canvas, entry: _Entry, top: float, columns: _Columns) -> None:
    y = top + LINE + 0.5
    texts = (Column(MARGIN + SYMBOL, weight="bold"), Column(columns.text), Column(columns.decided))
    table = Table(texts, canvas.width - MARGIN, leading=LINE, rule=RULE)
    with canvas.data_row(**entry.cells):
        draw_mark(canvas, mark_of(entry.verdict, CLAIM_MARKS), MARGIN + 5, y - 2.7, 4.2, entry.id)
        above = [""] * len(entry.words) if columns.stacked else []
        table.draw_row(canvas, top + 0.5, [entry.words, [*above, *entry.lines], entry.decided])
    table.draw_rule(canvas, top + columns.height(entry))


def _put_legend(canvas: Canvas, y: float) -> float:
    """The six verdicts in plain words; returns the last baseline."""
    y += SIZE + 6
    canvas.text(MARGIN, y, "What the verdicts mean", weight="bold")
    for mark in CLAIM_MARKS.values():
        draw_mark(canvas, mark, MARGIN + 5, y + LEADING - 1.4, 3.3, f"key: {mark.word}")
        meaning = f"{mark.word}: {mark.meaning}"
        y = put_text(canvas, meaning, y + 1, MARGIN + SYMBOL, size=SMALL + 0.5, color=GREY)
    return put_notes(canvas, [KEY_NOTE], y + 2) + 0.5


def describe(claims: Sequence[AuditedClaim], title: str) -> str:
    """Text alternative: counts of each audited page, then every claim with its verdict."""
    text = f"Verdicts on claims. {title}."
    for document in _documents(claims, _Columns(0, 0, math.inf, math.inf, False)):
        text += f" {document.name}: {document.sentence}."
        for entry in document.entries:
            verdict, said = " ".join(entry.words), " ".join(line.text for line in entry.lines)
            text += f" {verdict[:1].upper() + verdict[1:]}, decided by {entry.decided}: {said}"
    return text
