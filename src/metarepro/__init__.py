"""metarepro: meta-analysis from extracted trial data, exact and reproducible.

>>> import metarepro as mr
>>> es = mr.effect_sizes("RR", e1=[4, 6], n1=[123, 306], e2=[11, 29], n2=[139, 303])
>>> fit = mr.pool(es.yi, es.vi, tau2="DL", ci="z")
>>> round(es.to_display(fit.beta), 3)
0.266
"""

from typing import TYPE_CHECKING

from metarepro._lazy import lazy

if TYPE_CHECKING:
    from metarepro import figures
    from metarepro.effects import conversions
    from metarepro.effects.absolute import AbsoluteRisks, NumberNeeded, absolute_risks, number_needed
    from metarepro.effects.core import EffectSizes, effect_sizes
    from metarepro.errors import ConfigError, DataError, MetareproError
    from metarepro.evidence.integrity.solve_counts import SolvedCounts, solve_counts
    from metarepro.pooling.counts import CountsFit, mantel_haenszel, peto
    from metarepro.pooling.engine import set_engine
    from metarepro.pooling.fit import PooledFit
    from metarepro.pooling.glmm_result import GlmmFit
    from metarepro.pooling.heterogeneity import HeterogeneityInterval, heterogeneity_interval
    from metarepro.pooling.models import priors
    from metarepro.pooling.models.bayes import BayesFit, bayes, prior_sensitivity
    from metarepro.pooling.models.bayes_counts import BayesCountsFit, bayes_counts
    from metarepro.pooling.models.dose_response import DoseResponseFit, dose_response
    from metarepro.pooling.models.glmm import glmm
    from metarepro.pooling.models.location_scale import LocationScaleFit, location_scale
    from metarepro.pooling.models.multilevel import MultilevelFit, multilevel
    from metarepro.pooling.models.network import NetworkFit, network, network_from_arms
    from metarepro.pooling.models.robust import RobustFit, robust_variance
    from metarepro.pooling.pool_effects import pool
    from metarepro.pooling.regression import MetaRegression, meta_regression
    from metarepro.pooling.study_effects import StudyEffects, study_effects
    from metarepro.pooling.subgroups import Subgroups, pool_subgroups
    from metarepro.reproduction.match import match_published
    from metarepro.robustness.permutation import PermutationTest, permutation_test

__getattr__ = lazy(
    __name__,
    {
        "figures": "metarepro.figures",
        "conversions": "metarepro.effects.conversions",
        "AbsoluteRisks": "metarepro.effects.absolute",
        "NumberNeeded": "metarepro.effects.absolute",
        "absolute_risks": "metarepro.effects.absolute",
        "number_needed": "metarepro.effects.absolute",
        "BayesCountsFit": "metarepro.pooling.models.bayes_counts",
        "bayes_counts": "metarepro.pooling.models.bayes_counts",
        "BayesFit": "metarepro.pooling.models.bayes",
        "bayes": "metarepro.pooling.models.bayes",
        "prior_sensitivity": "metarepro.pooling.models.bayes",
        "priors": "metarepro.pooling.models.priors",
        "DoseResponseFit": "metarepro.pooling.models.dose_response",
        "dose_response": "metarepro.pooling.models.dose_response",
        "LocationScaleFit": "metarepro.pooling.models.location_scale",
        "location_scale": "metarepro.pooling.models.location_scale",
        "MultilevelFit": "metarepro.pooling.models.multilevel",
        "multilevel": "metarepro.pooling.models.multilevel",
        "NetworkFit": "metarepro.pooling.models.network",
        "network": "metarepro.pooling.models.network",
        "network_from_arms": "metarepro.pooling.models.network",
        "RobustFit": "metarepro.pooling.models.robust",
        "robust_variance": "metarepro.pooling.models.robust",
        "CountsFit": "metarepro.pooling.counts",
        "mantel_haenszel": "metarepro.pooling.counts",
        "peto": "metarepro.pooling.counts",
        "EffectSizes": "metarepro.effects.core",
        "effect_sizes": "metarepro.effects.core",
        "ConfigError": "metarepro.errors",
        "DataError": "metarepro.errors",
        "MetareproError": "metarepro.errors",
        "set_engine": "metarepro.pooling.engine",
        "GlmmFit": "metarepro.pooling.glmm_result",
        "glmm": "metarepro.pooling.models.glmm",
        "PooledFit": "metarepro.pooling.fit",
        "pool": "metarepro.pooling.pool_effects",
        "HeterogeneityInterval": "metarepro.pooling.heterogeneity",
        "heterogeneity_interval": "metarepro.pooling.heterogeneity",
        "MetaRegression": "metarepro.pooling.regression",
        "meta_regression": "metarepro.pooling.regression",
        "match_published": "metarepro.reproduction.match",
        "PermutationTest": "metarepro.robustness.permutation",
        "SolvedCounts": "metarepro.evidence.integrity.solve_counts",
        "permutation_test": "metarepro.robustness.permutation",
        "solve_counts": "metarepro.evidence.integrity.solve_counts",
        "StudyEffects": "metarepro.pooling.study_effects",
        "study_effects": "metarepro.pooling.study_effects",
        "Subgroups": "metarepro.pooling.subgroups",
        "pool_subgroups": "metarepro.pooling.subgroups",
    },
)
__version__ = "0.1.0"
__all__ = [
    "AbsoluteRisks",
    "BayesCountsFit",
    "BayesFit",
    "ConfigError",
    "CountsFit",
    "DataError",
    "DoseResponseFit",
    "EffectSizes",
    "GlmmFit",
    "HeterogeneityInterval",
    "LocationScaleFit",
    "MetaRegression",
    "MetareproError",
    "MultilevelFit",
    "NetworkFit",
    "NumberNeeded",
    "PermutationTest",
    "PooledFit",
    "RobustFit",
    "SolvedCounts",
    "StudyEffects",
    "Subgroups",
    "absolute_risks",
    "bayes",
    "bayes_counts",
    "conversions",
    "dose_response",
    "effect_sizes",
    "figures",
    "glmm",
    "heterogeneity_interval",
    "location_scale",
    "mantel_haenszel",
    "match_published",
    "meta_regression",
    "multilevel",
    "network",
    "network_from_arms",
    "number_needed",
    "permutation_test",
    "peto",
    "pool",
    "pool_subgroups",
    "prior_sensitivity",
    "priors",
    "robust_variance",
    "set_engine",
    "solve_counts",
    "study_effects",
]


def __dir__() -> list[str]:
    """Public names, for tab completion."""
    return sorted([*__all__, "__doc__", "__version__"])
