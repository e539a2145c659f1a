"""The CSV export of RevMan 5 ("Comparison Number, Outcome Number, ...") -> review."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

from metarepro.evidence.reader import Cell, parse_table
from metarepro.importing.names import clean_text
from metarepro.importing.revman_review import Entry, Outcome, Printed, Review, measure_code

NEEDED = ("Comparison Number", "Outcome Number", "Data Type", "Effect Estimate")
_KINDS = {"DIC": "counts", "CON": "means", "IPD": "o_e", "GIV": "generic", "IV": "generic"}
_NUMBERS = {
    "Events 1": "e1", "Total 1": "n1", "Events 2": "e2", "Total 2": "n2", "Mean 1": "m1", "SD 1": "sd1", "Mean 2": "m2",
    "SD 2": "sd2", "Effect Estimate": "effect", "CI Start": "low", "CI End": "high", "Weight": "weight", "SE": "se",
}  # fmt: skip
_OF_KIND = {"counts": ("e1", "n1", "e2", "n2"), "means": ("m1", "sd1", "n1", "m2", "sd2", "n2")}
_PRINTED = ("effect", "low", "high", "weight")


def read_export(text: str, shown: str, title: str) -> Review:
    """Read the table of RevMan 5: a row a comparison, an outcome with its total, a subgroup with its, and a study."""
    studies: dict[str, tuple[str, str]] = {}
    outcomes: list[Outcome] = []
    comparison = subgroup = ""
    for row in parse_table(text, shown).named():
        numbers = tuple(_text(row, n) for n in ("Comparison Number", "Outcome Number", "Subgroup Number"))
        name, line = _text(row, "Name"), next(iter(row.values())).line
        if numbers[1] in ("", "0"):
            comparison = name
        elif _text(row, "Data Type"):
            if numbers[2] in ("", "0"):
                outcomes.append(_outcome(row, numbers, name, comparison, line))
                subgroup = ""
            elif outcomes:
                subgroup = name
                outcomes[-1] = replace(outcomes[-1], totals=(*outcomes[-1].totals, *_total(row, name)))
        elif (
            outcomes and not _text(row, "Year of study") and not _text(row, "User defined order") and numbers[2] != "0"
        ):
            subgroup = name
            outcomes[-1] = replace(outcomes[-1], totals=(*outcomes[-1].totals, *_total(row, name)))
        elif outcomes:
            studies.setdefault(name, (name, _text(row, "Year of study")))
            outcomes[-1] = replace(
                outcomes[-1], entries=(*outcomes[-1].entries, _entry(row, outcomes[-1], name, subgroup))
            )
    return Review(shown, "CSV export of RevMan 5", title, "", "", "", studies, tuple(outcomes), ())


def _text(row: Mapping[str, Cell], name: str) -> str:
    return clean_text(row[name].text) if name in row else ""


def _total(row: Mapping[str, Cell], subgroup: str) -> tuple[Printed, ...]:
    texts = [_text(row, n) for n in ("Effect Estimate", "CI Start", "CI End")]
    return (Printed(subgroup, *texts),) if all(texts) else ()


def _outcome(row: Mapping[str, Cell], numbers: tuple[str, ...], name: str, comparison: str, line: int) -> Outcome:
    words = _text(row, "Data Type")
    kind = _KINDS.get(words.upper(), words)
    measure = measure_code(_text(row, "Effect Measure"), kind)
    short = (
        {"MH": "mh", "PETO": "peto"}.get(_text(row, "Statistical Method").upper(), "iv") if kind == "counts" else "iv"
    )
    if short == "peto":
        measure = "PETO"
    random = "random" in _text(row, "Analysis Model").lower() and short != "peto"
    return Outcome(
        number=".".join(numbers[:2]), name=name, comparison=comparison, kind="generic" if kind == "o_e" else kind,
        measure=measure, method=f"{short}_random" if random else short, tau2="", ci="z", level=0.95,
        labels=(_text(row, "Group Label 1"), _text(row, "Group Label 2")),
        sides=(_text(row, "Left Graph Label"), _text(row, "Right Graph Label")), pooled="all", swapped=False,
        entries=(), line=line, totals=_total(row, ""),
    )  # fmt: skip


def _entry(row: Mapping[str, Cell], outcome: Outcome, name: str, subgroup: str) -> Entry:
    texts = {field: _text(row, column) for column, field in _NUMBERS.items()}
    kept = {n: texts[n] for n in (*_OF_KIND.get(outcome.kind, ("se", "n1", "n2")), *_PRINTED)}
    if outcome.kind not in _OF_KIND:
        kept["estimate"] = _estimate(texts["effect"], outcome.measure)
    return Entry(name, subgroup, kept, next(iter(row.values())).line, _text(row, "Footnotes"))


def _estimate(effect: str, measure: str) -> str:
    """The estimate behind a printed effect: of a ratio its log."""
    if measure not in ("OR", "RR", "HR"):
        return effect
    try:
        return repr(math.log(float(effect)))
    except ValueError:
        return ""
