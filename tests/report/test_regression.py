"""A meta-regression on the page, from a table of the user's own columns."""

from __future__ import annotations

from metarepro.analysis import read_config
from metarepro.analysis.result import MadeOf, Results
from metarepro.evidence import read_dataset
from metarepro.report import Content, render_report
from metarepro.template import TEMPLATE
from tests.analysis.test_comparison_rows import analyse, bcg


def rendered(result) -> str:
    """The page of one result, beside the tables of the template."""
    config, data = read_config(TEMPLATE / "config.yaml"), read_dataset(TEMPLATE / "data/raw")
    return render_report(Content(config, data, Results("T", MadeOf("r", "s", "c"), (result,))))


def page(**changes) -> str:
    rows, studies = bcg()
    return rendered(analyse("RR", rows, studies, **changes))


def test_the_page_shows_tests_coefficients_and_predictions():
    text = page(moderators="ablat + year", model={"ci": "HK"})
    assert "Meta-regression on ablat + year" in text
    assert "13 studies; test of the moderators: F(2, 10) = 4.96, P = 0.032; P = 0.029 by exchanging them" in text
    assert '<th scope="row">ablat</th><td class="n">−0.02801</td><td class="n">−0.05329 to −0.002732</td>' in text
    assert "Fewer than ten studies a moderator" in text
    assert '<th scope="row">ablat 55, year 1966.23</th>' in text


def test_a_regression_that_was_not_fitted_says_why():
    rows, studies = bcg()
    same = [{**s, "ablat": 33} for s in studies]
    text = rendered(analyse("RR", rows, same, moderators="ablat"))
    assert "Not fitted: " in text and "ablat" in text
    assert "Coefficient" not in text


def test_without_moderators_nothing_is_said():
    assert "Meta-regression" not in page()
