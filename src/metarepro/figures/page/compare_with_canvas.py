"""Whether the files of a figure show what was drawn: every text, mark and number, at its place.

`check_page` looks at a page before it is written and `check_files` at the files alone. This compares the two, so that
nothing can be lost, moved, exchanged or altered on the way.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

from metarepro.figures.page.figure import kind_tag
from metarepro.figures.page.files import alternative_text, data_csv
from metarepro.figures.page.layout import Canvas, Mark, Text
from metarepro.figures.page.read_back import NEAR, Picture, Shape, Word, read_picture

Point = tuple[float, float]


def compare_with_canvas(pages: Sequence[Any], stem: Path, dpi: int | None = None) -> list[str]:
    """Differences between figures and their files, in words; empty when there are none.

    Parameters
    ----------
    pages : sequence of matplotlib.figure.Figure
        As given to `metarepro.figures.write_figure`.
    stem : Path
        Path without ending.
    dpi : int, optional
        Of the PNG, whose size is compared then.
    """
    found = []
    for number, page in enumerate(pages, 1):
        name = stem.name if number == 1 else f"{stem.name}-{number}"
        picture = read_picture(stem.with_name(f"{name}.svg"))
        found += [f"{name}.svg: {d}" for d in _compare_page(page.metarepro.canvas, picture)]
        about = page.metarepro
        if (picture.title, picture.description) != (about.title, about.description):
            found.append(f"{name}.svg: title or description is another")
        png = stem.with_name(f"{name}.png")
        if dpi is not None and png.exists():
            wide, _ = struct.unpack(">II", png.read_bytes()[16:24])
            wanted = about.canvas.width * dpi / 72
            found += [] if abs(wide - wanted) <= 1 else [f"{name}.png: {wide} pixels wide, not {wanted:.0f}"]
    for kind, text in (("csv", data_csv(list(pages))), ("alt.txt", alternative_text(list(pages)))):
        if stem.with_name(f"{stem.name}.{kind}").read_text(encoding="utf-8") != text:
            found.append(f"{stem.name}.{kind}: is another")
    return found


def _compare_page(canvas: Canvas, picture: Picture) -> list[str]:
    if len(canvas.texts) != len(picture.words):
        return [f"{len(canvas.texts)} texts were drawn, {len(picture.words)} are there"]
    if len(canvas.marks) != len(picture.shapes):
        return [f"{len(canvas.marks)} marks were drawn, {len(picture.shapes)} are there"]
    found = [d for text, word in zip(canvas.texts, picture.words, strict=True) if (d := _text_differs(text, word))]
    marks = zip(canvas.marks, picture.shapes, strict=True)
    return found + [d for mark, shape in marks if (d := _mark_differs(mark, shape))]


def _text_differs(text: Text, word: Word) -> str:
    if text.text.split() != word.text.split():
        return f"text {text.text!r} reads {word.text!r}"
    if text.row != word.row:
        return f"text {text.text!r} is of another row"
    if abs(text.x - word.x) > NEAR or abs(text.y - word.y) > NEAR:
        return f"text {text.text!r} stands elsewhere"
    return ""


def _mark_differs(mark: Mark, shape: Shape) -> str:
    if kind_tag(mark.kind) != shape.kind or mark.row != shape.row:
        return f"mark {mark.name!r} is another ({shape.kind})"
    outline = (*shape.points, shape.points[0]) if mark.fill is not None else shape.points
    # matplotlib leaves out corners that make no difference, so outlines are compared and not their corners.
    strange = any(min(math.dist(p, c) for c in mark.points) > NEAR for p in shape.points)
    far = strange or any(min(_distance(c, a, b) for a, b in pairwise(outline)) > NEAR for c in mark.points)
    return f"mark {mark.name!r} stands elsewhere" if far else ""


def _distance(point: Point, start: Point, end: Point) -> float:
    """Distance of a point from a segment."""
    along = (end[0] - start[0], end[1] - start[1])
    length = along[0] ** 2 + along[1] ** 2
    share = ((point[0] - start[0]) * along[0] + (point[1] - start[1]) * along[1]) / length if length else 0.0
    share = min(max(share, 0.0), 1.0)
    return math.dist(point, (start[0] + share * along[0], start[1] + share * along[1]))
