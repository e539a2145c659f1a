"""The flow of records, reports and studies of a review (PRISMA 2020), from a small YAML file whose sums are checked.

A number that was not reported is null; it is shown as such and never taken for 0.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, ValidationError

from metarepro.analysis.config_problems import Places, config_problem, deduplicated, place_of
from metarepro.analysis.parts import Part, Remark
from metarepro.analysis.yaml_reader import MAX_CHARACTERS, read_yaml
from metarepro.errors import ConfigError, Problem
from metarepro.evidence.reader import line_of, why_not_a_file

# Beside the tables; none is needed.
FLOW_FILE = "flow.yaml"
Number = Annotated[int, Field(strict=True, ge=0)] | None
# Names of sources or reasons, in the order they are shown in.
Named = dict[Remark, Number]


class Identification(Part):
    """Records found by searching databases and registers."""

    databases: Named = Field(description="Records of each database by its name; {} when none was searched.")
    registers: Named = Field(default_factory=dict, description="Records of each register by its name.")


class Removed(Part):
    """Records removed before screening; what is left out of the file was not done, and has no line."""

    duplicates: Number = Field(None, description="Duplicates.")
    automation: Number = Field(None, description="Marked as ineligible by automation tools.")
    other: Number = Field(None, description="Removed for other reasons.")

    @property
    def named(self) -> Named:
        """What is there, in words."""
        words = {
            "duplicates": "Duplicates",
            "automation": "Marked as ineligible by automation tools",
            "other": "Other reasons",
        }
        return {words[name]: getattr(self, name) for name in words if name in self.model_fields_set}


class OtherMethods(Part):
    """What was found otherwise: websites, organisations, citation searching."""

    sources: Named = Field(description="Records of each source by its name.")
    sought: Number = Field(description="Reports sought for retrieval.")
    not_retrieved: Number = Field(description="Reports not retrieved.")
    assessed: Number = Field(description="Reports assessed for eligibility.")
    excluded_reports: Named = Field(default_factory=dict, description="Reports excluded, by reason.")


class Included(Part):
    """Studies, and the reports of them."""

    studies: Number = Field(description="Studies.")
    reports: Number = Field(None, description="Reports of these studies.")


class Flow(Part):
    """A PRISMA 2020 flow (Page et al. 2021, doi:10.1136/bmj.n71). Write null for a number that was not reported."""

    title: Remark = Field("", description="Title of the diagram.")
    source: Remark = Field("", description="Where the numbers were read, such as a citation with its DOI.")
    identification: Identification
    removed: Removed = Field(default_factory=Removed)
    screened: Number = Field(description="Records screened.")
    excluded: Number = Field(description="Records excluded.")
    sought: Number = Field(description="Reports sought for retrieval.")
    not_retrieved: Number = Field(description="Reports not retrieved.")
    assessed: Number = Field(description="Reports assessed for eligibility.")
    excluded_reports: Named = Field(default_factory=dict, description="Reports excluded, by reason.")
    other_methods: OtherMethods | None = None
    included: Included = Field(description="New studies in the review.")
    previous: Included | None = Field(None, description="Studies of the previous version of the review.")
    total: Included | None = Field(None, description="New and previous studies together.")


def total_of(numbers: Iterable[Number]) -> Number:
    """Sum of numbers; None when one of them was not reported."""
    known = list(numbers)
    return None if None in known else sum(n for n in known if n is not None)


@dataclass(frozen=True)
class _Balance:
    """What was there, what was taken out, what must be left."""

    before: str
    there: tuple[Number, ...]
    out: str
    taken: tuple[Number, ...]
    after: str
    left: Number
    path: tuple[str, ...]


def read_flow(path: Path, shown: str | None = None) -> Flow:
    """Read a flow from a YAML file and check that its numbers add up.

    Parameters
    ----------
    path : Path
    shown : str, optional
        The file as messages name it.

    Raises
    ------
    ConfigError
        Every problem with its place: not YAML (E100), an unknown or missing key (E101), a value that is no count
        (E102), numbers that do not add up (E109).

    Notes
    -----
    The keys are those of the models of this module, for example::

        title: Study selection
        source: where the numbers were read
        identification:
          databases: {MEDLINE: 120, Embase: 80}
          registers: {ClinicalTrials.gov: 10}
        removed: {duplicates: 50}          # automation and other, too, where that was done
        screened: 160
        excluded: 130
        sought: 30
        not_retrieved: 1
        assessed: 29
        excluded_reports: {Wrong population: 15, Not randomised: 4}
        included: {studies: 9, reports: 10}

    `other_methods`, `previous` and `total` may be added. Only what was left out of `removed` counts as none; any other
    number that was not reported is null.

    References
    ----------
    Page MJ et al. (2021). The PRISMA 2020 statement: an updated guideline for reporting systematic reviews. BMJ
    372:n71. doi:10.1136/bmj.n71
    """
    shown = shown or path.name
    try:
        strange = why_not_a_file(path)
        raw = b"" if strange else path.read_bytes()
    except OSError as error:
        strange, raw = f"cannot be read: {error.strerror}", b""
    if strange:
        raise ConfigError([Problem("E100", strange, shown, details=("Fix: put the YAML file of the flow there.",))])
    if len(raw) > MAX_CHARACTERS:
        fix = "Fix: is it the right file? A flow has some thirty lines."
        raise ConfigError([Problem("E100", f"the file has over {MAX_CHARACTERS:,} bytes", shown, details=(fix,))])
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = line_of(raw, error.start)
        details = ("Fix: save it as UTF-8 in your editor.",)
        raise ConfigError([Problem("E100", f"byte {error.start} is not UTF-8", shown, line, details=details)]) from None
    values, places = read_yaml(text, shown)
    return make_flow(values, shown, places)


def make_flow(values: Any, shown: str = "", places: Places | None = None) -> Flow:
    """A flow from plain values with the keys of the YAML file.

    Raises
    ------
    ConfigError
        As `read_flow`; without places when the values came from Python.
    """
    if not isinstance(values, Mapping):
        fix = "Fix: write `key: value` lines; see metarepro.analysis.flow."
        raise ConfigError([Problem("E100", "the file holds no flow", shown, details=(fix,))])
    try:
        flow = Flow.model_validate(dict(values))
    except ValidationError as error:
        found = [_named(e) for e in error.errors(include_url=False)]
        raise ConfigError(deduplicated([config_problem(e, shown, places or {}, Flow) for e in found])) from None
    check_flow(flow, shown, places)
    return flow


def _named(error: Any) -> Any:
    """An error about a count, in words that say what a count is."""
    if error["type"] in ("int_type", "int_from_float", "greater_than_equal"):
        details = ("Allowed: a whole number, 0 or more; null when it was not reported.", "Fix: write one of these.")
        written = error.get("input")
        message = f"{written!r} is no count".replace("{", "(").replace("}", ")")
        return {**error, "type": "E102", "msg": message, "ctx": {"details": details}}
    return error


def check_flow(flow: Flow, shown: str = "", places: Places | None = None) -> None:
    """Refuse a flow whose numbers do not add up. Where some were not reported, only what cannot be is refused.

    Raises
    ------
    ConfigError
        E109 for every sum that is wrong, with both numbers and their place.
    """
    problems = [p for balance in _balances(flow) if (p := _check(balance, shown, places or {}))]
    if flow.total is not None and flow.previous is None:
        what, fix = "total is given without previous", "Fix: add `previous`, or delete `total`."
        problems.append(Problem("E103", what, shown, *place_of(("total",), places or {}), (fix,)))
    if problems:
        raise ConfigError(problems)


def _balances(flow: Flow) -> Iterator[_Balance]:
    found = (*flow.identification.databases.values(), *flow.identification.registers.values())
    removed = tuple(flow.removed.named.values())
    yield _Balance("identified", found, "removed", removed, "screened", flow.screened, ("screened",))
    yield _Balance("screened", (flow.screened,), "excluded", (flow.excluded,), "sought", flow.sought, ("sought",))
    yield _Balance(
        "sought", (flow.sought,), "not_retrieved", (flow.not_retrieved,), "assessed", flow.assessed, ("assessed",)
    )
    own = tuple(flow.excluded_reports.values())
    other = flow.other_methods
    there: tuple[Number, ...] = (flow.assessed,)
    taken, named = own, ("assessed", "excluded_reports")
    if other is not None:
        at = "other_methods"
        # Several records may be of one report, so that fewer may be sought than were found; never more.
        sources = tuple(other.sources.values())
        yield _Balance(f"{at}.sources", sources, "", (None,), f"{at}.sought", other.sought, (at, "sought"))
        yield _Balance(
            f"{at}.sought", (other.sought,), f"{at}.not_retrieved", (other.not_retrieved,), f"{at}.assessed",
            other.assessed, (at, "assessed"),
        )  # fmt: skip
        # What each column leaves is not told apart, but neither can exclude more than it assessed.
        mine = tuple(other.excluded_reports.values())
        yield _Balance("assessed", there, "excluded_reports", own, "reports left", None, ("excluded_reports",))
        yield _Balance(
            f"{at}.assessed", (other.assessed,), f"{at}.excluded_reports", mine, "reports left", None,
            (at, "excluded_reports"),
        )  # fmt: skip
        there, taken = (flow.assessed, other.assessed), (*own, *mine)
        named = (f"assessed and {at}.assessed", f"excluded_reports and {at}.excluded_reports")
    yield _Balance(named[0], there, named[1], taken, "included.reports", flow.included.reports, ("included", "reports"))
    if flow.previous is not None and flow.total is not None:
        for what in ("studies", "reports"):
            parts = (getattr(flow.previous, what), getattr(flow.included, what))
            yield _Balance(
                f"previous.{what} and included.{what}", parts, "", (), f"total.{what}", getattr(flow.total, what),
                ("total", what),
            )  # fmt: skip


def _check(balance: _Balance, shown: str, places: Places) -> Problem | None:
    b = balance
    there = sum(n for n in b.there if n is not None)
    taken = sum(n for n in b.taken if n is not None)
    whole_before, whole_out = None not in b.there, None not in b.taken
    left = there - taken
    if b.left is None:
        wrong = whole_before and left < 0
        what = f"{b.before} = {there} is less than {b.out} = {taken}"
    elif whole_before and whole_out:
        wrong = left != b.left
        less = f" - {b.out} = {there} - {taken}" if b.taken else ""
        what = f"{b.before}{less} = {left}, but {b.after} = {b.left}"
    else:
        # With a number missing only one side is known: no more can be left than was there, and no less.
        wrong = (whole_before and left < b.left) or (whole_out and left > b.left and bool(b.there))
        bound = "at most" if whole_before else "at least"
        less = f" - {b.out} = {there} - {taken}" if taken else f" = {there}"
        what = f"{b.before}{less} leaves {bound} {left}, but {b.after} = {b.left}"
    if not wrong:
        return None
    details = (
        "Allowed: what was there before, less what was taken out. A number that was not reported is null.",
        f"Fix: correct one of {', '.join(n for n in (b.before, b.out, b.after) if n)}.",
    )
    return Problem("E109", what, shown, *place_of(b.path, places), details)
