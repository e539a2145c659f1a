"""Figures of single printed results: all ways of computing each, and its studies as printed and as recomputed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from metarepro.figures.reproductions.strip import specification_strip
from metarepro.figures.reproductions.study_pairs import study_pairs_pages
from metarepro.reproduction.result import Reproduction


def result_figures(found: Sequence[Reproduction]) -> dict[str, Any]:
    """Figures by name: the id of a printed result, and `studies-` before it where the report prints its studies."""
    figures: dict[str, Any] = {r.id: specification_strip(r) for r in found if r.specifications}
    return figures | {
        f"studies-{r.id}": study_pairs_pages(r) for r in found if any(s.printed.estimate for s in r.studies)
    }
