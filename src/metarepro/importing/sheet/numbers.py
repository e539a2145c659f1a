"""Cells of a sheet -> numbers, exactly as written; what is no number is refused at its place."""

from __future__ import annotations

import re
import unicodedata
from decimal import Decimal

from metarepro.errors import Problem
from metarepro.evidence.cells import without_exponent
from metarepro.evidence.hints import why_not_a_number
from metarepro.evidence.reader import Cell

# What stands for a missing number or word in sheets.
MISSING = frozenset(
    ("na", "n/a", "n.a.", "nan", "nr", "n.r.", "nd", "n.d.", "k.a.", "ka", "-", "--", "–", "—", ".", "..", "?", "null",
     "not reported", "not available", "missing", "fehlt", "keine angabe", "#n/a", "#nv")
)  # fmt: skip
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_COMMA = re.compile(r"[+-]?(\d+(,\d*)?|,\d+)([eE][+-]?\d+)?", re.ASCII)
_SIGNED = r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)"
_INTERVAL = re.compile(rf"[\[(]?\s*({_SIGNED})\s*(?:to|bis|through|[;,:–—-])\s*({_SIGNED})\s*[\])]?", re.I)


def is_missing(text: str) -> bool:
    """Whether a cell says that something is missing."""
    return text.strip().casefold() in MISSING or not text.strip()


def plain_text(text: str, decimal: str) -> str:
    """Text of a number with a decimal point and a plain minus; as it is where it is no number."""
    bare = unicodedata.normalize("NFKC", text).strip()
    bare = re.sub(r"^[−–](?=[\d.,])", "-", bare)
    if decimal == "," and _COMMA.fullmatch(bare):
        return without_exponent(bare.replace(",", "."))
    return without_exponent(bare) if _NUMBER.fullmatch(bare) else text


def is_number(text: str, decimal: str) -> bool:
    """Whether a cell is a number in this way of writing."""
    plain = plain_text(text, decimal)
    return bool(_NUMBER.fullmatch(plain)) and not (decimal == "," and "." in text)


def take_number(cell: Cell, name: str, decimal: str, shown: str, row: str) -> Decimal | Problem | None:
    """Number of a cell, None where it is missing, or the problem.

    Parameters
    ----------
    cell : Cell
    name : str
        Its column.
    decimal : str
        Decimal sign of the sheet.
    shown, row : str
        File, and the row as messages name it.
    """
    if is_missing(cell.text):
        return None
    if is_number(cell.text, decimal):
        return Decimal(plain_text(cell.text, decimal))
    if decimal == "," and _NUMBER.fullmatch(cell.text.strip()):
        what = "is written with a point, and other numbers of the file with a comma"
        hints: tuple[str, ...] = ("A point may be a thousands separator. Fix: write all numbers in one way.",)
    else:
        what = "is not a number"
        hints = tuple(h for h in why_not_a_number(cell.text) if "config.yaml" not in h)
    return Problem("E011", f"{name} {cell.text!r} {what}", shown, cell.line, cell.column, (row, *hints))


def take_interval(text: str, decimal: str) -> tuple[Decimal, Decimal] | None:
    """Both ends of an interval in one cell, such as `0.5 to 0.9` or `[0.5; 0.9]`; None if it is none."""
    bare = unicodedata.normalize("NFKC", text).strip().replace("−", "-")
    bare = re.sub(r"(?<=\d),(?=\d)", ".", bare) if decimal == "," else bare
    found = _INTERVAL.fullmatch(bare)
    return (Decimal(found[1]), Decimal(found[2])) if found else None
