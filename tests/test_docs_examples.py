"""The examples of the docs run as they stand."""

from __future__ import annotations

import doctest

import pytest

from tests.conftest import ROOT


@pytest.mark.parametrize("page", ["robustness.md", "other-programs.md"])
def test_examples_of_a_page_give_what_it_shows(page):
    found = doctest.testfile(
        str(ROOT / "docs" / page), module_relative=False, optionflags=doctest.NORMALIZE_WHITESPACE, encoding="utf-8"
    )
    assert found.attempted > 0 and found.failed == 0
