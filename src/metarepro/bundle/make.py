"""Write the archive: settings, tables, results, checksums, what made them, and a script that recomputes them in R."""

from __future__ import annotations

import hashlib
import json
import platform
import zipfile
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from metarepro import __version__
from metarepro.analysis.result import AnalysisResult, read_results
from metarepro.bundle.crate import crate_of
from metarepro.bundle.r_script import r_script
from metarepro.errors import ConfigError, MetareproError
from metarepro.project import seals
from metarepro.project.check import find_result_faults
from metarepro.project.reading import read_project

SUMS, RUN, CRATE, R_SCRIPT = "SHA256SUMS", "run.json", "ro-crate-metadata.json", "recompute.R"
# Of a project itself; what else it reads is told by its results.
ALWAYS = ("config.yaml", "README.md", "data/README.md", "data/datapackage.json")
# Neither needed to check nor to compute anew.
LEFT_OUT = ("results/logs",)
LIBRARIES = ("numpy", "pandas", "scipy", "statsmodels", "matplotlib", "formulaic", "pydantic", "snakemake")


def write_bundle(project: Path, to: Path) -> list[str]:
    """Write a project with its results as a zip archive; returns the names of the files in it.

    Parameters
    ----------
    project : Path
        It has been run, and its results still hold.
    to : Path
        The archive, which must not exist yet.

    Raises
    ------
    ConfigError
        The archive exists already.
    MetareproError
        There are no results, or they are not those of the project now.
    """
    if to.exists():
        raise ConfigError(f"{to} exists already. Fix: name another file; nothing is overwritten.")
    config = read_project(project).config
    report = project / "results/report.html"
    if not report.is_file():
        raise MetareproError("There are no results to bundle. Fix: run the project first.")
    if faults := find_result_faults(project):
        raise MetareproError(f"The results are not those of the project now: {faults[0]}. Fix: run it again first.")
    analyses = read_results((project / "results/results.json").read_text(encoding="utf-8")).analyses
    made = datetime.fromtimestamp(report.stat().st_mtime, UTC)
    files = {name: (project / name).read_bytes() for name in _names(project)}
    files[R_SCRIPT] = r_script(analyses).encode()
    files[RUN] = _as_json(describe_run(analyses))
    described = crate_of(config.title, list(files), made.date().isoformat(), __version__)
    files[CRATE] = _as_json(described)
    files[SUMS] = sums_of(files).encode()
    to.parent.mkdir(parents=True, exist_ok=True)
    # The same project gives the same bytes: names in their order, one time for all.
    with zipfile.ZipFile(to, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, made.timetuple()[:6])
            entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
            archive.writestr(entry, files[name])
    return sorted(files)


def _names(project: Path) -> list[str]:
    """Files that results were made of, and the results."""
    read = {
        name
        for seal in (project / seals.FOLDER).glob("*.json")
        for name in json.loads(seal.read_text(encoding="utf-8"))["inputs"]
    }
    own = [name for name in (*ALWAYS, *sorted(read)) if (project / name).is_file()]
    results = (p.relative_to(project).as_posix() for p in sorted((project / "results").rglob("*")) if p.is_file())
    kept = (name for name in results if not name.startswith(LEFT_OUT) and "/." not in name)
    return list(dict.fromkeys((*own, *kept)))


def sums_of(files: Mapping[str, bytes]) -> str:
    """Checksums as `sha256sum` writes and checks them."""
    return "".join(f"{hashlib.sha256(content).hexdigest()}  {name}\n" for name, content in sorted(files.items()))


def describe_run(analyses: Iterable[AnalysisResult]) -> dict[str, object]:
    """What computed the results: this library, what it stands on, Python."""
    versions = {}
    for name in LIBRARIES:
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            continue
    return {
        "metarepro": __version__, "python": platform.python_version(), "libraries": versions,
        "command": "metarepro run", "analyses": [a.id for a in analyses],
    }  # fmt: skip


def _as_json(content: object) -> bytes:
    return (json.dumps(content, indent=1, ensure_ascii=False) + "\n").encode()
