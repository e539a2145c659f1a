"""All figures of the tables, written."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from metarepro.analysis.config import Config
from metarepro.analysis.flow import Flow
from metarepro.analysis.risk_of_bias import assessments_of
from metarepro.analysis.time_course import Kind, time_courses
from metarepro.errors import ConfigError, DataError
from metarepro.evidence.dataset import Dataset
from metarepro.evidence.integrity import Finding
from metarepro.figures.file_stems import file_stems
from metarepro.figures.files import write_figure
from metarepro.figures.flow_figure import prisma_flow
from metarepro.figures.integrity_figure import integrity_overview_pages
from metarepro.figures.risk_of_bias_bars_figure import risk_of_bias_bars
from metarepro.figures.risk_of_bias_figure import risk_of_bias_pages
from metarepro.figures.time_course_figure import time_course_pages

# Trials with visits at so many times make a course worth looking at.
_VISITS = 2


def draw_evidence(
    config: Config, data: Dataset, findings: Sequence[Finding], flow: Flow | None, folder: Path
) -> list[Path]:
    """Write the figures of the tables with their twins; returns the files.

    Parameters
    ----------
    config : Config
    data : Dataset
    findings : sequence of Finding
    flow : Flow or None
        Of the review, where it is known.
    folder : Path

    Raises
    ------
    LayoutError
        When a page has faults.
    """
    figures: dict[str, Any] = {}
    assessments = assessments_of(data) if data.others.get("risk_of_bias") else ()
    if any(any(a.judgements.values()) for a in assessments):
        figures["risk_of_bias"] = risk_of_bias_pages(assessments)
        figures["risk_of_bias_bars"] = risk_of_bias_bars(assessments)
    if findings:
        labels = {s.study_id: s.label for s in data.studies.values()}
        figures["integrity"] = integrity_overview_pages(findings, labels=labels)
    figures |= _courses(config, data)
    if flow is not None:
        figures["flow"] = prisma_flow(flow)
    return [file for name, pages in figures.items() for file in write_figure(pages, folder / name, ("svg", "pdf"))]


def _courses(config: Config, data: Dataset) -> dict[str, Any]:
    """Courses of every outcome that trials report at several times: shares, and means of each scale."""
    figures = {}
    agents = {a.agent: config.agents.get(a.agent, a.agent.replace("_", " ")) for a in data.arms.values()}
    for outcome, words in config.outcomes.items():
        tables: dict[Kind, Sequence[Any]] = {"dichotomous": data.dichotomous, "continuous": data.continuous}
        for kind, rows in tables.items():
            scales = sorted({r.scale for r in rows if r.outcome == outcome}) if kind == "continuous" else [""]
            for scale in scales:
                try:
                    courses = time_courses(data, outcome, kind=kind, agents=agents, scale=(scale,) if scale else ())
                    if len({p.hours for t in courses.trials for a in t.arms for p in a.points}) < _VISITS:
                        continue
                    pages = time_course_pages(courses, outcome_label=words.label)
                except (ConfigError, DataError):
                    continue  # no usable rows: the effects tables say which and why
                name = f"time_course-{outcome}" + (f"-{scale}" if scale else "")
                figures[name] = pages
    stems = file_stems(list(figures))
    return {stems[name]: pages for name, pages in figures.items()}
