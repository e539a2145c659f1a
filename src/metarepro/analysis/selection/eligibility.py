"""Which rows concern an analysis, and why some of them are not used."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from itertools import chain

from metarepro.analysis.columns import cells_of, is_one_of, words_of
from metarepro.analysis.config import Analysis, Arms
from metarepro.analysis.selection.numbers import numbers_of
from metarepro.effects.registry import ARM_TABLES, get_measure
from metarepro.evidence.dataset import Dataset
from metarepro.evidence.tables import Arm, ComparisonRow, Continuous, Contrast, Dichotomous, Study

ArmRow = Dichotomous | Continuous
OutcomeRow = ArmRow | Contrast

ASCERTAINMENT = {
    "point": "outcome rated at a visit",
    "window": "outcome met at any visit of a window, not at one visit",
    "ever": "outcome met at some point of the trial",
    "maintained": "outcome kept by earlier responders, not rated anew",
}
# By code of `rows`: the kinds of rows that count, preferred first, and of which studies printed effects do.
ROWS: dict[str, tuple[tuple[str, ...], Callable[[Study], bool]]] = {
    "arms": (("arms",), lambda study: False),
    "comparisons": (("comparisons",), lambda study: False),
    "contrasts": (("contrasts",), lambda study: True),
    "contrasts_for_crossover": (("contrasts", "arms"), lambda study: study.design == "crossover"),
}
# By code of `crossover`: whether rows of the first period count or the others, given whether there are such rows.
FIRST_PERIOD: dict[str, Callable[[bool], bool]] = {
    "all_periods": lambda has_first: False,
    "first_period": lambda has_first: True,
    "first_else_all": lambda has_first: has_first,
}
OTHER_TIME = "at another time"
_EXACT_P = re.compile(r"0?\.\d+")


def kinds_of(analysis: Analysis) -> tuple[str, ...]:
    """Kinds of rows that count in an analysis, preferred first."""
    return tuple(dict.fromkeys(kind for code in analysis.rows for kind in ROWS[code][0]))


def kind_of(row: OutcomeRow) -> str:
    """The kind of a row: `arms`, `comparisons` or `contrasts`."""
    return row.table if row.table in ("comparisons", "contrasts") else "arms"


def rows_of(analysis: Analysis, data: Dataset, steps: bool = False) -> dict[str, list[OutcomeRow]]:
    """Chosen rows of the outcome and the agents of an analysis by study, whatever their time, scale or quality.

    With `steps` only rows of arms that are steps of a treatment ladder.
    """
    kinds, inputs = kinds_of(analysis), get_measure(analysis.measure).inputs
    tables: dict[str, Sequence[ArmRow]] = {"dichotomous": data.dichotomous, "continuous": data.continuous}
    of_arms = tables.get(ARM_TABLES.get(inputs, ""), ())
    rows: list[OutcomeRow] = [*of_arms] if "arms" in kinds else []
    rows += [r for r in data.contrasts if r.measure == _printed_as(analysis) and _is_published(analysis, data, r)]
    rows += data.comparisons if "comparisons" in kinds else ()
    found: dict[str, list[OutcomeRow]] = {}
    for row in rows:
        if _concerns(analysis, data, row, steps):
            found.setdefault(row.study_id, []).append(row)
    return found


def other_rows(analysis: Analysis, data: Dataset) -> dict[str, list[OutcomeRow]]:
    """Rows of the outcome and the agents that cannot be used as they are of another kind or measure, by study."""
    found: dict[str, list[OutcomeRow]] = {}
    for row in chain.from_iterable(
        data.rows_of_outcome.get(outcome, ()) for outcome in dict.fromkeys(analysis.outcome)
    ):
        # A printed share is no comparison, and an effect between arms no share.
        share = isinstance(row, Contrast) and row.measure == "proportion"
        if share != (analysis.one_arm and isinstance(row, Contrast)) or not _concerns(analysis, data, row):
            continue
        found.setdefault(row.study_id, []).append(row)
    return found


def why_other(analysis: Analysis, row: OutcomeRow) -> str:
    """Why a row is of no use for an analysis: what it gives instead, or where it stands."""
    kind, kinds = kind_of(row), kinds_of(analysis)
    if isinstance(row, ComparisonRow):
        return f"{numbers_of(row, get_measure(analysis.measure)).why or 'numbers'} in comparisons"
    if isinstance(row, Contrast):
        given, fits = f"printed as {row.measure}", row.measure == _printed_as(analysis)
    else:
        given = "counts by arm" if isinstance(row, Dichotomous) else "means by arm"
        fits = ARM_TABLES.get(get_measure(analysis.measure).inputs) == row.table
    return f"{given} only" + (f"; the analysis does not use {kind}" if fits and kind not in kinds else "")


def _printed_as(analysis: Analysis) -> str:
    return "proportion" if get_measure(analysis.measure).inputs == "one_arm_counts" else analysis.measure


def _is_published(analysis: Analysis, data: Dataset, row: Contrast) -> bool:
    return any(ROWS[code][1](data.studies[row.study_id]) for code in analysis.rows)


def _concerns(analysis: Analysis, data: Dataset, row: OutcomeRow, steps: bool = False) -> bool:
    """Whether a row is chosen, of the outcome, and of the agents of an analysis."""
    if not row.chosen or row.outcome not in analysis.outcome:
        return False
    if isinstance(row, Continuous) and row.statistic == "baseline":
        return False
    first, second = arms_of(data, row)
    one, two = analysis.experimental, analysis.control
    if isinstance(row, Contrast):
        compared = two is None or second is None or of_agents(two, second, "control", row)
        concerns = of_agents(one, first, "experimental", row) and compared
    else:
        concerns = of_agents(one, first, "experimental") or (two is not None and of_agents(two, first, "control"))
    return concerns and (not steps or first.kind == "step")


def of_agents(side: Arms, arm: Arm, role: str, row: OutcomeRow | None = None) -> bool:
    """Whether an arm has an agent of a side; where the side names none, whether it has the role of that side.

    The arms of a row that holds both have their roles by their places in it.
    """
    if side.agent:
        return arm.agent in side.agent
    return row is not None or arm.role == role or (not arm.role and role == "experimental")


def arms_of(data: Dataset, row: OutcomeRow) -> tuple[Arm, Arm | None]:
    """The arm of a row; of a contrast the experimental one and, if it has one, the control."""
    if isinstance(row, Contrast):
        return data.arms[row.study_id, row.experimental_arm], data.arms.get((row.study_id, row.control_arm))
    return data.arms[row.study_id, row.arm_id], None


def compares(analysis: Analysis, data: Dataset, study_id: str) -> bool:
    """Whether a study compares the two sides at all; one that does not has no place in the list of exclusions."""
    arms = data.arms_of.get(study_id, ())
    if analysis.control is None:
        return True
    sides = (("experimental", analysis.experimental), ("control", analysis.control))
    return all(any(of_agents(side, arm, role) for arm in arms) for role, side in sides)


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


def outside_filters(analysis: Analysis, data: Dataset, row: OutcomeRow) -> str:
    """Why a row is outside the filters `where` of an analysis; empty when it is inside."""
    for name, wanted in analysis.population.where.items():
        cells = cells_of(name, [row], [arms_of(data, row)[0]], data.studies[row.study_id])
        if not any(is_one_of(cell, wanted) for cell in cells):
            return f"{name}: {words_of(cells) or 'not stated'}, not {words_of(wanted)}"
    return ""


def why_elsewhere(analysis: Analysis, row: OutcomeRow) -> str:
    """Why a row is not of the time, scale and kind of an analysis; empty when it is."""
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
    return "" if window.low <= row.timepoint_h <= window.high else OTHER_TIME


def told_elsewhere(analysis: Analysis, rows: Iterable[OutcomeRow]) -> str:
    """In one phrase why none of some rows is of the time, scale and kind of an analysis."""
    why = [(why_elsewhere(analysis, row), row) for row in rows]
    reasons = in_order((reason, row) for reason, row in why if reason != OTHER_TIME)
    times = sorted({r.timepoint_h for reason, r in why if reason == OTHER_TIME and r.timepoint_h is not None})
    if times and analysis.time is not None:
        window = f"{analysis.time.low:g} to {analysis.time.high:g}"
        reasons.insert(0, f"at {', '.join(f'{t:g}' for t in times)} hours, not from {window}")
    return f"only {'; '.join(reasons)}"


def in_order(reasons: Iterable[tuple[str, OutcomeRow]]) -> list[str]:
    """Each reason why rows are not used once, that of the most patients first, then in the order of the alphabet."""
    patients: Counter[str] = Counter()
    for reason, row in reasons:
        patients[reason] += int((row.total if isinstance(row, Dichotomous) else row.n) or 0)
    return sorted(patients, key=lambda reason: (-patients[reason], reason))


def why_unusable(analysis: Analysis, data: Dataset, row: OutcomeRow, steps: bool = False) -> str:
    """Why a row of the right time, scale and kind cannot be used; empty when it can.

    Published rates of steps (`steps`) are compounded, not pooled, so they need neither be fit for pooling nor have an
    error.
    """
    if isinstance(row, Contrast) and analysis.control is not None and arms_of(data, row)[1] is None:
        return "no control arm: not a comparison"
    if outside := outside_filters(analysis, data, row):
        return outside
    if unlike := _unlike_sides(analysis, data, row):
        return unlike
    if analysis.population.level and row.level not in analysis.population.level:
        return f"read in a {row.level} source only"
    if isinstance(row, Dichotomous):
        if analysis.schedule and row.schedule != analysis.schedule:
            return "number of doses not stated"
        if row.ascertainment not in analysis.ascertainment:
            return ASCERTAINMENT[row.ascertainment]
    if isinstance(row, ComparisonRow):
        return row.poolable_reason if not row.poolable else numbers_of(row, get_measure(analysis.measure)).why
    if isinstance(row, Contrast) and row.estimate is None:
        return row.poolable_reason or "no estimate printed"
    if isinstance(row, Contrast) and (steps or (analysis.se_from_p and has_exact_p(row))):
        return ""
    if not row.poolable:
        return row.poolable_reason
    if isinstance(row, Contrast):
        if row.se is None and (row.ci_low is None or row.ci_high is None):
            one_end = (row.ci_low is None) != (row.ci_high is None)
            return "only one end of the interval printed" if one_end else "no standard error or interval printed"
        return ""
    needed = {"events": "total"} if isinstance(row, Dichotomous) else {"mean": "", "sd": "", "n": ""}
    missing = [n for pair in needed.items() for n in pair if n and getattr(row, n) is None]
    return f"{' and '.join(missing)} not given" if missing else ""


def _unlike_sides(analysis: Analysis, data: Dataset, row: OutcomeRow) -> str:
    """Why the arms of a row are not those of the analysis: both of a contrast, one side for the row of an arm."""
    first, second = arms_of(data, row)
    of_both = isinstance(row, Contrast)
    sides = ((analysis.experimental, first), (analysis.control, second if of_both else first))
    roles = ("experimental", "control")
    found = [
        _unlike(side, arm)
        for role, (side, arm) in zip(roles, sides, strict=True)
        if side and arm and of_agents(side, arm, role, row if of_both else None)
    ]
    return max(found, key=bool) if found and (of_both or all(found)) else ""


def _unlike(side: Arms, arm: Arm) -> str:
    if side.route and arm.route and arm.route not in side.route:
        return f"given {arm.route}"
    dose = side.dose_mg_per_kg
    if dose and arm.dose_mg_per_kg is not None and not dose.low <= arm.dose_mg_per_kg <= dose.high:
        return f"dose {arm.dose_mg_per_kg:g} mg/kg"
    return ""


def is_of_side(side: Arms | None, arm: Arm, role: str) -> bool:
    """Whether an arm is one of a side of an analysis."""
    return side is not None and of_agents(side, arm, role) and not _unlike(side, arm)


def has_exact_p(row: Contrast) -> bool:
    """Whether the p-value of a contrast is printed as a number, not as a bound."""
    return _EXACT_P.fullmatch(row.p_value) is not None


def of_periods(study: Study, rows: Sequence[ArmRow], crossover: str) -> tuple[list[ArmRow], list[ArmRow]]:
    """Rows of the periods that count in a crossover trial, and the others."""
    if study.design != "crossover":
        return list(rows), []
    first = [r for r in rows if r.periods == "first"]
    every = [r for r in rows if r.periods != "first"]
    return (first, every) if FIRST_PERIOD[crossover](bool(first)) else (every, first)
