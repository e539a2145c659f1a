"""Judgements of the risk of bias that do not fit each other."""

from __future__ import annotations

from collections.abc import Iterator

from metarepro.evidence.bias_tools import BIAS_TOOLS
from metarepro.evidence.dataset import Dataset
from metarepro.evidence.integrity.findings import Check, Finding, Texts, finding
from metarepro.evidence.tables import RiskOfBias


def check_overall(dataset: Dataset, _text: Texts) -> Iterator[Finding]:
    """Overall judgements below that of a domain, or made while one that may be worse was not judged."""
    for row in dataset.others.get("risk_of_bias", ()):
        tool = BIAS_TOOLS.get(row.tool) if isinstance(row, RiskOfBias) else None
        if not isinstance(row, RiskOfBias) or tool is None or not tool.has_overall or row.overall not in tool.ranked:
            continue
        rank = tool.ranked.index(row.overall)
        judged = {d: row.judgement(d) for d in tool.domains}
        worse = [f"{d} = {j}" for d, j in judged.items() if j in tool.ranked and tool.ranked.index(j) > rank]
        empty = [d for d, j in judged.items() if j not in tool.ranked]
        if worse:
            message = (
                f"The overall risk of bias is {row.overall}, but {', '.join(worse)}. By {tool.name} it is at least as "
                "bad as the worst domain."
            )
            yield finding("W043", "warning", row, "overall", row.overall, message, "bias", "overall_below_domain")
        elif empty and row.overall != tool.ranked[-1]:
            were = "was" if len(empty) == 1 else "were"
            message = (
                f"The overall risk of bias is {row.overall}, but {', '.join(empty)} {were} not assessed. "
                f"By {tool.name} it is at least as bad as the worst domain, which may be that."
            )
            yield finding("W043", "note", row, "overall", row.overall, message, "bias", "overall_below_domain")


CHECKS: tuple[Check, ...] = (check_overall,)
