"""Word of a finished run: while all of it holds, the next one need not start Snakemake to find nothing to do.

What is compared is content, never time stamps.
"""

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
# Where it looks for settings of its own.
_PROFILES = ("default", "profiles/default", "workflow/profiles/default")


def remember_finished(project: Path, workflow: Path) -> None:
    """Leave word that a run made everything that it was to make.

    Nothing is lost but time where that cannot be written, or where Snakemake has settings of the user's, which may
    make it leave out jobs or make them again.

    Parameters
    ----------
    project : Path
    workflow : Path
        Its Snakefile.
    """
    with contextlib.suppress(OSError, MetareproError):
        if not _has_profile(project, workflow):
            write_whole(project / FINISHED, json.dumps(_word(project, workflow), indent=1) + "\n")


def forget_finished(project: Path) -> None:
    """Take the word back, before anything is made anew."""
    with contextlib.suppress(OSError):
        (project / FINISHED).unlink()


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
        if _has_profile(project, workflow) or known != _word(project, workflow):
            return False
        if any(any((project / x).glob("*")) for x in _UNDER_WAY):
            return False
        package = Path(__file__).resolve().parents[1]
        # The paths in seals are those of a run, which is at home in its project.
        with contextlib.chdir(project):
            check_results_folder(Path())
            settings = read_settings(Path(CONFIG))
            check_inputs(Path(), [CONFIG, *tables_of(settings)])
            code = fingerprints_of(script_files(workflow.parent / "scripts"), package, Path(STATE))
            faults, _ = seal_faults(settings, code, whole=True)
            return not faults
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError, MetareproError):
        return False


def _has_profile(project: Path, workflow: Path) -> bool:
    """Whether Snakemake would find settings that are not the workflow's own."""
    places = [folder / name for folder in (Path(), project) for name in _PROFILES]
    own = workflow.parent.resolve()
    found = [p for p in places if p.exists() and not p.resolve().is_relative_to(own)]
    return bool(found) or any(name.startswith("SNAKEMAKE_") for name in os.environ)


def _word(project: Path, workflow: Path) -> dict[str, object]:
    """What a run depends on beyond its inputs: the rules, Snakemake; and every seal that it left."""
    rules = hashlib.sha256()
    for kind in ("Snakefile", "*.smk", "*.yaml"):
        for file in sorted(workflow.parent.rglob(kind)):
            rules.update(str(file).encode() + b"\0" + file.read_bytes())
    sealed = sorted((project / seals.FOLDER).glob("*.json"))
    return {
        "rules": rules.hexdigest(),
        "snakemake": [version("snakemake"), sys.version, str(Path(sys.executable))],
        "seals": {f.stem: seals.hash_file(f) for f in sealed},
    }
