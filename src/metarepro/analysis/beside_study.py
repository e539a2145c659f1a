"""What figures show beside a study: cells of the tables, judgements of bias."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from metarepro.analysis.columns import cells_of, words_of
from metarepro.analysis.config import Analysis
from metarepro.analysis.selection import Comparison
from metarepro.evidence.bias_tools import ALL_COLUMNS, ROB2, BiasTool
from metarepro.evidence.dataset import Dataset
from metarepro.evidence.tables import RiskOfBias


def beside_study(
    analysis: Analysis, comparison: Comparison, data: Dataset, tool: BiasTool
) -> tuple[dict[str, str], dict[str, str]]:
    """Cells of the further columns, and judgements by domain.

    Cells of arms are those of the experimental arms, each value once. A judgement of the outcome counts before one of
    all outcomes; an empty one means not assessed by this tool.
    """
    columns = {}
    for column in analysis.figure.columns:
        cells = cells_of(column.source, comparison.rows, comparison.experimental, comparison.study)
        columns[column.head] = ", ".join(words_of([c]) for c in cells) or "\u2013"
    if not analysis.figure.risk_of_bias:
        return columns, {}
    row = next((r for r in _judged(analysis, comparison, data) if r.tool == tool.id), None)
    return columns, {d: row.judgement(d) if row else "" for d in tool.columns}


def tool_of(
    analysis: Analysis, comparisons: Sequence[Comparison], data: Dataset, tools: Mapping[str, BiasTool]
) -> BiasTool:
    """The tool by which most studies of an analysis were judged."""
    rows = [r for c in comparisons for r in _judged(analysis, c, data)]
    used = Counter(r.tool for r in rows if any(map(r.judgement, ALL_COLUMNS)))
    return tools[used.most_common(1)[0][0]] if used else ROB2


def _judged(analysis: Analysis, comparison: Comparison, data: Dataset) -> list[RiskOfBias]:
    """Rows of judgements of a study: of the outcome, then of all outcomes."""
    rows = data.judged_of.get(comparison.study_id, ())
    return [r for wanted in (analysis.outcome[0], "") for r in rows if r.outcome == wanted]
