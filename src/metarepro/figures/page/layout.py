"""A page of texts and marks: where each stands, in points, and the rows of data that they show.

Coordinates are points from the top left corner, y downwards. Texts are measured in the shipped font; the page grows to
what is put on it. `check_page` says what would be wrong in print, `figure_of` makes a matplotlib figure of it.

What a figure shows is put into rows of `data`, which are written as CSV beside it; a text or mark that is put while a
row is open belongs to it, and every number in such a text must be one of the row.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

from metarepro.errors import ConfigError, MetareproError
from metarepro.figures.page.look import GREY, INK, LEADING, MARGIN, SIZE, SMALL, TITLE
from metarepro.figures.page.text import text_width, wrap

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
    """A line of text: its anchor on the baseline; its row of the data, if any; `upright` if it reads upwards."""

    text: str
    x: float
    y: float
    size: float
    align: Align
    weight: str
    color: str
    row: int | None = None
    role: Role = "words"
    upright: bool = False

    @cached_property
    def box(self) -> tuple[float, float, float, float]:
        """Left, top, right, bottom."""
        width = text_width(self.text, self.size, self.weight)
        before = {"left": 0.0, "right": width, "center": width / 2}[self.align]
        if self.upright:
            bottom = self.y + before
            return (self.x - ASCENT * self.size, bottom - width, self.x + DESCENT * self.size, bottom)
        left = self.x - before
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
        self, x: float, y: float, text: str, size: float = SIZE, align: Align = "left", weight: str = "normal",
        color: str = INK, role: Role = "words", upright: bool = False,
    ) -> None:  # fmt: skip
        """Put a line of text; empty text puts nothing."""
        if text:
            self.texts.append(Text(text, x, y, size, align, weight, color, self.row, role, upright))

    def lines(
        self, x: float, y: float, lines: Iterable[str], size: float = SIZE, leading: float = LEADING,
        align: Align = "left", weight: str = "normal", color: str = INK,
    ) -> float:  # fmt: skip
        """Put lines of text below each other, the first at `y`; returns the baseline of one more."""
        for line in lines:
            self.text(x, y, line, size, align, weight, color)
            y += leading
        return y

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


# Less than the narrowest column of journals has no room for words beside a plot.
NARROWEST_MM, WIDEST_MM = 80.0, 600.0


def page_width(width_mm: float) -> float:
    """Width of a figure in points, exactly as asked.

    Raises
    ------
    ConfigError
        When it is no width that a page can have.
    """
    number = isinstance(width_mm, int | float) and not isinstance(width_mm, bool)
    if not number or not NARROWEST_MM <= width_mm <= WIDEST_MM:
        raise ConfigError(
            f"width_mm = {width_mm!r} is no width of a figure. Columns of journals are 84, 120 and 174 mm wide; "
            f"give {NARROWEST_MM:g} to {WIDEST_MM:g}."
        )
    return width_mm * MM


def put_text(
    canvas: Canvas, text: str, y: float, left: float = MARGIN, width: float = math.inf, *, size: float = SIZE,
    leading: float = LEADING, weight: str = "normal", color: str = INK,
) -> float:  # fmt: skip
    """A text in lines, the first `leading` below `y`, as wide as the page at most; returns the last baseline."""
    lines = wrap(text, min(width, canvas.width - MARGIN - left), size, weight)
    return canvas.lines(left, y + leading, lines, size, leading, weight=weight, color=color) - leading


def put_title(canvas: Canvas, title: str, y: float = MARGIN) -> float:
    """The title in bold over the whole width; returns where it ends."""
    y += TITLE
    return canvas.lines(
        MARGIN, y, wrap(title, canvas.width - 2 * MARGIN, TITLE, "bold"), TITLE, TITLE * 1.25, weight="bold"
    )


def put_notes(canvas: Canvas, notes: Iterable[str], y: float, left: float = MARGIN) -> float:
    """Notes in small letters, a paragraph each; returns the last baseline."""
    for note in notes:
        # No line break parts "k - 1 df".
        note = re.sub(r"k [-\u2212] (\d) df", "k\u00a0\u2212\u00a0\\1\u00a0df", note)
        y = put_text(canvas, note, y, left, size=SMALL, leading=SMALL * 1.3, color=GREY) + 1.5
    return y


def put_page_numbers(pages: Sequence[Canvas]) -> None:
    """Which page of how many each is, at its foot; nothing on a single one."""
    if len(pages) == 1:
        return
    for number, page in enumerate(pages, 1):
        page.height += LEADING
        at = f"{number} of {len(pages)}"
        page.text(page.width - MARGIN, page.height - MARGIN, at, SMALL, "right", color=GREY)
