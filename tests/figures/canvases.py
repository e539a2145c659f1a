"""Pages of figures as canvases, drawn by the public functions, for tests that look at texts and marks."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable
from typing import Any

from metarepro import figures


def _drawn(function: Callable[..., Any], **defaults: Any) -> Callable[..., Any]:
    """The canvas, or the canvases of the pages, of what a function of `metarepro.figures` draws."""
    names = list(inspect.signature(function).parameters)

    def draw(*given: Any, **named: Any) -> Any:
        made = function(**{**defaults, **dict(zip(names, given, strict=False)), **named})
        return [page.metarepro.canvas for page in made] if isinstance(made, list) else made.metarepro.canvas

    return draw


draw_forest = _drawn(figures.forest)
draw_forest_pages = _drawn(figures.forest_pages)
draw_forest_panels = _drawn(figures.forest_panels)
draw_funnel = _drawn(figures.funnel)
draw_drapery = _drawn(figures.drapery)
draw_bubble = _drawn(figures.bubble)
draw_claims = _drawn(figures.claims_overview_pages, height_mm=math.inf)
draw_integrity = _drawn(figures.integrity_overview_pages, height_mm=math.inf)
draw_dumbbell = _drawn(figures.dumbbell_pages, height_mm=math.inf)
draw_study_pairs = _drawn(figures.study_pairs_pages, height_mm=math.inf)
draw_strip = _drawn(figures.specification_strip)
draw_time_course = _drawn(figures.time_course_pages, height_mm=math.inf)
draw_overlay = _drawn(figures.time_course_overlay)
draw_single_studies = _drawn(figures.single_studies)
draw_risk_of_bias = _drawn(figures.risk_of_bias_pages, height_mm=math.inf)
draw_risk_of_bias_bars = _drawn(figures.risk_of_bias_bars)
draw_prisma_flow = _drawn(figures.prisma_flow)
draw_analysis_flow = _drawn(figures.analysis_flow)
