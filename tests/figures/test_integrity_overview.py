"""The overview of findings: every finding counted once in its cell, neutral words, room for any number."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from metarepro.evidence.integrity import WARNINGS, Finding, check_integrity
from metarepro.figures import integrity_overview, integrity_overview_pages, write_figure
from metarepro.figures.integrity.wording import KINDS, describe_integrity, sentence_of
from metarepro.figures.page.check_page import check_page
from metarepro.figures.page.layout import MM, WIDTHS_MM
from tests.figures.audited import HOSTILE, LONG
from tests.figures.canvases import draw_integrity

CODES = sorted(WARNINGS)


def finding(study="a2020", code="W010", severity="note", accepted="", table="continuous", line=1) -> Finding:
    return Finding(code, severity, study, table, "x.csv", line, "mean", "1", "what", "ref", "check", accepted)


def many(n: int) -> list[Finding]:
    """Findings of every kind in n studies."""
    return [
        finding(
            f"study{i}", CODES[(7 * i + j) % len(CODES)], ("warning", "note")[(i + j) % 2], "seen" * (j % 2), line=j
        )
        for i in range(n)
        for j in range(1 + i % 4)
    ]


def cells(canvas) -> Counter[tuple[str, str, str]]:
    """Findings by study, check and kind, as the marks and the numbers behind them say."""
    found: Counter[tuple[str, str, str]] = Counter()
    kinds = {f"{s}{' accepted' if a else ''}" for s, a in KINDS}
    for m in canvas.marks:
        if m.kind not in kinds or m.row is None:
            continue
        study, _, code = m.name.partition(": ")[2].rpartition(", ")
        behind = [
            t.text for t in canvas.texts
            if t.row == m.row and t.text.isdigit() and 0 < t.box[0] - m.box[2] < 4 and t.box[1] < m.box[3] < t.box[3]
        ]  # fmt: skip
        found[study, code, m.kind] += int(behind[0]) if behind else 1
    return found


def expected(findings) -> Counter[tuple[str, str, str]]:
    return Counter((f.study_id, f.code, f"{f.severity}{' accepted' if f.accepted else ''}") for f in findings)


def said(canvas) -> str:
    return " ".join(t.text for t in canvas.texts)


def test_every_default_finding_is_counted_in_its_cell(data):
    findings = check_integrity(data)
    assert findings
    (canvas,) = draw_integrity(findings)
    assert cells(canvas) == expected([replace(f, study_id=f.study_id.replace("_", " ")) for f in findings])
    for code in {f.code for f in findings}:
        (row,) = [r for r in canvas.data if r.get("check") == code]
        own = [f for f in findings if f.code == code]
        assert row["warnings"] == sum(f.severity == "warning" for f in own)
        assert row["notes"] == sum(f.severity == "note" for f in own)
        assert row["studies"] == len({f.study_id for f in own if not f.table.startswith("published_")})
        assert row["meaning"] == WARNINGS[code]
    labels = {s.study_id: s.label for s in data.studies.values()}
    (named,) = draw_integrity(findings, labels)
    assert sum(cells(named).values()) == len(findings)
    assert f" of {len(labels)} studies" in sentence_of(findings, labels)
    assert "not an accusation" in said(named)


def test_a_cell_tells_kinds_apart_and_counts_several():
    findings = [
        *[finding(severity="warning")] * 3, finding(severity="warning", accepted="seen"), *[finding()] * 12,
        finding(accepted="seen"),
    ]  # fmt: skip
    (canvas,) = draw_integrity(findings)
    assert cells(canvas) == {
        ("a2020", "W010", "warning"): 3, ("a2020", "W010", "warning accepted"): 1, ("a2020", "W010", "note"): 12,
        ("a2020", "W010", "note accepted"): 1,
    }  # fmt: skip
    assert check_page(canvas) == []
    hollow = [m for m in canvas.marks if m.kind.endswith("accepted")]
    assert all(m.fill == "#ffffff" and m.stroke for m in hollow)
    assert "4 warnings and 13 notes in 1 study; 2 of them are accepted with a reason." in said(canvas)


def test_studies_with_most_warnings_stand_first():
    findings = [finding("zz", severity="warning"), finding("aa"), finding("bb"), finding("bb", "W011")]
    rows = [r["study"] for r in draw_integrity(findings)[0].data if "study" in r]
    assert rows == ["zz", "bb", "aa"]


def test_reviews_and_tables_are_not_counted_as_studies():
    findings = [finding(), finding("smith2021", table="published_results"), finding("", "W031", table="studies")]
    (canvas,) = draw_integrity(findings, {"a2020": "Adams 2020", "b": "Brown 2021"})
    assert "0 warnings and 3 notes in 1 of 2 studies and 1 review." in said(canvas)
    assert "not studies: smith2021." in said(canvas) and "no single study" in said(canvas)


@pytest.mark.parametrize("width", WIDTHS_MM)
@pytest.mark.parametrize("n", [0, 1, 2, 60, 300])
def test_any_number_of_studies_at_any_width(n, width):
    findings = many(n)
    (canvas,) = draw_integrity(findings, width_mm=width)
    assert check_page(canvas) == [] and canvas.width == pytest.approx(width * MM)
    assert cells(canvas) == expected(findings)


def test_no_finding_is_said_and_is_no_proof():
    (canvas,) = draw_integrity([], {"a": "A", "b": "B"})
    assert "The checks found nothing in 2 studies." in said(canvas) and "may still be wrong" in said(canvas)
    assert integrity_overview([]).metarepro.description.count("found nothing") == 1


@pytest.mark.parametrize("width", WIDTHS_MM)
@pytest.mark.parametrize("label", [HOSTILE, LONG, "x" * 300, "\u05d0\u05d1\u05d2 2020"])
def test_hostile_names(label, width):
    (canvas,) = draw_integrity([finding(), finding("b", "W999")], {"a2020": label}, label, width)
    assert check_page(canvas) == []
    assert "another check" in said(canvas)


def test_pages_hold_every_finding_once():
    findings = many(120)
    pages = draw_integrity(findings, width_mm=120, height_mm=220)
    assert len(pages) > 3 and all(check_page(p) == [] and p.height <= 220 * MM + 0.01 for p in pages)
    assert sum((cells(p) for p in pages), Counter()) == expected(findings)
    codes = [r["check"] for p in pages for r in p.data if "check" in r]
    assert codes == sorted({f.code for f in findings})
    assert integrity_overview_pages(findings, width_mm=120, height_mm=220)[1].metarepro.description.startswith("Page 2")


def test_the_text_alternative_says_every_cell_and_files_are_the_same_twice(tmp_path):
    findings = many(5)
    words = describe_integrity(findings)
    assert "study0: W010 1 warning." in words and f"W010: {WARNINGS['W010']}." in words
    for name in "ab":
        (tmp_path / name).mkdir()
    first, second = (write_figure(integrity_overview(findings), tmp_path / name / "i") for name in "ab")
    assert [p.read_bytes() for p in first] == [p.read_bytes() for p in second]


def test_reviews_are_no_studies_in_the_totals():
    findings = [
        finding("a2020", "W018"), finding("review1", "W018", table="published_results"),
        finding("review2", "W018", table="published_results"),
    ]  # fmt: skip
    (canvas,) = draw_integrity(findings)
    (total,) = [row for row in canvas.data if row.get("check") == "W018"]
    assert (total["notes"], total["studies"]) == (3, 1)
