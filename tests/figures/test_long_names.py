"""Names as long as they may be are laid out without a fault: in words, in one word, in one hyphened word."""

from __future__ import annotations

import dataclasses

import pytest

from metarepro.analysis import read_config, run_analysis
from metarepro.evidence import read_dataset
from metarepro.evidence.cells import MAX_LABEL
from metarepro.figures import drapery, forest, forest_panels, funnel
from metarepro.figures.page.check_page import check_page
from metarepro.template import TEMPLATE


def long(start: str, unit: str) -> str:
    return (start + unit * MAX_LABEL)[: MAX_LABEL - 1] + "Z"


@pytest.fixture(scope="module")
def results():
    config, data = read_config(TEMPLATE / "config.yaml"), read_dataset(TEMPLATE / "data/raw")
    return [run_analysis(config, a, data) for a in config.analyses]


@pytest.mark.parametrize("unit", ["long name ", "Wm", "very-long-name-"], ids=["words", "solid", "hyphens"])
@pytest.mark.parametrize("draw", [forest, funnel, drapery, None], ids=["forest", "funnel", "drapery", "panels"])
def test_names_of_200_characters(results, draw, unit):
    named = []
    for result in results:
        studies = tuple(dataclasses.replace(s, label=long(f"Study {i} ", unit)) for i, s in enumerate(result.studies))
        named.append(dataclasses.replace(result, title=long("Title ", unit), studies=studies))
    if draw is None:
        heads = [long("One ", unit), long("Two ", unit)]
        figures = forest_panels(named[:2], title=long("Panels ", unit), titles=heads)
    else:
        figures = draw(named[1], minimum=3) if draw is funnel else draw(named[1])
    for figure in figures if isinstance(figures, list) else [figures]:
        assert check_page(figure.metarepro.canvas) == []
