"""Columns of a sheet that nothing is made of: they stay the user's own, under names that tables and formulas take."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from metarepro.errors import ConfigError, Problem, place
from metarepro.evidence.dictionary import column_names
from metarepro.evidence.reader import Cell
from metarepro.evidence.tables import TABLES
from metarepro.evidence.texts import check_texts
from metarepro.importing.names import slug
from metarepro.importing.sheet.entries import Entry, drawable
from metarepro.importing.sheet.expressions import name_in_map
from metarepro.importing.sheet.grid import Sheet
from metarepro.importing.sheet.headers import plain
from metarepro.importing.sheet.numbers import is_missing, is_number, plain_text

# Columns of studies.csv that take any text, and may therefore be filled from a column of the same name.
_FREE = frozenset(("title", "journal", "doi", "pmid", "registration", "blinding", "population", "country", "notes"))


@dataclass(frozen=True)
class OwnColumns:
    """The user's own columns.

    Attributes
    ----------
    names : dict
        Column of the sheet to column of the tables.
    of_studies : frozenset of str
        Columns of the sheet that are the same in all rows of each study.
    texts : list of dict
        For each entry, column of the tables to text.
    notes : tuple of str
        What was renamed or left out.
    """

    names: dict[str, str]
    of_studies: frozenset[str]
    texts: list[dict[str, str]]
    notes: tuple[str, ...]


def own_columns(sheet: Sheet, entries: Sequence[Entry], studies: Sequence[str], used: Collection[str]) -> OwnColumns:
    """The columns that are left.

    Parameters
    ----------
    sheet : Sheet
    entries : sequence of Entry
    studies : sequence of str
        Id of the study of each entry.
    used : collection of str
        Columns that are taken for something.
    """
    present = dict.fromkeys(n for e in entries for n in e.cells)
    columns = [
        n for n in present if n not in used and n.removesuffix("_control").removesuffix("_experimental") not in used
    ]
    kept: dict[str, list[str]] = {}
    notes: list[str] = []
    for name in columns:
        cells = [e.cells.get(name) for e in entries]
        wrong = _unusable(name, [c for c in cells if c is not None and c.text], sheet)
        if wrong:
            notes.append(wrong)
            continue
        texts = own_texts([c.text if c else "" for c in cells], sheet.decimal)
        if any(texts):
            kept[name] = texts
    of_studies = frozenset(
        n for n, texts in kept.items() if len(set(zip(studies, texts, strict=True))) == len(set(studies))
    )
    names = own_names(list(kept), of_studies)
    changed = [f"{old!r} is {new}" for old, new in names.items() if old != new]
    if changed:
        notes.append(f"Columns under names that tables and formulas take: {', '.join(changed)}.")
    rows = [{names[n]: texts[i] for n, texts in kept.items()} for i in range(len(entries))]
    return OwnColumns(names, of_studies, rows, tuple(notes))


def table_name(column: str, own: OwnColumns, option: str, more: Collection[str] = ()) -> str:
    """Name in the tables of a column that an option names.

    Parameters
    ----------
    column : str
        As the user writes it.
    own : OwnColumns
    option : str
        The option, for the message.
    more : collection of str
        Columns of the tables besides the user's own.

    Raises
    ------
    ConfigError
        There is no such column among the user's own.
    """
    if column in own.names:
        return own.names[column]
    same = [new for old, new in own.names.items() if plain(old) == plain(column) or new == column]
    if same or column in more:
        return same[0] if same else column
    known = [*own.names, *more]
    near = get_close_matches(column, known, n=1, cutoff=0.5)
    hint = f"Fix: did you mean {near[0]!r}?" if near else "Fix: name one of them."
    what = f"{option} names the column {column!r}, which the sheet does not have, or of which numbers are made"
    raise ConfigError([Problem("E106", what, details=(f"Columns: {', '.join(known)}.", hint))])


def translate_formula(formula: str, own: OwnColumns, more: Collection[str]) -> str:
    """A formula of moderators with the columns named as in the tables.

    Raises
    ------
    ConfigError
        It names a column that there is not.
    """

    def name(found: re.Match[str]) -> str:
        if found["text"]:
            return found[0]
        return name_in_map(table_name(found["quoted"] or found["name"], own, "--moderators", more))

    if formula in own.names:
        # A header alone, as it stands in the sheet, whatever is in it.
        return name_in_map(table_name(formula, own, "--moderators", more))
    # Functions stand before a bracket, their options before "="; numbers and texts are no columns.
    pattern = (
        r"""`(?P<quoted>[^`]+)`|(?P<text>'[^']*'|"[^"]*")|(?P<name>(?<![\w.])[^\W\d]\w*(?:\.\w+)*(?!\w|\s*[(=]))"""
    )
    return re.sub(pattern, name, formula.strip())


def own_texts(texts: Sequence[str], decimal: str) -> list[str]:
    """Cells as the tables have them: missing ones empty, numbers with a point if the column holds nothing else."""
    found = ["" if is_missing(t) else t for t in texts]
    if all(is_number(t, decimal) for t in found if t):
        return [plain_text(t, decimal) if t else "" for t in found]
    return [drawable(t) for t in found]


def _unusable(name: str, cells: Sequence[Cell], sheet: Sheet) -> str:
    """Why a column is left out; empty if it is not."""
    for cell in cells:
        doubt = sheet.doubtful.get((cell.line, cell.column))
        at = place(sheet.path, cell.line, cell.column)
        if doubt is not None:
            return f"Column {name!r} was left out: {at}: {doubt.message}."
        wrong = check_texts({name: Cell(drawable(cell.text), cell.line, cell.column)}, sheet.path, "", frozenset())
        if wrong and wrong[0].code != "E036":  # what starts like a formula gets an apostrophe
            return f"Column {name!r} was left out: {at}: {wrong[0].message}."
    return ""


def own_names(columns: Sequence[str], of_studies: Collection[str], before: str = "sheet") -> dict[str, str]:
    """Names in the tables, which take none of their own columns' names, nor one that looks like it.

    Parameters
    ----------
    columns : sequence of str
    of_studies : collection of str
        Those that are the same in all rows of a study.
    before : str
        Stands before a name that the tables have.
    """
    known = {plain(c) for table in ("studies", "comparisons") for c in column_names(TABLES[table])}
    known |= {"own", "file", "line", "rows", "arms", "studies"}
    names: dict[str, str] = {}
    taken: set[str] = set()
    for column in columns:
        fits = column.isascii() and re.fullmatch(r"[A-Za-z]\w*", column)
        name = column if fits else slug(column, "column")
        name = f"column_{name}" if name[0].isdigit() else name
        if plain(column) in _FREE and column in of_studies:
            name = plain(column)
        elif plain(name) in known or plain(name).rstrip("s") == "study":
            name = f"{before}_{name.lower()}"
        base, number = name, 2
        while name.casefold() in taken:
            name, number = f"{base}_{number}", number + 1
        taken.add(name.casefold())
        names[column] = name
    return names
