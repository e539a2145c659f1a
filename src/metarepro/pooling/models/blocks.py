"""Dependent effects as blocks, one a cluster; clusters of one size are stacked, so that nothing loops over them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from metarepro.effects.checks import is_missing
from metarepro.effects.core import column_of
from metarepro.errors import ConfigError, DataError
from metarepro.notes import list_rows
from metarepro.pooling.kernel import Array

Rows = NDArray[np.intp]


@dataclass(frozen=True)
class Stack:
    """Clusters of n effects each, m of them.

    Attributes
    ----------
    rows : ndarray of int, shape (m, n)
        Where their effects are in the input.
    y, x, v : ndarray, shapes (m, n), (m, n, p), (m, n, n)
        Effects, design, covariance of their sampling errors.
    same : ndarray, shape (levels, m, n, n)
        1 where two effects share the unit of a level.
    """

    rows: Rows
    y: Array
    x: Array
    v: Array
    same: Array


def stack_clusters(
    y: Array, x: Array, vi: Array, cluster: Rows, levels: Sequence[Rows], rho: float, time: Array | None,
    matrix: Array | None,
) -> tuple[Stack, ...]:  # fmt: skip
    """Sort effects into stacks of clusters of one size.

    Parameters
    ----------
    y, vi : ndarray, shape (k,)
    x : ndarray, shape (k, p)
    cluster : ndarray of int, shape (k,)
        Number of the cluster of each effect.
    levels : sequence of ndarray of int
        Numbers of the units of each level, the outermost first; units lie within clusters.
    rho : float
        Correlation of sampling errors within a cluster; with `time`, for times one unit apart.
    time : ndarray, shape (k,), optional
        Times; errors correlate by rho^|difference|.
    matrix : ndarray, shape (k, k), optional
        Covariance of the sampling errors instead.

    Raises
    ------
    DataError
        A covariance that is not positive definite, with the rows.
    """
    order = np.argsort(cluster, kind="stable")
    first = np.flatnonzero(np.diff(cluster[order], prepend=-1))
    sizes = np.diff(np.append(first, order.size))
    stacks = []
    for n in np.unique(sizes):
        rows: Rows = order[first[sizes == n][:, None] + np.arange(n)]
        if matrix is not None:
            v = matrix[rows[:, :, None], rows[:, None, :]]
        else:
            s = np.sqrt(vi[rows])
            apart = np.ones((1, n, n)) if time is None else np.abs(time[rows][:, :, None] - time[rows][:, None, :])
            with np.errstate(divide="ignore", invalid="ignore"):
                correlation = np.where(apart == 0, 1.0, np.sign(rho) * np.abs(rho) ** apart)
            if time is None:
                correlation = np.where(np.eye(n, dtype=bool), 1.0, rho)[None]
            v = correlation * s[:, :, None] * s[:, None, :]
        same = np.stack([(u[rows][:, :, None] == u[rows][:, None, :]) * 1.0 for u in levels])
        lowest = np.linalg.eigvalsh(v / np.sqrt(np.einsum("mi,mj->mij", *(np.diagonal(v, axis1=1, axis2=2),) * 2)))[
            :, 0
        ]
        bad = np.flatnonzero(lowest < 1e-12)
        if bad.size:
            raise DataError(
                f"The covariance of the effects in {list_rows(rows[bad[0]].tolist())} is not positive definite. Fix: "
                "a smaller correlation, or the covariance of the effects as they were computed."
            )
        stacks.append(Stack(rows, y[rows], x[rows], v, same))
    return tuple(stacks)


def number_units(ids: Any, data: Any, option: str, k: int) -> Rows:
    """Numbers of the units that each effect belongs to, in the order of their first effects.

    Raises
    ------
    DataError
        A unit that is missing, with the rows; another number of entries than effects.
    """
    if ids is None:
        raise DataError(f"{option} is missing. Fix: name the unit that each effect belongs to.")
    found = column_of(data, ids, option) if isinstance(ids, str) else ids
    values = list(found)
    if len(values) != k:
        raise DataError(f"{option} has {len(values)} entries for {k} effects.")
    missing = [i for i, x in enumerate(values) if is_missing(x) or str(x).strip() == ""]
    if missing:
        raise DataError(f"{option} is missing in {list_rows(missing)}. Fix: name the unit that each effect belongs to.")
    seen: dict[str, int] = {}
    return np.array([seen.setdefault(str(x), len(seen)) for x in values], dtype=np.intp)


def check_rho(rho: Any, matrix: Any) -> None:
    """Refuse a correlation that is none, or that comes with a covariance.

    Raises
    ------
    ConfigError
    """
    if rho is None:
        return
    if isinstance(rho, bool) or not isinstance(rho, int | float | np.number) or not -1 < rho < 1:
        raise ConfigError(f"rho = {rho!r} must lie between -1 and 1; it is a correlation.")
    if matrix is not None:
        raise ConfigError("V says how the sampling errors correlate, and so does rho. Fix: give one of them.")


def check_covariance(matrix: Array | None, cluster: Rows, vi: Array) -> None:
    """Refuse a covariance of sampling errors that is not symmetric, not 0 between clusters, or not that of `vi`.

    Raises
    ------
    DataError
        With the way to mend it.
    """
    if matrix is None:
        return
    k = cluster.size
    if matrix.shape != (k, k) or not np.allclose(matrix, matrix.T):
        raise DataError(f"V must be a symmetric {k} x {k} matrix, in the order of the effects.")
    if (np.abs(matrix[cluster[:, None] != cluster[None, :]]) > 0).any():
        raise DataError("V is not 0 between clusters. Fix: one cluster for effects with correlated errors.")
    own = np.diagonal(matrix)
    if not np.allclose(own, vi, rtol=1e-6, atol=0, equal_nan=True) and np.isfinite(own).all():
        raise DataError("V has other sampling variances on its diagonal than vi. Fix: leave vi out.")


@dataclass(frozen=True)
class Point:
    """The (restricted) likelihood at some variances.

    Attributes
    ----------
    value : float
    score : ndarray, shape (levels,)
    information : ndarray, shape (levels, levels)
        Observed information; `expected` its expectation.
    beta, covariance : ndarray, shapes (p,), (p, p)
    rss : float
        Weighted sum of squared residuals.
    """

    value: float
    beta: Array
    covariance: Array
    rss: float
    score: Array
    information: Array
    expected: Array


@dataclass(frozen=True)
class Likelihood:
    """The likelihood of variances at nested levels; coefficients are profiled out (ML) or integrated out (REML)."""

    stacks: tuple[Stack, ...]
    restricted: bool
    log_det_xx: float
    k: int

    @property
    def levels(self) -> int:
        """Number of levels."""
        return int(self.stacks[0].same.shape[0])

    def inverses(self, sigma2: Array) -> Iterator[tuple[Stack, Array, Array]]:
        """Each stack with the inverse and the log determinant of its covariances."""
        for s in self.stacks:
            total = s.v + np.einsum("l,lmij->mij", sigma2, s.same)
            if total.shape[1] == 1:
                yield s, 1 / total, np.log(total[:, 0, 0])
            else:
                half = np.linalg.cholesky(total)
                logs = 2 * np.log(np.diagonal(half, axis1=1, axis2=2)).sum(-1)
                yield s, np.linalg.inv(total), logs

    def at(self, sigma2: Array, derivatives: bool = True) -> Point:
        """The likelihood and its derivatives at variances."""
        p = self.stacks[0].x.shape[-1]
        pieces = list(self.inverses(sigma2))
        xwx, xwy, logs = np.zeros((p, p)), np.zeros(p), 0.0
        for s, w, log_det in pieces:
            wx = w @ s.x
            xwx += np.einsum("mip,miq->pq", s.x, wx)
            xwy += np.einsum("mip,mi->p", wx, s.y)
            logs += float(log_det.sum())
        covariance = np.linalg.inv(xwx)
        covariance = (covariance + covariance.T) / 2
        beta: Array = np.asarray(np.linalg.solve(xwx, xwy), dtype=np.float64)
        residuals = [s.y - s.x @ beta for s, _, _ in pieces]
        rss = sum(float(np.einsum("mi,mij,mj->", r, w, r)) for r, (_, w, _) in zip(residuals, pieces, strict=True))
        constant = (self.k - p if self.restricted else self.k) * math.log(2 * math.pi)
        value = -0.5 * (constant + logs + rss)
        if self.restricted:
            value -= 0.5 * (float(np.linalg.slogdet(xwx)[1]) - self.log_det_xx)
        size = self.levels
        if not derivatives:
            none = np.zeros((size, size))
            return Point(value, beta, covariance, rss, np.zeros(size), none, none)
        trace, square, fall = np.zeros(size), np.zeros(size), np.zeros((size, size))
        cross, curve, mixed = np.zeros((size, size)), np.zeros((size, p)), np.zeros((size, p, p))
        second = np.zeros((size, size, p, p))
        for r, (s, w, _) in zip(residuals, pieces, strict=True):
            q = np.einsum("mij,mj->mi", w, r)
            wx = w @ s.x
            aw, aq, awx = s.same @ w, np.einsum("lmij,mj->lmi", s.same, q), s.same @ wx
            trace += np.einsum("lmii->l", aw)
            square += np.einsum("mi,lmi->l", q, aq)
            waq = np.einsum("mij,lmj->lmi", w, aq)
            fall += np.einsum("lmi,nmi->ln", aq, waq)
            curve += np.einsum("mip,lmi->lp", wx, aq)
            cross += np.einsum("lmij,nmji->ln", aw, aw)
            mixed += np.einsum("mip,lmiq->lpq", wx, awx)
            second += np.einsum("lmip,mij,nmjq->lnpq", awx, w, awx, optimize=True)
        fall -= curve @ covariance @ curve.T
        if self.restricted:
            through = np.einsum("pq,lqr->lpr", covariance, mixed)
            trace -= np.einsum("lpp->l", through)
            cross += np.einsum("lpq,nqp->ln", through, through) - 2 * np.einsum("pq,lnqp->ln", covariance, second)
        return Point(value, beta, covariance, rss, 0.5 * (square - trace), fall - 0.5 * cross, 0.5 * cross)


@dataclass(frozen=True)
class Working:
    """What robust standard errors start from: blocks, variances of a fit, its coefficients, the number of clusters."""

    likelihood: Likelihood
    sigma2: Array
    beta: Array
    clusters: int


@dataclass(frozen=True)
class Peak:
    """A maximum over the variances that are not held."""

    sigma2: Array
    point: Point
    iterations: int
    converged: bool


def climb(likelihood: Likelihood, start: Array, held: Sequence[int] = (), small: float = 1e-12) -> Peak:
    """Newton steps to a maximum with variances of 0 or more; those that are held stay."""
    sigma2 = start.astype(np.float64).copy()
    point = likelihood.at(sigma2)
    moves = np.array([i not in held for i in range(sigma2.size)])
    for number in range(200):
        free = moves & ((sigma2 > 0) | (point.score > 0))
        if not free.any():
            return Peak(sigma2, point, number, True)
        chosen = np.flatnonzero(free)
        information = point.information[np.ix_(chosen, chosen)]
        step = np.zeros_like(sigma2)
        # Where the likelihood does not bend down, its expected curvature gives a direction that goes up.
        if np.linalg.eigvalsh(information)[0] <= 0:
            information = point.expected[np.ix_(chosen, chosen)]
        ridge = 1e-14 * np.trace(information) * np.eye(chosen.size)
        step[chosen] = np.linalg.solve(information + ridge, point.score[chosen])
        scale = np.maximum(sigma2, small)
        if (np.abs(step[chosen]) <= 1e-11 * scale[chosen]).all():
            return Peak(sigma2, point, number, True)
        for _ in range(60):
            new = np.maximum(sigma2 + step, 0.0)
            ahead = likelihood.at(new)
            if ahead.value >= point.value - 1e-13 * max(1.0, abs(point.value)):
                break
            step = step / 2
        else:
            return Peak(sigma2, point, number, bool((np.abs(step) <= 1e-8 * scale).all()))
        if (np.abs(new - sigma2) <= 1e-13 * np.maximum(new, small)).all():
            return Peak(new, ahead, number, True)
        sigma2, point = new, ahead
    return Peak(sigma2, point, 200, False)


def working_of_effects(yi: Array, vi: Array, x: Array | None, tau2: float, beta: Array, cluster: Any) -> Working:
    """The working model of independent effects, for robust standard errors.

    Parameters
    ----------
    yi, vi : ndarray, shape (k,)
        NaN where an effect was not used.
    x : ndarray, shape (used, p), or None for a mean
    tau2 : float
    beta : ndarray, shape (p,)
    cluster : array_like
        Of every effect, or of those used.
    """
    if cluster is None:
        raise DataError("robust needs the cluster of each effect. Fix: fit.robust(cluster=[...]).")
    known = np.isfinite(yi) & np.isfinite(vi)
    if isinstance(cluster, str):
        raise DataError(f"robust has no data in which to find {cluster!r}. Fix: fit.robust(cluster=data[{cluster!r}]).")
    given = list(cluster)
    if len(given) == yi.size:
        given = [c for c, used in zip(given, known, strict=True) if used]
    k = int(known.sum())
    own = number_units(given, None, "cluster", k)
    each: Rows = np.arange(k)
    design = np.ones((k, 1)) if x is None else np.asarray(x)
    stacks = stack_clusters(yi[known], design, vi[known], own, [each], 0.0, None, None)
    variance = np.array([tau2 if math.isfinite(tau2) else 0.0])
    return Working(Likelihood(stacks, True, 0.0, k), variance, beta, int(own.max()) + 1)
