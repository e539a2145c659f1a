"""Check a bundle: its checksums, and every number of its results computed anew."""

from __future__ import annotations

import hashlib
import json
import math
import tempfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from metarepro.bundle.make import SUMS
from metarepro.errors import DataError, MetareproError
from metarepro.project.run import run_snakemake, why_it_failed

# Numbers are equal if they differ by no more than other versions of libraries may make them.
TOLERANCE = 1e-9
RESULTS = "results/results.json"


@dataclass(frozen=True)
class Verification:
    """What `verify_bundle` found.

    Attributes
    ----------
    files, changed : int, tuple of str
        Files with a checksum, and those that are not as it says.
    numbers, equal : int
        Numbers of the results, and how many come out again.
    differ : tuple of str
        Places of the first numbers that do not, with both.
    """

    files: int
    changed: tuple[str, ...]
    numbers: int
    equal: int
    differ: tuple[str, ...]

    @property
    def holds(self) -> bool:
        """Whether every file and every number is as the bundle says."""
        return not self.changed and self.equal == self.numbers


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
        again = json.loads((project / RESULTS).read_text(encoding="utf-8"))
    changed = _changed(before)
    old, new = (dict(_leaves(x)) for x in (json.loads(before[RESULTS]), again))
    differ = [f"{place}: {x!r} here {new.get(place)!r}" for place, x in old.items() if not _same(x, new.get(place))]
    listed = before[SUMS].decode().splitlines()
    return Verification(len(listed), changed, len(old), len(old) - len(differ), tuple(differ[:20]))


def _unpack(bundle: Path, folder: Path) -> dict[str, bytes]:
    try:
        with zipfile.ZipFile(bundle) as archive:
            files = {n: archive.read(n) for n in archive.namelist() if not n.endswith("/")}
    except (OSError, zipfile.BadZipFile) as error:
        raise DataError(f"{bundle} cannot be read as a zip archive: {error}.") from None
    outside = [n for n in files if PurePosixPath(n).is_absolute() or ".." in PurePosixPath(n).parts]
    missing = [n for n in (SUMS, RESULTS, "config.yaml") if n not in files]
    if outside or missing:
        why = f"{outside[0]} lies outside of it" if outside else f"it has no {missing[0]}"
        raise DataError(f"{bundle} is no bundle of metarepro: {why}.")
    return files


def _changed(files: dict[str, bytes]) -> tuple[str, ...]:
    """Files that are not as the checksums say, or that have none."""
    sums = {name: digest for digest, name in (line.split("  ", 1) for line in files[SUMS].decode().splitlines())}
    wrong = [n for n, digest in sums.items() if hashlib.sha256(files.get(n, b"")).hexdigest() != digest]
    return tuple(sorted({*wrong, *(n for n in files if n not in sums and n != SUMS)}))


def _leaves(value: Any, place: str = "") -> Iterator[tuple[str, float]]:
    """Numbers of the results by their places."""
    if isinstance(value, dict):
        for name, x in value.items():
            yield from _leaves(x, f"{place}.{name}" if place else name)
    elif isinstance(value, list):
        for i, x in enumerate(value):
            own = x.get("id") or x.get("study_id") if isinstance(x, dict) else None
            yield from _leaves(x, f"{place}[{own or i}:{i}]")
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield place, value


def _same(x: float, y: float | None) -> bool:
    return y is not None and math.isclose(x, y, rel_tol=TOLERANCE, abs_tol=1e-12)
