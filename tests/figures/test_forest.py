"""The forest plot as a reader gets it: texts, numbers, geometry, bytes."""

from __future__ import annotations

import dataclasses
import math
import re
import xml.etree.ElementTree as ET

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from metarepro.analysis.decimals import measure_of
from metarepro.analysis.result import AnalysisResult, LeftOut, StudyEffect
from metarepro.analysis.shown_result import show
from metarepro.analysis.summaries import summary_of
from metarepro.effects import effect_sizes, get_measure
from metarepro.errors import DataError
from metarepro.figures import LayoutError, forest, save
from metarepro.figures.forest_plots.drawing import ForestDrawing
from metarepro.figures.forest_plots.scale import forest_axis
from metarepro.figures.page import numbers as fmt
from metarepro.figures.page.axes import make_axis
from metarepro.figures.page.check_page import check_page
from metarepro.figures.page.figure import figure_of
from metarepro.figures.page.layout import Canvas
from metarepro.figures.page.look import MARGIN, SMALL
from metarepro.figures.page.text import text_width, wrap
from metarepro.pooling import pool
from tests.figures.canvases import draw_forest

SVG = "{http://www.w3.org/2000/svg}"


def made_up(k: int, label: str = "Study {}", measure: str = "OR", seed: int = 1) -> AnalysisResult:
    """A result with k studies of any label."""
    rng = np.random.default_rng(seed)
    n1, n2 = rng.integers(8, 20000, k), rng.integers(8, 900, k)
    e1, e2 = rng.binomial(n1, 0.3), rng.binomial(n2, 0.2)
    es = effect_sizes(measure, e1=e1, n1=n1, e2=e2, n2=n2)
    fit = pool(es.yi, es.vi)
    studies = []
    for i in range(k):
        half = 1.96 * math.sqrt(es.vi[i])
        shown = [float(es.to_display(es.yi[i] + d)) for d in (0, -half, half)]
        inputs = {"e1": float(e1[i]), "n1": float(n1[i]), "e2": float(e2[i]), "n2": float(n2[i])}
        studies.append(
            StudyEffect(
                f"s{i}", label.format(i), 2000 + i, "", "primary" if i % 2 else "secondary", 24.0, "MADRS",
                int(n1[i] + n2[i]), inputs, "counts", float(es.yi[i]), float(es.vi[i]), half / 1.96, *shown,
                "normal", float(fit.weights[i]), True, (), (),
            )
        )  # fmt: skip
    summary = summary_of(fit, measure, int(n1.sum() + n2.sum()))
    return AnalysisResult(
        "made_up", "A made-up analysis", "Tests", "response", "Response", "high", measure, "arms", "pool", "ketamine",
        "placebo", None, "", tuple(studies), (), summary, (), None, (), (), "Methods.", (),
    )  # fmt: skip


def texts(figure, tmp_path):
    save(figure, tmp_path / "f.svg")
    root = ET.parse(tmp_path / "f.svg").getroot()
    return ["".join(t.itertext()) for t in root.iter(f"{SVG}text")]


# -- every default figure ---------------------------------------------------------------------------------------


def test_every_default_figure_passes_the_gate(results):
    for result in results.values():
        canvas = draw_forest(result)
        assert check_page(canvas) == [], result.id
        assert canvas.texts and canvas.width >= 174 * 72 / 25.4 - 0.01


def test_numbers_in_the_picture_are_those_of_the_result(results, tmp_path):
    for result in results.values():
        if not result.studies:
            continue
        shown = texts(forest(result), tmp_path)
        measure = get_measure(result.measure)
        for study in result.studies:
            if math.isfinite(study.ci_low):
                assert fmt.with_interval(measure, study.estimate, study.ci_low, study.ci_high) in shown, result.id
            if "e1" in study.inputs:
                assert f"{study.inputs['e1']:.0f}/{study.inputs['n1']:.0f}" in shown
        s = result.summary
        if s.k > 1:
            assert fmt.with_interval(measure, s.estimate, s.ci_low, s.ci_high) in shown
            if math.isfinite(s.pi_low):
                assert f"({fmt.interval(measure, s.pi_low, s.pi_high)})" in shown


def test_marks_stand_where_the_numbers_are(results):
    result = results["response_24h_or"]
    canvas = draw_forest(result)
    ticks = {}
    axis_labels = {t.text: t.x for t in canvas.texts if t.text in ("0.1", "1", "10", "100") and t.align == "center"}
    ticks = {math.log(float(k)): x for k, x in axis_labels.items()}
    assert len(ticks) >= 3
    slope, offset = np.polyfit(list(ticks), list(ticks.values()), 1)
    squares = {m.name: m for m in canvas.marks if m.name.startswith("square: ")}
    for study in result.studies:
        name = next(n for n in squares if study.label.split()[0] in n)
        center = np.mean([x for x, _ in squares[name].points])
        assert center == pytest.approx(offset + slope * math.log(study.estimate), abs=0.05)
    diamond = next(m for m in canvas.marks if m.name == "diamond: total")
    xs = [x for x, _ in diamond.points]
    assert min(xs) == pytest.approx(offset + slope * math.log(result.summary.ci_low), abs=0.05)
    assert max(xs) == pytest.approx(offset + slope * math.log(result.summary.ci_high), abs=0.05)


def test_area_of_squares_is_proportional_to_weight():
    result = made_up(6)
    canvas = draw_forest(result)
    areas = [
        (max(x for x, _ in m.points) - min(x for x, _ in m.points)) ** 2
        for m in canvas.marks
        if m.name.startswith("square: ")
    ]
    weights = [s.weight for s in result.studies]
    big = [(a, w) for a, w in zip(areas, weights, strict=True) if a > 2.41**2]
    ratios = [a / w for a, w in big]
    assert len(big) >= 3 and max(ratios) == pytest.approx(min(ratios), rel=1e-6)


def test_intervals_beyond_the_axis_end_in_arrows(results):
    names = [m.name for m in draw_forest(results["response_72h_or"]).marks]
    assert "arrow: prediction interval" in names and "arrow: total" in names


def test_favours_labels_follow_the_outcome(results, tmp_path):
    score = texts(forest(results["score_24h_md"]), tmp_path)
    assert "← Favours ketamine" in score and "Favours control →" in score
    response = texts(forest(results["response_24h_or"]), tmp_path)
    assert "← Favours control" in response and "Favours ketamine →" in response
    assert not any("Favours" in t for t in texts(forest(results["rate_24h"]), tmp_path))


def test_printed_weights_sum_to_one_hundred(results):
    for result in results.values():
        if result.combine == "pool" and result.studies:
            shown = fmt.weights([s.weight for s in result.studies])
            assert sum(round(10 * float(w)) for w in shown) == 1000


# -- torture ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("k", [1, 2, 60])
@pytest.mark.parametrize(
    "label",
    [
        "Study {}",
        "Von Müller-Lüdenscheidt, Ångström-Öberg and Château-Renault (the second report) 2019 {}"[:80],
        "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft{}",
        '<script>alert({})</script> & "quotes" $\\foo$ 5$ {{{{ 7*7 }}}}',
        "Line one\nline two {}",
    ],
)
def test_any_label_and_any_number_of_studies_render(k, label, tmp_path):
    result = made_up(k, label)
    figure = forest(result)  # raises when two texts touch or one leaves the canvas
    shown = " ".join(texts(figure, tmp_path)).replace(" ", "")
    first = " ".join(label.format(0).split()).replace(" ", "")
    assert first[:20] in shown
    svg = (tmp_path / "f.svg").read_text(encoding="utf-8")
    assert "<script" not in svg


def test_texts_are_as_wide_in_the_picture_as_measured():
    figure = forest(made_up(5, "Wagner & Ávila {}"))
    import matplotlib as mpl

    with mpl.rc_context({"text.hinting": "no_hinting"}):
        canvas = FigureCanvasAgg(figure)
        canvas.draw()
        for text in figure.texts:
            drawn = text.get_window_extent(canvas.get_renderer()).width
            measured = text_width(text.get_text(), text.get_fontsize(), text.get_fontweight())
            assert drawn <= measured * 1.02 + 1.5, text.get_text()


def test_no_studies_says_so(tmp_path):
    empty = dataclasses.replace(made_up(2), studies=(), summary=None, left_out=(LeftOut("a", "A", "no rows"),))
    assert "No study has usable numbers for this analysis." in texts(forest(empty), tmp_path)


def test_a_study_without_an_estimate_stays_visible(tmp_path):
    result = made_up(3)
    nan = math.nan
    lost = dataclasses.replace(
        result.studies[0], yi=nan, vi=nan, se=nan, estimate=nan, ci_low=nan, ci_high=nan, weight=0.0, estimable=False
    )
    shown = texts(forest(dataclasses.replace(result, studies=(lost, *result.studies[1:]))), tmp_path)
    assert "not estimable" in shown


def test_a_character_no_font_has_is_named():
    with pytest.raises(DataError, match=r"The character '漢' \(U\+6F22\) cannot be drawn"):
        forest(made_up(2, "漢字 {}"))


# -- the gate itself fails on planted faults ----------------------------------------------------------------------


def test_the_gate_sees_overlap_and_clipping():
    canvas = Canvas(100, 50)
    canvas.text(5, 20, "first text", 8)
    assert check_page(canvas) == []
    canvas.text(20, 22, "second text", 8)
    assert check_page(canvas) == ["texts 'first text' and 'second text' overlap"]
    with pytest.raises(LayoutError, match="overlap"):
        figure_of(canvas, "t", "d")
    clipped = Canvas(100, 50)
    clipped.text(80, 20, "too long for it", 8)
    assert check_page(clipped) == ["text 'too long for it' leaves the canvas"]
    marked = Canvas(100, 50)
    marked.line(0, 0, 120, 0, "rule")
    assert check_page(marked) == ["mark 'rule' leaves the canvas"]


# -- files --------------------------------------------------------------------------------------------------------


def test_files_are_the_same_bytes_twice_and_carry_their_text_and_fonts(results, tmp_path):
    for turn in ("a", "b"):
        figure = forest(results["response_24h_or"])
        for kind in ("svg", "pdf", "png"):
            save(figure, tmp_path / f"{turn}.{kind}")
    for kind in ("pdf", "png"):
        assert (tmp_path / f"a.{kind}").read_bytes() == (tmp_path / f"b.{kind}").read_bytes()
    svg = [(tmp_path / f"{t}.svg").read_text(encoding="utf-8").replace(f'"{t}-', '"x-').replace(f" {t}-desc", " x-desc")
           for t in "ab"]  # fmt: skip
    assert svg[0] == svg[1]
    root = ET.fromstring(svg[0])
    assert root.get("role") == "img" and root.find(f"{SVG}title").text == results["response_24h_or"].title
    assert "Murrough 2013 (AJP): 4.54 (1.58 to 13.05)" in root.find(f"{SVG}desc").text
    assert len(list(root.iter(f"{SVG}text"))) > 50
    pdf = (tmp_path / "a.pdf").read_bytes()
    assert b"/FontFile2" in pdf and b"/Type3" not in pdf and b"CreationDate" not in pdf


# -- numbers and axes ---------------------------------------------------------------------------------------------


def test_numbers_as_printed():
    ratio, difference, rate = get_measure("OR"), get_measure("MD"), get_measure("PLO")
    assert fmt.effect(difference, -0.001) == "0.00"
    assert fmt.effect(difference, -6.75) == "−6.75"
    assert fmt.interval(ratio, 0.001, 2e6) == "unbounded"
    assert fmt.with_interval(ratio, 2.5, 1e-9, 1e9) == "2.50 (unbounded)"
    assert fmt.interval(ratio, 0.001, 5) == "<0.01 to 5.00" and fmt.interval(ratio, 0.5, 2e6) == "0.50 to >99999"
    assert fmt.effect(rate, 0.5147) == "51.5"
    assert (
        fmt.p_value(0.0004) == "P < 0.001" and fmt.p_value(0.0042) == "P = 0.004" and fmt.p_value(0.047) == "P = 0.047"
    )
    assert fmt.count(191064) == "191\u2009064" and fmt.count(9999) == "9999"
    assert fmt.weights([1, 1, 1]) == ["33.4", "33.3", "33.3"]


@pytest.mark.parametrize("center", [1e-4, 0.3, 1.0, 5.0, 2e3])
@pytest.mark.parametrize("spread", [1.02, 1.5, 10, 1e5])
def test_ratio_axes_have_round_ticks_and_hold_all_estimates(center, spread):
    estimates = [center / spread**0.1, center, center * spread**0.1]
    axis = make_axis(get_measure("OR"), [(e, e / spread, e * spread) for e in estimates])
    assert axis.log and 3 <= len(axis.ticks) <= 9 and 1 in axis.ticks
    assert all(0 <= axis.position(e) <= 1 for e in estimates)
    for tick, label in zip(axis.ticks, axis.labels, strict=True):
        assert float(label) == tick


@pytest.mark.parametrize("scale", [1e-3, 0.4, 7, 300])
def test_linear_axes_have_round_ticks_and_hold_zero(scale):
    axis = make_axis(get_measure("MD"), [(-scale, -2 * scale, 0.1 * scale), (-scale / 2, -scale, 0.2 * scale)])
    assert 0 in [round(t, 12) for t in axis.ticks] and 3 <= len(axis.ticks) <= 10
    assert axis.low <= -scale and len(set(axis.labels)) == len(axis.labels)
    assert "-" not in "".join(axis.labels)


def test_wrapping_keeps_every_character():
    text = "Donaudampfschifffahrtsgesellschaft in two words"
    lines = wrap(text, 60, 7.5)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
    assert all(text_width(line, 7.5) <= 60 for line in lines)


def test_axis_numbers_are_no_powers_of_e(results, tmp_path):
    for result in results.values():
        for text in texts(forest(result), tmp_path):
            assert not re.fullmatch(r"0\.135\d*|0\.367\d*|2\.718\d*|7\.389\d*|20\.08\d*", text)


def test_squares_that_are_not_by_weight_are_said_to_be_larger():
    y, v = [0.1, 0.2, 0.15, 0.3, 0.25], [0.0004, 0.04, 0.09, 0.0005, 0.3]
    uneven = forest(pool(y, v, tau2="CE", ci="z"), measure="MD", labels=list("ABCDE"), experimental="x", control="y")
    even = forest(pool(y, [0.1] * 5), measure="MD", labels=list("ABCDE"), experimental="x", control="y")

    def words(figure) -> str:
        return " ".join(t.text for t in figure.metarepro.canvas.texts)

    assert "area by weight; 3 too small to see are drawn larger." in words(uneven)
    assert "area by weight. " in words(even)


# -- what an art editor asks for ----------------------------------------------------------------------------------


def test_the_plot_has_a_third_of_two_columns_unless_further_columns_are_asked_for(results):
    for name in ("response_24h_or_wide", "score_24h_md_wide", "rate_24h", "suicidality_1to3d_or"):
        drawing = ForestDrawing(show(results[name], width_mm=174))
        assert drawing.panel.width >= drawing.place.width / 3 - 0.01, name


def test_decimal_points_of_estimates_stand_below_each_other(results):
    drawing = ForestDrawing(show(results["response_24h_or_wide"], width_mm=174))
    canvas = drawing.draw_page(drawing.rows, 1, 1)
    estimates = [t for t in canvas.texts if re.match(r"\d+\.\d\d \(", t.text)]
    assert len(estimates) >= 6
    points = {round(t.x + text_width(t.text.partition(".")[0], t.size, t.weight), 3) for t in estimates}
    assert len(points) == 1 and len({t.x for t in estimates}) > 1


@pytest.mark.parametrize("width", [84, 120, 174])
def test_notes_take_four_lines_and_the_text_alternative_has_them_all(results, width):
    result = results["response_24h_or_wide"]
    drawing = ForestDrawing(show(result, width_mm=width))
    shown = drawing.shown_notes()
    assert sum(len(wrap(n, drawing.place.width - 2 * MARGIN, SMALL)) for n in shown) <= 4
    assert "Squares: area by weight" in shown[0]
    description = forest(result, width_mm=width).metarepro.description
    for note in drawing.notes():
        assert " ".join(str(note).split()) in description
    assert "restricted maximum likelihood" in description and "Not used: " in description


def test_house_styles_print_their_own_words(results):
    texts = {style: [t.text for t in forest(results["rate_24h" if style == "plain" else "response_24h_or_wide"], style=style)
                     .metarepro.canvas.texts] for style in ("plain", "cochrane", "bmj", "jama")}  # fmt: skip
    assert "Total (95% CI)" in texts["cochrane"] and "Total (95% CI)" in texts["bmj"]
    assert any(t.startswith("Favors ") or "Favors " in t for t in texts["jama"])
    assert not any("Favors" in t for t in texts["cochrane"]) and any("Favours" in t for t in texts["cochrane"])


def test_a_prediction_interval_is_not_cut_by_a_hair(results):
    """An end that lies a little beyond the axis of the studies is brought in; one far out has its arrow."""
    for result in results.values():
        s = result.summary
        if s is None or s.k < 3 or not math.isfinite(s.pi_low) or result.combine != "pool":
            continue
        axis = forest_axis(result, measure_of(result))
        for end in (s.pi_low, s.pi_high):
            share = axis.share(end)
            assert 0 <= share <= 1 or share < -0.02 or share > 1.02, (result.id, share)
