"""What the conversions hand back: numbers, and one sentence saying where they come from."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches

import numpy as np
from numpy.typing import ArrayLike, NDArray

from metarepro.effects.checks import Array, as_columns, refuse
from metarepro.errors import ConfigError

HANDBOOK = "doi:10.1002/9781119536604.ch6"


@dataclass(frozen=True, eq=False)
class Converted:
    """One converted number a study.

    Attributes
    ----------
    value : ndarray
        The converted numbers; NaN where an input is missing.
    provenance : str
        What was converted from what, by which formula, under which assumption, with the reference.
    """

    value: Array
    provenance: str


@dataclass(frozen=True, eq=False)
class ConvertedMean:
    """Mean, SD and size of an arm.

    Attributes
    ----------
    mean, sd, n : ndarray
        On the scale of the input; `n` is NaN where it was not given.
    provenance : str
        As in `Converted`.
    """

    mean: Array
    sd: Array
    n: Array
    provenance: str


@dataclass(frozen=True, eq=False)
class ConvertedEndpoint(ConvertedMean):
    """Mean and SD at the end of a study, from baseline and change.

    Attributes
    ----------
    sd_other : ndarray
        The second, smaller SD that the same numbers allow; NaN where there is none.
    solutions : ndarray of int
        How many SDs the numbers allow: 0, 1 or 2; -1 where an input is missing.
    """

    sd_other: Array
    solutions: NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class ConvertedQuantiles(ConvertedMean):
    """Mean and SD estimated from a median with the range, the quartiles or both.

    Attributes
    ----------
    scenario : tuple of str
        What each study gave: ``S1`` (range), ``S2`` (quartiles), ``S3`` (both), or ``""`` (too little).
    distribution : tuple of str
        The distribution each estimate rests on; ``""`` where there is no estimate.
    """

    scenario: tuple[str, ...]
    distribution: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class ConvertedEffect:
    """An effect and its standard error.

    Attributes
    ----------
    estimate, se : ndarray
        On the scale that `provenance` names; ratios on the log scale.
    provenance : str
        As in `Converted`.
    """

    estimate: Array
    se: Array
    provenance: str


@dataclass(frozen=True, eq=False)
class ConvertedCount:
    """Whole counts behind a printed percentage.

    Attributes
    ----------
    value : ndarray
        The count nearest to the percentage among those that fit; NaN where none fits.
    low, high : ndarray
        The smallest and largest count that fit; NaN where none fits.
    unique : ndarray of bool
        Whether exactly one count fits.
    provenance : str
        As in `Converted`.
    """

    value: Array
    low: Array
    high: Array
    unique: NDArray[np.bool_]
    provenance: str


@dataclass(frozen=True, eq=False)
class CombinedCounts:
    """Events and total of arms taken together.

    Attributes
    ----------
    events, total : ndarray
        Sums over the arms.
    provenance : str
        As in `Converted`.
    """

    events: Array
    total: Array
    provenance: str


@dataclass(frozen=True, eq=False)
class SkewnessTest:
    """Whether a five-number summary looks like that of skewed data.

    Attributes
    ----------
    statistic, critical : ndarray
        Test statistic and its critical value at the 0.05 level; NaN where an input is missing.
    skewed : ndarray of bool
        Whether the statistic exceeds the critical value; False where the test could not be made.
    scenario : tuple of str
        As in `ConvertedQuantiles`.
    provenance : str
        As in `Converted`.
    """

    statistic: Array
    critical: Array
    skewed: NDArray[np.bool_]
    scenario: tuple[str, ...]
    provenance: str


def take(**columns: ArrayLike | None) -> dict[str, Array]:
    """Columns as float arrays of one shape; an infinite number is refused, a missing one (NaN) passes."""
    arrays = as_columns(columns)
    for name, values in arrays.items():
        refuse(np.isinf(values), f"{name} is infinite", "Give a finite number.", **{name: values})
    return arrays


def need(fine: NDArray[np.bool_], what: str, fix: str, **columns: Array) -> None:
    """Refuse rows whose numbers are all there but not `fine`."""
    present = np.ones(np.shape(fine), dtype=bool)
    for values in columns.values():
        present &= ~np.isnan(values)
    refuse(present & ~fine, what, fix, **columns)


def need_positive(**columns: Array) -> None:
    """Refuse numbers that are not above 0."""
    for name, values in columns.items():
        need(
            values > 0,
            f"{name} is not positive",
            "Give a number > 0; a printed 0.0 is a rounded one.",
            **{name: values},
        )


def need_sizes(least: int, **columns: Array) -> None:
    """Refuse numbers of patients below `least`."""
    for name, values in columns.items():
        need(values >= least, f"{name} is below {least}", "Give the number of patients analysed.", **{name: values})


def need_p(p: Array) -> None:
    """Refuse p-values that are not exact ones between 0 and 1."""
    fix = 'Give an exact two-sided p-value; "<0.001" is only a bound.'
    need((p > 0) & (p < 1), "p is not between 0 and 1", fix, p=p)


def need_correlation(r: Array) -> None:
    """Refuse correlations outside -1 to 1."""
    need(np.abs(r) <= 1, "r is not a correlation", "Give a number from -1 to 1.", r=r)


def need_interval(ci_low: Array, ci_high: Array) -> None:
    """Refuse intervals whose lower bound is not below the upper one."""
    bounds = {"ci_low": ci_low, "ci_high": ci_high}
    need(ci_low < ci_high, "ci_low is not below ci_high", "Are the bounds swapped?", **bounds)


def check_option(name: str, value: str, allowed: tuple[str, ...]) -> None:
    """Refuse words that are not on the list of an option, naming the nearest one that is."""
    if value in allowed:
        return
    near = get_close_matches(str(value), allowed, n=1, cutoff=0.5)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    raise ConfigError(f"{name} = {value!r} is not known.{hint} Allowed: {', '.join(allowed)}.")


def in_rows(chosen: NDArray[np.bool_]) -> str:
    """Words for the rows where `chosen` is true, such as " in rows 0, 3"; none where there is one study only."""
    rows = np.flatnonzero(chosen)
    if np.size(chosen) == 1:
        return ""
    return f" in row{'s' * (rows.size > 1)} {', '.join(str(int(r)) for r in rows)}"
