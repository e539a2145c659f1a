"""Time courses by trial: each arm's proportion or mean over the hours after the dose, from the raw rows."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from metarepro.analysis.provenance import provenance
from metarepro.analysis.result import Provenance
from metarepro.analysis.selection.eligibility import ASCERTAINMENT, ArmRow
from metarepro.analysis.time_course_rows import (
    Periods,
    Wanted,
    hours_of,
    of_one_scale,
    of_periods,
    refuse_repeats,
    why_not,
    without_sums,
)
from metarepro.effects.levels import check_level
from metarepro.effects.proportions import proportion_interval
from metarepro.errors import ConfigError
from metarepro.evidence.dataset import Dataset
from metarepro.evidence.tables import Arm, Continuous, Dichotomous, Study
from metarepro.pooling.inference import quantile
from metarepro.records import Number

Kind = Literal["dichotomous", "continuous"]
Order = Literal["year", "label", "patients", "table"]
_STATISTICS = {"endpoint": ("baseline", "endpoint"), "change": ("change",), "percent_change": ("percent_change",)}


@dataclass(frozen=True)
class TimePoint:
    """One arm at one time.

    Attributes
    ----------
    hours : float
        After the dose.
    total : int
        Patients rated.
    events : int or None
        Patients with the event; None for means.
    sd : float
        Of the means; NaN for proportions.
    estimate, ci_low, ci_high : float
        Proportion with Wilson's interval, or mean with t interval of SD / sqrt(n), n - 1 df.
    level : str
        ``primary``, or ``secondary``: read in another report than the study's own.
    provenance : Provenance
    remark : str
        What the row says a reader should know, such as a count that cannot be.
    """

    hours: Number
    total: int
    events: int | None
    sd: Number
    estimate: Number
    ci_low: Number
    ci_high: Number
    level: str
    provenance: Provenance
    remark: str = ""


@dataclass(frozen=True)
class ArmCourse:
    """One arm of a trial, its points in order of time. `role` is ``experimental`` or ``control``."""

    arm_id: str
    label: str
    agent: str
    role: str
    points: tuple[TimePoint, ...]


@dataclass(frozen=True)
class TrialCourse:
    """One trial, its arms as in the tables, experimental first; `cohort` names patients shared with other trials."""

    study_id: str
    label: str
    year: int | None
    scale: str
    crossover: bool
    cohort: str
    arms: tuple[ArmCourse, ...]


@dataclass(frozen=True)
class NotShown:
    """Rows of one study that were left out, and why."""

    study_id: str
    label: str
    reason: str
    rows: tuple[Provenance, ...]


@dataclass(frozen=True)
class TimeCourses:
    """Result of `time_courses`; `left_out` has every row of the outcome that is not shown."""

    outcome: str
    kind: Kind
    statistic: str
    schedule: str
    ascertainment: tuple[str, ...]
    crossover: Periods
    order: Order
    level: Number
    trials: tuple[TrialCourse, ...]
    left_out: tuple[NotShown, ...]


def time_courses(
    data: Dataset, outcome: str, *, kind: Kind = "dichotomous", agents: Mapping[str, str] | Sequence[str] = (),
    dose_mg_per_kg: tuple[float, float] | None = None, route: Sequence[str] = (), scale: Sequence[str] = (),
    statistic: Literal["endpoint", "change", "percent_change"] = "endpoint",
    schedule: Literal["single", "course", ""] = "single", ascertainment: Sequence[str] = ("point",),
    crossover: Periods = "all_periods", order: Order = "year", level: float = 0.95,
) -> TimeCourses:  # fmt: skip
    """Courses of one outcome by trial and arm, and what was left out.

    Parameters
    ----------
    data : Dataset
    outcome : str
        A word of the column `outcome`.
    kind : {'dichotomous', 'continuous'}
        Proportions from the table of counts, or means.
    agents : mapping of str to str, or sequence of str
        Words of the column `agent` to show, with their names for readers; all agents by default.
    dose_mg_per_kg : (low, high), optional
        Doses of experimental arms; arms without a printed dose pass.
    route : sequence of str
        Routes of experimental arms; arms without a printed route pass; any by default.
    scale : sequence of str
        Rating scales, preferred first; a trial is shown on the first that it has. Needed where a trial has several.
    statistic : str
        What the means are: scores (baseline and endpoint), or changes.
    schedule : str
        After a single dose or a course of doses; '' for either. Counts only.
    ascertainment : sequence of str
        How the outcome was met: at the visit (`point`), at some visit of a window, ever, kept by responders.
    crossover : str
        All periods of crossover trials, the first only, or the first where it was read.
    order : {'year', 'label', 'patients', 'table'}
        Of the trials: by year then name, by name, the most patients first, as in the table.
    level : float
        Of the intervals.

    Returns
    -------
    TimeCourses

    Raises
    ------
    DataError
        E031: a trial has several rows for one arm and time.
    ConfigError
        An option that does not exist.

    Notes
    -----
    Only rows that are chosen and poolable are used. A trial is shown if an experimental arm of it is; an arm that is
    a subset of another, or pooled from arms that are shown, is not. When not to use: to compare trials at a time,
    which needs a model (`run_analysis`); patients who drop out between two times make a course look better.

    References
    ----------
    Wilson 1927, doi:10.1080/01621459.1927.10502953.
    """
    check_level(level)
    for name, value, allowed in (
        ("kind", kind, ("dichotomous", "continuous")), ("order", order, ("year", "label", "patients", "table")),
        ("statistic", statistic, tuple(_STATISTICS)), ("schedule", schedule, ("single", "course", "")),
        ("crossover", crossover, ("all_periods", "first_period", "first_else_all")),
        *(("ascertainment", a, tuple(ASCERTAINMENT)) for a in ascertainment),
    ):  # fmt: skip
        if value not in allowed:
            raise ConfigError(f"{name} = {value!r} is none of: {', '.join(a or repr(a) for a in allowed)}.")
    named = dict(agents) if isinstance(agents, Mapping) else {a: a for a in agents}
    wanted = Wanted(
        outcome, named, dose_mg_per_kg, tuple(route), tuple(scale), _STATISTICS[statistic], schedule,
        tuple(ascertainment),
    )  # fmt: skip
    table: Sequence[ArmRow] = data.dichotomous if kind == "dichotomous" else data.continuous
    by_study: dict[str, list[ArmRow]] = {}
    for row in table:
        if row.outcome == outcome:
            by_study.setdefault(row.study_id, []).append(row)
    if not by_study:
        known = ", ".join(sorted({r.outcome for r in table})) or "none"
        raise ConfigError(f"No row of the table {kind} has the outcome {outcome!r}. Outcomes: {known}.")
    trials: list[TrialCourse] = []
    left: list[NotShown] = []
    for study_id, study in data.studies.items():
        if study_id in by_study:
            shown, why = _one_trial(wanted, data, study, by_study[study_id], crossover, level)
            if shown:
                trials.append(shown)
            left += why
    return TimeCourses(
        outcome, kind, statistic if kind == "continuous" else "", schedule if kind == "dichotomous" else "",
        tuple(ascertainment) if kind == "dichotomous" else (), crossover, order, level, tuple(_in_order(trials, order)),
        tuple(left),
    )  # fmt: skip


def _in_order(trials: list[TrialCourse], order: Order) -> list[TrialCourse]:
    def patients(trial: TrialCourse) -> int:
        return sum(max(p.total for p in arm.points) for arm in trial.arms)

    if order == "table":
        return trials
    if order == "patients":
        return sorted(trials, key=lambda t: (-patients(t), t.label.casefold()))
    return sorted(trials, key=lambda t: (t.year or 9999 if order == "year" else 0, t.label.casefold()))


def _one_trial(
    wanted: Wanted, data: Dataset, study: Study, rows: list[ArmRow], crossover: Periods, level: float
) -> tuple[TrialCourse | None, list[NotShown]]:
    why: dict[str, list[ArmRow]] = {}

    def drop(some: Sequence[ArmRow], reason: str) -> None:
        if some:
            why.setdefault(reason, []).extend(some)

    used: list[ArmRow] = []
    for row in rows:
        reason = why_not(wanted, data.arms[row.study_id, row.arm_id], row)
        if reason:
            drop([row], reason)
        else:
            used.append(row)
    used, others, reason = of_periods(study, used, crossover)
    drop(others, reason)
    used, others, reason = of_one_scale(wanted, used)
    drop(others, reason)
    used, others = without_sums(data, used)
    drop(others, "pooled from arms that are shown")
    if used and not any(data.arms[r.study_id, r.arm_id].role == "experimental" for r in used):
        drop(used, "only the control arm has numbers to show")
        used = []
    elif used and all(isinstance(r, Continuous) and r.statistic == "baseline" for r in used):
        drop(used, "only numbers from before the treatment")
        used = []
    left = [NotShown(study.study_id, study.label, r, tuple(provenance(x) for x in some)) for r, some in why.items()]
    if not used:
        return None, left
    refuse_repeats(study, used)
    arms = _arms(wanted, data, used, level)
    cohort = study.cohort if study.overlap != "none" else ""
    return TrialCourse(
        study.study_id, study.label, study.year, used[0].scale, study.design == "crossover", cohort, arms
    ), left  # fmt: skip


def _arms(wanted: Wanted, data: Dataset, rows: list[ArmRow], level: float) -> tuple[ArmCourse, ...]:
    by_arm: dict[str, list[ArmRow]] = {}
    for row in rows:
        by_arm.setdefault(row.arm_id, []).append(row)
    found = []
    for arm_id, own in by_arm.items():
        arm = data.arms[own[0].study_id, arm_id]
        points = tuple(sorted((_point(r, level) for r in own), key=lambda p: p.hours))
        found.append(ArmCourse(arm_id, wanted.agents.get(arm.agent, arm.agent), arm.agent, arm.role, points))
    found.sort(key=lambda a: a.role != "experimental")
    return tuple(_told_apart(found, {n: data.arms[rows[0].study_id, n] for n in by_arm}))


def _told_apart(courses: list[ArmCourse], arms: Mapping[str, Arm]) -> list[ArmCourse]:
    """Arms of one agent get their dose to their name, or what was given as reported, or their id."""

    def dose(course: ArmCourse) -> str:
        known = arms[course.arm_id].dose_mg_per_kg
        return course.label if known is None else f"{course.label} {known:g} mg/kg"

    ways: tuple[Callable[[ArmCourse], str], ...] = (
        dose, lambda c: arms[c.arm_id].drug or c.label, lambda c: f"{c.label} ({c.arm_id})",
    )  # fmt: skip
    labels = [c.label for c in courses]
    found = list(courses)
    for label in {n for n in labels if labels.count(n) > 1}:
        alike = [i for i, n in enumerate(labels) if n == label]
        names = next(
            (new for way in ways if len(set(new := [way(courses[i]) for i in alike])) == len(alike)),
            [label] * len(alike),
        )
        for i, name in zip(alike, names, strict=True):
            found[i] = replace(courses[i], label=name)
    return found


def _point(row: ArmRow, level: float) -> TimePoint:
    if isinstance(row, Dichotomous):
        assert row.events is not None and row.total is not None
        low, high = proportion_interval(np.array([row.events]), np.array([row.total]), level)
        return TimePoint(
            hours_of(row), row.total, row.events, math.nan, row.events / row.total, float(low[0]), float(high[0]),
            row.level, provenance(row), row.remark,
        )  # fmt: skip
    assert row.n is not None and row.mean is not None and row.sd is not None
    half = float(quantile((1 + level) / 2, np.array(row.n - 1.0))) * row.sd / math.sqrt(row.n)
    return TimePoint(
        hours_of(row), row.n, None, row.sd, row.mean, row.mean - half, row.mean + half, row.level, provenance(row),
        row.remark,
    )  # fmt: skip
