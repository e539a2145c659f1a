"""Reading arrays into a stack of problems: shapes, missing values, impossible variances."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from metarepro.effects.checks import read_numbers
from metarepro.errors import DataError
from metarepro.notes import Note, list_rows
from metarepro.pooling.kernel import Array, Mask, Problems
from metarepro.pooling.loops import HEAVY

VARIANCE_RATIO_LIMIT = 1e7
# With a design, variances of this ratio or more get the sums that do not cancel, which take a k x k matrix for each
# problem and are therefore kept for at most this many studies.
UNEVEN, MOST_STUDIES = 1e3, 300
# A column of a design that others give within this follows from them; a smaller share of another is none.
_SAME = 1e-9


class DeficientDesignError(DataError):
    """A design without full column rank."""


@dataclass(frozen=True)
class Batch:
    """Arrays of one shape, not yet checked: b problems of k studies, as views of what the caller gave.

    Attributes
    ----------
    y, v : ndarray, shape (b, k)
    mask : ndarray of bool, shape (b, k), or None
    x : ndarray, shape (b, k, p), or None
        Design as given, with the intercept first if one is wanted.
    shape : tuple of int
        Leading shape; () for one problem.
    intercept : bool
        Whether the first column of `x` is the intercept.
    """

    y: Array
    v: Array
    mask: Mask | None
    x: Array | None
    shape: tuple[int, ...]
    intercept: bool = True


def open_batch(
    yi: ArrayLike,
    vi: ArrayLike,
    moderators: ArrayLike | None = None,
    mask: ArrayLike | None = None,
    intercept: bool = True,
) -> Batch:
    """Bring arrays to one shape without copying them.

    Raises
    ------
    DataError
        Something that is not a number, shapes that do not fit, no study.
    """
    y, v = (read_numbers(a, name) for a, name in ((yi, "yi"), (vi, "vi")))
    if y.ndim == 0:
        raise DataError("yi is a single number. Fix: give one a study, as a list or an array.")
    if y.shape[-1] == 0:
        raise DataError("There is no study: yi is empty.")
    # What is masked in a mask is unknown, so it is not used.
    shown = None if mask is None else np.asarray(mask.filled(False) if hasattr(mask, "filled") else mask)
    if shown is not None and shown.dtype != np.bool_:
        raise DataError("mask must be boolean.")
    given = read_numbers(moderators, "moderators") if moderators is not None else None
    try:
        shape = np.broadcast_shapes(y.shape, v.shape, () if shown is None else shown.shape)
    except ValueError:
        seen = f" and mask {shown.shape}" if shown is not None else ""
        raise DataError(f"yi {y.shape}, vi {v.shape}{seen} do not fit together; the last axis is studies.") from None
    k = shape[-1]
    if 0 in shape:
        raise DataError(f"There is no problem in a batch of shape {shape}.")
    if given is not None:
        if given.ndim == 0:
            raise DataError("moderators must have one row a study; its shape must be (..., k, p).")
        given = given[:, None] if given.ndim == 1 else given
        if given.shape[-2] != k:
            raise DataError(f"moderators has {given.shape[-2]} rows for {k} studies; its shape must be (..., k, p).")
        try:
            shape = (*np.broadcast_shapes(shape[:-1], given.shape[:-2]), k)
        except ValueError:
            raise DataError(f"moderators {given.shape} does not fit the batch {shape[:-1]}.") from None
        p = given.shape[-1]
        if p == 0:
            raise DataError("moderators has no column.")
        if given.ndim > 2 and not any(given.strides[:-2]):  # one design for the whole batch stays one
            given = given[(0,) * (given.ndim - 2)]
        if intercept:
            given = np.concatenate([np.ones((*given.shape[:-1], 1)), given], axis=-1)
        given = np.broadcast_to(given, (*shape, given.shape[-1])).reshape(-1, k, given.shape[-1])
    y, v = (np.broadcast_to(a, shape).reshape(-1, k) for a in (y, v))
    shown = None if shown is None else np.broadcast_to(shown, shape).reshape(-1, k)
    return Batch(y, v, shown, given, shape[:-1], intercept)


def read_problems(
    yi: ArrayLike,
    vi: ArrayLike,
    moderators: ArrayLike | None = None,
    mask: ArrayLike | None = None,
    intercept: bool = True,
) -> tuple[Problems, tuple[int, ...], tuple[Note, ...]]:
    """Check arrays and stack them: the problems, the leading shape of the batch, and notes.

    Raises
    ------
    DataError
        Shapes that do not fit, infinite effects, variances that are not positive, no study left, a design without
        full column rank; the message names the rows.
    """
    batch = open_batch(yi, vi, moderators, mask, intercept)
    problems, dropped = read_chunk(batch, slice(None))
    ratio = np.where(problems.mask, problems.v, -np.inf).max(-1) / np.where(problems.mask, problems.v, np.inf).min(-1)
    return problems, batch.shape, notes_on_input(dropped, float(ratio.max()))


def notes_on_input(dropped: set[int], ratio: float) -> tuple[Note, ...]:
    """Studies dropped because their effect is missing; a huge ratio of variances."""
    notes = []
    if dropped:
        notes.append(Note("effects_missing", rows=sorted(dropped)))
    if ratio > VARIANCE_RATIO_LIMIT:
        notes.append(Note("variances_uneven", ratio=ratio))
    return tuple(notes)


def read_chunk(batch: Batch, chosen: slice | NDArray[np.intp]) -> tuple[Problems, set[int]]:
    """Check some problems of a batch and stack them; also the rows dropped because a number is missing."""
    y, v = batch.y[chosen], batch.v[chosen]
    # Studies become the outer axis in memory, where sums over them are fastest.
    y, v = (np.ascontiguousarray(a.T).T for a in (y, v))
    # Problems are counted from 0 in messages, whatever the chunk.
    number = np.arange(batch.y.shape[0])[chosen]
    unknown = np.isnan(y) | np.isnan(v)
    if batch.mask is None:
        shown = ~unknown
        absent = unknown
    else:
        shown = np.ascontiguousarray(batch.mask[chosen].T).T
        absent = shown & unknown
        shown = shown & ~unknown
    dropped = {int(r) for r in np.nonzero(absent)[1]} if absent.any() else set()
    refuse(shown & np.isinf(y), "yi is infinite", "Give finite effects on the working scale (log for ratios).")
    refuse(shown & ~(np.isfinite(v) & (v > 0)), "vi is not positive and finite", "Give the squared standard error.")
    counts = shown.sum(-1)
    if (counts == 0).any():
        which = "" if batch.shape == () else f" in problem {number[np.flatnonzero(counts == 0)[0]]}"
        raise DataError(f"There is no study with a usable effect{which}.")
    y, v = np.where(shown, y, 0.0), np.where(shown, v, 1.0)
    x = back = None
    centre = y.sum(-1, keepdims=True) / counts[:, None]
    if batch.x is not None:
        x, back = _designs_of(batch.x[chosen], shown, number, batch.intercept)
        if not batch.intercept:
            centre = np.zeros_like(centre)
    precision = shown / v
    if x is None:
        heavy = bool((precision.max(-1) > HEAVY * precision.sum(-1)).any())
    else:
        ratio = np.where(shown, v, 0.0).max(-1) / np.where(shown, v, np.inf).min(-1)
        heavy = bool((ratio > UNEVEN).any()) and x.shape[-2] <= MOST_STUDIES
    y = np.where(shown, y - centre, 0.0)
    return Problems(y, v, shown, counts * 1.0, centre, heavy, bool(shown.all()), x, back), dropped


def _designs_of(given: Array, shown: Mask, number: NDArray[np.intp], intercept: bool) -> tuple[Array, Array]:
    """`_orthonormal` of every problem, once where all have the same studies and the same design."""
    b, k, p = given.shape
    if b > 1 and given.strides[0] == 0 and shown.all():
        x, back = _orthonormal(given[:1], shown[:1], number[:1], intercept)
        return np.broadcast_to(x, (b, k, p)), np.broadcast_to(back, (b, p, p))
    x, back = _orthonormal(given, shown, number, intercept)
    # In memory each column has studies as its outer axis, as effects have.
    return np.ascontiguousarray(x.transpose(2, 1, 0)).transpose(2, 1, 0), back


def _orthonormal(given: Array, shown: Mask, number: NDArray[np.intp], intercept: bool) -> tuple[Array, Array]:
    """Orthonormal columns that span the design, and the matrix that turns their coefficients into the design's.

    Fits on orthonormal columns keep their digits when moderators are nearly collinear or far from zero.
    """
    refuse(shown & ~np.isfinite(given).all(-1), "A moderator is missing or infinite", "Leave the study out by mask.")
    x = np.where(shown[..., None], given, 0.0)
    # With an intercept moderators are centred, so that those far from zero (years) are not nearly constant.
    means = np.zeros((x.shape[0], x.shape[-1]))
    if (x[..., 0] == shown).all():
        means[:, 1:] = x[..., 1:].sum(-2) / shown.sum(-1)[:, None]
        x = np.where(shown[..., None], x - means[:, None, :], 0.0)
    scale = np.abs(x).max(axis=-2, keepdims=True)
    scale = np.where(scale > 0, scale, 1.0)
    if x.shape[-2] < x.shape[-1]:
        deficient = np.ones(x.shape[0], dtype=bool)
    else:
        q, r = np.linalg.qr(x / scale)
        diagonal = np.abs(np.diagonal(r, axis1=-2, axis2=-1))
        deficient = diagonal.min(-1) <= 1e-12 * np.maximum(diagonal.max(-1), 1e-300)
    if deficient.any():
        first = int(np.flatnonzero(deficient)[0])
        which = "" if number.size == 1 else f" in problem {number[first]}"
        names = [f"column {j} of moderators (counted from 0)" for j in range(x.shape[-1] - intercept)]
        why = why_deficient(given[first][shown[first]], ["Intercept", *names] if intercept else names)
        raise DeficientDesignError(f"The design has no full column rank{which}: {why}")
    back = np.linalg.inv(r) / np.swapaxes(scale, -1, -2)
    back[:, 0] -= (means[:, None, :] @ back)[:, 0]
    return q * shown[..., None], back


def why_deficient(x: Array, names: Sequence[str]) -> str:
    """Why a design (k, p) has no full column rank, by the names of its columns, and what to do."""
    k, p = x.shape
    if k < p:
        return f"there are fewer studies ({k}) than coefficients ({p}). Fix: take fewer moderators."
    size = np.abs(x).max(0)
    if not size.all():
        return f"{names[int(np.argmin(size))]} is 0 in all studies. Fix: leave it out."
    unit = x / size
    for j in range(1, p):
        share, *_ = np.linalg.lstsq(unit[:, :j], unit[:, j], rcond=None)
        if np.abs(unit[:, :j] @ share - unit[:, j]).max() < _SAME:
            parts = [name for name, s in zip(names, share, strict=False) if abs(s) > _SAME]
            if parts == ["Intercept"]:
                return f"{names[j]} is the same in all studies. Fix: leave it out."
            others = [name for name in parts if name != "Intercept"]
            return f"{names[j]} follows from {', '.join(others)}. Fix: leave one of them out."
    return "moderators repeat each other. Fix: leave one of them out."


def refuse(bad: np.ndarray, what: str, fix: str) -> None:
    """Raise a DataError that names the studies (last axis) where `bad` is true."""
    if bad.any():
        raise DataError(f"{what} in {list_rows({int(r) for r in np.nonzero(bad)[1]})}. {fix}")
