"""Several outcomes of the same studies in one model: a mean and a variance of true effects each, and correlations."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from metarepro.effects.checks import read_numbers
from metarepro.effects.core import EffectSizes, column_of
from metarepro.effects.levels import check_level
from metarepro.errors import ConfigError, DataError
from metarepro.notes import Note, list_rows
from metarepro.pooling.fitted import read_only
from metarepro.pooling.given_effects import one_set
from metarepro.pooling.inference import chi2_upper_tail, quantile, two_sided_p
from metarepro.pooling.kernel import Array
from metarepro.pooling.models.blocks import (
    Likelihood,
    Rows,
    Working,
    check_covariance,
    check_rho,
    number_units,
    stack_clusters,
)  # fmt: skip
from metarepro.pooling.models.unstructured import Summit, cells_of, highest_summit, numbers_of
from metarepro.pooling.problems import why_deficient
from metarepro.pooling.protocol import Fit, Predictions
from metarepro.pooling.result_parts import MULTIVARIATE, Component, Heterogeneity, Method

if TYPE_CHECKING:
    from metarepro.pooling.models.robust import RobustFit


@dataclass(frozen=True, eq=False, repr=False)
class MultivariateFit(Fit):
    """Result of `multivariate`.

    Attributes
    ----------
    outcomes : tuple of str
        Names of the p outcomes, in the order of their first effects.
    beta, se, statistic, p_value, ci_low, ci_high, df : ndarray, shape (coefficients,)
        Means of the outcomes, then slopes of moderators by outcome, with t tests; df are the clusters that report the
        outcome minus its coefficients (NaN, a normal test, for ``CE``).
    tau2 : ndarray, shape (p,)
        Variance of true effects of each outcome; `tau2_se` its standard errors (NaN on the boundary).
    correlation : ndarray, shape (p, p)
        Correlation of true effects between outcomes; NaN where a variance is 0.
    between : ndarray, shape (p, p)
        Covariance of true effects.
    pi_low, pi_high : ndarray, shape (p,)
        Interval for the true effect of each outcome in a new study; NaN with moderators.
    covariance : ndarray
        Of the coefficients.
    q, q_df, q_p : float
        Test that all true effects of an outcome are equal, with the covariance of the sampling errors.
    log_likelihood : float
    k, clusters : int
    converged, at_boundary : bool
        Whether the maximum was reached; whether `between` is singular (a variance of 0, or a correlation of 1 or -1).
    maxima : int
    """

    outcomes: tuple[str, ...]
    beta: Array
    se: Array
    statistic: Array
    df: Array
    p_value: Array
    ci_low: Array
    ci_high: Array
    tau2: Array
    tau2_se: Array
    correlation: Array
    between: Array
    pi_low: Array
    pi_high: Array
    covariance: Array
    q: float
    q_df: int
    q_p: float
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
    _yi: Array
    _vi: Array
    _likelihood: Likelihood
    studies: EffectSizes | None = None

    def __post_init__(self) -> None:
        for value in self.__dict__.values():
            read_only(value)

    i2 = h2 = math.nan

    @property
    def coefficients(self) -> tuple[str, ...]:
        """Names of the coefficients."""
        return self.names

    @property
    def data(self) -> tuple[Array, Array]:
        """Effects and sampling variances."""
        return self._yi.copy(), self._vi.copy()

    @property
    def weights(self) -> Array:
        """NaN: an outcome's mean borrows from the effects of the others, so that no percent weights exist."""
        return np.full(self.k, np.nan)

    def predict(self, moderators: Any = None) -> Predictions:
        """Weighted sums of the coefficients, such as an outcome's mean or the difference of two.

        Parameters
        ----------
        moderators : array_like, shape (coefficients,) or (m, coefficients), optional
            Weights of the coefficients: ``[1, -1]`` is the first outcome minus the second. Left out: each outcome.

        Raises
        ------
        DataError
            Weights that are not as many as the coefficients.
        """
        size, p = self.beta.size, len(self.outcomes)
        rows = np.eye(size)[:p] if moderators is None else np.atleast_2d(read_numbers(moderators, "moderators"))
        if rows.ndim != 2 or not rows.size or not np.isfinite(rows).all():
            raise DataError("Weights must be numbers, a row of them for each sum.")
        if rows.shape[1] != size:
            raise DataError(f"{rows.shape[1]} weights for {size} coefficients: {', '.join(self.names)}.")
        mean = rows @ self.beta
        variance = np.einsum("ij,jk,ik->i", rows, self.covariance, rows)
        spread = np.einsum("ij,jk,ik->i", rows[:, :p], self.between, rows[:, :p])
        used = np.where(rows != 0, self.df, math.inf).min(-1)
        half, se = quantile((1 + self.level) / 2, used), np.sqrt(variance)
        wide = half * np.sqrt(variance + (spread if self.method.pi != "none" else math.nan))
        return Predictions(mean, se, mean - half * se, mean + half * se, mean - wide, mean + wide)

    def robust(self, cluster: Any = None, kind: str = "CR2") -> RobustFit:
        """The coefficients with cluster-robust standard errors; see `metarepro.robust_variance`."""
        from metarepro.pooling.models.robust import robust_variance

        return robust_variance(self, cluster, kind)

    def working(self, cluster: Any) -> Working:
        """Blocks and variances, for robust standard errors."""
        if cluster is not None:
            raise ConfigError("A multivariate fit has its own clusters. Fix: leave cluster out.")
        return Working(self._likelihood, numbers_of(self.between), self.beta, self.clusters)

    @property
    def heterogeneity(self) -> Heterogeneity:
        """How true effects differ: a component an outcome, and Q."""
        rows = zip(self.outcomes, self.tau2, self.tau2_se, strict=True)
        components = tuple(Component(name, float(t), float(se)) for name, t, se in rows)
        nan = math.nan
        return Heterogeneity(components, nan, nan, nan, nan, nan, self.q, self.q_df, self.q_p)


def multivariate(
    yi: ArrayLike | EffectSizes | str,
    vi: ArrayLike | str | None = None,
    *,
    cluster: Any,
    outcome: Any,
    rho: float | None = None,
    V: ArrayLike | None = None,  # noqa: N803 -- the field's name of it
    moderators: ArrayLike | str | None = None,
    method: str = "REML",
    level: float = 0.95,
    data: Any = None,
    labels: Any = None,
) -> MultivariateFit:
    """Pool several outcomes of the same studies together, with an unstructured covariance of their true effects.

    The vector of a study's effects is normal about the means of the outcomes, with covariance T between studies and V_i
    within. A study that lacks an outcome still counts: its others tell something of the missing one.

    Parameters
    ----------
    yi, vi : array_like, shape (k,), or str
        Effects and sampling variances, or names of columns of `data`, or what `effect_sizes` gives in place of `yi`.
    cluster : array_like, shape (k,), or str
        Study of each effect.
    outcome : array_like, shape (k,), or str
        Outcome of each effect; at most one effect a study and outcome.
    rho : float, optional
        Correlation of the sampling errors of one study; 0 if left out. Papers seldom print it: show several.
    V : array_like, shape (k, k), optional
        Covariance of the sampling errors instead of `vi` and `rho`; 0 between studies.
    moderators : array_like, shape (k,) or (k, m), or str, optional
        Covariates, or the name of one in `data`, with a slope of their own for each outcome.
    method : {'REML', 'ML', 'CE'}
        Likelihood of T, or ``CE``: T = 0.
    level : float
        Coverage of all intervals.
    data, labels
        As in `pool`.

    Returns
    -------
    MultivariateFit

    Raises
    ------
    DataError
        A study with two effects of one outcome; two outcomes that no study reports together, whose correlation has no
        data; a covariance that is not positive definite; with the rows.
    ConfigError
        rho outside -1 to 1, an unknown method.

    Notes
    -----
    T = L L' is climbed by Newton steps with analytic derivatives from several starts, and the highest maximum is
    reported. With one outcome the result is that of `pool`.

    When not to use: with few studies. p outcomes have p (p + 1)/2 numbers in T, and with five studies correlations of
    1 or -1 are common; a note says so. For many effects of the same kind use `multilevel`.

    References
    ----------
    Berkey et al. 1998, doi:10.1002/(SICI)1097-0258(19981130)17:22<2537::AID-SIM953>3.0.CO;2-C; Jackson, Riley & White
    2011, doi:10.1002/sim.4172.

    Examples
    --------
    >>> study, outcome = [1, 1, 2, 2, 3, 3], ["pain", "sleep"] * 3
    >>> fit = multivariate([0.1, 0.3, 0.2, 0.6, 0.2, 0.3], [0.03] * 6, cluster=study, outcome=outcome, rho=0.5)
    >>> fit.outcomes, fit.beta.round(3)
    (('pain', 'sleep'), array([0.167, 0.4  ]))
    """
    check_level(level)
    if method not in ("REML", "ML", "CE"):
        raise ConfigError(f"method = {method!r} is not known. Allowed: REML, ML, CE.")
    check_rho(rho, V)
    matrix = None if V is None else read_numbers(V, "V")
    if matrix is not None and vi is None and not isinstance(yi, EffectSizes):
        vi = np.diagonal(matrix)
    studies, y, v, known, notes = one_set(yi, vi, data, labels, "multivariate")
    clusters = number_units(cluster, data, "cluster", y.size)
    check_covariance(matrix, clusters, v)
    kinds = number_units(outcome, data, "outcome", y.size)
    given = column_of(data, outcome, "outcome") if isinstance(outcome, str) else outcome
    names = dict(zip(kinds.tolist(), (str(x) for x in given), strict=True))
    values = column_of(data, moderators, "moderators") if isinstance(moderators, str) else moderators
    extra = np.zeros((y.size, 0)) if values is None else np.atleast_2d(read_numbers(values, "moderators").T).T
    if np.isinf(extra).any():
        raise DataError(f"A moderator is infinite in {list_rows(np.flatnonzero(np.isinf(extra).any(-1)).tolist())}.")
    if extra.shape[0] != y.size:
        raise DataError(f"moderators has {extra.shape[0]} rows for {y.size} effects.")
    without = known & ~np.isfinite(extra).all(-1)
    if without.any():
        notes = (*notes, Note("moderators_missing", rows=[int(i) for i in np.flatnonzero(without)]))
        known = known & ~without
    rows = np.flatnonzero(known)
    there, kinds = np.unique(kinds[known], return_inverse=True)
    _, clusters = np.unique(clusters[known], return_inverse=True)
    outcomes = tuple(names[i] for i in there)
    _check_pairs(clusters, kinds, rows, outcomes, method)
    matrix = None if matrix is None else matrix[np.ix_(rows, rows)]
    own = np.eye(len(outcomes))[kinds]
    x = np.column_stack([own, *(own * column[:, None] for column in extra[known].T)])
    terms = (*outcomes, *(f"{o}: moderator {i + 1}" for i in range(extra.shape[1]) for o in outcomes))
    if np.linalg.matrix_rank(x) < x.shape[1]:
        raise DataError(why_deficient(x, terms))
    stacks = stack_clusters(y[known], x, v[known], clusters, [clusters], rho or 0.0, None, matrix)
    stacks = tuple(replace(s, same=cells_of(kinds[s.rows], len(outcomes))) for s in stacks)
    likelihood = Likelihood(stacks, method != "ML", float(np.linalg.slogdet(x.T @ x)[1]), rows.size)
    shown = studies.kept() if known.all() else None
    return _result(likelihood, y[known], v[known], x, terms, outcomes, clusters, kinds, method, level, notes, shown)


def _check_pairs(clusters: Rows, kinds: Rows, rows: Rows, outcomes: tuple[str, ...], method: str) -> None:
    """Refuse a study with two effects of one outcome, and outcomes that never stand together."""
    if not rows.size:
        raise DataError("There is no effect with all moderators.")
    pairs = np.column_stack([clusters, kinds])
    _, first, counts = np.unique(pairs, axis=0, return_index=True, return_counts=True)
    if (counts > 1).any():
        twice = pairs[first[np.argmax(counts > 1)]]
        where = rows[(pairs == twice).all(-1)].tolist()
        raise DataError(
            f"Effects in {list_rows(where)} are of one study and one outcome, {outcomes[twice[1]]}. Fix: combine them "
            "first, or use multilevel."
        )
    reports = np.zeros((clusters.max() + 1, len(outcomes)))
    reports[clusters, kinds] = 1
    apart = np.argwhere(np.triu(reports.T @ reports == 0, 1))
    if apart.size and method != "CE":
        a, b = (outcomes[i] for i in apart[0])
        raise DataError(
            f"No study reports both {a} and {b}, so that their correlation cannot be estimated. Fix: pool them apart."
        )


def _result(
    likelihood: Likelihood, y: Array, v: Array, x: Array, terms: tuple[str, ...], outcomes: tuple[str, ...],
    cluster: Rows, kinds: Rows, method: str, level: float, notes: tuple[Note, ...], studies: EffectSizes | None,
) -> MultivariateFit:  # fmt: skip
    k, coefficients = x.shape
    size = len(outcomes)
    alone = likelihood.at(np.zeros(likelihood.levels))
    common = method == "CE"
    reports = np.bincount(kinds, minlength=size)
    each = coefficients // size
    if common:
        summit = Summit(np.zeros((size, size)), alone, 0, True, 1)
    elif (reports > each).all():
        summit = highest_summit(likelihood, size, np.array([np.median(v[kinds == i]) for i in range(size)]))
    else:
        few = outcomes[int(np.argmin(reports - each))]
        raise DataError(f"{few} has as many coefficients as studies. Fix: leave it, or a moderator, out.")
    point, between = summit.point, summit.between
    if not summit.converged:
        notes = (*notes, Note("not_converged", estimator=method))
    if summit.maxima > 1:
        notes = (*notes, Note("several_maxima"))
    tau2 = np.diagonal(between).copy()
    scale = np.sqrt(np.where(tau2 > 0, tau2, np.nan))
    correlation = between / np.outer(scale, scale)
    singular = not common and summit.singular
    if singular and size > 1:
        notes = (*notes, Note("between_singular"))
    tau2_se = np.full(size, np.nan)
    if not common and not singular and np.linalg.eigvalsh(point.information)[0] > 0:
        tau2_se = np.sqrt(np.diagonal(np.linalg.inv(point.information))[:size])
    df = np.full(coefficients, math.nan) if common else np.tile(reports - each, each).astype(float)
    se = np.sqrt(np.diagonal(point.covariance))
    statistic = point.beta / se
    quantiles = quantile((1 + level) / 2, df)
    wide = np.full(size, math.nan) if common or each > 1 else quantiles[:size] * np.sqrt(se[:size] ** 2 + tau2)
    return MultivariateFit(
        outcomes=outcomes, beta=point.beta, se=se, statistic=statistic, df=df, p_value=two_sided_p(statistic, df),
        ci_low=point.beta - quantiles * se, ci_high=point.beta + quantiles * se, tau2=tau2, tau2_se=tau2_se,
        correlation=correlation, between=between, pi_low=point.beta[:size] - wide, pi_high=point.beta[:size] + wide,
        covariance=point.covariance, q=alone.rss, q_df=k - coefficients,
        q_p=float(chi2_upper_tail(np.array(alone.rss), np.array(k - coefficients))) if k > coefficients else math.nan,
        log_likelihood=point.value, k=k, clusters=int(cluster.max()) + 1, converged=summit.converged,
        at_boundary=singular, iterations=summit.iterations, maxima=summit.maxima,
        method=Method(MULTIVARIATE, method, "z" if common else "t", "none" if common else "t", level), notes=notes,
        names=terms, _yi=y.copy(), _vi=v.copy(), _likelihood=likelihood, studies=studies,
    )  # fmt: skip
