"""Drapery plots as a reader gets them: curves through the printed limits, two scales, names, refusals."""

from __future__ import annotations

import dataclasses
import itertools
import math

import numpy as np
import pytest

from metarepro.analysis.from_fit import result_of
from metarepro.errors import ConfigError, DataError
from metarepro.figures import drapery, save
from metarepro.figures.page.check_page import check_page
from metarepro.figures.page.layout import MM
from metarepro.pooling import pool
from tests.figures.audited import HOSTILE, LONG, marks, said
from tests.figures.canvases import draw_drapery
from tests.figures.test_funnel import bcg, made
from tests.pooling.test_p_value_function import AT, LIMITS, P_AT


def scales(canvas, working=math.log):
    """Places to values, read off the ticks: effect, p at left, level at right."""
    ticks = [t for t in canvas.texts if t.role == "tick"]
    across = [(t.x, working(float(t.text.replace("\u2212", "-")))) for t in ticks if t.align == "center"]
    p = [(t.y, float(t.text)) for t in ticks if t.align == "right"]
    level = [(t.y, float(t.text.rstrip("%")) / 100) for t in ticks if t.align == "left"]
    fits = [np.polyfit(*zip(*pairs, strict=True), 1) for pairs in (across, p, level)]
    return [lambda at, f=f: np.polyval(f, at) for f in fits]


def curve(canvas, name):
    """Effect and p along a curve, from left to right."""
    x, p, _ = scales(canvas)
    points = sorted({q for m in marks(canvas, name) if ": key" not in m.name for q in m.points})
    return np.array([x(a) for a, _ in points]), np.array([p(b + 2.6) for _, b in points])


def test_the_pooled_curve_has_metafors_p_values_and_limits():
    effects, p = curve(draw_drapery(bcg()), "pooled estimate")
    for at, expected in zip(AT, P_AT, strict=True):
        assert np.interp(math.log(at), effects, p) == pytest.approx(expected, abs=0.012)
    for level, (low, high) in LIMITS.items():
        assert np.interp(low, effects, p) == pytest.approx(1 - level, abs=0.005)
        assert np.interp(high, effects, p) == pytest.approx(1 - level, abs=0.005)


def test_dots_are_at_the_printed_limits_on_the_curves_and_both_scales():
    r = bcg()
    canvas = draw_drapery(r, [bcg(tau2="CE", ci="z")])
    x, p, level = scales(canvas)
    s = r.summary
    for name, ends in (
        ("pooled estimate", (s.ci_low, s.ci_high)),
        ("prediction", (s.pi_low, s.pi_high)),
        ("model 1", (0.6007, 0.7041)),
    ):
        dots = marks(canvas, f"limit: {name}")
        for dot, end in zip(dots, ends, strict=True):
            left, top, right, bottom = dot.box
            assert x((left + right) / 2) == pytest.approx(math.log(end), abs=4e-3)
            assert p((top + bottom) / 2 + 2.6) == pytest.approx(0.05, abs=1e-3)
            assert level((top + bottom) / 2 + 2.6) == pytest.approx(0.95, abs=1e-3)
            effects, values = curve(canvas, name)
            assert np.interp(math.log(end), effects, values) == pytest.approx(0.05, abs=0.004)


def test_every_study_has_a_curve_through_its_limits_and_a_peak_at_its_estimate():
    r = bcg()
    canvas = draw_drapery(r)
    x, p, _ = scales(canvas)
    for s in r.studies:
        wide = marks(canvas, f"study: {s.label}")
        points = [q for m in wide if m.name == f"study: {s.label}" for q in m.points]
        effects, values = np.array(sorted((x(a), p(b + 2.6)) for a, b in points)).T
        assert effects[values.argmax()] == pytest.approx(s.yi, abs=4e-3) and values.max() == pytest.approx(1, abs=1e-3)
        for end in (s.ci_low, s.ci_high):
            if effects[0] < math.log(end) < effects[-1]:
                assert np.interp(math.log(end), effects, values) == pytest.approx(0.05, abs=0.01)


def test_models_are_told_apart_and_named_with_their_numbers():
    canvas = draw_drapery(bcg(), [bcg(tau2="CE", ci="z")])
    assert {"Common effect: 0.65 (0.60 to 0.70)", "Prediction: 0.13 to 1.79",
            "Random effects (REML, wider of Hartung-Knapp and Wald): 0.49 (0.33 to 0.73)"} <= set(said(canvas))  # fmt: skip
    kinds = ("study", "pooled estimate", "prediction", "model 1")
    assert len({(marks(canvas, k)[0].dashed, marks(canvas, k)[0].width) for k in kinds}) == 4
    assert any("pooled estimate, t, 12 df; prediction, t, 11 df; common effect, normal" in t for t in said(canvas))


def test_names_stand_above_their_peaks_in_order_without_crossing():
    canvas = draw_drapery(bcg())
    leaders = sorted(marks(canvas, "leader: "), key=lambda m: m.points[0][0])
    assert len(leaders) == 13
    order = [m.name.removeprefix("leader: ") for m in leaders]
    assert order == [s.label for s in sorted(bcg().studies, key=lambda s: s.estimate)]
    for one, other in itertools.pairwise(leaders):
        assert one.points[1][0] < other.points[1][0]
    boxes = [t.box for t in canvas.texts if t.text in order]
    for leader in leaders:
        (x, low), (_, high) = leader.points[1:]
        own = leader.name.removeprefix("leader: ")
        crossed = [b for b, t in zip(boxes, [t for t in canvas.texts if t.text in order], strict=True)
                   if t.text != own and b[0] < x < b[2] and high < b[3] and low > b[1]]  # fmt: skip
        assert crossed == []


@pytest.mark.parametrize("width", [84.0, 120.0, 174.0])
@pytest.mark.parametrize("k", [1, 2, 60, 300])
def test_every_size_and_width_is_without_faults(k, width):
    canvas = draw_drapery(made(k), width_mm=width)
    assert check_page(canvas) == [] and canvas.width == pytest.approx(width * MM)
    assert len({m.name for m in marks(canvas, "study: ") if m.row is not None and ": key" not in m.name}) == k


def test_every_analysis_is_drawn(results):
    for r in results.values():
        if r.combine == "pool" and r.studies:
            assert check_page(draw_drapery(r, width_mm=84)) == []


def test_score_tests_of_counts_and_printed_intervals_are_told(results):
    assert "Curves of studies: score test of their counts (Wilson's interval)." in said(
        draw_drapery(results["rate_4h"])
    )
    assert any("limits as printed" in t for t in said(draw_drapery(results["score_24h_md"])))


@pytest.mark.parametrize("label", [HOSTILE, LONG, "\u05d0\u05d1\u05d2", "Study\n\t\u00e9"])
def test_hostile_names_are_drawn_as_they_are(label, tmp_path):
    fit = pool(np.linspace(-1, 1, 12), np.linspace(0.01, 0.5, 12))
    save(drapery(fit, labels=[label] * 12, measure="OR", title=label, width_mm=84), tmp_path / "a.svg")
    assert "<script>" not in (tmp_path / "a.svg").read_text()


def test_extremes_are_drawn_or_refused_with_a_reason():
    rng = np.random.default_rng(1)
    y, v = [*rng.normal(0, 0.2, 12), 1e3], [*[0.04] * 12, 1e9]
    canvas = draw_drapery(result_of(pool(y, v), measure="SMD"))
    assert check_page(canvas) == [] and any("beyond the axis: Study 13" in t for t in said(canvas))
    with pytest.raises(DataError, match="its scale can show"):
        draw_drapery(result_of(pool([1e6, 0.0], [1.0, 1.0]), measure="OR"))
    with pytest.raises(DataError, match="HK-ci"):
        draw_drapery(result_of(pool([1.0, 1.0, 1.0], [1.0, 1.0, 1.0], ci="HK")))


def test_what_means_nothing_is_refused(results):
    with pytest.raises(ConfigError, match="Compounded"):
        drapery(results["stard_cumulative"])
    with pytest.raises(ConfigError, match="more than 3 cannot be told apart"):
        draw_drapery(bcg(), [bcg()] * 4)
    with pytest.raises(ConfigError, match="another level"):
        draw_drapery(bcg(), [bcg(level=0.9)])
    with pytest.raises(DataError, match="no study"):
        draw_drapery(dataclasses.replace(bcg(), studies=(), summary=None))


def test_a_bootstrap_prediction_is_dots_only():
    canvas = draw_drapery(bcg(pi="NNF"))
    assert len(marks(canvas, "limit: prediction")) == 2 and not marks(canvas, "band: prediction")
    assert any("the bootstrap gives no curve" in t for t in said(canvas))


def test_the_same_bytes_twice_and_the_words_hold_the_numbers(tmp_path):
    about = drapery(bcg()).metarepro
    assert "0.49 (0.33 to 0.73)" in about.description and "P = 0.002" in about.description
    assert about.description.count(" to ") >= 14
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        save(drapery(bcg()), tmp_path / name / "drapery.svg")
    assert (tmp_path / "a/drapery.svg").read_bytes() == (tmp_path / "b/drapery.svg").read_bytes()


def test_a_planted_wrong_number_is_found():
    canvas = draw_drapery(bcg())
    row = next(t.row for t in canvas.texts if t.text.startswith("Random effects"))
    assert canvas.data[row]["label"] == "Random effects (REML, wider of Hartung-Knapp and Wald)"
    canvas.data[row]["ci_high"] = 0.9
    assert any("is no number of its row" in f for f in check_page(canvas))
