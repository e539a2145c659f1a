"""What the figures of the tables show: courses over time, judgements of bias, names; the same whenever these are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from metarepro.analysis.config import Config
from metarepro.analysis.own_bias_tools import tools_of
from metarepro.analysis.risk_of_bias import Assessment, assessments_of
from metarepro.analysis.time_course import Kind, TimeCourses, time_courses
from metarepro.errors import ConfigError, DataError
from metarepro.evidence.dataset import Dataset

# Trials with visits at so many times make a course worth looking at.
_VISITS = 2


@dataclass(frozen=True)
class NamedCourses:
    """Courses of one outcome, with the name of their figure and the label of the outcome."""

    name: str
    label: str
    courses: TimeCourses


@dataclass(frozen=True)
class ShownEvidence:
    """What the figures of the tables show; `labels` are names of studies by their id."""

    courses: tuple[NamedCourses, ...]
    assessments: tuple[Assessment, ...]
    labels: dict[str, str]


def shown_evidence(config: Config, data: Dataset) -> ShownEvidence:
    """Collect what the figures of the tables show."""
    assessed = assessments_of(data, tools=tools_of(config.risk_of_bias)) if data.others.get("risk_of_bias") else ()
    judged = tuple(assessed) if any(any(a.judgements.values()) for a in assessed) else ()
    return ShownEvidence(tuple(_courses(config, data)), judged, {s.study_id: s.label for s in data.studies.values()})


def _courses(config: Config, data: Dataset) -> Iterator[NamedCourses]:
    """Courses of every outcome that trials report at several times: shares, and means of each scale."""
    agents = {a.agent: config.agents.get(a.agent, a.agent.replace("_", " ")) for a in data.arms.values()}
    for outcome, words in config.outcomes.items():
        tables: dict[Kind, Sequence[Any]] = {"dichotomous": data.dichotomous, "continuous": data.continuous}
        for kind, rows in tables.items():
            scales = sorted({r.scale for r in rows if r.outcome == outcome}) if kind == "continuous" else [""]
            for scale in scales:
                try:
                    found = time_courses(data, outcome, kind=kind, agents=agents, scale=(scale,) if scale else ())
                except (ConfigError, DataError):
                    continue  # no usable rows: the effects tables say which and why
                if len({p.hours for t in found.trials for a in t.arms for p in a.points}) >= _VISITS:
                    yield NamedCourses(f"time_course-{outcome}" + (f"-{scale}" if scale else ""), words.label, found)
