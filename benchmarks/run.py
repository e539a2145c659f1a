"""Measure metarepro and its peers, compare their results, write the tables and the figure.

    python benchmarks/run.py [--quick] [--venv PATH] [--rounds N] [--budget SECONDS] [--docs PATH]

Run it with a Python that has numpy and matplotlib. All Python tools, metarepro included, are measured in one virtual
environment made from requirements.txt outside the repository, so that they share Python, NumPy and SciPy. metafor
needs Rscript on the PATH. What cannot be installed or run is recorded as missing.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import tables
import workloads

HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parent
PEERS = ("metafor", "pymare", "pimeta", "pymetaanalysis", "statsmodels", "pythonmeta")
IMPORTS = {
    "pymare": "import pymare.estimators",
    "pimeta": "import pimeta",
    "pymetaanalysis": "import meta_analyze",
    "statsmodels": "from statsmodels.stats.meta_analysis import combine_effects",
    "pythonmeta": "import PythonMeta",
}
FIRST_FIT = "import metarepro as mr; {}mr.pool([0.1, 0.3, 0.35, 0.65], [0.03, 0.03, 0.05, 0.01])"
ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "BLIS_NUM_THREADS")
MEMORY_TIME_LIMIT = 300.0
TOOL_TIME_LIMIT = 600.0  # a tool that hangs keeps what it had done

Record = dict[str, Any]


class Bench:
    """Where things are, and how a measured process is started."""

    def __init__(self, folder: Path, venv: Path, library: Path, budget: float, only: str) -> None:
        self.only = only
        self.data, self.out, self.venv, self.library, self.budget = (
            folder / "data",
            folder / "out",
            venv,
            library,
            budget,
        )
        self.python = str(venv / "bin" / "python")
        self.environment = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "PYTHONDONTWRITEBYTECODE")}
        self.environment |= dict.fromkeys(ONE_THREAD, "1")
        self.environment |= {"NUMBA_CACHE_DIR": str(folder / "numba"), "PYTHONWARNINGS": "ignore"}

    def run(self, command: list[str], ours: bool = False, limit: float | None = None) -> tuple[str, str, float]:
        """Output, last line of errors when it failed, CPU seconds of a process."""
        environment = self.environment | ({"PYTHONPATH": str(self.library)} if ours else {})
        with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as errors:
            process = subprocess.Popen(command, stdout=out, stderr=errors, cwd=HERE, env=environment)
            failed = "" if limit is None else _wait(process, limit)
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            out.seek(0)
            errors.seek(0)
            if process.returncode != 0 and not failed:
                lines = errors.read().strip().splitlines()
                failed = lines[-1][:200] if lines else f"exit code {process.returncode}"
            return out.read(), failed, usage.ru_utime + usage.ru_stime

    def options(self, budget: float | None = None) -> list[str]:
        return [
            "--data",
            str(self.data),
            "--out",
            str(self.out),
            "--budget",
            str(budget or self.budget),
            "--only",
            self.only,
        ]

    def peer(self, name: str) -> list[str]:
        if name == "metafor":
            # R gets more time, as it is slower and its clock ticks in milliseconds.
            return [shutil.which("Rscript") or "Rscript", "peers/metafor.R", *self.options(2 * self.budget)]
        return [self.python, "-m", f"peers.{name}_peer", *self.options()]

    def ours(self, engine: str, *more: str) -> list[str]:
        return [self.python, "-m", "ours", "--engine", engine, *(more or self.options())]


def _wait(process: subprocess.Popen[Any], limit: float) -> str:
    """Wait for a process without reaping it; kill it when its time is over, and say so."""
    end = time.monotonic() + limit
    while os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT | os.WNOHANG) is None:
        if time.monotonic() > end:
            process.kill()
            return f"not done in {limit:g} seconds"
        time.sleep(0.05)
    return ""


def make_venv(venv: Path) -> list[Record]:
    """Make the environment unless it is there; what could not be installed."""
    wanted = HERE / "requirements.txt"
    done = venv / "requirements.done"
    if done.exists() and done.read_text() == wanted.read_text():
        return []
    subprocess.run([sys.executable, "-m", "venv", "--clear", str(venv)], check=True)
    python = str(venv / "bin" / "python")
    uv = shutil.which("uv")
    install = [uv, "pip", "install", "-q", "--python", python] if uv else [python, "-m", "pip", "install", "-qq"]
    if subprocess.run([*install, "-r", str(wanted)]).returncode == 0:
        done.write_text(wanted.read_text())
        return []
    missing = []
    for line in wanted.read_text().splitlines():
        if line and not line.startswith("#") and subprocess.run([*install, line]).returncode != 0:
            missing.append({"tool": line, "workload": "", "reason": "could not be installed"})
    return missing


def run_tool(bench: Bench, name: str, command: list[str], ours: bool, missing: list[Record]) -> list[Record]:
    """The records of one process; a process that fails is recorded as missing."""
    output, failed, _ = bench.run(command, ours, TOOL_TIME_LIMIT)
    records = []
    for line in output.splitlines():
        if not line.startswith("{"):
            continue
        record = json.loads(line)
        if "missing" in record:
            missing.append({"tool": record["tool"], "workload": record["workload"], "reason": record["missing"]})
        else:
            records.append(record)
    if failed:
        missing.append({"tool": name, "workload": "", "reason": failed})
    return records


def one_round(bench: Bench, engines: list[str], missing: list[Record]) -> list[Record]:
    """Every tool once, peers and engines of metarepro by turns."""
    peers, own = list(PEERS), list(engines)
    records: list[Record] = []
    while peers or own:
        if peers:
            name = peers.pop(0)
            print(f"  {name}", file=sys.stderr)
            records += run_tool(bench, name, bench.peer(name), False, missing)
        if own:
            engine = own.pop(0)
            print(f"  metarepro ({engine})", file=sys.stderr)
            records += run_tool(bench, f"metarepro-{engine}", bench.ours(engine), True, missing)
    return records


def startup(bench: Bench, engines: list[str]) -> list[Record]:
    """CPU seconds of a fresh process that imports a tool, less those of an empty one."""
    rscript = shutil.which("Rscript")
    switch = {"default": ""} | {
        engine: f"mr.set_engine(compiled={engine == 'compiled'}); " for engine in ("plain", "compiled")
    }
    tasks = [("metarepro", "import", [bench.python, "-c", "import metarepro"], True)]
    tasks += [
        (tables.name_of(engine), "import and first fit", [bench.python, "-c", FIRST_FIT.format(switch[engine])], True)
        for engine in engines
    ]
    tasks += [(name, "import", [bench.python, "-c", code], False) for name, code in IMPORTS.items()]
    empty = {True: [bench.python, "-c", "pass"], False: [rscript or "", "-e", "invisible(0)"]}
    if rscript:
        tasks.append(("metafor", "import", [rscript, "-e", "suppressMessages(library(metafor))"], False))
    base = {python: bench.run(command)[2] for python, command in empty.items() if command[0]}
    records = []
    for tool, what, command, ours in tasks:
        failed, seconds = bench.run(command, ours)[1:]
        if not failed:
            records.append({"tool": tool, "what": what, "cpu_seconds": max(seconds - base[tool != "metafor"], 0.0)})
    return records


def memory(bench: Bench, engines: list[str], fits: int) -> list[Record]:
    """Peak memory of one call with many REML fits, in a process whose address space ends before the machine's does."""
    with Path("/proc/meminfo").open() as info:
        available = next(int(line.split()[1]) for line in info if line.startswith("MemAvailable"))
    records = []
    for engine in engines:
        print(f"  memory, metarepro ({engine})", file=sys.stderr)
        command = bench.ours(engine, "--memory", str(fits))
        limited = ["sh", "-c", f'ulimit -v {int(available * 0.8)}; exec "$@"', "sh", *command]
        output, failed, _ = bench.run(limited, True, MEMORY_TIME_LIMIT)
        record = {"tool": tables.name_of(engine), "n_fits": fits}
        records.append(record | ({"missing": failed} if failed else json.loads(output.splitlines()[-1])))
    return records


def median_of(records: Iterable[Record], keys: tuple[str, ...], numbers: tuple[str, ...]) -> list[Record]:
    """Records with equal keys in one, with the median of their numbers."""
    groups: dict[tuple[Any, ...], list[Record]] = {}
    for record in records:
        groups.setdefault(tuple(record[k] for k in keys), []).append(record)
    merged = []
    for group in groups.values():
        record = dict(group[-1])
        for name in numbers:
            record[name] = statistics.median(r[name] for r in group)
        values = [r["cpu_seconds"] for r in group]
        merged.append(record | {"cpu_seconds_range": [min(values), max(values)], "rounds": len(group)})
    return merged


def agreement(bench: Bench, results: list[Record], reference: str) -> list[Record]:
    """Largest differences of tau2 and the estimate from metarepro's, fit by fit."""
    lines = []
    for record in results:
        tool, workload = record["tool"], record["workload"]
        ours, theirs = (bench.out / f"{name}.{workload}.bin" for name in (reference, tool))
        if tool == reference or not (ours.exists() and theirs.exists()):
            continue
        a, b = (np.fromfile(path, "<f8").reshape(-1, 3) for path in (ours, theirs))
        _, i, j = np.intersect1d(a[:, 0], b[:, 0], return_indices=True)
        usable = np.isfinite(a[i]).all(1) & np.isfinite(b[j]).all(1)
        if not usable.any():
            continue
        difference = np.abs(a[i] - b[j])[usable]
        lines.append(
            {
                "tool": tool,
                "workload": workload,
                "compared": int(usable.sum()),
                "failed_there": int((np.isfinite(a[i]).all(1) & ~np.isfinite(b[j]).all(1)).sum()),
                "tau2_max_difference": float(difference[:, 1].max()),
                "beta_max_difference": float(difference[:, 2].max()),
                "share_within_1e-6": float((difference[:, 1:] < 1e-6).all(1).mean()),
            }
        )
    return lines


def machine(bench: Bench) -> tuple[Record, Record]:
    """What it ran on, and versions."""
    cpu = next((line.split(":", 1)[1].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")), "")
    total = next((int(line.split()[1]) for line in _lines("/proc/meminfo") if line.startswith("MemTotal")), 0)
    about = {
        "processor": cpu or platform.processor(),
        "cores": os.cpu_count(),
        "memory_gib": round(total / 2**20, 1),
        "system": f"{platform.system()} {platform.machine()}",
    }
    versions = {}
    code = "import sys, numpy, scipy; print(sys.version.split()[0], numpy.__version__, scipy.__version__)"
    output, failed, _ = bench.run([bench.python, "-c", code])
    if not failed:
        versions |= dict(zip(("Python", "NumPy", "SciPy"), output.split(), strict=True))
    output, failed, _ = bench.run([bench.python, "-c", "import numba; print(numba.__version__)"])
    if not failed:
        versions["numba"] = output.strip()
    if rscript := shutil.which("Rscript"):
        code = 'cat(paste(R.version$major, R.version$minor, sep = "."), basename(extSoftVersion()["BLAS"]))'
        output, failed, _ = bench.run([rscript, "-e", code])
        if not failed:
            versions["R"], versions["BLAS of R"] = [*output.split(), ""][:2]
    return about, versions


def _lines(path: str) -> list[str]:
    try:
        return Path(path).read_text().splitlines()
    except OSError:
        return []


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    default = Path(tempfile.gettempdir()) / "metarepro-benchmarks"
    parser.add_argument("--quick", action="store_true", help="small inputs, one round: does everything run?")
    parser.add_argument("--work", type=Path, default=default, help="folder for inputs and results")
    parser.add_argument("--venv", type=Path, help="virtual environment of the tools; made when it is not there")
    parser.add_argument("--library", type=Path, default=REPOSITORY / "src", help="folder that holds metarepro")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--budget", type=float, default=1.0, help="seconds per workload, tool and round")
    parser.add_argument("--only", default="", help="regular expression of workloads")
    parser.add_argument("--docs", type=Path, help="where the report goes; docs/ of the repository, WORK/docs if quick")
    options = parser.parse_args()
    rounds, budget = (1, 0.04) if options.quick else (options.rounds, options.budget)
    docs = options.docs or (options.work / "docs" if options.quick else REPOSITORY / "docs")
    folder = options.work / ("quick" if options.quick else "full")
    bench = Bench(
        folder, (options.venv or options.work / "venv").absolute(), options.library.absolute(), budget, options.only
    )

    missing = make_venv(bench.venv)
    shutil.rmtree(bench.out, ignore_errors=True)
    workloads.write(bench.data, options.quick)
    output, failed, _ = bench.run([bench.python, "-m", "ours", "--has-engines"], ours=True)
    if failed:
        sys.exit(f"metarepro does not run: {failed}")
    engines = ["plain", "compiled"] if json.loads(output)["engines"] else ["default"]

    records: list[Record] = []
    starts: list[Record] = []
    for i in range(rounds):
        print(f"round {i + 1} of {rounds}", file=sys.stderr)
        records += one_round(bench, [*engines, "lean"], missing)
        starts += startup(bench, engines)
    results = median_of(records, ("tool", "workload"), ("cpu_seconds", "wall_seconds", "first_call_cpu_seconds"))
    about, versions = machine(bench)
    versions |= {re.sub("-(fit|summary|plain|compiled|lean)$", "", r["tool"]): r["version"] for r in results}
    reference = next(r for r in tables.OURS if any(r == record["tool"] for record in results))
    unique = {(m["tool"], m["workload"]): m for m in missing}
    summary = {
        "settings": {"quick": options.quick, "rounds": rounds, "budget_seconds": budget, "reference": reference},
        "machine": about,
        "versions": versions,
        "workloads": [vars(w) for w in workloads.read_workloads(bench.data).values()],
        "results": results,
        "startup": median_of(starts, ("tool", "what"), ("cpu_seconds",)),
        "memory": memory(bench, engines, 10_000 if options.quick else 1_000_000),
        "agreement": agreement(bench, results, reference),
        "missing": sorted(unique.values(), key=lambda m: (m["tool"], m["workload"])),
    }
    tables.write(summary, docs)
    print(f"wrote performance.json, performance.md and performance.svg to {docs}", file=sys.stderr)


if __name__ == "__main__":
    main()
