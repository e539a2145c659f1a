"""Reading a CSV file without losing where each cell stands.

Nothing guesses here: one delimiter, UTF-8, one header row. Every cell keeps its physical line and character column.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from metarepro.errors import DataError, Problem

MAX_BYTES = 10_000_000

_FIELD = re.compile(r'"((?:[^"]|"")*)"|([^,"\r\n]*)')
# Control characters, zero-width characters, bidirectional overrides, byte order marks inside the text.
_HIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")


@dataclass(frozen=True)
class Cell:
    """Text of one cell and where it starts: physical line and character column, from 1."""

    text: str
    line: int
    column: int


@dataclass(frozen=True)
class RawTable:
    """A table as written: header and rows of cells."""

    path: str
    header: tuple[Cell, ...]
    rows: tuple[tuple[Cell, ...], ...]

    def named(self) -> list[dict[str, Cell]]:
        """Rows as dictionaries by column name."""
        names = [cell.text for cell in self.header]
        return [dict(zip(names, row, strict=True)) for row in self.rows]


def read_table(path: Path, shown: str) -> RawTable:
    """Read a CSV file.

    Parameters
    ----------
    path : Path
        The file.
    shown : str
        The path as messages name it.

    Raises
    ------
    DataError
        Codes E001 to E008, each with its position.
    """
    return parse_table(_decode(_read_bytes(path, shown), shown), shown)


def _read_bytes(path: Path, shown: str) -> bytes:
    try:
        if not path.is_file():
            raise FileNotFoundError
        if path.stat().st_size > MAX_BYTES:
            size = path.stat().st_size
            raise DataError([Problem("E001", f"the file has {size:,} bytes; at most {MAX_BYTES:,} are read", shown)])
        return path.read_bytes()
    except OSError as error:
        what = "there is no such file" if isinstance(error, FileNotFoundError) else f"cannot be read: {error.strerror}"
        raise DataError([Problem("E001", what, shown, details=("Fix: put the table there.",))]) from None


def _decode(raw: bytes, shown: str) -> str:
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise DataError(
            [
                Problem(
                    "E002",
                    f"byte {error.start} is not UTF-8",
                    shown,
                    line,
                    details=("Fix: save it as UTF-8 (Excel: Save as, 'CSV UTF-8').",),
                )
            ]
        ) from None


def parse_table(text: str, shown: str) -> RawTable:
    """Split CSV text into cells with positions (see `read_table`)."""
    records = _split(text, shown)
    records = [r for r in records if any(cell.text for cell in r)]
    if not records:
        raise DataError([Problem("E003", "the table is empty: it has no header row", shown)])
    header, rows = records[0], records[1:]
    if len(header) == 1 and re.search("[;\t|]", header[0].text):
        mark = next(m for m in (";", "\t", "|") if m in header[0].text)
        raise DataError(
            [
                Problem(
                    "E008",
                    f"the cells seem to be separated by {mark!r}, not by a comma",
                    shown,
                    header[0].line,
                    details=("Fix: save the table with commas and decimal points.",),
                )
            ]
        )
    problems = [_hidden(cell, shown) for row in records for cell in row if _HIDDEN.search(cell.text)]
    for row in rows:
        if len(row) != len(header):
            problems.append(
                Problem(
                    "E005",
                    f"the row has {len(row)} cells, the header has {len(header)}",
                    shown,
                    row[0].line,
                    row[min(len(row) - 1, len(header))].column,
                    (
                        f"row: {_shorten(', '.join(cell.text for cell in row))}",
                        "Fix: give it as many cells as the header. A comma inside a text needs quotes, a decimal comma "
                        "must be a point.",
                    ),
                )
            )
    if problems:
        raise DataError(problems)
    return RawTable(shown, tuple(header), tuple(tuple(r) for r in rows))


def _split(text: str, shown: str) -> list[list[Cell]]:
    records: list[list[Cell]] = []
    record: list[Cell] = []
    at, line, line_start = 0, 1, 0
    while True:
        start, start_line, column = at, line, at - line_start + 1
        match = _FIELD.match(text, at)
        if match is None or (match.group(1) is None and text[match.end() : match.end() + 1] == '"'):
            place = at if match is None else match.end()
            raise DataError([_quote_problem(text, place, shown, line, place - line_start + 1)])
        at = match.end()
        if match.group(1) is None:
            value = match.group(2).strip(" ")
            column += len(match.group(2)) - len(match.group(2).lstrip(" "))
        else:
            value = match.group(1).replace('""', '"')
            breaks = list(re.finditer("\r\n|\n|\r", text[start:at]))
            if breaks:
                line += len(breaks)
                line_start = start + breaks[-1].end()
        record.append(Cell(value, start_line, column))
        following = text[at : at + 1]
        if following == ",":
            at += 1
            continue
        records.append(record)
        if following == "":
            return records
        if following not in "\r\n":
            raise DataError([_quote_problem(text, at, shown, line, at - line_start + 1)])
        at += 2 if text[at : at + 2] == "\r\n" else 1
        record, line, line_start = [], line + 1, at
        if at >= len(text):
            return records


def _quote_problem(text: str, at: int, shown: str, line: int, column: int) -> Problem:
    closed = text.count('"', at) % 2 == 0
    what = "a quote stands inside an unquoted cell" if closed else "a quote opened here is never closed"
    fix = 'Fix: put the whole cell in quotes and write a quote inside it twice: "said ""yes""".'
    return Problem("E006", what, shown, line, column, (fix,))


def _hidden(cell: Cell, shown: str) -> Problem:
    match = _HIDDEN.search(cell.text)
    assert match is not None
    character = f"U+{ord(match.group()):04X}"
    visible = _HIDDEN.sub(lambda m: f"<U+{ord(m.group()):04X}>", cell.text)
    return Problem(
        "E007",
        f"an invisible or control character, {character}",
        shown,
        cell.line,
        cell.column,
        (f"cell: {_shorten(visible)}", "Fix: type the cell anew."),
    )


def check_header(table: RawTable, known: dict[str, bool]) -> None:
    """Refuse a header that lacks a required column, has an unknown one, or has one twice.

    Parameters
    ----------
    table : RawTable
    known : dict
        Column name to whether it is required.
    """
    problems = []
    names = [cell.text for cell in table.header]
    for number, cell in enumerate(table.header):
        if cell.text in names[:number]:
            problems.append(
                Problem("E004", f"the column {cell.text!r} is there twice", table.path, cell.line, cell.column)
            )
        elif cell.text not in known:
            near = get_close_matches(cell.text.strip().lower(), known, n=1, cutoff=0.6)
            hint = f"Did you mean {near[0]!r}?" if near else f"Known columns: {', '.join(known)}."
            problems.append(
                Problem("E004", f"unknown column {cell.text!r}", table.path, cell.line, cell.column, (hint,))
            )
    missing = [name for name, required in known.items() if required and name not in names]
    if missing:
        s = "s" * (len(missing) > 1)
        problems.append(
            Problem(
                "E004",
                f"the header lacks the column{s} {', '.join(missing)}",
                table.path,
                table.header[0].line,
                details=("Fix: add the column; data/README.md says what it holds.",),
            )
        )
    if problems:
        raise DataError(problems)


def _shorten(text: str, width: int = 100) -> str:
    return text if len(text) <= width else text[: width - 3] + "..."
