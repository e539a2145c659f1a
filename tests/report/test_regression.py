"""A meta-regression on the page, from a table of the user's own columns."""

from __future__ import annotations

from metarepro.report.page import render_report
from tests.analysis.test_comparison_rows import analyse, bcg


def page(**changes) -> str:
    rows, studies = bcg()
    return render_report("T", "", [analyse("RR", rows, studies, **changes)], {}, {})


def test_the_page_shows_tests_coefficients_and_predictions():
    text = page(moderators="ablat + year", model={"ci": "HK"})
    assert "Meta-regression on ablat + year" in text
    assert "13 studies; test of the moderators: F(2, 10) = 4.96, P = 0.032; P = 0.029 by exchanging them" in text
    assert '<td>ablat</td><td class="n">−0.02801</td><td class="n">−0.05329 to −0.002732</td>' in text
    assert "Fewer than ten studies a moderator" in text
    assert "<td>ablat 55, year 1966.23</td>" in text


def test_a_regression_that_was_not_fitted_says_why():
    rows, studies = bcg()
    same = [{**s, "ablat": 33} for s in studies]
    text = render_report("T", "", [analyse("RR", rows, same, moderators="ablat")], {}, {})
    assert "Not fitted: " in text and "ablat" in text
    assert "Coefficient" not in text


def test_without_moderators_nothing_is_said():
    assert "Meta-regression" not in page()
