"""Which rows an analysis uses, and why it does not use the others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from metarepro.analysis.config import Analysis
from metarepro.analysis.eligibility import (
    ArmRow,
    has_both_arms,
    is_usable,
    outside_population,
    passed_over,
    relevant_rows,
)
from metarepro.errors import DataError, Problem
from metarepro.evidence.dataset import Dataset
from metarepro.evidence.integrity.scales import find_scale
from metarepro.evidence.tables import Arm, Choosable, Continuous, Contrast, Dichotomous, Study


@dataclass(frozen=True)
class Comparison:
    """One study's numbers for an analysis.

    Attributes
    ----------
    study : Study
    group : str
        Subgroup level; empty without subgroups.
    label_suffix : str
        What tells two comparisons of one study apart; empty for one.
    inputs : dict
        Keyword columns of `effect_sizes`: e1, n1, ... or estimate with se, ci_low, ci_high or p_value.
    kind : str
        ``counts``, ``means`` or ``contrast``.
    rows : tuple of row
        The raw rows used, experimental first.
    participants : int or None
        Patients behind it; None when not read.
    control_agent : str
    notes : tuple of str
    """

    study: Study
    group: str
    label_suffix: str
    inputs: dict[str, float]
    kind: str
    rows: tuple[Choosable, ...]
    participants: int | None
    control_agent: str
    notes: tuple[str, ...]

    @property
    def level(self) -> str:
        """`primary` when every row is."""
        return "primary" if all(r.level == "primary" for r in self.rows) else "secondary"


@dataclass(frozen=True)
class Exclusion:
    """A study that had rows for the analysis, and why they were not used.

    `elsewhere` if none of them is of the analysis's time, scale and kind.
    """

    study: Study
    reason: str
    rows: tuple[Choosable, ...]
    elsewhere: bool = False


@dataclass(frozen=True)
class Selection:
    """Comparisons used and studies left out, both in the order of the configuration."""

    comparisons: tuple[Comparison, ...]
    exclusions: tuple[Exclusion, ...]

    def rows(self) -> list[Choosable]:
        """Every raw row that the analysis shows, used or not."""
        found = [r for c in self.comparisons for r in c.rows]
        return found + [r for e in self.exclusions for r in e.rows]


def select(analysis: Analysis, data: Dataset) -> Selection:
    """Select one comparison a study (or a reason why not), then one study a cohort."""
    by_study: dict[str, list[Choosable]] = {}
    for row in relevant_rows(analysis, data):
        by_study.setdefault(row.study_id, []).append(row)  # type: ignore[attr-defined]
    used: list[Comparison] = []
    left: list[Exclusion] = []
    others = passed_over(analysis, data)
    for study_id, study in data.studies.items():
        if study_id not in by_study:
            both = analysis.control is None or has_both_arms(analysis, data, study_id)
            if study_id in others and both and not outside_population(analysis, study):
                why, passed = others[study_id]
                left.append(Exclusion(study, f"only {why}", passed, elsewhere=True))
            continue
        rows = by_study[study_id]
        if analysis.control is not None and not has_both_arms(analysis, data, study_id):
            continue
        outside = outside_population(analysis, study)
        if outside:
            left.append(Exclusion(study, outside, tuple(rows)))
            continue
        found, reasons = _comparisons(analysis, data, study, rows)
        if found:
            used += found
        elif reasons:
            left.append(Exclusion(study, "; ".join(dict.fromkeys(reasons)), tuple(rows)))
    if analysis.overlap == "one_per_cohort" and analysis.combine == "pool":
        used, overlapping = _one_per_cohort(used)
        left += overlapping
    if analysis.combine == "pool":
        used = sorted(used, key=_order)
    if analysis.measure == "MD" and analysis.combine == "pool":
        _one_scale(analysis, used)
    return Selection(tuple(used), tuple(sorted(left, key=lambda e: _study_order(e.study))))


def _one_scale(analysis: Analysis, used: Sequence[Comparison]) -> None:
    """Refuse to average points of one scale with points of another."""
    scales: dict[str, Choosable] = {}
    for row in (r for c in used for r in c.rows):
        name = str(getattr(row, "scale", ""))
        known = find_scale(name)
        if name:
            scales.setdefault(known.name if known else name, row)
    if len(scales) > 1:
        first = next(iter(scales.values()))
        lines = [f"{name}: {row.file}, line {row.line}" for name, row in scales.items()]
        what = f"analysis {analysis.id!r} would pool mean differences of {len(scales)} scales"
        fix = "Fix: measure: SMD; or name one scale under `scale` of the analysis."
        raise DataError([Problem("E039", what, first.file, first.line, details=(*lines, fix))])


def _study_order(study: Study) -> tuple[int, str]:
    return (study.year or 9999, study.label.casefold())


def _order(comparison: Comparison) -> tuple[int, str, str]:
    return (*_study_order(comparison.study), comparison.label_suffix)


# -- one study -> comparisons ------------------------------------------------------------------------------------


def _comparisons(
    analysis: Analysis, data: Dataset, study: Study, rows: list[Choosable]
) -> tuple[list[Comparison], list[str]]:
    """The study's comparison, or the reasons why it has none."""
    reasons: list[str] = []
    contrasts = [r for r in rows if isinstance(r, Contrast) and is_usable(analysis, data, r, reasons)]
    if contrasts:
        if analysis.combine == "compound":
            return [_contrast(analysis, data, study, r) for r in contrasts], []
        return [_contrast(analysis, data, study, _nearest(analysis, contrasts)[0])], []
    fit = [r for r in rows if not isinstance(r, Contrast) and is_usable(analysis, data, r, reasons)]
    arm_rows: list[ArmRow] = [r for r in fit if isinstance(r, Dichotomous | Continuous)]
    arm_rows = _periods(analysis, study, arm_rows, reasons)
    first = [r for r in arm_rows if data.arms[r.study_id, r.arm_id].agent in analysis.experimental.agent]
    if analysis.control is None:
        if not first:
            return [], reasons
        nearest = [r for r in _nearest(analysis, first) if not isinstance(r, Contrast)]
        return [_one_arm(analysis, data, study, _one_visit(analysis, study, nearest))], []
    second = [r for r in arm_rows if data.arms[r.study_id, r.arm_id].agent in analysis.control.agent]
    controlled = {_visit(c) for c in second}
    paired = [r for r in first if _visit(r) in controlled]
    if not paired:
        if first and not reasons:
            reasons.append("no control row for the same outcome and time")
        if second and not first and not reasons:
            reasons.append("no experimental row for the same outcome and time")
        return [], reasons
    chosen = _one_visit(analysis, study, [r for r in _nearest(analysis, paired) if not isinstance(r, Contrast)])
    controls = _one_visit(analysis, study, [c for c in second if _visit(c) == _visit(chosen[0])])
    if {r.arm_id for r in chosen} & {c.arm_id for c in controls}:
        return [], ["the experimental and the control arm are the same arm"]
    return [_two_arm(analysis, data, study, chosen, controls)], []


def _visit(row: ArmRow) -> tuple[object, ...]:
    statistic = row.statistic if isinstance(row, Continuous) else ""
    return (row.outcome, row.scale, statistic, row.timepoint_h, row.periods)


def _periods(analysis: Analysis, study: Study, rows: list[ArmRow], reasons: list[str]) -> list[ArmRow]:
    if study.design != "crossover":
        return rows
    firsts = [r for r in rows if r.periods == "first"]
    alls = [r for r in rows if r.periods != "first"]
    if analysis.crossover == "all_periods":
        return alls
    if analysis.crossover == "first_period":
        if alls and not firsts:
            reasons.append("crossover with counts for all periods only")
        return firsts
    return firsts or alls


def _nearest(analysis: Analysis, rows: Sequence[ArmRow | Contrast]) -> list[ArmRow | Contrast]:
    """Rows of the visit that counts: outcome preferred first, then time nearest to the target, then the earlier."""
    target = analysis.time.target if analysis.time else None

    def rank(row: ArmRow | Contrast) -> tuple[int, int, float, float]:
        time = row.timepoint_h if row.timepoint_h is not None else float("inf")
        statistic = analysis.statistic.index(row.statistic) if isinstance(row, Continuous) else 0
        distance = abs(time - target) if target is not None and time != float("inf") else time
        return (analysis.outcome.index(row.outcome), statistic, distance, time)

    best = min(map(rank, rows))
    return [r for r in rows if rank(r) == best]


def _one_visit(analysis: Analysis, study: Study, rows: list[ArmRow]) -> list[ArmRow]:
    """Rows of one scale; several scales of the same patients must never be added up like arms."""
    arms = [r.arm_id for r in rows]
    if len({_visit(r) for r in rows}) > 1 or len(set(arms)) < len(arms):
        first = rows[0]
        what = f"{study.label} has several rows that fit analysis {analysis.id!r} equally well"
        listed = "; ".join(f"{r.arm_id}, scale {r.scale or '(none)'}, {r.timepoint_h} h, line {r.line}" for r in rows)
        fix = "Fix: name one scale under `scale`; or give rows for one quantity a conflict id and choose one."
        raise DataError([Problem("E031", what, first.file, first.line, details=(f"rows: {listed}", fix))])
    return rows


def _add_up(
    analysis: Analysis, study: Study, rows: Sequence[ArmRow], suffix: str
) -> tuple[dict[str, float], tuple[str, ...]]:
    """Columns of one side; several arms are added up only when the analysis says so."""
    if len(rows) > 1 and analysis.multi_arm == "error":
        first = rows[0]
        arms = ", ".join(r.arm_id for r in rows)
        raise DataError(
            [
                Problem(
                    "E029", f"{study.label} has {len(rows)} arms that fit analysis {analysis.id!r}", first.file,
                    first.line, details=(
                        f"arms: {arms}",
                        "Fix: narrow `dose_mg_per_kg` or `agent` of the analysis, or set multi_arm: combine.",
                    ),
                )
            ]
        )  # fmt: skip
    notes = (f"arms added up: {', '.join(r.arm_id for r in rows)}",) if len(rows) > 1 else ()
    if isinstance(rows[0], Dichotomous):
        events = sum(r.events or 0 for r in rows if isinstance(r, Dichotomous))
        total = sum(r.total or 0 for r in rows if isinstance(r, Dichotomous))
        return {f"e{suffix}": float(events), f"n{suffix}": float(total)}, notes
    means = [r for r in rows if isinstance(r, Continuous)]
    if len(means) == 1:
        only = means[0]
        return {f"m{suffix}": only.mean or 0.0, f"sd{suffix}": only.sd or 0.0, f"n{suffix}": float(only.n or 0)}, notes
    n = sum(r.n or 0 for r in means)
    mean = sum((r.n or 0) * (r.mean or 0.0) for r in means) / n
    # Cochrane Handbook 6.5.2.10: within plus between sums of squares.
    within = sum(((r.n or 0) - 1) * (r.sd or 0.0) ** 2 for r in means)
    between = sum((r.n or 0) * ((r.mean or 0.0) - mean) ** 2 for r in means)
    sd = ((within + between) / (n - 1)) ** 0.5 if n > 1 else 0.0
    return {f"m{suffix}": mean, f"sd{suffix}": sd, f"n{suffix}": float(n)}, notes


def _one_arm(analysis: Analysis, data: Dataset, study: Study, rows: Sequence[ArmRow | Contrast]) -> Comparison:
    arm_rows = [r for r in rows if isinstance(r, Dichotomous)]
    inputs, notes = _add_up(analysis, study, arm_rows, "")
    first = arm_rows[0]
    if study.design == "crossover" and first.periods == "all":
        notes = (*notes, "crossover, all periods")
    notes = (*notes, *_remarks(arm_rows))
    return Comparison(
        study, _group(analysis, data, study, "", first.level), "", inputs, "counts", tuple(arm_rows),
        int(inputs["n"]), "", notes,
    )  # fmt: skip


def _two_arm(
    analysis: Analysis, data: Dataset, study: Study, experimental: Sequence[ArmRow], second: Sequence[ArmRow]
) -> Comparison:
    _not_exchanged(analysis, data, study, [r.arm_id for r in experimental], [r.arm_id for r in second])
    one, notes_one = _add_up(analysis, study, experimental, "1")
    two, notes_two = _add_up(analysis, study, second, "2")
    notes = (*notes_one, *notes_two)
    agent = data.arms[study.study_id, second[0].arm_id].agent
    total = int(one["n1"] + two["n2"])
    if study.design == "crossover":
        if experimental[0].periods == "first":
            notes = (*notes, "crossover, first period")
        else:
            notes = (*notes, "crossover, all periods, analysed as if parallel")
            total = int(max(one["n1"], two["n2"]))
    rows = (*experimental, *second)
    notes = (*notes, *_remarks(rows))
    level = "primary" if all(r.level == "primary" for r in rows) else "secondary"
    kind = "counts" if isinstance(experimental[0], Dichotomous) else "means"
    return Comparison(
        study, _group(analysis, data, study, agent, level), "", {**one, **two}, kind, rows, total, agent, notes
    )


def _not_exchanged(
    analysis: Analysis, data: Dataset, study: Study, experimental: Sequence[str], control: Sequence[str]
) -> None:
    """Refuse arms whose roles in their study are the other way round: the effect would have the other sign."""
    one = [data.arms[study.study_id, arm] for arm in experimental]
    two = [data.arms[study.study_id, arm] for arm in control]
    if all(a.role == "control" for a in one) and all(a.role == "experimental" for a in two):
        first = one[0]
        what = f"analysis {analysis.id!r} compares {study.label} the other way round than the roles of its arms say"
        roles = "; ".join(f"{a.arm_id} ({a.agent}): {a.role}, line {a.line}" for a in (*one, *two))
        fix = "Fix: correct `role`, or exchange `experimental` and `control` of the analysis."
        both = "Where two treatments are compared, both arms are experimental."
        raise DataError([Problem("E045", what, first.file, first.line, details=(f"arms: {roles}", both, fix))])


def _contrast(analysis: Analysis, data: Dataset, study: Study, row: ArmRow | Contrast) -> Comparison:
    assert isinstance(row, Contrast) and row.estimate is not None
    inputs: dict[str, float] = {"estimate": row.estimate}
    notes: tuple[str, ...] = ("within-patient contrast",) if study.design == "crossover" else ()
    if row.se is not None:
        inputs["se"] = row.se
    elif row.ci_low is not None and row.ci_high is not None:
        inputs |= {"ci_low": row.ci_low, "ci_high": row.ci_high, "ci_level": row.ci_level or 95.0}
        notes = (*notes, "standard error from the printed interval")
    elif analysis.combine == "pool":
        inputs["p_value"] = float(row.p_value)
        notes = (*notes, f"standard error from p = {row.p_value}, taken as a normal test")
    notes = (*notes, *_remarks([row]))
    arm = data.arms[study.study_id, row.experimental_arm]
    control = data.arms.get((study.study_id, row.control_arm))
    agent = control.agent if control else ""
    total = _contrast_size(analysis, study, row, arm, control)
    suffix = f"{arm.arm_id} ({arm.drug})" if analysis.combine == "compound" else ""
    return Comparison(
        study, _group(analysis, data, study, agent, row.level), suffix, inputs, "contrast", (row,), total, agent, notes
    )


def _contrast_size(analysis: Analysis, study: Study, row: Contrast, arm: Arm, control: Arm | None) -> int | None:
    """Patients behind a contrast: as printed with it, else from its arms where they leave no doubt."""
    if row.n is not None:
        return row.n
    if analysis.combine == "compound":
        return arm.n_analysed
    one, two = arm.n_analysed, control.n_analysed if control else None
    if one is None or two is None:
        return None
    if study.design == "crossover":
        return one if one == two else None
    return one + two


def _remarks(rows: Sequence[Choosable]) -> tuple[str, ...]:
    """Cautions that the data carry with the rows."""
    return tuple(dict.fromkeys(r.remark for r in rows if r.remark))


def _group(analysis: Analysis, data: Dataset, study: Study, agent: str, level: str) -> str:
    if analysis.subgroups is None:
        return ""
    return {
        "control_agent": agent,
        "setting": study.setting,
        "diagnosis": study.diagnosis or "not stated",
        "design": study.design,
        "level": level,
    }[analysis.subgroups]


def _one_per_cohort(used: list[Comparison]) -> tuple[list[Comparison], list[Exclusion]]:
    """Of studies that share participants, or may, keep the one with the most."""
    keep: dict[str, Comparison] = {}
    for c in used:
        cohort = c.study.cohort or c.study.study_id
        rival = keep.get(cohort)
        if rival is None or (c.participants or 0) > (rival.participants or 0):
            keep[cohort] = c
    left = []
    for c in used:
        winner = keep[c.study.cohort or c.study.study_id]
        if winner is not c:
            sure = {"known": "shares", "presumed": "presumably shares", "possible": "may share"}
            verb = sure.get(c.study.overlap, "may share")
            left.append(
                Exclusion(c.study, f"{verb} patients with {winner.study.label}, which has as many or more", c.rows)
            )
    return [c for c in used if keep[c.study.cohort or c.study.study_id] is c], left
