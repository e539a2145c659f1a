"""Regions of significance and straight lines of a funnel plot, cut to its plane."""

from __future__ import annotations

from dataclasses import dataclass

from metarepro.figures.funnel_plots.plan import FunnelPlan
from metarepro.figures.funnel_plots.wording import decimal, ranges
from metarepro.figures.page.clip import Segment
from metarepro.figures.page.layout import Canvas, Dashes
from metarepro.figures.page.look import BLUE, GREY, INK, WHITE
from metarepro.figures.page.plane import Plane
from metarepro.figures.page.shapes import box

DASHES: tuple[Dashes, ...] = ((1.0, 1.5), (4.0, 2.0), (7.0, 2.0, 1.0, 2.0), (2.0, 4.0))
# From the region next to no effect outwards: white, then from dark to light.
SHADES = {1: ("#dcdcdc",), 2: ("#c8c8c8", "#ececec"), 3: ("#bdbdbd", "#d8d8d8", "#f0f0f0"),
          4: ("#b5b5b5", "#cacaca", "#dedede", "#f2f2f2")}  # fmt: skip
ESTIMATE: Dashes = (5.0, 2.5)


def shade_regions(canvas: Canvas, plane: Plane, plan: FunnelPlan) -> None:
    """Regions of significance, from the outermost inwards, each over the one before."""
    if plan.null is None or not plan.contours:
        return
    shades = SHADES[len(plan.contours)]
    canvas.polygon(box(plane.left, plane.top, plane.right, plane.bottom), shades[-1], f"band: {ranges(plan)[-1]}")
    inwards = zip(reversed(plan.contours), reversed((WHITE, *shades[:-1])), reversed(ranges(plan)[:-1]), strict=True)
    for (_, quantile), shade, words in inwards:
        corners = _cone(plane, plan.null, quantile)
        if len(corners) > 2:
            canvas.polygon(corners, shade, f"band: {words}")


def _cone(plane: Plane, tip: float, quantile: float) -> list[tuple[float, float]]:
    """Corners of what lies between tip -/+ quantile x standard error, within the plane."""
    bottom = plane.y_axis.high
    corners = [(tip, 0.0), (tip + quantile * bottom, bottom), (tip - quantile * bottom, bottom)]
    for edge, sign in ((plane.x_axis.low, 1), (plane.x_axis.high, -1)):
        kept: list[tuple[float, float]] = []
        for (x0, y0), (x1, y1) in zip(corners, [*corners[1:], *corners[:1]], strict=True):
            if sign * (x0 - edge) >= 0:
                kept.append((x0, y0))
            if (x0 - edge) * (x1 - edge) < 0:
                kept.append((edge, y0 + (edge - x0) / (x1 - x0) * (y1 - y0)))
        corners = kept
    return [(plane.x(x), plane.y(y)) for x, y in corners]


def _ray(plane: Plane, tip: float, slope: float) -> Segment | None:
    """The part of tip + slope x standard error that lies in the plane; None if none does."""
    low, high, end = plane.x_axis.low, plane.x_axis.high, plane.y_axis.high
    start = 0.0
    if slope == 0:
        return (plane.x(tip), plane.top, plane.x(tip), plane.bottom) if low <= tip <= high else None
    at = sorted(((low - tip) / slope, (high - tip) / slope))
    start, end = max(start, at[0]), min(end, at[1])
    if start >= end:
        return None
    return (plane.x(tip + slope * start), plane.y(start), plane.x(tip + slope * end), plane.y(end))


@dataclass(frozen=True)
class Ray:
    """A straight line of the plot; `minor` where it only repeats what the shading shows."""

    segment: Segment
    name: str
    width: float
    color: str
    dashes: Dashes
    minor: bool = False


def rays_of(plane: Plane, plan: FunnelPlan) -> list[Ray]:
    """Boundaries of significance, no effect, pseudo limits, pooled estimate; names of studies may interrupt them."""
    found: list[Ray] = []

    def add(
        tip: float, slope: float, name: str, width: float, color: str, dashes: Dashes = False, minor: bool = False
    ) -> None:
        segment = _ray(plane, tip, slope)
        if segment is not None:
            found.append(Ray(segment, name, width, color, dashes, minor))

    if plan.null is not None:
        for (p, quantile), dashes in zip(plan.contours, DASHES, strict=False):
            for slope in (-quantile, quantile):
                add(plan.null, slope, f"contour {decimal(p)}", 0.7, GREY, dashes, True)
        add(plan.null, 0.0, "line of no effect", 0.8, INK)
    for slope in (-plan.quantile, plan.quantile):
        add(plan.summary.beta, slope, "pseudo limit", 1.2, BLUE)
    add(plan.summary.beta, 0.0, "pooled estimate", 1.2, BLUE, ESTIMATE)
    return found
