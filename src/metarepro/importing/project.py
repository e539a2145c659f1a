"""A project made of another program's file: its tables and configuration, and how it is written."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import BeforeValidator

from metarepro.csv_output import csv_text
from metarepro.errors import ConfigError, Problem
from metarepro.evidence.cells import MAX_LABEL, parse_label
from metarepro.evidence.dictionary import column_names, write_dictionary
from metarepro.evidence.tables import REQUIRED_TABLES, TABLES
from metarepro.importing.names import clean_text
from metarepro.template import refuse_occupied


@dataclass(frozen=True)
class ImportedProject:
    """What was read in a file of another program.

    Attributes
    ----------
    title : str
        Of the review.
    tables : dict
        Raw table name (studies, arms, comparisons ...) to its rows, each column to text.
    config : str
        Text of config.yaml.
    notes : tuple of str
        What was left out or assumed, in sentences.
    files : dict
        Further files of the project, name to text: `left-out.csv`, what was not taken, with reasons;
        `printed-effects.csv`, printed effects beside those that follow from the numbers.
    """

    title: str
    tables: dict[str, list[dict[str, str]]]
    config: str
    notes: tuple[str, ...]
    files: Mapping[str, str] = field(default_factory=dict)


def write_imported(project: ImportedProject, folder: Path) -> list[Path]:
    """Write a project into a new or empty folder; returns the files written.

    All of it is written beside the folder first and moved there when complete.

    Parameters
    ----------
    project : ImportedProject
    folder : Path
        A folder that does not exist yet, or is empty.

    Raises
    ------
    ConfigError
        The folder exists and is not empty, or cannot be written.
    """
    try:
        refuse_occupied(folder)
        target = folder.resolve()
        target.parent.mkdir(parents=True, exist_ok=True)
        half = target.with_name(f".{target.name}.{os.getpid()}.part")
        try:
            _write(project, half)
            _move(half, target)
        finally:
            shutil.rmtree(half, ignore_errors=True)
    except OSError as error:
        raise ConfigError([Problem("E001", f"cannot be written: {error.strerror}", str(folder))]) from None
    return sorted(p for p in folder.rglob("*") if p.is_file())


def table_text(name: str, rows: Sequence[Mapping[str, str]]) -> str:
    """CSV text of a raw table: columns in the order of its model, those required or used; then the user's own.

    Parameters
    ----------
    name : str
        Raw table.
    rows : sequence of mapping
        Column to text.
    """
    model = TABLES[name]
    known = column_names(model)
    own = [c for c in dict.fromkeys(c for row in rows for c in row) if c not in known]
    if own and not model.takes_own:
        raise ValueError(f"{name} has no column {sorted(own)}")
    columns = [c for c in known if model.model_fields[c].is_required() or any(r.get(c) for r in rows)]
    columns += own
    names = {
        c
        for c in columns
        if c in known
        and any(isinstance(m, BeforeValidator) and m.func is parse_label for m in model.model_fields[c].metadata)
    }

    def cell(row: Mapping[str, str], column: str) -> str:
        """Names of other programs may be longer than figures take; one character is left for an apostrophe."""
        text = row.get(column, "")
        return clean_text(text, MAX_LABEL - 1) if column in names and len(text) >= MAX_LABEL else text

    return csv_text(columns, ([cell(row, c) for c in columns] for row in rows))


def _write(project: ImportedProject, folder: Path) -> None:
    raw = folder / "data" / "raw"
    raw.mkdir(parents=True)
    for name in TABLES:
        rows = project.tables.get(name, [])
        if rows or name in REQUIRED_TABLES:
            _put(raw / f"{name}.csv", table_text(name, rows))
    write_dictionary(folder / "data")
    _put(folder / "config.yaml", project.config)
    for name, text in project.files.items():
        _put(folder / name, text)
    # A name with a tag in it is a name.
    notes = "".join(f"- {note}\n".replace("<", "\\<") for note in project.notes) or "Nothing was left out or assumed.\n"
    _put(folder / "NOTES.md", f"# What was left out or assumed on import\n\n{notes}")


def _put(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")


def _move(half: Path, target: Path) -> None:
    """Put the complete folder in its place; into an empty one that is there, config.yaml last."""
    if not target.exists():
        half.rename(target)
        return
    moved: list[Path] = []
    try:
        for part in sorted(half.iterdir(), key=lambda p: (p.name == "config.yaml", p.name)):
            part.rename(target / part.name)
            moved.append(target / part.name)
    except OSError:
        for part in moved:
            shutil.rmtree(part) if part.is_dir() else part.unlink()
        raise
