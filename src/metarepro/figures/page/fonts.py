"""The one font of all figures: shipped with the package, registered by path."""

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
def advance(character: str, weight: str) -> float:
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
                advance(character, "normal")
            except DataError:
                return character
    return ""
