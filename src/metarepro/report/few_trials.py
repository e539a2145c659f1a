"""Few trials: what Bayes says beside the main result, in words and as a table of priors."""

from __future__ import annotations

from typing import Any

from metarepro.analysis.decimals import measure_of
from metarepro.analysis.few_studies_parts import BayesUnderPrior
from metarepro.analysis.result import AnalysisResult
from metarepro.figures.page import numbers as fmt
from metarepro.report.words import effect, label_of


def bayes_view(r: AnalysisResult) -> dict[str, Any] | None:
    """What the template shows; None where there is no Bayesian result."""
    if r.bayes is None or r.summary is None:
        return None
    m = measure_of(r)
    unit = "%" if m.percent and m.code != "RD" else ""

    def row(x: BayesUnderPrior, number: int) -> dict[str, Any]:
        return {
            "prior": x.prior, "effect": effect(m, (x.estimate, x.ci_low, x.ci_high), f"{r.id}/b/{number}") + unit,
            "new": f"{fmt.interval(m, x.pi_low, x.pi_high)}{unit}",
            "tau": f"{fmt.fixed(x.tau, 2)} ({fmt.fixed(x.tau_low, 2)} to {fmt.fixed(x.tau_high, 2)})",
        }  # fmt: skip

    main = r.bayes.main
    above = main.above_null >= 0.5
    return {
        "label": label_of(r), "k": r.summary.k, "main": row(main, 0),
        "rows": [row(x, i) for i, x in enumerate((main, *r.bayes.others))],
        "side": f"{'above' if above else 'below'} {fmt.fixed(m.null, 0) if m.null is not None else ''}",
        "chance": chance(main.above_null if above else 1 - main.above_null), "level": f"{100 * r.summary.level:g}%",
    }  # fmt: skip


def chance(p: float) -> str:
    """A probability in percent; never 0 or 100."""
    if p > 0.999:
        return ">99.9%"
    return "<0.1%" if p < 0.001 else f"{fmt.fixed(100 * p, 1 if p > 0.99 or p < 0.01 else 0)}%"
