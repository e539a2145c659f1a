"""What the reproduction of printed results yields. Tables, figures and sentences are views of it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

from metarepro.errors import MetareproError
from metarepro.records import Number, from_plain, to_plain

SCHEMA_VERSION = 1

Basis = Literal["printed inputs", "own rows", "none"]
StudyVerdict = Literal["exact", "rounding", "differs", "not checkable"]


@dataclass(frozen=True)
class Numbers:
    """An estimate and its interval on the display scale; nan where there is none."""

    estimate: Number
    ci_low: Number
    ci_high: Number


@dataclass(frozen=True)
class PrintedNumbers:
    """An estimate and its interval as printed; empty where not printed."""

    estimate: str
    ci_low: str
    ci_high: str


@dataclass(frozen=True)
class StudyReproduction:
    """One study's printed effect beside the recomputed one, which is on the display scale."""

    label: str
    printed: PrintedNumbers
    recomputed: Numbers
    formula: str
    verdict: StudyVerdict


@dataclass(frozen=True)
class SpecificationResult:
    """One way of computing and what it gives.

    Attributes
    ----------
    measure, effects, tau2, interval : str
        Measure, formula of the effects, estimator of tau2 (or the whole method), interval.
    own : bool
        Whether the report's words allow it.
    agrees : bool
        Whether it gives the printed estimate and interval.
    prediction : str
        Formula of the printed prediction interval that it then gives, if one is printed.
    """

    measure: str
    effects: str
    tau2: str
    interval: str
    numbers: Numbers
    own: bool
    agrees: bool
    prediction: str = ""


@dataclass(frozen=True)
class Resynthesis:
    """An analysis of ours beside a printed result whose inputs were not printed.

    Attributes
    ----------
    analysis, title : str
    until : int or None
        Trials published after this year are left out.
    k : int
    participants : int or None
    numbers : Numbers
    studies : tuple of str
        Labels.
    overlap : str
        How many of them the report pools too, in words.
    agreement : str
        How the two intervals lie to each other, in words.
    tried, agreeing : int
        Ways of computing our rows, and how many of them give the printed numbers.
    lowest, highest : Number
        Smallest and largest estimate of all of them; nan if none was tried.
    nearest : str
        The one that comes nearest.
    """

    analysis: str
    title: str
    until: int | None
    k: int
    participants: int | None
    numbers: Numbers
    studies: tuple[str, ...]
    overlap: str
    agreement: str
    tried: int
    agreeing: int
    lowest: Number
    highest: Number
    nearest: str


@dataclass(frozen=True)
class Reproduction:
    """One printed result, what was recomputed, and the verdict.

    Attributes
    ----------
    id, review, label : str
        Row of published_results.csv, its review, and the review's name.
    group : str
        Heading under which it stands.
    measure : str
        As printed.
    code : str
        The measure's code: OR, RR, RD, MD, SMD, HR, PR (a proportion); empty if there is none.
    basis : str
        What it was recomputed from.
    verdict, reason : str
    recomputed : Numbers or None
        The specification that agrees, or the nearest of those that the report's words allow.
    rounded : PrintedNumbers
        The same at the printed precision.
    difference, relative : Number
        Recomputed minus printed estimate on the display scale, and as a share of the printed one; nan if not computed.
    tried, agreeing : int
        Specifications of all studies, and how many of them agree.
    specifications : tuple of SpecificationResult
        Those of all studies in the measure of the report, by estimate.
    explanations : tuple of str
        What would explain a mismatch, likeliest first.
    must : str
        Verdict that the configuration demands; empty if none.
    """

    id: str
    review: str
    label: str
    group: str
    outcome: str
    comparison: str
    timepoint_h: float | None
    measure: str
    code: str
    model: str
    k: int | None
    participants: int | None
    printed: PrintedNumbers
    basis: Basis
    k_inputs: int
    verdict: str
    reason: str
    recomputed: Numbers | None
    rounded: PrintedNumbers
    difference: Number
    relative: Number
    tried: int
    agreeing: int
    specifications: tuple[SpecificationResult, ...]
    explanations: tuple[str, ...]
    studies: tuple[StudyReproduction, ...]
    resynthesis: Resynthesis | None
    must: str
    source_id: str
    source_url: str
    locator: str
    level: str
    notes: str
    file: str
    line: int

    @property
    def failed(self) -> bool:
        """Whether the configuration demands another verdict."""
        return bool(self.must) and self.verdict != self.must


class DemandError(MetareproError):
    """A printed result has another verdict than the configuration demands."""

    exit_code = 5


def unmet_demands(found: Iterable[Reproduction]) -> list[str]:
    """A line for each printed result whose verdict is not the one that the configuration demands."""
    return [
        f"{r.file}:{r.line}: the printed result {r.id!r} must be {r.must!r} and is {r.verdict!r}: {r.reason}"
        for r in found
        if r.failed
    ]


def by_basis(found: Iterable[Reproduction]) -> list[Reproduction]:
    """Those recomputed from printed numbers first, then those beside our own rows, then the others."""
    order = ("printed inputs", "own rows", "none")
    return sorted(found, key=lambda r: order.index(r.basis))


def reproductions_to_json(found: tuple[Reproduction, ...]) -> str:
    """All reproductions as JSON; numbers that do not exist are null."""
    content: dict[str, Any] = {"schema_version": SCHEMA_VERSION, "targets": [to_plain(r) for r in found]}
    return json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def reproductions_from_json(text: str) -> tuple[Reproduction, ...]:
    """Reproductions from their JSON."""
    return tuple(from_plain(Reproduction, x) for x in json.loads(text)["targets"])
