"""Cell texts -> values, strictly: what does not look exactly like a number is not one."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import BeforeValidator
from pydantic_core import PydanticCustomError

from metarepro.evidence.reader import Dialect

_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_ID = re.compile(r"[A-Za-z0-9_.\-]+", re.ASCII)
MAX_COUNT = 10_000_000


def _problem(code: str, message: str, *details: str) -> PydanticCustomError:
    # Braces would be read as placeholders.
    return PydanticCustomError(code, message.replace("{", "(").replace("}", ")"), {"details": list(details)})


def _why_not_a_number(text: str) -> tuple[str, ...]:
    if re.fullmatch(r"[+-]?\d+,\d{3}", text):
        return (
            f"A comma is ambiguous. Fix: write {text.replace(',', '')}, or {text.replace(',', '.')} for the fraction.",
        )
    if re.fullmatch(r"[+-]?\d+,\d+", text):
        return (f"A comma is ambiguous. Fix: write {text.replace(',', '.')} or {text.replace(',', '')}.",)
    if text.endswith("%"):
        return ("Fix: give the count or the plain number, not a percentage.",)
    if text.strip().lower() in {"na", "n/a", "nan", "none", "null", "-", ".", "?", "#n/a", "inf"}:
        return ("Fix: leave the cell empty when the number is missing.",)
    if re.search(r"[<>~*?]", text):
        return ("Fix: give the bare number; put the remark in `derivation` or `notes`.",)
    return ("Allowed: a number with a decimal point, or an empty cell.",)


def parse_number(text: Any) -> Any:
    """Text of a cell -> float, or None when it is empty. Other values pass through."""
    if not isinstance(text, str):
        return text
    if text == "":
        return None
    if "\0" in text:
        raise _problem("E011", text.partition("\0")[2], "Fix: write the decimal comma, or change the declaration.")
    if not _NUMBER.fullmatch(text):
        raise _problem("E011", "is not a number", *_why_not_a_number(text))
    value = float(text)
    if value in (float("inf"), float("-inf")):
        raise _problem("E013", "is too large for a number")
    return value


def parse_count(text: Any) -> Any:
    """Text of a cell -> int, or None when it is empty."""
    value = parse_number(text)
    if value is None or isinstance(value, int):
        return value
    if value != int(value):
        hint = "Did you give a percentage or a rate? Fix: give the number of patients."
        raise _problem("E012", "is not a whole number", hint)
    if not 0 <= value <= MAX_COUNT:
        raise _problem("E013", f"is not a count from 0 to {MAX_COUNT:,}", "Fix: give the number of patients.")
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


def parse_id(text: Any) -> Any:
    """An id: letters, digits, dot, dash and underscore."""
    if isinstance(text, str) and text and not _ID.fullmatch(text):
        raise _problem("E015", "is no id", "Allowed: letters without accents, digits, '_', '-' and '.'; no blanks.")
    return text


def parse_flag(text: Any) -> Any:
    """Yes or no -> bool."""
    return {"yes": True, "no": False}.get(text, text) if isinstance(text, str) else text


Number = Annotated[float | None, BeforeValidator(parse_number)]
Count = Annotated[int | None, BeforeValidator(parse_count)]
Id = Annotated[str, BeforeValidator(parse_id)]
Flag = Annotated[bool, BeforeValidator(parse_flag)]
