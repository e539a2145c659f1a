"""Confidence intervals of many pooled effects from one estimation, by each method of `inference.CI_METHODS`."""

from __future__ import annotations

import numpy as np

from metarepro.errors import ConfigError
from metarepro.pooling.engine import Estimates
from metarepro.pooling.inference import CI_METHODS, quantile
from metarepro.pooling.kernel import Array


def half_width(e: Estimates, ci: str, level: float) -> Array:
    """Half the width of the interval of each pooled effect without moderators; NaN where its df are below 1.

    Parameters
    ----------
    e : Estimates
        Of b problems.
    ci : str
        A key of `CI_METHODS`.
    level : float

    References
    ----------
    Hartung & Knapp 2001, doi:10.1002/sim.791; Knapp & Hartung 2003, doi:10.1002/sim.1482.
    """
    if ci not in CI_METHODS:
        raise ConfigError(f"ci = {ci!r} is not known. Allowed: {', '.join(CI_METHODS)}.")
    upper, df = (1 + level) / 2, e.k - 1
    wald = np.sqrt(e.covariance[:, 0, 0])
    normal = np.asarray(quantile(upper, np.array(np.nan)) * wald)
    if ci == "z":
        return normal
    t = quantile(upper, df) * wald
    if ci == "t":
        return t
    with np.errstate(divide="ignore", invalid="ignore"):
        factor = np.where(df > 0, e.rss / df, np.nan)
    # Residuals that are zero but for rounding must not turn into a made-up standard error.
    rounding = (np.finfo(float).eps * e.size) ** 2 * e.sum_w
    factor = np.where(factor * np.maximum(df, 1) <= rounding, 0.0, factor)
    if ci == "HK-adhoc":
        return np.asarray(t * np.sqrt(np.maximum(factor, 1.0)))
    half = t * np.sqrt(factor)
    # The wider of Hartung-Knapp and Wald.
    return np.asarray(np.maximum(half, normal) if ci == "HK-ci" else half)
