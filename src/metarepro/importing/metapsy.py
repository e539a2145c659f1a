"""Reading a database of the Metapsy project, or a table in its format, as a project.

One line a comparison of two arms at one visit on one instrument; the columns are described at
https://docs.metapsy.org/data-preparation/format/ ("Data preparation: format", read 2026). The arms of all lines are
gathered, so that an arm that stands in several comparisons is one arm.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from difflib import get_close_matches
from pathlib import Path

from metarepro.errors import DataError, Problem
from metarepro.evidence.reader import Cell, Dialect, RawTable, parse_table, read_text
from metarepro.importing.metapsy_config import write_config
from metarepro.importing.metapsy_effects import compare_effects
from metarepro.importing.names import UniqueIds, slug
from metarepro.importing.project import ImportedProject

REQUIRED = ("study", "condition_arm1", "condition_arm2", "outcome_type", "instrument")
MEANS = {"msd": "endpoint", "imsd": "endpoint", "change": "change"}
MISSING = ("", "NA")
SOURCE = "metapsy"
_NUMBER = re.compile(r"[+-]?\d+([.,]\d+)?", re.ASCII)
# Words of the risk-of-bias columns.
_RISK = {"low": "low", "some concerns": "some", "some": "some", "sc": "some", "high": "high"}


@dataclass(frozen=True)
class Side:
    """One arm of a line: its columns end in 1 or 2."""

    condition: str
    multi: str

    @property
    def id(self) -> str:
        """Id within the study."""
        return slug(f"{self.condition} {self.multi}", "arm")


@dataclass
class _Study:
    """What the lines of one study say together."""

    id: str
    label: str
    first: dict[str, Cell]
    # In which places (1 and 2) each arm stands.
    arms: dict[Side, set[int]] = field(default_factory=dict)


def read_metapsy(path: Path, shown: str | None = None) -> ImportedProject:
    """Read a table in the Metapsy format.

    Parameters
    ----------
    path : Path
        CSV, with commas and points or with semicolons and decimal commas, which its header tells apart; UTF-8.
    shown : str, optional
        The path as messages name it.

    Returns
    -------
    ImportedProject
        Outcomes of the primary instrument at the primary time point keep their names (`depression`, `response`); other
        visits get `_other_time`, other instruments `_other_scale`, so that the analyses take what the database marks
        as primary. Rows after a crossover get `_after_crossover` and are not poolable.

    Raises
    ------
    DataError
        The file cannot be read (E001 to E009), is no Metapsy table (E040), or has a cell that cannot be used (E041).
    """
    shown = shown or str(path)
    if path.suffix.lower() == ".xlsx":
        fix = f"Fix: save it as 'CSV UTF-8'. If it is a sheet of your own: metarepro import table {shown}"
        raise DataError(
            [Problem("E040", "this is a workbook; tables of the Metapsy format are CSV", shown, details=(fix,))]
        )
    text = read_text(path, shown)
    dialect = _dialect(text)
    table = parse_table(text, shown, dialect)
    names = [cell.text for cell in table.header]
    lacking = [n for n in REQUIRED if n not in names]
    if lacking:
        what = f"this is no table of the Metapsy format: the header lacks {', '.join(lacking)}"
        fix = "Fix: see https://docs.metapsy.org/data-preparation/format/ for its columns."
        fix += f" If it is a sheet of your own: metarepro import table {shown}"
        raise DataError([Problem("E040", what, shown, table.header[0].line, details=(fix,))])
    _check_columns(table, names)
    if not table.rows:
        raise DataError([Problem("E040", "the table has a header and no row", shown, table.header[0].line)])
    return _Reading(table, dialect).project(path.name)


def _check_columns(table: RawTable, names: list[str]) -> None:
    """Refuse a table that lacks some of the columns of a set that it has others of: its rows would be empty."""
    kinds = {cell.text.lower() for row in table.named() for name, cell in row.items() if name == "outcome_type"}
    sets = {"msd": ("n", "mean", "sd"), "imsd": ("n", "mean", "sd"), "change": ("n_change", "mean_change", "sd_change")}
    needed = {f"{part}_arm{place}" for kind in kinds & set(sets) for part in sets[kind] for place in "12"}
    if kinds - set(sets) - set(MISSING):
        needed |= {f"{part}_arm{place}" for part in ("event", "totaln") for place in "12"}
    lacking = sorted(needed - set(names))
    if lacking:
        what = f"the header lacks {', '.join(lacking)}, which the rows of outcome_type {', '.join(sorted(kinds))} need"
        fix = "Fix: add the columns; see https://docs.metapsy.org/data-preparation/format/."
        raise DataError([Problem("E040", what, table.path, table.header[0].line, details=(fix,))])


def _dialect(text: str) -> Dialect:
    """How the table is written, by its header: the delimiter of which it has more."""
    header = text.lstrip("\ufeff").split("\n", 1)[0]
    delimiter = max((",", ";", "\t"), key=header.count)
    # A comma cannot be both; with other delimiters numbers may have either sign, which each number shows.
    return Dialect(delimiter=delimiter, decimal="." if delimiter == "," else ",")


class _Reading:
    """Lines of a table -> rows of our tables."""

    def __init__(self, table: RawTable, dialect: Dialect) -> None:
        self.shown = table.path
        self.lines = table.named()
        self.dialect = dialect
        self.problems: list[Problem] = []
        self.notes: list[str] = []
        self.ids = UniqueIds()
        self.studies: dict[str, _Study] = {}
        self.rows: dict[str, dict[tuple[str, ...], dict[str, str]]] = {
            "dichotomous": {}, "continuous": {}, "risk_of_bias": {},
        }  # fmt: skip
        self.rivals: dict[str, dict[tuple[str, ...], int]] = {}

    def project(self, name: str) -> ImportedProject:
        # Scores before the first dose stand back behind the columns of baselines.
        for line in sorted(self.lines, key=lambda x: self._text(x, "time_days").startswith("-")):
            self._line(line)
        if self.problems:
            raise DataError(self.problems)
        tables = {
            "studies": [self._study(s) for s in self.studies.values()],
            "arms": [self._arm(s, side) for s in self.studies.values() for side in s.arms],
            "sources": [
                {"source_id": SOURCE, "title": f"Metapsy table {name}", "kind": "database"},
                *(self._source(s) for s in self.studies.values() if self._text(s.first, "full_ref")),
            ],
            **{n: list(rows.values()) for n, rows in self.rows.items() if rows},
        }
        for rows in tables.values():
            for row in rows:
                for internal in [n for n in row if n.startswith("_")]:
                    del row[internal]
        left = [n for n in self.lines[0] if n not in _USED and any(self._text(x, n) for x in self.lines)]
        if left:
            self.notes.append(f"Columns of the file that nothing here is made of: {', '.join(left)}.")
        kinds = [self._text(x, "outcome_type").lower() for x in self.lines]
        self.notes += compare_effects([x["study"].line for x in self.lines], kinds, self._value)
        found_in = Counter(side.condition for study in self.studies.values() for side in study.arms)
        self.notes.append(f"Conditions and their arms: {', '.join(f'{c} {n}' for c, n in sorted(found_in.items()))}.")
        for what, found in self.rivals.items():
            self.notes.append(f"{what}: line {', '.join(map(str, sorted(set(found.values()))))}.")
        title = f"Metapsy: {name}"
        config = write_config(title, tables)
        if not config:
            what = "no line has a result on a primary instrument at the primary time point that can be pooled"
            fix = "Fix: see the columns primary_instrument, primary_timepoint, post_crossover and those of the numbers."
            raise DataError([Problem("E040", what, self.shown, details=(fix,))])
        return ImportedProject(title, tables, config, tuple(self.notes))

    # -- cells -------------------------------------------------------------------------------------------------------

    def _text(self, line: dict[str, Cell], name: str) -> str:
        cell = line.get(name)
        return "" if cell is None or cell.text in MISSING else cell.text

    def _number(self, line: dict[str, Cell], name: str) -> str:
        """A number with a decimal point and without zeros at its end, which the databases add."""
        text = self._text(line, name)
        if not text:
            return ""
        if not _NUMBER.fullmatch(text) or (self.dialect.delimiter == "," and "," in text):
            self._refuse(line, name, "is not a number", "Fix: correct the cell, or write NA.")
            return ""
        try:
            return f"{Decimal(text.replace(',', '.')).normalize():f}"
        except InvalidOperation:
            self._refuse(line, name, "is not a number", "Fix: correct the cell, or write NA.")
            return ""

    def _value(self, index: int, name: str) -> float:
        """Number of a line, NaN where there is none or it is no number."""
        text = self._text(self.lines[index], name).replace(",", ".")
        return float(text) if _NUMBER.fullmatch(text) else math.nan

    def _refuse(self, line: dict[str, Cell], name: str, what: str, fix: str) -> None:
        cell = line[name]
        key = f'row: study = "{line["study"].text}", outcome_type = "{line["outcome_type"].text}"'
        self.problems.append(
            Problem("E041", f"{name} {cell.text!r} {what}", self.shown, cell.line, cell.column, (key, fix))
        )

    # -- one line ----------------------------------------------------------------------------------------------------

    def _line(self, line: dict[str, Cell]) -> None:
        for name in REQUIRED:
            if not self._text(line, name):
                self._refuse(line, name, "is empty, and it is required", "Fix: fill it in.")
                return
        study = self._known_study(line)
        sides = [Side(self._text(line, f"condition_arm{n}"), self._text(line, f"multi_arm{n}")) for n in (1, 2)]
        if sides[0] == sides[1]:
            fix = "Fix: tell the arms apart by multi_arm1 and multi_arm2."
            self._refuse(line, "condition_arm2", "and multi_arm2 are those of arm 1", fix)
            return
        if self._unknown_type(line):
            return
        for place, side in enumerate(sides, 1):
            study.arms.setdefault(side, set()).add(place)
            if self._text(line, "outcome_type").lower() in MEANS:
                self._means(line, study, side, place)
            else:
                self._counts(line, study, side, place)
            self._baseline(line, study, side, place)
        self._risk(line, study)

    def _unknown_type(self, line: dict[str, Cell]) -> bool:
        """Whether an outcome_type is not known, and the line holds means: it would become counts that are not there."""
        kind = self._text(line, "outcome_type").lower()
        means = [f"{p}_arm{n}" for n in "12" for p in ("mean", "mean_change")]
        events = [f"event_arm{n}" for n in "12"]
        if kind in MEANS or any(self._text(line, n) for n in events) or not any(self._text(line, n) for n in means):
            return False
        near = get_close_matches(kind, MEANS, n=1, cutoff=0.4)
        hint = f"Fix: did you mean {near[0]!r}?" if near else f"Allowed for means: {', '.join(MEANS)}."
        self._refuse(line, "outcome_type", "is not known, and the line holds means, not events", hint)
        return True

    def _known_study(self, line: dict[str, Cell]) -> _Study:
        label = self._text(line, "study")
        found = next((s for s in self.studies.values() if s.label == label), None)
        if found is None:
            name = self.ids.get(label, label, "study")
            found = self.studies[name] = _Study(name, label, line)
        return found

    def _outcome(self, line: dict[str, Cell], base: str) -> str:
        if self._text(line, "post_crossover") == "1":
            return f"{base}_after_crossover"
        if self._text(line, "primary_instrument") == "0":
            return f"{base}_other_scale"
        return f"{base}_other_time" if self._text(line, "primary_timepoint") == "0" else base

    def _symptom(self, line: dict[str, Cell]) -> str:
        return slug(self._text(line, "instrument_symptom"), "symptoms")

    def _hours(self, line: dict[str, Cell]) -> str:
        for name, hours in (("time_days", 24), ("time_weeks", 168)):
            text = self._number(line, name)
            if text:
                return f"{(Decimal(text) * hours).normalize():f}"
        return ""

    def _visit(self, line: dict[str, Cell], study: _Study, side: Side) -> dict[str, str]:
        row_id = self._text(line, ".id")
        row = {
            "study_id": study.id,
            "arm_id": side.id,
            "scale": self._text(line, "instrument").upper(),
            "timepoint_h": self._hours(line),
            "source_id": SOURCE,
            "locator": f"line {line['study'].line}" + (f", {row_id}" if row_id else ""),
            "derivation": "as entered in the database",
            "level": "secondary",
        }
        if self._text(line, "outcome_type").lower() == "imsd":
            row["derivation"] = "mean and SD imputed in the database (imsd)"
        if "cross" in self._text(line, "design").lower():
            row["periods"] = "all" if self._text(line, "post_crossover") == "1" else "first"
        if self._text(line, "post_crossover") == "1":
            row |= {"poolable": "no", "poolable_reason": "after the crossover the arms are no randomised groups"}
        return row

    def _means(self, line: dict[str, Cell], study: _Study, side: Side, place: int) -> None:
        kind = MEANS[self._text(line, "outcome_type").lower()]
        infix = "_change" if kind == "change" else ""
        n, mean, sd = (self._number(line, f"{part}{infix}_arm{place}") for part in ("n", "mean", "sd"))
        if sd and Decimal(sd) <= 0:
            self._refuse(line, f"sd{infix}_arm{place}", "is no standard deviation", "Fix: a number above 0, or NA.")
        row = {**self._visit(line, study, side), "statistic": kind, "n": n, "mean": mean, "sd": sd}
        row["outcome"] = self._outcome(line, self._symptom(line))
        if row["timepoint_h"].startswith("-"):
            # Before the first dose: a baseline.
            row |= {"statistic": "baseline", "timepoint_h": "", "outcome": self._symptom(line)}
        if not (n and mean and sd):
            row |= {"poolable": "no", "poolable_reason": "n, mean or SD is not in the database"}
        self._put(line, "continuous", row, ("study_id", "arm_id", "outcome", "scale", "statistic", "timepoint_h"))

    def _counts(self, line: dict[str, Cell], study: _Study, side: Side, place: int) -> None:
        events, total = (self._number(line, f"{part}_arm{place}") for part in ("event", "totaln"))
        if events and (Decimal(events) < 0 or Decimal(events) % 1 or (total and Decimal(events) > Decimal(total))):
            fix = f"Fix: a whole number from 0 to {total or 'the total'}, or NA."
            self._refuse(line, f"event_arm{place}", "is no number of patients with the event", fix)
        row = {**self._visit(line, study, side), "events": events, "total": total}
        row["outcome"] = self._outcome(line, slug(self._text(line, "outcome_type"), "outcome"))
        if row["timepoint_h"].startswith("-"):
            row["timepoint_h"] = ""
        if not (events and total):
            row |= {"poolable": "no", "poolable_reason": "events or total is not in the database"}
        self._put(line, "dichotomous", row, ("study_id", "arm_id", "outcome", "scale", "timepoint_h"))

    def _baseline(self, line: dict[str, Cell], study: _Study, side: Side, place: int) -> None:
        n, mean, sd = (self._number(line, f"baseline_{part}_arm{place}") for part in ("n", "m", "sd"))
        if not mean:
            return
        row = {
            **self._visit(line, study, side),
            "outcome": self._symptom(line), "statistic": "baseline", "timepoint_h": "", "n": n, "mean": mean, "sd": sd,
        }  # fmt: skip
        row |= {"poolable": "yes", "poolable_reason": "", "periods": "first" if "periods" in row else ""}
        if not (n and sd):
            row |= {"poolable": "no", "poolable_reason": "n or SD is not in the database"}
        self._put(line, "continuous", row, ("study_id", "arm_id", "outcome", "scale", "statistic", "timepoint_h"))

    def _risk(self, line: dict[str, Cell], study: _Study) -> None:
        row = {"study_id": study.id, "outcome": ""}
        for ours, theirs in (*((f"d{n}", f"d{n}") for n in range(1, 6)), ("overall", "rob")):
            word = _RISK.get(self._text(line, theirs).lower(), "")
            if word:
                row |= {ours: word, f"{ours}_reason": "as judged in the database", "assessor": "the database"}
        if "assessor" in row:
            self.rows["risk_of_bias"].setdefault((study.id,), row)

    def _put(self, line: dict[str, Cell], table: str, row: dict[str, str], key: tuple[str, ...]) -> None:
        """Keep a row once; a second one with other numbers competes with it."""
        numbers = tuple(row.get(n, "") for n in ("events", "total", "n", "mean", "sd"))
        place = tuple(row[n] for n in key)
        row["_numbers"] = "|".join(numbers)
        known = self.rows[table]
        first = known.setdefault((*place, ""), row)
        if first["_numbers"] == row["_numbers"] or (*place, row["_numbers"]) in known:
            return
        if row.get("statistic") == "baseline":
            what = "Baselines that differ from another line of the same arm and instrument were left out"
            self.rivals.setdefault(what, {}).setdefault((*place, row["_numbers"]), line["study"].line)
            return
        conflict = slug(" ".join(place), "conflict", 120)
        for rival, chosen in ((first, "yes"), (row, "no")):
            reason = "the first in the file" if chosen == "yes" else "another line of this visit stands first"
            rival |= {"conflict": conflict, "chosen": chosen, "choice_reason": reason}
        known[(*place, row["_numbers"])] = row
        what = "Other numbers for an arm and visit than in an earlier line, which is the chosen one"
        self.rivals.setdefault(what, {})[(*place, row["_numbers"])] = line["study"].line

    # -- studies, arms, sources --------------------------------------------------------------------------------------

    def _study(self, study: _Study) -> dict[str, str]:
        line = study.first
        design = self._text(line, "design").lower()
        return {
            "study_id": study.id,
            "label": study.label,
            "year": self._text(line, "year"),
            "doi": self._text(line, "doi"),
            "registration": self._text(line, "registration_number"),
            "design": "crossover" if "cross" in design else "parallel",
            "randomised": "yes",
            "blinding": self._text(line, "blinding"),
            "population": self._text(line, "target_group"),
            "diagnosis": self._text(line, "diagnosis"),
            "source_id": study.id if self._text(line, "full_ref") else SOURCE,
            "derivation": "as entered in the database",
            "level": "secondary",
        }

    def _arm(self, study: _Study, side: Side) -> dict[str, str]:
        """An arm; its agent is its condition, with a suffix where that is an experimental condition too."""
        places = study.arms[side]
        elsewhere = any(x["condition_arm1"].text == side.condition for x in self.lines)
        suffix = "_both" if places == {1, 2} else "_control" if places == {2} and elsewhere else ""
        place = min(places)
        line = next(
            x for x in self.lines
            if x["study"].text == study.label
            and Side(self._text(x, f"condition_arm{place}"), self._text(x, f"multi_arm{place}")) == side
        )  # fmt: skip
        drug = " ".join(self._text(line, f"{part}_arm{place}") for part in ("drug", "dose")).strip()
        return {
            "study_id": study.id,
            "arm_id": side.id,
            "role": "experimental" if 1 in places else "control",
            "agent": slug(side.condition, "arm") + suffix,
            "drug": drug or side.condition,
            "source_id": SOURCE,
            "locator": f"line {line['study'].line}",
            "derivation": "as entered in the database",
            "level": "secondary",
        }

    def _source(self, study: _Study) -> dict[str, str]:
        line = study.first
        return {
            "source_id": study.id,
            "year": self._text(line, "year"),
            "title": self._text(line, "full_ref"),
            "doi": self._text(line, "doi"),
            "kind": "rct",
        }


def _used() -> Iterable[str]:
    yield from (
        *REQUIRED, "instrument_symptom", "primary_instrument", "primary_timepoint", "post_crossover", "time_days",
        "time_weeks", "design", "year", "blinding", "target_group", "diagnosis", "doi", "registration_number",
        "full_ref", "rob", ".id", ".g", ".g_se", ".log_rr", ".log_rr_se", "d1", "d2", "d3", "d4", "d5",
    )  # fmt: skip
    parts = ("n", "mean", "sd", "n_change", "mean_change", "sd_change", "event", "totaln", "multi", "drug", "dose")
    for place in "12":
        yield from (f"{part}_arm{place}" for part in (*parts, "baseline_n", "baseline_m", "baseline_sd"))


_USED = frozenset(_used())
