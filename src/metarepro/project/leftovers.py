"""What runs before wrote and this project makes no more: found by the seals, removed, and told.

Only files that a run wrote, and nobody changed since, are removed. As seals are deleted when they no longer hold, what
they named is kept in a file of its own.
"""

from __future__ import annotations

import contextlib
import json
import re
import shutil
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from metarepro.analysis.reserved_names import SINGLE_STUDIES
from metarepro.errors import MetareproError
from metarepro.output import write_whole
from metarepro.project import kept_files
from metarepro.project.seals import FOLDER, hash_file, read_seal
from metarepro.project.settings import STATE

WRITTEN = Path(STATE) / "written.json"
# Lines about what this run removed, for its digest.
REMOVED = Path(STATE) / "removed.txt"
ANALYSES, PANELS, RECORDS, LOGS = "results/analyses", "results/panels", "results/records", "results/logs"
DEMANDS = "results/demands.txt"
NOT_LISTED, NOT_DRAWN = "not in config.yaml any more", "not drawn any more"


@dataclass(frozen=True)
class Leftover:
    """Something that no longer belongs to the project.

    Attributes
    ----------
    what : str
        Folder, or path of a picture without ending.
    why : str
    files : tuple of Path
        What a run wrote of it.
    others : tuple of Path
        What else lies there: it stays.
    """

    what: str
    why: str
    files: tuple[Path, ...]
    others: tuple[Path, ...] = ()

    def line(self, removed: bool) -> str:
        """What is told of it, after or before it is removed."""
        stays = f"; {_some(self.others)} stays, as no run wrote it so" if self.others else ""
        return (
            f"{self.what}: {self.why}, removed{stays}"
            if removed
            else f"{self.what}: {self.why}; a run removes it{stays}"
        )


def written_by_runs() -> dict[str, str]:
    """SHA-256 of the files that runs wrote, by path: what seals name, and named."""
    known: dict[str, str] = {}
    with contextlib.suppress(OSError, ValueError, TypeError):
        known = dict(json.loads(WRITTEN.read_text(encoding="utf-8")))
    for path in sorted(Path(FOLDER).glob("*.json")):
        seal = read_seal(path)
        known |= seal.outputs if seal else {}
    return known


def remember_written() -> None:
    """Keep what the seals name, before any of them is deleted."""
    known = {file: content for file, content in written_by_runs().items() if Path(file).is_file()}
    text = json.dumps(known, indent=1, ensure_ascii=False, sort_keys=True) + "\n"
    with contextlib.suppress(OSError):
        if WRITTEN.is_file() and WRITTEN.read_text(encoding="utf-8") == text:
            return
    if known:
        WRITTEN.parent.mkdir(parents=True, exist_ok=True)
        # Jobs on a cluster read the workflow at the same time: one of them writes it. A full disk is told by results.
        with contextlib.suppress(MetareproError):
            write_whole(WRITTEN, text)


def find_leftovers(analyses: Iterable[str], panels: Iterable[str], written: Mapping[str, str]) -> list[Leftover]:
    """Results of analyses and panels that are not in the configuration.

    Parameters
    ----------
    analyses, panels : iterable of str
        Ids in the configuration.
    written : mapping
        From `written_by_runs`.
    """
    known, drawn = set(analyses), {*panels, SINGLE_STUDIES}
    found = []
    for folder in sorted(p for p in Path(ANALYSES).glob("*") if p.is_dir() and p.name not in known):
        files = [f for f in sorted(folder.rglob("*")) if f.is_file()]
        mine = tuple(f for f in files if _is_ours(f, written))
        if mine:
            found.append(Leftover(folder.as_posix(), NOT_LISTED, mine, tuple(f for f in files if f not in mine)))
    old = (f for f in Path(PANELS).glob("*") if f.as_posix() in written and f.name != "figures.json")
    gone = (f for f in old if not {_stem(f), f.name.split(".")[0]} & drawn)
    return [*found, *_by_stem(gone, NOT_LISTED, written)]


def remove_leftovers(leftovers: Iterable[Leftover]) -> list[str]:
    """Remove them, and folders that are empty then; a line about each, which the digest of the run tells, too."""
    lines = []
    for leftover in leftovers:
        for file in leftover.files:
            file.unlink(missing_ok=True)
        folder = Path(leftover.what)
        if folder.is_dir():
            for inner in sorted((p for p in folder.rglob("*") if p.is_dir()), reverse=True):
                _remove_empty(inner)
            _remove_empty(folder)
        lines.append(leftover.line(removed=True))
    if lines:
        REMOVED.parent.mkdir(parents=True, exist_ok=True)
        with REMOVED.open("a", encoding="utf-8") as told:
            told.write("".join(f"{line}\n" for line in lines))
    return lines


def remove_undrawn(places: Iterable[Path], drawn: Iterable[Path]) -> list[str]:
    """Remove pictures of earlier runs that this one did not draw; a line about each.

    Parameters
    ----------
    places : iterable of Path
        Files that a job may have drawn before.
    drawn : iterable of Path
        What it has written now.
    """
    new, written = set(drawn), written_by_runs()
    old = (f for f in places if f not in new and f.as_posix() in written)
    return remove_leftovers(_by_stem(old, NOT_DRAWN, written))


def remove_jobs(jobs: Iterable[str], looks: Iterable[str]) -> None:
    """Remove seals, logs, records and kept files of jobs that there are no more, as there are fewer analyses.

    Parameters
    ----------
    jobs : iterable of str
        Names of the jobs that are numbered, and `demand` if there is one.
    looks : iterable of str
        Files of records that there are.
    """
    known, files = set(jobs), set(looks)
    may_go = re.compile(r"(analyse|draw)_\d+|demand")
    for folder in (FOLDER, LOGS, kept_files.FOLDER):
        for path in Path(folder).glob("*"):
            if may_go.fullmatch(path.stem) and path.stem not in known:
                shutil.rmtree(path) if path.is_dir() else path.unlink()
    if "demand" not in known:
        Path(DEMANDS).unlink(missing_ok=True)
    for path in Path(RECORDS).glob("looks_*.json"):
        if path.as_posix() not in files:
            path.unlink()


def _by_stem(files: Iterable[Path], why: str, written: Mapping[str, str]) -> Iterator[Leftover]:
    """Pictures, each with its files of several kinds and its further pages."""
    found: dict[str, list[Path]] = {}
    for file in sorted(files):
        found.setdefault((file.parent / _stem(file)).as_posix(), []).append(file)
    for what, members in found.items():
        mine = tuple(f for f in members if _is_ours(f, written))
        if mine:
            yield Leftover(what, why, mine, tuple(f for f in members if f not in mine))


def _stem(file: Path) -> str:
    """Name of the picture that a file is of: without ending and number of a page."""
    return re.sub(r"-\d{1,3}$", "", file.name.split(".")[0])


def _is_ours(file: Path, written: Mapping[str, str]) -> bool:
    """Whether a run wrote a file as it is, or was killed while it did."""
    if file.name == ".snakemake_timestamp" or re.fullmatch(r"\..+\.part", file.name):
        return True
    return file.as_posix() in written and hash_file(file) == written[file.as_posix()]


def _remove_empty(folder: Path) -> None:
    with contextlib.suppress(OSError):  # something is in it
        folder.rmdir()


def _some(files: tuple[Path, ...]) -> str:
    names = ", ".join(f.as_posix() for f in files[:3])
    return f"{names} and {len(files) - 3} more" if len(files) > 3 else names
