"""Dose-response: several doses of a treatment against the lowest one, as a curve over the dose, in one stage."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from metarepro.effects.checks import read_numbers
from metarepro.effects.core import column_of
from metarepro.effects.levels import check_level
from metarepro.errors import ConfigError, DataError
from metarepro.notes import Note, list_rows
from metarepro.pooling.fitted import read_only
from metarepro.pooling.inference import chi2_upper_tail, quantile, two_sided_p
from metarepro.pooling.kernel import Array
from metarepro.pooling.models.blocks import Likelihood, Stack
from metarepro.pooling.models.highest import highest
from metarepro.pooling.models.network_data import StudyContrasts, from_arms
from metarepro.pooling.protocol import Fit, Predictions
from metarepro.pooling.regression import WaldTest
from metarepro.pooling.result_parts import DOSE_RESPONSE, Component, Heterogeneity, Method
from metarepro.pooling.splines import restricted_cubic

SHAPES = {"linear": 1, "quadratic": 2, "spline": 2}
KNOTS = (0.1, 0.5, 0.9)
NAN = math.nan


@dataclass(frozen=True, eq=False, repr=False)
class DoseResponseFit(Fit):
    """Result of `dose_response`.

    Attributes
    ----------
    beta, se, statistic, p_value, ci_low, ci_high, covariance : ndarray
        Coefficients of the curve (see `names`), with normal tests and intervals; `predict` is what to read.
    sigma2 : ndarray
        Variance of each coefficient between studies; independent of each other.
    test : WaldTest
        That the dose has no effect.
    test_of_curvature : WaldTest
        That the curve is a straight line; NaN for ``linear``.
    q, q_df, q_p : float
        Residual heterogeneity about a common curve.
    shape, knots : str, tuple of float
    doses : tuple of float
        The lowest and the highest dose of the studies: predictions beyond are refused.
    k, contrasts : int
        Studies, and doses against the lowest of each.
    log_likelihood : float
    """

    beta: Array
    se: Array
    statistic: Array
    p_value: Array
    ci_low: Array
    ci_high: Array
    covariance: Array
    names: tuple[str, ...]
    sigma2: Array
    test: WaldTest
    test_of_curvature: WaldTest
    q: float
    q_df: int
    q_p: float
    shape: str
    knots: tuple[float, ...]
    doses: tuple[float, float]
    k: int
    contrasts: int
    log_likelihood: float
    converged: bool
    at_boundary: bool
    method: Method
    notes: tuple[Note, ...]
    _measure: str
    _y: Array
    _v: Array

    df = pi_low = pi_high = NAN

    @property
    def measure(self) -> str:
        """Code of the effect measure."""
        return self._measure

    @property
    def tau2(self) -> float:
        """Variance of the first coefficient between studies."""
        return float(self.sigma2[0])

    @property
    def coefficients(self) -> tuple[str, ...]:
        """Names of the coefficients."""
        return self.names

    @property
    def data(self) -> tuple[Array, Array]:
        """Contrasts of all studies, against the lowest dose of each, and their variances."""
        return self._y.copy(), self._v.copy()

    @property
    def weights(self) -> Array:
        """Not defined: each dose has its own."""
        return np.full(self.contrasts, NAN)

    @property
    def heterogeneity(self) -> Heterogeneity:
        """How curves differ between studies: a variance for each coefficient, and Q about a common curve."""
        parts = tuple(Component(name, float(s2)) for name, s2 in zip(self.names, self.sigma2, strict=True))
        return Heterogeneity(parts, NAN, NAN, NAN, NAN, NAN, self.q, self.q_df, self.q_p)

    def predict(self, moderators: ArrayLike | None = None, reference: float | None = None) -> Predictions:
        """Mean effect of doses against a reference dose, on the working scale.

        Parameters
        ----------
        moderators : array_like, optional
            Doses; left out: 21 from the lowest to the highest.
        reference : float, optional
            The lowest dose of the studies if left out.

        Raises
        ------
        DataError
            A dose beyond those of the studies.
        """
        low, high = self.doses
        at = np.linspace(low, high, 21) if moderators is None else np.atleast_1d(read_numbers(moderators, "dose"))
        about = low if reference is None else float(reference)
        beyond = [x for x in (*at, about) if not low <= x <= high]
        if beyond:
            raise DataError(f"The studies have doses from {low:g} to {high:g}; {beyond[0]:g} is beyond them.")
        x = _basis(at, self.shape, self.knots) - _basis(np.array([about]), self.shape, self.knots)
        mean = x @ self.beta
        variance = np.einsum("ij,jk,ik->i", x, self.covariance, x)
        z = float(quantile((1 + self.level) / 2, np.array(NAN)))
        se = np.sqrt(variance)
        wide = z * np.sqrt(variance + x**2 @ self.sigma2)
        return Predictions(mean, se, mean - z * se, mean + z * se, mean - wide, mean + wide)


def dose_response(
    measure: str,
    *,
    study: Any,
    dose: Any,
    shape: str = "linear",
    knots: tuple[float, float, float] | None = None,
    method: str = "REML",
    level: float = 0.95,
    data: Any = None,
    **columns: Any,
) -> DoseResponseFit:
    """Fit a curve over the dose to arms of studies with several doses.

    Parameters
    ----------
    measure : {'OR', 'RR', 'RD', 'MD'}
    study, dose : array_like, shape (arms,), or str
        One row an arm; the lowest dose of each study (mostly 0) is what its other arms are compared with.
    shape : {'linear', 'quadratic', 'spline'}
        ``spline`` is restricted cubic with three knots: straight below the first and above the last.
    knots : tuple of float, optional
        Of the spline; left out: at 10, 50 and 90 percent of the doses.
    method : {'REML', 'ML'}
    level : float
    data : mapping or data frame, optional
    **columns
        ``e`` and ``n`` for counts, ``m``, ``sd`` and ``n`` for means.

    Returns
    -------
    DoseResponseFit

    Raises
    ------
    DataError
        A study of one dose, a dose twice in a study, fewer doses than the curve has coefficients, impossible numbers.
    ConfigError
        An unknown shape, method or measure; knots that do not rise.

    Notes
    -----
    One stage (Crippa et al. 2019): contrasts of a study share its lowest dose, and their covariance follows exactly
    from it; each coefficient of the curve varies between studies, independently of the others. Studies with one dose
    beside the lowest inform the curve, too. When not to use: doses that were chosen by how patients responded.

    References
    ----------
    Greenland & Longnecker 1992, doi:10.1093/oxfordjournals.aje.a116237; Orsini et al. 2012, doi:10.1093/aje/kwr265;
    Crippa et al. 2019, doi:10.1177/0962280218773122.

    Examples
    --------
    >>> fit = dose_response(
    ...     "MD", study=[1, 1, 1, 2, 2], dose=[0, 0.2, 0.5, 0, 0.5], m=[20, 17, 13, 21, 13], sd=[8] * 5, n=[30] * 5
    ... )
    >>> round(float(fit.predict([0.5]).estimate[0]), 2)
    -7.48
    """
    check_level(level)
    for option, value, allowed in (("shape", shape, tuple(SHAPES)), ("method", method, ("REML", "ML"))):
        if value not in allowed:
            raise ConfigError(f"{option} = {value!r} is not known. Allowed: {', '.join(allowed)}.")
    given = {"study": study, "dose": dose, **columns}
    found = {n: column_of(data, x, n) if isinstance(x, str) else x for n, x in given.items()}
    doses = read_numbers(found["dose"], "dose").ravel()
    bad = np.flatnonzero(~(np.isfinite(doses) & (doses >= 0)))
    if bad.size:
        raise DataError(f"dose is missing or below 0 in {list_rows(bad.tolist())}.")
    numbers = {n: read_numbers(found[n], n).ravel() for n in columns}
    ids = [str(x) for x in found["study"]]
    if len(ids) != doses.size:
        raise DataError(f"study has {len(ids)} entries for {doses.size} arms.")
    made = from_arms(measure, ids, [repr(float(d)) for d in doses], numbers)
    # The lowest dose of each study is what its other doses are compared with.
    studies = tuple(s.against(min(s.arms, key=float)) for s in made.studies)
    chosen = _knots(doses, shape, knots)
    return _fit(studies, shape, chosen, method, level, measure, made.notes)


def _knots(doses: Array, shape: str, knots: Any) -> tuple[float, ...]:
    if shape != "spline":
        return ()
    found = tuple(float(x) for x in (np.quantile(doses, KNOTS) if knots is None else knots))
    if len(found) != 3 or not found[0] < found[1] < found[2]:
        fix = "" if knots is not None else " Fix: give knots, or shape='quadratic'."
        raise ConfigError(f"knots = {found} must be three that rise.{fix}")
    return found


def _basis(doses: Array, shape: str, knots: tuple[float, ...]) -> Array:
    if shape == "spline":
        return restricted_cubic(doses, knots)
    return np.column_stack([doses**power for power in range(1, SHAPES[shape] + 1)])


def _fit(
    studies: tuple[StudyContrasts, ...], shape: str, knots: tuple[float, ...], method: str, level: float, measure: str,
    notes: tuple[Note, ...],
) -> DoseResponseFit:  # fmt: skip
    q = SHAPES[shape]
    designs, all_doses = [], []
    for s in studies:
        at = np.array([float(arm) for arm in s.arms])
        designs.append(_basis(at[1:], shape, knots) - _basis(at[:1], shape, knots))
        all_doses += list(at)
    x = np.concatenate(designs)
    # Coefficients of doses of any unit, on columns of size 1.
    size = np.abs(x).max(0)
    if x.shape[0] < q or np.linalg.matrix_rank(x / size) < q:
        raise DataError(f"The doses are too few for a {shape} curve. Fix: shape='linear'.")
    first = np.cumsum([0, *(s.y.size for s in studies)])
    stacks = []
    for n in sorted({s.y.size for s in studies}):
        members = [i for i, s in enumerate(studies) if s.y.size == n]
        own = np.array([designs[i] / size for i in members])
        same = np.stack([own[:, :, j, None] * own[:, None, :, j] for j in range(q)])
        rows = np.array([np.arange(first[i], first[i] + n) for i in members])
        y, v = (np.array([getattr(studies[i], name) for i in members]) for name in ("y", "v"))
        stacks.append(Stack(rows, y, own, v, same))
    xx = (x / size).T @ (x / size)
    likelihood = Likelihood(tuple(stacks), method == "REML", float(np.linalg.slogdet(xx)[1]), x.shape[0])
    alone = likelihood.at(np.zeros(q))
    if x.shape[0] > q and len(studies) > 1:
        peak, maxima = highest(likelihood)
        point, sigma2, converged = peak.point, peak.sigma2, peak.converged
        if maxima > 1:
            notes = (*notes, Note("several_maxima"))
    else:
        point, sigma2, converged = alone, np.zeros(q), True
    beta, covariance = point.beta / size, point.covariance / np.outer(size, size)
    se = np.sqrt(np.diagonal(covariance))
    statistic = beta / se
    half = float(quantile((1 + level) / 2, np.array(NAN))) * se

    def wald(columns: list[int]) -> WaldTest:
        if not columns:
            return WaldTest(NAN, 0, NAN, NAN)
        part = np.ix_(columns, columns)
        value = float(beta[columns] @ np.linalg.solve(covariance[part], beta[columns]))
        return WaldTest(value, len(columns), NAN, float(chi2_upper_tail(np.array(value), np.array(len(columns)))))

    names = {"linear": ("dose",), "quadratic": ("dose", "dose^2"), "spline": ("dose", "spline")}[shape]
    df = x.shape[0] - q
    return DoseResponseFit(
        read_only(beta), read_only(se), statistic, two_sided_p(statistic, np.full(q, NAN)), beta - half, beta + half,
        read_only(covariance), names, read_only(sigma2 / size**2), wald(list(range(q))), wald(list(range(1, q))),
        alone.rss, df, float(chi2_upper_tail(np.array(alone.rss), np.array(df))) if df else NAN, shape, knots,
        (min(all_doses), max(all_doses)), len(studies), x.shape[0], point.value, converged, bool((sigma2 == 0).any()),
        Method(DOSE_RESPONSE, method, "z", "z", level), notes, measure,
        read_only(np.concatenate([s.y for s in studies])),
        read_only(np.concatenate([np.diagonal(s.v) for s in studies])),
    )  # fmt: skip
