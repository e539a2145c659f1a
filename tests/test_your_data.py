"""What pages with commands show is what the commands print."""

from __future__ import annotations

import pytest

from tests.transcript import ROOT, play

PAGES = {"your-data": (12, "my-review"), "import-metapsy": (2, "psilocybin"), "import-revman": (2, "aspirin")}


@pytest.mark.slow
@pytest.mark.parametrize("page", list(PAGES))
def test_every_command_of_the_page_prints_what_it_shows(tmp_path, page):
    commands, project = PAGES[page]
    text = (ROOT / "docs" / f"{page}.md").read_text(encoding="utf-8")
    assert text.count("\n$ ") == commands
    assert play(text, tmp_path) == text
    assert (tmp_path / project / "results" / "report.html").exists()
