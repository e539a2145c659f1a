"""Henmi and Copas: an interval around the common-effect estimate that allows for differing true effects."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from metarepro.effects.core import to_display
from metarepro.effects.levels import check_level
from metarepro.errors import DataError
from metarepro.pooling.given_effects import one_set
from metarepro.pooling.kernel import Array


@dataclass(frozen=True)
class HenmiCopasInterval:
    """Result of `henmi_copas`, on the working scale.

    Attributes
    ----------
    beta : float
        Common-effect estimate: the mean with weights 1/vi.
    se : float
        Its standard error at tau2.
    ci_low, ci_high, p_value : float
        Interval and two-sided test of beta = 0.
    tau2 : float
        By DerSimonian and Laird.
    k : int
    level : float
    measure : str
    """

    beta: float
    se: float
    ci_low: float
    ci_high: float
    p_value: float
    tau2: float
    k: int
    level: float
    measure: str = "GEN"

    def display(self) -> tuple[float, float, float]:
        """Estimate and interval on the scale that readers know: odds ratios instead of their logarithms."""
        found = [float(to_display(self.measure, x)) for x in (self.beta, self.ci_low, self.ci_high)]
        return found[0], found[1], found[2]


def henmi_copas(yi: Any, vi: Any = None, *, level: float = 0.95, data: Any = None) -> HenmiCopasInterval:
    """The interval of Henmi and Copas, which small studies with large effects move less than a random-effects mean.

    Parameters
    ----------
    yi, vi : array_like, shape (k,)
        Effects with their sampling variances; or what `effect_sizes` gives; or names of columns of `data`.
    level : float, default 0.95
    data : DataFrame or mapping, optional

    Returns
    -------
    HenmiCopasInterval

    Raises
    ------
    DataError
        Impossible effects or variances, with the rows; fewer than two studies.
    ConfigError
        A level that is none.

    Notes
    -----
    Its middle is the common-effect estimate, as weights of the random-effects model give small studies, which
    selective publication concerns most, more say. Its width comes from the joint distribution of that estimate and of
    Q at the DerSimonian-Laird tau2: given the estimate, Q is taken as gamma distributed with its exact mean and
    variance.
    When not to use: as a correction of publication bias, which it only softens; with few studies it is narrower than
    Hartung-Knapp's and covers less.

    References
    ----------
    Henmi & Copas 2010, doi:10.1002/sim.4029.

    Examples
    --------
    >>> found = henmi_copas([0.1, 0.3, 0.9], [0.02, 0.03, 0.05])
    >>> round(found.beta, 3), round(found.ci_low, 3), round(found.ci_high, 3)
    (0.319, -0.392, 1.03)
    """
    check_level(level)
    studies, effects, variances, used, _ = one_set(yi, vi, data, None, "henmi_copas")
    y, v = effects[used], variances[used]
    if y.size < 2:
        raise DataError("The interval of Henmi and Copas needs two studies or more. Fix: report the study itself.")
    w = 1 / v
    w1, w2 = float(w.sum()), float((w * w).sum())
    beta = float(w @ y) / w1
    q = float(w @ (y - beta) ** 2)
    tau2 = max(0.0, (q - (y.size - 1)) / (w1 - w2 / w1))
    se = math.sqrt((1 + tau2 * w2 / w1) / w1)
    beyond = _Beyond(w, tau2)
    from scipy.optimize import brentq

    far = 1.0
    while beyond(far) > 1 - level:
        far *= 2
    size = float(brentq(lambda u: beyond(u) - (1 - level), far / 2 if far > 1 else 0.0, far, xtol=1e-13, rtol=1e-13))
    return HenmiCopasInterval(
        beta, se, beta - size * se, beta + size * se, beyond(abs(beta) / se), tau2, y.size, level, studies.measure
    )


class _Beyond:
    """Probability that the estimate is further than u estimated standard errors from the true mean."""

    def __init__(self, w: Array, tau2: float) -> None:
        w1, w2 = float(w.sum()), float((w * w).sum())
        d = 1 + w * tau2  # w times the whole variance
        self._scale2 = 1 + tau2 * w2 / w1  # variance of r = sqrt(w1) (estimate - mean)
        # Given r the effects have mean c r and covariance D - c c' scale2; Q is (y - mean)' A (y - mean).
        c = d / (math.sqrt(w1) * self._scale2)
        ac = w * c - w * float(w @ c) / w1
        cac, spread = float(c @ ac), float((d / w) @ ac**2)
        trace = float(d.sum()) - float(w @ d) / w1
        square = float((d**2).sum()) - 2 * float(w @ d**2) / w1 + (float(w @ d) / w1) ** 2
        s2 = self._scale2
        self._mean = (trace - s2 * cac, cac)
        self._variance = (2 * (square - 2 * s2 * spread + (s2 * cac) ** 2), 4 * (spread - s2 * cac**2))
        self._k, self._slope = w.size, w1 * w1 / w2 - 1
        # Gauss-Legendre nodes: the integrand is smooth, and nothing is left 10 standard deviations out.
        self._nodes, self._weights = np.polynomial.legendre.leggauss(120)

    def __call__(self, u: float) -> float:
        from scipy.special import gammainc

        if u <= 0:
            return 1.0
        scale = math.sqrt(self._scale2)
        width = 10 * scale
        r = u + width * (self._nodes + 1) / 2
        density = np.exp(-0.5 * (r / scale) ** 2) / (scale * math.sqrt(2 * math.pi))
        mean = self._mean[0] + self._mean[1] * r * r
        variance = self._variance[0] + self._variance[1] * r * r
        most = self._k - 1 + (r * r / (u * u) - 1) * self._slope
        inside = gammainc(mean * mean / variance, most * mean / variance)
        return min(float(width * (self._weights * density * inside).sum()), 1.0)
