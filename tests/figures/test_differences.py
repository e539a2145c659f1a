"""Printed against recomputed results in units of the last printed digit: which have a line, where its marks stand."""

from __future__ import annotations

import dataclasses
import math

import pytest

from metarepro.figures import differences, differences_pages
from metarepro.figures.page.check_page import check_page
from metarepro.figures.reproductions.differences import AXIS, describe, units_of
from metarepro.reproduction.result import Numbers, PrintedNumbers
from tests.figures.audited import reproduction


def made(printed: tuple[str, str, str], recomputed: tuple[float, float, float], code: str = "OR", **more):
    return dataclasses.replace(
        reproduction(), printed=PrintedNumbers(*printed), recomputed=Numbers(*recomputed), code=code,
        measure=code, basis="printed inputs", **more,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("printed", "recomputed", "code", "units"),
    [
        (("1.24", "1.13", "1.36"), (1.25, 1.13, 1.34), "OR", (1, 0, -2)),
        # Below no effect a smaller ratio is farther from it, and the upper end is the one nearer to it.
        (("0.80", "0.60", "1.10"), (0.79, 0.58, 1.10), "OR", (1, 0, 2)),
        (("-0.5", "-0.9", "-0.1"), (-0.4, -0.9, -0.2), "SMD", (-1, 1, 0)),
    ],
)
def test_units_are_of_the_last_digit_and_point_away_from_no_effect(printed, recomputed, code, units):
    assert units_of(made(printed, recomputed, code)) == pytest.approx(units, abs=1e-9)


def test_without_recomputed_numbers_there_is_no_line():
    none = dataclasses.replace(reproduction(), recomputed=None)
    assert math.isnan(units_of(none)[0])
    figure = differences([none, made(("1.24", "1.13", "1.36"), (1.24, 1.13, 1.36))])
    assert len(figure.metarepro.data) == 1


@pytest.mark.parametrize("width", [84, 120, 174])
def test_marks_stand_at_their_units_and_arrows_where_the_axis_ends(width):
    near = made(("1.24", "1.13", "1.36"), (1.26, 1.13, 1.34), id="near")
    far = made(("1.77", "0.15", "21.13"), (1.64, 0.51, 5.33), id="far", verdict="differs")
    canvas = differences([near, far], width_mm=width).metarepro.canvas
    assert check_page(canvas) == []
    (axis,) = [m for m in canvas.marks if m.kind == "axis"]
    left, right = (p[0] for p in axis.points)

    def units(mark):
        xs = [p[0] for p in mark.points]
        return AXIS.low + (AXIS.high - AXIS.low) * ((min(xs) + max(xs)) / 2 - left) / (right - left)

    marks = {m.name: m for m in canvas.marks if m.kind == "estimate"}
    assert units(marks["estimate: near"]) == pytest.approx(2, abs=1e-6) and "estimate: far" not in marks
    ends = sorted(units(m) for m in canvas.marks if m.name == "end: near")
    assert ends == pytest.approx([-2, 0], abs=1e-6)
    assert {m.name for m in canvas.marks if m.kind == "arrow"} == {"arrow: far"}
    # The worst verdict stands first.
    assert [row["result"] for row in canvas.data] == ["far", "near"]


def test_many_results_go_on_further_pages_and_each_is_told(tmp_path):
    many = [made(("1.24", "1.13", "1.36"), (1.24, 1.13, 1.36), id=f"r{i}", label=f"Review {i}") for i in range(90)]
    pages = differences_pages(many)
    assert len(pages) == 2 and sum(len(p.metarepro.data) for p in pages) == 90
    text = describe(many, "Title")
    assert text.count("of the last digit") == 90 and "+0.0 units" in text
