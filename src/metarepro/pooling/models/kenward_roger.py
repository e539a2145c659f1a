"""Kenward-Roger: standard errors and degrees of freedom that know that variances of true effects are estimated."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from metarepro.errors import ConfigError
from metarepro.pooling.inference import f_upper_tail, quantile
from metarepro.pooling.kernel import Array
from metarepro.pooling.models.adjusted import AdjustedFit, adjusted_parts, chosen_columns, notes_of
from metarepro.pooling.protocol import Fit
from metarepro.pooling.result_parts import INVERSE_VARIANCE, MULTILEVEL

CODE = "KR"


class KenwardRogerTest(NamedTuple):
    """Test that several coefficients are 0: the scaled F with `df1` and `df2`, and its p-value."""

    statistic: float
    df1: int
    df2: float
    p_value: float


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class KenwardRogerFit(AdjustedFit):
    """Coefficients of a REML fit with Kenward-Roger's covariance, tests and intervals; see `kenward_roger`."""

    # In an orthonormal basis of the design: model-based covariance; its derivatives Phi P_i Phi for each variance. The
    # covariance of the variances; the map of the basis to the coefficients.
    _bread: Array
    _slopes: Array
    _spread: Array
    _map: Array

    @property
    def pi_low(self) -> float:
        """Lower end of the prediction interval, with this standard error; NaN with moderators."""
        return self._predicted(-1)

    @property
    def pi_high(self) -> float:
        """Upper end of the prediction interval."""
        return self._predicted(1)

    def _predicted(self, side: int) -> float:
        if np.ndim(self.beta) or self.pi_method == "NNF":
            return math.nan
        half = float(quantile((1 + self.level) / 2, np.array(self.model.pi_df)))
        return float(self.beta + side * half * math.sqrt(self.se**2 + self.model.tau2))

    def _df_of(self, weights: Any) -> float:
        w = np.asarray(weights, dtype=np.float64) @ self._map
        return _df(w, self._bread, self._slopes, self._spread) if w.any() else math.nan

    def wald(self, columns: Sequence[int | str] | None = None) -> KenwardRogerTest:
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
        chosen = chosen_columns(self, columns)
        q, beta = len(chosen), np.atleast_1d(self.beta)
        rows = self._map[chosen]
        theta = np.linalg.inv(rows @ self._bread @ rows.T)
        through = [theta @ (rows @ slope @ rows.T) for slope in self._slopes]
        traces = np.array([np.trace(t) for t in through])
        a1 = float(traces @ self._spread @ traces)
        a2 = float(np.einsum("ij,iab,jba->", self._spread, through, through))
        scale, df2 = _scale_and_df(q, a1, a2)
        covariance = np.atleast_2d(self.covariance)[np.ix_(chosen, chosen)]
        value = scale / q * float(beta[chosen] @ np.linalg.solve(covariance, beta[chosen]))
        return KenwardRogerTest(value, q, df2, float(f_upper_tail(np.array(value), np.array(q), np.array(df2))))


def kenward_roger(fit: Fit) -> KenwardRogerFit:
    """Kenward-Roger standard errors, tests and intervals of a REML fit.

    Parameters
    ----------
    fit : Fit
        Result of `pool` (by inverse variance), `meta_regression` or `multilevel`, with ``tau2="REML"``.

    Returns
    -------
    KenwardRogerFit
        The same coefficients. Their covariance allows for the weights being estimated, and each has its own degrees
        of freedom; `contrast` and `wald` use them too.

    Raises
    ------
    ConfigError
        The fit is not by REML, has weights of one's own, or is none of effects with their variances.

    Notes
    -----
    The covariance is Phi + 2 Phi [sum_ij W_ij (Q_ij - P_i Phi P_j)] Phi, with W the inverse of the expected REML
    information of the variances. Of equal sampling variances it is t with k - 1 degrees of freedom. Here the sampling
    variances count as known, as they do in all fits of effects.
    When not to use: with two or three studies, where the interval is as good as endless, and where a variance is
    estimated as 0: the expansion behind it assumes an estimate within its range. HK-ci is the simpler choice for one
    mean; this one is for unbalanced multilevel data, and for meta-regressions of few studies.

    References
    ----------
    Kenward & Roger 1997, doi:10.2307/2533558; Partlett & Riley 2017, doi:10.1002/sim.7140 (coverage in meta-analysis).

    Examples
    --------
    >>> from metarepro import pool
    >>> fit = pool([0.1, 0.3, 0.9, 0.4], [0.02, 0.03, 0.02, 0.09])
    >>> adjusted = kenward_roger(fit)
    >>> round(adjusted.se, 3), round(adjusted.df, 2)
    (0.193, 2.86)
    """
    model = getattr(getattr(fit, "method", None), "model", "")
    if model not in (INVERSE_VARIANCE, MULTILEVEL) or isinstance(fit, AdjustedFit):
        raise ConfigError("Kenward-Roger is for REML fits of effects: pool, meta_regression or multilevel.")
    if fit.method.tau2 != "REML":
        raise ConfigError(f"Kenward-Roger needs REML, and the fit is by {fit.method.tau2}. Fix: tau2='REML'.")
    if np.ndim(fit.k) > 0:
        raise ConfigError("Kenward-Roger is of one fit, not of a batch. Fix: pool one set of effects.")
    if fit.method.weights != "model":
        raise ConfigError("Kenward-Roger needs the weights of the model. Fix: leave weights out.")
    if fit.k <= np.size(fit.beta):
        raise ConfigError(
            f"Kenward-Roger needs more effects than coefficients, and has {fit.k} for {np.size(fit.beta)}: nothing is "
            "left to estimate a variance from."
        )
    working = fit.working(None if model == MULTILEVEL else np.arange(int(fit.k)))
    sigma2, beta = working.sigma2, working.beta
    levels, p = sigma2.size, beta.size
    # A moderator far from 0, such as a year, is nearly the intercept; an orthonormal basis keeps the digits.
    r = np.linalg.qr(np.concatenate([s.x.reshape(-1, p) for s in working.likelihood.stacks]), mode="r")
    to_beta = np.linalg.inv(r)
    xwx, first = np.zeros((p, p)), np.zeros((levels, p, p))
    second, traces = np.zeros((levels, levels, p, p)), np.zeros((levels, levels))
    for s, w, _ in working.likelihood.inverses(sigma2):
        x = s.x @ to_beta
        wx = w @ x
        through = np.einsum("mij,lmjk->lmik", w, s.same)
        xwx += np.einsum("mip,miq->pq", x, wx)
        first -= np.einsum("mip,lmij,mjq->lpq", wx, s.same, wx, optimize=True)
        second += np.einsum("mip,lmij,hmjk,mkq->lhpq", wx, s.same, through, wx, optimize=True)
        traces += np.einsum("lmij,hmji->lh", through, through)
    bread = np.linalg.inv(xwx)
    bread = (bread + bread.T) / 2
    slopes = bread @ first @ bread
    information = 0.5 * (
        traces - 2 * np.einsum("pq,lhqp->lh", bread, second) + np.einsum("lpq,hqp->lh", bread @ first, bread @ first)
    )
    spread = np.linalg.inv(information)
    inner = np.einsum("lh,lhpq->pq", spread, second) - np.einsum("lh,lpq,qr,hrs->ps", spread, first, bread, first)
    covariance = to_beta @ (bread + 2 * bread @ inner @ bread) @ to_beta.T
    covariance = (covariance + covariance.T) / 2
    df = np.array([_df(row, bread, slopes, spread) for row in to_beta])
    parts = adjusted_parts(fit, beta, covariance, df, CODE)
    return KenwardRogerFit(**parts, notes=notes_of(fit), _bread=bread, _slopes=slopes, _spread=spread, _map=to_beta)


def _df(weights: Array, bread: Array, slopes: Array, spread: Array) -> float:
    """Degrees of freedom of a weighted sum of coefficients."""
    share = np.einsum("p,lpq,q->l", weights, slopes, weights) / float(weights @ bread @ weights)
    loss = float(share @ spread @ share)
    return 2 / loss if loss > 0 else math.nan


def _scale_and_df(q: int, a1: float, a2: float) -> tuple[float, float]:
    """Kenward and Roger's factor on F and its denominator degrees of freedom, for q coefficients."""
    b = (a1 + 6 * a2) / (2 * q)
    g = ((q + 1) * a1 - (q + 4) * a2) / ((q + 2) * a2)
    below = 3 * q + 2 * (1 - g)
    c1, c2, c3 = g / below, (q - g) / below, (q + 2 - g) / below
    mean = 1 / (1 - a2 / q)
    variance = 2 / q * (1 + c1 * b) / ((1 - c2 * b) ** 2 * (1 - c3 * b))
    ratio = variance / (2 * mean**2)
    df = 4 + (q + 2) / (q * ratio - 1)
    return df / (mean * (df - 2)), df
