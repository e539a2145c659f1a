"""Fits of counts of two arms, of rates and of beta-binomial models, as results."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from metarepro.effects.core import EffectSizes, effect_sizes
from metarepro.errors import ConfigError, DataError
from metarepro.notes import Note
from metarepro.pooling.binomial_normal import maximise
from metarepro.pooling.glmm_fit import assemble
from metarepro.pooling.glmm_result import GLMM_CI, GlmmFit, percent_between, typical_variance
from metarepro.pooling.inference import PI_METHODS, chi2_quantile, chi2_upper_tail, quantile, two_sided_p
from metarepro.pooling.kernel import Array
from metarepro.pooling.models.beta_binomial import fit_beta_binomial
from metarepro.pooling.models.count_kernels import (
    Hypergeometric,
    Kernel,
    OneBinomial,
    OnePoisson,
    TwoBinomials,
    TwoPoissons,
)
from metarepro.pooling.models.random_levels import fit_levels
from metarepro.pooling.models.random_slope import RandomSlope
from metarepro.pooling.result_parts import Method

NAN = math.nan
# Nodes with which the profile over tau is looked at before it is climbed with more.
LOOK = 15
WALD = ("t", "z")


def fit_rates(events: Array, time: Array, ci: str, level: float, pi: str, notes: list[Note]) -> GlmmFit:
    """Rates by the Poisson-normal model."""
    studies = effect_sizes("IRLN", e=events, t=time).kept()
    if events.sum() == 0:
        end = math.log(0.5 * float(chi2_quantile(level, np.array(1.0))) / float(time.sum()))
        notes.append(Note("no_event_at_all", share=0))
        return _without_maximum(studies, -1, end, "PN", pi, level, notes)
    return _of_kernel(OnePoisson(events, time), studies, "PN", ci, level, pi, notes)


def fit_arms(
    measure: str, model: str, numbers: Sequence[Array], drop: bool, ci: str, level: float, pi: str, notes: list[Note]
) -> tuple[GlmmFit, np.ndarray]:
    """Odds or rate ratios; also which studies were used."""
    e1, n1, e2, n2 = numbers
    rates = measure == "IRR"
    informative = e1 + e2 > 0
    if not rates:
        informative &= e1 + e2 < n1 + n2
    used = informative if drop or model != "UM.RS" else np.ones(e1.size, dtype=bool)
    if not informative.any():
        raise DataError("No study has events, and non-events, in its arms: the counts say nothing of a ratio.")
    if not used.all():
        notes.append(Note("double_zero_weightless", rows=[int(i) for i in np.flatnonzero(~used)]))
    e1, n1, e2, n2 = (x[used] for x in (e1, n1, e2, n2))
    totals = ("t1", "t2") if rates else ("n1", "n2")
    studies = effect_sizes(measure, **{"e1": e1, totals[0]: n1, "e2": e2, totals[1]: n2}).kept()
    kernel: Kernel
    if model == "CM.EL" and not rates:
        kernel = Hypergeometric(e1, n1, e2, n2)
    elif model in ("CM.EL", "CM.AL"):
        kernel = OneBinomial(e1, e1 + e2, np.log(n1) - np.log(n2))
    else:
        kernel = (TwoPoissons if rates else TwoBinomials)(e1, n1, e2, n2)
    # Every study on the edge of what its totals allow, on the same side: the ratio is 0 or infinite.
    side = 0
    if (e1 == 0).all() or (not rates and ((e1 == 0) | (e2 == n2)).all() and model != "UM.RS"):
        side = -1
    elif (e2 == 0).all() or (not rates and ((e2 == 0) | (e1 == n1)).all() and model != "UM.RS"):
        side = 1
    if side or (model == "UM.RS" and not rates and ((e2 == n2).all() or (e1 == n1).all())):
        side = side or (-1 if (e2 == n2).all() else 1)
        one = RandomSlope(TwoPoissons(e1, n1, e2, n2) if rates else TwoBinomials(e1, n1, e2, n2))
        notes.append(Note("ratio_without_end", side=side))
        return _without_maximum(studies, side, _end(one, side, level), model, pi, level, notes), used
    if model == "UM.RS":
        return _of_levels(kernel, studies, ci, level, pi, notes), used
    return _of_kernel(kernel, studies, model, ci, level, pi, notes), used


def _of_kernel(
    kernel: Kernel, studies: EffectSizes, name: str, ci: str, level: float, pi: str, notes: list[Note]
) -> GlmmFit:
    model, best, scan = maximise(RandomSlope(kernel, LOOK))
    information = model.at(np.array([best.beta]), np.array([best.tau])).information[0]
    return assemble(model, best, scan, studies, information, kernel.constant, name, ci, level, pi, notes)


def _end(model: RandomSlope, side: int, level: float) -> float:
    """The finite end of the interval where the estimate is infinite: profile likelihood for equal effects."""
    from scipy.optimize import brentq

    drop = 0.5 * float(chi2_quantile(level, np.array(1.0)))

    def excess(beta: float) -> float:
        return model.at_one(beta, 0.0)[0] + drop - top

    far = side * 30.0
    top = model.at_one(far, 0.0)[0]
    near = 0.0
    while excess(near) > 0:
        near -= side * 2.0
    return float(brentq(excess, near, far, xtol=1e-12))


def _without_maximum(
    studies: EffectSizes, side: int, end: float, name: str, pi: str, level: float, notes: list[Note]
) -> GlmmFit:
    """The state in which the estimate is infinite: the interval ends on one side only."""
    k = int(studies.yi.size)
    return GlmmFit(
        beta=side * math.inf, se=NAN, statistic=NAN, p_value=NAN,
        ci_low=-math.inf if side < 0 else end, ci_high=end if side < 0 else math.inf,
        tau2=NAN, i2=NAN, h2=NAN, lrt=0.0, lrt_df=k - 1,
        lrt_p=1.0 if k > 1 else NAN, pi_low=NAN, pi_high=NAN, pi_df=NAN, weights=np.full(k, 100 / k),
        log_likelihood=0.0, k=k, nodes=0, converged=True, at_boundary=False, iterations=0, maxima=1,
        method=Method(name, "ML", "PL", pi, level), notes=tuple(notes), studies=studies,
    )  # fmt: skip


def _only_wald(ci: str, name: str) -> None:
    if ci not in WALD:
        raise ConfigError(f"ci = {ci!r} is not known for {name}. Allowed: {', '.join(WALD)}.")


def _of_levels(kernel: Kernel, studies: EffectSizes, ci: str, level: float, pi: str, notes: list[Note]) -> GlmmFit:
    """UM.RS as a result."""
    _only_wald(ci, "UM.RS")
    best = fit_levels(kernel)
    k = int(studies.yi.size)
    fit = _wald(best.beta, float(best.covariance[1, 1]), k, studies, "UM.RS", ci, level, pi)
    tau2, typical = best.tau**2, typical_variance(studies.vi) if k > 1 else NAN
    width = float(quantile((1 + level) / 2, np.array(k - 1 - PI_METHODS[pi].loss))) * math.sqrt(fit.se**2 + tau2)
    if not best.converged:
        notes.append(Note("not_converged", estimator="UM.RS"))
    if best.maxima > 1:
        notes.append(Note("several_maxima"))
    if math.isnan(width):
        notes.append(Note("prediction_needs_df", method=pi, name=PI_METHODS[pi].name))
    return replace(
        fit, tau2=tau2, i2=percent_between(tau2, typical), typical=typical, h2=tau2 / typical + 1,
        pi_low=best.beta - width, pi_high=best.beta + width,
        pi_df=NAN if math.isnan(width) else k - 1 - PI_METHODS[pi].loss,
        weights=100 * best.information / best.information.sum(), log_likelihood=best.value + kernel.constant,
        nodes=best.nodes, converged=best.converged, at_boundary=best.tau == 0, iterations=best.iterations,
        maxima=best.maxima, notes=tuple(notes), alpha=best.alpha, alpha_se=math.sqrt(float(best.covariance[0, 0])),
        sigma2=best.sigma**2,
    )  # fmt: skip


def fit_correlated(measure: str, numbers: Sequence[Array], ci: str, level: float, notes: list[Note]) -> GlmmFit:
    """Beta-binomial model: a proportion, or the odds ratio of arms that are stacked."""
    _only_wald(ci, "BB")
    two = measure == "OR"
    e = np.concatenate(numbers[::2])
    n = np.concatenate(numbers[1::2])
    k = numbers[0].size
    x = np.column_stack([np.ones(e.size), np.repeat([1.0, 0.0], k)]) if two else np.ones((e.size, 1))
    names = ("e1", "n1", "e2", "n2") if two else ("e", "n")
    studies = effect_sizes(measure, **dict(zip(names, numbers, strict=True))).kept()
    arms = [(float(a.sum()), float(b.sum())) for a, b in zip(numbers[::2], numbers[1::2], strict=True)]
    if any(a in (0.0, b) for a, b in arms):
        if not two:
            share = 0 if arms[0][0] == 0 else 1
            bound = math.log(math.expm1(0.5 * float(chi2_quantile(level, np.array(1.0))) / arms[0][1]))
            notes.append(Note("no_event_at_all", share=share))
            side = 1 if share else -1
            return _without_maximum(studies, side, -side * bound, "BB", "none", level, notes)
        side = -1 if arms[0][0] == 0 or arms[1][0] == arms[1][1] else 1
        both = np.array([[a] for a in (arms[0][0], arms[0][1], arms[1][0], arms[1][1])])
        if sum(a for a, _ in arms) in (0.0, sum(b for _, b in arms)):
            raise DataError("No study has events, and non-events, in its arms: the counts say nothing of a ratio.")
        notes.append(Note("ratio_without_end", side=side))
        end = _end(RandomSlope(TwoBinomials(*both)), side, level)
        return _without_maximum(studies, side, end, "BB", "none", level, notes)
    best = fit_beta_binomial(e, n, x)
    at = 1 if two else 0
    fit = _wald(float(best.beta[at]), float(best.covariance[at, at]), k, studies, "BB", ci, level, "none")
    lrt = 2 * (best.value - best.value_binomial) if best.phi > 0 else 0.0
    weights = np.array(numbers[1::2]).sum(0)
    if not best.converged:
        notes.append(Note("not_converged", estimator="BB"))
    return replace(
        fit, lrt=lrt, lrt_df=1, lrt_p=0.5 * float(chi2_upper_tail(np.array(lrt), np.array(1))) if lrt > 0 else 1.0,
        weights=100 * weights / weights.sum(), log_likelihood=best.value, converged=best.converged,
        at_boundary=best.phi == 0, iterations=best.iterations, notes=tuple(notes),
        alpha=float(best.beta[0]) if two else NAN, alpha_se=math.sqrt(float(best.covariance[0, 0])) if two else NAN,
        rho=best.phi / (1 + best.phi),
    )  # fmt: skip


def _wald(
    beta: float, variance: float, k: int, studies: EffectSizes, name: str, ci: str, level: float, pi: str
) -> GlmmFit:
    """A result with its Wald test and interval; the rest is filled in."""
    se = math.sqrt(variance) if variance > 0 else NAN
    df = np.array(k - 1.0 if GLMM_CI[ci].uses_t and k > 1 else NAN)
    half = float(quantile((1 + level) / 2, df)) * se
    statistic = beta / se
    return GlmmFit(
        beta=beta, se=se, statistic=statistic, p_value=float(two_sided_p(np.array(statistic), df)), ci_low=beta - half,
        ci_high=beta + half, tau2=NAN, i2=NAN, h2=NAN, lrt=NAN,
        lrt_df=k - 1, lrt_p=NAN, pi_low=NAN, pi_high=NAN, pi_df=NAN, weights=np.full(k, 100 / k), log_likelihood=NAN,
        k=k, nodes=0, converged=True, at_boundary=False, iterations=0, maxima=1,
        method=Method(name, "ML", ci, pi, level), notes=(), studies=studies,
    )  # fmt: skip
