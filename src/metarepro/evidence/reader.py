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

from metarepro.errors import DataError, MetareproError, Problem

MAX_BYTES = 10_000_000
MAX_LINES = 20_000
MAX_COLUMNS = 500
MAX_CELLS = 1_000_000
MAX_CELL = 10_000
_EMPTY = "Fix: write the header; data/README.md lists the columns. Delete a table that is not needed."
_LARGE = "Fix: is it the right file? A table of trials has some thousand lines at most."


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
    shared : tuple of (str, str)
        Columns with what all rows have in them where their own cells are empty.
    """

    delimiter: str = ","
    decimal: str = "."
    encoding: str = "utf-8"
    missing: tuple[str, ...] = ()
    shared: tuple[tuple[str, str], ...] = ()


PLAIN = Dialect()


@cache
def _field(delimiter: str) -> re.Pattern[str]:
    return re.compile(rf'"((?:[^"]|"")*)"|([^{re.escape(delimiter)}"\r\n]*)')


# Control characters, zero-width characters, line and paragraph separators, bidirectional overrides, byte order marks
# inside the text.
_HIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")


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
    mixed_ends: int = 0  # first line that ends otherwise than the one before it; 0 when all end alike

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
        what = why_not_a_file(path)
        if what:
            raise DataError([Problem("E001", what, shown, details=(f"Fix: {_instead(path)}",))])
        size = path.stat().st_size
        if size > MAX_BYTES:
            what = f"the file has {size:,} bytes; at most {MAX_BYTES:,} are read"
            raise DataError([Problem("E001", what, shown, details=(_LARGE,))])
        raw = path.read_bytes()
    except OSError as error:
        fix = "Fix: close it in other programs, and allow reading it."
        raise DataError([Problem("E001", f"cannot be read: {error.strerror}", shown, details=(fix,))]) from None
    kind = _other_kind(raw)
    if kind:
        fix = "Fix: open it in a spreadsheet and save it as 'CSV UTF-8'."
        if "Git LFS" in kind:
            fix = "Fix: git lfs pull downloads the table itself."
        raise DataError([Problem("E017", f"this is {kind}, whatever its name says", shown, details=(fix,))])
    return raw


def leads_out(
    path: Path, shown: str, project: Path, code: str = "E001", error: type[MetareproError] = DataError
) -> None:
    """Refuse a file that a link takes from outside the project: it would not travel with the project."""
    real, inside = path.resolve(), project.resolve()
    if path.exists() and not real.is_relative_to(inside):
        details = (f"It is {real}.", "Fix: copy the file into the project.")
        raise error([Problem(code, "this is a link that leads out of the project", shown, details=details)])


def why_not_a_file(path: Path) -> str:
    """What stands in the place of an ordinary file; empty if it is one. A named pipe would be waited for for ever."""
    if path.is_file():
        return ""
    if path.is_dir():
        return "this is a folder, not a file"
    if path.is_symlink() and not path.exists():
        return "this is a link to a file that is not there"
    return "this is no ordinary file" if path.exists() else "there is no such file"


def _instead(path: Path) -> str:
    """What to do about a table that is not there: rename a file that seems to be it, or put it there."""
    if path.exists() or not path.parent.is_dir():
        return "put the table there."
    near = get_close_matches(
        path.name, sorted(p.name for p in path.parent.iterdir() if p.name != path.name), n=1, cutoff=0.8
    )
    return f"there is {near[0]!r}; rename it to {path.name!r}." if near else "put the table there."


def _other_kind(raw: bytes) -> str:
    """What a file is that is no text table, by its first bytes; empty for text."""
    start = raw[:200].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if raw[:4] == b"PK\x03\x04":
        return "a spreadsheet (XLSX, ODS) or another zip file"
    if raw[:8] == b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1":
        return "an old Excel or Word file"
    if start.startswith((b"<!doctype html", b"<html")):
        return "a web page"
    if start.startswith(b"<?xml"):
        return "an XML file"
    if start.startswith(b"{\\rtf"):
        return "a word processor's file (RTF)"
    if raw[:2] == b"\x1f\x8b":
        return "a compressed file (gzip)"
    if start.startswith(b"version https://git-lfs"):
        return "a pointer of Git LFS"
    return "a PDF" if start.startswith(b"%pdf-") else ""


def _decode(raw: bytes, shown: str, encoding: str) -> str:
    # A byte order mark of UTF-8 is no part of the text.
    name = "utf-8-sig" if encoding.lower().replace("_", "-") in ("utf-8", "utf8") else encoding
    try:
        if name == "utf-8-sig" and b"\0" in raw and _utf16_without_mark(raw):
            raise UnicodeDecodeError(name, raw, raw.index(b"\0"), raw.index(b"\0") + 1, "UTF-16")
        return raw.decode(name)
    except UnicodeError as error:
        at = error.start if isinstance(error, UnicodeDecodeError) else 0
        line = line_of(raw, at)
        what = "UTF-8" if name == "utf-8-sig" else f"{encoding}, as `csv: encoding` says"
        likely = likely_encoding(raw)
        hint = f"Or, if it is {likely}: set `csv: {{encoding: {likely}}}` in config.yaml." if likely else ""
        fix = "Fix: save it as UTF-8 (Excel: Save as, 'CSV UTF-8')."
        details = (fix, hint) if hint else (fix,)
        raise DataError([Problem("E002", f"byte {at} is not {what}", shown, line, details=details)]) from None


def line_of(raw: bytes, at: int) -> int:
    """Physical line of a byte, from 1; lines end with LF, CRLF or, on old Macs, CR."""
    return raw.count(b"\n", 0, at) + raw.count(b"\r", 0, at) - raw.count(b"\r\n", 0, at) + 1


def likely_encoding(raw: bytes) -> str:
    """What bytes that are no UTF-8 look like: UTF-16 by its mark, else the encoding of Windows in the West."""
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return "utf-16"
    if _utf16_without_mark(raw):
        return _utf16_without_mark(raw)
    try:
        raw.decode("cp1252")
    except UnicodeDecodeError:
        return ""
    return "cp1252"


def _utf16_without_mark(raw: bytes) -> str:
    """UTF-16 without a byte order mark: Latin text has a zero in every other byte."""
    start = raw[:2000] if raw[:2] not in (b"\xff\xfe", b"\xfe\xff") else b""
    if len(start) >= 8 and start[1::2].count(0) > 0.8 * len(start[1::2]):
        return "utf-16-le"
    return "utf-16-be" if len(start) >= 8 and start[0::2].count(0) > 0.8 * len(start[0::2]) else ""


def parse_table(text: str, shown: str, dialect: Dialect = PLAIN) -> RawTable:
    """Split CSV text into cells with positions (see `read_table`)."""
    try:
        records = split_text(text, shown, dialect.delimiter)
    except DataError:
        # Quotes stand in odd places where another character separates the cells.
        first, _, rest = text.lstrip("\ufeff").partition("\n")
        if dialect.delimiter not in first and '"' not in first:
            _refuse_other_delimiter(Cell(first.strip(), 1, 1), [[Cell(rest[:100_000], 2, 1)]], shown, dialect)
        raise
    told = re.match(r"sep=(.)(\r\n|\n|\r)", text)
    if told:
        # A line for Excel alone; it is no header, and must agree with the declaration.
        if told.group(1) != dialect.delimiter:
            _refuse_other_delimiter(Cell(told.group(1), 1, 5), records[1:], shown, dialect)
        records = records[1:]
    records = [r for r in records if any(cell.text for cell in r)]
    if records and len(records[0]) == 1:
        _refuse_other_delimiter(records[0][0], records[1:], shown, dialect)
    return check_cells(records, shown, _mixed_ends(text))


def split_text(text: str, shown: str, delimiter: str) -> list[list[Cell]]:
    """All rows of CSV text, blank and ragged ones too, as cells with positions.

    Raises
    ------
    DataError
        E006 or E009.
    """
    lines = text.count("\n") + text.count("\r") - text.count("\r\n") + 1
    if lines > MAX_LINES:
        raise DataError(
            [
                Problem(
                    "E009", f"the table has {lines:,} lines; at most {MAX_LINES:,} are read", shown, details=(_LARGE,)
                )
            ]
        )
    cells = text.count(delimiter) + lines
    if cells > MAX_CELLS:
        raise DataError(
            [
                Problem(
                    "E009", f"the table has {cells:,} cells; at most {MAX_CELLS:,} are read", shown, details=(_LARGE,)
                )
            ]
        )
    return _split(text, shown, delimiter)


def check_cells(records: list[list[Cell]], shown: str, mixed_ends: int = 0) -> RawTable:
    """Header and rows of cells, none of them blank, as a table.

    Raises
    ------
    DataError
        Codes E003, E005, E007 and E009.
    """
    if not records:
        raise DataError([Problem("E003", "the table is empty: it has no header row", shown, details=(_EMPTY,))])
    header, rows = records[0], records[1:]
    if len(header) > MAX_COLUMNS:
        what = f"the header has {len(header):,} cells; at most {MAX_COLUMNS} columns are read"
        raise DataError([Problem("E009", what, shown, header[0].line, details=(_LARGE,))])
    long = [cell for row in records for cell in row if len(cell.text) > MAX_CELL]
    if long:
        what = f"the cell has {len(long[0].text):,} characters; at most {MAX_CELL:,} are read"
        details = (f"cell: {shorten(long[0].text)}", "Fix: shorten it. Is a quote missing that should end it?")
        raise DataError([Problem("E009", what, shown, long[0].line, long[0].column, details)])
    problems = [hidden(cell, shown) for row in records for cell in row if _HIDDEN.search(cell.text)]
    widths = {len(row) for row in rows}
    if len(rows) > 1 and len(widths) == 1 and len(header) not in widths:
        what = f"the first row has {len(header)} cells, every row below has {len(rows[0])}"
        reasons = (
            f"row: {shorten(', '.join(cell.text for cell in header))}",
            "Is it a title, or lacks it a column? Or do decimal commas, or texts with commas, make cells?",
            "Fix: the first row is the header; give every row as many cells.",
        )
        raise DataError([*problems, Problem("E005", what, shown, header[0].line, header[0].column, reasons)])
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
                        f"row: {shorten(', '.join(cell.text for cell in row))}",
                        _why_ragged(row),
                    ),
                )
            )
    if problems:
        raise DataError(problems)
    return RawTable(shown, tuple(header), tuple(tuple(r) for r in rows), mixed_ends)


def _mixed_ends(text: str) -> int:
    """First line that ends otherwise than the one before; line breaks inside quotes do not count."""
    line, last = 1, ""
    for match in re.finditer(r'"[^"]*"|\r\n|\n|\r', text):
        end = match.group()
        if end.startswith('"'):
            line += len(re.findall(r"\r\n|\n|\r", end))
            continue
        if last and end != last:
            return line
        line, last = line + 1, end
    return 0


def _why_ragged(row: list[Cell]) -> str:
    texts = [cell.text for cell in row]
    if texts[0].startswith(("#", "//")):
        return "Fix: delete the comment; a table has none."
    if any(text[:1] in ("“", "„", "”", "‘", "«", "'") for text in texts):
        return 'Fix: put texts with commas in plain double quotes, ". Other quotation marks are letters like others.'
    return (
        "Fix: give it as many cells as the header. A comma inside a text needs quotes, a decimal comma must be a point."
    )


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
            if line > start_line:
                what = f"a quote opened here ends in line {line} only, in the middle of a cell"
                fix = "Fix: end the cell with a quote where it ends, or delete the quote."
                raise DataError([Problem("E006", what, shown, start_line, column, (fix,))])
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


def hidden(cell: Cell, shown: str, pattern: re.Pattern[str] = _HIDDEN, what: str = "") -> Problem:
    """The problem of a cell with a character that cannot be seen."""
    match = pattern.search(cell.text)
    assert match is not None
    character = f"U+{ord(match.group()):04X}"
    visible = pattern.sub(lambda m: f"<U+{ord(m.group()):04X}>", cell.text)
    return Problem(
        "E007",
        f"{what or 'an invisible or control character'}, {character}",
        shown,
        cell.line,
        cell.column,
        (f"cell: {shorten(visible)}", "Fix: type the cell anew."),
    )


def shorten(text: str, width: int = 100) -> str:
    """The start of a long text."""
    return text if len(text) <= width else text[: width - 3] + "..."
