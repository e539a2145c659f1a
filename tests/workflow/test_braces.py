"""Texts of the configuration are no patterns of the workflow."""

from __future__ import annotations

import shutil
import subprocess
import sys

from metarepro.template import TEMPLATE
from tests.conftest import ROOT


def test_braces_in_titles_are_no_wildcards(tmp_path):
    shutil.copytree(TEMPLATE, tmp_path / "p")
    file = tmp_path / "p/config.yaml"
    text = file.read_text(encoding="utf-8")
    panels = "panels: [{id: p, title: '{x}', analyses: [response_rate, response_or], heads: ['{y}', '{z}']}]\n"
    text = text.replace("title: My review (three invented trials)", "title: Response {x} {24 h} at $5 {{y}}")
    file.write_text(text.replace('authors: ""', "authors: A {b}") + panels, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "snakemake", "--snakefile", str(ROOT / "Snakefile"), "--cores", "1", "--dry-run", "--quiet"],
        cwd=tmp_path / "p", capture_output=True, text=True, encoding="utf-8", check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
