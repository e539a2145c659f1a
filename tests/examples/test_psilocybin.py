"""The second project runs by the same workflow and gives what its review prints."""

from __future__ import annotations

import csv
import json
import shutil
import subprocess
import sys

import pytest

from tests.conftest import ROOT

# A whole run without the profile, so that each job is a process of its own.
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    project = tmp_path_factory.mktemp("example") / "psilocybin"
    shutil.copytree(
        ROOT / "examples" / "psilocybin", project, ignore=shutil.ignore_patterns("results", ".snakemake", "source")
    )
    done = subprocess.run(
        [sys.executable, "-m", "snakemake", "--cores", "2", "--snakefile", str(ROOT / "Snakefile"), "--directory",
         str(project), "--workflow-profile", "none"],
        cwd=ROOT, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return project


def test_the_printed_pooled_results_are_recomputed(finished):
    results = {a["id"]: a for a in json.loads((finished / "results" / "results.json").read_text())["analyses"]}
    printed = {
        row["analysis_id"]: row
        for row in csv.DictReader((ROOT / "data" / "raw" / "published_results.csv").open(encoding="utf-8"))
    }
    for ours, theirs, k in (("depression_g", "psilodep_g", 12), ("response_rr", "psilodep_resp", 5),
                            ("remission_rr", "psilodep_rem_v25", 6)):  # fmt: skip
        summary = results[ours]["summary"]
        assert summary["k"] == k == int(printed[theirs]["k"])
        for name in ("estimate", "ci_low", "ci_high"):
            text = printed[theirs][name]
            decimals = len(text.partition(".")[2])
            assert f"{summary[name]:.{decimals}f}" == text, (ours, name)
    spread = results["depression_g"]["summary"]["heterogeneity"]
    assert f"{spread['components'][0]['tau2']:.4f}" == printed["psilodep_g"]["tau2"] == "0.1174"
    assert f"{spread['q']:.2f}" == printed["psilodep_g"]["q"] == "23.84"


def test_nothing_of_the_default_project_appears(finished):
    studies = list(csv.DictReader((ROOT / "data" / "raw" / "studies.csv").open(encoding="utf-8")))
    own = (finished / "data" / "raw" / "studies.csv").read_text()
    names = {row["label"] for row in studies if row["label"] not in own} | {"ketamine", "midazolam", "esketamine"}
    files = [p for p in (finished / "results").rglob("*") if p.suffix in (".html", ".svg", ".csv", ".json", ".log")]
    assert len(files) > 10
    for path in files:
        text = path.read_text(encoding="utf-8")
        found = [n for n in names if n.lower() in text.lower()]
        assert not found, (path.name, found)


def test_misprints_of_the_database_are_found(finished):
    rows = list(csv.DictReader((finished / "results" / "integrity.csv").open(encoding="utf-8")))
    found = {(r["code"], r["study_id"], r["value"]) for r in rows}
    # A control mean on the QIDS-SR beyond its maximum of 27; an SD no 79 scores can have; an SE in the place of an SD.
    assert {("W014", "davis_2021", "31.9"), ("W015", "goodwin_2022", "29.24941530188")} <= found
    assert ("W016", "rosenblat_2024", "3.367491648097") in found
