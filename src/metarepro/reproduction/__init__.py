"""Printed results against recomputed ones."""

from typing import TYPE_CHECKING

from metarepro._lazy import lazy

if TYPE_CHECKING:
    from metarepro.reproduction.all_targets import reproduce, reproduce_printed
    from metarepro.reproduction.explain import Explanation, explain_mismatch
    from metarepro.reproduction.match import Match, Specification, match_published
    from metarepro.reproduction.printed import PrintedResult, StudyInputs, read_inputs
    from metarepro.reproduction.result import (
        Reproduction,
        by_basis,
        reproductions_from_json,
        reproductions_to_json,
        unmet_demands,
    )
    from metarepro.reproduction.tables import reproduction_csv
    from metarepro.reproduction.verdicts import Judgement, judge

__getattr__ = lazy(
    __name__,
    {
        "Explanation": "metarepro.reproduction.explain",
        "explain_mismatch": "metarepro.reproduction.explain",
        "Match": "metarepro.reproduction.match",
        "Specification": "metarepro.reproduction.match",
        "match_published": "metarepro.reproduction.match",
        "PrintedResult": "metarepro.reproduction.printed",
        "StudyInputs": "metarepro.reproduction.printed",
        "read_inputs": "metarepro.reproduction.printed",
        "reproduce": "metarepro.reproduction.all_targets",
        "reproduce_printed": "metarepro.reproduction.all_targets",
        "Reproduction": "metarepro.reproduction.result",
        "by_basis": "metarepro.reproduction.result",
        "reproductions_from_json": "metarepro.reproduction.result",
        "reproductions_to_json": "metarepro.reproduction.result",
        "unmet_demands": "metarepro.reproduction.result",
        "reproduction_csv": "metarepro.reproduction.tables",
        "Judgement": "metarepro.reproduction.verdicts",
        "judge": "metarepro.reproduction.verdicts",
    },
)
__all__ = [
    "Explanation",
    "Judgement",
    "Match",
    "PrintedResult",
    "Reproduction",
    "Specification",
    "StudyInputs",
    "by_basis",
    "explain_mismatch",
    "judge",
    "match_published",
    "read_inputs",
    "reproduce",
    "reproduce_printed",
    "reproduction_csv",
    "reproductions_from_json",
    "reproductions_to_json",
    "unmet_demands",
]
