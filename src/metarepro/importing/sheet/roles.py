"""What each column of a sheet is taken for: by `--map`, else by its header."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import NoReturn

from metarepro.effects.registry import COLUMNS
from metarepro.errors import ConfigError, Problem
from metarepro.evidence.reader import Cell
from metarepro.importing.sheet.expressions import (
    Assignment,
    Column,
    Words,
    columns_of,
    name_in_map,
    parse_map,
    refuse_map,
)
from metarepro.importing.sheet.families import ESTIMATES, PARTS_OF_MEANS, SPREADS, Choice, choose, of_arm, what_lacks
from metarepro.importing.sheet.grid import Sheet
from metarepro.importing.sheet.headers import (
    EFFECT_OF,
    LOG_OF,
    SIDE_OF,
    SPREAD_OF,
    TEXT_OF,
    is_correlation,
    plain,
    profile_of,
    quantity_and_side,
    unit_of_time,
)
from metarepro.importing.sheet.numbers import is_missing, is_number, take_interval

TEXTS = (
    "study", "label", "year", "time", "outcome", "scale", "subgroup", "cluster", "experimental", "control", "arm",
)  # fmt: skip
_RAW = dict.fromkeys(
    c for name, columns in COLUMNS.items() if name not in ("generic", "hazard_ratios") for c in columns
)
# In the order in which they are shown.
NUMBERS = tuple(
    dict.fromkeys((
        *ESTIMATES, *SPREADS, *(of_arm(q, s) for s in ("1", "2", "") for q in ("e", "t", *PARTS_OF_MEANS)),
        *_RAW,
    ))
)  # fmt: skip
# Names of other programs and of this library's options.
_ALIASES = {"yi": "estimate", "vi": "variance", "sei": "se", "level": "ci_level", "p": "p_value"}


@dataclass(frozen=True)
class Roles:
    """What the columns are taken for.

    Attributes
    ----------
    numbers, texts : dict
        Targets and what they are made of.
    choice : Choice
        The measure.
    is_long : bool
        Whether each row is an arm.
    unit : str
        Unit of times, as the header names it.
    """

    numbers: dict[str, Assignment]
    texts: dict[str, Assignment]
    choice: Choice
    is_long: bool
    unit: str

    @property
    def columns(self) -> set[str]:
        """Columns that are taken for something."""
        given = (*self.numbers.values(), *self.texts.values())
        return {c.name for a in given for c in columns_of(a.expression)}

    def as_map(self) -> str:
        """The same as `--map` takes it."""
        return ", ".join(f"{t}={a.text}" for t, a in (*self.texts.items(), *self.numbers.items()))


def read_map(text: str) -> dict[str, Assignment]:
    """Targets of `--map`, with their names checked.

    Raises
    ------
    ConfigError
        E102: it cannot be read, or names a target that does not exist.
    """
    found = {}
    for target, made in parse_map(text).items() if text.strip() else ():
        name = _ALIASES.get(target, target)
        if name not in (*TEXTS, *NUMBERS):
            near = get_close_matches(target, (*TEXTS, *NUMBERS), n=1, cutoff=0.5)
            hint = f"Fix: did you mean {near[0]!r}?" if near else f"Allowed: {', '.join((*TEXTS, *NUMBERS))}."
            refuse_map(text, made.at, f"there is no {target!r}", hint)
        if name in TEXTS and not isinstance(made.expression, Column | Words):
            refuse_map(text, made.at, f"{target} is a text, and cannot be computed", "Fix: name one column.")
        if name not in TEXTS and isinstance(made.expression, Words):
            refuse_map(text, made.at, f"{target} is a number, not a text",
                       "Fix: name a column; in backticks if it has blanks.")  # fmt: skip
        found[name] = made
    return found


def find_roles(sheet: Sheet, given: dict[str, Assignment], map_text: str, measure: str | None) -> Roles:
    """What each column is taken for.

    Parameters
    ----------
    sheet : Sheet
    given : dict
        What the user says.
    map_text : str
        The same as written.
    measure : str or None
        Measure that the user names.

    Raises
    ------
    ConfigError
        A column is not there, or the headers do not say enough; an example of `--map` is shown.
    """
    given = {t: _spelt(a, sheet, map_text) for t, a in given.items()}
    used = {c.name for a in given.values() for c in columns_of(a.expression)}
    free = [n for n in sheet.names if n not in used]
    texts = {t: a for t, a in given.items() if t in TEXTS}
    numbers = {t: a for t, a in given.items() if t not in TEXTS}
    twice: dict[str, list[str]] = {}
    printed_as = ""
    if not numbers:
        numbers, twice, printed_as = _known_numbers(sheet, free, measure)
    taken = {c.name for a in numbers.values() for c in columns_of(a.expression)}
    found, unit = _known_texts(sheet, [n for n in free if n not in taken], texts)
    texts = {**found, **texts}
    scales = len({_cell(row, texts["scale"]) for row in sheet.rows}) if "scale" in texts else 1
    is_long = False
    choice = choose(numbers, measure, printed_as, scales)
    if "arm" in texts:
        # One row an arm: what each row has is there for both.
        pairs = {of_arm(t, side): a for t, a in numbers.items() if t in (*PARTS_OF_MEANS, "e", "t") for side in "12"}
        long_choice = choose(pairs, measure, printed_as, scales) if _is_paired(sheet, texts) else None
        if long_choice and (choice is None or choice.targets[0] in PARTS_OF_MEANS or choice.targets[0] == "e"):
            choice, is_long = long_choice, True
        elif "arm" not in given:
            del texts["arm"]
    if choice is None:
        _ask(sheet, texts, numbers, twice, measure)
    needed = {t[:-1] if is_long and t[-1] in "12" else t for t in choice.targets}
    needed = {t.rstrip("_") for t in needed} if is_long else needed
    doubled = [t for t in needed if t in twice]
    if doubled:
        _ask(sheet, texts, {t: a for t, a in numbers.items() if t not in doubled}, twice, measure)
    # An effect that is printed beside the numbers of the arms stays the user's own column, unless it was named.
    kept = {t: a for t, a in numbers.items() if t in needed or t in given}
    if "study" not in texts:
        texts = {"study": _first_text(sheet, kept, texts), **texts}
    kept = dict(sorted(kept.items(), key=lambda item: NUMBERS.index(item[0])))
    return Roles(kept, {t: texts[t] for t in TEXTS if t in texts}, choice, is_long, unit)


def _spelt(made: Assignment, sheet: Sheet, map_text: str) -> Assignment:
    """Refuse columns that are not there."""
    for column in columns_of(made.expression):
        if column.name in sheet.names:
            continue
        same = [n for n in sheet.names if plain(n) == plain(column.name)]
        near = same or get_close_matches(column.name, sheet.names, n=1, cutoff=0.5)
        fix = f"Fix: did you mean {name_in_map(near[0])}?" if near else "Fix: name one of them."
        columns = f"Columns: {', '.join(sheet.names)}."
        refuse_map(map_text, column.at, f"the sheet has no column {column.name!r}", columns, fix, code="E106")
    return made


def _holds(sheet: Sheet, name: str, interval: bool = False) -> bool:
    """Whether most cells of a column are numbers, or intervals."""
    texts = [row[name].text for row in sheet.rows if not is_missing(row[name].text)]
    fine = [is_number(t, sheet.decimal) or (interval and take_interval(t, sheet.decimal) is not None) for t in texts]
    return bool(texts) and 2 * sum(fine) > len(texts)


def _may_be_number(sheet: Sheet, cell: Cell) -> bool:
    return is_number(cell.text, sheet.decimal) or (cell.line, cell.column) in sheet.doubtful


def _known_numbers(
    sheet: Sheet, free: Sequence[str], measure: str | None
) -> tuple[dict[str, Assignment], dict[str, list[str]], str]:
    """Numbers that the headers name, targets that several columns may be, and the measure of a printed effect."""
    # Where a header names a number, one number below is enough: the other cells are refused at their places.
    numeric = [n for n in free if any(_may_be_number(sheet, row[n]) for row in sheet.rows)]
    named = {plain(n): n for n in numeric}
    found: dict[str, Assignment] = {}
    used: set[str] = set()
    while profile := profile_of(numeric, frozenset(used)):
        if set(profile) & set(found):
            break
        for target, made in profile.items():
            found[target] = _sum([named[part] for part in made.split("+")])
        used |= {named[part] for made in profile.values() for part in made.split("+")}
    candidates: dict[str, list[str]] = {}
    for name in numeric:
        arm = quantity_and_side(name)
        if name in used:
            continue
        if plain(name) in _RAW and name not in used and not arm:
            candidates.setdefault(plain(name), []).append(name)
        elif arm and not (arm == ("se", "") and plain(name) in SPREAD_OF):
            candidates.setdefault(of_arm(*arm), []).append(name)
        elif is_correlation(name):
            candidates.setdefault("r", []).append(name)
    printed_as = _known_effect(numeric, used, candidates, measure)
    for name in free:
        spread = SPREAD_OF.get(plain(name))
        fits = name in numeric or spread == "p_value" or (spread == "ci" and _holds(sheet, name, interval=True))
        if name not in used and spread and fits:
            candidates.setdefault(spread, []).append(name)
    twice = {t: names for t, names in candidates.items() if len(names) > 1}
    for target, names in candidates.items():
        if target not in found:
            found[target] = _sum(names[:1])
    return found, twice, printed_as


def _known_effect(numeric: Sequence[str], used: set[str], candidates: dict[str, list[str]], measure: str | None) -> str:
    """Put the printed effect among the candidates; its measure by its header."""
    effects = {n: (EFFECT_OF.get(plain(n)) or LOG_OF[plain(n)]) for n in numeric
               if n not in used and (plain(n) in EFFECT_OF or plain(n) in LOG_OF)}  # fmt: skip
    wanted = [n for n, code in effects.items() if measure is None or code in (measure, "GEN")] or list(effects)
    for name in wanted:
        candidates.setdefault("log_estimate" if plain(name) in LOG_OF else "estimate", []).append(name)
    if "log_estimate" in candidates and "estimate" in candidates:
        del candidates["log_estimate"]
        wanted = candidates["estimate"]
    return effects[wanted[0]] if wanted else ""


def _known_texts(sheet: Sheet, free: Sequence[str], given: dict[str, Assignment]) -> tuple[dict[str, Assignment], str]:
    """Texts that the headers name, and the unit of times."""
    found: dict[str, list[str]] = {}
    for name in free:
        target = TEXT_OF.get(plain(name))
        if target:
            found.setdefault(target, []).append(name)
        elif plain(name) in ("experimental", "control", "comparator") and not _holds(sheet, name):
            found.setdefault("control" if SIDE_OF[plain(name)] == "2" else "experimental", []).append(name)
    studies, authors = found.pop("study", []), found.pop("author", [])
    if authors and (not studies or all(_holds(sheet, n) for n in studies)):
        found["study"] = authors
    elif studies:
        found["study"] = studies
    unit = ""
    if "time" not in given:
        for name in free:
            told = unit_of_time(name)
            with_units = told == "" and _have_units(sheet, name)
            if (told and (_holds(sheet, name) or _have_units(sheet, name))) or with_units:
                found.setdefault("time", []).append(name)
                unit = told or ""
                break
    else:
        named = columns_of(given["time"].expression)
        unit = (unit_of_time(named[0].name) or "") if named else ""
    return {t: _sum(names[:1]) for t, names in found.items() if t not in given}, unit


def _have_units(sheet: Sheet, name: str) -> bool:
    with_unit = re.compile(r"\d+([.,]\d+)? ?(min|h|d|wk|mo|weeks?|days?|hours?|months?)")
    texts = [row[name].text for row in sheet.rows if not is_missing(row[name].text)]
    return bool(texts) and all(map(with_unit.fullmatch, texts))


def _sum(names: Sequence[str]) -> Assignment:
    parsed = parse_map("x=" + "+".join(name_in_map(n) for n in names))["x"]
    return Assignment(parsed.expression, parsed.text)


def _cell(row: dict[str, Cell], made: Assignment) -> str:
    if isinstance(made.expression, Words):
        return made.expression.text
    assert isinstance(made.expression, Column)
    return row[made.expression.name].text.strip()


def _is_paired(sheet: Sheet, texts: dict[str, Assignment]) -> bool:
    """Whether some study has rows of several arms."""
    if "study" not in texts:
        return False
    arms: dict[str, set[str]] = {}
    for row in sheet.rows:
        arms.setdefault(_cell(row, texts["study"]), set()).add(_cell(row, texts["arm"]))
    return any(len(found) > 1 for found in arms.values())


def _first_text(sheet: Sheet, numbers: dict[str, Assignment], texts: dict[str, Assignment]) -> Assignment:
    """The first column of texts that tells the rows apart; it names the studies."""
    used = {c.name for a in (*numbers.values(), *texts.values()) for c in columns_of(a.expression)}
    for name in sheet.names:
        cells = [row[name].text.strip() for row in sheet.rows]
        if name not in used and not _holds(sheet, name) and all(cells) and len(set(cells)) == len(cells):
            return _sum([name])
    example = name_in_map(next((n for n in sheet.names if n not in used), sheet.names[0]))
    details = (f"Columns: {', '.join(sheet.names)}.", f"Fix: say it, as in --map {shlex.quote(f'study={example}')}")
    first = sheet.header[0]
    raise ConfigError([Problem("E106", "no column names the studies", sheet.path, first.line, details=details)])


def _ask(
    sheet: Sheet, texts: dict[str, Assignment], numbers: dict[str, Assignment], twice: dict[str, list[str]],
    measure: str | None,
) -> NoReturn:  # fmt: skip
    """Refuse headers that do not say enough, with an example made of them.

    Raises
    ------
    ConfigError
        Always.
    """
    known = {**texts, **numbers}
    details = [f"Columns: {', '.join(sheet.names)}."]
    sure = ", ".join(f"{t}={a.text}" for t, a in known.items() if t not in twice)
    details += [f"Recognised: {sure}."] if sure else []
    details += [f"{target} may be {' or '.join(names)}." for target, names in twice.items()]
    lacking = what_lacks([t for t in numbers if t not in twice], measure)
    details += [lacking] if lacking else []
    taken = {c.name for a in known.values() for c in columns_of(a.expression)}
    spare = [n for n in sheet.names if n not in taken and _holds(sheet, n)]
    study = texts["study"].text if "study" in texts else name_in_map(sheet.names[0])
    wanted = re.findall(r"\w+", lacking.partition(" needs ")[2].removesuffix(" too."))
    parts = [f"{t}={a.text}" for t, a in numbers.items() if t not in twice] if wanted else []
    parts += [f"{t}={name_in_map(n)}" for t, n in zip(wanted or ("e1", "n1", "e2", "n2"), spare, strict=False)]
    parts += [f"{t}=COLUMN" for t in wanted[len(spare) :]]
    details.append(f"Fix: say it, as in --map {shlex.quote(', '.join([f'study={study}', *parts]))}")
    first = sheet.header[0]
    what = "the headers do not say which numbers the columns hold"
    raise ConfigError([Problem("E106", what, sheet.path, first.line, details=tuple(details))])
