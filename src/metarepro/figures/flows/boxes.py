"""Boxes of a flow diagram: each as tall as its texts, in rows, joined by arrows, under the names of the phases."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from metarepro.figures.page.layout import Canvas
from metarepro.figures.page.look import INK, PALE, SIZE, WHITE
from metarepro.figures.page.numbers import count
from metarepro.figures.page.shapes import box
from metarepro.figures.page.text import clean, text_width, wrap

PAD, LINE, SPACE, BAND = 4.5, 9.4, 13.0, 13.0
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
    """A main column with its side column, and where its last box ended."""

    left: float
    main: float
    gap: float
    side: float
    rows: Sequence[Row]
    heading: str = ""
    last: float | None = None
    places: list[tuple[float, float, float, float]] = field(default_factory=list)

    @property
    def arrow_x(self) -> float:
        """Where arrows run down: right of the names of the phases."""
        return self.left + max(self.main / 2, min(72.0, self.main - 8))


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


def draw_rows(canvas: Canvas, y: float, columns: Sequence[Column], right: float) -> float:
    """Draw columns of equally many rows beside each other; returns where the last row ends."""
    for number in range(len(columns[0].rows)):
        rows = [c.rows[number] for c in columns]
        phase = rows[0].phase
        if phase:
            y += 0.0 if number == 0 and columns[0].last is None else SPACE / 2
            left = columns[0].left
            canvas.polygon(box(left, y, right, y + BAND), PALE, f"band: {phase}")
            canvas.text(left + PAD, y + BAND / 2 + 0.36 * SIZE, phase, SIZE, weight="bold", color=INK)
            y += BAND + SPACE / 2
        elif columns[0].last is not None:
            y += SPACE
        height = 0.0
        for c, r in zip(columns, rows, strict=True):
            sizes = height_of(r.main, c.main), height_of(r.side, c.side)
            height = max(height, *sizes)
            if r.main is not None:
                if c.last is not None:
                    draw_arrow(canvas, [(c.arrow_x, c.last), (c.arrow_x, y)], r.main.head.words)
                c.places.append((c.left, y, c.left + c.main, y + sizes[0]))
                draw_box(canvas, r.main, c.left, y, c.main)
                c.last = y + sizes[0]
            if r.side is not None:
                start = c.left + c.main + c.gap
                draw_box(canvas, r.side, start, y, c.side)
                if r.main is not None:
                    level = y + min(sizes) / 2
                    ends = [(c.left + c.main, level), (start, level)]
                    draw_arrow(canvas, ends[::-1] if r.joins else ends, r.side.head.words)
        y += height
    return y


def draw_box(canvas: Canvas, b: Box, x: float, y: float, width: float) -> None:
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


def two_columns(left: float, right: float, rows: Sequence[Row], heading: str = "") -> Column:
    """A main and a side column between two ends."""
    gap = 18.0 if right - left > 260 else 13.0
    main = (right - left - gap) / 2
    return Column(left, main, gap, right - left - gap - main, rows, heading)
