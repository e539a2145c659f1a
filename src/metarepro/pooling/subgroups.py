"""Subgroup analysis: one fit a subgroup, and the test whether they differ."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from metarepro.effects.checks import read_labels
from metarepro.effects.core import EffectSizes, column_of, columns_of
from metarepro.errors import DataError
from metarepro.notes import Note
from metarepro.pooling.fit import PooledFit, fit_effects
from metarepro.pooling.given_effects import studies_of
from metarepro.pooling.inference import chi2_upper_tail, f_upper_tail
from metarepro.pooling.kernel import Array


@dataclass(frozen=True)
class SubgroupTest:
    """Test for subgroup differences; NaN with a note where there is nothing to test, or nothing to test with.

    Attributes
    ----------
    statistic : float
        F, or Q on chi-squared.
    df : int
        One fewer than subgroups.
    df_residual : float
        Of F; NaN for chi-squared.
    p : float
    notes : tuple of Note
    """

    statistic: float
    df: int
    df_residual: float
    p: float
    notes: tuple[Note, ...]

    @property
    def q(self) -> float:
        """Cochran's Q between subgroups: the statistic on chi-squared, `df` times F."""
        return self.statistic if np.isnan(self.df_residual) else self.statistic * self.df


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
    tau2: str | float = "REML", ci: str | None = None, level: float = 0.95, pi: str = "HTS", data: Any = None, *,
    tau2_common: bool = True,
) -> Subgroups:  # fmt: skip
    """Pool each subgroup and test whether the pooled effects differ.

    Parameters
    ----------
    yi, vi
        As in `pool`; `yi` may be what `effect_sizes` gives; with `data`, names of its columns are taken.
    groups : sequence of str, or str
        Subgroup of each study; after effect sizes also in the place of `vi`.
    tau2, ci, level, pi
        As in `pool`. With a common tau2 each interval still has its own subgroup's degrees of freedom (k - 1) and, for
        Hartung-Knapp, its own scale: with two or three studies it is wide. metafor's regression on the subgroups takes
        those of all studies: ``pool(es, data=..., moderators="0 + C(group)", ci="HK")``.
    data : mapping or data frame, optional
    tau2_common : bool, default True
        Whether the subgroups share one between-study variance, estimated from all studies, as few studies tell little
        of it. The test then is an F test with the Hartung-Knapp variances of a regression on the subgroups, which keeps
        its level; without it each subgroup has its own tau2 and the test is Cochran's Q on chi-squared, weighted by
        model-based variances, which with two to five studies in each of two subgroups rejects a true hypothesis in 8 to
        15 % instead of 5 % where studies differ (docs/coverage.md). A common effect (``CE``) is tested by Q.

    Returns
    -------
    Subgroups

    Raises
    ------
    DataError
        A study without a subgroup, sizes that do not fit, no usable effect.

    Notes
    -----
    When not to use: a difference between subgroups of trials is an observation, not a randomised comparison. With one
    study in every subgroup nothing tells of tau2, and there is no test with a common one.

    References
    ----------
    Borenstein & Higgins 2013, doi:10.1007/s11121-013-0377-7; Knapp & Hartung 2003, doi:10.1002/sim.1482.

    Examples
    --------
    >>> found = pool_subgroups([0.1, 0.2, 0.6, 0.8], [0.02, 0.03, 0.02, 0.04], ["a", "a", "b", "b"])
    >>> round(found.test.p, 3)
    0.037
    """
    if isinstance(yi, EffectSizes) and vi is not None and groups is not None and not len(groups):
        given: Any = vi
        vi, groups = None, given
    if groups is None or not len(groups):
        raise DataError("The subgroup of each study is missing. Fix: pool_subgroups(es, groups).")
    if isinstance(groups, str):
        groups = column_of(data, groups, "groups")
    studies = studies_of(*columns_of(data, {"yi": yi, "vi": vi}).values())
    y, v = studies.yi, studies.vi
    if y.ndim != 1:
        raise DataError("Subgroups are those of one set of studies, not of a batch. Fix: call it for each.")
    names = read_labels(groups, "The subgroup", "name it, or leave the study out.")
    if len(names) != y.size:
        raise DataError(f"{len(names)} subgroup labels for {y.size} studies.")
    usable = ~(np.isnan(y) | np.isnan(v))
    sizes = {name: sum(bool(u) for u, own in zip(usable, names, strict=True) if own == name) for name in names}
    levels = tuple(name for name, k in sizes.items() if k)
    if not levels:
        raise DataError("There is no study with a usable effect.")
    chosen = [np.array([own == name for own in names]) & usable for name in levels]
    if tau2_common and tau2 != "CE":
        shared = common_tau2(y[usable], v[usable], [name for name, u in zip(names, usable, strict=True) if u], tau2)
        fits = tuple(fit_with_common(shared, y[c], v[c], ci, level, pi, studies.of(c).kept()) for c in chosen)
        test = shared.test
    else:
        fits = tuple(
            fit_effects(y[c], v[c], tau2=tau2, ci=ci, level=level, pi=pi, studies=studies.of(c).kept()) for c in chosen
        )
        wald = [fit_effects(y[c], v[c], tau2=tau2, ci="z", level=level, pi=pi) for c in chosen]
        beta, se, k = (np.array([getattr(f, name) for f in wald]) for name in ("beta", "se", "k"))
        test = between_subgroups(levels, beta, se, k)
    empty = [str(name) for name, k in sizes.items() if not k]
    if empty:
        test = replace(test, notes=(*test.notes, Note("subgroups_without_effect", groups=empty)))
    return Subgroups(levels, fits, test, sizes)


@dataclass(frozen=True)
class CommonTau2:
    """A between-study variance that subgroups share; None where no two studies of one subgroup tell it."""

    tau2: float | None
    estimator: str
    test: SubgroupTest


def fit_with_common(
    shared: CommonTau2, y: Array, v: Array, ci: str | None = None, level: float = 0.95, pi: str = "HTS",
    studies: EffectSizes | None = None,
) -> PooledFit:  # fmt: skip
    """Pool a subgroup with the tau2 that all share, or by itself where they share none."""
    tau2 = shared.estimator if shared.tau2 is None else shared.tau2
    fit = fit_effects(y, v, tau2, ci, level, pi=pi, studies=studies)
    return replace(fit, method=replace(fit.method, tau2=shared.estimator), _shared_tau2=shared.tau2 is not None)


def common_tau2(y: Array, v: Array, groups: Sequence[str], tau2: str | float) -> CommonTau2:
    """One tau2 of all subgroups, and the F test between them; every study has an effect."""
    levels = list(dict.fromkeys(groups))
    columns = np.array([[float(own == name) for name in levels] for own in groups])
    m, residual = len(levels), len(groups) - len(levels)
    if m < 2 or residual < 1:
        alone = Note("one_subgroup") if m < 2 else Note("subgroups_all_of_one")
        code, given = (tau2, None) if isinstance(tau2, str) else ("given", float(tau2))
        test = SubgroupTest(np.nan, m - 1, np.nan, np.nan, (alone,))
        return CommonTau2(given, code, test)
    fit = fit_effects(y, v, tau2=tau2, ci="HK", moderators=columns, intercept=False)
    contrast = np.column_stack([-np.ones((m - 1, 1)), np.eye(m - 1)])
    difference = contrast @ np.asarray(fit.beta)
    spread = contrast @ np.asarray(fit.covariance) @ contrast.T
    if not (np.isfinite(spread).all() and np.linalg.det(spread) > 0):
        test = SubgroupTest(np.nan, m - 1, float(residual), np.nan, (Note("subgroups_without_residual"),))
    else:
        statistic = float(difference @ np.linalg.solve(spread, difference)) / (m - 1)
        test = SubgroupTest(statistic, m - 1, float(residual), _f_tail(statistic, m - 1, residual), ())
    return CommonTau2(float(fit.tau2), fit.method.tau2, test)


def between_subgroups(
    levels: Sequence[str], beta: Array, se: Array, k: Array, df_residual: float = np.nan
) -> SubgroupTest:
    """Cochran's Q over pooled effects of subgroups, weighted by their model-based variances; on F if df are given."""
    if len(levels) < 2:
        return SubgroupTest(np.nan, 0, np.nan, np.nan, (Note("one_subgroup"),))
    weight = 1 / se**2
    mean = (weight * beta).sum() / weight.sum()
    q = float((weight * (beta - mean) ** 2).sum())
    df = len(levels) - 1
    if not np.isfinite(q) or df_residual < 1:
        code = "subgroups_all_of_one" if df_residual < 1 else "subgroup_without_se"
        return SubgroupTest(np.nan, df, df_residual, np.nan, (Note(code),))
    single = [str(name) for name, size in zip(levels, k, strict=True) if size == 1]
    notes = (Note("subgroups_of_one", groups=single),) if single else ()
    if np.isnan(df_residual):
        return SubgroupTest(q, df, np.nan, float(chi2_upper_tail(np.array(q), np.array(df))), notes)
    return SubgroupTest(q / df, df, df_residual, _f_tail(q / df, df, df_residual), notes)


def _f_tail(statistic: float, df: float, df_residual: float) -> float:
    return float(f_upper_tail(*(np.array(float(x)) for x in (statistic, df, df_residual))))
