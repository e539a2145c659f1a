"""Results -> pictures. One layout engine that measures text; one module a figure; nothing is computed here."""

from typing import TYPE_CHECKING

from metarepro._lazy import lazy
from metarepro.figures.files import save, write_figure
from metarepro.figures.forest import forest
from metarepro.figures.layout import LayoutError

if TYPE_CHECKING:
    from metarepro.figures.claims_figure import claims_overview, claims_overview_pages
    from metarepro.figures.dumbbell_figure import dumbbell, dumbbell_pages
    from metarepro.figures.flow_figure import analysis_flow, prisma_flow
    from metarepro.figures.integrity_figure import integrity_overview, integrity_overview_pages
    from metarepro.figures.risk_of_bias_bars_figure import risk_of_bias_bars
    from metarepro.figures.risk_of_bias_figure import risk_of_bias, risk_of_bias_pages
    from metarepro.figures.strip_figure import specification_strip

# Forest plots need nothing of printed results and claims.
__getattr__ = lazy(
    __name__,
    {
        "claims_overview": "metarepro.figures.claims_figure",
        "claims_overview_pages": "metarepro.figures.claims_figure",
        "dumbbell": "metarepro.figures.dumbbell_figure",
        "dumbbell_pages": "metarepro.figures.dumbbell_figure",
        "analysis_flow": "metarepro.figures.flow_figure",
        "integrity_overview": "metarepro.figures.integrity_figure",
        "integrity_overview_pages": "metarepro.figures.integrity_figure",
        "prisma_flow": "metarepro.figures.flow_figure",
        "risk_of_bias": "metarepro.figures.risk_of_bias_figure",
        "risk_of_bias_bars": "metarepro.figures.risk_of_bias_bars_figure",
        "risk_of_bias_pages": "metarepro.figures.risk_of_bias_figure",
        "specification_strip": "metarepro.figures.strip_figure",
    },
)
__all__ = [
    "LayoutError",
    "analysis_flow",
    "claims_overview",
    "claims_overview_pages",
    "dumbbell",
    "dumbbell_pages",
    "forest",
    "integrity_overview",
    "integrity_overview_pages",
    "prisma_flow",
    "risk_of_bias",
    "risk_of_bias_bars",
    "risk_of_bias_pages",
    "save",
    "specification_strip",
    "write_figure",
]
