"""Quantities of rows: numbers of arms, published effects, cells, works that are cited."""

from __future__ import annotations

import math
from typing import Any

from metarepro.claims.grammar import Call
from metarepro.claims.lookups import (
    Library,
    UnknownNameError,
    Value,
    arguments_of,
    cited_by,
    nearest_of,
    percent,
    plain,
    row_reference,
)
from metarepro.evidence.integrity.printed import rounded_from
from metarepro.evidence.rows import Row, known_columns
from metarepro.evidence.tables import Arm, Claim, Study


def _one_row(library: Library, call: Call, rows: list[Row], what: str) -> Row:
    if not rows:
        raise UnknownNameError(f"no row: {what}", call)
    if len(rows) > 1:
        lines = ", ".join(f"{r.file}:{r.line}" for r in rows)
        raise UnknownNameError(f"{len(rows)} rows fit {what}: {lines}", call)
    return rows[0]


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
    own = {row.arm_id: row for row in library.data.arms_of.get(study, ())}
    if arm not in own:
        raise UnknownNameError(f"study {study!r} has no arm {arm!r}{nearest_of(arm, own)}", call)
    return own[arm]


def counts(library: Library, call: Call, claim: Claim) -> Value:
    """Events, total or rate of an arm."""
    study, arm, outcome, time = arguments_of(call, 4)
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
        shown = f"{percent(number)} ({events:.0f} of {total:.0f})"
    else:
        shown = f"{number:.0f}"
    return Value(number, shown, words, (row_reference(row),))


def score(library: Library, call: Call, claim: Claim) -> Value:
    """A mean score of an arm."""
    study, arm, outcome, time, statistic = arguments_of(call, 5)
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
    return Value(number, (printed or plain(number, 2)).replace("-", "\u2212"), words, (row_reference(row),))


def contrast(library: Library, call: Call, claim: Claim) -> Value:
    """A published effect."""
    study, arm, outcome, time, part = arguments_of(call, 5)
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
    shown = "not read" if value is None else percent(number) if share else plain(number, 2)
    words = f"{label}, {arm.replace('_', ' ')}, {outcome}: {row.measure} as printed"
    return Value(number, shown, words, (row_reference(row),))


def _column(row: Row, column: str, call: Call, words: str) -> Value:
    known = [*known_columns(type(row)), *row.own]
    if column not in known:
        raise UnknownNameError(f"{row.table} has no column {column!r}{nearest_of(column, known)}", call)
    value = row.cell(column)
    words = f"{words}: {column.replace('_', ' ')}"
    if isinstance(value, bool):
        return Value(math.nan, "yes" if value else "no", words, (row_reference(row),), text="yes" if value else "no")
    if isinstance(value, int | float):
        shown = f"{value:,}" if isinstance(value, int) and column != "year" else f"{value:g}"
        return Value(float(value), shown, words, (row_reference(row),), text=f"{value:g}")
    text = "" if value is None else str(value)
    return Value(math.nan, text or "not read", words, (row_reference(row),), text=text)


def study_column(library: Library, call: Call, claim: Claim) -> Value:
    """A cell of studies."""
    name, column = call.arguments
    row = _study(library, call, name)
    return _column(row, column, call, row.label)


def arm_column(library: Library, call: Call, claim: Claim) -> Value:
    """A cell of arms."""
    study, arm, column = call.arguments
    row = _arm(library, call, study, arm)
    return _column(row, column, call, f"{library.data.studies[study].label}, {arm.replace('_', ' ')}")


def source_column(library: Library, call: Call, claim: Claim) -> Value:
    """A cell of sources."""
    name, column = call.arguments
    if name not in library.data.sources:
        raise UnknownNameError(f"there is no source {name!r}{nearest_of(name, library.data.sources)}", call)
    return _column(library.data.sources[name], column, call, name)


def cited(library: Library, call: Call, claim: Claim) -> Value:
    """How many works the page cites for the claim."""
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


def cited_trials(library: Library, call: Call, claim: Claim) -> Value:
    """How many of them are trials of an agent."""
    (agent,) = call.arguments
    agents = {a.agent for a in library.data.arms.values()}
    if agent not in agents:
        raise UnknownNameError(f"no arm got {agent!r}{nearest_of(agent, agents)}", call)
    treated = {s for (s, _), a in library.data.arms.items() if a.agent == agent}
    found = [c for c in cited_by(claim) if c in treated]
    references = tuple(row_reference(library.data.studies[c]) for c in found)
    return Value(float(len(found)), str(len(found)), f"works cited for it that are trials of {agent}", references)


def share(library: Library, call: Call, claim: Claim) -> Value:
    """Share of the arms of an agent with a value in a column."""
    column, value, agent = call.arguments
    if column not in Arm.model_fields:
        raise UnknownNameError(f"arms has no column {column!r}{nearest_of(column, Arm.model_fields)}", call)
    arms = [a for a in library.data.arms.values() if a.agent == agent and a.kind == "whole"]
    if not arms:
        raise UnknownNameError(f"no arm got {agent!r}", call)
    stated = [a for a in arms if getattr(a, column) not in (None, "")]
    found = [a for a in stated if _same(getattr(a, column), value)]
    number = len(found) / len(stated) if stated else math.nan
    words = f"arms of {agent} with {column.replace('_', ' ')} {value}, of those that tell it"
    shown = f"{percent(number)} ({len(found)} of {len(stated)})" if stated else "not read"
    return Value(number, shown, words, tuple(row_reference(a) for a in found))


def _same(cell: Any, value: str) -> bool:
    if isinstance(cell, int | float) and not isinstance(cell, bool):
        try:
            return float(value) == float(cell)
        except ValueError:
            return False
    return str(cell).casefold() == value.casefold()


def attainable(library: Library, call: Call, claim: Claim) -> Value:
    """Whole numbers of patients that give a printed percentage."""
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
