"""Times with their units, as they are written and as they are shown."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metarepro.evidence.times import HOURS_OF, in_unit, parse_hours


@pytest.mark.parametrize(
    ("text", "hours"),
    [("24", 24), ("1.5", 1.5), ("6 wk", 1008), ("6wk", 1008), ("7 d", 168), ("40 min", 2 / 3), ("3 mo", 2191.5),
     ("0,5 h", 0.5), ("0", 0), ("", None)],
)  # fmt: skip
def test_times_become_hours(text, hours):
    assert parse_hours(text) == (hours if hours is None else pytest.approx(hours, abs=1e-9))


@pytest.mark.parametrize(("hours", "unit", "shown"), [
    (1008, "wk", "6 wk"), (1008, "auto", "42 d"), (24, "auto", "24 h"), (36, "d", "1.5 d"), (2191.5, "mo", "3 mo"),
])  # fmt: skip
def test_times_are_shown_in_the_readers_unit(hours, unit, shown):
    assert in_unit(hours, unit) == shown


@given(st.integers(0, 500), st.sampled_from(sorted(HOURS_OF)))
def test_what_is_shown_can_be_read_back(number, unit):
    assert parse_hours(in_unit(number * HOURS_OF[unit], unit)) == pytest.approx(number * HOURS_OF[unit], abs=1e-6)
