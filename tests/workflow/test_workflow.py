"""The workflow as users run it: what re-runs and what does not, bad input, progress, files."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from metarepro.project.check import find_stale_results
from tests.conftest import ROOT

CONFIG = """\
title: A small project
outcomes:
  response: {label: Response, better: high}
  remission: {label: Remission, better: high}
sensitivity:
  - {id: primary_only, label: Primary only, population: {level: primary}}
analyses:
  - id: response_or
    title: Response at 24 hours
    outcome: response
    measure: OR
    time: {from: 12, to: 36, target: 24}
    experimental: {agent: ketamine}
    control: {agent: [saline, midazolam]}
    schedule: single
  - id: remission_rr
    title: Remission at 24 hours
    outcome: remission
    measure: RR
    time: {from: 12, to: 36, target: 24}
    experimental: {agent: ketamine}
    control: {agent: [saline, midazolam]}
    schedule: single
"""
SOS = "sos2013,ketamine,response,MADRS,>=50% reduction from baseline; all periods,24,"


def snakemake(project: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Run the workflow of this repository in another folder."""
    return subprocess.run(
        [sys.executable, "-m", "snakemake", "--snakefile", str(ROOT / "Snakefile"), "--directory", str(project),
         "--cores", "2", *options],
        capture_output=True, text=True, timeout=300, env={**os.environ, "PYTHONDONTWRITEBYTECODE": ""},
    )  # fmt: skip


def metarepro_diff(old: Path, new: Path) -> subprocess.CompletedProcess[str]:
    """The command that compares results folders."""
    return subprocess.run(
        [sys.executable, "-m", "metarepro", "diff", str(old), str(new)], capture_output=True, text=True, check=False
    )


def metarepro_run(project: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """The command that people use."""
    return subprocess.run(
        [sys.executable, "-m", "metarepro", "run", str(project), "--cores", "2", *options],
        capture_output=True, text=True, timeout=300, env={**os.environ, "PYTHONDONTWRITEBYTECODE": ""},
    )  # fmt: skip


def fingerprint(project: Path) -> dict[str, str]:
    """Bytes of every result, by path, but for logs and what is told of the run before."""
    results = project / "results"
    return {
        str(f.relative_to(results)): hashlib.sha256(without_changes(f.read_bytes())).hexdigest()
        for f in sorted(results.rglob("*"))
        if f.is_file()
        and "logs" not in f.parts
        and f.name not in ("changes.json", ".snakemake_timestamp")
        and f.relative_to(results).as_posix() != "seals/report.json"
    }


def without_changes(page: bytes) -> bytes:
    """The report without its section on changes, and the line that leads to it."""
    told = rb'<details class="more" id="changes">.*?</details>\n|<p class="cap"><b>Changed since the run before.*?</p>'
    return re.sub(told, b"", page, flags=re.S)


# What any row of a trial makes anew: printed results beside our own rows, claims, figures of the tables.
EVERY_ROW = (
    "checking configuration and tables", "numbers of 2 analyses", "results.json and tables of all analyses",
    "reproduction.csv", "claims.csv",
    "figures of the tables", "report.html",
)  # fmt: skip


def jobs(output: str) -> set[str]:
    """What a run did, or would do, by its messages."""
    return set(re.findall(r"^Job \d+: (.*)$", output, re.M)) - {"everything is there"}


def change(project: Path, table: str, old: str, new: str) -> None:
    path = project / "data/raw" / f"{table}.csv"
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1
    path.write_text(text.replace(old, new), encoding="utf-8")


@pytest.fixture(scope="module")
def project(tmp_path_factory) -> Path:
    """A project with two analyses of the default tables, run once."""
    folder = tmp_path_factory.mktemp("a project with blanks and ümlauts")
    # Printed results and claims have tests of their own.
    left_out = shutil.ignore_patterns("claims.csv", "published_*.csv")
    shutil.copytree(ROOT / "data/raw", folder / "data/raw", ignore=left_out)
    (folder / "config.yaml").write_text(CONFIG, encoding="utf-8")
    done = snakemake(folder)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def test_all_files_are_there(project):
    files = set(fingerprint(project))
    for analysis in ("response_or", "remission_rr"):
        for name in ("fit.json", "effects.csv"):
            assert f"analyses/{analysis}/{name}" in files
    for kind in ("svg", "pdf", "png", "csv", "alt.txt"):
        assert f"analyses/response_or/forest.{kind}" in files
        # One study is no forest.
        assert f"analyses/remission_rr/forest.{kind}" not in files
    index = json.loads((project / "results/analyses/remission_rr/figures/figures.json").read_text(encoding="utf-8"))
    assert index["drawn"] == [] and "one study" in index["not_drawn"]["forest"]
    assert {"report.html", "summary.csv", "results.json", "flows.csv"} <= files
    results = json.loads((project / "results/results.json").read_text(encoding="utf-8"))
    assert [a["id"] for a in results["analyses"]] == ["response_or", "remission_rr"]
    for analysis in results["analyses"]:
        fit = json.loads((project / f"results/analyses/{analysis['id']}/fit.json").read_text(encoding="utf-8"))
        assert fit == analysis


def test_a_second_run_has_nothing_to_do_and_says_so(project):
    done = snakemake(project)
    assert done.returncode == 0 and "Nothing to be done" in done.stdout + done.stderr


def test_touching_files_re_runs_nothing(project):
    for file in (*(project / "data/raw").glob("*.csv"), project / "config.yaml"):
        file.touch()
    assert "Nothing to be done" in (d := snakemake(project)).stdout + d.stderr


@pytest.mark.slow
def test_a_changed_count_re_runs_what_uses_it_and_undoing_it_gives_the_same_bytes(project, tmp_path):
    before = fingerprint(project)
    kept = tmp_path / "kept"
    shutil.copytree(project / "results", kept)
    change(project, "dichotomous", f"{SOS}10,27", f"{SOS}11,27")
    done = snakemake(project)
    assert done.returncode == 0
    # The printed results with numbers of their own are not repeated for it.
    assert jobs(done.stdout + done.stderr) == {*EVERY_ROW, "figures of 2 analyses"}
    after = fingerprint(project)
    said = metarepro_diff(kept, project / "results")
    assert said.returncode == 4
    assert said.stdout.startswith("response_or\n  data or settings: studies.")
    assert "inputs.e1 10 -> 11 (+10%)" in said.stdout and "'10/27' -> '11/27'" in said.stdout
    assert (
        re.search(r"^  summary\.estimate [\d.]+ -> [\d.]+ \(\+", said.stdout, re.M)
        and "figure: texts gone:" in said.stdout
    )
    assert "remission_rr" not in said.stdout
    assert {k for k in before if before[k] != after[k]} >= {"analyses/response_or/fit.json", "results.json"}
    assert all(before[k] == after[k] for k in before if k.startswith("analyses/remission_rr"))
    change(project, "dichotomous", f"{SOS}11,27", f"{SOS}10,27")
    assert snakemake(project).returncode == 0
    assert fingerprint(project) == before
    same = metarepro_diff(kept, project / "results")
    assert (same.returncode, same.stdout) == (0, "No number and no figure differs.\n")


@pytest.mark.slow
def test_a_figure_setting_makes_no_number_anew(project):
    before = fingerprint(project)
    text = (project / "config.yaml").read_text(encoding="utf-8")
    (project / "config.yaml").write_text(text + "figure: {style: bmj}\n", encoding="utf-8")
    done = snakemake(project)
    assert done.returncode == 0
    made = jobs(done.stdout + done.stderr)
    assert "figures of 2 analyses" in made and not [job for job in made if job.startswith("numbers")]
    after = fingerprint(project)
    changed = {k for k in before if before[k] != after[k] and not k.startswith(("seals/", "records/"))}
    assert "analyses/response_or/forest.svg" in changed
    assert not [k for k in changed if k.endswith(".json")]
    (project / "config.yaml").write_text(text, encoding="utf-8")
    assert snakemake(project).returncode == 0
    assert fingerprint(project) == before


def test_a_comment_in_the_configuration_re_runs_nothing(project):
    text = (project / "config.yaml").read_text(encoding="utf-8")
    (project / "config.yaml").write_text(f"# A comment.\n{text}", encoding="utf-8")
    done = snakemake(project)
    (project / "config.yaml").write_text(text, encoding="utf-8")
    assert "Nothing to be done" in done.stdout + done.stderr


@pytest.mark.slow
def test_settings_of_the_command_line_are_honoured_and_checked(project):
    before = fingerprint(project)
    done = snakemake(project, "--config", "title=Another {title} at $5")
    assert done.returncode == 0, done.stderr[-2000:]
    assert (
        json.loads((project / "results/results.json").read_text(encoding="utf-8"))["title"] == "Another {title} at $5"
    )
    assert "Another {title} at $5" in (project / "results/report.html").read_text(encoding="utf-8")
    wrong = snakemake(project, "--config", "model={tau2: DLL}")
    assert wrong.returncode == 1
    assert re.search(r"^\.snakemake/metarepro/config\.yaml:\d+:\d+: E102 ", wrong.stderr, re.M), wrong.stderr
    assert "DLL" in wrong.stderr and "Traceback" not in wrong.stderr
    other = project / "other.yaml"
    other.write_text("authors: Somebody else\n", encoding="utf-8")
    assert snakemake(project, "--configfile", str(other)).returncode == 0
    assert "Somebody else" in (project / "results/report.html").read_text(encoding="utf-8")
    other.unlink()
    assert snakemake(project).returncode == 0
    assert fingerprint(project) == before


def test_a_wrong_cell_stops_before_anything_runs_and_loses_nothing(project):
    before = fingerprint(project)
    change(project, "dichotomous", f"{SOS}10,27", f"{SOS}37,27")
    done = snakemake(project)
    assert done.returncode == 1
    assert re.search(
        r"^data/raw/dichotomous.csv:\d+:\d+: E021 events is larger than total\n"
        r'    row: study_id = "sos2013", arm_id = "ketamine", outcome = "response", timepoint_h = "24"\n'
        r"    events = 37, total = 27\n"
        r"    Did you type the percentage\? 37% of 27 would be 10 patients\.\n"
        r"    Fix: enter the number of patients \(a whole number from 0 to 27\)\.$",
        done.stderr, re.M,
    ), done.stderr  # fmt: skip
    assert "Traceback" not in done.stdout + done.stderr
    # Snakemake takes away what the job that failed would have made: the records, nothing else.
    mine = {k: v for k, v in before.items() if not k.startswith(("records/", "seals/validate"))}
    assert fingerprint(project) == mine
    wrapped = metarepro_run(project)
    assert wrapped.returncode == 2 and "Snakemake" not in wrapped.stderr
    assert wrapped.stderr.rstrip().endswith("Help: metarepro explain E021")
    change(project, "dichotomous", f"{SOS}37,27", f"{SOS}10,27")
    assert jobs((d := snakemake(project)).stdout + d.stderr) == {"checking configuration and tables"}
    assert fingerprint(project) == before


def test_an_unknown_key_stops_before_anything_runs(project):
    text = (project / "config.yaml").read_text(encoding="utf-8")
    (project / "config.yaml").write_text(text.replace("schedule: single", "shedule: single", 1), encoding="utf-8")
    done = snakemake(project)
    wrapped = metarepro_run(project)
    (project / "config.yaml").write_text(text, encoding="utf-8")
    assert (done.returncode, wrapped.returncode) == (1, 3)
    assert "config.yaml:15:5: E101 unknown key 'shedule'\n    Fix: did you mean 'schedule'?" in done.stderr
    assert "Traceback" not in done.stdout + done.stderr


@pytest.mark.slow
def test_a_label_that_no_font_can_draw_stops_before_anything_runs(project):
    change(project, "studies", "sos2013,Sos 2013,", "sos2013,王 2013,")
    done = snakemake(project)
    change(project, "studies", "sos2013,王 2013,", "sos2013,Sos 2013,")
    assert snakemake(project).returncode == 0
    assert done.returncode == 1
    assert re.search(
        r"^data/raw/studies\.csv:\d+: E016 the label '王 2013' has a character .* U\+738B$", done.stderr, re.M
    )
    assert "Fix: write the name in Latin letters." in done.stderr


def test_lint_is_clean():
    done = subprocess.run(
        [sys.executable, "-m", "snakemake", "--lint"], capture_output=True, text=True, cwd=ROOT, timeout=120
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Congratulations" in done.stdout + done.stderr


@pytest.mark.slow
def test_the_template_project_runs_and_holds_its_own_trials_only(tmp_path):
    from metarepro.template import write_project

    write_project(tmp_path / "new")
    done = snakemake(tmp_path / "new")
    assert done.returncode == 0, done.stderr[-2000:]
    page = (tmp_path / "new/results/report.html").read_text(encoding="utf-8")
    assert "Cedar 2023 (invented)" in page and "Response, new drug v placebo" in page
    assert "etamine" not in page and "Zarate" not in page and "midazolam" not in page
    assert "Nothing was found by the checks" in page


@pytest.mark.slow
def test_no_job_is_left_out_while_another_one_is_at_work(project, tmp_path):
    """The page once was, when a last checkpoint ended between a job's last file and Snakemake's notice of its end."""
    shutil.copytree(project, tmp_path / "project")
    shutil.copytree(ROOT / "workflow", tmp_path / "copy/workflow")
    (tmp_path / "copy/src").symlink_to(ROOT / "src")
    project, workflow = tmp_path / "project", tmp_path / "copy/workflow"
    script = workflow / "scripts/draw_panels.py"
    script.write_text(f"{script.read_text(encoding='utf-8')}\nimport time\ntime.sleep(45)\n", encoding="utf-8")
    change(project, "dichotomous", f"{SOS}10,27", f"{SOS}12,27")
    page = (project / "results/report.html").read_bytes()
    done = subprocess.run(
        [sys.executable, "-m", "snakemake", "--snakefile", str(workflow / "Snakefile"), "--directory", str(project),
         "--cores", "2"],
        capture_output=True, text=True, timeout=600, env={**os.environ, "PYTHONDONTWRITEBYTECODE": ""},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "Out of date" not in done.stderr
    assert (project / "results/report.html").read_bytes() != page
    assert find_stale_results(project) == {}


@pytest.mark.slow
def test_every_run_says_what_changed_since_the_one_before(project, tmp_path):
    shutil.copytree(project / "data", tmp_path / "data")
    shutil.copy(project / "config.yaml", tmp_path)
    project, results = tmp_path, tmp_path / "results"
    first = metarepro_run(project)
    assert first.returncode == 0, first.stderr
    told = json.loads((results / "changes.json").read_text())
    assert told["compared"] is False and "hanged since the run before" not in (results / "report.html").read_text()
    assert "Changed since" not in first.stdout
    before = json.loads((results / "results.json").read_text())["analyses"][0]["summary"]["estimate"]

    change(project, "dichotomous", f"{SOS}10,27", f"{SOS}12,27")
    config = project / "config.yaml"
    config.write_text(config.read_text().replace("title: Remission at 24 hours", "title: Remission after a day"))
    second = metarepro_run(project)
    assert second.returncode == 0, second.stderr
    told = json.loads((results / "changes.json").read_text())
    after = json.loads((results / "results.json").read_text())["analyses"][0]["summary"]["estimate"]
    (row,) = told["rows"]
    assert (row["change"], row["cells"]) == ("changed", {"events": ["10", "12"]})
    assert row["key"].startswith("dichotomous: sos2013, ketamine, response, MADRS")
    assert told["settings"] == [
        {"key": "analyses.remission_rr.title", "old": "Remission at 24 hours", "new": "Remission after a day"}
    ]
    number = next(n for n in told["numbers"] if n["number"] == "estimate")
    assert (number["analysis"], number["old"], number["new"]) == ("response_or", before, after)
    assert number["percent"] == pytest.approx(100 * (after - before) / before)
    assert set(told["figures"]) == {"response_or"}
    lines = second.stdout.splitlines()
    place = lines.index("Changed since the run before:")
    assert lines[place + 1] == f"  {row['place']} changed: events 10 -> 12"
    assert lines[-1].startswith("The report: ")
    page = (results / "report.html").read_text()
    assert (
        "Changed since the run before: 1 data row, 1 setting, 1 figure, numbers of 1 analysis" in page
        and f"{row['place']}, events" in page
    )

    # What a run told is told again when it is repeated, and a run that does nothing leaves it alone.
    (results / "changes.json").unlink()
    third = snakemake(project)
    assert jobs(third.stdout + third.stderr) == {"report.html"}
    assert json.loads((results / "changes.json").read_text()) == told
    assert "Changed since" not in metarepro_run(project).stdout


@pytest.mark.slow
def test_a_printed_result_that_must_come_out_ends_the_run_with_code_5(tmp_path):
    shutil.copytree(ROOT / "data/raw", tmp_path / "data/raw", ignore=shutil.ignore_patterns("claims.csv"))
    for name in ("published_results", "published_inputs"):
        path = tmp_path / f"data/raw/{name}.csv"
        lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
        path.write_text(lines[0] + "".join(x for x in lines if "psilodep_re" in x), encoding="utf-8")
    target = (
        "reproduction:\n  targets: [{result: psilodep_rem_v26, must: exact}, {result: psilodep_resp, must: exact}]\n"
    )
    (tmp_path / "config.yaml").write_text(CONFIG + target, encoding="utf-8")
    done = metarepro_run(tmp_path)
    assert done.returncode == 5, done.stdout + done.stderr
    (line,) = [x for x in done.stderr.splitlines() if "must be" in x]
    assert re.match(
        r"data/raw/published_results\.csv:\d+: the printed result 'psilodep_rem_v26' must be 'exact' and is "
        r"'differs but explained': Lewis 2025, 6/13 v 1/12 instead of 7/13 v 2/12",
        line,
    )
    # Everything else is there, and what is demanded is demanded again; a dry run demands nothing.
    assert {"report.html", "reproduction.csv", "claims.json"} <= set(fingerprint(tmp_path))
    again = snakemake(tmp_path)
    assert again.returncode == 1 and line in again.stderr
    assert jobs(again.stdout + again.stderr) == {"verdicts that must come out"}
    assert snakemake(tmp_path, "results/summary.csv").returncode == 0
    assert snakemake(tmp_path, "-n").returncode == 0
    (tmp_path / "config.yaml").write_text(CONFIG + target.replace("v26, must: exact", "v26"), encoding="utf-8")
    assert metarepro_run(tmp_path).returncode == 0
    # A run that ended with an error is not one over results that hold.
    (tmp_path / "config.yaml").write_text(CONFIG + target, encoding="utf-8")
    assert [metarepro_run(tmp_path).returncode for _ in range(2)] == [5, 5]
