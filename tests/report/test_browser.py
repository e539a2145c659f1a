"""The page in Chromium: no request, no message, no sideways scroll, figures' texts apart."""

from __future__ import annotations

import os
import shutil
import subprocess

import pytest

from tests.conftest import ROOT

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def address():
    """The report of the default project; made if it is not there or not up to date."""
    subprocess.run([ROOT / "run", "--quiet", "all"], check=True, cwd=ROOT)
    return (ROOT / "results/report.html").as_uri()


@pytest.fixture(scope="module")
def browser():
    from playwright.sync_api import sync_playwright

    path = shutil.which("chromium") or shutil.which("google-chrome") or os.environ["CHROMIUM"]
    with sync_playwright() as play:
        running = play.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield running
        running.close()


@pytest.mark.parametrize("width", [360, 768, 1280])
def test_opens_with_one_request_no_message_and_no_sideways_scroll(browser, address, width):
    page = browser.new_page(viewport={"width": width, "height": 800})
    requests, messages = [], []
    page.on("request", lambda r: requests.append(r.url))
    page.on("console", lambda m: messages.append(m.text))
    page.on("pageerror", lambda e: messages.append(str(e)))
    page.goto(address)
    assert [r for r in requests if not r.startswith("data:")] == [address]
    assert messages == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.close()


def test_texts_of_figures_are_apart_and_inside(browser, address):
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    page.goto(address)
    page.evaluate("document.fonts.ready")
    faults = page.evaluate(
        """() => {
          const faults = [];
          for (const svg of document.querySelectorAll('figure svg')) {
            const boxes = [];
            for (const t of svg.querySelectorAll('text')) {
              const r = t.getBoundingClientRect(), o = svg.getBoundingClientRect();
              boxes.push([r.left - o.left, r.top - o.top, r.right - o.left, r.bottom - o.top, t.textContent]);
              if (r.right > o.right + 1 || r.left < o.left - 1) faults.push('outside: ' + t.textContent);
            }
            for (let i = 0; i < boxes.length; i++) for (let j = i + 1; j < boxes.length; j++) {
              const a = boxes[i], b = boxes[j];
              // A line box is higher than its letters; half of it overlapping is a real overlap.
              const h = Math.min(a[3], b[3]) - Math.max(a[1], b[1]), w = Math.min(a[2], b[2]) - Math.max(a[0], b[0]);
              if (w > 1 && h > 0.5 * Math.min(a[3] - a[1], b[3] - b[1])) faults.push(a[4] + ' / ' + b[4]);
            }
          }
          return faults;
        }"""
    )
    assert faults == []
    page.close()


def test_sources_open_and_lead_somewhere(browser, address):
    page = browser.new_page()
    page.goto(address)
    page.click("section[aria-labelledby=response_24h_or] td details summary >> nth=0")
    assert page.is_visible("section[aria-labelledby=response_24h_or] .from >> nth=0")
    page.click("section[aria-labelledby=response_24h_or] .from a >> nth=0")
    assert page.url.split("#")[1].startswith("source-")
    page.close()
