"""Whether the results of a project are those of what is there now, without making anything."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from metarepro.project import seals
from metarepro.project.code import fingerprints_of
from metarepro.project.leftovers import find_leftovers, written_by_runs
from metarepro.project.plan import expected_of, script_files
from metarepro.project.settings import CONFIG, hash_settings, read_settings, tables_of


def find_result_faults(project: Path) -> list[str]:
    """What is wrong with the results of a project, a line each; empty if they hold or there are none."""
    from metarepro.project.run import workflow_file

    if not (project / seals.FOLDER).is_dir():
        return []
    package = Path(__file__).resolve().parents[1]
    code = fingerprints_of(script_files(workflow_file().parent / "scripts"), package)
    # The paths in seals are those of a run, which is at home in its project.
    with contextlib.chdir(project):
        faults, known = seal_faults(read_settings(Path(CONFIG)), code)
        return faults + _unknown(known)


def find_stale_results(project: Path) -> dict[str, str]:
    """Results of a finished run that were made of other files than those that are there: the fault by the job."""
    with contextlib.chdir(project):
        return seals.find_stale(Path(seals.FOLDER))


def find_unsealed(project: Path, jobs: Iterable[str]) -> list[str]:
    """Those of some jobs whose results no seal says to hold."""
    return [job for job in jobs if not (project / seals.FOLDER / f"{job}.json").exists()]


def find_old_results(project: Path, analyses: Iterable[str], panels: Iterable[str]) -> list[str]:
    """Results that the next run removes, a line each: those of analyses and panels that are not configured."""
    with contextlib.chdir(project):
        return [x.line(removed=False) for x in find_leftovers(analyses, panels, written_by_runs())]


def seal_faults(
    settings: Mapping[str, Any], code: Mapping[str, str], whole: bool = False
) -> tuple[list[str], set[str]]:
    """Faults of the sealed results of the project in this folder, a line each, and the files that the seals name.

    Parameters
    ----------
    settings : mapping
        The configuration as read.
    code : mapping
        Fingerprint of the code behind each script.
    whole : bool, default False
        Whether every input must be there, too.
    """
    hashes = seals.Hashes()
    faults, known = [], set()
    for job, now in expected_of(code, hash_settings(settings), tables_of(settings)).items():
        seal = seals.read_seal(Path(seals.FOLDER) / f"{job}.json")
        fault = seals.find_fault(seal, now, hashes, whole) if seal else "its seal cannot be read"
        if fault:
            faults.append(f"{job}: {fault}")
        known |= set(seal.outputs) if seal else set()
    return faults, known


def _unknown(known: set[str]) -> list[str]:
    """A line about files among the results that no seal names; none if there is no seal."""
    made = {f.as_posix() for f in Path("results").rglob("*") if f.is_file()}
    kept = {
        f for f in made if f.startswith((f"{seals.FOLDER}/", "results/logs/")) or f.endswith(".snakemake_timestamp")
    }
    unknown = sorted(made - known - kept)
    if not (unknown and known):
        return []
    rest = f" and {len(unknown) - 1} more" if len(unknown) > 1 else ""
    return [f"{unknown[0]}{rest}: no job of the last run made it"]
