"""Which raw rows concern an analysis, and which of them may be used; if not, why."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from metarepro.analysis.config import Analysis, Arms
from metarepro.effects.registry import get_measure
from metarepro.evidence.dataset import Dataset
from metarepro.evidence.tables import Arm, Choosable, Continuous, Contrast, Dichotomous, Study

ArmRow = Dichotomous | Continuous

ASCERTAINMENT = {
    "point": "outcome rated at a visit",
    "window": "outcome met at any visit of a window, not at one visit",
    "ever": "outcome met at some point of the trial",
    "maintained": "outcome kept by earlier responders, not rated anew",
}
_EXACT_P = re.compile(r"0?\.\d+")


def relevant_rows(analysis: Analysis, data: Dataset) -> Iterable[Choosable]:
    """Chosen rows of the right outcome, scale, statistic and time, of an arm with the right agent."""
    inputs = get_measure(analysis.measure).inputs
    arm_rows: Sequence[ArmRow] = data.continuous if inputs == "two_arm_means" else data.dichotomous
    if analysis.rows != "contrasts":
        for row in arm_rows:
            if not _concerns(analysis, row) or (
                isinstance(row, Continuous) and row.statistic not in analysis.statistic
            ):
                continue
            arm = data.arms[row.study_id, row.arm_id]
            sides = [analysis.experimental, *([analysis.control] if analysis.control else [])]
            if any(arm.agent in side.agent for side in sides):
                yield row
    if analysis.rows != "arms":
        measure = "proportion" if analysis.combine == "compound" else analysis.measure
        for contrast in data.contrasts:
            if contrast.measure != measure or not _concerns(analysis, contrast):
                continue
            if analysis.rows == "contrasts_for_crossover" and data.studies[contrast.study_id].design != "crossover":
                continue
            first = data.arms[contrast.study_id, contrast.experimental_arm]
            second = data.arms.get((contrast.study_id, contrast.control_arm))
            if first.agent in analysis.experimental.agent and (
                analysis.control is None or second is None or second.agent in analysis.control.agent
            ):
                yield contrast


def passed_over(analysis: Analysis, data: Dataset) -> dict[str, tuple[str, tuple[Choosable, ...]]]:
    """Studies with rows of the outcome and the agents, but at no right time, scale or kind: why, and the rows."""
    inputs = get_measure(analysis.measure).inputs
    table: Sequence[ArmRow | Contrast] = data.continuous if inputs == "two_arm_means" else data.dichotomous
    if analysis.rows == "contrasts":
        table = [r for r in data.contrasts if r.measure == analysis.measure]
    if analysis.combine == "compound":
        return {}
    agents = {a for side in (analysis.experimental, analysis.control) if side for a in side.agent}
    found: dict[str, list[tuple[str, Choosable]]] = {}
    for row in table:
        arm = data.arms[row.study_id, row.experimental_arm if isinstance(row, Contrast) else row.arm_id]
        baseline = isinstance(row, Continuous) and row.statistic == "baseline"
        if row.chosen and row.outcome in analysis.outcome and arm.agent in agents and not baseline:
            why = _why_not(analysis, row)
            if why:
                found.setdefault(row.study_id, []).append((why, row))
    return {
        study: (_together(analysis, (why for why, _ in entries)), tuple(row for _, row in entries))
        for study, entries in found.items()
    }


def _why_not(analysis: Analysis, row: ArmRow | Contrast) -> str:
    if analysis.scale and row.scale not in analysis.scale:
        return f"on {row.scale or 'no named scale'}, not on {' or '.join(analysis.scale)}"
    if isinstance(row, Continuous) and row.statistic not in analysis.statistic:
        return f"as {row.statistic}, not as {' or '.join(analysis.statistic)}"
    if isinstance(row, Dichotomous) and analysis.schedule and row.schedule not in ("", analysis.schedule):
        return f"after a {row.schedule}, not a {analysis.schedule}" + (" dose" if analysis.schedule == "single" else "")
    window = analysis.time
    if window is None:
        return ""
    if row.timepoint_h is None:
        return "" if window.undated else "at a time that is not stated"
    return "" if window.low <= row.timepoint_h <= window.high else f"{AT}{row.timepoint_h:g}"


AT = "at hours "


def _together(analysis: Analysis, reasons: Iterable[str]) -> str:
    """Reasons in one phrase, the times of all rows together."""
    told = list(dict.fromkeys(reasons))
    times = [r.removeprefix(AT) for r in told if r.startswith(AT)]
    rest = [r for r in told if not r.startswith(AT)]
    if times and analysis.time is not None:
        window = f"{analysis.time.low:g} to {analysis.time.high:g}"
        rest.insert(0, f"at {', '.join(times)} hours, not from {window}")
    return "; ".join(rest)


def has_both_arms(analysis: Analysis, data: Dataset, study_id: str) -> bool:
    """Whether a study compares the two sides at all; one that does not has no place in the list of exclusions."""
    agents = {arm.agent for arm in data.arms_of.get(study_id, ())}
    sides = (analysis.experimental, analysis.control)
    return all(side is None or agents & set(side.agent) for side in sides)


def _concerns(analysis: Analysis, row: ArmRow | Contrast) -> bool:
    if not row.chosen or row.outcome not in analysis.outcome:
        return False
    if analysis.scale and row.scale not in analysis.scale:
        return False
    if isinstance(row, Dichotomous) and analysis.schedule and row.schedule not in ("", analysis.schedule):
        return False
    window = analysis.time
    if window is None:
        return True
    if row.timepoint_h is None:
        return window.undated
    return window.low <= row.timepoint_h <= window.high


def outside_population(analysis: Analysis, study: Study) -> str:
    """Why a study is outside the population of an analysis; empty when it is inside."""
    p = analysis.population
    if p.studies and study.study_id not in p.studies:
        return "not among the studies named"
    if study.study_id in p.exclude_studies:
        return "left out by name"
    if p.diagnosis and study.diagnosis not in p.diagnosis:
        return f"diagnosis {study.diagnosis or 'not stated'}, not {' or '.join(p.diagnosis)}"
    if p.randomised is not None and study.randomised != p.randomised:
        return "not randomised" if p.randomised else "randomised"
    if p.anaesthesia is not None and study.anaesthesia != p.anaesthesia:
        return "given under general anaesthesia" if study.anaesthesia else "not under general anaesthesia"
    if p.setting and study.setting not in p.setting:
        return f"setting {study.setting}"
    return ""


def is_usable(analysis: Analysis, data: Dataset, row: Choosable, reasons: list[str]) -> bool:
    """Whether a relevant row may be used; if not, the reason is noted."""
    compound = analysis.combine == "compound"
    if isinstance(row, Contrast):
        arm = data.arms[row.study_id, row.experimental_arm]
        sides = [(analysis.experimental, arm)]
        if compound and arm.kind != "step":
            return False
        if analysis.control is not None and (row.study_id, row.control_arm) not in data.arms:
            reasons.append("no control arm: not a comparison")
            return False
    elif isinstance(row, Dichotomous | Continuous):
        arm = data.arms[row.study_id, row.arm_id]
        sides = [(analysis.experimental, arm)] if arm.agent in analysis.experimental.agent else []
        if analysis.control and arm.agent in analysis.control.agent:
            sides = [(analysis.control, arm)]
    for side, an_arm in sides:
        why = _unlike(side, an_arm)
        if why:
            reasons.append(why)
            return False
    if analysis.population.level and row.level not in analysis.population.level:
        reasons.append(f"read in a {row.level} source only")
        return False
    if isinstance(row, Dichotomous):
        if analysis.schedule and row.schedule != analysis.schedule:
            reasons.append("number of doses not stated")
            return False
        if row.ascertainment not in analysis.ascertainment:
            reasons.append(ASCERTAINMENT[row.ascertainment])
            return False
    if not row.poolable and not compound:
        if isinstance(row, Contrast) and analysis.se_from_p and _p_only(row):
            return True
        reasons.append(row.poolable_reason)
        return False
    if isinstance(row, Contrast) and not compound and row.se is None and row.ci_low is None:
        if analysis.se_from_p and _p_only(row):
            return True
        reasons.append("no standard error or interval printed")
        return False
    return True


def _p_only(row: Contrast) -> bool:
    return row.estimate is not None and _EXACT_P.fullmatch(row.p_value) is not None


def _unlike(side: Arms, arm: Arm) -> str:
    if side.route and arm.route and arm.route not in side.route:
        return f"given {arm.route}"
    dose = side.dose_mg_per_kg
    if dose and arm.dose_mg_per_kg is not None and not dose.low <= arm.dose_mg_per_kg <= dose.high:
        return f"dose {arm.dose_mg_per_kg:g} mg/kg"
    return ""
