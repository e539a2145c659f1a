"""How far each study moves the result: deletion diagnostics of a pooled effect or a regression."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from metarepro.effects.checks import read_numbers
from metarepro.effects.core import EffectSizes
from metarepro.errors import DataError
from metarepro.pooling.fit import PooledFit, fit_effects
from metarepro.pooling.given_effects import one_set
from metarepro.pooling.kernel import Array, Mask

if TYPE_CHECKING:
    import pandas as pd

# A study whose leverage is this close to 1 alone determines a coefficient, which is gone without it.
_ALONE = 1e-9


def influence(
    yi: ArrayLike | EffectSizes | str, vi: ArrayLike | str | None = None, moderators: ArrayLike | None = None, *,
    data: Any = None, labels: Any = None, tau2: str | float = "REML",
) -> pd.DataFrame:  # fmt: skip
    """Deletion diagnostics of each study.

    Parameters
    ----------
    yi, vi, data, labels
        As in `pool`: effects and variances of shape (k,), `EffectSizes`, or names of columns of `data`.
    moderators : array_like, shape (k,) or (k, p), optional
        Covariates as numbers; an intercept is put before them.
    tau2 : str or float, default 'REML'
        As in `pool`. Standard errors are those of the model, without the factor of Hartung and Knapp.

    Returns
    -------
    DataFrame
        One row a study, in the order of the rows; NaN where a study has no usable effect, or where nothing can be
        estimated without it. With "(-i)" for the fit without study i:

        - ``rstudent``: externally standardised residual, (yi - fitted(-i)) / sqrt(vi + tau2(-i) + var(fitted(-i)))
        - ``rstandard``: internally standardised residual, (yi - fitted) / sqrt((1 - hat) * (vi + tau2))
        - ``dffits``: (fitted - fitted(-i)) / sqrt(hat * (vi + tau2(-i)))
        - ``cook``: Cook's distance, by the covariance of the coefficients of the fit of all studies
        - ``covariance_ratio``: determinant of the covariance of the coefficients without study i, by that of all
        - ``tau2_deleted``, ``q_deleted``: tau2 and the (residual) Q without study i
        - ``hat``: leverage
        - ``weight``: percent weight
        - ``dfbetas``: change of the coefficient in its standard errors; with moderators a column for each coefficient,
          ``dfbetas_0`` for the intercept, ``dfbetas_1`` and so on
        - ``q_contribution``, ``overall_influence``: the axes of a Baujat plot: squared standardised residual,
          (yi - fitted)^2 / (vi + tau2), and (fitted - fitted(-i))^2 / var(fitted(-i))
        - ``influential``: |dffits| > 3 sqrt(p / (k - p)), or the lower tail of a chi-squared distribution with p
          degrees of freedom at Cook's distance above 50 %, or hat > 3 p / k, or a |dfbetas| > 1

    Raises
    ------
    DataError
        As `pool`; fewer than two studies more than coefficients.

    Notes
    -----
    All fits without a study are one masked call. When not to use: the marks of ``influential`` are rules of thumb for
    looking closer, not tests, and no reason to leave a study out.

    References
    ----------
    Viechtbauer & Cheung 2010, doi:10.1002/jrsm.11; Baujat et al. 2002, doi:10.1002/sim.1221.

    Examples
    --------
    >>> table = influence([0.1, 0.3, 0.35, 2.0], [0.02, 0.03, 0.05, 0.04], tau2="DL")
    >>> round(float(table["rstudent"].iloc[3]), 2), bool(table["influential"].iloc[3])
    (8.02, True)
    """
    studies, y, v, known, _ = one_set(yi, vi, data, labels, "influence")
    design = None if moderators is None else _design(moderators, known)
    rows = np.flatnonzero(known)
    found = diagnose(y[rows], v[rows], None if design is None else design[rows], tau2)
    return _table(studies, found, rows, y.size)


def diagnose(y: Array, v: Array, design: Array | None = None, tau2: str | float = "REML") -> dict[str, np.ndarray]:
    """The columns of `influence`, for k studies that all have an effect."""
    x = np.ones((y.size, 1)) if design is None else np.column_stack([np.ones(y.size), design])
    k, p = x.shape
    if k < p + 1 or k < 2:
        raise DataError(f"Influence needs more than {max(p, 1)} studies with a usable effect; there are {k}.")
    deleted = ~np.eye(k, dtype=bool)
    alone = _leverage(x, np.ones(k)) > 1 - _ALONE
    full, without = _fit(y, v, design, None, tau2), _fit(y, v, design, deleted[~alone], tau2)
    found = _diagnose(y, v, x, full, without, ~alone)
    found["influential"] = _influential(found, k, p)
    return found


def _design(moderators: ArrayLike, known: Mask) -> Array:
    x = read_numbers(moderators, "moderators")
    x = x[:, None] if x.ndim == 1 else x
    if x.ndim != 2 or x.shape[0] != known.size:
        raise DataError(f"moderators has the shape {x.shape} for {known.size} studies; it must be (k,) or (k, p).")
    return x


def _fit(y: Array, v: Array, x: Array | None, mask: Mask | None, tau2: str | float) -> PooledFit:
    return fit_effects(y, v, tau2, "z", moderators=x, mask=mask)


def _leverage(x: Array, w: Array) -> Array:
    """Diagonal of the hat matrix of a weighted fit."""
    root = np.sqrt(w)
    q, _ = np.linalg.qr(x * root[:, None])
    return np.asarray((q * q).sum(-1), dtype=np.float64)


def _diagnose(y: Array, v: Array, x: Array, full: PooledFit, without: PooledFit, left: Mask) -> dict[str, np.ndarray]:
    k, p = x.shape

    def spread(values: Any, shape: tuple[int, ...] = ()) -> Array:
        """Values of the fits without a study, NaN for studies that cannot be left out."""
        wide = np.full((k, *shape), np.nan)
        wide[left] = np.reshape(values, (-1, *shape))
        return wide

    tau2 = 0.0 if full.method.tau2 == "CE" else float(full.tau2)
    tau2_deleted = spread(0.0 * without.q if full.method.tau2 == "CE" else without.tau2)
    beta, beta_deleted = np.atleast_1d(full.beta), spread(without.beta, (p,))
    covariance, deleted = np.reshape(full.covariance, (p, p)), spread(without.covariance, (p, p))
    fitted, fitted_deleted = x @ beta, np.einsum("ip,ip->i", x, beta_deleted)
    variance_deleted = np.einsum("ip,ipq,iq->i", x, deleted, x)
    total = v + tau2_deleted
    hat = _leverage(x, 1 / (v + tau2))
    shift = beta - beta_deleted
    change = fitted - fitted_deleted
    # Standard errors of the coefficients of all studies with the tau2 that the others give.
    w = np.where(left[:, None], 1 / (v + np.where(left, tau2_deleted, 1.0)[:, None]), np.nan)
    errors = np.linalg.inv(np.einsum("jp,ij,jq->ipq", x, np.where(left[:, None], w, 1.0), x))
    dfbetas = shift / np.sqrt(np.diagonal(errors, axis1=-2, axis2=-1))
    with np.errstate(invalid="ignore", divide="ignore"):
        return {
            "rstudent": (y - fitted_deleted) / np.sqrt(total + variance_deleted),
            "rstandard": (y - fitted) / np.sqrt(np.where(left, 1 - hat, np.nan) * (v + tau2)),
            "dffits": change / np.sqrt(hat * total),
            "cook": np.einsum("ip,pq,iq->i", shift, np.linalg.inv(covariance), shift),
            "covariance_ratio": np.linalg.det(deleted) / np.linalg.det(covariance),
            "tau2_deleted": tau2_deleted,
            "q_deleted": spread(without.q),
            "hat": hat,
            "weight": np.asarray(full.weights, dtype=np.float64),
            **({"dfbetas": dfbetas[:, 0]} if p == 1 else {f"dfbetas_{j}": dfbetas[:, j] for j in range(p)}),
            "q_contribution": (y - fitted) ** 2 / (v + tau2),
            "overall_influence": change**2 / variance_deleted,
        }


def _influential(found: dict[str, np.ndarray], k: int, p: int) -> np.ndarray:
    from scipy.special import chdtr

    marked = np.abs(found["dffits"]) > 3 * np.sqrt(p / (k - p))
    marked |= chdtr(p, found["cook"]) > 0.5
    marked |= found["hat"] > 3 * p / k
    for name, values in found.items():
        if name.startswith("dfbetas"):
            marked |= np.abs(values) > 1
    return np.asarray(marked)


def _table(studies: EffectSizes, found: dict[str, np.ndarray], rows: np.ndarray, size: int) -> pd.DataFrame:
    import pandas as pd

    columns: dict[str, np.ndarray] = {}
    for name, values in found.items():
        columns[name] = np.zeros(size, dtype=bool) if values.dtype == np.bool_ else np.full(size, np.nan)
        columns[name][rows] = values
    index = pd.Index(studies.labels, name="study") if studies.labels else pd.RangeIndex(size, name="study")
    return pd.DataFrame(columns, index=index)
