"""All figures of one analysis, written."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from metarepro.analysis.result import AnalysisResult
from metarepro.analysis.shown_result import show
from metarepro.errors import ConfigError, DataError
from metarepro.figures.drapery_plots.drapery import drapery
from metarepro.figures.forest_plots.forest import forest_pages
from metarepro.figures.funnel_plots.funnel import funnel
from metarepro.figures.page.files import write_figure
from metarepro.figures.robustness_plots.baujat import baujat
from metarepro.figures.robustness_plots.influence_panel import influence_panel
from metarepro.figures.robustness_plots.labbe import labbe
from metarepro.figures.robustness_plots.orchard import orchard
from metarepro.figures.robustness_plots.radial import radial
from metarepro.figures.robustness_plots.refit_rows import refit_rows
from metarepro.figures.robustness_plots.specification_curve import specification_curve
from metarepro.figures.time_courses.effect_curve import effect_curve

# Drawn where the analysis has what they need.
FIGURES: dict[str, Callable[[AnalysisResult], Any]] = {"forest": forest_pages, "funnel": funnel, "drapery": drapery}
# Drawn where the settings ask for them.
FURTHER: dict[str, Callable[[AnalysisResult], Any]] = {
    "leave_one_out": refit_rows, "baujat": baujat, "influence": influence_panel, "radial": radial, "labbe": labbe,
    "specification_curve": specification_curve, "sensitivity": partial(refit_rows, kind="sensitivity"),
    "orchard": orchard,
}  # fmt: skip
ONE_STUDY = "There is one study: its numbers stand in the tables, and a figure would add nothing."


@dataclass(frozen=True)
class DrawnFigures:
    """Names of the figures that were drawn, why the others were not, and every file."""

    drawn: tuple[str, ...]
    not_drawn: dict[str, str]
    files: tuple[Path, ...]


def draw_analysis(
    result: AnalysisResult, folder: Path, forest_folder: Path | None = None, png: str = "forest"
) -> DrawnFigures:
    """Write every figure that serves a reader of an analysis.

    Every page is checked before it is written; none is drawn of fewer than two studies.

    Parameters
    ----------
    result : AnalysisResult
    folder : Path
        Where the figures go.
    forest_folder : Path, optional
        Where the first page of the forest plot goes; further pages stay with the other figures.
    png : str
        Which figures are written as PNG too: ``forest``, ``all``, ``none``.

    Raises
    ------
    LayoutError
        When a page has faults.
    """
    if len(result.studies) < 2:
        return DrawnFigures((), dict.fromkeys(FIGURES, ONE_STUDY), ())
    shown = show(result)
    drawn: list[str] = []
    not_drawn: dict[str, str] = {}
    files: list[Path] = []
    kinds = FIGURES if result.over_time is None else {**FIGURES, "over_time": effect_curve}
    kinds = kinds | {name: FURTHER[name] for name in shown.figure.also}
    for name, make in kinds.items():
        try:
            figures = make(shown)
        except (ConfigError, DataError) as error:
            if name == "forest":
                raise
            not_drawn[name] = str(error)
            continue
        own = forest_folder if name == "forest" and forest_folder is not None else folder
        formats = ("svg", "pdf", "png") if png in (name, "all") else ("svg", "pdf")
        written = write_figure(figures, own / name, formats, shown.figure.dpi)
        if own is not folder:
            folder.mkdir(parents=True, exist_ok=True)
            written = [f.replace(folder / f.name) if f.name.startswith("forest-") else f for f in written]
        files += written
        drawn.append(name)
    return DrawnFigures(tuple(drawn), not_drawn, tuple(files))
