"""Boxes of a flow diagram: each as tall as its texts, in rows, joined by arrows, under the names of the phases."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from metarepro.figures.page.layout import Canvas
from metarepro.figures.page.look import INK, MARGIN, PALE, SIZE, WHITE
from metarepro.figures.page.numbers import count
from metarepro.figures.page.shapes import box
from metarepro.figures.page.text import clean, text_width, wrap

PAD, LINE, SPACE = 4.5, 9.4, 13.0
# Width of the bars that name the phases, and what columns leave for them.
BAR, BESIDE_BAR = 12.5, 18.0
NOT_REPORTED = "(n not reported)"
HEAD = 2.4


@dataclass(frozen=True)
class Line:
    """Words with a number behind them; "" for words that have none, None for one that was not reported."""

    words: str
    n: int | Literal[""] | None = ""

    @property
    def number(self) -> str:
        """The number as it is printed."""
        if self.n == "":
            return ""
        return NOT_REPORTED if self.n is None else f"(n\u00a0=\u00a0{count(self.n)})"


@dataclass(frozen=True)
class Box:
    """A heading line in bold, further lines below."""

    head: Line
    lines: tuple[Line, ...] = ()
    strong: bool = False

    def said(self) -> str:
        """The box in words."""
        pieces = [f"{clean(line.words)} {line.number}".strip() for line in (self.head, *self.lines)]
        return pieces[0] + (": " + "; ".join(pieces[1:]) if len(pieces) > 1 else "")


@dataclass(frozen=True)
class Row:
    """A step: what goes on in the main column, what leaves it beside; the phase that begins with it."""

    main: Box | None
    side: Box | None = None
    phase: str = ""
    # Whether the side box leads into the main one instead.
    joins: bool = False


@dataclass
class Column:
    """A main column with a side column between two ends, and where its main boxes are so far."""

    left: float
    right: float
    heading: str = ""
    places: list[tuple[float, float, float, float]] = field(default_factory=list)

    @property
    def gap(self) -> float:
        """Room between a main box and the one beside it."""
        return 18.0 if self.right - self.left > 260 else 13.0

    @property
    def width(self) -> float:
        """Width of a box."""
        return (self.right - self.left - self.gap) / 2

    @property
    def end(self) -> tuple[float, float] | None:
        """Where the arrow to the next box begins: below the middle of the last box."""
        return (self.left + self.width / 2, self.places[-1][3]) if self.places else None


def lines_of(b: Box, width: float) -> list[tuple[str, str, Line]]:
    """Printed lines with their weight; a number stands behind its words or alone on the next line, never broken."""
    found = []
    for entry in (b.head, *b.lines):
        weight = "bold" if entry is b.head else "normal"
        room = width - 2 * PAD
        words = wrap(clean(entry.words), room, SIZE, weight)
        if entry.number:
            joined = f"{words[-1]} {entry.number}".strip()
            if text_width(joined, SIZE, weight) <= room:
                words[-1] = joined
            else:
                words += [entry.number] if text_width(entry.number, SIZE, weight) <= room else entry.number.split(" ")
        found += [(w, weight, entry) for w in words]
    return found


def height_of(b: Box | None, width: float) -> float:
    """Height of a box."""
    return 0.0 if b is None else LINE * len(lines_of(b, width)) + 2 * PAD - 1.5


def draw_rows(canvas: Canvas, y: float, columns: Sequence[Column], rows: Sequence[Sequence[Row]]) -> float:
    """Draw the rows of each column, equally many, beside each other, and a bar at the left for each phase.

    Returns where the last row ends.
    """
    first = columns[0]
    phases: list[tuple[str, float]] = []
    for beside in zip(*rows, strict=True):
        if beside[0].phase:
            y = _draw_bar(canvas, phases, y)
        y += SPACE if first.places else 0.0
        if beside[0].phase:
            phases.append((beside[0].phase, y))
        height = 0.0
        for c, r in zip(columns, beside, strict=True):
            sizes = height_of(r.main, c.width), height_of(r.side, c.width)
            height = max(height, *sizes)
            if r.main is not None:
                if c.end is not None:
                    draw_arrow(canvas, [c.end, (c.end[0], y)], r.main.head.words)
                c.places.append((c.left, y, c.left + c.width, y + sizes[0]))
                _draw_box(canvas, r.main, c.left, y, c.width)
            if r.side is not None:
                start = c.left + c.width + c.gap
                _draw_box(canvas, r.side, start, y, c.width)
                if r.main is not None:
                    level = y + min(sizes) / 2
                    ends = [(c.left + c.width, level), (start, level)]
                    draw_arrow(canvas, ends[::-1] if r.joins else ends, r.side.head.words)
        y += height
    return _draw_bar(canvas, phases, y)


def _draw_bar(canvas: Canvas, phases: Sequence[tuple[str, float]], end: float) -> float:
    """The bar of the last phase, as long as its rows or its name, which reads upwards; returns where it ends."""
    if not phases:
        return end
    name, start = phases[-1]
    end = max(end, start + text_width(name, SIZE, "bold") + PAD)
    canvas.polygon(box(MARGIN, start, MARGIN + BAR, end), PALE, f"band: {name}")
    x = MARGIN + BAR / 2 + 0.36 * SIZE
    canvas.text(x, (start + end) / 2, name, align="center", weight="bold", upright=True)
    return end


def _draw_box(canvas: Canvas, b: Box, x: float, y: float, width: float) -> None:
    """A frame with its lines, each line a row of the data."""
    name = clean(b.head.words)
    canvas.polygon(box(x, y, x + width, y + height_of(b, width)), WHITE, f"box: {name}", INK, 1.3 if b.strong else 0.7)
    base = y + PAD + 0.74 * SIZE
    rows: dict[int, int] = {}
    for text, weight, entry in lines_of(b, width):
        if id(entry) not in rows:
            number = None if entry.n == "" else entry.n
            rows[id(entry)] = canvas.add_data(box=name, line=clean(entry.words), n=number)
        with canvas.in_row(rows[id(entry)]):
            canvas.text(x + PAD, base, text, SIZE, weight=weight, color=INK)
        base += LINE


def draw_arrow(canvas: Canvas, points: Sequence[tuple[float, float]], name: str) -> None:
    """A line through points with a head at its end."""
    (x0, y0), (x1, y1) = points[-2:]
    far = max(abs(x1 - x0), abs(y1 - y0)) or 1.0
    dx, dy = (x1 - x0) / far, (y1 - y0) / far
    back = (x1 - 2 * HEAD * dx, y1 - 2 * HEAD * dy)
    canvas.curve([*points[:-1], back], f"flow line: to {clean(name)}", 0.8, INK)
    head = [(x1, y1), (back[0] - HEAD * dy, back[1] + HEAD * dx), (back[0] + HEAD * dy, back[1] - HEAD * dx)]
    canvas.polygon(head, INK, f"flow arrow: to {clean(name)}")
