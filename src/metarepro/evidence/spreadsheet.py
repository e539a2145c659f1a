"""Reading a sheet of an XLSX workbook, with the place of every cell.

Numbers are taken as the workbook stores them. What a spreadsheet makes of a number on its own (dates, formulas, error
values, merged cells) is refused, because the number that was meant is gone or has no origin that can be shown.
"""

from __future__ import annotations

import datetime
import io
import re
import warnings
import zipfile
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from metarepro.errors import DataError, Problem
from metarepro.evidence.cells import without_exponent
from metarepro.evidence.reader import (
    MAX_BYTES,
    MAX_CELLS,
    MAX_COLUMNS,
    MAX_LINES,
    Cell,
    RawTable,
    check_cells,
    shorten,
    why_not_a_file,
)

# A workbook that unpacks to more than this is refused unread.
MAX_UNPACKED = 20_000_000
# One workbook may hold all tables, a sheet each.
WORKBOOK = "tables.xlsx"
_SPAN = re.compile(
    rb'<(?:\w+:)?(?:mergeCell|hyperlink)\b[^>]*\bref="\$?([A-Z]{1,3})\$?(\d{1,7}):\$?([A-Z]{1,3})\$?(\d{1,7})"'
)
_DECIMALS = re.compile(r"(?:#,##)?0\.(0+)(?:_.)?")
_DETAILS = {
    "formula": (
        "is a formula, and its value may be stale",
        "Fix: copy the cells and paste them as values (Paste special, Values).",
    ),
    "date": (
        "is a date. Did the spreadsheet turn a number such as 1-2 or 3.4 into it?",
        "Fix: format the column as text, then type the cell anew.",
    ),
    "percent": (
        "is shown as a percentage, but stored as a fraction",
        "Fix: give the column the format General, and type the number that is meant.",
    ),
    "struck": ("is struck through, and it would be read like the others", "Fix: delete it, or take the line away."),
    "boolean": ("is TRUE or FALSE", "Fix: write yes or no, or a number."),
    "error": ("is an error value of the spreadsheet", "Fix: mend the formula, or leave the cell empty."),
}


def read_sheet(path: Path, shown: str, table: str) -> RawTable:
    """Read the sheet of a table from a workbook: the sheet named like the table, or the only one.

    Parameters
    ----------
    path : Path
        The workbook.
    shown : str
        The path as messages name it.
    table : str
        Name of the table.

    Returns
    -------
    RawTable
        Cells whose line and column are row and column of the sheet; its path names the sheet too.

    Raises
    ------
    DataError
        E001, E003, E009, E017 for the file; E050 for a cell that is no plain text or number, E051 for a sheet that is
        not there.
    """
    book = _open(path, shown)
    names = book.sheetnames
    wanted = [n for n in names if n.strip().lower() == table]
    alone = path.name != WORKBOOK and len(names) == 1
    if not wanted and not alone:
        what = f"the workbook has no sheet {table!r}"
        fix = f"Fix: name a sheet {table}, or keep a single one. Sheets: {', '.join(names)}."
        raise DataError([Problem("E051", what, shown, details=(fix,))])
    sheet = book[(wanted or names)[0]]
    if not hasattr(sheet, "iter_rows"):
        fix = "Fix: put the table on a sheet of its own."
        raise DataError([Problem("E051", f"the sheet {sheet.title!r} is a chart, not a table", shown, details=(fix,))])
    return _table(sheet, f"{shown}:{sheet.title}")


def read_all_cells(path: Path, shown: str, sheet: str) -> tuple[list[list[Cell]], list[Problem]]:
    """All rows of a sheet that hold anything, titles and remarks too, and what cannot be taken as it stands.

    Parameters
    ----------
    path, shown
        As for `read_sheet`.
    sheet : str
        Name of the sheet.

    Returns
    -------
    tuple
        Rows of cells, each as wide as the sheet, and the problems of single cells, which may be of no account.

    Raises
    ------
    DataError
        E001, E009, E017: the file cannot be used.
    """
    problems: list[Problem] = []
    rows = _stored_rows(_open(path, shown)[sheet], f"{shown}:{sheet}", problems)
    return _padded(rows, f"{shown}:{sheet}"), problems


def has_sheet(path: Path, shown: str, table: str) -> bool:
    """Whether a workbook of several tables holds this one."""
    return any(n.strip().lower() == table for n in sheet_names(path, shown))


def sheet_names(path: Path, shown: str) -> list[str]:
    """Names of the sheets of a workbook."""
    return list(_open(path, shown).sheetnames)


def _open(path: Path, shown: str) -> Any:
    try:
        strange = why_not_a_file(path)
        if strange:
            raise DataError([Problem("E001", strange, shown, details=("Fix: put the workbook there.",))])
        size = path.stat().st_size
        if size > MAX_BYTES:
            fix = "Fix: keep only the tables in it."
            what = f"the file has {size:,} bytes; at most {MAX_BYTES:,} are read"
            raise DataError([Problem("E001", what, shown, details=(fix,))])
        raw = path.read_bytes()
    except OSError as error:
        fix = "Fix: close it in other programs, and allow reading it."
        raise DataError([Problem("E001", f"cannot be read: {error.strerror}", shown, details=(fix,))]) from None
    return _parsed(raw, shown)


# All tables may be in one workbook, which is parsed once.
@lru_cache(maxsize=1)
def _parsed(raw: bytes, shown: str) -> Any:
    from openpyxl import load_workbook

    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as packed:
            unpacked = sum(entry.file_size for entry in packed.infolist())
            wide = "" if unpacked > MAX_UNPACKED else _too_wide(packed)
        if unpacked > MAX_UNPACKED:
            what = f"the workbook unpacks to {unpacked:,} bytes; at most {MAX_UNPACKED:,} are read"
            raise DataError([Problem("E009", what, shown, details=("Fix: keep only the tables in it.",))])
        if wide:
            what = f"the cells {wide} of a sheet are merged, or one link; at most {MAX_CELLS:,} cells are read"
            fix = "Fix: unmerge them, or delete the link. Clear whole rows and columns beside the table."
            raise DataError([Problem("E009", what, shown, details=(fix,))])
        with warnings.catch_warnings():
            # Drop-down lists and the like that openpyxl does not know are none of our business.
            warnings.simplefilter("ignore")
            return load_workbook(io.BytesIO(raw), data_only=False)
    except DataError:
        raise
    except Exception as error:  # openpyxl lets whatever its XML parser met pass
        kind = "protected by a password" if raw[:4] == b"\xd0\xcf\x11\xe0" else "damaged, or no XLSX at all"
        fix = f"Fix: open it in a spreadsheet and save it again as .xlsx or as 'CSV UTF-8'. ({type(error).__name__})"
        raise DataError([Problem("E017", f"the workbook is {kind}", shown, details=(fix,))]) from None


def _too_wide(packed: zipfile.ZipFile) -> str:
    """Cells that are merged or one link, and so many that making each of them would fill the memory."""
    for name in packed.namelist():
        if not name.startswith("xl/worksheets/"):
            continue
        for found in _SPAN.finditer(packed.read(name)):
            first, row, last, end = (part.decode() for part in found.groups())
            if (_number(last) - _number(first) + 1) * (int(end) - int(row) + 1) > MAX_CELLS:
                return f"{first}{row}:{last}{end}"
    return ""


def _number(letters: str) -> int:
    """Number of a column of a sheet: 1 for A, 27 for AA."""
    number = 0
    for letter in letters:
        number = 26 * number + ord(letter) - 64
    return number


def _table(sheet: Any, place: str) -> RawTable:
    problems: list[Problem] = []
    merged = sorted(str(r) for r in sheet.merged_cells.ranges)
    if merged:
        what = f"the cells {', '.join(merged[:5])} are merged, so that some rows have no value of their own"
        problems.append(Problem("E050", what, place, details=("Fix: unmerge them and fill in every row.",)))
    rows = _stored_rows(sheet, place, problems)
    problems += _far_out(rows, place) or _beside(rows, place)
    if problems:
        raise DataError(problems)
    return check_cells(_padded(rows, place), place)


def _stored_rows(sheet: Any, place: str, problems: list[Problem]) -> dict[int, dict[int, Cell]]:
    """Cells with a text, by row and column; what is wrong with them is added to the problems."""
    rows: dict[int, dict[int, Cell]] = {}
    # Only what the file stores: a blank cell with a format in the last row would make a million rows otherwise.
    for _, stored in sorted(sheet._cells.items()):
        cell = _cell(stored, place, problems)
        if cell.text:
            rows.setdefault(cell.line, {})[cell.column] = cell
    for number in rows:
        if number in sheet.row_dimensions and sheet.row_dimensions[number].hidden:
            what = f"the row {number} is hidden, and it would be read like the others"
            problems.append(Problem("E050", what, place, number, 1, ("Fix: show it, or delete it.",)))
    return rows


def _padded(rows: Mapping[int, Mapping[int, Cell]], place: str) -> list[list[Cell]]:
    """Rows of the same number of cells."""
    width = max((column for row in rows.values() for column in row), default=0)
    if len(rows) * width > MAX_CELLS:
        what = f"the table has {len(rows) * width:,} cells; at most {MAX_CELLS:,} are read"
        raise DataError([Problem("E009", what, place, details=("Fix: is it the right sheet?",))])
    return [[row.get(n) or Cell("", line, n) for n in range(1, width + 1)] for line, row in rows.items()]


def _far_out(rows: Mapping[int, Mapping[int, Cell]], place: str) -> list[Problem]:
    """The first cell outside the area that is read."""
    for line, row in rows.items():
        for column, cell in row.items():
            if line > MAX_LINES or column > MAX_COLUMNS:
                what = f"the cell lies outside the first {MAX_LINES:,} rows and {MAX_COLUMNS} columns, which are read"
                details = (f"cell: {shorten(cell.text)}", "Fix: delete it, or move it to where it belongs.")
                return [Problem("E009", what, place, line, column, details)]
    return []


def _beside(rows: Mapping[int, Mapping[int, Cell]], place: str) -> list[Problem]:
    """Cells to the right of the header, if few rows have some; where most have, the first row is no header."""
    header, *below = rows.values() if rows else ({},)
    right = [[cell for column, cell in row.items() if column > max(header)] for row in below]
    if 2 * sum(map(bool, right)) > len(below):
        return []
    return [
        Problem(
            "E004", "the cell has a value, and its column has no header", place, cell.line, cell.column,
            (f"cell: {shorten(cell.text)}", "Fix: delete the cell, or write the header of its column."),
        )
        for row in right for cell in row
    ]  # fmt: skip


def _cell(cell: Any, place: str, problems: list[Problem]) -> Cell:
    value, kind = cell.value, ""
    if value is None:
        text = ""
    elif cell.data_type == "f":
        text, kind = str(getattr(value, "text", value)), "formula"
    elif cell.data_type == "e":
        text, kind = str(value), "error"
    elif isinstance(value, bool):
        text, kind = str(value).upper(), "boolean"
    elif isinstance(value, datetime.datetime | datetime.date | datetime.time | datetime.timedelta):
        text, kind = str(value), "date"
    elif isinstance(value, int | float) and "%" in (cell.number_format or ""):
        text, kind = f"{100 * value:.15g} %", "percent"
    elif isinstance(value, float):
        # Fifteen digits are what a spreadsheet shows and keeps: 0.1 + 0.2 is stored as 0.30000000000000004.
        text = _with_zeros(f"{value:.15g}", cell.number_format or "")
    else:
        text = str(value).strip(" ")
    if text and cell.font is not None and cell.font.strike:
        kind = kind or "struck"
    if kind:
        message, fix = _DETAILS[kind]
        problems.append(Problem("E050", f"the cell {message}", place, cell.row, cell.column, (f"cell: {text}", fix)))
    return Cell(text, cell.row, cell.column)


def _with_zeros(text: str, number_format: str) -> str:
    """A number with the zeros at its end that the format shows: 15.30 says more than 15.3."""
    text = without_exponent(text)
    shown = _DECIMALS.fullmatch(number_format)
    if shown is None or "e" in text:
        return text
    whole, _, decimals = text.partition(".")
    return f"{whole}.{decimals.ljust(len(shown.group(1)), '0')}"
