"""Decimals follow the width of intervals: nothing that excludes no effect prints as none, and columns share them."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import metarepro as mr
from metarepro.analysis.decimals import decimals_for, measure_of
from metarepro.analysis.from_fit import result_of
from metarepro.analysis.result import read_results
from metarepro.effects import get_measure
from metarepro.figures.page import numbers as fmt
from metarepro.figures.wording import describe_figure, headline
from tests.conftest import ROOT


@pytest.mark.parametrize(
    ("measure", "row", "shown"),
    [
        # What the measure's own decimals say well stays as it is.
        ("OR", (1.67, 0.98, 2.84), "1.67 (0.98 to 2.84)"),
        ("PLO", (0.42, 0.31, 0.54), "42.0 (31.0 to 54.0)"),
        ("MD", (-2.31, -4.52, -0.1), "\u22122.31 (\u22124.52 to \u22120.10)"),
        ("RD", (-0.12, -0.21, -0.03), "\u221212.0 (\u221221.0 to \u22123.0)"),
        ("MD", (0.0, -0.5, 0.5), "0.00 (\u22120.50 to 0.50)"),
        # A risk difference of 4 in 10,000.
        ("RD", (-0.000423, -0.000640, -0.000206), "\u22120.04 (\u22120.06 to \u22120.02)"),
        # Densities.
        ("MD", (0.012, 0.0047, 0.0193), "0.012 (0.005 to 0.019)"),
        ("MD", (0.001, 0.00038, 0.00162), "0.0010 (0.0004 to 0.0016)"),
        ("MD", (0.0003, -0.0003, 0.0009), "0.0003 (\u22120.0003 to 0.0009)"),
        ("PLO", (0.0005, 0.0003, 0.0008), "0.05 (0.03 to 0.08)"),
        # A ratio that many patients tell from 1.
        ("RR", (1.002, 1.001, 1.003), "1.0020 (1.0010 to 1.0030)"),
        # An end of the pooled result that just excludes no effect.
        ("MD", (0.4, 0.004, 0.796), "0.400 (0.004 to 0.796)"),
        ("OR", (1.5, 1.0004, 2.25), "1.50 (1.00 to 2.25)"),
        # Tails of ratios are named.
        ("OR", (0.001, 0.0001, 0.004), "<0.01 (<0.01 to <0.01)"),
    ],
)  # fmt: skip
def test_decimals_follow_the_interval(measure, row, shown):
    own = get_measure(measure)
    fitted = type(own)(**{**vars(own), "decimals": decimals_for(own, [], row)})
    assert fmt.with_interval(fitted, *row) == shown


def test_a_column_shares_its_decimals():
    rows = [(0.5, 0.1, 0.9), (0.012, 0.0047, 0.0193), (math.nan, math.nan, math.nan), (3.0, math.nan, math.nan)]
    assert decimals_for(get_measure("MD"), rows) == 3
    # Of studies an end may round to no effect.
    assert decimals_for(get_measure("MD"), [(0.4, 0.004, 0.796)]) == 2
    assert decimals_for(get_measure("MD"), rows[:1]) == decimals_for(get_measure("MD"), []) == 2


@given(st.floats(-100, 100), st.floats(1e-6, 100))
def test_an_interval_that_excludes_no_effect_is_not_printed_as_none(estimate, half):
    row = (estimate, estimate - half, estimate + half)
    own = get_measure("MD")
    decimals = decimals_for(own, [row])
    texts = [f"{x:.{decimals}f}" for x in row]
    assert len(set(texts)) == 3
    if row[1] > 0 or row[2] < 0:
        assert float(texts[0]) != 0
    assert own.decimals <= decimals <= own.decimals + 6


def test_a_forest_plot_of_small_effects_shows_them():
    fit = mr.pool([0.001, 0.002, 0.0035], [1e-7, 1e-7, 2e-7])
    result = result_of(fit, measure="MD", labels=list("ABC"))
    assert measure_of(result).decimals == 4
    numbers = f"{fit.beta:.4f} ({fit.ci_low:.4f} to {fit.ci_high:.4f})".replace("-", "\u2212")
    assert headline(result).startswith(f"Mean difference {numbers} (95%")
    words = describe_figure(result)
    for study in ("A: 0.0010 (0.0004 to 0.0016)", "B: 0.0020 (0.0014 to 0.0026)", "C: 0.0035 (0.0026 to 0.0044)"):
        assert study in words
    assert mr.figures.forest(fit, measure="MD", labels=list("ABC")).metarepro.description.startswith(words[:-1])


def test_a_bubble_plot_of_small_effects_shows_them():
    regression = mr.meta_regression(
        [0.001, 0.002, 0.0035, 0.004], [1e-7, 1e-7, 2e-7, 1e-7], "dose", {"dose": [1, 2, 3, 4]}, ci="z"
    )
    words = mr.figures.bubble(regression, "dose", measure="MD").metarepro.description
    low = regression.predict({"dose": [1]})
    assert f"{low.estimate[0]:.4f}" in words and np.abs(low.estimate[0]) > 0


def test_numbers_of_the_shipped_results_keep_their_decimals():
    for result in read_results((ROOT / "reference/results.json").read_text(encoding="utf-8")).analyses:
        assert measure_of(result).decimals == get_measure(result.measure).decimals, result.id
