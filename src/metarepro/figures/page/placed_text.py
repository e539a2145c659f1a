"""One line of text on a page, at the end of its baseline; a module of its own because it needs matplotlib."""

from __future__ import annotations

import math
from typing import Any

from matplotlib.colors import to_rgba
from matplotlib.text import Text


class PlacedText(Text):
    """A line of text that is where the page puts it.

    The page has measured and placed it, so it is drawn without the layout that matplotlib makes for lines of unknown
    size, which takes longer than drawing them. It looks the same to the last digit. For one line without mathematics,
    on its baseline, turned about its anchor; not for boxes, clipping, effects or TeX.
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
