"""Judgements of the risk of bias beside the studies of a forest plot: which, and what the marks mean."""

from __future__ import annotations

from collections.abc import Sequence

from metarepro.analysis.shown_result import ShownResult
from metarepro.evidence.bias_tools import OVERALL, BiasTool
from metarepro.figures.judgements.marks import judgement_mark
from metarepro.figures.page.text import clean


def lights_of(result: ShownResult) -> tuple[str, ...]:
    """Columns of the tool that stand beside the studies."""
    return result.bias_tool.shown_columns(any(s.risk_of_bias.get(OVERALL) for s in result.studies))


def lights_note(tool: BiasTool, shown: Sequence[str]) -> str:
    """What the columns and the marks stand for."""
    names = tool.brief or [clean(name) for name in tool.domains.values()]
    domains = ", ".join(f"{number} {name}" for number, name in enumerate(names, 1)) if len(shown) > 1 else "overall"
    marks = [judgement_mark(judgement) for judgement in (*tool.judgements, "")]
    words = ", ".join(f"{mark.sign_name}: {mark.word.removesuffix(' risk')}" for mark in marks)
    return f"RoB: risk of bias ({tool.name}): {domains}; {words}."
