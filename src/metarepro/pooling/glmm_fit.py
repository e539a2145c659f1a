"""Pooled proportions without a normal approximation of the counts: the binomial-normal model."""

from __future__ import annotations

import math
from functools import partial

import numpy as np

from metarepro.effects.core import EffectSizes, effect_sizes
from metarepro.notes import Note
from metarepro.pooling.binomial_normal import BinomialNormal, CountsLikelihood, Maximum, maximise
from metarepro.pooling.glmm_result import GLMM_CI, GlmmFit, percent_between, typical_variance
from metarepro.pooling.inference import (
    PI_METHODS,
    chi2_quantile,
    chi2_upper_tail,
    quantile,
    two_sided_p,
)
from metarepro.pooling.kernel import Array
from metarepro.pooling.profile_ends import profile_end, tau_interval
from metarepro.pooling.result_parts import BINOMIAL_NORMAL, PROFILES, Method

# With at most this many studies profile-likelihood intervals can fall short of their level (docs/coverage.md).
FEW = 10


def fit_proportions(events: Array, total: Array, ci: str, level: float, pi: str, notes: list[Note]) -> GlmmFit:
    """Proportions of studies with complete counts; see `metarepro.glmm`."""
    if events.sum() in (0, total.sum()):
        return _one_sided(events, total, level, pi, notes)
    # Studies with the same counts say the same: each is looked at once.
    rows, where, times = np.unique(np.column_stack([events, total]), axis=0, return_inverse=True, return_counts=True)
    model, best, scan = maximise(BinomialNormal(rows[:, 0], rows[:, 1], times=times.astype(np.float64)))
    information = model.at(np.array([best.beta]), np.array([best.tau])).information[0][where.ravel()]
    studies = effect_sizes("PLO", e=events, n=total).kept()
    constant = model.saturated()
    return assemble(model, best, scan, studies, information, constant, BINOMIAL_NORMAL, ci, level, pi, notes)


def assemble(
    model: CountsLikelihood, best: Maximum, scan: Array, studies: EffectSizes, information: Array, constant: float,
    name: str, ci: str, level: float, pi: str, notes: list[Note],
) -> GlmmFit:  # fmt: skip
    """The result at a maximum of a likelihood with one random effect.

    Parameters
    ----------
    model, best, scan
        From `maximise`.
    studies : EffectSizes
        Effects of the single studies.
    information : ndarray, shape (k,)
        What each knows of beta.
    constant : float
        What the likelihood leaves out.
    name : str
        Code of the model.
    ci, level, pi, notes
        As in `metarepro.glmm`; remarks are added to the notes.
    """
    k = int(studies.yi.size)
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
    ends = partial(tau_interval, model, best, best.value - drop, scan) if known else None
    tau2 = tau2 if best.converged else math.inf
    typical = typical_variance(studies.vi) if known else math.nan
    i2 = percent_between(tau2, typical)
    h2 = tau2 / typical + 1
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
    # An interval without an end is one that holds the largest tau that was looked at.
    if known and (not best.converged or scan[-1] >= best.value - drop):
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
        i2=i2,
        h2=h2,
        lrt=lrt,
        lrt_df=df,
        lrt_p=float(chi2_upper_tail(np.array(lrt), np.array(df))),
        pi_low=best.beta - width,
        pi_high=best.beta + width,
        pi_df=math.nan if math.isnan(width) else pi_df,
        weights=100 * information / information.sum(),
        log_likelihood=best.value + constant,
        k=k,
        nodes=model.nodes,
        converged=best.converged,
        at_boundary=best.tau == 0 and known,
        iterations=best.iterations,
        maxima=best.maxima,
        method=Method(name, "ML", ci, pi, level),
        notes=tuple(notes),
        studies=studies,
        typical=typical,
        _ends=ends,
    )


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
        i2=nan,
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
