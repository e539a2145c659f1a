"""Effects of the comparisons of an analysis on the working scale."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from metarepro.analysis.config import Analysis
from metarepro.analysis.selection import Comparison, Selection
from metarepro.effects import effect_sizes, get_measure
from metarepro.effects.generic import se_from_interval, se_from_p
from metarepro.errors import DataError, Problem
from metarepro.evidence.integrity.scales import find_scale
from metarepro.notes import Note


def effects_of(analysis: Analysis, comparisons: Sequence[Comparison]) -> tuple[Any, Any, Any]:
    """Working-scale effects of the comparisons, their variances, and which were corrected for zero cells.

    Effects of one study that were found together are averaged.
    """
    flat = [part for c in comparisons for part in (c.components or (c,))]
    yi, vi, corrected = _of_each(analysis, flat)
    sizes = [len(c.components) or 1 for c in comparisons]
    ends = np.cumsum(sizes)
    parts = [slice(end - size, end) for end, size in zip(ends, sizes, strict=True)]
    made = [_average(yi[p], vi[p], analysis.rho) for p in parts]
    y, v = (np.array([m[i] for m in made], dtype=np.float64) for i in (0, 1))
    return y, v, np.array([corrected[p].any() for p in parts], dtype=bool)


def options_of(analysis: Analysis) -> dict[str, Any]:
    """Options of `effect_sizes` for the studies of an analysis."""
    model, measure = analysis.model, get_measure(analysis.effect_measure)
    if analysis.measure == "SMD":
        return {"vtype": model.smd_variance, "j": model.smd_correction}
    return {n: getattr(model, n) for n in measure.options if n in type(model).model_fields}


def _average(yi: Any, vi: Any, rho: float) -> tuple[float, float]:
    """Mean of dependent effects and its variance, with one correlation between them; NaN if none is estimable.

    References
    ----------
    Borenstein et al. 2009, Introduction to Meta-Analysis, chapter 24, doi:10.1002/9780470743386
    """
    yi, vi = yi[np.isfinite(yi)], vi[np.isfinite(yi)]
    if len(yi) < 2:
        return (float(yi[0]), float(vi[0])) if len(yi) else (math.nan, math.nan)
    se = np.sqrt(vi)
    variance = (1 - rho) * np.sum(vi) + rho * np.sum(se) ** 2
    return float(np.mean(yi)), float(variance / len(yi) ** 2)


def _of_each(analysis: Analysis, comparisons: Sequence[Comparison]) -> tuple[Any, Any, Any]:
    yi = np.full(len(comparisons), np.nan)
    vi = np.full(len(comparisons), np.nan)
    corrected = np.zeros(len(comparisons), dtype=bool)
    measure = get_measure(analysis.effect_measure)
    paired = [i for i, c in enumerate(comparisons) if is_paired(analysis, c)]
    for i in paired:
        yi[i], vi[i], corrected[i] = _paired_effect(analysis, comparisons[i])
    for kind in dict.fromkeys(c.kind for c in comparisons):
        index = [i for i, c in enumerate(comparisons) if c.kind == kind and i not in paired]
        if not index:
            continue
        if kind == "contrast":
            for i in index:
                yi[i], vi[i] = _printed_effect(comparisons[i], measure.ratio)
            continue
        columns = {n: [comparisons[i].inputs[n] for i in index] for n in comparisons[index[0]].inputs}
        found = effect_sizes(measure.code, **columns, **options_of(analysis))
        yi[index], vi[index] = found.yi, found.vi
        if "corrected" in found.flags:
            corrected[index] = found.flags["corrected"]
        double_zero = found.flags.get("double_zero")
        ruled = analysis.uses_glmm or analysis.model.zero_cells == "revman"
        if double_zero is not None and double_zero.all() and not ruled:
            # With no event in any study an estimate would be made of the corrections alone.
            yi[index] = vi[index] = np.nan
            corrected[index] = False
        if analysis.counts_model == "mantel_haenszel":
            silent = [i for i in index if is_silent(analysis.measure, comparisons[i])]
            yi[silent] = vi[silent] = np.nan
            corrected[silent] = False
    signs = np.array([-1.0 if c.turned else 1.0 for c in comparisons])
    return signs * yi, vi, corrected


# Effects of two groups, and those of the same patients under both treatments from the margins of their table.
_PAIRED = {"OR": "MPORM", "RR": "MPRRM", "RD": "MPRDM", "MD": "MC"}


def is_paired(analysis: Analysis, comparison: Comparison) -> bool:
    """Whether a crossover trial with numbers of all periods enters by the correlation within its patients."""
    x = comparison.inputs
    return (
        analysis.paired_r is not None
        and not analysis.counts_model  # the counts of both arms are pooled, as if of other patients
        and analysis.measure in _PAIRED
        and comparison.kind in ("counts", "means")
        and comparison.study.design == "crossover"
        and comparison.rows[0].periods != "first"
        and x.get("n1") == x.get("n2")
    )


def _paired_effect(analysis: Analysis, comparison: Comparison) -> tuple[float, float, bool]:
    """Effect of a crossover trial, its variance, and whether a constant was added; NaN if r cannot be.

    References
    ----------
    Elbourne et al. 2002, doi:10.1093/ije/31.1.140; Zou 2007, doi:10.1002/sim.2776.
    """
    x = comparison.inputs
    if analysis.measure in ("OR", "RR") and x["e1"] == x["e2"] and x["e1"] in (0, x["n1"]):
        return math.nan, math.nan, False
    names = ("e1", "e2") if "e1" in x else ("m1", "m2", "sd1", "sd2")
    columns = {"n": [x["n1"]], "r": [analysis.paired_r]} | {name: [x[name]] for name in names}
    try:
        found = effect_sizes(_PAIRED[analysis.measure], **columns)
    except DataError:
        return math.nan, math.nan, False
    flag = found.flags.get("corrected")
    return float(found.yi[0]), float(found.vi[0]), bool(flag is not None and flag[0])


def is_silent(measure: str, comparison: Comparison) -> bool:
    """Whether a table adds nothing to a Mantel-Haenszel ratio: no event, or for odds ratios events only."""
    x = comparison.inputs
    if measure not in ("OR", "RR", "IRR") or "e1" not in x:
        return False
    none = x["e1"] == x["e2"] == 0
    return none or (measure == "OR" and x["e1"] == x["n1"] and x["e2"] == x["n2"])


def is_as_counted(analysis: Analysis, comparison: Comparison) -> bool:
    """Whether a correction for zero cells enters the variance only, by RevMan's rule."""
    x = comparison.inputs
    if analysis.model.zero_cells != "revman" or "e1" not in x or "n1" not in x:
        return False
    return analysis.measure == "RD" or (analysis.measure == "RR" and x["e1"] == x["n1"] and x["e2"] == x["n2"])


def why_not_estimable(analysis: Analysis, comparison: Comparison) -> Note:
    """Why a comparison has no effect, as far as the rules for zero cells of the analysis say it."""
    x = comparison.inputs
    if is_paired(analysis, comparison):
        if x.get("e1") == x.get("e2") and "e1" in x:
            return Note("not_estimable_zero", why="none" if x["e1"] == 0 else "all")
        return Note("paired_r_impossible", r=analysis.paired_r)
    ruled = analysis.model.zero_cells or analysis.effect_measure == "PETO" or analysis.counts_model == "mantel_haenszel"
    if not ruled or "e1" not in x:
        return Note("not_estimable")
    if x["e1"] == x["e2"] == 0:
        return Note("not_estimable_zero", why="none")
    if "n1" in x and x["e1"] == x["n1"] and x["e2"] == x["n2"]:
        return Note("not_estimable_zero", why="all")
    return Note("not_estimable_zero", why="cell") if analysis.model.zero_cells == "none" else Note("not_estimable")


def turn_scales(analysis: Analysis, found: Selection, better: str) -> Selection:
    """A selection of scales of opposite direction, with those turned that do not point the way of the outcome.

    Only standardised differences are; nothing is turned where all scales point one way.

    Parameters
    ----------
    analysis : Analysis
    found : Selection
    better : {'low', 'high'}
        Which end of the outcome is good for the patient.

    Raises
    ------
    DataError
        E052: scales point both ways, and the direction of another one is not known.

    References
    ----------
    Cochrane Handbook 6.5, 10.5.2: means of scales that differ in direction are multiplied by -1,
    https://training.cochrane.org/handbook
    """
    if not analysis.turn_scales or analysis.measure not in _STANDARDISED:
        return found
    flat = [part for c in found.comparisons for part in (c.components or (c,))]
    directions = {c.scale: _good_end(analysis, c.scale) for c in flat}
    if len(set(directions.values()) - {""}) < 2:
        return found
    unknown = sorted(scale for scale, end in directions.items() if not end)
    if unknown:
        row = next(c.rows[0] for c in flat if c.scale == unknown[0])
        known = "; ".join(f"{scale}: {end} is good" for scale, end in sorted(directions.items()) if end)
        named = f"scale {unknown[0]!r}" if unknown[0] else "the scale that is not named"
        what = f"analysis {analysis.id!r} pools scales of opposite direction; which end of {named} is good is not known"
        fix = f"Fix: `higher_is_better: [{unknown[0]}]` or `higher_is_worse: [{unknown[0]}]` in the analysis."
        raise DataError([Problem("E052", what, row.file, row.line, details=(known, fix))])
    return replace(found, comparisons=tuple(_turned(c, directions, better) for c in found.comparisons))


_STANDARDISED = ("SMD", "SMDH", "SMD1")


def _good_end(analysis: Analysis, scale: str) -> str:
    """Which end of a scale is good for the patient; empty if it is not known."""
    if scale in analysis.higher_is_better:
        return "high"
    if scale in analysis.higher_is_worse:
        return "low"
    known = find_scale(scale)
    return "" if known is None else "low" if known.worse == "high" else "high"


def _turned(comparison: Comparison, directions: dict[str, str], better: str) -> Comparison:
    if comparison.components:
        parts = tuple(_turned(c, directions, better) for c in comparison.components)
        notes = dict.fromkeys(n for part in parts for n in part.notes if n.code == "scale_turned")
        return replace(comparison, components=parts, notes=(*comparison.notes, *notes))
    end = directions[comparison.scale]
    if end == better:
        return comparison
    note = Note("scale_turned", scale=comparison.scale, meaning="good" if end == "high" else "bad")
    return replace(comparison, turned=True, notes=(*comparison.notes, note))


def _printed_effect(comparison: Comparison, ratio: bool) -> tuple[float, float]:
    """Effect and variance of a published contrast on the working scale."""
    inputs = comparison.inputs
    scale = math.log if ratio else float
    estimate = scale(inputs["estimate"])
    if "se" in inputs:
        se = inputs["se"]
    elif "ci_low" in inputs:
        low, high = np.array(scale(inputs["ci_low"])), np.array(scale(inputs["ci_high"]))
        se = float(se_from_interval(low, high, inputs["ci_level"] / 100))
    elif "variance" in inputs:
        se = math.sqrt(inputs["variance"])
    elif "t_value" in inputs:
        se = abs(estimate / inputs["t_value"])
    elif "p_value" in inputs:
        se = float(se_from_p(np.array(estimate), np.array(inputs["p_value"])))
    else:
        # A step rate of a ladder: binomial, where the number of patients was read.
        n = comparison.participants
        return estimate, (estimate * (1 - estimate) / n if n else math.nan)
    found = effect_sizes("GEN", estimate=[estimate], se=[se])
    return float(found.yi[0]), float(found.vi[0])
