"""Boundaries of trial sequential analysis against published ones and simulation; required information; states."""

from __future__ import annotations

import math

import numpy as np
import pytest

import metarepro as mr
from metarepro.robustness.trial_sequential import spending_boundaries

Y, V = [-0.4, -0.2, -0.5, -0.3], [0.05, 0.04, 0.03, 0.02]


def test_boundaries_of_five_looks_are_those_of_lan_and_demets():
    # Two-sided 5 %, five equal looks, spending like O'Brien and Fleming's: the values that gsDesign (sfLDOF) and SAS print.
    assert spending_boundaries([0.2, 0.4, 0.6, 0.8, 1.0]) == pytest.approx(
        [4.877, 3.357, 2.680, 2.290, 2.031], abs=6e-4
    )


def test_a_single_look_is_the_plain_test():
    assert spending_boundaries([1.0]) == pytest.approx([1.959963985], rel=1e-8)
    assert spending_boundaries([1.0], 0.01) == pytest.approx([2.575829304], rel=1e-8)


def test_the_chance_to_cross_any_boundary_is_alpha():
    shares = np.array([0.15, 0.3, 0.34, 0.7, 0.9, 1.0])
    boundary = spending_boundaries(shares, 0.05)
    steps = np.random.default_rng(1).normal(0, np.sqrt(np.diff(shares, prepend=0.0)), (400_000, shares.size))
    z = steps.cumsum(-1) / np.sqrt(shares)
    assert (np.abs(z) > boundary).any(-1).mean() == pytest.approx(0.05, abs=0.0012)


def test_a_look_without_new_information_changes_nothing():
    assert spending_boundaries([0.5, 0.5, 1.0])[[0, 2]] == pytest.approx(spending_boundaries([0.5, 1.0]), rel=1e-9)


def test_the_required_information_is_that_of_one_trial_of_this_power():
    found = mr.trial_sequential(Y, V, delta=-0.3, tau2="CE", power=0.9)
    assert found.required == pytest.approx(((1.959963985 + 1.281551566) / 0.3) ** 2, rel=1e-8) and found.diversity == 0
    se = 1 / math.sqrt(found.required)
    from scipy.stats import norm

    assert norm.sf(1.959963985 - 0.3 / se) == pytest.approx(0.9, rel=1e-8)
    assert found.information == pytest.approx(np.minimum(np.cumsum(1 / np.array(V)) / found.required, 1))


def test_diversity_is_the_ratio_of_variances_and_raises_the_need():
    y, v = [0.1, 0.9, -0.2, 0.8], [0.02, 0.03, 0.02, 0.04]
    common, random = mr.pool(y, v, tau2="CE", ci="z"), mr.pool(y, v, tau2="DL", ci="z")
    found = mr.trial_sequential(y, v, delta=0.3)
    assert found.diversity == pytest.approx(1 - common.se**2 / random.se**2, rel=1e-10)
    assert found.required == pytest.approx(
        mr.trial_sequential(y, v, delta=0.3, diversity=0).required / (1 - found.diversity)
    )


def test_order_names_and_the_boundary_that_is_crossed():
    found = mr.trial_sequential(Y, V, delta=-0.3, tau2="CE", order=[4, 3, 2, 1], labels=list("abcd"))
    assert found.labels == ("d", "c", "b", "a") and found.to_frame().index.tolist() == ["d", "c", "b", "a"]
    over = np.flatnonzero(np.abs(found.z) > found.boundary)
    assert found.crossed == found.labels[over[0]]
    assert mr.trial_sequential([0.01, -0.02], [0.1, 0.1], delta=0.1).crossed == ""


def test_conditional_power_rises_with_what_is_seen():
    low, high = (mr.trial_sequential([e, e], [0.1, 0.1], delta=0.3, tau2="CE").conditional_power for e in (0.0, 0.4))
    assert 0 < low < high < 1
    assert math.isnan(mr.trial_sequential(Y, V, delta=-0.9, tau2="CE").conditional_power)


def test_messages():
    with pytest.raises(mr.ConfigError, match="delta = 0 must be an effect other than 0"):
        mr.trial_sequential(Y, V, delta=0)
    with pytest.raises(mr.ConfigError, match="power = 1 must lie between 0 and 1"):
        mr.trial_sequential(Y, V, delta=1, power=1)
