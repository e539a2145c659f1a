"""A page of texts and marks: where each stands, in points, and the rows of data that they show.

Coordinates are points from the top left corner, y downwards. Texts are measured in the shipped font; the page grows to
what is put on it. `check_page` says what would be wrong in print, `figure_of` makes a matplotlib figure of it.

What a figure shows is put into rows of `data`, which are written as CSV beside it; a text or mark that is put while a
row is open belongs to it, and every number in such a text must be one of the row.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

from metarepro.errors import MetareproError
from metarepro.figures.page.fonts import text_width

Align = Literal["left", "right", "center"]
Role = Literal["words", "tick"]
Cell = str | int | float | None
Points = Sequence[tuple[float, float]]
# Whether a line is dashed, or its own lengths of dashes and gaps in line widths.
Dashes = bool | tuple[float, ...]
# Shares of the size that a line of text reaches above and below its baseline.
ASCENT, DESCENT = 0.74, 0.21
MM = 72 / 25.4
# Widths of journal columns: one, one and a half, two.
WIDTHS_MM = (84.0, 120.0, 174.0)


@dataclass(frozen=True)
class Text:
    """A line of text: its anchor on the baseline; its row of the data, if any."""

    text: str
    x: float
    y: float
    size: float
    align: Align
    weight: str
    color: str
    row: int | None = None
    role: Role = "words"

    @cached_property
    def box(self) -> tuple[float, float, float, float]:
        """Left, top, right, bottom."""
        width = text_width(self.text, self.size, self.weight)
        left = {"left": self.x, "right": self.x - width, "center": self.x - width / 2}[self.align]
        return (left, self.y - ASCENT * self.size, left + width, self.y + DESCENT * self.size)


@dataclass(frozen=True)
class Mark:
    """A polygon (with a fill) or a line through points, what it stands for (`kind: name`), its row of the data."""

    points: tuple[tuple[float, float], ...]
    fill: str | None
    stroke: str | None
    width: float
    dashed: Dashes
    name: str
    row: int | None = None

    @property
    def kind(self) -> str:
        """What it is, without what it is of."""
        return self.name.partition(":")[0]

    @cached_property
    def box(self) -> tuple[float, float, float, float]:
        """Left, top, right, bottom."""
        xs, ys = zip(*self.points, strict=True)
        return (min(xs), min(ys), max(xs), max(ys))


class LayoutError(MetareproError):
    """A figure whose texts overlap or leave the canvas, or that could not be read in print; it is never written."""


@dataclass
class Canvas:
    """A growing page of texts and marks."""

    width: float
    height: float = 0.0
    texts: list[Text] = field(default_factory=list)
    marks: list[Mark] = field(default_factory=list)
    data: list[dict[str, Cell]] = field(default_factory=list)
    row: int | None = None

    @contextmanager
    def data_row(self, **cells: Cell) -> Iterator[int]:
        """Add a row to the data; what is put meanwhile belongs to it. Yields its number."""
        row = self.add_data(**cells)
        with self.in_row(row):
            yield row

    @contextmanager
    def in_row(self, row: int | None) -> Iterator[None]:
        """What is put meanwhile belongs to a row that is there already."""
        outer, self.row = self.row, row
        try:
            yield
        finally:
            self.row = outer

    def add_data(self, **cells: Cell) -> int:
        """Add a row to the data; returns its number."""
        self.data.append(cells)
        return len(self.data) - 1

    def text(
        self, x: float, y: float, text: str, size: float, align: Align = "left", weight: str = "normal",
        color: str = "#000000", role: Role = "words",
    ) -> None:  # fmt: skip
        """Put a line of text; empty text puts nothing."""
        if text:
            self.texts.append(Text(text, x, y, size, align, weight, color, self.row, role))

    def polygon(
        self, points: Points, fill: str | None, name: str, stroke: str | None = None, width: float = 0.5,
        dashed: Dashes = False,
    ) -> None:  # fmt: skip
        """Put a filled polygon."""
        self.marks.append(Mark(tuple(points), fill, stroke, width if stroke else 0.0, dashed, name, self.row))

    def line(
        self, x0: float, y0: float, x1: float, y1: float, name: str, width: float = 0.8, color: str = "#000000",
        dashed: Dashes = False,
    ) -> None:  # fmt: skip
        """Put a line."""
        self.curve([(x0, y0), (x1, y1)], name, width, color, dashed)

    def curve(
        self, points: Points, name: str, width: float = 0.8, color: str = "#000000", dashed: Dashes = False
    ) -> None:
        """Put a line through points."""
        self.marks.append(Mark(tuple(points), None, color, width, dashed, name, self.row))
