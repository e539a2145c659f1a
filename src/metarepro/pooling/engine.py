"""From checked arrays to estimates, by the fastest of three ways that agree.

One small problem runs the plain loops of `loops`; a large batch runs the same loops compiled by numba, if it is
installed; everything else (moderators, the rarer estimators, doubtful likelihoods) runs the array form in `kernel`,
`tau2` and `likelihood`. Batches are cut into chunks that fit the processor's cache, so memory stays bounded.
"""

from __future__ import annotations

import importlib.util
import math
import os
from dataclasses import dataclass, field, fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from metarepro.errors import ConfigError, DataError
from metarepro.notes import Note
from metarepro.pooling import loops
from metarepro.pooling.kernel import Array, Problems, moments
from metarepro.pooling.problems import Batch, notes_on_input, read_chunk
from metarepro.pooling.tau2 import GIVEN, Estimator, Tau2
from metarepro.progress import with_progress

# Studies in one chunk: small enough for the processor's caches, large enough that the few problems that take longest
# share their steps.
CHUNK = 160_000
COMPILED_CHUNK = 400_000
# Below this many studies plain Python loops beat arrays for a single problem.
SMALL = 150
# From this many studies on, compiled loops win even if numba must be imported first.
LARGE = 200_000


@dataclass
class _Settings:
    compiled: bool | None = None


def _from_environment() -> _Settings:
    wish = os.environ.get("METAREPRO_COMPILED", "")
    if wish not in ("", "0", "1"):
        raise ConfigError(f"METAREPRO_COMPILED={wish} is not known. Allowed: 0 (never), 1 (always), empty (by size).")
    return _Settings(None if wish == "" else wish == "1")


_settings = _from_environment()


def set_engine(compiled: bool | None = None) -> None:
    """Choose how batches are computed, for this process.

    Parameters
    ----------
    compiled : bool, optional
        True: loops compiled by numba for every batch (they must be compiled once on each machine, which takes seconds;
        numba keeps them); False: never; None, the default: for large batches, if numba is installed.

    Raises
    ------
    ConfigError
        numba is asked for and not installed.

    Notes
    -----
    The environment variable METAREPRO_COMPILED (0, 1) says the same for programs that cannot be edited. All ways agree
    to 1e-12, so nothing but time depends on this.

    Examples
    --------
    >>> set_engine(False)  # NumPy alone
    >>> set_engine()  # back to the default
    """
    if compiled not in (None, True, False) or (isinstance(compiled, int) and not isinstance(compiled, bool)):
        raise ConfigError(f"compiled = {compiled!r} is not known. Allowed: True, False, None.")
    if compiled and importlib.util.find_spec("numba") is None:
        raise ConfigError("compiled=True needs numba, which is not installed: pip install metarepro[fast].")
    _settings.compiled = compiled


@dataclass(frozen=True)
class Estimates:
    """What the estimators know of each of b problems; `fit` makes tests and intervals of it.

    Attributes
    ----------
    k, size, ratio : ndarray, shape (b,)
        Number of studies, largest absolute effect, ratio of the largest to the smallest variance.
    beta, covariance : ndarray, shape (b, p) and (b, p, p)
        Coefficients and their model-based covariance.
    rss, sum_w, q, tr_p : ndarray, shape (b,)
        y'Py and the sum of weights at tau2; Cochran's Q and tr(P) at tau2 = 0.
    tau2, tau2_se, iterations, converged, at_boundary, maxima : ndarray, shape (b,)
        See `tau2.Tau2`.
    log_det_xwx : ndarray, shape (b,), or None
        With moderators the log determinant of X'WX at tau2, for orthonormal columns that span the design.
    """

    k: Array
    size: Array
    ratio: Array
    beta: Array
    covariance: Array
    rss: Array
    sum_w: Array
    q: Array
    tr_p: Array
    tau2: Array
    tau2_se: Array
    iterations: np.ndarray
    converged: np.ndarray
    at_boundary: np.ndarray
    maxima: np.ndarray
    log_det_xwx: Array | None = None
    dropped: set[int] = field(default_factory=set)


_ARRAYS = tuple(f.name for f in fields(Estimates) if f.name not in ("log_det_xwx", "dropped"))


def estimate(batch: Batch, estimator: Estimator, weights: Array | None = None) -> tuple[Estimates, tuple[Note, ...]]:
    """Estimates of every problem of a batch, and notes on the input."""
    b, k = batch.y.shape
    method = estimator.code
    plain = batch.x is None and weights is None and method in loops.METHODS
    if b == 1 and k <= SMALL and plain:
        single = _single(batch, method)
        if single is not None:
            return single, notes_on_input(single.dropped, float(single.ratio[0]))
    left: NDArray[np.intp] = np.arange(b)
    if plain and _use_compiled(b * k):
        result, left = _compiled(batch, method)
    else:
        result = _empty(b, None if batch.x is None else batch.x.shape[-1])
    for chosen in with_progress("fits", _cut(left, CHUNK // k)):
        _store(result, chosen, _by_arrays(batch, chosen, estimator, weights))
    return result, notes_on_input(result.dropped, float(result.ratio.max()))


def _cut(chosen: NDArray[np.intp], rows: int) -> list[NDArray[np.intp]]:
    rows = max(rows, 1)
    return [chosen[first : first + rows] for first in range(0, chosen.size, rows)]


def _use_compiled(studies: int) -> bool:
    if _settings.compiled is not None:
        return _settings.compiled
    return studies >= LARGE and importlib.util.find_spec("numba") is not None


def _empty(b: int, columns: int | None) -> Estimates:
    p = columns or 1
    kinds = {"iterations": int, "maxima": int, "converged": bool, "at_boundary": bool}
    shapes = {"beta": (b, p), "covariance": (b, p, p)}
    arrays: dict[str, Any] = {n: np.empty(shapes.get(n, (b,)), kinds.get(n, float)) for n in _ARRAYS}
    return Estimates(**arrays, log_det_xwx=None if columns is None else np.empty(b))


def _store(result: Estimates, chosen: NDArray[np.intp], part: Estimates) -> None:
    where = _as_slice(chosen)
    for name in _ARRAYS:
        getattr(result, name)[where] = getattr(part, name)
    if result.log_det_xwx is not None:
        result.log_det_xwx[where] = part.log_det_xwx
    result.dropped.update(part.dropped)


def _as_slice(chosen: NDArray[np.intp]) -> slice | NDArray[np.intp]:
    """Consecutive rows as a slice, which does not copy."""
    together = int(chosen[-1] - chosen[0]) + 1 == chosen.size
    return slice(int(chosen[0]), int(chosen[-1]) + 1) if together else chosen


def _by_arrays(batch: Batch, chosen: NDArray[np.intp], estimator: Estimator, weights: Array | None) -> Estimates:
    """Estimates by arrays."""
    where = _as_slice(chosen)
    problems, dropped = read_chunk(batch, where)
    if weights is not None:
        problems = replace(problems, weights=weights[where] * problems.mask)
    tau2 = _where_possible(problems, estimator)
    used = np.where(np.isfinite(tau2.value), tau2.value, 0.0)
    m = moments(problems, used)
    zero = m if estimator.code == "CE" else problems.at_zero
    beta, covariance = m.beta, m.xwx_inv
    if problems.weights is not None:
        beta, covariance = _user_weighted(problems, used, problems.weights)
    if problems.back is not None:
        beta = (problems.back @ beta[..., None])[..., 0]
        covariance = problems.back @ covariance @ np.swapaxes(problems.back, -1, -2)
    beta = beta.copy()
    beta[:, 0] += problems.centre[:, 0]
    v_max = np.where(problems.mask, problems.v, 0.0).max(-1)
    v_min = np.where(problems.mask, problems.v, np.inf).min(-1)
    return Estimates(
        k=problems.k,
        size=np.abs(problems.y + problems.centre * problems.mask).max(-1),
        ratio=v_max / v_min,
        beta=beta,
        covariance=covariance,
        rss=m.rss,
        sum_w=m.sum_w,
        q=zero.rss,
        tr_p=zero.tr_p,
        tau2=tau2.value,
        tau2_se=tau2.se,
        iterations=tau2.iterations,
        converged=tau2.converged,
        at_boundary=tau2.at_boundary,
        maxima=tau2.maxima,
        log_det_xwx=None if batch.x is None else m.log_det_xwx,
        dropped=dropped,
    )


def _user_weighted(problems: Problems, tau2: Array, weights: Array) -> tuple[Array, Array]:
    """Coefficients with the user's weights, and their covariance under the model (a sandwich)."""
    x = problems.mask[..., None] * 1.0 if problems.x is None else problems.x
    xw = np.swapaxes(x * weights[..., None], -1, -2)
    xwx = xw @ x
    diagonal = np.diagonal(xwx, axis1=-2, axis2=-1)
    scale = np.sqrt(diagonal[..., :, None] * diagonal[..., None, :])
    if not (diagonal > 0).all() or (np.linalg.det(xwx / scale) < 1e-14).any():
        raise DataError("Too few studies have a weight above 0 for the number of coefficients.")
    bread = np.linalg.inv(xwx)
    total = (problems.v + tau2[:, None])[..., None]
    meat = xw @ (np.swapaxes(xw, -1, -2) * total)
    return (bread @ (xw @ problems.y[..., None]))[..., 0], bread @ meat @ bread


def _where_possible(problems: Problems, estimator: Estimator) -> Tau2:
    """The estimate where it exists; NaN for problems with no more studies than coefficients (0 with CE)."""
    enough = problems.k > problems.p
    if enough.all() or estimator.code in ("CE", GIVEN):
        return estimator.find(problems)
    b = problems.k.size
    result = Tau2(
        np.full(b, np.nan), np.full(b, np.nan), np.zeros(b, int), np.ones(b, bool), np.zeros(b, bool), np.ones(b, int)
    )
    if enough.any():
        index = np.flatnonzero(enough)
        some = estimator.find(problems.rows(index))
        for name in ("value", "se", "iterations", "converged", "at_boundary", "maxima"):
            getattr(result, name)[index] = getattr(some, name)
    return result


def _single(batch: Batch, method: str) -> Estimates | None:
    """One problem in plain loops; None if it needs the careful reading of `_by_arrays`."""
    y, v = batch.y[0].tolist(), batch.v[0].tolist()
    if batch.mask is not None:
        mask = batch.mask[0].tolist()
        if any(m and x == math.inf for m, x in zip(mask, v, strict=True)):
            return None
        y, v = (
            [x if m else 0.0 for m, x in zip(mask, y, strict=True)],
            [x if m else math.inf for m, x in zip(mask, v, strict=True)],
        )
    elif math.inf in v:
        return None
    # Division by zero raises in plain Python where compiled code gives infinity: left to the arrays as well.
    try:
        columns = _columns(method, y, v)
    except (ZeroDivisionError, OverflowError, ValueError):
        return None
    if columns["certified"][0] == 0.0:
        return None
    return _from_columns(columns, method)


def _columns(method: str, y: list[float], v: list[float]) -> dict[str, Array]:
    out = [0.0] * len(loops.COLUMNS)
    loops.fit_row(loops.METHODS[method], y, v, out, [0.0] * len(y))
    return {name: np.array([value]) for name, value in zip(loops.COLUMNS, out, strict=True)}


def _compiled(batch: Batch, method: str) -> tuple[Estimates, NDArray[np.intp]]:
    """Estimates by compiled loops, and the problems left to do: without a certificate, or with odd input."""
    from metarepro.pooling.compiled import compiled_loops

    fit_rows = compiled_loops().fit_rows
    b, k = batch.y.shape
    out = np.empty((len(loops.COLUMNS), b))

    for chosen in with_progress("fits", _cut(np.arange(b), COMPILED_CHUNK // k)):
        where = _as_slice(chosen)
        y, v = np.ascontiguousarray(batch.y[where]), np.ascontiguousarray(batch.v[where])
        mask = np.empty((chosen.size, 0), bool) if batch.mask is None else np.ascontiguousarray(batch.mask[where])
        buffers = tuple(np.empty(size) for size in (k, k, k, len(loops.COLUMNS)))
        fit_rows(loops.METHODS[method], y, v, mask, out[:, where], buffers)
    columns = dict(zip(loops.COLUMNS, out, strict=True))
    return _from_columns(columns, method), np.flatnonzero(columns["certified"] == 0.0)


def _from_columns(columns: dict[str, Array], method: str) -> Estimates:
    """Estimates from the columns that the loops write, shape (b,) each."""
    c = columns
    b = c["k"].size
    # Rows that are left to do hold anything.
    with np.errstate(all="ignore"):
        ratio, sum_w, steps = c["v_max"] / c["v_min"], 1 / c["variance"], c["iterations"].astype(int)
    return Estimates(
        k=c["k"],
        size=c["size"],
        ratio=ratio,
        beta=(c["beta"] + c["centre"])[:, None],
        covariance=c["variance"][:, None, None],
        rss=c["rss"],
        sum_w=sum_w,
        q=c["q"],
        tr_p=c["tr_p"],
        tau2=c["tau2"],
        tau2_se=c["tau2_se"],
        iterations=steps,
        converged=c["converged"] > 0,
        at_boundary=c["tau2"] == 0 if method != "CE" else np.zeros(b, bool),
        maxima=np.ones(b, dtype=int),
    )
