"""What docs/your-data.md shows is what its commands print."""

from __future__ import annotations

import pytest

from tests.transcript import ROOT, play


@pytest.mark.slow
def test_every_command_of_the_guide_prints_what_it_shows(tmp_path):
    text = (ROOT / "docs" / "your-data.md").read_text(encoding="utf-8")
    assert text.count("\n$ ") == 12
    assert play(text, tmp_path) == text
    assert (tmp_path / "my-review" / "results" / "report.html").exists()
