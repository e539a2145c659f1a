"""Blocks that figures share: the title above, texts in lines, the notes below, pages."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence

from metarepro.errors import ConfigError
from metarepro.figures.page.colors import GREY, INK
from metarepro.figures.page.fonts import wrap
from metarepro.figures.page.layout import MM, Canvas
from metarepro.figures.page.sizes import LEADING, MARGIN, SIZE, SMALL, TITLE

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
    for line in wrap(text, min(width, canvas.width - MARGIN - left), size, weight):
        y += leading
        canvas.text(left, y, line, size, weight=weight, color=color)
    return y


def put_beside(canvas: Canvas, lines: Sequence[str], x: float, middle: float, weight: str = "normal") -> None:
    """Lines of a row's head, around its middle height."""
    base = middle + 0.36 * SIZE - (len(lines) - 1) / 2 * LEADING
    for number, line in enumerate(lines):
        canvas.text(x, base + number * LEADING, line, SIZE, weight=weight, color=INK)


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
