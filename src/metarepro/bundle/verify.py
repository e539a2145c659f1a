"""Check a bundle: its checksums, and every number of its results computed anew."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import math
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from metarepro.bundle.make import SUMS
from metarepro.errors import DataError, MetareproError
from metarepro.project.run import run_snakemake, why_it_failed

# Numbers are equal if they differ by no more than other versions of libraries may make them.
TOLERANCE = 1e-9
RESULTS = "results/results.json"
# An archive that unpacks to more is not read.
MOST_BYTES = 2 << 30
# What a run says of itself, and pictures and pages that are made of the numbers that are compared.
_NOTHING = "nothing"
NOT_COMPARED = ("results/changes.json", "results/seals/", "results/records/", "results/logs/")


@dataclass(frozen=True)
class Verification:
    """What `verify_bundle` found.

    Attributes
    ----------
    files, changed : int, tuple of str
        Files with a checksum, and those that are not as it says.
    compared : int
        Files of the results, JSON and CSV, whose contents were compared.
    numbers, equal : int
        Numbers in them, there or here, and how many are equal.
    differ : tuple of str
        Places of the first contents that differ, numbers or words, with both.
    figures, same : int
        Figures (SVG), and how many are the same to the byte; another version of matplotlib moves all of them.
    """

    files: int
    changed: tuple[str, ...]
    compared: int
    numbers: int
    equal: int
    differ: tuple[str, ...]
    figures: int
    same: int

    @property
    def holds(self) -> bool:
        """Whether every file, number and word is as the bundle says."""
        return not self.changed and not self.differ and self.numbers > 0


def verify_bundle(bundle: Path) -> Verification:
    """Recompute a bundle in a temporary folder and compare.

    Raises
    ------
    DataError
        The file is no bundle.
    MetareproError
        The project in it does not run; the message says why.
    """
    with tempfile.TemporaryDirectory() as temporary:
        project = Path(temporary) / "project"
        before = _unpack(bundle, project)
        kept = {n: content for n, content in before.items() if not n.startswith("results/")}
        for name, content in kept.items():
            (project / name).parent.mkdir(parents=True, exist_ok=True)
            (project / name).write_bytes(content)
        outcome = run_snakemake(project, ["--cores", "2"], verbose=False)
        if outcome.code:
            raise MetareproError(f"The project in {bundle} does not run. {why_it_failed(outcome, project)}")
        made = {
            p.relative_to(project).as_posix(): p.read_bytes() for p in (project / "results").rglob("*") if p.is_file()
        }
    contents = [dict(_contents(files)) for files in (before, made)]
    old, new = contents
    places = list(dict.fromkeys((*old, *new)))
    numeric = [place for place in places if _number(old.get(place)) or _number(new.get(place))]
    wrong = [place for place in places if not _same(old.get(place, _NOTHING), new.get(place, _NOTHING))]
    drawn = [name for name in {*before, *made} if name.startswith("results/") and name.endswith(".svg")]
    return Verification(
        len(before[SUMS].splitlines()), _changed(before), len({place.split(" ")[0] for place in places}), len(numeric),
        len(numeric) - len(set(numeric) & set(wrong)),
        tuple(f"{p}: {old.get(p, _NOTHING)!r} there, {new.get(p, _NOTHING)!r} here" for p in wrong[:20]),
        len(drawn), sum(before.get(name) == made.get(name) for name in drawn),
    )  # fmt: skip


def _unpack(bundle: Path, folder: Path) -> dict[str, bytes]:
    try:
        with zipfile.ZipFile(bundle) as archive:
            if sum(entry.file_size for entry in archive.infolist()) > MOST_BYTES:
                raise DataError(f"{bundle} unpacks to more than {MOST_BYTES >> 30} GiB. Fix: unpack and look at it.")
            files = {n: archive.read(n) for n in archive.namelist() if not n.endswith("/")}
    except (OSError, zipfile.BadZipFile) as error:
        raise DataError(f"{bundle} cannot be read as a zip archive: {error}.") from None
    outside = [n for n in files if PurePosixPath(n).is_absolute() or ".." in PurePosixPath(n).parts]
    missing = [n for n in (SUMS, RESULTS, "config.yaml") if n not in files]
    if outside or missing:
        why = f"{outside[0]} lies outside of it" if outside else f"it has no {missing[0]}"
        raise DataError(f"{bundle} is no bundle of metarepro: {why}.")
    for name in (SUMS, RESULTS):
        try:
            text = files[name].decode()
            if name == RESULTS:
                json.loads(text)
            elif not all(len(line.split("  ", 1)) == 2 for line in text.splitlines()):
                raise ValueError("a line is no checksum with a name")
        except ValueError as error:  # text that is none, and JSON that is none
            raise DataError(f"{name} of {bundle} cannot be read: {error}.") from None
    return files


def _changed(files: dict[str, bytes]) -> tuple[str, ...]:
    """Files that are not as the checksums say, or that have none."""
    sums = {name: digest for digest, name in (line.split("  ", 1) for line in files[SUMS].decode().splitlines())}
    wrong = [n for n, digest in sums.items() if hashlib.sha256(files.get(n, b"")).hexdigest() != digest]
    return tuple(sorted({*wrong, *(n for n in files if n not in sums and n != SUMS)}))


def _contents(files: Mapping[str, bytes]) -> Iterator[tuple[str, Any]]:
    """Numbers and words of the results in JSON and CSV, by their places."""
    for name, content in files.items():
        if not name.startswith("results/") or name.startswith(NOT_COMPARED):
            continue
        try:
            if name.endswith(".json"):
                read = json.loads(content)
                if name == RESULTS and isinstance(read, dict):
                    read.pop("made_of", None)  # the code that computed it, which may be a later one
                yield from _leaves(read, f"{name} ")
            elif name.endswith(".csv"):
                for i, row in enumerate(csv.reader(io.StringIO(content.decode("utf-8-sig")))):
                    yield from ((f"{name} {i + 1}:{j + 1}", _cell(cell)) for j, cell in enumerate(row))
        except ValueError:
            yield f"{name} ", "no readable JSON or CSV"


def _leaves(value: Any, place: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict) and value:
        for name, x in value.items():
            yield from _leaves(x, f"{place}{'' if place.endswith(' ') else '.'}{name}")
    elif isinstance(value, list) and value:
        for i, x in enumerate(value):
            own = x.get("id") or x.get("study_id") if isinstance(x, dict) else None
            yield from _leaves(x, f"{place}[{i}{f' {own}' if own else ''}]")
    else:
        yield place, value


def _cell(text: str) -> Any:
    try:
        return float(text)
    except ValueError:
        return text


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _same(x: Any, y: Any) -> bool:
    if _number(x) and _number(y):
        return math.isclose(x, y, rel_tol=TOLERANCE, abs_tol=1e-12) or (math.isnan(x) and math.isnan(y))
    return type(x) is type(y) and bool(x == y)
