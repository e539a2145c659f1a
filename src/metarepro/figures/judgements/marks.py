"""Symbols of risk-of-bias judgements: shape, sign and colour each tell them apart; not assessed is never low."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from metarepro.errors import DataError
from metarepro.figures.page.layout import Canvas
from metarepro.figures.page.legend import LegendEntry
from metarepro.figures.page.look import GREEN, GREY, INK, ORANGE, WHITE
from metarepro.figures.page.shapes import Point, box, circle, cross, plus

NOT_ASSESSED = "not assessed"
# Vermillion and green are equally dark in grey; this one is darker than both others.
DARK_VERMILLION = "#B04700"
DARKEST = "#6B1D00"
PALE = "#D9D9D9"


@dataclass(frozen=True)
class JudgementMark:
    """How a judgement is shown: word, kind of mark, colours, shape and sign from -1 to 1."""

    word: str
    kind: str
    color: str
    ink: str
    shape: tuple[Point, ...]
    sign: tuple[Point, ...] = ()
    sign_name: str = "empty"

    @property
    def is_pale(self) -> bool:
        """Whether its colour alone would be too pale on white."""
        return self.color in (ORANGE, PALE)


def _rounded(corners: list[Point], radius: float) -> tuple[Point, ...]:
    """A convex polygon with its corners cut round: arcs of four steps between the sides."""
    points = []
    for i, (x, y) in enumerate(corners):
        ends = []
        for other in (corners[i - 1], corners[(i + 1) % len(corners)]):
            far = math.hypot(other[0] - x, other[1] - y)
            ends.append((x + radius * (other[0] - x) / far, y + radius * (other[1] - y) / far))
        a, b = ends
        for t in (0.0, 0.25, 0.5, 0.75, 1.0):
            of_a, of_corner, of_b = (1 - t) ** 2, 2 * t * (1 - t), t**2
            points.append((of_a * a[0] + of_corner * x + of_b * b[0], of_a * a[1] + of_corner * y + of_b * b[1]))
    return tuple(points)


_DIAMOND = _rounded([(0.0, -1.12), (1.12, 0.0), (0.0, 1.12), (-1.12, 0.0)], 0.34)
_SQUARE = _rounded(box(-0.9, -0.9, 0.9, 0.9), 0.3)
_MINUS = tuple(box(-0.5, -0.17, 0.5, 0.17))
_PLUS = tuple(plus(0.6, 0.17))
_CROSS = tuple(cross(0.74, 0.17))
# A question mark in one outline: its hook, a hair line to its dot, and back.
_QUESTION = (
    (-0.42, -0.3), (-0.42, -0.45), (-0.2, -0.68), (0.2, -0.68), (0.45, -0.42), (0.45, -0.18), (0.17, 0.1), (0.17, 0.24),
    (0.0, 0.24), (0.0, 0.4), (0.17, 0.4), (0.17, 0.7), (-0.17, 0.7), (-0.17, 0.4), (0.0, 0.4), (0.0, 0.24),
    (-0.17, 0.24), (-0.17, -0.04), (0.13, -0.3), (0.05, -0.4), (-0.08, -0.4), (-0.14, -0.3),
)  # fmt: skip
# An exclamation mark likewise.
_EXCLAMATION = (
    (-0.17, -0.7), (0.17, -0.7), (0.17, 0.2), (0.0, 0.2), (0.0, 0.38), (0.17, 0.38), (0.17, 0.7), (-0.17, 0.7),
    (-0.17, 0.38), (0.0, 0.38), (0.0, 0.2), (-0.17, 0.2),
)  # fmt: skip
JUDGEMENT_MARKS: dict[str, JudgementMark] = {
    "low": JudgementMark("low risk", "risk low", GREEN, WHITE, tuple(circle(corners=32)), _PLUS, "plus"),
    "some": JudgementMark("some concerns", "risk some", ORANGE, INK, _DIAMOND, _MINUS, "minus"),
    "moderate": JudgementMark("moderate risk", "risk moderate", ORANGE, INK, _DIAMOND, _MINUS, "minus"),
    "serious": JudgementMark("serious risk", "risk serious", DARK_VERMILLION, WHITE, _SQUARE, _CROSS, "cross"),
    "critical": JudgementMark(
        "critical risk", "risk critical", DARKEST, WHITE, _SQUARE, _EXCLAMATION, "exclamation mark"
    ),
    "high": JudgementMark("high risk", "risk high", DARK_VERMILLION, WHITE, _SQUARE, _CROSS, "cross"),
    "unclear": JudgementMark("unclear risk", "risk unclear", ORANGE, INK, _DIAMOND, _QUESTION, "question mark"),
    "no_information": JudgementMark(
        "no information", "risk no information", PALE, INK, _DIAMOND, _QUESTION, "question mark"
    ),
    "": JudgementMark(NOT_ASSESSED, "risk not assessed", WHITE, GREY, tuple(circle(0.86, corners=32))),
}  # fmt: skip


def judgement_mark(judgement: str) -> JudgementMark:
    """The mark of a judgement. Raises DataError for a word that is no judgement; nothing is taken for low."""
    mark = JUDGEMENT_MARKS.get(judgement)
    if mark is None:
        words = ", ".join(word for word in JUDGEMENT_MARKS if word)
        raise DataError(f"{judgement!r} is no judgement of risk of bias. Allowed: {words}, or empty when not assessed.")
    return mark


def draw_judgement(canvas: Canvas, judgement: str, x: float, y: float, radius: float, name: str) -> None:
    """Put the mark of a judgement around a point: a dashed outline without a sign for "", not assessed.

    `radius` is half the height; signs are readable from 3 points. Raises DataError for what is no judgement.
    """
    mark = judgement_mark(judgement)
    shape = [(x + radius * px, y + radius * py) for px, py in mark.shape]
    if judgement == "":
        canvas.polygon(shape, mark.color, f"{mark.kind}: {name}", mark.ink, 0.6, dashed=True)
        return
    # An outline only where the colour alone would be too pale on white.
    stroke = INK if mark.is_pale else None
    canvas.polygon(shape, mark.color, f"{mark.kind}: {name}", stroke, 0.5)
    canvas.polygon([(x + radius * px, y + radius * py) for px, py in mark.sign], mark.ink, f"risk sign: {name}")


def mark_entries(judgements: Sequence[str]) -> list[LegendEntry]:
    """A key of the marks of some judgements."""

    def entry(judgement: str) -> LegendEntry:
        word = judgement_mark(judgement).word
        name = f"key: {word}"
        return LegendEntry(word, lambda c, x, y: draw_judgement(c, judgement, x + 4.5, y, 3.6, name), sample=9.0)

    return [entry(judgement) for judgement in judgements]
