"""Counts of two arms by study: checked columns of one problem or a batch, and tests that need nothing but them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from metarepro.effects.checks import Array, as_columns, check_counts, flat_columns
from metarepro.effects.core import column_of, columns_of
from metarepro.effects.rates import check_rate
from metarepro.errors import DataError
from metarepro.pooling.inference import chi2_upper_tail
from metarepro.pooling.kernel import Mask

# Names of the tests.
TESTS = ("cmh", "cmh_p", "breslow_day", "breslow_day_p", "tarone", "tarone_p")


@dataclass(frozen=True)
class CountTables:
    """Counts (or events and person-times) of studies, (..., k), and which of them are used; 0 and 1 stand elsewhere.

    `given` are the columns as they came (without the mask's axes), NaN for studies that no problem uses.
    """

    given: dict[str, Array]
    e1: Array
    n1: Array
    e2: Array
    n2: Array
    used: Mask

    @cached_property
    def _every(self) -> bool:
        return bool(self.used.all())

    def sum(self, terms: Array) -> Any:
        """Sum over the studies in use."""
        return np.add.reduce(terms if self._every else np.where(self.used, terms, 0.0), -1)


def read_tables(
    given: dict[str, Any], mask: ArrayLike | None, data: Any = None, labels: Any = None
) -> tuple[CountTables, Any]:
    """Checked columns and labels; studies with a missing number are not used."""
    columns = as_columns(columns_of(data, given))
    if isinstance(labels, str):
        labels = column_of(data, labels, "labels")
    labels = None if labels is None else list(labels) or None
    known: Mask = ~np.isnan(np.array(list(columns.values()))).any(0)
    if mask is None and known.ndim == 1 and known.all():
        if not known.size:
            raise DataError("There is no study with complete counts.")
        _check(columns)
        e1, n1, e2, n2 = columns.values()
        return CountTables(columns, e1, n1, e2, n2, np.ones(e1.shape, dtype=bool)), labels
    shown = np.asarray(True if mask is None else np.ma.filled(mask, False))
    if shown.dtype != np.bool_:
        raise DataError("mask must be boolean.")
    if known.ndim == 1 and known.size > 1:
        _, shown = flat_columns(known, shown)
    try:
        used: Mask = np.asarray(known & shown)
    except ValueError:
        raise DataError(f"e1 {known.shape} and mask {shown.shape} do not fit together.") from None
    if not used.size or not used.any(-1).all():
        which = f" in problem {np.flatnonzero(~used.any(-1))[0]}" if used.ndim > 1 and used.size else ""
        raise DataError(f"There is no study with complete counts{which}.")
    shown = used if used.ndim == known.ndim else np.asarray(used.reshape(-1, used.shape[-1]).any(0))
    columns = {n: np.where(shown, c, np.nan) for n, c in columns.items()}
    _check(columns)
    e1, n1, e2, n2 = (np.where(used, c, x) for c, x in zip(columns.values(), (0, 1, 0, 1), strict=True))
    return CountTables(columns, e1, n1, e2, n2, used), labels


def _check(columns: dict[str, Array]) -> None:
    first, one, second, two = columns.values()
    if "t1" in columns:
        check_rate(first, one, "1")
        check_rate(second, two, "2")
    else:
        check_counts(first, one, "e1", "n1")
        check_counts(second, two, "e2", "n2")


def _named_chi2(name: str, value: Any, df: Any) -> dict[str, Any]:
    """A statistic and its p-value."""
    return {name: value, f"{name}_p": chi2_upper_tail(np.asarray(value), np.asarray(df))}


def rate_test(tables: CountTables, correction: bool) -> dict[str, Any]:
    """Cochran-Mantel-Haenszel test for person-time data."""
    e1, t1, t = tables.e1, tables.n1, tables.n1 + tables.n2
    e = e1 + tables.e2
    variance = tables.sum(e * t1 * tables.n2 / t**2)
    with np.errstate(divide="ignore", invalid="ignore"):
        distance = np.maximum(np.abs(tables.sum(e1 - e * t1 / t)) - 0.5 * correction, 0)
        return _named_chi2("cmh", np.where(variance > 0, distance**2 / variance, np.nan), np.ones(np.shape(variance)))


def odds_ratio_tests(t: CountTables, odds_ratio: Any, correction: bool) -> dict[str, Any]:
    """Cochran-Mantel-Haenszel, Breslow-Day and Tarone tests."""
    n, events = t.n1 + t.n2, t.e1 + t.e2
    # Studies of one patient, without events or with events only say nothing here.
    tells = t.used & (n > 1) & (events > 0) & (events < n)
    t = replace(t, used=tells)
    number = tells.sum(-1)
    with np.errstate(divide="ignore", invalid="ignore"):
        variance = t.sum(t.n1 * t.n2 * events * (n - events) / (n * n * (n - 1)))
        distance = np.maximum(np.abs(t.sum(t.e1 - t.n1 * events / n)) - 0.5 * correction, 0)
        cmh = np.where(number > 0, distance**2 / variance, np.nan)
        # Fitted events under one odds ratio: the root of a quadratic that lies inside its bounds.
        ratio = np.asarray(np.where((odds_ratio > 0) & (odds_ratio < np.inf) & (number > 0), odds_ratio, np.nan))
        ratio = ratio[..., None]
        x, y, z = 1 - ratio, (t.n2 - events) + ratio * (t.n1 + events), -ratio * t.n1 * events
        # The stable form of the root (-y + sqrt(y^2 - 4 x z)) / (2 x); it holds for an odds ratio of 1 (x = 0) too.
        fitted = -2 * z / (y + np.sqrt(y * y - 4 * x * z))
        inverse = 1 / fitted + 1 / (t.n1 - fitted) + 1 / (events - fitted) + 1 / (t.n2 - events + fitted)
        bd = t.sum((t.e1 - fitted) ** 2 * inverse)
        tarone = bd - t.sum(t.e1 - fitted) ** 2 / t.sum(1 / inverse)
        bd, tarone = (np.where(np.isnan(ratio[..., 0]), np.nan, x) for x in (bd, tarone))
    return (
        _named_chi2("cmh", cmh, np.ones(np.shape(number)))
        | _named_chi2("breslow_day", bd, number - 1.0)
        | _named_chi2("tarone", tarone, number - 1.0)
    )
