"""Seals: what each job of a run read, which code it ran, and what it wrote, so that no stale result goes unnoticed.

A job writes its seal last. A result whose seal is gone, or whose files, inputs or code are not those of the seal, is
not the result of what is there now, whatever time stamps say.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from metarepro.errors import MetareproError
from metarepro.output import write_whole

FOLDER = "results/seals"


@dataclass(frozen=True)
class Seal:
    """What stands behind the results of one job.

    Attributes
    ----------
    job : str
        Its name.
    script : str
        Name of its script, without ending.
    code : str
        Fingerprint of the code that the script runs.
    settings : str
        Fingerprint of settings that do not come from a file; empty if there are none.
    inputs, outputs : dict
        SHA-256 of every file that it read and wrote, by path.
    """

    job: str
    script: str
    code: str
    settings: str
    inputs: dict[str, str]
    outputs: dict[str, str]


@dataclass(frozen=True)
class Expected:
    """What a job would be made of now; `inputs` and `outputs` as None are those of its seal."""

    code: str
    settings: str = ""
    inputs: tuple[str, ...] | None = None
    outputs: tuple[str, ...] | None = None


def hash_file(path: Path) -> str:
    """SHA-256 of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_seal(
    path: Path,
    script: str,
    code: str,
    inputs: Mapping[str, str] | Iterable[str],
    outputs: Iterable[str],
    settings: str = "",
) -> None:
    """Seal what a job wrote.

    Parameters
    ----------
    path : Path
        Where the seal goes; its stem is the name of the job.
    script, code, settings : str
    inputs : mapping or iterable of str
        Files that were read; with their hashes where they may have changed since.
    outputs : iterable of str
        Files that were written, all of them.
    """
    read = dict(inputs) if isinstance(inputs, Mapping) else {p: hash_file(Path(p)) for p in inputs}
    written = {p: hash_file(Path(p)) for p in sorted(set(outputs))}
    seal = Seal(path.stem, script, code, settings, dict(sorted(read.items())), written)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, json.dumps(asdict(seal), indent=1, ensure_ascii=False) + "\n")


def read_seal(path: Path) -> Seal | None:
    """A seal, or None if it is not there or no seal."""
    try:
        raw: Any = json.loads(path.read_text(encoding="utf-8"))
        seal = Seal(**raw)
        whole = all(isinstance(x, dict) for x in (seal.inputs, seal.outputs))
    except (OSError, ValueError, TypeError):
        return None
    return seal if whole else None


class Hashes:
    """Hashes of files, each read once."""

    def __init__(self) -> None:
        self._known: dict[str, str] = {}

    def of(self, path: str) -> str:
        """Its hash; empty if it is not there."""
        if path not in self._known:
            try:
                self._known[path] = hash_file(Path(path))
            except OSError:
                self._known[path] = ""
        return self._known[path]


def find_fault(seal: Seal, expected: Expected, hashes: Hashes, whole: bool = False) -> str:
    """The first thing that is not as the seal says, in words; empty if all is well.

    An input that is not there is no fault, as a run makes it again and looks at it then; it is one with `whole`.
    """
    if seal.code != expected.code:
        return "the code that makes it has changed"
    if seal.settings != expected.settings:
        return "its settings have changed"
    if expected.inputs is not None and set(expected.inputs) != set(seal.inputs):
        odd = sorted(set(expected.inputs) ^ set(seal.inputs))[0]
        return f"{odd} was {'added' if odd in expected.inputs else 'taken away'}"
    for path, known in seal.outputs.items():
        if hashes.of(path) != known:
            return f"{path} {'was changed' if hashes.of(path) else 'is gone'} since it was made"
    for path in expected.outputs or ():
        if path not in seal.outputs:
            return f"{path} was never made"
    for path, known in seal.inputs.items():
        if hashes.of(path) not in ((known,) if whole else (known, "")):
            return f"{path} has changed"
    return ""


def find_stale(folder: Path) -> dict[str, str]:
    """The fault of each result that is sealed, but was made of other files than those that are there; by its job."""
    hashes = Hashes()
    read = {path.stem: read_seal(path) for path in sorted(folder.glob("*.json"))}
    faults = {job: find_fault(seal, Expected(seal.code, seal.settings), hashes) for job, seal in read.items() if seal}
    return {job: fault for job, fault in faults.items() if fault}


def break_seals(expected: Mapping[str, Expected], folder: Path, tell: Callable[[str], None]) -> dict[str, str]:
    """Delete the seals that do not hold, so that their jobs run again.

    A job that is at work has no seal, so this may be called while a run is under way.

    Parameters
    ----------
    expected : mapping
        What each job would be made of now, by its name.
    folder : Path
        Folder of the seals.
    tell : callable
        Takes a line about a result that was altered by hand.

    Returns
    -------
    dict
        The fault of each job whose seal was deleted.

    Raises
    ------
    MetareproError
        A seal cannot be deleted.
    """
    hashes = Hashes()
    broken = {}
    for job, now in expected.items():
        path = folder / f"{job}.json"
        if not path.exists():
            continue
        seal = read_seal(path)
        fault = find_fault(seal, now, hashes) if seal else "its seal cannot be read"
        if not fault:
            continue
        broken[job] = fault
        if fault.endswith("since it was made") or seal is None:
            tell(f"{fault}: made again." if seal else f"{path}: {fault}; its results are made again.")
        try:
            path.unlink()
        except OSError as error:
            raise MetareproError(
                f"{path} cannot be deleted ({error.strerror}), so a result that is out of date could not be made "
                "again. Fix: make the folder results writable."
            ) from error
    return broken
