"""The p-curve: how significant p-values are spread, beside what no effect and low power would give."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from metarepro.analysis.plot_numbers import check_p_curve
from metarepro.figures.page import numbers as fmt
from metarepro.figures.page.axes import Axis
from metarepro.figures.page.figure import Figure, figure_of
from metarepro.figures.page.layout import Canvas, Dashes, page_width, put_notes, put_title
from metarepro.figures.page.legend import LegendEntry, put_legend, stroke
from metarepro.figures.page.look import BLUE, GREY, MARGIN, VERMILLION
from metarepro.figures.page.panel import Plane, room_for_labels
from metarepro.figures.page.shapes import circle
from metarepro.figures.page.text import clean, counted
from metarepro.figures.page.value_axes import plain_axis

if TYPE_CHECKING:
    from metarepro.robustness.p_values import PCurve

STEPS = (0.01, 0.02, 0.03, 0.04, 0.05)
FLAT: Dashes = (1.0, 1.5)
THIRD: Dashes = (5.0, 2.5)


def p_curve_plot(found: Any, *, title: str = "", width_mm: float = 120.0) -> Figure:
    """Draw the shares of significant studies with p up to 0.01, 0.02 ... 0.05.

    Parameters
    ----------
    found : PCurve
        What `metarepro.p_curve` gives.
    title : str
    width_mm : float
        Width at print: 84, 120 or 174 mm are the columns of journals.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    DataError
        Something else, or no significant study.

    Notes
    -----
    Without an effect all five shares are 20%; a curve that falls to the right speaks for an effect. When not to use:
    with fewer than about five significant studies, or where true effects differ much.

    References
    ----------
    Simonsohn, Nelson & Simmons 2014, doi:10.1037/a0033242.
    """
    check_p_curve(found)
    heading = clean(title) or "p-curve"
    shares = "; ".join(
        f"p up to {p:g}: {100 * n / found.significant:.0f}%" for p, n in zip(STEPS, found.counts, strict=True)
    )
    alternative = f"{heading}. {_of(found)}: {shares}. {_tests(found)}"
    return figure_of(_draw(found, heading, width_mm), heading, alternative)


def _of(found: PCurve) -> str:
    return f"{found.significant} of {counted(found.k)} with p below 0.05"


def _tests(found: PCurve) -> str:
    flatter = fmt.p_value(found.flatter_p)
    return (
        f"Against no effect {fmt.p_value(found.right_skew_p)}; flatter than 33% power {flatter}; "
        f"power {100 * found.power:.0f}%."
    )


def _draw(found: PCurve, title: str, width_mm: float) -> Canvas:
    canvas = Canvas(page_width(width_mm))
    height = min(max(0.5 * (canvas.width - 2 * MARGIN - 20), 140.0), 230.0)
    y_axis = plain_axis(0.0, 100.0, height, upright=True)
    left = MARGIN + room_for_labels(y_axis)
    top = put_title(canvas, title) + 14
    width = canvas.width - MARGIN - 8 - left
    labels = tuple(f"{p:g} ({n})" for p, n in zip(STEPS, found.counts, strict=True))
    x_axis = Axis(0.005, 0.055, STEPS, labels, False)
    plane = Plane(x_axis, y_axis, left, top, width, height)
    shares = [n / found.significant for n in found.counts]
    lines = (
        ("no effect", (0.2,) * 5, GREY, FLAT, 1.0), ("33% power", found.third, VERMILLION, THIRD, 1.0),
        ("observed", shares, BLUE, False, 1.4),
    )  # fmt: skip
    for name, values, color, dashes, thickness in lines:
        places = [(plane.x(p), plane.y(100 * v)) for p, v in zip(STEPS, values, strict=True)]
        canvas.curve(places, f"curve: {name}", thickness, color, dashes)
    for p, n, share, low_power in zip(STEPS, found.counts, shares, found.third, strict=True):
        with canvas.data_row(p_up_to=p, studies=n, share=share, share_without_effect=0.2, share_at_33_power=low_power):
            x, y = plane.x(p), plane.y(100 * share)
            canvas.polygon(circle(2.4, x, y), BLUE, f"share: {p:g}")
    y = plane.draw_axes(canvas, "p-value, up to (studies)", "Share of significant studies (%)")
    entries = [LegendEntry(name.capitalize(), stroke(f"curve {name}", t, c, d)) for name, _, c, d, t in reversed(lines)]
    y = put_legend(canvas, entries, y + 4)
    tests = {"p_right_skew": found.right_skew_p, "p_flatter": found.flatter_p, "power": found.power}
    with canvas.data_row(
        label="Tests", limit=0.05, low_power=33, significant=found.significant, studies=found.k, **tests
    ):
        y = put_notes(canvas, [f"{_of(found)}. {_tests(found)}"], y + 5)
    canvas.height = y + MARGIN
    return canvas
