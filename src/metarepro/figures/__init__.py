"""Results -> pictures. One layout engine that measures text; one module a figure; nothing is computed here."""

from typing import TYPE_CHECKING

from metarepro._lazy import lazy
from metarepro.figures.files import save, write_figure
from metarepro.figures.forest import forest
from metarepro.figures.layout import LayoutError

if TYPE_CHECKING:
    from metarepro.figures.claims_figure import claims_overview, claims_overview_pages
    from metarepro.figures.dumbbell_figure import dumbbell, dumbbell_pages
    from metarepro.figures.strip_figure import specification_strip
    from metarepro.figures.study_pairs_figure import study_pairs, study_pairs_pages

# Forest plots need nothing of printed results and claims.
__getattr__ = lazy(
    __name__,
    {
        "claims_overview": "metarepro.figures.claims_figure",
        "claims_overview_pages": "metarepro.figures.claims_figure",
        "dumbbell": "metarepro.figures.dumbbell_figure",
        "dumbbell_pages": "metarepro.figures.dumbbell_figure",
        "specification_strip": "metarepro.figures.strip_figure",
        "study_pairs": "metarepro.figures.study_pairs_figure",
        "study_pairs_pages": "metarepro.figures.study_pairs_figure",
    },
)
__all__ = [
    "LayoutError",
    "claims_overview",
    "claims_overview_pages",
    "dumbbell",
    "dumbbell_pages",
    "forest",
    "save",
    "specification_strip",
    "study_pairs",
    "study_pairs_pages",
    "write_figure",
]
