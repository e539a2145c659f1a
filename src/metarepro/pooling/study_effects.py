"""True effects of the single studies, drawn towards the pooled effect (best linear unbiased predictions)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from metarepro.errors import ConfigError
from metarepro.pooling.fit import PooledFit
from metarepro.pooling.inference import quantile
from metarepro.pooling.kernel import Array

if TYPE_CHECKING:
    from metarepro.pooling.models.multilevel import MultilevelFit


@dataclass(frozen=True)
class StudyEffects:
    """Result of `study_effects`, on the working scale; NaN where a study did not take part.

    Attributes
    ----------
    estimate, se, ci_low, ci_high : ndarray, shape (..., k)
        True effect of each study, the standard error of the prediction, and its interval.
    kept : ndarray, shape (..., k)
        Share of a study's own deviation that is kept, tau2 / (tau2 + vi); 0 draws it to the pooled effect. Of a
        multilevel fit the weight of the effect itself; others of its study have weights too.
    """

    estimate: Array
    se: Array
    ci_low: Array
    ci_high: Array
    kept: Array


def study_effects(fit: PooledFit | MultilevelFit) -> StudyEffects:
    """Predict the true effect of each study in a random-effects model, from its own result and from all others.

    Parameters
    ----------
    fit : PooledFit or MultilevelFit
        Result of `pool`, of one problem or of a batch, without moderators and without weights of one's own; or of
        `multilevel`, with moderators too, whose `random_effects` are added up for each effect.

    Returns
    -------
    StudyEffects

    Raises
    ------
    ConfigError
        A fit with moderators or with weights of one's own, or a common-effect fit, in which all true effects are one.

    Notes
    -----
    With kept = tau2 / (tau2 + vi), the prediction is kept * yi + (1 - kept) * beta, and its variance kept * vi +
    (1 - kept)^2 * se^2. The standard error and the quantile of the mean are those of the fit, so that `ci="HK"` widens
    both. tau2 is taken as known: with few studies `bayes(...).shrinkage` says more honestly how little is known.
    When not to use: as the result of a study. It is the study's result seen through the assumption that all effects
    come from one normal distribution.

    References
    ----------
    Robinson 1991, doi:10.1214/ss/1177011926; Raudenbush & Bryk 1985, doi:10.3102/10769986010002075.

    Examples
    --------
    >>> from metarepro import pool
    >>> found = study_effects(pool([0.1, 0.5, 0.9], [0.02, 0.03, 0.05], tau2=0.05, ci="z"))
    >>> [round(float(x), 3) for x in found.kept]
    [0.714, 0.625, 0.5]
    """
    if not isinstance(fit, PooledFit):
        from metarepro.pooling.models.multilevel import MultilevelFit
        from metarepro.pooling.models.random_effects import effects_of_rows

        if not isinstance(fit, MultilevelFit):
            raise ConfigError(
                "Effects of single studies are predicted from what pool, without moderators, or multilevel gives."
            )

        estimate, error, kept = effects_of_rows(fit)
        half = quantile((1 + fit.level) / 2, np.full(fit.k, fit.df)) * error
        return StudyEffects(estimate, error, estimate - half, estimate + half, kept)
    if np.ndim(fit.beta) > np.ndim(fit.k):
        raise ConfigError("Effects of single studies are predicted without moderators. Fix: leave moderators out.")
    if fit.method.weights != "model":
        raise ConfigError("Effects of single studies need the weights of the model. Fix: leave weights out.")
    if fit.method.tau2 == "CE":
        raise ConfigError("In a common-effect model all studies have one true effect. Fix: pool(..., tau2='REML').")
    yi, vi = fit.data
    beta, se, tau2 = (np.asarray(x)[..., None] for x in (fit.beta, fit.se, fit.tau2))
    kept = tau2 / (tau2 + vi)
    estimate = kept * yi + (1 - kept) * beta
    error = np.sqrt(kept * vi + ((1 - kept) * se) ** 2)
    half = quantile((1 + fit.level) / 2, np.asarray(fit.df, dtype=np.float64))[..., None] * error
    return StudyEffects(estimate, error, estimate - half, estimate + half, kept)
