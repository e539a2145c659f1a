"""Sizes and colours that all figures share, and how far apart colours are: for low vision and print in grey.

Colours are Okabe and Ito's palette (https://jfly.uni-koeln.de/color/), chosen to be told apart by all kinds of
colour vision.
"""

from __future__ import annotations

# Points at print: letters; margins, room between columns; a row of one line, each further line, members of a group.
TITLE, SIZE, SMALL = 9.5, 7.5, 6.5
MARGIN, GAP = 8.0, 9.0
ROW, LEADING, INDENT = 12.0, 9.0, 8.0

INK, GREY, LIGHT, PALE, WHITE = "#111111", "#5f5f5f", "#b5b5b5", "#eeeeee", "#ffffff"
# The palest grey that still stands out from white.
MIDDLE = "#8c8c8c"
GREEN, BLUE, ORANGE, VERMILLION, PURPLE = "#009E73", "#0072B2", "#E69F00", "#D55E00", "#CC79A7"
BROWN = "#8a5a00"
# Web Content Accessibility Guidelines 2.1, 1.4.3 and 1.4.11.
TEXT_CONTRAST, MARK_CONTRAST = 4.5, 3.0


def luminance(color: str) -> float:
    """Relative luminance of `#rrggbb`, 0 for black to 1 for white: what is left of a colour in grey."""
    channels = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    """Contrast ratio of two colours, 1 to 21."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)
