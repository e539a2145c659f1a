"""The layout engine: places text and marks in points, knows every text's box, and finds faults before print.

Coordinates are points from the top left corner, y downwards. Nothing is guessed: texts are measured in the shipped
font, the canvas grows to what is put on it, and `metarepro.figures.page.check_page` says what would be wrong in print.

What a figure shows is put into rows of `data` (its twin, written as CSV beside it); a text or mark that is put while a
row is open belongs to it, and every number in such a text must be one of the row.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

from metarepro.errors import MetareproError
from metarepro.figures.page.fonts import FALLBACK, FAMILY, register, text_width

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


@dataclass(frozen=True)
class About:
    """What travels with a figure into its files.

    Attributes
    ----------
    title, description : str
        Name, and the text alternative for those who do not see it.
    data : tuple of dict
        What it shows, row by row: the numbers in full, the words as they stand in it.
    canvas : Canvas
        Its texts and marks.
    """

    title: str
    description: str
    data: tuple[dict[str, Cell], ...]
    canvas: Canvas


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

    def faults(self) -> list[str]:
        """What would be wrong in print, in words; empty when nothing is."""
        from metarepro.figures.page.check_page import check_page

        return check_page(self)

    def figure(self, title: str, description: str) -> Any:
        """The page as a matplotlib Figure. Raises LayoutError when it has faults.

        Title, description and data travel with the figure (`figure.metarepro`, an `About`) and are written into its
        files by `metarepro.figures.save` and `metarepro.figures.write_figure`.
        """
        faults = self.faults()
        if faults:
            raise LayoutError("The figure has faults: " + "; ".join(faults[:5]))
        from matplotlib.figure import Figure
        from matplotlib.patches import Polygon
        from matplotlib.transforms import Affine2D

        register()
        figure = Figure(figsize=(self.width / 72, self.height / 72), dpi=72, facecolor="white")
        place = Affine2D().scale(1, -1).translate(0, self.height).scale(1 / 72) + figure.dpi_scale_trans
        for number, mark in enumerate(self.marks):
            patch = Polygon(
                mark.points,
                closed=mark.fill is not None,
                facecolor=mark.fill or "none",
                edgecolor=mark.stroke or "none",
                linewidth=mark.width,
                linestyle=_line_style(mark.dashed),
                fill=mark.fill is not None,
                joinstyle="miter",
                capstyle="butt",
                transform=place,
            )
            patch.set_gid(_tag(number, mark.kind, mark.row))
            figure.add_artist(patch)
        for number, t in enumerate(self.texts):
            artist = figure.text(
                t.x, t.y, t.text, transform=place, fontsize=t.size, ha=t.align, va="baseline", color=t.color,
                fontweight=t.weight, fontfamily=[FAMILY, FALLBACK], parse_math=False,
            )  # fmt: skip
            artist.set_gid(_tag(number, "tick" if t.role == "tick" else "text", t.row))
        figure.metarepro = About(title, description, tuple(self.data), self)  # type: ignore[attr-defined]
        return figure


def _line_style(dashed: Dashes) -> Any:
    return (0, dashed if isinstance(dashed, tuple) else (3, 2)) if dashed else "solid"


def kind_tag(kind: str) -> str:
    """A kind of mark as the SVG writes it."""
    return "-".join("".join(c if c.isalnum() and c.isascii() else " " for c in kind.lower()).split())


def _tag(number: int, kind: str, row: int | None) -> str:
    """Mark of a text or shape in the SVG, which `save` turns into a class and a row number."""
    return f"mr:{number}:{kind_tag(kind)}:{'' if row is None else row}"
