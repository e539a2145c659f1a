"""Which ways of computing share a column of the picture, which are left out of it, and the choices they are made of."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from metarepro.effects.registry import MEASURES
from metarepro.figures.page.axes import Values
from metarepro.figures.page.layout import Cell
from metarepro.figures.page.text import clean
from metarepro.figures.wording import CI_NAMES

if TYPE_CHECKING:
    from metarepro.reproduction.result import SpecificationResult

# Up to so many columns all are drawn; beyond, those that matter and a sample.
MOST = 30
# A sample of the others is never smaller than this.
FEWEST_OTHERS = 8
TAU2_NAMES = {
    "CE": "common effect", "DL": "DerSimonian-Laird", "HE": "Hedges", "HS": "Hunter-Schmidt", "SJ": "Sidik-Jonkman",
    "ML": "maximum likelihood", "REML": "restricted maximum likelihood", "EB": "empirical Bayes", "PM": "Paule-Mandel",
}  # fmt: skip
INTERVAL_NAMES = {"z": "normal distribution", "t": "t distribution"}


@dataclass(frozen=True)
class SpecificationColumn:
    """Ways of computing that give the same estimate and interval."""

    values: Values
    members: tuple[SpecificationResult, ...]

    @property
    def agrees(self) -> bool:
        """Whether they give the printed numbers."""
        return any(s.agrees for s in self.members)

    @property
    def own(self) -> bool:
        """Whether the report's words allow one of them."""
        return any(s.own for s in self.members)

    @property
    def cells(self) -> dict[str, Cell]:
        """The row of the data: the numbers in full, and every way that gives them."""
        estimate, low, high = self.values
        ways = [", ".join(clean(p) for p in (s.measure, s.effects, s.tau2, s.interval) if p) for s in self.members]
        return {
            "estimate": estimate, "ci_low": low, "ci_high": high, "ways": len(self.members),
            "gives_the_printed_numbers": "yes" if self.agrees else "no",
            "report_allows_it": "yes" if self.own else "no",
            "computed_by": " | ".join(ways),
        }  # fmt: skip


@dataclass(frozen=True)
class Choice:
    """One row of the matrix: a kind of choice, one of its values, and the value in words."""

    kind: str
    value: str
    words: str


KINDS = {
    "measure": "Measure",
    "effects": "Effects of the studies",
    "tau2": "Between-study variance or method",
    "interval": "Interval",
}


def columns_of(specifications: Sequence[SpecificationResult]) -> list[SpecificationColumn]:
    """Columns by estimate; numbers that are equal to nine digits are one, and those without an estimate none."""
    found: dict[tuple[str, ...], list[SpecificationResult]] = {}
    for s in specifications:
        n = s.numbers
        if math.isfinite(n.estimate):
            key = tuple(f"{v:.8e}" for v in (n.estimate, n.ci_low, n.ci_high))
            found.setdefault(key, []).append(s)
    columns = []
    for members in found.values():
        n = members[0].numbers
        columns.append(SpecificationColumn((n.estimate, n.ci_low, n.ci_high), tuple(members)))
    # nan would make the order depend on the input.
    return sorted(columns, key=lambda c: tuple(v if math.isfinite(v) else math.inf for v in c.values))


def thinned(columns: list[SpecificationColumn], most: int = MOST) -> list[SpecificationColumn]:
    """At most so many columns: those that agree, then those that the report's words allow, then others.

    Where there are more of a kind than there is room for, they are evenly spaced.
    """
    if len(columns) <= most:
        return columns
    agreeing = [i for i, c in enumerate(columns) if c.agrees]
    own = [i for i, c in enumerate(columns) if c.own and not c.agrees]
    others = [i for i, c in enumerate(columns) if not (c.agrees or c.own)]
    kept = _spaced(agreeing, most - min(FEWEST_OTHERS, len(own) + len(others)))
    kept += _spaced(own, most - len(kept) - min(FEWEST_OTHERS, len(others)))
    kept += _spaced(others, most - len(kept))
    return [columns[i] for i in sorted(kept)]


def _spaced(places: list[int], most: int) -> list[int]:
    """At most so many of some places, evenly spaced."""
    count = min(max(most, 0), len(places))
    return [places[round(i * (len(places) - 1) / max(count - 1, 1))] for i in range(count)]


def choices_of(specifications: Sequence[SpecificationResult]) -> list[Choice]:
    """Rows of the matrix; the measure only if there are several, a choice without a name not at all."""
    rows = []
    for kind in KINDS:
        values = list(dict.fromkeys(getattr(s, kind) for s in specifications if getattr(s, kind)))
        known = list({"tau2": TAU2_NAMES, "interval": CI_NAMES}.get(kind, {}))
        values.sort(key=lambda v: (known.index(v) if v in known else len(known), v))
        if kind == "measure" and len(values) < 2:
            continue
        rows += [Choice(kind, value, _words(kind, value)) for value in values]
    return rows


def _words(kind: str, value: str) -> str:
    """A choice in words, with the short name by which other programs know it."""
    if kind == "measure":
        return MEASURES[value].name if value in MEASURES else clean(value)
    names = {"tau2": TAU2_NAMES, "interval": {**CI_NAMES, **INTERVAL_NAMES}}.get(kind, {})
    head, comma, rest = value.partition(", ")
    if head not in names:
        return clean(value)
    short = f" ({head})" if kind == "tau2" and names[head] != "Hedges" else ""
    return clean(f"{names[head]}{short}{comma}{rest}")
