"""Printed results against recomputed ones."""

from __future__ import annotations

from metarepro.reproduction.explain import Explanation, explain_mismatch
from metarepro.reproduction.match import Match, Specification, match_published
from metarepro.reproduction.printed import PrintedResult, StudyInputs, read_inputs
from metarepro.reproduction.verdicts import Judgement, judge

__all__ = [
    "Explanation",
    "Judgement",
    "Match",
    "PrintedResult",
    "Specification",
    "StudyInputs",
    "explain_mismatch",
    "judge",
    "match_published",
    "read_inputs",
]
