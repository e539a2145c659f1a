"""Type I error and power of tests of funnel-plot asymmetry, by simulation; writes docs/asymmetry.md and its figure.

    python benchmarks/simulate_asymmetry.py [SETS]

Binary outcomes: log odds ratios of mean log(0.4), control risks from 20 to 50 %, 20 to 400 patients an arm. Means:
Hedges g of mean 0.8, 8 to 100 patients an arm. True effects differ by tau2 of 0 or 0.1. For the power, studies whose
two-sided p is above 0.05, or whose effect has the other direction, are published with a chance of 20 %.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "src"))

import metarepro as mr  # noqa: E402 - the path must be set first
from metarepro.robustness.small_study_tests import LEVEL, TESTS  # noqa: E402

PAGE, PICTURE = HERE.parent / "docs" / "asymmetry.md", HERE.parent / "docs" / "asymmetry.svg"
SIZES, TAU2 = (10, 20, 50), (0.0, 0.1)
OF = {
    "OR": ("egger", "egger_wls", "begg", "harbord", "peters", "arcsine", "macaskill"),
    "SMD": ("egger", "egger_wls", "begg", "pustejovsky_rodgers", "size"),
}
Cell = tuple[str, float, int]
GUIDANCE = (
    "What follows from it is a table of `mr.small_study_tests`, which says of each test whether it fits: with counts "
    "not Egger's, Begg's and Macaskill's test, which err two to three times too often where true effects differ; with "
    "standardised mean differences only that of Pustejovsky and Rodgers and the regression on 1/n. The price is power."
)


def studies(random: np.random.Generator, measure: str, tau2: float, count: int) -> Any:
    """Effect sizes of studies before any selection."""
    if measure == "OR":
        n = np.exp(random.uniform(np.log(20), np.log(400), count)).round()
        theta = random.normal(np.log(0.4), np.sqrt(tau2), count)
        control = random.uniform(0.2, 0.5, count)
        treated = 1 / (1 + (1 - control) / control * np.exp(-theta))
        events = [random.binomial(n.astype(int), risk) for risk in (treated, control)]
        return mr.effect_sizes("OR", e1=events[0], n1=n, e2=events[1], n2=n)
    n = np.exp(random.uniform(np.log(8), np.log(100), count)).round()
    theta = random.normal(0.8, np.sqrt(tau2), count)
    spread = [np.sqrt(random.chisquare(n - 1) / (n - 1)) for _ in range(2)]
    return mr.effect_sizes(
        "SMD", m1=theta + random.normal(0, 1 / np.sqrt(n)), sd1=spread[0], n1=n,
        m2=random.normal(0, 1 / np.sqrt(n)), sd2=spread[1], n2=n,
    )  # fmt: skip


def published(random: np.random.Generator, es: Any, selected: bool) -> np.ndarray:
    z = es.yi / np.sqrt(es.vi) * (1 if es.measure == "SMD" else -1)
    return random.random(es.yi.size) < np.where(z > 1.96, 1.0, 0.2 if selected else 1.0)


def rejections(measure: str, tau2: float, k: int, selected: bool, sets: int) -> dict[str, float]:
    random = np.random.default_rng([k, int(10 * tau2), measure == "OR", selected])
    found = dict.fromkeys(OF[measure], 0)
    for _ in range(sets):
        es = studies(random, measure, tau2, 6 * k if selected else k)
        rows = np.flatnonzero(published(random, es, selected))[:k]
        inputs = {name: x[rows] for name, x in es.inputs.items()}
        chosen = mr.effect_sizes(measure, **inputs)
        for code in OF[measure]:
            found[code] += TESTS[code].call(chosen).p_value < LEVEL
    return {code: n / sets for code, n in found.items()}


def table(found: dict[Cell, dict[str, float]], measure: str) -> list[str]:
    cells = [(t, k) for t in TAU2 for k in SIZES]
    head = " | ".join(f"τ² {t:g}, k {k}" for t, k in cells)
    lines = [f"| test | {head} |", "|---" * (len(cells) + 1) + "|"]
    for code in OF[measure]:
        row = " | ".join(f"{100 * found[measure, t, k][code]:.0f}" for t, k in cells)
        lines.append(f"| {TESTS[code].name} | {row} |")
    return lines


def draw(errors: dict[Cell, dict[str, float]], powers: dict[Cell, dict[str, float]]) -> None:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 7), layout="constrained")
    panels = figure.subplots(2, 4, sharex=True)
    for i, (name, found) in enumerate((("Error, no selection", errors), ("Power, selection by p", powers))):
        for j, (measure, tau2) in enumerate((m, t) for m in OF for t in TAU2):
            axes = panels[i, j]
            for number, code in enumerate(OF[measure]):
                rates = [100 * found[measure, tau2, k][code] for k in SIZES]
                axes.plot(SIZES, rates, marker="osv^DPX"[number], label=TESTS[code].name, linewidth=1)
            axes.axhline(100 * LEVEL, color="black", linewidth=0.8, linestyle=":")
            axes.set_ylim(0, 40 if i == 0 else 100)
            axes.set_title(f"{measure}, τ² {tau2:g}", fontsize=9)
            axes.set_xticks(SIZES)
            if j == 0:
                axes.set_ylabel(f"{name}: P < {LEVEL:g}, %")
            if i == 1:
                axes.set_xlabel("studies")
                if tau2 == TAU2[-1]:
                    axes.legend(fontsize=6)
    figure.savefig(PICTURE, metadata={"Date": None})


def main(sets: int) -> None:
    cells = [(m, t, k) for m in OF for t in TAU2 for k in SIZES]
    errors = {c: rejections(*c, False, sets) for c in cells}
    powers = {c: rejections(*c, True, sets) for c in cells}
    draw(errors, powers)
    assert __doc__ is not None
    setup = " ".join(__doc__.strip().split("\n\n", 2)[2].split())
    start = (
        f"Written by `python benchmarks/simulate_asymmetry.py` ({sets:,} sets of studies a cell, tests at {LEVEL:g})."
    )
    lines = ["# Tests of funnel-plot asymmetry: errors and power", "", f"{start} {setup}", ""]
    lines += ["![Errors and power of tests of asymmetry](asymmetry.svg)", "", GUIDANCE, ""]
    for measure, words in (("OR", "Odds ratios"), ("SMD", "Hedges g")):
        lines += [f"## {words}", "", "Error without any selection, percent:", "", *table(errors, measure), ""]
        lines += ["Power with selection, percent:", "", *table(powers, measure), ""]
    PAGE.write_text("\n".join(lines), encoding="utf-8")
    print("\n".join(lines))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 2000)
