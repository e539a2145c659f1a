"""Bad inputs, one folder each: what `metarepro check` says to them, to the letter, and that it touches nothing.

A folder holds the files that replace those of the template project (or take them away: `without.txt`) and
`expected.txt`. README.md beside this file says which line of the list of bad inputs a folder stands for.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from metarepro.analysis import read_config
from metarepro.cli import main
from metarepro.codes import CODES
from metarepro.evidence import read_dataset
from metarepro.evidence.integrity import WARNINGS, check_integrity
from metarepro.template import TEMPLATE
from tests.conftest import ROOT

BAD = Path(__file__).parent
FOLDERS = sorted(p.name for p in BAD.iterdir() if re.match(r"[EW]\d{3}_", p.name))
REFUSED = [name for name in FOLDERS if name[0] == "E"]
SUSPICIOUS = [name for name in FOLDERS if name[0] == "W"]
IN_A_PROCESS = ["E021_percent_whole_number", "E002_latin1", "E100_alias_bomb", "E106_agent_typo"]


def overlay(name: str, project: Path) -> Path:
    """The template project with the files of a fixture laid over it."""
    shutil.copytree(TEMPLATE, project)
    for file in sorted((BAD / name).rglob("*")):
        if file.is_file() and file.name != "expected.txt" and file.name != "without.txt":
            target = project / file.relative_to(BAD / name)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(file.read_bytes())
    without = BAD / name / "without.txt"
    for gone in without.read_text(encoding="utf-8").split() if without.exists() else ():
        (project / gone).unlink(missing_ok=True)
    return project


def tree(folder: Path) -> dict[str, str]:
    """Fingerprint of every file below a folder."""
    return {
        str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in folder.rglob("*")
        if p.is_file() and not p.is_symlink()
    }


def expected(name: str) -> str:
    return (BAD / name / "expected.txt").read_bytes().decode("utf-8")


def checked(project: Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    """Exit code and message of `metarepro check`, which prints nothing else and writes nothing."""
    before = tree(project)
    code = main(["check", "--directory", str(project)])
    shown = capsys.readouterr()
    assert shown.out == "" and "Traceback" not in shown.err
    assert tree(project) == before
    return code, shown.err


@pytest.mark.parametrize("name", REFUSED)
def test_bad_input_is_refused_to_the_letter(name, tmp_path, capsys):
    code, shown = checked(overlay(name, tmp_path / "project"), capsys)
    assert shown == expected(name)
    # The name of the folder is that of the first code, and its first digit says whose fault it is.
    named = re.search(r"\b(E\d{3}) ", shown)
    assert named and named[1] == name[:4] and named[1] in CODES
    assert code == (3 if name[1] == "1" else 2)


@pytest.mark.parametrize("name", REFUSED)
def test_every_problem_has_a_place_and_a_way_out(name):
    for problem in re.split(r"\n(?=\S)", expected(name).partition("\n\nHelp: ")[0]):
        head = problem.partition("\n")[0]
        assert re.match(r"[\w/. ]+(:\d+(:\d+)?)?: E\d{3} \S", head), head
        assert re.search(r"Fix: |Did you mean", problem), problem


@pytest.mark.parametrize("name", IN_A_PROCESS)
def test_bad_input_in_a_process_of_its_own(name, tmp_path):
    project = overlay(name, tmp_path / "project")
    before = tree(project)
    done = subprocess.run(
        [sys.executable, "-m", "metarepro", "check"],
        capture_output=True, cwd=project, check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src"), "PYTHONIOENCODING": "utf-8", "PYTHONDONTWRITEBYTECODE": "1"},
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (3 if name[1] == "1" else 2, b"")
    assert done.stderr.decode("utf-8").replace("\r\n", "\n") == expected(name)
    assert tree(project) == before


@pytest.mark.parametrize("name", SUSPICIOUS)
def test_suspicious_input_is_a_finding_and_stops_nothing(name, tmp_path, capsys):
    project = overlay(name, tmp_path / "project")
    before = tree(project)
    assert main(["check", "--directory", str(project)]) == 0
    assert capsys.readouterr().err == "" and tree(project) == before
    config = read_config(project / "config.yaml")
    found = check_integrity(read_dataset(project / config.data, config.data, config.dialects))
    shown = "".join(f"{f.file}:{f.line}: {f.code} {f.severity}: {f.column} {f.value!r}: {f.message}\n" for f in found)
    assert shown == expected(name)
    assert name[:4] in shown and name[:4] in WARNINGS


def test_the_template_itself_has_no_finding():
    assert check_integrity(read_dataset(TEMPLATE / "data/raw")) == ()


def test_the_list_names_every_fixture_and_every_fixture_is_listed():
    table = [line for line in (BAD / "README.md").read_text(encoding="utf-8").splitlines() if line.startswith("| ")]
    listed = [name for line in table for name in re.findall(r"`([EW]\d{3}_\w+)`", line)]
    assert len(listed) == len(set(listed))
    assert sorted(listed) == FOLDERS
    tests = "".join(p.read_text(encoding="utf-8") for p in BAD.glob("test_*.py"))
    for line in table:
        for name in re.findall(r"`(test_\w+)`", line):
            assert f"def {name}(" in tests, name


def test_no_fixture_is_the_template_again():
    for name in FOLDERS:
        files = [p for p in (BAD / name).rglob("*") if p.is_file() and p.name not in ("expected.txt", "without.txt")]
        assert files or (BAD / name / "without.txt").exists()
        for file in files:
            original = TEMPLATE / file.relative_to(BAD / name)
            assert not original.exists() or original.read_bytes() != file.read_bytes(), file
