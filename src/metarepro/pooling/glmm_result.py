"""The result of models of counts without a normal approximation, and the intervals that it may have."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from metarepro.effects.core import EffectSizes
from metarepro.notes import Note
from metarepro.pooling.fitted import read_only
from metarepro.pooling.inference import CI_METHODS
from metarepro.pooling.kernel import Array
from metarepro.pooling.protocol import Fit
from metarepro.pooling.result_parts import Component, Heterogeneity, Method

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
        Effects of the single studies (1/2 added where a count is 0), with their counts.
    alpha, alpha_se, sigma2 : float
        UM.RS: mean of the studies' levels (half-way between the arms, on the working scale), and its variance; BB with
        two arms: logit of the proportion in the control arm.
    rho : float
        BB: correlation of the patients of an arm.
    typical : float
        Typical sampling variance of the studies' own effects, behind I2.
    """

    beta: float
    se: float
    statistic: float
    p_value: float
    ci_low: float
    ci_high: float
    tau2: float
    i2: float
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
    alpha: float = math.nan
    alpha_se: float = math.nan
    sigma2: float = math.nan
    rho: float = math.nan
    typical: float = math.nan
    _ends: Any = None

    @cached_property
    def _tau_ends(self) -> tuple[float, float]:
        """Ends of the profile-likelihood interval of tau, computed when they are first read."""
        found: tuple[float, float] = (math.nan, math.nan) if self._ends is None else self._ends()
        return found

    @property
    def tau2_low(self) -> float:
        """Lower end of the interval of tau2."""
        return self._tau_ends[0] ** 2

    @property
    def tau2_high(self) -> float:
        """Upper end of the interval of tau2."""
        return self._tau_ends[1] ** 2

    @property
    def i2_low(self) -> float:
        """I2 at the lower end of the interval of tau2."""
        return percent_between(self.tau2_low, self.typical)

    @property
    def i2_high(self) -> float:
        """I2 at the upper end of the interval of tau2."""
        return percent_between(self.tau2_high, self.typical)

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

    @cached_property
    def mean_proportion(self) -> float:
        """Mean of the true proportions, where `display` gives that of a median study; NaN for other measures."""
        if self.measure != "PLO" or not math.isfinite(self.beta) or not math.isfinite(self.tau2):
            return math.nan
        from scipy.special import expit

        x, w = np.polynomial.hermite_e.hermegauss(101)
        return float(w @ expit(self.beta + math.sqrt(self.tau2) * x) / w.sum())

    def __post_init__(self) -> None:
        read_only(self.weights)


def percent_between(tau2: float, typical: float) -> float:
    """I2: percent of the variance that is between true effects."""
    return 100.0 if math.isinf(tau2) else 100 * tau2 / (tau2 + typical)


def typical_variance(vi: Array) -> float:
    """Typical sampling variance of the studies' own effects (Higgins & Thompson 2002)."""
    w = 1 / vi
    return float((w.size - 1) * w.sum() / (w.sum() ** 2 - (w**2).sum()))
