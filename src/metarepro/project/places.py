"""Whether results can be written where they belong, and only there."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from metarepro.errors import ConfigError, MetareproError


def check_results_folder(project: Path, name: str = "results") -> None:
    """Refuse a results folder that is a file, cannot be written, or leads out of the project through a link.

    Raises
    ------
    MetareproError
        One sentence, with the way to mend it.
    """
    folder = project / name
    if folder.is_symlink():
        raise MetareproError(_link(folder, project))
    if not folder.exists():
        if not os.access(project, os.W_OK):
            raise MetareproError(f"{project.resolve()} is read-only, so no results can be written. Fix: copy it first.")
        return
    if not folder.is_dir():
        raise MetareproError(f"{name} is a file, but results go into a folder of that name. Fix: rename the file.")
    if not os.access(folder, os.W_OK):
        raise MetareproError(f"{name} is read-only, so no results can be written. Fix: make it writable.")
    linked = _first_link(folder)
    if linked is not None:
        raise MetareproError(_link(linked, project))


def find_python_by_name() -> None:
    """Have this Python called by its name where a shell would not take its path as it is, as with a blank in it.

    Snakemake writes the path into its commands without quotes.
    """
    if shlex.quote(sys.executable) != sys.executable:
        path = Path(sys.executable)
        os.environ["PATH"] = f"{path.parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
        sys.executable = path.name


def check_inputs(project: Path, files: Iterable[str]) -> None:
    """Refuse settings and tables that a link takes from outside the project, whether or not they are read again.

    Raises
    ------
    ConfigError, DataError
    """
    inside = project.resolve()
    for file in files:
        if not (project / file).resolve().is_relative_to(inside):
            from metarepro.evidence.reader import leads_out

            settings: Any = ("E100", ConfigError) if file.endswith(".yaml") else ()
            leads_out(project / file, file, project, *settings)


def _link(path: Path, project: Path) -> str:
    target = path.readlink()
    shown = path.relative_to(project)
    return (
        f"{shown} is a link to {target}. Results are written to the project's own folder only, so that nothing else is "
        "written over. Fix: delete the link."
    )


def _first_link(folder: Path) -> Path | None:
    with os.scandir(folder) as entries:
        inner = sorted(entries, key=lambda e: e.name)
    for entry in inner:
        if entry.is_symlink():
            return Path(entry.path)
        if entry.is_dir(follow_symlinks=False) and (found := _first_link(Path(entry.path))) is not None:
            return found
    return None
