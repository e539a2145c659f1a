"""Results -> pictures. One layout engine that measures text; one module a figure; nothing is computed here."""

from typing import TYPE_CHECKING

from metarepro._lazy import lazy

if TYPE_CHECKING:
    from metarepro.figures.analysis_figures import draw_analysis
    from metarepro.figures.bubble_figure import bubble
    from metarepro.figures.claims_figure import claims_overview, claims_overview_pages
    from metarepro.figures.drapery_figure import drapery
    from metarepro.figures.dumbbell_figure import dumbbell, dumbbell_pages
    from metarepro.figures.evidence_figures import draw_evidence
    from metarepro.figures.files import save, write_figure
    from metarepro.figures.flow_figure import analysis_flow, prisma_flow
    from metarepro.figures.forest_figure import forest, forest_pages
    from metarepro.figures.forest_panels_figure import forest_panels
    from metarepro.figures.funnel_figure import funnel
    from metarepro.figures.gate import check_files, demand_files
    from metarepro.figures.integrity_figure import integrity_overview, integrity_overview_pages
    from metarepro.figures.layout import LayoutError
    from metarepro.figures.risk_of_bias_bars_figure import risk_of_bias_bars
    from metarepro.figures.risk_of_bias_figure import risk_of_bias, risk_of_bias_pages
    from metarepro.figures.strip_figure import specification_strip
    from metarepro.figures.study_pairs_figure import study_pairs, study_pairs_pages
    from metarepro.figures.time_course_figure import time_course, time_course_pages

# Each figure needs the rooms of its own results only.
__getattr__ = lazy(
    __name__,
    {
        "LayoutError": "metarepro.figures.layout",
        "analysis_flow": "metarepro.figures.flow_figure",
        "bubble": "metarepro.figures.bubble_figure",
        "check_files": "metarepro.figures.gate",
        "claims_overview": "metarepro.figures.claims_figure",
        "claims_overview_pages": "metarepro.figures.claims_figure",
        "demand_files": "metarepro.figures.gate",
        "draw_evidence": "metarepro.figures.evidence_figures",
        "drapery": "metarepro.figures.drapery_figure",
        "draw_analysis": "metarepro.figures.analysis_figures",
        "dumbbell": "metarepro.figures.dumbbell_figure",
        "dumbbell_pages": "metarepro.figures.dumbbell_figure",
        "forest": "metarepro.figures.forest_figure",
        "forest_pages": "metarepro.figures.forest_figure",
        "forest_panels": "metarepro.figures.forest_panels_figure",
        "funnel": "metarepro.figures.funnel_figure",
        "integrity_overview": "metarepro.figures.integrity_figure",
        "integrity_overview_pages": "metarepro.figures.integrity_figure",
        "prisma_flow": "metarepro.figures.flow_figure",
        "risk_of_bias": "metarepro.figures.risk_of_bias_figure",
        "risk_of_bias_bars": "metarepro.figures.risk_of_bias_bars_figure",
        "risk_of_bias_pages": "metarepro.figures.risk_of_bias_figure",
        "save": "metarepro.figures.files",
        "specification_strip": "metarepro.figures.strip_figure",
        "study_pairs": "metarepro.figures.study_pairs_figure",
        "study_pairs_pages": "metarepro.figures.study_pairs_figure",
        "time_course": "metarepro.figures.time_course_figure",
        "time_course_pages": "metarepro.figures.time_course_figure",
        "write_figure": "metarepro.figures.files",
    },
)
__all__ = [
    "LayoutError",
    "analysis_flow",
    "bubble",
    "check_files",
    "claims_overview",
    "claims_overview_pages",
    "demand_files",
    "drapery",
    "draw_analysis",
    "draw_evidence",
    "dumbbell",
    "dumbbell_pages",
    "forest",
    "forest_pages",
    "forest_panels",
    "funnel",
    "integrity_overview",
    "integrity_overview_pages",
    "prisma_flow",
    "risk_of_bias",
    "risk_of_bias_bars",
    "risk_of_bias_pages",
    "save",
    "specification_strip",
    "study_pairs",
    "study_pairs_pages",
    "time_course",
    "time_course_pages",
    "write_figure",
]


def __dir__() -> list[str]:
    """Public names, for tab completion."""
    return sorted(__all__)
