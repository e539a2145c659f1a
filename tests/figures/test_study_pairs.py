"""Printed against recomputed effects of studies, as a reader gets them."""

from __future__ import annotations

import csv
import dataclasses
import math

import numpy as np
import pytest

from metarepro.errors import ConfigError, DataError
from metarepro.figures import save, study_pairs, study_pairs_pages, write_figure
from metarepro.figures.page.check_page import check_page
from metarepro.figures.page.figure import figure_of
from metarepro.figures.page.layout import MM, LayoutError
from metarepro.reproduction.result import Numbers, PrintedNumbers, StudyReproduction
from tests.figures.audited import HOSTILE, LONG, NAN, marks, reproduction, said
from tests.figures.canvases import draw_study_pairs

VERDICTS = ("exact", "rounding", "differs", "not checkable")
FORMULA = "J as 1 - 3/(4N - 9), variance with d"
# Psilocybin trials of SYPRES (2025): effects as its table prints them, and as its means and SDs give them.
BACK = StudyReproduction(
    "Back 2024", PrintedNumbers("-1.421536", "-2.227054", "-0.616017"),
    Numbers(-1.42153552640956, -2.2270539830945046, -0.6160170697246152), FORMULA, "exact",
)  # fmt: skip
LEWIS = StudyReproduction(
    "Lewis 2025", PrintedNumbers("-1.729737", "-2.722972", "-0.736502"),
    Numbers(-1.7297373, -2.7229720, -0.7365026), FORMULA, "rounding",
)  # fmt: skip


def result(studies, **fields):
    values = {
        "code": "SMD", "measure": "Hedges g", "printed": PrintedNumbers("-0.9031", "-1.2561", "-0.5501"),
        "recomputed": Numbers(-0.903081, -1.256106, -0.550056), "rounded": PrintedNumbers("-0.9031", "-1.2561", "-0.5501"),
    }  # fmt: skip
    return reproduction(studies=tuple(studies), **{**values, **fields})


def many(n, label="Study"):
    """Studies of every verdict."""
    found = []
    for i in range(n):
        value = math.sin(i)
        numbers = Numbers(value, value - 0.5, value + 0.5)
        shown = PrintedNumbers(*(f"{v:.2f}" for v in (value, value - 0.5, value + 0.5)))
        found.append(StudyReproduction(f"{label} {i}", shown, numbers, FORMULA, VERDICTS[i % 4]))
    return found


def middle(mark):
    xs, ys = zip(*mark.points, strict=True)
    return (min(xs) + max(xs)) / 2, (min(ys) + max(ys)) / 2


# -- what it shows ----------------------------------------------------------------------------------------------


def test_both_numbers_of_a_study_stand_one_above_the_other_with_the_verdict():
    (canvas,) = draw_study_pairs(result([BACK, LEWIS]))
    assert check_page(canvas) == []
    lines = {t.text: t.y for t in canvas.texts}
    assert [t.text for t in canvas.texts].count("\u22121.421536 (\u22122.227054 to \u22120.616017)") == 2
    # The last digit differs, which is why the verdict is rounding.
    above, below = (lines[f"\u22121.729737 (\u22122.722972 to \u22120.73650{d})"] for d in (2, 3))
    assert above < below and {"Back 2024", "Lewis 2025", "exact", "rounding", "Hedges g"} <= set(said(canvas))
    text = " ".join(said(canvas))
    assert f"Formula of the effects: {FORMULA}." in text
    pooled = "\u22120.9031 (\u22121.2561 to \u22120.5501)"
    assert f"Pooled result: printed {pooled}, recomputed {pooled}: exact." in text
    assert len(marks(canvas, "verdict: s")) == 2


def test_marks_stand_where_the_numbers_are_hollow_above_filled_below():
    (canvas,) = draw_study_pairs(result(many(4)))
    ticks = {float(t.text.replace("\u2212", "-")): t.x for t in canvas.texts if t.role == "tick"}
    slope, offset = np.polyfit(list(ticks), list(ticks.values()), 1)
    for i, study in enumerate(many(4)):
        (hollow,), (filled,) = marks(canvas, f"printed: s{i}"), marks(canvas, f"recomputed: s{i}")
        assert middle(hollow)[0] == pytest.approx(offset + slope * float(study.printed.estimate), abs=0.05)
        assert middle(filled)[0] == pytest.approx(offset + slope * study.recomputed.estimate, abs=0.05)
        assert middle(hollow)[1] < middle(filled)[1] and hollow.fill == "#ffffff" != filled.fill
        (line,) = marks(canvas, f"interval: recomputed: s{i}")
        ends = [offset + slope * v for v in (study.recomputed.ci_low, study.recomputed.ci_high)]
        assert [x for x, _ in line.points] == pytest.approx(ends, abs=0.05)


def test_half_a_unit_is_rounded_as_the_report_did():
    half = StudyReproduction("A", PrintedNumbers("0.98", "", ""), Numbers(0.975 - 1e-16, 0.06, 15.0), "f", "exact")
    (canvas,) = draw_study_pairs(result([half], code="RR"))
    assert "0.98 (0.06 to 15.00)" in said(canvas) and not any(t.startswith("0.97") for t in said(canvas))


def test_shares_are_on_an_axis_of_shares_and_percentages_on_one_of_percent():
    share = StudyReproduction("A", PrintedNumbers("-0.0046", "-0.0173", "0.0081"), Numbers(-0.004566, -0.01724, 0.00811),
                              "f", "differs")  # fmt: skip
    r = result([share], code="RD", measure="RD", printed=PrintedNumbers("0.0027", "-0.0010", "0.0063"),
               recomputed=Numbers(0.00266, -0.00098, 0.00631))  # fmt: skip
    (canvas,) = draw_study_pairs(r)
    assert {"\u22120.0046 (\u22120.0173 to 0.0081)", "\u22120.0046 (\u22120.0172 to 0.0081)"} <= set(said(canvas))
    assert "Risk difference" in said(canvas) and "\u22120.02" in [t.text for t in canvas.texts if t.role == "tick"]
    percent = StudyReproduction(
        "A", PrintedNumbers("-5.2", "-9.9", "0.4"), Numbers(-0.0523, -0.0986, 0.0041), "f", "exact"
    )
    r = result([percent], code="RD", measure="RD", printed=PrintedNumbers("-0.9", "-1.0", "-0.8"), recomputed=None)
    (canvas,) = draw_study_pairs(r)
    assert "Risk difference (percentage points)" in said(canvas)
    assert said(canvas).count("\u22125.2 (\u22129.9 to 0.4)") == 2
    assert "\u22125.0" in [t.text for t in canvas.texts if t.role == "tick"]


def test_a_turned_sign_is_named():
    turned = StudyReproduction("A", PrintedNumbers("0.50", "0.10", "0.90"), Numbers(-0.5, -0.9, -0.1), "f", "exact")
    (canvas,) = draw_study_pairs(result([BACK, turned]))
    assert said(canvas).count("sign turned") == 1 and any(t.startswith("Sign turned:") for t in said(canvas))
    (canvas,) = draw_study_pairs(result([BACK]))
    assert not any("ign turned" in t for t in said(canvas))


def test_studies_without_a_print_or_a_number_keep_their_rows():
    none = StudyReproduction("A", PrintedNumbers("", "", ""), Numbers(-0.5, -0.9, -0.1), "f", "not checkable")
    neither = StudyReproduction("B", PrintedNumbers("0.3", "", ""), Numbers(NAN, NAN, NAN), "f", "not checkable")
    (canvas,) = draw_study_pairs(result([BACK, none, neither]))
    assert check_page(canvas) == []
    assert {"A", "B", "\u2013", "not recomputed", "\u22120.50 (\u22120.90 to \u22120.10)"} <= set(said(canvas))
    assert len(marks(canvas, "printed: s")) == 2 == len(marks(canvas, "recomputed: s"))


# -- twins and faults -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("width", [84, 174])
def test_the_twin_has_the_pooled_result_and_a_row_a_study(tmp_path, width):
    written = write_figure(study_pairs(result([BACK, LEWIS]), width), tmp_path / "s", ("svg", "png"))
    assert {p.name for p in written} == {"s.svg", "s.png", "s.csv", "s.alt.txt"}
    pooled, back, lewis = csv.DictReader((tmp_path / "s.csv").open(encoding="utf-8"))
    assert (pooled["shows"], pooled["printed_estimate"], pooled["recomputed_ci_low"]) == (
        "pooled",
        "-0.9031",
        "-1.256106",
    )
    assert (back["study"], back["printed_ci_high"], back["verdict"]) == ("Back 2024", "-0.616017", "exact")
    numbers = [float(back[f"recomputed_{n}"]) for n in ("estimate", "ci_low", "ci_high")]
    assert numbers == [BACK.recomputed.estimate, BACK.recomputed.ci_low, BACK.recomputed.ci_high]
    assert lewis["verdict"] == "rounding"
    alt = (tmp_path / "s.alt.txt").read_text()
    assert "2 studies: 1 exact, 1 rounding." in alt and FORMULA in alt
    assert "Lewis 2025: printed \u22121.729737" in alt
    svg = (tmp_path / "s.svg").read_text()
    assert "\u22120.736503)" in svg and 'class="mr-recomputed" data-row="2"' in svg


def test_a_wrong_number_is_never_written():
    (canvas,) = draw_study_pairs(result([BACK, LEWIS]))
    index, text = next((i, t) for i, t in enumerate(canvas.texts) if t.text.endswith("\u22120.736503)"))
    canvas.texts[index] = dataclasses.replace(text, text=text.text.replace("3)", "4)"))
    with pytest.raises(LayoutError, match=r"0\.736504"):
        figure_of(canvas, "t", "d")


def test_the_same_bytes_every_time(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        save(study_pairs(result(many(5))), tmp_path / name / "f.svg")
    assert (tmp_path / "a/f.svg").read_bytes() == (tmp_path / "b/f.svg").read_bytes()


# -- torture ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("width", [84, 120, 174])
@pytest.mark.parametrize("n", [1, 2, 60])
@pytest.mark.parametrize("label", ["Study", LONG, HOSTILE])
def test_every_column_of_a_journal_has_room(width, n, label):
    canvases = draw_study_pairs(result(many(n, label), label=label), width, 250)
    for c in canvases:
        assert check_page(c) == [] and c.width == pytest.approx(width * MM) and c.height <= 250 * MM + 0.01
    names = [m.name for c in canvases for m in marks(c, "printed: ")]
    assert names == [f"printed: s{i}" for i in range(n)]
    assert sum(row["shows"] == "study" for c in canvases for row in c.data) == n
    assert sum(row["shows"] == "pooled" for c in canvases for row in c.data) == 1


def test_three_hundred_studies_are_divided_into_pages_with_one_axis():
    pages = study_pairs_pages(result(many(300)))
    canvases = [p.metarepro.canvas for p in pages]
    ticks = {tuple((t.text, t.x) for t in c.texts if t.role == "tick") for c in canvases}
    assert len(pages) > 5 and len(ticks) == 1
    assert pages[1].metarepro.description.startswith(f"Page 2 of {len(pages)}. ")
    assert sum(len(marks(c, "recomputed: ")) for c in canvases) == 300


ODD = [
    ("1000000", Numbers(1e6, NAN, NAN)),
    ("<1", Numbers(1.0, 0.0, math.inf)),
    ("-5", Numbers(-5.0, -9.0, -1.0)),
    ("1e-9", Numbers(1e-9, -1e300, 1e300)),
    ("n.s.", Numbers(math.inf, -math.inf, math.inf)),
    ("0.1234567890123456789", Numbers(0.12, 0.1, 0.2)),
]


@pytest.mark.parametrize("code", ["RR", "SMD", "RD", "PR", ""])
@pytest.mark.parametrize(("shown", "numbers"), ODD)
def test_odd_numbers_are_drawn(code, shown, numbers):
    odd = StudyReproduction("odd", PrintedNumbers(shown, "", "-7"), numbers, "", "differs")
    for studies in ([odd], [odd, *many(5)]):
        for width in (84, 174):
            (canvas,) = draw_study_pairs(result(studies, code=code), width)
            assert check_page(canvas) == []
            assert all(math.isfinite(v) for m in canvas.marks for p in m.points for v in p)


def test_a_result_without_studies_and_a_page_without_width_are_refused():
    with pytest.raises(DataError, match="no effects of single studies"):
        study_pairs(result([]))
    with pytest.raises(ConfigError, match="84, 120 and 174"):
        study_pairs(result([BACK]), width_mm=20)
