"""A sheet and what the user says of it -> a project."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from metarepro.errors import DataError, Problem
from metarepro.importing.names import clean_text
from metarepro.importing.project import ImportedProject
from metarepro.importing.sheet.config import Wishes, make_config
from metarepro.importing.sheet.entries import drawable, make_entries
from metarepro.importing.sheet.expressions import columns_of
from metarepro.importing.sheet.grid import Sheet, read_grid
from metarepro.importing.sheet.headers import plain
from metarepro.importing.sheet.own import table_name, translate_formula
from metarepro.importing.sheet.roles import Roles, find_roles, read_map
from metarepro.importing.sheet.tables import make_tables

# Headers by which files of other programs are known, and the import that reads them.
_OTHERS = {
    "metapsy": ("conditionarm1", "conditionarm2", "outcometype"),
    "revman": ("analysisgroup", "analysisnumber", "study"),
}
_XML = (b"<", b"\xff\xfe<", b"\xfe\xff\x00<", b"<\x00", b"\x00<")


@dataclass(frozen=True)
class SheetOptions:
    """What the user says of a sheet.

    Attributes
    ----------
    sheet : str or None
        Sheet of a workbook.
    mapping : str
        What the columns are, such as ``e1=tpos, n1=tpos+tneg``; without it the headers say it.
    measure : str or None
        Effect measure.
    outcome : str or None
        Name of the outcome, where no column names it.
    better : {'low', 'high'} or None
        Whether more of it is good for the patient.
    subgroups : str or None
        Column of the subgroups.
    moderators : str or None
        Formula of the moderators.
    """

    sheet: str | None = None
    mapping: str = ""
    measure: str | None = None
    outcome: str | None = None
    better: str | None = None
    subgroups: str | None = None
    moderators: str | None = None


def read_plain_sheet(path: Path, options: SheetOptions = SheetOptions()) -> ImportedProject:
    """Read a researcher's sheet.

    Parameters
    ----------
    path : Path
        CSV with any delimiter, or a workbook (.xlsx).
    options : SheetOptions

    Returns
    -------
    ImportedProject
        Tables ``studies`` and ``comparisons``, a configuration with one analysis an outcome, and notes on what was
        taken for what.

    Raises
    ------
    DataError
        The file cannot be read, is a file of another program (E040), or has a cell that cannot be used.
    ConfigError
        The headers, or the options, do not say what the columns hold.
    """
    given = read_map(options.mapping)
    _refuse_xml(path)
    named = [c.name for a in given.values() for c in columns_of(a.expression)]
    sheet = read_grid(path, options.sheet, named)
    _refuse_other_programs(sheet, path)
    roles = find_roles(sheet, given, options.mapping, options.measure)
    entries, notes = make_entries(sheet, roles)
    if not entries:
        what, fix = "the sheet has no row that can be used", "Fix: see the notes on the rows: is it the right sheet?"
        raise DataError([Problem("E041", what, sheet.path, sheet.header[0].line, details=(*notes, fix))])
    tables = make_tables(sheet, roles, entries, drawable(options.outcome) if options.outcome else None)
    more = [n for n in ("year", "subgroup", "cluster") if n in roles.texts]
    subgroups = table_name(options.subgroups, tables.own, "--subgroups", more) if options.subgroups else ""
    if not subgroups and "subgroup" in roles.texts:
        subgroups = "subgroup"
    moderators = translate_formula(options.moderators, tables.own, more) if options.moderators else ""
    wishes = Wishes(roles.choice.measure, options.better, subgroups, moderators)
    named = (
        list(tables.outcomes.values())
        if len(tables.outcomes) == 1 and (options.outcome or "outcome" in roles.texts)
        else []
    )
    title = drawable(sheet.title or (named[0] if named else "") or re.sub(r"[_\s]+", " ", path.stem)) or "My review"
    config = make_config(title, path.name, tables, wishes)
    rows = {"studies": tables.studies, "comparisons": tables.comparisons}
    return ImportedProject(
        title, rows, config, tuple(_notes(sheet, roles, options, [*notes, *tables.notes], tables.own.names))
    )


def _notes(sheet: Sheet, roles: Roles, options: SheetOptions, more: Sequence[str], own: dict[str, str]) -> list[str]:
    """What was taken for what, in the order in which a reader asks."""
    form = "one row an arm" if roles.is_long else "one row a comparison"
    notes = [f"Columns ({form}), as --map takes them: --map {shlex.quote(roles.as_map())}"]
    if own:
        notes.append(f"Your own columns, for subgroups, moderators and figures: {', '.join(own.values())}.")
    if roles.choice.told:
        notes.append(roles.choice.told)
    elif options.measure is None:
        notes.append(f"Measure: {roles.choice.measure}, as printed in the sheet.")
    if options.better is None:
        notes.append("Which is better, high or low, is not said: config.yaml has `better: low`, to be looked at.")
    return [*notes, *sheet.notes, *more]


def _refuse_xml(path: Path) -> None:
    try:
        start = path.read_bytes()[:100] if path.is_file() else b""
    except OSError:
        return
    if start.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(_XML):
        fix = f"Fix: if it is a RevMan file: metarepro import revman {path}"
        raise DataError([Problem("E040", "this is an XML file, no sheet", str(path), details=(fix,))])


def _refuse_other_programs(sheet: Sheet, path: Path) -> None:
    names = {plain(n) for n in sheet.names}
    for kind, headers in _OTHERS.items():
        if set(headers) <= names:
            what = f"this is a table of {'the Metapsy format' if kind == 'metapsy' else 'RevMan Web'}, no plain sheet"
            fix = f"Fix: metarepro import {kind} {clean_text(str(path))}"
            raise DataError([Problem("E040", what, sheet.path, sheet.header[0].line, details=(fix,))])
