"""What cannot be drawn as a course is refused with the reason."""

from __future__ import annotations

from metarepro.analysis.time_course import TimeCourses
from metarepro.errors import ConfigError, DataError


def check_courses(courses: TimeCourses) -> None:
    """Refuse courses without a trial, and means on several scales."""
    if not courses.trials:
        why = "; ".join(dict.fromkeys(f"{n.label}: {n.reason}" for n in courses.left_out[:5]))
        raise DataError(
            f"There is no trial with a course of {courses.outcome} to draw. Rows that there are: {why or 'none'}. "
            "Fix: widen agents, schedule, ascertainment or scale of time_courses."
        )
    scales = sorted({t.scale for t in courses.trials})
    if courses.kind == "continuous" and len(scales) > 1:
        raise ConfigError(
            f"Means on several scales have no common axis: {', '.join(s or '(none)' for s in scales)}. "
            "Fix: name one, time_courses(..., scale=[...])."
        )
