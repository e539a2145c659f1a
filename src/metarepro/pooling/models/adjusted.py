"""What fits share whose coefficients are those of another fit, with other standard errors and tests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from metarepro.errors import ConfigError
from metarepro.notes import Note
from metarepro.pooling.fitted import read_only
from metarepro.pooling.inference import quantile, two_sided_p
from metarepro.pooling.kernel import Array
from metarepro.pooling.protocol import Fit
from metarepro.pooling.result_parts import Method


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class AdjustedFit(Fit):
    """Coefficients of a fit with other standard errors; everything else is that of `model`.

    Attributes
    ----------
    beta, se, statistic, df, p_value, ci_low, ci_high
        As of the fit, with degrees of freedom of each coefficient.
    covariance : float or ndarray
    model : Fit
    notes : tuple of Note
    """

    beta: Any
    se: Any
    statistic: Any
    df: Any
    p_value: Any
    ci_low: Any
    ci_high: Any
    covariance: Any
    model: Any
    method: Method
    notes: tuple[Note, ...]
    studies: Any = None

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self.model, name)

    @property
    def measure(self) -> str:
        """Code of the effect measure."""
        code: str = self.model.measure
        return code

    @property
    def heterogeneity(self) -> Any:
        """That of the fit."""
        return self.model.heterogeneity

    @property
    def data(self) -> tuple[Array, Array]:
        """Effects and variances."""
        found: tuple[Array, Array] = self.model.data
        return found

    @property
    def coefficients(self) -> tuple[str, ...]:
        """Names of the coefficients."""
        names: tuple[str, ...] = self.model.coefficients
        return names

    def _tau2_at(self, rows: Any) -> Any:
        return self.model._tau2_at(rows)


# Notes on intervals of the fit itself, which are not shown here.
_OF_INTERVALS = ("hk_zero", "hk_zero_moderators", "hk_narrow", "wald_taken", "two_studies")


def notes_of(fit: Fit) -> tuple[Note, ...]:
    """Notes of a fit that hold for other standard errors too."""
    return tuple(n for n in fit.notes if n.code not in _OF_INTERVALS)


def chosen_columns(fit: Fit, columns: Sequence[int | str] | None) -> list[int]:
    """Numbers of the coefficients that a test is of; all but the first if none are named.

    Raises
    ------
    ConfigError
        Other coefficients than the fit has, none, or one twice.
    """
    names = fit.coefficients
    if columns is None:
        chosen = list(range(1, len(names)))
    else:
        given = [columns] if isinstance(columns, str | int) else list(columns)
        whole = [
            c for c in given if isinstance(c, int | np.integer) and not isinstance(c, bool) and 0 <= c < len(names)
        ]
        chosen = [int(c) if c in whole else names.index(c) for c in given if c in whole or c in names]
        if len(chosen) < len(given) or len(set(chosen)) < len(chosen):
            raise ConfigError(
                f"columns = {columns!r} does not name coefficients of the fit, each once. Allowed: "
                f"{', '.join(names)}, or 0 to {len(names) - 1}."
            )
    if not chosen:
        raise ConfigError("There is no coefficient to test. Fix: name columns.")
    return chosen


def adjusted_parts(fit: Fit, beta: Array, covariance: Array, df: Array, ci: str) -> dict[str, Any]:
    """Fields of an `AdjustedFit`: tests and intervals from another covariance.

    Parameters
    ----------
    fit : Fit
        Whose coefficients they are.
    beta, covariance, df : ndarray, shape (p,), (p, p) and (p,)
        A coefficient without degrees of freedom has no standard error either.
    ci : str
        Code of the interval.
    """
    se = np.sqrt(np.maximum(np.where(np.isfinite(df), np.diagonal(covariance), np.nan), 0))
    half = np.array([float(quantile((1 + fit.level) / 2, np.array(d))) for d in df]) * se
    with np.errstate(divide="ignore", invalid="ignore"):
        statistic = beta / se
    single = np.ndim(fit.beta) == 0

    def plain(values: Array) -> Any:
        return float(values[0]) if single else read_only(values)

    return {
        "beta": plain(beta),
        "se": plain(se),
        "statistic": plain(statistic),
        "df": plain(df),
        "p_value": plain(two_sided_p(statistic, df)),
        "ci_low": plain(beta - half),
        "ci_high": plain(beta + half),
        "covariance": float(covariance[0, 0]) if single else read_only(covariance),
        "model": fit,
        "method": Method(fit.method.model, fit.method.tau2, ci, fit.method.pi, fit.level),
        "studies": fit.studies,
    }
