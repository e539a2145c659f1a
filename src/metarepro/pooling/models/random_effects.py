"""Random effects of the units of a multilevel fit, predicted (best linear unbiased predictions)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from metarepro.errors import ConfigError
from metarepro.pooling.inference import quantile
from metarepro.pooling.kernel import Array
from metarepro.pooling.models.blocks import Rows
from metarepro.pooling.models.multilevel import MultilevelFit


@dataclass(frozen=True)
class LevelEffects:
    """Random effects of the units of one level, on the working scale.

    Attributes
    ----------
    name : str
        Of the level.
    rows : tuple of ndarray of int
        Effects of each unit, by their numbers among those used.
    estimate, se, ci_low, ci_high : ndarray, shape (units,)
        How far the unit lies from what is predicted without it; the error allows for the coefficients being estimated.
    """

    name: str
    rows: tuple[Rows, ...]
    estimate: Array
    se: Array
    ci_low: Array
    ci_high: Array


def random_effects(fit: MultilevelFit) -> tuple[LevelEffects, ...]:
    """Predict the random effects of a multilevel fit, level by level.

    Parameters
    ----------
    fit : MultilevelFit
        Result of `multilevel`.

    Returns
    -------
    tuple of LevelEffects
        The outermost level first; a level that cannot be told from another has none.

    Raises
    ------
    ConfigError
        Another kind of fit.

    Notes
    -----
    The predictions are sigma2 Z' V^-1 (y - X beta) of each level. Variances count as known, so that the errors are too
    small with few clusters.
    When not to use: to rank studies; what they differ by is mostly less than the errors.

    References
    ----------
    Robinson 1991, doi:10.1214/ss/1177011926.

    Examples
    --------
    >>> from metarepro import multilevel
    >>> fit = multilevel([0.1, 0.3, 0.6, 0.9], [0.03, 0.03, 0.05, 0.04], cluster=["a", "a", "b", "b"])
    >>> study, effect = random_effects(fit)
    >>> [round(float(x), 3) for x in study.estimate]
    [-0.25, 0.25]
    """
    if not isinstance(fit, MultilevelFit):
        raise ConfigError("Random effects are those of a multilevel fit. Fix: study_effects(fit) of what pool gives.")
    working = fit.working(None)
    covariance = np.atleast_2d(fit.covariance)
    found = []
    for level, name in enumerate(fit.told_apart):
        estimate, error = np.full(fit.k, np.nan), np.full(fit.k, np.nan)
        unit: Rows = np.zeros(fit.k, dtype=np.intp)
        for s, w, _ in working.likelihood.inverses(working.sigma2):
            g = working.sigma2[level] * s.same[level]
            gw = g @ w
            gwx = gw @ s.x
            estimate[s.rows] = np.einsum("mij,mj->mi", gw, s.y - s.x @ working.beta)
            variance = np.diagonal(g - gw @ np.swapaxes(g, 1, 2), axis1=1, axis2=2)
            error[s.rows] = variance + np.einsum("mip,pq,miq->mi", gwx, covariance, gwx)
            # The first effect of a unit stands for it.
            unit[s.rows] = np.take_along_axis(s.rows, s.same[level].argmax(-1), axis=1)
        first, numbers = np.unique(unit, return_inverse=True)
        rows = tuple(np.flatnonzero(numbers == i) for i in range(first.size))
        se = np.sqrt(np.maximum(error[first], 0))
        half = quantile((1 + fit.level) / 2, np.full(first.size, fit.df)) * se
        found.append(LevelEffects(name, rows, estimate[first], se, estimate[first] - half, estimate[first] + half))
    return tuple(found)


def effects_of_rows(fit: MultilevelFit) -> tuple[Array, Array, Array]:
    """True effect of each effect, its mean with the random effects of all levels; its error; its own weight in it."""
    working = fit.working(None)
    covariance = np.atleast_2d(fit.covariance)
    estimate, error, kept = (np.full(fit.k, np.nan) for _ in range(3))
    for s, w, _ in working.likelihood.inverses(working.sigma2):
        g = np.einsum("l,lmij->mij", working.sigma2, s.same)
        gw = g @ w
        mean = s.x @ working.beta
        estimate[s.rows] = mean + np.einsum("mij,mj->mi", gw, s.y - mean)
        left = s.x - gw @ s.x
        variance = np.diagonal(g - gw @ g, axis1=1, axis2=2)
        error[s.rows] = variance + np.einsum("mip,pq,miq->mi", left, covariance, left)
        kept[s.rows] = np.diagonal(gw, axis1=1, axis2=2)
    return estimate, np.sqrt(np.maximum(error, 0)), kept
