"""What the significant p-values alone say: p-curve, p-uniform, and p-uniform* with the others."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import log_ndtr, ndtr, ndtri

from metarepro.effects.core import EffectSizes
from metarepro.effects.levels import check_level
from metarepro.notes import Note
from metarepro.pooling.given_effects import one_set
from metarepro.pooling.inference import chi2_quantile, chi2_upper_tail
from metarepro.pooling.kernel import Array
from metarepro.robustness.evidence import direction_of
from metarepro.robustness.maximise import Maximum, maximise

_ROOT = math.sqrt(2 * math.pi)
# Two-sided significance, and half of it in the expected direction.
_LIMIT = float(ndtri(0.975))
# Ends of the five steps of a p-curve.
_BINS = np.array([0.0, 0.01, 0.02, 0.03, 0.04, 0.05])


@dataclass(frozen=True)
class PCurve:
    """Result of `p_curve`; NaN, with the reason in `notes`, where no study is significant.

    Attributes
    ----------
    k, significant, below_025 : int
        Studies; those with p < 0.05; those with p < 0.025.
    right_skew_z, right_skew_p : float
        Test of the full curve against a flat one (no effect): small p-values dominate.
    half_z, half_p : float
        The same on p < 0.025.
    flatter_z, flatter_p : float
        Test of a curve flatter than that of studies with 33 % power.
    power : float
        Power of the tests that fits the curve.
    evidential_value : bool
        By the rule of the authors: the half curve has p < 0.05, or both have p < 0.1.
    counts : tuple of int
        Studies with p up to 0.01, 0.02, 0.03, 0.04 and 0.05: the curve.
    third : tuple of float
        Shares of these five where all studies have 33 % power.
    notes : tuple of Note
    """

    k: int
    significant: int
    below_025: int
    right_skew_z: float
    right_skew_p: float
    half_z: float
    half_p: float
    flatter_z: float
    flatter_p: float
    power: float
    evidential_value: bool
    counts: tuple[int, ...]
    third: tuple[float, ...]
    notes: tuple[Note, ...]


@dataclass(frozen=True, eq=False)
class PUniform:
    """Result of `p_uniform`; NaN, with the reason in `notes`, where it does not exist.

    Attributes
    ----------
    beta, ci_low, ci_high : float
        Effect on the working scale, with its interval by profile likelihood.
    tau2 : float
    lrt, p_value : float
        Likelihood-ratio test of no effect, 1 df.
    log_likelihood : float
    method : str
        ``p-uniform*`` or ``p-uniform``.
    k, significant : int
    at_boundary : bool
        Whether tau2 is 0 because it may not be negative.
    notes : tuple of Note
    """

    beta: float
    ci_low: float
    ci_high: float
    tau2: float
    lrt: float
    p_value: float
    log_likelihood: float
    method: str
    k: int
    significant: int
    at_boundary: bool
    notes: tuple[Note, ...]


def p_curve(
    yi: ArrayLike | EffectSizes | str, vi: ArrayLike | str | None = None, *, data: Any = None, labels: Any = None
) -> PCurve:
    """Whether the significant p-values cluster near 0, as they do where there is an effect.

    Parameters
    ----------
    yi, vi, data, labels
        As in `pool`: effects and variances of shape (k,), `EffectSizes`, or names of columns of `data`.

    Returns
    -------
    PCurve

    Raises
    ------
    DataError
        As `pool`.

    Notes
    -----
    p-values are two-sided, of z = yi / sqrt(vi); Stouffer's method combines them. When not to use: to estimate an
    effect where true effects differ; with few significant studies; for p-values of other tests than the one that was
    selected for.

    References
    ----------
    Simonsohn, Nelson & Simmons 2014, doi:10.1037/a0033242; 2015, doi:10.1037/xge0000104 (half curve).

    Examples
    --------
    >>> found = p_curve([0.6, 0.5, 0.8, 0.3, 0.1], [0.04, 0.03, 0.09, 0.04, 0.02])
    >>> found.significant, round(found.right_skew_p, 3)
    (3, 0.01)
    """
    from scipy.optimize import brentq

    _, y, v, known, notes = one_set(yi, vi, data, labels, "p_curve")
    z = np.abs(y[known]) / np.sqrt(v[known])
    p = 2 * ndtr(-z)
    full, half = z[p < 0.05], p[p < 0.025]
    nan = math.nan
    if not full.size:
        return PCurve(
            int(z.size), 0, 0, nan, nan, nan, nan, nan, nan, nan, False, (0,) * 5, (), (*notes, Note("no_significant"))
        )
    right = _stouffer(p[p < 0.05] / 0.05)
    inner = _stouffer(half / 0.025) if half.size else nan

    def relative(shift: float) -> Array:
        """Chance of a larger z among significant ones, with z ~ N(shift, 1) in absolute value."""
        return np.asarray(_beyond(full, shift) / _beyond(np.array(_LIMIT), shift), dtype=np.float64)

    def power_gap(shift: float, wanted: float) -> float:
        return float(_beyond(np.array(_LIMIT), shift)) - wanted

    at_third = brentq(lambda s: power_gap(s, 1 / 3), 0.0, 5.0, xtol=1e-14)
    flatter = _stouffer(1 - relative(at_third))

    def balance(shift: float) -> float:
        return _stouffer(relative(shift))

    # Large z against a small shift have a small chance of being larger.
    low, high = balance(0.0), balance(12.0)
    best = 0.0 if low >= 0 else 12.0 if high <= 0 else brentq(balance, 0.0, 12.0, xtol=1e-13)
    right_p, inner_p = float(ndtr(right)), float(ndtr(inner))
    counts = np.bincount(np.searchsorted(_BINS[1:], p[p < 0.05]), minlength=5)
    third = np.diff(3 * _beyond(ndtri(1 - _BINS / 2), at_third))
    return PCurve(
        int(z.size), int(full.size), int(half.size), right, right_p, inner, inner_p, flatter, float(ndtr(flatter)),
        float(_beyond(np.array(_LIMIT), best)), inner_p < 0.05 or (right_p < 0.1 and inner_p < 0.1),
        tuple(counts.tolist()), tuple(third.tolist()), notes,
    )  # fmt: skip


def _beyond(z: Array, shift: float) -> Array:
    return np.asarray(ndtr(shift - z) + ndtr(-shift - z), dtype=np.float64)


def _stouffer(p: Array) -> float:
    """Combined z; chances of 0 or 1 by rounding are kept off infinity."""
    return float(ndtri(np.clip(p, 1e-300, 1 - 1e-16)).sum() / math.sqrt(p.size))


def p_uniform(
    yi: ArrayLike | EffectSizes | str, vi: ArrayLike | str | None = None, *, star: bool = True,
    alternative: str | None = None, data: Any = None, labels: Any = None, level: float = 0.95,
) -> PUniform:  # fmt: skip
    """The effect at which the p-values, given that they are significant or not, are uniform.

    Parameters
    ----------
    yi, vi, data, labels
        As in `p_curve`.
    star : bool, default True
        p-uniform*: maximum likelihood with tau2, from significant and other studies. False: p-uniform, from the
        significant studies alone, for a common effect.
    alternative : {'greater', 'less'}, optional
        The direction that is selected for; by default that of the common-effect mean.
    level : float, default 0.95

    Returns
    -------
    PUniform

    Raises
    ------
    DataError, ConfigError
        As `pool`; an unknown direction.

    Notes
    -----
    A study is significant if p < 0.025 one-sided. When not to use: with few studies; p-uniform where true effects
    differ (van Aert, Wicherts & van Assen 2016, doi:10.1177/1745691616650874).

    References
    ----------
    van Assen, van Aert & Wicherts 2015, doi:10.1037/met0000025; van Aert & van Assen, doi:10.31222/osf.io/zqjr9.

    Examples
    --------
    >>> found = p_uniform([0.6, 0.5, 0.8, 0.3, 0.1, 0.9, 0.7], [0.04, 0.03, 0.09, 0.04, 0.02, 0.1, 0.06])
    >>> round(found.beta, 2), found.significant
    (0.41, 5)
    """
    check_level(level)
    _, y, v, known, notes = one_set(yi, vi, data, labels, "p_uniform")
    y, v = y[known], v[known]
    _, sign = direction_of(alternative, y, v)
    limit = _LIMIT * np.sqrt(v)
    chosen = sign * y > limit
    name, nan = "p-uniform*" if star else "p-uniform", math.nan
    if not chosen.any():
        nothing = (*notes, Note("no_significant"))
        return PUniform(nan, nan, nan, nan, nan, nan, nan, name, int(y.size), 0, False, nothing)
    if not star:
        return _common(sign, sign * y[chosen], v[chosen], limit[chosen], int(y.size), level, notes)
    scale = float(np.sqrt(np.median(v)))
    found = _star(sign * y / scale, v / scale**2, limit / scale, chosen)
    drop = float(chi2_quantile(level, np.array(1.0))) / 2
    ends = sorted(sign * scale * found.profile_end(0, side, drop) for side in (-1, 1))
    null = maximise(found.function, [np.array([0.0, t]) for t in (0.0, 0.5, 2.0)], [(0.0, 0.0), found.bounds[1]])
    lrt = max(2 * (found.value - null.value), 0.0)
    remarks = (*notes, *([] if found.converged else [Note("not_converged", estimator=name)]))
    return PUniform(
        float(sign * scale * found.at[0]), ends[0], ends[1], float(scale**2 * found.at[1]), lrt,
        float(chi2_upper_tail(np.array(lrt), np.array(1.0))), found.value - y.size * math.log(scale), name,
        int(y.size), int(chosen.sum()), bool(found.at[1] == 0), remarks,
    )  # fmt: skip


def _star(y: Array, v: Array, limit: Array, chosen: np.ndarray) -> Maximum:
    side = np.where(chosen, 1.0, -1.0)

    def log_likelihood(at: Array) -> tuple[float, Array]:
        mu, tau2 = at
        s = np.sqrt(v + tau2)
        r, u = (y - mu) / s, (limit - mu) / s
        log_chance = log_ndtr(-side * u)
        value = (-0.5 * r * r - np.log(s * _ROOT) - log_chance).sum()
        hazard = side * np.exp(-0.5 * u * u - log_chance) / _ROOT
        return float(value), np.array([((r - hazard) / s).sum(), ((r * r - 1 - hazard * u) / (2 * s * s)).sum()])

    mean = float((y / v).sum() / (1 / v).sum())
    starts = [np.array([m, t]) for m in (mean, 0.0, mean / 2, mean - 2, -mean) for t in (0.0, 0.2, 1.0, 4.0)]
    return maximise(log_likelihood, starts, [(-1e3, 1e3), (0.0, 1e5)])


def _common(sign: float, y: Array, v: Array, limit: Array, k: int, level: float, notes: tuple[Note, ...]) -> PUniform:
    """p-uniform by the sum of the conditional p-values (method P), with the interval from Irwin and Hall's sum."""
    from scipy.optimize import brentq

    error = np.sqrt(v)
    n = y.size

    def total(mu: float) -> float:
        return float(np.exp(log_ndtr((mu - y) / error) - log_ndtr((mu - limit) / error)).sum())

    def where(wanted: float) -> float:
        low, high = float((y - 40 * error).min()), float((y + 8 * error).max())
        return (
            brentq(lambda mu: total(mu) - wanted, low, high, xtol=1e-14)
            if total(low) < wanted < total(high)
            else math.nan
        )

    tail = (1 - level) / 2
    beta, low, high = where(n / 2), where(_irwin_hall(tail, n)), where(_irwin_hall(1 - tail, n))
    ends = sorted((sign * low, sign * high)) if low == low and high == high else (math.nan, math.nan)
    remarks = (*notes, *([] if beta == beta else [Note("no_solution", name="p-uniform")]))
    p_value = _irwin_hall_cdf(total(0.0), n)
    return PUniform(
        sign * beta, ends[0], ends[1], math.nan, math.nan, p_value, math.nan, "p-uniform", k, int(n), False, remarks
    )


def _irwin_hall_cdf(x: float, n: int) -> float:
    """P(sum of n uniform numbers <= x): the exact sum for few, the normal one for many."""
    if n > 20:
        return float(ndtr((x - n / 2) / math.sqrt(n / 12)))
    terms = [(-1) ** j * math.comb(n, j) * (x - j) ** n for j in range(math.floor(x) + 1)]
    return min(max(math.fsum(terms) / math.factorial(n), 0.0), 1.0)


def _irwin_hall(probability: float, n: int) -> float:
    from scipy.optimize import brentq

    return float(brentq(lambda x: _irwin_hall_cdf(x, n) - probability, 0.0, float(n), xtol=1e-13))
