"""Which rows make the time course of a trial, and why the others do not."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from metarepro.analysis.selection import eligibility
from metarepro.analysis.selection.eligibility import ASCERTAINMENT, ArmRow
from metarepro.errors import DataError, Problem
from metarepro.evidence.dataset import Dataset
from metarepro.evidence.tables import Arm, Continuous, Dichotomous, Study

Periods = Literal["all_periods", "first_period", "first_else_all"]
# Arms whose patients are not all of an arm, or are in other arms too.
_PARTIAL = {"subset": "a subset of an arm", "sequence": "a sequence of treatments", "step": "a step of a ladder"}


@dataclass(frozen=True)
class Wanted:
    """Which rows are asked for."""

    outcome: str
    agents: Mapping[str, str]
    dose: tuple[float, float] | None
    route: tuple[str, ...]
    scale: tuple[str, ...]
    statistics: tuple[str, ...]
    schedule: str
    ascertainment: tuple[str, ...]


def why_not(wanted: Wanted, arm: Arm, row: ArmRow) -> str:
    """Why a row is not shown; empty when it is."""
    if wanted.agents and arm.agent not in wanted.agents:
        return f"another treatment: {arm.agent.replace('_', ' ')}"
    if not row.chosen:
        return "another row of the same quantity is used"
    if isinstance(row, Continuous) and row.statistic not in wanted.statistics:
        return f"as {row.statistic.replace('_', ' ')}"
    if wanted.scale and row.scale not in wanted.scale:
        return f"on {row.scale or 'no named scale'}, not on {' or '.join(wanted.scale)}"
    if arm.role == "experimental":
        low, high = wanted.dose or (-math.inf, math.inf)
        if arm.dose_mg_per_kg is not None and not low <= arm.dose_mg_per_kg <= high:
            return f"dose {arm.dose_mg_per_kg:g} mg/kg"
        if wanted.route and arm.route and arm.route not in wanted.route:
            return f"given {arm.route}"
    if isinstance(row, Dichotomous):
        if wanted.schedule and row.schedule != wanted.schedule:
            words = {"course": "after a course of doses", "single": "after a single dose"}
            return words.get(row.schedule, "number of doses not stated")
        if row.ascertainment not in wanted.ascertainment:
            return ASCERTAINMENT[row.ascertainment]
    if not row.poolable:
        return row.poolable_reason
    if arm.kind in _PARTIAL:
        return _PARTIAL[arm.kind]
    if row.timepoint_h is None and not (isinstance(row, Continuous) and row.statistic == "baseline"):
        return "no time is printed"
    if isinstance(row, Continuous):
        return "" if None not in (row.n, row.mean, row.sd) else "number of patients, mean or SD not read"
    return "number of patients or events not read" if row.total is None or row.events is None else ""


def of_periods(study: Study, rows: list[ArmRow], crossover: Periods) -> tuple[list[ArmRow], list[ArmRow], str]:
    """Rows of the periods that count in a crossover trial, the others, and why not these."""
    kept, others = eligibility.of_periods(study, rows, crossover)
    if others and others[0].periods == "first":
        return kept, others, "crossover, first period; all periods are shown, if they were read"
    return kept, others, "crossover, all periods; the first is shown, if it was read"


def of_one_scale(wanted: Wanted, rows: list[ArmRow]) -> tuple[list[ArmRow], list[ArmRow], str]:
    """Rows on the preferred scale that the trial has an experimental or control row of."""
    here = [s for s in wanted.scale if any(r.scale == s for r in rows)]
    if not here:
        return rows, [], ""
    others = [r for r in rows if r.scale != here[0]]
    return [r for r in rows if r.scale == here[0]], others, f"the trial is shown on {here[0]}"


def without_sums(data: Dataset, rows: list[ArmRow]) -> tuple[list[ArmRow], list[ArmRow]]:
    """Take out arms pooled from arms with the same agent that have rows themselves."""
    arms = {r.arm_id: data.arms[r.study_id, r.arm_id] for r in rows}
    whole = {a.agent for a in arms.values() if a.kind == "whole"}
    sums = {n for n, a in arms.items() if a.kind == "pooled" and a.agent in whole}
    return [r for r in rows if r.arm_id not in sums], [r for r in rows if r.arm_id in sums]


def refuse_repeats(study: Study, rows: list[ArmRow]) -> None:
    """Two rows of an arm at a time, or several scales in a trial, would be drawn as one course."""
    scales = {r.scale for r in rows}
    seen: dict[tuple[str, float], ArmRow] = {}
    for row in rows:
        key = (row.arm_id, hours_of(row))
        if key in seen or len(scales) > 1:
            listed = "; ".join(
                f"{r.arm_id}, scale {r.scale or '(none)'}, {hours_of(r):g} h, line {r.line}" for r in rows
            )
            fix = "Fix: name one scale under `scale`; or give rows for one quantity a conflict id and choose one."
            what = f"{study.label} has several rows that could be its course"
            raise DataError([Problem("E031", what, row.file, row.line, details=(f"rows: {listed}", fix))])
        seen[key] = row


def hours_of(row: ArmRow) -> float:
    """Hours after the dose; 0 for a baseline without a time."""
    return 0.0 if row.timepoint_h is None else float(row.timepoint_h)
