"""One analysis from rows to result: select, compute effects, pool, repeat for subgroups and sensitivity."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np

from metarepro.analysis.config import Analysis, Config, Sensitivity, changed
from metarepro.analysis.methods import describe_methods
from metarepro.analysis.result import (
    AnalysisResult,
    LeftOut,
    Provenance,
    Reference,
    SensitivityResult,
    StudyEffect,
    SubgroupSummary,
    SubgroupTestResult,
    Summary,
)
from metarepro.analysis.select import Comparison, Selection, select
from metarepro.effects import effect_sizes, get_measure, to_display
from metarepro.effects.generic import se_from_interval, se_from_p
from metarepro.effects.proportions import proportion_interval
from metarepro.errors import ConfigError, Problem
from metarepro.evidence.dataset import Dataset
from metarepro.evidence.tables import Choosable, Continuous, Contrast, Dichotomous
from metarepro.pooling import heterogeneity_interval, pool, pool_subgroups
from metarepro.pooling.inference import quantile

GROUP_LABELS = {"trial": "Clinical trials", "series": "Real-world series"}


def run_analysis(config: Config, analysis: Analysis, data: Dataset) -> AnalysisResult:
    """Run one analysis of a configuration on validated tables."""
    selection = select(analysis, data)
    yi, vi, corrected = _effects(analysis, selection.comparisons)
    usable = np.isfinite(yi)
    compound = analysis.combine == "compound"
    summary = _compound(analysis, selection, yi, vi) if compound else _summarise(analysis, selection, yi, vi)
    weights = _weights(analysis, yi, vi) if usable.any() and not compound else np.zeros(yi.size)
    studies = _study_effects(analysis, selection, yi, vi, weights, corrected, data)
    subgroups, test = _subgroups(config, analysis, selection, yi, vi)
    changes = analysis.sensitivity if analysis.sensitivity is not None else config.sensitivity
    sensitivity = () if compound else tuple(_sensitivity(analysis, c, data, selection) for c in changes)
    control_agents = dict.fromkeys(c.control_agent for c in selection.comparisons if c.control_agent)
    agents = config.agents
    outcome = config.outcomes[analysis.outcome[0]]
    notes = list(analysis.notes)
    if not selection.comparisons:
        notes.append("No study has usable rows for this analysis.")
    elif not usable.any():
        notes.append("No study can be estimated: none has an event, or all have events only.")
    return AnalysisResult(
        id=analysis.id,
        title=analysis.title,
        section=analysis.section,
        outcome=analysis.outcome[0],
        outcome_label=outcome.label,
        better=outcome.better,
        measure=analysis.measure,
        rows=analysis.rows,
        combine=analysis.combine,
        experimental_label=" or ".join(agents.get(a, a) for a in analysis.experimental.agent),
        control_label=" or ".join(agents.get(a, a) for a in control_agents) if analysis.control else "",
        time=(analysis.time.low, analysis.time.high) if analysis.time else None,
        subgroups_by=analysis.subgroups or "",
        studies=_sorted(analysis, studies),
        left_out=tuple(LeftOut(e.study.study_id, e.study.label, e.reason) for e in selection.exclusions),
        summary=summary,
        subgroups=subgroups,
        subgroup_test=test,
        sensitivity=sensitivity,
        references=_references(analysis, data) if compound else (),
        methods=describe_methods(analysis, selection, corrected),
        notes=tuple(notes),
    )


def _effects(analysis: Analysis, comparisons: tuple[Comparison, ...]) -> tuple[Any, Any, Any]:
    """Working-scale effects of the comparisons, and which were corrected for zero cells."""
    yi = np.full(len(comparisons), np.nan)
    vi = np.full(len(comparisons), np.nan)
    corrected = np.zeros(len(comparisons), dtype=bool)
    model, measure = analysis.model, get_measure(analysis.measure)
    for kind in dict.fromkeys(c.kind for c in comparisons):
        index = [i for i, c in enumerate(comparisons) if c.kind == kind]
        if kind == "contrast":
            for i in index:
                yi[i], vi[i] = _printed_effect(comparisons[i], measure.ratio)
            continue
        columns = {n: [comparisons[i].inputs[n] for i in index] for n in comparisons[index[0]].inputs}
        options: dict[str, Any] = {}
        if kind == "counts":
            options = {"correction": model.correction, "correction_to": model.correction_to}
            if measure.inputs == "two_arm_counts":
                options["drop_double_zero"] = model.drop_double_zero
        found = effect_sizes(analysis.measure, **columns, **options)
        yi[index], vi[index] = found.yi, found.vi
        if "corrected" in found.flags:
            corrected[index] = found.flags["corrected"]
        double_zero = found.flags.get("double_zero")
        if double_zero is not None and double_zero.all():
            # With no event in any study an estimate would be made of the corrections alone.
            yi[index] = vi[index] = np.nan
            corrected[index] = False
    return yi, vi, corrected


def _printed_effect(comparison: Comparison, ratio: bool) -> tuple[float, float]:
    """Effect and variance of a published contrast on the working scale."""
    inputs = comparison.inputs
    scale = math.log if ratio else float
    estimate = scale(inputs["estimate"])
    if "se" in inputs:
        se = inputs["se"]
    elif "ci_low" in inputs:
        low, high = np.array(scale(inputs["ci_low"])), np.array(scale(inputs["ci_high"]))
        se = float(se_from_interval(low, high, inputs["ci_level"] / 100))
    elif "p_value" in inputs:
        se = float(se_from_p(np.array(estimate), np.array(inputs["p_value"])))
    else:
        # A step rate of a ladder: binomial, where the number of patients was read.
        n = comparison.participants
        return estimate, (estimate * (1 - estimate) / n if n else math.nan)
    found = effect_sizes("GEN", estimate=[estimate], se=[se])
    return float(found.yi[0]), float(found.vi[0])


def _summarise(analysis: Analysis, selection: Selection, yi: Any, vi: Any) -> Summary | None:
    usable = np.isfinite(yi)
    if not usable.any():
        return None
    m = analysis.model
    fit = pool(yi[usable], vi[usable], tau2=m.tau2, ci=m.ci, level=m.level, pi=m.pi)
    interval = heterogeneity_interval(yi[usable], vi[usable], level=m.level)
    used = [c for c, ok in zip(selection.comparisons, usable, strict=True) if ok]
    summary = summary_of(fit, interval, analysis.measure, _total([c.participants for c in used]))
    printed = _printed_interval(used[0], m.level) if len(used) == 1 else None
    one_arm = get_measure(analysis.measure).inputs == "one_arm_counts"
    if len(used) == 1 and one_arm and used[0].kind == "counts":
        # A single proportion is shown as counted, with the interval its counts give.
        e, n = (np.array([used[0].inputs[c]]) for c in ("e", "n"))
        wilson = [float(x[0]) for x in proportion_interval(e, n, m.level)]
        return replace(
            summary, estimate=float(e[0] / n[0]), ci_low=wilson[0], ci_high=wilson[1], ci_method="Wilson",
            notes=tuple(n.replace("intervals are normal", "the interval is Wilson's") for n in summary.notes),
        )  # fmt: skip
    if printed is None:
        return summary
    # A single published effect keeps the interval that its paper printed.
    scale = np.log if get_measure(analysis.measure).ratio else np.asarray
    low, high = (float(scale(x)) for x in printed)
    return replace(
        summary, beta_low=low, beta_high=high, ci_low=printed[0], ci_high=printed[1], ci_method="as printed",
        notes=tuple(n.replace("intervals are normal", "the interval is the printed one") for n in summary.notes),
    )  # fmt: skip


def _printed_interval(comparison: Comparison, level: float) -> tuple[float, float] | None:
    """The interval as the paper printed it, where the contrast has one of this level."""
    row = comparison.rows[0]
    if not isinstance(row, Contrast) or row.ci_low is None or row.ci_high is None:
        return None
    return (row.ci_low, row.ci_high) if row.ci_level == 100 * level else None


def _total(sizes: list[int | None]) -> int | None:
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
        iterations=fit.iterations, maxima=fit.maxima, notes=fit.notes,
    )  # fmt: skip


def _weights(analysis: Analysis, yi: Any, vi: Any) -> Any:
    usable = np.isfinite(yi)
    weights = np.zeros(yi.size)
    weights[usable] = pool(yi[usable], vi[usable], tau2=analysis.model.tau2, ci="z").weights
    return weights


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
    absent = [c.label_suffix for c, ok in zip(selection.comparisons, known, strict=True) if not ok]
    if absent:
        notes.append(f"No number of patients was read for {', '.join(absent)}: its sampling error is not included.")
    nan = math.nan
    return Summary(
        k=yi.size, participants=None, beta=rate, se=(1 - rate) * se, statistic=nan, df=nan, p_value=nan, beta_low=low,
        beta_high=high, estimate=rate, ci_low=low, ci_high=high, pi_low=nan, pi_high=nan, pi_df=nan, tau2=nan,
        tau2_se=nan, tau2_low=nan, tau2_high=nan, i2=nan, i2_low=nan, i2_high=nan, i2_q=nan, h2=nan, q=nan, q_df=0,
        q_p=nan, tau2_method="none", ci_method="delta method on log(1 - rate)", pi_method="none",
        level=analysis.model.level, converged=True, at_boundary=False, iterations=0, maxima=1, notes=tuple(notes),
    )  # fmt: skip


def _study_effects(
    analysis: Analysis, selection: Selection, yi: Any, vi: Any, weights: Any, corrected: Any, data: Dataset
) -> list[StudyEffect]:
    level = analysis.model.level
    z = float(quantile((1 + level) / 2, np.array(np.nan)))
    comparisons = selection.comparisons
    se = np.sqrt(vi)
    low, high, method = yi - z * se, yi + z * se, "normal"
    shown = [np.atleast_1d(to_display(analysis.measure, x)) for x in (yi, low, high)]
    one_arm = get_measure(analysis.measure).inputs == "one_arm_counts"
    if one_arm and comparisons and analysis.combine == "pool":
        # A study's own proportion is shown as counted, with an interval that its counts alone give.
        events = np.array([c.inputs["e"] for c in comparisons])
        total = np.array([c.inputs["n"] for c in comparisons])
        shown = [events / total, *proportion_interval(events, total, level)]
        method = "Wilson"
    effects = []
    for i, c in enumerate(comparisons):
        notes = list(c.notes)
        low_i, high_i, method_i = float(shown[1][i]), float(shown[2][i]), method
        printed = _printed_interval(c, level)
        if printed is not None:
            low_i, high_i, method_i = *printed, "as printed"
        if corrected[i]:
            notes.append(f"{analysis.model.correction:g} added to each cell for the pooling")
        if not np.isfinite(yi[i]):
            notes.append("not estimable")
        row = c.rows[0]
        effects.append(
            StudyEffect(
                study_id=c.study.study_id,
                label=c.label_suffix or c.study.label,
                year=c.study.year,
                group=c.group,
                level=c.level,
                timepoint_h=getattr(row, "timepoint_h", None),
                scale=getattr(row, "scale", ""),
                participants=c.participants,
                inputs=c.inputs,
                kind=c.kind,
                yi=float(yi[i]),
                vi=float(vi[i]),
                se=float(se[i]),
                estimate=float(shown[0][i]),
                ci_low=low_i,
                ci_high=high_i,
                ci_method=method_i,
                weight=float(weights[i]),
                estimable=bool(np.isfinite(yi[i])),
                notes=tuple(notes),
                provenance=tuple(provenance(r) for r in c.rows),
            )
        )
    return effects


def provenance(row: Choosable) -> Provenance:
    """Where a raw row comes from, and what it says, in words."""
    key = [getattr(row, "study_id", "")]
    if isinstance(row, Contrast):
        key += [f"{row.experimental_arm} v {row.control_arm}"]
        says = f"{row.measure} {row.estimate:g}" if row.estimate is not None else row.measure
        if row.ci_low is not None and row.ci_high is not None:
            says += f" ({row.ci_low:g} to {row.ci_high:g})"
        if row.se is not None:
            says += f", SE {row.se:g}"
        if row.p_value:
            says += f", p {row.p_value}"
    elif isinstance(row, Dichotomous):
        key += [row.arm_id]
        says = f"{row.events if row.events is not None else '?'}/{row.total if row.total is not None else '?'}"
    else:
        assert isinstance(row, Continuous)
        key += [row.arm_id, row.statistic]
        says = f"n {row.n}, mean {row.mean:g}, SD {row.sd:g}" if row.poolable else "incomplete"
    outcome, scale, time = (getattr(row, n) for n in ("outcome", "scale", "timepoint_h"))
    key += [outcome, *([scale] if scale else []), *([f"{time:g} h"] if time is not None else [])]
    return Provenance(
        row.table, " / ".join(key), says, row.source_id, row.source_url, row.locator, row.derivation, row.level
    )


def _subgroups(
    config: Config, analysis: Analysis, selection: Selection, yi: Any, vi: Any
) -> tuple[tuple[SubgroupSummary, ...], SubgroupTestResult | None]:
    usable = np.isfinite(yi)
    groups = [c.group for c, ok in zip(selection.comparisons, usable, strict=True) if ok]
    if analysis.subgroups is None or not groups:
        return (), None
    m = analysis.model
    y, v = yi[usable], vi[usable]
    found = pool_subgroups(y, v, groups, tau2=m.tau2, ci=m.ci, level=m.level, pi=m.pi)
    sizes = [c.participants for c, ok in zip(selection.comparisons, usable, strict=True) if ok]
    summaries = []
    for name, fit in zip(found.levels, found.fits, strict=True):
        chosen = np.array([g == name for g in groups])
        interval = heterogeneity_interval(y[chosen], v[chosen], level=m.level)
        total = _total([s for s, c in zip(sizes, chosen, strict=True) if c])
        label = config.agents.get(name) or GROUP_LABELS.get(name) or name
        label = label[:1].upper() + label[1:]
        summaries.append(SubgroupSummary(name, label, summary_of(fit, interval, analysis.measure, total)))
    t = found.test
    method = "Q between subgroups, separate tau2, model-based variances"
    return tuple(summaries), SubgroupTestResult(t.q, t.df, t.p, method, t.notes)


def _sensitivity(analysis: Analysis, change: Sensitivity, data: Dataset, main: Selection) -> SensitivityResult:
    try:
        other = changed(analysis, change)
    except (ConfigError, ValueError):
        return SensitivityResult(change.id, change.label, None, True, (), (), "not defined for this measure")
    selection = select(other, data)
    yi, vi, _ = _effects(other, selection.comparisons)
    summary = _summarise(other, selection, yi, vi)
    before = {c.study.study_id: c for c in main.comparisons}
    after = {c.study.study_id: c for c in selection.comparisons}
    reasons = {e.study.study_id: e.reason for e in selection.exclusions}
    lost = tuple(LeftOut(s, before[s].study.label, reasons.get(s, "no rows left")) for s in before if s not in after)
    same = list(before) == list(after) and all(before[s].rows == after[s].rows for s in before)
    return SensitivityResult(
        change.id,
        change.label,
        summary,
        same,
        tuple(after[s].study.label for s in after if s not in before or before[s].rows != after[s].rows),
        lost,
        "" if summary else "no study left",
    )


def _references(analysis: Analysis, data: Dataset) -> tuple[Reference, ...]:
    """Printed values of the compounded quantity."""
    found = []
    for row in data.contrasts:
        arm = data.arms[row.study_id, row.experimental_arm]
        fits = row.measure == "proportion" and row.chosen and row.outcome in analysis.outcome and arm.kind == "pooled"
        if fits and arm.agent in analysis.experimental.agent and row.estimate is not None:
            found.append(Reference(data.studies[row.study_id].label, row.estimate, provenance(row)))
    return tuple(found)


def _sorted(analysis: Analysis, studies: list[StudyEffect]) -> tuple[StudyEffect, ...]:
    keys: dict[str, Any] = {
        "year": lambda s: (s.year or 9999, s.label.casefold()),
        "label": lambda s: s.label.casefold(),
        "effect": lambda s: (not s.estimable, s.yi),
        "weight": lambda s: -s.weight,
    }
    if analysis.combine == "compound":
        return tuple(studies)
    return tuple(sorted(studies, key=keys[analysis.sort]))
