"""A key of lines, areas and symbols of a plot: each beside its words, as many in a line as fit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from metarepro.figures.page.layout import Canvas, Dashes
from metarepro.figures.page.look import GAP, INK, LEADING, MARGIN, SMALL
from metarepro.figures.page.text import text_width, wrap

# Width of a sample, and the room between it and its words.
SAMPLE, BESIDE = 20.0, 4.0


@dataclass(frozen=True)
class LegendEntry:
    """Words, and how their sample is drawn: with a canvas, the left end, the middle height.

    `row` holds its numbers; `sample` is how wide its sample is.
    """

    words: str
    draw: Callable[[Canvas, float, float], None]
    row: int | None = None
    sample: float = SAMPLE


def stroke(name: str, width: float, color: str, dashes: Dashes = False) -> Callable[[Canvas, float, float], None]:
    """How the sample of a line is drawn."""
    return lambda canvas, x, y: canvas.line(x, y, x + SAMPLE, y, f"{name}: key", width, color, dashes)


def put_legend(canvas: Canvas, entries: Sequence[LegendEntry], y: float, size: float = SMALL) -> float:
    """Put a key from `y` downwards; returns its last baseline."""
    x, baseline = MARGIN, y + size + 2
    for entry in entries:
        start = entry.sample + BESIDE
        lines = wrap(entry.words, canvas.width - 2 * MARGIN - start, size)
        width = start + max(text_width(line, size) for line in lines)
        if x > MARGIN and x + width > canvas.width - MARGIN:
            x, baseline = MARGIN, baseline + LEADING + 1
        with canvas.in_row(entry.row):
            entry.draw(canvas, x, baseline - 0.33 * size)
            for number, line in enumerate(lines):
                canvas.text(x + start, baseline + number * LEADING, line, size, color=INK)
        baseline += (len(lines) - 1) * LEADING
        x += width + GAP
    return baseline
