"""Tails and quantiles of the normal, t and chi2 distributions: single numbers, and large arrays of one whole df.

SciPy has them for arrays, but loading it costs more than hundreds of fits, and its t and chi2 take as long as fits do.
For whole degrees of freedom each is a finite sum of positive terms or a continued fraction that converges at once, so
that small tails keep their digits; tests hold all of them to SciPy.
"""

from __future__ import annotations

import math
from functools import cache, lru_cache

import numpy as np
from numpy.typing import NDArray

# For at most this many degrees of freedom, at least this probability and tails of at least this size, these are as
# exact as SciPy's.
MOST_DF = 200
LEAST_PROBABILITY = 0.75
SMALLEST = 1e-30


def normal_tail(z: float) -> float:
    """P(Z > z) of the standard normal distribution."""
    return 0.5 * math.erfc(z / math.sqrt(2))


def t_tail(t: float, df: int) -> float:
    """P(T > t) of the t distribution, for t of 0 or more and whole `df`.

    Half of the incomplete beta function I_x(df/2, 1/2) at x = df/(df + t^2), or its complement where that converges
    faster (DLMF 8.17.4).
    """
    square = t * t
    if not math.isfinite(square):
        return 0.0
    a, x, y = df / 2, df / (df + square), square / (df + square)
    # x^a y^(1/2) / B(a, 1/2)
    front = _ratio(df) * math.exp(-a * math.log1p(square / df)) * math.sqrt(y / math.pi)
    if y * (a + 2.5) > 1.5:
        return 0.5 * front / a * _fraction(a, 0.5, x)
    return 0.5 - front * _fraction(0.5, a, y)


def chi2_tail(q: float, df: int) -> float:
    """P(chi2 > q) for q of 0 or more and whole `df`: a sum of Poisson probabilities (DLMF 8.4.10, 8.4.11)."""
    x = q / 2
    odd = df % 2 == 1
    total = math.erfc(math.sqrt(x)) if odd else math.exp(-x)
    term = 2 * math.sqrt(x / math.pi) * math.exp(-x) if odd else math.exp(-x)
    parts = [total]
    for n in range(1, (df + 1) // 2):
        if odd:
            parts.append(term)
            term *= x / (n + 0.5)
        else:
            term *= x / n
            parts.append(term)
    return min(math.fsum(parts), 1.0)


def t_two_sided_tails(t: NDArray[np.float64], df: int) -> NDArray[np.float64]:
    """P(|T| > |t|) of many numbers with one whole `df` (Abramowitz & Stegun 26.7.3, 26.7.4).

    One minus a sum, so that its absolute error is that of floating-point numbers: small tails are inexact.
    """
    square = t * t
    with np.errstate(over="ignore", invalid="ignore"):
        x = df / (df + square)
        odd = df % 2 == 1
        steps = (df - 1) // 2 if odd else df // 2
        total = np.zeros(t.shape)
        for k in range(steps - 1, -1, -1):
            # Horner: coefficients are products of 2k/(2k + 1), or of (2k - 1)/(2k).
            total *= x * ((2 * k + 2) / (2 * k + 3) if odd else (2 * k + 1) / (2 * k + 2))
            total += 1.0
        sine = np.sqrt(square / (df + square))
        if not odd:
            return np.asarray(1 - sine * total)
        angle = np.arctan(np.abs(t) / math.sqrt(df))
        return np.asarray(1 - 2 / math.pi * (angle + sine * np.sqrt(x) * total))


def chi2_tails(q: NDArray[np.float64], df: int) -> NDArray[np.float64]:
    """`chi2_tail` of many numbers with one whole `df` of 2 or more, even or odd; exact down to tails of `SMALLEST`."""
    # What lies beyond 1e4 is below the smallest number for any such df.
    x = np.minimum(q, 1e4) / 2
    odd = df % 2 == 1
    total = np.zeros(q.shape)
    for n in range((df - 1) // 2 - 1 if odd else df // 2 - 1, -1, -1):
        # Horner, from the last term of the sum of Poisson probabilities.
        total *= x / (n + (1.5 if odd else 1.0))
        total += 1.0
    tail = np.exp(-x)
    if not odd:
        return np.asarray(tail * total)
    from scipy.special import erfc

    return np.asarray(erfc(np.sqrt(x)) + tail * total * 2 * np.sqrt(x / math.pi))


@lru_cache(maxsize=4096)
def normal_quantile(probability: float) -> float:
    """Quantile of the standard normal distribution for a probability of `LEAST_PROBABILITY` or more, below 1."""
    tail = 1 - probability
    # The logarithm of the tail is concave, so Newton's method cannot go astray.
    z = math.sqrt(-2 * math.log(tail)) - 1
    for _ in range(60):
        p = normal_tail(z)
        step = math.log(p / tail) * p * math.sqrt(2 * math.pi) * math.exp(z * z / 2)
        z += step
        if abs(step) <= 1e-9 * z:
            break
    return z


@lru_cache(maxsize=4096)
def t_quantile(probability: float, df: int) -> float:
    """Quantile of the t distribution for a probability as in `normal_quantile` and whole `df`."""
    tail = 1 - probability
    # The logarithm of the tail is concave in the logarithm of t, too.
    log_t = math.log(normal_quantile(probability))
    for _ in range(200):
        t = math.exp(log_t)
        p = t_tail(t, df)
        density = _ratio(df) * math.exp(-(df + 1) / 2 * math.log1p(t * t / df)) / math.sqrt(math.pi * df)
        step = math.log(p / tail) * p / (density * t)
        log_t += step
        if abs(step) <= 1e-9:
            break
    return math.exp(log_t)


@cache
def _ratio(df: int) -> float:
    """Gamma((df + 1)/2) / Gamma(df/2)."""
    odd = df % 2 == 1
    found = [1 / math.sqrt(math.pi) if odd else math.sqrt(math.pi) / 2]
    found += [(n + 1) / n for n in range(1 if odd else 2, df, 2)]
    return math.prod(found)


def _fraction(a: float, b: float, x: float) -> float:
    """Continued fraction of the incomplete beta function (DLMF 8.17.22) by Lentz's method."""
    c, d = 1.0, 1 / (1 - (a + b) * x / (a + 1))
    found = d
    for n in range(1, 500):
        for part in (
            n * (b - n) * x / ((a + 2 * n - 1) * (a + 2 * n)),
            -(a + n) * (a + b + n) * x / ((a + 2 * n) * (a + 2 * n + 1)),
        ):
            d = 1 / (1 + part * d)
            c = 1 + part / c
            found *= d * c
        if abs(d * c - 1) < 1e-16:
            break
    return found
