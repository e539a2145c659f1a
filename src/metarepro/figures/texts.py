"""Texts of users in a picture."""

from __future__ import annotations

import math

from metarepro.figures.fonts import undrawable


def clean(text: object) -> str:
    """A text of any origin in one line, with a mark for each character that no shipped font has."""
    line = " ".join(str(text or "").split())
    while missing := undrawable(line):
        line = line.replace(missing, "\ufffd")
    return "".join(c if c.isprintable() else "\ufffd" for c in line)


def hours(time: float | None) -> str:
    """A time point in hours or days; empty if there is none."""
    if time is None or not math.isfinite(time):
        return ""
    return f"{time / 24:g} days" if time >= 48 and time % 24 == 0 else f"{time:g} h"
