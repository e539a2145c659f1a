"""Confidence intervals of pooled effects from one estimation, by the methods of `inference.CI_METHODS`."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from metarepro.pooling.engine import Estimates
from metarepro.pooling.inference import CI_METHODS, quantile
from metarepro.pooling.kernel import Array


def hartung_knapp_factor(e: Estimates) -> Array:
    """Factor on the variance of each of b problems; 1 where there are no more studies than coefficients.

    References
    ----------
    Hartung & Knapp 2001, doi:10.1002/sim.791; Knapp & Hartung 2003, doi:10.1002/sim.1482.
    """
    df = e.k - e.beta.shape[-1]
    with np.errstate(invalid="ignore", divide="ignore"):
        factor = np.where(df >= 1, e.rss / df, 1.0)
    # Residuals that are zero but for rounding must not turn into a made-up standard error.
    steps = 1 if e.log_det_xwx is None else 16
    rounding = (steps * np.finfo(float).eps * e.size) ** 2 * e.sum_w
    return np.where(factor * np.maximum(df, 1) <= rounding, 0.0, factor)


def half_widths(e: Estimates, level: float, codes: Iterable[str] = tuple(CI_METHODS)) -> dict[str, Array]:
    """Half the width of each pooled effect's intervals, without moderators; NaN where their df are below 1.

    Parameters
    ----------
    e : Estimates
        Of b problems.
    level : float
    codes : iterable of str
        Methods, keys of `CI_METHODS`; all by default.

    Returns
    -------
    dict of str to ndarray, shape (b,)
        For each of the methods.
    """
    upper, df = (1 + level) / 2, e.k - 1
    wald, hartung = np.sqrt(e.covariance[:, 0, 0]), hartung_knapp_factor(e)
    found = {}
    for code in codes:
        factor, used = CI_METHODS[code].spread(hartung, df, level)
        found[code] = quantile(upper, used) * wald * np.sqrt(factor)
    return found
