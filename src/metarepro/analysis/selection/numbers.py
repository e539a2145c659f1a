"""The numbers of one comparison in one row: which of its columns give a measure, and what is made of the others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from metarepro.effects.conversions import mean_sd_from_quantiles
from metarepro.effects.registry import COLUMNS, Measure
from metarepro.evidence.comparison_rows import ComparisonRow
from metarepro.notes import Note

# What the columns of a family of measures are called where a study has them and not those that are wanted.
_CALLED = {
    "two_arm_counts": "counts", "one_arm_counts": "counts of one group", "two_arm_means": "means",
    "two_arm_rates": "rates", "correlations": "a correlation", "paired_means": "means before and after",
    "one_arm_means": "a mean of one group", "one_arm_rates": "a rate of one group", "paired_counts": "counts of pairs",
    "diagnostic_counts": "diagnostic counts",
}  # fmt: skip


@dataclass(frozen=True)
class Numbers:
    """Inputs of `effect_sizes`, or a printed effect; notes on what was converted; why there are none."""

    inputs: dict[str, float]
    notes: tuple[Note, ...] = ()
    is_printed: bool = False
    why: str = ""


def numbers_of(row: ComparisonRow, measure: Measure) -> Numbers:
    """The numbers of a row for a measure: those of its arms where they are there, else the effect as printed."""
    known, notes = _columns(row)
    columns = measure.columns
    if all(c in known for c in columns) and measure.inputs not in ("generic", "hazard_ratios"):
        return Numbers({c: known[c] for c in columns}, notes if measure.inputs.endswith("means") else ())
    printed = _printed(row, measure)
    if printed is not None:
        return printed
    return Numbers({}, why=_why(row, measure, known))


def _columns(row: ComparisonRow) -> tuple[dict[str, float], tuple[Note, ...]]:
    """Numbers of a row by column, with those that follow from others."""
    names = dict.fromkeys(c for columns in COLUMNS.values() for c in columns if c in type(row).model_fields)
    known = {n: float(getattr(row, n)) for n in names if n != "estimate" and getattr(row, n) is not None}
    notes: list[Note] = []
    if {"a", "b", "c", "d"} <= set(known) and not {"e1", "n1", "e2", "n2"} & set(known):
        a, b, c, d = (known[n] for n in "abcd")
        known |= {"e1": a, "n1": a + b, "e2": c, "n2": c + d}
    for arm in "12":
        se, size = getattr(row, f"se{arm}"), known.get(f"n{arm}", known.get("n"))
        if f"sd{arm}" not in known and se is not None and size is not None:
            known[f"sd{arm}"] = se * size**0.5
            notes.append(Note("sd_from_se", arm=arm, se=se, n=size))
        median = getattr(row, f"median{arm}")
        if f"m{arm}" in known or median is None or size is None:
            continue
        given = {name: getattr(row, f"{name}_{arm}" if name[0] == "q" else f"{name}{arm}") for name in _QUANTILES}
        columns: dict[str, Any] = {_QUANTILES[name]: [x] for name, x in given.items() if x is not None}
        found = mean_sd_from_quantiles(median=[median], n=[size], **columns)
        if np.isfinite(found.mean[0]) and np.isfinite(found.sd[0]):
            known |= {f"m{arm}": float(found.mean[0]), f"sd{arm}": float(found.sd[0])}
            notes.append(Note("mean_from_quantiles", arm=arm, how=found.provenance))
    return known, tuple(notes)


_QUANTILES = {"q1": "q1", "q3": "q3", "min": "minimum", "max": "maximum"}


def _printed(row: ComparisonRow, measure: Measure) -> Numbers | None:
    share = row.measure == "proportion" and measure.code == "PR"
    generic = measure.code == "GEN" and row.measure == ""
    same = row.measure == measure.code and measure.display in ("identity", "exp")
    if row.estimate is None or not (same or share or generic):
        return None
    found = _spread(row, row.estimate == (1.0 if measure.ratio else 0.0))
    if found is None:
        return Numbers({}, why="no standard error, interval or exact p-value printed")
    return Numbers({"estimate": row.estimate, **found[0]}, found[1], True)


def _spread(row: ComparisonRow, is_null: bool) -> tuple[dict[str, float], tuple[Note, ...]] | None:
    """What says how exact a printed effect is; a test of no effect at all (`is_null`) says nothing of it."""
    if row.se is not None:
        return {"se": row.se}, ()
    if row.variance is not None:
        return {"variance": row.variance}, ()
    if row.ci_low is not None and row.ci_high is not None:
        interval = {"ci_low": row.ci_low, "ci_high": row.ci_high, "ci_level": row.interval_level}
        return interval, (Note("se_from_interval"),)
    if is_null:
        return None
    if _is_exact(row.p_value):
        return {"p_value": float(row.p_value)}, (Note("se_from_p", p=row.p_value),)
    return ({"t_value": row.t_value}, ()) if row.t_value else None


def _is_exact(p: str) -> bool:
    try:
        return 0 < float(p) < 1
    except ValueError:
        return False


def _why(row: ComparisonRow, measure: Measure, known: dict[str, float]) -> str:
    missing = [c for c in measure.columns if c not in known]
    if len(missing) < len(measure.columns):
        return f"{' and '.join(missing)} not given"
    if row.estimate is not None:
        return f"printed as {row.measure or 'an effect of no stated measure'} only"
    for inputs, words in _CALLED.items():
        if all(c in known for c in COLUMNS[inputs]):
            return f"{words} only"
    return "no numbers given"
