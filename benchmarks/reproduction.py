"""How fast and how well printed results are matched; written to docs/reproduction-measured.md.

python benchmarks/reproduction.py [--analyses 1000] [--judged 500]

1. One analysis of 12 studies over all specifications, studies left out included.
2. Analyses of the sizes of the Cochrane Library (median 3 studies, up to 100), each matched with all formulas and
   methods of all its studies, and what that makes for 500,000 of them.
3. Reports with a known method, a tenth of them with one planted error: how many are told apart, how many errors named.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from tests.reproduction.simulated import simulate  # noqa: E402

import metarepro as mr  # noqa: E402 - the path must be set first
from metarepro.reproduction import judge, read_inputs  # noqa: E402

COCHRANE = 500_000


def one_analysis(rng: np.random.Generator) -> tuple[int, float]:
    """Specifications tried for 12 studies of means, and seconds of CPU (best of three)."""
    n = rng.integers(15, 80, (2, 12))
    inputs = read_inputs(
        {
            "m1": rng.normal(-3, 1, 12).round(2), "sd1": rng.uniform(4, 8, 12).round(2), "n1": n[0],
            "m2": rng.normal(0, 1, 12).round(2), "sd2": rng.uniform(4, 8, 12).round(2), "n2": n[1],
        }
    )  # fmt: skip
    published = {"measure": "SMD", "estimate": "-9.99", "ci_low": "-9.999", "ci_high": "-9.98"}
    times = []
    for _ in range(3):
        start = time.process_time()
        found = mr.match_published(inputs, published, leave_out=1)
        times.append(time.process_time() - start)
    return found.tried, min(times)


def batch(rng: np.random.Generator, analyses: int) -> tuple[int, float, float]:
    """Specifications tried for analyses of Cochrane's sizes, seconds of CPU, median number of studies."""
    sizes = np.clip(1 + rng.geometric(0.34, analyses), 2, None)
    heavy = rng.random(analyses) < 0.02
    sizes[heavy] = rng.integers(20, 101, int(heavy.sum()))
    tried, start = 0, time.process_time()
    for k in sizes:
        n = rng.integers(15, 200, (2, k))
        inputs = read_inputs({"e1": rng.binomial(n[0], 0.3), "n1": n[0], "e2": rng.binomial(n[1], 0.2), "n2": n[1]})
        published = {"measure": "OR", "estimate": "1.70", "ci_low": "1.30", "ci_high": "2.20"}
        tried += mr.match_published(inputs, published, leave_out=0).tried
    return tried, time.process_time() - start, float(np.median(sizes))


def classify(rng: np.random.Generator, reports: int) -> dict[str, int]:
    """How simulated reports are judged."""
    counts = dict.fromkeys(("right", "right_told", "planted", "planted_told", "named"), 0)
    for _ in range(reports):
        s = simulate(rng, 0.1)
        found = judge(s.inputs, s.published, s.labels)
        fits = found.verdict in ("exact", "rounding")
        if not s.error:
            counts["right"] += 1
            counts["right_told"] += fits
            continue
        counts["planted"] += 1
        counts["planted_told"] += not fits
        told = found.reason + " ".join(f"{e.study}, {e.change}" for e in found.explanations)
        left = [m for m in found.match.matches if m.left_out == (s.study,)] if found.match else []
        counts["named"] += bool(left) if s.error == "left out" else f"{s.study}, {s.error}" in told
    return counts


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--analyses", type=int, default=1000)
    parser.add_argument("--judged", type=int, default=500)
    options = parser.parse_args()
    tried, seconds = one_analysis(np.random.default_rng(1))
    specifications, cpu, median = batch(np.random.default_rng(2), options.analyses)
    c = classify(np.random.default_rng(3), options.judged)
    hours = cpu / options.analyses * COCHRANE / 3600
    told, planted = 100 * c["right_told"] / c["right"], c["planted"]
    lines = [
        "# Reproduction, measured",
        "",
        "Written by `benchmarks/reproduction.py`; CPU seconds of one core, after imports.",
        "",
        f"- One analysis of 12 studies: {tried:,} specifications in {seconds:.2f} s.",
        f"- {options.analyses:,} analyses of Cochrane's sizes (median {median:g} studies, up to 100), all formulas and",
        f"  methods of all studies: {specifications:,} specifications in {cpu:.1f} s,",
        f"  {1000 * cpu / options.analyses:.1f} ms each. For {COCHRANE:,} analyses: {hours:.1f} hours of one core.",
        f"- {options.judged} simulated reports with a known method. Of {c['right']} without an error",
        f"  {c['right_told']} come out exact or rounding (specificity {told:.1f}%).",
        f"  Of {planted} with one planted error (arms or means exchanged, SE for SD, a study left out)",
        f"  {c['planted_told']} are told apart (sensitivity {100 * c['planted_told'] / planted:.1f}%),",
        "  and in",
        f"  {c['named']} the study and the error are named ({100 * c['named'] / planted:.1f}%).",
        "  An error that changes no printed digit cannot be told.",
    ]
    text = "\n".join(lines) + "\n"
    (ROOT / "docs/reproduction-measured.md").write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
