"""The network plot: what is compared, how often, and that every name and number has room."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest

import metarepro as mr
from metarepro.figures.page.check_page import check_page
from metarepro.figures.page.layout import WIDTHS_MM

LONG = "Intranasal esketamine with a newly started oral antidepressant"


def network(pairs, reference=None):
    """A network of two-arm studies."""
    rng = np.random.default_rng(2)
    first, second = zip(*pairs, strict=True)
    yi = rng.normal(0, 0.3, len(pairs))
    study = [f"s{i}" for i in range(len(pairs))]
    return mr.network(yi, np.full(len(pairs), 0.04), first, second, study, reference=reference or first[0])


def canvas_of(net, **options):
    return mr.figures.network_plot(net, **options).metarepro.canvas


def test_every_comparison_and_treatment_is_shown_with_its_studies():
    net = network([("a", "b"), ("a", "b"), ("b", "c"), ("a", "c"), ("c", "d")])
    canvas = canvas_of(net)
    rows = [(r["treatment"], r["compared_with"], r["studies"]) for r in canvas.data]
    assert [r for r in rows if r[1]] == [("a", "b", 2), ("a", "c", 1), ("b", "c", 1), ("c", "d", 1)]
    assert [r for r in rows if not r[1]] == [("a", "", 3), ("b", "", 3), ("c", "", 3), ("d", "", 1)]
    texts = [t.text for t in canvas.texts]
    assert texts.count("3 studies") == 3 and texts.count("1 study") == 1 and texts.count("1") == 3


def test_circles_and_lines_grow_with_the_studies():
    canvas = canvas_of(network([("a", "b")] * 4 + [("b", "c")]))
    width = {m.name: m.width for m in canvas.marks if m.kind == "comparison"}
    assert width["comparison: a v b"] == pytest.approx(4 * width["comparison: b v c"])
    size = {m.name: m.box[2] - m.box[0] for m in canvas.marks if m.kind == "treatment"}
    area = {name: x * x for name, x in size.items()}
    assert area["treatment: b"] / area["treatment: a"] == pytest.approx(5 / 4, rel=1e-6)


@pytest.mark.parametrize("width", WIDTHS_MM)
@pytest.mark.parametrize("number", [2, 3, 6, 12])
def test_all_compared_with_all_has_room(number, width):
    names = [f"Treatment {chr(65 + i)}" for i in range(number)]
    canvas = canvas_of(network(list(itertools.combinations(names, 2))), width_mm=width)
    assert check_page(canvas) == []
    shown = {t.text for t in canvas.texts}
    missing = " ".join(t.text for t in canvas.texts if "v Treatment" in t.text)
    assert all(n in shown for n in names)
    lines = {m.name.partition(": ")[2] for m in canvas.marks if m.kind == "comparison"}
    assert len(lines) == number * (number - 1) // 2
    if number <= 3:
        assert not missing


@pytest.mark.parametrize("width", WIDTHS_MM)
def test_long_names_are_broken(width):
    canvas = canvas_of(network([(LONG, "saline"), ("midazolam", LONG), ("saline", "ECT")]), width_mm=width)
    assert check_page(canvas) == [] and LONG.split()[0] in " ".join(t.text for t in canvas.texts)


def test_a_study_of_three_arms_counts_for_each_pair():
    arms = pd.DataFrame({"s": [1, 1, 1, 2, 2], "t": list("abcab"), "e": [3, 4, 5, 6, 7], "n": [20] * 5})
    net = mr.network_from_arms("OR", study="s", treatment="t", e="e", n="n", data=arms, reference="a")
    assert net.comparisons == {("a", "b"): 2, ("a", "c"): 1, ("b", "c"): 1}
    assert net.studies_with == {"a": 2, "b": 2, "c": 1}


def test_the_text_alternative_says_all():
    figure = mr.figures.network_plot(network([("a", "b"), ("b", "c")]), title="Ours")
    assert figure.metarepro.description == (
        "Ours. 3 treatments, 2 studies. Treatments: a in 1 study; b in 2 studies; c in 1 study. "
        "Compared directly: a v b: 1 study; b v c: 1 study."
    )


def test_what_is_no_network_is_refused():
    with pytest.raises(mr.DataError, match=r"^The figure takes what network or network_from_arms gives\. Fix: "):
        mr.figures.network_plot(mr.pool([0.1, 0.2], [0.1, 0.1]))


def test_where_all_counts_are_equal_lines_are_thin_and_one_sentence_says_so():
    names = [f"T{i}" for i in range(16)]
    canvas = canvas_of(network(list(itertools.combinations(names, 2))), width_mm=174)
    assert {m.width for m in canvas.marks if m.kind == "comparison"} == {1.6}
    assert "Each line: 1 study. Circles grow with the number of studies." in [t.text for t in canvas.texts]


def test_what_has_no_room_is_told_with_the_fix():
    names = [f"A treatment whose name is long {i}" for i in range(30)]
    with pytest.raises(mr.figures.LayoutError, match=r"Fix: a larger width_mm, such as 174, shorter names, or fewer"):
        canvas_of(network(list(itertools.combinations(names, 2))), width_mm=84)
