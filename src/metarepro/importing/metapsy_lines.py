"""Lines of a Metapsy table, each with what it compares and the numbers it gives, or why it gives none."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from difflib import get_close_matches

from metarepro.errors import Problem, place
from metarepro.evidence.consistency import slip_of
from metarepro.evidence.reader import Cell
from metarepro.evidence.texts import check_texts
from metarepro.importing.names import UniqueIds, slug
from metarepro.importing.sheet.entries import drawable

MEANS = {"msd": "endpoint", "imsd": "endpoint", "change": "change"}
NEEDED = ("study", "condition_arm1", "condition_arm2", "outcome_type")
UNSPECIFIED = "unspecified"
# Effects that a line may print beside or instead of its numbers, with the column of their standard error.
PRINTED = {"precalc_g": "SMD", ".g": "SMD", "precalc_log_rr": "RR", ".log_rr": "RR"}
_NUMBER = re.compile(r"[+-]?(\d+([.,]\d*)?|[.,]\d+)([eE][+-]?\d+)?", re.ASCII)
_MISSING = frozenset(
    ("", "na", "n.a.", "n.a", "n/a", "nr", "n.r.", "n.r", "n/r", "nan", "-", "--", "–", "—", ".", "?", "not reported",
     "not available")
)  # fmt: skip
# Other words for the outcome_type of lines that hold an effect only.
_EFFECT_ONLY = re.compile(r"other[ _.-]*stat\w*|precalc\w*|other|es|smd|g")
_FOLLOW_UP = re.compile(r"(fu|follow)", re.I)
_BEFORE = re.compile(r"(pre|baseline|pre[ _-]?(test|treatment|treat))", re.I)
_LARGEST = Decimal("1e9")


@dataclass(frozen=True)
class Side:
    """One arm of a line. The same name in other capitals or with other blanks is the same arm."""

    condition: str
    multi: str

    @property
    def key(self) -> tuple[str, str]:
        """What makes two sides one arm."""
        one, two = (" ".join(x.split()).casefold() for x in (self.condition, self.multi))
        return one, two


@dataclass(frozen=True)
class Line:
    """A line that gives a comparison.

    Attributes
    ----------
    cells : dict of str to Cell
    kind : str
        outcome_type in lower case.
    outcome : str
        Id of the outcome, with the suffix of a time or instrument that is not the primary one.
    base : str
        The same without suffix.
    sides : tuple of Side
        Experimental and control.
    places : tuple of int
        In which columns (1 or 2) the two stand: (2, 1) if the line was turned round.
    scale, hours : str
        Instrument, and time in hours.
    statistic : {'endpoint', 'change', ''}
        Kind of the means; empty for counts.
    numbers : dict
        m1, sd1, n1, m2 ... or e1, n1, e2, n2, as texts; empty where only an effect is printed.
    printed : dict
        Effects that are printed with their standard errors, by column.
    before : bool
        Whether it is a score before the treatment.
    """

    cells: Mapping[str, Cell]
    kind: str
    study: str
    outcome: str
    base: str
    sides: tuple[Side, Side]
    places: tuple[int, int]
    scale: str
    hours: str
    statistic: str
    numbers: Mapping[str, str]
    printed: Mapping[str, tuple[str, str]]
    before: bool = False

    @property
    def at(self) -> int:
        """Physical line."""
        return self.cells["study"].line

    @property
    def measured(self) -> bool:
        """Whether the outcome is a score, not events."""
        return is_measured(self.kind)


@dataclass(frozen=True)
class LeftOut:
    """A line that is not used: what is wrong in a few words, which are counted, and where.

    `in_tables` says that its numbers stand in the tables, and no analysis takes them.
    """

    line: int
    study: str
    kind: str
    why: str
    detail: str = ""
    in_tables: bool = False


def text_of(line: Mapping[str, Cell], name: str) -> str:
    """Text of a cell; empty where it is missing."""
    cell = line.get(name)
    return "" if cell is None or cell.text.strip().casefold() in _MISSING else cell.text.strip()


def is_taken(column: str, text: str) -> bool:
    """Whether a column of the tables takes a text, which may not be a date made by a spreadsheet, say."""
    # What starts like a formula gets an apostrophe.
    return all(p.code == "E036" for p in check_texts({column: Cell(text, 1, 1)}, "", "", frozenset()))


def is_number(text: str) -> bool:
    """Whether a text is a number in either way of writing."""
    return _NUMBER.fullmatch(text) is not None


def is_measured(kind: str) -> bool:
    """Whether an outcome_type (in lower case) is of scores, not of events."""
    return kind in MEANS or _EFFECT_ONLY.fullmatch(kind) is not None


class LineReader:
    """Reads the lines of one table; what it finds beside them stays in its attributes."""

    def __init__(self, shown: str, comma_delimited: bool) -> None:
        self.shown = shown
        self.comma_delimited = comma_delimited
        self.problems: list[Problem] = []
        self.left_out: list[LeftOut] = []
        # Words taken as missing, and the lines of them.
        self.words: dict[str, list[int]] = {}
        self.unspecified: list[int] = []
        self.unread: dict[str, list[int]] = {}
        self.turned: list[int] = []
        # Instruments whose name may be a slip, with the known name.
        self.renamed: dict[str, str] = {}
        self._outcomes = UniqueIds()
        self._scales: dict[str, str] = {}
        self._seen: dict[tuple[str, tuple[str, str], tuple[str, str]], int] = {}

    def lines(self, rows: Sequence[Mapping[str, Cell]]) -> list[Line]:
        """Those that give a comparison."""
        return [line for row in rows if (line := self._line(row)) is not None]

    def number(self, line: Mapping[str, Cell], name: str, strict: bool = True) -> str:
        """A number with a decimal point and without zeros at its end, which the databases add.

        A text that is no number is refused, or where no effect hangs on it (`strict` false) taken as missing.
        """
        text = text_of(line, name)
        if not text:
            word = line[name].text.strip() if name in line else ""
            if word not in ("", "NA"):
                self.words.setdefault(word, []).append(line[name].line)
            return ""
        value = None
        if is_number(text) and not (self.comma_delimited and "," in text):
            try:
                value = Decimal(text.replace(",", "."))
            except InvalidOperation:
                value = None
        if value is None or (value and abs(value.adjusted()) > 30):
            if strict:
                self._refuse(line, name, "is not a number", "Fix: correct the cell, or write NA.")
            else:
                self.unread.setdefault(name, []).append(line[name].line)
            return ""
        return f"{value.normalize():f}" if value else "0"

    def _refuse(self, line: Mapping[str, Cell], name: str, what: str, fix: str) -> None:
        cell = line[name]
        key = f'row: study = "{line["study"].text}", outcome_type = "{line["outcome_type"].text}"'
        self.problems.append(
            Problem("E041", f"{name} {cell.text!r} {what}", self.shown, cell.line, cell.column, (key, fix))
        )

    def _leave(self, line: Mapping[str, Cell], why: str, detail: str = "") -> None:
        self.left_out.append(
            LeftOut(line["study"].line, text_of(line, "study"), text_of(line, "outcome_type"), why, detail)
        )

    def _line(self, row: Mapping[str, Cell]) -> Line | None:
        for name in NEEDED:
            if not text_of(row, name):
                self._refuse(row, name, "is empty, and it is required", "Fix: fill it in.")
                return None
        first, second = (Side(text_of(row, f"condition_arm{n}"), text_of(row, f"multi_arm{n}")) for n in (1, 2))
        if first.key == second.key:
            self._leave(row, "both arms have the same condition", "multi_arm1 and multi_arm2 do not tell them apart")
            return None
        if self._unknown_type(row):
            return None
        kind = text_of(row, "outcome_type").lower()
        before = len(self.problems)
        numbers, statistic = self._numbers(row, kind)
        printed = self._printed(row)
        if len(self.problems) > before:
            return None
        wrong = impossible(numbers, statistic)
        if wrong:
            column = _column(wrong[0], statistic)
            cell = row[column]
            at = place(self.shown, cell.line, cell.column)
            self._leave(row, "impossible numbers", f"{at}: {column} {cell.text!r} {wrong[1]}")
            return None
        missing = [_column(n, statistic) for n, text in numbers.items() if not text]
        if missing or not numbers:
            numbers = {}
            if not printed:
                detail = f"{', '.join(missing)} missing" if missing else ""
                self._leave(row, "no complete numbers, and no effect with its standard error", detail)
                return None
        return self._placed(row, kind, (first, second), numbers, statistic, printed)

    def _placed(
        self, row: Mapping[str, Cell], kind: str, sides: tuple[Side, Side], numbers: Mapping[str, str], statistic: str,
        printed: Mapping[str, tuple[str, str]],
    ) -> Line | None:  # fmt: skip
        """A line with its outcome, instrument and time, arms in the order in which an earlier line has them."""
        hours = self._hours(row)
        is_before = hours.startswith("-") or bool(_BEFORE.fullmatch(text_of(row, "time")))
        measured = is_measured(kind)
        if not numbers and is_before:
            self._leave(row, "an effect printed for a time before the treatment")
            return None
        if not text_of(row, "instrument"):
            self.unspecified.append(row["study"].line)
        of_counts = text_of(row, "dich") if kind in ("dich", "dichotomous") else ""
        named = text_of(row, "instrument_symptom") or "symptoms" if measured else of_counts or kind
        base = self._outcomes.get(slug(named, named.casefold(), 400), named, "outcome")
        outcome = self._with_suffix(row, base, is_before and not statistic)
        study = text_of(row, "study")
        line = Line(
            row, kind, study, outcome, base, sides, (1, 2), self._scale(row), hours, statistic, numbers, printed,
            is_before,
        )  # fmt: skip
        one, two = sides[0].key, sides[1].key
        if (study, two, one) in self._seen:
            self.turned.append(line.at)
            return _turned(line)
        self._seen.setdefault((study, one, two), line.at)
        return line

    def _unknown_type(self, line: Mapping[str, Cell]) -> bool:
        """Whether an outcome_type is not known, and the line holds means: it would become counts that are not there."""
        kind = text_of(line, "outcome_type").lower()
        means = [f"{p}_arm{n}" for n in "12" for p in ("mean", "mean_change")]
        events = [f"event_arm{n}" for n in "12"]
        if kind in MEANS or _EFFECT_ONLY.fullmatch(kind) or any(text_of(line, n) for n in events):
            return False
        if not any(text_of(line, n) for n in means):
            return False
        near = get_close_matches(kind, MEANS, n=1, cutoff=0.4)
        hint = f"Fix: did you mean {near[0]!r}?" if near else f"Allowed for means: {', '.join(MEANS)}."
        self._refuse(line, "outcome_type", "is not known, and the line holds means, not events", hint)
        return True

    def _numbers(self, row: Mapping[str, Cell], kind: str) -> tuple[dict[str, str], str]:
        if _EFFECT_ONLY.fullmatch(kind):
            return {}, ""
        statistic = MEANS.get(kind, "")
        parts = ("n", "m", "sd") if statistic else ("e", "n")
        return {f"{p}{n}": self.number(row, _column(f"{p}{n}", statistic)) for n in "12" for p in parts}, statistic

    def _printed(self, row: Mapping[str, Cell]) -> dict[str, tuple[str, str]]:
        found = {}
        for name in PRINTED:
            effect, se = self.number(row, name, strict=False), self.number(row, f"{name}_se", strict=False)
            too_far = name.endswith("rr") and effect and abs(float(effect)) > 50
            if effect and se and float(se) > 0 and abs(Decimal(effect)) < _LARGEST and not too_far:
                found[name] = (effect, se)
        return found

    def _hours(self, row: Mapping[str, Cell]) -> str:
        for name, hours in (("time_days", 24), ("time_weeks", 168)):
            text = self.number(row, name, strict=False)
            if text and abs(Decimal(text)) < _LARGEST:
                made = Decimal(text) * hours
                return f"{made.normalize():f}" if made else "0"
        return ""

    def _with_suffix(self, row: Mapping[str, Cell], base: str, other_time: bool) -> str:
        if text_of(row, "post_crossover") == "1":
            return f"{base}_after_crossover"
        if text_of(row, "primary_instrument") == "0":
            return f"{base}_other_scale"
        if text_of(row, "primary_timepoint") == "0" or other_time:
            return f"{base}_other_time"
        time = text_of(row, "time")
        if _FOLLOW_UP.match(time):
            return self._outcomes.get((base, slug(time, "fu", 400)), f"{base} {slug(time, 'fu', 20)}", "outcome", 70)
        return base

    def _scale(self, row: Mapping[str, Cell]) -> str:
        """Name of the instrument in one spelling."""
        name = drawable(text_of(row, "instrument").lstrip("=@+-'").upper()) or UNSPECIFIED
        near = slip_of(name)
        if near:
            self.renamed[name] = near
        if near or not is_taken("scale", name):
            name = f"{name} (AS WRITTEN)"
        return self._scales.setdefault(re.sub(r"[\s_.-]", "", name).casefold() or name, name)


def impossible(numbers: Mapping[str, str], statistic: str) -> tuple[str, str] | None:
    """The first number that cannot be, and why; None if all can."""
    # Effective sizes of cluster trials are no whole numbers, and nor are their events.
    clusters = any(not is_whole(numbers.get(f"n{arm}") or "0") for arm in "12")
    for arm in "12":
        for name in (f"{p}{arm}" for p in ("n", "sd", "m", "e")):
            text = numbers.get(name, "")
            if not text:
                continue
            value = Decimal(text)
            total = numbers.get(f"n{arm}", "")
            if abs(value) > (Decimal(10_000_000) if name[0] == "n" else _LARGEST):
                return name, "is too large"
            if name[0] == "n" and value < (1 if not statistic else 0):
                return name, "is no number of patients"
            if name[0] == "n" and statistic and value <= 1:
                return name, "is no number of patients that have a standard deviation"
            if name[:2] == "sd" and value <= 0:
                return name, "is no standard deviation"
            if name[0] == "e" and (
                value < 0 or (total and value > Decimal(total)) or (not is_whole(text) and not clusters)
            ):
                return name, f"is no number of patients with the event, from 0 to {total or 'the total'}"
    return None


def is_whole(text: str) -> bool:
    """Whether a number is whole; one of any length."""
    value = Decimal(text)
    return value == value.to_integral_value()


def fractional(line: Line) -> bool:
    """Whether a size or a count of a line is no whole number, as those of cluster trials are."""
    return any(not is_whole(x or "0") for n, x in line.numbers.items() if n[0] in "ne")


def _column(name: str, statistic: str) -> str:
    """Column of the file that a number stands in."""
    part, arm = name[:-1], name[-1]
    if not statistic:
        return f"{'event' if part == 'e' else 'totaln'}_arm{arm}"
    infix = "_change" if statistic == "change" else ""
    return f"{'mean' if part == 'm' else part}{infix}_arm{arm}"


def _turned(line: Line) -> Line:
    """A line with its arms exchanged."""
    other = {"1": "2", "2": "1"}
    return replace(
        line,
        sides=(line.sides[1], line.sides[0]),
        places=(line.places[1], line.places[0]),
        numbers={f"{n[:-1]}{other[n[-1]]}": text for n, text in line.numbers.items()},
        printed={name: (_negated(effect), se) for name, (effect, se) in line.printed.items()},
    )


def _negated(text: str) -> str:
    return text if text == "0" else text[1:] if text.startswith("-") else f"-{text}"


def float_of(text: str) -> float:
    """Value of a number, NaN where there is none."""
    return float(text) if text else math.nan
