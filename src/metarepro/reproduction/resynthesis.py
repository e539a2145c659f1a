"""An analysis of our own trial rows beside a printed result whose study numbers were not printed."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

import numpy as np

from metarepro.analysis.config import Analysis, Config
from metarepro.analysis.run import run_analysis
from metarepro.analysis.selection import Comparison, select
from metarepro.errors import MetareproError
from metarepro.evidence.dataset import Dataset
from metarepro.notes import codes_of
from metarepro.pooling.inference import quantile
from metarepro.reproduction.match import Specification, apart, gives_all, specification_of
from metarepro.reproduction.printed import SHOWN, PrintedResult, StudyInputs, read_inputs
from metarepro.reproduction.result import Numbers, Resynthesis
from metarepro.reproduction.specifications import all_specifications
from metarepro.reproduction.targets import RATIOS, Target


@dataclass(frozen=True)
class OwnRows:
    """An analysis of ours, restricted to trials that the report may have known.

    Attributes
    ----------
    analysis : Analysis
        With the target's settings.
    until : int or None
        Year after which trials are left out.
    turned : bool
        Whether the report prints a difference with the other sign.
    """

    analysis: Analysis
    until: int | None
    turned: bool


def resynthesise(target: Target, own: OwnRows, config: Config, data: Dataset) -> Resynthesis:
    """Pool our rows, compare with the printed result, and search all ways of computing them.

    Notes
    -----
    Beside the formulas and methods of `match_published` the search goes through what our tables hold twice: end scores
    and changes from baseline, all periods and first periods of crossover trials. With other trials than the report's a
    match would be chance, so the result of the search is told, not judged.
    """
    analysis = _until(own, data)
    result = run_analysis(config, analysis, data)
    summary = result.summary
    numbers = Numbers(math.nan, math.nan, math.nan)
    if summary is not None and math.isfinite(summary.estimate):
        low, high = (summary.ci_high, summary.ci_low) if own.turned else (summary.ci_low, summary.ci_high)
        sign = -1.0 if own.turned else 1.0
        numbers = Numbers(sign * summary.estimate, sign * low, sign * high)
    estimable = [s for s in result.studies if s.estimable]
    return Resynthesis(
        analysis=own.analysis.id,
        title=own.analysis.title,
        until=own.until,
        k=summary.k if summary else 0,
        participants=summary.participants if summary else None,
        numbers=numbers,
        studies=tuple(s.label for s in estimable),
        overlap=_overlap(target, [s.study_id for s in estimable], own.until),
        agreement=agreement(target.printed, numbers, target.unit),
        **_search(target, analysis, own.turned, data),
    )


def own_inputs(own: OwnRows, data: Dataset) -> StudyInputs | None:
    """Numbers of our rows as inputs of a match; None if they are of several kinds."""
    return _inputs(select(_until(own, data), data).comparisons, own.analysis.measure)


def _until(own: OwnRows, data: Dataset) -> Analysis:
    """The analysis without later trials, without sensitivity variants and its course over time."""
    population = own.analysis.population
    if own.until is not None:
        later = [s.study_id for s in data.studies.values() if s.year is not None and s.year > own.until]
        population = population.model_copy(update={"exclude_studies": (*population.exclude_studies, *later)})
    return own.analysis.model_copy(update={"population": population, "sensitivity": (), "over_time": None})


def agreement(printed: PrintedResult | None, ours: Numbers, unit: float = 1.0) -> str:
    """How a printed result, of a unit such as 0.01 for percent, and ours lie to each other, in words."""
    if printed is None or not math.isfinite(ours.estimate):
        return "nothing to compare"
    values = [printed.value(n) for n in SHOWN]
    estimate, low, high = (None if v is None else unit * v for v in values)
    assert estimate is not None
    inside = ours.ci_low <= estimate <= ours.ci_high
    if low is None or high is None:
        return "printed estimate inside our interval" if inside else "printed estimate outside our interval"
    if inside and low <= ours.estimate <= high:
        return "each estimate inside the other's interval"
    if inside:
        return "printed estimate inside our interval, ours outside the printed one"
    if low <= ours.estimate <= high:
        return "our estimate inside the printed interval, the printed one outside ours"
    return "intervals overlap" if max(low, ours.ci_low) <= min(high, ours.ci_high) else "intervals apart"


def _overlap(target: Target, ours: list[str], until: int | None) -> str:
    if not target.listed:
        when = f" (ours are those published by {until})" if until else ""
        return f"which trials it pools was not read{when}"
    both = [s for s in ours if s in target.listed]
    return f"{len(both)} of our {len(ours)} are among the {len(target.listed)} of its trials that are known"


def _search(target: Target, analysis: Analysis, turned: bool, data: Dataset) -> dict[str, Any]:
    """Ways of computing our rows: how many, how many give the printed numbers, the range of estimates, the nearest."""
    found: list[tuple[Specification, str]] = []
    printed, code, seen = target.printed, target.code, set()
    statistics = (("endpoint",), ("change",)) if code in ("MD", "SMD") else (analysis.statistic,)
    for crossover, statistic in product(("first_else_all", "all_periods", "first_period"), statistics):
        if printed is None or code not in ("OR", "RR", "RD", "MD", "SMD"):
            break
        try:
            variant = analysis.model_copy(update={"crossover": crossover, "statistic": statistic})
            inputs = _inputs(select(variant, data).comparisons, code)
        except MetareproError:
            continue  # several rows fit this variant equally well
        if inputs is None or (key := repr((inputs.columns, inputs.labels, inputs.paired))) in seen:
            continue
        seen.add(key)
        words = crossover.replace("_", " ") + (f", {statistic[0]} scores" if len(statistics) > 1 else "")
        for pooled in all_specifications(inputs, printed):
            # Which sign the report means is known here, so the other one does not count.
            if not pooled.way.turned and math.isfinite(float(pooled.estimate[0])):
                meant = replace(pooled.turned(), way=pooled.way) if turned else pooled
                found.append((specification_of(meant, 0, printed), words))
    if not found or printed is None:
        return {"tried": 0, "agreeing": 0, "lowest": math.nan, "highest": math.nan, "nearest": ""}
    nearest, words = min(found, key=lambda f: apart(f[0], printed))
    estimates = [s.estimate for s, _ in found]
    return {
        "tried": len(found), "agreeing": sum(gives_all(s) for s, _ in found), "lowest": min(estimates),
        "highest": max(estimates), "nearest": f"{nearest}; {words}",
    }  # fmt: skip


def _inputs(comparisons: tuple[Comparison, ...], measure: str) -> StudyInputs | None:
    kinds = {c.kind for c in comparisons}
    if len(kinds) != 1 or any("e" in c.inputs for c in comparisons):
        return None
    labels = [c.study.label for c in comparisons]
    paired = [c.study.design == "crossover" and "crossover_first_period" not in codes_of(c.notes) for c in comparisons]
    if kinds == {"contrast"}:
        unfit = ("p_value", "se") if measure in RATIOS else ("p_value",)
        if any(len(c.inputs) == 1 or set(unfit) & set(c.inputs) for c in comparisons):
            return None
        ends = [_ends(c.inputs) for c in comparisons]
        columns = {"estimate": [c.inputs["estimate"] for c in comparisons]}
        columns |= {"ci_low": [low for low, _ in ends], "ci_high": [high for _, high in ends]}
        return read_inputs(columns, labels)
    return read_inputs({n: [c.inputs[n] for c in comparisons] for n in comparisons[0].inputs}, labels, paired)


def _ends(inputs: dict[str, float]) -> tuple[float, float]:
    if "se" in inputs:
        half = float(quantile(0.975, np.array(np.nan))) * inputs["se"]
        return inputs["estimate"] - half, inputs["estimate"] + half
    return inputs["ci_low"], inputs["ci_high"]
