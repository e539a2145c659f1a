"""Results -> pictures. One layout engine that measures text; one module a figure; nothing is computed here."""

from typing import TYPE_CHECKING

from metarepro._lazy import lazy
from metarepro.figures.files import save, write_figure
from metarepro.figures.forest import forest
from metarepro.figures.layout import LayoutError

if TYPE_CHECKING:
    from metarepro.figures.bubble_figure import bubble
    from metarepro.figures.claims_figure import claims_overview, claims_overview_pages
    from metarepro.figures.dumbbell_figure import dumbbell, dumbbell_pages
    from metarepro.figures.strip_figure import specification_strip
    from metarepro.figures.time_course_figure import time_course, time_course_pages

# Forest plots need nothing of printed results and claims.
__getattr__ = lazy(
    __name__,
    {
        "bubble": "metarepro.figures.bubble_figure",
        "claims_overview": "metarepro.figures.claims_figure",
        "claims_overview_pages": "metarepro.figures.claims_figure",
        "dumbbell": "metarepro.figures.dumbbell_figure",
        "dumbbell_pages": "metarepro.figures.dumbbell_figure",
        "specification_strip": "metarepro.figures.strip_figure",
        "time_course": "metarepro.figures.time_course_figure",
        "time_course_pages": "metarepro.figures.time_course_figure",
    },
)
__all__ = [
    "LayoutError",
    "bubble",
    "claims_overview",
    "claims_overview_pages",
    "dumbbell",
    "dumbbell_pages",
    "forest",
    "save",
    "specification_strip",
    "time_course",
    "time_course_pages",
    "write_figure",
]
