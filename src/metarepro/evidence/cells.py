"""Cell texts -> values, strictly: what does not look exactly like a number is not one."""

from __future__ import annotations

import re
import unicodedata
from decimal import Decimal
from typing import Annotated, Any

from pydantic import BeforeValidator
from pydantic_core import PydanticCustomError

from metarepro.evidence.hints import ALLOWED_COUNT, ALLOWED_NUMBER, why_not_a_count, why_not_a_number
from metarepro.evidence.reader import Dialect

_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", re.ASCII)
# Spreadsheets write 12 as 12.0; an exponent or a leading zero is no way to write down patients.
_COUNT = re.compile(r"\+?(0|[1-9]\d*)(\.0*)?", re.ASCII)
_ID = re.compile(r"[A-Za-z0-9_.\-]+", re.ASCII)
_MOST_ZEROS = 30
# Characters of a name in a figure, and of a remark below one.
MAX_ID = 100
MAX_LABEL, MAX_REMARK = 200, 1000
MAX_COUNT = 10_000_000


def _problem(code: str, message: str, *details: str) -> PydanticCustomError:
    # Braces would be read as placeholders.
    return PydanticCustomError(code, message.replace("{", "(").replace("}", ")"), {"details": list(details)})


def parse_number(text: Any) -> Any:
    """Text of a cell -> float, or None when it is empty. Other values pass through."""
    return _number(text, ALLOWED_NUMBER)


def _number(text: Any, allowed: str) -> Any:
    if not isinstance(text, str):
        return text
    if text == "":
        return None
    if "\0" in text:
        raise _problem("E011", text.partition("\0")[2], "Fix: write the decimal comma, or change the declaration.")
    if not _NUMBER.fullmatch(text):
        raise _problem("E011", "is not a number", allowed, *why_not_a_number(text, allowed == ALLOWED_COUNT))
    value = float(text)
    if value in (float("inf"), float("-inf")):
        raise _problem("E013", "is too large for a number", allowed, "Fix: check the exponent and the digits.")
    if value == 0 and text.startswith("-"):
        fix = f"Fix: write {text[1:]}, or the digits that were rounded away."
        raise _problem("E011", "is not a number: zero has no sign", allowed, fix)
    return value


def parse_count(text: Any) -> Any:
    """Text of a cell -> int, or None when it is empty."""
    value = _number(text, ALLOWED_COUNT)
    if value is None or isinstance(value, int):
        return value
    if value != int(value):
        raise _problem("E012", "is not a whole number", *why_not_a_count(str(text), value))
    if not 0 <= value <= MAX_COUNT:
        raise _problem("E013", f"is not a count from 0 to {MAX_COUNT:,}", *why_not_a_count(str(text), value))
    if isinstance(text, str) and not _COUNT.fullmatch(text):
        raise _problem("E012", "is not written as a whole number", *why_not_a_count(str(text), value))
    return int(value)


# Validators of columns that hold numbers.
NUMERIC = (parse_number, parse_count)
_COMMA = re.compile(r"[+-]?(\d+(,\d*)?|,\d+)([eE][+-]?\d+)?", re.ASCII)


def plain_number(text: str, dialect: Dialect) -> str:
    """Text of a number column as if it had been written with a decimal point and an empty cell for missing.

    What does not fit the declared way of writing is left as it is, for `parse_number` to refuse. A point where a comma
    was declared is such: 1.234 would be ambiguous.
    """
    if text in dialect.missing:
        return ""
    if dialect.decimal == ",":
        if _COMMA.fullmatch(text):
            return text.replace(",", ".")
        if _NUMBER.fullmatch(text):
            raise_at = "is written with a point, although `csv: decimal` declares a comma"
            return f"{text}\0{raise_at}"
    return text


def printed_number(text: str, dialect: Dialect) -> str:
    """Text of a column of numbers as printed, such as `<0.001`, as if written with a point and empty for missing."""
    if text in dialect.missing:
        return ""
    return re.sub(r"(?<![\d.]),(?=\d)|(?<=\d),(?=\d)", ".", text) if dialect.decimal == "," else text


def without_exponent(text: str) -> str:
    """A number with an exponent in plain decimals, digits kept: 1.530e1 is 15.30. Other texts are left as they are."""
    if not _NUMBER.fullmatch(text) or "e" not in text.lower():
        return text
    number = Decimal(text)
    return f"{number:f}" if abs(number.adjusted()) <= _MOST_ZEROS else text


def parse_id(text: Any) -> Any:
    """An id: letters, digits, dot, dash and underscore, not too many."""
    if isinstance(text, str) and len(text) > MAX_ID:
        fix = "Fix: shorten it, in every table."
        raise _problem("E015", f"has {len(text):,} characters", f"Allowed: at most {MAX_ID}, as ids name files.", fix)
    if isinstance(text, str) and text and not _ID.fullmatch(text):
        odd = next(c for c in text if not _ID.fullmatch(c))
        what = "the blank" if odd == " " else f"{odd!r}" if odd.isascii() else f"{odd!r} (U+{ord(odd):04X})"
        plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
        plain = re.sub(r"[^A-Za-z0-9_.\-]+", "_", plain.strip()).strip("_")
        allowed = "Allowed: letters without accents, digits, '_', '-' and '.'; no blanks."
        # A letter of another script that looks like a Latin one has no Latin letter inside.
        whole = all(unicodedata.normalize("NFKD", c)[0].isascii() for c in text if c.isalnum())
        fix = (
            f"Fix: write {plain}, in every table."
            if plain and whole
            else "Fix: write it in such letters, in every table."
        )
        raise _problem("E015", f"is no id because of {what}", allowed, fix)
    return text


def parse_label(text: Any) -> Any:
    """A name that stands in figures: no longer than fits there."""
    return _no_longer(text, MAX_LABEL, "Fix: shorten it; a full title belongs into the column of titles or remarks.")


def parse_remark(text: Any) -> Any:
    """A remark that is printed below figures."""
    return _no_longer(text, MAX_REMARK, "Fix: shorten it; what only the table needs to say belongs into `derivation`.")


def _no_longer(text: Any, most: int, fix: str) -> Any:
    if isinstance(text, str) and len(text) > most:
        raise _problem("E046", f"has {len(text):,} characters", f"Allowed: at most {most:,}.", fix)
    return text


def parse_flag(text: Any) -> Any:
    """Yes or no -> bool; nothing else, since `1`, `x` or `ja` may mean either."""
    words = {"yes": True, "no": False}
    if not isinstance(text, str):
        return text
    if text not in words:
        meant = {"y": "yes", "true": "yes", "t": "yes", "1": "yes", "ja": "yes", "wahr": "yes", "oui": "yes",
                 "n": "no", "false": "no", "f": "no", "0": "no", "nein": "no", "falsch": "no", "non": "no"}  # fmt: skip
        near = meant.get(text.strip().lower(), text.strip().lower())
        fix = f"Fix: write {near}." if near in words else "Fix: use one of these words."
        raise _problem("E014", "is not an allowed word", "Allowed: yes, no", fix)
    return words[text]


Number = Annotated[float | None, BeforeValidator(parse_number)]
Count = Annotated[int | None, BeforeValidator(parse_count)]
Id = Annotated[str, BeforeValidator(parse_id)]
Label = Annotated[str, BeforeValidator(parse_label)]
Remark = Annotated[str, BeforeValidator(parse_remark)]
Flag = Annotated[bool, BeforeValidator(parse_flag)]
