"""Nagashima's prediction interval: a parametric bootstrap over the confidence distribution of tau2."""

from __future__ import annotations

import numpy as np

from metarepro.pooling.heterogeneity import q_coefficients
from metarepro.pooling.kernel import Array, Problems, moments
from metarepro.pooling.problems import Batch, read_chunk
from metarepro.pooling.quadratic_form import chi2_mixture_upper_tail

DRAWS = 25_000
GRID = 400


def bootstrap_intervals(batch: Batch, level: float, seed: int) -> tuple[Array, Array, Array, bool]:
    """Prediction intervals of Nagashima, Noma & Furukawa 2019, doi:10.1177/0962280218773520.

    Draws tau2 from its confidence distribution (the exact distribution of Cochran's Q), the pooled effect at that tau2
    with Hartung's variance and t with k - 1 df, and a new true effect around it; the interval is the central part of
    the draws.

    Returns
    -------
    low, high, df : ndarray, shape (b,)
        NaN for fewer than 3 studies.
    short : bool
        Whether some problem has fewer.
    """
    b = batch.y.shape[0]
    low, high, df = np.full(b, np.nan), np.full(b, np.nan), np.full(b, np.nan)
    for row in range(b):
        problems, _ = read_chunk(batch, np.array([row]))
        if problems.k[0] >= 3:
            low[row], high[row] = _interval(problems, level, np.random.default_rng([seed, row]))
            df[row] = problems.k[0] - 1
    return low, high, df, bool(np.isnan(df).any())


def _interval(problems: Problems, level: float, random: np.random.Generator) -> tuple[float, float]:
    k = int(problems.k[0])
    tau2 = _draw_tau2(problems, random.uniform(size=DRAWS))
    m = moments(problems, tau2[None, :])
    mu, variance = m.beta[0, :, 0], m.rss[0] / (k - 1) / m.sum_w[0]
    new = mu + random.standard_normal(DRAWS) * np.sqrt(tau2) - random.standard_t(k - 1, DRAWS) * np.sqrt(variance)
    low, high = np.quantile(new, [(1 - level) / 2, (1 + level) / 2]) + problems.centre[0, 0]
    return float(low), float(high)


def _draw_tau2(problems: Problems, u: Array) -> Array:
    """tau2 where P(Q > observed) = u; 0 where that probability is above u already at 0."""
    q = problems.at_zero.rss

    def tail(tau2: Array) -> Array:
        return chi2_mixture_upper_tail(np.broadcast_to(q, tau2.shape), q_coefficients(problems, tau2))

    typical = float((problems.k[0] - 1) / problems.at_zero.tr_p[0])
    top = typical
    while tail(np.array([top]))[0] < u.max():
        top *= 4
    # The tail is smooth and increasing in tau2; between close points a cubic follows it.
    from scipy.interpolate import PchipInterpolator

    grid = np.concatenate([[0.0], np.geomspace(typical * 1e-4, top, GRID)])
    values = tail(grid)
    rising = np.concatenate([[True], np.diff(np.maximum.accumulate(values)) > 0])
    if rising.sum() < 2:
        return np.zeros_like(u)
    inverse = PchipInterpolator(values[rising], grid[rising])
    return np.where(u <= values[0], 0.0, np.maximum(inverse(np.clip(u, values[0], values[rising][-1])), 0.0))
