"""Moderators of an analysis: the columns that its formula names, and their values beside each comparison."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from metarepro.analysis.columns import cells_of, words_of
from metarepro.analysis.selection import Comparison
from metarepro.pooling.formulas import check_formula


def moderator_names(formula: str, columns: Sequence[str]) -> tuple[str, ...]:
    """Columns that a formula uses, in alphabetical order.

    Raises
    ------
    ConfigError, DataError
        A part that is not allowed, or a column that the tables do not have.
    """
    check_formula(formula, columns)
    from formulaic import Formula

    return tuple(sorted(str(v) for v in Formula(formula).required_variables))


def moderators_of(names: Sequence[str], comparison: Comparison) -> dict[str, str | float | None]:
    """Values of the moderators of a comparison: a number, a text where it is none, None where nothing is stated."""
    found: dict[str, str | float | None] = {}
    for name in names:
        cells = cells_of(name, comparison.rows, comparison.experimental, comparison.study)
        found[name] = _value(cells[0]) if len(cells) == 1 else words_of(cells) or None
    return found


def _value(cell: Any) -> str | float:
    try:
        return float(cell) if not isinstance(cell, bool) else words_of([cell])
    except ValueError:
        return str(cell)
