"""Texts of users in a picture."""

from __future__ import annotations

import math
from collections.abc import Sequence

from metarepro.figures.page.fonts import text_width, undrawable


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


def plural(n: int, word: str) -> str:
    """A word for so many."""
    if n == 1:
        return word
    return word[:-1] + "ies" if word.endswith("y") else word + "s"


def counted(n: int, word: str = "study") -> str:
    """A number with its word: '1 study', '2 studies'."""
    return f"{n} {plural(n, word)}"


def listed(names: Sequence[str], most: int = 6) -> str:
    """Names with commas; beyond a few, how many more there are."""
    more = len(names) - most
    return ", ".join(clean(n) for n in names[:most]) + (f" and {more} more" if more > 0 else "")


def hours(time: float | None) -> str:
    """A time point in hours or days; empty if there is none."""
    if time is None or not math.isfinite(time):
        return ""
    return f"{time / 24:g} days" if time >= 48 and time % 24 == 0 else f"{time:g} h"
