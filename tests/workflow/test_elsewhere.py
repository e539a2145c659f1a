"""The same results wherever the workflow runs: as a module of another one, through a batch system, with other profiles."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from metarepro.template import write_project
from tests.conftest import ROOT
from tests.workflow.test_workflow import fingerprint, jobs, snakemake

MODULE = """\
configfile: "my.yaml"


module review:
    snakefile:
        "{workflow}"
    config:
        config


use rule * from review as review_*


rule all:
    default_target: True
    input:
        rules.review_all.input,
"""


def run(project: Path, *options: str, snakefile: Path = ROOT / "Snakefile", timeout: int = 600) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "snakemake", "--snakefile", str(snakefile), "--directory", str(project), *options],
        capture_output=True, text=True, timeout=timeout, check=False,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": ""},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def clean(tmp_path_factory) -> dict[str, str]:
    """Results of a plain local run of the template project."""
    project = tmp_path_factory.mktemp("plain") / "project"
    write_project(project)
    done = snakemake(project)
    assert done.returncode == 0, done.stderr
    return fingerprint(project)


@pytest.fixture
def project(tmp_path) -> Path:
    write_project(tmp_path / "project")
    return tmp_path / "project"


@pytest.mark.slow
def test_as_a_module_of_another_workflow(project, clean):
    (project / "config.yaml").rename(project / "my.yaml")
    (project / "Snakefile").write_text(MODULE.format(workflow=ROOT / "workflow/Snakefile"), encoding="utf-8")
    said = run(project, "--cores", "2", snakefile=project / "Snakefile")
    assert "review_report" in said
    mine = fingerprint(project)
    # Its settings are those of another file, which the records of what changed and the page do not show.
    differing = {name for name in clean if mine.get(name) != clean[name]}
    assert differing <= {"seals/validate.json"}
    assert "Nothing to be done" in run(project, "--cores", "2", snakefile=project / "Snakefile")


@pytest.mark.slow
def test_as_a_module_with_a_wrong_setting(project):
    text = (project / "config.yaml").read_text(encoding="utf-8")
    (project / "config.yaml").unlink()
    (project / "my.yaml").write_text(text.replace("measure: OR", "measure: ORR", 1), encoding="utf-8")
    (project / "Snakefile").write_text(MODULE.format(workflow=ROOT / "workflow/Snakefile"), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "snakemake", "--directory", str(project), "--snakefile", str(project / "Snakefile"), "-c1"],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 1 and "measure 'ORR' is unknown" in done.stderr
    assert "Fix: did you mean 'RR'?" in done.stderr


@pytest.mark.slow
def test_without_or_with_another_profile(project, clean):
    run(project, "--cores", "1", "--workflow-profile", "none")
    assert fingerprint(project) == clean
    profile = project / "profile"
    profile.mkdir()
    (profile / "config.yaml").write_text("cores: 2\nprintshellcmds: true\n", encoding="utf-8")
    (project / "results/summary.csv").unlink()
    said = run(project, "--profile", str(profile))
    assert jobs(said) >= {"results.json and tables of all analyses"}
    assert fingerprint(project) == clean


@pytest.mark.slow
def test_through_a_batch_system(project, clean):
    """Every job is a process of its own that is given a script; no `--cores`."""
    submit = Path(__file__).parent / "submit.sh"
    run(
        project, "--executor", "cluster-generic", "--cluster-generic-submit-cmd", str(submit), "--jobs", "4",
        "--latency-wait", "10",
    )  # fmt: skip
    assert fingerprint(project) == clean
    assert "Nothing to be done" in run(project, "--cores", "1")


@pytest.mark.cluster
def test_on_slurm(project, clean, monkeypatch):
    """On a SLURM of one node, which .ci/run installs and this test starts and stops."""
    script = Path(__file__).parent / "slurm_local.sh"
    state = project.parent / "slurm"
    assert shutil.which("sbatch"), "SLURM is not installed: apt-get install slurm-wlm munge"
    monkeypatch.setenv("SLURM_LOCAL", str(state))
    monkeypatch.setenv("SLURM_CONF", str(state / "slurm.conf"))
    subprocess.run(["bash", str(script), "start"], check=True, timeout=60)
    monkeypatch.setenv("PATH", f"{state / 'bin'}:{os.environ['PATH']}")
    try:
        run(
            project, "--executor", "slurm", "--jobs", "4", "--slurm-no-account", "--slurm-status-command", "squeue",
            "--slurm-init-seconds-before-status-checks", "2", "--seconds-between-status-checks", "2",
            "--default-resources", "slurm_partition=local", "mem_mb=500", "runtime=10", "--latency-wait", "20",
            timeout=900,
        )  # fmt: skip
    finally:
        subprocess.run(["bash", str(script), "stop"], check=True, timeout=60)
    assert fingerprint(project) == clean
