"""What would be wrong with a page in print: found before anything is written.

Texts that touch each other or a mark, or leave the canvas; texts too small or too pale to read; lines too thin; kinds
of marks that only their colour tells apart; numbers that are not those of their row.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from metarepro.figures.page.clip import Box, clip
from metarepro.figures.page.layout import Canvas, Mark, Text
from metarepro.figures.page.look import MARK_CONTRAST, TEXT_CONTRAST, WHITE, contrast
from metarepro.figures.page.printed_numbers import exchanged, unexplained

# Points by which two boxes may share an edge: the room above and below letters is part of a text's box.
CLEARANCE = 0.3
SMALLEST_TEXT, THINNEST_LINE = 6.0, 0.3
# Marks that carry no information of their own: texts may stand on them, and they may be pale.
QUIET = frozenset({"row rule", "header rule", "band", "grid", "stripe", "leader"})
# Colours of two kinds this far apart in grey are told apart without colour.
GREY_CONTRAST = 1.5


def check_page(canvas: Canvas) -> list[str]:
    """All faults of a page, in words."""
    found = [*_off_canvas(canvas), *_touching_texts(canvas.texts), *_texts_on_marks(canvas), *_unreadable(canvas)]
    return [*found, *_differ_by_colour_alone(canvas.marks), *_wrong_numbers(canvas)]


def _off_canvas(canvas: Canvas) -> list[str]:
    def outside(box: Box) -> bool:
        left, top, right, bottom = box
        return left < -0.01 or top < -0.01 or right > canvas.width + 0.01 or bottom > canvas.height + 0.01

    found = [f"text {t.text!r} leaves the canvas" for t in canvas.texts if outside(t.box)]
    return found + [f"mark {m.name!r} leaves the canvas" for m in canvas.marks if outside(m.box)]


def _touching_texts(texts: list[Text]) -> list[str]:
    found = []
    boxes = sorted(((t.box, t.text) for t in texts), key=lambda b: b[0][1])
    for i, (a, first) in enumerate(boxes):
        for b, second in boxes[i + 1 :]:
            if b[1] >= a[3] - CLEARANCE:
                break
            if a[0] < b[2] - CLEARANCE and b[0] < a[2] - CLEARANCE:
                found.append(f"texts {first!r} and {second!r} overlap")
    return found


def _texts_on_marks(canvas: Canvas) -> list[str]:
    """Texts that a mark runs through; a text may stand wholly inside a filled shape."""
    marks = [m for m in canvas.marks if m.kind not in QUIET]
    if not marks or not canvas.texts:
        return []
    boxes = np.array([m.box for m in marks])
    found = []
    for text in canvas.texts:
        left, top, right, bottom = _shrunk(text.box, CLEARANCE)
        near = (boxes[:, 0] < right) & (boxes[:, 2] > left) & (boxes[:, 1] < bottom) & (boxes[:, 3] > top)
        for mark in (marks[i] for i in np.flatnonzero(near)):
            if mark.fill is not None and _within(text.box, mark.box):
                continue
            if _crosses(mark, (left, top, right, bottom)):
                found.append(f"text {text.text!r} and mark {mark.name!r} overlap")
    return found


def _shrunk(box: Box, by: float) -> Box:
    return (box[0] + by, box[1] + by, box[2] - by, box[3] - by)


def _within(inner: Box, outer: Box) -> bool:
    return outer[0] <= inner[0] and outer[1] <= inner[1] and inner[2] <= outer[2] and inner[3] <= outer[3]


def _crosses(mark: Mark, box: Box) -> bool:
    """Whether a side of the mark runs through the box (or the box lies in the mark's middle)."""
    points = [*mark.points, mark.points[0]] if mark.fill is not None else list(mark.points)
    return any(clip((*a, *b), box) is not None for a, b in pairwise(points))


def _unreadable(canvas: Canvas) -> list[str]:
    found = []
    filled = [m for m in canvas.marks if m.fill is not None]
    for text in canvas.texts:
        if text.size < SMALLEST_TEXT - 1e-9:
            found.append(f"text {text.text!r} has {text.size:g} pt, less than {SMALLEST_TEXT:g}")
        behind = next((m.fill for m in reversed(filled) if _within(text.box, m.box)), None) or WHITE
        if contrast(text.color, behind) < TEXT_CONTRAST:
            found.append(
                f"text {text.text!r} has a contrast of {contrast(text.color, behind):.1f} to what is behind it"
            )
    for mark in canvas.marks:
        if mark.stroke is not None and mark.width < THINNEST_LINE - 1e-9:
            found.append(f"mark {mark.name!r} has a line of {mark.width:g} pt, less than {THINNEST_LINE:g}")
        pale = max((contrast(c, WHITE) for c in (mark.fill, mark.stroke) if c), default=1.0) < MARK_CONTRAST
        # A pale or white shape may lie on a darker one.
        if pale and mark.kind not in QUIET and not any(_within(mark.box, m.box) for m in filled if m is not mark):
            found.append(f"mark {mark.name!r} is too pale")
    return found


def _differ_by_colour_alone(marks: list[Mark]) -> list[str]:
    """Kinds of marks with one shape and equally dark colours of different hue."""
    kinds: dict[str, Mark] = {}
    for mark in marks:
        if mark.kind not in QUIET:
            kinds.setdefault(mark.kind, mark)
    found = []
    named = list(kinds.items())
    for i, (kind, mark) in enumerate(named):
        for other_kind, other in named[i + 1 :]:
            same = _look(mark) == _look(other) and {kind, other_kind} != {"axis", "tick"}
            colours = [m.fill or m.stroke or WHITE for m in (mark, other)]
            if same and colours[0] != colours[1] and contrast(*colours) < GREY_CONTRAST:
                found.append(f"{kind!r} and {other_kind!r} differ by colour alone")
    return found


def _look(mark: Mark) -> tuple[object, ...]:
    """What is seen of a mark without its colour: for lines, direction, width and dashes; for shapes, their outline."""
    left, top, right, bottom = mark.box
    width, height = right - left, bottom - top
    if mark.fill is None:
        upright = "upright" if width < 1e-6 else "flat" if height < 1e-6 else "curve"
        return ("line", upright, mark.dashed, round(mark.width, 1))
    corners = tuple(
        (round((x - left) / (width or 1.0), 1), round((y - top) / (height or 1.0), 1)) for x, y in mark.points
    )
    return ("shape", corners, mark.fill == WHITE, mark.dashed)


def _wrong_numbers(canvas: Canvas) -> list[str]:
    found = []
    for text in canvas.texts:
        if text.row is not None and (wrong := unexplained(text.text, canvas.data[text.row])):
            found.append(f"text {text.text!r} shows {wrong[0]}, which is no number of its row")
        elif text.row is not None and exchanged(text.text, canvas.data[text.row]):
            found.append(f"text {text.text!r} shows an interval in another order than its row has it")
    return found
