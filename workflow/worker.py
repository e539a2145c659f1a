"""Warm processes for the jobs: a Python that has loaded the libraries once runs many scripts of workflow/scripts.

Loading NumPy and matplotlib costs more than an analysis does, so a process of its own for each job would spend most
of the run on it. `Workers` keeps a few processes, gives each job to an idle one as a line of JSON, and waits for the
answer. A worker ends at once when its input closes, so none outlives the run, however the run ends.

Run as a program, this file is such a worker.
"""

from __future__ import annotations

import json
import os
import queue
import runpy
import signal
import subprocess
import sys
import threading
import traceback
from pathlib import Path
from typing import Any


class Names(list):
    """A list whose items have names too, as `snakemake.input` in a script."""

    def __init__(self, positional: list[Any], named: dict[str, Any]) -> None:
        super().__init__(positional)
        self.__dict__.update(named)


class Job:
    """What a script finds under the name `snakemake`."""

    def __init__(self, parts: dict[str, Any]) -> None:
        for part, (positional, named) in parts.items():
            setattr(self, part, Names(positional, named))


def run_script(script: str, parts: dict[str, Any]) -> None:
    """Run a script as Snakemake's `script:` would."""
    folder = str(Path(script).parent)
    if folder not in sys.path:
        sys.path.insert(0, folder)
    runpy.run_path(script, init_globals={"snakemake": Job(parts)}, run_name="__main__")


class Workers:
    """A pool of at most `most` warm processes that find the library in `library`; started as jobs need them."""

    def __init__(self, most: int, library: Path) -> None:
        self._most = most
        self._environment = {**os.environ, "PYTHONPATH": str(library)}
        self._started = 0
        self._idle: list[subprocess.Popen[str]] = []
        self._loaded: dict[int, set[str]] = {}
        self._changed = threading.Condition()

    def run(self, script: str, parts: dict[str, Any]) -> None:
        """Run a script in an idle worker; raise RuntimeError when it fails."""
        worker = self._take(script)
        assert worker.stdin is not None and worker.stdout is not None
        try:
            worker.stdin.write(json.dumps([script, parts]) + "\n")
            worker.stdin.flush()
            answer = worker.stdout.readline()
        except OSError:
            answer = ""
        with self._changed:
            if answer:
                self._loaded[worker.pid].add(script)
                self._idle.append(worker)
            else:
                self._started -= 1
            self._changed.notify()
        if not answer:
            raise RuntimeError(f"{Path(script).name}: its process died (exit code {worker.wait()})")
        error = json.loads(answer)
        if error:
            raise RuntimeError(error)

    def _take(self, script: str) -> subprocess.Popen[str]:
        """An idle worker, rather one that has run this script before; when none is idle, a new one if there may be."""
        with self._changed:
            while True:
                if self._idle:
                    worker = min(self._idle, key=lambda w: script not in self._loaded[w.pid])
                    self._idle.remove(worker)
                    return worker
                if self._started < self._most:
                    worker = self._start()
                    self._started += 1
                    self._loaded[worker.pid] = set()
                    return worker
                self._changed.wait()

    def _start(self) -> subprocess.Popen[str]:
        """A new worker, deaf to what the terminal sends to all processes: the run decides, and finishes its jobs."""
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
        try:
            return subprocess.Popen(
                [sys.executable, __file__],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                env=self._environment,
            )
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)


def listen(jobs: queue.SimpleQueue[str]) -> None:
    """Pass on the jobs that come on standard input; end the process when it closes, even amid a job.

    Then the run is over or dead. A job that went on could write a result after the next run has begun.
    """
    for line in sys.stdin:
        jobs.put(line)
    os._exit(0)


def serve() -> None:
    """Run jobs from standard input until it closes."""
    jobs: queue.SimpleQueue[str] = queue.SimpleQueue()
    threading.Thread(target=listen, args=(jobs,), daemon=True).start()
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what a script prints must not be taken for an answer
    while True:
        line = jobs.get()
        error = ""
        try:
            run_script(*json.loads(line))
        except SystemExit as stop:
            error = f"stopped with exit code {stop.code}" if stop.code else ""
        except BaseException as failure:  # the answer must come whatever happened
            error = "".join(traceback.format_exception_only(failure)).strip()
        try:
            answers.write(json.dumps(error) + "\n")
            answers.flush()
        except OSError:  # the run has died meanwhile
            os._exit(0)


if __name__ == "__main__":
    serve()
