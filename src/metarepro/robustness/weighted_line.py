"""A straight line by weighted least squares with an estimated scale: what the classical tests of asymmetry are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from metarepro.pooling.kernel import Array


@dataclass(frozen=True)
class WeightedLine:
    """y = intercept + slope x with errors of variance scale / w.

    Attributes
    ----------
    intercept, intercept_se, slope, slope_se : float
    df : int
        k - 2.
    scale : float
        Residual variance in units of the weights.
    """

    intercept: float
    intercept_se: float
    slope: float
    slope_se: float
    df: int
    scale: float


def fit_line(y: Array, x: Array, w: Array) -> WeightedLine | None:
    """The line, or None where x is the same for all or fewer than three studies are there.

    x is centred at its weighted mean, so that a slope keeps its digits when x is far from zero.
    """
    k = y.size
    if k < 3:
        return None
    w = w / w.max()
    total = w.sum()
    middle = (w * x).sum() / total
    d = x - middle
    spread = (w * d * d).sum()
    if spread <= 1e-24 * (w * x * x).sum():
        return None
    slope = (w * d * y).sum() / spread
    mean = (w * y).sum() / total
    rest = y - mean - slope * d
    scale = (w * rest * rest).sum() / (k - 2)
    return WeightedLine(
        intercept=float(mean - slope * middle),
        intercept_se=float(np.sqrt(scale * (1 / total + middle * middle / spread))),
        slope=float(slope),
        slope_se=float(np.sqrt(scale / spread)),
        df=k - 2,
        scale=float(scale),
    )
