"""Pooled results of an analysis: by inverse variance, from the counts themselves, or compounded; and by subgroup."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from metarepro.analysis.config import Analysis, Config
from metarepro.analysis.effects import options_of
from metarepro.analysis.models import RHOS, tau_scale
from metarepro.analysis.result import Convergence, SubgroupSummary, SubgroupTestResult, Summary
from metarepro.analysis.selection import Comparison, Selection
from metarepro.effects import EffectSizes, effect_sizes, get_measure, to_display
from metarepro.effects.proportions import proportion_interval
from metarepro.errors import ConfigError, Problem
from metarepro.notes import Note
from metarepro.pooling import SubgroupTest, between_subgroups, glmm, mantel_haenszel, peto, pool
from metarepro.pooling.inference import quantile
from metarepro.pooling.method_codes import ESTIMATORS_OF_COUNTS
from metarepro.pooling.models.bayes import bayes
from metarepro.pooling.models.multilevel import multilevel
from metarepro.pooling.models.priors import half_normal
from metarepro.pooling.protocol import Fit
from metarepro.pooling.result_parts import COMPOUND, INVERSE_VARIANCE, Heterogeneity, Method
from metarepro.pooling.subgroups import CommonTau2, common_tau2, fit_with_common

# How subgroups are tested, by whether they share tau2 (None: models of counts), in words.
BETWEEN = {
    True: "F between subgroups, common tau2, Hartung-Knapp variances",
    False: "Q between subgroups, separate tau2, model-based variances",
    None: "Q between subgroups per df on F, separate tau2, model-based variances",
}
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
    summary, weights[usable] = pool_comparisons(analysis, used, yi[usable], vi[usable])
    return _single(analysis, used, summary) if len(used) == 1 else summary, weights


def pool_comparisons(
    analysis: Analysis, used: list[Comparison], yi: Any, vi: Any, shared: CommonTau2 | None = None
) -> tuple[Summary, Any]:
    """Pool some comparisons by the analysis's model, with the tau2 of all subgroups if given; also their weights."""
    model = analysis.model
    if analysis.several == "model" and len(used) > 1:
        return _dependent(analysis, used, yi, vi, analysis.rho)
    fit: Fit = (
        _fit(analysis, used, yi, vi, model.interval)
        if shared is None
        else fit_with_common(shared, yi, vi, model.interval, model.level, model.pi)
    )
    summary = summary_of(fit, analysis.measure, total([c.participants for c in used]))
    # A table that says nothing of heterogeneity may still count in a Mantel-Haenszel difference.
    return replace(summary, k=len(used)), _weights_of_all(fit, len(used))


def _dependent(analysis: Analysis, used: Sequence[Comparison], yi: Any, vi: Any, rho: float) -> tuple[Summary, Any]:
    """All effects of all studies in one model, with a cluster-robust interval where there are two clusters or more."""
    clusters = [c.cluster_id for c in used]
    method = "ML" if analysis.model.tau2 == "ML" else "REML"
    model = multilevel(yi, vi, cluster=clusters, rho=rho, method=method, level=analysis.model.level)
    fit: Fit = model.robust() if len(set(clusters)) > 1 else model
    # The same patients are counted once, at the time at which most of them were there.
    sizes: dict[str, int | None] = {}
    for c in used:
        before = sizes.get(c.cluster_id, 0)
        sizes[c.cluster_id] = None if before is None or c.participants is None else max(before, c.participants)
    summary = summary_of(fit, analysis.measure, total(list(sizes.values())))
    levels = tuple(
        replace(part, name=name)
        for part, name in zip(summary.heterogeneity.components, ("between studies", "within studies"), strict=True)
    )
    note = Note("effects_in_clusters", effects=len(used), clusters=len(set(clusters)), within=float(model.sigma2[-1]))
    return replace(
        summary, k=len(set(clusters)), heterogeneity=replace(summary.heterogeneity, components=levels),
        notes=(note, *summary.notes),
    ), model.weights  # fmt: skip


def summaries_under_rho(
    analysis: Analysis, used: Sequence[Comparison], yi: Any, vi: Any
) -> list[tuple[float, Summary]]:
    """The result of dependent effects with other correlations of their errors."""
    if analysis.several != "model" or len({c.cluster_id for c in used}) in (0, 1, len(used)):
        return []
    return [(rho, _dependent(analysis, used, yi, vi, rho)[0]) for rho in RHOS if rho != analysis.rho]


def _weights_of_all(fit: Fit, size: int) -> Any:
    """Weights of all comparisons: 0 for those that a model of the counts learns nothing from."""
    if np.size(fit.weights) == size:
        return fit.weights
    silent = [row for n in fit.notes if n.code == "double_zero_weightless" for row in n.values["rows"]]
    weights = np.zeros(size)
    weights[np.setdiff1d(np.arange(size), silent)] = fit.weights
    return weights


def _fit(analysis: Analysis, used: list[Comparison], yi: Any, vi: Any, ci: str) -> Fit:
    m, model = analysis.model, analysis.counts_model
    common = model in ("mantel_haenszel", "peto")
    if model and len(used) > 1:
        columns = get_measure(analysis.measure).columns
        counts: dict[str, Any] = {name: [c.inputs[name] for c in used] for name in columns}
        if model == "glmm":
            return glmm(analysis.measure, **counts, model=m.glmm_model, ci=m.glmm_ci, level=m.level, pi=m.pi)
        if model == "peto":
            return peto(**counts, level=m.level)
        rule = "revman" if m.zero_cells == "revman" and "n1" in counts else "none"
        return mantel_haenszel(**counts, measure=analysis.measure, level=m.level, zero_cells=rule)
    tau2, ci = ("CE", "z") if common else (m.tau2, ci)
    effects = EffectSizes(yi, vi, "GEN")
    scale = tau_scale(analysis.measure, m)
    if m.method == "bayes" and len(used) > 1 and scale is not None:
        return bayes(effects, prior_tau=half_normal(scale), level=m.level)
    if tau2 in ESTIMATORS_OF_COUNTS:
        counts = {name: [c.inputs[name] for c in used] for name in get_measure(analysis.measure).columns}
        effects = replace(effect_sizes(analysis.measure, **counts, **options_of(analysis)), yi=yi, vi=vi)
        fit = pool(effects, tau2=tau2, ci=ci, level=m.level, pi=m.pi)
        # What was done to the studies stands beside them.
        return replace(fit, notes=fit.notes[len(effects.notes) :])
    return pool(effects, tau2=tau2, ci=ci, level=m.level, pi=m.pi)


def _single(analysis: Analysis, used: list[Comparison], summary: Summary) -> Summary:
    """One study, which nothing is pooled with: shown with the interval that belongs to its numbers."""
    level = analysis.model.level
    one_arm = get_measure(analysis.measure).inputs == "one_arm_counts"
    if one_arm and used[0].kind == "counts":
        # A single proportion is shown as counted, with the interval its counts give.
        e, n = (np.array([used[0].inputs[c]]) for c in ("e", "n"))
        wilson = [float(x[0]) for x in proportion_interval(e, n, level)]
        shown = replace(summary, estimate=float(e[0] / n[0]), ci_low=wilson[0], ci_high=wilson[1])
        return _by_interval(shown, "Wilson")
    printed = used[0].printed_interval(level)
    if printed is None:
        return summary
    # A single published effect keeps the interval that its paper printed.
    scale = np.log if get_measure(analysis.measure).ratio else np.asarray
    low, high = (float(scale(x)) for x in printed)
    shown = replace(summary, beta_low=low, beta_high=high, ci_low=printed[0], ci_high=printed[1])
    return _by_interval(shown, "as printed")


def _by_interval(summary: Summary, interval: str) -> Summary:
    """A summary of one study with the name of the interval that it shows."""
    notes = (Note(n.code, **{**n.values, "interval": interval}) if n.code == "one_study" else n for n in summary.notes)
    return replace(summary, method=replace(summary.method, ci=interval), notes=tuple(notes))


def total(sizes: list[int | None]) -> int | None:
    """Sum of the sizes, None if one is unknown."""
    known = [s for s in sizes if s is not None]
    return sum(known) if len(known) == len(sizes) else None


def summary_of(fit: Fit, measure: str, participants: int | None) -> Summary:
    """A fit of any model as a summary, with values on the display scale of a measure."""
    ends = (fit.beta, fit.ci_low, fit.ci_high, fit.pi_low, fit.pi_high)
    shown, low, high, pi_low, pi_high = (float(to_display(measure, x)) for x in ends)
    single = fit.k == 1 and fit.method.model == INVERSE_VARIANCE
    solved = Convergence(fit.converged, fit.at_boundary, getattr(fit, "iterations", 0), getattr(fit, "maxima", 1))
    statistic, p_value, notes = fit.statistic, fit.p_value, fit.notes
    if get_measure(measure).null is None:
        statistic, p_value, notes = math.nan, math.nan, (*notes, Note("no_null"))
    return Summary(
        fit.k, participants, fit.beta, fit.se, statistic, fit.df, p_value, fit.ci_low, fit.ci_high, shown, low,
        high, pi_low, pi_high, getattr(fit, "pi_df", math.nan), fit.heterogeneity,
        replace(fit.method, ci="z") if single else fit.method, solved, notes,
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
    notes = [Note("compounded")]
    absent = [c.label for c, ok in zip(selection.comparisons, known, strict=True) if not ok]
    if absent:
        notes.append(Note("step_without_size", steps=absent))
    nan, method = math.nan, Method(COMPOUND, "none", "delta method on log(1 - rate)", "none", analysis.model.level)
    return Summary(
        yi.size, None, rate, (1 - rate) * se, nan, nan, nan, low, high, rate, low, high, nan, nan, nan,
        Heterogeneity((), nan, nan, nan, nan, nan, nan, 0, nan), method, Convergence(), tuple(notes),
    )  # fmt: skip


def subgroup_summaries(
    config: Config, analysis: Analysis, selection: Selection, yi: Any, vi: Any, corrected: Any
) -> tuple[tuple[SubgroupSummary, ...], SubgroupTestResult | None]:
    """Each subgroup pooled by itself, and the test between them."""
    usable = np.isfinite(yi)
    used = [c for c, ok in zip(selection.comparisons, usable, strict=True) if ok]
    if analysis.subgroups is None or not used:
        return (), None
    y, v = yi[usable], vi[usable]
    names = tuple(dict.fromkeys(c.group for c in used))
    shared = _shared_tau2(analysis, [c.group for c in used], y, v)
    summaries, wald, logits = [], [], []
    for name in names:
        chosen = np.array([c.group == name for c in used])
        members = [c for c in used if c.group == name]
        summary, _ = pool_comparisons(analysis, members, y[chosen], v[chosen], shared)
        if len(members) == 1 and get_measure(analysis.measure).inputs == "one_arm_counts":
            summary = _single(analysis, members, summary)
            if analysis.measure == "PLO":
                logits.append((name, bool(corrected[usable][chosen][0])))
        label = config.agents.get(name) or GROUP_LABELS.get(name) or name
        summaries.append(SubgroupSummary(name, label[:1].upper() + label[1:], summary))
        if shared is not None:
            continue
        # The test needs model-based variances, whatever interval is shown.
        se = (
            summary.se
            if summary.method.model != INVERSE_VARIANCE
            else _fit(analysis, members, y[chosen], v[chosen], "z").se
        )
        wald.append((summary.beta, se, summary.k))
    if shared is not None:
        test, how = shared.test, BETWEEN[True]
    else:
        # Random effects by the counts: few studies tell little of their tau2, so that chi-squared is too eager.
        df = float(len(used) - len(names)) if analysis.uses_glmm else math.nan
        beta, errors, k = (np.array(x) for x in zip(*wald, strict=True))
        test = between_subgroups(names, beta, errors, k, df)
        how = BETWEEN[None if analysis.uses_glmm else False]
    notes = test.notes
    if logits and test.df > 0 and shared is None:
        added = [name for name, zero in logits if zero]
        alone = [name for name, _ in logits]
        notes = (*notes, Note("subgroup_logits", groups=alone, amount=analysis.model.correction, corrected=added))
    return tuple(summaries), test_result(test, how, notes)


def _shared_tau2(analysis: Analysis, groups: list[str], y: Any, v: Any) -> CommonTau2 | None:
    """The tau2 that all subgroups share; None where each has its own, or none."""
    model = analysis.model
    separate = model.subgroup_tau2 == "separate" or model.tau2 in ("CE", *ESTIMATORS_OF_COUNTS)
    separate = separate or model.method == "bayes" or analysis.several == "model"
    return None if analysis.counts_model or separate else common_tau2(y, v, groups, model.tau2)


def test_result(test: SubgroupTest, how: str, notes: tuple[Note, ...]) -> SubgroupTestResult:
    """A test between subgroups as results hold it."""
    return SubgroupTestResult(test.statistic, test.df, test.df_residual, test.p, how, notes)
