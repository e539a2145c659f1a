"""The Copas selection model: what the effect would be if small studies were published less often."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import log_ndtr, ndtr

from metarepro.effects.core import EffectSizes
from metarepro.errors import ConfigError, DataError
from metarepro.pooling.given_effects import one_set
from metarepro.pooling.inference import two_sided_p
from metarepro.pooling.kernel import Array
from metarepro.robustness.maximise import maximise

_ROOT = math.sqrt(2 * math.pi)
# The correlation of effect and publication stays off 1, where the variances of the model vanish.
_MOST_RHO = 0.9999


@dataclass(frozen=True, eq=False)
class CopasModel:
    """Result of `copas` for one strength of selection, on the working scale.

    Attributes
    ----------
    gamma0, gamma1 : float
        Chance of publication: Phi(gamma0 + gamma1 / se).
    beta, se, tau2, rho : float
        Mean effect, its standard error, variance of true effects, correlation of effect and publication.
    least_chance, most_chance : float
        Chance of publication of the least and the most precise study.
    unpublished : float
        Number of studies that were not published, by the model.
    log_likelihood : float
    asymmetry_p : float
        p-value of the asymmetry that is left: likelihood-ratio test of a slope on the standard error, with a selection
        in the same direction.
    at_edge : bool
        Whether rho is at -1 or 1, or tau2 at 0.
    converged : bool
    """

    gamma0: float
    gamma1: float
    beta: float
    se: float
    tau2: float
    rho: float
    least_chance: float
    most_chance: float
    unpublished: float
    log_likelihood: float
    asymmetry_p: float
    at_edge: bool
    converged: bool


def copas(
    yi: ArrayLike | EffectSizes | str, vi: ArrayLike | str | None = None, *, gamma: ArrayLike | None = None,
    data: Any = None, labels: Any = None,
) -> tuple[CopasModel, ...]:  # fmt: skip
    """A sensitivity analysis to publication by size: the effect at a range of chances of publication.

    Parameters
    ----------
    yi, vi, data, labels
        As in `pool`: effects and variances of shape (k,), `EffectSizes`, or names of columns of `data`.
    gamma : array_like of shape (2,) or (m, 2), optional
        Pairs (gamma0, gamma1). By default a range from no selection to a chance of 10 % for the least precise study,
        with 99 % for the most precise one.

    Returns
    -------
    tuple of CopasModel
        One for each pair, in their order.

    Raises
    ------
    DataError, ConfigError
        As `pool`; fewer than three studies; all standard errors the same without `gamma`; gamma1 below 0.

    Notes
    -----
    gamma cannot be estimated: several values are shown, and the one to look at is the weakest selection after which no
    asymmetry is left (asymmetry_p above 0.1). The likelihood is that of Copas & Shi with the variances of the studies
    corrected for selection. When not to use: below ten studies; as one corrected number.

    References
    ----------
    Copas & Shi 2000, doi:10.1093/biostatistics/1.3.247; 2001, doi:10.1177/096228020101000402;
    Carpenter et al. 2009, doi:10.1016/j.jclinepi.2008.12.002.

    Examples
    --------
    >>> model = copas([0.1, 0.3, 0.35, 0.9, 0.7], [0.01, 0.03, 0.05, 0.2, 0.1], gamma=(-0.5, 0.2))[0]
    >>> round(model.beta, 2)
    0.19
    """
    _, y, v, known, _ = one_set(yi, vi, data, labels, "copas")
    y, error = y[known], np.sqrt(v[known])
    if y.size < 3:
        raise DataError(f"The Copas model needs at least 3 studies with a usable effect; there are {y.size}.")
    pairs = _range(error) if gamma is None else np.atleast_2d(np.asarray(gamma, dtype=np.float64))
    if pairs.ndim != 2 or pairs.shape[1] != 2 or not np.isfinite(pairs).all() or (pairs[:, 1] < 0).any():
        raise ConfigError("gamma must be pairs (gamma0, gamma1), finite, with gamma1 of 0 or more.")
    return tuple(_fit(y, error, float(a), float(b)) for a, b in pairs)


def _range(error: Array) -> Array:
    """From no selection to a chance of 10 % for the least precise study, 99 % for the most precise one."""
    from scipy.special import ndtri

    small, large = 1 / error.max(), 1 / error.min()
    if large - small <= 1e-9 * large:
        raise DataError("All studies have the same standard error, so that none is published less often. Fix: gamma=.")
    least = ndtri(np.array([0.99, 0.9, 0.8, 0.6, 0.4, 0.3, 0.2, 0.1]))
    slope = (ndtri(0.99) - least) / (large - small)
    return np.column_stack([least - slope * small, slope])


def _fit(y: Array, error: Array, gamma0: float, gamma1: float) -> CopasModel:
    u = gamma0 + gamma1 / error
    hazard = np.exp(-0.5 * u * u - log_ndtr(u)) / _ROOT
    c2 = hazard * (u + hazard)
    scale = float(np.median(error))
    ys, es = y / scale, error / scale

    def log_likelihood(at: Array, slope: bool = False) -> tuple[float, Array]:
        mu, tau2, rho = at[:3]
        sigma2 = es**2 / (1 - c2 * rho * rho)
        total = tau2 + sigma2
        r = ys - mu - (at[3] * es if slope else 0.0)
        sigma = np.sqrt(sigma2)
        tilde2 = rho * rho * sigma2 / total
        root = np.sqrt(1 - tilde2)
        top = u + rho * sigma * r / total
        x = top / root
        value = (-0.5 * np.log(total) - r * r / (2 * total) + log_ndtr(x)).sum() - log_ndtr(u).sum()
        mills = np.exp(-0.5 * x * x - log_ndtr(x)) / _ROOT
        # Derivatives of sigma2 by rho, and of everything by mu, tau2 and rho.
        by_rho = 2 * c2 * rho * sigma2 / (1 - c2 * rho * rho)
        by_r = -r / total + mills * rho * sigma / (total * root)
        gradient = np.empty(at.size)
        gradient[0] = -by_r.sum()
        t_tau2 = -rho * rho * sigma2 / total**2
        gradient[1] = (
            -0.5 / total + r * r / (2 * total**2)
            + mills * (-rho * sigma * r / total**2 / root + 0.5 * top * t_tau2 / root**3)
        ).sum()  # fmt: skip
        t_rho = 2 * rho * sigma2 / total + rho * rho * by_rho * tau2 / total**2
        top_rho = r * (sigma / total + rho * by_rho / (2 * sigma * total) - rho * sigma * by_rho / total**2)
        gradient[2] = (
            by_rho * (-0.5 / total + r * r / (2 * total**2)) + mills * (top_rho / root + 0.5 * top * t_rho / root**3)
        ).sum()
        if slope:
            gradient[3] = -(by_r * es).sum()
        return float(value), gradient

    mean = float((ys / es**2).sum() / (1 / es**2).sum())
    starts = [np.array([m, t, r]) for m in (mean, mean / 2, 0.0) for t in (0.05, 0.5, 2.0) for r in (-0.7, 0.0, 0.7)]
    bounds = [(-1e4, 1e4), (0.0, 1e5), (-_MOST_RHO, _MOST_RHO)]
    found = maximise(log_likelihood, starts, bounds)
    # What is left is asked of the same selection: published for larger effects, or for smaller ones.
    side = (0.0, _MOST_RHO) if found.at[2] >= 0 else (-_MOST_RHO, 0.0)
    wider = maximise(
        lambda at: log_likelihood(at, True),
        [np.append(found.at, b) for b in (0.0, 0.5, -0.5)],
        [*bounds[:2], side, (-1e3, 1e3)],
    )
    lrt = max(2 * (wider.value - found.value), 0.0)
    chance = ndtr(u)
    return CopasModel(
        gamma0, gamma1, float(scale * found.at[0]), float(scale * found.errors()[0]), float(scale**2 * found.at[1]),
        float(found.at[2]), float(chance.min()), float(chance.max()), float(((1 - chance) / chance).sum()),
        found.value - y.size * (math.log(scale) + 0.5 * math.log(2 * math.pi)),
        float(two_sided_p(np.array(math.sqrt(lrt)), np.array(np.nan))),
        bool(abs(found.at[2]) >= _MOST_RHO or found.at[1] == 0), found.converged,
    )  # fmt: skip
