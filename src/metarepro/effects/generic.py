"""Published effects: a standard error from whatever the paper printed."""

from __future__ import annotations

import numpy as np

from metarepro.effects.checks import Array, refuse
from metarepro.errors import ConfigError, DataError


def generic(
    estimate: Array, se: Array | None, variance: Array | None, ci_low: Array | None, ci_high: Array | None, level: float
) -> tuple[Array, Array, dict[str, np.ndarray]]:
    """Estimate and sampling variance of a published effect, already on its working scale (ratios: log).

    Exactly one of `se`, `variance`, or the pair `ci_low`, `ci_high` is needed. From an interval the standard
    error is its width over 2 z, so the interval must be a normal one on this scale.

    References
    ----------
    Cochrane Handbook 6.3.1 and 6.3.2, https://training.cochrane.org/handbook
    """
    given = [se is not None, variance is not None, ci_low is not None or ci_high is not None]
    if sum(given) != 1:
        raise DataError("GEN needs exactly one of: se; variance; ci_low with ci_high.")
    if se is not None:
        refuse(
            ~(np.isnan(se) | (np.isfinite(se) & (se > 0))), "se is not positive", "Give a standard error > 0.", se=se
        )
        return estimate, se**2, {}
    if variance is not None:
        good = np.isnan(variance) | (np.isfinite(variance) & (variance > 0))
        refuse(~good, "variance is not positive", "Give a variance > 0.", variance=variance)
        return estimate, variance, {}
    if ci_low is None or ci_high is None:
        raise DataError("GEN with an interval needs both ci_low and ci_high.")
    bounds = {"ci_low": ci_low, "estimate": estimate, "ci_high": ci_high}
    refuse(ci_low >= ci_high, "ci_low is not below ci_high", "Are the bounds swapped?", **bounds)
    outside = (estimate < ci_low) | (estimate > ci_high)
    refuse(outside, "The estimate lies outside its interval", "Is one of the three on another scale?", **bounds)
    return estimate, se_from_interval(ci_low, ci_high, level) ** 2, {}


def se_from_interval(ci_low: Array, ci_high: Array, level: float = 0.95) -> Array:
    """Standard error from a normal confidence interval: (high - low) / (2 z). From a t interval it is too large."""
    from scipy.special import ndtri

    if not 0 < level < 1:
        raise ConfigError(f"level = {level!r} must lie between 0 and 1 (0.95, not 95).")
    return np.asarray((np.asarray(ci_high) - np.asarray(ci_low)) / (2 * ndtri((1 + level) / 2)), dtype=np.float64)


def se_from_p(estimate: Array, p_value: Array) -> Array:
    """Standard error from an estimate and its two-sided p-value, taken as a normal test.

    When not to use: with a p printed as "<0.001" (it bounds the SE only), or from a t-test with few degrees of
    freedom (the SE comes out too large, as the t quantile is larger than the normal one used here). The rounding of a
    printed p carries over: p = 0.02 means 0.015 to 0.025.

    References
    ----------
    Cochrane Handbook 6.3.2, https://training.cochrane.org/handbook
    """
    from scipy.special import ndtri

    p_value = np.asarray(p_value, dtype=np.float64)
    refuse((p_value <= 0) | (p_value >= 1), "p is not between 0 and 1", "Give an exact two-sided p-value.", p=p_value)
    return np.asarray(np.abs(estimate) / -ndtri(p_value / 2), dtype=np.float64)
