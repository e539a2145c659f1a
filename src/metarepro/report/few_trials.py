"""Few trials: what Bayes says beside the main result, in words."""

from __future__ import annotations

from typing import Any

from metarepro.analysis.decimals import measure_of
from metarepro.analysis.result import AnalysisResult
from metarepro.figures.page import numbers as fmt
from metarepro.report.words import effect, label_of


def bayes_view(r: AnalysisResult) -> dict[str, Any] | None:
    """What the template shows; None where there is no Bayesian result."""
    if r.bayes is None or r.summary is None:
        return None
    m, main = measure_of(r), r.bayes.main
    unit = "%" if m.percent and m.code != "RD" else ""
    every = [x.estimate for x in (main, *r.bayes.others)]
    low, high = (f"{fmt.effect(m, value)}{unit}" for value in (min(every), max(every)))
    above = main.above_null >= 0.5
    return {
        "label": label_of(r), "prior": main.prior, "low": low, "high": high,
        "effect": effect(m, (main.estimate, main.ci_low, main.ci_high), f"{r.id}/b/0") + unit,
        "side": f"{'above' if above else 'below'} {fmt.fixed(m.null, 0) if m.null is not None else ''}",
        "chance": chance(main.above_null if above else 1 - main.above_null),
    }  # fmt: skip


def chance(p: float) -> str:
    """A probability in percent; never 0 or 100."""
    if p > 0.999:
        return ">99.9%"
    return "<0.1%" if p < 0.001 else f"{fmt.fixed(100 * p, 1 if p > 0.99 or p < 0.01 else 0)}%"
