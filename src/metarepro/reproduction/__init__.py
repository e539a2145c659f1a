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

_MODULES = {
    "all_targets": ("reproduce", "reproduce_printed"),
    "explain": ("Explanation", "explain_mismatch"),
    "match": ("Match", "Specification", "match_published"),
    "printed": ("PrintedResult", "StudyInputs", "read_inputs"),
    "result": ("Reproduction", "by_basis", "reproductions_from_json", "reproductions_to_json", "unmet_demands"),
    "tables": ("reproduction_csv",),
    "verdicts": ("Judgement", "judge"),
}
__getattr__ = lazy(__name__, {name: f"{__name__}.{module}" for module, names in _MODULES.items() for name in names})
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
