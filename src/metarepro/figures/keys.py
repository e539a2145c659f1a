"""A key of lines, areas and symbols under a plot: each beside its words, as many in a line as fit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from metarepro.figures.colors import INK
from metarepro.figures.fonts import text_width, wrap
from metarepro.figures.layout import Canvas
from metarepro.figures.sizes import GAP, LEADING, MARGIN, SMALL

# Width of a sample, and the room between it and its words.
SAMPLE, BESIDE = 20.0, 4.0


@dataclass(frozen=True)
class KeyEntry:
    """Words, and how their sample is drawn: with a canvas, the left end, the middle height. `row` holds its numbers."""

    words: str
    draw: Callable[[Canvas, float, float], None]
    row: int | None = None


def put_key(canvas: Canvas, entries: Sequence[KeyEntry], y: float) -> float:
    """Put a key from `y` downwards; returns its last baseline."""
    x, baseline = MARGIN, y + SMALL + 2
    room = canvas.width - 2 * MARGIN - SAMPLE - BESIDE
    for entry in entries:
        lines = wrap(entry.words, room, SMALL)
        width = SAMPLE + BESIDE + max(text_width(line, SMALL) for line in lines)
        if x > MARGIN and x + width > canvas.width - MARGIN:
            x, baseline = MARGIN, baseline + LEADING + 1
        with canvas.in_row(entry.row):
            entry.draw(canvas, x, baseline - 0.33 * SMALL)
            for number, line in enumerate(lines):
                at = baseline + number * LEADING
                canvas.text(x + SAMPLE + BESIDE, at, line, SMALL, color=INK)
        baseline += (len(lines) - 1) * LEADING
        x += width + GAP
    return baseline
