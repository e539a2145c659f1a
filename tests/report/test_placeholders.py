"""Texts of users that look like parts of the page or of its figures stand in it as they are."""

from __future__ import annotations

import dataclasses
import html
import re

import pytest

from metarepro.analysis import read_config, run_analysis
from metarepro.evidence import read_dataset
from metarepro.figures import forest, save
from metarepro.report import render_report
from metarepro.report.anchors import anchor_of
from metarepro.template import TEMPLATE

# Everything that is looked for in finished texts, or was, and what templates of several kinds take for theirs.
HELD = [
    "/*FONTS*/", "{{ styles }}", "{{ 7*7 }}", "{% if x %}", "{# x #}", "{x} {0} {24 h} %s %(a)s", "$5 and $6", r"$\alpha_1$",
    'id="q1"', 'href="#q"', "url(#q)", 'aria-labelledby="a b"', 'style="fill: #000000"', ' transform="rotate(-0 1)"',
    "<style>x</style>", "<metadata>x</metadata>", "<!-- x -->", "-->", "mr:1:x:", '<g id="mr:1:text:">', '<g class="mr-x">',
    "'Liberation Sans'", "</svg>", "</body>", "&amp;", r"\1 \g<0>",
]  # fmt: skip


def told(page: str) -> list[str]:
    """Texts of a page or an SVG as a reader sees them."""
    return [" ".join(html.unescape(t).split()) for t in re.findall(r">([^<]+)<", page)]


@pytest.fixture(scope="module")
def parts():
    config = read_config(TEMPLATE / "config.yaml")
    data = read_dataset(TEMPLATE / "data/raw")
    return run_analysis(config, config.analyses[1], data), data


@pytest.mark.parametrize("text", HELD)
def test_a_label_that_looks_like_a_placeholder_is_a_label(parts, text, tmp_path):
    result, data = parts
    label, seen = f"A {text} b", " ".join(f"A {text} b".split())
    studies = tuple(dataclasses.replace(s, label=label) if not i else s for i, s in enumerate(result.studies))
    result = dataclasses.replace(result, title=label, section=label, studies=studies)
    save(forest(result), tmp_path / "forest.svg")
    svg = (tmp_path / "forest.svg").read_text(encoding="utf-8")
    page = render_report(label, label, [result], {result.id: svg}, data.sources)
    comments = re.compile(r"<!--.*?-->", re.S)
    assert told(comments.sub("", svg)).count(seen) >= 2  # title and row
    # Title of the page, of its heading, section and analysis; authors; the row in the table and in the figure.
    assert told(page).count(seen) >= 7
    figure = page[page.index("<svg") : page.index("</svg>")]
    assert told(figure).count(seen) == told(comments.sub("", svg)).count(seen)
    assert page.count("@font-face") == 2 and page.endswith("</html>")


@pytest.mark.parametrize("name", ["sources", "overview", "source-x", "printed", "forest-title", "response"])
def test_an_analysis_may_be_called_like_a_part_of_the_page(parts, name, tmp_path):
    result, data = parts
    named = [dataclasses.replace(result, id=name), dataclasses.replace(result, id="other")]
    save(forest(result), tmp_path / "forest.svg")
    svg = (tmp_path / "forest.svg").read_text(encoding="utf-8")
    page = render_report("Title", "", named, {r.id: svg for r in named}, data.sources)
    ids = re.findall(r'\bid="([^"]+)"', page)
    assert len(ids) == len(set(ids)) and anchor_of(name) in ids
    assert set(re.findall(r'href="#([^"]+)"', page)) <= set(ids)
