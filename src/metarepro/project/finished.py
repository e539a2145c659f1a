"""Word of a finished run: while all of it holds, the next one need not start Snakemake to find nothing to do."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import sys
from importlib.metadata import version
from pathlib import Path

from metarepro.errors import MetareproError
from metarepro.output import write_whole
from metarepro.project import seals
from metarepro.project.check import seal_faults
from metarepro.project.code import fingerprints_of
from metarepro.project.places import check_inputs, check_results_folder
from metarepro.project.plan import script_files
from metarepro.project.settings import CONFIG, STATE, read_settings, tables_of

FINISHED = Path(STATE) / "finished.json"
# Where Snakemake keeps word of jobs at work, and of those that did not end.
_UNDER_WAY = (".snakemake/locks", ".snakemake/incomplete")


def remember_finished(project: Path, workflow: Path) -> None:
    """Leave word that a run made everything that it was to make.

    Parameters
    ----------
    project : Path
    workflow : Path
        Its Snakefile.
    """
    with contextlib.suppress(OSError):
        write_whole(project / FINISHED, json.dumps(_word(project, workflow), indent=1) + "\n")


def still_holds(project: Path, workflow: Path) -> bool:
    """Whether everything that the last finished run made is there and made of what is there now.

    False where that is in doubt: Snakemake then looks at everything, and says what it makes anew.

    Parameters
    ----------
    project : Path
    workflow : Path
        Its Snakefile.
    """
    try:
        known = json.loads((project / FINISHED).read_text(encoding="utf-8"))
        if known != _word(project, workflow) or any(any((project / x).glob("*")) for x in _UNDER_WAY):
            return False
        package = Path(__file__).resolve().parents[1]
        # The paths in seals are those of a run, which is at home in its project.
        with contextlib.chdir(project):
            check_results_folder(Path())
            settings = read_settings(Path(CONFIG))
            check_inputs(Path(), [CONFIG, *tables_of(settings)])
            code = fingerprints_of(script_files(workflow.parent / "scripts"), package, Path(STATE))
            faults, _ = seal_faults(settings, code)
    except (OSError, ValueError, MetareproError):
        return False
    return not faults


def _word(project: Path, workflow: Path) -> dict[str, object]:
    """What a run depends on beyond its seals: the rules, Snakemake and how it is set up; and which jobs it has."""
    rules = hashlib.sha256()
    places = (workflow.parent, project / "profiles", project / "workflow" / "profiles")
    files = {f.resolve() for place in places for kind in ("Snakefile", "*.smk", "*.yaml") for f in place.rglob(kind)}
    for file in sorted(files):
        rules.update(str(file).encode() + b"\0" + file.read_bytes())
    return {
        "rules": rules.hexdigest(),
        "snakemake": [version("snakemake"), sys.version, str(Path(sys.executable))],
        "environment": {k: v for k, v in sorted(os.environ.items()) if k.startswith("SNAKEMAKE_")},
        "jobs": sorted(f.stem for f in (project / seals.FOLDER).glob("*.json")),
    }
