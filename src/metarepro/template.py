"""A project to start from: three invented trials, to be replaced."""

from __future__ import annotations

import shutil
from pathlib import Path

from metarepro.errors import ConfigError, Problem
from metarepro.evidence.dictionary import write_dictionary

TEMPLATE = Path(__file__).parent / "templates" / "project"


def write_project(folder: Path) -> list[Path]:
    """Write the template project into a new or empty folder; returns the files written.

    Raises
    ------
    ConfigError
        The folder exists and is not empty, or cannot be written.
    """
    try:
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            fix = "Fix: name a new folder, or an empty one; nothing is ever overwritten."
            raise ConfigError([Problem("E001", "the folder is not empty", str(folder), details=(fix,))])
        shutil.copytree(TEMPLATE, folder, dirs_exist_ok=True)
        write_dictionary(folder / "data")
    except OSError as error:
        raise ConfigError([Problem("E001", f"cannot be written: {error.strerror}", str(folder))]) from None
    return sorted(p for p in folder.rglob("*") if p.is_file())
