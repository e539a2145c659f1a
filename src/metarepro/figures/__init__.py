"""Results -> pictures. One layout engine that measures text; one module a figure; nothing is computed here."""

from metarepro.figures.claims_overview import claims_overview, claims_overview_pages
from metarepro.figures.dumbbell import dumbbell, dumbbell_pages
from metarepro.figures.forest import forest
from metarepro.figures.layout import LayoutError, save
from metarepro.figures.specification_strip import specification_strip

__all__ = [
    "LayoutError",
    "claims_overview",
    "claims_overview_pages",
    "dumbbell",
    "dumbbell_pages",
    "forest",
    "save",
    "specification_strip",
]
