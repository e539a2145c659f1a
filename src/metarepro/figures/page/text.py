"""Texts in a picture: cleaned, measured, broken into lines, and words for numbers of things."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Sequence
from functools import lru_cache

from metarepro.figures.page.fonts import JOINERS, advance, undrawable

# What ends a line or jumps in it is a space to a figure.
_BREAKS = dict.fromkeys(map(ord, "\n\r\t\v\f\x1c\x1d\x1e\x1f\x85\u2028\u2029"), " ")


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


def text_width(text: str, size: float, weight: str = "normal") -> float:
    """Width of a line of text in points.

    Kerning is left out, which makes the measure a little wide and never too narrow for the shipped font.

    Raises
    ------
    DataError
        When a character is in neither font, with the character's name.
    """
    return _width(text, weight) * size


# Pages measure the same words again and again: while they break lines, and once more when they are checked.
@lru_cache(maxsize=20_000)
def _width(text: str, weight: str) -> float:
    """Width at one point."""
    return sum(advance(c, weight) for c in text) / 1000


def one_line(text: object) -> str:
    """A text without its line breaks and tabs; spaces of other widths and no-break spaces stay."""
    return " ".join(str(text).translate(_BREAKS).split(" ")).strip()


def _belongs(character: str) -> bool:
    """Whether a character is an accent on, or joined to, the one before it."""
    return character in JOINERS or unicodedata.category(character).startswith("M")


def wrap(text: str, width: float, size: float, weight: str = "normal") -> list[str]:
    """Break a text into lines no wider than `width` points; a word too long for a line is broken inside.

    A no-break space keeps what it joins in one line.
    """
    lines: list[str] = []
    line = ""
    for word in text.translate(_BREAKS).split(" "):
        if not word:
            continue
        trial = f"{line} {word}" if line else word
        if text_width(trial, size, weight) <= width:
            line = trial
            continue
        if line:
            lines.append(line)
        line = word
        if "\u00a0" in word and text_width(word, size, weight) > width:
            *whole, line = wrap(word.replace("\u00a0", " "), width, size, weight)
            lines += whole
        while text_width(line, size, weight) > width and len(line) > 1:
            cut = len(line) - 1
            while cut > 1 and (text_width(line[:cut], size, weight) > width or _belongs(line[cut])):
                cut -= 1
            lines.append(line[:cut])
            line = line[cut:]
    if line or not lines:
        lines.append(line)
    return lines
