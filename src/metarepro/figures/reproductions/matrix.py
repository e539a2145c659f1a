"""What stands below the panel of all ways of computing: how many share a column, and the choices each is made of."""

from __future__ import annotations

import math
from dataclasses import dataclass

from metarepro.figures.page import numbers as fmt
from metarepro.figures.page.axes import Axis
from metarepro.figures.page.layout import Canvas
from metarepro.figures.page.look import BLUE, GREY, INK, MARGIN, SIZE, SMALL
from metarepro.figures.page.shapes import box, circle
from metarepro.figures.page.text import text_width, wrap
from metarepro.figures.reproductions.specifications import KINDS, Choice, SpecificationColumn

PANEL, ROW, KIND_ROW, COUNTS = 150.0, 9.0, 13.0, 22.0
RULE, DARK = "#dddddd", "#3a3a3a"
AGREES, OWN = "Gives the printed numbers", "The report\u2019s words allow it"


@dataclass(frozen=True)
class Frame:
    """Where the panel and its columns are."""

    axis: Axis
    left: float
    width: float
    top: float
    pitch: float

    def x(self, number: int) -> float:
        """Middle of a column."""
        return self.left + (number + 0.5) * self.pitch

    def y(self, value: float) -> float:
        """Height of a value, at an end of the axis if it is beyond."""
        return self.top + PANEL * (1 - min(max(self.share(value), 0.0), 1.0))

    def share(self, value: float) -> float:
        """Share of the axis, 0 at its low end."""
        return math.copysign(math.inf, value) if math.isinf(value) else self.axis.position(value)


def draw_counts(canvas: Canvas, frame: Frame, columns: list[SpecificationColumn], rows: list[int], y: float) -> float:
    """How many ways share a column: written if there is room, else a bar; nothing if each stands alone."""
    counts = [len(c.members) for c in columns]
    most = max(counts)
    if most == 1:
        return y
    written = max(text_width(f"\u00d7{n}", SMALL) for n in counts) < frame.pitch - 1
    canvas.text(MARGIN, y + 9, "Ways in a column", SIZE, color=INK)
    if written:
        for number, n in enumerate(counts):
            with canvas.in_row(rows[number]):
                canvas.text(frame.x(number), y + 9, f"\u00d7{n}", SMALL, "center", color=GREY)
        return y + 14
    half = min(0.4 * frame.pitch, 3.0)
    foot = y + COUNTS - 6
    for number, n in enumerate(counts):
        x, height = frame.x(number), (COUNTS - 7) * n / most
        with canvas.in_row(rows[number]):
            canvas.polygon(box(x - half, foot - height, x + half, foot), DARK, f"ways: {number}")
    with canvas.in_row(rows[counts.index(most)]):
        lines = wrap(f"at most {fmt.count(most)}", canvas.width - MARGIN - frame.left - frame.width - 4, SMALL)
        for number, line in enumerate(lines):
            canvas.text(frame.left + frame.width + 4, y + 7 + number * SMALL * 1.2, line, SMALL, color=GREY)
    return y + COUNTS


def draw_flags(canvas: Canvas, frame: Frame, columns: list[SpecificationColumn], label: float, y: float) -> float:
    """Which columns give the printed numbers, and which the report's words allow."""
    flags = [(AGREES, INK, [c.agrees for c in columns]), (OWN, BLUE, [c.own for c in columns])]
    for words, color, given in flags:
        if words == OWN and not any(given):
            continue
        lines = wrap(words, label - 6, SIZE)
        _draw_dots(canvas, frame, lines, given, color, y, words)
        y += ROW * len(lines)
    return y


def draw_choices(
    canvas: Canvas, frame: Frame, columns: list[SpecificationColumn], choices: list[Choice], label: float, y: float
) -> float:
    """The choices by kind, a row each, with a dot in every column that is made of it."""
    kind = ""
    for number, choice in enumerate(choices):
        if choice.kind != kind:
            kind = choice.kind
            canvas.text(MARGIN, y + KIND_ROW - 3, KINDS[kind], SIZE, weight="bold", color=INK)
            y += KIND_ROW
        lines = wrap(choice.words, label - 6, SIZE)
        given = [any(getattr(s, kind) == choice.value for s in c.members) for c in columns]
        _draw_dots(canvas, frame, lines, given, DARK, y, f"{kind} {number}")
        y += ROW * len(lines)
    return y


def _draw_dots(
    canvas: Canvas, frame: Frame, lines: list[str], given: list[bool], color: str, y: float, name: str
) -> None:
    """A row of the matrix: its words, a line through all columns, a dot where it is chosen."""
    for number, line in enumerate(lines):
        canvas.text(MARGIN + 6, y + ROW - 2.2 + number * ROW, line, SIZE, color=INK)
    middle = y + ROW / 2
    canvas.line(frame.left, middle, frame.left + frame.width, middle, "row rule", 0.3, RULE)
    wide, tall = min(0.42 * frame.pitch, 2.6), min(max(0.42 * frame.pitch, 1.8), 2.6)
    for number, chosen in enumerate(given):
        if chosen:
            x = frame.x(number)
            small = box(x - wide, middle - tall, x + wide, middle + tall)
            corners = circle(wide, x, middle, 12) if wide > 1.4 else small
            canvas.polygon(corners, color, f"choice: {name}: {number}")
