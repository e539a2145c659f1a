"""All figures of one analysis, written and checked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from metarepro.analysis.result import AnalysisResult
from metarepro.errors import ConfigError, DataError
from metarepro.figures.drapery_figure import drapery
from metarepro.figures.files import write_figure
from metarepro.figures.flow_figure import analysis_flow
from metarepro.figures.forest_figure import forest_pages
from metarepro.figures.funnel_figure import funnel
from metarepro.figures.gate import demand_files, numbers_of
from metarepro.records import to_plain

# The forest plot first: it is drawn for every analysis, the others where the analysis has what they need.
FIGURES: dict[str, Callable[[AnalysisResult], Any]] = {
    "forest": forest_pages,
    "funnel": funnel,
    "drapery": drapery,
    "flow": analysis_flow,
}


@dataclass(frozen=True)
class DrawnFigures:
    """Names of the figures that were drawn, and why the others were not."""

    drawn: tuple[str, ...]
    not_drawn: dict[str, str]


def draw_analysis(result: AnalysisResult, folder: Path, forest_folder: Path | None = None) -> DrawnFigures:
    """Write every figure that an analysis has numbers for, with its twins, and check the files.

    The first page of the forest plot goes to `forest_folder`, if one is given; further pages stay with the others.

    Raises
    ------
    LayoutError
        When a figure has faults, or a file is not as it must be.
    """
    numbers = set(numbers_of(to_plain(result)))
    drawn, not_drawn = [], {}
    for name, make in FIGURES.items():
        try:
            figures = make(result)
        except (ConfigError, DataError) as error:
            if name == "forest":
                raise
            not_drawn[name] = str(error)
            continue
        own = forest_folder if name == "forest" and forest_folder is not None else folder
        write_figure(figures, own / name, dpi=result.figure.dpi)
        demand_files(own / name, numbers if name == "forest" else None, figures, result.figure.dpi)
        for page in own.glob("forest-*.*") if own is not folder else ():
            page.replace(folder / page.name)
        drawn.append(name)
    return DrawnFigures(tuple(drawn), not_drawn)
