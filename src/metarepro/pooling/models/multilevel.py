"""Dependent effects: random effects at nested levels, with correlated sampling errors within clusters."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from metarepro.effects.checks import read_numbers
from metarepro.effects.core import EffectSizes, column_of
from metarepro.effects.levels import check_level
from metarepro.errors import ConfigError, DataError
from metarepro.notes import Note
from metarepro.pooling.fitted import read_only
from metarepro.pooling.given_effects import one_set
from metarepro.pooling.inference import chi2_quantile, chi2_upper_tail, quantile, two_sided_p
from metarepro.pooling.kernel import Array
from metarepro.pooling.models.blocks import (
    Likelihood,
    Peak,
    Rows,
    Working,
    check_covariance,
    check_rho,
    climb,
    number_units,
    stack_clusters,
)  # fmt: skip
from metarepro.pooling.models.highest import highest
from metarepro.pooling.problems import why_deficient
from metarepro.pooling.protocol import Fit
from metarepro.pooling.result_parts import MULTILEVEL, Component, Heterogeneity, Method

if TYPE_CHECKING:
    from metarepro.pooling.models.robust import RobustFit


@dataclass(frozen=True, eq=False, repr=False)
class MultilevelFit(Fit):
    """Result of `multilevel`.

    Attributes
    ----------
    beta, se, statistic, p_value, ci_low, ci_high
        Mean effect (floats), or coefficients (arrays, intercept first), with t tests and intervals.
    df : float
        Clusters minus coefficients, at least 1.
    sigma2 : ndarray, shape (levels,)
        Variance of true effects at each level, the outermost first; `sigma2_se` its standard errors (NaN at 0).
    level_names, told_apart : tuple of str
        Names of the levels; of those that have a variance of their own.
    i2, i2_levels : float, ndarray
        Percent of the variance that is between true effects, in all and by level (typical sampling variance
        (k - p)/tr P, P without random effects and with the full covariance of the sampling errors).
    q, q_df, q_p : float
        Test of equal effects, generalised to correlated sampling errors.
    pi_low, pi_high, pi_df : float
        Interval for the true effect of a new unit of the innermost level in a new cluster; NaN with moderators.
    covariance : float or ndarray
        Of the coefficients.
    weights : ndarray, shape (k,)
        Percent weight of each effect in the mean; NaN with moderators.
    log_likelihood : float
        Restricted (REML) or full (ML).
    k, clusters : int
    converged, at_boundary : bool
        Whether the maximum was reached; whether a variance is 0.
    maxima : int
        Different maxima that were found from all starts; the highest is reported.
    """

    beta: Any
    se: Any
    statistic: Any
    df: float
    p_value: Any
    ci_low: Any
    ci_high: Any
    sigma2: Array
    sigma2_se: Array
    level_names: tuple[str, ...]
    i2: float
    i2_levels: Array
    q: float
    q_df: int
    q_p: float
    pi_low: float
    pi_high: float
    pi_df: float
    covariance: Any
    weights: Array
    log_likelihood: float
    k: int
    clusters: int
    converged: bool
    at_boundary: bool
    iterations: int
    maxima: int
    method: Method
    notes: tuple[Note, ...]
    names: tuple[str, ...]
    told_apart: tuple[str, ...]
    _peak: Peak
    _likelihood: Likelihood
    _yi: Array
    _vi: Array
    _cluster: Rows
    studies: EffectSizes | None = None

    def __post_init__(self) -> None:
        for values in (self.sigma2, self.sigma2_se, self.i2_levels, self.weights):
            read_only(values)

    @property
    def tau2(self) -> float:
        """Variance of true effects over all levels."""
        return float(self.sigma2.sum())

    @property
    def h2(self) -> float:
        """1/(1 - I2)."""
        return 1 / (1 - self.i2 / 100) if self.i2 < 100 else math.inf

    @property
    def coefficients(self) -> tuple[str, ...]:
        """Names of the coefficients."""
        return self.names

    @property
    def data(self) -> tuple[Array, Array]:
        """Effects and sampling variances."""
        return self._yi.copy(), self._vi.copy()

    @cached_property
    def intervals(self) -> tuple[tuple[float, float], ...]:
        """Profile-likelihood interval of the variance at each level; the upper end may be infinite."""
        return tuple(self.profile_interval(i) for i in range(self.sigma2.size))

    def profile_interval(self, index: int) -> tuple[float, float]:
        """Profile-likelihood interval of one variance: where the likelihood falls by half a chi2 quantile.

        Parameters
        ----------
        index : int
            Number of the level, from 0 for the outermost.
        """
        from scipy.optimize import brentq

        target = self.log_likelihood - 0.5 * float(chi2_quantile(self.level, np.array(1.0)))
        top = float(self.sigma2[index])

        def above(value: float) -> float:
            start = np.maximum(self.sigma2.copy(), 1e-3 * self._size)
            start[index] = value
            return climb(self._likelihood, start, (index,), 1e-6 * self._size).point.value - target

        low = 0.0
        if top > 0 and above(0.0) < 0:
            near = top
            while above(near / 4) > 0:
                near /= 4
            low = brentq(above, near / 4, near, xtol=1e-14 * top, rtol=1e-11)
        far = max(2 * top, 0.1 * self._size)
        while above(far) > 0:
            far *= 4
            if far > 1e8 * self._size:
                return low, math.inf
        return low, brentq(above, max(top, far / 8 if above(far / 8) > 0 else top), far, xtol=1e-13 * far, rtol=1e-11)

    def robust(self, cluster: Any = None, kind: str = "CR2") -> RobustFit:
        """The coefficients with cluster-robust standard errors; see `metarepro.robust_variance`."""
        from metarepro.pooling.models.robust import robust_variance

        return robust_variance(self, cluster, kind)

    def working(self, cluster: Any) -> Working:
        """Blocks and variances, for robust standard errors."""
        if cluster is not None:
            own = number_units(cluster, None, "cluster", self.k)
            if not np.array_equal(own[:, None] == own[None, :], self._cluster[:, None] == self._cluster[None, :]):
                raise ConfigError("A multilevel fit has its own clusters. Fix: leave cluster out.")
        return Working(self._likelihood, self._peak.sigma2, np.atleast_1d(self.beta), self.clusters)

    @property
    def _size(self) -> float:
        return float(np.median(self._vi)) + self.tau2

    @property
    def heterogeneity(self) -> Heterogeneity:
        """How true effects differ: a component a level, with profile-likelihood intervals; Q."""
        rows = zip(self.level_names, self.sigma2, self.sigma2_se, self.intervals, strict=True)
        components = tuple(Component(name, float(s2), float(se), *ends) for name, s2, se, ends in rows)
        nan = math.nan
        return Heterogeneity(components, self.i2, nan, nan, self.h2, nan, self.q, self.q_df, self.q_p, "Q", "PL")


def multilevel(
    yi: ArrayLike | EffectSizes | str,
    vi: ArrayLike | str | None = None,
    *,
    cluster: Any,
    effect: Any = None,
    levels: Sequence[Any] = (),
    rho: float | None = None,
    time: Any = None,
    V: ArrayLike | None = None,  # noqa: N803 -- the field's name of it
    moderators: Any = None,
    method: str = "REML",
    level: float = 0.95,
    data: Any = None,
    labels: Any = None,
) -> MultilevelFit:
    """Pool dependent effects: several outcomes, times or arms of the same studies.

    yi = x beta + (effect of its cluster) + ... + (effect of its own unit) + sampling error. With `rho` the sampling
    errors of a cluster are correlated, too: the correlated and hierarchical effects (CHE) model.

    Parameters
    ----------
    yi, vi : array_like, shape (k,), or str
        Effects and sampling variances, or names of columns of `data`, or what `effect_sizes` gives in place of `yi`.
    cluster : array_like, shape (k,), or str
        Study, or whatever shares patients, of each effect.
    effect : array_like, shape (k,), or str, optional
        Unit of the innermost level within its cluster. Left out: each effect is one of its own.
    levels : sequence of array_like or str, optional
        Further levels between the two, the outer first: ``levels=["school"]`` within ``cluster="district"``.
    rho : float, optional
        Correlation of the sampling errors within a cluster; 0 if left out. It is an assumption wherever the papers do
        not report it: show several, and prefer `robust` standard errors, which hold under any.
    time : array_like, shape (k,), or str, optional
        Times of the effects: sampling errors then correlate by rho^|difference|.
    V : array_like, shape (k, k), optional
        Covariance of the sampling errors instead of `vi` and `rho`; 0 between clusters.
    moderators : array_like, shape (k,) or (k, p), or formula, optional
        Covariates, to which an intercept is added; or a formula such as ``"log(time_h) + C(dose)"`` on `data`.
    method : {'REML', 'ML'}
    level : float
        Coverage of all intervals.
    data, labels
        As in `pool`.

    Returns
    -------
    MultilevelFit

    Raises
    ------
    DataError
        A cluster that is missing, a covariance that is not positive definite, impossible variances; with the rows.
    ConfigError
        rho outside -1 to 1, an unknown method.

    Notes
    -----
    The likelihood is computed block by block, at a cost that grows with the number of clusters. It is looked at on a
    grid of variances first, zeros included; the best points are climbed by Newton steps with analytic derivatives, and
    the highest maximum is reported. Tests take t with clusters minus coefficients degrees of freedom. Where every
    cluster has one effect, the innermost level cannot be told from it and is dropped: the result is that of `pool`.

    When not to use: with fewer than about five clusters the variances are nearly unknown. A model-based standard error
    trusts `rho`.

    References
    ----------
    Konstantopoulos 2011, doi:10.1002/jrsm.35; Van den Noortgate et al. 2013, doi:10.3758/s13428-012-0261-6;
    Pustejovsky & Tipton 2022, doi:10.1007/s11121-021-01246-3 (CHE).

    Examples
    --------
    >>> fit = multilevel([0.1, 0.3, 0.2, 0.6], [0.03, 0.03, 0.05, 0.04], cluster=["a", "a", "b", "b"])
    >>> round(fit.beta, 3)
    0.293
    """
    check_level(level)
    if method not in ("REML", "ML"):
        raise ConfigError(f"method = {method!r} is not known. Allowed: REML, ML.")
    matrix = None if V is None else read_numbers(V, "V")
    if matrix is not None and vi is None and not isinstance(yi, EffectSizes):
        vi = np.diagonal(matrix)
    studies, y, v, known, notes = one_set(yi, vi, data, labels, "multilevel")
    check_rho(rho, V)
    ids = [number_units(x, data, name, y.size) for x, name in ((cluster, "cluster"), *((x, "levels") for x in levels))]
    inner = np.arange(y.size) if effect is None else number_units(effect, data, "effect", y.size)
    units, names = _nested([*ids, inner], _level_names(cluster, levels, effect))
    when = (
        None if time is None else read_numbers(column_of(data, time, "time") if isinstance(time, str) else time, "time")
    )
    x, terms = read_design(moderators, data, known)
    without = known & ~np.isfinite(x).all(-1)
    if without.any():
        notes = (*notes, Note("moderators_missing", rows=[int(i) for i in np.flatnonzero(without)]))
        known = known & ~without
    if not known.any():
        raise DataError("There is no effect with all moderators.")
    x, rows = x[known], np.flatnonzero(known)
    if np.linalg.matrix_rank(x) < x.shape[1]:
        raise DataError(why_deficient(x, terms))
    check_covariance(matrix, units[0], v)
    matrix = None if matrix is None else matrix[np.ix_(rows, rows)]
    units = [np.unique(u[known], return_inverse=True)[1].astype(np.intp) for u in units]
    kept, dropped = _told_apart(units)
    if dropped:
        notes = (*notes, Note("levels_not_told_apart", names=[names[i] for i in dropped]))
    if units[0].max() == 0 and len(kept) > 1:
        kept = kept[1:]
        notes = (*notes, Note("one_cluster", name=names[0]))
    times = None if when is None else when[known]
    stacks = stack_clusters(y[known], x, v[known], units[0], [units[i] for i in kept], rho or 0.0, times, matrix)
    return _fit(
        y[known], v[known], stacks, x, terms, units[0], names, kept, method, level, notes,
        studies.kept() if known.all() else None,
    )  # fmt: skip


def _nested(ids: list[Rows], names: tuple[str, ...]) -> tuple[list[Rows], tuple[str, ...]]:
    """Units of each level made unique within those above: school 1 of two districts is two schools."""
    units = [ids[0]]
    for level in ids[1:]:
        _, within = np.unique(np.column_stack([units[-1], level]), axis=0, return_inverse=True)
        units.append(within.ravel().astype(np.intp))
    return units, names


def _level_names(cluster: Any, levels: Sequence[Any], effect: Any) -> tuple[str, ...]:
    outer = cluster if isinstance(cluster, str) else "cluster"
    between = [x if isinstance(x, str) else f"level {i + 2}" for i, x in enumerate(levels)]
    return outer, *between, effect if isinstance(effect, str) else "effect"


def _told_apart(units: list[Rows]) -> tuple[list[int], list[int]]:
    """Levels that group the effects differently from the one above, and those that do not."""
    kept, dropped = [0], list[int]()
    for i in range(1, len(units)):
        (kept if units[i].max() > units[kept[-1]].max() else dropped).append(i)
    return kept, dropped


def read_design(moderators: Any, data: Any, usable: Any) -> tuple[Array, tuple[str, ...]]:
    """Design with its intercept and the names of its columns, from numbers or a formula; NaN where one is missing."""
    k = usable.size
    ones = np.ones((k, 1))
    if moderators is None:
        return ones, ("pooled effect",)
    if isinstance(moderators, str):
        from metarepro.pooling.regression import design_of

        return design_of(moderators, data, usable)
    given = read_numbers(moderators, "moderators")
    given = given[:, None] if given.ndim == 1 else given
    if given.shape[0] != k:
        raise DataError(f"moderators has {given.shape[0]} rows for {k} effects.")
    return np.column_stack([ones, given]), ("Intercept", *(f"moderator {i + 1}" for i in range(given.shape[1])))


def _fit(
    y: Array, v: Array, stacks: Any, x: Array, terms: tuple[str, ...], cluster: Rows, names: tuple[str, ...],
    kept: list[int], method: str, level: float, notes: tuple[Note, ...], studies: EffectSizes | None,
) -> MultilevelFit:  # fmt: skip
    k, p = x.shape
    log_det = float(np.linalg.slogdet(x.T @ x)[1])
    likelihood = Likelihood(stacks, method == "REML", log_det, k)
    clusters = int(cluster.max()) + 1
    alone = likelihood.at(np.zeros(len(kept)))
    if k > p:
        peak, maxima = highest(likelihood)
    else:
        peak, maxima = Peak(np.zeros(len(kept)), alone, 0, True), 1
        notes = (*notes, Note("one_study" if k == 1 else "no_residual_df", common=False, interval="normal"))
    point, here = peak.point, peak.sigma2
    df = float(max(clusters - p, 1)) if clusters > p else math.nan
    if 1 < clusters <= p and k > p:
        notes = (*notes, Note("fewer_clusters_than_coefficients"))
    free = here > 0
    sigma2_se = np.full(here.size, np.nan)
    if free.any():
        curve = point.information[np.ix_(free, free)]
        if np.linalg.eigvalsh(curve)[0] > 0:
            sigma2_se[free] = np.sqrt(np.diagonal(np.linalg.inv(curve)))
    # A level that could not be told apart has no variance of its own.
    sigma2, se_all = np.zeros(len(names)), np.full(len(names), np.nan)
    sigma2[kept], se_all[kept] = here, sigma2_se
    typical = (k - p) / _trace_p(likelihood, p) if k > p else math.nan
    spread = float(here.sum())
    i2 = 100 * spread / (spread + typical)
    se = np.sqrt(np.diagonal(point.covariance))
    statistic = point.beta / se
    half = float(quantile((1 + level) / 2, np.array(df))) * se
    single = p == 1 and terms == ("pooled effect",)
    width = float(quantile((1 + level) / 2, np.array(df))) * math.sqrt(se[0] ** 2 + spread) if single else math.nan
    if k <= p:
        i2, width = math.nan, math.nan
    if not peak.converged:
        notes = (*notes, Note("not_converged", estimator=method))
    if maxima > 1:
        notes = (*notes, Note("several_maxima"))

    def plain(values: Array) -> Any:
        return float(values[0]) if single else read_only(values)

    weights = np.full(k, np.nan)
    if single:
        for s, w, _ in likelihood.inverses(here):
            weights[s.rows] = w.sum(-1)
        weights = 100 * weights / weights.sum()
    test_df = np.full(p, df)
    return MultilevelFit(
        beta=plain(point.beta),
        se=plain(se),
        statistic=plain(statistic),
        df=df,
        p_value=plain(two_sided_p(statistic, test_df)),
        ci_low=plain(point.beta - half),
        ci_high=plain(point.beta + half),
        sigma2=sigma2,
        sigma2_se=se_all,
        level_names=names,
        i2=i2,
        i2_levels=100 * sigma2 / (spread + typical),
        q=alone.rss,
        q_df=k - p,
        q_p=float(chi2_upper_tail(np.array(alone.rss), np.array(k - p))) if k > p else math.nan,
        pi_low=float(point.beta[0]) - width if single else math.nan,
        pi_high=float(point.beta[0]) + width if single else math.nan,
        pi_df=df if single else math.nan,
        covariance=float(point.covariance[0, 0]) if single else read_only(point.covariance),
        weights=weights,
        log_likelihood=point.value,
        k=k,
        clusters=clusters,
        converged=peak.converged,
        at_boundary=bool((here == 0).any()),
        iterations=peak.iterations,
        maxima=maxima,
        method=Method(MULTILEVEL, method, "t", "t", level),
        notes=notes,
        names=terms,
        told_apart=tuple(names[i] for i in kept),
        _peak=peak,
        _likelihood=likelihood,
        _yi=read_only(y.copy()),
        _vi=read_only(v.copy()),
        _cluster=cluster,
        studies=studies,
    )


def _trace_p(likelihood: Likelihood, p: int) -> float:
    """Trace of P without random effects: W - W X (X'WX)^-1 X'W."""
    whole, xwx, xwwx = 0.0, np.zeros((p, p)), np.zeros((p, p))
    for s, w, _ in likelihood.inverses(np.zeros(likelihood.levels)):
        wx = w @ s.x
        whole += float(np.einsum("mii->", w))
        xwx += np.einsum("mip,miq->pq", s.x, wx)
        xwwx += np.einsum("mip,miq->pq", wx, wx)
    return whole - float(np.trace(np.linalg.solve(xwx, xwwx)))
