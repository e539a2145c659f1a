"""No stale or altered result goes unnoticed: whatever was done to results, records or tables, the next run heals it."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from metarepro.errors import MetareproError
from metarepro.project.code import fingerprints_of, imported_files
from metarepro.project.finished import remember_finished, still_holds
from metarepro.project.places import check_results_folder
from metarepro.project.plan import script_files
from metarepro.run_command import is_plain
from metarepro.template import write_project
from tests.conftest import ROOT
from tests.workflow.test_workflow import fingerprint, snakemake

PACKAGE, SCRIPTS = ROOT / "src/metarepro", ROOT / "workflow/scripts"


def said(done: subprocess.CompletedProcess[str]) -> str:
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def finished(tmp_path_factory) -> Path:
    """The template project, run once; not to be changed."""
    project = tmp_path_factory.mktemp("finished") / "project"
    write_project(project)
    done = snakemake(project)
    assert done.returncode == 0, said(done)
    return project


@pytest.fixture
def project(finished, tmp_path) -> Path:
    """A copy with its time stamps and Snakemake's records."""
    shutil.copytree(finished, tmp_path / "project")
    return tmp_path / "project"


def check_heals(project: Path, clean: dict[str, bytes]) -> str:
    done = snakemake(project)
    assert done.returncode == 0, said(done)
    assert fingerprint(project) == clean
    again = snakemake(project)
    assert "Nothing to be done" in said(again)
    return said(done)


def alter(file: Path, change: Callable[[bytes], bytes]) -> None:
    """Change a file and leave its time stamp as it was."""
    before = file.stat()
    file.write_bytes(change(file.read_bytes()))
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))


def test_lost_records_of_snakemake_re_run_nothing_that_holds(project, finished):
    shutil.rmtree(project / ".snakemake")
    assert "Nothing to be done" in said(snakemake(project))
    assert fingerprint(project) == fingerprint(finished)


@pytest.mark.slow
def test_lost_records_hide_no_changed_table(project, finished):
    """A table with an old time stamp, as a copy or a version control system may give it."""
    shutil.rmtree(project / ".snakemake")
    table = project / "data/raw/dichotomous.csv"
    alter(table, lambda b: b.replace(b",672,21,40,", b",672,22,40,"))
    done = snakemake(project)
    assert done.returncode == 0
    assert (project / "results/results.json").read_bytes() != (finished / "results/results.json").read_bytes()
    assert b'"e1": 22' in (project / "results/results.json").read_bytes()


def test_altered_cut_and_deleted_results_come_back(project, finished):
    clean = fingerprint(finished)
    results = project / "results"
    analysis = next(p.parent for p in sorted(results.glob("analyses/*/forest.svg")))
    alter(results / "summary.csv", lambda b: b.replace(b"0.", b"1.", 1))
    alter(analysis / "forest.csv", lambda b: b[: len(b) // 2])
    alter(analysis / "figures/drapery.svg", lambda b: b"")
    (analysis / "forest.pdf").unlink()
    (results / "audit/figures.json").unlink()
    (results / "evidence/figures.json").write_text("not what it was", encoding="utf-8")
    told = check_heals(project, clean)
    assert re.search(r"^results/summary\.csv was changed since it was made: made again\.$", told, re.M)


@pytest.mark.slow
def test_every_deleted_result_comes_back(project, finished):
    clean = fingerprint(finished)
    for file in sorted((project / "results").rglob("*")):
        if file.is_file() and not {"logs", "records", "seals"} & set(file.parts):
            file.unlink()
    check_heals(project, clean)


@pytest.mark.slow
def test_each_further_figure_comes_back(project, finished):
    clean = fingerprint(finished)
    figures = [f for f in (project / "results").rglob("*.svg") if f.name != "forest.svg"]
    assert len(figures) > 1
    for file in figures:
        file.unlink()
    check_heals(project, clean)


@pytest.mark.slow
def test_results_of_another_project_are_not_taken_for_ones_own(project, finished):
    clean = fingerprint(finished)
    table = project / "data/raw/dichotomous.csv"
    own = table.read_bytes()
    table.write_bytes(own.replace(b",672,21,40,", b",672,22,40,"))
    assert snakemake(project).returncode == 0
    other = fingerprint(project)
    assert other != clean
    # The results belong to the changed table; the old one comes back with its old time stamp, as with `cp -a`.
    shutil.copy2(finished / "data/raw/dichotomous.csv", table)
    check_heals(project, clean)


@pytest.mark.slow
def test_a_table_changed_during_a_run_and_changed_back(project, finished):
    """The records hold what was read; when the table is another one afterwards, they are made anew."""
    clean = fingerprint(finished)
    table = project / "data/raw/dichotomous.csv"
    changed = table.read_bytes().replace(b",672,21,40,", b",672,22,40,")
    table.write_bytes(changed)
    assert snakemake(project, "--until", "validate").returncode == 0
    shutil.copy2(finished / "data/raw/dichotomous.csv", table)
    os.utime(table, (1, 1))
    check_heals(project, clean)


@pytest.mark.slow
def test_damaged_records_of_snakemake(project, finished):
    for file in (project / ".snakemake/metadata").rglob("*"):
        if file.is_file():
            file.write_bytes(b"\0damaged")
    done = snakemake(project)
    assert done.returncode == 0 and "Traceback" not in said(done), said(done)
    assert fingerprint(project) == fingerprint(finished)


def test_a_result_that_was_not_asked_for_is_called_out_of_date(project):
    table = project / "data/raw/dichotomous.csv"
    table.write_text(table.read_text(encoding="utf-8").replace(",672,21,40,", ",672,22,40,"), encoding="utf-8")
    done = snakemake(project, "results/results.json")
    assert done.returncode == 0, said(done)
    assert "\nOut of date: report: results/records/trials.json has changed. Run again to make it anew." in said(done)
    asked = subprocess.run(
        [sys.executable, "-m", "metarepro", "run", str(project), "--cores", "2", "results/results.json"],
        capture_output=True, text=True, timeout=300, env={**os.environ, "PYTHONDONTWRITEBYTECODE": ""},
    )  # fmt: skip
    assert asked.returncode == 0 and "what was asked for holds. The page is out of date." in asked.stdout


def test_the_command_says_what_it_was_not_asked_for(project):
    table = project / "data/raw/dichotomous.csv"
    table.write_text(table.read_text(encoding="utf-8").replace(",672,21,40,", ",672,22,40,"), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "metarepro", "run", str(project), "--cores", "2", "results/results.json"],
        capture_output=True, text=True, timeout=300, env={**os.environ, "PYTHONDONTWRITEBYTECODE": ""},
    )  # fmt: skip
    assert done.returncode == 0, said(done)
    assert re.match(r"Made as asked\. Out of date: audit \(results/records/trials\.json has changed\);", done.stdout)
    assert done.stdout.endswith("Fix: metarepro run, without naming a result, makes everything anew.\n")


def test_check_says_whether_results_hold(project):
    def check() -> str:
        command = [sys.executable, "-m", "metarepro", "check", "--directory", str(project)]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    assert "results/" not in check()
    alter(project / "results/summary.csv", lambda b: b + b" ")
    assert "First: gather: results/summary.csv was changed since it was made." in check()
    (project / "results/summary.csv").unlink()
    assert "First: gather: results/summary.csv is gone since it was made." in check()


def run_again(project: Path) -> tuple[str, bool]:
    """What `metarepro run` says, and whether it had Snakemake look at everything."""
    logs = project / ".snakemake/log"
    before = len(list(logs.glob("*"))) if logs.exists() else 0
    done = subprocess.run(
        [sys.executable, "-m", "metarepro", "run", str(project), "--cores", "2"],
        capture_output=True, text=True, timeout=300, env={**os.environ, "PYTHONDONTWRITEBYTECODE": ""},
    )  # fmt: skip
    assert done.returncode == 0, said(done)
    return done.stdout, len(list(logs.glob("*"))) > before


CHANGES: dict[str, Callable[[Path], object]] = {
    "setting": lambda p: alter(p / "config.yaml", lambda b: b + b"\n# a comment is none\ntitle_note: 1\n"),
    "table": lambda p: alter(p / "data/raw/dichotomous.csv", lambda b: b.replace(b",672,21,40,", b",672,22,40,")),
    "new table": lambda p: (p / "data/raw/later.csv").write_text("", encoding="utf-8"),
    "table that is a link": lambda p: (
        (p / "data/raw/dichotomous.csv").rename(p.parent / "elsewhere.csv"),
        (p / "data/raw/dichotomous.csv").symlink_to(p.parent / "elsewhere.csv"),
    ),
    "altered result": lambda p: alter(p / "results/summary.csv", lambda b: b.replace(b"0.", b"1.", 1)),
    "deleted result": lambda p: next(p.glob("results/analyses/*/forest.svg")).unlink(),
    "deleted figure": lambda p: next(p.glob("results/analyses/*/figures/drapery.svg")).unlink(),
    "deleted seal": lambda p: (p / "results/seals/report.json").unlink(),
    "damaged seal": lambda p: (p / "results/seals/report.json").write_text("{", encoding="utf-8"),
    "deleted results": lambda p: shutil.rmtree(p / "results"),
    "lost records": lambda p: shutil.rmtree(p / ".snakemake"),
    "job that was killed": lambda p: (
        (p / ".snakemake/incomplete").mkdir(exist_ok=True),
        (p / ".snakemake/incomplete/x").touch(),
    ),
    "locked": lambda p: (
        (p / ".snakemake/locks").mkdir(exist_ok=True),
        (p / ".snakemake/locks/0.output.lock").touch(),
    ),
    "profile": lambda p: (
        (p / "profiles/default").mkdir(parents=True),
        (p / "profiles/default/config.yaml").write_text("forceall: true\n", encoding="utf-8"),
    ),
    "profile in a folder of that name": lambda p: (p / "default").mkdir(),
    "result struck out of a seal": lambda p: strike_out(p / "results/seals/report.json", "results/methods.md"),
    "folder in the place of a table": lambda p: (
        (p / "data/raw/arms.csv").unlink(),
        (p / "data/raw/arms.csv").mkdir(),
    ),
    "table that is a link to nowhere": lambda p: (
        (p / "data/raw/arms.csv").unlink(),
        (p / "data/raw/arms.csv").symlink_to("nowhere.csv"),
    ),
    "key that is no text": lambda p: alter(p / "config.yaml", lambda b: b"1: x\n" + b),
    "endless settings": lambda p: alter(p / "config.yaml", lambda b: b + b"\nx: &a [*a]\n"),
    "word that is no word": lambda p: (p / ".snakemake/metarepro/finished.json").write_text("[" * 200_000),
    "seal of another kind": lambda p: (p / "results/seals/report.json").write_text('{"script": []}'),
}


def strike_out(seal: Path, output: str) -> None:
    content = json.loads(seal.read_text(encoding="utf-8"))
    del content["outputs"][output]
    seal.write_text(json.dumps(content), encoding="utf-8")
    (seal.parents[2] / output).unlink()


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_snakemake_looks_again_at_whatever_has_changed(project, change):
    remember_finished(project, ROOT / "workflow/Snakefile")
    assert still_holds(project, ROOT / "workflow/Snakefile")
    change(project)
    assert not still_holds(project, ROOT / "workflow/Snakefile")


def test_rules_that_have_changed_are_looked_at(project, tmp_path, monkeypatch):
    workflow = tmp_path / "workflow"
    shutil.copytree(ROOT / "workflow", workflow)
    monkeypatch.chdir(tmp_path)
    remember_finished(project, workflow / "Snakefile")
    assert still_holds(project, workflow / "Snakefile")
    monkeypatch.setenv("SNAKEMAKE_PROFILE", "mine")
    assert not still_holds(project, workflow / "Snakefile")
    remember_finished(project, workflow / "Snakefile")  # leaves the word as it was
    monkeypatch.delenv("SNAKEMAKE_PROFILE")
    assert still_holds(project, workflow / "Snakefile")
    (tmp_path / "elsewhere/profiles/default").mkdir(parents=True)
    with contextlib.chdir(tmp_path / "elsewhere"):
        assert not still_holds(project, workflow / "Snakefile")
    alter(workflow / "rules/report.smk", lambda b: b.replace(b"results/methods.md", b"results/method.md"))
    assert not still_holds(project, workflow / "Snakefile")


@pytest.mark.parametrize(
    ("options", "plain"),
    [
        (["--cores", "2"], True), (["--cores=all"], True), (["-c1"], True), (["-j", "2"], True), (["-c", "2", "-j2"], True),
        (["--cores", "2", "7"], False), (["2024", "--cores", "1"], False), (["--cores="], False), (["--cores=abc"], False),
        (["--jobs"], False), (["-n"], False), (["results/report.html"], False), (["--cores", "1", "--until", "gather"], False),
    ],
)  # fmt: skip
def test_only_how_much_at_once_leaves_a_run_plain(options, plain):
    assert is_plain(options) == plain


@pytest.mark.slow
def test_a_run_over_results_that_hold_starts_no_snakemake(project, finished):
    words, looked = run_again(project)
    assert words.startswith("Nothing to be done: every result holds.\n") and looked
    words, looked = run_again(project)
    assert words.startswith("Nothing to be done: every result holds.\n") and not looked
    alter(project / "results/summary.csv", lambda b: b + b" ")
    words, looked = run_again(project)
    assert not words.startswith("Nothing to be done") and looked
    assert fingerprint(project) == fingerprint(finished)
    assert not run_again(project)[1]


def test_results_that_are_a_link_are_refused(project, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    (project / "results").rename(elsewhere)
    (project / "results").symlink_to(elsewhere)
    before = sorted(elsewhere.rglob("*"))
    done = snakemake(project)
    assert done.returncode == 1
    assert f"results is a link to {elsewhere}." in done.stderr and "Fix: delete the link." in done.stderr
    assert sorted(elsewhere.rglob("*")) == before


@pytest.mark.slow
def test_a_link_within_the_results_is_refused(project, tmp_path):
    (tmp_path / "mine.csv").write_text("mine\n", encoding="utf-8")
    (project / "results/summary.csv").unlink()
    (project / "results/summary.csv").symlink_to(tmp_path / "mine.csv")
    done = snakemake(project)
    assert done.returncode == 1 and "results/summary.csv is a link to" in done.stderr
    assert (tmp_path / "mine.csv").read_text(encoding="utf-8") == "mine\n"


def test_results_that_are_a_file_are_a_sentence(tmp_path):
    write_project(tmp_path / "project")
    (tmp_path / "project/results").write_text("", encoding="utf-8")
    done = snakemake(tmp_path / "project")
    assert done.returncode == 1 and "Traceback" not in said(done)
    assert "results is a file, but results go into a folder of that name. Fix: rename the file." in done.stderr


def test_results_on_a_read_only_disk_are_a_sentence(tmp_path, monkeypatch):
    (tmp_path / "results").mkdir()
    # The tests may be run by root, who may write anywhere.
    monkeypatch.setattr("os.access", lambda path, mode: Path(path).name != "results")
    with pytest.raises(MetareproError, match=r"^results is read-only, .* Fix: make it writable\.$"):
        check_results_folder(tmp_path)


def test_a_run_loads_no_module_that_its_fingerprint_leaves_out(finished):
    """A module that is loaded and not counted could be changed without a re-run."""
    logs = sorted((finished / "results/logs").glob("*.log"))
    assert len(logs) >= 10
    imported = imported_files(script_files(SCRIPTS), PACKAGE)
    for log in logs:
        name = re.sub(r"_\d+$", "", log.stem)
        (line,) = re.findall(r"^Modules: (.*)$", log.read_text(encoding="utf-8"), re.M)
        counted = {f.relative_to(PACKAGE.parent) for f in imported[name] if PACKAGE in f.parents}
        for module in line.split():
            path = Path(*module.split("."))
            assert {path.with_suffix(".py"), path / "__init__.py"} & counted, (name, module)


@pytest.fixture
def copied(tmp_path) -> Path:
    shutil.copytree(PACKAGE, tmp_path / "metarepro", ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path / "metarepro"


def edited(package: Path, file: str, change: Callable[[str], str]) -> set[str]:
    """Scripts that an edit re-runs."""
    scripts, state = script_files(SCRIPTS), package.parent
    before = fingerprints_of(scripts, package, state)
    text = (package / file).read_text(encoding="utf-8")
    (package / file).write_text(change(text), encoding="utf-8")
    after = fingerprints_of(scripts, package, state)
    return {name for name in scripts if before[name] != after[name]}


def test_what_an_edit_re_runs(copied):
    assert edited(copied, "cli.py", lambda t: t.replace("exit codes", "Exit codes")) == set()
    assert edited(copied, "pooling/tau2.py", lambda t: f"# A comment.\n{t}") == set()
    estimator = edited(copied, "pooling/tau2.py", lambda t: f"{t}\nNEW = 1\n")
    assert {"analyse", "reproduce", "reproduce_printed"} <= estimator
    assert not {"report", "draw_strips", "gather", "audit", "validate"} & estimator
    assert edited(copied, "report/templates/outcomes.html", lambda t: f"{t}\n") == {"report"}
    assert edited(copied, "figures/reproductions/strip.py", lambda t: f"{t}\nNEW = 1\n") == {
        "draw_strips",
        "draw_audit",
    }
