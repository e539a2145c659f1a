"""Lines of a Metapsy table -> rows of our tables: studies, arms, means and counts by arm, comparisons, contrasts."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from metarepro.evidence.reader import Cell
from metarepro.importing.metapsy_effects import Signs, effect_of
from metarepro.importing.metapsy_lines import LeftOut, Line, Side, fractional, is_taken, is_whole, text_of
from metarepro.importing.names import UniqueIds, clean_text, slug
from metarepro.importing.sheet.entries import drawable

SOURCE = "metapsy"
ENTERED = {"derivation": "as entered in the database", "level": "secondary"}
# Words of the risk-of-bias columns.
_RISK = {
    word: ours
    for ours, words in {
        "low": ("low", "low risk", "low risk of bias", "l"),
        "some": ("some concerns", "some", "sc", "some concern"),
        "high": ("high", "high risk", "high risk of bias", "h"),
    }.items()
    for word in words
}
RISK_COLUMNS = ("d1", "d2", "d3", "d4", "d5", "rob")
# Judgements by other instruments, which stay as they are written.
OTHER_RISK = ("sg", "ac", "ba", "itt")
_YEAR = re.compile(r"(19|20)\d\d")
_Row = dict[str, str]


@dataclass
class _Study:
    """What the lines of one study say together."""

    id: str
    label: str
    first: Line
    # In which places (1 and 2) each arm stands, and the first line that has it in the first of them.
    places: dict[tuple[str, str], set[int]] = field(default_factory=dict)
    sides: dict[tuple[str, str], tuple[Side, Line]] = field(default_factory=dict)
    ids: UniqueIds = field(default_factory=UniqueIds)

    def arm_id(self, side: Side) -> str:
        name = f"{side.condition} {side.multi}"
        return self.ids.get(side.key, name, "arm")


class Tables:
    """Makes the tables; what it finds beside them stays in its attributes."""

    def __init__(self, lines: Sequence[Line], signs: Signs, number: Callable[[Mapping[str, Cell], str], str]) -> None:
        self.signs = signs
        self.number = number
        self.left_out: list[LeftOut] = []
        self.baselines: set[int] = set()
        self.turned: list[int] = []
        self.years: list[str] = []
        self.risk_words: dict[str, set[str]] = {}
        self.risk_differs: set[str] = set()
        # Columns of the studies that no table has, by study.
        self.own: Mapping[str, Mapping[str, str]] = {}
        # Agents of experimental and of control arms only.
        self.experimental: dict[str, None] = {}
        self.control: dict[str, None] = {}
        self._rows: dict[str, dict[tuple[str, ...], _Row]] = {
            "dichotomous": {}, "continuous": {}, "contrasts": {}, "comparisons": {}, "risk_of_bias": {},
        }  # fmt: skip
        self._chosen: dict[tuple[str, ...], int] = {}
        self._ids, self._agents = UniqueIds(), UniqueIds()
        self._studies: dict[str, _Study] = {}
        self._words: dict[str, str] = {}
        self._conflicts = UniqueIds()
        # Scores before the first dose stand back behind the columns of baselines.
        in_order = sorted(lines, key=lambda x: x.before)
        for line in in_order:
            self._add_sides(line)
        for line in reversed(lines):
            study = self._studies[line.study]
            for place, side in enumerate(line.sides, 1):
                if place == min(study.places[side.key]):
                    study.sides[side.key] = (side, line)
        self._first_places = {_condition(line.sides[0]) for line in lines}
        self._crossover = {s for s, x in self._studies.items() if "cross" in text_of(x.first.cells, "design").lower()}
        self.arms = [self._arm(s, key) for s in self._studies.values() for key in s.places]
        self._agent_of = {(a["study_id"], a["arm_id"]): a["agent"] for a in self.arms}
        self._name_sides(lines)
        whole = {(x.study, x.outcome) for x in lines} - {(x.study, x.outcome) for x in lines if fractional(x)}
        for line in in_order:
            self._add_numbers(line, (line.study, line.outcome) in whole)
            self._risk(line)

    def tables(self, name: str) -> dict[str, list[_Row]]:
        """All tables, of a file of this name."""
        made = {
            "studies": [self._study(s) for s in self._studies.values()],
            "arms": self.arms,
            "sources": [
                {"source_id": SOURCE, "title": f"Metapsy table {name}", "kind": "database"},
                *(self._source(s) for s in self._studies.values() if _text(s.first, "full_ref")),
            ],
            **{n: list(rows.values()) for n, rows in self._rows.items() if rows},
        }
        return {
            n: [{c: x for c, x in row.items() if not c.startswith("_")} for row in rows] for n, rows in made.items()
        }

    def sides(self) -> list[list[Side]]:
        """The arms of each study."""
        return [[study.sides[key][0] for key in study.places] for study in self._studies.values()]

    # -- arms --------------------------------------------------------------------------------------------------------

    def _add_sides(self, line: Line) -> None:
        study = self._studies.get(line.study)
        if study is None:
            name = self._ids.get(line.study, line.study, "study")
            study = self._studies[line.study] = _Study(name, line.study, line)
        for place, side in enumerate(line.sides, 1):
            study.places.setdefault(side.key, set()).add(place)
            study.arm_id(side)

    def _arm(self, study: _Study, key: tuple[str, str]) -> _Row:
        """An arm; its agent is its condition, with a suffix where that is an experimental condition too."""
        side, line = study.sides[key]
        places = study.places[key]
        suffix = "_both" if places == {1, 2} else ""
        if places == {2} and _condition(side) in self._first_places:
            suffix = "_control"
        base = self._agents.get(_condition(side), side.condition, "arm")
        agent = base if not suffix else self._agents.get((base, suffix), base + suffix, "arm", 60)
        place = line.places[line.sides.index(next(s for s in line.sides if s.key == key))]
        drug = " ".join(text_of(line.cells, f"{part}_arm{place}") for part in ("drug", "dose")).strip()
        return {
            "study_id": study.id,
            "arm_id": study.arm_id(side),
            "role": "experimental" if 1 in places else "control",
            "agent": agent,
            "drug": drawable(drug or side.condition),
            "source_id": SOURCE,
            "locator": f"line {line.at}",
            **ENTERED,
            "_both": "yes" if len(places) > 1 else "",
        }

    def _name_sides(self, lines: Sequence[Line]) -> None:
        """Agents of the two sides of the analyses; arms of both places are of neither, unless there are no others."""
        for role, names in (("experimental", self.experimental), ("control", self.control)):
            pure = [a["agent"] for a in self.arms if a["role"] == role and not a["_both"]]
            names.update(dict.fromkeys(pure or [a["agent"] for a in self.arms if a["_both"]]))
        if self.experimental.keys() & self.control.keys():
            # All arms are compared in a circle: the agent that is the control most often is the control.
            often = Counter(self._agent_of[s.id, s.arm_id(x.sides[1])] for x, s in self._with_studies(lines))
            chosen = max(self.control, key=lambda agent: (often[agent], agent))
            self.control = {chosen: None}
            self.experimental.pop(chosen)

    def _with_studies(self, lines: Sequence[Line]) -> Iterator[tuple[Line, _Study]]:
        return ((line, self._studies[line.study]) for line in lines)

    # -- numbers -----------------------------------------------------------------------------------------------------

    def _add_numbers(self, line: Line, whole: bool) -> None:
        by_arm = bool(line.numbers) and (whole or (line.before and bool(line.statistic)))
        for arm, place, side in zip("12", line.places, line.sides, strict=True):
            if by_arm:
                self._arm_row(line, side, {n[:-1]: x for n, x in line.numbers.items() if n[-1] == arm})
            self._baseline(line, side, place)
        if not line.numbers:
            self._contrast(line)
        elif not by_arm:
            time = {"timepoint_h": ""} if line.before else {}
            self._effect(line, "comparisons", {"measure": "", **time, **line.numbers})

    def _visit(self, line: Line) -> _Row:
        study = self._studies[line.study]
        row_id = text_of(line.cells, ".id")
        after = line.outcome.endswith("_after_crossover")
        row = {
            "study_id": study.id,
            "outcome": line.outcome,
            "scale": line.scale,
            "timepoint_h": line.hours,
            "source_id": SOURCE,
            "locator": f"line {line.at}" + (f", {row_id}" if row_id else ""),
            **ENTERED,
        }
        if rater := _text(line, "rating"):
            row["rater"] = rater
        if line.kind == "imsd":
            row["derivation"] = "mean and SD imputed in the database (imsd)"
        if line.study in self._crossover:
            row["periods"] = "all" if text_of(line.cells, "post_crossover") == "1" else "first"
        if after:
            row |= {"poolable": "no", "poolable_reason": "after the crossover the arms are no randomised groups"}
        return row

    def _arm_row(self, line: Line, side: Side, numbers: Mapping[str, str]) -> None:
        row = self._visit(line) | {"arm_id": self._studies[line.study].arm_id(side)}
        if line.statistic:
            row |= {"statistic": line.statistic, "n": numbers["n"], "mean": numbers["m"], "sd": numbers["sd"]}
            if line.before:
                row |= {"statistic": "baseline", "timepoint_h": "", "outcome": line.base}
                row["n"] = _whole(row["n"])
            self._put(line, "continuous", row)
        else:
            row |= {"events": numbers["e"], "total": numbers["n"]}
            if line.before:
                row["timepoint_h"] = ""
            self._put(line, "dichotomous", row)

    def _baseline(self, line: Line, side: Side, place: int) -> None:
        n, mean, sd = (self.number(line.cells, f"baseline_{part}_arm{place}") for part in ("n", "m", "sd"))
        if not mean or abs(Decimal(mean)) > 10**9:
            return
        if (sd and Decimal(sd) <= 0) or (n and Decimal(n) <= 1):
            return
        study = self._studies[line.study]
        row = self._visit(line) | {
            "arm_id": study.arm_id(side), "outcome": self._symptom(line), "statistic": "baseline", "timepoint_h": "",
            "n": _whole(n), "mean": mean, "sd": sd, "poolable": "yes", "poolable_reason": "",
        }  # fmt: skip
        row["periods"] = "first" if "periods" in row else ""
        if not (n and sd):
            row |= {"poolable": "no", "poolable_reason": "n or SD is not in the database"}
        self._put(line, "continuous", row)

    def _symptom(self, line: Line) -> str:
        return line.base if line.measured else slug(text_of(line.cells, "instrument_symptom"), "symptoms")

    def _put(self, line: Line, table: str, row: _Row) -> None:
        """Keep a row once; a second one with other numbers competes with it."""
        key = ("study_id", "arm_id", "outcome", "scale", "statistic", "timepoint_h")
        place = tuple(row.get(n, "") for n in key if n != "statistic" or table == "continuous")
        row |= {
            "_numbers": "|".join(row.get(n, "") for n in ("events", "total", "n", "mean", "sd")),
            "_at": f"{line.at}",
        }
        known = self._rows[table]
        first = known.setdefault((*place, ""), row)
        if first["_numbers"] == row["_numbers"] or (*place, row["_numbers"]) in known:
            return
        if row.get("statistic") == "baseline":
            self.baselines.add(line.at)
            return
        conflict = self._conflicts.get((table, *place), " ".join(place), "conflict", 120)
        for rival, chosen in ((first, "yes"), (row, "no")):
            reason = "the first in the file" if chosen == "yes" else "another line of this visit stands first"
            rival |= {"conflict": conflict, "chosen": chosen, "choice_reason": reason}
        known[(*place, row["_numbers"])] = row
        self._unused(line, "other numbers for an arm and visit than in an earlier line, which is the chosen one",
                     f"{row['arm_id']}: line {first['_at']} counts")  # fmt: skip

    def _contrast(self, line: Line) -> None:
        measure, estimate, se, column = effect_of(line, self.signs)
        printed = float(line.printed[column][0])
        if measure == "SMD" and estimate * printed < 0:
            self.turned.append(line.at)
        self._effect(
            line, "contrasts",
            {"measure": measure, "estimate": _plain(estimate), "se": _plain(se),
             "derivation": f"as printed in the database ({column})"},
        )  # fmt: skip

    def _effect(self, line: Line, table: str, numbers: _Row) -> None:
        """A row of both arms; of several for one visit of a study that an analysis would take, the first counts."""
        study = self._studies[line.study]
        one, two = (study.arm_id(side) for side in line.sides)
        row = self._visit(line) | {"experimental_arm": one, "control_arm": two} | numbers
        agents = [self._agent_of[study.id, arm] for arm in (one, two)]
        fits = agents[0] in self.experimental and agents[1] in self.control
        kind = "means" if "m1" in row else row["measure"]
        group: tuple[str, ...] = (table, study.id, line.outcome, line.scale, line.hours, kind)
        group += () if fits else (one, two)
        rows = self._rows[table]
        name = (*group, str(len(rows)))
        if group in self._chosen:
            first = self._chosen[group]
            conflict = self._conflicts.get(group, " ".join(group), "conflict", 120)
            for rival in rows.values():
                if rival["_at"] == str(first):
                    rival |= {"conflict": conflict, "chosen": "yes", "choice_reason": "the first in the file"}
            row |= {"conflict": conflict, "chosen": "no", "choice_reason": f"that of line {first} counts"}
            self._unused(line, "a further effect of its study, outcome and time, of which one counts",
                         f"line {first} counts")  # fmt: skip
        else:
            self._chosen[group] = line.at
        rows[name] = row | {"_at": str(line.at)}

    def _unused(self, line: Line, why: str, detail: str) -> None:
        if not any(x.line == line.at and x.why == why for x in self.left_out):
            self.left_out.append(LeftOut(line.at, line.study, line.kind, why, detail, in_tables=True))

    # -- studies, sources, risk of bias ------------------------------------------------------------------------------

    def _risk(self, line: Line) -> None:
        study = self._studies[line.study]
        row = {"study_id": study.id, "outcome": ""}
        for theirs in RISK_COLUMNS:
            text = text_of(line.cells, theirs)
            word = _RISK.get(text.lower(), "")
            ours = "overall" if theirs == "rob" else theirs
            if word:
                row |= {ours: word, f"{ours}_reason": "as judged in the database", "assessor": "the database"}
            elif text:
                self.risk_words.setdefault(theirs, set()).add(text)
        for theirs in OTHER_RISK:
            if text_of(line.cells, theirs):
                self.risk_words.setdefault(theirs, set()).add(text_of(line.cells, theirs))
        if "assessor" in row and self._rows["risk_of_bias"].setdefault((study.id,), row) != row:
            self.risk_differs.add(study.label)

    def _study(self, study: _Study) -> _Row:
        line = study.first
        year = text_of(line.cells, "year")
        found = _YEAR.search(year)
        if year and (found is None or found[0] != year):
            self.years.append(f"{study.label}: {year!r}")
        row = {
            "study_id": study.id,
            "label": drawable(study.label) if not study.label.isprintable() else study.label,
            "year": found[0] if found else "",
            "doi": _text(line, "doi"),
            "registration": _text(line, "registration_number"),
            "design": "crossover" if line.study in self._crossover else "parallel",
            "randomised": "yes",
            "blinding": _text(line, "blinding"),
            "population": _text(line, "target_group"),
            "diagnosis": self._usual(_text(line, "diagnosis")),
            "source_id": study.id if _text(line, "full_ref") else SOURCE,
            **ENTERED,
        }
        words = {f"{n}_as_written": drawable(text_of(line.cells, n)) for n in self.risk_words}
        return row | words | dict(self.own.get(line.study, {}))

    def _source(self, study: _Study) -> _Row:
        line = study.first
        return {
            "source_id": study.id,
            "year": _text(line, "year"),
            "title": _text(line, "full_ref"),
            "doi": _text(line, "doi"),
            "kind": "rct",
        }

    def _usual(self, word: str) -> str:
        """A word in the spelling in which it stands first."""
        return self._words.setdefault(re.sub(r"\s", "", word).casefold(), word)


def _condition(side: Side) -> str:
    """What makes the conditions of arms of different studies one agent."""
    return slug(side.condition, side.key[0], 400)


def _text(line: Line, name: str) -> str:
    """A text in one line; empty where the tables do not take it, as an address that is none."""
    text = text_of(line.cells, name)
    text = text if text.isprintable() else clean_text(text, 5000)
    return text if is_taken(name, text) else ""


def _whole(text: str) -> str:
    """A size, empty where it is no whole number."""
    return text if not text or is_whole(text) else ""


def _plain(value: float) -> str:
    return f"{value:.15g}" if abs(value) >= 1e-4 or value == 0 else f"{Decimal(f'{value:.15g}'):f}"
