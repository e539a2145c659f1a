"""Distribution of a weighted sum of chi-squares with one degree of freedom: of Q statistics under heterogeneity."""

from __future__ import annotations

import numpy as np

from metarepro.pooling.kernel import Array

NODES = 40
# Effective number of terms from which the sum over the characteristic function is used.
MANY = 16


def chi2_mixture_upper_tail(q: Array, coefficients: Array) -> Array:
    """P(sum_i c_i chi2_1 > q).

    Parameters
    ----------
    q : ndarray, shape (...)
    coefficients : ndarray, shape (..., n)
        Coefficients, 0 or more, not all 0.

    Returns
    -------
    ndarray, shape (...)

    Notes
    -----
    The Laplace transform of the distribution, prod (1 + 2 c s)^(-1/2) / s, has its singularities on the negative real
    axis, so that Talbot's contour around them, with the parameters of Weideman (2006), gives the inverse to about
    1e-12 absolute with 40 nodes. Sums of many like terms are too concentrated for that contour; their characteristic
    function falls off fast, and Davies' sum over it is as exact. When not to use: for tail probabilities far below
    1e-10.

    References
    ----------
    Weideman 2006, doi:10.1137/050625837; Davies 1980, doi:10.2307/2346911.
    """
    q, c = np.broadcast_arrays(np.asarray(q, dtype=np.float64)[..., None], np.asarray(coefficients, dtype=np.float64))
    shape, q, c = c.shape[:-1], q[..., 0].ravel(), c.reshape(-1, c.shape[-1])
    many = c.sum(-1) ** 2 / (c * c).sum(-1) > MANY
    upper = np.where(q > 0, 0.0, 1.0)
    few = ~many & (q > 0)
    upper[few] = 1 - _talbot(q[few], c[few])
    crowd = np.flatnonzero(many & (q > 0))
    if crowd.size:
        upper[crowd] = _davies(q[crowd], c[crowd])
    return np.clip(upper, 0, 1).reshape(shape)


def _talbot(q: Array, c: Array) -> Array:
    """P(sum <= q) along Talbot's contour."""
    theta = (2 * np.arange(NODES) + 1 - NODES) * np.pi / NODES
    theta = theta[theta > 0]  # the other half is the complex conjugate
    cot = 1 / np.tan(0.6407 * theta)
    z = NODES * (0.5017 * theta * cot - 0.6122 + 0.2645j * theta)
    slope = NODES * (0.5017 * cot - 0.5017 * 0.6407 * theta * (1 + cot**2) + 0.2645j)
    s = z / q[:, None]
    log_transform = -0.5 * np.log1p(2 * c[:, None, :] * s[..., None]).sum(-1)
    terms = np.exp(z + log_transform) / z * slope
    return np.asarray(2 / NODES * terms.imag.sum(-1), dtype=np.float64)


def _davies(q: Array, c: Array) -> Array:
    """P(sum > q) by a sum over the characteristic function."""
    # Beyond `reach` less than exp(-30) of the distribution is left (Chernoff), which bounds the aliasing.
    reach = c.sum(-1) + np.sqrt(120 * (c * c).sum(-1)) + 60 * c.max(-1)
    step = 2 * np.pi / np.maximum(q, reach)
    terms = 64
    while (0.25 * np.log1p((2 * c * (terms * step)[:, None]) ** 2).sum(-1) < 33).any():
        terms *= 2
    u = (np.arange(terms) + 0.5) * step[:, None]
    twice = 2 * u[..., None] * c[:, None, :]
    angle = 0.5 * np.arctan(twice).sum(-1) - u * q[:, None]
    size = np.exp(-0.25 * np.log1p(twice * twice).sum(-1))
    return np.asarray(0.5 + (size * np.sin(angle) / (np.arange(terms) + 0.5)).sum(-1) / np.pi, dtype=np.float64)
