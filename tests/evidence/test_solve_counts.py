"""Counts behind printed percentages: all that fit, and nothing else."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import metarepro as mr

# PMC7894501, Tables 1 and 2: response and remission at day 28 of TRANSFORM-1 (two doses), -2 and -3, those treated.
TRANSFORM = [
    ([("54.1", "38.9", "2.11", "28.22"), ("36", "30.6", "-6.98", "17.94")], 115, 113, (111, 108), ((60, 42), (40, 33))),
    ([("53.1", "38.9", "0.68", "27.67"), ("38.8", "30.6", "-4.76", "21.20")], 114, 113, (98, 108), ((52, 42), (38, 33))),
    ([("69.3", "52", "4.01", "30.60"), ("52.5", "31", "8.17", "34.78")], 114, 109, (101, 100), ((70, 52), (53, 31))),
    ([("27", "13.3", "-0.28", "27.58"), ("17.5", "6.7", "-0.51", "22.09")], 72, 65, (63, 60), ((17, 8), (11, 4))),
]  # fmt: skip


@pytest.mark.parametrize(("outcomes", "most1", "most2", "sizes", "events"), TRANSFORM)
def test_printed_results_of_both_outcomes_have_one_solution(outcomes, most1, most2, sizes, events):
    (solved,) = mr.solve_counts(outcomes, most1, most2)
    assert (solved.n1, solved.n2) == sizes and solved.events == events


def test_one_rounded_outcome_alone_does_not_tell():
    assert len(mr.solve_counts([("63", "46", "2", "30")], 100, 100, least=80)) > 1
    assert mr.solve_counts([("63", "46", "2", "30")], 100, 100, together=186) == (
        mr.solve_counts([("63", "46", "2", "30")], 91, 95, least=91)
    )


def test_numbers_that_no_counts_give_have_no_solution():
    assert mr.solve_counts([("50.0", "50.0", "5.0", "9.0")], 40, 40) == ()
    with pytest.raises(mr.DataError, match="no outcome"):
        mr.solve_counts([], 10, 10)
    with pytest.raises(mr.DataError, match="nothing to try"):
        mr.solve_counts([("50", "50", "1", "2")], 1, 10)


@given(st.data())
@settings(max_examples=40, deadline=None)
def test_what_was_printed_from_counts_is_among_the_solutions(data):
    n1, n2 = data.draw(st.integers(2, 30)), data.draw(st.integers(2, 30))
    e1, e2 = data.draw(st.integers(0, n1)), data.draw(st.integers(0, n2))
    p1, p2 = e1 / n1, e2 / n2
    half = 1.959963984540054 * math.sqrt(p1 * (1 - p1) / n1 + p2 * (1 - p2) / n2)
    printed = tuple(f"{100 * x:.1f}" for x in (p1, p2, p1 - p2 - half, p1 - p2 + half))
    found = mr.solve_counts([printed], 30, 30)
    assert any((s.n1, s.n2, s.events) == (n1, n2, ((e1, e2),)) for s in found)
