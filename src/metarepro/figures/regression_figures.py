"""Bubble plots of the meta-regressions of analyses."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any

from metarepro.analysis.moderators import regression_of
from metarepro.analysis.result import AnalysisResult
from metarepro.errors import ConfigError, DataError
from metarepro.figures.bubble_plots.bubble import bubble


def regression_figures(results: Iterable[AnalysisResult]) -> Iterator[tuple[str, AnalysisResult, Callable[[], Any]]]:
    """Each figure's name, what it shows and what makes its page: one for each numeric moderator of an analysis."""
    for result in results:
        for number, moderator in enumerate(result.regression.bubbles if result.regression else (), 1):
            # NAME-2 would be the second page of NAME.
            yield f"{result.id}.{number}", result, partial(_bubble, result, moderator)


def _bubble(result: AnalysisResult, moderator: str) -> Any:
    try:
        return bubble(regression_of(result), moderator, measure=result.measure, title=result.title)
    except (ConfigError, DataError):
        return None  # a term that is transformed has no values to draw: its numbers stand in the table
