"""Files against what was drawn: whatever is altered, exchanged, moved or lost on the way is seen."""

from __future__ import annotations

import re

import pytest

from metarepro.figures import LayoutError, demand_files, drapery, forest_pages, write_figure
from metarepro.figures.page.compare_with_canvas import compare_with_canvas
from metarepro.figures.page.printed_numbers import exchanged


@pytest.fixture(scope="module")
def drawn(results, tmp_path_factory):
    folder = tmp_path_factory.mktemp("drawn")
    pages = forest_pages(results["response_24h_or"])
    write_figure(pages, folder / "forest")
    return pages, folder


def altered(drawn, tmp_path, kind, old, new):
    """Files with one thing altered, and the differences that are seen."""
    pages, folder = drawn
    for file in folder.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    path = tmp_path / f"forest.{kind}"
    text = path.read_text(encoding="utf-8")
    changed = re.sub(old, new, text, count=1)
    assert changed != text
    path.write_text(changed, encoding="utf-8")
    return compare_with_canvas(pages, tmp_path / "forest", 300)


def test_what_was_written_is_what_was_drawn(drawn, results, tmp_path):
    pages, folder = drawn
    assert compare_with_canvas(pages, folder / "forest", 300) == []
    write_figure(figure := drapery(results["rate_24h"]), tmp_path / "drapery", dpi=600)
    demand_files(tmp_path / "drapery", pages=figure, dpi=600)


@pytest.mark.parametrize(
    ("kind", "old", "new", "seen"),
    [
        ("svg", r">30/47<", ">31/47<", "text '30/47' reads '31/47'"),
        ("svg", r">4\.54 \(1\.58 to 13\.05\)<", ">1.58 (4.54 to 13.05)<", "text '4.54 (1.58 to 13.05)' reads"),
        ("svg", r">Sos 2013\u2020<", ">Lapidus 2014<", "text 'Sos 2013\u2020' reads 'Lapidus 2014'"),
        ("svg", "Favours ketamine", "Favours control", "text 'Favours ketamine \u2192' reads"),
        ("svg", r">Response 24 hours after one dose, ketamine v control \(odds ratio\)</text", ">Response</text", "reads 'Response'"),
        ("svg", r'(<g class="mr-text")', r'\1 data-row="9"', "is of another row"),
        ("svg", r'<g class="mr-square" data-row="1">.*?</g>', "", "marks were drawn"),
        ("svg", r'<g class="mr-text" data-row="1">.*?</g>', "", "texts were drawn"),
        ("svg", r'(<g class="mr-square" data-row="1">\s*<path d="M )\d+', r"\g<1>300", "stands elsewhere"),
        ("svg", r"<desc([^>]*)>Forest", r"<desc\1>Tree", "title or description is another"),
        ("csv", "30.0,47.0", "31.0,47.0", "forest.csv: is another"),
        ("alt.txt", "4.54", "5.44", "forest.alt.txt: is another"),
    ],
)  # fmt: skip
def test_planted_faults_are_seen(drawn, tmp_path, kind, old, new, seen):
    flags = re.compile(old, re.S).pattern if kind != "svg" else f"(?s){old}"
    found = altered(drawn, tmp_path, kind, flags, new)
    assert found and seen in found[0]
    with pytest.raises(LayoutError, match=r"faults? in the figure forest"):
        demand_files(tmp_path / "forest", pages=drawn[0])


def test_a_picture_of_another_size_is_seen(drawn):
    pages, folder = drawn
    assert compare_with_canvas(pages, folder / "forest", 600) == ["forest.png: 2055 pixels wide, not 4110"]


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("4.54 (1.58 to 13.05)", False), ("1.58 (4.54 to 13.05)", True), ("4.54 (13.05 to 1.58)", True),
        ("36.5 (1.58 to 13.05)", True), ("\u03c4\u00b2 0.45 (0.00 to 15.67)", False),
        ("\u03c4\u00b2 0.45 (1.58 to 13.05)", True), ("4.54 [1.58, 13.05]", False), ("4.54 (1.58-13.05)", False),
        ("no numbers (here to there)", False),
    ],
)  # fmt: skip
def test_estimates_and_intervals_belong_together(text, wrong):
    row = {"estimate": 4.5378, "ci_low": 1.5777, "ci_high": 13.0522, "weight": 36.5, "tau2": 0.451, "tau2_low": 0.0,
           "tau2_high": 15.67}  # fmt: skip
    assert exchanged(text, row) == wrong
