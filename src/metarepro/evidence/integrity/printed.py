"""Numbers as printed: how many decimals a text shows, and which values may have been rounded to it."""

from __future__ import annotations

import math
import re
from fractions import Fraction

from metarepro.errors import DataError

_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)", re.ASCII)
MAX_DECIMALS = 12


def text_of(value: float) -> str:
    """The shortest text of a number, zeros at its end dropped: 10.90 was read as 10.9 and becomes `10.9`.

    A dropped zero only widens the range of values that may have been rounded to the text, so that a check on the
    reconstructed text misses some errors and never invents one.
    """
    shown = f"{value:.{MAX_DECIMALS}f}" if abs(value) < 1e-3 else repr(float(value))
    if "e" in shown:
        shown = f"{value:.0f}"
    return shown.rstrip("0").rstrip(".") if "." in shown else shown


def decimals_of(text: str) -> int:
    """Decimals a printed number shows."""
    return len(text.strip().partition(".")[2])


def parse(text: str, decimals: int | None = None) -> tuple[Fraction, int]:
    """Exact value and decimals of a printed number.

    Parameters
    ----------
    text : str
        The number as printed, with a decimal point.
    decimals : int, optional
        Decimals it was printed with when the text lost zeros at its end; never fewer than the text shows.
    """
    if not _NUMBER.fullmatch(text.strip()):
        raise DataError(f"{text!r} is not a printed number. Give it as printed, with a decimal point.")
    shown = decimals_of(text)
    places = shown if decimals is None else decimals
    if not shown <= places <= MAX_DECIMALS:
        raise DataError(f"decimals = {places} does not fit {text!r}. Give {shown} to {MAX_DECIMALS}.")
    return Fraction(text.strip()), places


def half_unit(decimals: int) -> Fraction:
    """Half a unit of the last printed decimal."""
    return Fraction(1, 2 * 10**decimals)


def rounded_from(text: str, decimals: int | None = None) -> tuple[Fraction, Fraction]:
    """Smallest and largest value that rounds to the text: half up, half down and half to even are all allowed."""
    value, places = parse(text, decimals)
    return value - half_unit(places), value + half_unit(places)


def cut_from(text: str, decimals: int | None = None) -> tuple[Fraction, Fraction]:
    """Smallest and largest value that gives the text when its further digits are cut off, bounds included.

    The bound that belongs to the next text is moved in by a millionth of a unit.
    """
    value, places = parse(text, decimals)
    unit = Fraction(1, 10**places) * (1 - Fraction(1, 10**6))
    return (value - unit, value) if value < 0 else (value, value + unit)


def shown(value: Fraction | float, decimals: int) -> str:
    """A number at so many decimals, never `-0`."""
    text = f"{float(value):.{decimals}f}"
    return text.lstrip("-") if float(text) == 0 else text


def square_root(value: Fraction) -> float:
    """Root of an exact number, 0 for the negative ones that rounding leaves."""
    return math.sqrt(max(float(value), 0.0))
