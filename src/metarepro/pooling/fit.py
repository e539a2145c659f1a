"""Effects and variances -> a pooled result, for one problem or a batch of them."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from metarepro.effects.checks import read_numbers
from metarepro.effects.core import EffectSizes
from metarepro.effects.levels import check_level
from metarepro.errors import ConfigError, DataError
from metarepro.notes import Note
from metarepro.pooling.bootstrap import bootstrap_intervals
from metarepro.pooling.engine import Estimates, estimate
from metarepro.pooling.fitted import FittedData, private_copies, read_only
from metarepro.pooling.heterogeneity import heterogeneity_interval, i2_h2
from metarepro.pooling.inference import (
    CI_METHODS,
    PI_METHODS,
    IntervalMethod,
    PredictionMethod,
    check_whole,
    chi2_upper_tail,
    find_interval,
    find_method,
    is_narrower,
    log10_chi2_upper_tail,
    log10_two_sided_p,
    prediction_interval,
    quantile,
    two_sided_p,
)
from metarepro.pooling.intervals import hartung_knapp_factor
from metarepro.pooling.problems import Batch, open_batch, refuse
from metarepro.pooling.protocol import Fit, Predictions, rows_at
from metarepro.pooling.result_parts import INVERSE_VARIANCE, Component, Heterogeneity, Method
from metarepro.pooling.tau2 import ESTIMATORS, GIVEN, Estimator, given_tau2

if TYPE_CHECKING:
    from metarepro.pooling.models.blocks import Working
    from metarepro.pooling.models.robust import RobustFit


@dataclass(frozen=True, eq=False, repr=False)
class PooledFit(Fit):
    """Result of `pool`. Floats for one problem of shape (k,), arrays of the batch's shape otherwise.

    Attributes
    ----------
    beta, se, statistic, df, p_value, log10_p, ci_low, ci_high
        Pooled effect on the working scale, its standard error (as the interval uses it), test of beta = 0, its
        degrees of freedom (NaN for a normal test), two-sided p-value (and its decimal logarithm) and confidence
        interval. With moderators the last axis runs over coefficients, intercept first.
    tau2, tau2_se
        Between-study variance and its asymptotic standard error.
    i2, h2
        Percent of variance that is between studies, from tau2 and the typical sampling variance (Higgins &
        Thompson 2002); with CE, which has no tau2, from Q.
    i2_q
        The other definition: 100 max(0, (Q - df)/Q).
    q, q_df, q_p, q_log10_p
        Cochran's Q (residual Q with moderators), its degrees of freedom and p-value.
    pi_low, pi_high, pi_df
        Prediction interval of a new study's true effect and its df (NaN with moderators: it depends on their values).
    weights
        Percent weight of each study, summing to 100; 0 for masked or dropped studies.
    covariance
        Covariance of the coefficients, as the intervals use it; shape (..., p, p) with moderators.
    log_likelihood
        Restricted (REML) or full log-likelihood at tau2; the full one for the moment estimators.
    k
        Number of studies pooled.
    converged, at_boundary, iterations, maxima
        Whether the estimator's equation was solved; whether tau2 is 0 because it may not be negative; polishing
        steps; number of local maxima of the likelihood.
    method
        What was done, in codes.
    notes
        What was dropped, what does not exist and why; each a sentence with its code.
    studies
        The effect sizes that were pooled, if `pool` was given them.

    Notes
    -----
    Arrays are read-only, and independent of those given to `pool`. Weights, log-likelihood and p-values are computed
    when they are first read, from copies that the fit keeps.

    Examples
    --------
    >>> fit = fit_effects([0.10, 0.30, 0.35, 0.65], [0.03, 0.03, 0.05, 0.01], tau2="DL", ci="HK-ci")
    >>> round(fit.beta, 4), fit.method.ci
    (0.374, 'HK-ci')
    """

    beta: Any
    se: Any
    statistic: Any
    df: Any
    ci_low: Any
    ci_high: Any
    tau2: Any
    tau2_se: Any
    i2: Any
    h2: Any
    i2_q: Any
    q: Any
    q_df: Any
    pi_low: Any
    pi_high: Any
    pi_df: Any
    covariance: Any
    k: Any
    converged: Any
    at_boundary: Any
    iterations: Any
    maxima: Any
    method: Method
    notes: tuple[Note, ...]
    _fitted: FittedData
    studies: EffectSizes | None = None
    _intercept: bool = True
    _shared_tau2: bool = False

    def __post_init__(self) -> None:
        for name in _FIELDS:
            read_only(self.__dict__[name])

    def __setstate__(self, state: dict[str, Any]) -> None:
        # Copies, and fits that were pickled, are read-only as well.
        self.__dict__.update({name: read_only(value) for name, value in state.items()})

    @property
    def data(self) -> tuple[Any, Any]:
        """Effects and variances that were pooled, as copies; NaN where a study was masked or lacked a number."""
        yi, vi = self._fitted.data()
        return (yi[0], vi[0]) if self._shape == () else (yi.reshape((*self._shape, -1)), vi.reshape((*self._shape, -1)))

    @cached_property
    def weights(self) -> Any:
        """Percent weight of each study."""
        weights = self._fitted.weights()
        return read_only(weights[0] if self._shape == () else weights.reshape((*self._shape, -1)))

    @cached_property
    def log_likelihood(self) -> Any:
        """Log-likelihood at tau2."""
        return _plain(self._fitted.log_likelihood().reshape(self._shape))

    @cached_property
    def heterogeneity(self) -> Heterogeneity:
        """How true effects differ, with Q-profile intervals (NaN with moderators given as numbers)."""
        nan: Any = np.nan if self._shape == () else np.full(self._shape, np.nan)
        low, high, i2_low, i2_high = (nan,) * 4
        # A tau2 that is given, or that other studies told, has no interval from these.
        if self._fitted.coefficients == 1 and self.method.tau2 != GIVEN and not self._shared_tau2:
            found = heterogeneity_interval(*self.data, level=self.level)
            low, high, i2_low, i2_high = *found.tau2, *found.i2
        return Heterogeneity(
            (Component("between studies", self.tau2, self.tau2_se, low, high),), self.i2, i2_low, i2_high, self.h2,
            self.i2_q, self.q, self.q_df, self.q_p,
        )  # fmt: skip

    def predict(self, moderators: ArrayLike | None = None) -> Predictions:
        """Mean effects with their intervals, and where single studies' true effects lie.

        Parameters
        ----------
        moderators : array_like, shape (m, p) or (p,), optional
            Values of the p moderators at m places, as `pool` took them (without the intercept); of one moderator also
            m numbers. Left out, the pooled effect itself.

        Raises
        ------
        DataError
            A batch; moderators that are not as many as the fit has.
        """
        if self._shape != ():
            raise DataError("A batch has no single prediction. Fix: read beta, ci_low, pi_low ... of the batch.")
        if np.ndim(self.beta) == 0 and moderators is not None:
            raise DataError("The fit has no moderators. Fix: leave them out of predict.")
        if np.ndim(self.beta) == 0:
            return Predictions(self.beta, self.se, self.ci_low, self.ci_high, self.pi_low, self.pi_high)
        if moderators is None:
            raise DataError("The fit has moderators. Fix: give their values to predict.")
        return predictions(self, rows_at(self, moderators))

    @property
    def coefficients(self) -> tuple[str, ...]:
        """Names of the coefficients."""
        if np.ndim(self.beta) == 0 or np.ndim(self.k) > 0:
            return super().coefficients
        names = tuple(f"moderator {i + 1}" for i in range(np.size(self.beta) - self._intercept))
        return ("Intercept", *names) if self._intercept else names

    def robust(self, cluster: Any = None, kind: str = "CR2") -> RobustFit:
        """The mean with a cluster-robust standard error; see `metarepro.robust_variance`."""
        from metarepro.pooling.models.robust import robust_variance

        return robust_variance(self, cluster, kind)

    def working(self, cluster: Any, design: Any = None) -> Working:
        """Effects as blocks, for robust standard errors.

        Raises
        ------
        ConfigError
            A batch, moderators given as numbers, weights of one's own.
        """
        from metarepro.pooling.models.blocks import working_of_effects

        if self._shape != ():
            raise ConfigError("Robust variances are those of one fit, not of a batch. Fix: pool one set of effects.")
        if np.ndim(self.beta) == 1 and design is None:
            raise ConfigError("Moderators need a formula here. Fix: pool(..., moderators='x', data=...).")
        if self.method.weights != "model":
            raise ConfigError("Robust variances need the weights of the model. Fix: leave weights out.")
        tau2 = 0.0 if self.method.tau2 == "CE" else float(self.tau2)
        yi, vi = self.data
        return working_of_effects(yi, vi, design, tau2, np.atleast_1d(self.beta), cluster)

    @property
    def _shape(self) -> tuple[int, ...]:
        return self._fitted.shape

    @cached_property
    def p_value(self) -> Any:
        """Two-sided p-value of beta = 0."""
        return _plain(two_sided_p(np.asarray(self.statistic), self._df))

    @cached_property
    def log10_p(self) -> Any:
        """Decimal logarithm of `p_value`, which does not underflow."""
        return _plain(log10_two_sided_p(np.asarray(self.statistic), self._df, np.asarray(self.p_value)))

    @cached_property
    def q_p(self) -> Any:
        """P-value of Q."""
        return _plain(chi2_upper_tail(np.asarray(self.q), np.asarray(self.q_df)))

    @cached_property
    def q_log10_p(self) -> Any:
        """Decimal logarithm of `q_p`, which does not underflow."""
        return _plain(log10_chi2_upper_tail(np.asarray(self.q), np.asarray(self.q_df), np.asarray(self.q_p)))

    @property
    def _df(self) -> np.ndarray:
        """Degrees of freedom in the shape of the statistic."""
        df = np.asarray(self.df)
        return df if np.ndim(self.statistic) == df.ndim else df[..., None]


_FIELDS = tuple(f.name for f in fields(PooledFit))


def _plain(values: np.ndarray) -> Any:
    return values.item() if values.ndim == 0 else read_only(values)


def fit_effects(
    yi: ArrayLike, vi: ArrayLike, tau2: str | float = "REML", ci: str | None = None, level: float = 0.95,
    moderators: ArrayLike | None = None, mask: ArrayLike | None = None, pi: str = "HTS",
    weights: ArrayLike | None = None, intercept: bool = True, seed: int = 1, studies: EffectSizes | None = None,
) -> PooledFit:  # fmt: skip
    """Pool effects by inverse variance: `pool` for arrays, under which every other fit of effects lies."""
    estimator = _estimator(tau2)
    interval, prediction = find_interval(ci, estimator.code), find_method("pi", pi, PI_METHODS)
    check_level(level)
    check_whole("seed", seed, 0)
    batch = open_batch(yi, vi, moderators, mask, intercept or moderators is None)
    user = None if weights is None else _user_weights(weights, batch)
    estimates, notes = estimate(batch, estimator, user)
    y, v, used = private_copies(batch, incomplete=bool(estimates.dropped))
    fitted = FittedData(
        y=y,
        v=v,
        used=used,
        user=user,
        shape=batch.shape,
        coefficients=estimates.beta.shape[-1],
        tau2=estimates.tau2,
        rss=estimates.rss,
        sum_w=estimates.sum_w,
        log_det_xwx=estimates.log_det_xwx,
        restricted=estimator.code == "REML",
    )
    method = Method(
        INVERSE_VARIANCE, estimator.code, interval.code, prediction.code, level, "model" if user is None else "given"
    )
    fit = _assemble(estimates, batch, fitted, method, interval, prediction, list(notes), seed, studies)
    return fit if intercept or moderators is None else replace(fit, _intercept=False)


def _estimator(tau2: str | float) -> Estimator:
    if isinstance(tau2, bool) or not isinstance(tau2, int | float | np.number):
        return find_method("tau2", tau2, ESTIMATORS)
    if not (np.isfinite(tau2) and tau2 >= 0):
        raise ConfigError(f"tau2 = {tau2!r} must be 0 or more.")
    return given_tau2(float(tau2))


def _user_weights(weights: ArrayLike, batch: Batch) -> np.ndarray:
    try:
        given = np.broadcast_to(read_numbers(weights, "weights"), (*batch.shape, batch.y.shape[-1]))
    except ValueError:
        raise DataError(f"weights must be numbers in the shape of yi, {(*batch.shape, batch.y.shape[-1])}.") from None
    flat = given.reshape(batch.y.shape)
    used = np.isfinite(batch.y) & np.isfinite(batch.v) & (True if batch.mask is None else batch.mask)
    refuse(used & ~(np.isfinite(flat) & (flat >= 0)), "A weight is negative or not finite", "Give 0 or more.")
    if ((flat * used).sum(-1) <= 0).any():
        raise DataError("All weights are 0.")
    return np.where(used, flat, 0.0)


def _assemble(
    e: Estimates, batch: Batch, fitted: FittedData, method: Method, ci: IntervalMethod, pi: PredictionMethod,
    notes: list[Note], seed: int, studies: EffectSizes | None,
) -> PooledFit:  # fmt: skip
    k, p, shape, level = e.k, e.beta.shape[-1], batch.shape, method.level
    df = k - p
    enough = df >= 1
    wald = np.sqrt(np.diagonal(e.covariance, axis1=-2, axis2=-1))

    hartung = hartung_knapp_factor(e) if ci.uses_hk else np.ones(k.shape)
    factor, test_df = ci.spread(hartung, df, level)
    test_df = np.where(enough, test_df, np.nan)
    if ci.code == "HK" and (enough & (hartung == 0)).any():
        notes.append(Note("hk_zero" if batch.x is None else "hk_zero_moderators"))
    elif ci.code in ("HK", "HK-ci") and shape == () and enough[0] and is_narrower(hartung, df, level)[0]:
        notes.append(Note("hk_narrow" if ci.code == "HK" else "wald_taken"))
    se = wald * np.sqrt(factor)[:, None]
    with np.errstate(divide="ignore", invalid="ignore"):
        statistic = e.beta / se
        half = quantile((1 + level) / 2, test_df)[:, None] * se
        i2_q = np.where(enough, 100 * (1 - df / np.maximum(e.q, np.maximum(df, 1))), np.nan)
        if method.tau2 == "CE":
            i2, h2 = i2_q, np.where(enough, e.q / df, np.nan)
        else:
            i2, h2 = i2_h2(e.tau2, df / e.tr_p)
    pi_low, pi_high, pi_df = (np.full(k.shape, np.nan) for _ in range(3))
    short = False
    if batch.x is None and method.tau2 != "CE":
        if pi.code == "NNF":
            pi_low, pi_high, pi_df, short = bootstrap_intervals(batch, level, seed)
        else:
            pi_low, pi_high, pi_df = prediction_interval(e.beta[:, 0], se[:, 0], e.tau2, k, p, pi.code, level)
    notes += _notes(e, batch, enough, pi_df, method)
    if short:
        notes.append(Note("prediction_needs_studies", method=pi.code))

    def one(a: np.ndarray) -> Any:
        return a[0].item() if shape == () else a.reshape(shape)

    def per_coefficient(a: np.ndarray) -> Any:
        if batch.x is None:
            return one(a[:, 0])
        return a[0] if shape == () else a.reshape((*shape, p))

    covariance = e.covariance * factor[:, None, None]
    return PooledFit(
        beta=per_coefficient(e.beta),
        se=per_coefficient(se),
        statistic=per_coefficient(statistic),
        df=one(test_df),
        ci_low=per_coefficient(e.beta - half),
        ci_high=per_coefficient(e.beta + half),
        tau2=one(e.tau2),
        tau2_se=one(e.tau2_se),
        i2=one(i2),
        h2=one(h2),
        i2_q=one(i2_q),
        q=one(e.q),
        q_df=one(df.astype(int)),
        pi_low=one(pi_low),
        pi_high=one(pi_high),
        pi_df=one(pi_df),
        covariance=one(covariance[:, 0, 0]) if batch.x is None else covariance.reshape((*shape, p, p)),
        k=one(k.astype(int)),
        converged=one(e.converged),
        at_boundary=one(e.at_boundary),
        iterations=one(e.iterations),
        maxima=one(e.maxima),
        method=method,
        notes=tuple(notes),
        _fitted=fitted,
        studies=studies,
    )


def _notes(e: Estimates, batch: Batch, enough: np.ndarray, pi_df: np.ndarray, method: Method) -> list[Note]:
    notes = []
    common = method.tau2 == "CE"
    if not enough.all():
        notes.append(
            Note("one_study", common=common, interval="normal") if batch.x is None
            else Note("no_residual_df", common=common)
        )  # fmt: skip
    if common:
        notes.append(Note("common_effect_no_prediction"))
    elif batch.x is not None:
        notes.append(Note("prediction_needs_moderators"))
    elif method.pi != "NNF" and (enough & (pi_df < 1)).any():
        notes.append(Note("prediction_needs_df", method=method.pi, name=PI_METHODS[method.pi].name))
    if batch.x is None and CI_METHODS[method.ci].uses_t and (e.k == 2).any():
        notes.append(Note("two_studies"))
    if method.tau2 in ("REML", "ML") and (e.maxima > 1).any():
        notes.append(Note("several_maxima"))
    if method.tau2 not in ("CE", GIVEN) and (enough & np.isfinite(e.tau2) & np.isnan(e.tau2_se)).any():
        notes.append(Note("no_tau2_se"))
    if (enough & ~np.isfinite(e.tau2)).any():
        notes.append(Note("tau2_overflow"))
    if not e.converged.all():
        notes.append(Note("not_converged", estimator=method.tau2))
    return notes


def predictions(fit: PooledFit, x: ArrayLike) -> Predictions:
    """Mean effects of a fit with moderators at rows `x` of the design (with its intercept column, if it has one)."""
    rows = np.atleast_2d(np.asarray(x, dtype=np.float64))
    if rows.shape[1] != fit.beta.size:
        raise DataError(f"x has {rows.shape[1]} columns for {fit.beta.size} coefficients.")
    estimate = rows @ fit.beta
    se = np.sqrt(np.einsum("ij,jk,ik->i", rows, fit.covariance, rows))
    upper = (1 + fit.level) / 2
    half = quantile(upper, np.array(fit.df)) * se
    # With moderators the bootstrap has no form, so that it gives no interval.
    df = -1.0 if fit.pi_method == "NNF" else fit.k - fit.beta.size - PI_METHODS[fit.pi_method].loss
    width = quantile(upper, np.array(df)) * np.sqrt(se**2 + fit.tau2)
    if fit.tau2_method == "CE":
        width = np.full(se.shape, np.nan)
    return Predictions(estimate, se, estimate - half, estimate + half, estimate - width, estimate + width)
