"""Quantities of results: pooled ones, their trials, printed ones and their verdicts."""

from __future__ import annotations

import math

from metarepro.analysis.decimals import measure_of
from metarepro.analysis.result import AnalysisResult, Summary
from metarepro.claims.grammar import Call
from metarepro.claims.lookups import (
    MAIN,
    PARTS,
    Library,
    UnknownNameError,
    Value,
    arguments_of,
    nearest_of,
    percent,
    plain,
    row_reference,
)
from metarepro.claims.result import Reference
from metarepro.effects import Measure
from metarepro.evidence.integrity.printed import decimals_of
from metarepro.evidence.printed_tables import PublishedResult
from metarepro.evidence.tables import Claim
from metarepro.reproduction.targets import measure_code

# What is known of every combination of the choices of an analysis.
UNIVERSE_PARTS = ("estimate", "ci_low", "ci_high", "k")


def pooled(library: Library, call: Call, claim: Claim) -> Value:
    """A part of the pooled result of an analysis."""
    name, part, group = arguments_of(call, 3)
    part = part or "estimate"
    result = _analysis(library, call, name)
    if part not in PARTS:
        raise UnknownNameError(f"a pooled result has no {part!r}{nearest_of(part, PARTS)}", call)
    reference = (Reference("analysis", name),)
    if result is None:
        return Value(math.nan, "", "", reference)
    summary, variants = result.summary, {}
    if group:
        found = [g for g in result.subgroups if group in (g.group, g.label)]
        if not found and result.studies and all(s.group == group for s in result.studies):
            found_summary = result.summary  # the only subgroup
        elif not found:
            raise UnknownNameError(f"analysis {name!r} has no subgroup {group!r}", call)
        else:
            found_summary = found[0].summary
        summary = found_summary
    else:
        variants = {MAIN: _part(summary, part)}
        variants |= {x.label: _part(x.summary, part) for x in result.sensitivity if x.summary is not None}
        variants |= {name: v for name, v in _combined(result, part).items() if name not in variants}
    number = _part(summary, part)
    where = f"{result.title}{f', {group}' if group else ''}"
    words = f"{where}: {part.replace('_', ' ')}" if part != "estimate" else where
    return Value(number, _shown_part(measure_of(result), part, number), words, reference, variants=variants)


def _part(summary: Summary | None, part: str) -> float:
    value = getattr(summary, part) if summary is not None else None
    return math.nan if value is None else float(value)


def _combined(result: AnalysisResult, part: str) -> dict[str, float]:
    """A part of the result in every combination of its choices, by the words of what is not as configured."""
    found = result.multiverse
    if found is None or part not in UNIVERSE_PARTS:
        return {}
    named = (
        (" + ".join(f.levels[i] for f, i in zip(found.factors, u.levels, strict=True) if i > 0), u)
        for u in found.universes
    )
    return {name or MAIN: float(getattr(u, part)) for name, u in named}


def _shown_part(m: Measure, part: str, number: float) -> str:
    if not math.isfinite(number):
        return "not estimable"
    if part in ("k", "participants"):
        return f"{number:.0f}"
    if part == "p_value":
        return f"{number:.2g}"
    if part.startswith(("estimate", "ci", "pi")):
        return percent(number, m.decimals) if m.percent else plain(number, m.decimals)
    return plain(number, 1 if part == "i2" else 3)


# Parts of an absolute effect by their names in the grammar.
PER_HUNDRED = {
    "control": "control_risk", "treated": "treated_risk", "treated_low": "treated_low", "treated_high": "treated_high",
    "difference": "difference", "difference_low": "difference_low", "difference_high": "difference_high",
}  # fmt: skip


def per_hundred(library: Library, call: Call, claim: Claim) -> Value:
    """How many of 100 people, by the absolute effect of an analysis; whole numbers as shown."""
    name, part = call.arguments
    result = _analysis(library, call, name)
    if part not in PER_HUNDRED:
        raise UnknownNameError(f"an absolute effect has no {part!r}{nearest_of(part, PER_HUNDRED)}", call)
    reference = (Reference("analysis", name),)
    if result is None:
        return Value(math.nan, "", "", reference)
    if result.absolute is None:
        return Value(math.nan, "not known", f"{result.title}: no absolute effect", reference)
    number = 100 * float(getattr(result.absolute, PER_HUNDRED[part]))
    return Value(number, plain(number, 0), f"{result.title}: {part.replace('_', ' ')} of 100", reference)


def says(library: Library, call: Call, claim: Claim) -> Value:
    """The verdict of an analysis, in its code: higher, lower, cannot_tell, one_trial ..."""
    (name,) = call.arguments
    result, reference = _analysis(library, call, name), (Reference("analysis", name),)
    code = "" if result is None else result.conclusion.verdict
    return Value(math.nan, code, f"{name}: verdict", reference, text=code)


def certainty(library: Library, call: Call, claim: Claim) -> Value:
    """Certainty of the evidence as people judged it; not_assessed where nobody did."""
    (name,) = call.arguments
    result, reference = _analysis(library, call, name), (Reference("analysis", name),)
    judged = result.certainty.overall if result is not None and result.certainty is not None else ""
    return Value(math.nan, judged or "not assessed", f"{name}: certainty", reference, text=judged or "not_assessed")


def _analysis(library: Library, call: Call, name: str) -> AnalysisResult | None:
    if name not in library.analyses:
        raise UnknownNameError(f"there is no analysis {name!r}{nearest_of(name, library.analyses)}", call)
    return None if library.results is None else library.results[name]


def extreme(library: Library, call: Call, claim: Claim) -> Value:
    """The lowest or highest estimate of the trials of an analysis."""
    (name,) = call.arguments
    result = _analysis(library, call, name)
    if result is None:
        return Value(math.nan, "", "", (Reference("analysis", name),))
    pick = min if call.name == "lowest" else max
    studies = [s for s in result.studies if s.estimable]
    if not studies:
        return Value(math.nan, "none", f"{call.name} of the trials of {result.title}", (Reference("analysis", name),))
    study = pick(studies, key=lambda s: s.estimate)
    words = f"{call.name} of the trials of {result.title}: {study.label}"
    shown = _shown_part(measure_of(result), "estimate", study.estimate)
    return Value(study.estimate, shown, words, (Reference("analysis", name),))


def _printed_results(library: Library) -> dict[str, PublishedResult]:
    rows = library.data.others["published_results"]
    return {r.analysis_id: r for r in rows if isinstance(r, PublishedResult)}


def printed(library: Library, call: Call, claim: Claim) -> Value:
    """A number of a printed result."""
    name, part = arguments_of(call, 2)
    part = part or "estimate"
    rows = _printed_results(library)
    if name not in rows:
        raise UnknownNameError(f"there is no printed result {name!r}{nearest_of(name, rows)}", call)
    if part not in ("estimate", "ci_low", "ci_high", "k", "n_total"):
        raise UnknownNameError(f"a printed result has no {part!r}; known: estimate, ci_low, ci_high, k, n_total", call)
    row = rows[name]
    text = str(getattr(row, part) if getattr(row, part) is not None else "")
    words = f"{name} as printed{'' if part == 'estimate' else ': ' + part.replace('_', ' ')}"
    references = (row_reference(row), Reference("reproduction", name))
    if not text:
        return Value(math.nan, "not printed", words, references)
    percent = measure_code(row.measure) == "PR" and part in ("estimate", "ci_low", "ci_high")
    scale = 100.0 if percent else 1.0
    half = 0.5 / 10 ** decimals_of(text) / scale
    shown = text.replace("-", "\u2212") + ("%" if percent else "")
    return Value(float(text) / scale, shown, words, references, half=half)


def verdict(library: Library, call: Call, claim: Claim) -> Value:
    """Verdict on a printed result."""
    (name,) = call.arguments
    rows = _printed_results(library)
    if name not in rows:
        raise UnknownNameError(f"there is no printed result {name!r}{nearest_of(name, rows)}", call)
    reference = (Reference("reproduction", name),)
    if library.reproductions is None:
        return Value(math.nan, "", "", reference)
    found = library.reproductions[name]
    return Value(math.nan, found.verdict, f"{name}: verdict", reference, text=found.verdict)
