"""Pooled proportions without a normal approximation of the counts: the binomial-normal model."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from metarepro.effects.checks import as_columns, check_counts
from metarepro.effects.core import EffectSizes, column_of, columns_of, effect_sizes
from metarepro.effects.levels import check_level
from metarepro.errors import ConfigError, DataError
from metarepro.notes import Note
from metarepro.pooling.binomial_normal import BinomialNormal, maximise
from metarepro.pooling.fitted import read_only
from metarepro.pooling.inference import (
    CI_METHODS,
    PI_METHODS,
    chi2_quantile,
    chi2_upper_tail,
    find_method,
    quantile,
    two_sided_p,
)
from metarepro.pooling.kernel import Array
from metarepro.pooling.profile_ends import profile_end, tau_interval
from metarepro.pooling.protocol import Fit
from metarepro.pooling.result_parts import BINOMIAL_NORMAL, PROFILES, Component, Heterogeneity, Method

# With at most this many studies profile-likelihood intervals can fall short of their level (docs/coverage.md).
FEW = 10
PROFILE = replace(
    CI_METHODS["z"], code="PL", name="profile likelihood", short="profile likelihood",
    phrase="profile-likelihood {intervals}", meant=(),
)  # fmt: skip
PROFILE_T = replace(
    PROFILE, code="PL-t", name="profile likelihood, t quantile", short="profile likelihood, t",
    phrase="profile-likelihood {intervals} with the quantile of t ({df})", uses_t=True,
)  # fmt: skip
GLMM_CI = {m.code: m for m in (PROFILE, PROFILE_T, CI_METHODS["z"], CI_METHODS["t"])}


@dataclass(frozen=True, eq=False, repr=False)
class GlmmFit(Fit):
    """Result of `glmm`.

    Attributes
    ----------
    beta, se : float
        Mean of the true logits and its standard error from the observed information; beta is infinite, and se NaN,
        where no patient, or every patient, has the event.
    statistic, p_value : float
        Wald test of beta = 0 (a proportion of 1/2).
    ci_low, ci_high : float
        Confidence interval of beta by `ci_method`.
    tau2, tau2_low, tau2_high : float
        Variance of the true logits, by maximum likelihood, and its profile-likelihood interval.
    i2, i2_low, i2_high, h2 : float
        From tau2 (and its interval) and the typical sampling variance of the studies' own logits (1/2 added where a
        count is 0).
    lrt, lrt_df, lrt_p : float
        Likelihood-ratio test of equal proportions: the saturated model against tau2 = 0.
    pi_low, pi_high, pi_df : float
        Prediction interval of a new study's true logit.
    weights : ndarray, shape (k,)
        Share of each study in the information on beta at the estimate of tau2, in percent: what it counts for.
    log_likelihood : float
        With the binomial coefficients.
    k : int
    nodes : int
        Quadrature nodes in use.
    converged, at_boundary : bool
        Whether gradient and quadrature are exact to their tolerances; whether tau2 is 0.
    iterations, maxima : int
        Newton steps of the best maximum; number of local maxima seen.
    method : Method
    notes : tuple of Note
    studies : EffectSizes
        Logits of the single studies (1/2 added where a count is 0), with their counts.
    """

    beta: float
    se: float
    statistic: float
    p_value: float
    ci_low: float
    ci_high: float
    tau2: float
    tau2_low: float
    tau2_high: float
    i2: float
    i2_low: float
    i2_high: float
    h2: float
    lrt: float
    lrt_df: int
    lrt_p: float
    pi_low: float
    pi_high: float
    pi_df: float
    weights: Array
    log_likelihood: float
    k: int
    nodes: int
    converged: bool
    at_boundary: bool
    iterations: int
    maxima: int
    method: Method
    notes: tuple[Note, ...]
    studies: EffectSizes

    @property
    def data(self) -> tuple[Array, Array]:
        """Logits of the single studies and their variances."""
        return self.studies.yi, self.studies.vi

    @property
    def df(self) -> float:
        """Degrees of freedom of the interval; NaN but for t."""
        return self.k - 1.0 if GLMM_CI[self.method.ci].uses_t and self.k > 1 else math.nan

    @property
    def heterogeneity(self) -> Heterogeneity:
        """How true proportions differ; its test is the likelihood-ratio test of equal ones."""
        component = Component("between studies", self.tau2, math.nan, self.tau2_low, self.tau2_high)
        return Heterogeneity(
            (component,),
            self.i2,
            self.i2_low,
            self.i2_high,
            self.h2,
            math.nan,
            self.lrt,
            self.lrt_df,
            self.lrt_p,
            "LRT",
            "PL",
        )

    def __post_init__(self) -> None:
        read_only(self.weights)


def glmm(
    measure: str | EffectSizes = "PLO",
    *,
    e: ArrayLike | str | None = None,
    n: ArrayLike | str | None = None,
    ci: str = "t",
    level: float = 0.95,
    pi: str = "HTS",
    data: Any = None,
    labels: Any = None,
) -> GlmmFit:
    """Pool proportions by the binomial-normal model: e ~ binomial(n, expit(beta + u)), u ~ normal(0, tau2).

    Parameters
    ----------
    measure : {'PLO'}
        The model lives on the logit scale; ``effect_sizes("PLO", ...).to_display`` maps results to proportions.
    e, n : array_like, shape (k,), or str
        Events and totals, or names of columns of `data`. No constant is added to any count.
    ci : {'t', 'PL', 'PL-t', 'z'}
        Wald with t on k - 1 df (default: with two to ten studies it keeps its level and is the narrowest that does,
        docs/coverage.md); profile likelihood, which is too narrow for few studies that differ, or with the quantile of
        t, which is very wide for two to four; Wald with normal.
    level : float
        Coverage of all intervals.
    pi : {'HTS', 't', 'z'}
        As in `pool`.
    data, labels
        As in `effect_sizes`. In the place of `measure` may stand what that gives, with its counts and names.

    Returns
    -------
    GlmmFit

    Raises
    ------
    DataError
        Impossible counts, with the rows; no study.
    ConfigError
        An unknown measure or option.

    Notes
    -----
    The likelihood is integrated by adaptive Gauss-Hermite quadrature, with nodes added until it changes by less than
    1e-8; where 81 nodes are not enough (some studies with all events and some with none), by a stretched trapezoidal
    rule. The likelihood is concave in beta, so that all its maxima lie on one curve over tau, which is scanned before
    Newton steps with analytic first and second derivatives. When not to use: expit(beta) is the proportion of a median
    study, not the mean of the proportions; with 2 or 3 studies tau2 is nearly unknown and ML underestimates it.

    References
    ----------
    Hamza, van Houwelingen & Stijnen 2008, doi:10.1016/j.jclinepi.2007.03.016; Stijnen, Hamza & Ozdemir 2010,
    doi:10.1002/sim.4040; Pinheiro & Bates 1995, doi:10.1080/10618600.1995.10474663 (quadrature).

    Examples
    --------
    >>> fit = glmm("PLO", e=[12, 5, 9], n=[17, 10, 20])
    >>> round(fit.beta, 3), fit.tau2
    (0.204, 0.0)
    """
    if isinstance(measure, EffectSizes):
        e, n, labels = measure.inputs.get("e"), measure.inputs.get("n"), measure.labels or labels
        measure = measure.measure
    if measure != "PLO":
        raise ConfigError(f"measure = {measure!r} is not known for the binomial-normal model. Allowed: PLO.")
    find_method("ci", ci, GLMM_CI)
    if pi not in PI_METHODS or pi == "NNF":
        raise ConfigError(f"pi = {pi!r} is not known. Allowed: HTS, t, z.")
    check_level(level)
    columns = as_columns(columns_of(data, {"e": e, "n": n}))
    names = column_of(data, labels, "labels") if isinstance(labels, str) else labels
    check_counts(columns["e"], columns["n"], "e", "n")
    events, total = columns["e"].ravel(), columns["n"].ravel()
    known = np.isfinite(events) & np.isfinite(total)
    notes: list[Note] = []
    if not known.all():
        notes.append(Note("counts_missing", rows=[int(r) for r in np.flatnonzero(~known)]))
    events, total = events[known], total[known]
    names = None if names is None else [x for x, kept in zip(names, known, strict=True) if kept]
    if not events.size:
        raise DataError("There is no study with complete counts.")
    if events.sum() in (0, total.sum()):
        fit = _one_sided(events, total, level, pi, notes)
    else:
        fit = _fit(events, total, ci, level, pi, notes)
    return fit if names is None else replace(fit, studies=fit.studies.named(names))


def _fit(events: Array, total: Array, ci: str, level: float, pi: str, notes: list[Note]) -> GlmmFit:
    # Studies with the same counts say the same: each is looked at once.
    rows, where, times = np.unique(np.column_stack([events, total]), axis=0, return_inverse=True, return_counts=True)
    model, best, scan = maximise(BinomialNormal(rows[:, 0], rows[:, 1], times=times.astype(np.float64)))
    k = int(events.size)
    tau2 = best.tau**2
    # At the boundary tau2 is not free, so that its uncertainty does not enter.
    h = best.hessian
    variance = -1 / h[0, 0] if best.tau == 0 else np.linalg.inv(-h)[0, 0]
    se = math.sqrt(variance) if variance > 0 else math.nan
    df = k - 1
    test_df = np.array(float(df) if GLMM_CI[ci].uses_t and df >= 1 else math.nan)
    spread = float(quantile((1 + level) / 2, test_df))
    drop = 0.5 * float(chi2_quantile(level, np.array(1.0)))
    known = model.tells_tau
    if not best.converged or (k > 1 and not known):
        se = math.nan
        low, high = -math.inf, math.inf
    elif ci in PROFILES:
        target = best.value - 0.5 * spread**2
        low, high = (profile_end(model, best, target, side) for side in (-1, 1))
    else:
        low, high = best.beta - spread * se, best.beta + spread * se
    tau_low, tau_high = tau_interval(model, best, best.value - drop, scan) if known else (math.nan, math.nan)
    tau2 = tau2 if best.converged else math.inf
    logits = effect_sizes("PLO", e=events, n=total).kept()
    typical = _typical_variance(logits.vi) if known else math.nan
    i2, i2_low, i2_high = (100.0 if math.isinf(t) else 100 * t / (t + typical) for t in (tau2, tau_low**2, tau_high**2))
    h2 = tau2 / typical + 1
    information = model.at(np.array([best.beta]), np.array([best.tau])).information[0][where.ravel()]
    pi_df = k - 1 - PI_METHODS[pi].loss
    width = float(quantile((1 + level) / 2, np.array(pi_df))) * math.sqrt(se**2 + tau2)
    if not known:
        width, tau2 = math.nan, math.nan
        notes.append(Note("one_study_of_counts" if k == 1 else "studies_of_one_patient"))
    elif math.isnan(width) and best.converged:
        notes.append(Note("prediction_needs_df", method=pi, name=PI_METHODS[pi].name))
    fixed = float(model.best_beta(np.zeros(1), np.array([best.beta]))[1].value[0])
    lrt = max(-2 * fixed, 0.0)
    if not best.converged:
        notes.append(Note("no_finite_tau2"))
    if best.maxima > 1:
        notes.append(Note("several_maxima"))
    if 1 < k <= FEW and ci == "PL" and known:
        notes.append(Note("profile_of_few", k=k))
    if best.converged and (math.isinf(low) or math.isinf(high)):
        notes.append(Note("profile_open"))
    if math.isinf(tau_high):
        notes.append(Note("profile_tau2_open"))
    statistic = best.beta / se
    return GlmmFit(
        beta=best.beta,
        se=se,
        statistic=statistic,
        p_value=float(two_sided_p(np.array(statistic), test_df)),
        ci_low=low,
        ci_high=high,
        tau2=tau2,
        tau2_low=tau_low**2,
        tau2_high=tau_high**2,
        i2=i2,
        i2_low=i2_low,
        i2_high=i2_high,
        h2=h2,
        lrt=lrt,
        lrt_df=df,
        lrt_p=float(chi2_upper_tail(np.array(lrt), np.array(df))),
        pi_low=best.beta - width,
        pi_high=best.beta + width,
        pi_df=math.nan if math.isnan(width) else pi_df,
        weights=100 * information / information.sum(),
        log_likelihood=best.value + model.saturated(),
        k=k,
        nodes=model.nodes,
        converged=best.converged,
        at_boundary=best.tau == 0 and known,
        iterations=best.iterations,
        maxima=best.maxima,
        method=Method(BINOMIAL_NORMAL, "ML", ci, pi, level),
        notes=tuple(notes),
        studies=logits,
    )


def _typical_variance(vi: Array) -> float:
    """Typical sampling variance of the studies' own logits (Higgins & Thompson 2002)."""
    w = 1 / vi
    return float((w.size - 1) * w.sum() / (w.sum() ** 2 - (w**2).sum()))


def _one_sided(e: Array, n: Array, level: float, pi: str, notes: list[Note]) -> GlmmFit:
    """No events at all, or events only: the estimate is at the end of the scale, with a one-sided interval."""
    none = bool(e.sum() == 0)
    drop = 0.5 * float(chi2_quantile(level, np.array(1.0)))
    # (1 - p)^N = exp(-drop) bounds the proportion from above (mirrored for events only).
    bound = math.log(math.expm1(drop / float(n.sum())))
    notes.append(Note("no_event_at_all", share=0 if none else 1))
    nan = math.nan
    return GlmmFit(
        beta=-math.inf if none else math.inf,
        se=nan,
        statistic=nan,
        p_value=nan,
        ci_low=-math.inf if none else -bound,
        ci_high=bound if none else math.inf,
        tau2=nan,
        tau2_low=nan,
        tau2_high=nan,
        i2=nan,
        i2_low=nan,
        i2_high=nan,
        h2=nan,
        lrt=0.0,
        lrt_df=int(e.size) - 1,
        lrt_p=1.0 if e.size > 1 else nan,
        pi_low=nan,
        pi_high=nan,
        pi_df=nan,
        weights=100 * n / n.sum(),
        log_likelihood=0.0,
        k=int(e.size),
        nodes=0,
        converged=True,
        at_boundary=False,
        iterations=0,
        maxima=1,
        method=Method(BINOMIAL_NORMAL, "ML", "PL", pi, level),
        notes=tuple(notes),
        studies=effect_sizes("PLO", e=e, n=n).kept(),
    )
