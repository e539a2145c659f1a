"""A project to start from: three invented trials, to be replaced."""

from __future__ import annotations

import shutil
from pathlib import Path

from metarepro.errors import ConfigError, Problem
from metarepro.evidence.dictionary import write_dictionary
from metarepro.evidence.spreadsheet import WORKBOOK
from metarepro.workbook import write_workbook

TEMPLATE = Path(__file__).parent / "templates" / "project"


def refuse_occupied(folder: Path) -> None:
    """Refuse a folder that holds something already: nothing is ever overwritten.

    Raises
    ------
    ConfigError
        The folder exists and is not empty, or is no folder.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        fix = "Fix: name a new folder, or an empty one; nothing is ever overwritten."
        raise ConfigError([Problem("E001", "the folder is not empty", str(folder), details=(fix,))])


def write_project(folder: Path, workbook: bool = False) -> list[Path]:
    """Write the template project into a new or empty folder; returns the files written.

    Parameters
    ----------
    folder : Path
    workbook : bool, default False
        Whether the tables are the sheets of one workbook, data/raw/tables.xlsx, instead of CSV files.

    Raises
    ------
    ConfigError
        The folder exists and is not empty, or cannot be written.
    """
    try:
        refuse_occupied(folder)
        shutil.copytree(TEMPLATE, folder, dirs_exist_ok=True)
        write_dictionary(folder / "data")
        if workbook:
            raw = folder / "data" / "raw"
            write_workbook(raw, raw / WORKBOOK)
            (folder / "data" / "datapackage.json").unlink()  # it describes CSV files
    except OSError as error:
        raise ConfigError([Problem("E001", f"cannot be written: {error.strerror}", str(folder))]) from None
    return sorted(p for p in folder.rglob("*") if p.is_file())
