"""Rows of a sheet -> comparisons: texts, and numbers by the keywords of `effect_sizes`."""

from __future__ import annotations

import math
import re
import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from metarepro.effects.quantiles import mean_sd_from_quantiles
from metarepro.effects.registry import MEASURES
from metarepro.errors import DataError, Problem, place
from metarepro.evidence.reader import Cell
from metarepro.figures.page.fonts import undrawable
from metarepro.importing.names import clean_text
from metarepro.importing.sheet.expressions import Assignment, Column, Words, columns_of, compute
from metarepro.importing.sheet.families import of_arm
from metarepro.importing.sheet.grid import Sheet
from metarepro.importing.sheet.headers import SIDE_OF, words_of
from metarepro.importing.sheet.numbers import is_missing, take_interval, take_number
from metarepro.importing.sheet.roles import Roles

# Arms of which nobody would say that they are the treatment under study.
_CONTROLS = frozenset(
    ("tau", "usual", "waitlist", "waiting", "wl", "sham", "standard", "none", "untreated", "0", "warteliste", "ohne")
) | {word for word, side in SIDE_OF.items() if side == "2"}


@dataclass
class Entry:
    """One comparison, or one arm of a long sheet.

    Attributes
    ----------
    cells : dict
        Cells of its row by column; of both arms where two rows were joined.
    texts : dict
        Target to text: study, year, outcome ...
    numbers : dict
        Target to number, as text.
    """

    cells: dict[str, Cell]
    texts: dict[str, str]
    numbers: dict[str, str] = field(default_factory=dict)

    @property
    def line(self) -> int:
        """Line of the sheet."""
        return next(iter(self.cells.values())).line


def make_entries(sheet: Sheet, roles: Roles) -> tuple[list[Entry], list[str]]:
    """All comparisons of a sheet, and what was left out or assumed.

    Raises
    ------
    DataError
        Cells that are no numbers (E011), that a spreadsheet made of something else (E050), or arms that do not pair
        (E041).
    """
    problems: list[Problem] = []
    notes: list[str] = []
    entries = []
    for row in sheet.rows:
        texts = {t: _text(row, a) for t, a in roles.texts.items()}
        entry = Entry(dict(row), texts)
        for target, made in roles.numbers.items():
            entry.numbers |= _numbers(sheet, row, target, made, f'row: study = "{texts["study"]}"', problems)
        entries.append(entry)
    used = roles.columns
    problems += [
        problem for row in sheet.rows for name, cell in row.items()
        if name in used and (problem := sheet.doubtful.get((cell.line, cell.column)))
    ]  # fmt: skip
    if problems:
        raise DataError(list(dict.fromkeys(problems)))
    entries, unnamed = _named(entries, sheet)
    notes += unnamed
    if roles.is_long:
        entries, unpaired = _pair(entries, sheet, roles)
        notes += unpaired
    notes += _finish(entries, sheet, roles)
    return entries, notes


def drawable(text: str) -> str:
    """One clean line, with a question mark for each character that the figures' fonts lack."""
    text = clean_text(text, 190)
    while character := undrawable(text):
        text = text.replace(character, "?")
    return text


def _text(row: dict[str, Cell], made: Assignment) -> str:
    if isinstance(made.expression, Words):
        return made.expression.text
    assert isinstance(made.expression, Column)
    text = row[made.expression.name].text
    return "" if is_missing(text) else drawable(text)


def _numbers(
    sheet: Sheet, row: dict[str, Cell], target: str, made: Assignment, key: str, problems: list[Problem]
) -> dict[str, str]:
    """Number of a target; both ends of an interval."""
    if target in ("ci", "p_value") and isinstance(made.expression, Column):
        cell = row[made.expression.name]
        if is_missing(cell.text):
            return {}
        if target == "p_value":
            text = re.sub(r"^p\s*=?\s*", "", cell.text.strip(), flags=re.I)
            return {"p_value": re.sub(r"(?<=\d),(?=\d)", ".", text) if sheet.decimal == "," else text}
        ends = take_interval(cell.text, sheet.decimal)
        if ends is None:
            what = f"{made.expression.name} {cell.text!r} is no interval"
            fix = "Fix: write both ends, as in 0.52 to 0.98."
            problems.append(Problem("E011", what, sheet.path, cell.line, cell.column, (key, fix)))
            return {}
        return {"ci_low": f"{ends[0]:f}", "ci_high": f"{ends[1]:f}"}
    wrong: list[Problem] = []
    value = compute(made.expression, _number_of(sheet, row, key, wrong))
    problems += wrong
    return {} if value is None or wrong else {target: f"{value:f}"}


def _number_of(sheet: Sheet, row: dict[str, Cell], key: str, wrong: list[Problem]) -> Callable[[str], Decimal | None]:
    def number(name: str) -> Decimal | None:
        found = take_number(row[name], name, sheet.decimal, sheet.path, key)
        if isinstance(found, Problem):
            wrong.append(found)
            return None
        return found

    return number


def _named(entries: Sequence[Entry], sheet: Sheet) -> tuple[list[Entry], list[str]]:
    """Rows with a study; an empty name takes that above, as where cells were merged."""
    kept: list[Entry] = []
    notes = []
    for entry in entries:
        if not entry.texts["study"]:
            where = _where(sheet, entry)
            if not kept or not entry.numbers:
                notes.append(f"A row without a study, not read: {where}.")
                continue
            for target in ("study", "label", "year"):
                if target in entry.texts:
                    entry.texts[target] = entry.texts[target] or kept[-1].texts[target]
            notes.append(f"No study is named at {where}; it was taken as {kept[-1].texts['study']}, named above.")
        kept.append(entry)
    return kept, notes


def _where(sheet: Sheet, entry: Entry) -> str:
    first = next((c for c in entry.cells.values() if c.text.strip()), next(iter(entry.cells.values())))
    return place(sheet.path, first.line, first.column)


# -- long sheets: one row an arm -----------------------------------------------------------------------------------


def _pair(entries: Sequence[Entry], sheet: Sheet, roles: Roles) -> tuple[list[Entry], list[str]]:
    """Rows of arms joined to comparisons of each experimental arm with the control."""
    groups: dict[tuple[str, ...], list[Entry]] = {}
    for entry in entries:
        key = tuple(entry.texts.get(t, "") for t in ("study", "year", "outcome", "scale", "time"))
        groups.setdefault(key, []).append(entry)
    problems: list[Problem] = []
    joined: list[Entry] = []
    notes = []
    controls: dict[str, None] = {}
    for members in groups.values():
        if len(members) == 1:
            where = _where(sheet, members[0])
            notes.append(f"{members[0].texts['study']} has one arm only, not read: {where}.")
            continue
        arms = [m.texts["arm"] for m in members]
        control = [m for m in members if _is_control(m)]
        at = roles.texts["arm"].expression
        assert isinstance(at, Column)
        cell = members[-1].cells[at.name]
        row = f'row: study = "{members[0].texts["study"]}"'
        if len(set(arms)) < len(arms):
            arm = next(a for n, a in enumerate(arms) if a in arms[:n])
            details = (row, f"Rows: {', '.join(_where(sheet, m) for m in members if m.texts['arm'] == arm)}.",
                       "Fix: tell them apart by a column of outcomes, times or scales, or delete one.")  # fmt: skip
            problems.append(
                Problem("E041", f"the arm {arm!r} is there twice", sheet.path, cell.line, cell.column, details)
            )
        elif len(control) != 1:
            what = "none is known as the control" if not control else "several may be the control"
            named = shlex.quote(f'control="{arms[-1]}"')
            fix = f"Fix: name it, as in --map {named}; a comma joins it to more of a map."
            problems.append(
                Problem("E041", f"of the arms {', '.join(arms)} {what}", sheet.path, cell.line, cell.column, (row, fix))
            )
        else:
            controls[control[0].texts["arm"]] = None
            joined += [_joined(m, control[0]) for m in members if m is not control[0]]
    if problems:
        raise DataError(problems)
    notes.append(f"One row an arm: {len(joined)} comparisons were made. Control arms: {', '.join(controls)}.")
    return joined, notes


def _is_control(entry: Entry) -> bool:
    named = entry.texts.get("control", "")
    arm = entry.texts["arm"]
    if named:
        return arm.casefold() == named.casefold()
    return bool(set(words_of(arm)) & _CONTROLS)


def _joined(one: Entry, two: Entry) -> Entry:
    cells = {n: c for n, c in one.cells.items() if c.text == two.cells[n].text}
    for name, cell in one.cells.items():
        if name not in cells:
            cells |= {f"{name}_experimental": cell, f"{name}_control": two.cells[name]}
    texts = {**one.texts, "experimental": one.texts["arm"], "control": two.texts["arm"]}
    numbers = {of_arm(t, side): x for side, arm in (("1", one), ("2", two)) for t, x in arm.numbers.items()}
    return Entry(cells, texts, numbers)


# -- what becomes another number -----------------------------------------------------------------------------------


def _finish(entries: Sequence[Entry], sheet: Sheet, roles: Roles) -> list[str]:
    """Put numbers into the columns of the tables; says what was computed."""
    notes = []
    for entry in entries:
        if "hr" in entry.numbers:
            entry.numbers["estimate"] = entry.numbers.pop("hr")
    info = MEASURES[roles.choice.measure]
    if "log_estimate" in roles.numbers:
        for entry in entries:
            _from_log(entry, info.ratio)
        notes.append(
            f"Effects on the log scale were turned into {info.label.lower()}s, and so were their intervals."
            if info.ratio else "Effects stay on the log scale on which they are printed, and so do their intervals."
        )  # fmt: skip
    elif roles.choice.printed and info.ratio:
        _refuse_logs(entries, sheet, roles, info.label)
    if info.inputs == "one_arm_means":
        notes += _one_arm_means(entries)
    return notes


def _from_log(entry: Entry, ratio: bool) -> None:
    if "log_estimate" in entry.numbers:
        entry.numbers["estimate"] = entry.numbers.pop("log_estimate")
    for target in ("estimate", "ci_low", "ci_high") if ratio else ():
        if target in entry.numbers:
            entry.numbers[target] = repr(math.exp(float(entry.numbers[target])))


def _refuse_logs(entries: Sequence[Entry], sheet: Sheet, roles: Roles, label: str) -> None:
    """Refuse ratios that are not above 0."""
    made = roles.numbers.get("estimate") or roles.numbers["hr"]
    logs = re.sub(r"(^|, )(estimate|hr)=", r"\1log_estimate=", roles.as_map())
    problems = []
    for entry in entries:
        if "estimate" in entry.numbers and float(entry.numbers["estimate"]) <= 0:
            cell = entry.cells[columns_of(made.expression)[0].name]
            details = (
                f'row: study = "{entry.texts["study"]}"',
                "Is the whole column on the log scale?",
                f"Fix: if it is, say so: --map {shlex.quote(logs)}; else correct the cell.",
            )
            what = f"{cell.text!r} is no {label.lower()}: it must be above 0"
            problems.append(Problem("E013", what, sheet.path, cell.line, cell.column, details))
    if problems:
        raise DataError(problems)


def _one_arm_means(entries: Sequence[Entry]) -> list[str]:
    """SDs of standard errors, means and SDs of quantiles, of single groups."""
    told: dict[str, None] = {}
    for entry in entries:
        numbers = entry.numbers
        size = float(numbers["n"]) if "n" in numbers else None
        if "se" in numbers and "sd" not in numbers and size:
            numbers["sd"] = repr(float(numbers["se"]) * math.sqrt(size))
            numbers["derivation"] = "SD = SE √n"
            told["SDs were computed from standard errors as SE √n."] = None
        if "median" in numbers and size and not ("m" in numbers and "sd" in numbers):
            given = {n: [float(numbers[k])] if k in numbers else None
                     for n, k in (("minimum", "min"), ("maximum", "max"), ("q1", "q1"), ("q3", "q3"))}  # fmt: skip
            made = mean_sd_from_quantiles(
                [size], [float(numbers["median"])], given["minimum"], given["maximum"], given["q1"], given["q3"]
            )
            if not math.isnan(made.sd[0]):
                numbers |= {
                    "m": repr(float(made.mean[0])),
                    "sd": repr(float(made.sd[0])),
                    "derivation": made.provenance,
                }
                told[made.provenance] = None
        for part in ("se", "median", "q1", "q3", "min", "max"):
            numbers.pop(part, None)
    return list(told)
