"""Columns of the tables, the user's own ones too, as analyses use them: subgroups, moderators, filters, figures."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from metarepro.evidence.dataset import Dataset
from metarepro.evidence.rows import Row, known_columns
from metarepro.evidence.tables import Arm, Study

# Where a column may stand, nearest to the number first; a name with a dot says it: studies.year, arms.route, rows.dose.
PLACES = ("rows", "arms", "studies")


def columns_known(data: Dataset) -> set[str]:
    """Names of all columns that analyses can use, with their place before them and without."""
    found: set[str] = set()
    rows: dict[str, Iterable[Row]] = {
        "rows": data.number_rows, "arms": data.arms.values(), "studies": data.studies.values(),
    }  # fmt: skip
    for place, members in rows.items():
        names = {n for row in members for n in (*known_columns(type(row)), *row.own)}
        found |= names | {f"{place}.{n}" for n in names}
    return found


def own_columns(data: Dataset) -> dict[str, list[str]]:
    """Columns of the user's own by table, in their order."""
    found: dict[str, list[str]] = {}
    for row in data.rows:
        found.setdefault(row.table, []).extend(n for n in row.own if n not in found.get(row.table, ()))
    return {table: names for table, names in found.items() if names}


def cells_of(name: str, rows: Sequence[Row], arms: Sequence[Arm], study: Study) -> tuple[Any, ...]:
    """Values of a column beside a comparison, each once; empty cells are left out.

    A column of the user's own comes before one of ours of the same name elsewhere; of the places that have the column
    the one nearest to the numbers counts.

    Parameters
    ----------
    name : str
        Column, or place and column as ``studies.year``.
    rows : sequence of Row
        Of the numbers that are used.
    arms : sequence of Arm
        Experimental ones.
    study : Study
    """
    place, _, column = name.rpartition(".")
    members: dict[str, Sequence[Row]] = {"rows": rows, "arms": arms, "studies": (study,)}
    if place not in members:
        place, column = "", name
    for is_own in (True, False):
        for where in (place,) if place else PLACES:
            cells = list(_cells(column, members[where], is_own))
            if cells:
                return tuple(dict.fromkeys(c for c in cells if c not in (None, "")))
    return ()


def _cells(column: str, rows: Sequence[Row], is_own: bool) -> Iterator[Any]:
    for row in rows:
        if is_own and column in row.own:
            yield row.own[column].strip()
        elif not is_own and column in known_columns(type(row)):
            yield getattr(row, column)


def words_of(cells: Iterable[Any]) -> str:
    """Cells as a reader reads them, joined by `or`; empty if there is none."""
    return " or ".join(_word(c) for c in cells)


def _word(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:g}" if isinstance(value, int | float) else str(value)


def is_one_of(cell: Any, wanted: Iterable[Any]) -> bool:
    """Whether a cell is one of some words or numbers; 1 and 1.0 are one number, written as text or not."""
    return any(_word(cell) == _word(w) or (_number(cell) is not None and _number(cell) == _number(w)) for w in wanted)


def _number(value: Any) -> float | None:
    try:
        return float(value)
    except (TypeError, ValueError):
        return None
