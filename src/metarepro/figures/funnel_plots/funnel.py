"""Contour-enhanced funnel plot: effect against standard error, where significance begins, who lies outside."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from metarepro.analysis.funnel_numbers import FunnelNumbers, funnel_numbers
from metarepro.analysis.result import AnalysisResult
from metarepro.effects import Measure
from metarepro.errors import ConfigError
from metarepro.figures.funnel_plots import wording
from metarepro.figures.page import numbers as fmt
from metarepro.figures.page.axes import Axis
from metarepro.figures.page.clip import Segment, cut_out
from metarepro.figures.page.figure import Figure, figure_of
from metarepro.figures.page.layout import Canvas, Dashes, page_width, put_notes, put_title
from metarepro.figures.page.legend import SAMPLE, LegendEntry, area, put_legend, stroke
from metarepro.figures.page.look import BLUE, GREY, INK, MARGIN, SMALL, VERMILLION, WHITE
from metarepro.figures.page.panel import Plane, room_for_labels
from metarepro.figures.page.point_labels import place_labels, put_labels
from metarepro.figures.page.shapes import Point, box, circle, square
from metarepro.figures.page.text import clean, counted, shorten
from metarepro.figures.page.value_axes import near, plain_axis, working_axis

Labels = Literal["auto", "all", "none"]
RADIUS, RING, MOST_RINGS = 2.6, 1.7, 5
_CORNER_GAP = 1.5
DASHES: tuple[Dashes, ...] = ((1.0, 1.5), (4.0, 2.0), (7.0, 2.0, 1.0, 2.0), (2.0, 4.0))
# From the region next to no effect outwards: white, then from dark to light.
SHADES = {1: ("#dcdcdc",), 2: ("#c8c8c8", "#ececec"), 3: ("#bdbdbd", "#d8d8d8", "#f0f0f0"),
          4: ("#b5b5b5", "#cacaca", "#dedede", "#f2f2f2")}  # fmt: skip
ESTIMATE: Dashes = (5.0, 2.5)
FILLED: Dashes = (3.0, 1.2)
REGRESSION: Dashes = (8.0, 1.5, 1.5, 1.5)
# The value of no effect is shown when the axis does not get so many times longer by it.
LONGER, PAD = 8.0, 0.05
# A standard error so many times the middle one does not stretch the axis.
WIDEST = 12.0


def funnel(
    fit: Any, *, contours: Sequence[float] = (0.90, 0.95, 0.99), labels: Labels | Sequence[str] = "auto",
    minimum: int = 10, filled: bool = False, regression: bool = False, width_mm: float = 174.0, **words: Any,
) -> Figure:  # fmt: skip
    """Draw a contour-enhanced funnel plot: each study's effect against its standard error, 0 on top.

    Shading says where a study's own two-sided normal test of no effect is significant; oblique lines around the pooled
    estimate of the forest plot's model say where (1 - level) of the studies would lie without heterogeneity or bias.

    Parameters
    ----------
    fit : AnalysisResult or fit of `metarepro.pool`
    contours : sequence of float
        Levels at whose boundaries of significance the shading changes: 0.95 is p = 0.05. () for none.
        One-arm measures have no value of no effect and so no contours.
    labels : {'auto', 'all', 'none'} or sequence of str
        Which studies are named where there is room: all, but above 40 only those outside the pseudo limits; all; none.
        For a fit of `metarepro.pool`, the names of its studies (then as 'auto'; or give them as `names`).
    minimum : int
        Fewest studies that are drawn. Ten by default, as fewer cannot tell asymmetry from chance; whoever lowers it
        gets the plot with a note that says so.
    filled : bool, default False
        Whether the studies that `metarepro.trim_and_fill` (L0) puts in are drawn, and the pooled effect with them.
    regression : bool, default False
        Whether the line of Egger's regression (`metarepro.egger`) is drawn.
    width_mm : float
        Width at print: 84, 120 or 174 mm are the columns of journals.
    **words
        For a fit of `metarepro.pool`: measure, names, title ... as `metarepro.analysis.from_fit.result_of` takes them.

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
    Sterne et al. 2011, doi:10.1136/bmj.d4002; Duval & Tweedie 2000, doi:10.1111/j.0006-341X.2000.00455.x; Egger et al.
    1997, doi:10.1136/bmj.315.7109.629.
    """
    from metarepro.analysis.from_fit import result_with

    which = labels if isinstance(labels, str) else "auto"
    names = words.pop("names", None if isinstance(labels, str) else labels)
    result = result_with(fit, {**words, **({} if names is None else {"labels": names})})
    numbers = funnel_numbers(result, contours, minimum, filled, regression)
    canvas = _draw(result, numbers, which, width_mm)
    return figure_of(canvas, f"Funnel plot: {clean(result.title)}", wording.describe(result, numbers))


def _of_what(measure: Measure) -> str:
    """What the standard errors are of: the log risk ratio, the logit proportion, the mean difference."""
    scale = fmt.working_scale(measure)
    return f"the {scale} {measure.name}" if scale else f"the {measure.name}"


def _draw(result: AnalysisResult, numbers: FunnelNumbers, labels: str, width_mm: float) -> Canvas:
    if labels not in ("auto", "all", "none"):
        raise ConfigError(f"labels = {labels!r} is not known. Allowed: auto, all, none.")
    canvas = Canvas(page_width(width_mm))
    room = canvas.width - 2 * MARGIN - 30
    height = min(max(0.62 * room, 190.0), 270.0)
    x_axis, y_axis, shown, null_shown = _axes(numbers, room, height)
    left = MARGIN + room_for_labels(y_axis)
    top = put_title(canvas, f"Funnel plot: {clean(result.title)}") + 14
    plane = Plane(x_axis, y_axis, left, top, canvas.width - MARGIN - 4 - left, height, y_down=True)
    _shade_regions(canvas, plane, numbers)
    filled = _draw_filled(canvas, plane, numbers)
    chosen = _to_name(numbers, shown, labels)
    named, coincident = _draw_studies(canvas, plane, numbers, shown, chosen, filled)
    upright = f"Standard error of {_of_what(numbers.measure)}"
    y = plane.draw_axes(canvas, wording.axis_name(result, numbers), upright)
    y = put_legend(canvas, _legend(canvas, numbers, null_shown), y + 8)
    outside = [p.study.label for p, ok in zip(numbers.points, shown, strict=True) if not ok]
    notes = wording.notes_of(
        result, numbers, null_shown, outside=outside,
        unnamed=0 if labels == "none" else len(numbers.points) - named, every=len(chosen) == len(numbers.points),
        coincident=coincident,
    )  # fmt: skip
    canvas.height = put_notes(canvas, notes, y + 5) + MARGIN
    return canvas


def _axes(numbers: FunnelNumbers, width: float, height: float) -> tuple[Axis, Axis, list[bool], bool]:
    """Axes of effects and of standard errors, which studies lie within them, and whether no effect does."""
    studies, beta = [p.study for p in numbers.points], numbers.summary.beta
    middle = sorted(s.se for s in studies)[len(studies) // 2]
    close = zip(near([s.yi for s in studies], middle), studies, strict=True)
    shown = [ok and s.se <= WIDEST * middle for ok, s in close]
    if not any(shown):
        shown = [True] * len(studies)
    widest = max(s.se for s, ok in zip(studies, shown, strict=True) if ok) * (1 + PAD)
    effects = [s.yi for s, ok in zip(studies, shown, strict=True) if ok]
    if numbers.filled is not None:
        effects += [y for y, se in numbers.filled.studies if se <= widest]
    ends = [beta - numbers.quantile * widest, beta + numbers.quantile * widest, *effects]
    low, high, null = min(ends), max(ends), numbers.null
    null_shown = null is not None and max(high, null) - min(low, null) <= LONGER * (high - low)
    if null is not None and null_shown:
        low, high = min(low, null), max(high, null)
    pad = PAD * (high - low)
    x_axis = working_axis(numbers.measure, low - pad, high + pad, width)
    shown = [ok and x_axis.low <= s.yi <= x_axis.high for s, ok in zip(studies, shown, strict=True)]
    return x_axis, plain_axis(0.0, widest, height, upright=True), shown, null_shown


# -- studies -----------------------------------------------------------------------------------------------------


def _draw_studies(
    canvas: Canvas, plane: Plane, numbers: FunnelNumbers, shown: list[bool], chosen: list[int],
    filled: Sequence[tuple[float, float, float]],
) -> tuple[int, int]:  # fmt: skip
    """Draw studies, names and the boundaries; returns how many studies have a name, how many coincide."""
    rays = _rays_of(plane, numbers)
    at_place: dict[tuple[int, int], int] = {}
    rows: list[int] = []
    circles: list[tuple[float, float, float]] = []
    for point, inside in zip(numbers.points, shown, strict=True):
        s = point.study
        x, y, name = plane.x(s.yi), plane.y(s.se), clean(s.label)
        with canvas.data_row(
            label=name, estimate=s.estimate, ci_low=s.ci_low, ci_high=s.ci_high, effect=s.yi, standard_error=s.se,
            p_value=point.p_value, within_pseudo_limits="yes" if point.within_limits else "no",
            shown="point" if inside else "arrow at the edge",
        ) as row:  # fmt: skip
            rows.append(row)
            if inside:
                place = (round(x / 0.3), round(y / 0.3))
                rings = at_place[place] = at_place.get(place, 0) + 1
                radius = RADIUS + RING * (min(rings, MOST_RINGS) - 1)
                _draw_ring(canvas, radius, x, y, name)
                circles.append((x, y, radius + 0.45))
            else:
                canvas.polygon(_arrow(plane, s.yi, s.se, x, y), INK, f"arrow: {name}")
                circles.append((x, y, 5.7))
    frame = (plane.left + 2, plane.top + _CORNER_GAP, plane.right - 1, plane.bottom - _CORNER_GAP)
    texts = {i: shorten(clean(numbers.points[i].study.label), 0.45 * plane.width, SMALL) for i in chosen}
    major, minor = ([r.segment for r in rays if r.minor is minor] for minor in (False, True))
    points = [(i, *circles[i], texts[i]) for i in chosen]
    placed = place_labels(points, frame, major, [*circles, *filled], SMALL, minor)
    for ray in rays:
        for piece in cut_out(ray.segment, [label.box for label in placed]):
            canvas.line(*piece, ray.name, ray.width, ray.color, ray.dashes)
    put_labels(canvas, placed, rows, 0.4)
    return len(placed), sum(n for n in at_place.values() if n > 1)


def _draw_ring(canvas: Canvas, radius: float, x: float, y: float, name: str) -> None:
    corners = circle(radius, x, y)
    canvas.curve([*corners, *corners[:2]], f"study: {name}", 0.9, INK)


def _arrow(plane: Plane, effect: float, se: float, x: float, y: float) -> list[Point]:
    """An arrow head at the edge that points to a study outside: sideways, or down to a larger standard error."""
    if se > plane.y_axis.high and plane.x_axis.low <= effect <= plane.x_axis.high:
        return [(x, y), (x - 2.6, y - 5), (x + 2.6, y - 5)]
    side = 1 if effect > plane.x_axis.high else -1
    y = min(y, plane.bottom - 3)
    return [(x, y), (x - side * 5, y - 2.6), (x - side * 5, y + 2.6)]


def _to_name(numbers: FunnelNumbers, shown: list[bool], labels: str) -> list[int]:
    """Studies to name, those farthest from the pooled estimate first: they are asked about most."""
    if labels == "none":
        return []
    points = numbers.points
    few = len(points) <= wording.NAMED_AT_MOST or labels == "all"
    chosen = [i for i, p in enumerate(points) if few or not p.within_limits or not shown[i]]
    chosen.sort(key=lambda i: -abs(points[i].study.yi - numbers.summary.beta) / points[i].study.se)
    return chosen if labels == "all" else chosen[: wording.NAMED_AT_MOST]


def _draw_filled(canvas: Canvas, plane: Plane, numbers: FunnelNumbers) -> list[tuple[float, float, float]]:
    """Squares in grey where trim and fill puts studies; returns the room that they take."""
    room: list[tuple[float, float, float]] = []
    if numbers.filled is None:
        return room
    for number, (yi, se) in enumerate(numbers.filled.studies, 1):
        if plane.holds(yi, se):
            with canvas.data_row(label=f"Filled {number}", effect=yi, standard_error=se, shown="filled"):
                canvas.polygon(square(RADIUS, plane.x(yi), plane.y(se)), WHITE, f"filled: {number}", GREY, 0.9)
            room.append((plane.x(yi), plane.y(se), 1.5 * RADIUS))
    return room


# -- regions and lines -------------------------------------------------------------------------------------------


def _shade_regions(canvas: Canvas, plane: Plane, numbers: FunnelNumbers) -> None:
    """Regions of significance, from the outermost inwards, each over the one before."""
    if numbers.null is None or not numbers.contours:
        return
    shades, ranges = SHADES[len(numbers.contours)], wording.ranges(numbers)
    canvas.polygon(box(plane.left, plane.top, plane.right, plane.bottom), shades[-1], f"band: {ranges[-1]}")
    inwards = zip(reversed(numbers.contours), reversed((WHITE, *shades[:-1])), reversed(ranges[:-1]), strict=True)
    for (_, quantile), shade, words in inwards:
        corners = _cone(plane, numbers.null, quantile)
        if len(corners) > 2:
            canvas.polygon(corners, shade, f"band: {words}")


def _cone(plane: Plane, tip: float, quantile: float) -> list[Point]:
    """Corners of what lies between tip -/+ quantile x standard error, within the plane."""
    bottom = plane.y_axis.high
    corners = [(tip, 0.0), (tip + quantile * bottom, bottom), (tip - quantile * bottom, bottom)]
    for edge, sign in ((plane.x_axis.low, 1), (plane.x_axis.high, -1)):
        kept: list[Point] = []
        for (x0, y0), (x1, y1) in zip(corners, [*corners[1:], *corners[:1]], strict=True):
            if sign * (x0 - edge) >= 0:
                kept.append((x0, y0))
            if (x0 - edge) * (x1 - edge) < 0:
                kept.append((edge, y0 + (edge - x0) / (x1 - x0) * (y1 - y0)))
        corners = kept
    return [(plane.x(x), plane.y(y)) for x, y in corners]


@dataclass(frozen=True)
class _Ray:
    """A straight line of the plot; `minor` where it only repeats what the shading shows."""

    segment: Segment
    name: str
    width: float
    color: str
    dashes: Dashes
    minor: bool = False


def _rays_of(plane: Plane, numbers: FunnelNumbers) -> list[_Ray]:
    """Boundaries of significance, no effect, pseudo limits, pooled estimate; names of studies may interrupt them."""
    found: list[_Ray] = []

    def add(tip: float, slopes: Sequence[float], *look: Any) -> None:
        found.extend(_Ray(segment, *look) for slope in slopes if (segment := _segment(plane, tip, slope)) is not None)

    if numbers.null is not None:
        for (p, quantile), dashes in zip(numbers.contours, DASHES, strict=False):
            add(numbers.null, (-quantile, quantile), f"contour {wording.decimal(p)}", 0.7, GREY, dashes, True)
        add(numbers.null, (0.0,), "line of no effect", 0.8, INK, False)
    add(numbers.summary.beta, (-numbers.quantile, numbers.quantile), "pseudo limit", 1.2, BLUE, False)
    add(numbers.summary.beta, (0.0,), "pooled estimate", 1.2, BLUE, ESTIMATE)
    if numbers.filled is not None:
        add(numbers.filled.beta, (0.0,), "pooled with filled", 1.0, GREY, FILLED)
    if numbers.line is not None:
        add(numbers.line.limit, (numbers.line.slope,), "regression", 1.2, VERMILLION, REGRESSION)
    return found


def _segment(plane: Plane, tip: float, slope: float) -> Segment | None:
    """The part of tip + slope x standard error that lies in the plane; None if none does."""
    low, high = plane.x_axis.low, plane.x_axis.high
    if slope == 0:
        return (plane.x(tip), plane.top, plane.x(tip), plane.bottom) if low <= tip <= high else None
    at = sorted(((low - tip) / slope, (high - tip) / slope))
    start, end = max(0.0, at[0]), min(plane.y_axis.high, at[1])
    if start >= end:
        return None
    return (plane.x(tip + slope * start), plane.y(start), plane.x(tip + slope * end), plane.y(end))


def _legend(canvas: Canvas, numbers: FunnelNumbers, null_shown: bool) -> list[LegendEntry]:
    s = numbers.summary
    row = canvas.add_data(
        label="Pooled estimate", estimate=s.estimate, ci_low=s.ci_low, ci_high=s.ci_high, effect=s.beta,
        standard_error=s.se, studies=s.k,
    )  # fmt: skip
    entries = [
        LegendEntry("Study", lambda c, x, y: _draw_ring(c, RADIUS, x + SAMPLE / 2, y, "key")),
        LegendEntry(wording.in_words(numbers), stroke("pooled estimate", 1.2, BLUE, ESTIMATE), row),
        LegendEntry(f"Pseudo {100 * s.level:g}% limits around it", stroke("pseudo limit", 1.2, BLUE)),
    ]
    if numbers.filled is not None:
        entries.append(_filled_entry(canvas, numbers))
    if numbers.line is not None:
        p = numbers.line.p_value
        row = canvas.add_data(label="Egger's regression", effect=numbers.line.limit, p_value=p)
        words = f"Egger's regression: {fmt.p_value(p)}"
        entries.append(LegendEntry(words, stroke("regression", 1.2, VERMILLION, REGRESSION), row))
    if null_shown:
        entries.append(LegendEntry("No effect", stroke("line of no effect", 0.8, INK)))
    if numbers.contours:
        shades = (WHITE, *SHADES[len(numbers.contours)])
        for words, shade in zip(wording.ranges(numbers), shades, strict=True):
            entries.append(LegendEntry(words, area(f"band: key {words}", shade, GREY, 0.4)))
        for (p, _), dashes in zip(numbers.contours, DASHES, strict=False):
            p_text = wording.decimal(p)
            entries.append(LegendEntry(f"P = {p_text}", stroke(f"contour {p_text}", 0.7, GREY, dashes)))
    return entries


def _filled_entry(canvas: Canvas, numbers: FunnelNumbers) -> LegendEntry:
    filled = numbers.filled
    assert filled is not None
    estimate, low, high = filled.pooled
    row = canvas.add_data(
        label="With filled studies", estimate=estimate, ci_low=low, ci_high=high, effect=filled.beta,
        studies=len(filled.studies),
    )  # fmt: skip
    shown = fmt.with_interval(numbers.measure, *filled.pooled)
    words = f"{counted(len(filled.studies))} filled in (trim and fill, L0); pooled with them: {shown}"

    def draw(c: Canvas, x: float, y: float) -> None:
        c.polygon(square(RADIUS, x + SAMPLE / 2, y), WHITE, "filled: key", GREY, 0.9)

    return LegendEntry(words, draw, row)
