"""All ways of computing a printed result: which share a column, which are left out, their choices, and in words."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from metarepro.analysis.methods import CI_NAMES, TAU2_NAMES
from metarepro.effects.registry import MEASURES
from metarepro.figures.page import numbers as fmt
from metarepro.figures.page.axes import Values
from metarepro.figures.page.layout import Cell
from metarepro.figures.page.text import clean
from metarepro.figures.reproductions import printed

if TYPE_CHECKING:
    from metarepro.reproduction.result import Reproduction, SpecificationResult

# At most this many columns are all drawn; beyond, those that matter and a sample.
MOST = 30
# A sample of the others is never smaller than this.
FEWEST_OTHERS = 8
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


# -- words -------------------------------------------------------------------------------------------------------

CAUTION = "A match shows how the result may have been computed, not that it was."


def title(r: Reproduction) -> str:
    """The review, and what the result is about."""
    return ": ".join(p for p in (clean(r.label) or clean(r.id), printed.subject(r)) if p)


def caption(r: Reproduction) -> str:
    """What is printed, how many ways give it, and what that shows."""
    measure = printed.measure_of(r)
    name = measure.name if r.code else clean(r.measure) or "effect"
    unit = fmt.unit(measure) if printed.scale_of(r) != 1 else ""
    said = f"Printed: {name} {printed.printed_text(r.printed)} {unit}".rstrip()
    if r.k is not None:
        said += f", {fmt.count(r.k)} {'study' if r.k == 1 else 'studies'}"
    if not r.specifications:
        return f"{said}. No way of computing was tried. {clean(r.reason)}".strip()
    give = "gives" if r.agreeing == 1 else "give"
    text = f"{said}. {fmt.count(r.agreeing)} of {fmt.count(r.tried)} ways of computing {give} the printed numbers"
    own = [s for s in r.specifications if s.own]
    if own:
        both = sum(s.agrees for s in own)
        text += f", {fmt.count(both)} of the {fmt.count(len(own))} that the report\u2019s words allow"
    return f"{text}. {CAUTION}"


def notes(r: Reproduction, every: list[SpecificationColumn], shown: list[SpecificationColumn]) -> list[str]:
    """What a column is, which are drawn, and what the marks mean."""
    if not shown:
        return ["Nothing to draw: no way of computing gave a number."] if r.specifications else []
    ways = sum(len(c.members) for c in every)
    note = "Each column is a way of computing, sorted by the estimate."
    if ways > len(every):
        note += (
            f" Ways that give the same numbers share a column: {fmt.count(ways)} ways, {fmt.count(len(every))} columns."
        )
    if len(shown) < len(every):
        note += f" Drawn are {len(shown)}: first those that agree, then those of the report\u2019s words, then others."
    if missing := len(r.specifications) - ways:
        note += f" {fmt.count(missing)} gave no number."
    marks = "Diamond, dark: gives the printed numbers."
    if any(c.own for c in shown):
        marks += " Hollow circle, blue: the report\u2019s words allow it."
    if math.isfinite(printed.rounded_from(r.printed.estimate)[0]):
        marks += " Band: values that round to the printed estimate."
    if math.isfinite(printed.rounded_from(r.printed.ci_low)[0]):
        marks += " Dashed: ends of the printed interval."
    if r.code and printed.measure_of(r).null is not None:
        marks += " Solid line across, where the axis reaches it: no effect."
    return [note, marks]


def describe(r: Reproduction) -> str:
    """Text alternative: the caption, the range of estimates, and the ways that agree."""
    columns = columns_of(r.specifications)
    text = f"All ways of computing a printed result. {title(r)}. {caption(r)}"
    if columns:
        measure = printed.measure_as_printed(r, printed.scale_of(r))
        low, high = (
            printed.computed_text(measure, (c.values[0], math.nan, math.nan)) for c in (columns[0], columns[-1])
        )
        text += f" Estimates run from {low} to {high}."
    agreeing = [s for s in r.specifications if s.agrees]
    ways = ["; ".join(p for p in (s.measure, s.effects, s.tau2, s.interval) if p) for s in agreeing[:20]]
    if ways:
        more = f", and {len(agreeing) - 20} more" if len(agreeing) > 20 else ""
        text += f" These give the printed numbers: {'. '.join(clean(w) for w in ways)}{more}."
    return text
