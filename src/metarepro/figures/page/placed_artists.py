"""Shapes and lines of text that are where a page puts them; a module of its own because it needs matplotlib.

The page has measured and placed them, so they are drawn without what matplotlib's own artists do for things of unknown
size and style, which takes longer than drawing. They look the same to the last digit.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.colors import to_rgba
from matplotlib.path import Path
from matplotlib.text import Text


class PlacedText(Text):
    """One line of text without mathematics, on its baseline, turned about its anchor.

    Not for boxes, clipping, effects or TeX.
    """

    def draw(self, renderer: Any) -> None:
        """Draw the line."""
        renderer.open_group("text", self.get_gid())
        x, y = self.get_transform().transform(self.get_unitless_position())
        angle, properties, line = self.get_rotation(), self.get_fontproperties(), self.get_text()
        align = self.get_horizontalalignment()
        # SVG says how a text is aligned, and its reader measures it.
        if align != "left" and self.figure.canvas.get_default_filetype() != "svg":
            width, _, _ = renderer.get_text_width_height_descent(line, properties, False)
            back = width if align == "right" else width / 2
            x, y = x - back * math.cos(math.radians(angle)), y - back * math.sin(math.radians(angle))
        if renderer.flipy():
            y = renderer.get_canvas_width_height()[1] - y
        graphics = renderer.new_gc()
        graphics.set_foreground(to_rgba(self.get_color()), isRGBA=True)
        graphics.set_antialiased(self.get_antialiased())
        renderer.draw_text(graphics, x, y, line, properties, angle, ismath=False, mtext=self)
        graphics.restore()
        renderer.close_group("text")
        self.stale = False


class PlacedShape(Artist):
    """A polygon with a fill, or a line through points, with sharp joints.

    Parameters
    ----------
    points : sequence of tuple of float
    fill, stroke : str or None
        Colours; None where there is none.
    width : float
        Of the stroke, in points.
    dashes : tuple of float or None
        Lengths of dashes and gaps, as multiples of the width.
    """

    def __init__(
        self, points: Any, fill: str | None, stroke: str | None, width: float, dashes: tuple[float, ...] | None
    ) -> None:
        super().__init__()
        corners = np.array(points, dtype=float)
        if fill and (corners[0] != corners[-1]).any():
            corners = np.concatenate([corners, corners[:1]])
        self._path = Path(corners, closed=fill is not None)
        self._fill = to_rgba(fill) if fill else None
        self._stroke = to_rgba(stroke or "none")
        self._width = width if stroke else 0.0
        self._dashes = [x * width for x in dashes] if dashes and stroke and width else None

    def draw(self, renderer: Any) -> None:
        """Draw the shape."""
        renderer.open_group("patch", self.get_gid())
        graphics = renderer.new_gc()
        graphics.set_linewidth(self._width)
        graphics.set_capstyle("butt")
        graphics.set_joinstyle("miter")
        graphics.set_antialiased(True)
        graphics.set_foreground(self._stroke, isRGBA=True)
        graphics.set_dashes(0, self._dashes)
        renderer.draw_path(graphics, self._path, self.get_transform(), self._fill)
        graphics.restore()
        renderer.close_group("patch")
        self.stale = False
