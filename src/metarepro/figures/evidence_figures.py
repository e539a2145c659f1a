"""All figures of the tables, written."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from metarepro.analysis.flow import Flow
from metarepro.analysis.shown_evidence import ShownEvidence
from metarepro.errors import ConfigError, DataError
from metarepro.evidence.integrity.findings import Finding
from metarepro.figures.flows.flow import prisma_flow
from metarepro.figures.integrity.overview import integrity_overview_pages
from metarepro.figures.judgements.bars import risk_of_bias_bars
from metarepro.figures.judgements.traffic_lights import risk_of_bias_pages
from metarepro.figures.page.file_stems import file_stems
from metarepro.figures.page.files import write_figure
from metarepro.figures.time_courses.time_course import time_course_pages


def draw_evidence(shown: ShownEvidence, findings: Sequence[Finding], flow: Flow | None, folder: Path) -> list[Path]:
    """Write the figures of the tables; returns the files.

    Parameters
    ----------
    shown : ShownEvidence
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
    if shown.assessments:
        figures["risk_of_bias"] = risk_of_bias_pages(shown.assessments)
        figures["risk_of_bias_bars"] = risk_of_bias_bars(shown.assessments)
    if findings:
        figures["integrity"] = integrity_overview_pages(findings, labels=shown.labels)
    figures |= _courses(shown)
    if flow is not None:
        figures["flow"] = prisma_flow(flow)
    return [file for name, pages in figures.items() for file in write_figure(pages, folder / name, ("svg", "pdf"))]


def _courses(shown: ShownEvidence) -> dict[str, Any]:
    figures = {}
    for found in shown.courses:
        try:
            figures[found.name] = time_course_pages(found.courses, outcome_label=found.label)
        except (ConfigError, DataError):
            continue  # nothing of it can be drawn: the effects tables say why
    stems = file_stems(list(figures))
    return {stems[name]: pages for name, pages in figures.items()}
