"""Forest plots for hostile labels, absurd numbers and every size: no faults, an exact width, true numbers."""

from __future__ import annotations

import dataclasses
import itertools
import math
import re

import numpy as np
import pytest

from metarepro import effect_sizes, pool
from metarepro.analysis.from_fit import result_of
from metarepro.errors import DataError
from metarepro.figures import forest, forest_pages, save
from metarepro.figures.forest_plots.forest import PAGE_MM
from metarepro.figures.forest_plots.scale import forest_axis
from metarepro.figures.page.check_page import check_page
from metarepro.figures.page.layout import MM, Canvas
from metarepro.figures.page.look import GREY, contrast
from metarepro.figures.wording import describe_figure
from tests.figures.canvases import draw_forest, draw_forest_pages
from tests.figures.torture import (
    KINDS,
    LABELS,
    NAN,
    STYLES,
    WIDTHS,
    compound,
    drawn,
    edited,
    judged,
    lost,
    made,
    named,
    studies,
)

INF = math.inf
COUNTS = {"e1": [0, 0, 1, 0], "n1": [10, 200, 15, 30], "e2": [0, 3, 0, 0], "n2": [12, 210, 15, 28]}


def assert_sound(result, **options) -> Canvas:
    """No faults, the width asked for, no text below 6 points, an axis with at least two labels."""
    canvas = draw_forest(drawn(result, **options))
    assert check_page(canvas) == []
    if "width_mm" in options:
        assert canvas.width == pytest.approx(options["width_mm"] * MM, abs=1e-9)
    assert min(t.size for t in canvas.texts) >= 6
    ticks = [t.text for t in canvas.texts if t.role == "tick"]
    assert len(set(ticks)) == len(ticks) >= 2 and not any("e" in t for t in ticks)
    return canvas


def everything_said(canvas: Canvas) -> str:
    return "".join("".join(t.text.split()) for t in canvas.texts)


# -- sizes, labels, widths, styles ----------------------------------------------------------------------------------

COMBINATIONS = list(itertools.product((0, 1, 2, 60), LABELS, WIDTHS, STYLES))


@pytest.mark.parametrize("start", range(13))
def test_sampled_combinations_are_sound(start):
    # 13 shares no factor with 5 styles, 3 widths, 12 labels: every pair of settings is met.
    for number, (k, label, width, style) in enumerate(COMBINATIONS[start::13]):
        if k < 60 or number % 4 == 0:
            assert_sound(made(KINDS[number % len(KINDS)], k, label), width_mm=width, style=style)


@pytest.mark.parametrize("width", WIDTHS)
def test_three_hundred_studies_are_sound(width):
    canvas = assert_sound(made("counts", 300, "80"), width_mm=width, style=STYLES[int(width) % 5])
    assert sum(m.kind == "square" for m in canvas.marks) == 300


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_all_combinations_are_sound(kind):
    for k, label, width, style in itertools.product((0, 1, 2, 60), LABELS, WIDTHS, STYLES):
        assert_sound(made(kind, k, label), width_mm=width, style=style)
    # What many studies add is pages, whatever their names are.
    for width, style in itertools.product(WIDTHS, STYLES):
        assert_sound(made(kind, 300, next(iter(LABELS))), width_mm=width, style=style)


@pytest.mark.parametrize("label", LABELS)
@pytest.mark.parametrize("width", WIDTHS)
def test_every_letter_of_a_label_is_drawn(label, width):
    said = everything_said(draw_forest(drawn(made("counts", 2, label), width_mm=width)))
    for name in named(2, label):
        assert "".join(name.split()) in said


@pytest.mark.parametrize(
    "character",
    [
        "\x00",
        "\x07",
        "\x1b",
        "\u202e",
        "\u2066",
        "\u200b",
        "\ufeff",
        "\u00ad",
        "\ud800",
        "\ue000",
        "\u6f22",
        "\U0001f468",
    ],
)
def test_what_cannot_be_drawn_truly_is_refused_by_name(character):
    with pytest.raises(DataError, match=rf"U\+{ord(character):04X}.*cannot be drawn"):
        forest(made("counts", 2, f"Study{character} {{}}"))


def test_letters_with_separate_accents_are_not_parted_in_a_line_break():
    from metarepro.figures.page.text import wrap

    lines = wrap("e\u0301" * 60, 40, 7.5)
    assert len(lines) > 2 and all(line.startswith("e") and line.endswith("\u0301") for line in lines)


# -- kinds --------------------------------------------------------------------------------------------------------


def subgroups(**words):
    """One study; two that contradict each other, whose Hartung-Knapp interval is absurd; three; one without numbers."""
    yi = np.array([0.1, 0.9, -0.9, 0.2, 0.3, 0.5, NAN])
    vi = np.array([0.1, 0.01, 0.01, 0.1, 0.1, 0.2, NAN])
    groups = ["one study", "two", "two", LABELS["80"], LABELS["80"], LABELS["80"], "lost"]
    return result_of(pool(yi, vi, ci="HK"), measure="OR", labels=named(7), participants=[10] * 7, groups=groups,
                     experimental="ketamine", control="placebo", **words)  # fmt: skip


def with_models():
    measure, inputs, es = studies("counts", 8)
    columns = {"Dose": ["0.5 mg/kg", "x" * 80, "-0.2", "", "1\n2", "3", "4", "5"], "estimate": ["7.77"] * 8,
               "row": ["9"] * 8, "Very long head of a column " * 3: ["12.5"] * 8}  # fmt: skip
    models = {"Common effect": pool(es.yi, es.vi, tau2="CE"), LABELS["80"]: pool(es.yi, es.vi, tau2="DL", ci="z")}
    return result_of(pool(es.yi, es.vi), measure=measure, inputs=inputs, labels=named(8), models=models,
                     columns=columns, experimental="arm\none " * 9, control="control, " * 12)  # fmt: skip


SPECIAL = {
    "subgroups": subgroups,
    "models and columns": with_models,
    "judged": lambda: judged(made("counts", 8, groups=["a"] * 3 + ["b"] * 2 + ["c"] * 3)),
    "compound": compound,
    "not estimable": lambda: lost(lost(made("counts", 6), 0), 3),
    "nothing estimable": lambda: dataclasses.replace(lost(made("counts", 1), 0), summary=None),
    "no participants": lambda: dataclasses.replace(
        made("generic", 4),
        studies=tuple(dataclasses.replace(s, participants=None) for s in made("generic", 4).studies),
    ),
    "events of nobody": lambda: result_of(
        pool(*(lambda es: (es.yi, es.vi))(effect_sizes("OR", **COUNTS))), measure="OR", inputs=COUNTS
    ),
}


@pytest.mark.parametrize("name", SPECIAL)
def test_special_kinds_are_sound_in_every_style_and_width(name):
    result = SPECIAL[name]()
    for style, width in itertools.product(STYLES, WIDTHS):
        assert_sound(result, style=style, width_mm=width)


def test_a_study_of_a_subgroup_that_cannot_be_pooled_stays_in_the_picture():
    canvas = draw_forest(subgroups())
    said = [t.text for t in canvas.texts]
    assert said.count("not estimable") == 1 and "lost" in said
    assert all(name in said for name in named(7))


def test_an_absurd_interval_is_cut_at_both_ends():
    canvas = draw_forest(subgroups())
    diamond = next(m for m in canvas.marks if m.name == "diamond: Subtotal")
    axis = next(m for m in canvas.marks if m.kind == "axis")
    assert (diamond.box[0], diamond.box[2]) == pytest.approx((axis.box[0], axis.box[2]), abs=1e-6)
    assert sum(m.name == "arrow: Subtotal" for m in canvas.marks) == 2


def test_weights_are_not_shown_where_nothing_is_weighted():
    for width in WIDTHS:
        assert "weight" not in everything_said(draw_forest(drawn(compound(), width_mm=width))).lower()


def test_folded_columns_say_what_they_are():
    narrow = everything_said(draw_forest(drawn(made("counts", 3), width_mm=84)))
    assert "Underthelabels:events/total,ketaminevplacebo;weight." in narrow
    assert "Underthelabels" not in everything_said(draw_forest(made("counts", 3)))
    assert "meaninthe" not in narrow and "Underthelabels:mean(SD)andN" in everything_said(
        draw_forest(drawn(made("means", 3), width_mm=84))
    )


def test_a_column_of_a_user_does_not_stand_in_for_ours():
    row = draw_forest(with_models()).data[0]
    assert isinstance(row["estimate"], float) and row["column estimate"] == "7.77" and row["column row"] == "9"


def test_small_means_keep_two_digits():
    values = {"m1": [0.021, 0.034], "sd1": [0.0042, 0.005], "n1": [10, 12], "m2": [0.01, 0.02], "sd2": [0.004, 0.006],
              "n2": [10, 11]}  # fmt: skip
    es = effect_sizes("MD", **values)
    canvas = assert_sound(result_of(pool(es.yi, es.vi), measure="MD", inputs=values))
    assert any("0.0210\u00a0(0.0042)" in t.text or "0.0210 (0.0042)" in t.text for t in canvas.texts)


# -- absurd numbers -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["counts", "generic"])
@pytest.mark.parametrize("width", WIDTHS)
def test_an_estimate_far_off_becomes_an_arrow_and_the_others_stay_apart(kind, width):
    result = edited(made(kind, 6), 1, estimate=1e6, ci_low=1e5, ci_high=1e8)
    canvas = assert_sound(result, width_mm=width)
    assert any(m.name == "arrow: Smith 2 2013" for m in canvas.marks)
    middles = sorted((m.box[0] + m.box[2]) / 2 for m in canvas.marks if m.kind == "square")
    axis = next(m for m in canvas.marks if m.kind == "axis")
    assert len(middles) == 5 and middles[-1] - middles[0] > 0.1 * (axis.box[2] - axis.box[0])


@pytest.mark.parametrize("low,high", [(-INF, INF), (-INF, 1.0), (0.0, INF), (NAN, NAN), (NAN, 2.0)])
@pytest.mark.parametrize("kind", ["counts", "generic"])
def test_infinite_and_missing_ends(kind, low, high):
    low = max(low, 0.0) if kind == "counts" and not math.isnan(low) else low
    result = edited(made(kind, 4), 1, ci_low=low, ci_high=high)
    for style in STYLES:
        canvas = assert_sound(result, style=style)
        arrows = sum(m.name == "arrow: Smith 2 2013" for m in canvas.marks)
        said = [t.text for t in canvas.texts]
        if math.isnan(low):
            assert arrows == 0
        else:
            assert arrows == math.isinf(low) + math.isinf(high) + (kind == "counts" and low == 0.0)
        if kind == "generic" and math.isinf(low):
            assert any("\u2212\u221e" in t for t in said)


@pytest.mark.parametrize("weights", [(1e-9, 50.0, 50.0), (0.0, 0.0, 0.0), (NAN, 40.0, 60.0), (INF, 1.0, 1.0)])
def test_absurd_weights(weights):
    result = made("counts", 3)
    for number, weight in enumerate(weights):
        result = edited(result, number, weight=weight)
    canvas = assert_sound(result)
    squares = [m for m in canvas.marks if m.kind == "square"]
    assert len(squares) == 3 and all(2.3 <= m.box[2] - m.box[0] <= 9.01 for m in squares)
    printed = [row["weight_printed"] for row in canvas.data if row["row_kind"] == "study"]
    assert round(10 * sum(printed)) in (0, 1000)


@pytest.mark.parametrize(
    "measure,columns,low,high",
    [
        ("MN", {"m": [20, 22.0, 25], "sd": [4, 5, 6.0], "n": [10, 20, 30]}, 10, 35),
        ("MN", {"m": [1000.0, 1001, 1002], "sd": [4, 5, 6.0], "n": [10, 20, 30]}, 990, 1010),
        ("IR", {"e": [20, 22, 25], "t": [4000.0, 5000, 6000]}, 0.0, 0.02),
        ("PLO", {"e": [1, 2, 3], "n": [400, 500, 600]}, 0.0, 0.2),
        ("PLO", {"e": [10, 200, 300], "n": [400, 500, 600]}, 0.0, 1.0),
    ],
)
def test_measures_without_a_null_have_an_axis_of_their_own_size(measure, columns, low, high):
    es = effect_sizes(measure, **columns)
    result = result_of(pool(es.yi, es.vi), measure=measure, inputs=columns if measure == "PLO" else None)
    axis = forest_axis(result, es.info)
    assert low <= axis.low and axis.high <= high
    shares = [axis.position(s.estimate) for s in result.studies]
    assert all(0 <= s <= 1 for s in shares) and max(shares) - min(shares) > 0.05
    assert_sound(result)


def test_equal_estimates_without_any_spread():
    result = made("generic", 3)
    for number in range(3):
        result = edited(result, number, estimate=0.0, ci_low=0.0, ci_high=0.0)
    assert_sound(result)


# -- numbers, bytes, grey -------------------------------------------------------------------------------------------


def test_the_text_alternative_says_every_row(results):
    text = describe_figure(subgroups(title="Title\x07 with\nbreaks"))
    assert "Subgroups: two: " in text and "not estimable" in text and "\x07" not in text and "\n" not in text
    assert "Printed: STAR*D, cumulative: 67.0" in describe_figure(compound())
    assert "Other models: Common effect: " in describe_figure(with_models())


def test_no_number_reads_minus_zero_in_any_style():
    result = made("generic", 3)
    for number in range(3):
        result = edited(result, number, estimate=-0.001, ci_low=-0.004, ci_high=0.0002)
    ends = {"ci_low": -0.004, "ci_high": 0.0002, "pi_low": -0.004, "pi_high": 0.0002}
    result = dataclasses.replace(result, summary=dataclasses.replace(result.summary, estimate=-0.001, **ends))
    for style in STYLES:
        for text in (t.text for t in draw_forest(drawn(result, style=style)).texts):
            assert not re.search(r"(?<!\d)[-\u2212]0[.\u00b7]?0*(?!\d|[.\u00b7]\d)", text), text


def test_the_same_bytes_twice(tmp_path):
    for style in STYLES:
        for kind in ("svg", "pdf", "png"):
            written = []
            for folder in ("a", "b"):
                (tmp_path / folder).mkdir(exist_ok=True)
                save(forest(drawn(made("counts", 3, "accented"), style=style)), tmp_path / folder / f"f.{kind}", 100)
                written.append((tmp_path / folder / f"f.{kind}").read_bytes())
            assert written[0] == written[1]


@pytest.mark.parametrize("style", STYLES)
def test_everything_can_be_read_in_grey(style):
    canvas = draw_forest(drawn(subgroups(), style=style))
    for mark in canvas.marks:
        assert max(contrast(c, "#ffffff") for c in (mark.fill, mark.stroke) if c) >= 3 or "rule" in mark.kind
    assert all(contrast(t.color, "#ffffff") >= 4.5 for t in canvas.texts) and contrast(GREY, "#ffffff") >= 4.5
    # Studies, subtotals and totals differ by shape or by being filled, not by colour.
    fills = {m.name: m.fill for m in canvas.marks if m.kind == "diamond"}
    assert fills["diamond: Subtotal"] == "#ffffff" != fills["diamond: total"]


# -- pages --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("width", WIDTHS)
def test_three_hundred_studies_on_pages(width):
    groups = [f"Group {i // 37}" for i in range(300)]
    result = drawn(made("counts", 300, groups=groups), width_mm=width)
    pages = draw_forest_pages(result)
    assert len(pages) > 3
    shown = [row["label"] for page in pages for row in page.data if row["row_kind"] == "study"]
    assert shown == [s.label for s in result.studies]
    for number, page in enumerate(pages, 1):
        assert check_page(page) == []
        said = [t.text for t in page.texts]
        assert f"Response at 24 hours, counts (page {number} of {len(pages)})" in " ".join(said[:3])
        assert "Study" in said and any(m.kind == "axis" for m in page.marks)
        assert page.height <= PAGE_MM * MM or number == len(pages)
        rows = [row["row_kind"] for row in page.data]
        assert rows[-1] != "heading" and "study" in rows
        # Where a subgroup goes on, its heading stands again.
        assert rows[0] == "heading"
    notes = [any("Squares: area" in t.text for t in page.texts) for page in pages]
    assert notes == [False] * (len(pages) - 1) + [True]
    assert any(t.text.endswith("(continued)") for page in pages[1:] for t in page.texts)


@pytest.mark.parametrize("k", range(30, 62, 3))
def test_no_heading_is_last_and_no_summary_alone(k):
    result = made("counts", k, groups=[f"Group {i // 7}" for i in range(k)])
    for page in draw_forest_pages(result, height_mm=120):
        kinds = [row["row_kind"] for row in page.data]
        assert kinds[-1] != "heading" and "study" in kinds


def test_a_page_lower_than_a_row_still_ends():
    pages = forest_pages(made("counts", 4), height_mm=20)
    labels = [row["label"] for page in pages for row in page.metarepro.data if row["row_kind"] == "study"]
    assert labels == named(4) and all(page.metarepro.data for page in pages)
