"""A project of one's own on GitHub or GitLab: the files are there, and their steps do what they say."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from metarepro import __version__
from metarepro.cli import main
from metarepro.project.digest import as_markdown

FILES = {"github": ".github/workflows/review.yml", "gitlab": ".gitlab-ci.yml"}


def steps_of(service: str, project: Path) -> list[str]:
    """The commands of the service's file, without that which installs."""
    content = yaml.safe_load((project / FILES[service]).read_text(encoding="utf-8"))
    if service == "gitlab":
        lines = content["review"]["script"]
    else:
        lines = [s["run"] for s in content["jobs"]["review"]["steps"] if "run" in s]
    assert lines[0] == 'python -m pip install --quiet "$METAREPRO"'
    return lines[1:]


@pytest.mark.parametrize("service", FILES)
def test_init_writes_what_the_service_runs(service, tmp_path, capsys):
    assert main(["init", str(tmp_path / "review"), f"--{service}"]) == 0
    assert FILES[service] in capsys.readouterr().out
    text = (tmp_path / "review" / FILES[service]).read_text(encoding="utf-8")
    assert f"METAREPRO: metarepro=={__version__}\n" in text and "@" not in text.replace("@v", "")
    assert (tmp_path / "review/.gitignore").read_text(encoding="utf-8") == "/results/\n/.snakemake/\n"
    other = next(f for s, f in FILES.items() if s != service)
    assert not (tmp_path / "review" / other).exists()


def test_init_alone_writes_none_of_it(tmp_path):
    assert main(["init", str(tmp_path / "review")]) == 0
    assert not list((tmp_path / "review").glob(".*"))


@pytest.mark.slow
@pytest.mark.parametrize("service", FILES)
def test_the_steps_run_and_tell_a_number_that_moved(service, tmp_path):
    project = tmp_path / "review"
    assert main(["init", str(project), f"--{service}"]) == 0
    tools = tmp_path / "bin"
    tools.mkdir()
    (tools / "metarepro").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m metarepro "$@"\n', encoding="utf-8")
    (tools / "metarepro").chmod(0o755)
    summary = tmp_path / "summary.md"
    environment = {**os.environ, "PATH": f"{tools}:{os.environ['PATH']}", "GITHUB_STEP_SUMMARY": str(summary)}

    def run_steps() -> list[int]:
        codes = []
        for step in steps_of(service, project):
            done = subprocess.run(["bash", "-e", "-c", step], cwd=project, env=environment, capture_output=True,
                                  timeout=300, check=False)  # fmt: skip
            codes.append(done.returncode)
        return codes

    assert run_steps() == [0, 0, 0]
    assert summary.read_text(encoding="utf-8").startswith("## ") and "\n- " in summary.read_text(encoding="utf-8")
    shutil.copytree(project / "results", project / "reference")
    assert run_steps() == [0, 0, 0]
    table = project / "data/raw/dichotomous.csv"
    text = table.read_text(encoding="utf-8")
    assert text.count(",672,21,40,") == 1
    table.write_text(text.replace(",672,21,40,", ",672,22,40,"), encoding="utf-8")
    assert run_steps() == [0, 0, 4]


def test_the_digest_as_markdown_is_a_heading_and_a_list():
    text = "A *review*\n\nComputed: 2 analyses.\n  Response: OR 2.00 <1 to 3>\nThe report: /tmp/a_b.html"
    assert as_markdown(text) == (
        "## A \\*review\\*\n\nComputed: 2 analyses.\n\n- Response: OR 2.00 \\<1 to 3\\>\n\nThe report: /tmp/a\\_b.html\n\n"
    )
