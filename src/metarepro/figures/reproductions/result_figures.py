"""Figures of single printed results: all ways of computing each, and its studies as printed and as recomputed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

from metarepro.figures.reproductions.strip import specification_strip
from metarepro.figures.reproductions.study_pairs import study_pairs_pages
from metarepro.reproduction.result import Reproduction


def result_figures(found: Sequence[Reproduction]) -> Iterator[tuple[str, Reproduction, Callable[[], Any]]]:
    """Each figure's name, what it shows and what makes its pages.

    The name is the id of a printed result, with `studies-` before it where the report prints its studies.
    """
    for r in found:
        if r.specifications:
            yield r.id, r, partial(specification_strip, r)
    for r in found:
        if any(s.printed.estimate for s in r.studies):
            yield f"studies-{r.id}", r, partial(study_pairs_pages, r)
