"""The pooled effect without each study in turn, and as studies are added one by one: batches of one call."""

from __future__ import annotations

from dataclasses import dataclass, fields
from itertools import combinations
from math import comb
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from metarepro.effects.checks import read_numbers
from metarepro.effects.core import EffectSizes, column_of
from metarepro.errors import ConfigError, DataError
from metarepro.notes import Note, list_rows
from metarepro.pooling.fit import PooledFit, fit_effects
from metarepro.pooling.given_effects import one_set
from metarepro.pooling.kernel import Array, Mask

PRECISION = "precision"
# Sets of studies that are left out together, at most.
MOST_SETS = 200_000


@dataclass(frozen=True, eq=False, repr=False)
class Refits(PooledFit):
    """A batch of fits, one for each study or cluster that was left out or added; arrays of the batch's length.

    Attributes
    ----------
    labels : tuple of str
        Which study or cluster, in the order of the fits; their rows counted from 0 where studies have no names.
    kind : {'leave_one_out', 'leave_k_out', 'cumulative'}
    """

    labels: tuple[str, ...] = ()
    kind: str = ""

    @property
    def coefficients(self) -> tuple[str, ...]:
        """Names of the rows."""
        return self.labels

    def to_frame(self) -> Any:
        """A data frame with one row a fit."""
        import pandas as pd

        frame = super().to_frame()
        frame.index = pd.Index(self.labels, name="study")
        return frame


def leave_one_out(
    yi: ArrayLike | EffectSizes | str, vi: ArrayLike | str | None = None, *, data: Any = None, labels: Any = None,
    cluster: ArrayLike | str | None = None, tau2: str | float = "REML", ci: str | None = None, level: float = 0.95,
    pi: str = "HTS",
) -> Refits:  # fmt: skip
    """Pool without each study in turn, or without each cluster of effects.

    Parameters
    ----------
    yi, vi, data, labels
        As in `pool`: effects and variances of shape (k,), `EffectSizes`, or names of columns of `data`.
    cluster : array_like of shape (k,), or str, optional
        Study of each effect, where a study has several: all effects of a study are left out together.
    tau2, ci, level, pi
        As in `pool`.

    Returns
    -------
    Refits
        One fit for each study with a usable effect, in the order of the rows; for each cluster in the order of their
        first rows.

    Raises
    ------
    DataError
        As `pool`; fewer than two studies.

    Notes
    -----
    When not to use: as a search for the study to throw out. It says how far the result hangs on single studies; a study
    that moves it is not thereby wrong.

    References
    ----------
    Viechtbauer & Cheung 2010, doi:10.1002/jrsm.11.

    Examples
    --------
    >>> without = leave_one_out([0.1, 0.3, 0.9], [0.02, 0.03, 0.05], tau2="DL", ci="z")
    >>> [round(float(x), 3) for x in without.beta]
    [0.583, 0.481, 0.18]
    """
    studies, y, v, known, notes = one_set(yi, vi, data, labels, "leave_one_out")
    groups, names = _groups(studies, known, cluster, data)
    if len(names) < 2:
        raise DataError("There is one study with a usable effect, and nothing is left without it.")
    mask = known & (groups != np.arange(len(names))[:, None])
    return _refits(studies, y, v, mask, names, notes, tau2, ci, level, pi, "leave_one_out")


def leave_k_out(
    yi: ArrayLike | EffectSizes | str, vi: ArrayLike | str | None = None, number: int = 2, *, data: Any = None,
    labels: Any = None, tau2: str | float = "REML", ci: str | None = None, level: float = 0.95, pi: str = "HTS",
) -> Refits:  # fmt: skip
    """Pool without each set of so many studies.

    Parameters
    ----------
    yi, vi, data, labels
        As in `leave_one_out`.
    number : int, default 2
        Studies that are left out together.
    tau2, ci, level, pi
        As in `pool`.

    Returns
    -------
    Refits
        One fit for each set, in the order of combinations; a label names its studies.

    Raises
    ------
    DataError
        As `pool`; no study left; more than 200,000 sets.

    Notes
    -----
    When not to use: for many sets; `gosh` draws them at random.

    Examples
    --------
    >>> without = leave_k_out([0.1, 0.3, 0.9, 0.4], [0.02, 0.03, 0.05, 0.02], tau2="DL", ci="z", labels=list("abcd"))
    >>> without.labels[0], round(float(without.beta[0]), 3)
    ('a, b', 0.62)
    """
    studies, y, v, known, notes = one_set(yi, vi, data, labels, "leave_k_out")
    rows = np.flatnonzero(known)
    if not 1 <= number < rows.size:
        raise DataError(f"number = {number} leaves no study of {rows.size}. Fix: leave fewer out.")
    if comb(rows.size, number) > MOST_SETS:
        raise DataError(
            f"{comb(rows.size, number):,} sets of {number} of {rows.size} studies are more than {MOST_SETS:,}. "
            "Fix: gosh draws subsets at random."
        )
    sets = rows[np.array(list(combinations(range(rows.size), number)))]
    mask = np.tile(known, (sets.shape[0], 1))
    np.put_along_axis(mask, sets, False, axis=1)
    names = [", ".join(row_name(studies, int(i)) for i in one) for one in sets]
    return _refits(studies, y, v, mask, names, notes, tau2, ci, level, pi, "leave_k_out")


def cumulative(
    yi: ArrayLike | EffectSizes | str, vi: ArrayLike | str | None = None, *, order: ArrayLike | str | None = None,
    data: Any = None, labels: Any = None, tau2: str | float = "REML", ci: str | None = None, level: float = 0.95,
    pi: str = "HTS",
) -> Refits:  # fmt: skip
    """Pool the first study, the first two, and so on to all.

    Parameters
    ----------
    yi, vi, data, labels
        As in `leave_one_out`.
    order : array_like of shape (k,), or str, optional
        What to sort by, smallest first, such as years; studies of equal value stay in the order of the rows. A text is
        a column of `data`, or ``"precision"`` for the most precise study first. By default the order of the rows.
    tau2, ci, level, pi
        As in `pool`.

    Returns
    -------
    Refits
        One fit for each study with a usable effect, in the order in which they were added. The first is the first
        study as it is.

    Raises
    ------
    DataError
        As `pool`; a missing or infinite value in `order`, with the row.

    Notes
    -----
    When not to use: as a sequence of tests. Each look at the accumulating data is another chance for a false finding
    (Borm & Donders 2009, doi:10.1016/j.jclinepi.2008.08.013).

    References
    ----------
    Lau et al. 1992, doi:10.1056/NEJM199207233270406.

    Examples
    --------
    >>> added = cumulative([0.1, 0.3, 0.9], [0.02, 0.03, 0.05], order=[2003, 2001, 2002], tau2="DL", ci="z")
    >>> added.labels, [round(float(x), 3) for x in added.beta]
    (('1', '2', '0'), [0.3, 0.583, 0.405])
    """
    studies, y, v, known, notes = one_set(yi, vi, data, labels, "cumulative")
    keys = _keys(order, v, known, data)
    rows = np.flatnonzero(known)
    rows = rows[np.argsort(keys[rows], kind="stable")]
    rank = np.full(y.size, rows.size)
    rank[rows] = np.arange(rows.size)
    mask = rank <= np.arange(rows.size)[:, None]
    return _refits(
        studies, y, v, mask, [row_name(studies, int(i)) for i in rows], notes, tau2, ci, level, pi, "cumulative"
    )


def row_name(studies: EffectSizes, row: int) -> str:
    """Label of a study; its row where studies have none."""
    return studies.labels[row] if studies.labels else str(row)


def _groups(studies: EffectSizes, known: Mask, cluster: Any, data: Any) -> tuple[np.ndarray, list[str]]:
    """Number of the group of each row, and the groups' names, in the order of their first usable rows."""
    if cluster is None:
        rows = np.flatnonzero(known)
        groups = np.full(known.size, -1)
        groups[rows] = np.arange(rows.size)
        return groups, [row_name(studies, int(i)) for i in rows]
    from metarepro.effects.checks import read_labels

    own = column_of(data, cluster, "cluster") if isinstance(cluster, str) else cluster
    ids = [str(x) for x in read_labels(own, "The cluster", "name it, or leave the row out.")]
    if len(ids) != known.size:
        raise DataError(f"cluster has {len(ids)} entries for {known.size} effects. Fix: one an effect, in their order.")
    names = list(dict.fromkeys(name for name, ok in zip(ids, known, strict=True) if ok))
    number = {name: i for i, name in enumerate(names)}
    return np.array([number.get(name, -1) for name in ids]), names


def _keys(order: Any, v: Array, known: Mask, data: Any) -> Array:
    if order is None:
        return np.zeros(v.size)
    if isinstance(order, str):
        if order == PRECISION:
            return v
        if data is None:
            raise ConfigError(f"order = {order!r} is a column of data. Fix: give data=, values, or order='precision'.")
        order = column_of(data, order, "order")
    keys = read_numbers(order, "order")
    if keys.shape != v.shape:
        raise DataError(f"order has the shape {keys.shape} for {v.size} studies. Fix: one value a study.")
    bad = np.flatnonzero(known & ~np.isfinite(keys))
    if bad.size:
        raise DataError(f"order is missing or infinite in {list_rows(bad.tolist())}. Fix: give a number.")
    return keys


def _refits(
    studies: EffectSizes, y: Array, v: Array, mask: Mask, names: list[str], notes: tuple[Note, ...],
    tau2: str | float, ci: str | None, level: float, pi: str, kind: str,
) -> Refits:  # fmt: skip
    fit = fit_effects(y, v, tau2, ci, level, mask=mask, pi=pi, studies=studies.kept())
    values = {f.name: getattr(fit, f.name) for f in fields(PooledFit)}
    values["notes"] = (*notes, *fit.notes)
    return Refits(**values, labels=tuple(names), kind=kind)
