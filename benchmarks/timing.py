"""How a call is timed, the same for every Python tool; `peers/metafor.R` does the same in R.

CPU seconds are user + system time of the process. A case is a function of n that does the first n fits of a workload.
n grows from 1 by factors of 8 until the whole workload or the budget is reached; these calls are the warm-up and do
not count. Then the call is repeated, short ones in a loop of at least `SAMPLE` seconds, and the median counts. When the
budget ends the growth before the whole workload, seconds are scaled up and the row says from how many fits.
"""

from __future__ import annotations

import argparse
import json
import re
import statistics
import time
import traceback
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from workloads import Workload, read_arrays, read_workloads

SAMPLE = 0.05
MOST_SAMPLES = 5
GROWTH = 8

Rows = np.ndarray


@dataclass(frozen=True)
class Case:
    """One workload done by one tool.

    `run(n)` does the first n fits; `rows` turns what it returns into an array of (key, tau2, beta) lines, outside the
    timed part. `note` says what differs from the others; `missing` why it cannot be done.
    """

    workload: str
    run: Callable[[int], Any] | None = None
    rows: Callable[[Any], Rows] | None = None
    note: str = ""
    missing: str = ""


def rows_of(tau2: Any, beta: Any, key: Any = None) -> Rows:
    """(key, tau2, beta) lines; the key is the position when none is given."""
    tau2, beta = (np.asarray(a, dtype=float).ravel() for a in (tau2, beta))
    key = np.arange(tau2.size) if key is None else np.asarray(key, dtype=float).ravel()
    return np.column_stack([key, tau2, beta])


def reset_peak_memory() -> None:
    """Let the peak of memory start anew, where the system allows it."""
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        return


def peak_memory_kib() -> int:
    """Largest resident memory of this process, KiB."""
    try:
        status = Path("/proc/self/status").read_text()
        return int(re.search(r"VmHWM:\s+(\d+)", status)[1])  # type: ignore[index]
    except (OSError, TypeError):
        import resource

        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def clock(call: Callable[[], Any], loops: int = 1) -> tuple[float, float, Any]:
    """CPU seconds and wall seconds of one call, and what it returned."""
    cpu, wall = time.process_time(), time.perf_counter()
    for _ in range(loops):
        result = call()
    return (time.process_time() - cpu) / loops, (time.perf_counter() - wall) / loops, result


def measure(case: Case, load: Workload, budget: float) -> tuple[dict[str, Any], Any]:
    """Time one case."""
    assert case.run is not None
    run = case.run
    reset_peak_memory()
    n, confirmed = 1, False
    first, wall, result = clock(partial(run, 1))
    while n < load.fits:
        room = min(GROWTH, 1.5 * budget / max(wall, 1e-9))
        if room >= 2:
            n, confirmed = min(load.fits, int(n * room)), False
        elif confirmed:
            break
        else:
            confirmed = True  # the call may have been slow because something was loaded or compiled in it: once more
        wall, result = clock(partial(run, n))[1:]
    if not confirmed and wall < budget:
        wall = clock(partial(run, n))[1]
    loops = max(1, int(np.ceil(SAMPLE / max(wall, 1e-9))))
    samples: list[tuple[float, float]] = []
    while not samples or (len(samples) < MOST_SAMPLES and sum(w for _, w in samples) * loops < budget):
        samples.append(clock(partial(run, n), loops)[:2])
    scale = load.fits / n
    record = {
        "workload": load.name,
        "n_fits": load.fits,
        "cpu_seconds": statistics.median(c for c, _ in samples) * scale,
        "wall_seconds": statistics.median(w for _, w in samples) * scale,
        "extrapolated_from": n if n < load.fits else None,
        "samples": len(samples),
        "first_call_cpu_seconds": first,
        "max_rss_kib": peak_memory_kib(),
    }
    return record, result


def main(
    tool: str,
    version: str,
    cases: Callable[[dict[str, np.ndarray], dict[str, Workload]], Iterable[Case]],
    argv: list[str] | None = None,
) -> None:
    """Time every case of a tool and print one JSON line each; the results go to `OUT/<tool>.<workload>.bin`."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=Path, required=True, help="folder that workloads.py wrote")
    parser.add_argument("--out", type=Path, help="folder for the fitted values")
    parser.add_argument("--only", default="", help="regular expression of workloads")
    parser.add_argument("--budget", type=float, default=1.0, help="seconds per workload")
    options = parser.parse_args(argv)
    loads = read_workloads(options.data)
    for case in cases(read_arrays(options.data), loads):
        if not re.search(options.only, case.workload):
            continue
        record: dict[str, Any] = {"tool": tool, "version": version, "workload": case.workload}
        if case.note:
            record["note"] = case.note
        if case.missing:
            record["missing"] = case.missing
        else:
            try:
                timed, result = measure(case, loads[case.workload], options.budget)
                record |= timed
                if case.rows is not None:
                    record |= _save(case.rows(result), tool, case.workload, options.out)
            except Exception as problem:
                record["missing"] = f"{type(problem).__name__}: {problem}".splitlines()[0][:200]
                traceback.print_exc()
        print(json.dumps(record), flush=True)


def _save(rows: Rows, tool: str, workload: str, out: Path | None) -> dict[str, Any]:
    rows = rows[np.argsort(rows[:, 0], kind="stable")]
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
        rows.astype("<f8").tofile(out / f"{tool}.{workload}.bin")
    finite = rows[np.isfinite(rows).all(1)]
    return {"first": finite[:3].tolist(), "sums": [float(finite[:, 1].sum()), float(finite[:, 2].sum())]}
