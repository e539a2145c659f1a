"""docs/data-notes.md says of each headline what it is now: as the results hold it."""

from __future__ import annotations

import re

import pytest

from metarepro.analysis.result import read_results
from metarepro.effects import get_measure
from tests.conftest import ROOT

RESULTS = {a.id: a for a in read_results((ROOT / "reference/results.json").read_text(encoding="utf-8")).analyses}
ROW = re.compile(
    r"^\| [^|]+ \(`(\w+)`\) \| [^|]+ \| (-?[\d.]+)%? \((-?[\d.]+) to (-?[\d.]+)\)(?: points)?, k = (\d+) \|", re.M
)
ROWS = ROW.findall((ROOT / "docs/data-notes.md").read_text(encoding="utf-8"))


def test_every_row_of_the_table_is_read():
    text = (ROOT / "docs/data-notes.md").read_text(encoding="utf-8")
    assert len(ROWS) == len(re.findall(r"^\| .* k = \d+ \|", text, re.M)) > 10


@pytest.mark.parametrize("row", ROWS, ids=[r[0] for r in ROWS])
def test_now_is_what_the_results_hold(row):
    name, *numbers, k = row
    result = RESULTS[name]
    summary = result.summary
    unit = 100 if get_measure(result.measure).percent else 1
    for text, value in zip(numbers, (summary.estimate, summary.ci_low, summary.ci_high), strict=True):
        assert float(text) == pytest.approx(unit * value, abs=0.51 * 10 ** -len(text.partition(".")[2]))
    assert summary.k == int(k)
