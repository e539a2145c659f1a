"""The one font of all figures: shipped with the package, registered by path, and measured."""

from __future__ import annotations

import unicodedata
from functools import cache
from pathlib import Path

from metarepro.errors import DataError

# Liberation Sans without what figures do not use (docs/make_fonts.py); pages and SVG ask for it by that name.
FAMILY = "Metarepro Sans"
WEB_FAMILY = "Liberation Sans"
FALLBACK = "DejaVu Sans"
# Categories of characters without a shape of their own; of them, only those that Arabic script needs are drawn.
INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
# What ends a line or jumps in it is a space to a figure.
_BREAKS = dict.fromkeys(map(ord, "\n\r\t\v\f\x1c\x1d\x1e\x1f\x85\u2028\u2029"), " ")
JOINERS = "\u200c\u200d"
_FOLDER = Path(__file__).parent / "fonts"
FILES = {"normal": _FOLDER / "MetareproSans-Regular.ttf", "bold": _FOLDER / "MetareproSans-Bold.ttf"}


@cache
def register() -> None:
    """Make the shipped font known to matplotlib, whatever fonts the machine has."""
    from matplotlib import font_manager

    for file in FILES.values():
        font_manager.fontManager.addfont(str(file))


@cache
def _font(weight: str) -> tuple[object, ...]:
    """The faces that a text is set in: the shipped one, then matplotlib's own for characters it lacks."""
    from matplotlib import font_manager, get_data_path
    from matplotlib.ft2font import FT2Font

    register()
    fallback = "DejaVuSans-Bold.ttf" if weight == "bold" else "DejaVuSans.ttf"
    faces = (FT2Font(str(FILES[weight])), FT2Font(str(Path(get_data_path()) / "fonts" / "ttf" / fallback)))
    assert font_manager is not None
    return faces


@cache
def _advance(character: str, weight: str) -> float:
    """Width of one character at 1000 points, unhinted."""
    from matplotlib.ft2font import LoadFlags

    if unicodedata.category(character) in INVISIBLE and character not in JOINERS:
        name = unicodedata.name(character, "a control character").lower()
        raise DataError(
            f"The character U+{ord(character):04X} ({name}) cannot be drawn: it is invisible, and some of its kind "
            "turn the order of the letters and digits around them. Fix: delete it where the text comes from."
        )
    for face in _font(weight):
        if face.get_char_index(ord(character)):  # type: ignore[attr-defined]
            face.set_size(1000, 72)  # type: ignore[attr-defined]
            return float(face.load_char(ord(character), flags=LoadFlags.NO_HINTING).linearHoriAdvance / 65536)  # type: ignore[attr-defined]
    raise DataError(
        f"The character {character!r} (U+{ord(character):04X}) cannot be drawn: neither {FAMILY} nor {FALLBACK} has it."
    )


def undrawable(text: str) -> str:
    """The first character of a text that no shipped font has; empty when all can be drawn."""
    for character in text:
        # Latin letters with any accent are in the font; asking it costs loading matplotlib.
        if ord(character) >= 0x250 and not character.isspace():
            try:
                _advance(character, "normal")
            except DataError:
                return character
    return ""


def text_width(text: str, size: float, weight: str = "normal") -> float:
    """Width of a line of text in points.

    Kerning is left out, which makes the measure a little wide and never too narrow for the shipped font.

    Raises
    ------
    DataError
        When a character is in neither font, with the character's name.
    """
    return sum(_advance(c, weight) for c in text) * size / 1000


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
