"""Bubble plots: numbers as metafor's, places as the numbers, labels apart, refusals that say what to do."""

from __future__ import annotations

import dataclasses
import json
import math
import re

import numpy as np
import pytest

import metarepro as mr
from metarepro.analysis.bubble_numbers import bubble_numbers
from metarepro.figures import bubble, save
from metarepro.figures.page.check_page import check_page
from metarepro.figures.page.layout import MM, WIDTHS_MM
from tests.conftest import ROOT
from tests.figures.audited import HOSTILE, LONG, marks, said
from tests.figures.canvases import draw_bubble

REFERENCE = json.loads((ROOT / "tests/data/bubble_reference.json").read_text())
BCG = {"ablat": REFERENCE["ablat"], "year": REFERENCE["year"]}
LABELS = [f"{a} {y}" for a, y in zip(REFERENCE["author"], REFERENCE["year"], strict=True)]
CI = {"z": ("z", "z"), "knha": ("HK", "t")}


def fit(formula="ablat", yi=None, vi=None, data=None, **options):
    """The BCG trials, unless told otherwise."""
    return mr.meta_regression(yi or REFERENCE["yi"], vi or REFERENCE["vi"], formula, data or BCG, **options)


def canvas_of(regression, moderator="ablat", width=174.0, measure="RR", labels=None, at=None, x=None, x_label=""):
    b = bubble_numbers(regression, moderator, x, labels, measure, at, x_label)
    return b, draw_bubble(
        regression,
        moderator,
        x=x,
        labels=labels,
        measure=measure,
        at=at,
        x_label=x_label,
        title="A title",
        width_mm=width,
    )


def rows(canvas, what):
    return [r for r in canvas.data if r["what"] == what]


def scales(canvas):
    """Places back to values: log upright, linear along."""
    ticks = [t for t in canvas.texts if t.role == "tick"]
    along = [(t.x, float(t.text)) for t in ticks if t.align == "center"]
    upright = [(t.y - 2.6, math.log(float(t.text))) for t in ticks if t.align == "right"]
    return np.polyfit(*zip(*along, strict=True), 1), np.polyfit(*zip(*upright, strict=True), 1)


def many(k, seed=1):
    rng = np.random.default_rng(seed)
    x = rng.uniform(0, 10, k)
    yi, vi = 0.2 * x - 1 + rng.normal(0, 0.4, k), rng.uniform(0.01, 0.4, k)
    return mr.meta_regression(yi, vi, "dose", {"dose": x})


# -- numbers ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", REFERENCE["cases"], ids=lambda c: f"{c['formula']} {c['method']} {c['test']}")
def test_line_bands_and_weights_are_those_of_metafor(case):
    ci, pi = CI[case["test"]]
    regression = fit(case["formula"], tau2=case["method"], ci=ci, pi=pi)
    at = {"year": 1970} if "year" in case["formula"] else None
    b, _ = canvas_of(regression, at=at)
    x = np.array(case["x"])
    for name, theirs in {"estimate": "pred", "ci_low": "ci_lb", "ci_high": "ci_ub", "pi_low": "pi_lb",
                         "pi_high": "pi_ub"}.items():  # fmt: skip
        drawn = getattr(b.line, name)
        ours = [drawn[np.argmin(abs(b.line.x - v))] for v in x]  # 13, 20 ... 55 are among the places drawn
        assert min(abs(b.line.x - v).min() for v in x) == 0
        np.testing.assert_allclose(np.log(ours), case[theirs], rtol=1e-6, atol=1e-9, err_msg=name)
    np.testing.assert_allclose(b.weights, case["weights"], rtol=1e-6)
    np.testing.assert_allclose(b.slope, [case[n] for n in ("slope", "slope_lb", "slope_ub")], rtol=1e-6)
    assert b.test.p_value == pytest.approx(case["slope_p"], rel=1e-6)
    assert b.regression.r2 == pytest.approx(case["R2"], rel=1e-5)


def test_the_words_name_model_slope_test_r2_and_few_studies():
    _, canvas = canvas_of(fit(), labels=LABELS)
    text = " ".join(said(canvas))
    for words in (
        "restricted maximum likelihood", "the wider of Hartung-Knapp (t, 11 df) and normal (Wald)", "13 studies",
        "\u22120.0291 (95% CI \u22120.0472 to \u22120.0111) on the log scale", "Test of ablat: F 12.59, df 1 and 11",
        "R\u00b2 76%", "(13 to 55), nothing is drawn beyond", "a new study (t, 10 df)", "(1.9% to 14.1%)",
    ):  # fmt: skip
        assert words in text
    assert "Few studies" not in text
    _, canvas = canvas_of(fit("ablat + year"))
    text = " ".join(said(canvas))
    assert "Few studies: 13 studies for 2 moderators" in text and "10.11.5.1" in text
    assert "year = 1966.23 (mean of the studies)" in text


def test_other_moderators_are_held_where_asked():
    regression = fit("ablat + year")
    b, canvas = canvas_of(regression, at={"year": 1950})
    expected = regression.predict({"ablat": [13.0, 55.0], "year": [1950, 1950]}).estimate
    np.testing.assert_allclose(np.log(b.line.estimate[[0, -1]]), expected, rtol=1e-12)
    assert "year = 1950 (as asked)" in " ".join(said(canvas))


def test_a_curve_is_drawn_where_the_formula_bends_and_given_values_are_checked():
    regression = fit("log(ablat)")
    b, canvas = canvas_of(regression, x=BCG["ablat"])
    assert check_page(canvas) == [] and b.slope is None
    slopes = np.diff(np.log(b.line.estimate))
    assert abs(slopes[0]) > 2 * abs(slopes[-1])
    with pytest.raises(mr.ConfigError, match="transforms ablat"):
        bubble(regression, "ablat")
    with pytest.raises(mr.DataError, match="x is not the ablat that was fitted"):
        bubble(regression, "ablat", x=BCG["ablat"][::-1])
    square = fit("ablat + I(ablat**2)")
    assert canvas_of(square)[0].test.df1 == 2


def test_studies_left_out_of_the_fit_keep_the_others_their_names():
    yi = list(REFERENCE["yi"])
    yi[1] = math.nan
    _, canvas = canvas_of(fit(yi=yi), labels=LABELS)
    shown = {r["study"]: r for r in rows(canvas, "study")}
    assert LABELS[1] not in shown and len(shown) == 12
    assert shown[LABELS[3]]["x"] == 52 and shown[LABELS[3]]["estimate"] == pytest.approx(math.exp(REFERENCE["yi"][3]))
    assert "rows 1 (counted from 0)" in " ".join(said(canvas))


# -- geometry ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("width", WIDTHS_MM)
def test_marks_stand_where_the_numbers_are(width):
    b, canvas = canvas_of(fit(), width=width, labels=LABELS)
    assert check_page(canvas) == [] and canvas.width == pytest.approx(width * MM)
    along, upright = scales(canvas)
    radii = {}
    for mark in marks(canvas, "study: "):
        if mark.row is None:
            continue
        row = canvas.data[mark.row]
        left, top, right, bottom = mark.box
        assert np.polyval(along, (left + right) / 2) == pytest.approx(row["x"], abs=1e-6)
        assert np.polyval(upright, (top + bottom) / 2) == pytest.approx(math.log(row["estimate"]), abs=1e-6)
        radii[row["study"], row["x"]] = ((right - left) / 2, row["weight"])
    assert len(radii) == 13
    areas = {round(r**2 / w, 6) for r, w in radii.values()}
    assert len(areas) == 1
    for name, values in (("regression line: ablat", b.line.estimate), ("prediction limit: low", b.line.pi_low),
                         ("confidence limit: high", b.line.ci_high)):  # fmt: skip
        (mark,) = marks(canvas, name)
        xs, ys = zip(*mark.points, strict=True)
        np.testing.assert_allclose(np.polyval(along, xs), b.line.x, atol=1e-6)
        np.testing.assert_allclose(np.polyval(upright, ys), np.log(values), atol=1e-6)
    assert max(np.polyval(along, x) for m in marks(canvas, "prediction limit") if len(m.points) > 2
               for x, _ in m.points) <= 55 + 1e-6  # fmt: skip


def test_labels_stand_by_their_own_study():
    _, canvas = canvas_of(fit(), labels=LABELS)
    circles = {m.row: m.box for m in marks(canvas, "study: ") if m.row is not None}
    named = [t for t in canvas.texts if t.row is not None]
    assert len(named) >= 11
    leaders = {m.row: m for m in marks(canvas, "leader")}
    for text in named:
        assert text.text == canvas.data[text.row]["study"]
        left, top, right, bottom = circles[text.row]
        middle, half = ((left + right) / 2, (top + bottom) / 2), (right - left) / 2
        if text.row in leaders:
            assert math.dist(leaders[text.row].points[0], middle) == pytest.approx(half, abs=1e-6)
            end, box = leaders[text.row].points[1], text.box
            assert box[0] - 0.1 <= end[0] <= box[2] + 0.1 and box[1] - 0.1 <= end[1] <= box[3] + 0.1
        else:
            x = min(max(middle[0], text.box[0]), text.box[2])
            y = min(max(middle[1], text.box[1]), text.box[3])
            assert math.dist((x, y), middle) < half + 3
    missing = 13 - len(named)
    assert (f"{missing} stud" in " ".join(said(canvas))) == bool(missing)


# -- extremes ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("k", [3, 4, 60, pytest.param(300, marks=pytest.mark.slow)])
@pytest.mark.parametrize("width", WIDTHS_MM)
def test_any_number_of_studies(k, width):
    _, canvas = canvas_of(many(k), "dose", width, "GEN")
    assert check_page(canvas) == []
    assert len(rows(canvas, "study")) == k and len([m for m in marks(canvas, "study: ") if m.row is not None]) == k
    labels = [t for t in canvas.texts if t.row is not None]
    text = " ".join(said(canvas))
    assert (f"{k - len(labels)} studies are without a label" in text) == (k - len(labels) > 1)
    assert ("Few studies" in text) == (k < 10)


@pytest.mark.parametrize(
    "label", [LONG, HOSTILE, "x" * 300, "", "\u05d3\u05d5\u05d3 \u05db\u05d4\u05df 2020", "5$ and $6"]
)
@pytest.mark.parametrize("width", [84.0, 174.0])
def test_any_label_is_drawn(label, width, tmp_path):
    _, canvas = canvas_of(fit(), width=width, labels=[label] * 13, x_label=label)
    assert check_page(canvas) == []
    save(bubble(fit(), "ablat", labels=[label] * 13, measure="RR", x_label=label, title=label), tmp_path / "f.svg")
    assert "<script" not in (tmp_path / "f.svg").read_text()


@pytest.mark.parametrize(
    ("yi", "vi"),
    [
        ([0.1, 0.2, 1e6, 0.3, 0.2], [0.1] * 5),
        ([0.1, 0.2, 0.4, 0.3, 0.2], [1e-9, 1, 1, 1, 1]),
        ([0.1, 0.2, 0.4, 0.3, 0.2], [1e9, 1, 1, 1e-4, 1]),
        ([5.0] * 5, [0.1] * 5),
        ([1e-7, 2e-7, 3e-7, 1e-7, 0], [1e-14] * 5),
        ([-300.0, 200.0, 0.1, 0.2, 0.3], [0.1] * 5),
    ],
)
@pytest.mark.parametrize("measure", ["GEN", "RR", "PLO", "SMD", "RD"])
def test_extreme_numbers(yi, vi, measure):
    for ci in ("HK", "z"):
        regression = fit(yi=yi, vi=vi, data={"ablat": [1, 2, 3, 4, 5]}, ci=ci, tau2="DL")
        _, canvas = canvas_of(regression, measure=measure, width=84.0)
        assert check_page(canvas) == []
        assert all(math.isfinite(v) for m in canvas.marks for p in m.points for v in p)
        assert len(rows(canvas, "study")) == 5
        beyond = len(marks(canvas, "study beyond the axis"))
        assert (f"Triangle at the edge: {beyond}" in " ".join(said(canvas))) == (beyond > 0)


def test_small_circles_have_a_floor_that_is_told():
    regression = fit(
        yi=[0.1, 0.2, 0.4, 0.3, 0.2], vi=[1e-6, 9, 9, 9, 9], data={"ablat": [1, 2, 3, 4, 5]}, tau2="CE", ci="z"
    )
    _, canvas = canvas_of(regression, measure="SMD")
    sizes = sorted(m.box[2] - m.box[0] for m in marks(canvas, "study: ") if m.row is not None)
    assert sizes[0] == pytest.approx(3.2) and "4 would be too small to see" in " ".join(said(canvas))
    assert "common-effect model has no prediction interval" in " ".join(said(canvas))
    assert not marks(canvas, "prediction limit")


# -- refusals, files --------------------------------------------------------------------------------------------


def test_refusals_say_what_to_do():
    alloc = {**BCG, "alloc": ["a", "b"] * 6 + ["a"]}
    regression = fit("ablat + alloc", data=alloc)
    with pytest.raises(mr.ConfigError, match=r"alloc has categories \(a, b\).*forest"):
        bubble(regression, "alloc")
    with pytest.raises(mr.ConfigError, match=r"needs a value of alloc.*Levels: a, b"):
        bubble(regression, "ablat")
    assert check_page(canvas_of(regression, at={"alloc": "b"})[1]) == []
    with pytest.raises(mr.DataError, match="No study has alloc = 'z'"):
        bubble(regression, "ablat", at={"alloc": "z"})
    with pytest.raises(mr.ConfigError, match="no moderator 'latitude'"):
        bubble(regression, "latitude")
    with pytest.raises(mr.ConfigError, match="lies outside the studies"):
        bubble(fit("ablat + year"), "ablat", at={"year": 2020})
    with pytest.raises(mr.ConfigError, match="is not in the formula"):
        bubble(fit(), "ablat", at={"year": 1970})
    with pytest.raises(mr.DataError, match="labels has 2 values for 13 studies"):
        bubble(fit(), "ablat", labels=["a", "b"])
    with pytest.raises(mr.DataError, match="not PooledFit"):
        bubble(mr.pool(REFERENCE["yi"], REFERENCE["vi"]), "ablat")  # type: ignore[arg-type]


def test_a_wrong_number_in_a_label_is_found():
    _, canvas = canvas_of(fit(), labels=LABELS)
    place = next(i for i, t in enumerate(canvas.texts) if t.row is not None)
    canvas.texts[place] = dataclasses.replace(canvas.texts[place], text="Aronson 0.99")
    assert any("0.99" in f for f in check_page(canvas))


def test_the_picture_is_written_the_same_twice_with_its_numbers(tmp_path):
    for name in ("a", "b"):
        figure = bubble(fit(), "ablat", labels=LABELS, measure="RR")
        save(figure, tmp_path / f"{name}.svg")
    texts = [re.sub("[ab]-(title|desc)", r"\1", (tmp_path / f"{n}.svg").read_text()) for n in ("a", "b")]
    assert texts[0] == texts[1] and "Vandiviere et al 1973" in texts[0]
    about = figure.metarepro
    assert "at 13: 0.88" in about.description and "TPT Madras 1980: ablat 13, 1.01, weight" in about.description
    assert len(about.data) == 13 + 61
