"""Pooled results of an analysis: by inverse variance, from the counts themselves, or compounded; and by subgroup."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np

from metarepro.analysis.config import Analysis, Config
from metarepro.analysis.result import SubgroupSummary, SubgroupTestResult, Summary
from metarepro.analysis.selection import Comparison, Selection
from metarepro.effects import get_measure, to_display
from metarepro.effects.proportions import proportion_interval
from metarepro.errors import ConfigError, Problem
from metarepro.evidence.tables import Contrast
from metarepro.pooling import GlmmFit, between_subgroups, glmm, heterogeneity_interval, pool
from metarepro.pooling.inference import quantile

BETWEEN = "Q between subgroups, separate tau2, model-based variances"
GROUP_LABELS = {"trial": "Clinical trials", "series": "Real-world series"}


def summarise(analysis: Analysis, selection: Selection, yi: Any, vi: Any) -> tuple[Summary | None, Any]:
    """Pool one analysis: its summary (None where nothing can be pooled), and the percent weight of each comparison."""
    weights = np.zeros(yi.size)
    if analysis.combine == "compound":
        return _compound(analysis, selection, yi, vi), weights
    usable = np.isfinite(yi)
    if not usable.any():
        return None, weights
    used = [c for c, ok in zip(selection.comparisons, usable, strict=True) if ok]
    summary, weights[usable] = _pool(analysis, used, yi[usable], vi[usable])
    return _single(analysis, used, summary) if len(used) == 1 else summary, weights


def _pool(analysis: Analysis, used: list[Comparison], yi: Any, vi: Any) -> tuple[Summary, Any]:
    """Pool some comparisons by the analysis's model; also their weights."""
    m = analysis.model
    participants = total([c.participants for c in used])
    if analysis.uses_glmm and len(used) > 1:
        counts = {name: [c.inputs[name] for c in used] for name in ("e", "n")}
        counted = glmm(analysis.measure, **counts, ci=m.glmm_ci, level=m.level, pi=m.pi)
        return summary_of_counts(counted, analysis.measure, participants), counted.weights
    fit = pool(yi, vi, tau2=m.tau2, ci=m.ci, level=m.level, pi=m.pi)
    interval = heterogeneity_interval(yi, vi, level=m.level)
    return summary_of(fit, interval, analysis.measure, participants), fit.weights


def _single(analysis: Analysis, used: list[Comparison], summary: Summary) -> Summary:
    """One study, which nothing is pooled with: shown with the interval that belongs to its numbers."""
    level = analysis.model.level
    one_arm = get_measure(analysis.measure).inputs == "one_arm_counts"
    if one_arm and used[0].kind == "counts":
        # A single proportion is shown as counted, with the interval its counts give.
        e, n = (np.array([used[0].inputs[c]]) for c in ("e", "n"))
        wilson = [float(x[0]) for x in proportion_interval(e, n, level)]
        return replace(
            summary, estimate=float(e[0] / n[0]), ci_low=wilson[0], ci_high=wilson[1], ci_method="Wilson",
            notes=tuple(n.replace("intervals are normal", "the interval is Wilson's") for n in summary.notes),
        )  # fmt: skip
    printed = printed_interval(used[0], level)
    if printed is None:
        return summary
    # A single published effect keeps the interval that its paper printed.
    scale = np.log if get_measure(analysis.measure).ratio else np.asarray
    low, high = (float(scale(x)) for x in printed)
    return replace(
        summary, beta_low=low, beta_high=high, ci_low=printed[0], ci_high=printed[1], ci_method="as printed",
        notes=tuple(n.replace("intervals are normal", "the interval is the printed one") for n in summary.notes),
    )  # fmt: skip


def printed_interval(comparison: Comparison, level: float) -> tuple[float, float] | None:
    """The interval as the paper printed it, where the contrast has one of this level."""
    row = comparison.rows[0]
    if not isinstance(row, Contrast) or row.ci_low is None or row.ci_high is None:
        return None
    return (row.ci_low, row.ci_high) if row.ci_level == 100 * level else None


def total(sizes: list[int | None]) -> int | None:
    """Sum of the sizes, None if one is unknown."""
    known = [s for s in sizes if s is not None]
    return sum(known) if len(known) == len(sizes) else None


def summary_of(fit: Any, interval: Any, measure: str, participants: int | None) -> Summary:
    """A fit and its heterogeneity interval as a summary with display-scale values."""

    def shown(x: float) -> float:
        return float(to_display(measure, x))

    return Summary(
        k=fit.k, participants=participants, beta=fit.beta, se=fit.se, statistic=fit.statistic, df=fit.df,
        p_value=fit.p_value, beta_low=fit.ci_low, beta_high=fit.ci_high, estimate=shown(fit.beta),
        ci_low=shown(fit.ci_low), ci_high=shown(fit.ci_high), pi_low=shown(fit.pi_low), pi_high=shown(fit.pi_high),
        pi_df=fit.pi_df, tau2=fit.tau2, tau2_se=fit.tau2_se, tau2_low=interval.tau2.low, tau2_high=interval.tau2.high,
        i2=fit.i2, i2_low=interval.i2.low, i2_high=interval.i2.high, i2_q=fit.i2_q, h2=fit.h2, q=fit.q, q_df=fit.q_df,
        q_p=fit.q_p, tau2_method=fit.tau2_method, ci_method=fit.ci_method if fit.k > 1 else "z",
        pi_method=fit.pi_method, level=fit.level, converged=fit.converged, at_boundary=fit.at_boundary,
        iterations=fit.iterations, maxima=fit.maxima, model="inverse variance", notes=fit.notes,
    )  # fmt: skip


def summary_of_counts(fit: GlmmFit, measure: str, participants: int | None) -> Summary:
    """A fit of the counts themselves as a summary; `q` is the likelihood-ratio statistic of equal proportions."""

    def shown(x: float) -> float:
        return float(to_display(measure, x))

    return Summary(
        k=fit.k, participants=participants, beta=fit.beta, se=fit.se, statistic=fit.statistic, df=math.nan,
        p_value=fit.p_value, beta_low=fit.ci_low, beta_high=fit.ci_high, estimate=shown(fit.beta),
        ci_low=shown(fit.ci_low), ci_high=shown(fit.ci_high), pi_low=shown(fit.pi_low), pi_high=shown(fit.pi_high),
        pi_df=fit.pi_df, tau2=fit.tau2, tau2_se=math.nan, tau2_low=fit.tau2_low, tau2_high=fit.tau2_high, i2=fit.i2,
        i2_low=fit.i2_low, i2_high=fit.i2_high, i2_q=math.nan, h2=fit.h2, q=fit.lrt, q_df=fit.lrt_df, q_p=fit.lrt_p,
        tau2_method="ML", ci_method=fit.ci_method, pi_method=fit.pi_method, level=fit.level, converged=fit.converged,
        at_boundary=fit.at_boundary, iterations=fit.iterations, maxima=fit.maxima, model="binomial-normal",
        notes=fit.notes,
    )  # fmt: skip


def _compound(analysis: Analysis, selection: Selection, yi: Any, vi: Any) -> Summary | None:
    """Compound step rates: 1 - prod(1 - rate), as if everybody without success went on to the next step.

    The interval is a delta-method one on log(1 - compound rate), for the sampling error of the steps whose number
    of patients was read; drop-out between steps is outside of it.
    """
    if not yi.size:
        return None
    studies = list(dict.fromkeys(c.study.label for c in selection.comparisons))
    if len(studies) > 1:
        what = f"analysis {analysis.id!r} would compound step rates of several studies: {', '.join(studies)}"
        raise ConfigError([Problem("E032", what, details=("Fix: name one study under population: {studies: ...}.",))])
    known = np.isfinite(vi)
    left = float(np.sum(np.log1p(-yi)))
    se = float(np.sqrt(np.sum(vi[known] / (1 - yi[known]) ** 2)))
    z = float(quantile((1 + analysis.model.level) / 2, np.array(np.nan)))
    rate, low, high = (-math.expm1(left + shift * se) for shift in (0, z, -z))
    notes = ["The compounded rate assumes that everybody who did not remit went on to the next step."]
    absent = [c.label for c, ok in zip(selection.comparisons, known, strict=True) if not ok]
    if absent:
        notes.append(f"No number of patients was read for {', '.join(absent)}: its sampling error is not included.")
    nan = math.nan
    return Summary(
        k=yi.size, participants=None, beta=rate, se=(1 - rate) * se, statistic=nan, df=nan, p_value=nan, beta_low=low,
        beta_high=high, estimate=rate, ci_low=low, ci_high=high, pi_low=nan, pi_high=nan, pi_df=nan, tau2=nan,
        tau2_se=nan, tau2_low=nan, tau2_high=nan, i2=nan, i2_low=nan, i2_high=nan, i2_q=nan, h2=nan, q=nan, q_df=0,
        q_p=nan, tau2_method="none", ci_method="delta method on log(1 - rate)", pi_method="none",
        level=analysis.model.level, converged=True, at_boundary=False, iterations=0, maxima=1, model="compound",
        notes=tuple(notes),
    )  # fmt: skip


def subgroup_summaries(
    config: Config, analysis: Analysis, selection: Selection, yi: Any, vi: Any
) -> tuple[tuple[SubgroupSummary, ...], SubgroupTestResult | None]:
    """Each subgroup pooled by itself, and the test between them."""
    usable = np.isfinite(yi)
    used = [c for c, ok in zip(selection.comparisons, usable, strict=True) if ok]
    if analysis.subgroups is None or not used:
        return (), None
    y, v = yi[usable], vi[usable]
    names = tuple(dict.fromkeys(c.group for c in used))
    summaries, wald = [], []
    for name in names:
        chosen = np.array([c.group == name for c in used])
        summary, _ = _pool(analysis, [c for c in used if c.group == name], y[chosen], v[chosen])
        label = config.agents.get(name) or GROUP_LABELS.get(name) or name
        summaries.append(SubgroupSummary(name, label[:1].upper() + label[1:], summary))
        # The test needs model-based variances, whatever interval is shown.
        se = (
            summary.se
            if summary.model != "inverse variance"
            else pool(y[chosen], v[chosen], analysis.model.tau2, "z").se
        )
        wald.append((summary.beta, se, summary.k))
    test = between_subgroups(names, *map(np.array, zip(*wald, strict=True)))
    return tuple(summaries), SubgroupTestResult(test.q, test.df, test.p, BETWEEN, test.notes)
