"""Forest plot: a result in, a Figure out. Columns are measured, then the plot takes the room that is left."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from metarepro.analysis.result import AnalysisResult
from metarepro.analysis.shown_result import ShownResult, show
from metarepro.errors import ConfigError
from metarepro.figures.forest_plots.drawing import ForestDrawing
from metarepro.figures.page.figure import Figure, figures_of
from metarepro.figures.page.layout import MM, page_width
from metarepro.figures.wording import describe_figure, written

# Height of a journal page's type area; more rows go on another page.
PAGE_MM = 235.0


def forest(fit: Any, *, width_mm: float | None = None, style: str | None = None, **words: Any) -> Figure:
    """Draw the forest plot of an analysis, all in one figure.

    Parameters
    ----------
    fit : AnalysisResult or PooledFit
        Everything in the picture comes from here. With a fit of `metarepro.pool`, `words` say what it lacks.
    width_mm : float
        Width at print: 84, 120, 174 are the usual columns of journals. The height follows from the rows. Columns that
        have no room are folded under the labels.
    style : str
        plain, cochrane, bmj, jama or lancet: formats, heads, columns and marks; never a number.
    **words
        `title` and `notes` (False: not in the picture); `models` (ids of the result's sensitivity analyses to be
        shown below it), `columns` (heads of further columns), `risk_of_bias` (whether judgements stand beside the
        studies); and with a PooledFit those of
        `metarepro.analysis.from_fit.result_of`: measure, labels, inputs, groups, title, experimental, control, better.

    Returns
    -------
    matplotlib.figure.Figure
        Write it with `metarepro.figures.write_figure` or `save`.

    Raises
    ------
    LayoutError
        When two texts would overlap or one would leave the canvas (it should never happen; nothing is written).
    DataError
        When a label has a character that no shipped font can draw.
    ConfigError
        When the style or a model is unknown.

    Notes
    -----
    More than about forty studies are read better in `forest_pages`. When not to use: for effects that nobody should
    pool; the plot shows a diamond whatever the studies have in common.
    """
    return forest_pages(fit, width_mm=width_mm, style=style, height_mm=math.inf, **words)[0]


def forest_pages(
    fit: Any, *, width_mm: float | None = None, style: str | None = None, height_mm: float = PAGE_MM, **words: Any
) -> list[Figure]:
    """As `forest`, on pages of at most `height_mm` with one axis; one that holds a single row may be higher."""
    result = with_options(fit, width_mm, style, words)
    drawing = ForestDrawing(result)
    pages = drawing.paginate(height_mm * MM)
    canvases = [drawing.draw_page(rows, number, len(pages)) for number, rows in enumerate(pages, 1)]
    description = " ".join([describe_figure(result), *(written(note) for note in drawing.notes())])
    return figures_of(canvases, result.title, description)


def with_options(fit: Any, width_mm: float | None, style: str | None, words: dict[str, Any]) -> ShownResult:
    """The result to be drawn, with the options given."""
    options: dict[str, Any] = {}
    words = dict(words)
    if isinstance(words.get("title"), bool):
        options["title"] = words.pop("title")
    for name in ("models", "columns", "risk_of_bias", "notes", "dpi"):
        # A mapping holds what a fit lacks; names choose from what a result has.
        if name in words and not isinstance(words[name], Mapping):
            options[name] = words.pop(name)
    if "columns" in options and not isinstance(fit, AnalysisResult):
        raise ConfigError(
            "columns of a fit need their values. Fix: columns={'Dose': data['dose'], ...}, a sequence for each head."
        )
    if width_mm is not None:
        page_width(width_mm)
        options["width_mm"] = width_mm
    if style is not None:
        options["style"] = style
    if isinstance(fit, AnalysisResult) and not words:
        result = show(fit)
    else:
        # Only a fit from Python needs the rooms that compute.
        from metarepro.analysis.from_fit import result_with

        result = show(result_with(fit, words))
    options = {name: tuple(v) if isinstance(v, Sequence) and name != "style" else v for name, v in options.items()}
    return show(result, **options)
