"""Intervals for tau2, I2 and H2."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from metarepro.effects.core import EffectSizes, split_effects
from metarepro.effects.levels import check_level
from metarepro.errors import ConfigError
from metarepro.notes import Note
from metarepro.pooling.inference import chi2_quantile
from metarepro.pooling.kernel import Array, Problems, generalised_q
from metarepro.pooling.likelihood import profile_interval
from metarepro.pooling.problems import read_problems
from metarepro.pooling.quadratic_form import chi2_mixture_upper_tail
from metarepro.pooling.tau2 import solve_q


class Interval(NamedTuple):
    """Low and high end; floats for one problem, arrays for a batch."""

    low: Any
    high: Any


@dataclass(frozen=True)
class HeterogeneityInterval:
    """Confidence intervals of tau2, I2 (percent) and H2, with the method's name and notes on what does not exist."""

    tau2: Interval
    i2: Interval
    h2: Interval
    method: str
    level: float
    notes: tuple[Note, ...]


def typical_variance(problems: Problems) -> Array:
    """The 'typical' sampling variance (k - p) / tr(P) of Higgins & Thompson 2002, doi:10.1002/sim.1186."""
    m = problems.at_zero
    return np.asarray((problems.k - problems.p) / m.tr_p, dtype=np.float64)


def i2_h2(tau2: Array, typical: Array) -> tuple[Array, Array]:
    """I2 (percent) and H2 from tau2 and the typical sampling variance."""
    return 100 * tau2 / (tau2 + typical), tau2 / typical + 1


def q_profile(problems: Problems, level: float) -> tuple[Array, Array]:
    """Q-profile interval of tau2, exact to 1e-12. Viechtbauer 2007, doi:10.1002/sim.2514.

    Both ends are 0 when even Q(0) lies below the lower chi2 quantile: the data vary less than chance allows,
    and the interval holds the value 0 only.
    """
    df = (problems.k - problems.p).astype(float)
    low, _, _ = solve_q(problems, chi2_quantile((1 + level) / 2, df))
    high, _, _ = solve_q(problems, chi2_quantile((1 - level) / 2, df))
    return low, high


def q_coefficients(problems: Problems, tau2: Array) -> Array:
    """Coefficients of the chi-squares whose sum Cochran's Q is, if the between-study variance is `tau2`.

    Eigenvalues of S^(1/2) P S^(1/2) with P the projection at tau2 = 0 and S = V + tau2 I, for one problem and `tau2` of
    shape (g,); shape (g, k). Biggerstaff & Jackson 2008, doi:10.1002/sim.3384.
    """
    shown = problems.mask[0]
    v = problems.v[0, shown]
    w = 1 / v
    x = np.ones((v.size, 1)) if problems.x is None else problems.x[0, shown]
    xw = x.T * w
    projection = np.diag(w) - xw.T @ np.linalg.solve(xw @ x, xw)
    root = np.sqrt(v + tau2[:, None])
    return np.maximum(np.linalg.eigvalsh(projection * root[:, :, None] * root[:, None, :]), 0.0)


def generalised_q_interval(problems: Problems, level: float) -> tuple[Array, Array]:
    """Interval of tau2 from the exact distribution of Cochran's Q, weights 1/v. Jackson 2013, doi:10.1002/jrsm.1081."""
    from scipy.optimize import brentq

    q = problems.at_zero.rss
    ends = np.zeros((2, q.size))
    for row in range(q.size):
        one = problems.rows(np.array([row]))

        def excess(tau2: float, target: float, one: Problems = one, q_row: Array = q[row : row + 1]) -> float:
            coefficients = q_coefficients(one, np.array([tau2]))
            return float(chi2_mixture_upper_tail(q_row, coefficients)[0]) - target

        for side, target in enumerate(((1 - level) / 2, (1 + level) / 2)):
            if excess(0.0, target) >= 0:
                continue
            top = float(np.median(one.v[0, one.mask[0]]))
            while excess(top, target) < 0:
                top *= 4
            ends[side, row] = brentq(excess, 0.0, top, args=(target,), xtol=1e-14 * top, rtol=1e-13)
    return ends[0], ends[1]


def heterogeneity_interval(
    yi: ArrayLike | EffectSizes,
    vi: ArrayLike | None = None,
    method: str = "QP",
    level: float = 0.95,
    moderators: ArrayLike | None = None,
    mask: ArrayLike | None = None,
    intercept: bool = True,
) -> HeterogeneityInterval:
    """Confidence intervals of tau2, I2 and H2.

    Parameters
    ----------
    yi, vi : array_like, shape (..., k), or EffectSizes
        Effects and sampling variances on the working scale, or what `effect_sizes` gives.
    method : {'QP', 'GENQ', 'PL'}
        Q-profile or generalised Q (Cochran's Q with its exact distribution; shorter when heterogeneity is small), both
        exact under the model's normality; or profile (restricted) likelihood, asymptotic.
    level : float
        Coverage between 0 and 1.
    moderators, mask, intercept
        As in `pool`.

    Returns
    -------
    HeterogeneityInterval
        NaN, with a note, for fewer than 2 studies.

    References
    ----------
    Viechtbauer 2007, doi:10.1002/sim.2514; Jackson 2013, doi:10.1002/jrsm.1081 (generalised Q); Hardy & Thompson 1996,
    doi:10.1002/(SICI)1097-0258(19960330)15:6<619::AID-SIM188>3.0.CO;2-A (profile likelihood).

    Examples
    --------
    >>> found = heterogeneity_interval([0.1, 0.2, 0.6, 0.8], [0.02, 0.03, 0.02, 0.04])
    >>> [round(float(x), 3) for x in found.tau2]
    [0.007, 1.488]
    """
    if not isinstance(method, str) or method not in ("QP", "GENQ", "PL"):
        raise ConfigError(f"method = {method!r} is not known. Allowed: QP, GENQ, PL.")
    effects, variances = split_effects(yi, vi)
    problems, shape, notes = read_problems(effects, variances, moderators, mask, intercept)
    check_level(level)
    possible = problems.k > problems.p
    low, high = np.full(problems.k.shape, np.nan), np.full(problems.k.shape, np.nan)
    i2_low, i2_high, h2_low, h2_high = (low.copy() for _ in range(4))
    if possible.any():
        some = problems.rows(np.flatnonzero(possible))
        if method == "QP":
            low[possible], high[possible] = q_profile(some, level)
        elif method == "GENQ":
            low[possible], high[possible] = generalised_q_interval(some, level)
        else:
            drop = 0.5 * float(chi2_quantile(level, np.array(1.0)))
            low[possible], high[possible], pieces = profile_interval(some, "REML", drop)
            if (pieces > 1).any():
                notes = (*notes, Note("tau2_interval_pieces"))
        typical = typical_variance(some)
        i2_low[possible], h2_low[possible] = i2_h2(low[possible], typical)
        i2_high[possible], h2_high[possible] = i2_h2(high[possible], typical)
        below = generalised_q(some, np.zeros(some.k.shape)) < chi2_quantile((1 - level) / 2, some.k - some.p)
        if method == "QP" and below.any():
            notes = (*notes, Note("tau2_interval_zero"))
    if not possible.all():
        least = "at least 2 studies" if problems.x is None else "more studies than coefficients"
        notes = (*notes, Note("no_interval_of_tau2", least=least))

    def shaped(a: Array) -> Any:
        return float(a[0]) if shape == () else a.reshape(shape)

    return HeterogeneityInterval(
        Interval(shaped(low), shaped(high)),
        Interval(shaped(i2_low), shaped(i2_high)),
        Interval(shaped(h2_low), shaped(h2_high)),
        method,
        level,
        notes,
    )
