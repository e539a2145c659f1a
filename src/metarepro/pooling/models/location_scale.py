"""Location-scale models: moderators of how much true effects differ, beside moderators of their mean."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import product
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from metarepro.effects.core import EffectSizes
from metarepro.effects.levels import check_level
from metarepro.errors import ConfigError, DataError
from metarepro.notes import Note
from metarepro.pooling.fitted import read_only
from metarepro.pooling.given_effects import one_set
from metarepro.pooling.inference import chi2_upper_tail, quantile, two_sided_p
from metarepro.pooling.kernel import Array
from metarepro.pooling.models.multilevel import read_design
from metarepro.pooling.problems import why_deficient
from metarepro.pooling.protocol import Fit
from metarepro.pooling.result_parts import LOCATION_SCALE, Component, Heterogeneity, Method

# log tau2 below this, relative to the sampling variances, is tau2 = 0.
NOTHING = -18.0
NAN = math.nan


@dataclass(frozen=True, eq=False, repr=False)
class LocationScaleFit(Fit):
    """Result of `location_scale`.

    Attributes
    ----------
    beta, se, statistic, p_value, ci_low, ci_high
        Mean effect (floats) or coefficients of it (arrays), with normal tests and intervals.
    covariance : float or ndarray
    alpha, alpha_se, alpha_statistic, alpha_p : ndarray, shape (q,)
        Coefficients of the logarithm of tau2, with Wald tests.
    names, scale_names : tuple of str
    tau2_by_study : ndarray, shape (k,)
        exp of the scale part at each study; `tau2` is their mean.
    log_likelihood, log_likelihood_constant : float
        With this scale part, and with one tau2.
    lrt, lrt_df, lrt_p : float
        Likelihood-ratio test that tau2 is the same everywhere.
    k : int
    converged, at_boundary : bool
        Whether the maximum was reached; whether the likelihood rises as some tau2 goes to 0.
    """

    beta: Any
    se: Any
    statistic: Any
    p_value: Any
    ci_low: Any
    ci_high: Any
    covariance: Any
    alpha: Array
    alpha_se: Array
    alpha_statistic: Array
    alpha_p: Array
    names: tuple[str, ...]
    scale_names: tuple[str, ...]
    tau2_by_study: Array
    log_likelihood: float
    log_likelihood_constant: float
    lrt: float
    lrt_df: int
    lrt_p: float
    q: float
    q_df: int
    q_p: float
    weights: Array
    k: int
    converged: bool
    at_boundary: bool
    iterations: int
    method: Method
    notes: tuple[Note, ...]
    _yi: Array
    _vi: Array
    studies: EffectSizes | None = None

    df = pi_low = pi_high = NAN

    @property
    def tau2(self) -> float:
        """Mean of tau2 over the studies."""
        return float(self.tau2_by_study.mean())

    @property
    def coefficients(self) -> tuple[str, ...]:
        """Names of the coefficients of the mean."""
        return self.names

    @property
    def data(self) -> tuple[Array, Array]:
        """Effects and variances."""
        return self._yi.copy(), self._vi.copy()

    def _tau2_at(self, rows: Any) -> Any:
        # tau2 differs by the moderators of the scale, of which the places of `predict` say nothing.
        return NAN

    @property
    def heterogeneity(self) -> Heterogeneity:
        """How true effects differ: the mean tau2, and Cochran's Q."""
        component = Component("mean over the studies", self.tau2)
        return Heterogeneity((component,), NAN, NAN, NAN, NAN, NAN, self.q, self.q_df, self.q_p)


class _Point(NamedTuple):
    value: float
    score: Array
    information: Array
    expected: Array
    beta: Array
    covariance: Array
    rss: float


def location_scale(
    yi: ArrayLike | EffectSizes | str,
    vi: ArrayLike | str | None = None,
    *,
    scale: Any,
    moderators: Any = None,
    method: str = "REML",
    level: float = 0.95,
    data: Any = None,
    labels: Any = None,
) -> LocationScaleFit:
    """Model how much true effects differ: log tau2 of a study is linear in its characteristics.

    Parameters
    ----------
    yi, vi : array_like, shape (k,), or str
        Effects and sampling variances, names of columns of `data`, or what `effect_sizes` gives in place of `yi`.
    scale : array_like, shape (k,) or (k, q), or formula
        Moderators of log tau2; an intercept is added to numbers.
    moderators : array_like or formula, optional
        Moderators of the mean.
    method : {'REML', 'ML'}
    level : float
        Coverage of the intervals.
    data, labels
        As in `pool`.

    Returns
    -------
    LocationScaleFit

    Raises
    ------
    DataError
        A design without full column rank, impossible variances, no more studies than coefficients.

    Notes
    -----
    The (restricted) likelihood is climbed from several starts by Newton steps with analytic derivatives. Where it rises
    as tau2 of some studies goes to 0, the coefficients of the scale have no finite estimate; `at_boundary` and a note
    say so. When not to use: with fewer than about twenty studies log tau2 is too uncertain to be explained.

    References
    ----------
    Viechtbauer & Lopez-Lopez 2022, doi:10.1002/jrsm.1562.

    Examples
    --------
    >>> fit = location_scale(
    ...     [0.1, 0.9, -0.4, 0.2, 0.3, 0.25], [0.02] * 6, scale=[1, 1, 1, 0, 0, 0]
    ... )
    >>> bool(fit.tau2_by_study[0] > fit.tau2_by_study[5])
    True
    """
    check_level(level)
    if method not in ("REML", "ML"):
        raise ConfigError(f"method = {method!r} is not known. Allowed: REML, ML.")
    studies, y, v, known, notes = one_set(yi, vi, data, labels, "location_scale")
    x, terms = read_design(moderators, data, known)
    z, scale_terms = read_design(scale, data, known)
    if scale is None:
        raise DataError("location_scale needs scale, the moderators of log tau2. Fix: scale='x', or pool.")
    without = known & ~(np.isfinite(x).all(-1) & np.isfinite(z).all(-1))
    if without.any():
        notes = (*notes, Note("moderators_missing", rows=[int(i) for i in np.flatnonzero(without)]))
        known = known & ~without
    x, z, y, v = x[known], z[known], y[known], v[known]
    for design, names in ((x, terms), (z, scale_terms)):
        if np.linalg.matrix_rank(design) < design.shape[1]:
            raise DataError(why_deficient(design, names))
    if y.size <= x.shape[1] + z.shape[1]:
        raise DataError(f"{y.size} studies are no more than the {x.shape[1] + z.shape[1]} coefficients.")
    return _fit(y, v, x, z, terms, scale_terms, method, level, notes, studies.kept() if known.all() else None)


def _at(y: Array, v: Array, x: Array, z: Array, alpha: Array, restricted: bool, log_det_xx: float) -> _Point:
    """The likelihood with beta profiled out or integrated out, and its derivatives in alpha."""
    tau2 = np.exp(np.clip(z @ alpha, -700, 700))
    w = 1 / (v + tau2)
    xw = x * w[:, None]
    covariance: Array = np.asarray(np.linalg.inv(x.T @ xw), dtype=np.float64)
    beta: Array = np.asarray(covariance @ (xw.T @ y), dtype=np.float64)
    r = y - x @ beta
    q = w * r
    rss = float(r @ q)
    k, p = x.shape
    value = -0.5 * ((k - p if restricted else k) * math.log(2 * math.pi) - float(np.log(w).sum()) + rss)
    projection = np.diag(w) - xw @ covariance @ xw.T
    traced = projection if restricted else np.diag(w)
    if restricted:
        value -= 0.5 * (-float(np.linalg.slogdet(covariance)[1]) - log_det_xx)
    a = z * tau2[:, None]
    own = q * q - np.diagonal(traced)
    score = 0.5 * a.T @ own
    expected = 0.5 * a.T @ (traced * traced) @ a
    aq = a * q[:, None]
    curve = aq.T @ projection @ aq - expected - 0.5 * (a * own[:, None]).T @ z
    return _Point(value, score, curve, expected, beta, covariance, rss)


def _fit(
    y: Array, v: Array, x: Array, z: Array, names: tuple[str, ...], scale_names: tuple[str, ...], method: str,
    level: float, notes: tuple[Note, ...], studies: EffectSizes | None,
) -> LocationScaleFit:  # fmt: skip
    restricted = method == "REML"
    log_det = float(np.linalg.slogdet(x.T @ x)[1])
    # Orthogonal columns of the scale, so that steps are alike in all directions.
    basis, triangle = np.linalg.qr(z)
    basis, triangle = basis * math.sqrt(y.size), triangle / math.sqrt(y.size)
    ones = np.ones((y.size, 1))
    small = math.log(float(np.median(v)))

    def climb(design: Array, start: Array) -> tuple[Array, _Point, bool, int]:
        alpha, point = start, _at(y, v, x, design, start, restricted, log_det)
        for number in range(300):
            values, vectors = np.linalg.eigh(point.information)
            bend = np.maximum(np.abs(values), 1e-9 * max(np.abs(values).max(), 1e-300))
            step = vectors @ ((vectors.T @ point.score) / bend)
            step *= min(1.0, 2 / max(float(np.abs(step).max()), 1e-300))
            if np.abs(step).max() < 1e-11 * (1 + np.abs(alpha).max()):
                return alpha, point, True, number
            for _ in range(50):
                ahead = _at(y, v, x, design, alpha + step, restricted, log_det)
                if ahead.value >= point.value - 1e-14 * (1 + abs(point.value)):
                    break
                step = step / 2
            else:
                return alpha, point, bool(np.abs(point.score).max() < 1e-7), number
            alpha, point = alpha + step, ahead
            if (design @ alpha).max() < small + NOTHING or (design @ alpha).min() < small + 4 * NOTHING:
                return alpha, point, False, number
        return alpha, point, False, 300

    constant = max((climb(ones, np.array([small + s])) for s in (-4.0, -1.0, 2.0)), key=lambda f: f[1].value)
    zero = _at(y, v, x, ones, np.array([-700.0]), restricted, log_det)
    level_start = np.linalg.lstsq(basis, np.full(y.size, max(float(constant[0][0]), small - 4)), rcond=None)[0]
    starts = [level_start]
    for turn in product((-1.0, 0.0, 1.0), repeat=min(basis.shape[1] - 1, 3)):
        shift = np.zeros(basis.shape[1])
        shift[1 : 1 + len(turn)] = turn
        starts.append(level_start + shift)
    found = max((climb(basis, s) for s in starts), key=lambda f: f[1].value)
    rotated, point, converged, iterations = found
    alpha: Array = np.asarray(np.linalg.solve(triangle, rotated), dtype=np.float64)
    inverse = np.linalg.inv(triangle)
    tau2 = np.exp(basis @ rotated)
    flat = not converged
    with np.errstate(invalid="ignore"):
        spread = inverse @ np.linalg.pinv(point.information) @ inverse.T
        alpha_se = np.where(np.diagonal(spread) > 0, np.sqrt(np.abs(np.diagonal(spread))), np.nan)
    if flat:
        notes = (*notes, Note("scale_without_end"))
        alpha_se = np.full(alpha.size, np.nan)
    # One tau2 may be 0.
    one = max(constant[1].value, zero.value)
    lrt, lrt_df = max(2 * (point.value - one), 0.0), z.shape[1] - 1
    single = x.shape[1] == 1 and names == ("pooled effect",)
    normal = np.full(x.shape[1], NAN)
    se = np.sqrt(np.diagonal(point.covariance))
    half = float(quantile((1 + level) / 2, np.array(NAN))) * se
    statistic = point.beta / se
    plain: Any = (lambda values: float(values[0])) if single else read_only
    w = 1 / v
    alone = y - x @ np.linalg.solve((x * w[:, None]).T @ x, (x * w[:, None]).T @ y)
    q, q_df = float((w * alone**2).sum()), y.size - x.shape[1]
    total = 1 / (v + tau2)
    alpha_z = alpha / alpha_se
    return LocationScaleFit(
        plain(point.beta), plain(se), plain(statistic), plain(two_sided_p(statistic, normal)), plain(point.beta - half),
        plain(point.beta + half), float(point.covariance[0, 0]) if single else read_only(point.covariance), alpha,
        alpha_se, alpha_z, two_sided_p(alpha_z, np.full(alpha.size, NAN)), names,
        tuple("Intercept" if n == "pooled effect" else n for n in scale_names), tau2, point.value, one, lrt, lrt_df,
        float(chi2_upper_tail(np.array(lrt), np.array(lrt_df))) if lrt_df else NAN, q, q_df,
        float(chi2_upper_tail(np.array(q), np.array(q_df))),
        100 * total / total.sum() if single else np.full(y.size, NAN), int(y.size), converged, flat, iterations,
        Method(LOCATION_SCALE, method, "z", "none", level), notes, read_only(y.copy()), read_only(v.copy()), studies,
    )  # fmt: skip
