"""`pool`: effects and variances -> the pooled result."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from difflib import get_close_matches
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from metarepro.errors import ConfigError, DataError
from metarepro.pooling.bootstrap import with_bootstrap
from metarepro.pooling.engine import Estimates, estimate
from metarepro.pooling.fitted import FittedData, private_copies, read_only
from metarepro.pooling.heterogeneity import i2_h2
from metarepro.pooling.inference import (
    CI_METHODS,
    PI_METHODS,
    check_level,
    check_whole,
    chi2_upper_tail,
    log10_chi2_upper_tail,
    log10_two_sided_p,
    prediction_interval,
    quantile,
    two_sided_p,
)
from metarepro.pooling.problems import Batch, open_batch, read_numbers, refuse
from metarepro.pooling.tau2 import ESTIMATORS


@dataclass(frozen=True, eq=False)
class PooledFit:
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
    tau2_method, ci_method, pi_method, level
        What was done.
    notes
        What was dropped, what does not exist and why.

    Notes
    -----
    Arrays are read-only, and independent of those given to `pool`. Weights, log-likelihood and p-values are computed
    when they are first read, from copies that the fit keeps.
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
    tau2_method: str
    ci_method: str
    pi_method: str
    level: float
    notes: tuple[str, ...]
    _fitted: FittedData = field(repr=False)

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


def pool(
    yi: ArrayLike,
    vi: ArrayLike,
    tau2: str = "REML",
    ci: str = "HK",
    level: float = 0.95,
    moderators: ArrayLike | None = None,
    mask: ArrayLike | None = None,
    pi: str = "HTS",
    weights: ArrayLike | None = None,
    intercept: bool = True,
    seed: int = 1,
) -> PooledFit:
    """Pool effects by inverse variance.

    Parameters
    ----------
    yi, vi : array_like, shape (k,) or (..., k)
        Effects and sampling variances on the working scale (log for ratios, logit for PLO).
    tau2 : str, default 'REML'
        ``CE`` (common effect, tau2 = 0), ``DL HE CA HS HSk SJ ML REML EB PM``, or two-step ``DL2 CA2``. REML by
        default: nearly unbiased, and its likelihood says when several values fit. CA is another name of HE.
    ci : str, default 'HK'
        ``z``, ``t``, ``HK`` (Hartung-Knapp; default because z is too narrow with few studies), ``HK-adhoc``
        (the same, never narrower than Wald).
    level : float, default 0.95
        Coverage of the intervals.
    moderators : array_like, shape (k,), (k, p) or (..., k, p), optional
        Covariates, as numbers; `meta_regression` takes formulas.
    mask : array_like of bool, shape (..., k), optional
        Studies to use in each problem; leading axes make a batch.
    pi : str, default 'HTS'
        ``HTS`` (t with k - 2 df), ``t`` (k - 1), ``z``, or ``NNF`` (Nagashima's parametric bootstrap, which allows
        for the uncertainty of tau2; 25,000 draws from `seed`).
    weights : array_like, shape (k,) or (..., k), optional
        Weights for the coefficients instead of 1/(vi + tau2), such as sample sizes. tau2 is estimated without them;
        the standard error is that of a mean with such weights under the model.
    intercept : bool, default True
        Whether an intercept is put before the moderators.
    seed : int, default 1
        For ``NNF``.

    Returns
    -------
    PooledFit

    Raises
    ------
    DataError
        Variances that are not positive, infinite effects, shapes that do not fit, no study, a singular design.
    ConfigError
        An unknown option.

    Notes
    -----
    REML and ML are global maxima, solved to 1e-12: that there is no other maximum is proven for each fit, or all of
    them are found and the highest is taken. Batches run in chunks, and large ones compiled if numba is installed
    (`set_engine`); nothing loops over fits in Python. One study is returned as it is: tau2, I2 and the prediction
    interval are NaN, and the interval is the study's own normal one. With two studies HTS has no degree of freedom
    (NaN). HK can be too narrow when Q is below its df (use ``HK-adhoc``), and very wide with two studies.

    References
    ----------
    Viechtbauer 2005, doi:10.3102/10769986030003261; Hartung & Knapp 2001, doi:10.1002/sim.791;
    Knapp & Hartung 2003, doi:10.1002/sim.1482; Röver, Knapp & Friede 2015, doi:10.1186/s12874-015-0091-1;
    Nagashima, Noma & Furukawa 2019, doi:10.1177/0962280218773520.

    Examples
    --------
    >>> fit = pool([0.10, 0.30, 0.35, 0.65], [0.03, 0.03, 0.05, 0.01])
    >>> round(fit.beta, 4), round(fit.tau2, 4)
    (0.3772, 0.0429)
    """
    _allowed("tau2", tau2, ESTIMATORS)
    _allowed("ci", ci, CI_METHODS)
    _allowed("pi", pi, PI_METHODS)
    check_level(level)
    check_whole("seed", seed, 0)
    batch = open_batch(yi, vi, moderators, mask, intercept or moderators is None)
    user = None if weights is None else _user_weights(weights, batch)
    estimates, notes = estimate(batch, tau2, user)
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
        restricted=tau2 == "REML",
    )
    fit = _assemble(estimates, batch, fitted, tau2, ci, pi, level, list(notes))
    return with_bootstrap(fit, batch, seed) if pi == "NNF" else fit


def _allowed(name: str, value: str, known: Any) -> None:
    if not isinstance(value, str) or value not in known:
        near = get_close_matches(str(value), known, n=1, cutoff=0.3)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        raise ConfigError(f"{name} = {value!r} is not known.{hint} Allowed: {', '.join(known)}.")


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
    e: Estimates, batch: Batch, fitted: FittedData, tau2_method: str, ci: str, pi: str, level: float, notes: list[str]
) -> PooledFit:
    k, p, shape = e.k, e.beta.shape[-1], batch.shape
    df = k - p
    enough = df >= 1
    wald = np.sqrt(np.diagonal(e.covariance, axis1=-2, axis2=-1))

    factor = np.ones(k.shape)
    if ci in ("HK", "HK-adhoc"):
        with np.errstate(invalid="ignore", divide="ignore"):
            factor = np.where(enough, e.rss / df, 1.0)
        # Residuals that are zero but for rounding must not turn into a made-up standard error.
        steps = 1 if batch.x is None else 16
        rounding = (steps * np.finfo(float).eps * e.size) ** 2 * e.sum_w
        factor = np.where(factor * np.maximum(df, 1) <= rounding, 0.0, factor)
        if ci == "HK-adhoc":
            factor = np.maximum(factor, 1.0)
        elif (enough & (factor == 0)).any():
            what = "All effects are equal" if batch.x is None else "The moderators leave no residual"
            notes.append(f"{what}, so the Hartung-Knapp standard error is 0; use HK-adhoc.")
        elif shape == () and enough[0]:
            upper = (1 + level) / 2
            hartung, wald_half = np.sqrt(factor[0]) * quantile(upper, df)[0], quantile(upper, np.array([np.nan]))[0]
            if hartung < wald_half:
                notes.append("The Hartung-Knapp interval is narrower than the Wald interval; HK-adhoc is not.")
    se = wald * np.sqrt(factor)[:, None]
    test_df = np.where(enough & (ci != "z"), df, np.nan)
    with np.errstate(divide="ignore", invalid="ignore"):
        statistic = e.beta / se
        half = quantile((1 + level) / 2, test_df)[:, None] * se
        i2_q = np.where(enough, 100 * (1 - df / np.maximum(e.q, np.maximum(df, 1))), np.nan)
        if tau2_method == "CE":
            i2, h2 = i2_q, np.where(enough, e.q / df, np.nan)
        else:
            i2, h2 = i2_h2(e.tau2, df / e.tr_p)
    if batch.x is None and tau2_method != "CE" and pi != "NNF":
        pi_low, pi_high, pi_df = prediction_interval(e.beta[:, 0], se[:, 0], e.tau2, k, p, pi, level)
    else:
        pi_low, pi_high, pi_df = (np.full(k.shape, np.nan) for _ in range(3))
    notes += _notes(e, batch, enough, pi_df, pi, ci, tau2_method)

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
        tau2_method=tau2_method,
        ci_method=ci,
        pi_method=pi,
        level=level,
        notes=tuple(notes),
        _fitted=fitted,
    )


def _notes(
    e: Estimates, batch: Batch, enough: np.ndarray, pi_df: np.ndarray, pi: str, ci: str, tau2_method: str
) -> list[str]:
    notes = []
    if not enough.all():
        what = "One study only" if batch.x is None else "No more studies than coefficients"
        which = "I², H²" if tau2_method == "CE" else "τ², I², H²"
        notes.append(f"{what}: {which} and the prediction interval do not exist; intervals are normal.")
    if tau2_method == "CE":
        notes.append("A common-effect model has no prediction interval.")
    elif batch.x is not None:
        notes.append("No prediction interval: with moderators it depends on their values.")
    elif (enough & (pi_df < 1)).any():
        notes.append(f"No prediction interval by {pi}: {PI_METHODS[pi]} needs at least 3 studies.")
    if batch.x is None and ci in ("HK", "HK-adhoc", "t") and (e.k == 2).any():
        notes.append("Two studies: the t interval with 1 df is very wide.")
    if tau2_method in ("REML", "ML") and (e.maxima > 1).any():
        notes.append("The likelihood of τ² has several maxima; the highest is reported.")
    if tau2_method != "CE" and (enough & np.isfinite(e.tau2) & np.isnan(e.tau2_se)).any():
        notes.append("The standard error of τ² does not exist.")
    if (enough & ~np.isfinite(e.tau2)).any():
        notes.append("τ² is beyond the range of numbers: check the scale of the effects.")
    if not e.converged.all():
        notes.append(f"{tau2_method} was not solved to its tolerance.")
    return notes
