"""Blocks that figures share: the title above, the notes below, a key of symbols."""

from __future__ import annotations

from collections.abc import Iterable

from metarepro.figures.colors import GREY, INK
from metarepro.figures.fonts import wrap
from metarepro.figures.layout import Canvas
from metarepro.figures.sizes import MARGIN, SMALL, TITLE


def put_title(canvas: Canvas, title: str, y: float = MARGIN) -> float:
    """The title in bold over the whole width; returns where it ends."""
    y += TITLE
    for line in wrap(title, canvas.width - 2 * MARGIN, TITLE, "bold"):
        canvas.text(MARGIN, y, line, TITLE, weight="bold", color=INK)
        y += TITLE * 1.25
    return y


def put_notes(canvas: Canvas, notes: Iterable[str], y: float, left: float = MARGIN) -> float:
    """Notes in small letters, a paragraph each; returns the last baseline."""
    for note in notes:
        for line in wrap(note, canvas.width - left - MARGIN, SMALL):
            y += SMALL * 1.3
            canvas.text(left, y, line, SMALL, color=GREY)
        y += 1.5
    return y
