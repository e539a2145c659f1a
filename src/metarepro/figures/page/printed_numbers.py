"""Numbers read back from the words of a picture, and whether values explain them at the printed precision."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping

# Thin spaces stand between thousands, a middle dot is the Lancet's decimal point, JAMA drops the zero before it.
# A hyphen or dash right after a digit or bracket joins the ends of an interval and is no sign.
_NUMBER = re.compile(
    r"(?<![\w.\u00b7])([\u2212-]?)((?:\d{1,3}(?:[\u2009,]\d{3})+|\d+)(?:[.\u00b7]\d+)?|[.\u00b7]\d+)(e[+\u2212-]?\d+)?"
)
# Words of fewer letters are not broken over lines in any column.
LONG_WORD = 15
Value = str | int | float | None


def numbers_in(text: str) -> list[str]:
    """Numbers of a text as they stand in it, with `<` or `>` before one that has it."""
    found = []
    for match in _NUMBER.finditer(text):
        sign, start = match.group(1), match.start()
        joins = sign and start > 0 and (text[start - 1].isalnum() or text[start - 1] in ")%")
        number = match.group()[1:] if joins else match.group()
        before = text[: start + (1 if joins else 0)].rstrip()
        found.append(before[-1] + number if before.endswith(("<", ">")) else number)
    return found


def unexplained(text: str, values: Mapping[str, Value]) -> list[str]:
    """Numbers of a text that neither a value of the row rounds to nor one of its words holds."""
    words = [" ".join(v.split()) for v in values.values() if isinstance(v, str)]
    numbers = [float(v) for v in values.values() if isinstance(v, int | float) and not math.isnan(v)]
    # A line may break between a sign and its number.
    said = {form for w in words for n in numbers_in(w) for form in (n, n.lstrip("<>"))}
    return [n for n in numbers_in(text) if n not in said and not any(shows(n, v) for v in numbers)
            and not _piece_of_long_word(n, text, words)]  # fmt: skip


_INTERVAL = re.compile(
    r"(?P<estimate>\S+) [(\[](?P<low>[^\s,\u2013()\[\]]+?)(?: to |, |-|\u2013)(?P<high>[^()\[\]]+)[)\]]"
)


def exchanged(text: str, values: Mapping[str, Value]) -> bool:
    """Whether a text `estimate (low to high)` shows numbers of its row that do not belong together in this order."""
    ends = [name.removesuffix("low") for name in values if name.endswith("low") and f"{name[:-3]}high" in values]
    for match in _INTERVAL.finditer(text.replace("\u00a0", " ")):
        numbers = [numbers_in(match[part]) for part in ("estimate", "low", "high")]
        if any(len(n) != 1 for n in numbers):
            continue
        (estimate,), (low,), (high,) = numbers
        fitting = [e for e in ends if _is(low, values[f"{e}low"]) and _is(high, values[f"{e}high"])]
        names = {n for e in fitting for n in values if n.rstrip("_") == e.rstrip("_") or n.endswith("estimate")}
        if ends and not any(_is(estimate, values[n]) for n in names):
            return True
    return False


def _is(printed: str, value: Value) -> bool:
    # A number with an exponent is too large to be written out, and may be none at all.
    return "e" in printed or (isinstance(value, int | float) and not math.isnan(value) and shows(printed, float(value)))


def _piece_of_long_word(number: str, text: str, words: list[str]) -> bool:
    """Whether a number stands in a piece of a word so long that it was broken over lines."""
    pieces = [p.strip(";,\u2020") for p in text.split() if number.lstrip("<>") in p]
    long = [w for word in words for w in word.split() if len(w) > LONG_WORD]
    return any(piece in w for piece in pieces for w in long)


def shows(printed: str, value: float) -> bool:
    """Whether a printed number stands for a value, or for the value in percent."""
    return any(_rounds_to(printed, scale * value) for scale in (1.0, 100.0))


def _rounds_to(printed: str, value: float) -> bool:
    bound = printed[0] if printed[0] in "<>" else ""
    plain = printed.lstrip("<>").replace("\u2009", "").replace(",", "").replace("\u2212", "-").replace("\u00b7", ".")
    number = float(plain)
    if math.isinf(value):
        return bound == (">" if value > 0 else "<")
    if bound:
        return value < number if bound == "<" else value > number - 0.5
    mantissa, _, exponent = plain.partition("e")
    places = len(mantissa.partition(".")[2]) - (int(exponent) if exponent else 0)
    half = 0.5 * 10.0**-places
    return abs(value - number) <= half * (1 + 1e-9) + 1e-12 * abs(value)
