"""Files of the run before, kept where what they are made of and the code that makes them are the same."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from metarepro.output import write_whole
from metarepro.project.seals import hash_file
from metarepro.project.settings import STATE

FOLDER = Path(STATE) / "kept"


class KeptFiles:
    """Files that one job makes in several steps: those of each step are made, or taken from the run before.

    Snakemake deletes what a job makes before it starts, so a second name of each file (a link to the same bytes) is
    kept beside its own records. A file whose content is no longer that which was made is never taken; it is made
    again.

    Parameters
    ----------
    job : str
        Name of the job.
    code : str
        Fingerprint of the code that makes them.
    folder : Path
    """

    def __init__(self, job: str, code: str, folder: Path = FOLDER) -> None:
        self._folder = folder / job
        self._code = code
        self._used: set[str] = set()

    def take_or_make(
        self, made_of: str, home: Path, make: Callable[[], tuple[Iterable[Path], Any]]
    ) -> tuple[list[Path], Any]:
        """Take the files of a step as they were, or make them.

        Parameters
        ----------
        made_of : str
            All that the files depend on but code, as text; whatever changes them must change it.
        home : Path
            Where they go.
        make : callable
            Makes them: the files, and what else is to be known of them (as JSON has it).

        Returns
        -------
        list of Path
        object
        """
        key = hashlib.sha256("\0".join((self._code, home.as_posix(), made_of)).encode()).hexdigest()[:32]
        self._used.add(key)
        taken = self._take(key)
        if taken is not None:
            return taken
        files, known = make()
        files = list(files)
        self._keep(key, files, known)
        return files, known

    def forget_others(self) -> None:
        """Delete what is kept of steps that this run did not take."""
        if self._folder.is_dir():
            for file in self._folder.iterdir():
                if file.name.split(".")[0] not in self._used:
                    file.unlink()

    def _take(self, key: str) -> tuple[list[Path], Any] | None:
        try:
            entry = json.loads((self._folder / f"{key}.json").read_text(encoding="utf-8"))
            kept = {Path(file): self._folder / f"{key}.{i}" for i, file in enumerate(entry["files"])}
            if any(hash_file(kept[Path(file)]) != known for file, known in entry["files"].items()):
                return None
            for file, source in kept.items():
                file.parent.mkdir(parents=True, exist_ok=True)
                _link(source, file)
                os.utime(file)
        except (OSError, ValueError, KeyError, TypeError):
            return None  # not there, or damaged: made again
        return list(kept), entry["known"]

    def _keep(self, key: str, files: list[Path], known: Any) -> None:
        with contextlib.suppress(OSError):  # what cannot be kept is made again next time
            self._folder.mkdir(parents=True, exist_ok=True)
            for i, file in enumerate(files):
                _link(file, self._folder / f"{key}.{i}")
            entry = {"files": {f.as_posix(): hash_file(f) for f in files}, "known": known}
            write_whole(self._folder / f"{key}.json", json.dumps(entry, ensure_ascii=False))


def _link(source: Path, target: Path) -> None:
    """A second name of a file; a copy where the file system has no such thing."""
    target.unlink(missing_ok=True)
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)
