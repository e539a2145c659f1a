"""The rows of the page and the forest plot of the files: one axis, the same ticks, the same places, the same rule of size."""

from __future__ import annotations

import math

import pytest

from metarepro.analysis.shown_result import show
from metarepro.figures.forest_plots.drawing import ForestDrawing
from tests.report.dom import parse
from tests.report.pages import default_page

NAMES = ["response_24h_or", "response_24h_or_wide", "score_24h_md_wide", "rate_24h", "suicidality_24h_or", "dropout_or"]


@pytest.fixture(scope="module")
def panels():
    return {n.attrs["data-m"]: n for n in parse(default_page().html).all(kind="ms")}


@pytest.mark.parametrize("name", NAMES)
def test_marks_stand_where_those_of_the_forest_plot_stand(panels, results, name):
    result = results[name]
    drawing = ForestDrawing(show(result, width_mm=174))
    canvas = drawing.draw_page(drawing.rows, 1, 1)
    panel = drawing.panel

    def share(x: float) -> float:
        return (x - panel.left) / panel.width

    squares = {}
    for m in canvas.marks:
        if m.kind == "square":
            xs = [p[0] for p in m.points]
            squares[m.name.partition(": ")[2].rstrip("\u2020")] = (share((min(xs) + max(xs)) / 2), max(xs) - min(xs))
    compared = 0
    sides = []
    for row in panels[name].all(tag="tr"):
        marks = [n for n in row.walk() if n.has("sq") and n.name == "rect"]
        if "data-study" not in row.attrs or not marks:
            continue
        (label,) = [n.words() for n in row.all(kind="lb")]
        x = float(marks[0].parent.attrs["x"].rstrip("%"))
        assert abs((x - 3) / 94 - squares[label][0]) < 1e-3, label
        sides.append((squares[label][1], float(marks[0].attrs["width"])))
        compared += 1
    assert compared == len(squares) >= 3
    # Areas are by weight in both: sides are in one proportion, but for those at the floor.
    free = [(a, b) for a, b in sides if a > 2.41 and b > 4.81]
    assert all(math.isclose(a / b, free[0][0] / free[0][1], rel_tol=0.02) for a, b in free)


@pytest.mark.parametrize("name", NAMES)
def test_the_axis_has_the_ticks_of_the_forest_plot(panels, results, name):
    drawing = ForestDrawing(show(results[name], width_mm=174))
    foot = panels[name].all(tag="tfoot")[0]
    shown = [(n.words(), float(n.attrs["x"].rstrip("%"))) for n in foot.all(tag="text") if n.attrs.get("y") == "16"]
    axis = drawing.panel.axis
    assert [text for text, _ in shown] == list(axis.labels)
    for (_, x), tick in zip(shown, axis.ticks, strict=True):
        assert abs((x - 3) / 94 - axis.position(tick)) < 1e-3
