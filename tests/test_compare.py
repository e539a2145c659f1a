"""The comparison with committed references sees what moved, and nothing else."""

from __future__ import annotations

import copy
import json
import re

from metarepro.analysis.compare import compare_results
from metarepro.figures.page.compare_svg import compare_svg
from tests.conftest import ROOT

SVG = (ROOT / "reference/figures/response_24h_or.svg").read_text(encoding="utf-8")
RESULTS = json.loads((ROOT / "reference/results.json").read_text(encoding="utf-8"))


def test_a_picture_equals_itself_whatever_its_ids():
    assert compare_svg(SVG, SVG) == []
    assert compare_svg(SVG, re.sub(r'id="([^"]+)"', r'id="x-\1"', SVG)) == []


def test_a_changed_number_is_named():
    assert compare_svg(SVG, SVG.replace(">4.08 (0.69 to 24.06)<", ">4.09 (0.69 to 24.06)<")) == [
        "texts gone: 4.08 (0.69 to 24.06)",
        "texts new: 4.09 (0.69 to 24.06)",
    ]


def test_a_moved_mark_is_seen_but_rounding_is_not():
    path = re.search(r'<path d="M ([\d.]+) ', SVG)
    x = float(path.group(1))
    moved = SVG[: path.start(1)] + f"{x + 3}" + SVG[path.end(1) :]
    assert compare_svg(SVG, moved) == ["1 marks moved or changed colour"]
    rounded = SVG[: path.start(1)] + f"{x + 0.001}" + SVG[path.end(1) :]
    assert compare_svg(SVG, rounded) == []


def test_moved_numbers_are_named_with_their_place_and_share():
    changed = copy.deepcopy(RESULTS)
    analysis = next(a for a in changed["analyses"] if a["id"] == "rate_24h")
    before = analysis["summary"]["estimate"]
    analysis["summary"]["estimate"] = before * 1.01
    assert compare_results(RESULTS, changed) == [
        f"rate_24h: summary.estimate {before:.10g} -> {before * 1.01:.10g} (+1%)"
    ]
    analysis["summary"]["estimate"] = before * (1 + 1e-12)
    assert compare_results(RESULTS, changed) == []


def test_analyses_that_come_or_go_are_named():
    changed = copy.deepcopy(RESULTS)
    gone = changed["analyses"].pop(0)["id"]
    assert f"analysis {gone} is gone" in compare_results(RESULTS, changed)
    assert f"analysis {gone} is new" in compare_results(changed, RESULTS)
