"""A run of the workflow as people start it: progress while it works, exit codes that mean something.

Snakemake does the work, as a program of its own and by its documented options; `snakemake --cores 4` does the same.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import psutil

from metarepro.errors import ConfigError, MetareproError
from metarepro.project.leftovers import REMOVED
from metarepro.project.settings import CONFIG, STATE, read_settings

FAILURE = Path(STATE) / "failure.json"
RUNNING = Path(STATE) / "running.json"
_JOB = re.compile(r"^Job \d+: (.*)$")
_STEP = re.compile(r"^(\d+) of (\d+) steps \(\d+%\) done$")
_STOPS = "on user request"  # in what Snakemake says when it stops as it was told
_SECONDS_TO_STOP = 0.5
# After so long a run that was told to stop is ended.
_SECONDS_TO_END = 30.0
_LAST_LINES = 40


@dataclass(frozen=True)
class Outcome:
    """How a run ended.

    Attributes
    ----------
    code : int
        Of Snakemake.
    worked, planned, stopped : bool
        Whether anything was made, whether it was a dry run, whether the user stopped it.
    said : tuple of str
        Lines of Snakemake.
    """

    code: int
    worked: bool
    planned: bool
    stopped: bool
    said: tuple[str, ...]


def workflow_file() -> Path:
    """The workflow that belongs to this library: beside it in a checkout, inside it where it was installed.

    Raises
    ------
    MetareproError
        It is in neither place.
    """
    package = Path(__file__).resolve().parents[1]
    for folder in (package / "_workflow", package.parents[1] / "workflow"):
        if (folder / "Snakefile").is_file():
            return folder / "Snakefile"
    raise MetareproError("The workflow is not where the library is. Fix: install metarepro again, or use a checkout.")


def check_start(project: Path) -> None:
    """Refuse what Snakemake would answer with a traceback or without a place.

    Raises
    ------
    ConfigError
        There is no config.yaml, or nothing can be read in it.
    MetareproError
        The folder of Snakemake's records is none, or another run is at work.
    """
    import yaml

    if not project.is_dir():
        raise ConfigError(f"There is no folder {str(project)!r}. Fix: name the folder that holds {CONFIG}.")
    try:
        if not isinstance(read_settings(project / CONFIG), dict):
            raise ValueError
    except (OSError, ValueError, yaml.YAMLError):
        from metarepro.analysis.config_file import read_config

        read_config(project / CONFIG, CONFIG)
    records = project / ".snakemake"
    if (records.exists() or records.is_symlink()) and not records.is_dir():
        raise MetareproError(".snakemake is no folder, but Snakemake keeps its records in one. Fix: delete it.")
    running = _running(project)
    if running is not None and _alive(running):
        raise MetareproError(
            f"Another run (process {running['pid']}) is at work in {project.resolve()}, so this one stopped; nothing "
            "was changed."
        )


def run_snakemake(project: Path, options: Sequence[str], verbose: bool) -> Outcome:
    """Run the workflow in a project.

    Parameters
    ----------
    project : Path
    options : sequence of str
        Further options of Snakemake.
    verbose : bool
        Whether Snakemake's own lines are shown instead of the progress.
    """
    command = [sys.executable, "-m", "snakemake", "--snakefile", str(workflow_file()), "--directory", str(project)]
    # Text of every kind in paths and messages, whatever the locale of the shell.
    environment = {**os.environ, "PYTHONUTF8": "1"}
    for told in (FAILURE, REMOVED):
        (project / told).unlink(missing_ok=True)

    def locked() -> bool:
        return any((project / ".snakemake/locks").glob("*"))

    def unlock() -> None:
        subprocess.run([*command, "--unlock"], env=environment, capture_output=True, check=False)

    if _running(project) is not None and locked():
        unlock()  # the last run was killed, and its lock with it left behind
    free = not locked()
    process = subprocess.Popen(
        [*command, *options], env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        encoding="utf-8", errors="replace",
    )  # fmt: skip
    assert process.stdout is not None
    with _passing_on(process) as heard:
        _leave_word(project, process)
        said = tuple(_insist(_follow(process.stdout, verbose), process, heard))
        code = process.wait()
    planned = any(line.startswith("This was a dry-run") for line in said)
    worked = any(_JOB.match(line) for line in said)
    left_behind = bool(heard) and free and worked
    if left_behind and locked():
        unlock()  # told to stop at its very end, Snakemake may leave its lock behind
    if not (left_behind and locked()):  # else the next run finds the word of this one, and takes the lock away
        with contextlib.suppress(OSError):
            (project / RUNNING).unlink(missing_ok=True)
    return Outcome(code, worked, planned, bool(heard), said)


def failure_of(project: Path) -> dict[str, Any] | None:
    """What the job that failed said, if it failed with a message of ours: `exit_code`, `text`, `codes`."""
    try:
        found: dict[str, Any] = json.loads((project / FAILURE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found


def removed_by(project: Path) -> list[str]:
    """Lines about what the run removed, as it no longer belongs to the project."""
    try:
        return (project / REMOVED).read_text(encoding="utf-8").splitlines()
    except OSError:
        return []


def why_it_failed(outcome: Outcome, project: Path) -> str:
    """What to tell of a run that failed otherwise than by a message of ours."""
    text = "\n".join(outcome.said)
    if "LockException" in text or "cannot be locked" in text:
        return (
            f"A run of plain Snakemake is at work in {project.resolve()}, or was killed there. Fix: wait for it; if "
            "there is none: snakemake --unlock."
        )
    found = re.search(r"^WorkflowError in file .*?:\n(.*?)(?:\n\S|\Z)", text, re.S | re.M)
    if found:
        return "\n".join(line.strip() for line in found.group(1).splitlines() if not line.startswith("  File "))
    return "\n".join([*outcome.said[-_LAST_LINES:], "The run failed; metarepro run --verbose shows all of it."])


def _follow(stream: IO[str], verbose: bool) -> Iterator[str]:
    """Lines of Snakemake; what is done is shown meanwhile."""
    lively = sys.stderr.isatty() and not verbose
    done, message = "", ""
    for raw in stream:
        line = raw.rstrip("\n")
        yield line
        if verbose:
            print(line, file=sys.stderr, flush=True)
            continue
        if found := _STEP.match(line):
            done = f"[{int(found.group(1)):2}/{found.group(2)}] "
        elif found := _JOB.match(line):
            message = found.group(1)
        else:
            continue
        if lively:
            print(f"\r\033[K{done}{message}", end="", file=sys.stderr, flush=True)
        elif line.endswith("done"):
            continue
        else:
            print(f"  {message}", file=sys.stderr, flush=True)
    if lively:
        print("\r\033[K", end="", file=sys.stderr, flush=True)


def _insist(lines: Iterable[str], process: subprocess.Popen[str], heard: list[float]) -> Iterator[str]:
    """Lines of Snakemake, which is told once more to stop if it starts or finishes a job a while after it was told.

    Its handler of log lines drops an interrupt that comes while it writes one. None is sent when it has said that it
    stops, as that would disturb the clearing up.
    """
    stops = False
    for line in lines:
        stops = stops or _STOPS in line
        goes_on = not stops and (_JOB.match(line) or _STEP.match(line))
        if heard and goes_on and time.monotonic() - heard[-1] > _SECONDS_TO_STOP:
            heard.append(time.monotonic())
            process.send_signal(signal.SIGINT)
        yield line


def _running(project: Path) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = json.loads((project / RUNNING).read_text(encoding="utf-8"))
        return {"pid": int(found["pid"]), "started": float(found["started"])}
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _alive(running: dict[str, Any]) -> bool:
    try:
        process = psutil.Process(running["pid"])
        return abs(process.create_time() - running["started"]) < 1 and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def _leave_word(project: Path, process: subprocess.Popen[str]) -> None:
    """Leave word of the process at work; what a killed run leaves names a process that is gone."""
    path = project / RUNNING
    with contextlib.suppress(OSError, psutil.Error):
        path.parent.mkdir(parents=True, exist_ok=True)
        started = psutil.Process(process.pid).create_time()
        path.write_text(json.dumps({"pid": process.pid, "started": started}), encoding="utf-8")


@contextlib.contextmanager
def _passing_on(process: subprocess.Popen[str]) -> Iterator[list[float]]:
    """Ctrl-C reaches Snakemake from the terminal; what only this process is told is passed on. Yields when."""
    heard: list[float] = []

    watch: list[threading.Timer] = []

    def tell(number: int, _: Any) -> None:
        heard.append(time.monotonic())
        if not watch:
            watch.append(threading.Timer(_SECONDS_TO_END, _kill_all, [process.pid]))
            watch[0].daemon = True
            watch[0].start()
        if number == signal.SIGTERM:
            process.send_signal(signal.SIGINT)

    before = {s: signal.getsignal(s) for s in (signal.SIGINT, signal.SIGTERM)}
    signal.signal(signal.SIGTERM, tell)
    signal.signal(signal.SIGINT, tell)
    try:
        yield heard
    finally:
        for timer in watch:
            timer.cancel()
        for number, handler in before.items():
            signal.signal(number, handler)


def _kill_all(pid: int) -> None:
    """End Snakemake and its jobs, which were told to stop and did not: its handler of SIGTERM may wait for itself.

    What is half done is not sealed, so the next run makes it again.
    """
    with contextlib.suppress(psutil.Error):
        process = psutil.Process(pid)
        for one in (*process.children(recursive=True), process):
            with contextlib.suppress(psutil.Error):
                one.kill()
