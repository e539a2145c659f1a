"""What every fit is and can do, whatever its model: the protocol, and the parts that all results are made of."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np

from metarepro.effects.checks import read_numbers
from metarepro.effects.core import EffectSizes, to_display
from metarepro.errors import ConfigError, DataError
from metarepro.notes import Note

if TYPE_CHECKING:
    import pandas as pd

    from metarepro.pooling.printed_fit import PrintedFit


@dataclass(frozen=True)
class Displayed:
    """A result on the scale that readers know: odds ratios instead of their logarithms."""

    estimate: Any
    ci_low: Any
    ci_high: Any
    pi_low: Any
    pi_high: Any


@dataclass(frozen=True)
class Predictions:
    """Mean effects with their intervals on the working scale, and prediction intervals of single studies' effects.

    Attributes
    ----------
    estimate, se, ci_low, ci_high
        The mean at each place, its standard error and interval.
    pi_low, pi_high
        Interval for the true effect of a single study there.
    """

    estimate: Any
    se: Any
    ci_low: Any
    ci_high: Any
    pi_low: Any
    pi_high: Any

    def to_frame(self, measure: str = "") -> pd.DataFrame:
        """A data frame with a row a place; with a measure, on the scale that readers know, without standard errors."""
        import pandas as pd

        columns = {f.name: np.atleast_1d(getattr(self, f.name)) for f in fields(self)}
        if measure:
            columns = {name: to_display(measure, x) for name, x in columns.items() if name != "se"}
        return pd.DataFrame(columns)


@dataclass(frozen=True)
class Contrast:
    """A weighted sum of coefficients, on the working scale.

    Attributes
    ----------
    estimate, se, statistic, df, p_value, ci_low, ci_high : float
        With the test of the fit: normal where `df` is NaN, else t. Of coefficients with degrees of freedom of their own
        the fewest count; of a cluster-robust fit they are Satterthwaite's of this sum.
    """

    estimate: float
    se: float
    statistic: float
    df: float
    p_value: float
    ci_low: float
    ci_high: float


class Fit:
    """The base of fits of any model: what figures, tables, analyses and further refits may rely on.

    `beta`, `se` and the intervals are on the working scale (log for ratios); `display` maps them. A number that does
    not exist is NaN, with its reason in `notes`.
    """

    if TYPE_CHECKING:
        # Each kind of fit has these as a field or a property.
        beta: Any
        se: Any
        ci_low: Any
        ci_high: Any
        pi_low: Any
        pi_high: Any
        statistic: Any
        df: Any
        p_value: Any
        covariance: Any
        method: Any
        heterogeneity: Any
        weights: Any
        data: Any
        k: Any
        converged: Any
        at_boundary: Any
        notes: tuple[Note, ...]

    # Effect sizes of the studies with their names and raw numbers, if the fit was given them.
    studies: EffectSizes | None = None

    @property
    def measure(self) -> str:
        """Code of the effect measure; GEN if the fit was not told."""
        return self.studies.measure if self.studies is not None else "GEN"

    @property
    def level(self) -> float:
        """Coverage of the intervals."""
        return self.method.level

    @property
    def tau2_method(self) -> str:
        """Code of the estimator of tau2."""
        return self.method.tau2

    @property
    def ci_method(self) -> str:
        """Code of the confidence interval."""
        return self.method.ci

    @property
    def pi_method(self) -> str:
        """Code of the prediction interval."""
        return self.method.pi

    @property
    def coefficients(self) -> tuple[str, ...]:
        """Names of the coefficients."""
        size = np.size(self.beta)
        return ("pooled effect",) if size == 1 else tuple(f"beta{i}" for i in range(size))

    @property
    def has_intercept(self) -> bool:
        """Whether the first coefficient is the intercept."""
        return self.coefficients[0] == "Intercept"

    def display(self) -> Displayed:
        """The result on the scale that readers know: odds ratios instead of their logarithms.

        Raises
        ------
        ConfigError
            The measure has no such scale.
        """
        ends = (self.beta, self.ci_low, self.ci_high, self.pi_low, self.pi_high)
        return Displayed(*(to_display(self.measure, x) for x in ends))

    def predict(self, moderators: Any = None) -> Predictions:
        """Mean effects with their intervals, and where true effects of single studies lie.

        Parameters
        ----------
        moderators : array_like, shape (m, p) or (p,), optional
            Values of the p moderators, without the intercept, at m places; of one moderator also m numbers. Left out:
            the pooled effect itself.

        Raises
        ------
        DataError
            Moderators that are not as many as the fit has.
        """
        if np.ndim(self.k) > 0:
            raise DataError("A batch has no single prediction. Fix: read beta, ci_low, pi_low ... of the batch.")
        if np.ndim(self.beta) == 0:
            if moderators is not None:
                raise DataError("The fit has no moderators. Fix: leave them out of predict.")
            return Predictions(self.beta, self.se, self.ci_low, self.ci_high, self.pi_low, self.pi_high)
        if moderators is None:
            raise DataError("The fit has moderators. Fix: give their values to predict.")
        from metarepro.pooling.inference import quantile

        rows = rows_at(self, moderators)
        mean = rows @ self.beta
        variance = np.einsum("ij,jk,ik->i", rows, np.asarray(self.covariance), rows)
        half = quantile((1 + self.level) / 2, np.array([self._df_of(row) for row in rows]))
        wide = half * np.sqrt(variance + self._tau2_at(rows))
        se = np.sqrt(variance)
        return Predictions(mean, se, mean - half * se, mean + half * se, mean - wide, mean + wide)

    def _tau2_at(self, rows: Any) -> Any:
        """Variance of true effects at rows of the design; NaN where it is not known there."""
        return getattr(self, "tau2", math.nan)

    def contrast(self, weights: Any) -> Contrast:
        """A weighted sum of the coefficients with its test, such as the difference of two subgroups.

        Parameters
        ----------
        weights : array_like, shape (coefficients,), or mapping of str to float
            A weight for each coefficient, or for some by their names: ``{"C(g)[b]": 1, "C(g)[c]": -1}``.

        Raises
        ------
        DataError
            Weights for other coefficients than the fit has, none but zeros, a batch.
        """
        from metarepro.pooling.inference import quantile, two_sided_p

        names = self.coefficients
        if np.ndim(self.k) > 0 or np.ndim(self.beta) != 1:
            raise DataError("Contrasts are sums of the coefficients of one regression.")
        if isinstance(weights, Mapping):
            unknown = [n for n in weights if n not in names]
            if unknown:
                raise DataError(f"There is no coefficient {unknown[0]!r}. Coefficients: {', '.join(names)}.")
            weights = [weights.get(n, 0.0) for n in names]
        w = read_numbers(weights, "weights")
        if w.shape != (len(names),) or not (np.isfinite(w).all() and w.any()):
            raise DataError(f"A contrast needs a weight for each of {', '.join(names)}, not all of them 0.")
        size = float(np.abs(w).max())  # weights of any size without overflow
        w = w / size
        estimate = float(w @ np.asarray(self.beta))
        se = float(np.sqrt(w @ np.asarray(self.covariance) @ w))
        df = self._df_of(w)
        statistic = estimate / se if se > 0 else math.nan
        half = float(quantile((1 + self.level) / 2, np.array(df))) * se
        p = float(two_sided_p(np.array(statistic), np.array(df)))
        ends = (x * size for x in (estimate - half, estimate + half))
        return Contrast(estimate * size, se * size, statistic, df, p, *ends)

    def _df_of(self, weights: Any) -> float:
        """Degrees of freedom of a weighted sum of coefficients; NaN for a normal test."""
        df = np.broadcast_to(np.ravel(np.asarray(self.df, dtype=np.float64)), np.shape(weights))[weights != 0]
        return float(df[np.isfinite(df)].min()) if np.isfinite(df).any() else math.nan

    def to_dict(self) -> dict[str, Any]:
        """All numbers and codes of the fit as plain values; arrays as lists, a number that does not exist as None."""
        found: dict[str, Any] = {"measure": self.measure, "model": self.method.model, "tau2_method": self.method.tau2}
        found |= {"ci_method": self.method.ci, "pi_method": self.method.pi, "level": self.method.level}
        found |= {"weights_by": self.method.weights}
        found |= {name: _plain(getattr(self, name)) for name in self._numbers()}
        found["notes"] = [str(note) for note in self.notes]
        return found

    def to_frame(self) -> pd.DataFrame:
        """A data frame with one row a coefficient, or a problem of a batch."""
        import pandas as pd

        coefficient = np.ndim(self.beta) == 1 and np.ndim(self.k) == 0
        wanted = _COEFFICIENTS if coefficient else self._numbers()
        columns = {name: getattr(self, name) for name in wanted}
        columns = {name: np.ravel(x) for name, x in columns.items() if np.size(x) in (1, np.size(self.beta))}
        size = max(np.size(x) for x in columns.values())
        frame = pd.DataFrame({name: np.broadcast_to(x, size) for name, x in columns.items()})
        if coefficient or size == 1:
            frame.index = pd.Index(self.coefficients, name="term")
        return frame

    def robust(self, cluster: Any = None, kind: str = "CR2") -> Any:
        """The coefficients with cluster-robust standard errors, where a fit has them.

        Raises
        ------
        ConfigError
            The fit is not one of effects with weights 1/(vi + tau2).
        """
        raise ConfigError("Robust variances are those of a fit of effects: pool, meta_regression or multilevel.")

    def working(self, cluster: Any) -> Any:
        """What robust standard errors start from; as `robust`."""
        return self.robust(cluster)

    def summary(self) -> PrintedFit:
        """A table of the result for a terminal or a notebook; `print(fit.summary())`."""
        from metarepro.pooling.printed_fit import print_fit

        return print_fit(self)

    def __repr__(self) -> str:
        from metarepro.pooling.printed_fit import short_text

        return short_text(self)

    def _repr_html_(self) -> str:
        return self.summary()._repr_html_()

    def _numbers(self) -> tuple[str, ...]:
        """Names of the numbers that this kind of fit has."""
        return tuple(n for n in _NUMBERS if hasattr(self, n))


def rows_at(fit: Fit, moderators: Any) -> Any:
    """Rows of a fit's design at values of its moderators; the intercept, if it has one, is put before them.

    Raises
    ------
    DataError
        Something else than numbers, or others than the fit has.
    """
    design_at = getattr(fit, "design_at", None)
    if isinstance(moderators, Mapping) and design_at is not None:
        return design_at(moderators)
    names = fit.coefficients[1:] if fit.has_intercept else fit.coefficients
    if isinstance(moderators, Mapping):
        raise DataError(f"predict takes numbers here, a column each: {', '.join(names)}. Fix: predict([[...], [...]]).")
    rows = read_numbers(moderators, "moderators")
    # Of one moderator a flat list is several places.
    rows = rows.reshape(-1, 1) if rows.ndim < 2 and len(names) == 1 else np.atleast_2d(rows)
    if rows.ndim != 2 or rows.shape[1] != len(names):
        plural = "s" * (rows.shape[-1] != 1)
        raise DataError(f"{rows.shape[-1]} moderator{plural} for the {len(names)} of the fit: {', '.join(names)}.")
    if not np.isfinite(rows).all():
        bad = int(np.argwhere(~np.isfinite(rows))[0, 0])
        raise DataError(f"The moderators of place {bad} (counted from 0) are missing or infinite. Fix: give numbers.")
    return np.column_stack([np.ones(rows.shape[0]), rows]) if fit.has_intercept else rows


_COEFFICIENTS = ("beta", "se", "statistic", "df", "p_value", "ci_low", "ci_high")
_NUMBERS = (
    "k", *_COEFFICIENTS, "pi_low", "pi_high", "pi_df", "tau2", "tau2_se", "i2", "h2", "i2_q", "q", "q_df", "q_p",
    "log_likelihood", "converged", "at_boundary", "iterations", "maxima",
)  # fmt: skip


def _plain(value: Any) -> Any:
    """A number, or a list of numbers, in which what does not exist is None."""
    if isinstance(value, np.ndarray):
        return [_plain(x) for x in value]
    if isinstance(value, np.generic):
        value = value.item()
    return None if isinstance(value, float) and not math.isfinite(value) else value
