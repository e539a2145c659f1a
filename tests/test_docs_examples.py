"""The examples of the docs run as they stand; docs/build.py runs those of every page."""

from __future__ import annotations

import pytest
from docs.run_code import run_page

from tests.conftest import ROOT


@pytest.mark.parametrize("page", ["robustness", "other-programs", "models", "quickstart", "examples/several-effects"])
def test_examples_of_a_page_give_what_it_shows(page):
    assert run_page(ROOT / f"docs/{page}.md") == []


def test_a_page_that_shows_something_else_is_told(tmp_path):
    page = tmp_path / "page.md"
    blocks = [
        ("python", ">>> 1 + 1\n3"), ("python", "1 / 0"), ("yaml", "a: [1"),
        ("yaml", "outcomes: {response: {label: Response, better: best}}\nanalysis: []"), ("yaml", "- {id: a, outcome: response}"),
    ]  # fmt: skip
    page.write_text("".join(f"```{language}\n{code}\n```\n" for language, code in blocks), encoding="utf-8")
    wrong, failed, no_yaml, value, key = run_page(page)
    assert "Expected:" in wrong and "page.md:6:" in failed and "ZeroDivisionError" in failed
    assert no_yaml.startswith("page.md:9: ") and "page.md:12: outcomes: " in value and "best" in value
    assert key == "page.md:12: analysis is no setting"
