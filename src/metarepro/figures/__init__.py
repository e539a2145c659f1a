"""Results -> pictures: a layout engine that measures text, and a folder for each family of figures.

Nothing is computed here. A folder has another name than its figure, as a package would hide a function of that name.
"""

from typing import TYPE_CHECKING

from metarepro._lazy import lazy

if TYPE_CHECKING:
    from metarepro.figures.analysis_figures import draw_analysis
    from metarepro.figures.bubble_plots.bubble import bubble
    from metarepro.figures.claims.overview import claims_overview, claims_overview_pages
    from metarepro.figures.drapery_plots.drapery import drapery
    from metarepro.figures.evidence_figures import draw_evidence
    from metarepro.figures.flows.flow import analysis_flow, prisma_flow
    from metarepro.figures.forest_plots.forest import forest, forest_pages
    from metarepro.figures.forest_plots.side_by_side import forest_panels
    from metarepro.figures.funnel_plots.funnel import funnel
    from metarepro.figures.integrity.overview import integrity_overview, integrity_overview_pages
    from metarepro.figures.judgements.bars import risk_of_bias_bars
    from metarepro.figures.judgements.traffic_lights import risk_of_bias, risk_of_bias_pages
    from metarepro.figures.networks.network_plot import network_plot
    from metarepro.figures.page.check_files import check_files, demand_files
    from metarepro.figures.page.files import save, write_figure
    from metarepro.figures.page.layout import LayoutError
    from metarepro.figures.reproductions.differences import differences, differences_pages
    from metarepro.figures.reproductions.dumbbell import dumbbell, dumbbell_pages
    from metarepro.figures.reproductions.strip import specification_strip
    from metarepro.figures.reproductions.study_pairs import study_pairs, study_pairs_pages
    from metarepro.figures.robustness_plots.baujat import baujat
    from metarepro.figures.robustness_plots.gosh_plot import gosh_plot
    from metarepro.figures.robustness_plots.influence_panel import influence_panel
    from metarepro.figures.robustness_plots.labbe import labbe
    from metarepro.figures.robustness_plots.orchard import orchard
    from metarepro.figures.robustness_plots.p_curve_plot import p_curve_plot
    from metarepro.figures.robustness_plots.radial import radial
    from metarepro.figures.robustness_plots.refit_rows import refit_rows
    from metarepro.figures.robustness_plots.specification_curve import specification_curve
    from metarepro.figures.single_study_plots.single_studies import single_studies, single_studies_pages
    from metarepro.figures.time_courses.effect_curve import effect_curve
    from metarepro.figures.time_courses.overlay import time_course_overlay
    from metarepro.figures.time_courses.time_course import time_course, time_course_pages

# Each figure needs the rooms of its own results only.
__getattr__ = lazy(
    __name__,
    {
        "LayoutError": "metarepro.figures.page.layout",
        "analysis_flow": "metarepro.figures.flows.flow",
        "baujat": "metarepro.figures.robustness_plots.baujat",
        "refit_rows": "metarepro.figures.robustness_plots.refit_rows",
        "bubble": "metarepro.figures.bubble_plots.bubble",
        "check_files": "metarepro.figures.page.check_files",
        "claims_overview": "metarepro.figures.claims.overview",
        "claims_overview_pages": "metarepro.figures.claims.overview",
        "demand_files": "metarepro.figures.page.check_files",
        "draw_evidence": "metarepro.figures.evidence_figures",
        "differences": "metarepro.figures.reproductions.differences",
        "differences_pages": "metarepro.figures.reproductions.differences",
        "drapery": "metarepro.figures.drapery_plots.drapery",
        "draw_analysis": "metarepro.figures.analysis_figures",
        "dumbbell": "metarepro.figures.reproductions.dumbbell",
        "dumbbell_pages": "metarepro.figures.reproductions.dumbbell",
        "effect_curve": "metarepro.figures.time_courses.effect_curve",
        "forest": "metarepro.figures.forest_plots.forest",
        "forest_pages": "metarepro.figures.forest_plots.forest",
        "forest_panels": "metarepro.figures.forest_plots.side_by_side",
        "funnel": "metarepro.figures.funnel_plots.funnel",
        "gosh_plot": "metarepro.figures.robustness_plots.gosh_plot",
        "influence_panel": "metarepro.figures.robustness_plots.influence_panel",
        "integrity_overview": "metarepro.figures.integrity.overview",
        "integrity_overview_pages": "metarepro.figures.integrity.overview",
        "labbe": "metarepro.figures.robustness_plots.labbe",
        "network_plot": "metarepro.figures.networks.network_plot",
        "orchard": "metarepro.figures.robustness_plots.orchard",
        "p_curve_plot": "metarepro.figures.robustness_plots.p_curve_plot",
        "prisma_flow": "metarepro.figures.flows.flow",
        "radial": "metarepro.figures.robustness_plots.radial",
        "risk_of_bias": "metarepro.figures.judgements.traffic_lights",
        "risk_of_bias_bars": "metarepro.figures.judgements.bars",
        "risk_of_bias_pages": "metarepro.figures.judgements.traffic_lights",
        "save": "metarepro.figures.page.files",
        "single_studies": "metarepro.figures.single_study_plots.single_studies",
        "single_studies_pages": "metarepro.figures.single_study_plots.single_studies",
        "specification_curve": "metarepro.figures.robustness_plots.specification_curve",
        "specification_strip": "metarepro.figures.reproductions.strip",
        "study_pairs": "metarepro.figures.reproductions.study_pairs",
        "study_pairs_pages": "metarepro.figures.reproductions.study_pairs",
        "time_course": "metarepro.figures.time_courses.time_course",
        "time_course_overlay": "metarepro.figures.time_courses.overlay",
        "time_course_pages": "metarepro.figures.time_courses.time_course",
        "write_figure": "metarepro.figures.page.files",
    },
)
__all__ = [
    "LayoutError", "analysis_flow", "baujat", "bubble", "check_files", "claims_overview", "claims_overview_pages",
    "demand_files", "differences", "differences_pages", "drapery", "draw_analysis", "draw_evidence", "dumbbell",
    "dumbbell_pages", "effect_curve", "forest", "forest_pages", "forest_panels", "funnel", "gosh_plot",
    "influence_panel", "integrity_overview", "integrity_overview_pages", "labbe", "network_plot", "orchard",
    "p_curve_plot", "prisma_flow", "radial", "refit_rows", "risk_of_bias", "risk_of_bias_bars", "risk_of_bias_pages",
    "save", "single_studies", "single_studies_pages", "specification_curve", "specification_strip", "study_pairs",
    "study_pairs_pages", "time_course", "time_course_overlay", "time_course_pages", "write_figure",
]  # fmt: skip


def __dir__() -> list[str]:
    """Public names, for tab completion."""
    return sorted(__all__)
