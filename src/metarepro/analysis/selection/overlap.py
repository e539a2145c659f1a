"""What becomes of studies that share patients; a row in `OVERLAP` adds a way."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from metarepro.analysis.result import LeftOut
from metarepro.analysis.selection.comparison import Comparison
from metarepro.evidence.tables import Study

_SURE = {"known": "shares", "presumed": "presumably shares", "possible": "may share"}

Kept = tuple[Sequence[Comparison], Sequence[LeftOut]]


def _largest(comparisons: Sequence[Comparison]) -> Kept:
    """Of the studies of a cohort that with the most patients, of equal ones the earlier, and the others left out."""
    kept: dict[str, Comparison] = {}
    for c in comparisons:
        rival = kept.get(c.cluster_id)
        if rival is None or (c.participants or 0) > (rival.participants or 0):
            kept[c.cluster_id] = c
    winners = {cluster: c.study for cluster, c in kept.items()}
    losers = {c.study_id: c for c in comparisons if winners[c.cluster_id].study_id != c.study_id}
    return [c for c in comparisons if c.study_id not in losers], [
        LeftOut(c.study_id, c.study.label, _why(c.study, winners[c.cluster_id]), overlap=True) for c in losers.values()
    ]


def _why(study: Study, winner: Study) -> str:
    return f"{_SURE.get(study.overlap, 'may share')} patients with {winner.label}, which has as many or more"


OVERLAP: dict[str, Callable[[Sequence[Comparison]], Kept]] = {
    "one_per_cohort": _largest,
    "keep": lambda comparisons: (comparisons, ()),
}
