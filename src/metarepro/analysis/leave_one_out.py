"""Every pooled analysis without each of its studies in turn."""

from __future__ import annotations

import numpy as np

from metarepro.analysis.conclusion_parts import WithoutStudy
from metarepro.analysis.config import Analysis
from metarepro.analysis.models import needs_tables
from metarepro.analysis.result import FEW
from metarepro.analysis.selection import Comparison
from metarepro.analysis.summaries import pool_comparisons, total
from metarepro.effects import EffectSizes, get_measure, to_display
from metarepro.pooling import pool
from metarepro.pooling.kernel import Array

_Row = tuple[float, float, float, float]


def leave_one_out(analysis: Analysis, comparisons: list[Comparison], yi: Array, vi: Array) -> tuple[WithoutStudy, ...]:
    """The pooled effect without each study: all its comparisons at once; nothing where two studies are pooled or fewer.

    Effects by inverse variance are pooled in one masked call; models of the counts are fitted again for each study.

    Parameters
    ----------
    analysis : Analysis
    comparisons : list of Comparison
        Those with an effect.
    yi, vi : ndarray of shape (k,)
        Their effects and variances, on the working scale.
    """
    studies = {c.study_id: c.study.label for c in comparisons}
    if analysis.combine != "pool" or len(studies) <= FEW:
        return ()
    kept = np.array([[c.study_id != study for c in comparisons] for study in studies])
    rows = (
        [_by_the_model(analysis, comparisons, yi, vi, mask) for mask in kept]
        if needs_tables(analysis.model)
        or analysis.counts_model
        or analysis.model.method == "bayes"
        or analysis.several == "model"
        else _by_inverse_variance(analysis, yi, vi, kept)
    )
    null = get_measure(analysis.measure).null
    found = []
    for (study, label), mask, (estimate, low, high, tau2) in zip(studies.items(), kept, rows, strict=True):
        left = [c for c, ok in zip(comparisons, mask, strict=True) if ok]
        found.append(
            WithoutStudy(
                study, label, len(left), total([c.participants for c in left]), estimate, low, high, tau2,
                crosses(null, low, high),
            )
        )  # fmt: skip
    return tuple(found)


def crosses(null: float | None, low: float, high: float) -> bool | None:
    """Whether an interval holds the value of no difference; None where either does not exist."""
    if null is None or not (low <= high):
        return None
    return bool(low <= null <= high)


def _by_inverse_variance(analysis: Analysis, yi: Array, vi: Array, kept: np.ndarray) -> list[_Row]:
    m = analysis.model
    fit = pool(EffectSizes(yi, vi, "GEN"), tau2=m.tau2, ci=m.interval, level=m.level, pi="z", mask=kept)
    shown = (np.atleast_1d(to_display(analysis.measure, x)) for x in (fit.beta, fit.ci_low, fit.ci_high))
    tau2 = np.broadcast_to(fit.tau2, kept.shape[:1])
    return [(float(a), float(b), float(c), float(d)) for a, b, c, d in zip(*shown, tau2, strict=True)]


def _by_the_model(analysis: Analysis, comparisons: list[Comparison], yi: Array, vi: Array, mask: np.ndarray) -> _Row:
    left = [c for c, ok in zip(comparisons, mask, strict=True) if ok]
    summary, _ = pool_comparisons(analysis, left, yi[mask], vi[mask])
    return summary.estimate, summary.ci_low, summary.ci_high, summary.tau2
