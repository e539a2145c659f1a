"""Points of a plane with their names beside them, and their numbers as rows of data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from metarepro.figures.page.clip import Segment
from metarepro.figures.page.layout import Canvas, Cell
from metarepro.figures.page.look import INK, SMALL, WHITE
from metarepro.figures.page.panel import Plane
from metarepro.figures.page.point_labels import place_labels, put_labels
from metarepro.figures.page.shapes import circle
from metarepro.figures.page.text import clean, counted, shorten

RADIUS = 2.4


@dataclass(frozen=True)
class NamedPoint:
    """A study at a place of both axes, with the cells of its row; `hollow` ones are rings."""

    name: str
    x: float
    y: float
    cells: dict[str, Cell]
    radius: float = RADIUS
    hollow: bool = False


def put_points(
    canvas: Canvas, plane: Plane, points: Sequence[NamedPoint], order: Sequence[int], lines: Sequence[Segment] = ()
) -> int:
    """Put points and the names that find room, those first in `order` first; returns how many are not named.

    No name stands on one of the `lines`.
    """
    rows, circles = [], []
    for p in points:
        x, y = plane.x(p.x), plane.y(p.y)
        with canvas.data_row(label=clean(p.name), **p.cells) as row:
            rows.append(row)
            corners = circle(p.radius, x, y)
            if p.hollow:
                canvas.polygon(corners, WHITE, f"study: {clean(p.name)}", INK, 0.8)
            else:
                canvas.polygon(corners, INK, f"study: {clean(p.name)}")
        circles.append((x, y, p.radius + 0.4))
    frame = (plane.left + 2, plane.top - 4, plane.right - 1.5, plane.bottom - 1.5)
    texts = [(i, *circles[i], shorten(clean(points[i].name), 0.4 * plane.width, SMALL)) for i in order]
    placed = place_labels(texts, frame, [], circles, SMALL, [], list(lines))
    put_labels(canvas, placed, rows, 0.4)
    return len(points) - len(placed)


def unnamed_note(unnamed: int) -> list[str]:
    """A note on points without a name, if there are any."""
    return [f"{counted(unnamed).capitalize()} not named, for want of room."] if unnamed else []
