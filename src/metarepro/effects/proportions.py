"""Effect sizes from one-arm counts: logit and raw proportions, and each study's own interval."""

from __future__ import annotations

from statistics import NormalDist

import numpy as np

from metarepro.effects.checks import Array, check_counts
from metarepro.effects.counts import CorrectionTo, correct_cells
from metarepro.effects.levels import check_level
from metarepro.errors import ConfigError


def proportion(
    measure: str, e: Array, n: Array, correction: float = 0.5, correction_to: CorrectionTo = "only_zero"
) -> tuple[Array, Array, dict[str, np.ndarray]]:
    """Working-scale estimate and variance of a proportion: PLO (logit), PR (raw), PLN (log), PAS or PFT (arcsine).

    Studies with no or only events get `correction` added to events and non-events (but for PAS and PFT), for this
    approximate (normal-normal) model only; their printed counts stay as they are.
    """
    check_counts(e, n, "e", "n")
    if measure == "PAS":
        return np.arcsin(np.sqrt(e / n)), 1 / (4 * n), {}
    if measure == "PFT":
        return (np.arcsin(np.sqrt(e / (n + 1))) + np.arcsin(np.sqrt((e + 1) / (n + 1)))) / 2, 1 / (4 * n + 2), {}
    (a, b), corrected = correct_cells((e, n - e), correction, correction_to)
    m = a + b
    with np.errstate(divide="ignore", invalid="ignore"):
        if measure == "PLO":
            yi, vi = np.log(a / b), 1 / a + 1 / b
        elif measure == "PLN":
            yi, vi = np.log(a / m), 1 / a - 1 / m
        else:
            yi, vi = a / m, a * b / m**3
    usable = np.isfinite(yi) & np.isfinite(vi) & (vi > 0)
    return np.where(usable, yi, np.nan), np.where(usable, vi, np.nan), {"corrected": corrected}


def proportion_interval(
    events: Array, total: Array, level: float = 0.95, method: str = "wilson"
) -> tuple[Array, Array]:
    """Confidence interval of each study's own proportion, from its counts alone.

    Parameters
    ----------
    events, total : array_like
        Counts, shape (k,).
    level : float
        Coverage between 0 and 1.
    method : {'wilson', 'clopper-pearson'}
        Wilson's score interval (default: closest to its nominal coverage) or the exact one (never below it).

    Returns
    -------
    low, high : ndarray
        Proportions between 0 and 1. The exact ones are computed by statsmodels.

    References
    ----------
    Wilson 1927, doi:10.1080/01621459.1927.10502953; Clopper & Pearson 1934, doi:10.1093/biomet/26.4.404.
    """
    check_level(level)
    e, n = np.asarray(events, dtype=np.float64), np.asarray(total, dtype=np.float64)
    if method == "wilson":
        z = NormalDist().inv_cdf((1 + level) / 2)
        share, scale = e / n, 1 + z**2 / n
        middle = (share + z**2 / (2 * n)) / scale
        half = z * np.sqrt(share * (1 - share) / n + z**2 / (4 * n**2)) / scale
        return np.clip(middle - half, 0, 1), np.clip(middle + half, 0, 1)
    if method == "clopper-pearson":
        # statsmodels takes over a second to load, so only this interval pays for it.
        from statsmodels.stats.proportion import proportion_confint

        low, high = proportion_confint(e, n, alpha=1 - level, method="beta")
        return np.asarray(low, dtype=np.float64), np.asarray(high, dtype=np.float64)
    raise ConfigError(f"method = {method!r} is not known. Allowed: wilson, clopper-pearson.")
