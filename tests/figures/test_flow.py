"""Flow diagrams: every number in its box, sums checked, what is unknown never drawn as 0."""

from __future__ import annotations

from collections import Counter
from copy import deepcopy
from dataclasses import replace

import pytest

from metarepro.analysis.flow import make_flow, read_flow
from metarepro.analysis.from_fit import result_of
from metarepro.analysis.study_flow import flow_of
from metarepro.errors import ConfigError, DataError
from metarepro.figures import analysis_flow, prisma_flow, write_figure
from metarepro.figures.flows.flow import describe_flow
from metarepro.figures.page.check_page import check_page
from metarepro.figures.page.layout import MM, WIDTHS_MM
from metarepro.pooling import pool
from tests.figures.audited import HOSTILE, LONG
from tests.figures.canvases import draw_analysis_flow, draw_prisma_flow

# The flow printed in doi:10.1108/AEDS-09-2025-0494, as the description of its figure tells it.
PUBLISHED = """\
title: Study selection
source: doi:10.1108/AEDS-09-2025-0494, figure of the study selection
identification:
  databases: {Databases: 162}
  registers: {Registers: 0}
removed:
  duplicates: 23
screened: 139
excluded: 25
sought: 114
not_retrieved: 4
assessed: 110
excluded_reports: {"Reason 1: abstract content": 88}
included: {studies: 22}
"""
# Made up, with everything that a flow can have.
FULL = {
    "title": "Everything",
    "identification": {"databases": {"MEDLINE": 11200, "Embase": 2300}, "registers": {"ClinicalTrials.gov": 500}},
    "removed": {"duplicates": 1000, "automation": 50, "other": 50},
    "screened": 12900, "excluded": 12800, "sought": 100, "not_retrieved": 4, "assessed": 96,
    "excluded_reports": {"Population": 50, "No outcome at 24 hours": 30},
    "other_methods": {
        "sources": {"Websites": 3, "Citation searching": 7}, "sought": 10, "not_retrieved": 1, "assessed": 9,
        "excluded_reports": {"Outcome": 5},
    },
    "included": {"studies": 17, "reports": 20}, "previous": {"studies": 8, "reports": 9},
    "total": {"studies": 25, "reports": 29},
}  # fmt: skip


def with_(path: str, value: object) -> dict:
    """FULL with one thing changed."""
    values = deepcopy(FULL)
    *steps, last = path.split("/")
    at = values
    for step in steps:
        at = at[step]
    at[last] = value
    return values


def boxes(canvas) -> list[str]:
    """Texts of each box, joined, from the top."""
    found = []
    for m in canvas.marks:
        if m.kind == "box":
            left, top, right, bottom = m.box
            inside = [t for t in canvas.texts if left <= t.box[0] and t.box[2] <= right and top < t.y < bottom]
            found.append(" ".join(t.text for t in sorted(inside, key=lambda t: t.y)).replace("\u00a0", " "))
    return found


def test_a_published_flow_shows_its_numbers(tmp_path):
    path = tmp_path / "flow.yaml"
    path.write_text(PUBLISHED)
    flow = read_flow(path)
    canvas = draw_prisma_flow(flow)
    assert boxes(canvas) == [
        "Records identified (n = 162) Databases (n = 162) Registers (n = 0)",
        "Records removed before screening (n = 23) Duplicates (n = 23)",
        "Records screened (n = 139)",
        "Records excluded (n = 25)",
        "Reports sought for retrieval (n = 114)",
        "Reports not retrieved (n = 4)",
        "Reports assessed for eligibility (n = 110)",
        "Reports excluded (n = 88) Reason 1: abstract content (n = 88)",
        "Included in the review Studies (n = 22) Reports of them (n not reported)",
    ]
    assert "doi:10.1108/AEDS-09-2025-0494" in " ".join(t.text for t in canvas.texts)
    assert "Reports assessed for eligibility (n\u00a0=\u00a0110)." in describe_flow(flow)


@pytest.mark.parametrize("width", WIDTHS_MM)
def test_everything_a_flow_can_have(width):
    canvas = draw_prisma_flow(make_flow(FULL), width)
    assert check_page(canvas) == [] and canvas.width == pytest.approx(width * MM)
    found = boxes(canvas)
    for words in (
        "Records identified (n = 14\u2009000) MEDLINE (n = 11\u2009200) Embase (n = 2300) ClinicalTrials.gov (register) (n = 500)",
        "Records identified (n = 10) Websites (n = 3) Citation searching (n = 7)",
        "New studies included Studies (n = 17) Reports of them (n = 20)",
        "Included in the previous version Studies (n = 8) Reports of them (n = 9)",
        "All studies in the review Studies (n = 25) Reports of them (n = 29)",
    ):  # fmt: skip
        assert words in found
    assert len(found) == 8 + 5 + 3
    phases = Counter(t.text for t in canvas.texts if t.text in ("Identification", "Screening", "Included"))
    assert phases["Included"] == 1 and phases["Screening"] == (1 if width == 174 else 2)
    # Every main box but the first of a column has an arrow into it.
    arrows = [m for m in canvas.marks if m.kind == "flow arrow"]
    assert len(arrows) == 3 + 2 + 2 + 1 + 4 + 2 + 1


def test_what_was_not_reported_is_said_and_never_0():
    values = with_("identification/databases/Embase", None)
    values["not_retrieved"] = None
    canvas = draw_prisma_flow(make_flow(values))
    found = boxes(canvas)
    assert any(
        b.startswith("Records identified (n not reported) MEDLINE") and "Embase (n not reported)" in b for b in found
    )
    assert "Reports not retrieved (n not reported)" in found
    assert not any("(n = 0)" in b for b in found)
    assert [r["n"] for r in canvas.data if r["line"] == "Embase"] == [None]
    assert "it need not be 0" in " ".join(t.text for t in canvas.texts)


@pytest.mark.parametrize(
    ("path", "value", "both"),
    [
        ("screened", 12901, "identified - removed = 14000 - 1100 = 12900, but screened = 12901"),
        ("removed/duplicates", 999, "identified - removed = 14000 - 1099 = 12901, but screened = 12900"),
        ("sought", 99, "screened - excluded = 12900 - 12800 = 100, but sought = 99"),
        ("assessed", 95, "sought - not_retrieved = 100 - 4 = 96, but assessed = 95"),
        ("included/reports", 21, "105 - 85 = 20, but included.reports = 21"),
        ("total/studies", 26, "previous.studies and included.studies = 25, but total.studies = 26"),
        ("other_methods/sought", 11, "other_methods.sources = 10 leaves at most 10, but other_methods.sought = 11"),
        ("other_methods/assessed", 10, "other_methods.sought - other_methods.not_retrieved = 10 - 1 = 9, but"),
        ("other_methods/excluded_reports/Outcome", 12, "other_methods.assessed = 9 is less than"),
        ("excluded_reports/Population", 90, "assessed = 96 is less than excluded_reports = 120"),
        # With a number missing, what cannot be whatever it is.
        ("removed/automation", None, ""),
        ("included/reports", None, ""),
        ("screened", None, ""),
    ],
)
def test_sums_that_are_wrong_are_refused_with_both_numbers(path, value, both):
    values = with_(path, value)
    if not both:
        assert make_flow(values)
        return
    with pytest.raises(ConfigError) as caught:
        make_flow(values)
    assert "E109" in str(caught.value) and both in str(caught.value) and "Fix: correct one of" in str(caught.value)


def test_a_missing_number_does_not_excuse_an_impossible_one():
    values = with_("removed/duplicates", None)
    values["screened"], values["excluded"] = 14001, 13901
    with pytest.raises(ConfigError, match="leaves at most 13900, but screened = 14001"):
        make_flow(values)
    values = with_("identification/databases/MEDLINE", None)
    values["screened"], values["excluded"], values["removed"] = 2799, 2699, {"duplicates": 0}
    with pytest.raises(ConfigError, match="leaves at least 2800, but screened = 2799"):
        make_flow(values)


def test_every_wrong_sum_is_told_at_its_line(tmp_path):
    path = tmp_path / "flow.yaml"
    path.write_text(PUBLISHED.replace("screened: 139", "screened: 140").replace("assessed: 110", "assessed: 111"))
    with pytest.raises(ConfigError) as caught:
        read_flow(path, "my/flow.yaml")
    places = [(p.path, p.line, p.code) for p in caught.value.problems]
    assert places == [("my/flow.yaml", n, "E109") for n in (8, 10, 12)]


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("screened: 139", "screened: 139.5", r"flow.yaml:8:1: E102 screened: 139.5 is no count"),
        ("screened: 139", "screened: -1", "E102 screened: -1 is no count"),
        ("screened: 139", 'screened: "139"', "E102 screened: '139' is no count"),
        ("screened: 139", "screend: 139", "E101 unknown key 'screend'"),
        ("screened: 139\n", "", "E101 the key 'screened' is missing"),
        ("screened: 139", "screened: 139\nscreened: 139", "E104"),
        ("included: {studies: 22}", "included: {studies: 22}\ntotal: {studies: 22}", "E103 total is given without"),
        (PUBLISHED, "- 1", "E100 the file holds no flow"),
    ],
)
def test_files_that_are_no_flow_are_refused(tmp_path, old, new, words):
    path = tmp_path / "flow.yaml"
    path.write_text(PUBLISHED.replace(old, new))
    with pytest.raises(ConfigError, match=words):
        read_flow(path)


def test_a_file_that_is_not_there_or_no_text_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="E100"):
        read_flow(tmp_path / "none.yaml")
    (tmp_path / "latin.yaml").write_bytes(b"title: \xe9")
    with pytest.raises(ConfigError, match="E100 byte 7 is not UTF-8"):
        read_flow(tmp_path / "latin.yaml")


@pytest.mark.parametrize("width", WIDTHS_MM)
@pytest.mark.parametrize("word", [HOSTILE, LONG, "x" * 300, "\u05d0\u05d1\u05d2 2020"])
def test_hostile_words_and_any_number_of_reasons(word, width):
    values = deepcopy(FULL)
    values["title"] = values["source"] = word
    values["identification"]["databases"] = {word: 13500}
    values["excluded_reports"] = {f"{word} {i}": 16 for i in range(5)}
    canvas = draw_prisma_flow(make_flow(values), width)
    assert check_page(canvas) == []
    prisma_flow(make_flow(values), width)


@pytest.mark.parametrize("width", WIDTHS_MM)
def test_any_number_of_reasons(width):
    values = deepcopy(FULL)
    values["excluded_reports"] = {f"Reason {i}": 1 for i in range(80)}
    canvas = draw_prisma_flow(make_flow(values), width)
    assert check_page(canvas) == []
    shown = next(b for b in boxes(canvas) if b.startswith("Reports excluded (n = 80)"))
    assert all(f"Reason {i} (n = 1)" in shown for i in range(80))


def test_a_flow_made_without_its_checks_is_not_drawn():
    flow = make_flow(FULL).model_copy(update={"screened": 5})
    with pytest.raises(ConfigError, match="E109"):
        prisma_flow(flow)


def test_the_flow_of_an_analysis_counts_every_study_once(results):
    for result in results.values():
        flow = flow_of(result)
        parts = sum(sum(p.values()) for p in (flow.elsewhere, flow.left_out, flow.not_pooled)) + flow.pooled
        assert parts == flow.found, result.id
        assert flow.found == len({s.study_id for s in (*result.studies, *result.left_out)})
        if flow.found:
            for width in WIDTHS_MM:
                canvas = draw_analysis_flow(result, width_mm=width)
                assert check_page(canvas) == []
    result = results["rate_24h"]
    found = boxes(draw_analysis_flow(result))
    assert found[0].endswith("(n = 40)") and "Only after a course, not a single dose (n = 10)" in found[1]
    assert found[2] == "Studies with such a row (n = 13)" and found[3].startswith("Left out (n = 2)")
    assert found[4] == f"Studies in the analysis (n = 11) Participants (n = {result.summary.participants})"
    assert "Studies in the analysis (n\u00a0=\u00a011)" in analysis_flow(result).metarepro.description


def test_the_flow_of_a_fit_from_python():
    figure = analysis_flow(pool([0.1, 0.2, 0.3], [0.1, 0.1, 0.1]), title="Mine", labels=["A", "B", "C"])
    assert "(n\u00a0=\u00a03)" in figure.metarepro.description
    empty = replace(result_of(pool([0.1, 0.2], [0.1, 0.1])), studies=(), summary=None)
    with pytest.raises(DataError, match="has no study"):
        analysis_flow(empty)


def test_files_are_the_same_twice(tmp_path):
    for name in "ab":
        (tmp_path / name).mkdir()
    first, second = (write_figure(prisma_flow(make_flow(FULL)), tmp_path / name / "flow") for name in "ab")
    assert [p.read_bytes() for p in first] == [p.read_bytes() for p in second]
    table = (tmp_path / "a" / "flow.csv").read_text()
    assert "Records screened,Records screened,12900" in table
