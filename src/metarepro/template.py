"""A project to start from: three invented trials, to be replaced."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path

from metarepro import __version__
from metarepro.errors import ConfigError, Problem
from metarepro.evidence.dictionary import write_dictionary
from metarepro.evidence.spreadsheet import WORKBOOK
from metarepro.workbook import write_workbook

TEMPLATE = Path(__file__).parent / "templates" / "project"
SERVICES = Path(__file__).parent / "templates" / "ci"
# Where each hosting service looks for what it runs.
SERVICE_FILES = {"github": Path(".github/workflows/review.yml"), "gitlab": Path(".gitlab-ci.yml")}


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


def write_project(folder: Path, workbook: bool = False, services: Iterable[str] = ()) -> list[Path]:
    """Write the template project into a new or empty folder; returns the files written.

    Parameters
    ----------
    folder : Path
    workbook : bool, default False
        Whether the tables are the sheets of one workbook, data/raw/tables.xlsx, instead of CSV files.
    services : iterable of str
        Hosting services, ``github`` or ``gitlab``, that shall run the project on every push.

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
        for service in services:
            path = folder / SERVICE_FILES[service]
            path.parent.mkdir(parents=True, exist_ok=True)
            text = (SERVICES / f"{service}.yml").read_text(encoding="utf-8")
            path.write_text(text.replace("@VERSION@", __version__), encoding="utf-8")
            shutil.copy(SERVICES / "gitignore", folder / ".gitignore")
    except OSError as error:
        raise ConfigError([Problem("E001", f"cannot be written: {error.strerror}", str(folder))]) from None
    return sorted(p for p in folder.rglob("*") if p.is_file())
