"""Anchors of the report. They never change: links that were sent stay good."""

from __future__ import annotations

import re

# Parts and rows of the page itself; an analysis may have such an id.
_PARTS = (
    "answer", "picture", "findings", "time", "outcomes", "sure", "claims", "reproduction", "studies", "methods",
    "files", "changes", "integrity", "accepted", "sources", "glossary", "live", "find", "hits", "theme", "copy", "cite",
    "more",
)  # fmt: skip
_ROWS = ("source-", "claim-", "claims-", "printed-", "study-", "analysis-", "card-", "o-", "g-", "f-", "spec-", "say-",
         "pick-", "filter-")  # fmt: skip


def anchor_of(analysis: str) -> str:
    """Anchor of an analysis in the page: its id, if no other part of the page has it."""
    return f"analysis-{analysis}" if analysis in _PARTS or analysis.startswith(_ROWS) else analysis


def slug(name: str, taken: set[str]) -> str:
    """A name as part of an anchor, unlike those that are taken; it is taken then."""
    plain = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:60] or "part"
    found, number = plain, 2
    while found in taken:
        found, number = f"{plain}-{number}", number + 1
    taken.add(found)
    return found
