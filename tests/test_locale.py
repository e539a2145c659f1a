"""A project and a library under a path with accents, in a locale that knows ASCII only."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from metarepro.template import TEMPLATE
from tests.conftest import ROOT

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="locales of POSIX")
ASCII = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}


def metarepro(project: Path, library: Path, *words: str) -> tuple[int, str, str]:
    """Exit code, output and errors of the command, run in the project."""
    environment = {k: v for k, v in os.environ.items() if k not in ("LANG", "PYTHONIOENCODING")}
    done = subprocess.run(
        [sys.executable, "-m", "metarepro", *words],
        cwd=project, capture_output=True, check=False, env={**environment, **ASCII, "PYTHONPATH": str(library)},
    )  # fmt: skip
    return done.returncode, done.stdout.decode("utf-8"), done.stderr.decode("utf-8")


@pytest.fixture
def places(tmp_path) -> tuple[Path, Path]:
    """A project and a copy of the library, both below a folder with accents and a blank."""
    folder = tmp_path / "tést ünd"
    shutil.copytree(ROOT / "src", folder / "src", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(TEMPLATE, folder / "prüf")
    return folder / "prüf", folder / "src"


def test_check_in_an_ascii_locale(places):
    project, library = places
    code, out, err = metarepro(project, library, "check")
    assert (code, err) == (0, "") and out.startswith("Nothing wrong: 3 analyses")


def test_accents_of_the_tables_are_told(places):
    project, library = places
    studies, counts = (project / "data/raw" / name for name in ("studies.csv", "dichotomous.csv"))
    studies.write_text(studies.read_text(encoding="utf-8").replace("Birch 2021", "Bürch Ø 2021"), encoding="utf-8")
    assert metarepro(project, library, "check")[0] == 0
    text = counts.read_text(encoding="utf-8")
    counts.write_text(text.replace("birch2021,drug,response", "birch2021,drüg,response"), encoding="utf-8")
    code, out, err = metarepro(project, library, "check")
    assert (code, out) == (2, "") and "E015 arm_id 'drüg' is no id because of 'ü'" in err
    code, out, err = metarepro(project, library, "check", "--format", "json")
    assert (code, err) == (2, "") and "'drüg'" in json.loads(out)["problems"][0]["message"]


def test_run_finds_the_library_without_naming_its_folder():
    # Python reads this file in the encoding of the locale, before any setting of ours.
    text = (ROOT / "run").read_text(encoding="utf-8")
    assert 'echo "../../../../src" > "$site/metarepro.pth"' in text and "PYTHONUTF8=1\nexport PYTHONUTF8\n" in text
