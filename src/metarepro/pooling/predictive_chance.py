"""Chance that the true effect of a new study lies beyond a threshold, such as the smallest difference that matters."""

from __future__ import annotations

from typing import Any

import numpy as np

from metarepro.effects.checks import read_numbers
from metarepro.errors import ConfigError, DataError
from metarepro.pooling.inference import quantile
from metarepro.pooling.kernel import Array
from metarepro.pooling.protocol import Fit


def chance_beyond(fit: Fit, threshold: Any, direction: str = "above") -> Any:
    """Chance that the true effect of a new study lies above, or below, a threshold.

    Parameters
    ----------
    fit : Fit
        Random-effects result of `pool`, `glmm`, `multilevel` and the like, without moderators; also a batch.
    threshold : float or array_like
        On the working scale: logarithms of ratios, ``math.log(1.25)``. Several give several chances.
    direction : {'above', 'below'}

    Returns
    -------
    float or ndarray
        Between 0 and 1; NaN where the fit has no prediction interval, which its notes explain.

    Raises
    ------
    ConfigError
        An unknown direction, a prediction interval by bootstrap, which is of no distribution.
    DataError
        A fit with moderators, a threshold that is no number.

    Notes
    -----
    It is the distribution of the prediction interval, t with its degrees of freedom, centre at the mean: the interval's
    ends have chances of (1 - level) / 2. When not to use: of three or four studies it says mostly that little is known;
    of a common effect there is no new true effect. It is no chance that a treatment works in a patient.

    References
    ----------
    Higgins, Thompson & Spiegelhalter 2009, doi:10.1111/j.1467-985X.2008.00552.x; Mathur & VanderWeele 2019,
    doi:10.1002/sim.8057 (why such chances say more than an interval).

    Examples
    --------
    >>> from metarepro import pool
    >>> fit = pool([0.1, 0.3, 0.35, 0.65, 0.45], [0.03, 0.03, 0.05, 0.01, 0.05])
    >>> round(chance_beyond(fit, 0.2), 2), round(chance_beyond(fit, fit.pi_low, "below"), 3)
    (0.79, 0.025)
    """
    if direction not in ("above", "below"):
        raise ConfigError(f"direction = {direction!r} is not known. Allowed: above, below.")
    if not isinstance(fit, Fit) or np.ndim(fit.beta) > np.ndim(fit.k):
        raise DataError("A chance beyond a threshold is of one mean. Fix: a fit without moderators.")
    if fit.pi_method == "NNF":
        raise ConfigError("A prediction interval by bootstrap is of no distribution. Fix: pool(..., pi='HTS').")
    at = read_numbers(threshold, "threshold")
    if not np.isfinite(at).all():
        raise DataError("threshold must be a finite number, on the working scale.")
    found = chance_of((fit.beta, fit.pi_low, fit.pi_high), getattr(fit, "pi_df", np.nan), fit.level, at, direction)
    return float(found) if found.ndim == 0 else found


def chance_of(predicted: tuple[Any, Any, Any], df: Any, level: float, threshold: Any, direction: str) -> Array:
    """The chance by the distribution of a prediction interval: its middle and ends, t with `df`, normal where NaN."""
    from scipy.special import ndtr, stdtr

    middle, low, high, df = (np.asarray(x, dtype=np.float64) for x in (*predicted, df))
    with np.errstate(divide="ignore", invalid="ignore"):
        spread = (high - low) / 2 / quantile((1 + level) / 2, df)
        z = (middle - threshold) / spread if direction == "above" else (threshold - middle) / spread
    found = np.where(np.isnan(df), ndtr(z), stdtr(np.where(np.isnan(df), 1.0, df), z))
    return np.where(np.isfinite(spread), found, np.nan)
