"""Limit meta-analysis: the effect that the random-effects model leads to as studies become infinitely large."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from metarepro.effects.core import EffectSizes
from metarepro.errors import DataError
from metarepro.notes import Note
from metarepro.pooling.fit import PooledFit, fit_effects
from metarepro.pooling.given_effects import one_set
from metarepro.pooling.inference import chi2_upper_tail, two_sided_p
from metarepro.pooling.kernel import Array
from metarepro.robustness.evidence import notes_of_few
from metarepro.robustness.weighted_line import fit_line


@dataclass(frozen=True, eq=False)
class LimitMetaAnalysis:
    """Result of `limit_meta_analysis`, on the working scale.

    Attributes
    ----------
    beta : float
        Effect in the limit, beta_r + tau alpha_r.
    intercept, intercept_se, p_value : float
        alpha_r, the bias by small-study effects, and its test.
    slope : float
        beta_r.
    studies : ndarray, shape (k,)
        Limit of each study: what it would show with infinite precision.
    q, q_small, q_residual, q_small_p : float
        Cochran's Q, split into what small-study effects explain (1 df, with its p-value) and the rest (k - 2 df).
    fit : PooledFit
        The random-effects model without the correction.
    notes : tuple of Note
    """

    beta: float
    intercept: float
    intercept_se: float
    p_value: float
    slope: float
    studies: Array
    q: float
    q_small: float
    q_residual: float
    q_small_p: float
    fit: PooledFit
    notes: tuple[Note, ...]


def limit_meta_analysis(
    yi: ArrayLike | EffectSizes | str, vi: ArrayLike | str | None = None, *, data: Any = None, labels: Any = None,
    tau2: str | float = "REML",
) -> LimitMetaAnalysis:  # fmt: skip
    """Correct for small-study effects with a random-effects model that contains them.

    Parameters
    ----------
    yi, vi, data, labels
        As in `pool`: effects and variances of shape (k,), `EffectSizes`, or names of columns of `data`.
    tau2
        As in `pool`.

    Returns
    -------
    LimitMetaAnalysis

    Raises
    ------
    DataError
        As `pool`; fewer than three studies; standard errors that are all the same.

    Notes
    -----
    yi / sqrt(vi + tau2) is regressed on 1 / sqrt(vi + tau2). When not to use: below ten studies; where small studies
    truly differ from large ones, which it would remove.

    References
    ----------
    Rücker et al. 2011, doi:10.1093/biostatistics/kxq046.

    Examples
    --------
    >>> round(limit_meta_analysis([0.1, 0.3, 0.35, 0.9], [0.01, 0.03, 0.05, 0.2], tau2="DL").beta, 3)
    0.02
    """
    _, y, v, known, notes = one_set(yi, vi, data, labels, "limit_meta_analysis")
    y, v = y[known], v[known]
    k = int(y.size)
    if k < 3:
        raise DataError(f"A limit meta-analysis needs at least 3 studies with a usable effect; there are {k}.")
    fit = fit_effects(y, v, tau2)
    between = 0.0 if fit.method.tau2 == "CE" else float(fit.tau2)
    total = np.sqrt(v + between)
    # In units of the total error: the intercept of the line is the bias, its slope the effect.
    line = fit_line(y, total, 1 / total**2)
    own = fit_line(y, np.sqrt(v), 1 / v)
    if line is None or own is None:
        raise DataError("All studies have the same standard error, so that there is no limit to go to.")
    alpha, beta, tau = line.slope, line.intercept, math.sqrt(between)
    weight = (1 / v).sum()
    q = float(((y - (y / v).sum() / weight) ** 2 / v).sum())
    residual = float(((y - own.intercept - own.slope * np.sqrt(v)) ** 2 / v).sum())
    limit = beta + tau * alpha
    studies = limit + np.sqrt(between / (v + between)) * (y - limit)
    statistic = line.slope / line.slope_se if line.slope_se else math.nan
    p_value = float(two_sided_p(np.array(statistic), np.array(float(k - 2))))
    remarks = (*notes, *notes_of_few(k))
    q_small = q - residual
    return LimitMetaAnalysis(
        limit, alpha, line.slope_se, p_value, beta, studies, q, q_small, residual,
        float(chi2_upper_tail(np.array(q_small), np.array(1.0))), fit, remarks,
    )  # fmt: skip
