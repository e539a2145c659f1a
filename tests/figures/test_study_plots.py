"""Radial, L'Abbe, GOSH and influence plots, the p-curve, filled funnels: what they show is what was computed."""

from __future__ import annotations

import math

import numpy as np
import pytest

import metarepro as mr
from metarepro.figures.page.check_page import check_page
from metarepro.figures.page.layout import WIDTHS_MM
from tests.conftest import REFERENCE
from tests.figures.audited import LONG, marks, said

CASE = next(c for c in REFERENCE["cases"] if c["id"] == "dat.bcg/RR")
COUNTS = {n: np.array(CASE["inputs"][n]) for n in ("ai", "bi", "ci", "di")}
NAMES = [f"Trial {chr(65 + i)}" for i in range(13)]
BCG = mr.effect_sizes("RR", a=COUNTS["ai"], b=COUNTS["bi"], c=COUNTS["ci"], d=COUNTS["di"], labels=NAMES)
SIXTY = np.random.default_rng(4).normal(0.2, 0.4, 60), np.random.default_rng(5).uniform(0.01, 0.5, 60)
LONG_NAMES = [f"{LONG} {i}" for i in range(60)]


def canvas_of(figure):
    return figure.metarepro.canvas


def middle(mark):
    left, top, right, bottom = mark.box
    return (left + right) / 2, (top + bottom) / 2


@pytest.mark.parametrize("width", WIDTHS_MM)
def test_any_names_and_sixty_studies_are_laid_out(width):
    fit = mr.pool(*SIXTY, ci="z")
    gosh = mr.gosh(*SIXTY, tau2="DL", subsets=500, labels=LONG_NAMES)
    small = np.full(60, 0.1)
    for figure in (
        mr.figures.radial(fit, labels=LONG_NAMES, title=LONG, width_mm=width),
        mr.figures.influence_panel(*SIXTY, labels=LONG_NAMES, title=LONG, width_mm=width),
        mr.figures.gosh_plot(gosh, study=LONG_NAMES[3], title=LONG, width_mm=width),
        mr.figures.p_curve_plot(mr.p_curve(SIXTY[0], small), title=LONG, width_mm=width),
        mr.figures.funnel(fit, names=LONG_NAMES, filled=True, regression=True, title=LONG, width_mm=width),
        mr.figures.labbe(mr.pool(BCG), title=LONG, width_mm=width),
    ):
        assert check_page(canvas_of(figure)) == []


def test_a_radial_plot_has_effects_as_slopes():
    fit = mr.pool(BCG)
    canvas = canvas_of(mr.figures.radial(fit))
    rows = {r["label"]: r for r in canvas.data}
    error = np.sqrt(BCG.vi + fit.tau2)
    for name, y, se in zip(NAMES, BCG.yi, error, strict=True):
        assert rows[name]["precision"] == pytest.approx(1 / se) and rows[name]["standardised"] == pytest.approx(y / se)
        assert rows[name]["outside"] == ("yes" if abs(y - fit.beta) > 1.959963984540054 * se else "no")
    (line,) = [m for m in canvas.marks if m.name == "pooled estimate"]
    (x0, y0), (x1, y1) = line.points
    dots = {m.name.removeprefix("study: "): middle(m) for m in marks(canvas, "study")}
    # Two studies give the scales of both axes; the line must have the pooled effect as slope on them.
    a, b = rows["Trial A"], rows["Trial L"]
    per_x = (dots["Trial L"][0] - dots["Trial A"][0]) / (b["precision"] - a["precision"])
    per_y = (dots["Trial L"][1] - dots["Trial A"][1]) / (b["standardised"] - a["standardised"])
    assert (y1 - y0) / per_y / ((x1 - x0) / per_x) == pytest.approx(fit.beta, rel=1e-3)
    assert "Line: pooled, 0.49 (0.33 to 0.73)." in " ".join(said(canvas))


def test_a_radial_plot_marks_who_lies_outside():
    fit = mr.pool([0.0, 0.1, 0.05, 3.0], [0.01, 0.01, 0.02, 0.02], tau2="CE")
    figure = mr.figures.radial(fit, labels=["a", "b", "c", "d"])
    assert figure.metarepro.description.endswith("Outside the 95% band: a, b, c, d.")
    with pytest.raises(mr.DataError, match="has no radial plot: it needs two studies"):
        mr.figures.radial(mr.pool([0.3], [0.1]))


def test_a_labbe_plot_has_the_shares_of_both_arms():
    canvas = canvas_of(mr.figures.labbe(mr.pool(BCG)))
    rows = {r["label"]: r for r in canvas.data}
    for i, name in enumerate(NAMES):
        n1, n2 = COUNTS["ai"][i] + COUNTS["bi"][i], COUNTS["ci"][i] + COUNTS["di"][i]
        assert rows[name]["experimental"] == pytest.approx(COUNTS["ai"][i] / n1)
        assert rows[name]["control"] == pytest.approx(COUNTS["ci"][i] / n2)
        assert rows[name]["patients"] == n1 + n2
    (curve,) = [m for m in canvas.marks if m.name == "pooled estimate"]
    (diagonal,) = [m for m in canvas.marks if m.name == "line of no effect"]
    (x0, y0), (x1, y1) = diagonal.points
    end = curve.points[-1]
    # Both axes are the same, and a risk ratio is a straight line.
    assert (end[1] - y0) / (y1 - y0) / ((end[0] - x0) / (x1 - x0)) == pytest.approx(math.exp(mr.pool(BCG).beta))
    with pytest.raises(mr.ConfigError, match="Allowed measures: OR, RR, RD"):
        mr.figures.labbe(mr.pool(*SIXTY))


@pytest.mark.parametrize("measure", ["OR", "RD"])
def test_the_curve_of_a_labbe_plot_is_the_pooled_effect(measure):
    es = mr.effect_sizes(measure, e1=[10, 30, 25], n1=[50, 60, 40], e2=[20, 40, 30], n2=[50, 60, 40])
    fit = mr.pool(es)
    canvas = canvas_of(mr.figures.labbe(fit))
    (curve,) = [m for m in canvas.marks if m.name == "pooled estimate"]
    (diagonal,) = [m for m in canvas.marks if m.name == "line of no effect"]
    (x0, y0), (x1, y1) = diagonal.points
    end = max(r["control"] for r in canvas.data if "control" in r)
    axis_end = next(t for t in (0.8, 0.9, 1.0) if end <= 0.96 * t)
    for x, y in curve.points[20::30]:
        control, treated = axis_end * (x - x0) / (x1 - x0), axis_end * (y - y0) / (y1 - y0)
        if measure == "RD":
            assert treated - control == pytest.approx(fit.beta, abs=1e-9)
        else:
            logit = math.log(treated / (1 - treated)) - math.log(control / (1 - control))
            assert logit == pytest.approx(fit.beta, abs=1e-9)


def test_a_gosh_plot_counts_every_subset_once():
    found = mr.gosh(BCG, tau2="DL")
    canvas = canvas_of(mr.figures.gosh_plot(found, measure="RR", study="Trial H"))
    cells = [r for r in canvas.data if "share_with_study" in r]
    assert sum(r["subsets"] for r in cells) == 2**13 - 1 - 13
    with_it = sum(r["subsets"] * r["share_with_study"] for r in cells)
    assert with_it == pytest.approx(2**12 - 1)
    several = found.k > 1
    assert min(r["effect_from"] for r in cells) == pytest.approx(math.exp(found.beta[several].min()))
    assert max(r["i2_to"] for r in cells) >= found.i2[several].max()
    with pytest.raises(mr.ConfigError, match=r"study = 'Nobody' is not among the studies. Allowed: Trial A; Trial B;"):
        mr.figures.gosh_plot(found, study="Nobody")
    with pytest.raises(mr.DataError, match="takes what gosh gives"):
        mr.figures.gosh_plot(mr.pool(BCG))


def test_a_p_curve_has_its_shares():
    from scipy.optimize import brentq
    from scipy.special import ndtri
    from scipy.stats import chi2, ncx2

    p = np.array([0.001, 0.004, 0.012, 0.035, 0.045, 0.2])
    found = mr.p_curve(-ndtri(p / 2), np.ones(6))
    assert found.counts == (2, 1, 0, 1, 1) and found.significant == 5
    # With 33% power: the square of z follows a noncentral chi-squared distribution.
    shift = brentq(lambda s: ncx2.sf(chi2.isf(0.05, 1), 1, s) - 1 / 3, 0.1, 10, xtol=1e-14)
    beyond = [0, *(3 * ncx2.sf(chi2.isf(p, 1), 1, shift) for p in (0.01, 0.02, 0.03, 0.04, 0.05))]
    np.testing.assert_allclose(found.third, np.diff(beyond), rtol=1e-8)
    canvas = canvas_of(mr.figures.p_curve_plot(found))
    assert [r["share"] for r in canvas.data if "share" in r] == [0.4, 0.2, 0.0, 0.2, 0.2]
    heights = [middle(m)[1] for m in marks(canvas, "share")]
    assert heights[0] < heights[1] == heights[3] < heights[2]
    with pytest.raises(mr.DataError, match="No study is significant"):
        mr.figures.p_curve_plot(mr.p_curve([0.1, 0.2], [1.0, 1.0]))


def test_a_panel_of_influence_has_the_diagnostics():
    y, v = [0.1, 0.3, 0.35, 0.2, 2.0], [0.02, 0.03, 0.05, 0.04, 0.04]
    frame = mr.influence(y, v)
    canvas = canvas_of(mr.figures.influence_panel(y, v, labels=list("abcde")))
    for row, (_, known) in zip(canvas.data, frame.iterrows(), strict=True):
        for name in ("rstudent", "dffits", "cook", "tau2_deleted", "covariance_ratio", "weight"):
            assert row[name] == pytest.approx(known[name])
        assert row["influential"] == ("yes" if known["influential"] else "no")
    order = [m.name for m in sorted(marks(canvas, "rstudent"), key=lambda m: m.box[0])]
    assert order == [f"rstudent: {'abcde'[i]}" for i in np.argsort(frame["rstudent"].to_numpy())]
    assert (
        "Marked by a rule of thumb: e." in mr.figures.influence_panel(y, v, labels=list("abcde")).metarepro.description
    )


def test_a_funnel_shows_filled_studies_and_the_line_of_egger():
    se = np.random.default_rng(3).uniform(0.1, 0.6, 30)
    y = np.random.default_rng(3).normal(0.1 + 0.9 * se, se)
    fit, filled, test = mr.pool(y, se**2), mr.trim_and_fill(y, se**2), mr.egger(y, se**2)
    figure = mr.figures.funnel(fit, measure="GEN", filled=True, regression=True)
    canvas = canvas_of(figure)
    rows = [r for r in canvas.data if r.get("shown") == "filled"]
    assert len(rows) == filled.k0 > 0
    np.testing.assert_allclose([r["effect"] for r in rows], filled.yi[30:])
    np.testing.assert_allclose([r["standard_error"] for r in rows], np.sqrt(filled.vi[30:]))
    (line,) = [m for m in canvas.marks if m.name == "regression"]
    studies = {r["label"]: r for r in canvas.data if "within_pseudo_limits" in r}
    dots = {m.name.removeprefix("study: "): middle(m) for m in marks(canvas, "study") if "key" not in m.name}
    names = sorted(studies, key=lambda n: studies[n]["effect"])
    low, high = names[0], names[-1]
    per = (dots[high][0] - dots[low][0]) / (studies[high]["effect"] - studies[low]["effect"])
    start = studies[low]["effect"] + (line.points[0][0] - dots[low][0]) / per
    assert start == pytest.approx(test.limit, abs=2e-3)
    assert f"Trim and fill (L0) puts in {filled.k0} studies" in figure.metarepro.description
    assert "regression" not in {m.name for m in canvas_of(mr.figures.funnel(fit)).marks}
