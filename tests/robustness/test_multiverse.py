"""The multiverse: every combination against single fits, what is left out and why, its summaries and its test."""

from __future__ import annotations

import numpy as np
import pytest

import metarepro as mr

K = 8
Y = np.array([0.1, 0.3, 0.35, 0.9, 0.5, 0.2, 0.6, 0.4])
V = np.array([0.02, 0.03, 0.05, 0.04, 0.06, 0.02, 0.1, 0.08])
LOW, FEW = np.array([True] * 6 + [False] * 2), np.array([True] * 2 + [False] * 6)
ROWS = {"bias": {"all": [True] * K, "low": LOW}, "time": {"any": [True] * K, "early": ~np.isin(np.arange(K), [3])}}


def test_each_specification_is_the_fit_of_its_studies():
    found = mr.multiverse(Y, V, rows=ROWS, tau2=("REML", "DL"), ci=("HK-ci", "z"))
    frame = found.to_frame()
    assert len(frame) == found.combinations == 16 and not found.left_out
    for _, row in frame.iterrows():
        keep = np.array(ROWS["bias"][row["bias"]]) & np.array(ROWS["time"][row["time"]])
        single = mr.pool(Y[keep], V[keep], tau2=row["tau2"], ci=row["ci"])
        assert (row["k"], row["beta"], row["ci_low"]) == pytest.approx(
            (keep.sum(), single.beta, single.ci_low), rel=1e-10
        )
    assert frame["beta"].is_monotonic_increasing and frame["primary"].sum() == 1
    primary = frame[frame["primary"]].iloc[0]
    assert primary[["bias", "time", "tau2", "ci"]].tolist() == ["all", "any", "REML", "HK-ci"]


def test_versions_of_effects_are_a_choice_and_repeats_are_left_out():
    other = (np.where(np.arange(K) == 0, np.nan, Y), V)
    found = mr.multiverse(effects={"a": (Y, V), "b": other, "same": (Y, V)}, tau2=("DL",), ci=("z",))
    assert found.factors["effects"] == ("a", "b", "same") and found.k.tolist() == [K, K - 1]
    assert found.left_out == {"the same studies and effects as another": 1}


def test_what_cannot_be_pooled_is_counted_by_reason():
    rows = {"few": {"all": [True] * K, "two": FEW}}
    found = mr.multiverse(Y, V, rows=rows, tau2=("REML", "CE"), ci=("HK-ci", "z"))
    assert found.left_out == {"fewer than 3 studies": 3, "Hartung-Knapp needs a random-effects model": 1}
    assert found.combinations == 8 and found.beta.size == 3
    with pytest.raises(mr.DataError, match="No combination has 3 studies or more"):
        mr.multiverse(Y[:2], V[:2])


def test_summaries_follow_their_definitions():
    found = mr.multiverse(Y, V, rows=ROWS)
    assert found.same_sign == (found.beta > 0).mean() and found.excluding_null == (found.ci_low > 0).mean()
    mirrored = mr.multiverse(-Y, V, rows=ROWS)
    assert (mirrored.same_sign, mirrored.excluding_null) == (found.same_sign, found.excluding_null)
    shares = found.variance_shares()
    assert set(shares) == {"bias", "time", "tau2", "ci"} and list(shares.values()) == sorted(
        shares.values(), reverse=True
    )
    only = mr.multiverse(Y, V, rows={"time": ROWS["time"]}, tau2=("DL",), ci=("z",))
    assert only.variance_shares()["time"] == pytest.approx(1)


def test_a_sample_keeps_the_primary_specification_and_is_seeded():
    one, two = (mr.multiverse(Y, V, rows=ROWS, most=7, seed=3) for _ in range(2))
    assert one.beta.size == 7 and one.primary == 0 and one.seed == 3
    assert one.beta[one.primary] == pytest.approx(mr.pool(Y, V).beta)
    assert (one.choices == two.choices).all()


def test_the_test_under_the_null_finds_an_effect_and_finds_none():
    strong = mr.multiverse(Y + 1, V, rows=ROWS, tau2=("DL",), ci=("z",)).null_test(draws=299, seed=2)
    assert strong.median_p < 0.05 and strong.significant_p < 0.05
    none = mr.multiverse(Y - Y.mean(), V, rows=ROWS, tau2=("DL",), ci=("z",)).null_test(draws=299, seed=2)
    assert none.median_p > 0.2 and none.significant_p > 0.2


def test_messages():
    with pytest.raises(mr.DataError, match="The rows of bias: low must be 8 booleans"):
        mr.multiverse(Y, V, rows={"bias": {"low": [True, False]}})
    with pytest.raises(mr.ConfigError, match="A choice about rows cannot be named 'tau2'"):
        mr.multiverse(Y, V, rows={"tau2": {"a": [True] * K}})
    with pytest.raises(mr.DataError, match="Give yi and vi, or versions of them"):
        mr.multiverse()
    with pytest.raises(mr.DataError, match="The version 'b' has not the studies of the first"):
        mr.multiverse(effects={"a": (Y, V), "b": (Y[:3], V[:3])})
