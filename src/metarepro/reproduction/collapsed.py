"""Events and sizes summed over studies to one 2x2 table: no meta-analysis, but what some reports print."""

from __future__ import annotations

import math

import numpy as np

from metarepro.effects.checks import Array

# Log odds ratios beyond this are taken as infinite.
_FURTHEST = 40.0


def mid_p_odds_ratio(e1: float, n1: float, e2: float, n2: float, level: float = 0.95) -> tuple[float, float, float]:
    """Median-unbiased odds ratio of a 2x2 table and its exact interval by mid-p.

    Both are conditional on the margins: the odds ratios at which P(X < e1) + P(X = e1) / 2 is 1/2, and half of what
    lies outside `level` or one less that. An end that no odds ratio reaches is 0 or infinite.

    References
    ----------
    Berry & Armitage 1995, doi:10.2307/2348891.
    """
    from scipy.optimize import brentq
    from scipy.special import gammaln

    events = e1 + e2
    x: Array = np.arange(max(0.0, events - n2), min(n1, events) + 1)
    ways = -(gammaln(x + 1) + gammaln(n1 - x + 1) + gammaln(events - x + 1) + gammaln(n2 - events + x + 1))

    def below(log_or: float) -> float:
        logs = ways + x * log_or
        share = np.exp(logs - logs.max())
        return float((share[x < e1].sum() + share[x == e1].sum() / 2) / share.sum())

    def solve(probability: float) -> float:
        ends = (below(-_FURTHEST), below(_FURTHEST))
        if not ends[1] < probability < ends[0]:
            return 0.0 if probability >= ends[0] else math.inf
        return math.exp(brentq(lambda v: below(v) - probability, -_FURTHEST, _FURTHEST, xtol=1e-12))

    outside = (1 - level) / 2
    return solve(0.5), solve(1 - outside), solve(outside)
