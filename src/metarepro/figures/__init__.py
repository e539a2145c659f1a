"""Results -> pictures. One layout engine that measures text; one module a figure; nothing is computed here."""

from metarepro.figures.dumbbell import dumbbell, dumbbell_pages
from metarepro.figures.forest import forest
from metarepro.figures.layout import LayoutError, save

__all__ = ["LayoutError", "dumbbell", "dumbbell_pages", "forest", "save"]
