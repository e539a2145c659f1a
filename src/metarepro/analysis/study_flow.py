"""The flow of studies from the tables into an analysis."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from metarepro.analysis.result import AnalysisResult, LeftOut


@dataclass(frozen=True)
class AnalysisFlow:
    """Studies of the tables on their way into an analysis.

    Attributes
    ----------
    title : str
        Of the analysis.
    found : int
        Studies with a row for the outcome and the treatments of the analysis.
    elsewhere : dict of str to int
        Studies without a row of its time, scale and kind, by reason.
    left_out : dict of str to int
        Studies with such a row that was not used, by reason.
    not_pooled : dict of str to int
        Studies of the analysis without a usable number, by reason.
    pooled : int
    participants : int or None
        Of the pooled studies.
    """

    title: str
    found: int
    elsewhere: dict[str, int]
    left_out: dict[str, int]
    not_pooled: dict[str, int]
    pooled: int
    participants: int | None

    @property
    def eligible(self) -> int:
        """Studies with a row of the analysis's time, scale and kind."""
        return self.found - sum(self.elsewhere.values())


def flow_of(result: AnalysisResult) -> AnalysisFlow:
    """The flow of an analysis: which studies of the tables it has, and why the others are left out.

    Studies count once, whatever the number of their rows.
    """
    pooled = {s.study_id for s in result.studies if s.estimable}
    unusable = {
        s.study_id: "; ".join(s.notes) or "no usable number" for s in result.studies if s.study_id not in pooled
    }
    used = pooled | set(unusable)
    apart: dict[str, list[LeftOut]] = {}
    for entry in result.left_out:
        if entry.study_id not in used:
            apart.setdefault(entry.study_id, []).append(entry)
    reasons = [
        ("; ".join(dict.fromkeys(e.reason for e in own)), all(e.elsewhere for e in own)) for own in apart.values()
    ]
    return AnalysisFlow(
        result.title, len(used) + len(apart), _by_reason(why for why, elsewhere in reasons if elsewhere),
        _by_reason(why for why, elsewhere in reasons if not elsewhere), _by_reason(unusable.values()), len(pooled),
        result.summary.participants if result.summary is not None else None,
    )  # fmt: skip


def _by_reason(reasons: Iterable[str]) -> dict[str, int]:
    """Counts of reasons, the most frequent first."""
    return dict(sorted(Counter(reasons).items(), key=lambda item: (-item[1], item[0])))
