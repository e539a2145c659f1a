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
    page.write_text(
        "# A page\n\n```python\n>>> 1 + 1\n3\n```\n\n```python\n1 / 0\n```\n\n```yaml\na: [1\n```\n", encoding="utf-8"
    )
    wrong, failed, no_yaml = run_page(page)
    assert "Expected:" in wrong and "page.md:9:" in failed and "ZeroDivisionError" in failed
    assert no_yaml.startswith("page.md:13: ")
