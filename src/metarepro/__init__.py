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
    from metarepro.demonstration import demo
    from metarepro.effects import conversions
    from metarepro.effects.absolute import AbsoluteRisks, NumberNeeded, absolute_risks, number_needed
    from metarepro.effects.carry_over import CarryOver, carry_over
    from metarepro.effects.core import EffectSizes, effect_sizes
    from metarepro.errors import ConfigError, DataError, MetareproError
    from metarepro.evidence.integrity.solve_counts import SolvedCounts, solve_counts
    from metarepro.pooling.counts import mantel_haenszel, peto
    from metarepro.pooling.counts_result import CountsFit
    from metarepro.pooling.engine import set_engine
    from metarepro.pooling.fit import PooledFit
    from metarepro.pooling.glmm_result import GlmmFit
    from metarepro.pooling.henmi_copas import HenmiCopasInterval, henmi_copas
    from metarepro.pooling.heterogeneity import HeterogeneityInterval, heterogeneity_interval
    from metarepro.pooling.models import priors
    from metarepro.pooling.models.bayes import BayesFit, bayes, prior_sensitivity
    from metarepro.pooling.models.bayes_counts import BayesCountsFit, bayes_counts
    from metarepro.pooling.models.dose_response import DoseResponseFit, dose_response
    from metarepro.pooling.models.glmm import glmm
    from metarepro.pooling.models.kenward_roger import KenwardRogerFit, kenward_roger
    from metarepro.pooling.models.location_scale import LocationScaleFit, location_scale
    from metarepro.pooling.models.multilevel import MultilevelFit, multilevel
    from metarepro.pooling.models.multivariate import MultivariateFit, multivariate
    from metarepro.pooling.models.network import network, network_from_arms
    from metarepro.pooling.models.network_fit import NetworkFit
    from metarepro.pooling.models.random_effects import LevelEffects, random_effects
    from metarepro.pooling.models.robust import RobustFit, robust_variance
    from metarepro.pooling.models.wild_bootstrap import WildBootstrap, wild_bootstrap
    from metarepro.pooling.pool_effects import pool
    from metarepro.pooling.predictive_chance import chance_beyond
    from metarepro.pooling.regression import MetaRegression, meta_regression
    from metarepro.pooling.study_effects import StudyEffects, study_effects
    from metarepro.pooling.subgroups import Subgroups, pool_subgroups
    from metarepro.reproduction.match import match_published
    from metarepro.robustness.asymmetry import AsymmetryTest, RankTest, begg, egger, pustejovsky_rodgers
    from metarepro.robustness.asymmetry_of_counts import arcsine_test, deeks, harbord, macaskill, peters
    from metarepro.robustness.copas import CopasModel, copas
    from metarepro.robustness.excess_significance import ExcessSignificance, excess_significance
    from metarepro.robustness.fail_safe import FailSafe, fail_safe_n
    from metarepro.robustness.gosh import Gosh, gosh
    from metarepro.robustness.influence import influence
    from metarepro.robustness.limit_meta_analysis import LimitMetaAnalysis, limit_meta_analysis
    from metarepro.robustness.multiverse import Multiverse, multiverse
    from metarepro.robustness.p_values import PCurve, PUniform, p_curve, p_uniform
    from metarepro.robustness.permutation import PermutationTest, permutation_test
    from metarepro.robustness.pet_peese import PetPeese, WeightedMean, pet_peese, uwls
    from metarepro.robustness.refits import Refits, cumulative, leave_k_out, leave_one_out
    from metarepro.robustness.selection_model import SelectionFit, selection_model
    from metarepro.robustness.small_study_tests import SmallStudyTests, small_study_tests
    from metarepro.robustness.trial_sequential import TrialSequential, trial_sequential
    from metarepro.robustness.trim_and_fill import TrimAndFill, trim_and_fill

__getattr__ = lazy(
    __name__,
    {
        "demo": "metarepro.demonstration",
        "figures": "metarepro.figures",
        "conversions": "metarepro.effects.conversions",
        "AbsoluteRisks": "metarepro.effects.absolute",
        "NumberNeeded": "metarepro.effects.absolute",
        "absolute_risks": "metarepro.effects.absolute",
        "CarryOver": "metarepro.effects.carry_over",
        "carry_over": "metarepro.effects.carry_over",
        "number_needed": "metarepro.effects.absolute",
        "BayesCountsFit": "metarepro.pooling.models.bayes_counts",
        "bayes_counts": "metarepro.pooling.models.bayes_counts",
        "BayesFit": "metarepro.pooling.models.bayes",
        "bayes": "metarepro.pooling.models.bayes",
        "prior_sensitivity": "metarepro.pooling.models.bayes",
        "priors": "metarepro.pooling.models.priors",
        "DoseResponseFit": "metarepro.pooling.models.dose_response",
        "dose_response": "metarepro.pooling.models.dose_response",
        "KenwardRogerFit": "metarepro.pooling.models.kenward_roger",
        "kenward_roger": "metarepro.pooling.models.kenward_roger",
        "LocationScaleFit": "metarepro.pooling.models.location_scale",
        "location_scale": "metarepro.pooling.models.location_scale",
        "MultilevelFit": "metarepro.pooling.models.multilevel",
        "multilevel": "metarepro.pooling.models.multilevel",
        "MultivariateFit": "metarepro.pooling.models.multivariate",
        "multivariate": "metarepro.pooling.models.multivariate",
        "NetworkFit": "metarepro.pooling.models.network_fit",
        "network": "metarepro.pooling.models.network",
        "network_from_arms": "metarepro.pooling.models.network",
        "LevelEffects": "metarepro.pooling.models.random_effects",
        "random_effects": "metarepro.pooling.models.random_effects",
        "RobustFit": "metarepro.pooling.models.robust",
        "robust_variance": "metarepro.pooling.models.robust",
        "WildBootstrap": "metarepro.pooling.models.wild_bootstrap",
        "wild_bootstrap": "metarepro.pooling.models.wild_bootstrap",
        "CountsFit": "metarepro.pooling.counts_result",
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
        "chance_beyond": "metarepro.pooling.predictive_chance",
        "PooledFit": "metarepro.pooling.fit",
        "pool": "metarepro.pooling.pool_effects",
        "HenmiCopasInterval": "metarepro.pooling.henmi_copas",
        "henmi_copas": "metarepro.pooling.henmi_copas",
        "HeterogeneityInterval": "metarepro.pooling.heterogeneity",
        "heterogeneity_interval": "metarepro.pooling.heterogeneity",
        "MetaRegression": "metarepro.pooling.regression",
        "meta_regression": "metarepro.pooling.regression",
        "match_published": "metarepro.reproduction.match",
        "SolvedCounts": "metarepro.evidence.integrity.solve_counts",
        "solve_counts": "metarepro.evidence.integrity.solve_counts",
        "StudyEffects": "metarepro.pooling.study_effects",
        "AsymmetryTest": "metarepro.robustness.asymmetry",
        "RankTest": "metarepro.robustness.asymmetry",
        "egger": "metarepro.robustness.asymmetry",
        "begg": "metarepro.robustness.asymmetry",
        "pustejovsky_rodgers": "metarepro.robustness.asymmetry",
        "harbord": "metarepro.robustness.asymmetry_of_counts",
        "peters": "metarepro.robustness.asymmetry_of_counts",
        "macaskill": "metarepro.robustness.asymmetry_of_counts",
        "deeks": "metarepro.robustness.asymmetry_of_counts",
        "arcsine_test": "metarepro.robustness.asymmetry_of_counts",
        "CopasModel": "metarepro.robustness.copas",
        "copas": "metarepro.robustness.copas",
        "ExcessSignificance": "metarepro.robustness.excess_significance",
        "excess_significance": "metarepro.robustness.excess_significance",
        "FailSafe": "metarepro.robustness.fail_safe",
        "fail_safe_n": "metarepro.robustness.fail_safe",
        "Gosh": "metarepro.robustness.gosh",
        "gosh": "metarepro.robustness.gosh",
        "influence": "metarepro.robustness.influence",
        "LimitMetaAnalysis": "metarepro.robustness.limit_meta_analysis",
        "limit_meta_analysis": "metarepro.robustness.limit_meta_analysis",
        "Multiverse": "metarepro.robustness.multiverse",
        "multiverse": "metarepro.robustness.multiverse",
        "PCurve": "metarepro.robustness.p_values",
        "PUniform": "metarepro.robustness.p_values",
        "p_curve": "metarepro.robustness.p_values",
        "p_uniform": "metarepro.robustness.p_values",
        "PermutationTest": "metarepro.robustness.permutation",
        "permutation_test": "metarepro.robustness.permutation",
        "PetPeese": "metarepro.robustness.pet_peese",
        "WeightedMean": "metarepro.robustness.pet_peese",
        "pet_peese": "metarepro.robustness.pet_peese",
        "uwls": "metarepro.robustness.pet_peese",
        "Refits": "metarepro.robustness.refits",
        "leave_one_out": "metarepro.robustness.refits",
        "leave_k_out": "metarepro.robustness.refits",
        "cumulative": "metarepro.robustness.refits",
        "SelectionFit": "metarepro.robustness.selection_model",
        "selection_model": "metarepro.robustness.selection_model",
        "SmallStudyTests": "metarepro.robustness.small_study_tests",
        "small_study_tests": "metarepro.robustness.small_study_tests",
        "TrialSequential": "metarepro.robustness.trial_sequential",
        "trial_sequential": "metarepro.robustness.trial_sequential",
        "TrimAndFill": "metarepro.robustness.trim_and_fill",
        "trim_and_fill": "metarepro.robustness.trim_and_fill",
        "study_effects": "metarepro.pooling.study_effects",
        "Subgroups": "metarepro.pooling.subgroups",
        "pool_subgroups": "metarepro.pooling.subgroups",
    },
)
__version__ = "0.1.0"
__all__ = [
    "AbsoluteRisks",
    "AsymmetryTest",
    "BayesCountsFit",
    "BayesFit",
    "CarryOver",
    "ConfigError",
    "CopasModel",
    "CountsFit",
    "DataError",
    "DoseResponseFit",
    "EffectSizes",
    "ExcessSignificance",
    "FailSafe",
    "GlmmFit",
    "Gosh",
    "HenmiCopasInterval",
    "HeterogeneityInterval",
    "KenwardRogerFit",
    "LevelEffects",
    "LimitMetaAnalysis",
    "LocationScaleFit",
    "MetaRegression",
    "MetareproError",
    "MultilevelFit",
    "MultivariateFit",
    "Multiverse",
    "NetworkFit",
    "NumberNeeded",
    "PCurve",
    "PUniform",
    "PermutationTest",
    "PetPeese",
    "PooledFit",
    "RankTest",
    "Refits",
    "RobustFit",
    "SelectionFit",
    "SmallStudyTests",
    "SolvedCounts",
    "StudyEffects",
    "Subgroups",
    "TrialSequential",
    "TrimAndFill",
    "WeightedMean",
    "WildBootstrap",
    "absolute_risks",
    "arcsine_test",
    "bayes",
    "bayes_counts",
    "begg",
    "carry_over",
    "chance_beyond",
    "conversions",
    "copas",
    "cumulative",
    "deeks",
    "demo",
    "dose_response",
    "effect_sizes",
    "egger",
    "excess_significance",
    "fail_safe_n",
    "figures",
    "glmm",
    "gosh",
    "harbord",
    "henmi_copas",
    "heterogeneity_interval",
    "influence",
    "kenward_roger",
    "leave_k_out",
    "leave_one_out",
    "limit_meta_analysis",
    "location_scale",
    "macaskill",
    "mantel_haenszel",
    "match_published",
    "meta_regression",
    "multilevel",
    "multivariate",
    "multiverse",
    "network",
    "network_from_arms",
    "number_needed",
    "p_curve",
    "p_uniform",
    "permutation_test",
    "pet_peese",
    "peters",
    "peto",
    "pool",
    "pool_subgroups",
    "prior_sensitivity",
    "priors",
    "pustejovsky_rodgers",
    "random_effects",
    "robust_variance",
    "selection_model",
    "set_engine",
    "small_study_tests",
    "solve_counts",
    "study_effects",
    "trial_sequential",
    "trim_and_fill",
    "uwls",
    "wild_bootstrap",
]


def __dir__() -> list[str]:
    """Public names, for tab completion."""
    return sorted([*__all__, "__doc__", "__version__"])
