"""Blocks that figures share: the title above, the notes below, a key of symbols."""

from __future__ import annotations

import math
from collections.abc import Iterable

from metarepro.errors import ConfigError
from metarepro.figures.colors import GREY, INK
from metarepro.figures.fonts import wrap
from metarepro.figures.layout import MM, Canvas
from metarepro.figures.sizes import MARGIN, SMALL, TITLE

# Less than the narrowest column of journals has no room for words beside a plot.
NARROWEST_MM = 80.0


def page_width(width_mm: float) -> float:
    """Width of a figure in points, exactly as asked.

    Raises
    ------
    ConfigError
        When it is no width that a page can have.
    """
    if not NARROWEST_MM <= width_mm < math.inf:
        raise ConfigError(
            f"width_mm = {width_mm!r} is no width of a figure. Columns of journals are 84, 120 and 174 mm wide; "
            f"give {NARROWEST_MM:g} or more."
        )
    return width_mm * MM


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
