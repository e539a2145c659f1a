"""The verdicts on claims, as everybody gets them."""

from __future__ import annotations

import csv
import dataclasses

import pytest

from metarepro.claims.result import VERDICTS
from metarepro.figures import claims_overview, claims_overview_pages, save, write_figure
from metarepro.figures.page.check_page import check_page
from metarepro.figures.page.layout import MM
from metarepro.figures.verdict_marks import CLAIM_MARKS
from tests.figures.audited import HOSTILE, LONG, claim, marks, said
from tests.figures.canvases import draw_claims

# Six of the verdicts, each twice among twelve claims.
OF_SIX = [v for v in VERDICTS if v != "not supported"]


def audited(n, documents=2):
    """Claims of every verdict on two pages."""
    return [
        claim(i, verdict=OF_SIX[i % 6], by=("rule", "judgement")[i % 2], document=f"page_{i * documents // n + 1}",
              page=f"The page {i * documents // n + 1}", in_short="What the trials say about it. " * (i % 5))
        for i in range(n)
    ]  # fmt: skip


def names(canvases, start):
    return [m.name for c in canvases for m in marks(c, start)]


def test_every_claim_has_a_symbol_a_word_its_text_and_what_decided():
    found = audited(12, 1)
    (canvas,) = draw_claims(found, "A title")
    assert check_page(canvas) == [] and canvas.width == pytest.approx(174 * MM)
    text = said(canvas)
    for c in found:
        assert names([canvas], "verdict: c").count(f"verdict: {c.id}") == 1
        assert c.claim in text
    assert text.count("the data") == text.count("judgement") == 6
    assert text.count("misattributed") == 2 and text.count("supported only under") == 2
    assert "2 of 12 supported, 2 supported only under named specifications, 2 partly supported, " in " ".join(text)
    for mark in CLAIM_MARKS.values():
        assert any(t.startswith(f"{mark.word}: {mark.meaning[:20]}") for t in text)


def test_the_bar_is_in_proportion_to_the_counts():
    found = [claim(i, verdict=OF_SIX[0 if i < 9 else 4]) for i in range(12)]
    (canvas,) = draw_claims(found)
    parts = {m.name: max(x for x, _ in m.points) - min(x for x, _ in m.points) for m in marks(canvas, "bar: ")}
    assert list(parts) == ["bar: supported", "bar: contradicted"]
    assert parts["bar: supported"] / parts["bar: contradicted"] == pytest.approx(3, rel=0.02)
    assert {"9", "3"} <= set(said(canvas))


def test_pages_are_low_enough_and_hold_every_claim_once():
    found = audited(41)
    canvases = draw_claims(found, height_mm=250)
    assert 2 <= len(canvases) <= 5
    assert all(check_page(c) == [] and c.height <= 250 * MM + 0.01 for c in canvases)
    assert names(canvases, "verdict: c") == [f"verdict: c{i}" for i in range(41)]
    assert sum("The page 1" in said(c) or "The page 1 (continued)" in said(c) for c in canvases) < len(canvases)
    assert len(claims_overview_pages(found)) == len(canvases)


def test_the_words_of_the_picture_tell_everything():
    about = claims_overview(audited(12, 1), "A title").metarepro
    assert about.title == "A title"
    assert "The page 1: 2 of 12 supported" in about.description
    for i in range(12):
        assert f"Claim {i} about ketamine." in about.description
    assert "Contradicted, decided by the data: Claim 4 about ketamine. What the trials say" in about.description
    pages = claims_overview_pages(audited(41))
    assert pages[0].metarepro.description.startswith(f"Page 1 of {len(pages)}. ")


def test_the_reason_stands_in_for_a_missing_sentence():
    (canvas,) = draw_claims([claim(in_short="", reason="It was read.")])
    assert "It was read." in said(canvas)


@pytest.mark.parametrize("n", [0, 1, 300])
def test_any_number_of_claims(n):
    found = audited(n, 3) if n else []
    for height in (250, 1e9):
        canvases = draw_claims(found, height_mm=height)
        assert all(check_page(c) == [] for c in canvases)
        assert len(names(canvases, "verdict: c")) == n


@pytest.mark.parametrize("text", [LONG, HOSTILE, "x" * 300, "", "5$ and $6", LONG * 20])
def test_any_text(text, tmp_path):
    found = [claim(claim=text, in_short=text, page=text, verdict=VERDICTS[1]), claim(1, verdict=text or "?", by="x")]
    canvases = draw_claims(found, text[:300], height_mm=250)
    assert all(check_page(c) == [] for c in canvases)
    if len(text) < 1000:
        save(claims_overview(found, text), tmp_path / "f.svg")
        assert "<script" not in (tmp_path / "f.svg").read_text()


@pytest.mark.parametrize("width", [84, 120, 174])
@pytest.mark.parametrize("text", ["A claim of 67%.", LONG, HOSTILE, "x" * 300])
@pytest.mark.parametrize("n", [0, 1, 60])
def test_every_column_of_a_journal_has_room(width, text, n):
    found = [claim(i, claim=text, in_short=text, page=text, verdict=OF_SIX[i % 6], by=("rule", "judgement")[i % 2])
             for i in range(n)]  # fmt: skip
    canvases = draw_claims(found, text, width, 250)
    for c in canvases:
        assert check_page(c) == [] and c.width == pytest.approx(width * MM) and c.height <= 250 * MM + 0.01
    assert names(canvases, "verdict: c") == [f"verdict: c{i}" for i in range(n)]
    everything = "".join(t for c in canvases for t in said(c)).replace(" ", "")
    assert everything.count("judgement") >= n // 2


@pytest.mark.parametrize("width", [84, 174])
def test_the_twin_has_a_row_a_claim_and_the_counts(tmp_path, width):
    found = audited(12, 1)
    write_figure(claims_overview(found, width_mm=width), tmp_path / "c", ("svg",))
    rows = list(csv.DictReader((tmp_path / "c.csv").open(encoding="utf-8")))
    claims = [r for r in rows if r["shows"] == "claim"]
    assert [(r["claim_id"], r["claim"], r["verdict"]) for r in claims] == [(c.id, c.claim, c.verdict) for c in found]
    assert {r["decided_by"] for r in claims} == {"the data", "judgement"}
    assert [r["evidence_says"] for r in claims] == [c.in_short.strip() for c in found]
    counts = {r["verdict"]: r["claims"] for r in rows if r["shows"] == "count"}
    assert counts == dict.fromkeys(OF_SIX, "2") and {r["page_audited"] for r in rows} == {"The page 1"}


def test_a_wrong_count_or_number_is_found():
    (canvas,) = draw_claims([claim(i, claim="It was 67% then.") for i in range(3)])
    for shown, wrong in (("3", "4"), ("It was 67% then.", "It was 76% then.")):
        index, text = next((i, t) for i, t in enumerate(canvas.texts) if t.text == shown)
        canvas.texts[index] = dataclasses.replace(text, text=wrong)
        assert any(wrong in f for f in check_page(canvas))
        canvas.texts[index] = text


def test_a_text_longer_than_a_page_goes_on_on_the_next():
    canvases = draw_claims([claim(in_short="word " * 3000)], height_mm=250)
    assert len(canvases) > 1 and all(c.height <= 250 * MM + 0.01 for c in canvases)
    assert sum(t.count("word") for c in canvases for t in said(c)) == 3000
    parts = [row["part"] for c in canvases for row in c.data if row["shows"] == "claim"]
    assert parts == [f"{i} of {len(parts)}" for i in range(1, len(parts) + 1)]
