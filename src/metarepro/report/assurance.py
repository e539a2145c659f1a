"""How sure: what could make the results wrong, in six boxes, and what is not known of each."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from metarepro.analysis.conclusion_parts import LEAST_OF_FUNNEL, NOT_ASSESSED
from metarepro.analysis.decimals import measure_of
from metarepro.analysis.result import FEW, AnalysisResult
from metarepro.analysis.robustness_parts import SMALL_TRIALS
from metarepro.figures.page import numbers as fmt
from metarepro.report.anchors import anchor_of
from metarepro.report.words import label_of, used_studies

DOMAINS = {
    "risk_of_bias": "Risk of bias", "inconsistency": "Inconsistency", "indirectness": "Indirectness",
    "imprecision": "Imprecision", "publication_bias": "Publication bias",
}  # fmt: skip


def assurance_view(
    results: Sequence[AnalysisResult], chosen: Sequence[str], flags: Mapping[str, int], levels: Mapping[str, int]
) -> dict[str, Any]:
    """What the template shows.

    Parameters
    ----------
    results : sequence of AnalysisResult
    chosen : sequence of str
        Analyses of the summary of findings, whose certainty is shown.
    flags : mapping of str to int
        Findings of each study.
    levels : mapping of str to int
        Studies of which a number is primary, and those of which all are secondary: ``primary``, ``secondary``.
    """
    by_id = {r.id: r for r in results}
    shown = [by_id[name] for name in chosen]
    led = [r for r in shown if r.summary is not None and r.summary.k > FEW]
    largest = max((r.summary.k for r in results if r.summary and r.combine == "pool"), default=0)
    judged = [r for r in shown if r.bias_by_weight and set(r.bias_by_weight) != {NOT_ASSESSED}]
    return {
        "bias": [
            {"title": r.title, "anchor": anchor_of(r.id), "shares": list(r.bias_by_weight.items())}
            for r in led if r in judged
        ],
        "bias_known": any(r.bias_by_weight for r in results), "largest": largest, "funnel": largest >= LEAST_OF_FUNNEL,
        "least": LEAST_OF_FUNNEL, "choices": [x for r in led[:1] if (x := _choices(r))], "certainty": _certainty(shown),
        "small": [x for r in led if (x := _small_trials(r))][:1],
        "assessed": any(r.certainty and r.certainty.overall for r in shown),
        "flags": sum(flags.values()), "flagged": len(flags), "levels": levels,
    }  # fmt: skip


def _small_trials(r: AnalysisResult) -> dict[str, Any] | None:
    """What the tests that fit a headline say of its small trials."""
    tests = [t for t in (r.robustness.asymmetry if r.robustness else ()) if t.fits and math.isfinite(t.p_value)]
    if not tests:
        return None
    said = "; ".join(f"{t.name} {fmt.p_value(t.p_value)}" for t in tests)
    return {"title": r.title, "said": said, "found": any(t.p_value < SMALL_TRIALS for t in tests)}


def _choices(r: AnalysisResult) -> dict[str, Any] | None:
    """The range of all ways in which an analysis was computed."""
    s, m = r.summary, measure_of(r)
    assert s is not None
    found = [(f"{r.id}/v/{x.id}", x.summary.estimate) for x in r.sensitivity if x.summary and x.summary.k > FEW]
    found += [(f"{r.id}/w/{w.study_id}", w.estimate) for w in r.leave_one_out if w.k > FEW]
    if not found or r.conclusion.crosses_null is None:
        return None
    found.append((r.id, s.estimate))
    low, high = min(found, key=lambda x: x[1]), max(found, key=lambda x: x[1])
    ends = [Markup('<span data-m="{}">{}</span>').format(where, fmt.effect(m, value)) for where, value in (low, high)]
    return {"title": r.title, "anchor": anchor_of(r.id), "count": len(found), "label": label_of(r), "low": ends[0],
            "high": ends[1], "moved": bool(r.conclusion.moved_by), "crosses": r.conclusion.crosses_null}  # fmt: skip


def _certainty(shown: Sequence[AnalysisResult]) -> list[dict[str, Any]]:
    """Certainty of each result of the summary of findings: judgements, and what the data say beside."""
    rows = []
    for r in shown:
        if r.certainty is None or not used_studies(r):
            continue
        domains = [
            {"name": DOMAINS[d.domain], "judgement": d.judgement, "reason": d.reason, "fact": str(d.fact or "")}
            for d in r.certainty.domains
        ]
        rows.append({"title": r.title, "anchor": anchor_of(r.id), "certainty": r.certainty, "domains": domains})
    return rows


def levels_of(results: Sequence[AnalysisResult]) -> dict[str, int]:
    """How many studies that are used have a number of their own report, and how many none."""
    known: dict[str, bool] = {}
    for r in results:
        for s in used_studies(r):
            known[s.study_id] = known.get(s.study_id, False) or s.level != "secondary"
    return {"primary": sum(known.values()), "secondary": sum(not x for x in known.values())}
