"""Forest plots of numbers that are neither counts nor means of two arms: what stands in their columns."""

from __future__ import annotations

from tests.analysis.test_comparison_rows import SEVERAL, analyse
from tests.figures.canvases import draw_forest


def said(result) -> list[str]:
    return [t.text for t in draw_forest(result).texts]


def test_rates_show_events_and_time_of_each_arm_with_their_sums():
    rows = [
        {"study_id": f"s{i}", "outcome": "o", "e1": e, "t1": 1000, "e2": 2 * e, "t2": 990.4}
        for i, e in enumerate((12, 5))
    ]
    texts = said(analyse("IRR", rows))
    assert {"12/1000", "24/990", "5/1000", "10/990", "17/2000", "34/1981"} <= set(texts)
    assert "given as" not in " ".join(texts)


def test_correlations_show_their_patients_and_claim_no_p_value():
    rows = [{"study_id": f"s{i}", "outcome": "o", "r": r, "n": n} for i, (r, n) in enumerate([(0.4, 120), (0.1, 60)])]
    texts = said(analyse("ZCOR", rows))
    assert {"120", "60", "180"} <= set(texts) and "P value" not in texts


def test_where_kinds_differ_each_says_what_it_is_made_of():
    rows = [
        {"study_id": "a", "outcome": "o", "e1": 5, "t1": 100, "e2": 9, "t2": 100},
        {"study_id": "b", "outcome": "o", "measure": "IRR", "estimate": 0.6, "se": 0.2},
        {"study_id": "c", "outcome": "o", "measure": "IRR", "estimate": 0.6, "variance": 0.04},
    ]
    assert {"rates", "SE", "variance"} <= set(said(analyse("IRR", rows)))


def test_averages_say_so():
    rows = [{**row, "measure": "SMD"} for row in SEVERAL]
    assert {"average", "SE"} <= set(said(analyse("SMD", rows, several="combine")))
