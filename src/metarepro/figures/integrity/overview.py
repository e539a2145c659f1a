"""What the trustworthiness checks found, by study and check; a finding is something to look at and no verdict."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from metarepro.evidence.integrity.codes import WARNINGS
from metarepro.evidence.integrity.findings import Finding
from metarepro.figures.integrity import wording
from metarepro.figures.integrity.wording import KINDS, Kind, StudyFindings
from metarepro.figures.page.figure import Figure, figures_of
from metarepro.figures.page.layout import MM, Canvas, page_width, put_notes, put_page_numbers, put_text, put_title
from metarepro.figures.page.look import BLUE, GAP, LEADING, MARGIN, ROW, SIZE, SMALL, VERMILLION, WHITE
from metarepro.figures.page.shapes import circle, triangle
from metarepro.figures.page.text import clean, text_width
from metarepro.figures.table import MIDDLE, Column, Table

DEFAULT_TITLE = "What the checks of the numbers found"
RADIUS = 3.3
# Shares of the width that names may take; less where that saves a block.
NAME_SHARES = (0.42, 0.34, 0.27, 0.22)
# In less the heads of the totals are marks, not words.
NARROW = 300.0
TOTALS = ("Warnings", "Notes", "Studies")


def integrity_overview(
    findings: Sequence[Finding], *, labels: Mapping[str, str] | None = None, title: str = DEFAULT_TITLE,
    width_mm: float = 174.0,
) -> Figure:  # fmt: skip
    """Draw which checks found something in which study, all in one figure.

    Parameters
    ----------
    findings : sequence of Finding
        From `metarepro.evidence.integrity.check_integrity`, or with the reasons for those that were accepted.
    labels : mapping of study id to name, optional
        Names of all studies that were checked, so that the figure can say how many there were; ids are shown for
        those without one.
    title : str
    width_mm : float
        Width at print; checks that find no room beside each other stand in a further block below.

    Notes
    -----
    Not a score of trustworthiness: studies that print more numbers can have more findings. Read each finding (in
    results/integrity.csv) before speaking of it.
    """
    return integrity_overview_pages(findings, labels=labels, title=title, width_mm=width_mm, height_mm=math.inf)[0]


def integrity_overview_pages(
    findings: Sequence[Finding], *, labels: Mapping[str, str] | None = None, title: str = DEFAULT_TITLE,
    width_mm: float = 174.0, height_mm: float = 250.0,
) -> list[Figure]:  # fmt: skip
    """As `integrity_overview`, on pages of at most `height_mm`; totals by check stand on the last."""
    pages = _Pages(page_width(width_mm), height_mm * MM - MARGIN - LEADING, findings, labels, clean(title))
    studies = wording.by_study(findings, labels)
    for block in _make_blocks(pages.width, studies):
        own = [s for s in studies if any(code in s.counts for code in block.codes)]
        for number, study in enumerate(own):
            lines = block.table.columns[0].lines(study.name)
            height = max(ROW, LEADING * len(lines) + 3)
            head = LEADING + 6 if number == 0 else 0.0
            begun = pages.make_room(head + height, number > 0 or pages.y > pages.limit / 2)
            if begun or number == 0:
                pages.y = block.table.draw_heads(pages.canvas, pages.y + LEADING) + 1
            _draw_study(pages.canvas, pages.y, block, study, lines, height)
            pages.y += height
        pages.y += 6
    _draw_totals(pages, findings)
    notes = wording.notes_of(findings, labels)
    pages.make_room(put_notes(Canvas(pages.width), notes, pages.y + 3) - pages.y)
    pages.canvas.height = put_notes(pages.canvas, notes, pages.y + 3) + MARGIN
    put_page_numbers(pages.canvases)
    return figures_of(pages.canvases, clean(title), wording.describe_integrity(findings, labels, title))


class _Pages:
    """Pages that begin with the title, the counts and the marks, and where the last one ends so far."""

    def __init__(
        self, width: float, limit: float, findings: Sequence[Finding], labels: Mapping[str, str] | None, title: str
    ) -> None:
        self.width, self.limit, self.title = width, limit, title
        self.sentence = wording.sentence_of(findings, labels)
        there = {wording.kind_of(f) for f in findings}
        self.kinds = [kind for kind in KINDS if kind in there]
        self.canvases: list[Canvas] = []
        self.y = self._begin()

    @property
    def canvas(self) -> Canvas:
        return self.canvases[-1]

    def make_room(self, height: float, allowed: bool = True) -> bool:
        """Begin a page where the last one has not so much room; whether one was begun."""
        if self.y + height <= self.limit or not allowed:
            return False
        # The gap after a block needs no room at the end of a page.
        self.canvas.height = min(self.y, self.limit) + MARGIN
        self.y = self._begin()
        return True

    def _begin(self) -> float:
        canvas = Canvas(self.width)
        self.canvases.append(canvas)
        y = put_text(canvas, self.sentence, put_title(canvas, self.title) - 4, weight="bold") + 4
        for kind in self.kinds:
            _draw_finding(canvas, kind, MARGIN + RADIUS, y + LEADING - 1.2, f"key {kind[0]}")
            y = put_text(canvas, wording.MEANING[kind], y + 1.5, MARGIN + 12)
        return y + 6


def _draw_finding(canvas: Canvas, kind: Kind, x: float, y: float, name: str) -> None:
    """A triangle for a warning, a circle for a note; hollow when accepted."""
    severity, accepted = kind
    color = VERMILLION if severity == "warning" else BLUE
    shape = triangle(RADIUS, x, y) if severity == "warning" else circle(0.82 * RADIUS, x, y)
    word = f"{severity}{' accepted' if accepted else ''}"
    canvas.polygon(shape, WHITE if accepted else color, f"{word}: {name}", color if accepted else None, 0.9)


# -- studies down, checks across ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Block:
    """Some of the checks, with the names of the studies in the first column."""

    codes: Sequence[str]
    table: Table


def _make_blocks(width: float, studies: Sequence[StudyFindings]) -> list[_Block]:
    """As many checks a block as find room, with the widest names among those that need the fewest blocks."""
    room = width - 2 * MARGIN
    longest = max((text_width(s.name, SIZE) for s in studies), default=0.0)
    widths = {
        code: max(
            *(_cell_width(s.counts.get(code, Counter())) + 7 for s in studies), text_width(code, SIZE, "bold") + 5
        )
        for code in sorted({code for s in studies for code in s.counts})
    }
    tried = []
    for share in NAME_SHARES:
        names = max(min(longest, share * room), text_width("Study", SIZE, "bold"))
        tried.append((names, _blocks(widths, room - names - GAP)))
    names, blocks = min(tried, key=lambda t: (len(t[1]), -t[0]))
    found = []
    for codes in blocks:
        left = MARGIN + names + GAP
        columns = [Column(MARGIN, "Study", width=names)]
        for code in codes:
            left += widths[code]
            columns.append(Column(left - widths[code] / 2, code, "center"))
        found.append(_Block(codes, Table(columns, left)))
    return found


def _blocks(widths: Mapping[str, float], room: float) -> list[list[str]]:
    """Checks in as few blocks as find room, of about the same width."""

    def filled(limit: float) -> list[list[str]]:
        blocks: list[list[str]] = []
        used = math.inf
        for code in widths:
            if used + widths[code] > limit:
                blocks.append([])
                used = 0.0
            blocks[-1].append(code)
            used += widths[code]
        return blocks

    fewest = filled(room)
    limit = max(widths.values(), default=0.0)
    while limit < room and len(filled(limit)) > len(fewest):
        limit += 2.0
    return filled(limit) if limit < room else fewest


def _draw_study(canvas: Canvas, y: float, block: _Block, study: StudyFindings, lines: list[str], height: float) -> None:
    """One row: the name, then in each column the marks of its findings with their counts."""
    middle = y + height / 2
    cells = {
        f"{code} {severity}{' accepted' if accepted else ''}": n
        for code in block.codes
        for severity, accepted in KINDS
        if (n := study.counts.get(code, Counter())[(severity, accepted)])
    }
    with canvas.data_row(study=study.name, **cells):
        block.table.draw_row(canvas, y, [lines], height)
        for code, column in zip(block.codes, block.table.columns[1:], strict=True):
            own = study.counts.get(code, Counter())
            x = column.x - _cell_width(own) / 2
            for kind in KINDS:
                if not own[kind]:
                    continue
                _draw_finding(canvas, kind, x + RADIUS, middle, f"{study.name}, {code}")
                x += 2 * RADIUS + 1.5
                if own[kind] > 1:
                    canvas.text(x, middle + MIDDLE, str(own[kind]))
                    x += text_width(str(own[kind]), SIZE) + 2.5
    block.table.draw_rule(canvas, y + height)


def _cell_width(own: Counter[Kind]) -> float:
    """Width of a cell's marks and counts."""
    return sum(2 * RADIUS + 1.5 + (text_width(str(own[k]), SIZE) + 2.5 if own[k] > 1 else 0.0) for k in KINDS if own[k])


# -- checks with their meaning and totals ------------------------------------------------------------------------


def _draw_totals(pages: _Pages, findings: Sequence[Finding]) -> None:
    """Checks with findings: code, plain meaning, number of warnings, notes and studies."""
    right, worded = pages.width - MARGIN, pages.width > NARROW
    step = 34.0 if worded else 28.0
    ends = [right - step * (2 - i) for i in range(3)]
    numbers = [Column(x, head, "right", head_size=SMALL) for x, head in zip(ends, TOTALS, strict=True)]
    meanings = Column(MARGIN + 28, width=right - 3 * step - 6 - MARGIN - 28)
    table = Table([Column(MARGIN, "Check", weight="bold"), *numbers], right)
    for number, code in enumerate(sorted({f.code for f in findings})):
        own = [f for f in findings if f.code == code]
        lines = meanings.lines(WARNINGS.get(code, "another check"))
        height = LEADING * len(lines) + 3
        if pages.make_room(height + (2.5 * LEADING + 6 if number == 0 else 0.0)) or number == 0:
            y = pages.y + LEADING + 3
            heads = table.columns if worded else (table.columns[0], table.columns[3])
            for x, kind in zip(ends, () if worded else ("warning", "note"), strict=False):
                _draw_finding(pages.canvas, (kind, False), x - RADIUS, y - 2.7, "head")
            pages.y = Table(heads, right).draw_heads(pages.canvas, y) + 1
        warnings, notes = (sum(f.severity == word for f in own) for word in ("warning", "note"))
        # Reviews whose printed results were checked are no studies.
        studies = len({f.study_id for f in own if f.study_id} - wording.reviews_in(findings))
        with pages.canvas.data_row(
            check=code, meaning=WARNINGS.get(code, "another check"), warnings=warnings, notes=notes, studies=studies,
            accepted=sum(bool(f.accepted) for f in own),
        ):  # fmt: skip
            table.draw_row(pages.canvas, pages.y, [code, str(warnings), str(notes), str(studies)])
            Table([meanings], right).draw_row(pages.canvas, pages.y, [lines])
        pages.y = table.draw_rule(pages.canvas, pages.y + height)
