"""Many refits of the one kernel: what a result owes to chance, single studies and missing evidence."""

from typing import TYPE_CHECKING

from metarepro._lazy import lazy

if TYPE_CHECKING:
    from metarepro.robustness.asymmetry import AsymmetryTest, RankTest, begg, egger, pustejovsky_rodgers
    from metarepro.robustness.asymmetry_of_counts import arcsine_test, deeks, harbord, macaskill, peters
    from metarepro.robustness.copas import CopasModel, copas
    from metarepro.robustness.excess_significance import ExcessSignificance, excess_significance
    from metarepro.robustness.fail_safe import FailSafe, fail_safe_n
    from metarepro.robustness.gosh import Gosh, gosh
    from metarepro.robustness.influence import influence
    from metarepro.robustness.limit_meta_analysis import LimitMetaAnalysis, limit_meta_analysis
    from metarepro.robustness.p_values import PCurve, PUniform, p_curve, p_uniform
    from metarepro.robustness.permutation import PermutationTest, permutation_test
    from metarepro.robustness.pet_peese import PetPeese, WeightedMean, pet_peese, uwls
    from metarepro.robustness.refits import Refits, cumulative, leave_k_out, leave_one_out
    from metarepro.robustness.selection_model import SelectionFit, selection_model
    from metarepro.robustness.small_study_tests import SmallStudyTests, small_study_tests
    from metarepro.robustness.trim_and_fill import TrimAndFill, trim_and_fill

__getattr__ = lazy(
    __name__,
    {
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
        "TrimAndFill": "metarepro.robustness.trim_and_fill",
        "trim_and_fill": "metarepro.robustness.trim_and_fill",
    },
)
__all__ = [
    "AsymmetryTest",
    "CopasModel",
    "ExcessSignificance",
    "FailSafe",
    "Gosh",
    "LimitMetaAnalysis",
    "PCurve",
    "PUniform",
    "PermutationTest",
    "PetPeese",
    "RankTest",
    "Refits",
    "SelectionFit",
    "SmallStudyTests",
    "TrimAndFill",
    "WeightedMean",
    "arcsine_test",
    "begg",
    "copas",
    "cumulative",
    "deeks",
    "egger",
    "excess_significance",
    "fail_safe_n",
    "gosh",
    "harbord",
    "influence",
    "leave_k_out",
    "leave_one_out",
    "limit_meta_analysis",
    "macaskill",
    "p_curve",
    "p_uniform",
    "permutation_test",
    "pet_peese",
    "peters",
    "pustejovsky_rodgers",
    "selection_model",
    "small_study_tests",
    "trim_and_fill",
    "uwls",
]
