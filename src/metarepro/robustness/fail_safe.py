"""Fail-safe numbers: how many unseen studies without an effect would undo the result."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtri

from metarepro.effects.core import EffectSizes
from metarepro.errors import ConfigError
from metarepro.notes import Note
from metarepro.pooling.fit import fit_effects
from metarepro.pooling.given_effects import one_set
from metarepro.pooling.kernel import Array

# The search by refitting ends here.
_MOST = 100_000
KINDS = ("rosenthal", "orwin", "rosenberg", "general")


@dataclass(frozen=True)
class FailSafe:
    """Result of `fail_safe_n`.

    Attributes
    ----------
    n : float
        Number of studies, rounded up; infinite where 100,000 are not enough for ``general``.
    unrounded : float
        Before rounding; NaN for ``general``, which counts.
    kind : str
    target : float
        p-value, or effect for ``orwin``, that is reached with them.
    notes : tuple of Note
    """

    n: float
    unrounded: float
    kind: str
    target: float
    notes: tuple[Note, ...]


def fail_safe_n(
    yi: ArrayLike | EffectSizes | str, vi: ArrayLike | str | None = None, *, kind: str = "rosenthal",
    alpha: float = 0.05, target: float | None = None, data: Any = None, labels: Any = None,
    tau2: str | float = "REML", ci: str | None = None,
) -> FailSafe:  # fmt: skip
    """Number of unpublished studies without an effect that would make the pooled effect insignificant, or small.

    Parameters
    ----------
    yi, vi, data, labels
        As in `pool`: effects and variances of shape (k,), `EffectSizes`, or names of columns of `data`.
    kind : {'rosenthal', 'orwin', 'rosenberg', 'general'}
        ``rosenthal``: Stouffer's sum of z is no longer significant, one-sided; ``orwin``: the plain mean of the effects
        falls to `target`; ``rosenberg``: the weighted common-effect mean is no longer significant, two-sided, with
        studies of average weight; ``general``: the fit of `pool` is no longer significant when it is made again with
        studies without an effect that have the harmonic mean of the variances and scatter by it: tau2 and the test are
        those of all.
    alpha : float, default 0.05
        Level of significance.
    target : float, optional
        For ``orwin``: the effect that would be too small to matter; half the mean by default.
    tau2, ci
        As in `pool`, for ``general``.

    Returns
    -------
    FailSafe
        0 where the effect is not significant as it is.

    Raises
    ------
    DataError, ConfigError
        As `pool`; an unknown kind, a level outside (0, 1), a target of 0 or beyond the mean.

    Notes
    -----
    When not to use: as evidence against publication bias. The numbers suppose that what is missing is null on average,
    and differ by orders of magnitude among themselves (Becker 2005, doi:10.1002/0470870168.ch7). Shown because readers
    ask; a selection model answers better.

    References
    ----------
    Rosenthal 1979, doi:10.1037/0033-2909.86.3.638; Orwin 1983, doi:10.3102/10769986008002157;
    Rosenberg 2005, doi:10.1111/j.0014-3820.2005.tb01004.x.

    Examples
    --------
    >>> fail_safe_n([0.3, 0.4, 0.5], [0.02, 0.03, 0.02]).n
    21
    """
    if kind not in KINDS:
        raise ConfigError(f"kind = {kind!r} is not known. Allowed: {', '.join(KINDS)}.")
    if not 0 < alpha < 1:
        raise ConfigError(f"alpha = {alpha} must lie between 0 and 1.")
    if target is not None and kind != "orwin":
        raise ConfigError("A target is for kind='orwin' only. Fix: leave it out.")
    _, y, v, known, notes = one_set(yi, vi, data, labels, "fail_safe_n")
    y, v = y[known], v[known]
    if kind == "general":
        return _general(y, v, alpha, tau2, ci, notes)
    if kind == "orwin":
        mean = float(y.mean())
        goal = mean / 2 if target is None else float(target)
        if goal == 0 or goal * mean < 0 or abs(goal) > abs(mean):
            raise ConfigError(f"target = {goal:g} must lie between 0 and the mean of the effects, {mean:g}.")
        unrounded = y.size * (mean / goal - 1)
        return FailSafe(math.ceil(unrounded - 1e-9), unrounded, kind, goal, notes)
    if kind == "rosenthal":
        total, spread, weight = float((y / np.sqrt(v)).sum()), float(y.size), 1.0
        limit = float(ndtri(1 - alpha))
    else:
        w = 1 / v
        total, spread, weight = float((w * y).sum()), float(w.sum()), float(w.mean())
        limit = float(ndtri(1 - alpha / 2))
    unrounded = ((total / limit) ** 2 - spread) / weight
    if unrounded <= 0:
        return FailSafe(0, unrounded, kind, alpha, (*notes, Note("mean_not_significant")))
    return FailSafe(math.ceil(unrounded), unrounded, kind, alpha, notes)


def _general(y: Array, v: Array, alpha: float, tau2: str | float, ci: str | None, notes: tuple[Note, ...]) -> FailSafe:
    """Count by refitting: powers of two first, then between two of them by halves."""
    spread = 1 / float((1 / v).mean())

    def lost(count: int) -> bool:
        # What studies without an effect show: 0 with the error of sampling, at even steps of the normal distribution.
        shown = ndtri((np.arange(count) + 0.5) / max(count, 1)) * math.sqrt(spread)
        fit = fit_effects(np.concatenate([y, shown]), np.concatenate([v, np.full(count, spread)]), tau2, ci)
        return not float(fit.p_value) <= alpha

    if lost(0):
        return FailSafe(0, math.nan, "general", alpha, (*notes, Note("mean_not_significant")))
    low, high = 0, 1
    while not lost(high):
        low, high = high, 2 * high
        if high > _MOST:
            return FailSafe(math.inf, math.nan, "general", alpha, notes)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if lost(middle) else (middle, high)
    return FailSafe(high, math.nan, "general", alpha, notes)
