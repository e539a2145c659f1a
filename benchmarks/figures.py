"""How long figures take, after imports; written to docs/figures-measured.md.

python benchmarks/figures.py [--rounds 3]

Forest plots of 1 to 300 made-up studies of counts: drawn, written as SVG, PDF and PNG (300 dpi) with their twins, and
checked by the gate. Best of the rounds, CPU seconds of one process.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from itertools import pairwise
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "src"))

import metarepro as mr  # noqa: E402 - the path must be set first
from metarepro.analysis.from_fit import result_of  # noqa: E402
from metarepro.analysis.result import AnalysisResult  # noqa: E402

SIZES = (1, 13, 40, 100, 300)
HEAD = """\
# Figures, measured

Written by `python benchmarks/figures.py` on {machine}: CPU seconds of one process after imports, best of {rounds}.
Forest plots of made-up studies at 174 mm, on pages; "written" is SVG, PDF and PNG (300 dpi) with `.csv` and `.alt.txt`.

| studies | pages | drawn | written | checked by the gate | all | PNG of 600 dpi |
| --- | --- | --- | --- | --- | --- | --- |
"""


def made_up(k: int) -> AnalysisResult:
    """An analysis of k studies of counts."""
    rng = np.random.default_rng(k)
    n1, n2 = rng.integers(20, 900, (2, k))
    counts = {"e1": rng.binomial(n1, 0.3), "n1": n1, "e2": rng.binomial(n2, 0.2), "n2": n2}
    es = mr.effect_sizes("OR", **counts)
    return result_of(
        mr.pool(es.yi, es.vi), measure="OR", labels=[f"Author {i}, {1990 + i % 35}" for i in range(k)], inputs=counts,
        experimental="drug", control="placebo", title=f"{k} studies",
    )  # fmt: skip


def measure(result: AnalysisResult, folder: Path) -> tuple[int, list[float]]:
    """Pages, and seconds for drawing, writing, checking, and a PNG of 600 dpi."""
    marks = [time.process_time()]
    pages = mr.figures.forest_pages(result)
    marks.append(time.process_time())
    mr.figures.write_figure(pages, folder / "forest")
    marks.append(time.process_time())
    faults = mr.figures.check_files(folder / "forest")
    marks.append(time.process_time())
    if faults:
        raise SystemExit(f"faults: {faults[:3]}")
    mr.figures.write_figure(pages, folder / "fine", formats=("png",), dpi=600)
    marks.append(time.process_time())
    return len(pages), [b - a for a, b in pairwise(marks)]


def main() -> None:
    """Measure all sizes and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    rounds = parser.parse_args().rounds
    processor = next(
        (x.split(":")[1].strip() for x in Path("/proc/cpuinfo").read_text().splitlines() if x.startswith("model name")),
        "this machine",
    )
    text = HEAD.format(machine=processor, rounds=rounds)
    with tempfile.TemporaryDirectory() as folder:
        measure(made_up(3), Path(folder))  # everything is imported now
        for k in SIZES:
            result = made_up(k)
            taken = [measure(result, Path(folder)) for _ in range(rounds)]
            drawn, written, checked, fine = (min(t[1][i] for t in taken) for i in range(4))
            cells = [drawn, written, checked, drawn + written + checked, fine]
            text += f"| {k} | {taken[0][0]} | {' | '.join(f'{c:.2f}' for c in cells)} |\n"
    (ROOT / "docs" / "figures-measured.md").write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
