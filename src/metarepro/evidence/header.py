"""The header of a table against the columns that it may have."""

from __future__ import annotations

import re
from difflib import get_close_matches

from metarepro.errors import DataError, Problem
from metarepro.evidence.reader import RawTable, shorten


def check_header(table: RawTable, known: dict[str, bool], takes_own: bool = False) -> None:
    """Refuse a header that lacks a required column, has an unknown one, or has one twice.

    Parameters
    ----------
    table : RawTable
    known : dict
        Column name to whether it is required.
    takes_own : bool
        Whether unknown columns are the user's own.
    """
    problems = []
    names = [cell.text for cell in table.header]
    if not set(names) & set(known) and not any(_same_word(n, k) for n in names for k in known):
        first = table.header[0]
        details = (
            f"row: {shorten(', '.join(names))}",
            f"Known columns: {', '.join(known)}.",
            "Fix: delete titles and comments above the header, or write the header.",
        )
        what = "the first row is no header: none of its cells is a column of this table"
        raise DataError([Problem("E004", what, table.path, first.line, first.column, details)])
    for number, cell in enumerate(table.header):
        if cell.text in names[:number]:
            first = table.header[names.index(cell.text)]
            problems.append(
                Problem(
                    "E004",
                    f"the column {cell.text!r} is there twice",
                    table.path,
                    cell.line,
                    cell.column,
                    (f"First in column {first.column}.", "Fix: delete one, or correct its name."),
                )
            )
        elif cell.text == "":
            fix = "Fix: delete the column; if it has numbers, name it."
            what = f"cell {number + 1} of the header is empty"
            problems.append(Problem("E004", what, table.path, cell.line, cell.column, (fix,)))
        elif cell.text not in known and not (takes_own and not _meant(cell.text, known, names)):
            near = get_close_matches(cell.text.strip().lower(), known, n=1, cutoff=0.6)
            hint = f"Did you mean {near[0]!r}?" if near else f"Known columns: {', '.join(known)}."
            fix = f"Fix: write it as {near[0]!r}." if near else "Fix: delete the column, or move it to another file."
            problems.append(
                Problem("E004", f"unknown column {cell.text!r}", table.path, cell.line, cell.column, (hint, fix))
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


def _meant(name: str, known: dict[str, bool], names: list[str]) -> bool:
    """Whether an unknown column seems to be one that is not there: written otherwise, or a required one misspelt."""
    absent = [k for k in known if k not in names]
    required = [k for k in absent if known[k]]
    return any(_same_word(name, k) for k in absent) or bool(get_close_matches(name.strip().lower(), required, 1, 0.75))


def _same_word(one: str, other: str) -> bool:
    """Whether two names differ by case, blanks and marks only."""
    return re.sub(r"[\W_]", "", one).casefold() == re.sub(r"[\W_]", "", other).casefold()
