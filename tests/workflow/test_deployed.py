"""The workflow as `snakedeploy` deploys it: its template of settings and tables runs as a module."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from metarepro.template import write_project
from tests.conftest import ROOT


def test_the_template_is_that_of_init(tmp_path):
    write_project(tmp_path / "new")
    tables = {p.name: p.read_bytes() for p in (tmp_path / "new/data/raw").glob("*.csv")}
    assert {p.name: p.read_bytes() for p in (ROOT / "config/tables").glob("*.csv")} == tables
    ours, theirs = (
        yaml.safe_load(p.read_text(encoding="utf-8"))
        for p in (ROOT / "config/config.yaml", tmp_path / "new/config.yaml")
    )
    assert ours == {**theirs, "data": "config/tables"}


@pytest.mark.slow
def test_a_deployed_workflow_runs(tmp_path):
    # What snakedeploy 0.17 writes: the folder config, the profile, and a Snakefile with the module.
    shutil.copytree(ROOT / "config", tmp_path / "config")
    shutil.copytree(ROOT / "profiles", tmp_path / "profiles")
    (tmp_path / "workflow").mkdir()
    (tmp_path / "workflow/Snakefile").write_text(
        'from snakemake.utils import min_version\nmin_version("6.10.0")\nconfigfile: "config/config.yaml"\n'
        f'module metarepro:\n    snakefile: "{ROOT / "workflow/Snakefile"}"\n    config: config\n'
        "use rule * from metarepro\n",
        encoding="utf-8",
    )
    run = [str(Path(sys.executable).with_name("snakemake")), "--cores", "2"]
    done = subprocess.run(run, cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    assert (tmp_path / "results/report.html").stat().st_size > 50_000
    again = subprocess.run(run, cwd=tmp_path, capture_output=True, text=True, timeout=300, check=True)
    assert "Nothing to be done" in again.stdout + again.stderr
