"""Checks of the numbers that effect sizes are made of. Missing values (NaN) pass; impossible ones do not."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from metarepro.errors import DataError
from metarepro.notes import list_rows

Array = NDArray[np.float64]


def as_columns(columns: dict[str, ArrayLike | None]) -> dict[str, Array]:
    """Turn keyword columns into float arrays of one shape, the last axis of which is studies.

    A missing keyword or an unequal number of studies is an error; leading axes are broadcast.
    """
    absent = [name for name, values in columns.items() if values is None]
    if absent:
        raise DataError(f"Missing column{'s' * (len(absent) > 1)}: {', '.join(absent)}. Needed: {', '.join(columns)}.")
    # A copy: nobody may change what a caller passed in.
    found = {name: np.atleast_1d(np.array(read_numbers(x, f"Column {name}"))) for name, x in columns.items()}
    if len({a.shape for a in found.values()}) == 1:
        first = next(iter(found.values()))
        if first.ndim == 1 or first.shape[-1] > 1:
            return found
    arrays = dict(zip(found, flat_columns(*found.values()), strict=True))
    lengths = {name: a.shape for name, a in arrays.items() if a.size != 1}
    try:
        if len({shape[-1] for shape in lengths.values()}) > 1:
            raise ValueError
        shaped = np.broadcast_arrays(*arrays.values())
    except ValueError:
        listed = ", ".join(f"{n} {s}" for n, s in lengths.items())
        raise DataError(f"Columns differ in shape: {listed}.") from None
    return {name: np.array(a, dtype=np.float64) for name, a in zip(arrays, shaped, strict=True)}


def where_no_number(values: Any) -> str:
    """Where a sequence has something that is no number, for a message; empty if it has one value, or none can tell."""
    if isinstance(values, str):
        return f" It is the text {values!r}; columns of a frame are named with data=."
    try:
        for row, value in enumerate(values if len(values) > 1 else ()):
            try:
                float(np.nan if is_missing(value) else value)
            except (TypeError, ValueError):
                return f" Row {row} (counted from 0) is {value!r}." if np.ndim(value) == 0 else ""
    except TypeError:
        pass
    return ""


def read_numbers(values: Any, name: str) -> Array:
    """Numbers as an array, the one door for all: without copying one that is an array of them already.

    Missing (NaN) is what is masked, None, and the missing value of pandas and polars.

    Raises
    ------
    DataError
        Something that is not a number; the message has its row.
    """
    try:
        if isinstance(values, np.ma.MaskedArray):
            return np.asarray(np.ma.filled(values.astype(np.float64), np.nan))
        try:
            return np.asarray(values, dtype=np.float64)
        except (TypeError, ValueError):
            cells = np.array(values, dtype=object)
            gaps = np.array([is_missing(x) for x in cells.ravel()], dtype=bool).reshape(cells.shape)
            if not gaps.any():
                raise
            cells[gaps] = np.nan
            return np.asarray(cells, dtype=np.float64)
    except (TypeError, ValueError):
        raise DataError(f"{name} holds something that is not a number.{where_no_number(values)}") from None


def is_missing(value: Any) -> bool:
    """Whether one value stands for none: None, NaN, pandas' NA and NaT, what is masked."""
    if value is None or value is np.ma.masked:
        return True
    try:
        # NaN and NaT are unlike themselves; the comparison of NA has no truth value.
        return bool(value != value)
    except (TypeError, ValueError):
        return type(value).__name__ == "NAType"


def read_labels(values: Any, what: str, fix: str) -> list[Any]:
    """Names of studies or of their groups, also of a column of shape (k, 1); a missing or blank one is refused."""
    if isinstance(values, np.ma.MaskedArray):
        masked, values = np.ma.getmaskarray(values), np.array(values.data, dtype=object)
        values[masked] = None
    labels = list(np.asarray(values, dtype=object).ravel() if np.ndim(values) == 2 else values)
    empty = [row for row, x in enumerate(labels) if is_missing(x) or (isinstance(x, str) and not x.strip())]
    if empty:
        raise DataError(f"{what} is missing in {list_rows(empty)}. Fix: {fix}")
    return labels


def flat_columns(*arrays: Any) -> tuple[Any, ...]:
    """Columns of shape (k, 1), as of a matrix or a frame, as k studies; batches as they are.

    All that are not a single number must be such a column or k numbers, so that a batch is not taken for one.
    """
    several = [np.shape(a) for a in arrays if a is not None and np.size(a) != 1]
    k = several[0][0] if several else 0
    if (k, 1) not in several or not set(several) <= {(k,), (k, 1)}:
        return arrays
    return tuple(a if a is None or np.size(a) == 1 else np.reshape(a, k) for a in arrays)


def refuse(bad: NDArray[np.bool_], what: str, fix: str, **columns: Any) -> None:
    """Raise a DataError that names the rows where `bad` is true, with their values."""
    if not np.any(bad):
        return
    # Of a batch the last axis is studies.
    width = np.shape(bad)[-1] if np.ndim(bad) else 1
    places = np.flatnonzero(bad)
    rows, first = np.unique(places % width), int(places[0]) % width
    values = ", ".join(f"{name} = {np.ravel(a)[places[0]]:g}" for name, a in columns.items())
    listed = ", ".join(str(int(r)) for r in rows[:10]) + (", ..." if rows.size > 10 else "")
    raise DataError(f"{what} in row{'s' * (rows.size > 1)} {listed} (counted from 0; row {first}: {values}). {fix}")


def check_counts(events: Array, total: Array, e_name: str, n_name: str) -> None:
    """Refuse counts that cannot be counts."""
    if ((events >= 0) & (events <= total) & (total > 0) & (total < np.inf)).all():
        return
    named = {e_name: events, n_name: total}
    refuse(np.isinf(events) | np.isinf(total), "A count is infinite", "Give whole numbers.", **named)
    refuse(total <= 0, f"{n_name} is not positive", "Give the number of patients, 1 or more.", **named)
    refuse(events < 0, f"{e_name} is negative", f"Give a whole number from 0 to {n_name}.", **named)
    refuse(events > total, f"{e_name} is larger than {n_name}", f"Give a whole number from 0 to {n_name}.", **named)


def check_means(mean: Array, sd: Array, n: Array, suffix: str) -> None:
    """Refuse means, standard deviations and sizes that cannot be such."""
    named = {f"m{suffix}": mean, f"sd{suffix}": sd, f"n{suffix}": n}
    infinite = np.isinf(mean) | np.isinf(sd) | np.isinf(n)
    refuse(infinite, f"m{suffix}, sd{suffix} or n{suffix} is infinite", "Give finite numbers.", **named)
    refuse(n < 1, f"n{suffix} is below 1", "Give the number of patients analysed.", **named)
    refuse(sd < 0, f"sd{suffix} is negative", "A standard deviation is 0 or more.", **named)
