"""Words of the configuration that the tables do not have: a typo there would empty an analysis without a word."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from metarepro.analysis.columns import columns_known
from metarepro.analysis.config import Analysis, Config, with_settings
from metarepro.analysis.moderator_values import moderator_names
from metarepro.analysis.selection.eligibility import kinds_of
from metarepro.analysis.yaml_reader import read_yaml
from metarepro.effects.registry import ARM_TABLES, get_measure
from metarepro.errors import ConfigError, DataError, MetareproError, Problem
from metarepro.evidence.dataset import Dataset
from metarepro.evidence.integrity.codes import WARNINGS
from metarepro.evidence.tables import PublishedResult


def check_words(config: Config, data: Dataset, path: Path, shown: str) -> None:
    """Refuse agents, diagnoses, studies, scales and outcomes that no row has, and tables that are needed and empty.

    Raises
    ------
    ConfigError
        E106, each with its line and the nearest word of the tables.
    DataError
        E033: a word of the tables that no analysis uses and that is one letter off one that is used.
    """
    _, places = read_yaml(path.read_text(encoding="utf-8-sig"), shown)
    rows = data.number_rows
    known = {
        "agent": {a.agent for a in data.arms.values()},
        "diagnosis": {s.diagnosis for s in data.studies.values()},
        "studies": set(data.studies),
        "scale": {str(getattr(r, "scale", "")) for r in rows},
        "outcome": {str(getattr(r, "outcome", "")) for r in rows},
        "column": columns_known(data),
    }
    problems: list[Problem] = []

    def check(words: Iterable[str], kind: str, where: tuple[Any, ...]) -> None:
        for word in words:
            if word not in known[kind]:
                longer = sorted(x for x in known[kind] if x.startswith(word))[:1]
                near = longer or get_close_matches(word, known[kind], n=1, cutoff=0.6)
                fix = f"Fix: did you mean {near[0]!r}?" if near else "Fix: use a word of the tables."
                place = where
                while place and place not in places:
                    place = place[:-1]
                line, column = places.get(place, (0, 0))
                what = f"no row of the tables has {kind} {word!r}"
                problems.append(Problem("E106", what, shown, line, column, (fix,)))

    analyses: list[tuple[tuple[Any, ...], Analysis]] = [(("analyses", i), a) for i, a in enumerate(config.analyses)]
    ids = {a.id: a for a in config.analyses}
    for index, target in enumerate(config.reproduction.targets):
        if target.analysis is not None and target.changes:
            at = ("reproduction", "targets", index, "changes")
            analyses.append((at, with_settings(ids[target.analysis], target.changes)))
    for at, a in analyses:
        check(a.experimental.agent, "agent", (*at, "experimental", "agent"))
        if a.control:
            check(a.control.agent, "agent", (*at, "control", "agent"))
        check(a.scale, "scale", (*at, "scale"))
        check(a.outcome, "outcome", (*at, "outcome"))
        if a.subgroups and a.subgroups not in ("control_agent", "level"):
            check([a.subgroups], "column", (*at, "subgroups"))
        own_figure = (*at, "figure") if (*at, "figure", "columns") in places else ("figure",)
        for n, shown_column in enumerate(a.figure.columns):
            check([shown_column.source], "column", (*own_figure, "columns", n, "from"))
        if a.moderators:
            try:
                moderator_names(a.moderators, sorted(known["column"]))
            except MetareproError as error:
                line, column = places.get((*at, "moderators"), (0, 0))
                problems.append(Problem("E106", f"moderators of analysis {a.id!r}: {error}", shown, line, column))
        for name in a.population.where:
            check([name], "column", (*at, "population", "where", name))
        for name, kind in (("diagnosis", "diagnosis"), ("studies", "studies"), ("exclude_studies", "studies")):
            check(getattr(a.population, name), kind, (*at, "population", name))
        arms = ARM_TABLES.get(get_measure(a.measure).inputs, "")
        tables = {"arms": arms, "comparisons": "comparisons", "contrasts": "contrasts"}
        needed = [tables[kind] for kind in kinds_of(a) if tables[kind]]
        table = arms if kinds_of(a)[:1] == ("arms",) else ""
        if not any(getattr(data, name) for name in needed):
            line, column = places.get((*at, "measure"), (0, 0))
            named = " or ".join(f"{config.data}/{name}.csv" for name in needed)
            what = f"analysis {a.id!r} needs {named}, which {'has' if len(needed) == 1 else 'have'} no rows"
            problems.append(
                Problem("E106", what, shown, line, column, ("Fix: fill the table, or delete the analysis.",))
            )
        elif table and not data.comparisons:
            problems += _empty(a, data, config.data, table, shown, places.get((*at, "time"), places.get(at, (0, 0))))
    for number, change in enumerate(config.sensitivity):
        for name, kind in (("diagnosis", "diagnosis"), ("studies", "studies"), ("exclude_studies", "studies")):
            words = change.population.get(name, ())
            words = (words,) if isinstance(words, str) else words
            check(words, kind, ("sensitivity", number, "population", name))
    for number, entry in enumerate(config.accept):
        if entry.code not in WARNINGS:
            line, column = places.get(("accept", number, "code"), (0, 0))
            near = get_close_matches(entry.code, WARNINGS, n=1)
            what, fix = f"there is no finding {entry.code!r}", f"Fix: did you mean {(near or ['W012'])[0]!r}?"
            problems.append(Problem("E106", what, shown, line, column, (fix,)))
        reviews = {row.review_id for row in data.others["published_results"] if isinstance(row, PublishedResult)}
        if entry.study not in reviews:
            check([entry.study], "studies", ("accept", number, "study"))
    if problems:
        raise ConfigError(list({str(p): p for p in problems}.values()))
    _check_near_misses(config, data)


def _empty(a: Analysis, data: Dataset, folder: str, table: str, shown: str, place: tuple[int, int]) -> list[Problem]:
    """An analysis whose table has no row of its outcome, or none in its time window: it could only come out empty."""
    rows = [r for r in getattr(data, table) if r.outcome in a.outcome]
    what = f"analysis {a.id!r}: "
    if not rows:
        what += f"{folder}/{table} has no row of {' or '.join(a.outcome)}, and {a.measure} is made of that table"
        fix = "Fix: another measure or outcome."
        return [Problem("E106", what, shown, *place, (fix,))]
    times = sorted({r.timepoint_h for r in rows if r.timepoint_h is not None})
    window = a.time
    if window is None or (window.undated and len(times) < len(rows)) or "contrasts" in kinds_of(a):
        return []
    if any(window.low <= t <= window.high for t in times):
        return []
    what += f"no row of {' or '.join(a.outcome)} lies from {window.low:g} to {window.high:g} hours"
    seen = ", ".join(f"{t:g}" for t in times[:8]) + (", ..." if len(times) > 8 else "")
    details = (f"The tables have: {seen or 'no printed time'}.", "Fix: the window, or the times. Are they in hours?")
    return [Problem("E106", what, shown, *place, details)]


def _check_near_misses(config: Config, data: Dataset) -> None:
    """Refuse outcomes and agents one letter off a word in use: their rows would be passed over without a word."""
    outcomes = {o for a in config.analyses for o in a.outcome}
    agents = {w for a in config.analyses for side in (a.experimental, a.control) if side for w in side.agent}
    problems = []
    words = [(r, "outcome", outcomes) for r in data.number_rows]
    slips: dict[tuple[str, str], str | None] = {}
    for row, kind, used in [*words, *((a, "agent", agents) for a in data.arms.values())]:
        word = str(getattr(row, kind))
        if (kind, word) not in slips:
            close = (u for u in sorted(used) if word not in used and _one_letter_off(word, u))
            slips[kind, word] = next(close, None)
        near = slips[kind, word]
        if near:
            what = f"{kind} {word!r} is used by no analysis, but {near!r} is"
            fix = f"Fix: write {near!r}, or give it a name that differs more."
            problems.append(Problem("E033", what, row.file, row.line, details=(fix,)))
    if problems:
        raise DataError(problems)


def _one_letter_off(a: str, b: str) -> bool:
    """Whether two words differ by case only, or by one letter put in, left out, changed or swapped with the next."""
    a, b = a.casefold(), b.casefold()
    if a == b:
        return True
    if abs(len(a) - len(b)) > 1 or min(len(a), len(b)) < 4:
        return False
    start = next((i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))
    rest_a, rest_b = a[start:], b[start:]
    swapped = rest_a[:2] == rest_b[1::-1] and rest_a[2:] == rest_b[2:]
    return rest_a[1:] == rest_b or rest_a == rest_b[1:] or rest_a[1:] == rest_b[1:] or swapped
