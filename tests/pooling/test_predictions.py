"""Predictions at values of moderators, and contrasts of coefficients, of every kind of fit."""

from __future__ import annotations

import numpy as np
import pytest

import metarepro as mr
from tests.conftest import REFERENCE

RR = next(c for c in REFERENCE["cases"] if c["id"] == "dat.bcg/RR")
Y, V = np.array(RR["yi"]), np.array(RR["vi"])


BY_NUMBERS = [
    lambda x: mr.pool(Y, V, moderators=x),
    lambda x: mr.multilevel(Y, V, cluster=np.arange(13) // 2, moderators=x),
    lambda x: mr.multilevel(Y, V, cluster=np.arange(13) // 2, moderators="x", data={"x": x}),
    lambda x: mr.pool(Y, V, moderators="x", data={"x": x}),
    lambda x: mr.pool(Y, V, moderators="x", data={"x": x}, cluster=np.arange(13) // 2),
    lambda x: mr.multilevel(Y, V, cluster=np.arange(13) // 2, moderators=x).robust(),
]


@pytest.mark.parametrize("number", range(len(BY_NUMBERS)))
def test_a_flat_list_of_values_of_one_moderator_is_several_places(number):
    x = np.linspace(10, 55, 13)
    fit = BY_NUMBERS[number](x)
    beta = np.asarray(fit.beta)
    for places in ([10, 50], [[10], [50]], np.array([10.0, 50.0])):
        np.testing.assert_allclose(fit.predict(places).estimate, beta[0] + beta[1] * np.array([10, 50]), rtol=1e-12)
    assert np.shape(fit.predict([10]).estimate) == (1,)


def test_a_row_with_the_intercept_is_refused_and_a_fit_without_one_takes_none():
    x = np.column_stack([np.linspace(10, 55, 13), np.arange(13) % 3])
    fit = mr.pool(Y, V, moderators=x)
    assert fit.coefficients == ("Intercept", "moderator 1", "moderator 2")
    assert fit.predict([20, 1]).estimate == pytest.approx([fit.beta @ [1, 20, 1]])
    with pytest.raises(mr.DataError, match="3 moderators for the 2 of the fit: moderator 1, moderator 2"):
        fit.predict([1, 20, 1])
    without = mr.pool(Y, V, moderators=x, intercept=False)
    assert without.coefficients == ("moderator 1", "moderator 2")
    assert without.predict([20, 1]).estimate == pytest.approx([without.beta @ [20, 1]])


def test_values_without_names_are_refused_where_a_formula_has_several_moderators():
    data = {"x": np.arange(13.0), "g": ["a", "b"] * 6 + ["a"]}
    fit = mr.pool(Y, V, moderators="x + C(g)", data=data)
    with pytest.raises(mr.DataError, match=r"Fix: predict\({'g': \[...\], 'x': \[...\]}\)"):
        fit.predict([1, 2])
    robust = mr.pool(Y, V, moderators="x + C(g)", data=data, cluster=np.arange(13) // 2)
    at = {"x": [3.0], "g": ["b"]}
    assert robust.predict(at).estimate == pytest.approx(fit.predict(at).estimate)


GROUPS = ["a", "b", "c"] * 4 + ["a"]


def test_the_difference_of_two_subgroups_is_a_contrast_of_a_regression():
    fit = mr.pool(Y, V, moderators="0 + C(g)", data={"g": GROUPS}, ci="HK")
    found = fit.contrast({fit.coefficients[1]: 1, fit.coefficients[2]: -1})
    other = mr.pool(Y, V, moderators="C(g, Treatment('c'))", data={"g": GROUPS}, ci="HK")
    # With c as the reference the coefficient of b is the same difference.
    at = next(i for i, n in enumerate(other.coefficients) if n.endswith("[T.b]"))
    mine = (found.estimate, found.se, found.statistic, found.p_value, found.ci_low, found.ci_high)
    theirs = [getattr(other, n)[at] for n in ("beta", "se", "statistic", "p_value", "ci_low", "ci_high")]
    np.testing.assert_allclose(mine, theirs, rtol=1e-8)
    assert found.df == other.df == 10
    assert fit.contrast([0, 1, -1]) == found


def test_a_contrast_of_one_coefficient_is_that_coefficient_also_robustly():
    for fit in (
        mr.pool(Y, V, moderators="C(g)", data={"g": GROUPS}, ci="z"),
        mr.pool(Y, V, moderators="C(g)", data={"g": GROUPS}, cluster=np.arange(13) // 2),
        mr.multilevel(Y, V, cluster=np.arange(13) // 2, moderators=np.arange(13) % 3),
    ):
        size = len(fit.coefficients)
        for i in range(size):
            found = fit.contrast(np.eye(size)[i])
            for name in ("se", "df", "p_value", "ci_low", "ci_high"):
                expected = np.broadcast_to(np.ravel(getattr(fit, name)), size)[i]
                np.testing.assert_allclose(getattr(found, name), expected, rtol=1e-9)


def test_contrasts_that_are_none_are_refused():
    fit = mr.pool(Y, V, moderators="C(g)", data={"g": GROUPS})
    with pytest.raises(mr.DataError, match=r"There is no coefficient 'b'\. Coefficients: Intercept, C\(g\)\[T\.b\]"):
        fit.contrast({"b": 1})
    with pytest.raises(mr.DataError, match="needs a weight for each of Intercept"):
        fit.contrast([1, -1])
    with pytest.raises(mr.DataError, match="not all of them 0"):
        fit.contrast([0, 0, 0])
    with pytest.raises(mr.DataError, match="sums of the coefficients of one regression"):
        mr.pool(Y, V).contrast([1])


def test_the_spread_at_a_place_is_not_known_where_it_depends_on_the_scale():
    x = [1, 2, 3, 4, 5, 7, 2, 6.0]
    fit = mr.location_scale(
        [0.1, 0.3, 0.35, 0.65, 0.2, 0.9, 0.4, 0.0],
        [0.03, 0.03, 0.05, 0.01, 0.02, 0.04, 0.02, 0.01],
        scale=x,
        moderators=x,
    )
    at = fit.predict([1.0, 7.0])
    assert np.isnan(at.pi_low).all() and np.isnan(at.pi_high).all() and np.isfinite(at.ci_low).all()


@pytest.mark.parametrize("bad", [np.nan, None, np.inf])
def test_places_that_are_no_numbers_are_refused(bad):
    for fit in (
        mr.pool(Y, V, moderators=np.arange(13)),
        mr.multilevel(Y, V, cluster=np.arange(13) // 2, moderators=np.arange(13)),
    ):
        with pytest.raises(mr.DataError, match=r"The moderators of place 1 \(counted from 0\) are missing or infinite"):
            fit.predict([[1.0], [bad]])


def test_contrasts_do_not_depend_on_the_size_of_their_weights():
    fit = mr.pool(Y, V, moderators="C(g)", data={"g": GROUPS})
    usual = fit.contrast([0, 1, -1])
    for size in (1e200, 1e-200):
        found = fit.contrast([0, size, -size])
        assert found.p_value == pytest.approx(usual.p_value) and found.estimate == pytest.approx(usual.estimate * size)
