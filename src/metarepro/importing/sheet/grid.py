"""The table in a sheet: its header, its rows, and what stands around them.

A project's tables declare how they are written; a sheet to be imported is looked at instead, as the project is written
cleanly. What was found and what was left out is said.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path

from metarepro.errors import ConfigError, DataError, Problem, place
from metarepro.evidence.reader import Cell, check_cells, likely_encoding, read_text, shorten, split_text
from metarepro.evidence.spreadsheet import read_all_cells, sheet_names
from metarepro.evidence.texts import TOTALS
from metarepro.importing.names import clean_text
from metarepro.importing.sheet.headers import SIDE_OF, is_known, plain, words_of
from metarepro.importing.sheet.numbers import is_missing, is_number

DELIMITERS = (",", ";", "\t", "|")
_NAMES = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "'|'"}
# Rows in which the header is looked for.
_HEADER_WITHIN = 20
_DECIMAL_COMMA = re.compile(r"[+-]?\d+,\d+")
_TOTAL = re.compile(r"(sub-?)?total\b.*|(summe|gesamt)\b.*|pooled\b.*|overall\b.*", re.I)


@dataclass(frozen=True)
class Sheet:
    """The table of a sheet.

    Attributes
    ----------
    path : str
        File, and sheet of a workbook, as messages name them.
    header : tuple of Cell
        Names of the columns, without blank ones.
    rows : tuple of dict
        Cells by column.
    decimal : str
        Decimal sign of the numbers.
    title : str
        What stands above the header, if anything.
    doubtful : dict
        Line and column to the problem of a cell that cannot be taken as it stands.
    notes : tuple of str
        What was found and left out, in sentences.
    """

    path: str
    header: tuple[Cell, ...]
    rows: tuple[dict[str, Cell], ...]
    decimal: str
    title: str
    doubtful: dict[tuple[int, int], Problem]
    notes: tuple[str, ...]

    @property
    def names(self) -> list[str]:
        """Names of the columns."""
        return [cell.text for cell in self.header]


def read_grid(path: Path, sheet: str | None, named: Sequence[str]) -> Sheet:
    """Read the table of a CSV file or of a sheet of a workbook.

    Parameters
    ----------
    path : Path
    sheet : str or None
        Name of the sheet; needed where several hold something.
    named : sequence of str
        Columns that the user names, by which the header is found.

    Raises
    ------
    DataError
        The file cannot be read, or has no table.
    ConfigError
        There is no such sheet.
    """
    workbook = path.suffix.lower() in (".xlsx", ".xlsm")
    if sheet is not None and not workbook:
        fix = "Fix: leave --sheet away; only a workbook (.xlsx) has sheets."
        raise ConfigError(
            [Problem("E102", "--sheet names a sheet, and the file is no workbook", str(path), 0, 0, (fix,))]
        )
    if workbook:
        name = _choose_sheet(path, sheet)
        shown = f"{path}:{name}"
        records, problems = read_all_cells(path, str(path), name)
        notes, decimal = [f"Read: sheet {name!r}."], "."
    else:
        shown = str(path)
        records, notes, decimal = _read_csv(path, shown)
        problems = []
    return _find_table(records, shown, decimal, problems, notes, named)


def _choose_sheet(path: Path, sheet: str | None) -> str:
    names = sheet_names(path, str(path))
    if sheet is not None:
        found = next((n for n in names if n.strip().casefold() == sheet.strip().casefold()), None)
        if found is None:
            near = get_close_matches(sheet, names, n=1, cutoff=0.4)
            fix = f"Fix: did you mean --sheet {near[0]!r}?" if near else "Fix: name one of them."
            details = (f"Sheets: {', '.join(names)}.", fix)
            raise ConfigError([Problem("E051", f"the workbook has no sheet {sheet!r}", str(path), details=details)])
        return found
    filled = [n for n in names if any(read_all_cells(path, str(path), n)[0])] if len(names) > 1 else names
    if len(filled) != 1:
        what = f"the workbook has {len(filled)} sheets that hold something" if filled else "the workbook is empty"
        details = (f"Sheets: {', '.join(names)}.", f"Fix: say which, as in --sheet {names[0]!r}.")
        raise ConfigError([Problem("E051", what, str(path), details=details)])
    return filled[0]


def _read_csv(path: Path, shown: str) -> tuple[list[list[Cell]], list[str], str]:
    """Rows of a text file, how it is written, and its decimal sign."""
    encoding, notes = "utf-8", []
    try:
        text = read_text(path, shown)
    except DataError as error:
        if error.problems[0].code != "E002":
            raise
        encoding = likely_encoding(path.read_bytes())
        if not encoding:
            raise
        text = read_text(path, shown, encoding)
        notes.append(f"The file is no UTF-8; it was read as {encoding}. Look whether letters with accents are right.")
    told = re.match(r"\ufeff?sep=(.)(\r\n|\n|\r)", text)
    records, delimiter = _split_best(text, shown, told.group(1) if told else "")
    records = records[1:] if told else records
    cells = [cell.text for row in records for cell in row]
    comma = delimiter != "," and any(_DECIMAL_COMMA.fullmatch(text) for text in cells)
    notes.append(f"The cells are separated by {_NAMES.get(delimiter, repr(delimiter))}; "
                 f"the decimal sign is a {'comma' if comma else 'point'}.")  # fmt: skip
    return records, notes, "," if comma else "."


def _split_best(text: str, shown: str, told: str) -> tuple[list[list[Cell]], str]:
    """The text split by the delimiter that gives most rows one number of cells."""
    best: tuple[tuple[int, int], list[list[Cell]], str] | None = None
    failed: DataError | None = None
    for delimiter in (told,) if told else [d for d in DELIMITERS if d in text] or [","]:
        try:
            records = split_text(text, shown, delimiter)
        except DataError as error:
            failed = failed or error
            continue
        widths = Counter(len(row) for row in records if any(cell.text for cell in row))
        width, count = max(widths.items(), key=lambda x: (x[1] * (x[0] > 1), x[0]), default=(0, 0))
        score = (count * (width > 1), width)
        if best is None or score > best[0]:
            best = (score, records, delimiter)
    if best is None:
        assert failed is not None
        raise failed
    return best[1], best[2]


def _find_table(
    records: list[list[Cell]], shown: str, decimal: str, problems: Sequence[Problem], notes: list[str],
    named: Sequence[str],
) -> Sheet:  # fmt: skip
    records = [row for row in records if any(cell.text.strip() for cell in row)]
    if not records:
        raise DataError([Problem("E003", "the sheet is empty", shown, details=("Fix: is it the right one?",))])
    at = _header_row(records, named, decimal)
    header, used = _joined_header(records, at)
    title = next((c.text for row in records[: at - used] for c in row if c.text.strip()), "")
    for row in records[: at - used]:
        notes.append(f"Above the header, not read: {_quoted(row)} ({_place(shown, row)}).")
    below = records[at + 1 :]
    keep = [n for n, cell in enumerate(header) if cell.text]
    spare = [row[n] for row in below for n in range(len(row)) if n < len(header) and n not in keep and row[n].text]
    if spare:
        where = place(shown, spare[0].line, spare[0].column)
        notes.append(f"Cells of a column without a header, not read: {len(spare)}, the first at {where}.")
    rows = []
    for row in below:
        filled = [cell for cell in row if cell.text.strip()]
        why = _no_study(filled, len(keep))
        if why:
            notes.append(f"{why}, not read: {_quoted(row)} ({_place(shown, row)}).")
        else:
            extra = [cell for cell in row[len(header) :] if cell.text]
            rows.append([*row[: len(header)], *extra])
    table = check_cells([list(header), *rows], shown)
    _refuse_twice([header[n] for n in keep], shown)
    if not rows:
        what, fix = "the table has a header and no row", "Fix: is it the right sheet?"
        raise DataError([Problem("E003", what, shown, header[0].line, details=(fix,))])
    words: dict[str, list[Cell]] = {}
    for cell in (row[n] for row in table.rows for n in keep):
        if cell.text and is_missing(cell.text):
            words.setdefault(cell.text.strip(), []).append(cell)
    if words:
        told = ", ".join(f"{word} ({_places(shown, cells)})" for word, cells in words.items())
        notes.append(f"Taken for missing, and empty in the tables: {told}.")
    names = [header[n].text for n in keep]
    lines = {row[0].line for row in rows}
    hidden = [p for p in problems if p.line in lines and p.message.startswith("the row ")]
    if hidden:
        raise DataError(hidden)
    return Sheet(
        shown, tuple(header[n] for n in keep), tuple({x: row[n] for x, n in zip(names, keep, strict=True)}
                                                     for row in table.rows),
        decimal, clean_text(title, 150), {(p.line, p.column): p for p in problems}, tuple(notes),
    )  # fmt: skip


def _header_row(records: Sequence[Sequence[Cell]], named: Sequence[str], decimal: str) -> int:
    """The row with most cells that people use as headers, or that the user names; the first of equal ones."""
    wanted = {plain(n) for n in named}

    def score(row: Sequence[Cell]) -> int:
        texts = [cell.text for cell in row if cell.text.strip()]
        if len(texts) < 2 or any(is_number(t, decimal) for t in texts):
            return 0
        return sum(plain(t) in wanted or is_known(t) for t in texts)

    scores = [score(row) for row in records[:_HEADER_WITHIN]]
    if max(scores) > 0:
        return scores.index(max(scores))
    widest = max(sum(bool(c.text) for c in row) for row in records)
    return next(n for n, row in enumerate(records) if 2 * sum(bool(c.text) for c in row) >= widest)


def _joined_header(records: Sequence[Sequence[Cell]], at: int) -> tuple[list[Cell], int]:
    """The header, names that are there twice with that of their group above; and how many rows it takes more."""
    header = [replace(cell, text=clean_text(cell.text)) for cell in records[at]]
    while header and not header[-1].text:
        header.pop()
    texts = [cell.text for cell in header if cell.text]
    above = records[at - 1] if at else []
    if len(set(texts)) == len(texts) or not any(set(words_of(c.text)) & set(SIDE_OF) for c in above if len(c.text) > 1):
        return header, 0
    joined, group = [], ""
    for n, cell in enumerate(header):
        group = (clean_text(above[n].text) if n < len(above) else "") or group
        text = cell.text or (clean_text(above[n].text) if n < len(above) else "")
        joined.append(replace(cell, text=f"{group} {text}" if texts.count(text) > 1 and group else text))
    return joined, 1


def _no_study(filled: Sequence[Cell], width: int) -> str:
    """What a row is that is no study; empty for one."""
    first = filled[0].text.strip(" :*†‡")
    if first.casefold() in TOTALS or _TOTAL.fullmatch(first):
        return "A row of totals"
    if len(filled) == 1 and width > 2:
        return "A remark or heading"
    return ""


def _refuse_twice(header: Sequence[Cell], shown: str) -> None:
    texts = [cell.text for cell in header]
    problems = []
    for n, cell in enumerate(header):
        if cell.text in texts[:n]:
            first = header[texts.index(cell.text)]
            details = (
                f"First at {place(shown, first.line, first.column)}.",
                "Fix: give each column a name of its own.",
            )
            problems.append(
                Problem("E004", f"the column {cell.text!r} is there twice", shown, cell.line, cell.column, details)
            )
    if problems:
        raise DataError(problems)


def _quoted(row: Sequence[Cell]) -> str:
    return repr(shorten(", ".join(clean_text(c.text) for c in row if c.text.strip()), 70))


def _places(shown: str, cells: Sequence[Cell]) -> str:
    more = f" and {len(cells) - 1} more" if len(cells) > 1 else ""
    return place(shown, cells[0].line, cells[0].column) + more


def _place(shown: str, row: Sequence[Cell]) -> str:
    first = next(cell for cell in row if cell.text.strip())
    return place(shown, first.line, first.column)
