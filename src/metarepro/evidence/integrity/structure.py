"""Tables that contradict themselves: more remissions than responses, patients that come back, studies read twice."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise

from metarepro.evidence.tables import Continuous, Dichotomous, Study

# What two studies under two ids may share, in the order in which it is reported.
_SHARED = ("doi", "pmid", "registration", "label")
_YEARS = 2
_LARGE_GROUP = 30


@dataclass(frozen=True)
class Pair:
    """Two rows that do not go together."""

    first: Dichotomous | Continuous
    second: Dichotomous | Continuous


def remission_above_response(
    rows: Iterable[Dichotomous], response: str = "response", remission: str = "remission"
) -> tuple[Pair, ...]:
    """Rows of remission with more events than the row of response of the same arm, scale, time and source.

    A remission is nearly always a response, too: not where a patient started below twice the cut-off of remission.
    Rows of different totals are left out.

    Parameters
    ----------
    rows : iterable of Dichotomous
    response, remission : str
        Their outcomes.
    """
    responses: dict[tuple[object, ...], Dichotomous] = {}
    rows = list(rows)
    for row in rows:
        if row.outcome == response and row.events is not None:
            responses[_visit(row)] = row
    found = []
    for row in rows:
        other = responses.get(_visit(row)) if row.outcome == remission else None
        if other is None or row.events is None or other.events is None or row.total != other.total:
            continue
        if row.events > other.events:
            found.append(Pair(other, row))
    return tuple(found)


def totals_growing(rows: Iterable[Dichotomous] | Iterable[Continuous]) -> tuple[Pair, ...]:
    """Series in which a later visit has more patients than an earlier one: the first rise of each.

    A series is one arm, outcome, scale, kind of score and source. Rows of those who responded (`maintained`) and of
    the whole trial (`ever`) are of other patients and left out.

    Parameters
    ----------
    rows : iterable of Dichotomous or Continuous
    """
    series: dict[tuple[object, ...], list[tuple[float, int, Dichotomous | Continuous]]] = {}
    for row in rows:
        size = row.total if isinstance(row, Dichotomous) else row.n
        if row.timepoint_h is None or size is None:
            continue
        if isinstance(row, Dichotomous) and row.ascertainment in ("maintained", "ever"):
            continue
        kind = row.definition if isinstance(row, Dichotomous) else _kind(row.statistic)
        key = (row.study_id, row.arm_id, row.outcome, row.scale, kind, row.periods, row.source_id)
        series.setdefault(key, []).append((row.timepoint_h, size, row))
    found = []
    for visits in series.values():
        visits.sort(key=lambda v: (v[0], v[2].line))
        for (time, size, row), (later, more, next_row) in pairwise(visits):
            if later > time and more > size:
                found.append(Pair(row, next_row))
                break
    return tuple(found)


def near_identical_rows(rows: Iterable[Continuous]) -> tuple[Pair, ...]:
    """Rows of two studies with the same size, mean and standard deviation, mean and SD both with decimals.

    Whole-numbered means and SDs meet by chance and are left out.

    Parameters
    ----------
    rows : iterable of Continuous
    """
    seen: dict[tuple[int, float, float], Continuous] = {}
    found = []
    for row in rows:
        if row.n is None or row.mean is None or row.sd is None or row.mean == int(row.mean) or row.sd == int(row.sd):
            continue
        first = seen.setdefault((row.n, row.mean, row.sd), row)
        if first.study_id != row.study_id:
            found.append(Pair(first, row))
    return tuple(found)


def sizes_disagree(counts: Iterable[Dichotomous], scores: Iterable[Continuous]) -> tuple[Pair, ...]:
    """Visits at which one source gives counts and scores of one scale over different numbers of patients.

    Rows without a printed time are left out: nothing says that they are of one visit.

    Parameters
    ----------
    counts : iterable of Dichotomous
    scores : iterable of Continuous
    """
    rated: dict[tuple[object, ...], Continuous] = {}
    for score in scores:
        if score.n is not None and score.timepoint_h is not None and score.statistic in ("baseline", "endpoint"):
            rated[(score.study_id, score.arm_id, score.scale, score.timepoint_h, score.periods, score.source_id)] = (
                score
            )
    found = []
    for row in counts:
        key = (row.study_id, row.arm_id, row.scale, row.timepoint_h, row.periods, row.source_id)
        if row.ascertainment == "point" and row.total is not None and key in rated and rated[key].n != row.total:
            found.append(Pair(rated[key], row))
    return tuple(found)


@dataclass(frozen=True)
class SameStudy:
    """Two studies that may be one.

    Attributes
    ----------
    first, second : Study
    column : str
        What they share: `label`, `doi`, `pmid` or `registration`.
    """

    first: Study
    second: Study
    column: str


def duplicated_cohorts(studies: Sequence[Study]) -> tuple[SameStudy, ...]:
    """Pairs of studies with one label, DOI, PubMed id or registration that no cohort id joins.

    Labels are compared without case, blanks and marks; those that differ in the year alone count when both enrolled
    the same number of patients and appeared within two years of each other. A registration may hold several trials, and
    a trial several reports: `cohort` is where the tables say so.

    Parameters
    ----------
    studies : sequence of Study
    """
    found: dict[tuple[int, int, int], SameStudy] = {}
    for number, column in enumerate(_SHARED):
        groups: dict[tuple[object, ...], list[int]] = {}
        for at, study in enumerate(studies):
            for key in _keys(study, column):
                groups.setdefault(key, []).append(at)
        for key, members in groups.items():
            for one, other in _pairs(members):
                first, second = studies[one], studies[other]
                if first.cohort and first.cohort == second.cohort:
                    continue
                if len(key) > 1 and abs((first.year or 0) - (second.year or 0)) > _YEARS:
                    continue
                found[one, other, number] = SameStudy(first, second, column)
    return tuple(found[place] for place in sorted(found))


def _pairs(members: list[int]) -> Iterator[tuple[int, int]]:
    """All pairs of a group; in a large one each with the next, as all would be millions."""
    return combinations(members, 2) if len(members) <= _LARGE_GROUP else pairwise(members)


def _keys(study: Study, column: str) -> Iterator[tuple[object, ...]]:
    """What two studies have in common that may be one; a label without its year counts with size and year only."""
    value = _plain(getattr(study, column))
    if column != "label":
        if value:
            yield (value,)
        return
    value = value or study.label.casefold()  # letters of another alphabet
    yield (value,)
    if study.year is not None and study.n_randomised is not None:
        yield re.sub(r"(19|20)\d\d[a-z]?", "", value), study.n_randomised


def _plain(text: str) -> str:
    return re.sub(r"[^a-z0-9/.]", "", text.lower().removeprefix("https://doi.org/"))


def _kind(statistic: str) -> str:
    return "score" if statistic in ("baseline", "endpoint") else statistic


def _visit(row: Dichotomous) -> tuple[object, ...]:
    return row.study_id, row.arm_id, row.scale, row.timepoint_h, row.periods, row.ascertainment, row.source_id
