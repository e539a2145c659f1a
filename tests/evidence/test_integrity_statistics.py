"""Intervals, p-values, SDs against ranges, scales: worked examples and limits."""

from __future__ import annotations

import math
from itertools import combinations_with_replacement
from statistics import mean, stdev

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metarepro.errors import DataError
from metarepro.evidence.integrity.scales import SCALES, find_scale
from metarepro.evidence.integrity.statistics import (
    baseline_imbalance,
    implausible_smd,
    interval_symmetry,
    p_matches,
    parse_p,
    sd_against_range,
    sd_looks_like_se,
)


def test_an_interval_around_its_middle():
    assert interval_symmetry("-4.96", "-7.59", "-2.33", False).even
    assert interval_symmetry("2.85", "1.14", "7.15", True).even
    off = interval_symmetry("14.1", "3.0", "92.2", True)
    assert not off.even and off.middle == pytest.approx(math.sqrt(3 * 92.2))
    wrong = interval_symmetry("3.5", "1.0", "4.0", False)
    assert not wrong.even and wrong.middle == 2.5 and wrong.off == pytest.approx((1.0 - 0.1) / 1.5)


def test_rounding_explains_an_uneven_interval():
    assert interval_symmetry("0.04", "0.01", "0.22", True).even  # 0.01 stands for 0.005 to 0.015
    assert not interval_symmetry("0.04", "0.01", "0.22", True, decimals=4).even
    for numbers in (("-1", "-2", "3"), ("1", "0", "3")):
        with pytest.raises(DataError, match="positive"):
            interval_symmetry(*numbers, True)


@settings(max_examples=200, deadline=None)
@given(centre=st.floats(-20, 20), half=st.floats(0.1, 20), decimals=st.integers(1, 3), ratio=st.booleans())
def test_a_wald_interval_is_never_uneven(centre, half, decimals, ratio):
    numbers = [centre, centre - half, centre + half]
    if ratio:
        numbers = [math.exp(x / 5) for x in numbers]
    texts = [f"{x:.{decimals}f}" for x in numbers]
    if not ratio or min(float(t) for t in texts) > 0:
        assert interval_symmetry(*texts, ratio).even


def test_p_from_an_interval():
    # Altman & Bland 2011, doi:10.1136/bmj.d2090: 17 points, P = 0.032, 1.4 to 32.6; relative risk 0.30, P = 0.034.
    fit = p_matches("17", "0.032", False, "1.4", "32.6")
    assert fit is not None and fit.fits
    off = p_matches("17", "0.32", False, "1.4", "32.6")
    assert off is not None and not off.fits and not off.one_sided and 0.02 < off.low < 0.033
    ratio = p_matches("0.30", "0.034", True, "0.10", "0.90")
    assert ratio is not None and ratio.fits


def test_p_from_a_standard_error_and_a_one_sided_test():
    two = p_matches("-4.6", "0.12", False, se="2.96", df=60)
    assert two is not None and two.fits
    one = p_matches("-4.6", ".06", False, se="2.96", df=60)
    assert one is not None and not one.fits and one.one_sided
    with pytest.raises(DataError, match="interval or a standard error"):
        p_matches("1", "0.5", False)


def test_p_beyond_a_bound():
    below = p_matches("-3.406", "<0.001", False, "-6.303", "-0.509")
    assert below is not None and not below.fits
    above = p_matches("-0.002", ">0.99", False, "-2.71", "2.71")
    assert above is not None and above.fits


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("<0.001", (0.0, 0.001)),
        ("p = 0.02", (0.015, 0.025)),
        (".06", (0.055, 0.065)),
        (">0.99", (0.99, 1.0)),
        ("1.0", (0.95, 1.0)),
        ("ns", None),
        ("", None),
        ("1.5", None),
        ("<0.001 (non-inferiority)", None),
    ],
)
def test_printed_p_values(text, span):
    assert parse_p(text) == (None if span is None else pytest.approx(span))


@settings(max_examples=200, deadline=None)
@given(estimate=st.floats(-10, 10), se=st.floats(0.5, 5))
def test_a_true_p_always_fits(estimate, se):
    p = math.erfc(abs(estimate / se) / math.sqrt(2))
    low, high = estimate - 1.959964 * se, estimate + 1.959964 * se
    text = f"{p:.3f}" if p >= 0.001 else "<0.001"
    result = p_matches(f"{estimate:.2f}", text, False, f"{low:.2f}", f"{high:.2f}")
    assert result is not None and result.fits


def test_an_se_among_sds():
    assert sd_looks_like_se([9.1, 8.4, 10.2, 1.7, 7.9], [20, 25, 30, 28, 19]) == (3,)
    assert sd_looks_like_se([9.1, 8.4, 10.2, 7.9], [20, 25, 30, 28]) == ()
    assert sd_looks_like_se([9.1, 8.4, 10.2, 4.5], [20, 25, 30, 4]) == ()  # as small as SDs may be
    assert sd_looks_like_se([9.1, 1.7, 8.0], [20, 28, 30]) == ()  # too few to tell
    assert sd_looks_like_se([9.1, 8.4, 10.2, 0.1], [20, 25, 30, 28]) == ()  # too small for an SE, too
    with pytest.raises(DataError):
        sd_looks_like_se([1.0], [])


def test_the_largest_sd_of_a_scale_against_every_sample():
    for scores in combinations_with_replacement(range(5), 5):
        assert sd_against_range(f"{mean(scores):.2f}", f"{stdev(scores):.2f}", 5, 0, 4) is None
    assert sd_against_range("2.00", "2.00", 4, 0, 4) is None
    assert sd_against_range("1", "1.4", 2, 0, 2) is None  # 0 and 2, whose mean is 1.0
    most = sd_against_range("1.00", "2.10", 4, 0, 4)  # one 4 and three 0 have mean 1 and SD 2
    assert most == pytest.approx(2.0, abs=0.02)
    with pytest.raises(DataError, match="must lie in"):
        sd_against_range("70", "5", 10, 0, 60)


def test_differences_too_large_to_believe():
    assert implausible_smd(-3.2) and not implausible_smd(2.9) and implausible_smd(1.5, limit=1)


def test_imbalance_before_treatment():
    gap = baseline_imbalance(25.1, 8.3, 20, 29.9, 7.0, 19)
    assert gap.d == pytest.approx(-0.625, abs=0.001) and gap.z == pytest.approx(-1.956, abs=0.001)
    su = baseline_imbalance(35.83, 4.53, 42, 38.26, 3.83, 42)
    assert math.erfc(abs(su.z) / math.sqrt(2)) == pytest.approx(0.010, abs=0.003)  # its paper prints P = .010
    with pytest.raises(DataError):
        baseline_imbalance(1, 0, 5, 2, 0, 5)


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("MADRS", "MADRS"),
        ("madrs ", "MADRS"),
        ("HDRS-17", "HAM-D17"),
        ("HRSD17", "HAM-D17"),
        ("HAM-D 21", "HAM-D21"),
        ("HAM-D-6", "HAM-D6"),
        ("HRSD", "HAM-D"),
        ("HDRS-25", "HAM-D"),
        ("QIDS-SR-16", "QIDS-SR"),
        ("QIDS-SR16", "QIDS-SR"),
        ("IDS-SR30", "IDS"),
        ("BDI-II", "BDI-II"),
        ("BSS", "SSI"),
        ("CAPS-5", "CAPS-5"),
        ("C-SSRS intensity", "C-SSRS intensity"),
    ],
)
def test_scales_by_the_names_papers_use(written, name):
    scale = find_scale(written)
    assert scale is not None and scale.name == name


def test_unknown_scales():
    for name in ("", "C-SSRS", "CAPS", "SI composite", "own scale"):
        assert find_scale(name) is None, name


def test_every_scale_has_range_and_reference():
    assert len({s.name for s in SCALES}) == len(SCALES)
    for scale in SCALES:
        assert scale.low < scale.high and "doi:10." in scale.reference
        assert find_scale(scale.name) is scale
