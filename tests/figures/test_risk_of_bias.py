"""Risk of bias as readers see it: every judgement where it belongs, and nothing unassessed taken for low."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from metarepro.analysis.risk_of_bias import (
    Assessment,
    assessments_of,
    judgement_shares,
    weights_of,
)
from metarepro.errors import DataError
from metarepro.evidence import read_dataset
from metarepro.evidence.bias_tools import BIAS_TOOLS, ROB2
from metarepro.figures import risk_of_bias, risk_of_bias_bars, risk_of_bias_pages, write_figure
from metarepro.figures.judgements.marks import JUDGEMENT_MARKS, draw_judgement
from metarepro.figures.page.check_page import check_page
from metarepro.figures.page.layout import MM, WIDTHS_MM, Canvas
from metarepro.figures.page.look import contrast
from tests.conftest import ROOT
from tests.figures.audited import HOSTILE, LONG
from tests.figures.canvases import draw_risk_of_bias, draw_risk_of_bias_bars

WORDS = (*ROB2.judgements, "")
PSILOCYBIN = ROOT / "examples/psilocybin/data/raw"


@pytest.fixture(scope="module")
def psilocybin():
    return assessments_of(read_dataset(PSILOCYBIN))


def made(n: int) -> list[Assessment]:
    """Studies with all judgements in turn."""
    return [
        Assessment(f"s{i}", f"Study {i}", "", {d: WORDS[(i + j) % 4] for j, d in enumerate(ROB2.columns)}, "A. B.")
        for i in range(n)
    ]


def grid(canvas: Canvas) -> dict[str, list[str]]:
    """Kinds of the marks of each row of studies, from left to right."""
    found: dict[int, list[tuple[float, str]]] = {}
    for m in canvas.marks:
        if m.kind.startswith("risk ") and m.kind != "risk sign" and m.row is not None:
            found.setdefault(m.row, []).append((m.box[0], m.kind))
    rows = {canvas.data[r]["study"]: [kind for _, kind in sorted(marks)] for r, marks in found.items()}
    return {str(name): kinds for name, kinds in rows.items() if len(kinds) == 6}


def said(canvas: Canvas) -> str:
    return " ".join(t.text for t in canvas.texts)


def test_every_published_judgement_is_drawn_in_its_row_and_column(psilocybin):
    (canvas,) = draw_risk_of_bias(psilocybin)
    drawn = grid(canvas)
    assert len(drawn) == len(psilocybin) == 15
    for a in psilocybin:
        assert drawn[a.name] == [JUDGEMENT_MARKS[a.judgement(d)].kind for d in ROB2.columns], a.name
    # As the database has them.
    assert drawn["Luquiens 2025"] == ["risk low", "risk high", "risk low", "risk some", "risk low", "risk high"]
    assert drawn["Krempien 2023"] == ["risk not assessed"] * 6
    counts = [row for row in canvas.data if str(row["study"]).startswith("Number of ")]
    assert [tuple(row[d] for d in ROB2.columns) for row in counts] == [
        (13, 11, 12, 4, 11, 3), (1, 2, 2, 9, 1, 7), (0, 1, 0, 1, 2, 4), (1, 1, 1, 1, 1, 1),
    ]  # fmt: skip
    assert "15 studies: 14 assessed in every domain, 1 not assessed." in said(canvas)
    assert "Judged by: the database." in said(canvas)


def test_studies_that_nobody_assessed_are_said_to_be_so_and_never_low(data):
    blank = [Assessment(a.study_id, a.label) for a in assessments_of(data)]
    (canvas,) = draw_risk_of_bias(blank)
    assert f"{len(blank)} studies, none assessed." in said(canvas) and len(blank) == 63
    assert {kind for row in grid(canvas).values() for kind in row} == {"risk not assessed"}
    assert "it may be low or high" in said(canvas)
    assert all(m.dashed for m in canvas.marks if m.kind == "risk not assessed")
    bars = draw_risk_of_bias_bars(blank)
    assert {m.kind for m in bars.marks if m.kind.startswith("bar")} - {"bar not assessed"} == {
        "bar low", "bar some", "bar high",
    }  # fmt: skip
    assert all(m.name.endswith(("low risk", "some concerns", "high risk")) for m in bars.marks if m.kind == "bar low")
    assert all(row["low risk"] == 0 and row["not assessed"] == 100 for row in bars.data)


def test_bars_are_as_long_as_the_weights_say(psilocybin):
    weights = {a.study_id: float(i + 1) for i, a in enumerate(psilocybin)}
    canvas = draw_risk_of_bias_bars(psilocybin, weights)
    shares = judgement_shares(psilocybin, weights)
    total = sum(weights.values())
    by_hand = 100 * sum(weights[a.study_id] for a in psilocybin if a.judgements.get("d4") == "some") / total
    assert shares["d4"]["some"] == pytest.approx(by_hand)
    for domain, own in shares.items():
        assert math.fsum(own.values()) == pytest.approx(100)
        bars = [m for m in canvas.marks if m.kind.startswith("bar ") and m.name.endswith(f": {domain}")]
        whole = max(m.box[2] for m in bars) - min(m.box[0] for m in bars)
        for m in bars:
            judgement = {"bar low": "low", "bar some": "some", "bar high": "high"}.get(m.kind, "")
            assert 100 * (m.box[2] - m.box[0]) / whole == pytest.approx(own[judgement])
    assert "Studies count by their weight." in said(canvas)
    assert "Each study counts the same." in said(draw_risk_of_bias_bars(psilocybin))


def test_weights_of_an_analysis_fit_its_assessments(results, data):
    result = results["rate_24h"]
    own = assessments_of(data, result)
    assert [a.study_id for a in own] == [s.study_id for s in result.studies]
    shares = judgement_shares(own, weights_of(result))
    assert shares["overall"] == {"low": 0.0, "some": 0.0, "high": 0.0, "": 100.0}
    assert math.fsum(weights_of(result).values()) == pytest.approx(100)


def test_shares_that_are_nearly_none_or_all_are_not_printed_as_such():
    a = [Assessment("a", judgements=dict.fromkeys(ROB2.columns, "low")), Assessment("b")]
    texts = [t.text for t in draw_risk_of_bias_bars(a, [1e6, 1.0]).texts]
    assert texts.count(">99%") == 6 and texts.count("<1%") == 6 and "100%" not in texts


@pytest.mark.parametrize("width", WIDTHS_MM)
@pytest.mark.parametrize("n", [1, 2, 60, 300])
def test_any_number_of_studies_at_any_width(n, width):
    (canvas,) = draw_risk_of_bias(made(n), width_mm=width)
    assert check_page(canvas) == [] and canvas.width == pytest.approx(width * MM)
    assert len(grid(canvas)) == n
    bars = draw_risk_of_bias_bars(made(n), width_mm=width)
    assert check_page(bars) == [] and bars.width == pytest.approx(width * MM)


@pytest.mark.parametrize("width", WIDTHS_MM)
@pytest.mark.parametrize("label", [HOSTILE, LONG, "", "x" * 300, "\u05d0\u05d1\u05d2 2020", "Ångström  \n 2020"])
def test_hostile_names(label, width):
    a = [
        Assessment("a", label, label, dict.fromkeys(ROB2.columns, "high"), label, {"d1": label}),
        Assessment("b", label),
    ]
    (canvas,) = draw_risk_of_bias(a, title=label, width_mm=width)
    assert check_page(canvas) == []
    risk_of_bias(a, title=label, width_mm=width)
    risk_of_bias_bars(a, title=label, weighting=label, weights=[1, 2], width_mm=width)


def test_pages_hold_every_study_once_and_the_counts_on_the_last():
    studies = made(130)
    canvases = draw_risk_of_bias(studies, height_mm=200)
    assert len(canvases) > 2 and all(c.height <= 200 * MM + 0.01 and check_page(c) == [] for c in canvases)
    assert [name for c in canvases for name in grid(c)] == [a.name for a in studies]
    assert [any(str(r["study"]).startswith("Number of") for r in c.data) for c in canvases][-2:] == [False, True]
    figures = risk_of_bias_pages(studies, height_mm=200)
    assert figures[0].metarepro.description.startswith(f"Page 1 of {len(canvases)}. ")


def test_several_outcomes_of_a_study_are_told_apart():
    a = [Assessment("a", "Smith 2020", "pain", {"d1": "low"}), Assessment("a", "Smith 2020", "", {"d1": "high"})]
    (canvas,) = draw_risk_of_bias(a)
    assert list(grid(canvas)) == ["Smith 2020, pain", "Smith 2020, all outcomes"]
    assert "1 study with 2 assessments, all assessed in part." in said(canvas)
    assert "Share of the assessments" in said(draw_risk_of_bias_bars(a))
    assert "Who judged is not stated for 2 of 2." in said(canvas)


def test_an_overall_judgement_better_than_a_domain_is_told():
    wrong = Assessment("a", "Smith 2020", judgements={"d1": "high", "overall": "some"})
    right = Assessment("b", "Jones 2021", judgements={"d1": "some", "overall": "high"})
    assert wrong.overall_too_low and not right.overall_too_low
    (canvas,) = draw_risk_of_bias([wrong, right])
    assert "RoB 2 does not allow: Smith 2020." in said(canvas)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Assessment("a", judgements={"d1": "Low"}), "no judgement"),
        (lambda: Assessment("a", judgements={"d6": "low"}), "no domain"),
        (lambda: draw_risk_of_bias([]), "no assessment"),
        (lambda: risk_of_bias_bars([]), "no assessment"),
        (lambda: draw_risk_of_bias(made(2), ["one"]), "1 labels for 2"),
        (lambda: judgement_shares(made(2), [1.0]), "1 weights for 2"),
        (lambda: judgement_shares(made(2), {"s0": 1.0}), "Study 1 has no weight"),
        (lambda: judgement_shares(made(2), [0.0, 0.0]), "All weights are 0"),
        (lambda: judgement_shares(made(2), [1.0, -1.0]), "weight of Study 1 is -1"),
        (lambda: judgement_shares(made(2), [1.0, math.nan]), "weight of Study 1 is nan"),
        (lambda: judgement_shares([*made(1), *made(1)], {"s0": 1.0}), "would count as often"),
        (lambda: draw_judgement(Canvas(50, 50), "doubtful", 9, 9, 4, "x"), "no judgement"),
    ],
)
def test_what_means_nothing_is_refused(make, words):
    with pytest.raises(DataError, match=words):
        make()


def test_marks_are_told_apart_without_colour():
    canvas = Canvas(16 * len(JUDGEMENT_MARKS) + 8, 20)
    for i, judgement in enumerate(JUDGEMENT_MARKS):
        draw_judgement(canvas, judgement, 10 + 16 * i, 10, 3.0, judgement)
    assert check_page(canvas) == []
    for tool in BIAS_TOOLS.values():
        filled = [JUDGEMENT_MARKS[j] for j in tool.judgements]
        assert len({(m.shape, m.sign) for m in filled}) == len(filled), tool.name
        assert all(contrast(a.color, b.color) >= 1.5 for a in filled for b in filled if a is not b), tool.name
        assert all(contrast(m.ink, m.color) >= 3 for m in filled)


def test_twins_hold_judgements_and_reasons_and_are_the_same_twice(psilocybin, tmp_path: Path):
    for name in "ab":
        (tmp_path / name).mkdir()
    first = write_figure(risk_of_bias(psilocybin), tmp_path / "a" / "rob")
    second = write_figure(risk_of_bias(psilocybin), tmp_path / "b" / "rob")
    assert [p.read_bytes() for p in first] == [p.read_bytes() for p in second]
    table = (tmp_path / "a" / "rob.csv").read_text()
    assert "Krempien 2023" in table and "as judged in the database" in table
    words = (tmp_path / "a" / "rob.alt.txt").read_text()
    assert "Krempien 2023: not assessed." in words
    assert "Luquiens 2025: D1 low risk (as judged in the database), D2 high risk" in words


def test_a_wrong_number_or_a_pale_mark_is_not_drawn(psilocybin):
    canvas = draw_risk_of_bias_bars(psilocybin)
    with canvas.in_row(0):
        canvas.text(canvas.width - 60, 9, "99.9%", 7)
    assert any("99.9" in fault for fault in check_page(canvas))
    canvas = draw_risk_of_bias(psilocybin)[0]
    canvas.polygon([(1, 1), (5, 1), (5, 5)], "#ffffcc", "risk low: planted")
    assert any("too pale" in fault for fault in check_page(canvas))


@pytest.mark.parametrize("tool", BIAS_TOOLS.values(), ids=lambda t: t.id)
@pytest.mark.parametrize("width", WIDTHS_MM)
def test_other_tools_have_their_domains_and_judgements(tool, width):
    words = (*tool.judgements, "")
    studies = [
        Assessment(f"s{i}", f"Study {i}", "", {d: words[(i + j) % len(words)] for j, d in enumerate(tool.domains)},
                   "A. B.", tool=tool)
        for i in range(4)
    ]  # fmt: skip
    (canvas,) = draw_risk_of_bias(studies, width_mm=width)
    assert check_page(canvas) == []
    overall = {"Overall", "All"} & set(said(canvas).split())
    assert tool.name in said(canvas) and bool(overall) == tool.has_overall
    for study in studies:
        row = next(r for r in canvas.data if r["study"] == study.name)
        for d in tool.domains:
            assert row[d] == JUDGEMENT_MARKS[study.judgement(d)].word
    bars = draw_risk_of_bias_bars(studies, width_mm=width)
    assert check_page(bars) == []
    shares = judgement_shares(studies)
    assert all(sum(own.values()) == pytest.approx(100) for own in shares.values())
    assert set(shares["d1"]) == set(words)


def test_judgements_of_another_tool_are_refused():
    with pytest.raises(DataError, match=r"'moderate' is no judgement\. Allowed: low, some, high, or empty"):
        Assessment("a", judgements={"d1": "moderate"})
    with pytest.raises(DataError, match="'d6' is no domain of RoB 2"):
        Assessment("a").judgement("d6")
    both = [Assessment("a", tool=BIAS_TOOLS["robins_i"]), Assessment("b")]
    with pytest.raises(DataError, match="by several tools"):
        risk_of_bias(both)
    with pytest.raises(DataError, match="by several tools"):
        judgement_shares(both)


def test_serious_in_a_domain_and_moderate_overall_is_too_low():
    tool = BIAS_TOOLS["robins_i"]
    low = Assessment("a", judgements={"d1": "serious", "overall": "moderate"}, tool=tool)
    known = Assessment("b", judgements={"d1": "no_information", "overall": "moderate"}, tool=tool)
    rob1 = Assessment("c", judgements={"d1": "high", "overall": "low"}, tool=BIAS_TOOLS["rob1"])
    assert [a.overall_too_low for a in (low, known, rob1)] == [True, False, False]
