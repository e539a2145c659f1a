"""Texts of users in a picture."""

from __future__ import annotations

from metarepro.figures.fonts import undrawable


def clean(text: object) -> str:
    """A text of any origin in one line, with a mark for each character that no shipped font has."""
    line = " ".join(str(text or "").split())
    while missing := undrawable(line):
        line = line.replace(missing, "\ufffd")
    return "".join(c if c.isprintable() else "\ufffd" for c in line)
