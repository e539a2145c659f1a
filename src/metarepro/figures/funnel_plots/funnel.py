"""Contour-enhanced funnel plot: effect against standard error, where significance begins, who lies outside."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from metarepro.analysis.from_fit import result_with
from metarepro.analysis.result import AnalysisResult
from metarepro.errors import ConfigError
from metarepro.figures.funnel_plots.lines import DASHES, ESTIMATE, SHADES, rays_of, shade_regions
from metarepro.figures.funnel_plots.plan import FunnelPlan, FunnelPoint, plan_funnel
from metarepro.figures.funnel_plots.wording import (
    NAMED_AT_MOST,
    axis_name,
    decimal,
    describe,
    in_words,
    key_of_limits,
    notes_of,
    ranges,
)
from metarepro.figures.page import numbers as fmt
from metarepro.figures.page.clip import cut_out
from metarepro.figures.page.figure import figure_of
from metarepro.figures.page.layout import Canvas, page_width, put_notes, put_title
from metarepro.figures.page.legend import SAMPLE, LegendEntry, put_legend, stroke
from metarepro.figures.page.look import BLUE, GREY, INK, MARGIN, SMALL, WHITE
from metarepro.figures.page.plane import Plane, room_for_labels
from metarepro.figures.page.point_labels import place_labels
from metarepro.figures.page.shapes import box, circle
from metarepro.figures.page.text import clean, shorten
from metarepro.pooling import PooledFit

Labels = Literal["auto", "all", "none"]
RADIUS, RING, MOST_RINGS = 2.6, 1.7, 5
_CORNER_GAP = 1.5


def funnel(
    fit: AnalysisResult | PooledFit, *, contours: Sequence[float] = (0.90, 0.95, 0.99),
    labels: Labels | Sequence[str] = "auto", minimum: int = 10, width_mm: float = 174.0, **words: Any,
) -> Any:  # fmt: skip
    """Draw a contour-enhanced funnel plot: each study's effect against its standard error, 0 on top.

    Shading says where a study's own two-sided normal test of no effect is significant; oblique lines around the pooled
    estimate of the forest plot's model say where (1 - level) of the studies would lie without heterogeneity or bias.

    Parameters
    ----------
    fit : AnalysisResult or PooledFit
        Of one analysis.
    contours : sequence of float
        Levels at whose boundaries of significance the shading changes: 0.95 is p = 0.05. () for none.
        One-arm measures have no value of no effect and so no contours.
    labels : {'auto', 'all', 'none'} or sequence of str
        Which studies are named where there is room: all, but above 40 only those outside the pseudo limits; all; none.
        For a fit of `metarepro.pool`, the names of its studies (then as 'auto'; or give them as `names`).
    minimum : int
        Fewest studies that are drawn. Ten by default, as fewer cannot tell asymmetry from chance; whoever lowers it
        gets the plot with a note that says so.
    width_mm : float
        Width at print: 84, 120 or 174 mm are the columns of journals.
    **words
        For a fit of `metarepro.pool`: measure, names, title ... as `metarepro.analysis.from_fit.result_of` takes them.

    Returns
    -------
    matplotlib.figure.Figure
        Write it with `metarepro.figures.save` or `write_figure`.

    Raises
    ------
    ConfigError
        Fewer studies than `minimum` ("not drawn: k = n"), contours that are no rising levels, an unknown word for
        `labels`, compounded rates.
    DataError
        No study with an effect and a standard error, or no finite pooled estimate.

    Notes
    -----
    When not to use it: with fewer than 10 studies; to prove publication bias (true differences between small and large
    studies, poor methods, and chance make funnels asymmetrical too); for proportions, whose standard error depends on
    the proportion (Hunter et al. 2014, doi:10.1016/j.jclinepi.2014.03.003); with care for odds ratios with rare events
    and for standardised mean differences, whose standard errors depend on the effect (Zwetsloot et al. 2017,
    doi:10.7554/eLife.24260). The pseudo limits leave the variance between studies out.

    References
    ----------
    Peters et al. 2008, doi:10.1016/j.jclinepi.2007.11.010; Sterne & Egger 2001, doi:10.1016/S0895-4356(01)00377-8;
    Sterne et al. 2011, doi:10.1136/bmj.d4002.
    """
    which = labels if isinstance(labels, str) else "auto"
    names = words.pop("names", None if isinstance(labels, str) else labels)
    result = result_with(fit, {**words, **({} if names is None else {"labels": names})})
    canvas, plan = _drawn(result, contours, which, minimum, width_mm)
    return figure_of(canvas, f"Funnel plot: {clean(result.title)}", describe(result, plan))


def draw_funnel(
    result: AnalysisResult, contours: Sequence[float] = (0.90, 0.95, 0.99), labels: Labels = "auto", minimum: int = 10,
    width_mm: float = 174.0,
) -> Canvas:  # fmt: skip
    """The funnel plot as a canvas of measured texts and marks."""
    return _drawn(result, contours, labels, minimum, width_mm)[0]


def _drawn(
    result: AnalysisResult, contours: Sequence[float], labels: str, minimum: int, width_mm: float
) -> tuple[Canvas, FunnelPlan]:
    if labels not in ("auto", "all", "none"):
        raise ConfigError(f"labels = {labels!r} is not known. Allowed: auto, all, none.")
    canvas = Canvas(page_width(width_mm))
    room = canvas.width - 2 * MARGIN - 30
    height = min(max(0.62 * room, 190.0), 270.0)
    plan = plan_funnel(result, contours, minimum, room, height)
    left = MARGIN + room_for_labels(plan.y_axis)
    top = put_title(canvas, f"Funnel plot: {clean(result.title)}") + 14
    plane = Plane(plan.x_axis, plan.y_axis, left, top, canvas.width - MARGIN - 4 - left, height, y_down=True)
    shade_regions(canvas, plane, plan)
    unnamed, coincident = _points(canvas, plane, plan, labels)
    y = plane.draw_axes(canvas, axis_name(result, plan), "Standard error" + _of_what(plan))
    y = put_legend(canvas, _key(canvas, result, plan), y + 8)
    every = len(_to_name(plan, labels)) == len(plan.points)
    y = put_notes(canvas, notes_of(result, plan, unnamed, coincident, every), y + 5)
    canvas.height = y + MARGIN
    return canvas, plan


def _of_what(plan: FunnelPlan) -> str:
    name = fmt.working_scale(plan.measure)
    return f" ({name} scale)" if name else ""


# -- studies -----------------------------------------------------------------------------------------------------


def _points(canvas: Canvas, plane: Plane, plan: FunnelPlan, labels: str) -> tuple[int, int]:
    """Draw studies, names and the boundaries; returns how many studies have no name, how many coincide."""
    rays = rays_of(plane, plan)
    major, minor = ([r.segment for r in rays if r.minor is minor] for minor in (False, True))
    at_place: dict[tuple[int, int], int] = {}
    rows: list[int] = []
    circles: list[tuple[float, float, float]] = []
    for point in plan.points:
        s = point.study
        x, y = plane.x(s.yi), plane.y(s.se)
        rows.append(canvas.add_data(
            label=clean(s.label), estimate=s.estimate, ci_low=s.ci_low, ci_high=s.ci_high, effect=s.yi,
            standard_error=s.se, p_value=point.p_value, within_pseudo_limits="yes" if point.within_limits else "no",
            shown="point" if point.shown else "arrow at the edge",
        ))  # fmt: skip
        name = clean(s.label)
        with canvas.in_row(rows[-1]):
            if point.shown:
                place = (round(x / 0.3), round(y / 0.3))
                rings = at_place[place] = at_place.get(place, 0) + 1
                radius = RADIUS + RING * (min(rings, MOST_RINGS) - 1)
                corners = circle(radius, x, y)
                canvas.curve([*corners, *corners[:2]], f"study: {name}", 0.9, INK)
                circles.append((x, y, radius + 0.45))
            else:
                canvas.polygon(_arrow(plane, s.yi, s.se, x, y), INK, f"arrow: {name}")
                circles.append((x, y, 5.7))
    frame = (plane.left + 2, plane.top + _CORNER_GAP, plane.right - 1, plane.bottom - _CORNER_GAP)
    chosen = _to_name(plan, labels)
    widest = 0.45 * plane.width
    texts = {i: shorten(clean(plan.points[i].study.label), widest, SMALL) for i in chosen}
    placed = place_labels([(i, *circles[i], texts[i]) for i in chosen], frame, major, circles, SMALL, minor)
    for ray in rays:
        for piece in cut_out(ray.segment, [label.box for label in placed]):
            canvas.line(*piece, ray.name, ray.width, ray.color, ray.dashes)
    for label in placed:
        with canvas.in_row(rows[label.index]):
            if label.leader is not None:
                canvas.line(*label.leader, f"leader: {label.text}", 0.4, GREY)
            canvas.text(label.x, label.y, label.text, SMALL, color=INK)
    return (0 if labels == "none" else len(plan.points) - len(placed)), sum(n for n in at_place.values() if n > 1)


def _arrow(plane: Plane, effect: float, se: float, x: float, y: float) -> list[tuple[float, float]]:
    """An arrow head at the edge that points to a study outside: sideways, or down to a larger standard error."""
    if se > plane.y_axis.high and plane.x_axis.low <= effect <= plane.x_axis.high:
        return [(x, y), (x - 2.6, y - 5), (x + 2.6, y - 5)]
    side = 1 if effect > plane.x_axis.high else -1
    y = min(y, plane.bottom - 3)
    return [(x, y), (x - side * 5, y - 2.6), (x - side * 5, y + 2.6)]


def _to_name(plan: FunnelPlan, labels: str) -> list[int]:
    """Studies to name, those farthest from the pooled estimate first: they are asked about most."""
    if labels == "none":
        return []

    def remarkable(point: FunnelPoint) -> bool:
        return not point.within_limits or not point.shown

    few = len(plan.points) <= NAMED_AT_MOST or labels == "all"
    chosen = [i for i, p in enumerate(plan.points) if few or remarkable(p)]
    chosen.sort(key=lambda i: -abs(plan.points[i].study.yi - plan.summary.beta) / plan.points[i].study.se)
    return chosen if labels == "all" else chosen[:NAMED_AT_MOST]


# -- key ---------------------------------------------------------------------------------------------------------


def _key(canvas: Canvas, result: AnalysisResult, plan: FunnelPlan) -> list[LegendEntry]:
    s = plan.summary
    row = canvas.add_data(
        label="Pooled estimate", estimate=s.estimate, ci_low=s.ci_low, ci_high=s.ci_high, effect=s.beta,
        standard_error=s.se, studies=s.k,
    )  # fmt: skip

    def study(c: Canvas, x: float, y: float) -> None:
        corners = circle(RADIUS, x + SAMPLE / 2, y)
        c.curve([*corners, *corners[:2]], "study: key", 0.9, INK)

    def area(shade: str, words: str) -> Any:
        def draw(c: Canvas, x: float, y: float) -> None:
            c.polygon(box(x, y - 3, x + SAMPLE, y + 3), shade, f"band: key {words}", GREY, 0.4)

        return draw

    entries = [
        LegendEntry("Study", study),
        LegendEntry(in_words(result, plan), stroke("pooled estimate", 1.2, BLUE, ESTIMATE), row),
        LegendEntry(key_of_limits(plan), stroke("pseudo limit", 1.2, BLUE, False)),
    ]
    if plan.null is not None and plan.null_shown:
        entries.append(LegendEntry("No effect", stroke("line of no effect", 0.8, INK, False)))
    if plan.contours:
        shades = (WHITE, *SHADES[len(plan.contours)])
        entries += [LegendEntry(words, area(shade, words)) for words, shade in zip(ranges(plan), shades, strict=True)]
        entries += [
            LegendEntry(f"P = {decimal(p)}", stroke(f"contour {decimal(p)}", 0.7, GREY, dashes))
            for (p, _), dashes in zip(plan.contours, DASHES, strict=False)
        ]
    return entries
