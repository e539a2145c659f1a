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
class Column:
    """A column: where its texts are anchored, how wide they may be, what stands above them."""

    x: float
    head: str | Sequence[str] = ""
    align: Align = "left"
    width: float = math.inf
    size: float = SIZE
    weight: str = "normal"
    head_size: float = SIZE

    def lines(self, text: str) -> list[str]:
        """A text broken to the width of the column."""
        return wrap(text, self.width, self.size, self.weight)


@dataclass(frozen=True)
class Table:
    """Columns between two ends of a page.

    Attributes
    ----------
    below : float
        From the baseline of the heads, and of a row that does not say its height, to the rule.
    leading : float
        From a line of a cell to the next.
    """

    columns: Sequence[Column]
    right: float
    left: float = MARGIN
    below: float = 4.0
    leading: float = LEADING

    def draw_heads(self, canvas: Canvas, y: float) -> float:
        """The heads, each with its last line at `y`, and the rule below them; returns where that is."""
        for c in self.columns:
            lines = [c.head] if isinstance(c.head, str) else c.head
            first = y - (len(lines) - 1) * self.leading
            canvas.lines(c.x, first, lines, c.head_size, self.leading, c.align, "bold")
        return self.draw_rule(canvas, y + self.below, heads=True)

    def draw_row(
        self, canvas: Canvas, y: float, cells: Sequence[str | Sequence[str]], height: float | None = None
    ) -> None:
        """Cells of a row that begins at `y`: around the middle of its height, from its top where that is not given."""
        for c, cell in zip(self.columns, cells, strict=False):
            lines = [cell] if isinstance(cell, str) else cell
            if height is None:
                first = y + self.leading
            else:
                first = y + height / 2 + MIDDLE - (len(lines) - 1) / 2 * self.leading
            canvas.lines(c.x, first, lines, c.size, self.leading, c.align, c.weight)

    def draw_rule(self, canvas: Canvas, y: float, heads: bool = False) -> float:
        """The rule below a row, or the stronger one below the heads; returns where it is."""
        name, width, color = ("header rule", 0.8, INK) if heads else ("row rule", 0.3, LIGHT)
        canvas.line(self.left, y, self.right, y, name, width, color)
        return y
