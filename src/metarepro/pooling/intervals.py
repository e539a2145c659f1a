"""Confidence intervals of many pooled effects from one estimation, by each method of `inference.CI_METHODS`."""

from __future__ import annotations

import numpy as np

from metarepro.pooling.engine import Estimates
from metarepro.pooling.inference import quantile
from metarepro.pooling.kernel import Array


def half_widths(e: Estimates, level: float) -> dict[str, Array]:
    """Half the width of each pooled effect's intervals, without moderators; NaN where their df are below 1.

    Parameters
    ----------
    e : Estimates
        Of b problems.
    level : float

    Returns
    -------
    dict of str to ndarray, shape (b,)
        For each method: ``z``, ``t``, ``HK``, ``HK-adhoc``, and ``HK-ci``, the wider of ``HK`` and ``z``.

    References
    ----------
    Hartung & Knapp 2001, doi:10.1002/sim.791; Knapp & Hartung 2003, doi:10.1002/sim.1482.
    """
    upper, df = (1 + level) / 2, e.k - 1
    wald = np.sqrt(e.covariance[:, 0, 0])
    normal, t = quantile(upper, np.array(np.nan)) * wald, quantile(upper, df) * wald
    with np.errstate(divide="ignore", invalid="ignore"):
        factor = np.where(df > 0, e.rss / df, np.nan)
    # Residuals that are zero but for rounding must not turn into a made-up standard error.
    rounding = (np.finfo(float).eps * e.size) ** 2 * e.sum_w
    factor = np.where(factor * np.maximum(df, 1) <= rounding, 0.0, factor)
    hartung = t * np.sqrt(factor)
    adhoc = t * np.sqrt(np.maximum(factor, 1.0))
    return {"z": normal, "t": t, "HK": hartung, "HK-adhoc": adhoc, "HK-ci": np.maximum(hartung, normal)}
