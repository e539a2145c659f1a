"""What no longer belongs to a project leaves its results, and nothing else does."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from metarepro.project.plan import PICTURES_AT_ONCE
from metarepro.template import write_project
from tests.conftest import ROOT
from tests.workflow.test_workflow import fingerprint, metarepro_run, snakemake

ANALYSIS = """\
  - id: {name}
    title: Response, new drug v placebo
    outcome: response
    measure: OR
    time: {{from: 600, to: 720, target: 672}}
    experimental: {{agent: drug}}
    control: {{agent: placebo}}
"""
NAMES = ["response_or", *(f"copy_{n}" for n in range(PICTURES_AT_ONCE))]  # one more than a job of pictures has
LAST = NAMES[-1]
PANELS = """\
panels:
  - {id: two-24, title: Two, analyses: [response_or, copy_1], heads: [One, Other]}
  - {id: more, title: Others, analyses: [response_or, copy_2], heads: [One, Other]}
"""


def write(project: Path, names: list[str], panels: str) -> Path:
    if not project.exists():
        write_project(project)
    config = project / "config.yaml"
    head = config.read_text(encoding="utf-8").partition("analyses:")[0].partition("panels:")[0]
    config.write_text(f"{head}{panels}analyses:\n" + "".join(ANALYSIS.format(name=n) for n in names), encoding="utf-8")
    return project


def check(project: Path) -> str:
    return subprocess.run(
        [sys.executable, "-m", "metarepro", "check", "--directory", str(project)],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip


@pytest.fixture(scope="module")
def finished(tmp_path_factory) -> Path:
    """More analyses than one job draws, and two panels, run."""
    project = write(tmp_path_factory.mktemp("more") / "project", NAMES, PANELS)
    done = metarepro_run(project)
    assert done.returncode == 0, done.stderr
    assert (project / "results/seals/draw_1.json").exists() and (project / "results/panels/more.svg").exists()
    return project


@pytest.fixture(scope="module")
def fewer(tmp_path_factory) -> dict[str, str]:
    """Results of a project that never had more than these."""
    project = write(tmp_path_factory.mktemp("fewer") / "project", NAMES[:-1], PANELS.rpartition("  - ")[0])
    assert metarepro_run(project).returncode == 0
    return fingerprint(project)


@pytest.fixture
def project(finished, tmp_path) -> Path:
    folder = tmp_path / "project"
    shutil.copytree(finished, folder)
    return write(folder, NAMES[:-1], PANELS.rpartition("  - ")[0])


@pytest.mark.slow
@pytest.mark.parametrize("run", [metarepro_run, snakemake], ids=["metarepro", "snakemake"])
def test_what_is_taken_out_of_the_configuration_leaves_no_trace(project, fewer, run):
    said = check(project).splitlines()
    assert said[-2:] == [
        f"results/analyses/{LAST}: not in config.yaml any more; a run removes it",
        "results/panels/more: not in config.yaml any more; a run removes it",
    ]
    assert (project / f"results/analyses/{LAST}/fit.json").exists()
    done = run(project)
    assert done.returncode == 0, done.stderr
    lines = [line.replace("; a run removes it", ", removed") for line in said[-2:]]
    told = done.stdout if run is metarepro_run else done.stderr
    assert [line for line in told.splitlines() if line.endswith(", removed")] == lines
    log = (project / "results/logs/validate.log").read_text(encoding="utf-8")
    assert all(f"{line}\n" in log for line in lines)
    assert fingerprint(project) == fewer
    assert not (project / f"results/analyses/{LAST}").exists()
    assert {f.name for f in (project / "results/logs").glob("draw_[0-9]*")} == {"draw_0.log"}
    kept = project / ".snakemake/metarepro/kept"
    assert not (kept / "draw_1").exists() and LAST not in "".join(f.read_text() for f in kept.rglob("*.json"))
    assert "not in config.yaml" not in check(project)
    assert "Nothing to be done" in (again := run(project)).stdout + again.stderr


@pytest.mark.slow
def test_what_a_user_put_there_stays_and_is_named(project, fewer):
    results = project / "results"
    note, edited, panel = (
        results / name for name in (f"analyses/{LAST}/note.txt", f"analyses/{LAST}/forest.svg", "panels/mine.svg")
    )
    note.write_text("mine", encoding="utf-8")
    edited.write_text(edited.read_text(encoding="utf-8") + "<!-- moved a label -->", encoding="utf-8")
    panel.write_text("<svg/>", encoding="utf-8")
    before = {f: f.read_text(encoding="utf-8") for f in (note, edited, panel)}
    # Seals that do not hold are deleted when a run starts; what they named is known all the same.
    (results / f"analyses/{LAST}/fit.json").unlink()
    assert metarepro_run(project, "-n").returncode == 0
    assert not (results / "seals/analyse_0.json").exists()
    done = metarepro_run(project)
    assert done.returncode == 0, done.stderr
    assert (
        f"results/analyses/{LAST}: not in config.yaml any more, removed; results/analyses/{LAST}/forest.svg, "
        f"results/analyses/{LAST}/note.txt stays, as no run wrote it so\n"
    ) in done.stdout
    assert {f: f.read_text(encoding="utf-8") for f in before} == before
    after = fingerprint(project)
    assert {f: after[f] for f in fewer} == fewer
    assert set(after) - set(fewer) == {str(f.relative_to(results)) for f in before}


@pytest.mark.slow
def test_a_wrong_configuration_removes_nothing(project):
    before = {f for f in fingerprint(project) if f.startswith(("analyses/", "panels/"))}
    config = project / "config.yaml"
    config.write_text(config.read_text(encoding="utf-8") + "colour: red\n", encoding="utf-8")
    assert metarepro_run(project).returncode == 3
    assert {f for f in fingerprint(project) if f.startswith(("analyses/", "panels/"))} == before


@pytest.mark.slow
def test_pictures_of_a_table_that_is_taken_away(finished, tmp_path):
    """Those of the flow go with their file; what a user put beside them stays, and is not taken into the page."""
    project = tmp_path / "project"
    shutil.copytree(finished, project)
    before = fingerprint(project)
    shutil.copy(ROOT / "examples/flow/flow.yaml", project / "data/raw/flow.yaml")
    assert metarepro_run(project).returncode == 0
    assert (project / "results/evidence/flow.svg").exists()
    mine = project / "results/evidence/integrity.svg"
    assert not mine.exists()
    mine.write_text("<svg>mine</svg>", encoding="utf-8")
    (project / "data/raw/flow.yaml").unlink()
    done = metarepro_run(project)
    assert "\nresults/evidence/flow: not drawn any more, removed\n" in done.stdout, done.stderr
    assert mine.read_text(encoding="utf-8") == "<svg>mine</svg>"
    assert "<svg>mine" not in (project / "results/report.html").read_text(encoding="utf-8")
    mine.unlink()
    assert fingerprint(project) == before
