"""All ways of computing one printed result, as a reader gets them."""

from __future__ import annotations

import csv
import dataclasses
import itertools
import math

import pytest

from metarepro.figures import save, specification_strip, write_figure
from metarepro.figures.page.check_page import check_page
from metarepro.figures.page.layout import MM
from metarepro.figures.reproductions.specifications import MOST, choices_of, columns_of, thinned
from metarepro.reproduction.result import Numbers, PrintedNumbers
from tests.figures.audited import HOSTILE, LONG, NAN, marks, reproduction, said, specification
from tests.figures.canvases import draw_strip

TAU2 = ("CE", "DL", "REML", "Mantel-Haenszel")
INTERVALS = ("z", "HK")


def ways(n, **fields):
    """So many different ways; the first agrees, the second is the report's own."""
    return tuple(
        specification(0.4 + 0.2 * i / max(n, 2), tau2=TAU2[i % 4], interval=INTERVALS[i % 2], agrees=i == 0,
                      own=i == 1, **fields)
        for i in range(n)
    )  # fmt: skip


def strip(specifications, **fields):
    agreeing = sum(s.agrees for s in specifications)
    r = reproduction(specifications=specifications, tried=len(specifications), agreeing=agreeing, **fields)
    canvas = draw_strip(r)
    assert check_page(canvas) == []
    return r, canvas


@pytest.mark.parametrize("n", [1, 2, 12, MOST])
def test_one_column_a_way_with_a_dot_for_each_choice(n):
    _, canvas = strip(ways(n))
    assert canvas.width == pytest.approx(174 * MM)
    assert len(marks(canvas, "specification: ")) == len(marks(canvas, "interval: ")) == n
    assert len(marks(canvas, "choice: tau2")) == len(marks(canvas, "choice: interval")) == n
    assert len(marks(canvas, "choice: effects")) == n and not marks(canvas, "choice: measure")
    assert len(marks(canvas, "choice: Gives")) == 1 and not marks(canvas, "ways: ")


def test_columns_are_sorted_and_stand_where_the_estimates_are():
    _, canvas = strip(ways(12)[::-1])
    dots = [next(m for m in canvas.marks if m.name == f"specification: {i}") for i in range(12)]
    xs = [sum(x for x, _ in m.points) / len(m.points) for m in dots]
    ys = [sum(y for _, y in m.points) / len(m.points) for m in dots]
    assert xs == sorted(xs) and ys == sorted(ys, reverse=True)
    logs = [math.log(s.numbers.estimate) for s in ways(12)]
    slopes = [(ys[i + 1] - ys[i]) / (logs[i + 1] - logs[i]) for i in range(11)]
    assert max(slopes) == pytest.approx(min(slopes), rel=0.01)


def test_a_way_that_agrees_has_its_own_shape_and_colour():
    _, canvas = strip(ways(12))
    first, second, third = (next(m for m in canvas.marks if m.name == f"specification: {i}") for i in range(3))
    assert len(first.points) == 4 < len(second.points)
    assert len({first.fill, second.fill, third.fill}) == 3


def test_the_caption_counts_and_warns():
    r, canvas = strip(ways(12))
    text = " ".join(said(canvas))
    assert "1 of 12 ways of computing gives the printed numbers, 0 of the 1 that the report\u2019s words allow." in text
    assert "A match shows how the result may have been computed, not that it was." in text
    assert {"printed estimate 0.49", "printed lower end 0.34", "printed upper end 0.70"} <= set(said(canvas))
    assert {"restricted maximum likelihood (REML)", "DerSimonian-Laird (DL)", "Mantel-Haenszel"} <= set(said(canvas))
    about = specification_strip(r).metarepro
    assert about.title == "Colditz 1994: tuberculosis at 24 h, BCG vs none"
    for words in ("0.49 (0.34 to 0.70)", "1 of 12 ways", "Estimates run from 0.40 to 0.58", "RR; as they are; CE; z"):
        assert words in about.description


def test_the_band_is_what_rounds_to_the_print():
    _, canvas = strip((specification(0.485), specification(0.495)))
    (band,) = marks(canvas, "printed estimate")
    top, bottom = min(y for _, y in band.points), max(y for _, y in band.points)
    ys = [sum(y for _, y in m.points) / len(m.points) for m in marks(canvas, "specification: ")]
    assert sorted(ys) == pytest.approx([top, bottom], abs=0.1)


def test_equal_numbers_share_a_column_that_says_how_many():
    same = [specification(0.5 * (1 + 1e-12 * i), tau2=TAU2[i % 4]) for i in range(8)]
    _, canvas = strip((*same, specification(0.6)))
    assert len(marks(canvas, "specification: ")) == 2
    assert {"\u00d78", "\u00d71"} <= set(said(canvas))
    assert len(marks(canvas, "choice: tau2")) == 4 + 1
    assert any("9 ways, 2 columns" in t for t in said(canvas))


def test_of_many_ways_those_that_matter_and_a_sample_are_drawn():
    many = ways(1000)
    kept = thinned(columns_of(many))
    assert len(kept) == MOST and kept[0].agrees and kept[1].own
    gaps = [b.values[0] - a.values[0] for a, b in itertools.pairwise(kept[2:])]
    assert max(gaps) < 1.3 * min(gaps) and kept[-1].values == columns_of(many)[-1].values
    _, canvas = strip(many)
    assert len(marks(canvas, "specification: ")) == MOST
    assert any("1000 ways" in t or f"Drawn are {MOST}" in t for t in said(canvas))
    all_own = tuple(specification(0.4 + i / 5000, own=True) for i in range(400))
    kept = thinned(columns_of(all_own))
    assert len(kept) == MOST and (kept[0], kept[-1]) == (columns_of(all_own)[0], columns_of(all_own)[-1])
    strip(all_own)


def test_several_measures_are_a_choice_in_words():
    found = (specification(0.5), specification(0.6, measure="OR"))
    assert [c.words for c in choices_of(found) if c.kind == "measure"] == ["odds ratio", "risk ratio"]
    assert not [c for c in choices_of(found[:1]) if c.kind == "measure"]


# -- torture ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", [LONG, HOSTILE, "x" * 300, ""])
def test_any_text_is_drawn(text, tmp_path):
    found = tuple(specification(0.4 + i / 100, effects=text, tau2=text, interval=text) for i in range(3))
    r, _ = strip(found, label=text, outcome=text, comparison=text)
    save(specification_strip(r), tmp_path / "f.svg")
    assert "<script" not in (tmp_path / "f.svg").read_text()


@pytest.mark.parametrize("code", ["RR", "SMD", "PR", ""])
@pytest.mark.parametrize(
    "numbers",
    [
        Numbers(NAN, NAN, NAN),
        Numbers(1e6, NAN, NAN),
        Numbers(1.0, 0.0, math.inf),
        Numbers(-3.0, -9.0, 1e300),
        Numbers(0.0, 0.0, 0.0),
    ],
)
def test_odd_numbers_are_drawn(code, numbers):
    odd = specification(1.0, numbers=numbers)
    for printed in (PrintedNumbers("", "", ""), PrintedNumbers("1000000", "<1", "0.7")):
        for found in ((odd,), (odd, *ways(6))):
            _, canvas = strip(found, code=code, printed=printed)
            assert all(math.isfinite(v) for m in canvas.marks for p in m.points for v in p)


@pytest.mark.parametrize("width", [84, 120, 174])
@pytest.mark.parametrize("n", [1, 2, 60, 300])
@pytest.mark.parametrize("text", ["as they are", LONG, HOSTILE])
def test_every_column_of_a_journal_has_room(width, n, text):
    found = ways(n, effects=text)
    r = reproduction(specifications=found, tried=n, agreeing=1, label=text)
    canvas = draw_strip(r, width)
    assert check_page(canvas) == [] and canvas.width == pytest.approx(width * MM)
    drawn = len(marks(canvas, "specification: "))
    assert drawn == n or (drawn >= 30 and any(f"Drawn are {drawn}:" in t for t in said(canvas)))
    # Ways that matter are there at every width.
    kept = [row for row in canvas.data if row.get("gives_the_printed_numbers") == "yes"]
    assert len(kept) == 1 and sum(row.get("report_allows_it") == "yes" for row in canvas.data) == (n > 1)


@pytest.mark.parametrize("width", [84, 120, 174])
@pytest.mark.parametrize(("agrees", "own"), [(False, False), (True, False), (False, True), (True, True)])
@pytest.mark.parametrize("n", [12, 150])
def test_bars_and_dots_are_told_apart_without_colour(width, agrees, own, n):
    found = tuple(
        specification(0.4 + 0.01 * (i // 3), tau2=TAU2[i % 4], agrees=agrees and i < 3, own=own and i > n / 2)
        for i in range(n)
    )  # fmt: skip
    canvas = draw_strip(reproduction(specifications=found, tried=n, agreeing=3), width)
    assert check_page(canvas) == [] and marks(canvas, "choice: tau2")


def test_intervals_that_go_on_are_named():
    wide = specification(0.6, numbers=Numbers(0.6, 1e-9, 1e9))
    _, canvas = strip((*ways(6), wide))
    assert any("go on" in t for t in said(canvas))
    _, canvas = strip(ways(6))
    assert not any("go on" in t for t in said(canvas))


@pytest.mark.parametrize("width", [84, 174])
def test_the_twin_has_the_print_and_a_row_a_column(tmp_path, width):
    same = [specification(0.5, tau2=t, agrees=t == "DL") for t in TAU2]
    r = reproduction(specifications=(*same, specification(0.6, own=True)), tried=5, agreeing=1)
    write_figure(specification_strip(r, width), tmp_path / "s", ("svg",))
    first, one, two = csv.DictReader((tmp_path / "s.csv").open(encoding="utf-8"))
    assert (first["shows"], first["estimate"], first["ci_low"], first["ci_high"]) == ("printed", "0.49", "0.34", "0.7")
    assert (one["estimate"], one["ways"], one["gives_the_printed_numbers"]) == ("0.5", "4", "yes")
    assert float(one["ci_low"]) == 0.5 * math.exp(-0.2) and one["computed_by"].count(" | ") == 3
    assert (two["estimate"], two["report_allows_it"], two["computed_by"]) == ("0.6", "yes", "RR, as they are, REML, z")
    assert 'class="mr-specification" data-row="2"' in (tmp_path / "s.svg").read_text()


def test_a_wrong_printed_number_or_count_is_found():
    same = [specification(0.5, tau2=t) for t in TAU2]
    _, canvas = strip((*same, specification(0.6)))
    for shown, wrong in (("\u00d74", "\u00d77"), ("printed lower end 0.34", "printed lower end 0.35")):
        index, text = next((i, t) for i, t in enumerate(canvas.texts) if t.text == shown)
        canvas.texts[index] = dataclasses.replace(text, text=wrong)
        assert any(wrong in f for f in check_page(canvas))
        canvas.texts[index] = text


def test_differences_printed_as_shares_stand_on_an_axis_of_shares():
    ways_of_it = tuple(specification(1.0, numbers=Numbers(v, v - 0.01, v + 0.01)) for v in (0.002, 0.003))
    r, canvas = strip(ways_of_it, code="RD", measure="RD", printed=PrintedNumbers("0.0027", "-0.0010", "0.0063"))
    assert "printed estimate 0.0027" in said(canvas) and not any("percentage points" in t for t in said(canvas))
    assert {"0.00", "0.01"} <= {t.text.replace("\u2212", "-")[:4] for t in canvas.texts if t.role == "tick"}
    assert "Estimates run from 0.0020 to 0.0030." in specification_strip(r).metarepro.description


def test_without_ways_the_reason_stands_there():
    _, canvas = strip((), reason="The report does not print the numbers of its studies.")
    text = " ".join(said(canvas))
    assert "No way of computing was tried. The report does not print the numbers of its studies." in text
