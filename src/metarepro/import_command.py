"""`metarepro import`: a project made of a sheet, or of another program's file."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from metarepro.errors import ConfigError, MetareproError, Problem
from metarepro.shell import COMMAND, directory_option

if TYPE_CHECKING:
    from metarepro.importing.project import ImportedProject

# Options of `import table`.
TABLE_OPTIONS = (
    ("sheet", "S", "sheet of the workbook, if several hold something"),
    ("map", "MAP", "what the columns are, if the headers do not say it: \"study=author, e1=events, n1=total, ...\"; "
     "sums, differences and products of columns; names with blanks in `backticks`"),
    ("measure", "M", "effect measure, such as OR, SMD, HR"),
    ("outcome", "NAME", "name of the outcome"),
    ("better", None, "whether more of the outcome is good (high) or bad (low)"),
    ("subgroups", "COLUMN", "column of the subgroups"),
    ("moderators", "FORMULA", "moderators of a meta-regression, as in \"dose + year\""),
)  # fmt: skip


def add_import(commands: argparse._SubParsersAction[Any]) -> argparse.ArgumentParser:
    """Add the command to the others, and return its parser."""
    imported: argparse.ArgumentParser = commands.add_parser(
        "import",
        help="make a project of a sheet, or of another program's file",
        description="Make a project of a sheet, or of another program's file: its tables, a configuration to start "
        "from, and notes on what was left out or assumed.",
        epilog="metarepro import table sheet.csv --to my-review --outcome Relapse --better low --measure OR; "
        'metarepro import table sheet.csv --to my-review --map "study=author, e1=tpos, n1=tpos+tneg, e2=cpos, '
        'n2=cpos+cneg"',
    )
    imported.add_argument("kind", choices=tuple(IMPORTS), metavar="KIND", help=f"one of: {', '.join(IMPORTS)}")
    imported.add_argument(
        "file",
        type=Path,
        metavar="FILE",
        help="table: a sheet of yours (CSV, XLSX), one row a trial or one row an arm; metapsy: a table in the Metapsy "
        "format (CSV); revman: a RevMan 5 file (.rm5), or the data rows of RevMan Web (...-data-rows.csv)",
    )
    imported.add_argument("--to", type=Path, required=True, metavar="DIR", help="a folder that is new or empty")
    of_table = imported.add_argument_group("of a table")
    for name, meta, told in TABLE_OPTIONS:
        choices = ("low", "high") if name == "better" else None
        of_table.add_argument(f"--{name}", metavar=meta, help=told, choices=choices)
    imported.set_defaults(run=_import)
    return imported


def _import(options: argparse.Namespace) -> int:
    from metarepro.importing.project import write_imported

    project = IMPORTS[options.kind](options)
    written = [str(p.relative_to(options.to)) for p in write_imported(project, options.to)]
    if options.format == "json":
        found = {"ok": True, "directory": str(options.to), "files": written, "notes": project.notes}
        print(json.dumps(found, indent=1, ensure_ascii=False))
    else:
        rows = ", ".join(f"{len(rows)} {name}" for name, rows in project.tables.items())
        print(f"Read: {rows}.\nWritten to {options.to}: {', '.join(written)}.")
        for note in project.notes:
            print(f"Note: {note}")
        if options.kind == "table":
            _say_what_to_mend(options.to)
        print(f"Next: {COMMAND} check{directory_option(options.to)}; then look at config.yaml and NOTES.md there.")
    return 0


def _say_what_to_mend(folder: Path) -> None:
    """What `check` refuses in a new project, if anything."""
    from metarepro.project.reading import read_project

    try:
        read_project(folder)
    except MetareproError as error:
        print(f"To be mended before a run:\n{error}")


def _table(options: argparse.Namespace) -> ImportedProject:
    from metarepro.importing.sheet import SheetOptions, read_plain_sheet
    from metarepro.template import refuse_occupied

    refuse_occupied(options.to)
    given = {name: getattr(options, name) for name, _, _ in TABLE_OPTIONS}
    return read_plain_sheet(options.file, SheetOptions(mapping=given.pop("map") or "", **given))


def _metapsy(options: argparse.Namespace) -> ImportedProject:
    from metarepro.importing.metapsy import read_metapsy

    _refuse_table_options(options)
    return read_metapsy(options.file)


def _revman(options: argparse.Namespace) -> ImportedProject:
    from metarepro.importing.revman import read_revman

    _refuse_table_options(options)
    return read_revman(options.file)


def _refuse_table_options(options: argparse.Namespace) -> None:
    given = next((f"--{name}" for name, _, _ in TABLE_OPTIONS if getattr(options, name) is not None), "")
    if given:
        fix = f"Fix: leave it away, or {COMMAND} import table, if it is a sheet of yours."
        raise ConfigError([Problem("E102", f"{given} is an option of `import table`", details=(fix,))])


IMPORTS: dict[str, Callable[[argparse.Namespace], ImportedProject]] = {
    "table": _table,
    "metapsy": _metapsy,
    "revman": _revman,
}
