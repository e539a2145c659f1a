"""Comparisons of a sheet -> the tables of a project."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import ValidationError

from metarepro.effects.registry import COLUMNS, MEASURES
from metarepro.errors import DataError, Problem, place
from metarepro.evidence.messages import cell_problem
from metarepro.evidence.reader import Cell
from metarepro.evidence.tables import TABLES
from metarepro.importing.names import UniqueIds, slug
from metarepro.importing.sheet.entries import Entry
from metarepro.importing.sheet.expressions import columns_of
from metarepro.importing.sheet.grid import Sheet
from metarepro.importing.sheet.own import OwnColumns, own_columns
from metarepro.importing.sheet.roles import Roles

Rows = list[dict[str, str]]
# Columns of the arms in comparisons.csv.
EXPERIMENTAL, CONTROL = "experimental_arm", "control_arm"


@dataclass(frozen=True)
class Tables:
    """The tables, and what the configuration is made of.

    Attributes
    ----------
    studies, comparisons : list of dict
        Rows of studies.csv and comparisons.csv.
    outcomes : dict
        Id to name.
    agents : dict
        Id to name of what was given.
    own : OwnColumns
    notes : tuple of str
    """

    studies: Rows
    comparisons: Rows
    outcomes: dict[str, str]
    agents: dict[str, str]
    own: OwnColumns
    notes: tuple[str, ...]


def make_tables(sheet: Sheet, roles: Roles, entries: Sequence[Entry], outcome: str | None) -> Tables:
    """Rows of both tables, in the order of the sheet.

    Parameters
    ----------
    sheet : Sheet
    roles : Roles
    entries : sequence of Entry
    outcome : str or None
        Name of the outcome where no column names it.

    Raises
    ------
    DataError
        Numbers that cannot be: more events than patients, an SD of 0 ...
    """
    notes: list[str] = []
    ids, outcomes, agents = UniqueIds(), UniqueIds(), UniqueIds()
    names: dict[str, dict[str, str]] = {"outcomes": {}, "agents": {}}
    studies: dict[str, dict[str, str]] = {}
    comparisons: Rows = []
    seen: dict[tuple[str, ...], Entry] = {}
    of_entry: list[str] = []
    problems: list[Problem] = []
    inputs = MEASURES[roles.choice.measure].inputs
    design = {} if inputs.startswith(("two_arm", "generic", "hazard")) else {"design": "single_arm"}
    for entry in entries:
        name = entry.texts.get("outcome") or outcome or "Outcome"
        outcome_id = outcomes.get(slug(name, name), name, "outcome")
        names["outcomes"].setdefault(outcome_id, name)
        row = {"outcome": outcome_id, "scale": entry.texts.get("scale", "")}
        row["timepoint_h"] = _time(entry.texts.get("time", ""), roles.unit)
        for column, target in ((EXPERIMENTAL, "experimental"), (CONTROL, "control")):
            text = entry.texts.get(target, "")
            if text:
                row[column] = agents.get(slug(text, text), text, "arm")
                names["agents"].setdefault(row[column], text)
        study, label = _study(entry, ids, row, seen, sheet, notes)
        of_entry.append(study)
        year = entry.texts.get("year", "")
        studies.setdefault(study, {"study_id": study, "label": label, "year": year if _is_year(year) else "", **design})
        if year and not _is_year(year):
            notes.append(f"{year!r} is no year, left out: {_where(sheet, entry)}.")
        comparisons.append({"study_id": study, **row, **_numbers(entry, roles)})
        problems += _impossible(comparisons[-1], entry, roles, sheet)
    if problems:
        raise DataError(problems)
    own = own_columns(sheet, entries, of_entry, roles.columns)
    for study, row, texts in zip(of_entry, comparisons, own.texts, strict=True):
        for old, new in own.names.items():
            (studies[study] if old in own.of_studies else row)[new] = texts[new]
    for target in ("subgroup", "cluster"):
        if target in roles.texts:
            for row, entry in zip(comparisons, entries, strict=True):
                row[target] = entry.texts[target]
    empty = [e for e, row in zip(entries, comparisons, strict=True) if not any(row.get(t) for t in _targets(roles))]
    if empty:
        where = ", ".join(f"{e.texts['study']} ({_where(sheet, e)})" for e in empty[:10])
        notes.append(f"No number in {len(empty)} rows; they are kept, and listed as left out: {where}.")
    return Tables(list(studies.values()), comparisons, names["outcomes"], names["agents"], own, (*notes, *own.notes))


def _study(
    entry: Entry, ids: UniqueIds, row: dict[str, str], seen: dict[tuple[str, ...], Entry], sheet: Sheet,
    notes: list[str],
) -> tuple[str, str]:  # fmt: skip
    """Id and label of the study; a second row that nothing tells from the first is a study with a number."""
    text, year = entry.texts["study"], entry.texts.get("year", "")
    label = entry.texts.get("label") or (f"{text} {year}" if _is_year(year) and year not in text else text)
    number = 1
    while True:
        name = label if number == 1 else f"{label} ({number})"
        study = ids.get((label, year, number), name, "study")
        key = (study, *row.values())
        if key not in seen:
            break
        number += 1
    if number > 1:
        first = seen[(ids.get((label, year, 1), label, "study"), *row.values())]
        notes.append(
            f"{label} is there again at {_where(sheet, entry)}, and nothing tells the row from that at "
            f"{_where(sheet, first)}: it was taken as a study of its own, {name}. If they share patients, give both "
            "one `cohort` in studies.csv."
        )
    seen[key] = entry
    return study, name


def _impossible(row: dict[str, str], entry: Entry, roles: Roles, sheet: Sheet) -> list[Problem]:
    """What the table would refuse, at the place of the sheet's cell."""
    named = {name: _source(entry, roles, name, text) for name, text in row.items() if text}
    try:
        TABLES["comparisons"].of_texts(row, sheet.path, entry.line)
    except ValidationError as error:
        return [cell_problem(e, sheet.path, named) for e in error.errors()]
    return []


def _source(entry: Entry, roles: Roles, name: str, text: str) -> Cell:
    """A text of a row of the tables, with the place of the cell that it is made of."""
    made, side = roles.numbers.get(name), ""
    if made is None and roles.is_long and name[-1:] in "12":
        made, side = roles.numbers.get(name[:-1].rstrip("_")), {"1": "_experimental", "2": "_control"}[name[-1]]
    for column in columns_of(made.expression) if made else ():
        cell = entry.cells.get(column.name) or entry.cells.get(column.name + side)
        if cell is not None:
            return Cell(text, cell.line, cell.column)
    first = next(iter(entry.cells.values()))
    return Cell(text, first.line, first.column)


def _where(sheet: Sheet, entry: Entry) -> str:
    first = next((c for c in entry.cells.values() if c.text.strip()), next(iter(entry.cells.values())))
    return place(sheet.path, first.line, first.column)


def _is_year(text: str) -> bool:
    return bool(re.fullmatch(r"(19|20)\d\d", text))


def _time(text: str, unit: str) -> str:
    """A time with its unit, as the table takes it."""
    found = re.fullmatch(r"(\d+(?:[.,]\d+)?) ?([a-z]*)", text.strip().casefold())
    if not found:
        return ""
    units = {"week": "wk", "weeks": "wk", "day": "d", "days": "d", "hour": "h", "hours": "h", "month": "mo",
             "months": "mo"}  # fmt: skip
    named = units.get(found[2], found[2]) or unit
    number = found[1].replace(",", ".")
    return f"{number} {named}" if named and named != "h" else number


def _targets(roles: Roles) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*roles.choice.targets, "estimate", "ci_low", "m", "sd")))


def _numbers(entry: Entry, roles: Roles) -> dict[str, str]:
    numbers = {t: x for t, x in entry.numbers.items() if x != ""}
    if roles.choice.printed and "estimate" in numbers:
        numbers["measure"] = roles.choice.measure
    if MEASURES[roles.choice.measure].inputs == "two_arm_counts" and roles.choice.targets == COLUMNS["paired_counts"]:
        # A two-by-two table of two groups: events, and those without.
        total = [float(numbers[a]) + float(numbers[b]) if {a, b} <= set(numbers) else None for a, b in ("ab", "cd")]
        numbers |= {n: f"{x:g}" for n, x in zip(("n1", "n2"), total, strict=True) if x is not None}
        numbers |= {new: numbers[old] for new, old in (("e1", "a"), ("e2", "c")) if old in numbers}
        for cell in "abcd":
            numbers.pop(cell, None)
    return numbers
