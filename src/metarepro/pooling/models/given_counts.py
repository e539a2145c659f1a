"""Counts however they are given, for every model of counts: arrays, effect sizes, or names of columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from metarepro.effects.checks import as_columns, check_counts
from metarepro.effects.core import column_of, columns_of
from metarepro.effects.rates import check_rate
from metarepro.errors import DataError
from metarepro.notes import Note, list_rows
from metarepro.pooling.kernel import Array, Mask


@dataclass(frozen=True)
class GivenCounts:
    """Columns of counts as given, which rows are complete, names of the studies if there are any, and notes."""

    numbers: tuple[Array, ...]
    known: Mask
    names: Sequence[Any] | None
    notes: tuple[Note, ...]

    def names_of(self, kept: Mask) -> list[Any] | None:
        """Names of some rows."""
        return None if self.names is None else [x for x, ok in zip(self.names, kept, strict=True) if ok]

    def demand_whole(self, model: str) -> None:
        """Refuse complete rows with a count that is no whole number."""
        broken = np.asarray(self.known & np.any([x != np.round(x) for x in self.numbers], axis=0))
        if broken.any():
            rows = list_rows(int(i) for i in np.flatnonzero(broken))
            raise DataError(f"{model} counts patients one by one, and a count is no whole number in {rows}.")


def read_given_counts(
    measure: str, wanted: Sequence[str], given: Mapping[str, Any], data: Any, labels: Any
) -> GivenCounts:
    """Read the columns that a measure is made of: events and totals, in turn.

    Raises
    ------
    DataError
        A column that is not given, impossible counts or person-time, with the rows.
    """
    lacking = [name for name in wanted if given.get(name) is None]
    if lacking:
        raise DataError(f"{measure} needs {', '.join(wanted)}; missing: {', '.join(lacking)}.")
    columns = as_columns(columns_of(data, {name: given[name] for name in wanted}))
    for events, total in zip(wanted[::2], wanted[1::2], strict=True):
        if total.startswith("n"):
            check_counts(columns[events], columns[total], events, total)
        else:
            check_rate(columns[events], columns[total], total.removeprefix("t"))
    numbers = tuple(columns[name].ravel() for name in wanted)
    known = np.asarray(np.isfinite(numbers).all(0))
    lost = [int(r) for r in np.flatnonzero(~known)]
    names = column_of(data, labels, "labels") if isinstance(labels, str) else labels
    return GivenCounts(numbers, known, names, (Note("counts_missing", rows=lost),) if lost else ())
