"""What is wrong with targets and rules, found before anything is computed."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path

from metarepro.analysis.config import Config, with_settings
from metarepro.analysis.config_problems import place_of
from metarepro.analysis.selection import select
from metarepro.analysis.targets import TargetSettings
from metarepro.analysis.yaml_reader import read_yaml
from metarepro.claims.grammar import RuleError, Term, calls_of, parse_finding, parse_rules
from metarepro.claims.lookups import Library, UnknownNameError, nearest_of
from metarepro.claims.quantities import look_up
from metarepro.claims.result import VERDICTS
from metarepro.effects import get_measure
from metarepro.errors import ConfigError, DataError, Problem
from metarepro.evidence.dataset import Dataset
from metarepro.evidence.reader import leads_out
from metarepro.evidence.tables import Claim, PublishedResult
from metarepro.reproduction.targets import measure_code, read_targets

ONE_ARM = {"PR": ("PLO", "PR", "PAS", "PFT", "PLN")}


def check_audit(config: Config, data: Dataset, path: Path, shown: str) -> None:
    """Refuse targets and rules that cannot work.

    Raises
    ------
    ConfigError
        A target of a result that is not printed (E106), or beside an analysis of another measure (E103).
    DataError
        A rule that cannot be read (E043), or names what is not there (E044); rows that do not fit a target's analysis.
    """
    _check_targets(config, data, path, shown)
    problems = [
        p for claim in data.others.get("claims", ()) if isinstance(claim, Claim) for p in _claim(claim, config, data)
    ]
    if problems:
        raise DataError(problems)


def check_quotations(config: Config, data: Dataset, folder: Path, path: Path, shown: str) -> None:
    """Refuse quotations that do not stand in the text of their page, where that text is there.

    Raises
    ------
    ConfigError
        A text that cannot be read (E106).
    DataError
        A quotation that is not in it (E048).
    """
    texts = {}
    for name, document in config.documents.items():
        if not document.text:
            continue
        file = folder / config.data / document.text
        leads_out(file, f"{config.data}/{document.text}", folder, "E100", ConfigError)
        try:
            texts[name] = " ".join(file.read_text(encoding="utf-8-sig").split())
        except (OSError, UnicodeDecodeError):
            places = read_yaml(path.read_text(encoding="utf-8-sig"), shown)[1]
            what = f"the text {config.data}/{document.text} cannot be read"
            fix = "Fix: a text file in UTF-8, in the folder of the tables; or delete `text`."
            at = place_of(("documents", name, "text"), places)
            raise ConfigError([Problem("E106", what, shown, *at, (fix,))]) from None
    quoted = [c for c in data.others.get("claims", ()) if isinstance(c, Claim) and c.document in texts]
    problems = [
        _problem("E048", f"the quotation is not in {config.documents[c.document].text}", c, f"quote: {c.quote!r}",
                 "Fix: copy it word for word.")
        for c in quoted
        if " ".join(c.quote.split()) not in texts[c.document]
    ]  # fmt: skip
    if problems:
        raise DataError(problems)


def _check_targets(config: Config, data: Dataset, path: Path, shown: str) -> None:
    rows = {r.analysis_id: r for r in data.others.get("published_results", ()) if isinstance(r, PublishedResult)}
    analyses = {a.id: a for a in config.analyses}
    problems = []
    places = read_yaml(path.read_text(encoding="utf-8-sig"), shown)[1] if config.reproduction.targets else {}
    for index, target in enumerate(config.reproduction.targets):
        at = ("reproduction", "targets", index)
        if target.result not in rows:
            what, fix = _unknown(target.result, rows)
            problems.append(Problem("E106", what, shown, *place_of((*at, "result"), places), (fix,)))
            continue
        for what, fix in _not_shared(target, data):
            problems.append(Problem("E106", what, shown, *place_of((*at, "shares_tau2_with"), places), (fix,)))
        if target.analysis is not None:
            analysis = with_settings(analyses[target.analysis], target.changes)
            code = measure_code(rows[target.result].measure)
            if analysis.measure not in ONE_ARM.get(code, (code,)):
                name = get_measure(analysis.measure).label
                what = f"analysis {target.analysis!r} gives another measure ({name}) than the printed result"
                fix = f"Fix: name one whose measure is {code or rows[target.result].measure}."
                problems.append(Problem("E103", what, shown, *place_of((*at, "analysis"), places), (fix,)))
            elif target.turned and get_measure(analysis.measure).ratio:
                what, fix = "a ratio has no sign that could be turned", "Fix: delete `turned`."
                problems.append(Problem("E103", what, shown, *place_of((*at, "turned"), places), (fix,)))
            else:
                select(analysis, data)
    if problems:
        raise ConfigError(problems)


def _unknown(result: str, known: Collection[str]) -> tuple[str, str]:
    near = nearest_of(result, known)
    fix = f"Fix: an analysis_id of published_results{near}{'' if near.endswith('?') else '.'}"
    return f"there is no printed result {result!r}", fix


def _not_shared(target: TargetSettings, data: Dataset) -> Iterator[tuple[str, str]]:
    """Printed results named as sharing a variance between studies with another one that cannot, and how to mend it."""
    printed = read_targets(data) if target.shares_tau2_with else ()
    kinds = {t.row.analysis_id: (t.code, t.inputs.kind) for t in printed if t.inputs is not None}
    known = [t.row.analysis_id for t in printed]
    for other in target.shares_tau2_with:
        if other not in known:
            yield _unknown(other, known)
        elif other == target.result or other not in kinds or kinds[other] != kinds.get(target.result):
            fix = "Fix: name others of the same measure whose reports print the numbers of their studies."
            yield f"printed result {other!r} cannot share a variance between studies with {target.result!r}", fix


def _claim(claim: Claim, config: Config, data: Dataset) -> Iterator[Problem]:
    library = Library(data, tuple(a.id for a in config.analyses))
    if claim.verdict and claim.verdict.replace("_", " ").strip() not in VERDICTS:
        what = f"verdict {claim.verdict!r} is no verdict"
        allowed = f"Allowed: {', '.join(v.replace(' ', '_') for v in VERDICTS)}."
        yield _problem("E014", what, claim, allowed, "Fix: one of them; empty if nothing is recorded.")
    terms: list[tuple[str, Term]] = []
    for column in ("rule", "finding"):
        text = getattr(claim, column)
        if not text:
            continue
        try:
            if column == "rule":
                rules = parse_rules(text)
                sides = [side for r in rules for c in r.comparisons for side in (c.left, c.right)]
                terms += [(column, side) for side in sides if not isinstance(side, str)]
            else:
                terms += [(column, part) for part in parse_finding(text) if not isinstance(part, str)]
        except RuleError as error:
            around = text[max(0, error.position - 21) : error.position + 19]
            what = f"{column} cannot be read at character {error.position}: {error.message}"
            fix = "Fix: correct it; docs/claims.md has the grammar."
            yield _problem("E043", what, claim, f"there: {around!r}", fix)
    for column, term in terms:
        for call in calls_of(term):
            try:
                look_up(library, call, claim)
            except UnknownNameError as error:
                fix = "Fix: correct the name, or add what is missing."
                yield _problem("E044", f"{column}: {error.message}", claim, f"in: {call.text}", fix)


def _problem(code: str, message: str, claim: Claim, *details: str) -> Problem:
    return Problem(code, message, claim.file, claim.line, details=(f'row: claim_id = "{claim.claim_id}"', *details))
