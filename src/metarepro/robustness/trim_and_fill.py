"""Trim and fill: how many studies a symmetric funnel lacks, and the pooled effect with them."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from metarepro.effects.core import EffectSizes
from metarepro.errors import ConfigError, DataError
from metarepro.notes import Note
from metarepro.pooling.fit import PooledFit, fit_effects
from metarepro.pooling.given_effects import one_set
from metarepro.pooling.kernel import Array
from metarepro.robustness.evidence import notes_of_few

ESTIMATORS, SIDES = ("L0", "R0", "Q0"), ("left", "right")
# The number of missing studies settles within a few steps or runs in a circle.
_MOST_STEPS = 100


@dataclass(frozen=True, eq=False)
class TrimAndFill:
    """Result of `trim_and_fill`.

    Attributes
    ----------
    k0 : int
        Number of studies that the funnel lacks.
    k0_se : float
        Its standard error.
    k0_p : float
        With R0: p-value of no study missing on that side; NaN with the others.
    side : str
        Where studies are missing, ``left`` (smaller effects) or ``right``.
    estimator : str
    yi, vi : ndarray, shape (k + k0,)
        Effects and variances: those pooled, in their order, then the filled ones.
    fit : PooledFit
        With the filled studies.
    observed : PooledFit
        Without.
    notes : tuple of Note
    """

    k0: int
    k0_se: float
    k0_p: float
    side: str
    estimator: str
    yi: Array
    vi: Array
    fit: PooledFit
    observed: PooledFit
    notes: tuple[Note, ...]

    @property
    def filled(self) -> tuple[Array, Array]:
        """Effects and variances of the filled studies."""
        k = self.yi.size - self.k0
        return self.yi[k:], self.vi[k:]


def trim_and_fill(
    yi: ArrayLike | EffectSizes | str, vi: ArrayLike | str | None = None, *, estimator: str = "L0",
    side: str | None = None, data: Any = None, labels: Any = None, tau2: str | float = "REML", ci: str | None = None,
    level: float = 0.95,
) -> TrimAndFill:  # fmt: skip
    """Fill a funnel plot until it is symmetric, and pool again.

    Parameters
    ----------
    yi, vi, data, labels
        As in `pool`: effects and variances of shape (k,), `EffectSizes`, or names of columns of `data`.
    estimator : {'L0', 'R0', 'Q0'}
        Of the number of missing studies. L0, the default, is the most robust; R0 is the one with a test, and gives more
        where few studies are extreme.
    side : {'left', 'right'}, optional
        Where studies are missing. By default the side that the regression of the effects on their standard errors says.
    tau2, ci, level
        As in `pool`, for all fits. The result depends on `tau2`: a common effect fills more studies.

    Returns
    -------
    TrimAndFill

    Raises
    ------
    DataError, ConfigError
        As `pool`; fewer than three studies; an unknown option.

    Notes
    -----
    When not to use: as a corrected effect. Filled studies are invented; where true effects differ, the method finds
    missing studies where there are none (Terrin et al. 2003, doi:10.1002/sim.1461). It is a question: would the
    conclusion hold with them? Below ten studies it hardly answers it.

    References
    ----------
    Duval & Tweedie 2000, doi:10.1111/j.0006-341X.2000.00455.x and doi:10.1080/01621459.2000.10473905.

    Examples
    --------
    >>> found = trim_and_fill([0.1, 0.2, 0.25, 0.6, 0.9, 1.2], [0.01, 0.02, 0.02, 0.1, 0.2, 0.3], tau2="CE")
    >>> found.k0, found.side, round(found.fit.beta, 3)
    (3, 'left', 0.163)
    """
    if estimator not in ESTIMATORS:
        raise ConfigError(f"estimator = {estimator!r} is not known. Allowed: {', '.join(ESTIMATORS)}.")
    if side is not None and side not in SIDES:
        raise ConfigError(f"side = {side!r} is not known. Allowed: {', '.join(SIDES)}.")
    studies, y, v, known, notes = one_set(yi, vi, data, labels, "trim_and_fill")
    own = studies.of(known)
    y, v = y[known], v[known]
    k = y.size
    remarks = [*notes, *notes_of_few(int(k))]
    if k < 3:
        raise DataError(f"Trim and fill needs at least 3 studies with a usable effect; there are {k}.")
    where = side or _side(y, v, tau2)
    sign = 1.0 if where == "left" else -1.0
    order = np.argsort(sign * y, kind="stable")
    ys, vs = sign * y[order], v[order]
    k0, unrounded, settled = _missing(ys, vs, estimator, tau2)
    middle = _mean(ys[: k - k0], vs[: k - k0], tau2)
    y_filled = np.concatenate([y, sign * (2 * middle - ys[k - k0 :])])
    v_filled = np.concatenate([v, vs[k - k0 :]])
    if not settled:
        remarks.append(Note("filled_not_settled"))
    if k0 == 0:
        remarks.append(Note("no_study_filled", estimator=estimator))
    filled = replace(own, yi=y_filled, vi=v_filled, inputs={}, labels=())
    if own.labels:
        filled = replace(filled, labels=(*own.labels, *(f"filled {i + 1}" for i in range(k0))))
    return TrimAndFill(
        k0, _error(k, unrounded, estimator), 0.5 ** (k0 + 1) if estimator == "R0" else math.nan, where, estimator,
        y_filled, v_filled, fit_effects(y_filled, v_filled, tau2, ci, level, studies=filled.kept()),
        fit_effects(y, v, tau2, ci, level, studies=own.kept()),
        tuple(remarks),
    )  # fmt: skip


def _side(y: Array, v: Array, tau2: str | float) -> str:
    """Left where smaller studies have larger effects, as those with smaller ones are missing then."""
    error = np.sqrt(v)
    if error.max() - error.min() <= 1e-12 * error.max():
        return "left"
    slope = fit_effects(y, v, tau2, "z", moderators=error).beta[1]
    return "right" if slope < 0 else "left"


def _mean(y: Array, v: Array, tau2: str | float) -> float:
    return float(fit_effects(y, v, tau2, "z").beta)


def _missing(y: Array, v: Array, estimator: str, tau2: str | float) -> tuple[int, float, bool]:
    """Number of studies missing on the left of sorted effects, the same before rounding, and whether it settled."""
    k, k0, found = y.size, 0, 0.0
    for _ in range(_MOST_STEPS):
        centred = y - _mean(y[: k - k0], v[: k - k0], tau2)
        size = np.abs(centred)
        # Equal sizes are ranked in the order of the effects.
        rank = np.empty(k)
        rank[np.argsort(size, kind="stable")] = np.arange(1, k + 1)
        positive = rank[centred > 0].sum()
        if estimator == "R0":
            lower = rank[centred < 0]
            found = k - (lower.max() if lower.size else 0) - 1
        elif estimator == "L0":
            found = (4 * positive - k * (k + 1)) / (2 * k - 1)
        else:
            found = k - 0.5 - math.sqrt(max(2 * k * k - 4 * positive + 0.25, 0.0))
        new = min(max(0, round(float(found))), k - 2)
        if new == k0:
            return k0, float(found), True
        k0 = new
    return k0, float(found), False


def _error(k: int, k0: float, estimator: str) -> float:
    """Standard error of the number of missing studies, from the number before rounding."""
    if estimator == "R0":
        return math.sqrt(2 * max(k0, 0) + 2)
    sums = k * (k + 1) * (2 * k + 1) + 10 * k0**3 + 27 * k0**2 + 17 * k0 - 18 * k * k0**2 - 18 * k * k0 + 6 * k**2 * k0
    spread = math.sqrt(max(sums, 0.0) / 24)
    if estimator == "L0":
        return 4 * spread / (2 * k - 1)
    # Where all studies are on one side, Q0 has no standard error.
    return 2 * spread / (k - 0.5 - k0) if k0 < k - 0.5 else math.nan
