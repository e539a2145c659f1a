"""Sentences under a figure of time courses, and its text alternative."""

from __future__ import annotations

import math
from collections.abc import Mapping

from metarepro.analysis.time_course import ArmCourse, TimeCourses, TimePoint, TrialCourse
from metarepro.figures.page import numbers as fmt
from metarepro.figures.page.text import clean, counted, hours

DAGGER = "\u2020"
ORDERS = {
    "year": "by year, then by name", "label": "by name", "patients": "the most patients first",
    "table": "as in the table of studies",
}  # fmt: skip
HOW = {
    "point": "rated at the visit", "window": "met at any visit of a window", "ever": "met at some point of the trial",
    "maintained": "kept by earlier responders",
}  # fmt: skip
CROSSOVER = {
    "all_periods": "all their periods", "first_period": "their first period only",
    "first_else_all": "their first period where it was read, else all",
}  # fmt: skip
STATISTICS = {"endpoint": "mean score", "change": "mean change", "percent_change": "mean percent change"}


def outcome_words(courses: TimeCourses, outcome_label: str) -> str:
    """The outcome as readers know it."""
    return clean(outcome_label or courses.outcome.replace("_", " ").capitalize())


def default_title(courses: TimeCourses, outcome_label: str, how: str = " by trial") -> str:
    """Name of a picture that was given none."""
    after = {"single": " after a single dose", "course": " from the start of a course of doses"}
    return f"{outcome_words(courses, outcome_label)} over time{how}{after.get(courses.schedule, '')}"


def y_name(courses: TimeCourses, outcome_label: str) -> str:
    """Words of the upright axis."""
    if courses.kind == "dichotomous":
        return f"{outcome_words(courses, outcome_label)}, % of patients"
    scales = {t.scale for t in courses.trials} - {""}
    scale = f" on {clean(scales.pop())}" if scales else ""
    return f"{outcome_words(courses, outcome_label)}{scale}, {STATISTICS[courses.statistic]}"


def size_words(arm: ArmCourse) -> str:
    """Patients rated: one number, or the range over the visits."""
    sizes = [p.total for p in arm.points]
    low, high = fmt.count(min(sizes)), fmt.count(max(sizes))
    return f"n = {low}" if low == high else f"n = {low} to {high}"


def secondary_words(arm: ArmCourse) -> tuple[str, str]:
    """A dagger for the arm when all its points are secondary; else the times of those that are."""
    marked = [p for p in arm.points if p.level == "secondary"]
    if len(marked) == len(arm.points):
        return DAGGER, ""
    return "", f" ({DAGGER} {', '.join(hours(p.hours) for p in marked)})" if marked else ""


def notes(courses: TimeCourses, spread: bool) -> list[str]:
    """All notes but what was left out."""
    level = f"{100 * courses.level:g}%"
    found = [f"A panel is a trial, {ORDERS[courses.order]}; all panels have the same axes."]
    if courses.kind == "dichotomous":
        how = " or ".join(HOW[a] for a in courses.ascertainment)
        what = f"Point: share of the patients rated (n), outcome {how}; upright line: {level} Wilson interval."
    else:
        what = (
            f"Point: {STATISTICS[courses.statistic]} of the patients rated (n); upright line: {level} t interval from "
            "SD/\u221an, n \u2212 1 df."
        )
    found.append(what)
    marks = "Filled symbols, solid lines: experimental arms; open symbols, dashed lines: control arms. "
    marks += "Lines join the visits of an arm; between them nothing is known."
    if spread:
        marks += (
            " Arms of one visit are set side by side, so that none hides another: their middle is at the time of the "
            "visit, a symbol left or right of it is no earlier or later."
        )
    after = "after the dose" if courses.schedule == "single" else "after the dose, or after the start of the course"
    found.append(marks)
    found.append(
        f"Time {after}, drawn at log(1 + hours/4): early hours have room, and equal distances are not equal times."
    )
    if any(p.level == "secondary" for t in courses.trials for a in t.arms for p in a.points):
        found.append(f"{DAGGER} Read in another report than the study\u2019s own paper or data.")
    if any(t.crossover for t in courses.trials):
        found.append(f"Crossover trials with {CROSSOVER[courses.crossover]}.")
    if remarks := _remarks(courses):
        found.append(f"Remarks on rows that are shown: {remarks}.")
    if shared := _sharing(courses):
        found.append(f"Trials that share patients, or may: {shared}.")
    return found


def _remarks(courses: TimeCourses) -> str:
    """What the rows say a reader should know, by trial, with the visits unless it is said of all."""
    sentences = []
    for trial in courses.trials:
        points = [p for arm in trial.arms for p in arm.points]
        visits: dict[str, set[float]] = {}
        for p in points:
            if remark := clean(p.remark).rstrip("."):
                visits.setdefault(remark, set()).add(p.hours)
        every = {p.hours for p in points}
        said = [
            remark if at == every else f"{remark} ({', '.join(hours(h) for h in sorted(at))})"
            for remark, at in visits.items()
        ]
        if said:
            sentences.append(f"{clean(trial.label)}: {'; '.join(said)}")
    return ". ".join(sentences)


def _sharing(courses: TimeCourses) -> str:
    by_cohort: dict[str, list[str]] = {}
    for trial in courses.trials:
        if trial.cohort:
            by_cohort.setdefault(trial.cohort, []).append(clean(trial.label))
    return "; ".join(f"{', '.join(names[:-1])} and {names[-1]}" for names in by_cohort.values() if len(names) > 1)


def overlay_notes(courses: TimeCourses, unnamed: list[str]) -> list[str]:
    """Notes under all trials in one plot; remarks and what is left out are told in the text alternative."""
    what = "share" if courses.kind == "dichotomous" else STATISTICS[courses.statistic]
    how = f", outcome {' or '.join(HOW[a] for a in courses.ascertainment)}" if courses.kind == "dichotomous" else ""
    after = "the dose" if courses.schedule == "single" else "the dose, or the start of the course"
    first = (
        f"Symbol: {what} of the patients rated{how}; its area follows their number. Lines join the visits of an arm; "
        f"no model stands behind them, and patients and scales differ between trials. Time after {after}, drawn at "
        "log(1 + hours/4). Intervals stand in the figure by trial."
    )
    named = [f"No room beside its line for: {', '.join(unnamed)}."] if unnamed else []
    trials = [clean(t.label) for t in courses.trials if any(p.remark for a in t.arms for p in a.points)]
    remarks = [f"Rows with a remark, told in the figure by trial: {', '.join(trials)}."] if trials else []
    return [first, *named, *remarks]


def left_out_note(courses: TimeCourses) -> str:
    """What was left out, by reason, with the studies."""
    studies: dict[str, list[str]] = {}
    rows = 0
    for item in courses.left_out:
        rows += len(item.rows)
        studies.setdefault(clean(item.reason), []).append(clean(item.label))
    if not studies:
        return ""
    sentences = "; ".join(f"{reason}: {', '.join(dict.fromkeys(names))}" for reason, names in studies.items())
    return f"Not shown, {counted(rows, 'row')} of this outcome. {sentences[0].upper()}{sentences[1:]}."


def point_words(courses: TimeCourses, point: TimePoint) -> str:
    """One point in words."""
    mark = DAGGER if point.level == "secondary" else ""
    if point.events is not None:
        low, high = fmt.fixed(100 * point.ci_low, 0), fmt.fixed(100 * point.ci_high, 0)
        share = fmt.fixed(100 * point.estimate, 0)
        return f"{hours(point.hours)}: {point.events} of {point.total}, {share}% ({low} to {high}%){mark}"
    interval = f" ({fmt.fixed(point.ci_low, 1)} to {fmt.fixed(point.ci_high, 1)})"
    interval = interval if math.isfinite(point.ci_low) and math.isfinite(point.ci_high) else ""
    return f"{hours(point.hours)}: {fmt.fixed(point.estimate, 1)}{interval}, n = {point.total}{mark}"


def describe(courses: TimeCourses, title: str, outcome_label: str, shape: str = "Small panels, one a trial") -> str:
    """Text alternative: what it shows, then every trial, arm and time."""
    trials = []
    for t in courses.trials:
        arms = (f"{clean(a.label)} {', '.join(point_words(courses, p) for p in a.points)}" for a in t.arms)
        trials.append(f"{clean(t.label)}: {'; '.join(arms)}")
    remarks = f"Remarks on rows that are shown: {remarks}. " if (remarks := _remarks(courses)) else ""
    return (
        f"{shape}. {title}. {y_name(courses, outcome_label)}, by arm over the time after the dose, "
        f"{counted(len(courses.trials), 'trial')}. {'. '.join(trials)}. {remarks}{left_out_note(courses)}"
    ).strip()


def arm_cells(trial: TrialCourse, arm: ArmCourse) -> Mapping[str, str | int]:
    """The row of the data behind an arm's line in the panel's head."""
    sizes = [p.total for p in arm.points]
    secondary = " ".join(secondary_words(arm))
    return {
        "what": "arm", "trial": clean(trial.label), "arm": clean(arm.label), "role": arm.role, "n_low": min(sizes),
        "n_high": max(sizes), "secondary": secondary.strip(),
    }  # fmt: skip


def point_cells(trial: TrialCourse, arm: ArmCourse, point: TimePoint) -> Mapping[str, str | int | float | None]:
    """The row of the data behind a visit."""
    return {
        "what": "point", "trial": clean(trial.label), "arm": clean(arm.label), "role": arm.role,
        "scale": clean(trial.scale), "hours": point.hours, "events": point.events, "total": point.total,
        "sd": point.sd, "estimate": point.estimate, "ci_low": point.ci_low, "ci_high": point.ci_high,
        "level": point.level, "row_key": clean(point.provenance.key), "source": clean(point.provenance.source_id),
    }  # fmt: skip
