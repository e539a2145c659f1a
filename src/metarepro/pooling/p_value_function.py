"""P-value functions: for each p, the effects that a test does not reject at p, which are the 1 - p limits.

The p-value function of an estimate is the p-value of the hypothesis that the effect is x, as a function of x. It is 1
at the estimate and falls on both sides; where it is 0.05, the 95 % confidence limits are (Infanger &
Schmidt-Trucksäss 2019, doi:10.1002/sim.8293). All limits here are on the scale of their arguments.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from metarepro.errors import DataError
from metarepro.pooling.binomial_normal import BinomialNormal, maximise
from metarepro.pooling.inference import quantile, two_sided_p
from metarepro.pooling.kernel import Array
from metarepro.pooling.profile_ends import profile_end

Limits = tuple[Array, Array]


def p_values_of(effects: ArrayLike, estimate: float, se: float, df: float = math.nan) -> Array:
    """Two-sided p-values of the hypotheses that the effect is each of `effects`.

    Parameters
    ----------
    effects : array_like
        Effects to test, on the working scale.
    estimate, se : float
        Estimate and its standard error, as its interval uses it.
    df : float
        Degrees of freedom of the t distribution; NaN for the normal one.

    Raises
    ------
    DataError
        When the standard error is not positive and finite.
    """
    _check(estimate, se)
    statistic = (np.asarray(effects, dtype=np.float64) - estimate) / se
    return two_sided_p(statistic, np.asarray(df, dtype=np.float64))


def limits_at(p: ArrayLike, estimate: float, se: float, df: float = math.nan) -> Limits:
    """Lower and upper confidence limits at the levels 1 - p: estimate -/+ quantile x standard error.

    Parameters
    ----------
    p : array_like
        P-values above 0, up to 1.
    estimate, se, df : float
        As in `p_values_of`.
    """
    _check(estimate, se)
    half = se * _quantiles(_checked(p), df)
    return estimate - half, estimate + half


def score_limits_at(p: ArrayLike, events: float, total: float) -> Limits:
    """Limits of a single proportion by its score test: Wilson's intervals at the levels 1 - p.

    References
    ----------
    Wilson 1927, doi:10.1080/01621459.1927.10502953.
    """
    if not (0 <= events <= total and total > 0):
        raise DataError(f"{events:g} events of {total:g} are no proportion.")
    z2 = _quantiles(_checked(p)) ** 2
    share = events / total
    middle = (share + z2 / (2 * total)) / (1 + z2 / total)
    half = np.sqrt(z2 * (share * (1 - share) / total + z2 / (4 * total**2))) / (1 + z2 / total)
    # At 0 and at all events the end is the end of the scale, not a rounding error beside it.
    low = np.zeros_like(middle) if events == 0 else middle - half
    return low, np.ones_like(middle) if events == total else middle + half


def limits_through(p: ArrayLike, estimate: float, low: float, high: float, level: float) -> Limits:
    """Limits that pass through an interval as it was printed: normal, with a spread of its own on each side.

    A printed interval may be rounded, or of a method that is not told; between it and the estimate nothing is known.
    The function is exact at the estimate and at the printed limits, and an interpolation elsewhere.
    """
    if not (low <= estimate <= high and math.isfinite(low) and math.isfinite(high)):
        raise DataError(f"The estimate {estimate:g} does not lie within its interval, {low:g} to {high:g}.")
    shares = _quantiles(_checked(p)) / float(quantile((1 + level) / 2, np.asarray(math.nan)))
    return estimate - shares * (estimate - low), estimate + shares * (high - estimate)


def profile_limits_at(p: ArrayLike, events: ArrayLike, total: ArrayLike, df: float = math.nan) -> Limits:
    """Profile-likelihood limits of the pooled logit in the binomial-normal model (`metarepro.pooling.glmm`).

    With `df` by the quantile of t (``PL-t``), else by that of the normal (``PL``).

    Raises
    ------
    DataError
        When no patient, or every patient, has the event: the estimate then is infinite.
    """
    e, n = (np.asarray(x, dtype=np.float64) for x in (events, total))
    if e.sum() in (0, n.sum()):
        raise DataError("No patient, or every patient, has the event: the pooled logit is infinite.")
    model, best, _ = maximise(BinomialNormal(e, n))
    ends = []
    for x, spread in zip(_checked(p), _quantiles(_checked(p), df), strict=True):
        target = best.value - 0.5 * float(spread) ** 2
        at_top = x == 1 or not best.converged
        ends.append([best.beta if at_top else profile_end(model, best, target, side) for side in (-1, 1)])
    found = np.array(ends)
    return found[:, 0], found[:, 1]


def _quantiles(p: Array, df: float = math.nan) -> Array:
    """Upper quantiles that two-sided p-values belong to: of t, or of the normal where df is NaN."""
    from scipy.special import ndtri, stdtrit

    upper = 1 - p / 2
    return np.asarray(ndtri(upper) if math.isnan(df) else stdtrit(df, upper), dtype=np.float64)


def _check(estimate: float, se: float) -> None:
    if not (math.isfinite(estimate) and math.isfinite(se) and se > 0):
        raise DataError(
            f"An estimate of {estimate:g} with a standard error of {se:g} has no p-value function. "
            "Fix: both must be finite, and the standard error above 0 (HK-ci where effects are equal)."
        )


def _checked(p: ArrayLike) -> Array:
    values = np.atleast_1d(np.asarray(p, dtype=np.float64))
    if not ((values > 0) & (values <= 1)).all():
        raise DataError("P-values must lie above 0, up to 1.")
    return values
