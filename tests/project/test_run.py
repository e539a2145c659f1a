"""The process that runs Snakemake: what it is told is passed on, and a run that does not stop is ended."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

from metarepro.project import run

DEAF = """
import signal, time
signal.signal(signal.SIGINT, signal.SIG_IGN)
print("at work", flush=True)
time.sleep(60)
"""


def test_a_run_that_does_not_stop_when_told_is_ended(monkeypatch):
    monkeypatch.setattr(run, "_SECONDS_TO_END", 0.5)
    with subprocess.Popen([sys.executable, "-c", DEAF], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None and process.stdout.readline() == "at work\n"
        with run._passing_on(process) as heard:
            os.kill(os.getpid(), signal.SIGTERM)
            assert process.wait(20) == -signal.SIGKILL
        assert len(heard) == 1
