"""Funnel plots as a reader gets them: places, regions, names, refusals."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest

from metarepro.analysis.from_fit import result_of
from metarepro.errors import ConfigError, DataError
from metarepro.figures import funnel, save
from metarepro.figures.page.check_page import check_page
from metarepro.figures.page.layout import MM
from metarepro.pooling import pool
from tests.conftest import REFERENCE
from tests.figures.audited import HOSTILE, LONG, marks, said
from tests.figures.canvases import draw_funnel

# 2 * pnorm(-|yi / sqrt(vi)|) in R 4.2.2 for dat.bcg's log risk ratios.
STUDY_P = [
    0.119102032291586, 0.000325564061477669, 0.0364664114704724, 2.18073624587409e-24, 0.336382787455311,
    3.08329573640661e-21, 0.000598462796113717, 0.849389698456642, 0.0481541347124526, 3.88081052576238e-07,
    0.00231882811824074, 0.541155687971923, 0.948338250845718,
]  # fmt: skip


def bcg(**options):
    case = next(c for c in REFERENCE["cases"] if c["id"] == "dat.bcg/RR")
    return result_of(pool(case["yi"], case["vi"], **options), measure="RR", title="BCG")


def made(k, mean=-0.3, measure="OR", label="Study {}", seed=3):
    rng = np.random.default_rng(seed)
    se = rng.uniform(0.05, 0.6, k)
    y = mean + rng.normal(0, 0.3, k) + rng.normal(0, se)
    return result_of(pool(y, se**2), measure=measure, labels=[label.format(i) for i in range(k)], title="Made up")


def centre(mark):
    xs, ys = zip(*mark.points, strict=True)
    return (min(xs) + max(xs)) / 2, (min(ys) + max(ys)) / 2


def scales(canvas, working=math.log):
    """Places to values, read off the ticks."""
    ticks = [t for t in canvas.texts if t.role == "tick"]
    across = [(t.x, working(float(t.text.replace("\u2212", "-")))) for t in ticks if t.align == "center"]
    down = [(t.y - 2.6, float(t.text)) for t in ticks if t.align == "right"]
    x, y = (np.polyfit(*zip(*pairs, strict=True), 1) for pairs in (across, down))
    return lambda p: np.polyval(x, p), lambda p: np.polyval(y, p)


def test_studies_stand_at_their_effect_and_standard_error():
    r = bcg()
    canvas = draw_funnel(r)
    x, y = scales(canvas)
    dots = [m for m in marks(canvas, "study: ") if m.row is not None]
    for s, dot in zip(r.studies, dots, strict=True):
        at = centre(dot)
        assert x(at[0]) == pytest.approx(s.yi, abs=2e-3) and y(at[1]) == pytest.approx(s.se, abs=1e-3)
        assert canvas.data[dot.row]["effect"] == s.yi and dot.fill is None
    assert centre(dots[7])[1] < centre(dots[0])[1], "the most precise study is on top"


def test_lines_are_where_metafors_are():
    r = bcg()
    canvas = draw_funnel(r, labels="none")
    x, y = scales(canvas)
    for name, tip, quantiles in (
        ("pseudo limit", -0.714532342158139, [1.95996398454005] * 2),
        ("contour 0.10", 0.0, [1.64485362695147] * 2),
        ("contour 0.05", 0.0, [1.95996398454005] * 2),
        ("contour 0.01", 0.0, [2.5758293035489] * 2),
    ):
        lines = [m for m in marks(canvas, name) if ": key" not in m.name]
        assert len(lines) == 2
        for line, q in zip(lines, quantiles, strict=True):
            for at in line.points:
                assert abs(x(at[0]) - tip) == pytest.approx(q * y(at[1]), abs=4e-3)
    (estimate,) = [m for m in marks(canvas, "pooled estimate") if ": key" not in m.name]
    (null,) = [m for m in marks(canvas, "line of no effect") if ": key" not in m.name]
    assert x(estimate.points[0][0]) == pytest.approx(-0.714532342158139, abs=2e-3)
    assert x(null.points[0][0]) == pytest.approx(0, abs=2e-3)


def test_p_values_of_studies_are_those_of_r_and_decide_their_region():
    canvas = draw_funnel(bcg())
    rows = [row for row in canvas.data if "p_value" in row]
    assert [row["p_value"] for row in rows] == pytest.approx(STUDY_P, rel=1e-6)
    about = funnel(bcg()).metarepro
    assert "P > 0.10: 5; 0.05 < P \u2264 0.10: 0; 0.01 < P \u2264 0.05: 2; P \u2264 0.01: 6" in about.description
    assert [row["within_pseudo_limits"] for row in rows].count("no") == about.description.count(", outside the pseudo")


@pytest.mark.parametrize(
    ("tau2", "ci", "words"),
    [
        ("REML", "HK", "Pooled estimate (random effects, REML): 0.49 (0.33 to 0.73)"),
        ("CE", "z", "Pooled estimate (common effect): 0.65 (0.60 to 0.70)"),
    ],
)
def test_the_model_is_named_with_its_numbers(tau2, ci, words):
    assert words in said(draw_funnel(bcg(tau2=tau2, ci=ci)))


def test_regions_are_told_apart_in_grey():
    canvas = draw_funnel(bcg())
    shades = {m.name: int(m.fill[1:3], 16) for m in marks(canvas, "band: ") if "key" not in m.name}
    values = list(shades.values())
    assert len(values) == 4 and all(abs(a - b) >= 15 for i, a in enumerate(values) for b in values[:i])
    contours = [marks(canvas, f"contour 0.{p}")[0] for p in ("10", "05", "01")]
    assert len({m.dashed for m in contours}) == 3


@pytest.mark.parametrize("width", [84.0, 120.0, 174.0])
@pytest.mark.parametrize("k", [1, 2, 60, 300])
def test_every_size_and_width_is_without_faults(k, width):
    for measure, mean in (("OR", -0.3), ("PLO", -1.0), ("PAS", 0.8)):
        canvas = draw_funnel(made(k, mean, measure), minimum=1, width_mm=width)
        assert check_page(canvas) == [] and canvas.width == pytest.approx(width * MM)
        shown = [m for m in canvas.marks if m.kind in ("study", "arrow") and m.row is not None]
        assert len(shown) == k


def test_names_that_have_no_room_are_counted():
    canvas = draw_funnel(made(40, label="Study of group {}"), labels="all", width_mm=84)
    names = sum(t.text.startswith("Study ") and t.row is not None for t in canvas.texts)
    assert 0 < names < 40
    assert f"{40 - names} studies not named, for want of room." in said(canvas)
    canvas = draw_funnel(made(40), labels="none", width_mm=84)
    assert not any(t.text.startswith("Study ") and t.row is not None for t in canvas.texts)
    assert not any("not named" in t for t in said(canvas))


def test_all_studies_of_a_published_example_are_named():
    for width in (84.0, 120.0, 174.0):
        canvas = draw_funnel(bcg(), width_mm=width)
        assert {f"Study {i}" for i in range(1, 14)} <= set(said(canvas))


@pytest.mark.parametrize("label", [HOSTILE, LONG, "\u05d0\u05d1\u05d2 {}", "Study\n{}\t\u00e9"])
def test_hostile_names_are_drawn_as_they_are(label, tmp_path):
    fit = pool(np.linspace(-1, 1, 12), np.linspace(0.01, 0.5, 12))
    figure = funnel(fit, labels=[label] * 12, measure="OR", title=label, width_mm=84)
    save(figure, tmp_path / "a.svg")
    assert "<script>" not in (tmp_path / "a.svg").read_text()


def test_too_few_studies_are_not_drawn_unless_asked_for():
    with pytest.raises(ConfigError, match="not drawn: k = 9 studies, fewer than 10"):
        draw_funnel(made(9))
    note = "Only 9 studies: with fewer than 10, funnel plots and tests of their asymmetry are unreliable"
    assert any(t.startswith(note[:60]) for t in said(draw_funnel(made(9), minimum=3)))
    assert not any(t.startswith("Only ") for t in said(draw_funnel(made(10))))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"contours": (0.95, 0.90)}, "rising"),
        ({"contours": (90, 95)}, "between 0 and 1"),
        ({"contours": (0.5, 0.6, 0.7, 0.8, 0.9)}, "up to 4"),
        ({"labels": "some"}, "auto, all, none"),
        ({"minimum": 0}, "whole number"),
    ],
)
def test_wrong_options_are_refused(options, words):
    with pytest.raises(ConfigError, match=words):
        draw_funnel(bcg(), **options)


def test_one_arm_measures_have_no_contours_and_say_so(results):
    canvas = draw_funnel(results["rate_course"], minimum=1)
    assert not marks(canvas, "contour") and not marks(canvas, "line of no effect")
    assert "No regions of significance: a measure of one arm has no value that stands for no effect." in said(canvas)
    x, _ = scales(canvas, lambda p: math.log(p / (100 - p)))
    for m in marks(canvas, "study: "):
        if m.row is not None:
            assert x(centre(m)[0]) == pytest.approx(canvas.data[m.row]["effect"], abs=0.02)


def test_contours_may_be_others_or_none():
    assert not marks(draw_funnel(bcg(), contours=()), "contour")
    canvas = draw_funnel(bcg(), contours=(0.95, 0.999))
    assert {"P > 0.05", "0.001 < P \u2264 0.05", "P \u2264 0.001"} <= set(said(canvas)) and check_page(canvas) == []


def test_studies_at_one_place_are_circles_around_circles():
    r = result_of(pool([0.2] * 4 + [0.5] * 8, [0.04] * 4 + list(np.linspace(0.05, 0.3, 8))), measure="OR")
    canvas = draw_funnel(r)
    same = [m for m in marks(canvas, "study: ") if m.row is not None][:4]
    assert len({round(m.box[2] - m.box[0], 2) for m in same}) == 4
    assert any("same place (4 studies)" in t for t in said(canvas))


def test_a_study_far_away_is_an_arrow_and_named():
    rng = np.random.default_rng(1)
    y, v = [*rng.normal(0, 0.2, 12), 40.0, 0.1], [*[0.04] * 12, 400.0, 1e6]
    canvas = draw_funnel(result_of(pool(y, v), measure="SMD"))
    assert check_page(canvas) == [] and len(marks(canvas, "arrow: ")) == 2
    assert any("beyond the axes: Study 13, Study 14" in t for t in said(canvas))


def test_rows_without_numbers_are_named_and_nothing_is_refused():
    y, v = [np.nan, *np.linspace(-1, 1, 12)], [0.1, *[0.1] * 12]
    assert any("not shown: Study 1." in t for t in said(draw_funnel(result_of(pool(y, v), measure="OR"))))
    empty = dataclasses.replace(bcg(), studies=(), summary=None)
    with pytest.raises(DataError, match="usable studies: 0"):
        draw_funnel(empty)
    with pytest.raises(DataError, match="beyond what the scale can show"):
        draw_funnel(result_of(pool([1e6] * 10, [1.0] * 10), measure="OR"))


def test_no_effect_far_away_is_left_out_and_told():
    canvas = draw_funnel(result_of(pool(1e6 + np.linspace(-1, 1, 12), [0.1] * 12), measure="MD"))
    assert not marks(canvas, "line of no effect") and check_page(canvas) == []
    assert any("No effect lies outside the axis" in t for t in said(canvas))


def test_compounded_rates_are_refused(results):
    with pytest.raises(ConfigError, match="compounded"):
        funnel(results["stard_cumulative"], minimum=1)


def test_the_same_bytes_twice(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        save(funnel(bcg()), tmp_path / name / "funnel.svg")
    assert (tmp_path / "a/funnel.svg").read_bytes() == (tmp_path / "b/funnel.svg").read_bytes()


def test_a_planted_wrong_number_is_found():
    canvas = draw_funnel(bcg())
    row = next(t.row for t in canvas.texts if t.text.startswith("Pooled estimate"))
    canvas.data[row]["estimate"] = 0.9
    assert any("is no number of its row" in f for f in check_page(canvas))
