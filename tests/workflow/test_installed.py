"""The wheel, installed where no checkout is: it starts, imports, checks and runs projects with the workflow inside it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

from metarepro.project.code import imported_files
from tests.conftest import ROOT
from tests.importing.revman_files import SMALL
from tests.workflow.test_workflow import fingerprint, metarepro_run

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    """The wheel of this checkout, built as `pip install` builds it."""
    folder = tmp_path_factory.mktemp("dist")
    uv = shutil.which("uv", path=os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]))
    pip = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", ".", "-w"]
    build = [uv, "build", "--wheel", "-q", "-o"] if uv else pip
    subprocess.run([*build, str(folder)], cwd=ROOT, check=True, timeout=300)
    (file,) = folder.glob("*.whl")
    return file


@pytest.fixture(scope="module")
def place(wheel, tmp_path_factory) -> Path:
    """A folder with an environment that has the wheel, and of the tests' environment the dependencies only."""
    folder = tmp_path_factory.mktemp("a place with blanks")
    venv.create(folder / "env", with_pip=False, symlinks=True)
    (packages,) = (folder / "env").glob("lib/python3*/site-packages")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(packages)
    # A path in such a file is searched, but the files of that kind in it, which lead to the checkout, are not read.
    (packages / "dependencies.pth").write_text(f"{sysconfig.get_path('purelib')}\n", encoding="utf-8")
    return folder


def metarepro(place: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """The command, in the folder and with nothing of the checkout in the environment."""
    environment = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "PYTHONDONTWRITEBYTECODE")}
    return subprocess.run(
        [str(place / "env/bin/python"), "-m", "metarepro", *words],
        cwd=place, env=environment, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip


def test_every_file_of_the_workflow_is_in_the_wheel(wheel):
    tracked = subprocess.run(["git", "ls-files", "workflow"], cwd=ROOT, capture_output=True, text=True, check=True)
    names = set(zipfile.ZipFile(wheel).namelist())
    assert {f"metarepro/_workflow/{f.removeprefix('workflow/')}" for f in tracked.stdout.splitlines()} <= names
    assert not [n for n in names if not n.startswith(("metarepro/", "metarepro-"))]


def test_a_new_project_runs_and_then_has_nothing_to_do(place):
    made = metarepro(place, "init", "my review")
    assert made.returncode == 0, made.stderr
    assert made.stdout.endswith("Next: metarepro check --directory 'my review'; README.md there says how to go on.\n")
    assert metarepro(place, "check", "--directory", "my review").stdout.startswith("Nothing wrong: 3 analyses")
    first = metarepro(place, "run", "my review", "--cores", "2")
    assert first.returncode == 0, first.stdout + first.stderr
    assert first.stdout.rstrip().endswith(f"The report: {place / 'my review/results/report.html'}")
    second = metarepro(place, "run", "my review", "--cores", "2")
    assert second.stdout.startswith("Nothing to be done: every result holds.\n"), second.stderr
    assert metarepro(place, "check", "--directory", "my review").stdout == (
        "Nothing wrong: 3 analyses, tables in data/raw.\n"
    )
    # The checkout gives the same, byte by byte, its seals and what they say of the code included.
    other = place / "by the checkout"
    left_out = shutil.ignore_patterns("results", ".snakemake")
    shutil.copytree(place / "my review", other, ignore=left_out)
    assert metarepro_run(other).returncode == 0
    assert fingerprint(place / "my review") == fingerprint(other)


@pytest.mark.parametrize("kind", ["metapsy", "revman"])
def test_an_imported_project_is_checked(place, kind):
    file = ROOT / "examples/psilocybin/source/data.csv"
    if kind == "revman":
        file = place / "review.rm5"
        file.write_bytes(SMALL)
    made = metarepro(place, "import", kind, str(file), "--to", f"from {kind}")
    assert made.returncode == 0, made.stderr
    done = metarepro(place, "check", "--directory", f"from {kind}")
    assert done.returncode == 0 and done.stdout.startswith("Nothing wrong"), done.stderr


def test_what_the_scripts_share_counts_as_their_code(place):
    (package,) = (place / "env").glob("lib/python3*/site-packages/metarepro")
    scripts = package / "_workflow/scripts"
    assert scripts / "job.py" in imported_files({"gather": scripts / "gather.py"}, package)["gather"]


def test_a_python_that_does_not_know_the_library_finds_it_around_the_scripts(place):
    """As that of a conda environment, which Snakemake makes for the jobs."""
    (packages,) = (place / "env").glob("lib/python3*/site-packages")
    code = (
        f"import sys; sys.path.remove({str(packages)!r}); sys.path.insert(0, {str(packages / 'metarepro/_workflow/scripts')!r})\n"
        "import job, metarepro.project.code\nprint(metarepro.project.code.__file__)"
    )
    done = subprocess.run([str(place / "env/bin/python"), "-c", code], cwd=place, capture_output=True, text=True)
    assert done.stdout.strip() == str(packages / "metarepro/project/code.py"), done.stderr
