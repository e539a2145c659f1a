"""Symbols of verdicts: each has a shape, a colour and a word, so that none of the three is needed alone."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from metarepro.figures.page.layout import Canvas
from metarepro.figures.page.look import BLUE, BROWN, GREEN, GREY, INK, ORANGE, PURPLE, VERMILLION
from metarepro.figures.page.shapes import Point, box, circle, cross, plus

Fill = Literal["colour", "white"]


def _wave(y: float) -> list[Point]:
    xs = [i / 6 - 1 for i in range(13)]
    above = [(x, y - 0.26 * math.sin(math.pi * x) - 0.19) for x in xs]
    return above + [(x, py + 0.38) for x, py in reversed(above)]


def _half_circle() -> list[Point]:
    turns = [math.pi / 2 + math.pi * i / 12 for i in range(13)]
    return [(0.95 * math.cos(a), 0.95 * math.sin(a)) for a in turns]


_TICK: list[Point] = [(-0.98, 0.05), (-0.62, -0.32), (-0.25, 0.04), (0.64, -0.82), (1.0, -0.46), (-0.25, 0.76)]
_ARROW: list[Point] = [(-1, -0.28), (0.05, -0.28), (0.05, -0.85), (1, 0), (0.05, 0.85), (0.05, 0.28), (-1, 0.28)]
_SMALL_TICK: list[Point] = [(0.62 * x, 0.62 * y) for x, y in _TICK]


@dataclass(frozen=True)
class VerdictMark:
    """How a verdict is shown: its word, its colour, its symbol, and what it means in plain words.

    The symbol is polygons on a square from -1 to 1, y downwards, each with its fill; a white one has an outline.
    """

    word: str
    color: str
    symbol: tuple[tuple[tuple[Point, ...], Fill], ...]
    meaning: str


def _mark(word: str, color: str, meaning: str, *symbol: tuple[list[Point], Fill]) -> VerdictMark:
    return VerdictMark(word, color, tuple((tuple(points), fill) for points, fill in symbol), meaning)


_DASH: tuple[list[Point], Fill] = (box(-0.5, -0.16, 0.5, 0.16), "colour")
REPRODUCTION_MARKS: dict[str, VerdictMark] = {
    m.word: m
    for m in (
        _mark(
            "exact", GREEN, "a way of computing that the report\u2019s words allow gives the printed numbers",
            (_TICK, "colour"),
        ),
        _mark(
            "rounding", BLUE, "such a way gives them within the rounding of the printed inputs",
            (_wave(-0.42), "colour"), (_wave(0.42), "colour"),
        ),
        _mark(
            "within tolerance", PURPLE, "such a way nearly gives them; the difference is small",
            (plus(0.85, 0.27, -0.22), "colour"), (box(-0.85, 0.76, 0.85, 1.24), "colour"),
        ),
        _mark(
            "differs but explained", ORANGE, "another way of computing, other studies or one changed study gives them",
            (circle(), "white"), (_half_circle(), "colour"),
        ),
        _mark(
            "differs, several slips possible", BROWN,
            "several changes of one study give them, so none is shown to be it",
            (box(-0.95, -0.95, 0.95, 0.95), "white"), (cross(0.62, 0.22), "colour"),
        ),
        _mark("differs", VERMILLION, "nothing that was tried gives them", (cross(1.15, 0.28), "colour")),
        _mark("not checkable", GREY, "something that is needed was not printed", (circle(0.95), "white"), _DASH),
    )
}  # fmt: skip
CLAIM_MARKS: dict[str, VerdictMark] = {
    m.word: m
    for m in (
        _mark("supported", GREEN, "the evidence says what the page says", (_TICK, "colour")),
        _mark(
            "supported only under named specifications", BLUE,
            "true for some reasonable ways of computing, not for others; they are named",
            (box(-0.95, -0.95, 0.95, 0.95), "white"), (_SMALL_TICK, "colour"),
        ),
        _mark(
            "partly supported", ORANGE, "a part of it is right, or it is right with a limit that the page leaves out",
            (circle(), "white"), (_half_circle(), "colour"),
        ),
        _mark(
            "misattributed", PURPLE, "the source that the page names does not say it; another one may",
            (_ARROW, "colour"),
        ),
        _mark(
            "not supported", BROWN, "what was read does not show it, and does not show the opposite either",
            (box(-0.95, -0.95, 0.95, 0.95), "white"), (cross(0.62, 0.22), "colour"),
        ),
        _mark("contradicted", VERMILLION, "the evidence says otherwise", (cross(1.15, 0.28), "colour")),
        _mark(
            "not checkable", GREY, "nothing could be found or read that would decide it", (circle(0.95), "white"),
            _DASH,
        ),
    )
}  # fmt: skip
# A verdict that is none of the list is still drawn, as a hollow triangle with its own word.
_UNKNOWN: list[Point] = [(0, -0.9), (0.95, 0.8), (-0.95, 0.8)]


def mark_of(verdict: str, marks: dict[str, VerdictMark]) -> VerdictMark:
    """The mark of a verdict; a hollow triangle with its word if it is none of the list."""
    return marks.get(verdict) or _mark(verdict or "no verdict", GREY, "", (_UNKNOWN, "white"))


def draw_mark(canvas: Canvas, mark: VerdictMark, x: float, y: float, radius: float, name: str) -> None:
    """Put a verdict's symbol around a point; the first polygon is `verdict: name`, others `verdict part: name`."""
    outline = INK if mark.color == ORANGE else mark.color
    for number, (points, fill) in enumerate(mark.symbol):
        placed = tuple((x + radius * px, y + radius * py) for px, py in points)
        color = mark.color if fill == "colour" else "#ffffff"
        stroke, width = (outline, 0.9) if fill == "white" else (None, 0.0)
        kind = "verdict" if number == 0 else "verdict part"
        canvas.polygon(placed, color, f"{kind}: {name}", stroke, width)
