"""Reading arrays into a stack of problems: shapes, missing values, impossible variances."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from metarepro.errors import DataError
from metarepro.pooling.kernel import Problems

VARIANCE_RATIO_LIMIT = 1e7


def read_problems(
    yi: ArrayLike, vi: ArrayLike, moderators: ArrayLike | None = None, mask: ArrayLike | None = None
) -> tuple[Problems, tuple[int, ...], tuple[str, ...]]:
    """Check arrays and stack them.

    Returns
    -------
    problems : Problems
    shape : tuple of int
        Leading shape of the batch; () for one problem.
    notes : tuple of str
        Studies dropped because their effect is missing; a huge ratio of variances.

    Raises
    ------
    DataError
        Shapes that do not fit, infinite effects, variances that are not positive, no study left, a design without
        full column rank; the message names the rows.
    """
    y, v = (_numbers(a, name) for a, name in ((yi, "yi"), (vi, "vi")))
    if y.ndim == 0 or y.shape[-1] == 0:
        raise DataError("There is no study: yi is empty.")
    shown = np.ones((1,) * y.ndim, dtype=bool) if mask is None else np.asarray(mask)
    if shown.dtype != np.bool_:
        raise DataError("mask must be boolean.")
    try:
        y, v, shown = np.broadcast_arrays(y, v, shown)
    except ValueError:
        raise DataError(
            f"yi {y.shape}, vi {v.shape} and mask {shown.shape} do not fit together; the last axis is studies."
        ) from None
    shape, k = y.shape[:-1], y.shape[-1]
    y, v, shown = (a.reshape(-1, k) for a in (y, v, shown))

    absent = shown & (np.isnan(y) | np.isnan(v))
    notes: list[str] = []
    if absent.any():
        rows = sorted({int(r) for r in np.nonzero(absent)[1]})
        notes.append(f"Dropped, because yi or vi is missing: row{_s(rows)} {_list(rows)} (counted from 0).")
    shown = shown & ~absent
    _refuse(shown & np.isinf(y), "yi is infinite", "Give finite effects on the working scale (log for ratios).")
    _refuse(shown & ~(np.isfinite(v) & (v > 0)), "vi is not positive and finite", "Give the squared standard error.")
    counts = shown.sum(-1)
    if (counts == 0).any():
        which = "" if shape == () else f" in problem {int(np.flatnonzero(counts == 0)[0])}"
        raise DataError(f"There is no study with a usable effect{which}.")
    ratio = np.where(shown, v, -np.inf).max(-1) / np.where(shown, v, np.inf).min(-1)
    if (ratio > VARIANCE_RATIO_LIMIT).any():
        notes.append(f"The largest sampling variance is {ratio.max():.1g} times the smallest; check the units.")

    x = None if moderators is None else _design(moderators, shown)
    y = np.where(shown, y, 0.0)
    centre = np.zeros((y.shape[0], 1)) if x is not None else y.sum(-1, keepdims=True) / counts[:, None]
    return (
        Problems(np.where(shown, y - centre, 0.0), np.where(shown, v, 1.0), shown, counts * 1.0, centre, x),
        shape,
        tuple(notes),
    )


def _design(moderators: ArrayLike, shown: np.ndarray) -> np.ndarray:
    """Design matrix with the intercept first, shape (b, k, 1 + number of moderators)."""
    given = _numbers(moderators, "moderators")
    b, k = shown.shape
    if given.ndim == 1:
        given = given[:, None]
    if given.shape[-2] != k:
        raise DataError(f"moderators has {given.shape[-2]} rows for {k} studies; its shape must be (..., k, p).")
    given = np.broadcast_to(given.reshape(-1, k, given.shape[-1]), (b, k, given.shape[-1]))
    _refuse(shown & ~np.isfinite(given).all(-1), "A moderator is missing or infinite", "Leave the study out by mask.")
    x = np.concatenate([np.ones((b, k, 1)), np.where(shown[..., None], given, 0.0)], axis=-1)
    x[..., 0] = np.where(shown, 1.0, 0.0)
    scale = np.abs(x).max(axis=-2, keepdims=True)
    rank = np.linalg.matrix_rank(x / np.where(scale > 0, scale, 1.0))
    if (rank < x.shape[-1]).any():
        which = "" if b == 1 else f" in problem {int(np.flatnonzero(rank < x.shape[-1])[0])}"
        raise DataError(
            f"The design has no full column rank{which}: a moderator is constant, repeats another, or there are "
            f"fewer studies than coefficients ({x.shape[-1]})."
        )
    return x


def _numbers(values: ArrayLike, name: str) -> np.ndarray:
    try:
        return np.array(values, dtype=np.float64)
    except (TypeError, ValueError):
        raise DataError(f"{name} holds something that is not a number.") from None


def _refuse(bad: np.ndarray, what: str, fix: str) -> None:
    if bad.any():
        rows = sorted({int(r) for r in np.nonzero(bad)[1]})
        raise DataError(f"{what} in row{_s(rows)} {_list(rows)} (counted from 0). {fix}")


def _s(rows: list[int]) -> str:
    return "s" * (len(rows) > 1)


def _list(rows: list[int]) -> str:
    return ", ".join(map(str, rows[:10])) + (", ..." if len(rows) > 10 else "")
