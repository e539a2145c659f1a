"""Cluster-robust variances: standard errors that hold whatever the correlation within clusters is."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from metarepro.errors import ConfigError, DataError
from metarepro.notes import Note
from metarepro.pooling.inference import f_upper_tail
from metarepro.pooling.kernel import Array
from metarepro.pooling.models.adjusted import AdjustedFit, adjusted_parts, chosen_columns, notes_of
from metarepro.pooling.protocol import Fit

# Kinds of correction of the squared residuals for their being too small.
KINDS = {
    "CR0": "none",
    "CR1": "m/(m - 1), m clusters",
    "CR1p": "m/(m - p), p coefficients",
    "CR2": "bias-reduced linearisation: unbiased if the working covariance is right",
}
# Below so many degrees of freedom a Satterthwaite interval cannot be trusted (Tipton 2015).
FEW_DF = 4.0


class HtzTest(NamedTuple):
    """Test that several coefficients are 0: F with `df1` and `df2` (Hotelling's T2, approximated; AHZ or HTZ)."""

    statistic: float
    df1: int
    df2: float
    p_value: float


class _Cluster(NamedTuple):
    """What a stack of clusters gives: corrected weights A'WX, their scores, X, working covariance and residuals."""

    a: Array
    score: Array
    x: Array
    total: Array
    residual: Array


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class RobustFit(AdjustedFit):
    """Coefficients of a fit with cluster-robust standard errors; everything else is that of `model`.

    Attributes
    ----------
    kind : str
        Of the correction; the fields of `AdjustedFit` have Satterthwaite degrees of freedom.
    clusters : int
    """

    kind: str
    clusters: int
    _bread: Array
    _clusters: tuple[_Cluster, ...]
    _factor: float

    def _df_of(self, weights: Any) -> float:
        return _satterthwaite(list(self._clusters), self._bread, np.asarray(weights, dtype=np.float64))

    def wald(self, columns: Sequence[int | str] | None = None) -> HtzTest:
        """Test that coefficients are all 0.

        Parameters
        ----------
        columns : sequence of int or str, optional
            Names of the coefficients, or their numbers from 0; left out: all but the first, the intercept.

        Raises
        ------
        ConfigError
            Other coefficients than the fit has, none, or one twice.
        """
        beta = np.atleast_1d(self.beta)
        chosen = chosen_columns(self, columns)
        q = len(chosen)
        pick = np.eye(beta.size)[chosen]
        cb = pick @ self._bread
        covariance = np.atleast_2d(self.covariance)[np.ix_(chosen, chosen)]
        statistic = float(beta[chosen] @ np.linalg.solve(covariance, beta[chosen]))
        # What each cluster adds is u = C B X'WA e; its covariances under the working model, whitened by their sum.
        own = [np.einsum("qp,mip,mij,mjr,sr->mqs", cb, c.a, c.total, c.a, cb, optimize=True) for c in self._clusters]
        through = [np.einsum("qp,mip,mir->mqr", cb, c.a, c.x) for c in self._clusters]
        diagonal, pass_on = np.concatenate(own), np.concatenate(through)
        expected = (diagonal - np.einsum("mqp,pr,msr->mqs", pass_on, self._bread, pass_on)).sum(0)
        values, vectors = np.linalg.eigh(expected)
        white = vectors / np.sqrt(values) @ vectors.T
        d = np.einsum("qa,mab,bs->mqs", white, diagonal, white)
        e = np.einsum("qa,map->mqp", white, pass_on)
        f = np.einsum("mqp,pr->mqr", e, self._bread)
        # Cov(u_i, u_j) = [i = j] d_i - f_i e_j'; sums over all pairs without forming them.
        total = 0.0
        for s in range(q):
            for t in range(q):
                pairs = ((s, s, t, t), (s, t, t, s))
                for a, b, c, g in pairs:
                    total += float((d[:, a, b] * d[:, c, g]).sum())
                    total -= float((d[:, a, b] * (f[:, c] * e[:, g]).sum(-1)).sum())
                    total -= float((d[:, c, g] * (f[:, a] * e[:, b]).sum(-1)).sum())
                    left = np.einsum("mp,mr->pr", f[:, a], f[:, c])
                    right = np.einsum("mp,mr->pr", e[:, b], e[:, g])
                    total += float((left * right).sum())
        eta = q * (q + 1) / total
        df2 = eta - q + 1
        if df2 <= 0:
            return HtzTest(math.nan, q, math.nan, math.nan)
        value = df2 / (eta * q) * statistic
        return HtzTest(value, q, df2, float(f_upper_tail(np.array(value), np.array(q), np.array(df2))))


def robust_variance(fit: Fit, cluster: Any = None, kind: str = "CR2") -> RobustFit:
    """Cluster-robust standard errors of a fit of effects.

    Parameters
    ----------
    fit : Fit
        What `pool` (by inverse variance), `meta_regression`, `multilevel` or `multivariate` gave.
    cluster : array_like, shape (k,), optional
        Cluster of each effect that was used; a multilevel or multivariate fit knows its own.
    kind : {'CR2', 'CR0', 'CR1', 'CR1p'}
        CR2 by default: the others are too small with few clusters.

    Returns
    -------
    RobustFit

    Raises
    ------
    DataError
        A cluster that is missing, one cluster only.
    ConfigError
        A fit without effects, an unknown kind.

    Notes
    -----
    When not to use: with few clusters, or where one cluster decides a coefficient, the Satterthwaite degrees of freedom
    fall below 4, and neither interval nor test can be trusted; a note says so.

    References
    ----------
    Hedges, Tipton & Johnson 2010, doi:10.1002/jrsm.5; Tipton 2015, doi:10.1037/met0000011; Tipton & Pustejovsky 2015,
    doi:10.3102/1076998615606099 (HTZ); Pustejovsky & Tipton 2018, doi:10.1080/07350015.2016.1247004.

    Examples
    --------
    >>> from metarepro import pool
    >>> fit = pool([0.1, 0.2, 0.6, 0.8, 0.4], [0.02, 0.03, 0.02, 0.04, 0.03])
    >>> robust = robust_variance(fit, ["a", "a", "b", "b", "c"])
    >>> round(robust.se, 3), round(robust.df, 2)
    (0.2, 1.78)
    """
    if not isinstance(fit, Fit):
        raise ConfigError("Robust variances are those of a fit of effects: pool, meta_regression or multilevel.")
    if kind not in KINDS:
        raise ConfigError(f"kind = {kind!r} is not known. Allowed: {', '.join(KINDS)}.")
    working = fit.working(cluster)
    likelihood, sigma2, beta, clusters = working.likelihood, working.sigma2, working.beta, working.clusters
    if clusters < 2:
        raise DataError(
            "All effects are of one cluster, whose residuals say nothing of its error. Fix: leave robust out."
        )
    pieces = list(likelihood.inverses(sigma2))
    p = beta.size
    xwx = sum(np.einsum("mip,mij,mjq->pq", s.x, w, s.x, optimize=True) for s, w, _ in pieces)
    bread = np.linalg.inv(xwx)
    bread = (bread + bread.T) / 2
    found = []
    for s, w, _ in pieces:
        total = s.v + np.einsum("l,lmij->mij", sigma2, s.same)
        wx = w @ s.x
        a = _adjusted(total, s.x, wx, bread) if kind == "CR2" else wx
        residual = s.y - s.x @ beta
        found.append(_Cluster(a, np.einsum("mip,mi->mp", a, residual), s.x, total, residual))
    meat = sum(c.score.T @ c.score for c in found)
    factors = {"CR1": clusters / (clusters - 1), "CR1p": clusters / (clusters - p) if clusters > p else math.nan}
    factor = factors.get(kind, 1.0)
    covariance = factor * bread @ meat @ bread
    df = np.array([_satterthwaite(found, bread, column) for column in np.eye(p)])
    # Residuals that a coefficient leaves at 0 in every cluster say nothing of its error: no degrees of freedom either.
    notes: list[Note] = list(notes_of(fit))
    if not np.isfinite(df).all():
        notes.append(
            Note("no_robust_error", names=[n for n, d in zip(fit.coefficients, df, strict=True) if np.isnan(d)])
        )
    if (df < FEW_DF).any():
        notes.append(Note("few_robust_df", df=float(np.nanmin(df))))
    return RobustFit(
        **adjusted_parts(fit, beta, covariance, df, kind), kind=kind, clusters=clusters, notes=tuple(notes),
        _bread=bread, _clusters=tuple(found), _factor=factor,
    )  # fmt: skip


def _adjusted(total: Array, x: Array, wx: Array, bread: Array) -> Array:
    """A'WX of CR2: residuals multiplied so that their squares are unbiased under the working covariance."""
    half = np.linalg.cholesky(total)
    middle = np.einsum("mji,mjk,mkl->mil", half, total - x @ bread @ np.swapaxes(x, 1, 2), half)
    values, vectors = np.linalg.eigh(middle)
    largest = np.abs(values).max(-1, keepdims=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        roots = np.where(values > 1e-10 * np.maximum(largest, 1e-300), 1 / np.sqrt(values), 0.0)
    inner = np.einsum("mij,mj,mkj->mik", vectors, roots, vectors)
    correction = half @ inner @ np.swapaxes(half, 1, 2)
    return correction @ wx


def _satterthwaite(clusters: list[_Cluster], bread: Array, contrast: Array) -> float:
    """Degrees of freedom of the robust variance of a contrast, if the working covariance is right."""
    first = second = alone = 0.0
    across = np.zeros_like(bread)
    for c in clusters:
        a = c.a @ (bread @ contrast)
        own = np.einsum("mi,mij,mj->m", a, c.total, a)
        through = np.einsum("mi,mip->mp", a, c.x)
        shared = np.einsum("mp,pq,mq->m", through, bread, through)
        first += float((own - shared).sum())
        alone += float(own.sum())
        second += float((own**2 - 2 * own * shared).sum())
        across += through.T @ through
    half = bread @ across
    third = float(np.einsum("pq,qp->", half, half))
    whole = second + third
    # A ratio of traces is 1 or more, but for rounding.
    return max(first**2 / whole, 1.0) if first > 1e-9 * alone else math.nan
