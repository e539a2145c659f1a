"""Missing values in every form that arrays and frames have for them, and columns of two dimensions: studies left out."""

from __future__ import annotations

import numpy as np
import pandas as pd
import polars
import pytest
from hypothesis import given
from hypothesis import strategies as st

import metarepro as mr

K = 6
GAP = 2
COUNTS = {"e1": [3, 8, 5, 12, 4, 9], "n1": [20, 31, 25, 40, 22, 30], "e2": [6, 9, 9, 15, 7, 8],
          "n2": [21, 30, 24, 41, 20, 33]}  # fmt: skip
YI, VI = [0.1, 0.3, 0.5, 0.2, 0.4, -0.1], [0.05, 0.02, 0.04, 0.03, 0.06, 0.02]
GROUPS = ["a", "b", "a", "b", "a", "b"]
DOORS = {
    "pool": lambda c: mr.pool(c(YI), c(VI)),
    "pool se": lambda c: mr.pool(c(YI), se=c(np.sqrt(VI)), weights=c([1, 2, 3, 4, 5, 6])),
    "pool_subgroups": lambda c: mr.pool_subgroups(c(YI), c(VI), [g for g in GROUPS if len(c(YI)) == K] or TAKEN),
    "meta_regression": lambda c: mr.meta_regression(c(YI), c(VI), "dose", {"dose": c([1, 2, 3, 4, 5, 7])}),
    "heterogeneity_interval": lambda c: mr.heterogeneity_interval(c(YI), c(VI)),
    "permutation_test": lambda c: mr.permutation_test(c(YI), c(VI), draws=50),
    "mantel_haenszel": lambda c: mr.mantel_haenszel(**{n: c(x) for n, x in COUNTS.items()}),
    "peto": lambda c: mr.peto(**{n: c(x) for n, x in COUNTS.items()}),
    "glmm": lambda c: mr.glmm("PLO", e=c(COUNTS["e1"]), n=c(COUNTS["n1"])),
    "effect_sizes": lambda c: mr.pool(mr.effect_sizes("OR", **{n: c(x) for n, x in COUNTS.items()})),
}
TAKEN = [g for i, g in enumerate(GROUPS) if i != GAP]


def numbers_of(result: object) -> list[float]:
    fits = result.fits if isinstance(result, mr.Subgroups) else [getattr(result, "fit", result)]
    found = []
    for fit in fits:
        for name in ("beta", "ci_low", "ci_high", "tau2", "estimate", "p_value", "p_values", "k"):
            value = getattr(fit, name, None)
            found += np.ravel(getattr(value, "low", value)).tolist() if value is not None else []
    return found


def filled(values, gap, empty) -> list:
    return [empty if i == gap else x for i, x in enumerate(values)]


# Each leaves the third study without a number.
FORMS = {
    "numpy mask": lambda v: np.ma.masked_array(v, [i == GAP for i in range(len(v))]),
    "numpy mask over nonsense": lambda v: np.ma.masked_array(filled(v, GAP, -999), [i == GAP for i in range(len(v))]),
    "column": lambda v: np.reshape(np.array(filled(v, GAP, np.nan), dtype=float), (-1, 1)),
    "masked column": lambda v: np.ma.masked_array(v, [i == GAP for i in range(len(v))]).reshape(-1, 1),
    "None": lambda v: filled(v, GAP, None),
    "NA": lambda v: filled(v, GAP, pd.NA),
    "nullable": lambda v: pd.array(filled(v, GAP, None), dtype="Float64"),
    "series of nullable": lambda v: pd.Series(filled(v, GAP, None), dtype="Float64", index=list("uvwxyz")),
    "frame": lambda v: pd.DataFrame({"x": filled(v, GAP, np.nan)}),
    "objects": lambda v: np.array(filled(v, GAP, None), dtype=object),
}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
@pytest.mark.parametrize("door", DOORS.values(), ids=DOORS)
def test_a_missing_number_is_a_study_left_out_in_whatever_form(door, form):
    expected = numbers_of(door(lambda v: [x for i, x in enumerate(v) if i != GAP]))
    assert numbers_of(door(form)) == pytest.approx(expected, rel=1e-12, nan_ok=True)
    assert expected


def test_whole_numbers_that_may_be_missing():
    counts = {n: pd.array(filled(x, GAP, None), dtype="Int64") for n, x in COUNTS.items()}
    found = mr.effect_sizes("OR", **counts)
    assert np.isnan(found.yi).tolist() == [i == GAP for i in range(K)]
    assert np.isnan(mr.effect_sizes("OR", data=pd.DataFrame(counts), **{n: n for n in counts}).yi[GAP])


def test_columns_of_polars():
    frame = polars.DataFrame({"y": filled(YI, GAP, None), "v": VI, "dose": [1, 2, 3, 4, None, 6], "g": GROUPS})
    expected = mr.pool(filled(YI, GAP, np.nan), VI)
    assert mr.pool(frame["y"], frame["v"]).beta == expected.beta == mr.pool("y", "v", data=frame).beta
    doses = [1, 2, 3, 4, np.nan, 6]
    regression = mr.meta_regression(filled(YI, GAP, np.nan), VI, "dose", {"dose": doses})
    assert mr.meta_regression("y", "v", "dose", frame).beta.tolist() == regression.beta.tolist()
    assert mr.pool_subgroups("y", "v", "g", data=frame).levels == ("a", "b")


def test_a_column_beside_a_row_is_no_table_of_all_pairs():
    column, row = np.reshape(YI, (-1, 1)), np.array(VI)
    assert mr.pool(column, row).beta == mr.pool(row * 0 + YI, column * 0 + np.reshape(VI, (-1, 1))).beta
    assert mr.pool(column, row).k == K
    weights, mask = np.reshape([1, 2, 3, 4, 5, 6], (-1, 1)), np.reshape([True] * 5 + [False], (-1, 1))
    assert mr.pool(column, row, mask=mask, weights=weights).beta == mr.pool(
        YI, VI, mask=mask.ravel(), weights=weights.ravel()
    ).beta  # fmt: skip
    counts = {n: np.reshape(x, (-1, 1)) if n == "e1" else x for n, x in COUNTS.items()}
    assert mr.mantel_haenszel(**counts).beta == mr.mantel_haenszel(**COUNTS).beta


@given(st.lists(st.booleans(), min_size=K, max_size=K).filter(lambda m: sum(not x for x in m) >= 2))
def test_masked_is_dropped(mask):
    kept = [i for i in range(K) if not mask[i]]
    masked = mr.pool(np.ma.masked_array(YI, mask), np.ma.masked_array(VI, mask))
    dropped = mr.pool(np.array(YI)[kept], np.array(VI)[kept])
    assert (masked.beta, masked.tau2, masked.ci_low, masked.k) == pytest.approx(
        (dropped.beta, dropped.tau2, dropped.ci_low, dropped.k), rel=1e-12
    )


def test_what_is_no_number_is_named_behind_a_missing_one():
    with pytest.raises(
        mr.DataError, match=r"^yi holds something that is not a number. Row 2 \(counted from 0\) is 'x'.$"
    ):
        mr.pool([0.1, pd.NA, "x"], [0.1, 0.1, 0.1])
