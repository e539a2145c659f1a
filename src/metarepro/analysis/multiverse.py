"""The multiverse of an analysis: its declared sensitivity analyses as choices, in every combination."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

import numpy as np

from metarepro.analysis.config import Analysis, Sensitivity, changed
from metarepro.analysis.leave_one_out import crosses
from metarepro.analysis.result import FEW
from metarepro.analysis.robustness import by_inverse_variance
from metarepro.analysis.robustness_parts import Factor, MultiverseResult, Universe
from metarepro.analysis.selection import Comparison
from metarepro.analysis.summaries import pool_comparisons
from metarepro.effects import get_measure, to_display
from metarepro.errors import ConfigError
from metarepro.pooling import pool
from metarepro.pooling.kernel import Array
from metarepro.robustness.multiverse import variance_share

# What each key of the settings is called as a choice.
NAMES = {
    "level": "Where numbers were read", "randomised": "Randomised trials only", "diagnosis": "Diagnosis",
    "anaesthesia": "Trials under anaesthesia", "ascertainment": "When the outcome was met", "statistic": "Kind of mean",
    "overlap": "Overlapping cohorts", "crossover": "Crossover trials", "missing": "Those not rated",
    "paired_r": "Correlation in crossover trials", "model": "Model",
}  # fmt: skip
AS_CONFIGURED = "as in the main analysis"
# Sets of studies that are selected at most; each takes as long as an analysis.
MOST_SETS = 128
Select = Callable[[Analysis], tuple[Sequence[Comparison], Array, Array]]


@dataclass(frozen=True)
class _Choice:
    """A choice: its name, and its levels with their change (None as configured)."""

    name: str
    levels: tuple[tuple[str, Sensitivity | None], ...]


@dataclass(frozen=True)
class _Set:
    """Studies of one combination of the choices about rows."""

    levels: tuple[int, ...]
    comparisons: tuple[Comparison, ...]
    yi: Array
    vi: Array


def multiverse_of(
    analysis: Analysis, changes: Sequence[Sensitivity], select: Select, most: int, seed: int
) -> MultiverseResult | None:
    """Pool every combination of the declared changes; None where there is nothing to choose, or too few studies.

    Changes of one setting are levels of one choice, as they exclude each other; changes of the model are levels of the
    choice "Model".

    Parameters
    ----------
    analysis : Analysis
    changes : sequence of Sensitivity
        Its sensitivity analyses.
    select : callable
        Gives the comparisons of an analysis with an effect, and their effects and variances.
    most, seed : int
        Universes that are pooled at most; of more, a sample.
    """
    rows, models = _choices(changes)
    main = _set_of(analysis, (), select)
    if main is None or len(main.comparisons) <= FEW:
        return None
    rows = [c for c in (_that_matter(analysis, choice, main, select) for choice in rows) if len(c.levels) > 1]
    sets, left_out = _sets(analysis, rows, select, seed)
    variants = _variants(analysis, models)
    pairs = [(s, m) for s in sets for m in range(len(variants))]
    combinations = math.prod(len(c.levels) for c in rows) * len(variants)
    sampled = len(pairs) > most
    if sampled:
        drawn = np.random.default_rng(seed).permutation(len(pairs) - 1)[: most - 1] + 1
        pairs = [pairs[0], *(pairs[i] for i in np.sort(drawn))]
    if len(pairs) < 2:
        return None
    found = _pooled(pairs, [v for _, v in variants])
    left_out = {why: n * len(variants) for why, n in left_out.items()}
    choices = [*rows, _Choice(NAMES["model"], tuple((label, None) for label, _ in variants))]
    return _result(analysis, choices, pairs, found, combinations, left_out, seed if sampled else None, variants)


def _choices(changes: Sequence[Sensitivity]) -> tuple[list[_Choice], list[Sensitivity]]:
    """Choices about rows, and changes of the model."""
    by_key: dict[str, list[Sensitivity]] = {}
    models = []
    for change in changes:
        keys = [
            *change.population,
            *(n for n in ("ascertainment", "statistic", "overlap", "crossover", "missing") if getattr(change, n)),
        ]
        keys += ["paired_r"] if change.paired_r is not None else []
        if not keys:
            models.append(change)
        else:
            # A change of several settings is a choice of its own, taken or not.
            by_key.setdefault(keys[0] if len(keys) == 1 and not change.model else f" {change.label}", []).append(change)
    rows = []
    for key, levels in by_key.items():
        name = NAMES.get(key, key.strip().replace("_", " ").capitalize())
        rows.append(_Choice(name, ((AS_CONFIGURED, None), *((c.label, c) for c in levels))))
    return rows, models


def _set_of(analysis: Analysis, levels: tuple[int, ...], select: Select) -> _Set | None:
    comparisons, yi, vi = select(analysis)
    known = np.isfinite(yi)
    used = tuple(c for c, ok in zip(comparisons, known, strict=True) if ok)
    return _Set(levels, used, yi[known], vi[known]) if used else None


def _that_matter(analysis: Analysis, choice: _Choice, main: _Set, select: Select) -> _Choice:
    """The choice without levels that change nothing by themselves or leave too few studies."""
    kept = [choice.levels[0]]
    seen = {_print(main)}
    for label, change in choice.levels[1:]:
        assert change is not None
        try:
            other = _set_of(changed(analysis, change), (), select)
        except (ConfigError, ValueError):
            continue
        if other is not None and len(other.comparisons) > FEW and _print(other) not in seen:
            seen.add(_print(other))
            kept.append((label, change))
    return replace(choice, levels=tuple(kept))


def _print(found: _Set) -> tuple[Any, ...]:
    return tuple(c.study_id for c in found.comparisons), found.yi.tobytes(), found.vi.tobytes()


def _sets(analysis: Analysis, rows: Sequence[_Choice], select: Select, seed: int) -> tuple[list[_Set], dict[str, int]]:
    """The different sets of studies, the configured one first, and combinations left out by reason."""
    combinations = list(product(*(range(len(c.levels)) for c in rows)))
    left_out: dict[str, int] = {}
    if len(combinations) > MOST_SETS:
        drawn = np.random.default_rng(seed).permutation(len(combinations) - 1)[: MOST_SETS - 1] + 1
        left_out["sets of studies beyond the sample"] = len(combinations) - MOST_SETS
        combinations = [combinations[0], *(combinations[i] for i in np.sort(drawn))]
    sets, seen = [], set()
    for levels in combinations:
        other = analysis
        try:
            for choice, level in zip(rows, levels, strict=True):
                change = choice.levels[level][1]
                other = other if change is None else changed(other, change)
            found = _set_of(other, levels, select)
        except (ConfigError, ValueError):
            found, why = None, "settings that exclude each other"
        else:
            why = "two studies or fewer"
        if found is None or len(found.comparisons) <= FEW:
            left_out[why] = left_out.get(why, 0) + 1
        elif _print(found) in seen:
            left_out["the same studies as another"] = left_out.get("the same studies as another", 0) + 1
        else:
            seen.add(_print(found))
            sets.append(found)
    return sets, left_out


def _variants(analysis: Analysis, models: Sequence[Sensitivity]) -> list[tuple[str, Analysis]]:
    """The analysis under its own model and under those declared, each once."""
    found = [(AS_CONFIGURED, analysis)]
    for change in models:
        try:
            other = changed(analysis, change)
        except (ConfigError, ValueError):
            continue
        if all(_model(other) != _model(known) for _, known in found):
            found.append((change.label, other))
    return found


def _model(analysis: Analysis) -> tuple[Any, ...]:
    model = analysis.model
    return (analysis.counts_model, model.method == "bayes", model.tau2, model.interval, model.level)


def _pooled(pairs: Sequence[tuple[_Set, int]], variants: Sequence[Analysis]) -> Array:
    """Estimate and interval of each universe on the working scale, shape (universes, 3)."""
    found = np.full((len(pairs), 3), np.nan)
    for m, variant in enumerate(variants):
        where = [i for i, (_, model) in enumerate(pairs) if model == m]
        if by_inverse_variance(variant):
            yi, vi = _stacked([pairs[i][0] for i in where])
            fit = pool(yi, vi, tau2=variant.model.tau2, ci=variant.model.interval, level=variant.model.level, pi="z")
            found[where] = np.column_stack([fit.beta, fit.ci_low, fit.ci_high])
            continue
        for i in where:
            one = pairs[i][0]
            summary, _ = pool_comparisons(variant, list(one.comparisons), one.yi, one.vi)
            found[i] = summary.beta, summary.beta_low, summary.beta_high
    return found


def _stacked(sets: Sequence[_Set]) -> tuple[Array, Array]:
    """Effects of several sets side by side, NaN where a set is shorter."""
    size = max(len(s.comparisons) for s in sets)
    yi, vi = np.full((2, len(sets), size), np.nan)
    for i, s in enumerate(sets):
        yi[i, : len(s.yi)], vi[i, : len(s.vi)] = s.yi, s.vi
    return yi, vi


def _result(
    analysis: Analysis, choices: Sequence[_Choice], pairs: Sequence[tuple[_Set, int]], found: Array, combinations: int,
    left_out: dict[str, int], seed: int | None, variants: Sequence[tuple[str, Analysis]],
) -> MultiverseResult:  # fmt: skip
    levels = np.array([(*s.levels, m) for s, m in pairs])
    known = np.isfinite(found[:, 0])
    if not known.all():
        left_out = {**left_out, "no estimate": int((~known).sum())}
    shares = [variance_share(found[known, 0], levels[known, j]) for j in range(len(choices))]
    order = sorted(range(len(choices)), key=lambda j: -shares[j])
    shown = to_display(analysis.measure, found)
    by_effect = [i for i in np.argsort(found[:, 0], kind="stable") if known[i]]
    universes = tuple(
        Universe(tuple(int(levels[i, j]) for j in order), len(pairs[i][0].comparisons), *map(float, shown[i]))
        for i in by_effect
    )
    info = get_measure(analysis.measure)
    null = info.null if info.null is not None else math.nan
    main = by_effect.index(0) if known[0] else -1
    side = np.sign((universes[main].estimate if main >= 0 else float(np.median(shown[known, 0]))) - null)
    same = [np.sign(u.estimate - null) == side for u in universes]
    beyond = [s and crosses(info.null, u.ci_low, u.ci_high) is False for s, u in zip(same, universes, strict=True)]
    named = info.null is not None
    return MultiverseResult(
        tuple(Factor(choices[j].name, tuple(label for label, _ in choices[j].levels), shares[j]) for j in order),
        universes, main, combinations, left_out, seed,
        float(np.mean(same)) if named else math.nan, float(np.mean(beyond)) if named else math.nan,
        _null_p(analysis, pairs, variants, int(np.sum(beyond))) if named else math.nan,
    )  # fmt: skip


# Flips of signs under the null.
DRAWS, SEED = 200, 1


def _null_p(
    analysis: Analysis, pairs: Sequence[tuple[_Set, int]], variants: Sequence[tuple[str, Analysis]], beyond: int
) -> float:
    """How often flipped effects give as many universes that exclude no difference on one side."""
    if not all(by_inverse_variance(v) for _, v in variants):
        return math.nan
    info = get_measure(analysis.measure)
    null = math.log(info.null) if info.ratio and info.null else float(info.null or 0.0)
    studies = sorted({c.study_id for s, _ in pairs for c in s.comparisons})
    number = {name: i for i, name in enumerate(studies)}
    flips = np.random.default_rng(SEED).choice([-1.0, 1.0], (DRAWS, len(studies)))
    above, below = np.zeros(DRAWS, dtype=int), np.zeros(DRAWS, dtype=int)
    for m, (_, variant) in enumerate(variants):
        sets = [s for s, model in pairs if model == m]
        if not sets:
            continue
        yi, vi = _stacked(sets)
        signs = np.ones((DRAWS, *yi.shape))
        for i, s in enumerate(sets):
            signs[:, i, : len(s.yi)] = flips[:, [number[c.study_id] for c in s.comparisons]]
        model = variant.model
        fit = pool(
            signs * (yi - null),
            np.broadcast_to(vi, signs.shape),
            tau2=model.tau2,
            ci=model.interval,
            level=model.level,
            pi="z",
        )
        above += (fit.ci_low > 0).sum(-1)
        below += (fit.ci_high < 0).sum(-1)
    return float((1 + (np.maximum(above, below) >= beyond).sum()) / (1 + DRAWS))
