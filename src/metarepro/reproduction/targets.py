"""Printed results of the tables as targets: their numbers as printed, and the numbers of their studies."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from metarepro.evidence.dataset import Dataset
from metarepro.evidence.tables import PublishedInput, PublishedResult
from metarepro.reproduction.printed import NUMBERS, PREDICTION, SETS, SHOWN, PrintedResult, StudyInputs, read_inputs

# Columns of published_inputs.csv that make a complete set, each in the order of `SETS`.
_COLUMNS = {
    "counts": ("exp_events", "exp_total", "ctl_events", "ctl_total"),
    "means": ("exp_mean", "exp_sd", "exp_n", "ctl_mean", "ctl_sd", "ctl_n"),
    "effects": SETS["effects"],
    "proportions": ("exp_events", "exp_total"),
}
_KINDS = {
    "OR": ("counts", "effects"),
    "RR": ("counts", "effects"),
    "RD": ("counts", "effects"),
    "MD": ("means", "effects"),
    "SMD": ("means", "effects"),
    "HR": ("effects",),
    "GEN": ("effects",),
    "PR": ("proportions",),
}
RATIOS = ("OR", "RR", "HR")


@dataclass(frozen=True)
class Target:
    """A printed result: its row, what it is, its numbers, those of its studies.

    Attributes
    ----------
    row : PublishedResult
    code : str
        Code of its measure; PR for a percentage; empty for something else.
    printed : PrintedResult or None
        None if no estimate is printed, or nothing of its kind can be recomputed.
    inputs : StudyInputs or None
        None unless every study that is listed has the numbers that the measure needs.
    listed : tuple of str
        Ids of studies that the report is known to pool.
    """

    row: PublishedResult
    code: str
    printed: PrintedResult | None
    inputs: StudyInputs | None
    listed: tuple[str, ...]

    @property
    def matched(self) -> PrintedResult | None:
        """Its numbers in the unit of recomputed ones, with the precision that they were printed with."""
        if self.printed is None or self.unit == 1.0:
            return self.printed
        texts = {n: getattr(self.printed, n) for n in (*SHOWN, *PREDICTION)}
        shares: dict[str, Any] = {n: f"{Decimal(t).scaleb(-2):f}" if t else t for n, t in texts.items()}
        return replace(self.printed, **shares)

    @property
    def unit(self) -> float:
        """What its printed numbers are to be multiplied with: percentages are shares here."""
        return 0.01 if self.code == "PR" else 1.0


def measure_code(printed: str) -> str:
    """Code of a measure by the name that a report gives it; empty for one that is none of ours.

    Percentages are PR. An effect of one group on itself (pre-post) is no effect of a treatment, and has no code.
    """
    name = printed.strip()
    if re.search(r"pre-?post", name, re.I):
        return ""
    first = name.split(" ")[0].upper() if name else ""
    if first in (*_KINDS, "PR"):
        return first
    if re.search(r"\b(hedges|cohen)", name, re.I):
        return "SMD"
    return "PR" if re.match(r"(percent|proportion)", name, re.I) else ""


def read_targets(data: Dataset) -> tuple[Target, ...]:
    """All printed results of the tables, in their order."""
    listed: dict[str, list[PublishedInput]] = {}
    for row in data.others.get("published_inputs", ()):
        assert isinstance(row, PublishedInput)
        listed.setdefault(row.analysis_id, []).append(row)
    rows = [row for row in data.others.get("published_results", ()) if isinstance(row, PublishedResult)]
    crossover = data.crossover
    return tuple(_target(data, row, listed.get(row.analysis_id, []), crossover) for row in rows)


def _target(data: Dataset, row: PublishedResult, listed: list[PublishedInput], crossover: frozenset[str]) -> Target:
    code = measure_code(row.measure)
    printed = None
    if row.estimate and code:
        numbers = {n: getattr(row, n) for n in (*NUMBERS, *PREDICTION)}
        printed = PrintedResult(code, **numbers, k=row.k, model=row.model)
    inputs = None
    for kind in _KINDS.get(code, ()):
        cells = [data.printed[r.file, r.line] for r in listed]
        if listed and all(c.get(n, "").strip() for c in cells for n in _COLUMNS[kind]):
            pairs = zip(SETS[kind], _COLUMNS[kind], strict=True)
            values = {name: [c[column] for c in cells] for name, column in pairs}
            paired = [r.study_id in crossover for r in listed]
            inputs = read_inputs(values, [r.study_label or r.study_id for r in listed], paired)
            break
    return Target(row, code, printed, inputs, tuple(r.study_id for r in listed))
