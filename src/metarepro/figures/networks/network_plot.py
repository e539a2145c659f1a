"""Network plot: treatments in a circle, and lines between those that studies compare directly."""

from __future__ import annotations

import itertools
import math
from typing import Any

from metarepro.analysis.network_numbers import NetworkNumbers, network_numbers
from metarepro.figures.page.clip import Box, Segment, clip, cut_out
from metarepro.figures.page.figure import Figure, figure_of
from metarepro.figures.page.layout import ASCENT, DESCENT, Canvas, LayoutError, page_width, put_notes, put_title
from metarepro.figures.page.look import BLUE, GREY, INK, LEADING, MARGIN, MIDDLE, SIZE, SMALL
from metarepro.figures.page.shapes import Point, circle
from metarepro.figures.page.text import clean, counted, text_width, wrap

# Radius of the largest circle and of the smallest; widest and narrowest line, and how many lines may be as wide.
LARGEST, SMALLEST = 9.0, 2.5
WIDEST, NARROWEST, MANY = 5.0, 0.8, 10
# Largest radius of the network; share of the width for names on one side; air around what is placed.
RADIUS, NAMES, AIR = 130.0, 0.27, 1.5
# Where on a line its number may stand, from one end to the other.
PLACES = (0.5, 0.43, 0.57, 0.36, 0.64, 0.29, 0.71, 0.23, 0.77)
# A name beside this direction (as a cosine) stands above or below its circle.
STEEP = 0.12


def network_plot(found: Any, *, title: str = "", width_mm: float = 120.0) -> Figure:
    """Draw which treatments of a network are compared directly, and by how many studies.

    Parameters
    ----------
    found : NetworkFit
        What `metarepro.network` or `metarepro.network_from_arms` gives.
    title : str
    width_mm : float
        Width at print: 84, 120 or 174 mm are the columns of journals.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    DataError
        Something else than a network.
    LayoutError
        More treatments, or longer names, than have room.

    Notes
    -----
    When not to use: to judge consistency, of which it shows only where it can be tested: in closed loops.
    """
    numbers = network_numbers(found)
    heading = clean(title) or "Network of treatments"
    nodes = "; ".join(f"{clean(t)} in {counted(n)}" for t, n in numbers.studies_with.items())
    lines = "; ".join(f"{clean(a)} v {clean(b)}: {counted(n)}" for (a, b), n in numbers.comparisons.items())
    alternative = (
        f"{heading}. {counted(len(numbers.studies_with), 'treatment')}, {counted(numbers.k)}. Treatments: {nodes}. "
        f"Compared directly: {lines}."
    )
    try:
        return figure_of(_draw(numbers, heading, width_mm), heading, alternative)
    except LayoutError as error:
        raise LayoutError(f"{error} Fix: a larger width_mm, such as 174, shorter names, or fewer treatments.") from None


def _draw(numbers: NetworkNumbers, title: str, width_mm: float) -> Canvas:
    canvas = Canvas(page_width(width_mm))
    inner = canvas.width - 2 * MARGIN
    names = {t: wrap(clean(t), NAMES * inner - LARGEST, SIZE, "bold") for t in numbers.studies_with}
    said = [*itertools.chain(*names.values()), *(counted(n) for n in numbers.studies_with.values())]
    room = max(text_width(word, SIZE, "bold") for word in said) + LARGEST + 3
    radius = min(RADIUS, inner / 2 - room)
    above = (len(names[numbers.reference]) + 1) * LEADING + LARGEST
    middle = canvas.width / 2, put_title(canvas, title) + 6 + above + radius
    at = _around(list(numbers.studies_with), middle, radius)
    most = max(numbers.studies_with.values())
    sizes = {t: max(LARGEST * math.sqrt(n / most), SMALLEST) for t, n in numbers.studies_with.items()}
    unnumbered = _put_lines(canvas, numbers, at, sizes)
    for treatment, n in numbers.studies_with.items():
        with canvas.data_row(treatment=clean(treatment), compared_with="", studies=n):
            canvas.polygon(circle(sizes[treatment], *at[treatment]), BLUE, f"treatment: {clean(treatment)}")
            _put_name(canvas, names[treatment], counted(n), at[treatment], middle, sizes[treatment])
    alike = len(set(numbers.comparisons.values())) == 1
    notes = ["Circles and lines grow with the number of studies, which stands beside them."]
    if alike:
        each = counted(next(iter(numbers.comparisons.values())))
        notes = [f"Each line: {each}. Circles grow with the number of studies."]
    elif unnumbered:
        notes.append(f"Without room for its number: {'; '.join(unnumbered)}.")
    bottom = max(*(t.box[3] for t in canvas.texts), *(m.box[3] for m in canvas.marks))
    canvas.height = put_notes(canvas, notes, bottom + 3) + MARGIN
    return canvas


def _around(treatments: list[str], middle: Point, radius: float) -> dict[str, Point]:
    """Places on a circle, clockwise from the top."""
    turns = [2 * math.pi * i / len(treatments) - math.pi / 2 for i in range(len(treatments))]
    return {
        t: (middle[0] + radius * math.cos(a), middle[1] + radius * math.sin(a))
        for t, a in zip(treatments, turns, strict=True)
    }


def _put_lines(canvas: Canvas, numbers: NetworkNumbers, at: dict[str, Point], sizes: dict[str, float]) -> list[str]:
    """Lines between treatments with their numbers of studies; returns those whose numbers have no room."""
    ends: dict[tuple[str, str], Segment] = {(a, b): (*at[a], *at[b]) for a, b in numbers.comparisons}
    taken: list[Box] = [
        (x - sizes[t] - AIR, y - sizes[t] - AIR, x + sizes[t] + AIR, y + sizes[t] + AIR) for t, (x, y) in at.items()
    ]
    most, unnumbered = max(numbers.comparisons.values()), []
    alike = min(numbers.comparisons.values()) == most
    widest = WIDEST * min(1.0, MANY / len(ends)) if not alike else 2 * NARROWEST
    for pair, n in numbers.comparisons.items():
        width = max(widest * n / most, NARROWEST)
        others = [s for other, s in ends.items() if other != pair]
        box = None if alike else _room_for(f"{n}", ends[pair], others, taken)
        with canvas.data_row(treatment=clean(pair[0]), compared_with=clean(pair[1]), studies=n):
            for piece in cut_out(ends[pair], [box] if box else [], 0.0):
                canvas.line(*piece, f"comparison: {clean(pair[0])} v {clean(pair[1])}", width, MIDDLE)
            if box is None:
                unnumbered.append(f"{clean(pair[0])} v {clean(pair[1])}: {n}")
                continue
            taken.append(box)
            canvas.text((box[0] + box[2]) / 2, box[3] - AIR - DESCENT * SMALL, f"{n}", SMALL, "center", color=INK)
    return unnumbered


def _room_for(text: str, line: Segment, others: list[Segment], taken: list[Box]) -> Box | None:
    """Where on a line a number stands free of other lines and of what is placed."""
    half, up, down = text_width(text, SMALL) / 2 + AIR, ASCENT * SMALL / 2 + AIR, ASCENT * SMALL / 2 + AIR
    down += DESCENT * SMALL
    for share in PLACES:
        x, y = line[0] + share * (line[2] - line[0]), line[1] + share * (line[3] - line[1])
        box = (x - half, y - up, x + half, y + down)
        # Lines have a width of their own.
        wide = (box[0] - WIDEST / 2, box[1] - WIDEST / 2, box[2] + WIDEST / 2, box[3] + WIDEST / 2)
        free = not any(b[0] < box[2] and box[0] < b[2] and b[1] < box[3] and box[1] < b[3] for b in taken)
        if free and all(clip(other, wide) is None for other in others):
            return box
    return None


def _put_name(canvas: Canvas, name: list[str], studies: str, at: Point, middle: Point, size: float) -> None:
    """A treatment's name and studies outside of its circle."""
    away = math.dist(at, middle) or 1.0
    across, up = (at[0] - middle[0]) / away, (at[1] - middle[1]) / away
    steep = abs(across) < STEEP
    align: Any = "center" if steep else "left" if across > 0 else "right"
    x = at[0] if steep else at[0] + math.copysign(size + 3, across)
    height = (len(name) + 1) * LEADING
    # Sideways of the circle at its height; at the top and the bottom wholly above or below it.
    if steep:
        y = at[1] - size - 4 - height + LEADING if up < 0 else at[1] + size + 3 + ASCENT * SIZE
    else:
        y = at[1] - height / 2 + ASCENT * SIZE + up * height / 2.4
    y = canvas.lines(x, y, name, SIZE, LEADING, align, "bold", INK)
    canvas.text(x, y, studies, SMALL, align, color=GREY)
