"""The orchard plot: every study at its effect, none hidden, intervals as computed."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

import metarepro as mr
from metarepro.figures.page.check_page import check_page
from metarepro.figures.page.layout import WIDTHS_MM

RNG = np.random.default_rng(6)
VI = RNG.uniform(0.01, 0.3, 60)
YI = RNG.normal(0.2, np.sqrt(VI + 0.05))


def canvas_of(fit, **options):
    return mr.figures.orchard(fit, **options).metarepro.canvas


def circles(canvas):
    """Middle and radius of each study's circle."""
    return {
        m.name.partition(": ")[2]: ((m.box[0] + m.box[2]) / 2, (m.box[1] + m.box[3]) / 2, (m.box[2] - m.box[0]) / 2)
        for m in canvas.marks
        if m.kind == "study"
    }


@pytest.mark.parametrize("width", WIDTHS_MM)
@pytest.mark.parametrize("k", [5, 60])
def test_no_study_hides_another(k, width):
    canvas = canvas_of(mr.pool(YI[:k], VI[:k]), width_mm=width)
    assert check_page(canvas) == []
    found = circles(canvas)
    assert len(found) + sum(m.kind == "arrow" for m in canvas.marks) == k
    for (x, y, r), (u, v, s) in itertools.combinations(found.values(), 2):
        assert math.hypot(x - u, y - v) > r + s


def test_circles_stand_at_their_effects_and_grow_with_precision():
    canvas = canvas_of(mr.pool(YI, VI))
    rows = {r["label"]: r for r in canvas.data if "precision" in r}
    found = circles(canvas)
    assert [r["estimate"] for r in rows.values()] == pytest.approx(YI)
    assert [r["precision"] for r in rows.values()] == pytest.approx(1 / np.sqrt(VI))
    labels = sorted(found, key=lambda n: rows[n]["estimate"])
    low, high = labels[0], labels[-1]
    per_unit = (found[high][0] - found[low][0]) / (rows[high]["estimate"] - rows[low]["estimate"])
    for name in labels:
        x = found[low][0] + per_unit * (rows[name]["estimate"] - rows[low]["estimate"])
        assert found[name][0] == pytest.approx(x, abs=0.02)
    ordered = sorted(found, key=lambda n: rows[n]["precision"])
    assert found[ordered[-1]][2] > found[ordered[0]][2]


def test_the_pooled_row_has_both_intervals():
    fit = mr.pool(YI, VI)
    canvas = canvas_of(fit, title="Sixty")
    (row,) = [r for r in canvas.data if "pi_low" in r]
    assert (row["estimate"], row["ci_low"], row["ci_high"]) == pytest.approx((fit.beta, fit.ci_low, fit.ci_high))
    assert (row["pi_low"], row["pi_high"]) == pytest.approx((fit.pi_low, fit.pi_high))
    said = " ".join(t.text for t in canvas.texts).replace("\u2212", "-")
    shown = f"{fit.beta:.2f} ({fit.ci_low:.2f} to {fit.ci_high:.2f}), predicted {fit.pi_low:.2f} to {fit.pi_high:.2f}"
    assert f"All studies (k = 60): {shown}" in said


def test_subgroups_have_a_row_each():
    groups = ["early" if i % 3 else "late" for i in range(60)]
    canvas = canvas_of(mr.pool(YI, VI), groups=groups)
    assert check_page(canvas) == []
    rows = {r["label"]: r["studies"] for r in canvas.data if "pi_low" in r}
    assert rows == {"late": 20, "early": 40} and len(circles(canvas)) == 60


def test_too_few_studies_are_refused():
    with pytest.raises(mr.DataError, match=r"it needs a pooled effect and 5 studies\. Fix: a forest plot\.$"):
        mr.figures.orchard(mr.pool(YI[:4], VI[:4]), title="Four")


@pytest.mark.parametrize("unit", [1e-9, 1e-6, 1e6, 1e9])
def test_any_unit_has_room_for_its_axis(unit):
    canvas = canvas_of(mr.pool(YI * unit, VI * unit**2))
    assert check_page(canvas) == []


def test_six_hundred_studies_that_agree_stay_on_a_page():
    canvas = canvas_of(mr.pool(np.full(600, 0.2), np.full(600, 0.1), tau2="CE"))
    assert canvas.height < 260 and len(circles(canvas)) == 600
    assert "Circles overlap where many studies agree." in [t.text for t in canvas.texts]


def test_the_pooled_effect_is_on_the_axis_whatever_a_study_says():
    y, v = np.append(YI[:30], 1000.0), np.append(VI[:30], 0.1)
    canvas = canvas_of(mr.pool(y, v))
    assert check_page(canvas) == [] and [m for m in canvas.marks if m.kind == "diamond"]
