"""A review as RevMan holds it, whichever file it came in, and how its numbers are read."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NoReturn

from metarepro.errors import DataError, Problem
from metarepro.evidence.cells import MAX_COUNT
from metarepro.importing.revman_bias import BiasItem

_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_MISSING = ("", "NaN", "NA", "#N/A")
LARGEST = 1e9


@dataclass(frozen=True)
class Entry:
    """One study in one analysis.

    Attributes
    ----------
    study : str
        Key of the study in the file.
    subgroup : str
        Name of the subgroup; empty without.
    numbers : mapping
        Texts by name: e1, n1, e2, n2; m1, sd1, m2, sd2; estimate, se; o_e, variance; and as printed effect, low, high,
        weight.
    line : int
        Where it stands.
    footnote : str
        What the review says of it.
    """

    study: str
    subgroup: str
    numbers: Mapping[str, str]
    line: int
    footnote: str = ""


@dataclass(frozen=True)
class Outcome:
    """One analysis of a review: what it compares, how RevMan computed it, and its entries.

    Attributes
    ----------
    number : str
        Of comparison and outcome, as in Analysis 1.2.
    name, comparison : str
    kind : str
        ``counts``, ``means``, ``generic`` (estimates and standard errors), ``o_e``, or what else the file says.
    measure : str
        Code of the effect measure, or the file's own words when it has none here.
    method : str
        How RevMan pooled: ``mh``, ``peto`` or ``iv`` (common effects), ``mh_random`` or ``iv_random``.
    tau2, ci : str
        Estimator of the between-study variance where it is another than RevMan's usual one, else empty; interval.
    level : float
        Of its intervals.
    labels, sides : tuple of str
        Names of the two groups; words at the left and the right of the forest plot.
    pooled : str
        ``all``, ``subgroups`` only, or ``none``.
    swapped : bool
        Whether events and non-events were exchanged.
    entries : tuple of Entry
    line : int
    """

    number: str
    name: str
    comparison: str
    kind: str
    measure: str
    method: str
    tau2: str
    ci: str
    level: float
    labels: tuple[str, str]
    sides: tuple[str, str]
    pooled: str
    swapped: bool
    entries: tuple[Entry, ...]
    line: int
    totals: tuple[Printed, ...] = ()


@dataclass(frozen=True)
class Printed:
    """A pooled result as the file has it: of a subgroup, or (with no name) of the whole; texts of its numbers."""

    subgroup: str
    effect: str
    low: str
    high: str


@dataclass(frozen=True)
class Review:
    """What one file holds.

    Attributes
    ----------
    shown : str
        The file as messages name it.
    kind : str
        What it is, in words.
    title, authors, year, doi : str
    studies : dict
        Label and year of each study, by its key in the file.
    outcomes : tuple of Outcome
    notes : tuple of str
        What was assumed in reading it.
    bias : tuple of BiasItem
        Judgements of the risk of bias, a domain each.
    """

    shown: str
    kind: str
    title: str
    authors: str
    year: str
    doi: str
    studies: dict[str, tuple[str, str]]
    outcomes: tuple[Outcome, ...]
    notes: tuple[str, ...]
    bias: tuple[BiasItem, ...] = ()


def refuse(code: str, what: str, shown: str, line: int = 0, column: int = 0, *details: str) -> NoReturn:
    """Raise the one error of a file that cannot be imported."""
    raise DataError([Problem(code, what, shown, line, column, details)])


def number(entry: Entry, name: str, shown: str) -> float | None:
    """A number of an entry, None when it is missing; what is no number is refused."""
    text = entry.numbers.get(name, "").strip()
    if text in _MISSING:
        return None
    value = float(text) if len(text) <= 40 and _NUMBER.fullmatch(text) else math.nan
    if not abs(value) <= LARGEST:
        shorter = text if len(text) <= 40 else text[:37] + "..."
        refuse("E041", f"{_NAMES[name]} {shorter!r} is not a usable number", shown, entry.line, 0,
               f"study: {entry.study}", "Fix: correct it in RevMan and export again.")  # fmt: skip
    return value


def count(entry: Entry, name: str, shown: str) -> float | None:
    """A count of an entry, None when it is missing; it may have a fraction, but not be negative."""
    value = number(entry, name, shown)
    if value is not None and not 0 <= value <= MAX_COUNT:
        refuse("E041", f"{_NAMES[name]} {value:g} is not a number of patients", shown, entry.line, 0,
               f"study: {entry.study}", "Fix: correct it in RevMan and export again.")  # fmt: skip
    return value


def is_log(entry: Entry, shown: str) -> bool | None:
    """Whether an estimate is the log of the printed effect; None when that cannot be told."""
    estimate, effect = number(entry, "estimate", shown), number(entry, "effect", shown)
    if estimate is None or effect is None or abs(estimate) > 20 or effect <= 0:
        return None
    near_exp = abs(math.exp(estimate) - effect) <= 0.006 + 0.01 * effect
    near_same = abs(estimate - effect) <= 0.006 + 0.01 * abs(effect)
    return near_exp if near_exp != near_same else None


def measure_code(words: str, kind: str) -> str:
    """Code of an effect measure that RevMan names by a code or by free words; the words themselves if there is none."""
    text = " ".join(re.sub(r"[^a-z0-9]+", " ", words.lower()).split())
    if kind == "counts":
        known = {"or": "OR", "odds ratio": "OR", "rr": "RR", "risk ratio": "RR", "rd": "RD", "risk difference": "RD",
                 "peto or": "PETO", "peto odds ratio": "PETO"}  # fmt: skip
        return known.get(text, words)
    if kind == "means":
        standard = ("smd", "std mean difference", "standardised mean difference", "standardized mean difference")
        return "SMD" if text in standard else "MD" if text in ("md", "mean difference") else words
    for pattern, code in _FREE_WORDS:
        if re.search(pattern, text):
            return code
    # Ratios of something else and unknown abbreviations have no place in contrasts.csv.
    return "MD" if "difference" in text and "ratio" not in text else words


_FREE_WORDS = (
    (r"\bhazards? ratios?\b|\bhr\b", "HR"),
    (r"\bodds ratios?\b|\bor\b", "OR"),
    (r"\brisk ratios?\b|\brelative risks?\b|\brr\b", "RR"),
    (r"\brisk differences?\b|\brd\b", "RD"),
    (r"\b(std|standardi[sz]ed) mean differences?\b|\bsmd\b|\bhedges\b", "SMD"),
    (r"\bmean differences?\b|\bmd\b", "MD"),
)
_NAMES = {
    "e1": "the events of group 1", "n1": "the total of group 1", "e2": "the events of group 2",
    "n2": "the total of group 2", "m1": "the mean of group 1", "sd1": "the SD of group 1",
    "m2": "the mean of group 2", "sd2": "the SD of group 2", "estimate": "the estimate", "se": "the standard error",
    "o_e": "O-E", "variance": "the variance", "effect": "the effect",
}  # fmt: skip
