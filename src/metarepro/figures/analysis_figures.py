"""All figures of one analysis, written and checked."""

from __future__ import annotations

from pathlib import Path

from metarepro.analysis.result import AnalysisResult
from metarepro.figures.files import write_figure
from metarepro.figures.forest_figure import forest_pages
from metarepro.figures.gate import demand_files, numbers_of
from metarepro.records import to_plain


def draw_analysis(result: AnalysisResult, folder: Path) -> list[str]:
    """Write every figure that an analysis has numbers for, with its twins, and check the files.

    Returns
    -------
    list of str
        Names of the figures.

    Raises
    ------
    LayoutError
        When a file is not as it must be.
    """
    pages = {"forest": forest_pages(result)}
    numbers = set(numbers_of(to_plain(result)))
    for name, figures in pages.items():
        write_figure(figures, folder / name, dpi=result.figure.dpi)
        demand_files(folder / name, numbers if name == "forest" else None)
    return list(pages)
