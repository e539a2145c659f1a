"""Means and SDs from medians, ranges and quartiles: reference values, simulations, equivariance, refusals."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from metarepro.effects.quantiles import mean_sd_from_quantiles, quantiles_look_skewed
from metarepro.errors import ConfigError, DataError

FIVE = {"minimum": 2, "q1": 6, "median": 9, "q3": 17, "maximum": 41}
PARTS = {
    "S1": ("minimum", "median", "maximum"),
    "S2": ("q1", "median", "q3"),
    "S3": ("minimum", "q1", "median", "q3", "maximum"),
}
# What metafor 4.4, conv.fivenum(test = FALSE), makes of FIVE: the default mean (Luo) and the SD of Wan.
METAFOR = {
    7: {
        "S1": (15.021544795358952, 14.29106691143328),
        "S2": (10.889285714285714, 10.103962147784886),
        "S3": (14.361220613598714, 12.197514529609084),
    },
    30: {
        "S1": (11.972897250696676, 9.5575055212413016),
        "S2": (10.782500000000001, 8.5626224066574625),
        "S3": (12.3038216208361, 9.0600639639493821),
    },
    100: {
        "S1": (10.403596372036779, 7.804399930371213),
        "S2": (10.75975, 8.2742542328822122),
        "S3": (11.420082492316839, 8.0393270816267126),
    },
}


@pytest.mark.parametrize("n", METAFOR)
@pytest.mark.parametrize("scenario", PARTS)
def test_agrees_with_metafor(n, scenario):
    given_numbers = {name: FIVE[name] for name in PARTS[scenario]}
    mean, sd = METAFOR[n][scenario]
    got = mean_sd_from_quantiles(n, **given_numbers)
    assert got.mean[0] == pytest.approx(mean, rel=1e-13) and got.scenario == (scenario,)
    wan = mean_sd_from_quantiles(n, **given_numbers, method="wan")
    assert wan.sd[0] == pytest.approx(sd, rel=1e-13)
    if scenario != "S3":
        assert got.sd[0] == wan.sd[0]


def test_sd_of_shi_2020():
    # n = 20: weight 0.70304 on the range, SDs 4.5497 (range), 3.9892 (quartiles), 4.3833 (both); mean 10.5638.
    got = mean_sd_from_quantiles(20, 10, 3, 20, 8, 13)
    assert (got.sd[0], got.mean[0]) == pytest.approx((4.3833, 10.5638), abs=5e-5)
    by_range = mean_sd_from_quantiles(20, 10, 3, 20).sd[0]
    by_quartiles = mean_sd_from_quantiles(20, 10, q1=8, q3=13).sd[0]
    assert (by_range, by_quartiles) == pytest.approx((4.5497, 3.9892), abs=5e-5)
    assert (got.sd[0] - by_quartiles) / (by_range - by_quartiles) == pytest.approx(0.70304, abs=5e-6)
    # The shortcut of the paper: (b - a) / theta1 + (q3 - q1) / theta2.
    for n in (12, 80, 501):
        theta1 = (2 + 0.14 * n**0.6) * stats.norm.ppf((n - 0.375) / (n + 0.25))
        theta2 = (2 + 2 / (0.07 * n**0.6)) * stats.norm.ppf((0.75 * n - 0.125) / (n + 0.25))
        assert mean_sd_from_quantiles(n, 10, 3, 20, 8, 13).sd[0] == pytest.approx(17 / theta1 + 5 / theta2, rel=1e-12)


def test_range_of_normal_samples_as_tabled_by_wan():
    # Wan et al. 2014, table 1: xi(n), the mean range of n standard normal values; Blom's formula is within 1 %.
    for n, xi in {10: 3.078, 20: 3.735, 30: 4.086, 50: 4.498}.items():
        assert 1 / mean_sd_from_quantiles(n, 0.5, 0, 1).sd[0] == pytest.approx(xi, rel=0.01)


def test_means_of_wan_2014():
    # (a + 2m + b)/4, (q1 + m + q3)/3, (a + 2 q1 + 2m + 2 q3 + b)/8
    means = [
        mean_sd_from_quantiles(50, **{name: FIVE[name] for name in names}, method="wan").mean[0]
        for names in PARTS.values()
    ]
    assert means == pytest.approx([61 / 4, 32 / 3, (2 + 12 + 18 + 34 + 41) / 8])


@pytest.mark.parametrize("method", ["luo-wan", "wan"])
@pytest.mark.parametrize("n", [25, 401])
def test_unbiased_on_normal_samples(method, n):
    rng = np.random.default_rng(n)
    x = np.sort(rng.normal(50, 8, (6000, n)), axis=1)
    at = dict(zip(PARTS["S3"], (x[:, (n - 1) * i // 4] for i in range(5)), strict=True))
    for names in PARTS.values():
        got = mean_sd_from_quantiles(n, **{name: at[name] for name in names}, method=method)
        assert abs(got.mean.mean() - 50) < 4 * got.mean.std() / np.sqrt(6000)
        # The formulas of the SD are themselves approximations to 1 %.
        assert abs(got.sd.mean() - 8) < 4 * got.sd.std() / np.sqrt(6000) + 0.08


@pytest.mark.parametrize("method", ["luo-wan", "wan"])
@settings(deadline=None)
@given(shift=st.floats(-50, 50), scale=st.floats(0.01, 100))
def test_shift_and_scale_carry_over(method, shift, scale):
    for names in PARTS.values():
        a = mean_sd_from_quantiles(60, **{k: FIVE[k] for k in names}, method=method)
        b = mean_sd_from_quantiles(60, **{k: scale * (FIVE[k] + shift) for k in names}, method=method)
        assert b.mean[0] == pytest.approx(scale * (a.mean[0] + shift), rel=1e-9, abs=1e-9 * scale)
        assert b.sd[0] == pytest.approx(scale * a.sd[0], rel=1e-9)


# -- quantile estimation --


def test_quantile_estimation_agrees_with_its_authors():
    # Example of the authors' estmeansd: minimum 2, median 4, maximum 9, 100 patients; their optimiser stops at 1e-5.
    got = mean_sd_from_quantiles(100, 4, 2, 9, method="mcgrath-qe")
    assert (got.mean[0], got.sd[0]) == pytest.approx((4.347284, 1.502171), rel=1e-5)
    assert got.distribution == ("log-normal",) and "log-normal" in got.provenance


DISTRIBUTIONS = {
    "normal": stats.norm(-3, 2),
    "log-normal": stats.lognorm(0.7, scale=12),
    "gamma": stats.gamma(1.7, scale=5),
    "Weibull": stats.weibull_min(0.8, scale=30),
    "beta": stats.beta(2, 7),
}


@pytest.mark.parametrize("name", DISTRIBUTIONS)
@pytest.mark.parametrize("scenario", PARTS)
def test_quantile_estimation_finds_the_distribution_of_exact_quantiles(name, scenario):
    truth, n = DISTRIBUTIONS[name], 80
    at = dict(zip(PARTS["S3"], truth.ppf([1 / n, 0.25, 0.5, 0.75, 1 - 1 / n]), strict=True))
    got = mean_sd_from_quantiles(n, **{k: at[k] for k in PARTS[scenario]}, method="mcgrath-qe")
    assert got.distribution == (name,)
    assert (got.mean[0], got.sd[0]) == pytest.approx((truth.mean(), truth.std()), rel=1e-4)


@pytest.mark.parametrize("scale", [0.1, 7, 250])
def test_quantile_estimation_carries_the_unit_over(scale):
    for names in PARTS.values():
        a = mean_sd_from_quantiles(60, **{k: FIVE[k] for k in names}, method="mcgrath-qe")
        b = mean_sd_from_quantiles(60, **{k: scale * FIVE[k] for k in names}, method="mcgrath-qe")
        assert a.distribution == b.distribution
        assert (b.mean[0], b.sd[0]) == pytest.approx((scale * a.mean[0], scale * a.sd[0]), rel=1e-5)


def test_quantile_estimation_beats_the_normal_methods_on_skewed_data():
    rng = np.random.default_rng(1)
    x = np.sort(rng.lognormal(3, 0.8, (40, 201)), axis=1)
    numbers = {"n": 201, "median": x[:, 100], "q1": x[:, 50], "q3": x[:, 150]}
    errors = {}
    for method in ("luo-wan", "mcgrath-qe"):
        got = mean_sd_from_quantiles(**numbers, method=method)
        errors[method] = np.abs(got.mean - x.mean(axis=1)).mean()
    assert errors["mcgrath-qe"] < 0.6 * errors["luo-wan"]


def test_only_the_normal_distribution_is_fitted_at_or_below_zero():
    got = mean_sd_from_quantiles(60, [4, 4], [0, -1], [30, 30], method="mcgrath-qe")
    assert got.distribution == ("normal", "normal")


# -- rows that differ --


def test_each_study_by_what_it_gives():
    nan = np.nan
    got = mean_sd_from_quantiles(
        [30, 30, 30, 30, nan, 30], [9, 9, 9, 9, 9, nan], [2, nan, 2, 2, 2, 2], [41, nan, 41, nan, 41, 41],
        [nan, 6, 6, nan, 6, 6], [nan, 17, 17, nan, 17, 17],
    )  # fmt: skip
    assert got.scenario == ("S1", "S2", "S3", "", "", "")
    np.testing.assert_allclose(got.mean[:3], [METAFOR[30][s][0] for s in PARTS], rtol=1e-13)
    assert np.isnan(got.mean[3:]).all() and np.isnan(got.sd[3:]).all() and got.distribution[3:] == ("", "", "")
    assert "(S1 in row 0)" in got.provenance and "(S3 in row 2)" in got.provenance
    assert "assuming normal data" in got.provenance and "jrsm.1429" in got.provenance
    assert "jrsm.1429" not in mean_sd_from_quantiles(30, 9, 2, 41).provenance
    # A minimum without a maximum is not used.
    assert mean_sd_from_quantiles(30, 9, 2, nan, 6, 17).scenario == ("S2",)


@pytest.mark.parametrize(
    ("numbers", "message"),
    [
        ({"n": 50, "median": [5, 5], "q1": [4, 6], "q3": 8}, "q1 is above median in row 1 (counted from 0; row 1: q1 = 6, median = 5). Are two numbers swapped?"),
        ({"n": 50, "median": 5, "minimum": 3, "maximum": 9, "q1": 2, "q3": 6}, "minimum is above q1"),
        ({"n": 50, "median": 5, "q1": 5, "q3": 5}, "q1 equals q3 in row 0 (counted from 0; row 0: q1 = 5, q3 = 5). Such numbers say nothing about the SD"),
        ({"n": 50, "median": 5, "minimum": 5, "maximum": 5}, "minimum equals maximum"),
        ({"n": 1, "median": 5, "minimum": 4, "maximum": 6}, "n is below 2"),
        ({"n": 2, "median": 5, "minimum": 4, "maximum": 6, "method": "mcgrath-qe"}, "n is below 3"),
        ({"n": 50, "median": 5, "minimum": 4}, "Needed beside n and median"),
        ({"n": 50, "median": 5, "minimum": 4, "q3": 6}, "Needed beside n and median"),
        ({"n": 50, "median": np.inf, "q1": 4, "q3": 6}, "median is infinite"),
    ],
)  # fmt: skip
def test_impossible_summaries_are_refused(numbers, message):
    with pytest.raises(DataError) as caught:
        mean_sd_from_quantiles(**numbers)
    assert str(caught.value).startswith(message)


def test_unknown_method_is_refused():
    with pytest.raises(ConfigError, match=r"method = 'mcgrath' is not known. Did you mean 'mcgrath-qe'\?"):
        mean_sd_from_quantiles(50, 5, 1, 9, method="mcgrath")


# -- skewness --


@pytest.mark.parametrize("scenario", PARTS)
@pytest.mark.parametrize("n", [21, 101, 401])
def test_skewness_test_keeps_its_level_and_finds_skewed_data(scenario, n):
    rng = np.random.default_rng(n)
    found = {}
    for name, x in (("normal", rng.normal(0, 1, (8000, n))), ("skewed", rng.lognormal(0, 1, (1000, n)))):
        x = np.sort(x, axis=1)
        at = dict(zip(PARTS["S3"], (x[:, (n - 1) * i // 4] for i in range(5)), strict=True))
        found[name] = quantiles_look_skewed(n, **{k: at[k] for k in PARTS[scenario]}).skewed.mean()
    assert found["normal"] == pytest.approx(0.05, abs=0.011)
    assert found["skewed"] > {21: 0.12, 101: 0.6, 401: 0.98}[n]


def test_skewness_statistics_by_hand():
    # FIVE: |2 + 41 - 18| / 39 = 25/39; |6 + 17 - 18| / 11 = 5/11.
    n = 100
    one, two, three = (quantiles_look_skewed(n, **{k: FIVE[k] for k in names}) for names in PARTS.values())
    assert (one.statistic[0], two.statistic[0]) == pytest.approx((25 / 39, 5 / 11))
    assert three.statistic[0] == pytest.approx(0.265 * np.log(60) * 25 / 39)
    expected = (1 / np.log(109) + 2.5 / 101, 0.265 - 6e-4, 0.3 - 4e-5)
    assert (one.critical[0], two.critical[0], three.critical[0]) == pytest.approx(expected)
    assert one.skewed[0] and two.skewed[0] and three.skewed[0]
    mixed = quantiles_look_skewed(n, [9, 9, np.nan], [2, 1, 2], [41, 17, 41])
    assert mixed.skewed.tolist() == [True, False, False] and np.isnan(mixed.statistic[2])
    assert "skewed in row 0." in mixed.provenance
    with pytest.raises(DataError, match="n is below 5"):
        quantiles_look_skewed(4, 5, 1, 9)
