"""A run may end at any moment: nothing half-written stays, no process is left, and the next run finishes the work."""

from __future__ import annotations

import contextlib
import os
import random
import re
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from metarepro.errors import MetareproError
from metarepro.output import write_whole
from metarepro.template import write_project
from tests.conftest import ROOT

PATIENCE = 120  # seconds for anything; a machine may be busy
COMMAND = [sys.executable, "-m", "metarepro", "run", "--cores", "2"]


def files_of(project: Path) -> dict[str, bytes]:
    """Every result by its path, temporary files too; logs left out."""
    results = project / "results"
    return {
        str(f.relative_to(results)): f.read_bytes()
        for f in results.rglob("*")
        if f.is_file() and "logs" not in f.relative_to(results).parts and f.name != ".snakemake_timestamp"
    }


def run(project: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """The command that people use, and nothing else."""
    return subprocess.run(
        [*COMMAND, "--directory", str(project), *options],
        capture_output=True, text=True, timeout=2 * PATIENCE, cwd=project,
    )  # fmt: skip


def hear_ctrl_c() -> None:
    """What was started in the background of a shell, as tests may be, ignores Ctrl-C, and so would its children."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@contextlib.contextmanager
def started(project: Path, **variables: str) -> Iterator[subprocess.Popen[bytes]]:
    """A run in a process group of its own; what it says goes to project/said."""
    with (project / "said").open("wb") as said:
        process = subprocess.Popen(
            [*COMMAND, "--directory", str(project)], stdout=said, stderr=said, cwd=project, start_new_session=True,
            preexec_fn=hear_ctrl_c, env={**os.environ, **variables},
        )  # fmt: skip
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def wait_until(condition: Callable[[], object], process: subprocess.Popen[bytes] | None = None) -> None:
    end = time.monotonic() + PATIENCE
    while not condition():
        assert process is None or process.poll() is None, "the run ended before what was waited for"
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.001)


def processes_in(project: Path) -> list[psutil.Process]:
    """Processes at work in a project: the run, Snakemake and its jobs stay in its folder."""
    return [p for p in psutil.process_iter(["cwd"]) if p.info["cwd"] == str(project) and p.pid != os.getpid()]


# Ctrl-C goes to all of the group, `kill` to the run, a batch system's end of time to either.
WAYS = {
    "ctrl-c": (os.killpg, signal.SIGINT),
    "term": (os.kill, signal.SIGTERM),
    "term-all": (os.killpg, signal.SIGTERM),
    "kill": (os.kill, signal.SIGKILL),
    "kill-all": (os.killpg, signal.SIGKILL),
}


def check_interrupted(project: Path, clean: dict[str, bytes], how: signal.Signals) -> None:
    """No process is left and what stands under a result's name is the whole result, byte by byte."""
    wait_until(lambda: not processes_in(project))
    now = files_of(project)
    for name, content in now.items():
        if how == signal.SIGKILL and name not in clean:
            assert Path(name).name.startswith(".") and name.endswith(".part"), name
        else:
            assert content == clean[name], name


def check_heals(project: Path, clean: dict[str, bytes]) -> str:
    done = run(project)
    assert done.returncode == 0, done.stdout + done.stderr
    assert files_of(project) == clean
    assert not list((project / ".snakemake/incomplete").rglob("*"))
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def clean(tmp_path_factory) -> dict[str, bytes]:
    """Results of an undisturbed run of the template project."""
    project = tmp_path_factory.mktemp("undisturbed").resolve() / "project"
    write_project(project)
    done = run(project)
    assert done.returncode == 0, done.stdout + done.stderr
    files = files_of(project)
    assert {Path(f).suffix for f in files} == {
        ".json", ".csv", ".svg", ".pdf", ".png", ".html", ".txt", ".md", ".bib",
    }  # fmt: skip
    assert all(content for content in files.values())
    return files


@pytest.fixture
def project(tmp_path) -> Path:
    folder = tmp_path.resolve() / "project"
    write_project(folder)
    return folder


@pytest.mark.slow
def test_a_second_run_stops_with_a_sentence_and_a_killed_one_is_no_obstacle(project, clean):
    with started(project) as first:
        wait_until(lambda: list(project.glob("results/analyses/*/fit.json")), first)
        os.killpg(first.pid, signal.SIGSTOP)  # it stays at work however long the second takes
        before = files_of(project)
        second = run(project)
        assert second.returncode == 1
        last = second.stderr.splitlines()[-1]
        assert re.fullmatch(
            rf"Another run \(process \d+\) is at work in {re.escape(str(project))}, so this one stopped; nothing was changed\.",
            last,
        ), last
        assert "Traceback" not in second.stderr and "unlock" not in second.stderr
        assert files_of(project) == before
        os.killpg(first.pid, signal.SIGKILL)
        check_interrupted(project, clean, signal.SIGKILL)
    assert "report.html" in check_heals(project, clean)


def fit_exists(project: Path) -> bool:
    return bool(list(project.glob("results/analyses/*/fit.json")))


def figure_exists(project: Path) -> bool:
    return bool(list(project.glob("results/analyses/*/forest.svg")))


def results_exist(project: Path) -> bool:
    return (project / "results/results.json").exists()


@pytest.mark.slow
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("moment", [fit_exists, figure_exists, results_exist], ids=lambda m: m.__name__)
def test_interrupted_at_a_moment(project, clean, moment, way):
    send, how = WAYS[way]
    with started(project) as process:
        wait_until(lambda: moment(project), process)
        assert len(processes_in(project)) > 1
        send(process.pid, how)
        code = process.wait(PATIENCE)
        check_interrupted(project, clean, how)
    said = (project / "said").read_text()
    assert code == (-how if how == signal.SIGKILL else 1), said
    assert "Traceback" not in said and "died" not in said
    if how != signal.SIGKILL:
        assert said.rstrip().endswith("Stopped. What is finished is kept; run it again to go on.")
    check_heals(project, clean)


# As Snakemake loses an interrupt that comes while it writes a line of its log.
LOSES_ONE = """
import signal, sys
from pathlib import Path
def lose(number, frame):
    signal.signal(signal.SIGINT, signal.default_int_handler)
    Path("lost").touch()
if "snakemake" in sys.orig_argv:
    signal.signal(signal.SIGINT, lose)
"""


@pytest.mark.slow
def test_an_interrupt_that_snakemake_loses_is_sent_again(project, clean, tmp_path):
    (tmp_path / "sitecustomize.py").write_text(LOSES_ONE, encoding="utf-8")
    with started(project, PYTHONPATH=f"{tmp_path}{os.pathsep}{ROOT / 'src'}") as process:
        wait_until(lambda: fit_exists(project), process)
        process.terminate()
        assert process.wait(PATIENCE) == 1
        check_interrupted(project, clean, signal.SIGTERM)
    assert (project / "lost").exists()
    said = (project / "said").read_text()
    assert said.rstrip().endswith("Stopped. What is finished is kept; run it again to go on."), said
    assert not (project / "results/report.html").exists()
    check_heals(project, clean)


# Snakemake is told to stop while it writes a line, and told by nobody else.
AMID_A_LINE = """
import os, signal, sys, time

class Stream:
    def __init__(self, stream):
        self.stream, self.told = stream, False

    def __getattr__(self, name):
        return getattr(self.stream, name)

    def write(self, text):
        self.stream.write(text)
        if os.environ["LINE"] in text and not self.told:
            self.told = True
            os.kill(os.getppid(), signal.SIGTERM)
            time.sleep(20)  # the interrupt ends it

if sys.orig_argv[1:3] == ["-m", "snakemake"]:
    sys.stderr = Stream(sys.stderr)
"""


@pytest.mark.slow
@pytest.mark.parametrize("line", ["numbers of 3 analyses", "Job 1: report.html"])
def test_told_to_stop_while_snakemake_writes_a_line(project, clean, tmp_path, line):
    (tmp_path / "sitecustomize.py").write_text(AMID_A_LINE, encoding="utf-8")
    with started(project, PYTHONPATH=f"{tmp_path}{os.pathsep}{ROOT / 'src'}", LINE=line) as process:
        code = process.wait(PATIENCE)
        check_interrupted(project, clean, signal.SIGTERM)
    said = (project / "said").read_text()
    assert code == 1, said
    assert "Traceback" not in said
    assert said.rstrip().endswith("Stopped. What is finished is kept; run it again to go on."), said
    assert (project / "results/report.html").exists() == ("report" in line)
    check_heals(project, clean)


@pytest.mark.slow
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("seed", range(2))
def test_interrupted_at_random_moments(project, clean, seed, way):
    """One run after another is cut short; then one is let through."""
    send, how = WAYS[way]
    chance = random.Random(f"{seed} {way}")
    for _ in range(3):
        with started(project) as process:
            # Counted from the first job on in two of three, else from the start of Python.
            if chance.random() < 2 / 3:
                wait_until(
                    lambda p=process: (
                        b"configuration and tables" in (project / "said").read_bytes() or p.poll() is not None
                    )
                )
            time.sleep(chance.uniform(0, 1.5))
            with contextlib.suppress(ProcessLookupError):  # a quick machine may be through
                send(process.pid, how)
            process.wait(PATIENCE)
            check_interrupted(project, clean, how)
    check_heals(project, clean)


@pytest.mark.slow
@pytest.mark.parametrize("way", ["ctrl-c", "kill-all"])
def test_an_update_interrupted(tmp_path, clean, way):
    """New data over old results: each file is the old one or the new one, and in the end what changed is told."""
    send, how = WAYS[way]
    undisturbed, project = tmp_path.resolve() / "undisturbed", tmp_path.resolve() / "project"
    write_project(undisturbed)
    assert run(undisturbed).returncode == 0
    shutil.copytree(undisturbed, project)
    for folder in (undisturbed, project):
        table = folder / "data/raw/dichotomous.csv"
        text = table.read_text(encoding="utf-8")
        assert text.count(",672,21,40,") == 1
        table.write_text(text.replace(",672,21,40,", ",672,22,40,"), encoding="utf-8")
    assert run(undisturbed).returncode == 0
    new = files_of(undisturbed)
    assert new["results.json"] != clean["results.json"] and b'"compared": true' in new["changes.json"]
    chance = random.Random(way)
    for _ in range(4):
        with started(project) as process:
            wait_until(
                lambda p=process: b"configuration and tables" in (project / "said").read_bytes() or p.poll() is not None
            )
            time.sleep(chance.uniform(0, 1.2))
            with contextlib.suppress(ProcessLookupError):  # a quick machine may be through
                send(process.pid, how)
            process.wait(PATIENCE)
            wait_until(lambda: not processes_in(project))
        for name, content in files_of(project).items():
            unfinished = how == signal.SIGKILL and Path(name).name.startswith(".") and name.endswith(".part")
            assert unfinished or content in (clean[name], new[name]), name
    check_heals(project, new)


@pytest.mark.slow
def test_killed_amid_a_write(project, clean):
    """A pipe in the place of a temporary file holds the job in the middle of its write."""
    name = "analyses/response_or/forest.png"
    pipe = project / "results/analyses/response_or/.forest.png.part"
    pipe.parent.mkdir(parents=True)
    os.mkfifo(pipe)
    with started(project) as process:
        reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
        read = b""

        def something_came() -> bool:
            nonlocal read
            with contextlib.suppress(BlockingIOError):
                read += os.read(reader, 100)
            return bool(read)

        wait_until(something_came, process)
        os.killpg(process.pid, signal.SIGKILL)
        wait_until(lambda: not processes_in(project))
    os.close(reader)
    assert clean[name].startswith(read) and len(read) < len(clean[name])
    pipe.unlink()
    assert name not in files_of(project)
    check_interrupted(project, clean, signal.SIGKILL)
    check_heals(project, clean)


@contextlib.contextmanager
def full_disk(project: Path) -> Iterator[Callable[[], None]]:
    """Results on a disk of half a megabyte, or, where mounting is not allowed, on /dev/full; yields what makes space."""
    results = project / "results"
    results.mkdir()
    size = "mount", "-t", "tmpfs", "-o"
    if subprocess.run([*size, "size=500k", "tmpfs", str(results)], capture_output=True).returncode == 0:
        try:
            yield lambda: subprocess.run(["mount", "-o", "remount,size=50m", str(results)], check=True)
        finally:
            while processes_in(project):
                time.sleep(0.1)
            subprocess.run(["umount", str(results)], check=True)
        return
    full = results / "analyses/response_or/.forest.png.part"
    full.parent.mkdir(parents=True)
    full.symlink_to("/dev/full")
    yield lambda: full.unlink(missing_ok=True)


@pytest.mark.slow
def test_a_full_disk(project, clean):
    with full_disk(project) as make_space:
        done = run(project)
        assert done.returncode == 1
        said = done.stdout + done.stderr
        assert "Traceback" not in said
        assert re.search(
            r"^The disk is full: results/\S+ was not written; make space and run again, what is finished is kept\.$",
            said,
            re.M,
        ), said
        now = files_of(project)
        assert now and now.items() < clean.items()
        wait_until(lambda: not processes_in(project))
        make_space()
        check_heals(project, clean)


@pytest.mark.slow
def test_a_file_that_the_system_does_not_take(project, clean):
    """Pictures are larger than files may be; the reason is one sentence."""
    limit = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))  # noqa: E731
    done = subprocess.run(
        [*COMMAND, "--directory", str(project)], capture_output=True, text=True, cwd=project, preexec_fn=limit
    )
    assert done.returncode == 1 and "Traceback" not in done.stdout + done.stderr
    assert "forest.png could not be written: File too large.\n" in done.stderr
    now = files_of(project)
    assert now and now.items() < clean.items()
    check_heals(project, clean)


WRITE = """
import resource, signal, sys
from pathlib import Path
from metarepro.output import write_whole
signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
write_whole(Path(sys.argv[1]), b"new" * 1000)
"""


def test_a_writer_that_dies_amid_its_write_leaves_the_old_file(tmp_path):
    file = tmp_path / "file.json"
    write_whole(file, "old")
    # The system kills it when 1000 bytes are written.
    done = subprocess.run([sys.executable, "-c", WRITE, str(file)], env={**os.environ, "PYTHONPATH": str(ROOT / "src")})
    assert done.returncode == -signal.SIGXFSZ
    assert (tmp_path / ".file.json.part").stat().st_size == 1000
    assert file.read_text() == "old"
    write_whole(file, "newer")
    assert file.read_text() == "newer"
    assert list(tmp_path.iterdir()) == [file]


def test_a_full_disk_is_one_sentence_and_leaves_the_old_file(tmp_path):
    file = tmp_path / "file.json"
    write_whole(file, "old")
    (tmp_path / ".file.json.part").symlink_to("/dev/full")
    with pytest.raises(MetareproError) as caught:
        write_whole(file, "new")
    assert str(caught.value) == (
        f"The disk is full: {file} was not written; make space and run again, what is finished is kept."
    )
    assert file.read_text() == "old" and list(tmp_path.iterdir()) == [file]
