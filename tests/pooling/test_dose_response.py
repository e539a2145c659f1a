"""Curves over the dose: what is known in closed form, what must not change anything, bad input."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import metarepro as mr


def arms(seed, k, doses=(0.0, 0.2, 0.5), slope=-12.0):
    rng = np.random.default_rng(seed)
    rows = []
    for study in range(k):
        base = rng.normal(20, 3)
        rows += [
            (study, d, base + slope * d + rng.normal(0, 1.5), rng.uniform(6, 9), int(rng.integers(20, 60)))
            for d in doses
        ]
    study, dose, m, sd, n = (list(x) for x in zip(*rows, strict=True))
    return {"study": study, "dose": dose, "m": m, "sd": sd, "n": n}


@settings(deadline=None)
@given(st.integers(0, 10**6), st.integers(2, 8))
def test_one_dose_against_none_is_pool(seed, k):
    table = arms(seed, k, doses=(0.0, 1.0))
    fit = mr.dose_response("MD", **table)
    m, sd, n = (np.array(table[x]).reshape(k, 2) for x in ("m", "sd", "n"))
    pooled = mr.pool(m[:, 1] - m[:, 0], (sd**2 / n).sum(1), ci="z")
    assert fit.beta[0] == pytest.approx(pooled.beta, rel=1e-7)
    assert fit.se[0] == pytest.approx(pooled.se, rel=1e-6)
    assert fit.tau2 == pytest.approx(pooled.tau2, rel=1e-5, abs=1e-8)


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 10**6), st.sampled_from(["linear", "quadratic", "spline"]), st.randoms(use_true_random=False))
def test_order_of_arms_and_unit_of_dose_do_not_matter(seed, shape, random):
    table = arms(seed, 5, doses=(0.0, 0.1, 0.3, 0.5))
    fit = mr.dose_response("MD", **table, shape=shape)
    order = list(range(len(table["m"])))
    random.shuffle(order)
    other = {name: [x[i] for i in order] for name, x in table.items()}
    other["dose"] = [1000 * d for d in other["dose"]]
    in_micrograms = mr.dose_response("MD", **other, shape=shape)
    mine, theirs = fit.predict([0.2, 0.5]), in_micrograms.predict([200, 500])
    assert np.allclose(mine.estimate, theirs.estimate, rtol=1e-5, atol=1e-6)
    assert np.allclose(mine.se, theirs.se, rtol=1e-4)
    assert fit.log_likelihood == pytest.approx(in_micrograms.log_likelihood, abs=1e-5) or shape != "linear"


def test_a_line_is_found_and_a_bend_is_tested():
    straight = mr.dose_response("MD", **arms(3, 12, doses=(0.0, 0.1, 0.25, 0.5)), shape="quadratic")
    assert straight.test.p_value < 1e-6 < 0.01 < straight.test_of_curvature.p_value
    assert straight.predict([0.5]).estimate[0] == pytest.approx(-6, abs=1.5)
    # The reference dose has no effect against itself, and no error.
    at_zero = straight.predict([0.0])
    assert (at_zero.estimate[0], at_zero.se[0]) == (0.0, 0.0)


def test_counts_share_the_arm_of_the_lowest_dose():
    fit = mr.dose_response("OR", study=[1, 1, 1], dose=[0, 1, 2], e=[5, 10, 15], n=[30, 30, 30])
    # One study, three arms: weighted least squares with the covariance 1/5 + 1/25 of the common arm.
    y = np.array([np.log(10 / 20) - np.log(5 / 25), np.log(15 / 15) - np.log(5 / 25)])
    v = (1 / 5 + 1 / 25) * np.ones((2, 2)) + np.diag([1 / 10 + 1 / 20, 2 / 15])
    x, w = np.array([1.0, 2.0]), np.linalg.inv(v)
    assert fit.beta[0] == pytest.approx(float(x @ w @ y / (x @ w @ x)), rel=1e-12)
    assert fit.se[0] == pytest.approx(float((x @ w @ x) ** -0.5), rel=1e-12)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"dose": [0, 0, 1]}, "Study 1 has a treatment in two arms (rows 0, 1 (counted from 0)). Fix: add these arms up."),
        ({"dose": [0, None, 1]}, "dose is missing or below 0 in row 1 (counted from 0)."),
        ({"shape": "cubic"}, "shape = 'cubic' is not known. Allowed: linear, quadratic, spline."),
        ({"shape": "spline", "knots": (1, 1, 2)}, "knots = (1.0, 1.0, 2.0) must be three that rise."),
    ],
)  # fmt: skip
def test_bad_input_is_refused_with_its_mend(options, message):
    table = {"study": [1, 1, 1], "dose": [0, 1, 2], "m": [1, 2, 3], "sd": [1, 1, 1], "n": [9, 9, 9]}
    with pytest.raises(ValueError) as caught:
        mr.dose_response("MD", **{**table, **options})
    assert str(caught.value) == message


def test_no_curve_beyond_the_doses_of_the_studies():
    fit = mr.dose_response("MD", **arms(1, 4))
    with pytest.raises(ValueError, match=r"The studies have doses from 0 to 0.5; 2 is beyond them."):
        fit.predict([2])
    with pytest.raises(ValueError, match="The doses are too few for a quadratic curve"):
        mr.dose_response("MD", **arms(1, 4, doses=(0.0, 1.0)), shape="quadratic")
