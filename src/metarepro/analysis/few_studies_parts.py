"""What Bayes says beside a result of few studies."""

from __future__ import annotations

from dataclasses import dataclass

from metarepro.records import Number


@dataclass(frozen=True)
class BayesUnderPrior:
    """The Bayesian result under one prior of tau, on the display scale.

    Attributes
    ----------
    prior : str
    estimate, ci_low, ci_high : float
        Posterior median of the mean effect and its central credible interval.
    pi_low, pi_high : float
        The same interval of the true effect of a new study.
    tau, tau_low, tau_high : float
        Posterior median and interval of tau, on the working scale.
    above_null : float
        Probability that the mean effect is above no difference; NaN where there is no such value.
    """

    prior: str
    estimate: Number
    ci_low: Number
    ci_high: Number
    pi_low: Number
    pi_high: Number
    tau: Number
    tau_low: Number
    tau_high: Number
    above_null: Number


@dataclass(frozen=True)
class BayesBeside:
    """The Bayesian result of an analysis of few studies, and what other priors would make of it.

    Attributes
    ----------
    main : BayesUnderPrior
        With a flat prior of the mean.
    others : tuple of BayesUnderPrior
        Half and double the scale, a heavy tail, and what meta-analyses of the Cochrane Database show.
    """

    main: BayesUnderPrior
    others: tuple[BayesUnderPrior, ...]
