"""The report of a run: tables, figure and text. Every number comes from the run.

`python tables.py performance.json FOLDER` writes the text and the figure anew.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure

Record = dict[str, Any]

# In the order of preference as the one that ratios refer to.
OURS = ("metarepro-compiled", "metarepro-plain", "metarepro", "metarepro-lean")
LABELS = {
    "metarepro": "metarepro",
    "metarepro-compiled": "metarepro, compiled",
    "metarepro-plain": "metarepro, NumPy",
    "metarepro-lean": "metarepro, as called",
    "pymare-fit": "PyMARE, fit only",
    "pymare-summary": "PyMARE, fit and summary",
    "statsmodels": "statsmodels",
    "pythonmeta": "PythonMeta",
    "pimeta": "pimeta",
    "pymetaanalysis": "PyMetaAnalysis",
    "pymare": "PyMARE",
    "metafor": "metafor",
}
GIVES = {
    "metafor": "full result, a loop over `rma()`; `gosh()` and `permutest()` for their tasks",
    "pymare-fit": "τ², estimate and its covariance; all data sets of one size in one call",
    "pymare-summary": "the same, with intervals, p-values, Q and I²",
    "pimeta": "full result, a loop over `rma()`; `gosh()` and `permutest()` for their tasks",
    "pymetaanalysis": "full result with a record of its inputs, a loop over `meta_analysis()`",
    "statsmodels": "estimates of both models, τ², Q, a loop over `combine_effects()`; negative τ² kept with DL",
    "pythonmeta": "a line per study and one for the total, a loop; effects given as mean differences of two arms",
}
METHODS = ("DL", "PM", "REML")


def name_of(engine: str) -> str:
    """The tool name of an engine of metarepro."""
    return "metarepro" if engine == "default" else f"metarepro-{engine}"


def seconds(value: float) -> str:
    """A duration with three digits and a unit."""
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if value >= size:
            return f"{_digits(value / size)} {unit}"
    return f"{_digits(value / 1e-9)} ns"


def _digits(value: float) -> str:
    if value >= 100:
        return f"{float(f'{value:.3g}'):,.0f}"
    return f"{value:#.3g}".rstrip(".")


def ratio(value: float) -> str:
    return f"{_digits(value)}×"


def table(head: list[str], rows: list[list[str]], words: int = 1) -> str:
    """A table whose first columns hold words and the others numbers."""
    lines = [head, ["---"] * words + ["---:"] * (len(head) - words), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


class Report:
    """Lookups in the record of a run."""

    def __init__(self, run: Record) -> None:
        self.run = run
        self.loads: dict[str, Record] = {w["name"]: w for w in run["workloads"]}
        self.results: dict[tuple[str, str], Record] = {(r["tool"], r["workload"]): r for r in run["results"]}
        self.reference: str = run["settings"]["reference"]
        present = {r["tool"] for r in run["results"]}
        self.tools = [t for t in LABELS if t in present]

    def per_fit(self, tool: str, method: str) -> float | None:
        """CPU seconds per fit of k = 20, from the larger set where the tool was given it."""
        for name in ("batch_large", "batch"):
            if found := self.results.get((tool, f"{name}_{method}")):
                return found["cpu_seconds"] / found["n_fits"]
        return None

    def headline(self) -> str:
        rows = []
        for tool in self.tools:
            costs = [self.per_fit(tool, m) for m in METHODS]
            if not any(costs):
                continue
            ours = [self.per_fit(self.reference, m) for m in METHODS]
            cells = [_digits(c * 1e6) if c else "–" for c in costs]
            cells += [ratio(c / o) if c and o else "–" for c, o in zip(costs, ours, strict=True)]
            rows.append([LABELS[tool], *cells])
        head = ["tool", *(f"{m}, µs" for m in METHODS), *(f"{m}, ratio" for m in METHODS)]
        return table(head, rows)

    def without_reading(self) -> str:
        """PyMARE's fit against `pool` as called."""
        found = {m: [self.per_fit(tool, m) for tool in ("pymare-fit", "metarepro-lean")] for m in METHODS}
        ratios = [f"{m} {ratio(peer / own)}" for m, (peer, own) in found.items() if peer and own]
        return f"PyMARE, fit only, costs so many times metarepro as called: {', '.join(ratios)}." if ratios else ""

    def every_workload(self, ratios: bool) -> str:
        without = {"metarepro-lean", *([self.reference] if ratios else [])}
        tools = [t for t in self.tools if t not in without]
        rows = []
        for name, load in self.loads.items():
            ours = self.results.get((self.reference, name))
            cells = []
            for tool in tools:
                found = self.results.get((tool, name))
                if found is None or (ratios and ours is None):
                    cells.append("–")
                elif ratios:
                    cells.append(ratio(found["cpu_seconds"] / ours["cpu_seconds"]))  # type: ignore[index]
                else:
                    cells.append(seconds(found["cpu_seconds"]) + ("*" if found["extrapolated_from"] else ""))
            rows.append([load["label"], *cells])
        return table(["task", *(LABELS[t] for t in tools)], rows)

    def extrapolated(self) -> str:
        rows = [
            [self.loads[r["workload"]]["label"], LABELS[r["tool"]], f"{r['extrapolated_from']:,} of {r['n_fits']:,}"]
            for r in self.run["results"]
            if r["extrapolated_from"]
        ]
        return table(["task", "tool", "timed"], rows, 2) if rows else "Nothing was extrapolated."

    def agreement(self) -> str:
        groups: dict[tuple[str, str], list[Record]] = {}
        for line in self.run["agreement"]:
            method = line["workload"].rsplit("_", 1)[-1]
            method = {"haenszel": "Mantel-Haenszel", "PLO": "GLMM"}.get(method, method)
            groups.setdefault((line["tool"], method), []).append(line)
        rows = []
        for tool in (t for t in self.tools if t != "metarepro-lean"):
            for (name, method), lines in sorted(groups.items()):
                if name != tool:
                    continue
                fits = sum(line["compared"] for line in lines)
                share = sum(line["share_within_1e-6"] * line["compared"] for line in lines) / fits
                largest = [max(line[f"{what}_max_difference"] for line in lines) for what in ("tau2", "beta")]
                failed = sum(line["failed_there"] for line in lines)
                numbers = [f"{fits:,}", f"{failed:,}", *(f"{x:.1e}" for x in largest), f"{_percent(share)} %"]
                rows.append([LABELS[tool], method, *numbers])
        return table(["tool", "method", "fits", "failed there", "τ²", "estimate", "both within 1e-6"], rows, 2)

    def startup(self) -> str:
        rows = [[LABELS[s["tool"]], s["what"], seconds(s["cpu_seconds"])] for s in self.run["startup"]]
        return table(["tool", "what", "CPU"], rows, 2)

    def memory(self) -> str:
        rows = []
        for m in self.run["memory"]:
            if "missing" in m:
                cells = [m["missing"], "–", "–"]
            else:
                cells = [f"{m['max_rss_kib'] / 1024:,.0f} MiB", f"{m['input_bytes'] / 2**20:,.0f} MiB"]
                cells.append(seconds(m["cpu_seconds"]))
            rows.append([LABELS[m["tool"]], f"{m['n_fits']:,}", *cells])
        return table(["tool", "fits", "peak of the process", "of this the input", "CPU"], rows)

    def missing(self) -> str:
        groups: dict[tuple[str, str], list[str]] = {}
        for m in self.run["missing"]:
            load = self.loads.get(m["workload"])
            groups.setdefault((m["tool"], m["reason"]), []).append(load["label"] if load else "everything")
        rows = [[LABELS.get(tool, tool), reason, "; ".join(tasks)] for (tool, reason), tasks in groups.items()]
        return table(["tool", "reason", "tasks"], rows, 3) if rows else "Nothing."

    def text(self) -> str:
        run, settings = self.run, self.run["settings"]
        about, versions = run["machine"], run["versions"]
        reference = LABELS[self.reference]
        gives = "\n".join(f"- {LABELS[t]}: {GIVES[t]}." for t in self.tools if t in GIVES)
        rounds = "one round" if settings["rounds"] == 1 else f"{settings['rounds']} rounds"
        quick = "**A smoke run with small inputs: its numbers mean nothing.**\n\n" if settings["quick"] else ""
        return f"""# Speed

{quick}Written by `benchmarks/run.py`; how it measures is in `benchmarks/README.md`, the same numbers in
`performance.json`.

CPU seconds are user plus system time of the process, one thread. The tools took turns in {rounds}; medians.
Ratios are CPU of the tool divided by CPU of {reference}.

{about["processor"]}, {about["cores"]} cores, {about["memory_gib"]} GiB, {about["system"]};
{", ".join(f"{name} {version}" for name, version in versions.items())}.

## One fit of k = 20 out of many

![CPU time per fit by tool](performance.svg)

CPU microseconds per fit, from {self.loads["batch_large_REML"]["fits"]:,} data sets in one call, or from
{self.loads["batch_REML"]["fits"]:,} (or as many as the time allowed) in a loop.

{self.headline()}

{self.without_reading()}

## Like for like

{gives}
- metarepro: full result in every row (estimate, interval, test, τ² and its standard error, I², H², Q, prediction
  interval, weights, log-likelihood, both p-values), all data sets in one call of `pool`. Weights, log-likelihood and
  p-values are computed when they are read; "as called" does not read them, for the comparison with PyMARE's fit.

Like for like are metarepro, metafor, pimeta and PyMetaAnalysis: each gives a full result, by Wald intervals. PyMARE
gives less. A loop pays for checks and objects at every data set, which a batch pays once; that is the point of a
batch, and it does not help somebody with one data set: for that see the rows "one REML fit". metafor and pimeta stop
Fisher scoring at a change of τ² below 1e-5, metarepro solves to 1e-12 and looks for further maxima of the likelihood.
Permutation tests and random subsets are drawn by each tool itself. `gosh()` of metafor and pimeta gives
estimate, τ², Q, I² and H² of each subset, no interval.

## Every task, CPU time

Starred: timed on a part, scaled up; see below. A dash: the tool cannot do it, or it is a loop whose cost per data
set the smaller number of sets has shown already.

{self.every_workload(ratios=False)}

## Every task, ratio to {reference}

{self.every_workload(ratios=True)}

## Memory

One call with random data, input drawn in the same process.

{self.memory()}

## Start

CPU time of a fresh process less that of an empty one.

{self.startup()}

## Agreement

Largest absolute differences from {reference}, fit by fit, over all tasks of a method, on the fits that both did.
"Failed there": fits without a result in the other tool, such as Fisher scoring that did not converge.

{self.agreement()}

## Extrapolated

{self.extrapolated()}

## Missing

{self.missing()}
"""


def _percent(share: float) -> str:
    """Never 100 unless all of them."""
    return "100" if share == 1 else f"{min(100 * share, 99.99):.4g}"


def draw(report: Report) -> Figure:
    """Bars of CPU microseconds per fit of k = 20 by tool, one panel for each estimator."""
    costs = {m: {t: c for t in report.tools if (c := report.per_fit(t, m))} for m in METHODS}
    values = [1e6 * c for panel in costs.values() for c in panel.values()]
    low, high = 0.4 * min(values), 12 * max(values)
    heights = [len(costs[m]) + 0.9 for m in METHODS]
    figure = Figure(figsize=(7.2, 0.23 * sum(heights) + 1.1), layout="constrained")
    axes = figure.subplots(len(METHODS), 1, sharex=True, height_ratios=heights)
    for ax, method in zip(axes, METHODS, strict=True):
        panel = sorted(costs[method].items(), key=lambda item: item[1])
        for i, (tool, cost) in enumerate(panel):
            color = "#1b6ca8" if tool in OURS else "#9aa3ab"
            ax.barh(i, 1e6 * cost - low, left=low, height=0.68, color=color)
            ax.text(1e6 * cost * 1.15, i, _digits(1e6 * cost), va="center", fontsize=7.5, color="#333333")
        ax.set_yticks(range(len(panel)), [LABELS[tool] for tool, _ in panel], fontsize=8)
        ax.set_ylim(len(panel) - 0.4, -0.6)
        ax.set_title(method, loc="left", fontsize=9, fontweight="bold")
        ax.set_xscale("log")
        ax.set_xlim(low, high)
        ax.tick_params(axis="y", length=0)
        ax.tick_params(axis="x", which="both", labelsize=8, length=0)
        ax.grid(axis="x", which="major", color="#e3e6e8", linewidth=0.7)
        ax.set_axisbelow(True)
        ax.spines[["top", "right", "bottom"]].set_visible(False)
        ax.spines["left"].set_color("#9aa3ab")
    axes[-1].set_xlabel("CPU time per fit of k = 20, µs (log scale; shorter is faster)", fontsize=8.5)
    return figure


def write(run: Record, folder: Path) -> None:
    """Write performance.json, performance.md and performance.svg."""
    folder.mkdir(parents=True, exist_ok=True)
    run = json.loads(json.dumps(run), parse_float=lambda text: float(f"{float(text):.6g}"))
    report = Report(run)
    (folder / "performance.json").write_text(json.dumps(run, indent=1) + "\n", encoding="utf-8")
    (folder / "performance.md").write_text(report.text(), encoding="utf-8")
    settings = {"svg.hashsalt": "metarepro", "svg.fonttype": "path", "font.family": "DejaVu Sans"}
    with mpl.rc_context(settings):
        figure = draw(report)
        figure.savefig(folder / "performance.svg", metadata={"Date": None, "Creator": None})


if __name__ == "__main__":
    write(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")), Path(sys.argv[2]))
