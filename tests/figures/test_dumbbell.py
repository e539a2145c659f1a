"""Printed against recomputed results, as a reader gets them."""

from __future__ import annotations

import csv
import dataclasses
import itertools
import math

import numpy as np
import pytest

from metarepro.claims.result import VERDICTS
from metarepro.errors import ConfigError
from metarepro.figures import dumbbell, dumbbell_pages, save, write_figure
from metarepro.figures.page.check_page import check_page
from metarepro.figures.page.layout import MM
from metarepro.figures.page.text import clean
from metarepro.figures.reproductions.dumbbell import describe
from metarepro.figures.reproductions.printed import as_number, printed_text, printed_values, rounded_from, subject
from metarepro.figures.verdict_marks import CLAIM_MARKS, REPRODUCTION_MARKS
from metarepro.reproduction.result import Numbers, PrintedNumbers
from tests.figures.audited import HOSTILE, LONG, NAN, marks, reproduction, resynthesis, said
from tests.figures.canvases import draw_dumbbell

CODES = ("RR", "OR", "HR", "SMD", "MD", "RD", "PR", "", "nonsense")
BASES = ("printed inputs", "own rows", "none")


def mixed(n):
    """Results of every measure, basis and verdict."""
    found = []
    verdicts = itertools.cycle(REPRODUCTION_MARKS)
    for i in range(n):
        code, basis = CODES[i % len(CODES)], BASES[i % 3]
        low, value, high = (0.8, 1.3, 2.1) if code != "PR" else (0.31, 0.42, 0.55)
        shown = [f"{100 * v:.0f}" if code in ("PR", "RD") else f"{v:.2f}" for v in (value, low, high)]
        found.append(
            reproduction(
                i, label=f"Review {i}", code=code, measure=code or "days", basis=basis, verdict=next(verdicts),
                group=("", "Ketamine", "Psilocybin")[i % 3], printed=PrintedNumbers(*shown),
                recomputed=Numbers(value, low, high) if basis == "printed inputs" else None,
                rounded=PrintedNumbers(*shown) if basis == "printed inputs" else PrintedNumbers("", "", ""),
                resynthesis=resynthesis(value, low, high) if basis == "own rows" else None,
            )
        )  # fmt: skip
    return found


def centre(mark):
    xs, ys = zip(*mark.points, strict=True)
    return (min(xs) + max(xs)) / 2, (min(ys) + max(ys)) / 2


# -- what it shows ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("n", [0, 1, 3, 90])
def test_every_result_has_its_marks_and_no_text_touches_another(n):
    found = mixed(n)
    (canvas,) = draw_dumbbell(found)
    assert check_page(canvas) == []
    assert canvas.width == pytest.approx(174 * MM)
    for r in found:
        assert [m.name for m in canvas.marks].count(f"printed: {r.id}") == 1
        assert [m.name for m in canvas.marks].count(f"recomputed: {r.id}") == (r.basis != "none")
        assert [m.name for m in canvas.marks].count(f"verdict: {r.id}") == 1
    assert said(canvas).count("not recomputed") == sum(r.basis == "none" for r in found)


def test_printed_and_recomputed_numbers_stand_in_the_picture_and_the_words():
    r = reproduction(printed=PrintedNumbers("-0.90", "-1.2", ""), rounded=PrintedNumbers("-0.91", "-1.2", "-0.6"),
                     recomputed=Numbers(-0.912, -1.19, -0.6), code="SMD", verdict="differs")  # fmt: skip
    (canvas,) = draw_dumbbell([r], "A title")
    assert {"A title", "\u22120.90 (\u22121.2 to \u2013)", "\u22120.91 (\u22121.2 to \u22120.6)"} <= set(said(canvas))
    assert {"Colditz 1994", "13", "differs", "Vaccines"} <= set(said(canvas))
    about = dumbbell([r], "A title").metarepro
    assert about.title == "A title"
    for text in ("Colditz 1994", "tuberculosis at 24 h, BCG vs none", "\u22120.90", "\u22120.91 (", "1 differs"):
        assert text in about.description


def test_marks_stand_where_the_numbers_are():
    (canvas,) = draw_dumbbell([reproduction()])
    ticks = {float(t.text): t.x for t in canvas.texts if t.align == "center"}
    slope, offset = np.polyfit([math.log(t) for t in ticks], list(ticks.values()), 1)
    for name, value in (("printed", 0.49), ("recomputed", 0.4894)):
        (dot,) = marks(canvas, f"{name}: ")
        assert centre(dot)[0] == pytest.approx(offset + slope * math.log(value), abs=0.05)
        assert {round(x, 2) for x, _ in marks(canvas, f"interval: {name}")[0].points} == {
            round(offset + slope * math.log(v), 2)
            for v in ((0.34, 0.70) if name == "printed" else (0.3441, 0.6962))
        }  # fmt: skip
    printed, recomputed = marks(canvas, "printed: ")[0], marks(canvas, "recomputed: ")[0]
    assert centre(printed)[1] < centre(recomputed)[1] and printed.fill == "#ffffff" != recomputed.fill


def test_our_own_rows_are_an_open_diamond_with_a_dashed_line_and_their_number():
    r = reproduction(basis="own rows", recomputed=None, k=7, resynthesis=resynthesis(0.5, 0.3, 0.8))
    (canvas,) = draw_dumbbell([r])
    (mark,) = marks(canvas, "recomputed: ")
    assert len(mark.points) == 4 and mark.fill == "#ffffff"
    assert marks(canvas, "interval: recomputed")[0].dashed and not marks(canvas, "interval: printed")[0].dashed
    assert "own rows, k = 3 of 7" in said(canvas) and "0.50 (0.30 to 0.80)" in said(canvas)


def test_each_scale_has_its_own_axis_and_only_those_with_no_effect_have_its_line():
    found = mixed(9)
    (canvas,) = draw_dumbbell(found)
    headings = ["Standardised mean differences", "Mean differences", "Risk differences, percentage points",
                "Proportions, %", "Other effects", "Ratios: risk ratio, odds ratio, hazard ratio, log scale"]  # fmt: skip
    assert set(headings) <= set(said(canvas))
    assert len(marks(canvas, "axis")) == 6 and len(marks(canvas, "line of no effect")) == 4


def test_the_subject_is_in_words():
    r = reproduction(outcome="suicidal_ideation", timepoint_h=168.0)
    assert subject(r) == "suicidal ideation at 7 days, BCG vs none"


def test_percentages_are_placed_as_shares():
    r = reproduction(code="PR", measure="percent", printed=PrintedNumbers("45", "34", "56"))
    assert printed_values(r) == pytest.approx((0.45, 0.34, 0.56))
    small = dataclasses.replace(r, printed=PrintedNumbers("0.5", "0.1", "0.9"))
    assert printed_values(small) == pytest.approx((0.005, 0.001, 0.009))
    points = reproduction(code="RD", measure="RD", printed=PrintedNumbers("-5.2", "-9.9", "0.4"))
    assert printed_values(points) == pytest.approx((-0.052, -0.099, 0.004))
    assert printed_values(dataclasses.replace(small, measure="PR")) == pytest.approx((0.5, 0.1, 0.9))


def test_shares_of_one_beside_an_axis_in_percent_are_named():
    share = reproduction(code="RD", measure="RD", printed=PrintedNumbers("0.0027", "", ""), basis="none")
    assert any("shares of 1" in t for t in said(draw_dumbbell([share])[0]))
    assert not any("shares of 1" in t for t in said(draw_dumbbell([reproduction()])[0]))


def test_values_beyond_the_axis_are_arrows():
    rows = [reproduction(i) for i in range(5)]
    far = reproduction(9, printed=PrintedNumbers("0.5", "0.0000001", "9000000000"))
    (canvas,) = draw_dumbbell([*rows, far])
    assert [m.name for m in canvas.marks].count("arrow: printed: r9") == 2
    (canvas,) = draw_dumbbell([*rows, reproduction(9, printed=PrintedNumbers("1000000", "", ""))])
    assert len(marks(canvas, "printed: r9")[0].points) == 3
    smd = [reproduction(i, code="SMD") for i in range(5)]
    huge = reproduction(9, code="SMD", printed=PrintedNumbers("1000000", "1", "2"), recomputed=None)
    (canvas,) = draw_dumbbell([*smd, huge])
    (mark,) = marks(canvas, "printed: r9")
    assert len(mark.points) == 3 and check_page(canvas) == []


# -- pages ------------------------------------------------------------------------------------------------------


def test_pages_hold_every_result_once_and_share_the_axis():
    found = [reproduction(i, group=f"Group {i // 20}") for i in range(85)]
    canvases = draw_dumbbell(found, height_mm=250)
    assert len(canvases) > 2
    assert all(check_page(c) == [] and c.height <= 250 * MM + 0.01 for c in canvases)
    names = [m.name for c in canvases for m in marks(c, "printed: ")]
    assert names == [f"printed: r{i}" for i in range(85)]
    ticks = {tuple((t.text, t.x) for t in c.texts if t.align == "center") for c in canvases}
    assert len(ticks) == 1
    assert len(dumbbell_pages(found)) == len(canvases)
    assert f"Page 2 of {len(canvases)}" in dumbbell_pages(found)[1].metarepro.description


# -- torture ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("label", [LONG, HOSTILE, "x" * 300, "", "5$ and $6"])
def test_any_label_is_drawn(label, tmp_path):
    r = reproduction(label=label, outcome=label, group=label, verdict="another verdict", measure=label)
    (canvas,) = draw_dumbbell([r, reproduction(1)], label)
    assert check_page(canvas) == []
    save(dumbbell([r], label), tmp_path / "f.svg")
    assert "<script" not in (tmp_path / "f.svg").read_text()


ODD = [
    (PrintedNumbers("", "", ""), Numbers(NAN, NAN, NAN)),
    (PrintedNumbers("1000000", "", ""), Numbers(1e6, NAN, NAN)),
    (PrintedNumbers("<1", "n.s.", "-"), Numbers(1.0, 0.0, math.inf)),
    (PrintedNumbers("-5", "-9", "-1"), Numbers(-5.0, -9.0, -1.0)),
    (PrintedNumbers("1e308", "-1e308", "1e309"), Numbers(1e308, -1e308, math.inf)),
    (PrintedNumbers("0", "0", "0"), Numbers(0.0, 0.0, 0.0)),
    (PrintedNumbers("NaN", "inf", "-inf"), Numbers(math.inf, -math.inf, math.inf)),
]


@pytest.mark.parametrize("code", ["RR", "SMD", "RD", "PR", ""])
@pytest.mark.parametrize(("printed", "numbers"), ODD)
def test_odd_numbers_are_drawn(code, printed, numbers):
    r = reproduction(code=code, printed=printed, recomputed=numbers, rounded=PrintedNumbers("", "", ""), k=None)
    for rows in ([r], [r, *(reproduction(i, code=code) for i in range(1, 6))]):
        (canvas,) = draw_dumbbell(rows)
        assert check_page(canvas) == []
        assert all(math.isfinite(v) for m in canvas.marks for p in m.points for v in p)


@pytest.mark.parametrize("width", [84, 120, 174])
@pytest.mark.parametrize("label", ["", LONG, HOSTILE])
def test_every_column_of_a_journal_has_room_for_everything(width, label):
    huge = PrintedNumbers("-123456.789012345", "-123456.789012345", "-12345.6789012345")
    rows = [*mixed(18), reproduction(99, label=label, code="MD", printed=huge, k=12345, group=label, verdict="differs")]
    canvases = draw_dumbbell(rows, label, width, 250)
    said_anywhere = " ".join(t for c in canvases for t in said(c))
    for c in canvases:
        assert check_page(c) == [] and c.width == pytest.approx(width * MM)
        assert c.height <= 250 * MM + 0.01 and c.height > 100
    assert sum(len(marks(c, "printed: ")) for c in canvases) == 19
    assert said_anywhere.count("\u2212123456.789012345") == 2 and "12\u2009345" in said_anywhere
    assert sum(len(marks(c, "verdict: r")) for c in canvases) == 19


@pytest.mark.parametrize("width", [0, -84, 50, math.nan, math.inf])
def test_what_is_no_width_of_a_page_is_refused(width):
    with pytest.raises(ConfigError, match="84, 120 and 174"):
        draw_dumbbell(mixed(3), width_mm=width)


def test_a_number_that_is_not_the_result_s_is_found():
    (canvas,) = draw_dumbbell([reproduction()])
    index, text = next((i, t) for i, t in enumerate(canvas.texts) if t.text == "0.49 (0.34 to 0.70)")
    canvas.texts[index] = dataclasses.replace(text, text="0.49 (0.34 to 0.71)")
    assert any("0.71" in f for f in check_page(canvas))


@pytest.mark.parametrize("width", [84, 174])
def test_the_twin_has_a_row_a_result_with_both_numbers_in_full(tmp_path, width):
    rows = [reproduction(0), reproduction(1, printed=PrintedNumbers("<1", "", ""), recomputed=None, basis="none"),
            reproduction(2, basis="own rows", resynthesis=resynthesis(0.5, 0.3, 0.8))]  # fmt: skip
    write_figure(dumbbell(rows, width_mm=width), tmp_path / "d", ("svg",))
    found = list(csv.DictReader((tmp_path / "d.csv").open(encoding="utf-8")))
    assert [r["result"] for r in found] == ["r0", "r1", "r2"]
    first, second, third = found
    assert [first[f"recomputed_{n}"] for n in ("estimate", "ci_low", "ci_high")] == ["0.4894", "0.3441", "0.6962"]
    assert [first[f"printed_{n}"] for n in ("estimate", "ci_low", "ci_high")] == ["0.49", "0.34", "0.7"]
    assert second["printed_estimate"] == "<1" and second["recomputed_estimate"] == "" == second["printed_ci_low"]
    assert (third["recomputed_estimate"], third["studies_of_our_own"], third["studies"]) == ("0.5", "3", "13")
    assert first["verdict"] == "exact" and third["basis"] == "own rows"
    svg = (tmp_path / "d.svg").read_text()
    assert all(f'data-row="{i}"' in svg for i in range(3)) and 'data-row="3"' not in svg


def test_the_same_bytes_every_time(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        save(dumbbell(mixed(9)), tmp_path / name / "f.svg")
    assert (tmp_path / "a/f.svg").read_bytes() == (tmp_path / "b/f.svg").read_bytes()


def test_printed_texts():
    assert printed_text(PrintedNumbers("0.49", "", "")) == "0.49"
    assert rounded_from("0.49") == pytest.approx((0.485, 0.495)) and rounded_from("-12") == (-12.5, -11.5)
    assert math.isnan(rounded_from("<1")[0]) and math.isnan(as_number(""))
    assert clean(" a\n\u4e2d\x07 ") == "a \ufffd\ufffd"


# -- symbols ----------------------------------------------------------------------------------------------------


def test_symbols_of_verdicts_differ_in_shape_colour_and_word():
    assert tuple(CLAIM_MARKS) == VERDICTS
    for table, n in ((REPRODUCTION_MARKS, 7), (CLAIM_MARKS, 7)):
        assert len(table) == n
        assert len({m.symbol for m in table.values()}) == len({m.color for m in table.values()}) == n
        assert all(m.word == word and m.meaning for word, m in table.items())


def test_all_verdicts_are_told_with_their_number():
    text = describe(mixed(12), "T")
    assert "12 printed results: 2 exact, 2 rounding, 2 within tolerance" in text
