"""Few studies: what Bayes says beside the main result, and how much that hangs on the prior."""

from __future__ import annotations

import math

import numpy as np

from metarepro.analysis.few_studies_parts import BayesBeside, BayesUnderPrior
from metarepro.analysis.models import FEW_FOR_BAYES, tau_scale
from metarepro.effects import get_measure, to_display
from metarepro.pooling.kernel import Array
from metarepro.pooling.models.bayes import BayesFit, bayes
from metarepro.pooling.models.priors import EMPIRICAL, TauPrior, half_cauchy, half_normal

# What meta-analyses without further information show of tau2, by measure.
_EMPIRICAL = {"OR": "turner_general", "PETO": "turner_general", "SMD": "rhodes_general"}


def bayes_beside(measure: str, combine: str, model: object, yi: Array, vi: Array) -> BayesBeside | None:
    """Bayes for two to five studies; None for more or fewer, and on scales without a usual prior.

    Parameters
    ----------
    measure, combine : str
    model : Model
        Settings of the analysis.
    yi, vi : ndarray, shape (k,)
        Effects and variances on the working scale.
    """
    scale = tau_scale(measure, model)
    # Logits of proportions with a count of 0 are not normal: models of the counts have these.
    if combine != "pool" or not 2 <= yi.size <= FEW_FOR_BAYES or scale is None or get_measure(measure).null is None:
        return None
    level = float(getattr(model, "level", 0.95))
    priors: list[TauPrior] = [half_normal(scale / 2), half_normal(2 * scale), half_cauchy(scale)]
    if measure in _EMPIRICAL:
        priors.append(EMPIRICAL[_EMPIRICAL[measure]])
    main, *others = (_under(measure, bayes(yi, vi, prior, level=level)) for prior in (half_normal(scale), *priors))
    return BayesBeside(main, tuple(others))


def _under(measure: str, fit: BayesFit) -> BayesUnderPrior:
    null = get_measure(measure).null
    ends = (fit.beta, fit.ci_low, fit.ci_high, fit.pi_low, fit.pi_high)
    estimate, low, high, pi_low, pi_high = (float(to_display(measure, x)) for x in ends)
    at = math.nan if null is None else float(np.log(null)) if get_measure(measure).ratio else float(null)
    above = math.nan if null is None else 1 - float(fit.probability_below(at))
    tau = fit.tau
    return BayesUnderPrior(
        str(fit.prior_tau), estimate, low, high, pi_low, pi_high, tau.median, tau.ci_low, tau.ci_high, above
    )
