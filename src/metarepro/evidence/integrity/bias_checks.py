"""Judgements of the risk of bias that do not fit each other."""

from __future__ import annotations

from collections.abc import Iterator

from metarepro.evidence.dataset import Dataset
from metarepro.evidence.integrity.findings import Check, Finding, Texts, finding
from metarepro.evidence.tables import RiskOfBias

_DOMAINS = ("d1", "d2", "d3", "d4", "d5")
_FROM_BEST = ("low", "some", "high")


def check_overall(dataset: Dataset, _text: Texts) -> Iterator[Finding]:
    """Overall judgements of RoB 2 below that of a domain, or made while one that may be worse was not judged."""
    for row in dataset.others.get("risk_of_bias", ()):
        if not isinstance(row, RiskOfBias) or not row.overall:
            continue
        rank = _FROM_BEST.index(row.overall)
        judged = {d: getattr(row, d) for d in _DOMAINS}
        worse = [f"{d} = {j}" for d, j in judged.items() if j and _FROM_BEST.index(j) > rank]
        empty = [d for d, j in judged.items() if not j]
        if worse:
            message = (
                f"The overall risk of bias is {row.overall}, but {', '.join(worse)}. By RoB 2 it is at least as bad as "
                "the worst domain."
            )
            yield finding("W043", "warning", row, "overall", row.overall, message, "bias", "overall_below_domain")
        elif empty and row.overall != "high":
            were = "was" if len(empty) == 1 else "were"
            message = (
                f"The overall risk of bias is {row.overall}, but {', '.join(empty)} {were} not assessed. "
                "By RoB 2 it is at least as bad as the worst domain, which may be that."
            )
            yield finding("W043", "note", row, "overall", row.overall, message, "bias", "overall_below_domain")


CHECKS: tuple[Check, ...] = (check_overall,)
