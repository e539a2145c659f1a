"""Cells that no table of trials holds: totals rows, formulas, dates made by a spreadsheet, addresses of a disk."""

from __future__ import annotations

import re
from collections.abc import Mapping

from metarepro.errors import Problem
from metarepro.evidence.hints import ODD_BLANKS
from metarepro.evidence.reader import Cell, hidden, shorten

TOTALS = frozenset(
    (
        "total",
        "totals",
        "subtotal",
        "sum",
        "summe",
        "gesamt",
        "insgesamt",
        "overall",
        "mean",
        "average",
        "mittelwert",
        "somme",
        "totale",
        "suma",
    )
)
_FORMULA = re.compile(r"[=@]|[+-][A-Za-z(]|[\t\r\n]")
_MONTHS = "jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|mrz|mai|okt|dez"
# As spreadsheets show a date they made of 1-2 or 3/4; "March 2020" is a study.
_DATE = re.compile(
    rf"\d{{1,2}}-(?:{_MONTHS})(?:-\d\d(\d\d)?)?|(?:{_MONTHS})-\d\d|\d{{1,2}}\. (?:{_MONTHS})"
    r"|\d{4}-\d\d-\d\d( \d\d:\d\d(:\d\d)?)?",
    re.I,
)
# "Table S2: scores" is a text; javascript:alert(1) and file:///C:/x.pdf are addresses that no reader should open.
_ADDRESS = re.compile(r"(?:(?!https?:|doi:)[a-z][a-z0-9+.-]*://|javascript:|vbscript:|data:[a-z/]*[;,])\S*", re.I)
_WORDS = ("scale", "diagnosis", "route", "conflict", "doi", "pmid", "registration", "country")


def check_texts(named: Mapping[str, Cell], shown: str, row: str, numeric: frozenset[str]) -> list[Problem]:
    """What is wrong with the texts of a row before any of them is taken for a value.

    Parameters
    ----------
    named : mapping of str to Cell
        The row by column.
    shown, row : str
        File, and key of the row, as messages name them.
    numeric : frozenset of str
        Columns of numbers, in which a date or a formula is no number anyway.
    """
    cells = list(named.values())
    first = next((c for c in cells if c.text), cells[0])
    if "study_id" in named and first.text.strip(" :").casefold() in TOTALS:
        details = (
            row,
            "A row of totals would be counted like a study.",
            "Fix: delete the row; totals are computed.",
        )
        return [Problem("E034", f"{first.text!r} looks like a row of totals", shown, first.line, first.column, details)]
    problems = []
    for name, cell in named.items():
        matched = name in numeric or name in _WORDS or name.endswith(("_id", "_arm")) or name in ("outcome", "agent")
        if matched and ODD_BLANKS.search(cell.text):
            what = f"{name} has a blank or hyphen that looks like another"
            found = hidden(cell, shown, ODD_BLANKS, what)
            problems.append(
                Problem(
                    found.code, found.message, shown, cell.line, cell.column,
                    (row, found.details[0], "Copied from a PDF or a web page?", "Fix: type the cell anew."),
                )
            )  # fmt: skip
        elif name not in numeric:
            problems += _text(name, cell, shown, row)
    return problems


def _text(name: str, cell: Cell, shown: str, row: str) -> list[Problem]:
    text = cell.text
    if _FORMULA.match(text):
        code, what = "E036", "starts like a formula of a spreadsheet"
        details = (
            "A text must not start with '=', '@', a tab or a line break, nor with '+' or '-' before a letter: "
            "a spreadsheet would compute it.",
            "Fix: write what is meant, or put a word before it.",
        )
    elif _DATE.fullmatch(text):
        code, what = "E035", "is a date, made by a spreadsheet it seems"
        details = (
            "Spreadsheets turn 1-2 into 1 February and 3.4 into 3 April.",
            "Fix: format the column as text, then type the cell anew from the source.",
        )
    elif name.endswith(("url", "doi")) and _ADDRESS.match(text.strip()):
        code, what = "E037", "is no address of a web page"
        details = ("Allowed: an address with https or http, a DOI, or a text.", "Fix: give the address of the page.")
    else:
        return []
    written = repr(shorten(text, 60))
    return [Problem(code, f"{name} {written} {what}", shown, cell.line, cell.column, (row, *details))]
