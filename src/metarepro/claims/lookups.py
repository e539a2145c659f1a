"""What the quantities of rules look things up in, and what they find."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

from metarepro.analysis.result import AnalysisResult
from metarepro.claims.grammar import Call
from metarepro.claims.result import Reference
from metarepro.evidence.dataset import Dataset
from metarepro.evidence.rows import Row, Sourced
from metarepro.evidence.tables import Claim
from metarepro.reproduction.result import Reproduction

PARTS = ("estimate", "ci_low", "ci_high", "pi_low", "pi_high", "p_value", "k", "participants", "i2", "tau2")
MAIN = "as configured"


class UnknownNameError(ValueError):
    """A quantity, or something it names, that does not exist or is there more than once."""

    def __init__(self, message: str, call: Call) -> None:
        super().__init__(message)
        self.message, self.call = message, call


@dataclass(frozen=True)
class Value:
    """What a quantity was found to be.

    Attributes
    ----------
    number : float
        nan for a text, or if it does not exist; shares of 1, not percent.
    text : str
        For a text.
    shown : str
        As a reader sees it.
    words : str
        What it is.
    references : tuple of Reference
    half : float
        Half a unit of its last digit if it is a printed number.
    variants : mapping of str to float
        Its value in each specification of its analysis, the configured one first.
    """

    number: float
    shown: str
    words: str
    references: tuple[Reference, ...] = ()
    text: str = ""
    half: float = 0.0
    variants: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Library:
    """Everything that quantities look up.

    `results` and `reproductions` are None while rules are only checked; numbers of theirs are nan then.
    """

    data: Dataset
    analyses: tuple[str, ...]
    results: Mapping[str, AnalysisResult] | None = None
    reproductions: Mapping[str, Reproduction] | None = None


def nearest_of(word: str, known: Any) -> str:
    """The nearest of the known words, or all of them if they are few, to be added to a message."""
    near = [k for k in known if word and k.startswith(word)] or get_close_matches(word, list(known), n=1, cutoff=0.5)
    few = sorted(known)
    return f"; did you mean {near[0]!r}?" if near else f"; known: {', '.join(few)}" if len(few) <= 30 else ""


def arguments_of(call: Call, number: int) -> tuple[str, ...]:
    """Arguments, empty for those left out."""
    return (*call.arguments, *([""] * (number - len(call.arguments))))


def percent(share: float, decimals: int = 1) -> str:
    """A share of 1 as percent."""
    return f"{plain(100 * share, decimals)}%"


def plain(number: float, decimals: int) -> str:
    """A number with a true minus."""
    return f"{number:.{decimals}f}".replace("-", "\u2212")


def row_reference(row: Row) -> Reference:
    """Reference to a row of a table."""
    key = " / ".join(str(getattr(row, n)) for n in row.key if getattr(row, n, None) not in (None, ""))
    place = f"{row.file}:{row.line}"
    if isinstance(row, Sourced):
        return Reference("row", f"{row.table}: {key}", place, row.source_id, row.source_url, row.locator, row.level)
    return Reference("row", f"{row.table}: {key}", place, getattr(row, "source_id", ""), getattr(row, "source_url", ""))


def cited_by(claim: Claim) -> tuple[str, ...]:
    """Ids of the sources that the page cites for a claim."""
    return tuple(dict.fromkeys(c.strip() for c in claim.cited_sources.split(";") if c.strip()))
