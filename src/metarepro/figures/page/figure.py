"""Pages as matplotlib figures: only those without faults, each with its title, text alternative and data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from metarepro.figures.page.check_page import check_page
from metarepro.figures.page.fonts import FALLBACK, FAMILY, register
from metarepro.figures.page.layout import Canvas, Cell, LayoutError

# A matplotlib.figure.Figure: matplotlib is loaded when one is made.
Figure = Any


@dataclass(frozen=True)
class About:
    """What travels with a figure into its files: name, text alternative, the rows that it shows, its page."""

    title: str
    description: str
    data: tuple[dict[str, Cell], ...]
    canvas: Canvas


def figures_of(pages: Sequence[Canvas], title: str, description: str) -> list[Figure]:
    """Pages as figures with one title, and a text alternative that says which page each is."""
    if len(pages) == 1:
        return [figure_of(pages[0], title, description)]
    return [figure_of(page, title, f"Page {i} of {len(pages)}. {description}") for i, page in enumerate(pages, 1)]


def figure_of(canvas: Canvas, title: str, description: str) -> Figure:
    """A page as a matplotlib Figure. Raises LayoutError when it has faults.

    Title, description and data travel with the figure (`figure.metarepro`, an `About`) and are written into its
    files by `metarepro.figures.save` and `metarepro.figures.write_figure`.
    """
    faults = check_page(canvas)
    if faults:
        raise LayoutError("The figure has faults: " + "; ".join(faults[:5]))
    from matplotlib import figure as figures
    from matplotlib.transforms import Affine2D

    from metarepro.figures.page.placed_artists import PlacedShape, PlacedText

    register()
    figure = figures.Figure(figsize=(canvas.width / 72, canvas.height / 72), dpi=72, facecolor="white")
    place = Affine2D().scale(1, -1).translate(0, canvas.height).scale(1 / 72) + figure.dpi_scale_trans
    for number, mark in enumerate(canvas.marks):
        dashes = mark.dashed if isinstance(mark.dashed, tuple) else (3, 2) if mark.dashed else None
        shape = PlacedShape(mark.points, mark.fill, mark.stroke, mark.width, dashes)
        shape.set_transform(place)
        shape.set_gid(_tag(number, mark.kind, mark.row))
        figure.add_artist(shape)
    for number, t in enumerate(canvas.texts):
        artist = PlacedText(
            t.x, t.y, t.text, transform=place, fontsize=t.size, ha=t.align, va="baseline", color=t.color,
            fontweight=t.weight, fontfamily=[FAMILY, FALLBACK], parse_math=False,
            rotation=90.0 if t.upright else 0.0, rotation_mode="anchor",
        )  # fmt: skip
        artist.set_gid(_tag(number, "tick" if t.role == "tick" else "text", t.row))
        figure.add_artist(artist)
    figure.metarepro = About(title, description, tuple(canvas.data), canvas)  # type: ignore[attr-defined]
    return figure


def kind_tag(kind: str) -> str:
    """A kind of mark as the SVG writes it."""
    return "-".join("".join(c if c.isalnum() and c.isascii() else " " for c in kind.lower()).split())


def _tag(number: int, kind: str, row: int | None) -> str:
    """Mark of a text or shape in the SVG, which `save` turns into a class and a row number."""
    return f"mr:{number}:{kind_tag(kind)}:{'' if row is None else row}"
