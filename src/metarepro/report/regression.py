"""A meta-regression on the page: its table, what it says in a sentence, what it predicts."""

from __future__ import annotations

import math
from typing import Any

from metarepro.analysis.result import AnalysisResult
from metarepro.effects import get_measure
from metarepro.figures.page import numbers as fmt


def regression_view(result: AnalysisResult) -> dict[str, Any] | None:
    """What the template shows of the meta-regression of an analysis; None if it has none."""
    r = result.regression
    if r is None:
        return None
    measure = get_measure(result.measure)
    return {
        "formula": r.formula,
        "failed": r.failed,
        "sentence": "" if r.failed else _sentence(result),
        "scale": f" (on the {fmt.working_scale(measure)} scale)" if measure.display != "identity" else "",
        "coefficients": [
            (c.name, _number(c.estimate), f"{_number(c.ci_low)} to {_number(c.ci_high)}", _p(c.p_value),
             _p(c.permutation_p))
            for c in r.coefficients
        ],
        "predictions": [
            (p.at, fmt.with_interval(measure, p.estimate, p.ci_low, p.ci_high),
             fmt.interval(measure, p.pi_low, p.pi_high) if math.isfinite(p.pi_low) else "\u2013")
            for p in r.predictions
        ],
        "notes": r.notes,
    }  # fmt: skip


def _sentence(result: AnalysisResult) -> str:
    r = result.regression
    assert r is not None
    test = f"F({r.test_df1}, {r.test_df2:g})" if math.isfinite(r.test_df2) else f"\u03c7\u00b2({r.test_df1})"
    parts = [f"{r.k} studies", f"test of the moderators: {test} = {r.test:.2f}, {fmt.p_value(r.test_p)}"]
    if math.isfinite(r.permutation_p):
        how = f"all {r.arrangements:,}" if r.exact else f"{r.arrangements:,} random"
        parts.append(f"{fmt.p_value(r.permutation_p)} by exchanging them ({how} arrangements)")
    if math.isfinite(r.r2):
        parts.append(f"R\u00b2 {r.r2:.0f}%")
    parts.append(f"left: \u03c4\u00b2 {r.tau2:.3g}, I\u00b2 {r.i2:.0f}%")
    few = " Fewer than ten studies a moderator: such a line may well be chance." if r.k < 10 * r.test_df1 else ""
    return "; ".join(parts) + "." + few


def _number(value: float) -> str:
    return f"{value:.4g}".replace("-", "\u2212") if math.isfinite(value) else "\u2013"


def _p(value: float) -> str:
    return fmt.p_value(value).removeprefix("P ").removeprefix("= ") if math.isfinite(value) else "\u2013"
