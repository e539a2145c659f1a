"""The configuration as a file: read, validated, checked for what no setting shows alone."""

from __future__ import annotations

import re
from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from metarepro.analysis.config import Config, changed, with_settings
from metarepro.analysis.config_problems import Places, config_problem, deduplicated, place_of
from metarepro.analysis.figure_settings import FigureSettings
from metarepro.analysis.model_settings import Model
from metarepro.analysis.models import RHOS
from metarepro.analysis.parts import Part
from metarepro.analysis.reserved_names import SINGLE_STUDIES
from metarepro.analysis.yaml_reader import MAX_CHARACTERS as MAX_BYTES
from metarepro.analysis.yaml_reader import read_yaml
from metarepro.errors import ConfigError, Problem
from metarepro.evidence.reader import likely_encoding, line_of, why_not_a_file


def read_config(path: Path, shown: str | None = None) -> Config:
    """Read and validate a configuration file.

    Raises
    ------
    ConfigError
        Every problem with its line and column and the nearest valid key.
    """
    shown = shown or path.name
    raw, places = read_yaml(_read_text(path, shown), shown)
    if not isinstance(raw, dict):
        fix = "Fix: write `key: value` lines; metarepro init writes a configuration to start from."
        raise ConfigError([Problem("E100", "the file holds no settings", shown, details=(fix,))])
    problems: list[Problem] = []
    listed = raw.get("analyses")
    parts: tuple[tuple[str, type[Part]], ...] = (("model", Model), ("figure", FigureSettings))
    for part, kind in parts:
        defaults = raw.get(part)
        if isinstance(defaults, dict) and isinstance(listed, list) and _valid(kind, defaults):
            # An analysis overrides single keys of the defaults, not the whole of them.
            listed = raw["analyses"] = [
                {**a, part: {**defaults, **a.get(part, {})}}
                if isinstance(a, dict) and isinstance(a.get(part, {}), dict) else a
                for a in listed
            ]  # fmt: skip
    try:
        config = Config.model_validate(raw)
    except ValidationError as error:
        errors = error.errors(include_url=False)
        # A list whose every entry is wrong is also "too short"; only the entries are worth a message.
        errors = [e for e in errors if e["type"] != "too_short" or len(errors) == 1]
        problems = [config_problem(e, shown, places, Config) for e in errors]
        raise ConfigError(deduplicated(problems)) from None
    problems = [*_check_ids(config, shown, places), *_check_sensitivity(config, shown, places)]
    problems += [*_check_targets(config, shown, places), *_check_models(config, shown, places)]
    problems += [*_check_primaries(config, shown, places), *_check_panels(config, shown, places)]
    if problems:
        raise ConfigError(problems)
    return config


def _read_text(path: Path, shown: str) -> str:
    try:
        strange = why_not_a_file(path)
        if strange and path.exists():
            raise ConfigError([Problem("E100", strange, shown, details=("Fix: put the configuration there.",))])
        if not strange and path.stat().st_size > MAX_BYTES:
            fix = "Fix: is it the right file? A configuration has some hundred lines."
            raise ConfigError([Problem("E100", f"the file has over {MAX_BYTES:,} bytes", shown, details=(fix,))])
        raw = path.read_bytes()
    except OSError as error:
        near = [p.name for p in sorted(path.parent.glob("config.y*ml*")) if p.name != path.name]
        fix = (
            f"Fix: there is {near[0]!r}; rename it to {path.name!r}."
            if near
            else "Fix: metarepro init writes a project."
        )
        raise ConfigError([Problem("E100", f"cannot be read: {error.strerror}", shown, details=(fix,))]) from None
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        likely = likely_encoding(raw)
        looks = (f"It looks like {likely}.",) if likely else ()
        what, line = f"byte {error.start} is not UTF-8", line_of(raw, error.start)
        fix = "Fix: save it as UTF-8 in your editor."
        raise ConfigError([Problem("E100", what, shown, line, details=(*looks, fix))]) from None


def _valid(kind: type[Part], values: dict[str, Any]) -> bool:
    try:
        kind.model_validate(values)
    except ValidationError:
        return False
    return True


def _check_ids(config: Config, shown: str, places: Places) -> list[Problem]:
    problems = []
    names = [c.id for c in config.sensitivity]
    for index, change in enumerate(config.sensitivity):
        if change.id in names[:index]:
            line, column = place_of(("sensitivity", index, "id"), places)
            what = f"the sensitivity id {change.id!r} is there twice"
            problems.append(Problem("E105", what, shown, line, column, ("Fix: rename one.",)))
    seen: dict[str, int] = {}
    for number, analysis in enumerate(config.analyses):
        line, column = place_of(("analyses", number, "id"), places)
        if analysis.id in seen:
            what = f"the analysis id {analysis.id!r} is there twice (first in line {seen[analysis.id]})"
            problems.append(Problem("E105", what, shown, line, column, ("Fix: rename one.",)))
        seen.setdefault(analysis.id, line)
        for outcome in analysis.outcome:
            if outcome not in config.outcomes:
                line, column = place_of(("analyses", number, "outcome"), places)
                near = get_close_matches(outcome, config.outcomes, n=1)
                hint = f"Fix: did you mean {near[0]!r}?" if near else "Fix: add it to `outcomes`."
                problems.append(
                    Problem("E106", f"the outcome {outcome!r} is not in `outcomes`", shown, line, column, (hint,))
                )
    return problems


def _check_sensitivity(config: Config, shown: str, places: Places) -> list[Problem]:
    """Each sensitivity change must make a valid analysis of each analysis it applies to."""
    problems = []
    for number, analysis in enumerate(config.analyses):
        own = analysis.sensitivity is not None
        for index, change in enumerate(analysis.sensitivity if own else config.sensitivity):  # type: ignore[arg-type]
            path = ("analyses", number, "sensitivity", index) if own else ("sensitivity", index)
            try:
                changed(analysis, change)
            except ValidationError as error:
                if own or number == 0 or "E103" not in str(error.errors()[0]["type"]):
                    found = error.errors(include_url=False)[0]
                    where = tuple(found["loc"])
                    problems.append(config_problem({**found, "loc": (*path, *where)}, shown, places, Config))
    return deduplicated(problems)


def _check_models(config: Config, shown: str, places: Places) -> list[Problem]:
    """Models shown in a figure must be sensitivity analyses that there are."""
    problems = []
    for number, analysis in enumerate(config.analyses):
        changes = analysis.sensitivity if analysis.sensitivity is not None else config.sensitivity
        known = [c.id for c in changes] + [
            f"rho_{r:g}" for r in RHOS if analysis.several == "model" and r != analysis.rho
        ]
        for name in analysis.figure.models:
            if name not in known:
                near = get_close_matches(name, known, n=1)
                hint = f"Fix: did you mean {near[0]!r}?" if near else "Fix: an id under `sensitivity`."
                # What all analyses have from the defaults is wrong there, once.
                own = () if name in config.figure.models else ("analyses", number)
                line, column = place_of((*own, "figure", "models"), places)
                problems.append(
                    Problem("E106", f"there is no sensitivity analysis {name!r}", shown, line, column, (hint,))
                )
    return deduplicated(problems)


def _no_analysis(name: str, known: Iterable[str], shown: str, place: tuple[int, int]) -> Problem:
    near = get_close_matches(name, list(known), n=1)
    hint = f"Fix: did you mean {near[0]!r}?" if near else "Fix: an id under `analyses`."
    return Problem("E106", f"there is no analysis {name!r}", shown, *place, (hint,))


def _check_primaries(config: Config, shown: str, places: Places) -> list[Problem]:
    """Outcomes name a primary analysis that there is."""
    problems, ids = [], [a.id for a in config.analyses]
    for outcome, settings in config.outcomes.items():
        if settings.primary is not None and settings.primary not in ids:
            place = place_of(("outcomes", outcome, "primary"), places)
            problems.append(_no_analysis(settings.primary, ids, shown, place))
    return problems


def _check_panels(config: Config, shown: str, places: Places) -> list[Problem]:
    """Panels name analyses that there are, and each has an id of its own."""
    problems, seen = [], set()
    ids = [a.id for a in config.analyses]
    for number, panels in enumerate(config.panels):
        if panels.id in seen:
            line, column = place_of(("panels", number, "id"), places)
            what = f"the id {panels.id!r} of panels is there twice"
            problems.append(Problem("E105", what, shown, line, column, ("Fix: rename one.",)))
        seen.add(panels.id)
        if panels.id == SINGLE_STUDIES:
            line, column = place_of(("panels", number, "id"), places)
            what = f"the id {panels.id!r} of panels is the name of the figure of results that rest on one study"
            problems.append(Problem("E105", what, shown, line, column, ("Fix: rename this one.",)))
        page = re.fullmatch(r"(.+)-\d{1,3}", panels.id)
        if page and page[1] in [p.id for p in config.panels]:
            line, column = place_of(("panels", number, "id"), places)
            what = f"the id {panels.id!r} of panels would name a further page of {page[1]!r}"
            problems.append(Problem("E105", what, shown, line, column, ("Fix: rename one.",)))
        for name in panels.analyses:
            if name not in ids:
                problems.append(_no_analysis(name, ids, shown, place_of(("panels", number, "analyses"), places)))
    return problems


def _check_targets(config: Config, shown: str, places: Places) -> list[Problem]:
    """Targets of the reproduction: one a result, analyses that are there, changes that make a valid analysis."""
    problems, seen = [], set()
    analyses = {a.id: a for a in config.analyses}
    for index, target in enumerate(config.reproduction.targets):
        at = ("reproduction", "targets", index)
        if target.result in seen:
            what = f"the printed result {target.result!r} has two targets"
            problems.append(Problem("E105", what, shown, *place_of((*at, "result"), places), ("Fix: make them one.",)))
        seen.add(target.result)
        if target.analysis is None:
            if target.changes or target.until or target.turned:
                what, fix = "these settings need an `analysis`", "Fix: name one, or delete them."
                problems.append(Problem("E103", what, shown, *place_of(at, places), (fix,)))
        elif target.analysis not in analyses:
            problems.append(_no_analysis(target.analysis, analyses, shown, place_of((*at, "analysis"), places)))
        else:
            try:
                with_settings(analyses[target.analysis], target.changes)
            except ValidationError as error:
                found = error.errors(include_url=False)[0]
                where = {**found, "loc": (*at, "changes", *tuple(found["loc"]))}
                problems.append(config_problem(where, shown, places, Config))
    return problems
