"""Texts of users in a picture."""

from __future__ import annotations

from metarepro.figures.fonts import text_width, undrawable


def clean(text: object) -> str:
    """A text of any origin in one line, with a mark for each character that no shipped font has."""
    line = " ".join(str(text or "").split())
    while missing := undrawable(line):
        line = line.replace(missing, "\ufffd")
    return "".join(c if c.isprintable() else "\ufffd" for c in line)


def shorten(text: str, width: float, size: float) -> str:
    """A text cut to a width, with an ellipsis where something is missing."""
    if text_width(text, size) <= width:
        return text
    while text and text_width(text + "\u2026", size) > width:
        text = text[:-1].rstrip()
    return text + "\u2026"
