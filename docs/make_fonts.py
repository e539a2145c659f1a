"""Make the fonts of the figures from Liberation Sans: the same outlines, widths and kerning, nothing else.

python docs/make_fonts.py FOLDER

FOLDER holds LiberationSans-Regular.ttf and LiberationSans-Bold.ttf 2.1 (Debian: fonts-liberation). The tables that
are left out (OpenType layout, hinting, the font editor's own) take no part in a figure, but cutting them to the
characters of each PDF took half of the time of drawing. The SIL Open Font License reserves the name Liberation for the
unchanged fonts, so these have a name of their own.
"""

import sys
from pathlib import Path

from fontTools.ttLib import TTFont

FAMILY = "Metarepro Sans"
DROPPED = ("GSUB", "GPOS", "GDEF", "FFTM", "fpgm", "prep", "cvt ", "gasp")
TARGET = Path(__file__).parent.parent / "src/metarepro/figures/page/fonts"


def make_font(source: Path, style: str) -> None:
    """Write one face."""
    font = TTFont(source, recalcTimestamp=False)
    for table in DROPPED:
        if table in font:
            del font[table]
    for name in font["glyf"].keys():  # noqa: SIM118 - the table is no dictionary
        font["glyf"][name].removeHinting()
    names = {1: FAMILY, 2: style, 3: f"{FAMILY} {style}", 4: f"{FAMILY} {style}", 6: f"MetareproSans-{style}"}
    for record in list(font["name"].names):
        if record.nameID in names:
            record.string = names[record.nameID]
        elif record.nameID not in (0, 13, 14):  # copyright and licence stay
            font["name"].removeNames(nameID=record.nameID)
    font.save(TARGET / f"MetareproSans-{style}.ttf", reorderTables=True)


if __name__ == "__main__":
    for face in ("Regular", "Bold"):
        make_font(Path(sys.argv[1]) / f"LiberationSans-{face}.ttf", face)
