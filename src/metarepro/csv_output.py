"""Results as CSV text: UTF-8, commas, decimal points, one header row, safe to open in a spreadsheet.

A spreadsheet computes what starts with = + - @, a tab or a carriage return. A text that does gets an apostrophe
before it, which makes it inert; numbers stay numbers. `as_meant` takes the apostrophe away again.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from typing import Any

# With apostrophes before it too, so that a text that starts with one comes back as it was.
_FORMULA = re.compile(r"'*[=+\-@\t\r]")
_QUOTED = re.compile(r'[,"\r\n]')
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", re.ASCII)


def inert_text(text: str) -> str:
    """A text that no spreadsheet runs as a formula; numbers stay as they are."""
    return f"'{text}" if _FORMULA.match(text) and not _NUMBER.fullmatch(text) else text


def as_meant(text: str) -> str:
    """The text that `inert_text` was given."""
    return text[1:] if text.startswith("'") and _FORMULA.match(text) else text


def csv_text(columns: Iterable[str], rows: Iterable[Iterable[Any]], infinite: bool = False) -> str:
    """CSV text with LF line ends.

    Parameters
    ----------
    columns : iterable of str
        The header.
    rows : iterable of rows
        Numbers are written in full; what is None or NaN is empty; texts are made inert.
    infinite : bool
        Whether infinite numbers are written as ``inf`` and ``-inf``; otherwise they are empty, too.
    """
    table = [columns, *rows]
    return "".join(",".join(_quoted(_cell(value, infinite)) for value in row) + "\n" for row in table)


def _quoted(text: str) -> str:
    # The csv module leaves a lone carriage return bare, where spreadsheets begin a new row.
    return '"{}"'.format(text.replace('"', '""')) if _QUOTED.search(text) else text


def _cell(value: Any, infinite: bool) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        shown = math.isfinite(value) or (infinite and math.isinf(value))
        return repr(float(value)) if shown else ""
    return inert_text(str(value))
