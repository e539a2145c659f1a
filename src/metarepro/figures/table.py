"""A table in a picture: rows of wrapped texts in columns, under their heads, with a rule below each row."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from metarepro.figures.page.layout import Align, Canvas
from metarepro.figures.page.look import INK, LEADING, LIGHT, MARGIN, SIZE
from metarepro.figures.page.text import wrap

# From the middle of a line of letters down to its baseline.
MIDDLE = 0.36 * SIZE


@dataclass(frozen=True)
class Line:
    """A line of a cell that looks otherwise than its column."""

    text: str
    size: float = SIZE
    weight: str = "normal"
    color: str = INK


# One line, or lines below each other; an empty one takes its place.
Cell = str | Sequence[str | Line]


@dataclass(frozen=True)
class Column:
    """A column: where its texts are anchored, how wide they may be, what stands above them."""

    x: float
    head: str | Sequence[str] = ""
    align: Align = "left"
    width: float = math.inf
    weight: str = "normal"
    head_size: float = SIZE

    def lines(self, text: str) -> list[str]:
        """A text broken to the width of the column."""
        return wrap(text, self.width, SIZE, self.weight)


@dataclass(frozen=True)
class Table:
    """Columns between two ends of a page.

    `below` is the room between the last baseline of the heads and the rule under them, `leading` that from a line of a
    cell to the next, `rule` the colour of the rules below the rows.
    """

    columns: Sequence[Column]
    right: float
    left: float = MARGIN
    below: float = 4.0
    leading: float = LEADING
    rule: str = LIGHT

    def draw_heads(self, canvas: Canvas, y: float) -> float:
        """The heads, each with its last line at `y`, and the rule below them; returns where that is."""
        for c in self.columns:
            lines = [c.head] if isinstance(c.head, str) else c.head
            first = y - (len(lines) - 1) * self.leading
            canvas.lines(c.x, first, lines, c.head_size, self.leading, c.align, "bold")
        return self.draw_rule(canvas, y + self.below, heads=True)

    def draw_row(self, canvas: Canvas, y: float, cells: Sequence[Cell], height: float | None = None) -> None:
        """Cells of a row that begins at `y`: around the middle of its height, from its top where that is not given."""
        for c, cell in zip(self.columns, cells, strict=False):
            lines = [cell] if isinstance(cell, str) else cell
            at = y + self.leading
            if height is not None:
                at = y + height / 2 + MIDDLE - (len(lines) - 1) / 2 * self.leading
            for number, entry in enumerate(lines):
                line = Line(entry, weight=c.weight) if isinstance(entry, str) else entry
                canvas.text(c.x, at + number * self.leading, line.text, line.size, c.align, line.weight, line.color)

    def draw_rule(self, canvas: Canvas, y: float, heads: bool = False) -> float:
        """The rule below a row, or the stronger one below the heads; returns where it is."""
        name, width, color = ("header rule", 0.8, INK) if heads else ("row rule", 0.3, self.rule)
        canvas.line(self.left, y, self.right, y, name, width, color)
        return y
