"""The page: self-contained, escaped, every number from the results, every link with an end."""

from __future__ import annotations

import dataclasses
import html
import re

import markupsafe
import pytest

from metarepro.effects import get_measure
from metarepro.evidence.integrity import check_integrity
from metarepro.evidence.tables import Source
from metarepro.figures import forest, save
from metarepro.figures.page import numbers as fmt
from metarepro.report import render_report
from metarepro.report.page import inline_svg, link_of


@pytest.fixture(scope="module")
def figures(results, tmp_path_factory):
    folder = tmp_path_factory.mktemp("figures")
    for name, result in results.items():
        save(forest(result), folder / "forest.svg")
        (folder / "forest.svg").rename(folder / f"{name}.svg")
    return {name: (folder / f"{name}.svg").read_text(encoding="utf-8") for name in results}


@pytest.fixture(scope="module")
def page(results, figures, data, config):
    return render_report(config.title, config.authors, list(results.values()), figures, data.sources)


def test_nothing_is_requested_from_anywhere(page):
    assert not re.search(r"<(script|iframe|object|embed|img|video|audio)\b", page)
    assert not re.search(r"\bsrc\s*=", page)
    for address in re.findall(r"url\(([^)]{0,40})", page):
        assert address.startswith(("data:font/woff;base64,", "#")), address
    for link in re.findall(r'<link[^>]*href="([^"]*)"', page):
        assert link == "data:,"
    assert "default-src 'none'" in page


def test_the_page_is_small_and_has_every_analysis(page, results):
    assert len(page.encode()) < 1_000_000
    for result in results.values():
        assert f'<h3 id="{result.id}">{html.escape(result.title)}</h3>' in page


def test_ids_are_unique_and_inner_links_have_an_end(page):
    ids = re.findall(r'\bid="([^"]+)"', page)
    assert len(ids) == len(set(ids))
    for target in re.findall(r'href="#([^"]+)"', page):
        assert target in ids, target


def test_every_study_shows_its_number_and_its_source(page, results):
    for result in results.values():
        section = page[page.index(f'<h3 id="{result.id}">') :]
        section = section[: section.index("</section>")]
        measure = get_measure(result.measure)
        for study in result.studies:
            assert html.escape(fmt.with_interval(measure, study.estimate, study.ci_low, study.ci_high)) in section
            for p in study.provenance:
                assert f'href="#source-{p.source_id}"' in section
        for left in result.left_out:
            assert html.escape(left.reason, quote=True).replace("&#x27;", "&#39;") in section


def test_hostile_text_is_inert(results, figures):
    evil = '<script>alert(1)</script>{{ 7*7 }}" onmouseover="x'
    result = results["response_24h_or"]
    study = result.studies[0]
    bad = dataclasses.replace(
        study.provenance[0], locator=evil, derivation=evil, source_url="javascript:alert(1)", says=evil
    )
    result = dataclasses.replace(
        result, title=evil, studies=(dataclasses.replace(study, label=evil, notes=(evil,), provenance=(bad,)),)
    )
    source = Source(source_id=bad.source_id, title=evil, source_url="javascript:alert(1)", doi='x" onclick="y')
    page = render_report(evil, evil, [result], figures, {bad.source_id: source})
    assert "<script" not in page and "javascript:" not in page.replace("javascript:alert(1)</", "")
    assert 'onmouseover="x' not in page and 'onclick="y' not in page
    assert "{{ 7*7 }}" in page and not re.search(r">\s*49\s*<", page)


def test_only_http_addresses_become_links():
    assert link_of("https://a.org/x (as stored in https://b.org)") == "https://a.org/x"
    assert link_of("javascript:alert(1)") == "" and link_of("ftp://a.org") == "" and link_of("") == ""


def test_inline_figures_do_not_share_ids(figures):
    one, two = (inline_svg(figures["rate_24h"], n) for n in ("a", "b"))
    ids = [set(re.findall(r'\bid="([^"]+)"', svg)) for svg in (one, two)]
    assert ids[0] and not ids[0] & ids[1]
    assert "<?xml" not in one and "<style" not in one and "<metadata" not in one


def test_the_page_is_the_same_twice(page, results, figures, data, config):
    assert page == render_report(config.title, config.authors, list(results.values()), figures, data.sources)


def test_findings_stand_in_the_page_escaped_with_warnings_first(config, data, results, figures):
    findings = check_integrity(data)
    evil = dataclasses.replace(findings[0], message="<script>alert(1)</script>", severity="note")
    page = render_report(config.title, config.authors, list(results.values()), figures, data.sources, (*findings, evil))
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page and "<script" not in page
    start = page.index('<h2 id="integrity">')
    shown = [page.index(str(markupsafe.escape(f.message)), start) for f in findings]
    warnings = [p for f, p in zip(findings, shown, strict=True) if f.severity == "warning"]
    notes = [p for f, p in zip(findings, shown, strict=True) if f.severity == "note"]
    assert warnings and max(warnings) < min(notes)
    assert "Nothing was found" in render_report(config.title, "", list(results.values()), figures, data.sources)
