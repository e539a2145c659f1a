"""Sentences of the page that a person wrote: checked before the run, and held against the results in it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from metarepro.analysis.config import Config
from metarepro.analysis.config_problems import place_of
from metarepro.analysis.yaml_reader import read_yaml
from metarepro.claims.evaluation import all_hold, calls_in, calls_of_text, holds, shown_term
from metarepro.claims.grammar import Call, RuleError, calls_of, parse_conditions, parse_finding
from metarepro.claims.lookups import Library, UnknownNameError
from metarepro.claims.quantities import look_up
from metarepro.errors import ConfigError, Problem
from metarepro.evidence.dataset import Dataset
from metarepro.evidence.tables import Claim

# Where a sentence stands in the settings: ("page", "lede", 0).
At = tuple[Any, ...]
# The grammar's quantities are looked up for a claim; a sentence of the page is none and cites nothing.
_NO_CLAIM = Claim(claim_id="page", document="page")


@dataclass(frozen=True)
class Written:
    """A sentence of the page: where it stands in the settings, its text, the condition that makes it true."""

    at: At
    text: str
    when: str


def written_sentences(config: Config) -> list[Written]:
    """All sentences with a condition."""
    found = [Written(("page", "lede", i), s.text, s.when) for i, s in enumerate(config.page.lede)]
    for i, card in enumerate(config.page.cards):
        if card.text or card.when:
            found.append(Written(("page", "cards", i), card.text, card.when or ""))
    return found


def places_of_sentences(config: Config, path: Path, shown: str) -> list[tuple[int, int]]:
    """Line and column of the condition of each sentence."""
    sentences = written_sentences(config)
    places = read_yaml(path.read_text(encoding="utf-8-sig"), shown)[1] if sentences else {}
    return [place_of((*s.at, "when"), places) for s in sentences]


def check_page(config: Config, data: Dataset, path: Path, shown: str) -> None:
    """Refuse sentences that cannot be read, or that name what is not there.

    Raises
    ------
    ConfigError
        E112 for what cannot be read; E106 for what is not there; E103 for a text without its condition.
    """
    if config.page == type(config.page)():
        return
    places = read_yaml(path.read_text(encoding="utf-8-sig"), shown)[1]
    problems = [*_analyses(config, places, shown), *_quantities(config, data, places, shown)]
    if problems:
        raise ConfigError(problems)


def _analyses(config: Config, places: Any, shown: str) -> Iterator[Problem]:
    known = [a.id for a in config.analyses]
    named: list[tuple[At, str]] = [
        (("page", "cards", i, "analysis"), card.analysis) for i, card in enumerate(config.page.cards)
    ]
    named += [(("page", "findings", i), name) for i, name in enumerate(config.page.findings)]
    for at, name in named:
        if name not in known:
            near = get_close_matches(name, known, n=1)
            hint = f"Fix: did you mean {near[0]!r}?" if near else "Fix: an id under `analyses`."
            yield Problem("E106", f"there is no analysis {name!r}", shown, *place_of(at, places), (hint,))
    one_arm = {a.id for a in config.analyses if a.one_arm}
    seen: set[str] = set()
    for i, card in enumerate(config.page.cards):
        at = ("page", "cards", i)
        if card.analysis in one_arm:
            fix = "Fix: an analysis with a control group; rates stand under their outcome."
            what = "a rate without a control group is no effect, and stands on no card"
            yield Problem("E103", what, shown, *place_of((*at, "analysis"), places), (fix,))
        if card.text and not card.when:
            fix = "Fix: add `when`; or delete `text`, and the sentence is made from the numbers."
            what = "a card's text has no condition `when` that makes it true"
            yield Problem("E103", what, shown, *place_of(at, places), (fix,))
        if any(c.isdigit() for c in card.remark):
            fix = "Fix: put it into `text`, as a quantity in braces."
            what = "a remark with a number has no condition that holds it to the results"
            yield Problem("E103", what, shown, *place_of((*at, "remark"), places), (fix,))
        if card.id in seen:
            what = f"the id {card.id!r} of cards is there twice"
            yield Problem("E105", what, shown, *place_of((*at, "id"), places), ("Fix: rename one.",))
        seen.add(card.id)


def _quantities(config: Config, data: Dataset, places: Any, shown: str) -> Iterator[Problem]:
    library = Library(data, tuple(a.id for a in config.analyses))
    for sentence in written_sentences(config):
        for key, text in (("text", sentence.text), ("when", sentence.when)):
            if not text:
                continue
            place = place_of((*sentence.at, key), places)
            try:
                calls = _calls(key, text)
            except RuleError as error:
                what = f"{key} cannot be read at character {error.position}: {error.message}"
                around = text[max(0, error.position - 21) : error.position + 19]
                fix = "Fix: correct it; docs/claims.md has the grammar."
                yield Problem("E112", what, shown, *place, (f"there: {around!r}", fix))
                continue
            for call in calls:
                try:
                    look_up(library, call, _NO_CLAIM)
                except UnknownNameError as error:
                    fix = "Fix: correct the name, or add what is missing."
                    yield Problem("E106", f"{key}: {error.message}", shown, *place, (f"in: {call.text}", fix))


def _calls(key: str, text: str) -> list[Call]:
    if key == "when":
        return calls_in(parse_conditions(text))
    return calls_of_text(text)


def fill_sentences(
    config: Config, library: Library, places: list[tuple[int, int]], shown: str
) -> dict[At, tuple[tuple[str, str], ...]]:
    """The sentences with their quantities filled in: texts, and numbers with what they are, in turn; by their place.

    Parameters
    ----------
    config : Config
    library : Library
        With results.
    places : list of tuple
        Line and column of each condition, from `places_of_sentences`.
    shown : str
        File of the settings, as messages name it.

    Returns
    -------
    dict
        Pairs of a text and the quantity that it is the value of; an empty one for the words between.

    Raises
    ------
    ConfigError
        A condition does not hold (E111).
    """
    filled, problems = {}, []
    for sentence, place in zip(written_sentences(config), places, strict=True):
        conditions = parse_conditions(sentence.when)
        values = {c.text: look_up(library, c, _NO_CLAIM) for c in calls_in(conditions)}
        if not all_hold(conditions, values):
            wrong = next(c for c in conditions if not holds(c, values))
            found = ", ".join(f"{c.text} is {values[c.text].shown}" for c in calls_in([wrong]))
            what = f"{'.'.join(map(str, sentence.at))}: the condition does not hold: {wrong.text}"
            fix = "Fix: change the sentence to what the results say, and its condition with it."
            problems.append(Problem("E111", what, shown, *place, (f"results: {found}", fix)))
        filled[sentence.at] = tuple(_filled(sentence.text, library))
    if problems:
        raise ConfigError(problems)
    return filled


def _filled(text: str, library: Library) -> Iterator[tuple[str, str]]:
    for part in parse_finding(text):
        if isinstance(part, str):
            yield part, ""
        else:
            values: Mapping[str, Any] = {c.text: look_up(library, c, _NO_CLAIM) for c in calls_of(part)}
            yield shown_term(part, values), "; ".join(values)
