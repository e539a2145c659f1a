"""Carry-over in crossover trials: against the numbers of single patients, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest

import metarepro as mr

statsmodels = pytest.importorskip("statsmodels.api")


def trial(seed: int = 4) -> tuple[np.ndarray, np.ndarray]:
    """Patients of both sequences whose two periods have one correlation, by construction."""
    rng = np.random.default_rng(seed)

    def group(n: int, means: tuple[float, float]) -> np.ndarray:
        x = rng.normal(size=(n, 2))
        x = (x - x.mean(0)) @ np.linalg.inv(np.linalg.cholesky(np.cov(x.T))).T
        return x @ np.linalg.cholesky(np.array([[4.0, 1.8], [1.8, 9.0]])).T + means

    return group(9, (20.0, 26.0)), group(12, (27.0, 23.0))


def test_the_four_differences_are_t_tests_of_single_patients():
    ab, ba = trial()
    found = mr.carry_over(
        ab.mean(0), ab.std(0, ddof=1), len(ab), ba.mean(0), ba.std(0, ddof=1), len(ba), r=1.8 / np.sqrt(36.0)
    )
    compare = statsmodels.stats.CompareMeans.from_data
    values = {
        "carry_over": (ab.sum(1), ba.sum(1)),
        "treatment": ((ab[:, 0] - ab[:, 1]) / 2, (ba[:, 0] - ba[:, 1]) / 2),
        "first_period": (ab[:, 0], ba[:, 0]),
        "period": ((ab[:, 1] - ab[:, 0]) / 2, (ba[:, 0] - ba[:, 1]) / 2),
    }
    for name, (one, other) in values.items():
        t = compare(one, other)
        got = getattr(found, name)
        assert got.estimate == pytest.approx(one.mean() - other.mean(), rel=1e-10), name
        assert got.p_value == pytest.approx(t.ttest_ind()[1], rel=1e-10), name
        assert (got.ci_low, got.ci_high) == pytest.approx(t.tconfint_diff(), rel=1e-10), name
        assert got.df == 19


def test_swapping_the_treatments_turns_their_signs():
    one = mr.carry_over((20, 24), (8, 7), 12, (26, 21), (8, 9), 10, r=0.5)
    other = mr.carry_over((26, 21), (8, 9), 10, (20, 24), (8, 7), 12, r=0.5)
    for name in ("carry_over", "treatment", "first_period"):
        assert getattr(other, name).estimate == pytest.approx(-getattr(one, name).estimate)
    assert other.period.estimate == pytest.approx(one.period.estimate)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"n_ab": 1}, "n_ab = 1 must be a whole number, 2 or more."),
        ({"sd_ba": (8.0, 0.0)}, "sd_ba must be two standard deviations above 0, of period 1 and 2."),
        ({"m_ab": (8.0,)}, "m_ab must be two means, of period 1 and 2."),
        ({"r": 1.0}, "r = 1.0 must lie between -1 and 1; it is a correlation."),
    ],
)
def test_what_is_refused(change, message):
    given = {"m_ab": (20, 24), "sd_ab": (8, 8), "n_ab": 12, "m_ba": (26, 21), "sd_ba": (8, 8), "n_ba": 12, "r": 0.5}
    with pytest.raises(mr.DataError) as caught:
        mr.carry_over(**{**given, **change})
    assert str(caught.value) == message


@pytest.mark.parametrize(
    "change",
    [{"r": "0.5"}, {"r": None}, {"n_ab": float("nan")}, {"n_ba": None}, {"sd_ab": 8}, {"sd_ab": "88"}, {"m_ba": (None, 2)},
     {"sd_ba": (1e200, 1e200)}],
)  # fmt: skip
def test_what_is_no_number_is_told(change):
    given = {"m_ab": (20, 24), "sd_ab": (8, 8), "n_ab": 12, "m_ba": (26, 21), "sd_ba": (8, 8), "n_ba": 12, "r": 0.5}
    with pytest.raises(mr.DataError, match=r"^(r|n_ab|n_ba|sd_ab|sd_ba|m_ba) (= .* )?must "):
        mr.carry_over(**{**given, **change})


def test_numbers_of_the_result_are_plain():
    found = mr.carry_over(np.array([20, 24]), np.array([8, 8]), 12.0, [26, 21], [8, 8], np.int64(12), r=0.5)
    assert repr(found.period).count("np.") == 0 and isinstance(found.period.df, int)
