"""Time refits beside metafor in one run, and write docs/robustness-measured.md.

    python benchmarks/robustness.py

Run it with the Python of the project; Rscript with metafor and numDeriv must be on the PATH. CPU seconds of one process
each, one thread, after one call to load code. Rates count where metafor does a part only.
"""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"

import numpy as np  # noqa: E402 - threads are set first

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "src"))

import metarepro as mr  # noqa: E402 - the path must be set first

PAGE = HERE.parent / "docs" / "robustness-measured.md"
WORDS = {
    "gosh_REML": "all 32,767 subsets of 15 studies, REML", "gosh_DL": "all 32,767 subsets of 15 studies, DL",
    "permutation_REML": "10,000 sign flips of 15 studies, REML",
    "leave_one_out_1000": "leave-one-out of 1,000 studies, REML",
    "influence_1000": "influence of 1,000 studies, DL",
    "bootstrap_REML": "10,000 bootstrap samples of 15 studies, REML",
    "trim_and_fill": "trim and fill, 15 studies, REML", "selection_3psm": "three-parameter selection model, 15 studies",
}  # fmt: skip


def data(k: int) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(k)
    v = random.uniform(0.01, 0.3, k)
    return random.normal(0.3, np.sqrt(0.05 + v)), v


def cpu(work: Callable[[], object]) -> float:
    """CPU seconds of the fastest of three calls, after one that loads code."""
    work()
    best = np.inf
    for _ in range(3):
        start = time.process_time()
        work()
        best = min(best, time.process_time() - start)
    return best


def ours() -> dict[str, tuple[int, float]]:
    y, v = data(15)
    many = data(1000)
    samples = np.random.default_rng(1).integers(0, 15, (10_000, 15))
    works: dict[str, tuple[int, Callable[[], object]]] = {
        "gosh_REML": (32_767, lambda: mr.gosh(y, v)), "gosh_DL": (32_767, lambda: mr.gosh(y, v, tau2="DL")),
        "permutation_REML": (10_000, lambda: mr.permutation_test(y, v, draws=10_000)),
        "leave_one_out_1000": (1000, lambda: mr.leave_one_out(*many)),
        "influence_1000": (1000, lambda: mr.influence(*many, tau2="DL")),
        "bootstrap_REML": (10_000, lambda: mr.pool(y[samples], v)),
        "trim_and_fill": (1, lambda: mr.trim_and_fill(y, v)),
        "selection_3psm": (1, lambda: mr.selection_model(y, v)),
    }  # fmt: skip
    return {name: (done, cpu(work)) for name, (done, work) in works.items()}


def multiverse() -> tuple[int, float]:
    y, v = data(30)
    random = np.random.default_rng(2)
    rows = {
        f"choice {i}": {"all": [True] * 30, "without": random.random(30) < 0.85, "other": random.random(30) < 0.9}
        for i in range(7)
    }
    methods = {"tau2": ("REML", "DL", "PM", "CE", "SJ", "ML", "EB", "HE"), "ci": ("HK-ci", "z")}
    found = mr.multiverse(y, v, rows=rows, **methods)
    return found.beta.size, cpu(lambda: mr.multiverse(y, v, rows=rows, **methods))


def metafor() -> dict[str, tuple[int, float]]:
    with tempfile.TemporaryDirectory() as folder:
        for k in (15, 1000):
            y, v = data(k)
            lines = ["yi,vi", *(f"{a!r},{b!r}" for a, b in zip(y.tolist(), v.tolist(), strict=True))]
            (Path(folder) / f"k{k}.csv").write_text("\n".join(lines) + "\n")
        told = subprocess.run(
            ["Rscript", str(HERE / "robustness.R"), folder], check=True, capture_output=True, text=True
        ).stdout
    rows = [line.split(",") for line in told.splitlines() if line.count(",") == 2]
    return {name: (int(done), float(seconds)) for name, done, seconds in rows}


def main() -> None:
    mine, theirs = ours(), metafor()
    count, seconds = multiverse()
    lines = [
        "# Refits, measured",
        "",
        f"Written by `python benchmarks/robustness.py` ({platform.machine()}, Python {platform.python_version()}, "
        f"NumPy {np.__version__}, metafor of Debian). CPU seconds of one thread, the fastest of three after one call "
        "that loads code; metafor does a part where all of it would take minutes, and rates are compared.",
        "",
        "| what | ours, CPU s | ours, fits a second | metafor, fits a second | times |",
        "|---|---|---|---|---|",
    ]
    for name, words in WORDS.items():
        rate, other = (done / seconds for done, seconds in (mine[name], theirs[name]))
        lines.append(f"| {words} | {mine[name][1]:.3g} | {rate:,.0f} | {other:,.3g} | {rate / other:,.0f} |")
    lines += ["", f"A multiverse of {count:,} specifications of 30 studies: {seconds:.2f} CPU s.", ""]
    PAGE.write_text("\n".join(lines))
    print("\n".join(lines))


if __name__ == "__main__":
    main()
