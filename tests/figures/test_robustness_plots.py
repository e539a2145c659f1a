"""Leave-one-out, cumulative and Baujat plots: numbers where they stand, at any width and with any names."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

import metarepro as mr
from metarepro.analysis import run_analysis
from metarepro.analysis.shown_result import show
from metarepro.figures.analysis_figures import draw_analysis
from metarepro.figures.page.check_page import check_page
from metarepro.figures.page.layout import WIDTHS_MM
from metarepro.project.reading import read_project
from tests.conftest import REFERENCE, ROOT
from tests.figures.audited import LONG, marks, said

CASE = next(c for c in REFERENCE["cases"] if c["id"] == "dat.bcg/RR")
Y, V = np.array(CASE["yi"]), np.array(CASE["vi"])
NAMES = [f"Trial {chr(65 + i)}" for i in range(Y.size)]
SIXTY = np.random.default_rng(4).normal(0.2, 0.4, 60), np.random.default_rng(5).uniform(0.01, 0.5, 60)


def leave_one_out(**options):
    return mr.leave_one_out(Y, V, labels=NAMES, **options)


def canvas_of(figure):
    return figure.metarepro.canvas


def middle(mark):
    return (mark.box[0] + mark.box[2]) / 2


@pytest.mark.parametrize("width", WIDTHS_MM)
@pytest.mark.parametrize("kind", ["leave_one_out", "cumulative"])
def test_every_fit_is_a_row_with_its_numbers(kind, width):
    refits = leave_one_out() if kind == "leave_one_out" else mr.cumulative(Y, V, labels=NAMES)
    canvas = canvas_of(mr.figures.refit_rows(refits, kind, measure="RR", width_mm=width))
    assert check_page(canvas) == []
    rows = [r for r in canvas.data if r["label"] != "All studies"]
    assert [r["label"] for r in rows] == NAMES
    np.testing.assert_allclose([r["estimate"] for r in rows], np.exp(refits.beta), rtol=1e-12)
    np.testing.assert_allclose([r["ci_low"] for r in rows], np.exp(refits.ci_low), rtol=1e-12)
    words = said(canvas)
    for x, low, high in zip(np.exp(refits.beta), np.exp(refits.ci_low), np.exp(refits.ci_high), strict=True):
        if low > 0.01:
            assert f"{x:.2f} ({low:.2f} to {high:.2f})" in words


def test_marks_stand_where_their_numbers_are():
    canvas = canvas_of(mr.figures.refit_rows(leave_one_out(), measure="RR"))
    ticks = {m.name.removeprefix("grid: "): middle(m) for m in canvas.marks if m.kind == "grid"}
    per_unit = (ticks["2"] - ticks["0.5"]) / math.log(4)
    estimates = {m.name.removeprefix("estimate: "): middle(m) for m in marks(canvas, "estimate")}
    for row in canvas.data:
        assert estimates[row["label"]] == pytest.approx(ticks["2"] + per_unit * math.log(row["estimate"] / 2), abs=0.2)
    (dotted,) = [m for m in canvas.marks if m.name == "line of all studies"]
    assert middle(dotted) == pytest.approx(estimates["All studies"], abs=0.2)
    whole = next(r for r in canvas.data if r["label"] == "All studies")
    assert whole["estimate"] == pytest.approx(math.exp(mr.pool(Y, V).beta), rel=1e-12)


@pytest.mark.parametrize("width", WIDTHS_MM)
def test_long_names_sixty_studies_and_two_are_laid_out(width):
    long = mr.leave_one_out(Y, V, labels=[f"{LONG} {i}" for i in range(Y.size)])
    sixty, two = mr.leave_one_out(*SIXTY), mr.cumulative(Y[:2], V[:2])
    for refits, kind in ((long, "leave_one_out"), (sixty, "leave_one_out"), (two, "cumulative")):
        assert check_page(canvas_of(mr.figures.refit_rows(refits, kind, title=LONG, width_mm=width))) == []
    for labels in ([f"{LONG} {i}" for i in range(60)], None):
        assert check_page(canvas_of(mr.figures.baujat(*SIXTY, labels=labels, width_mm=width))) == []


def test_the_alternative_text_holds_every_row():
    figure = mr.figures.refit_rows(leave_one_out(), measure="RR", title="BCG")
    assert figure.metarepro.description.startswith("BCG. All studies: 0.49 (0.33 to 0.73). Without each study: Trial A")


def test_baujat_places_studies_by_their_diagnostics():
    canvas = canvas_of(mr.figures.baujat(Y, V, labels=NAMES))
    frame = mr.influence(Y, V, labels=NAMES)
    assert check_page(canvas) == []
    for row in canvas.data:
        assert row["q_contribution"] == pytest.approx(frame.loc[row["label"], "q_contribution"])
        assert row["overall_influence"] == pytest.approx(frame.loc[row["label"], "overall_influence"])
    at = {m.name.removeprefix("study: "): m.box for m in marks(canvas, "study")}
    order = sorted(NAMES, key=lambda n: frame.loc[n, "q_contribution"])
    assert sorted(NAMES, key=lambda n: at[n][0]) == order


@pytest.fixture(scope="module")
def multiverse():
    rows = {
        "Bias": {"all": [True] * 13, "low": [True] * 9 + [False] * 4},
        LONG: {"any": [True] * 13, "new": [False, *[True] * 12]},
    }
    return mr.multiverse(Y, V, rows=rows, tau2=("REML", "DL", "CE"))


@pytest.mark.parametrize("width", WIDTHS_MM)
def test_every_specification_is_a_column_with_its_choices(multiverse, width):
    canvas = canvas_of(mr.figures.specification_curve(multiverse, measure="RR", width_mm=width))
    assert check_page(canvas) == [] and len(canvas.data) == multiverse.beta.size
    estimates = [r["estimate"] for r in canvas.data]
    np.testing.assert_allclose(estimates, np.sort(np.exp(multiverse.beta)), rtol=1e-12)
    places = [middle(m) for m in marks(canvas, "estimate")]
    assert places == sorted(places)
    (main,) = [r for r in canvas.data if r["main"] == "yes"]
    assert main["estimate"] == pytest.approx(math.exp(mr.pool(Y, V).beta)) and main["Bias"] == "all"


def test_bars_cover_the_columns_that_take_a_level(multiverse):
    canvas = canvas_of(mr.figures.specification_curve(multiverse, measure="RR"))
    bars = [m.box for m in canvas.marks if m.name == "level: Bias: low"]
    for mark, row in zip(marks(canvas, "estimate"), canvas.data, strict=True):
        covered = any(box[0] <= middle(mark) <= box[2] for box in bars)
        assert covered == (row["Bias"] == "low")


def test_an_interval_that_reaches_beyond_no_effect_is_seen_to():
    found = mr.multiverse([0.3, 0.5, 0.1, 0.6], [0.05, 0.05, 0.04, 0.06])
    canvas = canvas_of(mr.figures.specification_curve(found, measure="SMD"))
    (null,) = [m for m in canvas.marks if m.name == "line of no effect"]
    for i, row in enumerate(canvas.data):
        (interval,) = [m for m in canvas.marks if m.name == f"interval: {i + 1}"]
        assert (row["ci_low"] < 0) == (interval.box[3] > null.box[3] + 0.3)


def test_a_curve_of_something_else_or_of_too_many_is_refused(multiverse):
    with pytest.raises(mr.DataError, match="takes what multiverse gives"):
        mr.figures.specification_curve(mr.pool(Y, V))
    with pytest.raises(mr.ConfigError, match="specifications are more than most = 5"):
        mr.figures.specification_curve(multiverse, most=5)


@pytest.fixture(scope="module")
def analysed():
    project = read_project(ROOT)
    wanted = {
        a.id: a
        for a in project.config.analyses
        if a.id in ("response_24h_or", "response_24h_or_wide", "response_7d_or")
    }
    return {name: run_analysis(project.config, a, project.data) for name, a in wanted.items()}


def test_figures_of_an_analysis_are_drawn_where_its_settings_ask_for_them(analysed, tmp_path):
    shown = show(analysed["response_24h_or"], also=("leave_one_out", "baujat", "specification_curve"))
    drawn = draw_analysis(shown, tmp_path, png="none")
    assert {"leave_one_out", "baujat", "specification_curve"} <= set(drawn.drawn)
    assert (tmp_path / "specification_curve.svg").exists() and (tmp_path / "baujat.csv").exists()
    plain = draw_analysis(
        show(analysed["response_24h_or_wide"], also=("specification_curve",)), tmp_path / "wide", png="none"
    )
    assert "has no multiverse" in plain.not_drawn["specification_curve"] and "baujat" not in plain.not_drawn


def test_figures_of_an_analysis_show_its_results(analysed):
    result = analysed["response_24h_or_wide"]
    canvas = canvas_of(mr.figures.refit_rows(result))
    rows = {r["label"]: r for r in canvas.data}
    for w in result.leave_one_out:
        assert (rows[w.label]["estimate"], rows[w.label]["studies"]) == (w.estimate, w.k)
    assert rows["All studies"]["ci_high"] == result.summary.ci_high
    points = {r["label"]: r for r in canvas_of(mr.figures.baujat(result)).data}
    for x in result.robustness.influence:
        assert points[x.label]["q_contribution"] == pytest.approx(x.q_contribution)
    with pytest.raises(mr.DataError, match="takes the leave-one-out of three studies or more"):
        mr.figures.refit_rows(analysed["response_7d_or"])
    with pytest.raises(mr.DataError, match="has no Baujat plot"):
        mr.figures.baujat(analysed["response_7d_or"])


def test_sensitivity_analyses_are_rows_beside_the_analysis(analysed):
    result = analysed["response_24h_or_wide"]
    figure = mr.figures.refit_rows(result, "sensitivity")
    rows = {r["label"]: r for r in canvas_of(figure).data}
    known = {x.label: x.summary for x in result.sensitivity if x.summary is not None}
    assert set(rows) == {*known, "As it stands"} and "Crossover trials as pairs, correlation 0.1" in known
    for label, summary in known.items():
        assert (rows[label]["estimate"], rows[label]["ci_low"]) == (summary.estimate, summary.ci_low), label
    assert rows["As it stands"]["studies"] == result.summary.k
    assert "Dotted: the analysis as it stands." in " ".join(t.text for t in canvas_of(figure).texts)
    with pytest.raises(mr.DataError, match="it has no sensitivity analysis with a result"):
        mr.figures.refit_rows(replace(result, sensitivity=()), "sensitivity")


def test_what_is_no_series_of_refits_is_refused():
    with pytest.raises(mr.DataError, match="takes what leave_one_out or cumulative gives, or an analysis"):
        mr.figures.refit_rows(mr.pool(Y, V))
    with pytest.raises(
        mr.ConfigError, match=r"kind = 'loo' is not known. Allowed: leave_one_out, cumulative, sensitivity"
    ):
        mr.figures.refit_rows(leave_one_out(), "loo")


def test_the_kind_of_the_fits_is_their_own():
    canvas = canvas_of(mr.figures.refit_rows(mr.cumulative(Y, V, labels=NAMES)))
    assert "Up to" in [t.text for t in canvas.texts]
    with pytest.raises(mr.ConfigError, match=r"^These fits are of leave_one_out, not of sensitivity\. Fix: "):
        mr.figures.refit_rows(leave_one_out(), "sensitivity")


@pytest.mark.parametrize("width", WIDTHS_MM[1:])
def test_long_names_that_differ_at_their_ends_can_be_told_apart(width):
    long = "Those not at high risk, but "
    canvas = canvas_of(
        mr.figures.refit_rows(mr.leave_one_out(Y, V, labels=[f"{long}{n}" for n in NAMES]), width_mm=width)
    )
    assert check_page(canvas) == []
    assert sum(t.text.endswith(tuple(NAMES)) for t in canvas.texts) == len(NAMES)
