"""What a run consists of: its jobs, the figures that it promises, and which of its results still hold.

It is made each time the workflow is read, so it is quick where nothing has changed: no table is read then.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from metarepro.errors import MetareproError
from metarepro.project import seals
from metarepro.project.code import fingerprints_of
from metarepro.project.leftovers import remember_written
from metarepro.project.places import check_inputs, check_results_folder
from metarepro.project.settings import CONFIG, STATE, hash_settings, settings_file, tables_of

# Analyses in one job of numbers, and in one of pictures: what one changed analysis makes anew with it.
NUMBERS_AT_ONCE, PICTURES_AT_ONCE = 50, 16
RECORDS = "results/records"
PLAN = "plan"


@dataclass(frozen=True)
class Plan:
    """What a run consists of.

    Attributes
    ----------
    analyses : tuple of str
        Ids, in the order of the configuration.
    forests : tuple of str
        Ids of the analyses whose forest plot is drawn: those with two comparisons or more.
    tables : tuple of str
        Files of the tables.
    regressions : tuple of str
        Ids of the analyses with moderators.
    panel_analyses : tuple of str
        Ids of the analyses in figures of several: those that `panels` list, and those with fewer than two comparisons.
    demands : bool
        Whether the configuration demands verdicts.
    settings : str
        Fingerprint of the settings.
    code : dict
        Fingerprint of the code behind each script.
    """

    analyses: tuple[str, ...]
    forests: tuple[str, ...]
    tables: tuple[str, ...]
    panel_analyses: tuple[str, ...]
    regressions: tuple[str, ...]
    demands: bool
    settings: str
    code: dict[str, str]

    @property
    def number_chunks(self) -> dict[str, tuple[str, ...]]:
        """Analyses of each job of numbers."""
        return chunks_of(self.analyses, NUMBERS_AT_ONCE)

    @property
    def picture_chunks(self) -> dict[str, tuple[str, ...]]:
        """Analyses of each job of pictures."""
        return chunks_of(self.analyses, PICTURES_AT_ONCE)


def ids_of(settings: Mapping[str, Any]) -> tuple[str, ...]:
    """Ids of the analyses that can be one; what is wrong with the others is said when everything is checked."""
    listed = settings.get("analyses")
    found = [a.get("id") for a in listed if isinstance(a, Mapping)] if isinstance(listed, list) else []
    good = [x for x in found if isinstance(x, str) and x and all(c.isalnum() or c in "-_" for c in x)]
    return tuple(dict.fromkeys(good))


def chunks_of(names: tuple[str, ...], size: int) -> dict[str, tuple[str, ...]]:
    """Names in chunks of about the same size, by the number of the chunk."""
    count = -(-len(names) // size)
    width = -(-len(names) // count) if count else 1
    return {str(i): names[i * width : (i + 1) * width] for i in range(count)}


def make_plan(settings: Mapping[str, Any], scripts: Path, package: Path, tell: Callable[[str], None]) -> Plan:
    """Make the plan of the project in this folder, and break the seals of results that no longer hold.

    Parameters
    ----------
    settings : mapping
        The configuration as read; it may be wrong in any way, as it is checked later.
    scripts : Path
        Folder of the scripts of the jobs.
    package : Path
        Folder of the package that they use.
    tell : callable
        Takes a line about a result that was altered.

    Raises
    ------
    MetareproError
        The results folder cannot be used.
    """
    check_results_folder(Path())
    code = fingerprints_of(script_files(scripts), package, Path(STATE))
    tables = tables_of(settings)
    check_inputs(Path(), [CONFIG, *tables])
    fingerprint = hash_settings(settings)
    expected = expected_of(code, fingerprint, tables)
    remember_written()
    seals.break_seals(expected, Path(seals.FOLDER), tell)
    analyses = ids_of(settings)
    reproduction = settings.get("reproduction")
    targets = reproduction.get("targets") if isinstance(reproduction, Mapping) else None
    demands = isinstance(targets, list) and any(isinstance(t, Mapping) and t.get("must") for t in targets)
    known = _counts(settings)
    forests = tuple(name for name in analyses if known.get(name, 0) > 1)
    listed, regressions = _in_panels(settings, analyses), _with_moderators(settings, analyses)
    panels = tuple(name for name in analyses if name in listed or name not in forests)
    return Plan(analyses, forests, tables, panels, regressions, demands, fingerprint, code)


def script_files(scripts: Path) -> dict[str, Path]:
    """The scripts of jobs by name; `job.py` is what they share."""
    return {f.stem: f for f in sorted(scripts.glob("*.py")) if f.stem != "job"}


def expected_of(code: Mapping[str, str], settings: str, tables: tuple[str, ...]) -> dict[str, seals.Expected]:
    """What every sealed job would be made of now."""
    found = {}
    for path in sorted(Path(seals.FOLDER).glob("*.json")):
        seal = seals.read_seal(path)
        script = seal.script if seal else ""
        if path.stem == "validate":
            found[path.stem] = seals.Expected(code.get("validate", ""), settings, tables)
        else:
            found[path.stem] = seals.Expected(code.get(script, ""))
    return found


def _in_panels(settings: Mapping[str, Any], analyses: tuple[str, ...]) -> tuple[str, ...]:
    listed = settings.get("panels")
    members = [p.get("analyses") for p in listed if isinstance(p, Mapping)] if isinstance(listed, list) else []
    named = [x for m in members if isinstance(m, list) for x in m]
    return tuple(a for a in analyses if a in named)


def _with_moderators(settings: Mapping[str, Any], analyses: tuple[str, ...]) -> tuple[str, ...]:
    listed = settings.get("analyses")
    named = [a for a in listed if isinstance(a, Mapping) and a.get("moderators")] if isinstance(listed, list) else []
    return tuple(name for name in analyses if any(a.get("id") == name for a in named))


def _counts(settings: Mapping[str, Any]) -> dict[str, int]:
    """Comparisons of each analysis: as recorded if what was checked still holds, else by reading the tables."""
    if (Path(seals.FOLDER) / "validate.json").exists():
        try:
            return dict(json.loads((Path(RECORDS) / f"{PLAN}.json").read_text(encoding="utf-8"))["comparisons"])
        except (OSError, ValueError, KeyError, TypeError):
            return {}
    from metarepro.analysis.config_file import read_config
    from metarepro.analysis.selection import select
    from metarepro.evidence.dataset import read_dataset

    try:
        file = settings_file(settings, Path(), Path(STATE) / "config.yaml")
        config = read_config(file, file.as_posix())
        data = read_dataset(Path(config.data), config.data, config.dialects, Path())
        return {a.id: len(select(a, data).comparisons) for a in config.analyses}
    except MetareproError:
        return {}  # what is wrong is said by the job that checks everything
