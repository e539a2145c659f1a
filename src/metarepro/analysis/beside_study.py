"""What figures show beside a study: cells of the tables, judgements of bias."""

from __future__ import annotations

from metarepro.analysis.columns import cells_of, words_of
from metarepro.analysis.config import Analysis
from metarepro.analysis.selection import Comparison
from metarepro.evidence.dataset import Dataset

_JUDGED = ("d1", "d2", "d3", "d4", "d5", "overall")


def beside_study(analysis: Analysis, comparison: Comparison, data: Dataset) -> tuple[dict[str, str], dict[str, str]]:
    """Cells of the further columns, and judgements by domain.

    Cells of arms are those of the experimental arms, each value once. A judgement of the outcome counts before one of
    all outcomes; an empty one means not assessed.
    """
    columns = {}
    for column in analysis.figure.columns:
        cells = cells_of(column.source, comparison.rows, comparison.experimental, comparison.study)
        columns[column.head] = ", ".join(words_of([c]) for c in cells) or "\u2013"
    if not analysis.figure.risk_of_bias:
        return columns, {}
    rows = data.judged_of.get(comparison.study_id, ())
    fitting = [r for wanted in (analysis.outcome[0], "") for r in rows if r.outcome == wanted]
    return columns, {d: getattr(fitting[0], d) if fitting else "" for d in _JUDGED}
