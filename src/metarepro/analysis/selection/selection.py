"""Which comparisons an analysis has, and why it has none of the other studies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from metarepro.analysis.config import Analysis
from metarepro.analysis.result import LeftOut
from metarepro.analysis.selection.comparison import Comparison, Pair, compare, visit_of
from metarepro.analysis.selection.eligibility import (
    ArmRow,
    OutcomeRow,
    arms_of,
    compares,
    in_order,
    is_of_side,
    of_periods,
    other_rows,
    outside_population,
    rows_of,
    told_elsewhere,
    why_elsewhere,
    why_other,
    why_unusable,
)
from metarepro.analysis.selection.overlap import OVERLAP
from metarepro.analysis.selection.strategies import Strategy, row_order, strategy_of
from metarepro.errors import DataError, Problem
from metarepro.evidence.dataset import Dataset
from metarepro.evidence.integrity.scales import find_scale
from metarepro.evidence.tables import Contrast, Study


@dataclass(frozen=True)
class Selection:
    """Comparisons used and studies left out, both by year and name of the study."""

    comparisons: tuple[Comparison, ...]
    left_out: tuple[LeftOut, ...]


def select(analysis: Analysis, data: Dataset, several: str = "") -> Selection:
    """Select the comparisons of an analysis. The order of the rows in the tables has no influence on them.

    Parameters
    ----------
    analysis : Analysis
    data : Dataset
    several : str
        What to do where rows of a study give several comparisons: ``choose`` takes those of the outcome preferred
        first, then of the time nearest to the target, then the earlier, and refuses rows that are still equal;
        ``combine`` takes several arms of a side as one; ``all`` gives each comparison, with ids of its own. By
        default as `multi_arm` of the analysis says. Effects of ``all`` depend on each other (`Comparison.cluster_id`
        says which do), so they must not be pooled as if they were independent. An analysis that compounds the steps
        of a ladder has its own way.

    Returns
    -------
    Selection

    Raises
    ------
    DataError
        Rows fit equally well (E031), several arms do (E029), arms are the other way round (E045), or mean
        differences are on several scales (E039).
    ConfigError
        There is no such way.
    """
    strategy = strategy_of(analysis, several)
    rows = rows_of(analysis, data, strategy.steps)
    used: list[Comparison] = []
    left: list[LeftOut] = []
    others = {} if strategy.steps else {s: r for s, r in other_rows(analysis, data).items() if s not in rows}
    studies = sorted((data.studies[s] for s in (*rows, *others) if compares(analysis, data, s)), key=study_order)
    for study in studies:
        if study.study_id in others:
            here = [r for r in others[study.study_id] if not why_elsewhere(analysis, r)]
            why = outside_population(analysis, study) or "; ".join(in_order((why_other(analysis, r), r) for r in here))
            left += [LeftOut(study.study_id, study.label, why)] if here else []
            continue
        own = sorted(rows[study.study_id], key=lambda row: row_order(analysis, row))
        here = [r for r in own if not why_elsewhere(analysis, r)]
        outside = outside_population(analysis, study)
        found, why = ([], outside) if outside or not here else _of_study(analysis, data, study, here, strategy)
        used += found
        if here and not found:
            left.append(LeftOut(study.study_id, study.label, why))
        elif not here and not outside:
            left.append(LeftOut(study.study_id, study.label, told_elsewhere(analysis, own), elsewhere=True))
    if not strategy.steps:
        kept, overlapping = OVERLAP[analysis.overlap](used)
        used, left = list(kept), [*left, *overlapping]
    if analysis.measure == "MD":
        _refuse_scales(analysis, used)
    place = {study.study_id: i for i, study in enumerate(studies)}
    return Selection(tuple(used), tuple(sorted(left, key=lambda x: place[x.study_id])))


def study_order(study: Study) -> tuple[int, str, str]:
    """Key by which studies are sorted: year, name, id."""
    return (study.year or 9999, study.label.casefold(), study.study_id)


def _of_study(
    analysis: Analysis, data: Dataset, study: Study, rows: Sequence[OutcomeRow], strategy: Strategy
) -> tuple[Sequence[Comparison], str]:
    """Comparisons of a study from its rows of the right time, scale and kind; or why it has none."""
    judged = [(why_unusable(analysis, data, row, strategy.steps), row) for row in rows]
    usable = [row for why, row in judged if not why]
    reasons = [(why, row) for why, row in judged if why]
    contrasts: list[Pair] = [((r,), ()) for r in usable if isinstance(r, Contrast)]
    of_arms, others = of_periods(study, [r for r in usable if not isinstance(r, Contrast)], analysis.crossover)
    if others and not of_arms:
        which = "the first period" if others[0].periods == "first" else "all periods"
        reasons += [(f"crossover with counts for {which} only", row) for row in others]
    of_pairs, missing = _pairs(analysis, data, of_arms)
    pairs = sorted([*contrasts, *of_pairs], key=lambda pair: row_order(analysis, pair[0][0]))
    if not pairs or (strategy.steps and reasons):  # a ladder without one of its steps has no product
        return [], "; ".join(in_order(reasons)) or missing
    picked = strategy.pick(analysis, study, pairs)
    return strategy.named([compare(analysis, data, study, pair) for pair in picked]), _SAME


_SAME = "the experimental and the control arm are the same arm"


def _pairs(analysis: Analysis, data: Dataset, rows: Sequence[ArmRow]) -> tuple[list[Pair], str]:
    """Every pair of rows of arms that can be compared, or why there is none."""
    first = [r for r in rows if is_of_side(analysis.experimental, arms_of(data, r)[0], "experimental")]
    if analysis.control is None:
        return [((r,), ()) for r in first], ""
    second = [r for r in rows if is_of_side(analysis.control, arms_of(data, r)[0], "control")]
    both = [(a, b) for a in first for b in second if visit_of(a) == visit_of(b)]
    pairs: list[Pair] = [((a,), (b,)) for a, b in both if a.arm_id != b.arm_id]
    side = "control" if first else "experimental"
    return pairs, _SAME if both else f"no {side} row for the same outcome and time"


def _refuse_scales(analysis: Analysis, used: Sequence[Comparison]) -> None:
    """Refuse to average points of one scale with points of another."""
    scales: dict[str, OutcomeRow] = {}
    for row in (r for c in used for r in c.rows if r.scale):
        known = find_scale(row.scale)
        scales.setdefault(known.name if known else row.scale, row)
    if len(scales) > 1:
        first = next(iter(scales.values()))
        lines = [f"{name}: {row.file}, line {row.line}" for name, row in scales.items()]
        what = f"analysis {analysis.id!r} would pool mean differences of {len(scales)} scales"
        fix = "Fix: measure: SMD; or name one scale under `scale` of the analysis."
        raise DataError([Problem("E039", what, first.file, first.line, details=(*lines, fix))])
