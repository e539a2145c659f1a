"""Summary of findings: at most seven outcomes, in people where it can be, with their certainty."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from metarepro.analysis.decimals import measure_of
from metarepro.analysis.result import FEW, AnalysisResult
from metarepro.figures.page import numbers as fmt
from metarepro.report.anchors import anchor_of
from metarepro.report.words import (
    NOT_ASSESSED,
    Reader,
    control,
    effect,
    in_unit_of,
    is_binary,
    number,
    used_studies,
    values_of,
)

SHORT = {"OR": "OR", "RR": "RR", "RD": "RD", "PETO": "OR (Peto)", "HR": "HR", "MD": "MD", "SMD": "SMD"}


def findings_view(names: Sequence[str], results: Mapping[str, AnalysisResult], reader: Reader) -> dict[str, Any]:
    """Rows of the summary of findings."""
    chosen = [results[n] for n in names]
    return {
        "rows": [_row(r, reader) for r in chosen],
        "sources": list(dict.fromkeys(str(r.absolute.source) for r in chosen if r.absolute is not None and _pooled(r))),
    }  # fmt: skip


def _pooled(r: AnalysisResult) -> bool:
    return r.summary is not None and r.summary.k > FEW


def _row(r: AnalysisResult, reader: Reader) -> dict[str, Any]:
    m, s = measure_of(r), r.summary
    short = SHORT.get(r.measure, m.code)
    relative: Markup | str = Markup("\u2013")
    cells: tuple[Markup | str, Markup | str, Markup | str] = ("\u2013", "\u2013", "\u2013")
    if _pooled(r) and s is not None:
        shown = effect(m, values_of(s), r.id)
        if r.absolute is not None:
            cells = _of_hundred(r)
        if is_binary(r) and r.measure != "RD":
            relative = Markup("{} {}").format(short, shown)
        elif not is_binary(r):
            cells = (cells[0], cells[1], Markup("{} {}{}").format(short, shown, in_unit_of(m)))
    elif used_studies(r):
        cells = _counted(r)
        count = "one trial" if len(used_studies(r)) == 1 else "two trials, not pooled"
        if len(used_studies(r)) == 1 and s is not None:
            shown = Markup("{} {}").format(short, effect(m, values_of(s), r.id))
            if is_binary(r) and r.measure != "RD":
                relative, cells = shown, (cells[0], cells[1], count)
            else:
                cells = (cells[0], cells[1], Markup("{}{}").format(shown, in_unit_of(m)))
        else:
            cells = (cells[0], cells[1], count)
    people = fmt.count(s.participants) if s is not None and s.participants else "not known"
    c = r.certainty
    return {
        "result": r, "anchor": anchor_of(r.id), "harm": r.harm, "when": reader.times(r) if used_studies(r) else "",
        "against": control(r) if r.control_label else "", "cells": cells, "relative": relative,
        "evidence": f"{s.k} ({people})" if s is not None and used_studies(r) else "0",
        "certainty": f"{c.overall} ({c.assessor})" if c is not None and c.overall else NOT_ASSESSED,
        "no_trial": not used_studies(r), "do_not_quote": [str(x) for x in r.conclusion.do_not_quote],
    }  # fmt: skip


def _of_hundred(r: AnalysisResult) -> tuple[Markup, Markup, Markup]:
    a = r.absolute
    assert a is not None

    def share(name: str, signed: bool = False) -> Markup:
        value = getattr(a, name)
        text = fmt.fixed(100 * value, 0)
        return number(value, f"+{text}" if signed and round(100 * value) > 0 else text, f"{r.id}/a/{name}")

    def with_interval(name: str, low: str, high: str, signed: bool) -> Markup:
        return Markup('{} <span class="c">({} to {})</span>').format(
            share(name, signed), share(low, signed), share(high, signed)
        )

    return (
        Markup("{} per 100").format(share("control_risk")),
        with_interval("treated_risk", "treated_low", "treated_high", False),
        with_interval("difference", "difference_low", "difference_high", True),
    )


def _counted(r: AnalysisResult) -> tuple[Markup | str, Markup | str, str]:
    """Counts of one trial, or of two beside each other."""
    pairs = [s.inputs for s in used_studies(r)]
    if not all({"e1", "n1", "e2", "n2"} <= set(i) for i in pairs):
        return "\u2013", "\u2013", ""
    control_arms, treated = (
        "; ".join(f"{fmt.count(i['e' + a])} of {fmt.count(i['n' + a])}" for i in pairs) for a in "21"
    )
    return control_arms, treated, ""
