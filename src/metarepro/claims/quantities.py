"""The quantities that rules may name: each looks up one number or word and says where it comes from."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

from metarepro.analysis.result import AnalysisResult, Summary
from metarepro.claims.grammar import Call
from metarepro.claims.result import Reference
from metarepro.effects import get_measure
from metarepro.evidence.dataset import Dataset
from metarepro.evidence.integrity.printed import decimals_of, rounded_from
from metarepro.evidence.rows import Row, Sourced
from metarepro.evidence.tables import Arm, Claim, Study
from metarepro.reproduction.result import Reproduction
from metarepro.reproduction.targets import measure_code

PARTS = ("estimate", "ci_low", "ci_high", "pi_low", "pi_high", "p_value", "k", "participants", "i2", "tau2")
DECIMALS = 1
MAIN = "as configured"


class UnknownNameError(ValueError):
    """A quantity, or something it names, that does not exist or is there more than once."""

    def __init__(self, message: str, call: Call) -> None:
        super().__init__(message)
        self.message, self.call = message, call


@dataclass(frozen=True)
class Value:
    """What a quantity was found to be.

    Attributes
    ----------
    number : float
        nan for a text, or if it does not exist; shares of 1, not percent.
    text : str
        For a text.
    shown : str
        As a reader sees it.
    words : str
        What it is.
    references : tuple of Reference
    half : float
        Half a unit of its last digit if it is a printed number.
    variants : mapping of str to float
        Its value in each specification of its analysis, the configured one first.
    """

    number: float
    shown: str
    words: str
    references: tuple[Reference, ...] = ()
    text: str = ""
    half: float = 0.0
    variants: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Library:
    """Everything that quantities look up.

    `results` and `reproductions` are None while rules are only checked; numbers of theirs are nan then.
    """

    data: Dataset
    analyses: tuple[str, ...]
    results: Mapping[str, AnalysisResult] | None = None
    reproductions: Mapping[str, Reproduction] | None = None

    def look_up(self, call: Call, claim: Claim) -> Value:
        """Value of a quantity in the rule of a claim.

        Raises
        ------
        UnknownNameError
            There is no such quantity, analysis, row or column; or several rows fit.
        """
        if call.name not in QUANTITIES:
            raise UnknownNameError(f"there is no quantity {call.name!r}{nearest_of(call.name, QUANTITIES)}", call)
        least, most, function, usage = QUANTITIES[call.name]
        if not least <= len(call.arguments) <= most:
            raise UnknownNameError(f"{call.name} takes: {usage}", call)
        return function(self, call, claim)


def nearest_of(word: str, known: Any) -> str:
    """The nearest of the known words, or all of them if they are few, to be added to a message."""
    near = [k for k in known if word and k.startswith(word)] or get_close_matches(word, list(known), n=1, cutoff=0.5)
    few = sorted(known)
    return f"; did you mean {near[0]!r}?" if near else f"; known: {', '.join(few)}" if len(few) <= 30 else ""


def _arguments(call: Call, number: int) -> tuple[str, ...]:
    """Arguments, empty for those left out."""
    return (*call.arguments, *([""] * (number - len(call.arguments))))


# -- results of analyses -------------------------------------------------------------------------------------------


def _pooled(library: Library, call: Call, claim: Claim) -> Value:
    name, part, group = _arguments(call, 3)
    part = part or "estimate"
    if name not in library.analyses:
        raise UnknownNameError(f"there is no analysis {name!r}{nearest_of(name, library.analyses)}", call)
    if part not in PARTS:
        raise UnknownNameError(f"a pooled result has no {part!r}{nearest_of(part, PARTS)}", call)
    reference = (Reference("analysis", name),)
    if library.results is None:
        return Value(math.nan, "", "", reference)
    result = library.results[name]
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
    number = _part(summary, part)
    where = f"{result.title}{f', {group}' if group else ''}"
    words = f"{where}: {part.replace('_', ' ')}" if part != "estimate" else where
    return Value(number, _shown_part(result.measure, part, number), words, reference, variants=variants)


def _part(summary: Summary | None, part: str) -> float:
    value = getattr(summary, part) if summary is not None else None
    return math.nan if value is None else float(value)


def _shown_part(measure: str, part: str, number: float) -> str:
    if not math.isfinite(number):
        return "not estimable"
    if part in ("k", "participants"):
        return f"{number:.0f}"
    if part == "p_value":
        return f"{number:.2g}"
    m = get_measure(measure)
    if part.startswith(("estimate", "ci", "pi")):
        return _percent(number) if m.percent else _plain(number, m.decimals)
    return _plain(number, DECIMALS if part == "i2" else 3)


def _percent(share: float) -> str:
    return f"{_plain(100 * share, DECIMALS)}%"


def _plain(number: float, decimals: int) -> str:
    return f"{number:.{decimals}f}".replace("-", "\u2212")


def _extreme(library: Library, call: Call, claim: Claim) -> Value:
    (name,) = call.arguments
    if name not in library.analyses:
        raise UnknownNameError(f"there is no analysis {name!r}{nearest_of(name, library.analyses)}", call)
    if library.results is None:
        return Value(math.nan, "", "", (Reference("analysis", name),))
    result = library.results[name]
    pick = min if call.name == "lowest" else max
    studies = [s for s in result.studies if s.estimable]
    if not studies:
        return Value(math.nan, "none", f"{call.name} of the trials of {result.title}", (Reference("analysis", name),))
    study = pick(studies, key=lambda s: s.estimate)
    words = f"{call.name} of the trials of {result.title}: {study.label}"
    shown = _shown_part(result.measure, "estimate", study.estimate)
    return Value(study.estimate, shown, words, (Reference("analysis", name),))


# -- rows of the tables --------------------------------------------------------------------------------------------


def _one_row(library: Library, call: Call, rows: list[Row], what: str) -> Row:
    if not rows:
        raise UnknownNameError(f"no row: {what}", call)
    if len(rows) > 1:
        lines = ", ".join(f"{r.file}:{r.line}" for r in rows)
        raise UnknownNameError(f"{len(rows)} rows fit {what}: {lines}", call)
    return rows[0]


def row_reference(row: Row) -> Reference:
    """Reference to a row of a table."""
    key = " / ".join(str(getattr(row, n)) for n in row.key if getattr(row, n, None) not in (None, ""))
    place = f"{row.file}:{row.line}"
    if isinstance(row, Sourced):
        return Reference("row", f"{row.table}: {key}", place, row.source_id, row.source_url, row.locator, row.level)
    return Reference("row", f"{row.table}: {key}", place, getattr(row, "source_id", ""), getattr(row, "source_url", ""))


def _hours(call: Call, text: str) -> float | None:
    if text in ("none", ""):
        return None
    try:
        return float(text)
    except ValueError:
        raise UnknownNameError(f"{text!r} are no hours; write a number, or none", call) from None


def _study(library: Library, call: Call, name: str) -> Study:
    if name not in library.data.studies:
        raise UnknownNameError(f"there is no study {name!r}{nearest_of(name, library.data.studies)}", call)
    return library.data.studies[name]


def _arm(library: Library, call: Call, study: str, arm: str) -> Arm:
    _study(library, call, study)
    own = {a: row for (s, a), row in library.data.arms.items() if s == study}
    if arm not in own:
        raise UnknownNameError(f"study {study!r} has no arm {arm!r}{nearest_of(arm, own)}", call)
    return own[arm]


def _counts(library: Library, call: Call, claim: Claim) -> Value:
    study, arm, outcome, time = _arguments(call, 4)
    _arm(library, call, study, arm)
    hours = _hours(call, time)
    rows: list[Row] = [
        r
        for r in library.data.dichotomous
        if (r.study_id, r.arm_id, r.outcome, r.timepoint_h) == (study, arm, outcome, hours) and r.chosen
    ]
    what = f"{outcome} of {study} / {arm} at {time or 'no'} hours in dichotomous"
    row: Any = _one_row(library, call, rows, what)
    events, total = (math.nan if x is None else float(x) for x in (row.events, row.total))
    number = {"events": events, "total": total, "rate": events / total}[call.name]
    label = library.data.studies[study].label
    when = f", {hours:g} h" if hours is not None else ""
    words = f"{label}, {arm.replace('_', ' ')}, {outcome.replace('_', ' ')}{when}"
    if not math.isfinite(number):
        shown = "not read"
    elif call.name == "rate":
        shown = f"{_percent(number)} ({events:.0f} of {total:.0f})"
    else:
        shown = f"{number:.0f}"
    return Value(number, shown, words, (row_reference(row),))


def _score(library: Library, call: Call, claim: Claim) -> Value:
    study, arm, outcome, time, statistic = _arguments(call, 5)
    _arm(library, call, study, arm)
    hours = _hours(call, time)
    rows: list[Row] = [
        r
        for r in library.data.continuous
        if (r.study_id, r.arm_id, r.outcome, r.timepoint_h, r.statistic) == (study, arm, outcome, hours, statistic)
        and r.chosen
    ]
    what = f"{statistic} of {outcome} of {study} / {arm} at {time or 'no'} hours in continuous"
    row: Any = _one_row(library, call, rows, what)
    number = math.nan if row.mean is None else float(row.mean)
    printed = library.data.printed.get((row.file, row.line), {}).get("mean", "")
    label = library.data.studies[study].label
    words = f"{label}, {arm.replace('_', ' ')}, {outcome.replace('_', ' ')} ({statistic})"
    return Value(number, (printed or _plain(number, 2)).replace("-", "\u2212"), words, (row_reference(row),))


def _contrast(library: Library, call: Call, claim: Claim) -> Value:
    study, arm, outcome, time, part = _arguments(call, 5)
    _arm(library, call, study, arm)
    hours = _hours(call, time)
    rows: list[Row] = [
        r
        for r in library.data.contrasts
        if (r.study_id, r.experimental_arm, r.outcome, r.timepoint_h) == (study, arm, outcome, hours) and r.chosen
    ]
    row: Any = _one_row(library, call, rows, f"{outcome} of {study} / {arm} at {time or 'no'} hours in contrasts")
    part = part or "estimate"
    if part not in ("estimate", "ci_low", "ci_high"):
        raise UnknownNameError(f"a contrast has no {part!r}; known: estimate, ci_low, ci_high", call)
    value = getattr(row, part)
    number = math.nan if value is None else float(value)
    label = library.data.studies[study].label
    share = row.measure == "proportion"
    shown = "not read" if value is None else _percent(number) if share else _plain(number, 2)
    words = f"{label}, {arm.replace('_', ' ')}, {outcome}: {row.measure} as printed"
    return Value(number, shown, words, (row_reference(row),))


def _column(row: Row, column: str, call: Call, words: str) -> Value:
    known = [n for n in type(row).model_fields if n not in ("file", "line")]
    if column not in known:
        raise UnknownNameError(f"{row.table} has no column {column!r}{nearest_of(column, known)}", call)
    value = getattr(row, column)
    words = f"{words}: {column.replace('_', ' ')}"
    if isinstance(value, bool):
        return Value(math.nan, "yes" if value else "no", words, (row_reference(row),), text="yes" if value else "no")
    if isinstance(value, int | float):
        shown = f"{value:,}" if isinstance(value, int) and column != "year" else f"{value:g}"
        return Value(float(value), shown, words, (row_reference(row),), text=f"{value:g}")
    text = "" if value is None else str(value)
    return Value(math.nan, text or "not read", words, (row_reference(row),), text=text)


def _study_column(library: Library, call: Call, claim: Claim) -> Value:
    name, column = call.arguments
    row = _study(library, call, name)
    return _column(row, column, call, row.label)


def _arm_column(library: Library, call: Call, claim: Claim) -> Value:
    study, arm, column = call.arguments
    row = _arm(library, call, study, arm)
    return _column(row, column, call, f"{library.data.studies[study].label}, {arm.replace('_', ' ')}")


def _source_column(library: Library, call: Call, claim: Claim) -> Value:
    name, column = call.arguments
    if name not in library.data.sources:
        raise UnknownNameError(f"there is no source {name!r}{nearest_of(name, library.data.sources)}", call)
    return _column(library.data.sources[name], column, call, name)


def cited_by(claim: Claim) -> tuple[str, ...]:
    """Ids of the sources that the page cites for a claim."""
    return tuple(dict.fromkeys(c.strip() for c in claim.cited_sources.split(";") if c.strip()))


def _cited(library: Library, call: Call, claim: Claim) -> Value:
    (kind,) = call.arguments
    named = cited_by(claim)
    missing = [c for c in named if c not in library.data.sources]
    if missing:
        raise UnknownNameError(f"cited source {missing[0]!r} is not in sources", call)
    kinds = {s.kind for s in library.data.sources.values()}
    if kind != "all" and kind not in kinds:
        raise UnknownNameError(f"no source is of kind {kind!r}{nearest_of(kind, {*kinds, 'all'} - {''})}", call)
    found = [c for c in named if kind == "all" or library.data.sources[c].kind == kind]
    of = "" if kind == "all" else f" of kind {kind.replace('_', ' ')}"
    references = tuple(row_reference(library.data.sources[c]) for c in found)
    return Value(float(len(found)), str(len(found)), f"works cited for it{of}", references)


def _cited_trials(library: Library, call: Call, claim: Claim) -> Value:
    (agent,) = call.arguments
    agents = {a.agent for a in library.data.arms.values()}
    if agent not in agents:
        raise UnknownNameError(f"no arm got {agent!r}{nearest_of(agent, agents)}", call)
    treated = {s for (s, _), a in library.data.arms.items() if a.agent == agent}
    found = [c for c in cited_by(claim) if c in treated]
    references = tuple(row_reference(library.data.studies[c]) for c in found)
    return Value(float(len(found)), str(len(found)), f"works cited for it that are trials of {agent}", references)


def _share(library: Library, call: Call, claim: Claim) -> Value:
    column, value, agent = call.arguments
    if column not in Arm.model_fields:
        raise UnknownNameError(f"arms has no column {column!r}{nearest_of(column, Arm.model_fields)}", call)
    arms = [a for a in library.data.arms.values() if a.agent == agent and a.kind == "whole"]
    if not arms:
        raise UnknownNameError(f"no arm got {agent!r}", call)
    told = [a for a in arms if getattr(a, column) not in (None, "")]
    found = [a for a in told if _same(getattr(a, column), value)]
    number = len(found) / len(told) if told else math.nan
    words = f"arms of {agent} with {column.replace('_', ' ')} {value}, of those that tell it"
    shown = f"{_percent(number)} ({len(found)} of {len(told)})" if told else "not read"
    return Value(number, shown, words, tuple(row_reference(a) for a in found))


def _same(cell: Any, value: str) -> bool:
    if isinstance(cell, int | float) and not isinstance(cell, bool):
        try:
            return float(value) == float(cell)
        except ValueError:
            return False
    return str(cell).casefold() == value.casefold()


def _attainable(library: Library, call: Call, claim: Claim) -> Value:
    percent, total = call.arguments
    digits = percent.rstrip("%")
    try:
        low, high = rounded_from(digits)
        n = int(total)
    except (ValueError, OverflowError):
        raise UnknownNameError("attainable takes: a percentage as printed, a whole number of patients", call) from None
    if not 0 < n <= 1_000_000:
        raise UnknownNameError("attainable takes 1 to 1,000,000 patients", call)
    events = [e for e in range(n + 1) if low * n <= 100 * e <= high * n] if n <= 10_000 else []
    words = f"whole numbers of {n} patients that are {digits}%"
    return Value(float(len(events)), ", ".join(map(str, events)) or "none", words)


# -- printed results -----------------------------------------------------------------------------------------------


def _printed(library: Library, call: Call, claim: Claim) -> Value:
    name, part = _arguments(call, 2)
    part = part or "estimate"
    rows: dict[str, Any] = {r.analysis_id: r for r in library.data.others["published_results"]}  # type: ignore[attr-defined]
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


def _verdict(library: Library, call: Call, claim: Claim) -> Value:
    (name,) = call.arguments
    rows = [r.analysis_id for r in library.data.others["published_results"]]  # type: ignore[attr-defined]
    if name not in rows:
        raise UnknownNameError(f"there is no printed result {name!r}{nearest_of(name, rows)}", call)
    reference = (Reference("reproduction", name),)
    if library.reproductions is None:
        return Value(math.nan, "", "", reference)
    found = library.reproductions[name]
    return Value(math.nan, found.verdict, f"{name}: verdict", reference, text=found.verdict)


Lookup = Callable[[Library, Call, Claim], Value]
_CELL = "study, arm, outcome, hours (or none)"
# Least and most arguments, what looks it up, how it is written.
QUANTITIES: dict[str, tuple[int, int, Lookup, str]] = {
    "pooled": (1, 3, _pooled, f"analysis, part (one of {', '.join(PARTS)}), subgroup"),
    "lowest": (1, 1, _extreme, "analysis"),
    "highest": (1, 1, _extreme, "analysis"),
    "rate": (4, 4, _counts, _CELL),
    "events": (4, 4, _counts, _CELL),
    "total": (4, 4, _counts, _CELL),
    "score": (5, 5, _score, f"{_CELL}, statistic"),
    "contrast": (4, 5, _contrast, f"{_CELL}, part (estimate, ci_low, ci_high)"),
    "study": (2, 2, _study_column, "study, column of studies"),
    "arm": (3, 3, _arm_column, "study, arm, column of arms"),
    "source": (2, 2, _source_column, "source, column of sources"),
    "cited": (1, 1, _cited, "kind of source, or all"),
    "cited_trials": (1, 1, _cited_trials, "agent"),
    "share": (3, 3, _share, "column of arms, value, agent"),
    "attainable": (2, 2, _attainable, "percentage as printed, patients"),
    "printed": (1, 2, _printed, "printed result, part (estimate, ci_low, ci_high, k, n_total)"),
    "verdict": (1, 1, _verdict, "printed result"),
}
