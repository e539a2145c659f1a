"""GOSH plot: effect and heterogeneity of every subset of the studies."""

from __future__ import annotations

import math
from typing import Any

from metarepro.analysis.plot_numbers import GoshNumbers, display_of, gosh_numbers, null_of
from metarepro.figures.page import numbers as fmt
from metarepro.figures.page.figure import Figure, figure_of
from metarepro.figures.page.layout import Canvas, page_width, put_notes, put_title
from metarepro.figures.page.legend import LegendEntry, area, put_legend
from metarepro.figures.page.look import GREY, INK, MARGIN, WHITE
from metarepro.figures.page.panel import Plane, room_for_labels
from metarepro.figures.page.shapes import box, diamond
from metarepro.figures.page.text import clean
from metarepro.figures.page.value_axes import plain_axis, working_axis

# Few and many subsets in a cell; with a named study, in blue where most hold it.
GREYS = ((225, 225, 225), (60, 60, 60))
BLUES = ((205, 226, 240), (0, 90, 150))
ORANGES = ((250, 232, 200), (200, 110, 0))


def gosh_plot(found: Any, *, measure: str = "", study: str = "", title: str = "", width_mm: float = 120.0) -> Figure:
    """Draw all subsets of the studies by their pooled effect and I2; the darker, the more subsets.

    Parameters
    ----------
    found : Gosh
        What `metarepro.gosh` gives.
    measure : str
        Code of the measure, which decides scale and words; GEN, plain numbers, by default.
    study : str
        Name of a study: cells in blue hold subsets with it for the most part, those in orange subsets without it.
    title : str
    width_mm : float
        Width at print: 84, 120 or 174 mm are the columns of journals.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    DataError
        Something else than a GOSH result.
    ConfigError
        A study that is not among them.

    Notes
    -----
    Two clouds mean two kinds of studies, or one study that stands apart: name it to see. Subsets of one study have no
    I2 and are left out. When not to use: as a result, since subsets share studies.

    References
    ----------
    Olkin, Dahabreh & Trikalinos 2012, doi:10.1002/jrsm.1053.
    """
    numbers = gosh_numbers(found, measure, study)
    heading = clean(title) or "All subsets of the studies"
    return figure_of(_draw(numbers, heading, width_mm), heading, _describe(numbers, heading))


def _describe(found: GoshNumbers, title: str) -> str:
    low, high = (fmt.effect(found.measure, v) for v in display_of(found.measure, found.effects))
    kind = "all" if found.exact else "a sample of the"
    words = f"{title}. Effects of {kind} subsets with two studies or more ({found.subsets:,}): {low} to {high}."
    if found.means is not None:
        without, with_it = (fmt.effect(found.measure, v) for v in display_of(found.measure, found.means))
        words += f" Mean of subsets with {clean(found.study)}: {with_it}; without: {without}."
    return words


def _draw(found: GoshNumbers, title: str, width_mm: float) -> Canvas:
    canvas = Canvas(page_width(width_mm))
    height = min(max(0.55 * (canvas.width - 2 * MARGIN - 20), 150.0), 250.0)
    y_axis = plain_axis(0.0, 100.0, height, upright=True)
    left = MARGIN + room_for_labels(y_axis)
    top = put_title(canvas, title) + 14
    width = canvas.width - MARGIN - 6 - left
    pad = 0.03 * (found.effects[1] - found.effects[0])
    x_axis = working_axis(found.measure, found.effects[0] - pad, found.effects[1] + pad, width)
    plane = Plane(x_axis, y_axis, left, top, width, height)
    most = max(c.subsets for c in found.cells)
    for c in found.cells:
        (low, high), (below, above) = c.effect, c.i2
        ramp = GREYS if not found.study else BLUES if c.with_study >= 0.5 else ORANGES
        corners = box(plane.x(low), plane.y(above), plane.x(high), plane.y(below))
        shown = display_of(found.measure, (low, high))
        cells = {"effect_from": shown[0], "effect_to": shown[1], "i2_from": below, "i2_to": above, "subsets": c.subsets}
        with canvas.data_row(**cells, **({"share_with_study": c.with_study} if found.study else {})):
            canvas.polygon(corners, _shade(ramp, math.log1p(c.subsets) / math.log1p(most)), "band: subsets")
    null = null_of(found.measure)
    if null is not None and x_axis.low < null < x_axis.high:
        canvas.line(plane.x(null), plane.top, plane.x(null), plane.bottom, "line of no effect", 0.8, GREY)
    if found.whole is not None:
        effect = display_of(found.measure, found.whole[:1])[0]
        with canvas.data_row(label="All studies", effect_from=effect, i2_from=found.whole[1]):
            canvas.polygon(
                diamond(4.2, plane.x(found.whole[0]), plane.y(found.whole[1])), WHITE, "all studies", INK, 1.0
            )
    y = plane.draw_axes(canvas, fmt.axis_name(found.measure.label, found.measure, fmt.working_scale(found.measure)),
                        "I\u00b2 (%)")  # fmt: skip
    if found.study:
        name = clean(found.study)
        entries = [
            LegendEntry(f"most subsets with {name}", area("band: with", _shade(BLUES, 0.8))),
            LegendEntry("most without it", area("band: without", _shade(ORANGES, 0.8))),
        ]
        y = put_legend(canvas, entries, y + 4)
    kind = "All" if found.exact else "A random sample of the"
    ring = " Diamond: all studies." if found.whole is not None else ""
    with canvas.data_row(label="Subsets", subsets=found.subsets):
        note = f"{kind} subsets with two studies or more: {found.subsets:,}. The darker, the more subsets.{ring}"
        canvas.height = put_notes(canvas, [note], y + 5) + MARGIN
    return canvas


def _shade(ramp: tuple[tuple[int, int, int], tuple[int, int, int]], share: float) -> str:
    mixed = (round(a + share * (b - a)) for a, b in zip(*ramp, strict=True))
    return "#" + "".join(f"{v:02x}" for v in mixed)
