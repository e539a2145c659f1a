"""The command line as a user types it: exit codes, messages, nothing written."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from metarepro.cli import main
from metarepro.codes import CODES, HELP
from metarepro.evidence.integrity import WARNINGS
from tests.conftest import ROOT


@pytest.fixture
def project(tmp_path) -> Path:
    """A copy of the default project to spoil."""
    shutil.copytree(ROOT / "data", tmp_path / "data")
    shutil.copy(ROOT / "config.yaml", tmp_path)
    return tmp_path


def metarepro(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "metarepro", *arguments],
        capture_output=True, text=True, cwd=cwd, env={**os.environ, "PYTHONPATH": str(ROOT / "src")}, check=False,
    )  # fmt: skip


def files(folder: Path) -> set[Path]:
    return {p for p in folder.rglob("*") if "__pycache__" not in p.parts}


def spoil(project: Path, table: str, old: str, new: str) -> int:
    """Replace a text that stands once in a table; the line it stands in."""
    path = project / "data/raw" / f"{table}.csv"
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1
    path.write_text(text.replace(old, new), encoding="utf-8")
    return text[: text.index(old)].count("\n") + 1


LII = "lii2023,ketamine,response,MADRS,>=50% reduction from screening baseline,24,"


def test_check_of_a_good_project_says_so_and_writes_nothing(project):
    before = files(project)
    done = metarepro("check", cwd=project)
    assert (done.returncode, done.stderr) == (0, "")
    assert re.fullmatch(
        r"Nothing wrong: \d+ analyses, tables in data/raw\.\n"
        r"To look at: 10 warnings and 25 notes on what does not fit\. List: metarepro check --findings\n",
        done.stdout,
    )
    assert files(project) == before
    elsewhere = metarepro("check", "--directory", str(project), "--format", "json", cwd=ROOT)
    assert metarepro("check", str(project), "--format", "json", cwd=ROOT).stdout == elsewhere.stdout
    assert json.loads(elsewhere.stdout)["ok"] is True


def test_a_shell_completes_commands_and_kinds():
    script = metarepro("completion", "bash", cwd=ROOT)
    assert (script.returncode, script.stderr) == (0, "")
    ask = 'COMP_WORDS=(metarepro {}); COMP_CWORD={}; _shtab_metarepro; echo "${{COMPREPLY[@]}}"\n'
    asked = script.stdout + ask.format("im", 1) + ask.format("import r", 2) + ask.format("check --fi", 2)
    done = subprocess.run(["bash", "-c", asked], capture_output=True, text=True)
    assert done.stdout.splitlines() == ["import", "revman", "--findings"]
    assert "compdef" in metarepro("completion", "zsh", cwd=ROOT).stdout


def test_check_names_the_cell_and_the_help(project):
    line = spoil(project, "dichotomous", f"{LII}12,20", f"{LII}60,20")
    before = files(project)
    done = metarepro("check", cwd=project)
    assert done.returncode == 2 and done.stdout == ""
    assert done.stderr == (
        f"data/raw/dichotomous.csv:{line}:76: E021 events is larger than total\n"
        '    row: study_id = "lii2023", arm_id = "ketamine", outcome = "response", timepoint_h = "24"\n'
        "    events = 60, total = 20\n"
        "    Did you type the percentage? 60% of 20 would be 12 patients.\n"
        "    Fix: enter the number of patients (a whole number from 0 to 20).\n"
        "\nHelp: metarepro explain E021\n"
    )
    assert files(project) == before


def test_problems_as_json(project, capsys):
    line = spoil(project, "dichotomous", f"{LII}12,20", f"{LII}60,20")
    assert main(["check", "--directory", str(project), "--format", "json"]) == 2
    answer = json.loads(capsys.readouterr().out)
    assert answer["ok"] is False
    (problem,) = answer["problems"]
    assert (problem["code"], problem["path"], problem["line"], problem["column"]) == (
        "E021", "data/raw/dichotomous.csv", line, 76,
    )  # fmt: skip


def test_a_wrong_configuration_has_another_exit_code(project):
    text = (project / "config.yaml").read_text(encoding="utf-8")
    (project / "config.yaml").write_text(text.replace("tau2: REML", "tau2: RELM", 1), encoding="utf-8")
    done = metarepro("check", cwd=project)
    assert done.returncode == 3 and "E102" in done.stderr and "did you mean 'REML'?" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_empty_folder_is_told_what_is_missing(tmp_path):
    done = metarepro("check", cwd=tmp_path)
    assert done.returncode == 3
    assert done.stderr.startswith("config.yaml: E100 cannot be read: No such file or directory\n")


def test_every_code_is_explained(capsys):
    assert set(HELP) == set(CODES)
    assert main(["explain", "e021"]) == 0
    assert capsys.readouterr().out == f"E021: {CODES['E021']}\n{HELP['E021']}\n"
    assert main(["explain", "all", "--format", "json"]) == 0
    assert [c["code"] for c in json.loads(capsys.readouterr().out)] == [*CODES, *WARNINGS]
    assert main(["explain", "W012"]) == 0
    assert capsys.readouterr().out.startswith(f"W012: {WARNINGS['W012']}\n")


def test_an_unknown_code_is_an_error(capsys):
    assert main(["explain", "E201"]) == 3
    shown = capsys.readouterr().err
    assert "there is no code 'E201'" in shown and "Did you mean E" in shown


def test_an_internal_error_has_no_traceback_unless_asked(monkeypatch, capsys):
    def broken(*_, **__):
        raise ZeroDivisionError("oops")

    monkeypatch.setattr("metarepro.project.reading.read_project", broken)
    assert main(["check"]) == 1
    shown = capsys.readouterr().err
    assert "internal error, ZeroDivisionError: oops" in shown and "Traceback" not in shown
    assert main(["check", "--debug"]) == 1
    assert "Traceback" in capsys.readouterr().err


def test_help_has_examples(capsys):
    with pytest.raises(SystemExit) as ended:
        main(["--help"])
    assert ended.value.code == 0
    shown = capsys.readouterr().out
    assert "metarepro explain E021" in shown and "exit codes: 0 nothing wrong" in shown


@pytest.mark.parametrize("arguments", [[], ["chekc"], ["check", "--fromat", "json"], ["explain"]])
def test_a_wrong_command_is_no_wrong_data(arguments, capsys):
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 3
    assert capsys.readouterr().err.startswith("usage: metarepro")


def test_init_gives_a_project_that_passes_check(tmp_path):
    done = metarepro("init", "my-review", cwd=tmp_path)
    assert done.returncode == 0 and done.stdout.startswith(
        "Written to my-review: README.md, config.yaml, data/README.md,"
    )
    assert metarepro("check", "--directory", "my-review", cwd=tmp_path).stdout == (
        "Nothing wrong: 3 analyses, tables in data/raw.\n"
    )
    again = metarepro("init", "my-review", cwd=tmp_path)
    assert again.returncode == 3
    assert again.stderr.startswith(
        "my-review: E001 the folder is not empty\n    Fix: name a new folder, or an empty one;"
    )


def test_init_carries_nothing_of_the_shipped_data(tmp_path):
    assert main(["init", str(tmp_path / "new")]) == 0
    text = "".join(p.read_text(encoding="utf-8").lower() for p in files(tmp_path / "new") if p.is_file())
    assert "ketamine" not in text and "metapsy" not in text and "zarate" not in text


def test_diff_of_a_folder_without_results(tmp_path, capsys):
    assert main(["diff", str(tmp_path), str(tmp_path)]) == 2
    assert capsys.readouterr().err.startswith(
        f"{tmp_path}/results.json: E001 cannot be read: No such file or directory\n"
    )
    (tmp_path / "results.json").write_text("[1]")
    assert main(["diff", str(tmp_path), str(tmp_path)]) == 2
    assert "this is no results.json of metarepro" in capsys.readouterr().err


def test_a_reader_that_has_had_enough_is_no_error():
    words = f"{sys.executable} -m metarepro explain all | head -1"
    done = subprocess.run(["bash", "-o", "pipefail", "-c", words], capture_output=True, text=True, check=False)
    assert done.stdout.startswith("E001") and done.stderr == ""
