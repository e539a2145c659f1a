"""The page in Chromium: what a reader does with it, on five projects, at phone and desk, by keyboard and on paper."""

from __future__ import annotations

import fcntl
import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT
from tests.importing.revman_files import published
from tests.importing.test_revman import imported
from tests.report.pages import copy_of, make_page, one_study, sixty_studies

pytestmark = pytest.mark.browser
PROJECTS = ["default", "psilocybin", "one study", "sixty studies", "review"]
WIDTHS = (360, 390, 768, 900, 1280)
FOLDS = "document.querySelectorAll('details').forEach(d => d.open = {})"


@pytest.fixture(scope="module")
def addresses(tmp_path_factory) -> dict[str, str]:
    """Pages by project; the default one comes from a run."""
    from metarepro.importing import write_imported

    folder = tmp_path_factory.mktemp("pages")
    (ROOT / ".snakemake").mkdir(exist_ok=True)
    with (ROOT / ".snakemake/browser.lock").open("w") as lock:  # workers of one test run wait for each other
        fcntl.flock(lock, fcntl.LOCK_EX)
        subprocess.run([ROOT / "run", "--quiet", "all"], check=True, cwd=ROOT)
    review = folder / "review"
    write_imported(imported(folder / "imported", published()), review)
    projects = {
        "psilocybin": copy_of(ROOT / "examples/psilocybin", folder / "psilocybin"),
        "one study": one_study(folder / "one"),
        "sixty studies": sixty_studies(folder / "sixty"),
        "review": review,
    }
    pages = {"default": (ROOT / "results/report.html").as_uri()}
    for name, project in projects.items():
        file = folder / f"{name.replace(' ', '_')}.html"
        file.write_text(make_page(project).html, encoding="utf-8")
        pages[name] = file.as_uri()
    return pages


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    path = shutil.which("chromium") or shutil.which("google-chrome") or os.environ["CHROMIUM"]
    with sync_playwright() as play:
        running = play.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield running
        running.close()


@pytest.fixture
def open_page(browser, addresses):
    """Open the page of a project; every request and message is kept."""
    contexts = []

    def opened(name: str, width: int = 1280, **options: Any) -> Any:
        context = browser.new_context(viewport={"width": width, "height": 900}, **options)
        contexts.append(context)
        page = context.new_page()
        page.requests, page.messages = [], []
        page.on("request", lambda r: page.requests.append(r.url))
        page.on("console", lambda m: page.messages.append(m.text))
        page.on("pageerror", lambda e: page.messages.append(str(e)))
        page.on("dialog", lambda d: page.messages.append(f"dialog: {d.message}"))
        page.goto(addresses[name])
        return page

    yield opened
    for context in contexts:
        context.close()


def until(page: Any, condition: str) -> None:
    """Wait for a condition; the page's own policy forbids Playwright's way."""
    for _ in range(100):
        if page.evaluate(condition):
            return
        page.wait_for_timeout(20)
    raise AssertionError(condition)


@pytest.mark.parametrize("name", PROJECTS)
def test_1_one_request_a_silent_console_and_no_hostile_label_runs(open_page, name):
    page = open_page(name)
    page.evaluate(FOLDS.format("true"))
    assert [r for r in page.requests if not r.startswith("data:")] == [page.url]
    assert page.messages == []
    # What the policy does not name does not run.
    assert page.evaluate(
        """() => { const s = document.createElement('script'); s.textContent = 'window.ran = 1';
        document.body.appendChild(s); return window.ran === undefined }"""
    )


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", PROJECTS)
def test_2_no_sideways_scroll_with_all_folds_shut_and_open(open_page, name, width):
    page = open_page(name, width)
    for state in ("false", "true"):
        page.evaluate(FOLDS.format(state))
        assert page.evaluate("document.documentElement.scrollWidth") <= width, state


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 768, 1280])
@pytest.mark.parametrize("name", PROJECTS)
def test_3_nothing_serious_for_people_with_disabilities(open_page, name, width, scheme):
    from axe_playwright_python.sync_playwright import Axe

    page = open_page(name, width, color_scheme=scheme)
    for state in ("false", "true"):
        page.evaluate(FOLDS.format(state))
        found = Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]
        serious = [
            (v["id"], [n["html"][:160] for n in v["nodes"][:3]])
            for v in found
            if v["impact"] in ("serious", "critical")
        ]
        assert serious == []


def test_6_measure_switch_by_keyboard_says_what_it_shows(open_page):
    page = open_page("default")
    box = "article:has([data-m=response_24h_rr])"
    page.focus(f"{box} [role=radio][data-m=response_24h_or]")
    page.keyboard.press("ArrowRight")
    assert page.evaluate("document.activeElement.textContent") == "Risk ratio"
    assert page.is_visible("#response_24h_rr") and not page.is_visible("#response_24h_or")
    until(page, "document.getElementById('live').textContent.startsWith('Risk ratio')")
    page.keyboard.press("ArrowLeft")
    assert page.is_visible("#response_24h_or")


def _results() -> dict[str, Any]:
    content = json.loads((ROOT / "results/results.json").read_text(encoding="utf-8"))
    return {a["id"]: a for a in content["analyses"]}


def _numbers(text: str) -> list[float]:
    return [float(x.replace("\u2212", "-")) for x in re.findall(r"[\u2212-]?\d+(?:\.\d+)?", text)]


def test_6_and_7_leave_a_study_out_and_another_specification(open_page):
    """What is said and shown is the leave-one-out of the results; every button has one."""
    page = open_page("default")
    name = "response_24h_or_wide"
    result = _results()[name]
    table = page.locator(f"#f-{name}")
    before = table.locator(".pooled .res").inner_text()
    buttons = table.locator(".loo")
    known = {w["study_id"]: w for w in result["leave_one_out"]}
    assert buttons.count() == len(known) == 5
    button = table.locator("tr[data-study=sos2013] .loo")
    button.focus()
    page.keyboard.press("Enter")
    said = page.locator(f".sw[data-for={name}] output").inner_text()
    wanted = known["sos2013"]
    shown = _numbers(said.partition(": ")[2])
    for ours, theirs in zip(shown, [wanted["estimate"], wanted["ci_low"], wanted["ci_high"], wanted["k"]], strict=True):
        assert abs(ours - theirs) < 0.0051
    assert said.startswith("Without Sos 2013: ") and said.endswith("4 trials")
    assert button.get_attribute("aria-pressed") == "true"
    assert "out" in table.locator("tr[data-study=sos2013]").get_attribute("class")
    assert table.locator(".pooled .res").inner_text() != before
    page.keyboard.press("Enter")
    assert table.locator(".pooled .res").inner_text() == before
    page.select_option(f"#pick-{name}", "v-common_effect")
    other = next(x for x in result["sensitivity"] if x["id"] == "common_effect")["summary"]
    shown = _numbers(table.locator(".pooled .res").inner_text())
    assert abs(shown[0] - other["estimate"]) < 0.0051
    page.select_option(f"#pick-{name}", "main")
    assert table.locator(".pooled .res").inner_text() == before


@pytest.mark.parametrize("name", PROJECTS)
def test_7_no_button_without_a_result(open_page, name):
    page = open_page(name)
    assert page.evaluate(
        """() => [...document.querySelectorAll('.loo')].every(b => {
          const box = b.closest('.ms'), spec = box.querySelector('details[id^="spec-"]');
          return [...spec.querySelectorAll('tr[data-spec]')].some(r => r.dataset.spec === b.dataset.spec) })"""
    )


def test_6_sort_filter_search_and_escape_by_keyboard(open_page):
    page = open_page("default")
    page.focus("#table-studies thead th:nth-child(2) button")
    page.keyboard.press("Enter")
    years = page.evaluate("[...document.querySelectorAll('#table-studies tbody tr')].map(r => +r.cells[1].dataset.v)")
    known = [y for y in years if y]
    assert known == sorted(known) and len(known) > 50
    assert page.get_attribute("#table-studies thead th:nth-child(2)", "aria-sort") == "ascending"
    until(page, "document.getElementById('live').textContent === 'Sorted by Year, ascending'")
    page.keyboard.press("Enter")
    assert page.get_attribute("#table-studies thead th:nth-child(2)", "aria-sort") == "descending"
    page.fill("#filter-text", "zarate")
    shown = page.locator("#table-studies tbody tr:visible")
    assert shown.count() >= 2 and all("zarate" in r.text_content().lower() for r in shown.all())
    assert page.inner_text("#filter-studies output").startswith(f"{shown.count()} of ")
    page.fill("#filter-text", "")
    page.select_option("#filter-design", "single_arm")
    assert {r.get_attribute("data-design") for r in page.locator("#table-studies tbody tr:visible").all()} == {
        "single_arm"
    }
    page.focus("#find")
    page.keyboard.type("suicid")
    page.keyboard.press("ArrowDown")
    assert page.evaluate("document.activeElement.closest('#hits') !== null")
    page.keyboard.press("Enter")
    until(page, "location.hash.length > 1 && !document.querySelector('#hits a')")
    page.locator(".forest .src summary").first.focus()
    page.keyboard.press("Enter")
    assert page.locator(".forest .src[open]").count() == 1
    page.keyboard.press("Escape")
    assert page.locator(".forest .src[open]").count() == 0
    assert page.evaluate("document.activeElement.tagName") == "SUMMARY"


def test_6_claims_are_filtered_by_verdict_and_page(open_page):
    page = open_page("default")
    page.click("#filter-claims button[data-v=misattributed]")
    shown = page.locator(".cl:visible")
    assert shown.count() >= 5 and {c.get_attribute("data-v") for c in shown.all()} == {"misattributed"}
    page.select_option("#filter-claims select", "B")
    assert {c.get_attribute("data-p") for c in page.locator(".cl:visible").all()} == {"B"}
    assert re.fullmatch(r"\d+ of 43 statements", page.inner_text("#filter-claims output"))


@pytest.mark.parametrize("name", PROJECTS)
def test_8_every_hash_shows_its_target(open_page, name):
    page = open_page(name)
    hashes = page.evaluate(
        "[...new Set([...document.querySelectorAll('a[href^=\"#\"]')].map(a => a.getAttribute('href')))]"
    )
    ids = page.evaluate("[...document.querySelectorAll('[id]')].map(x => x.id)")
    assert len(ids) == len(set(ids)) and {h[1:] for h in hashes} <= set(ids)
    hidden = page.evaluate(
        """async hashes => { const bad = [];
          for (const h of hashes) { document.querySelectorAll('details').forEach(d => d.open = false);
            location.hash = ''; location.hash = h; await new Promise(r => setTimeout(r, 0));
            await new Promise(r => requestAnimationFrame(r));
            const e = document.getElementById(decodeURIComponent(h.slice(1)));
            if (!e.checkVisibility()) bad.push(h) }
          return bad }""",
        hashes,
    )
    assert hidden == []


@pytest.mark.parametrize("name", PROJECTS)
def test_9_all_is_there_without_scripts(open_page, addresses, name):
    page = open_page(name, java_script_enabled=False)
    with_scripts = open_page(name)
    counts = "[...document.querySelectorAll('{}')].length"
    for kind in (".ms", "#table-studies tbody tr", ".cl"):
        expected = with_scripts.evaluate(counts.format(kind))
        assert page.locator(kind).count() == expected
    assert not page.locator("[hidden]").count()
    # Panels of the first part, all studies and all statements are shown, and no control that does nothing.
    assert page.locator("#table-studies tbody tr").last.is_visible()
    assert not [b for b in page.locator("button").all() if b.is_visible()]
    if page.locator(".cl").count():
        assert page.locator(".cl").last.is_visible()


def test_10_the_page_on_paper(open_page, tmp_path):
    page = open_page("default")
    file = tmp_path / "page.pdf"
    page.pdf(path=str(file), prefer_css_page_size=True, print_background=True)
    pages = file.read_bytes().count(b"/Type /Page\n") or len(re.findall(rb"/Type\s*/Page\b(?!s)", file.read_bytes()))
    assert 5 <= pages <= 16
    page.emulate_media(media="print")
    # Controls and folded evidence are left out; cards are whole; an axis stands once under its rows.
    assert not [e for e in page.locator(".sw, .seg, .bar, .loo, .more").all() if e.is_visible()]
    assert page.locator(".card").first.evaluate("e => getComputedStyle(e).breakInside") == "avoid"
    assert page.locator(".forest tfoot").first.evaluate("e => getComputedStyle(e).display") == "table-row-group"
    assert page.locator("tr").first.evaluate("e => getComputedStyle(e).breakInside") == "avoid"


@pytest.mark.parametrize("name", PROJECTS)
def test_12_zoomed_twice_and_in_forced_colours(open_page, name):
    page = open_page(name, 640, device_scale_factor=2)  # a window of 1280 at 200%
    assert page.evaluate("document.documentElement.scrollWidth") <= 640
    forced = open_page(name, forced_colors="active")
    assert forced.evaluate("matchMedia('(forced-colors: active)').matches")
    assert forced.locator(".rp").first.evaluate("e => getComputedStyle(e).forcedColorAdjust") == "none"


def test_13_quotations_are_those_of_the_table(open_page):
    import csv

    page = open_page("default")
    with (ROOT / "data/raw/claims.csv").open(encoding="utf-8", newline="") as file:
        quotes = {row["claim_id"]: row["quote"] for row in csv.DictReader(file)}
    for claim, quote in quotes.items():
        shown = page.locator(f"#claim-{claim} blockquote")
        assert shown.count() == bool(quote)
        if quote:
            assert " ".join(shown.text_content().split()) == "\u201c" + " ".join(quote.split()) + "\u201d"


def test_the_budget_of_the_design(open_page):
    """700 kB for 30 analyses, 6,000 open words, 18,000 px at the desk, 32,000 on a phone."""
    page = open_page("default")
    analyses = page.locator(".ms").count()
    assert len((ROOT / "results/report.html").read_bytes()) < 700_000 * max(1.0, analyses / 30)
    words = page.evaluate(
        """() => { let n = 0; const w = document.createTreeWalker(document.querySelector('main'), NodeFilter.SHOW_TEXT);
          while (w.nextNode()) { const e = w.currentNode.parentElement;
            if (e.checkVisibility() && !e.closest('.vh')) n += w.currentNode.textContent.trim().split(/\\s+/).filter(Boolean).length }
          return n }"""
    )
    assert words < 6000
    assert page.evaluate("document.documentElement.scrollHeight") < 18_000
    assert open_page("default", 390).evaluate("document.documentElement.scrollHeight") < 32_000


def test_copy_and_table_as_a_file(open_page, tmp_path: Path):
    page = open_page("default", accept_downloads=True)
    page.locator("#response_24h_or .more").last.locator("summary").click()
    with page.expect_download() as found:
        page.click("#response_24h_or [data-csv]")
    found.value.save_as(tmp_path / "table.csv")
    lines = (tmp_path / "table.csv").read_text(encoding="utf-8").splitlines()
    assert lines[0].startswith('"Study","ketamine","control","Odds ratio (95% interval)"')
    assert any(line.startswith('"Sos 2013"') for line in lines) and lines[-1].startswith('"Pooled, 3 trials"')
    page.click("#copy")
    until(page, "document.getElementById('live').textContent.startsWith('Copied: ')")
