"""House styles: how numbers are written, and that every number in every style is the result's."""

from __future__ import annotations

import math
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metarepro.effects import get_measure
from metarepro.errors import ConfigError
from metarepro.figures import forest, save
from metarepro.figures.page.printed_numbers import numbers_in, shows, unexplained
from metarepro.figures.page.read_back import read_picture
from metarepro.figures.styles import NO_BREAK, STYLES, get_style
from tests.figures.canvases import draw_forest
from tests.figures.torture import WIDTHS, compound, drawn, judged, lost, made

OR, MD, RD = get_measure("OR"), get_measure("MD"), get_measure("RD")


def plain(text: str) -> str:
    return text.replace(NO_BREAK, " ")


@pytest.mark.parametrize(
    "style,ratio,negative",
    [
        ("plain", "1.23 (0.80 to 1.90)", "\u22121.23 (\u22122.50 to 0.04)"),
        ("cochrane", "1.23 [0.80, 1.90]", "\u22121.23 [\u22122.50, 0.04]"),
        ("bmj", "1.23 (0.80 to 1.90)", "\u22121.23 (\u22122.50 to 0.04)"),
        ("jama", "1.23 (0.80-1.90)", "\u22121.23 (\u22122.50 to 0.04)"),
        ("lancet", "1\u00b723 (0\u00b780\u20131\u00b790)", "\u22121\u00b723 (\u22122\u00b750 to 0\u00b704)"),
    ],
)
def test_intervals_as_the_journals_write_them(style, ratio, negative):
    s = get_style(style)
    assert s.with_interval(OR, 1.234, 0.8, 1.9) == ratio
    assert s.with_interval(MD, -1.234, -2.5, 0.04) == negative
    assert s.with_interval(OR, 1.234, math.nan, 1.9) == ratio.split()[0]


@pytest.mark.parametrize(
    "style,p,text",
    [
        ("plain", 0.0312, "P = 0.031"), ("plain", 0.04996, "P = 0.04996"), ("plain", 0.0004, "P < 0.001"),
        ("plain", 0.23456, "P = 0.23"), ("plain", math.nan, "P not defined"),
        ("jama", 0.0312, "P = .03"), ("jama", 0.0004, "P < .001"), ("jama", 0.0042, "P = .004"),
        ("jama", 0.049, "P = .049"), ("jama", 0.0497, "P = .0497"), ("jama", 0.051, "P = .05"),
        ("jama", 0.997, "P > .99"), ("jama", 1.0, "P > .99"), ("jama", 0.00999, "P = .01"),
        ("bmj", 0.0312, "P=0.03"), ("bmj", 0.0004, "P<0.001"), ("bmj", 0.0451, "P=0.045"),
        ("cochrane", 0.049999, "P = 0.049999"), ("cochrane", 0.0042, "P = 0.004"),
        ("lancet", 0.0312, "p=0\u00b7031"), ("lancet", 0.00002, "p<0\u00b70001"), ("lancet", 0.0004, "p=0\u00b70004"),
        ("lancet", 0.5, "p=0\u00b750"),
    ],
)  # fmt: skip
def test_p_values_as_the_journals_write_them(style, p, text):
    assert plain(get_style(style).p_value(p)) == text


@given(st.floats(0, 1), st.sampled_from(sorted(STYLES)))
@settings(max_examples=300, deadline=None)
def test_a_p_below_one_in_twenty_reads_below_it(p, style):
    text = plain(get_style(style).p_value(p)).replace("\u00b7", ".")
    printed = float(re.search(r"\d*\.\d+", text).group())
    if "<" in text:
        assert p < printed
    elif ">" in text:
        assert p > printed
    else:
        assert abs(p - printed) <= 0.005 * (1 + 1e-9) and (p < 0.05) <= (printed < 0.05)
    assert "P = 0.000" not in text and "-" not in text


@given(
    st.sampled_from(sorted(STYLES)),
    st.sampled_from(["OR", "MD", "RD", "PLO", "SMD", "IR"]),
    st.lists(st.floats(-1e6, 1e6), min_size=3, max_size=3).map(sorted),
)
@settings(max_examples=400, deadline=None)
def test_every_printed_interval_reads_back_as_its_values(style, code, values):
    measure = get_measure(code)
    if measure.ratio:
        values = [math.exp(v / 1e5) for v in values]
    low, estimate, high = values
    text = get_style(style).with_interval(measure, estimate, low, high)
    found = numbers_in(text)
    assert len(found) == 3
    assert all(shows(n, v) for n, v in zip(found, (estimate, low, high), strict=True))
    assert not re.search(r"(?<![\d])[-\u2212]0[.\u00b7]?0*(?![\d.\u00b7])", text)
    assert unexplained(text, {"a": estimate, "b": low, "c": high}) == []


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("width", WIDTHS)
def test_every_number_in_the_file_is_the_results(style, width, tmp_path):
    s = get_style(style)
    for number, result in enumerate(
        (
            lost(judged(made("counts", 7, groups=list("aabbbcc"))), 4),
            made("means", 4),
            made("one arm", 3),
            made("generic", 3),
        )
    ):
        measure = get_measure(result.measure)
        save(forest(drawn(result, style=style, width_mm=width)), tmp_path / f"{number}.svg")
        said = " ".join(w.text for w in read_picture(tmp_path / f"{number}.svg").words if w.kind == "text")
        joined = said.replace(" ", "")
        for study in result.studies:
            text = s.with_interval(measure, study.estimate, study.ci_low, study.ci_high)
            assert (text if study.estimable else "not estimable").replace(" ", "") in joined
            if "e1" in study.inputs:
                shown = f"{study.inputs['e1']:,.0f}".replace(",", "\u2009" if study.inputs["e1"] >= 1e4 else "")
                assert shown in said
        pooled = [result.summary, *(g.summary for g in result.subgroups if g.summary.k > 1)]
        for summary in pooled:
            text = s.with_interval(measure, summary.estimate, summary.ci_low, summary.ci_high)
            assert text.replace(" ", "") in joined
            assert s.p_value(summary.q_p) in said.replace(" ", NO_BREAK) or s.p_value(summary.q_p) in said


@pytest.mark.parametrize("style", STYLES)
def test_printed_weights_sum_to_one_hundred_and_subgroups_to_their_parts(style):
    result = drawn(lost(made("counts", 9, groups=list("aabbbccdd")), 1), style=style)
    canvas = draw_forest(result)
    studies = [row for row in canvas.data if row["row_kind"] == "study"]
    assert sum(round(10 * row["weight_printed"]) for row in studies) == 1000
    subtotals = [row for row in canvas.data if row["row_kind"] == "pooled" and row.get("group")]
    assert len(subtotals) >= 3
    for row in subtotals:
        parts = sum(round(10 * r["weight_printed"]) for r in studies if r["group"] == row["group"])
        assert round(10 * row["weight_printed"]) == parts
    shown = [t.text.replace("\u00b7", ".") for t in canvas.texts]
    assert any(t.rstrip("%") == "100.0" for t in shown)


def test_heads_tell_how_the_studies_were_put_together():
    import dataclasses

    result = drawn(made("one arm", 3), style="cochrane")
    assert "IV, Random, 95% CI" in [t.text for t in draw_forest(result).texts]
    method = dataclasses.replace(result.summary.method, model="binomial-normal", ci="PL")
    binomial = dataclasses.replace(result.summary, method=method)
    said = [t.text for t in draw_forest(dataclasses.replace(result, summary=binomial)).texts]
    assert "GLMM, Random, 95% CI" in said and not any("IV," in t for t in said)
    peto = [
        t.text
        for t in draw_forest(drawn(dataclasses.replace(made("counts", 3), measure="PETO"), style="cochrane")).texts
    ]
    assert "Peto, Random, 95% CI" in peto
    assert not any("IV," in t.text for t in draw_forest(drawn(compound(), style="cochrane")).texts)


def test_the_lancet_writes_its_axis_with_its_own_point():
    ticks = [t.text for t in draw_forest(drawn(made("counts", 5), style="lancet")).texts if t.role == "tick"]
    assert any("\u00b7" in t for t in ticks) and not any("." in t for t in ticks)


def test_an_unknown_style_is_named():
    with pytest.raises(ConfigError, match=r"no style 'nature'\. Styles: plain, cochrane"):
        forest(made("counts", 2), style="nature")


# -- numbers read back ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text,row,wrong",
    [
        ("20", {"label": "Smith 2013", "e1": 12.0}, ["20"]),
        ("12", {"label": "Smith 2013", "e1": 12.0}, []),
        ("Smith 2013", {"label": "Smith 2013"}, []),
        ("Smith 2014", {"label": "Smith 2013"}, ["2014"]),
        (">99999", {"high": math.inf}, []),
        ("5.00", {"high": math.inf}, ["5.00"]),
        ("<0.01", {"low": math.inf}, ["<0.01"]),
        ("1.24", {"estimate": 1.234}, ["1.24"]),
        ("1.23", {"estimate": 1.234}, []),
        ("15mg", {"dose": "x" * 30 + "15mg"}, []),
        ("9", {"dose": "0.9 mg"}, ["9"]),
    ],
)
def test_a_number_of_a_picture_is_a_whole_number_of_its_row(text, row, wrong):
    assert unexplained(text, row) == wrong
