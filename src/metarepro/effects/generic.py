"""Published effects: a standard error from whatever the paper printed."""

from __future__ import annotations

import numpy as np

from metarepro.effects.checks import Array, refuse
from metarepro.errors import ConfigError, DataError

SPREADS = ("se", "variance", "ci_low", "ci_high", "p_value", "t_value")


def generic(estimate: Array, level: float, **spread: Array) -> tuple[Array, Array, dict[str, np.ndarray]]:
    """Estimate and sampling variance of a published effect, already on its working scale (ratios: log).

    Exactly one of `se`, `variance`, `p_value`, `t_value` (the printed test statistic), or the pair `ci_low`, `ci_high`
    is needed. From an interval the standard error is its width over 2 z, so the interval must be a normal one on this
    scale; from a p-value it is that of a normal test.

    References
    ----------
    Cochrane Handbook 6.3.1 and 6.3.2, https://training.cochrane.org/handbook
    """
    kinds = {name.replace("ci_low", "ci").replace("ci_high", "ci") for name in spread}
    if len(kinds) != 1:
        raise DataError("GEN needs exactly one of: se; variance; ci_low with ci_high; p_value; t_value.")
    kind = kinds.pop()
    if kind in ("se", "variance"):
        values = spread[kind]
        what = "standard error" if kind == "se" else "variance"
        good = np.isnan(values) | (np.isfinite(values) & (values > 0))
        refuse(~good, f"{kind} is not positive", f"Give a {what} > 0.", **{kind: values})
        return estimate, values**2 if kind == "se" else values, {}
    if kind == "p_value":
        return estimate, se_from_p(estimate, spread["p_value"]) ** 2, {}
    if kind == "t_value":
        t = spread["t_value"]
        refuse(t == 0, "t_value is 0, which says nothing about the spread", "Give the SE.", t_value=t)
        opposed = np.sign(t) * np.sign(estimate) < 0
        refuse(opposed, "t_value and estimate differ in sign", "Check the direction.", estimate=estimate, t_value=t)
        return estimate, (estimate / t) ** 2, {}
    if len(spread) < 2:
        raise DataError("GEN with an interval needs both ci_low and ci_high.")
    ci_low, ci_high = spread["ci_low"], spread["ci_high"]
    bounds = {"ci_low": ci_low, "estimate": estimate, "ci_high": ci_high}
    refuse(ci_low >= ci_high, "ci_low is not below ci_high", "Are the bounds swapped?", **bounds)
    outside = (estimate < ci_low) | (estimate > ci_high)
    refuse(outside, "The estimate lies outside its interval", "Is one of the three on another scale?", **bounds)
    return estimate, se_from_interval(ci_low, ci_high, level) ** 2, {}


def hazard_ratio(hr: Array, level: float, **spread: Array) -> tuple[Array, Array, dict[str, np.ndarray]]:
    """Log hazard ratio from the printed ratio with the SE of its log, its interval (as ratios), or an exact p-value."""
    refuse((hr <= 0) | np.isinf(hr), "hr is not positive", "Give the ratio itself, not its log.", hr=hr)
    logs = {}
    for name, values in spread.items():
        if name in ("ci_low", "ci_high"):
            refuse(
                values <= 0, f"{name} is not positive", "Give the bounds of the ratio itself, not of its log.", hr=hr
            )
            logs[name] = np.log(values)
        else:
            logs[name] = values
    return generic(np.log(hr), level, **logs)


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
