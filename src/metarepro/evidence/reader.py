"""Reading a CSV file without losing where each cell stands.

Nothing guesses here: one declared delimiter and encoding, one header row. Every cell keeps its physical line and
character column.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from pathlib import Path

from metarepro.errors import DataError, Problem

MAX_BYTES = 10_000_000
MAX_LINES = 20_000
MAX_COLUMNS = 500
MAX_CELLS = 1_000_000
MAX_CELL = 10_000


@dataclass(frozen=True)
class Dialect:
    """How a table is written, as the configuration declares it; nothing is guessed.

    Attributes
    ----------
    delimiter : str
        One character between cells.
    decimal : str
        Decimal sign of numbers, point or comma.
    encoding : str
        Of the file, such as utf-8, cp1252 or utf-16.
    missing : tuple of str
        What stands for a missing number, besides an empty cell; in text columns it is text.
    """

    delimiter: str = ","
    decimal: str = "."
    encoding: str = "utf-8"
    missing: tuple[str, ...] = ()


PLAIN = Dialect()


@cache
def _field(delimiter: str) -> re.Pattern[str]:
    return re.compile(rf'"((?:[^"]|"")*)"|([^{re.escape(delimiter)}"\r\n]*)')


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


def read_table(path: Path, shown: str, dialect: Dialect = PLAIN) -> RawTable:
    """Read a CSV file.

    Parameters
    ----------
    path : Path
        The file.
    shown : str
        The path as messages name it.
    dialect : Dialect
        How it is written.

    Raises
    ------
    DataError
        Codes E001 to E008, each with its position.
    """
    return parse_table(read_text(path, shown, dialect.encoding), shown, dialect)


def read_text(path: Path, shown: str, encoding: str = "utf-8") -> str:
    """Text of a file that is no other kind of file (see `read_table`)."""
    return _decode(_read_bytes(path, shown), shown, encoding)


def _read_bytes(path: Path, shown: str) -> bytes:
    try:
        if not path.is_file():
            raise FileNotFoundError
        if path.stat().st_size > MAX_BYTES:
            size = path.stat().st_size
            raise DataError([Problem("E001", f"the file has {size:,} bytes; at most {MAX_BYTES:,} are read", shown)])
        raw = path.read_bytes()
    except OSError as error:
        what = "there is no such file" if isinstance(error, FileNotFoundError) else f"cannot be read: {error.strerror}"
        raise DataError([Problem("E001", what, shown, details=("Fix: put the table there.",))]) from None
    kind = _other_kind(raw)
    if kind:
        fix = "Fix: open it in a spreadsheet and save it as 'CSV UTF-8'."
        raise DataError([Problem("E017", f"this is {kind}, whatever its name says", shown, details=(fix,))])
    return raw


def _other_kind(raw: bytes) -> str:
    """What a file is that is no text table, by its first bytes; empty for text."""
    start = raw[:200].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if raw[:4] == b"PK\x03\x04":
        return "a spreadsheet (XLSX, ODS) or another zip file"
    if raw[:8] == b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1":
        return "an old Excel or Word file"
    if start.startswith((b"<!doctype html", b"<html")):
        return "a web page"
    return "a PDF" if start.startswith(b"%pdf-") else ""


def _decode(raw: bytes, shown: str, encoding: str) -> str:
    # A byte order mark of UTF-8 is no part of the text.
    name = "utf-8-sig" if encoding.lower().replace("_", "-") in ("utf-8", "utf8") else encoding
    try:
        return raw.decode(name)
    except UnicodeError as error:
        at = error.start if isinstance(error, UnicodeDecodeError) else 0
        line = raw.count(b"\n", 0, at) + 1
        what = "UTF-8" if name == "utf-8-sig" else f"{encoding}, as `csv: encoding` says"
        likely = _likely_encoding(raw)
        hint = f"Or, if it is {likely}: set `csv: {{encoding: {likely}}}` in config.yaml." if likely else ""
        fix = "Fix: save it as UTF-8 (Excel: Save as, 'CSV UTF-8')."
        details = (fix, hint) if hint else (fix,)
        raise DataError([Problem("E002", f"byte {at} is not {what}", shown, line, details=details)]) from None


def _likely_encoding(raw: bytes) -> str:
    """What bytes that are no UTF-8 look like: UTF-16 by its mark, else the encoding of Windows in the West."""
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return "utf-16"
    try:
        raw.decode("cp1252")
    except UnicodeDecodeError:
        return ""
    return "cp1252"


def parse_table(text: str, shown: str, dialect: Dialect = PLAIN) -> RawTable:
    """Split CSV text into cells with positions (see `read_table`)."""
    lines = text.count("\n") + 1
    if lines > MAX_LINES:
        raise DataError([Problem("E009", f"the table has {lines:,} lines; at most {MAX_LINES:,} are read", shown)])
    cells = text.count(dialect.delimiter) + lines
    if cells > MAX_CELLS:
        raise DataError([Problem("E009", f"the table has {cells:,} cells; at most {MAX_CELLS:,} are read", shown)])
    records = _split(text, shown, dialect.delimiter)
    told = re.match(r"sep=(.)(\r\n|\n|\r)", text)
    if told:
        # A line for Excel alone; it is no header, and must agree with the declaration.
        if told.group(1) != dialect.delimiter:
            _refuse_other_delimiter(Cell(told.group(1), 1, 5), records[1:], shown, dialect)
        records = records[1:]
    records = [r for r in records if any(cell.text for cell in r)]
    if records and len(records[0]) == 1:
        _refuse_other_delimiter(records[0][0], records[1:], shown, dialect)
    return check_cells(records, shown)


def check_cells(records: list[list[Cell]], shown: str) -> RawTable:
    """Header and rows of cells, none of them blank, as a table.

    Raises
    ------
    DataError
        Codes E003, E005, E007 and E009.
    """
    if not records:
        raise DataError([Problem("E003", "the table is empty: it has no header row", shown)])
    header, rows = records[0], records[1:]
    if len(header) > MAX_COLUMNS:
        what = f"the header has {len(header):,} cells; at most {MAX_COLUMNS} columns are read"
        raise DataError([Problem("E009", what, shown, header[0].line)])
    long = [cell for row in records for cell in row if len(cell.text) > MAX_CELL]
    if long:
        what = f"the cell has {len(long[0].text):,} characters; at most {MAX_CELL:,} are read"
        details = (f"cell: {_shorten(long[0].text)}", "Fix: shorten it. Is a quote missing that should end it?")
        raise DataError([Problem("E009", what, shown, long[0].line, long[0].column, details)])
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


def _refuse_other_delimiter(header: Cell, rows: list[list[Cell]], shown: str, dialect: Dialect) -> None:
    """A header of one cell that holds another delimiter: say how to declare it."""
    mark = next((m for m in (";", "\t", "|", ",") if m != dialect.delimiter and m in header.text), None)
    if mark is None:
        return
    written = json.dumps(mark)
    written_rows = "\n".join(dialect.delimiter.join(c.text for c in row) for row in rows)
    decimal = ', decimal: ","' if mark == ";" and re.search(r"\d,\d", written_rows) else ""
    raise DataError(
        [
            Problem(
                "E008",
                f"the cells seem to be separated by {mark!r}, not by {dialect.delimiter!r}",
                shown,
                header.line,
                details=(f"Fix: set `csv: {{delimiter: {written}{decimal}}}` in config.yaml, or save with commas.",),
            )
        ]
    )


def _split(text: str, shown: str, delimiter: str) -> list[list[Cell]]:
    field = _field(delimiter)
    records: list[list[Cell]] = []
    record: list[Cell] = []
    at, line, line_start = 0, 1, 0
    while True:
        start, start_line, column = at, line, at - line_start + 1
        match = field.match(text, at)
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
        if following == delimiter:
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
