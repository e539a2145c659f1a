"""GRIM, GRIMMER and DEBIT: published examples, and every small sample enumerated."""

from __future__ import annotations

from decimal import ROUND_HALF_DOWN, ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal, localcontext
from fractions import Fraction
from itertools import combinations_with_replacement

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metarepro.errors import DataError
from metarepro.evidence.integrity.granularity import (
    counts_of_percent,
    debit,
    grim,
    grimmer,
    percent_attainable,
    sizes_that_fit,
)
from metarepro.evidence.integrity.printed import decimals_of, text_of

ROUNDINGS = (ROUND_HALF_UP, ROUND_HALF_EVEN, ROUND_HALF_DOWN)


def printed(value: Fraction, decimals: int, rounding: str) -> str:
    with localcontext() as context:
        context.prec = 60
        exact = Decimal(value.numerator) / Decimal(value.denominator)
        return str(exact.quantize(Decimal(1).scaleb(-decimals), rounding=rounding))


def printed_root(value: Fraction, decimals: int, rounding: str) -> str:
    with localcontext() as context:
        context.prec = 60
        exact = (Decimal(value.numerator) / Decimal(value.denominator)).sqrt()
        return str(exact.quantize(Decimal(1).scaleb(-decimals), rounding=rounding))


def variance(scores: tuple[int, ...] | list[int]) -> Fraction:
    n = len(scores)
    return (Fraction(sum(x * x for x in scores)) - Fraction(sum(scores) ** 2, n)) / (n - 1)


# -- published examples -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mean", "n", "possible"),
    [
        ("5.19", 28, False),  # Brown & Heathers 2017: 5.18 and 5.21 are the neighbours
        ("5.18", 28, True),
        ("5.21", 28, True),
        ("5.93", 49, False),  # their preprint as The Economist retold it, 18 June 2016
        ("3.45", 10, False),  # Allard 2018
        ("3.48", 20, False),  # a die thrown 20 times
        ("7.22", 32, True),  # the vignette of the R package scrutiny
        ("4.74", 25, False),
        ("5.23", 29, False),
        ("2.57", 24, False),
    ],
)
def test_grim_published(mean, n, possible):
    assert grim(mean, n).possible is possible


def test_grim_names_the_neighbours():
    result = grim("5.19", 28)
    assert result.nearest == ("5.179", "5.214") and result.why == "mean" and not result.cut_off


def test_grim_counts_items_and_zeros():
    assert not grim("3.45", 10).possible and grim("3.45", 10, items=2).possible
    assert grim("7.2", 13).possible and not grim("7.2", 13, decimals=2).possible
    assert grim("3.45", 10, integer=False).possible


def test_grim_allows_halves_rounded_either_way():
    assert grim("1.12", 8).possible and grim("1.13", 8).possible  # 9/8 = 1.125
    assert grim("-1.12", 8).possible and grim("-1.13", 8).possible


def test_a_mean_whose_digits_were_cut_off_is_told_apart():
    result = grim("1.66", 3)
    assert not result.possible and result.cut_off
    assert not grim("1.64", 3).cut_off
    assert grim("-1.66", 3).cut_off


def test_grimmer_published():
    # Allard 2018, from the "pizzagate" papers: 18 scores, mean 3.44, SD 2.47. The sum is 62, an even number; the only whole sum of squares in reach
    # is 317, an odd one.
    assert grim("3.44", 18).possible
    result = grimmer("3.44", "2.47", 18)
    assert not result.possible and result.why == "parity"
    # Numbers of scrutiny's vignette, worked out here: sums 87 and 88 give 7.3, no sum of squares gives 2.51.
    assert grim("7.3", 12).possible
    assert not grimmer("7.3", "2.51", 12).possible


def test_grimmer_gives_the_mean_first():
    assert grimmer("5.19", "1.2", 28).why == "mean"
    with pytest.raises(DataError, match="n of 2 or more"):
        grimmer("5", "1.2", 1)
    with pytest.raises(DataError, match="negative"):
        grimmer("5", "-1.2", 4)


def test_debit_published():
    assert not debit("0.35", "0.18", 20).possible  # scrutiny's vignette
    assert not debit("0.36", "0.11", 20).possible  # and its help page
    assert debit("0.35", "0.49", 20).possible
    assert debit("0.35", "0.18", 20).nearest == ("0.489",)


def test_percent_of_26():
    result = percent_attainable("43", 26)
    assert not result.possible and not result.cut_off
    assert result.nearest == ("11/26 = 42.3 %", "12/26 = 46.2 %")


def test_percent_cut_off_and_ends():
    assert percent_attainable("88", 9).cut_off  # 8/9 = 88.9
    assert percent_attainable("100", 7).possible and percent_attainable("0", 7).possible
    assert percent_attainable("99.9", 7).nearest == ("6/7 = 85.71 %", "7/7 = 100.00 %")
    assert counts_of_percent("63.0", 73) == (46,) and counts_of_percent("31.6", 79) == (25,)
    for text, n in (("101", 5), ("x", 5), ("5", 0)):
        with pytest.raises(DataError):
            percent_attainable(text, n)


def test_sizes_that_fit_all_means():
    assert sizes_that_fit(["3.33", "2.67"], 2, 10) == (3, 6, 9)


def test_decimals_of_rebuilt_texts():
    assert text_of(10.90) == "10.9" and text_of(33.0) == "33" and text_of(-0.002) == "-0.002"
    assert text_of(0.00001) == "0.00001" and text_of(0.0) == "0" and decimals_of("7.20") == 2
    with pytest.raises(DataError, match="decimals"):
        grim("5.193", 28, decimals=2)


# -- every small sample -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("n", [2, 3, 4, 5])
def test_no_sample_is_called_impossible(n):
    for scores in combinations_with_replacement(range(5), n):
        for decimals in (1, 2):
            for rounding in ROUNDINGS:
                mean = printed(Fraction(sum(scores), n), decimals, rounding)
                sd = printed_root(variance(scores), decimals, rounding)
                assert grimmer(mean, sd, n, decimals, decimals).possible, (scores, mean, sd)


@pytest.mark.parametrize(("n", "reach"), [(2, 8), (3, 9), (4, 9), (5, 9), (6, 9)])
def test_grimmer_is_exact_for_small_samples(n, reach):
    """Against all samples: a printed SD is called possible where some sample has it, and nowhere else.

    Adding 1 to all scores adds 1 to the mean, so sums from 0 to n - 1 stand for all.
    """
    top = Fraction(235, 100)
    attained = {
        (sum(scores), variance(scores))
        for scores in combinations_with_replacement(range(-reach, reach + 1), n)
        if 0 <= sum(scores) < n
    }
    for total in range(n):
        mean = printed(Fraction(total, n), 2, ROUND_HALF_UP)
        variances = [v for s, v in attained if s == total]
        for hundredths in range(int(top * 100)):
            sd = f"{hundredths / 100:.2f}"
            low, high = Fraction(sd) - Fraction(1, 200), Fraction(sd) + Fraction(1, 200)
            truth = any(max(low, 0) ** 2 <= v <= high**2 for v in variances)
            assert grimmer(mean, sd, n, 2, 2).possible is truth, (mean, sd, n)


@settings(max_examples=300, deadline=None)
@given(
    scores=st.lists(st.integers(-60, 60), min_size=2, max_size=40),
    decimals=st.integers(0, 3),
    rounding=st.sampled_from(ROUNDINGS),
    items=st.integers(1, 3),
)
def test_real_scores_always_pass(scores, decimals, rounding, items):
    n = len(scores)
    mean = printed(Fraction(sum(scores), n * items), decimals, rounding)
    sd = printed_root(variance(scores) / items**2, decimals, rounding)
    assert grim(mean, n, decimals, items).possible
    assert grimmer(mean, sd, n, decimals, decimals, items).possible


@settings(max_examples=300, deadline=None)
@given(hundredths=st.integers(0, 6000), n=st.integers(1, 120))
def test_grim_is_exact(hundredths, n):
    mean = f"{hundredths / 100:.2f}"
    truth = any(mean in {printed(Fraction(k, n), 2, r) for r in ROUNDINGS} for k in range(60 * n + 1))
    assert grim(mean, n, 2).possible is truth


@settings(max_examples=200, deadline=None)
@given(n=st.integers(2, 60), data=st.data(), decimals=st.integers(1, 3), rounding=st.sampled_from(ROUNDINGS))
def test_real_proportions_pass_debit_and_percent(n, data, decimals, rounding):
    k = data.draw(st.integers(0, n))
    mean = printed(Fraction(k, n), decimals, rounding)
    sd = printed_root(Fraction(k * (n - k), n * (n - 1)), decimals, rounding)
    assert debit(mean, sd, n, decimals).possible
    assert k in counts_of_percent(printed(Fraction(100 * k, n), decimals, rounding), n)


@settings(max_examples=200, deadline=None)
@given(percent=st.integers(0, 100), n=st.integers(1, 150))
def test_percentages_are_exact(percent, n):
    truth = any(str(percent) in {printed(Fraction(100 * k, n), 0, r) for r in ROUNDINGS} for k in range(n + 1))
    assert percent_attainable(str(percent), n).possible is truth
