"""Results of analyses as CSV text."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from metarepro.analysis.result import AnalysisResult
from metarepro.analysis.study_flow import flow_of
from metarepro.csv_output import csv_text
from metarepro.evidence.integrity import Finding

EFFECT_COLUMNS = (
    "study_id", "label", "year", "status", "reason", "group", "level", "timepoint_h", "scale", "participants", "inputs",
    "yi", "vi", "estimate", "ci_low", "ci_high", "ci_method", "weight_percent", "notes", "sources",
)  # fmt: skip
SUMMARY_COLUMNS = (
    "analysis", "title", "measure", "part", "k", "participants", "estimate", "ci_low", "ci_high", "pi_low", "pi_high",
    "p_value", "tau2", "tau2_low", "tau2_high", "i2", "q", "q_df", "q_p", "model", "tau2_method", "ci_method",
    "pi_method", "notes",
)  # fmt: skip
FLOW_COLUMNS = ("analysis", "title", "step", "reason", "studies")
REGRESSION_COLUMNS = (
    "analysis", "measure", "formula", "k", "coefficient", "estimate", "se", "statistic", "df", "p_value", "ci_low",
    "ci_high", "permutation_p", "test", "test_df1", "test_df2", "test_p", "test_permutation_p", "r2", "tau2", "i2",
    "notes",
)  # fmt: skip
ROBUSTNESS_COLUMNS = (
    "study_id", "label", "k_without", "estimate_without", "ci_low_without", "ci_high_without", "crosses_null_without",
    "rstudent", "dffits", "cook", "covariance_ratio", "tau2_deleted", "q_deleted", "hat", "weight", "dfbetas",
    "q_contribution", "overall_influence", "influential",
)  # fmt: skip
INTEGRITY_COLUMNS = (
    "code", "severity", "study_id", "file", "line", "column", "value", "message", "check", "reference",
    "accepted",
)  # fmt: skip


def effects_csv(result: AnalysisResult) -> str:
    """Every study of an analysis: its numbers, or the reason why it was left out."""
    rows: list[list[Any]] = []
    for s in result.studies:
        inputs = "; ".join(f"{k} = {v:g}" for k, v in s.inputs.items())
        sources = "; ".join(dict.fromkeys(p.source_id for p in s.provenance))
        rows.append(
            [s.study_id, s.label, s.year, "used" if s.estimable else "not estimable", "", s.group, s.level,
             s.timepoint_h, s.scale, s.participants, inputs, s.yi, s.vi, s.estimate, s.ci_low, s.ci_high, s.ci_method,
             s.weight, "; ".join(s.notes), sources]
        )  # fmt: skip
    rows += [[x.study_id, x.label, None, "not used", x.reason, *[None] * 15] for x in result.left_out]
    return csv_text(EFFECT_COLUMNS, rows)


def robustness_csv(result: AnalysisResult) -> str:
    """Every study of a pooled analysis of three studies or more: the result without it, and deletion diagnostics."""
    without = {w.study_id: w for w in result.leave_one_out}
    rows: list[list[Any]] = []
    for x in result.robustness.influence if result.robustness else ():
        w = without.get(x.study_id)
        left = [w.k, w.estimate, w.ci_low, w.ci_high, w.crosses_null] if w else [None] * 5
        rows.append([x.study_id, x.label, *left, *(getattr(x, n) for n in ROBUSTNESS_COLUMNS[7:])])
    return csv_text(ROBUSTNESS_COLUMNS, rows)


def multiverse_csv(result: AnalysisResult) -> str:
    """Every way of computing an analysis, the smallest effect first."""
    found = result.multiverse
    factors = found.factors if found else ()
    rows: list[list[Any]] = [
        [*(f.levels[i] for f, i in zip(factors, u.levels, strict=True)), u.k, u.estimate, u.ci_low, u.ci_high,
         number == (found.main if found else -1)]
        for number, u in enumerate(found.universes if found else ())
    ]  # fmt: skip
    return csv_text((*(f.name for f in factors), "k", "estimate", "ci_low", "ci_high", "main"), rows)


def summary_csv(results: Iterable[AnalysisResult]) -> str:
    """One row for each pooled result: the main one, its subgroups, its sensitivity analyses."""
    rows: list[list[Any]] = []
    for r in results:
        parts = [("main", r.summary)]
        parts += [(f"subgroup: {g.label}", g.summary) for g in r.subgroups]
        parts += [(f"sensitivity: {x.label}", x.summary) for x in r.sensitivity]
        for part, s in parts:
            if s is None:
                rows.append([r.id, r.title, r.measure, part, 0, *[None] * 18, "no study left"])
                continue
            rows.append(
                [r.id, r.title, r.measure, part, s.k, s.participants, s.estimate, s.ci_low, s.ci_high, s.pi_low,
                 s.pi_high, s.p_value, s.tau2, s.tau2_low, s.tau2_high, s.i2, s.q, s.q_df, s.q_p, s.model,
                 s.tau2_method, s.ci_method, s.pi_method, " ".join(s.notes)]
            )  # fmt: skip
    return csv_text(SUMMARY_COLUMNS, rows)


def flows_csv(results: Iterable[AnalysisResult]) -> str:
    """How the studies of the tables come into each analysis, or do not: counts by step and reason."""
    rows: list[list[Any]] = []
    for r in results:
        flow = flow_of(r)
        steps: list[tuple[str, str, int]] = [("found", "", flow.found)]
        steps += [("elsewhere", reason, n) for reason, n in flow.elsewhere.items()]
        steps += [("eligible", "", flow.eligible)]
        steps += [("left out", reason, n) for reason, n in flow.left_out.items()]
        steps += [("not pooled", reason, n) for reason, n in flow.not_pooled.items()]
        steps += [("pooled", "", flow.pooled)]
        rows += [[r.id, r.title, *step] for step in steps]
    return csv_text(FLOW_COLUMNS, rows)


def regressions_csv(results: Iterable[AnalysisResult]) -> str:
    """Coefficients of every meta-regression, on the working scale, with what holds for the whole beside each."""
    rows: list[list[Any]] = []
    for r in results:
        if (fit := r.regression) is None:
            continue
        whole = [fit.test, fit.test_df1, fit.test_df2, fit.test_p, fit.permutation_p, fit.r2, fit.tau2, fit.i2]
        if fit.failed:
            rows.append([r.id, r.measure, fit.formula, 0, *[None] * 17, fit.failed])
        rows += [
            [r.id, r.measure, fit.formula, fit.k, c.name, c.estimate, c.se, c.statistic, c.df, c.p_value, c.ci_low,
             c.ci_high, c.permutation_p, *whole, " ".join(fit.notes)]
            for c in fit.coefficients
        ]  # fmt: skip
    return csv_text(REGRESSION_COLUMNS, rows)


def integrity_csv(findings: Iterable[Finding]) -> str:
    """One row for each thing in the tables that does not fit."""
    return csv_text(INTEGRITY_COLUMNS, ([getattr(f, name) for name in INTEGRITY_COLUMNS] for f in findings))
