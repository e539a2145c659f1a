"""`pool`: effects and variances -> the pooled result."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from metarepro.errors import ConfigError
from metarepro.pooling.heterogeneity import i2_h2
from metarepro.pooling.inference import CI_METHODS, PI_METHODS, chi2_upper_tail, infer, prediction_interval, quantile
from metarepro.pooling.kernel import Problems, moments
from metarepro.pooling.likelihood import log_likelihood
from metarepro.pooling.problems import read_problems
from metarepro.pooling.tau2 import ESTIMATORS, Tau2


@dataclass(frozen=True)
class PooledFit:
    """Result of `pool`. Floats for one problem of shape (k,), arrays of the batch's shape otherwise.

    Attributes
    ----------
    beta, se, statistic, df, p_value, ci_low, ci_high
        Pooled effect on the working scale, its standard error (as the interval uses it), test of beta = 0, its
        degrees of freedom (NaN for a normal test), two-sided p-value and confidence interval. With moderators the
        last axis runs over coefficients, intercept first.
    tau2, tau2_se
        Between-study variance and its asymptotic standard error.
    i2, h2
        Percent of variance that is between studies, from tau2 and the typical sampling variance (Higgins &
        Thompson 2002); with CE, which has no tau2, from Q.
    i2_q
        The other definition: 100 max(0, (Q - df)/Q).
    q, q_df, q_p
        Cochran's Q (residual Q with moderators), its degrees of freedom and p-value.
    pi_low, pi_high, pi_df
        Prediction interval of a new study's true effect and its df (NaN with moderators: it depends on their values).
    weights
        Percent weight of each study, summing to 100; 0 for masked or dropped studies.
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
    """

    beta: Any
    se: Any
    statistic: Any
    df: Any
    p_value: Any
    ci_low: Any
    ci_high: Any
    tau2: Any
    tau2_se: Any
    i2: Any
    h2: Any
    i2_q: Any
    q: Any
    q_df: Any
    q_p: Any
    pi_low: Any
    pi_high: Any
    pi_df: Any
    weights: Any
    log_likelihood: Any
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


def pool(
    yi: ArrayLike,
    vi: ArrayLike,
    tau2: str = "REML",
    ci: str = "HK",
    level: float = 0.95,
    moderators: ArrayLike | None = None,
    mask: ArrayLike | None = None,
    pi: str = "HTS",
) -> PooledFit:
    """Pool effects by inverse variance.

    Parameters
    ----------
    yi, vi : array_like, shape (k,) or (..., k)
        Effects and sampling variances on the working scale (log for ratios, logit for PLO).
    tau2 : str, default 'REML'
        ``CE`` (common effect, tau2 = 0), ``DL HE HS HSk SJ ML REML EB PM``. REML by default: nearly unbiased, and
        its likelihood says when several values fit.
    ci : str, default 'HK'
        ``z``, ``t``, ``HK`` (Hartung-Knapp; default because z is too narrow with few studies), ``HK-adhoc``
        (the same, never narrower than Wald).
    level : float, default 0.95
        Coverage of the intervals.
    moderators : array_like, shape (k,), (k, p) or (..., k, p), optional
        Covariates; an intercept is put first.
    mask : array_like of bool, shape (..., k), optional
        Studies to use in each problem; leading axes make a batch.
    pi : str, default 'HTS'
        ``HTS`` (t with k - 2 df), ``t`` (k - 1), ``z``.

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
    REML and ML are scanned over all tau2 that can hold a maximum, then polished to 1e-12, so a local maximum is not
    mistaken for the global one. One study is returned as it is: tau2, I2 and the prediction interval are NaN, and
    the interval is the study's own normal one. With two studies HTS has no degree of freedom (NaN).
    HK can be too narrow when Q is below its df (use ``HK-adhoc``), and very wide with two studies.

    References
    ----------
    Viechtbauer 2005, doi:10.3102/10769986030003261; Hartung & Knapp 2001, doi:10.1002/sim.791;
    Knapp & Hartung 2003, doi:10.1002/sim.1482; Röver, Knapp & Friede 2015, doi:10.1186/s12874-015-0091-1.

    Examples
    --------
    >>> fit = pool([0.10, 0.30, 0.35, 0.65], [0.03, 0.03, 0.05, 0.01])
    >>> round(fit.beta, 4), round(fit.tau2, 4)
    (0.3772, 0.0429)
    """
    _allowed("tau2", tau2, ESTIMATORS)
    _allowed("ci", ci, CI_METHODS)
    _allowed("pi", pi, PI_METHODS)
    if isinstance(level, bool) or not 0 < level < 1:
        raise ConfigError(f"level = {level!r} must lie between 0 and 1 (0.95, not 95).")
    problems, shape, notes = read_problems(yi, vi, moderators, mask)
    estimate = _estimate(problems, tau2)
    return _assemble(problems, shape, estimate, tau2, ci, pi, level, list(notes))


def _allowed(name: str, value: str, known: Any) -> None:
    if value not in known:
        near = get_close_matches(str(value), known, n=1, cutoff=0.3)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        raise ConfigError(f"{name} = {value!r} is not known.{hint} Allowed: {', '.join(known)}.")


def _estimate(problems: Problems, method: str) -> Tau2:
    """The estimate where it exists; NaN for problems with no more studies than coefficients (0 with CE)."""
    enough = problems.k > problems.p
    if enough.all() or method == "CE":
        return ESTIMATORS[method](problems)
    b = problems.k.size
    result = Tau2(
        np.full(b, np.nan), np.full(b, np.nan), np.zeros(b, int), np.ones(b, bool), np.zeros(b, bool), np.ones(b, int)
    )
    if enough.any():
        index = np.flatnonzero(enough)
        some = ESTIMATORS[method](problems.rows(index))
        for name in ("value", "se", "iterations", "converged", "at_boundary", "maxima"):
            getattr(result, name)[index] = getattr(some, name)
    return result


def _assemble(
    problems: Problems,
    shape: tuple[int, ...],
    tau2: Tau2,
    tau2_method: str,
    ci: str,
    pi: str,
    level: float,
    notes: list[str],
) -> PooledFit:
    k, p = problems.k, problems.p
    df = k - p
    enough = df >= 1
    used = np.where(np.isfinite(tau2.value), tau2.value, 0.0)
    m = moments(problems, used)
    m0 = m if tau2_method == "CE" else moments(problems, np.zeros(k.shape))
    wald = np.sqrt(np.diagonal(m.xwx_inv, axis1=-2, axis2=-1))

    factor = np.ones(k.shape)
    if ci in ("HK", "HK-adhoc"):
        with np.errstate(invalid="ignore", divide="ignore"):
            factor = np.where(enough, m.rss / df, 1.0)
        # Residuals that are zero but for rounding must not turn into a made-up standard error.
        rounding = (np.finfo(float).eps * np.abs(problems.y + problems.centre).max(-1)) ** 2 * m.sum_w
        factor = np.where(factor * np.maximum(df, 1) <= rounding, 0.0, factor)
        if ci == "HK-adhoc":
            factor = np.maximum(factor, 1.0)
        elif (enough & (factor == 0)).any():
            notes.append("All effects are equal, so the Hartung-Knapp standard error is 0; use HK-adhoc.")
        elif shape == () and enough[0]:
            upper = (1 + level) / 2
            hartung, wald_half = np.sqrt(factor[0]) * quantile(upper, df)[0], quantile(upper, np.array([np.nan]))[0]
            if hartung < wald_half:
                notes.append("The Hartung-Knapp interval is narrower than the Wald interval; HK-adhoc is not.")
    se = wald * np.sqrt(factor)[:, None]
    test_df = np.where(enough & (ci != "z"), df, np.nan)
    inference = infer(m.beta + problems.centre, se, np.repeat(test_df[:, None], p, axis=1), level)

    with np.errstate(invalid="ignore", divide="ignore"):
        typical = df / m0.tr_p
        i2_q = np.where(enough, 100 * (1 - df / np.maximum(m0.rss, np.maximum(df, 1))), np.nan)
        if tau2_method == "CE":
            i2, h2 = i2_q, np.where(enough, m0.rss / df, np.nan)
        else:
            i2, h2 = i2_h2(tau2.value, typical)
    beta = m.beta + problems.centre
    if p == 1 and tau2_method != "CE":
        pi_low, pi_high, pi_df = prediction_interval(beta[:, 0], se[:, 0], tau2.value, k, p, pi, level)
    else:
        pi_low, pi_high, pi_df = (np.full(k.shape, np.nan) for _ in range(3))
    notes += _notes(k, p, enough, pi_df, pi, ci, tau2_method, tau2)

    weight = problems.mask / (problems.v + used[:, None])
    weight = 100 * weight / weight.sum(-1, keepdims=True)
    likelihood = log_likelihood(m, problems, "REML" if tau2_method == "REML" else "ML")

    def one(a: np.ndarray) -> Any:
        return a[0].item() if shape == () else a.reshape(shape)

    def per_coefficient(a: np.ndarray) -> Any:
        if problems.x is None:
            return one(a[:, 0])
        return a[0] if shape == () else a.reshape((*shape, p))

    return PooledFit(
        beta=per_coefficient(beta),
        se=per_coefficient(inference.se),
        statistic=per_coefficient(inference.statistic),
        df=one(test_df),
        p_value=per_coefficient(inference.p_value),
        ci_low=per_coefficient(inference.ci_low),
        ci_high=per_coefficient(inference.ci_high),
        tau2=one(tau2.value),
        tau2_se=one(tau2.se),
        i2=one(i2),
        h2=one(h2),
        i2_q=one(i2_q),
        q=one(m0.rss),
        q_df=one(df.astype(int)),
        q_p=one(chi2_upper_tail(m0.rss, df)),
        pi_low=one(pi_low),
        pi_high=one(pi_high),
        pi_df=one(pi_df),
        weights=weight[0] if shape == () else weight.reshape((*shape, -1)),
        log_likelihood=one(likelihood),
        k=one(k.astype(int)),
        converged=one(tau2.converged),
        at_boundary=one(tau2.at_boundary),
        iterations=one(tau2.iterations),
        maxima=one(tau2.maxima),
        tau2_method=tau2_method,
        ci_method=ci,
        pi_method=pi,
        level=level,
        notes=tuple(notes),
    )


def _notes(
    k: np.ndarray, p: int, enough: np.ndarray, pi_df: np.ndarray, pi: str, ci: str, tau2_method: str, tau2: Tau2
) -> list[str]:
    notes = []
    if not enough.all():
        what = "One study only" if p == 1 else "No more studies than coefficients"
        notes.append(f"{what}: τ², I², H² and the prediction interval do not exist; intervals are normal.")
    if tau2_method == "CE":
        notes.append("A common-effect model has no prediction interval.")
    elif p > 1:
        notes.append("No prediction interval: with moderators it depends on their values.")
    elif (enough & (pi_df < 1)).any():
        notes.append(f"No prediction interval by {pi}: {PI_METHODS[pi]} needs at least 3 studies.")
    if p == 1 and ci in ("HK", "HK-adhoc", "t") and (k == 2).any():
        notes.append("Two studies: the t interval with 1 df is very wide.")
    if tau2_method in ("REML", "ML") and (tau2.maxima > 1).any():
        notes.append("The likelihood of τ² has several maxima; the highest is reported.")
    if not tau2.converged.all():
        notes.append(f"{tau2_method} was not solved to its tolerance.")
    return notes
