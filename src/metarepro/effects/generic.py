"""Published effects: a standard error from whatever the paper printed."""

from __future__ import annotations

import numpy as np

from metarepro.effects.checks import Array, refuse
from metarepro.effects.levels import check_level
from metarepro.errors import DataError

# What a standard error is made from, in the order of preference.
SPREADS = ("se", "variance", "ci_low", "ci_high", "p_value", "t_value")
# Distances of an estimate from the middle of its interval, in half-widths: clear, and none to speak of.
_MARKED_OFF, _EVEN = 0.15, 0.05


def generic(estimate: Array, level: float, **spread: Array) -> tuple[Array, Array, dict[str, np.ndarray]]:
    """Estimate and sampling variance of a published effect, already on its working scale (ratios: log).

    Of each study the first that is there is taken: `se`, `variance`, the pair `ci_low`, `ci_high`, `p_value`,
    `t_value` (the printed test statistic). From an interval the standard error is its width over 2 z, so the interval
    must be a normal one on this scale; from a p-value it is that of a normal test.

    References
    ----------
    Cochrane Handbook 6.3.1 and 6.3.2, https://training.cochrane.org/handbook
    """
    _check_spread("GEN", spread)
    flags: dict[str, np.ndarray] = {}
    if "ci_low" in spread:
        ci_low, ci_high = spread["ci_low"], spread["ci_high"]
        _check_interval({"ci_low": ci_low, "estimate": estimate, "ci_high": ci_high})
        flags["log_interval"] = _even_on_log_scale_only(estimate, ci_low, ci_high)
    return estimate, _variance(estimate, level, spread), flags


def hazard_ratio(hr: Array, level: float, **spread: Array) -> tuple[Array, Array, dict[str, np.ndarray]]:
    """Log hazard ratio from the printed ratio with the SE of its log, its interval (as ratios), or an exact p-value."""
    _check_spread("HR", spread)
    refuse((hr <= 0) | np.isinf(hr), "hr is not positive", "Give the ratio itself, not its log.", hr=hr)
    if "ci_low" in spread:
        bounds = {"ci_low": spread["ci_low"], "hr": hr, "ci_high": spread["ci_high"]}
        for name in ("ci_low", "ci_high"):
            fix = "Give the bounds of the ratio itself, not of its log."
            refuse(bounds[name] <= 0, f"{name} is not positive", fix, **bounds)
        _check_interval(bounds)
        spread = spread | {name: np.log(spread[name]) for name in ("ci_low", "ci_high")}
    return np.log(hr), _variance(np.log(hr), level, spread), {}


def _check_spread(measure: str, spread: dict[str, Array]) -> None:
    known = (
        "se; variance; ci_low with ci_high; p_value; t_value"
        if measure == "GEN"
        else "se; ci_low with ci_high; p_value"
    )
    if not spread:
        raise DataError(f"{measure} needs one of: {known}.")
    if ("ci_low" in spread) != ("ci_high" in spread):
        raise DataError(f"{measure} with an interval needs both ci_low and ci_high.")


def _check_interval(bounds: dict[str, Array]) -> None:
    """Refuse intervals that cannot be those of their estimates; numbers in the message are those that were given."""
    low, estimate, high = bounds.values()
    refuse(low >= high, "ci_low is not below ci_high", "Are the bounds swapped?", **bounds)
    outside = (estimate < low) | (estimate > high)
    refuse(outside, "The estimate lies outside its interval", "Is one of the three on another scale?", **bounds)


def _variance(estimate: Array, level: float, spread: dict[str, Array]) -> Array:
    """Sampling variance from the first number of each study that says it."""
    variance = np.full(estimate.shape, np.nan)
    for kind in SPREADS:
        if kind == "ci_high" or kind not in spread:
            continue
        values = spread[kind]
        if kind in ("se", "variance"):
            what = "standard error" if kind == "se" else "variance"
            good = np.isnan(values) | (np.isfinite(values) & (values > 0))
            refuse(~good, f"{kind} is not positive", f"Give a {what} > 0.", **{kind: values})
            found = values**2 if kind == "se" else values
        elif kind == "ci_low":
            found = se_from_interval(values, spread["ci_high"], level) ** 2
        elif kind == "p_value":
            found = se_from_p(estimate, values) ** 2
        else:
            refuse(values == 0, "t_value is 0, which says nothing about the spread", "Give the SE.", t_value=values)
            opposed = np.sign(values) * np.sign(estimate) < 0
            numbers = {"estimate": estimate, "t_value": values}
            refuse(opposed, "t_value and estimate differ in sign", "Check the direction.", **numbers)
            found = (estimate / values) ** 2
        variance = np.where(np.isnan(variance), found, variance)
    return variance


def _even_on_log_scale_only(estimate: Array, low: Array, high: Array) -> np.ndarray:
    """Which estimates are far from the middle of their interval, but in the middle of its logs within rounding."""
    numbers = np.stack([low, estimate, high])
    with np.errstate(invalid="ignore"):
        doubtful = (numbers > 0).all(0) & (np.abs(low + high - 2 * estimate) > _MARKED_OFF * (high - low))
    for place in zip(*np.nonzero(doubtful), strict=True):
        a, e, b = (float(x) for x in numbers[(slice(None), *place)])
        half = 0.5 * 10.0 ** -max(len(f"{x:.9f}".rstrip("0").partition(".")[2]) for x in (a, e, b))
        least, most = ((a + s * half, e - s * half, b + s * half) for s in (-1, 1))
        # Rounding may move the middle of the logs up to the estimate, and the estimate down to it, or the reverse.
        under, over = (_off(max(x, half / 1e3), y, z) for x, y, z in (most, least))
        doubtful[place] = under >= -_EVEN and over <= _EVEN
    return doubtful


def _off(low: float, estimate: float, high: float) -> float:
    """Distance of the middle of an interval from the estimate in half-widths, all on the log scale."""
    a, e, b = np.log([low, estimate, high])
    return float((a + b - 2 * e) / (b - a))


def se_from_interval(ci_low: Array, ci_high: Array, level: float = 0.95) -> Array:
    """Standard error from a normal confidence interval: (high - low) / (2 z). From a t interval it is too large."""
    from scipy.special import ndtri

    check_level(level)
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
