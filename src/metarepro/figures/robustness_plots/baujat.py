"""Baujat plot: what each study adds to heterogeneity, against how far it moves the pooled effect."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from numpy.typing import ArrayLike

from metarepro.analysis.robustness_numbers import BaujatNumbers, baujat_numbers
from metarepro.figures.page.figure import Figure, figure_of
from metarepro.figures.page.layout import Canvas, page_width, put_notes, put_title
from metarepro.figures.page.look import MARGIN
from metarepro.figures.page.named_points import NamedPoint, put_points, unnamed_note
from metarepro.figures.page.panel import Plane, room_for_labels
from metarepro.figures.page.text import clean, counted
from metarepro.figures.page.value_axes import plain_axis

X_NAME = "Contribution to heterogeneity: squared standardised residual"
Y_NAME = "Influence on the pooled effect: squared standardised shift"


def baujat(
    yi: Any, vi: ArrayLike | str | None = None, *, data: Any = None,
    labels: Sequence[str] | str | None = None, tau2: str | float = "REML", title: str = "", width_mm: float = 120.0,
) -> Figure:  # fmt: skip
    """Draw which studies cause heterogeneity and move the result.

    Parameters
    ----------
    yi, vi, data, labels, tau2
        As in `metarepro.influence`, whose columns ``q_contribution`` and ``overall_influence`` are the axes; or an
        analysis of a project as `yi` alone.
    title : str
    width_mm : float
        Width at print: 84, 120 or 174 mm are the columns of journals.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    DataError
        As `metarepro.influence`.

    Notes
    -----
    Studies to the upper right both differ from the others and move the result. When not to use: with fewer than about
    five studies, of which one is always far off.

    References
    ----------
    Baujat et al. 2002, doi:10.1002/sim.1221.
    """
    found = baujat_numbers(yi, vi, data, labels, tau2)
    heading = clean(title) or ": ".join(["Baujat plot", *filter(None, [clean(getattr(yi, "title", ""))])])
    said = "; ".join(
        f"{clean(found.labels[i])}: {found.q_contribution[i]:.3g} and {found.overall_influence[i]:.3g}"
        for i in _farthest_first(found)
    )
    alternative = (
        f"{heading}. {counted(len(found.labels))} by their contribution to heterogeneity and their influence on the "
        f"pooled effect, farthest first: {said}."
    )
    return figure_of(_draw(found, heading, width_mm), heading, alternative)


def _farthest_first(found: BaujatNumbers) -> list[int]:
    widest = [max(*x, 1e-300) for x in (found.q_contribution, found.overall_influence)]
    far = [a / widest[0] + b / widest[1] for a, b in zip(found.q_contribution, found.overall_influence, strict=True)]
    return sorted(range(len(far)), key=lambda i: -far[i])


def _draw(found: BaujatNumbers, title: str, width_mm: float) -> Canvas:
    across, up = found.q_contribution, found.overall_influence
    canvas = Canvas(page_width(width_mm))
    height = min(max(0.62 * (canvas.width - 2 * MARGIN - 20), 150.0), 260.0)
    ends = [1.08 * max(*x, 1e-12) for x in (across, up)]
    y_axis = plain_axis(0.0, ends[1], height, upright=True)
    left = MARGIN + room_for_labels(y_axis)
    top = put_title(canvas, title) + 14
    width = canvas.width - MARGIN - 4 - left
    plane = Plane(plain_axis(0.0, ends[0], width), y_axis, left, top, width, height)
    points = [
        NamedPoint(name, a, b, {"q_contribution": a, "overall_influence": b})
        for name, a, b in zip(found.labels, across, up, strict=True)
    ]
    unnamed = put_points(canvas, plane, points, _farthest_first(found))
    y = plane.draw_axes(canvas, X_NAME, Y_NAME)
    notes = ["To the right: differs from the others. Up: moves the pooled effect.", *unnamed_note(unnamed)]
    canvas.height = put_notes(canvas, notes, y + 5) + MARGIN
    return canvas
