"""A legend of lines, areas and symbols of a plot: each beside its words, as many in a line as fit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from metarepro.figures.page.layout import Canvas, Dashes
from metarepro.figures.page.look import GAP, LEADING, MARGIN, SMALL
from metarepro.figures.page.shapes import box
from metarepro.figures.page.text import text_width, wrap

# Draws a sample: with a canvas, the left end, the middle height.
Draw = Callable[[Canvas, float, float], None]
# Width of a sample, and the room between it and its words.
SAMPLE, BESIDE = 20.0, 4.0


@dataclass(frozen=True)
class LegendEntry:
    """Words, and how their sample is drawn; `row` holds its numbers, `sample` is how wide its sample is."""

    words: str
    draw: Draw
    row: int | None = None
    sample: float = SAMPLE


def stroke(name: str, width: float, color: str, dashes: Dashes = False) -> Draw:
    """How the sample of a line is drawn."""
    return lambda canvas, x, y: canvas.line(x, y, x + SAMPLE, y, f"{name}: key", width, color, dashes)


def area(name: str, fill: str, outline: str | None = None, width: float = 0.5) -> Draw:
    """How the sample of an area is drawn."""
    return lambda canvas, x, y: canvas.polygon(box(x, y - 3, x + SAMPLE, y + 3), fill, name, outline, width)


def put_legend(canvas: Canvas, entries: Sequence[LegendEntry], y: float, size: float = SMALL) -> float:
    """Put a legend from `y` downwards; returns its last baseline."""
    x, baseline = MARGIN, y + size + 2
    for entry in entries:
        start = entry.sample + BESIDE
        lines = wrap(entry.words, canvas.width - 2 * MARGIN - start, size)
        width = start + max(text_width(line, size) for line in lines)
        if x > MARGIN and x + width > canvas.width - MARGIN:
            x, baseline = MARGIN, baseline + LEADING + 1
        with canvas.in_row(entry.row):
            entry.draw(canvas, x, baseline - 0.33 * size)
            canvas.lines(x + start, baseline, lines, size)
        baseline += (len(lines) - 1) * LEADING
        x += width + GAP
    return baseline
