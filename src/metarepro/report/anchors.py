"""Anchors of the report."""

from __future__ import annotations

# Sections and rows of the page itself; an analysis may have such an id.
_SECTIONS = ("overview", "changes", "claims", "printed", "risk-of-bias", "integrity", "accepted", "sources")
_ROWS = ("source-", "claim-", "claims-", "printed-", "analysis-")


def anchor_of(analysis: str) -> str:
    """Anchor of an analysis in the page: its id, if no other part of the page has it."""
    return f"analysis-{analysis}" if analysis in _SECTIONS or analysis.startswith(_ROWS) else analysis
