"""Results of single studies together: every row's numbers where they are, blocks by what shares an axis."""

from __future__ import annotations

import dataclasses

import pytest

from metarepro.errors import DataError
from metarepro.figures import single_studies_pages
from metarepro.figures.page.check_page import check_page
from metarepro.figures.page.layout import WIDTHS_MM
from tests.figures.audited import LONG, marks, said
from tests.figures.canvases import draw_single_studies

SINGLE = {"dissociation_or", "remission_24h_or_wide", "crossover_48h_md", "ptsd_score_24h_md", "ect_response_rd"}


@pytest.fixture(scope="module")
def single(results):
    return [results[name] for name in sorted(SINGLE)]


@pytest.mark.parametrize("width", WIDTHS_MM)
def test_every_result_of_one_study_has_a_row_and_no_other(results, width):
    canvas = draw_single_studies(list(results.values()), width_mm=width)
    assert check_page(canvas) == []
    wanted = {r.id for r in results.values() if sum(s.estimable for s in r.studies) == 1}
    assert wanted > SINGLE and {row["analysis"] for row in canvas.data} == wanted
    assert len(marks(canvas, "square")) + sum(m.kind == "arrow" for m in canvas.marks) >= len(wanted)
    assert not [m for m in canvas.marks if m.kind == "diamond"]


def test_numbers_and_squares_are_those_of_the_study(results):
    canvas = draw_single_studies([results["dissociation_or"]])
    s = next(s for s in results["dissociation_or"].studies if s.estimable)
    assert f"{s.estimate:.2f} ({s.ci_low:.2f} to {s.ci_high:.2f})" in said(canvas)
    grid = {m.name: m.box[0] for m in canvas.marks if m.kind == "grid"}
    squares = {m.name.removeprefix("square: "): (m.box[0] + m.box[2]) / 2 for m in marks(canvas, "square")}
    assert grid["grid: 10"] < squares["dissociation_or"] < grid["grid: 10"] + 12


def test_differences_in_points_of_two_scales_have_two_axes(single):
    words = said(draw_single_studies(single))
    assert "Mean difference (95% CI), MADRS" in words and "Mean difference (95% CI), IES-R" in words
    assert "Odds ratio (95% CI)" in words


def test_many_rows_go_on_pages_and_long_names_are_wrapped(single):
    many = [
        dataclasses.replace(single[0], id=f"a{n}", measure=("OR", "RR", "HR")[n % 3], outcome_label=f"{LONG} {n}")
        for n in range(60)
    ]
    pages = single_studies_pages(many, width_mm=84.0)
    assert len(pages) > 1
    assert sum(len(p.metarepro.canvas.data) for p in pages) == 60
    assert all(check_page(p.metarepro.canvas) == [] for p in pages)


def test_without_such_a_result_there_is_no_figure(results):
    with pytest.raises(DataError, match="No result rests on one study"):
        draw_single_studies([results["response_24h_or"]])
