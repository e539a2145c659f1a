"""Coverage of every interval at k = 2..20 against its level; writes docs/coverage.{json,md,svg}.

Effects are normal around 0 with between-study variance tau2; sampling variances are those of trials of 20 to 200
patients (drawn anew for each set, known to the analyst). Proportions are binomial. Seeds are fixed.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from pathlib import Path

import numpy as np
from scipy.stats import chi2
from scipy.stats import f as f_distribution

import metarepro as mr

HERE = Path(__file__).parent
DOCS = HERE.parent / "docs"
KS = (2, 3, 4, 5, 6, 8, 10, 14, 20)
TAU2 = (0.0, 0.05, 0.2)
LEVEL = 0.95


def draw(rng: np.random.Generator, count: int, k: int, tau2: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Effects, variances, and the true effect of a new study for each of `count` sets."""
    vi = 4 / rng.integers(20, 201, (count, k))
    yi = rng.normal(0, np.sqrt(vi + tau2))
    return yi, vi, rng.normal(0, math.sqrt(tau2), count)


def share(inside: np.ndarray) -> float:
    """Percent covered, among sets where the interval exists."""
    return round(100 * float(np.mean(inside)), 2)


def intervals(count: int) -> list[dict[str, object]]:
    """Coverage of confidence, prediction and tau2 intervals."""
    rows: list[dict[str, object]] = []
    for tau2 in TAU2:
        for k in KS:
            rng = np.random.default_rng([k, round(1000 * tau2)])
            yi, vi, new = draw(rng, count, k, tau2)

            def add(
                what: str,
                name: str,
                low: np.ndarray,
                high: np.ndarray,
                truth: np.ndarray | float,
                k: int = k,
                tau2: float = tau2,
            ) -> None:
                known = np.isfinite(low) & np.isfinite(high)
                if known.any():
                    covered = ((low <= truth) & (truth <= high))[known]
                    width = float(np.median((high - low)[known]))
                    rows.append(
                        {"what": what, "interval": name, "k": k, "tau2": tau2, "sets": int(known.sum()),
                         "coverage": share(covered), "median_width": round(width, 3)}
                    )  # fmt: skip

            for method, ci in (
                ("REML", "z"),
                ("REML", "t"),
                ("REML", "HK"),
                ("REML", "HK-adhoc"),
                ("REML", "HK-ci"),
                ("DL", "z"),
                ("CE", "z"),
            ):
                fit = mr.pool(yi, vi, tau2=method, ci=ci)
                add("pooled effect", f"{method} {ci}", fit.ci_low, fit.ci_high, 0.0)
                if (method, ci) == ("REML", "z"):
                    wald = fit.ci_high - fit.ci_low
                elif (method, ci) == ("REML", "HK"):
                    narrow = fit.ci_high - fit.ci_low < wald
                    low, high = np.where(narrow, fit.ci_low, np.nan), np.where(narrow, fit.ci_high, np.nan)
                    add("pooled effect", "REML HK where narrower than z", low, high, 0.0)
            for pi in ("HTS", "t", "z"):
                for ci in ("z", "HK"):
                    fit = mr.pool(yi, vi, ci=ci, pi=pi)
                    add("new study", f"{pi}, SE of {ci}", fit.pi_low, fit.pi_high, new)
            few = max(count // 40, 50)
            if k > 2:
                fit = mr.pool(yi[:few], vi[:few], pi="NNF")
                add("new study", "NNF bootstrap", fit.pi_low, fit.pi_high, new[:few])
            for method, number in (("QP", count), ("PL", count // 10), ("GENQ", few)):
                found = mr.heterogeneity_interval(yi[:number], vi[:number], method=method)
                add("tau2", method, found.tau2.low, found.tau2.high, tau2)
    return rows


def subgroup_tests(count: int) -> list[dict[str, object]]:
    """How often subgroups of one truth are called different at 5 %, two subgroups of g studies each."""
    rows: list[dict[str, object]] = []
    for tau2 in TAU2:
        for g in (2, 3, 4, 5, 8):
            rng = np.random.default_rng([g, round(1000 * tau2), 5])
            yi, vi, _ = draw(rng, count, 2 * g, tau2)
            one, two = (mr.pool(yi[:, own], vi[:, own], ci="z") for own in (slice(g), slice(g, 2 * g)))
            q = (one.beta - two.beta) ** 2 / (one.se**2 + two.se**2)
            common = mr.pool(yi, vi, ci="HK", moderators=np.repeat([0.0, 1.0], g)[:, None])
            for name, p in (
                ("Q on chi-squared, separate tau2", chi2.sf(q, 1)),
                ("F, common tau2", f_distribution.sf(common.statistic[:, 1] ** 2, 1, 2 * g - 2)),
            ):
                rows.append(
                    {"what": "error of the test between two subgroups", "interval": name, "k": 2 * g, "tau2": tau2,
                     "sets": count, "coverage": share(p < 0.05)}
                )  # fmt: skip
    return rows


def proportions(count: int) -> list[dict[str, object]]:
    """Coverage for the logit of a pooled proportion."""
    rows: list[dict[str, object]] = []
    for mean in (0.05, 0.5):
        for tau2 in (0.0, 0.3, 1.0):
            for k in (2, 3, 4, 5, 6, 8, 10, 20):
                rng = np.random.default_rng([k, round(100 * mean), round(10 * tau2)])
                truth = math.log(mean / (1 - mean))
                found: dict[str, list[bool]] = {}
                for _ in range(count):
                    n = rng.integers(15, 100, k)
                    p = 1 / (1 + np.exp(-(truth + rng.normal(0, math.sqrt(tau2), k))))
                    e = rng.binomial(n, p)
                    es = mr.effect_sizes("PLO", e=e, n=n)
                    hk = mr.pool(es.yi, es.vi)
                    found.setdefault("inverse variance, REML HK-ci", []).append(hk.ci_low <= truth <= hk.ci_high)
                    for ci in ("PL", "PL-t", "t"):
                        fit = mr.glmm("PLO", e=e, n=n, ci=ci)
                        if ci != "t" or math.isfinite(fit.ci_low):
                            found.setdefault(f"binomial-normal, {ci}", []).append(fit.ci_low <= truth <= fit.ci_high)
                rows += [
                    {"what": f"proportion {100 * mean:g}%", "interval": name, "k": k, "tau2": tau2, "sets": len(inside),
                     "coverage": share(np.array(inside))}
                    for name, inside in found.items()
                ]  # fmt: skip
    return rows


def tables(rows: list[dict[str, object]]) -> str:
    """Markdown: one table for each quantity and tau2, intervals down, k across."""
    parts = []
    for what in dict.fromkeys(r["what"] for r in rows):
        for tau2 in dict.fromkeys(r["tau2"] for r in rows if r["what"] == what):
            some = [r for r in rows if r["what"] == what and r["tau2"] == tau2]
            ks = sorted({int(str(r["k"])) for r in some})
            parts += [
                f"\n## {str(what).capitalize()}, tau2 = {tau2:g}\n",
                "| interval | " + " | ".join(f"k = {k}" for k in ks) + " |",
            ]
            parts.append("|---|" + "---:|" * len(ks))
            for name in dict.fromkeys(r["interval"] for r in some):
                by = {r["k"]: r["coverage"] for r in some if r["interval"] == name}
                parts.append(f"| {name} | " + " | ".join(f"{by[k]:.1f}" if k in by else "–" for k in ks) + " |")
    return "\n".join(parts) + "\n"


def figure(rows: list[dict[str, object]], path: Path) -> None:
    """Coverage against k for confidence and prediction intervals."""
    import matplotlib

    matplotlib.use("svg")
    import matplotlib.pyplot as plt

    plt.rcParams.update({"svg.hashsalt": "coverage", "font.size": 8, "svg.fonttype": "path"})
    what = ("pooled effect", "new study")
    picture, axes = plt.subplots(2, len(TAU2), figsize=(8.5, 5.6), sharex=True, sharey="row", layout="constrained")
    lines = []
    for row, quantity in enumerate(what):
        for column, tau2 in enumerate(TAU2):
            axis = axes[row, column]
            axis.axhline(100 * LEVEL, color="0.4", linewidth=0.8, linestyle="--")
            some = [r for r in rows if r["what"] == quantity and r["tau2"] == tau2]
            names = list(dict.fromkeys(str(r["interval"]) for r in rows if r["what"] == quantity))
            for number, name in enumerate(names):
                points = [(r["k"], r["coverage"]) for r in some if r["interval"] == name]
                if points:
                    lines = axis.plot(
                        *zip(*points, strict=True),
                        marker="o",
                        markersize=2.5,
                        linewidth=1,
                        color=f"C{number}",
                        label=name,
                    )
            axis.set_title(f"{quantity}, τ² = {tau2:g}", fontsize=8)
            axis.set_ylim(50, 100.5)
            if row == 1:
                axis.set_xlabel("number of studies k")
        axes[row, 0].set_ylabel("coverage (%)")
        axes[row, -1].legend(fontsize=6.5, loc="lower right", frameon=False)
    assert lines
    picture.savefig(path, metadata={"Date": None})


def main() -> None:
    """Simulate and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sets", type=int, default=20_000, help="sets for each k and tau2")
    parser.add_argument("--counts", type=int, default=200, help="sets of proportions for each k, tau2 and mean")
    parser.add_argument("--docs", type=Path, default=DOCS)
    options = parser.parse_args()
    start = time.time()
    rows = intervals(options.sets) + subgroup_tests(options.sets) + proportions(options.counts)
    options.docs.joinpath("coverage.json").write_text(json.dumps(rows, indent=0) + "\n")
    head = (HERE / "coverage_head.md").read_text()
    head = head.replace("SETS", f"{options.sets:,}").replace("COUNTS", f"{options.counts:,}")
    options.docs.joinpath("coverage.md").write_text(head + tables(rows))
    figure(rows, options.docs / "coverage.svg")
    print(f"{len(rows)} rows in {time.time() - start:.0f} s")


if __name__ == "__main__":
    main()
