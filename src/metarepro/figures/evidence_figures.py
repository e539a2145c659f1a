"""All figures of the tables, written."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from metarepro.analysis.flow import Flow
from metarepro.analysis.risk_of_bias import by_tool
from metarepro.analysis.shown_evidence import NamedCourses, ShownEvidence
from metarepro.errors import ConfigError, DataError
from metarepro.evidence.integrity.findings import Finding
from metarepro.figures.flows.flow import prisma_flow
from metarepro.figures.integrity.overview import integrity_overview_pages
from metarepro.figures.judgements.bars import risk_of_bias_bars
from metarepro.figures.judgements.traffic_lights import risk_of_bias_pages
from metarepro.figures.page.file_stems import file_stems
from metarepro.figures.page.files import write_figure
from metarepro.figures.time_courses.overlay import time_course_overlay
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
    written: list[Path] = []
    for name, _, make in evidence_figures(shown, findings, flow):
        pages = make()
        written += write_figure(pages, folder / name, ("svg", "pdf")) if pages else []
    return written


def evidence_figures(
    shown: ShownEvidence, findings: Sequence[Finding], flow: Flow | None
) -> Iterator[tuple[str, Any, Callable[[], Any]]]:
    """Each figure's name, what it shows and what makes its pages; none where there is nothing to draw."""
    for number, (tool, judged) in enumerate(by_tool(shown.assessments)):
        ending = f"-{tool.id}" if number else ""
        yield f"risk_of_bias{ending}", judged, partial(risk_of_bias_pages, judged)
        yield f"risk_of_bias_bars{ending}", judged, partial(risk_of_bias_bars, judged)
    if findings:
        pages = partial(integrity_overview_pages, findings, labels=shown.labels)
        yield "integrity", [list(findings), shown.labels], pages
    stems = file_stems([found.name for found in shown.courses])
    for found in shown.courses:
        stem = stems[found.name]
        yield stem, found, partial(_course, time_course_pages, found)
        if len(found.courses.trials) > 1:
            yield (
                stem.replace("time_course", "time_course_overlay", 1),
                found,
                partial(_course, time_course_overlay, found),
            )
    if flow is not None:
        yield "flow", flow.model_dump(mode="json"), partial(prisma_flow, flow)


def _course(draw: Callable[..., Any], found: NamedCourses) -> Any:
    try:
        return draw(found.courses, outcome_label=found.label)
    except (ConfigError, DataError):
        return None  # nothing of it can be drawn: the effects tables say why
