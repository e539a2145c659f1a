"""Subgroup analysis: one fit a subgroup, and the test whether they differ."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from metarepro.effects.checks import read_labels
from metarepro.effects.core import EffectSizes, column_of, columns_of, split_effects
from metarepro.errors import DataError
from metarepro.notes import Note
from metarepro.pooling.fit import PooledFit, fit_effects
from metarepro.pooling.inference import chi2_upper_tail
from metarepro.pooling.kernel import Array


@dataclass(frozen=True)
class SubgroupTest:
    """Test for subgroup differences: Q between subgroups, df and p; NaN with a note for fewer than two subgroups."""

    q: float
    df: int
    p: float
    notes: tuple[Note, ...]


@dataclass(frozen=True)
class Subgroups:
    """Fits by subgroup, in the order of first appearance, and the test between them.

    Attributes
    ----------
    levels : tuple of str
        Subgroups with a fit.
    fits : tuple of PooledFit
        One a level.
    test : SubgroupTest
    sizes : dict of str to int
        Studies pooled in each subgroup; 0 in one whose studies have no effect, which has no fit and is not tested.
    """

    levels: tuple[str, ...]
    fits: tuple[PooledFit, ...]
    test: SubgroupTest
    sizes: dict[str, int] = field(default_factory=dict)


def pool_subgroups(
    yi: ArrayLike | EffectSizes, vi: ArrayLike | None = None, groups: Sequence[str] | str = (),
    tau2: str | float = "REML", ci: str = "HK", level: float = 0.95, pi: str = "HTS", data: Any = None,
) -> Subgroups:  # fmt: skip
    """Pool each subgroup by itself (its own tau2) and test whether the pooled effects differ.

    `yi` may be what `effect_sizes` gives; with `data`, names of its columns are taken.

    The test is Cochran's Q over the subgroups' pooled effects, weighted by their model-based (Wald) variances, on
    chi2 with one df fewer than subgroups. Wald variances are used whatever `ci` is, because chi2 is the reference
    of a weighted sum with such variances, not with Hartung-Knapp ones.

    When not to use: with one study in a subgroup its tau2 is unknown and taken as 0, so the test is too eager;
    a note says so. A subgroup whose studies have no effect is left out of it. A difference between subgroups of trials
    is an observation, not a randomised comparison.

    References
    ----------
    Borenstein & Higgins 2013, doi:10.1007/s11121-013-0377-7.
    """
    y, v = split_effects(*columns_of(data, {"yi": yi, "vi": vi}).values())
    if isinstance(groups, str):
        groups = column_of(data, groups, "groups")
    names = read_labels(groups, "The subgroup", "name it, or leave the study out.")
    if len(names) != y.size:
        raise DataError(f"{len(names)} subgroup labels for {y.size} studies.")
    usable = ~(np.isnan(y) | np.isnan(v))
    sizes = {name: sum(bool(u) for u, own in zip(usable, names, strict=True) if own == name) for name in names}
    levels = tuple(name for name, k in sizes.items() if k)
    if not levels:
        raise DataError("There is no study with a usable effect.")
    chosen = [np.array([own == name for own in names]) for name in levels]
    fits = tuple(fit_effects(y[c], v[c], tau2=tau2, ci=ci, level=level, pi=pi) for c in chosen)
    wald = [fit_effects(y[c], v[c], tau2=tau2, ci="z", level=level, pi=pi) for c in chosen]
    test = between_subgroups(levels, *(np.array([getattr(f, name) for f in wald]) for name in ("beta", "se", "k")))
    empty = [str(name) for name, k in sizes.items() if not k]
    if empty:
        test = replace(test, notes=(*test.notes, Note("subgroups_without_effect", groups=empty)))
    return Subgroups(levels, fits, test, sizes)


def between_subgroups(levels: Sequence[str], beta: Array, se: Array, k: Array) -> SubgroupTest:
    """Cochran's Q over the pooled effects of subgroups, weighted by their model-based variances."""
    if len(levels) < 2:
        return SubgroupTest(np.nan, 0, np.nan, (Note("one_subgroup"),))
    weight = 1 / se**2
    mean = (weight * beta).sum() / weight.sum()
    q = float((weight * (beta - mean) ** 2).sum())
    df = len(levels) - 1
    if not np.isfinite(q):
        return SubgroupTest(np.nan, df, np.nan, (Note("subgroup_without_se"),))
    single = [str(name) for name, size in zip(levels, k, strict=True) if size == 1]
    notes = (Note("subgroups_of_one", groups=single),) if single else ()
    return SubgroupTest(q, df, float(chi2_upper_tail(np.array(q), np.array(df))), notes)
