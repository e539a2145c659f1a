"""The layout engine: places text and marks in points, knows every text's box, and finds faults before print.

Coordinates are points from the top left corner, y downwards. Nothing is guessed: texts are measured in the shipped
font, the canvas grows to what is put on it, and `faults` says when two texts touch or one leaves the canvas.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal
from xml.sax.saxutils import escape

from metarepro.errors import MetareproError
from metarepro.figures.fonts import FALLBACK, FAMILY, register, text_width
from metarepro.output import write_whole

Align = Literal["left", "right", "center"]
# Shares of the size that a line of text reaches above and below its baseline.
ASCENT, DESCENT = 0.74, 0.21
MM = 72 / 25.4


@dataclass(frozen=True)
class Text:
    """A line of text: its anchor on the baseline, and its box (left, top, right, bottom)."""

    text: str
    x: float
    y: float
    size: float
    align: Align
    weight: str
    color: str

    @property
    def box(self) -> tuple[float, float, float, float]:
        """Left, top, right, bottom."""
        width = text_width(self.text, self.size, self.weight)
        left = {"left": self.x, "right": self.x - width, "center": self.x - width / 2}[self.align]
        return (left, self.y - ASCENT * self.size, left + width, self.y + DESCENT * self.size)


@dataclass(frozen=True)
class Mark:
    """A polygon or a line: its points, fill and stroke, and what it stands for."""

    points: tuple[tuple[float, float], ...]
    fill: str | None
    stroke: str | None
    width: float
    dashed: bool
    name: str


class LayoutError(MetareproError):
    """A figure whose texts overlap or leave the canvas; it is never written."""


@dataclass
class Canvas:
    """A growing page of texts and marks."""

    width: float
    height: float = 0.0
    texts: list[Text] = field(default_factory=list)
    marks: list[Mark] = field(default_factory=list)

    def text(
        self, x: float, y: float, text: str, size: float, align: Align = "left", weight: str = "normal",
        color: str = "#000000",
    ) -> None:  # fmt: skip
        """Put a line of text; empty text puts nothing."""
        if text:
            self.texts.append(Text(text, x, y, size, align, weight, color))

    def polygon(self, points: list[tuple[float, float]], fill: str, name: str, stroke: str | None = None) -> None:
        """Put a filled polygon."""
        self.marks.append(Mark(tuple(points), fill, stroke, 0.5, False, name))

    def line(
        self, x0: float, y0: float, x1: float, y1: float, name: str, width: float = 0.8, color: str = "#000000",
        dashed: bool = False,
    ) -> None:  # fmt: skip
        """Put a line."""
        self.marks.append(Mark(((x0, y0), (x1, y1)), None, color, width, dashed, name))

    def faults(self, clearance: float = 0.3) -> list[str]:
        """Pairs of texts that touch, and texts or marks that leave the canvas."""
        found = []
        boxes = sorted(((t.box, t.text) for t in self.texts), key=lambda b: b[0][1])
        for (left, top, right, bottom), text in boxes:
            if left < -0.01 or top < -0.01 or right > self.width + 0.01 or bottom > self.height + 0.01:
                found.append(f"text {text!r} leaves the canvas")
        for i, (a, first) in enumerate(boxes):
            for b, second in boxes[i + 1 :]:
                if b[1] >= a[3] - clearance:
                    break
                if a[0] < b[2] - clearance and b[0] < a[2] - clearance:
                    found.append(f"texts {first!r} and {second!r} overlap")
        for mark in self.marks:
            if any(not (-0.01 <= x <= self.width + 0.01 and -0.01 <= y <= self.height + 0.01) for x, y in mark.points):
                found.append(f"mark {mark.name!r} leaves the canvas")
        return found

    def figure(self, title: str, description: str) -> Any:
        """The page as a matplotlib Figure. Raises LayoutError when it has faults.

        The title and description travel with the figure and are written into its files by `save`.
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
        for mark in self.marks:
            patch = Polygon(
                mark.points,
                closed=mark.fill is not None,
                facecolor=mark.fill or "none",
                edgecolor=mark.stroke or "none",
                linewidth=mark.width,
                linestyle=(0, (3, 2)) if mark.dashed else "solid",
                fill=mark.fill is not None,
                joinstyle="miter",
                capstyle="butt",
                transform=place,
            )
            figure.add_artist(patch)
        for t in self.texts:
            figure.text(
                t.x, t.y, t.text, transform=place, fontsize=t.size, ha=t.align, va="baseline", color=t.color,
                fontweight=t.weight, fontfamily=[FAMILY, FALLBACK], parse_math=False,
            )  # fmt: skip
        figure.metarepro = {"title": title, "description": description}  # type: ignore[attr-defined]
        return figure


def save(figure: Any, path: Path, dpi: int = 300) -> None:
    """Write a figure as SVG, PDF or PNG, by the ending, with the same bytes every time.

    SVG keeps text as text and carries a title and a description; PDF embeds TrueType fonts.
    """
    import io

    import matplotlib as mpl

    about = getattr(figure, "metarepro", {"title": "", "description": ""})
    kind = path.suffix.lstrip(".")
    settings: Any = {
        "svg.fonttype": "none",
        "svg.hashsalt": "metarepro",
        "pdf.fonttype": 42,
        "ps.fonttype": 42,
        "text.hinting": "no_hinting",
    }  # hinted letters are wider than measured at small sizes

    metadata: dict[str, Any] = {
        "svg": {"Date": None, "Creator": None},
        "pdf": {"CreationDate": None, "ModDate": None, "Producer": None, "Creator": None, "Title": about["title"]},
        "png": {"Software": None, "Title": about["title"], "Description": about["description"]},
    }[kind]
    buffer = io.BytesIO()
    with mpl.rc_context(settings):
        figure.savefig(buffer, format=kind, metadata=metadata, dpi=dpi if kind == "png" else 72)
    data = buffer.getvalue()
    if kind == "svg":
        data = _describe_svg(data.decode("utf-8"), about["title"], about["description"], path.stem).encode("utf-8")
    write_whole(path, data)


def _describe_svg(svg: str, title: str, description: str, name: str) -> str:
    """Give the SVG a name for screen readers, and fonts of the same widths where ours is not installed."""
    start = svg.index("<svg")
    end = svg.index(">", start)
    head = f' role="img" aria-labelledby="{name}-title {name}-desc">'
    inner = f'\n <title id="{name}-title">{escape(title)}</title>\n <desc id="{name}-desc">{escape(description)}</desc>'
    svg = svg[:end] + head + inner + svg[end + 1 :]
    return svg.replace(f"'{FAMILY}'", f"'{FAMILY}', Arial, Helvetica")
