"""Sentences in and under the picture of all ways of computing, all from the result."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from metarepro.figures.page import numbers as fmt
from metarepro.figures.page.text import clean
from metarepro.figures.reproductions import printed as say
from metarepro.figures.reproductions.specifications import SpecificationColumn, columns_of

if TYPE_CHECKING:
    from metarepro.reproduction.result import Reproduction

CAUTION = "A match shows how the result may have been computed, not that it was."


def title(r: Reproduction) -> str:
    """The review, and what the result is about."""
    return ": ".join(p for p in (clean(r.label) or clean(r.id), say.subject(r)) if p)


def caption(r: Reproduction) -> str:
    """What is printed, how many ways give it, and what that shows."""
    measure = say.measure_of(r)
    name = measure.name if r.code else clean(r.measure) or "effect"
    unit = fmt.unit(measure) if say.scale_of(r) != 1 else ""
    printed = f"Printed: {name} {say.printed_text(r.printed)} {unit}".rstrip()
    if r.k is not None:
        printed += f", {fmt.count(r.k)} {'study' if r.k == 1 else 'studies'}"
    if not r.specifications:
        return f"{printed}. No way of computing was tried. {clean(r.reason)}".strip()
    give = "gives" if r.agreeing == 1 else "give"
    text = f"{printed}. {fmt.count(r.agreeing)} of {fmt.count(r.tried)} ways of computing {give} the printed numbers"
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
    if math.isfinite(say.rounded_from(r.printed.estimate)[0]):
        marks += " Band: values that round to the printed estimate."
    if math.isfinite(say.rounded_from(r.printed.ci_low)[0]):
        marks += " Dashed: ends of the printed interval."
    if r.code and say.measure_of(r).null is not None:
        marks += " Solid line across, where the axis reaches it: no effect."
    return [note, marks]


def describe(r: Reproduction) -> str:
    """Text alternative: the caption, the range of estimates, and the ways that agree."""
    columns = columns_of(r.specifications)
    text = f"All ways of computing a printed result. {title(r)}. {caption(r)}"
    if columns:
        measure = say.measure_as_printed(r, say.scale_of(r))
        low, high = (say.computed_text(measure, (c.values[0], math.nan, math.nan)) for c in (columns[0], columns[-1]))
        text += f" Estimates run from {low} to {high}."
    agreeing = [s for s in r.specifications if s.agrees]
    ways = ["; ".join(p for p in (s.measure, s.effects, s.tau2, s.interval) if p) for s in agreeing[:20]]
    if ways:
        more = f", and {len(agreeing) - 20} more" if len(agreeing) > 20 else ""
        text += f" These give the printed numbers: {'. '.join(clean(w) for w in ways)}{more}."
    return text
