"""The kernel: weighted least squares moments of many meta-analyses at once.

Every fit of this package, single or one of a million, goes through `moments`. Problems are stacked on leading axes;
the last axis is studies. A mask drops studies by giving them weight zero, so that leave-one-out, subsets and
cumulative fits are one call.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np
from numpy.typing import NDArray

# Up to so many columns of a design, sums over studies are faster than products of matrices.
FEW_COLUMNS = 4
Array = NDArray[np.float64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Problems:
    """A stack of meta-analyses, checked and centred.

    Attributes
    ----------
    y, v : ndarray, shape (b, k)
        Effects, minus `centre`, and sampling variances; masked-out entries hold 0 and 1. Kept with studies as the
        outer axis in memory, where sums over studies are fastest.
    mask : ndarray of bool, shape (b, k)
        Studies that take part.
    k : ndarray, shape (b,)
        Number of studies that take part.
    centre : ndarray, shape (b, 1)
        Mean that was subtracted, so that a large common offset does not cancel digits.
    heavy : bool
        Whether in some problem one study (with a design: a few) has nearly all the weight, so that the sums need
        care not to cancel.
    full : bool
        Whether no study of any problem is left out.
    x : ndarray, shape (b, k, p), or None
        Design matrix with orthonormal columns, 0 for studies that are left out; None means an intercept only.
    back : ndarray, shape (b, p, p), or None
        Matrix that turns coefficients of `x` into those of the design as given.
    weights : ndarray, shape (b, k), or None
        The user's weights, which some estimators of tau2 take.
    """

    y: Array
    v: Array
    mask: Mask
    k: Array
    centre: Array
    heavy: bool = True
    full: bool = False
    x: Array | None = None
    back: Array | None = None
    weights: Array | None = None

    @property
    def p(self) -> int:
        """Number of coefficients."""
        return 1 if self.x is None else self.x.shape[-1]

    @cached_property
    def at_zero(self) -> Moments:
        """Moments of the fits without variance between studies."""
        return moments(self, np.zeros(self.k.shape))

    def rows(self, chosen: NDArray[np.intp]) -> Problems:
        """The chosen problems."""
        x = None if self.x is None else self.x[chosen]
        back = None if self.back is None else self.back[chosen]
        y, v = (a.T[:, chosen].T for a in (self.y, self.v))
        weights = None if self.weights is None else self.weights[chosen]
        return Problems(
            y, v, self.mask.T[:, chosen].T, self.k[chosen], self.centre[chosen], self.heavy, self.full, x, back, weights
        )


class Moments:
    """Sums of one weighted fit per problem (and per value of tau2), W = diag(1/(v + tau2)).

    Those that few ask for may be computed when they are first read (`later`).

    Attributes
    ----------
    beta : ndarray, shape (..., p)
        Coefficients (of the centred effects).
    xwx_inv : ndarray, shape (..., p, p)
        (X'WX)^-1, the model-based covariance of the coefficients.
    rss : ndarray
        y'Py, the weighted residual sum of squares (Cochran's Q at tau2 = 0).
    y_pp_y, y_ppp_y : ndarray
        y'PPy and y'PPPy.
    tr_p, tr_pp : ndarray
        Traces of P and PP, where P = W - W X (X'WX)^-1 X'W.
    sum_w, sum_w2, log_det_xwx : ndarray
        Sums of weights and squared weights; log determinant of X'WX.
    """

    beta: Array
    xwx_inv: Array
    rss: Array
    y_pp_y: Array
    y_ppp_y: Array
    tr_p: Array
    tr_pp: Array
    sum_w: Array
    sum_w2: Array
    log_det_xwx: Array

    def __init__(self, *, later: Mapping[str, Callable[[], Array]] | None = None, **now: Array) -> None:
        self.__dict__.update(now, _later=later or {})

    def __getattr__(self, name: str) -> Array:
        later = self.__dict__.get("_later", {})
        if name not in later:
            raise AttributeError(f"Moments have no {name}")
        value = self.__dict__[name] = later[name]()
        return value


def moments(problems: Problems, tau2: Array, weights: Array | None = None) -> Moments:
    """Moments of the weighted fits at the given tau2.

    Parameters
    ----------
    problems : Problems
        The stack of b problems.
    tau2 : ndarray, shape (b,) or (b, g)
        One value, or g candidate values, for each problem.
    weights : ndarray, shape (b, k), optional
        Weights to use instead of 1/(v + tau2).

    Returns
    -------
    Moments
        Arrays of the shape of `tau2`.
    """
    grid = tau2.ndim == 2
    widen = (slice(None), None) if grid else slice(None)
    y, v, mask = problems.y[widen], problems.v[widen], problems.mask[widen]
    w = 1.0 / (v + tau2[..., None]) if weights is None else weights[widen]
    if not problems.full:
        w = w * mask
    sum_w = w.sum(-1)
    if problems.x is None and not problems.heavy and weights is None:
        return _intercept_only(y, w, sum_w, _sum_of(w, w))
    if problems.x is not None and not problems.heavy and problems.p <= FEW_COLUMNS:
        return _by_columns(problems.x[widen], y, w, sum_w)
    w2 = w * w
    sum_w2 = w2.sum(-1)
    if problems.x is None:
        return _one_study_heavy(y, w, w2, sum_w, sum_w2)
    x = problems.x[widen]
    if problems.heavy:
        return _design_heavy(x, y, w, sum_w, sum_w2)
    xw = np.swapaxes(x * w[..., None], -1, -2)
    xwx = xw @ x
    inverse = np.asarray(np.linalg.inv(xwx), dtype=np.float64)
    beta = (inverse @ (xw @ y[..., None]))[..., 0]
    r = (y - (x @ beta[..., None])[..., 0]) * mask
    wr = w * r
    xw_wr = (xw @ wr[..., None])[..., 0]
    a2 = inverse @ (xw @ (x * w[..., None]))
    a3 = inverse @ (xw @ (x * w2[..., None]))
    return Moments(
        beta=beta,
        xwx_inv=inverse,
        rss=(wr * r).sum(-1),
        y_pp_y=(wr * wr).sum(-1),
        y_ppp_y=(w * wr * wr).sum(-1) - (xw_wr * (inverse @ xw_wr[..., None])[..., 0]).sum(-1),
        tr_p=sum_w - np.trace(a2, axis1=-2, axis2=-1),
        tr_pp=sum_w2 - 2 * np.trace(a3, axis1=-2, axis2=-1) + np.trace(a2 @ a2, axis1=-2, axis2=-1),
        sum_w=sum_w,
        sum_w2=sum_w2,
        log_det_xwx=np.linalg.slogdet(xwx)[1],
    )


def _by_columns(x: Array, y: Array, w: Array, sum_w: Array) -> Moments:
    """Moments around a regression on few columns, as sums over studies: much faster than products of tiny matrices."""
    columns = [x[..., j] for j in range(x.shape[-1])]
    weighted = [w * c for c in columns]
    xwx = _symmetric(weighted, columns)
    inverse = _inverse_of(xwx)
    beta = np.einsum("...ij,...j->...i", inverse, np.stack([_sum_of(c, y) for c in weighted], axis=-1))
    r = y - beta[..., 0, None] * columns[0]
    for j, column in enumerate(columns[1:], 1):
        r -= beta[..., j, None] * column
    wr = w * r
    xw2x = cache(lambda: _symmetric(weighted, weighted))

    def y_ppp_y() -> Array:
        xw_wr = np.stack([_sum_of(c, wr) for c in weighted], axis=-1)
        return np.asarray(_sum_of(w, wr, wr) - np.einsum("...i,...ij,...j->...", xw_wr, inverse, xw_wr))

    def tr_pp() -> Array:
        a2, xw3x = inverse @ xw2x(), _symmetric([w * c for c in weighted], weighted)
        return np.asarray(_sum_of(w, w) - 2 * _trace_of(inverse, xw3x) + _trace_of(a2, a2))

    return Moments(
        beta=beta,
        xwx_inv=inverse,
        rss=_sum_of(wr, r),
        sum_w=sum_w,
        later={
            "y_pp_y": lambda: _sum_of(wr, wr),
            "y_ppp_y": y_ppp_y,
            "tr_p": lambda: sum_w - _trace_of(inverse, xw2x()),
            "tr_pp": tr_pp,
            "sum_w2": lambda: _sum_of(w, w),
            "log_det_xwx": lambda: np.asarray(np.linalg.slogdet(xwx)[1]),
        },
    )


def _trace_of(left: Array, right: Array) -> Array:
    """Trace of the product of two matrices of each of a stack."""
    return np.asarray(np.einsum("...ij,...ji->...", left, right), dtype=np.float64)


def _symmetric(left: list[Array], right: list[Array]) -> Array:
    """Matrix of the sums over studies of products of columns, which is symmetric."""
    p = len(left)
    entries = {(i, j): _sum_of(left[i], right[j]) for i in range(p) for j in range(i, p)}
    rows = [np.stack([entries[min(i, j), max(i, j)] for j in range(p)], axis=-1) for i in range(p)]
    return np.stack(rows, axis=-2)


def _inverse_of(matrices: Array) -> Array:
    """Inverses of a stack of symmetric matrices."""
    if matrices.shape[-1] != 2:
        return np.asarray(np.linalg.inv(matrices), dtype=np.float64)
    a, b, d = matrices[..., 0, 0], matrices[..., 0, 1], matrices[..., 1, 1]
    rows = np.stack([np.stack([d, -b], axis=-1), np.stack([-b, a], axis=-1)], axis=-2)
    return np.asarray(rows / (a * d - b * b)[..., None, None], dtype=np.float64)


def _intercept_only(y: Array, w: Array, sum_w: Array, sum_w2: Array) -> Moments:
    """Moments around a weighted mean; all at once, while their factors are in the processor's cache."""
    beta = _sum_of(w, y) / sum_w
    r = y - beta[..., None]
    wr = w * r
    share = sum_w2 / sum_w
    return Moments(
        beta=beta[..., None],
        xwx_inv=(1 / sum_w)[..., None, None],
        rss=_sum_of(wr, r),
        y_pp_y=_sum_of(wr, wr),
        y_ppp_y=_sum_of(w, wr, wr) - _sum_of(w, wr) ** 2 / sum_w,
        tr_p=sum_w - share,
        tr_pp=sum_w2 - 2 * _sum_of(w, w, w) / sum_w + share * share,
        sum_w=sum_w,
        sum_w2=sum_w2,
        log_det_xwx=np.log(sum_w),
    )


def _sum_of(*factors: Array) -> Array:
    """Sum over studies of a product, without storing the product."""
    names = ",".join(["...k"] * len(factors))
    return np.asarray(np.einsum(f"{names}->...", *factors), dtype=np.float64)


def _design_heavy(x: Array, y: Array, w: Array, sum_w: Array, sum_w2: Array) -> Moments:
    """Moments around a regression when a few studies have nearly all the weight.

    P = G G' with G = W^(1/2) Q2, where Q2 completes the orthonormal basis of W^(1/2) X: no trace or sum is a
    difference. Rows are sorted by weight, heaviest first, which keeps their digits in the factorisation (Cox &
    Higham 1998, doi:10.1007/BF02510918).
    """
    p = x.shape[-1]
    order = np.argsort(-w, axis=-1, kind="stable")
    root = np.sqrt(np.take_along_axis(w, order, -1))
    scaled = root[..., None] * np.take_along_axis(x, order[..., None], -2)
    q, r = np.linalg.qr(scaled, mode="complete")
    r = r[..., :p, :]
    wy = root * np.take_along_axis(y, order, -1)
    upper = np.linalg.inv(r)
    rotated = (np.swapaxes(q, -1, -2) @ wy[..., None])[..., 0]
    z = rotated[..., p:]
    g = root[..., None] * q[..., p:]
    m = np.swapaxes(g, -1, -2) @ g
    mz = (m @ z[..., None])[..., 0]
    return Moments(
        beta=(upper @ rotated[..., :p, None])[..., 0],
        xwx_inv=upper @ np.swapaxes(upper, -1, -2),
        rss=_sum_of(z, z),
        y_pp_y=_sum_of(z, mz),
        y_ppp_y=_sum_of(mz, mz),
        tr_p=np.trace(m, axis1=-2, axis2=-1),
        tr_pp=(m * m).sum((-2, -1)),
        sum_w=sum_w,
        sum_w2=sum_w2,
        log_det_xwx=2 * np.log(np.abs(np.diagonal(r, axis1=-2, axis2=-1))).sum(-1),
    )


def _one_study_heavy(y: Array, w: Array, w2: Array, sum_w: Array, sum_w2: Array) -> Moments:
    """Moments around a weighted mean, written so that nothing cancels when one study has nearly all the weight.

    With variances a million million apart, S - w of the heaviest study, its residual and traces like
    S - sum(w^2)/S lose all their digits if computed as they stand. What belongs to the heaviest study is therefore
    always computed from the others: S - w as their sum, w r as minus the sum of theirs.
    """
    lead = w == w.max(-1, keepdims=True)
    lead &= lead.cumsum(-1) == 1
    others = ~lead
    rest = (w * others).sum(-1, keepdims=True)
    rest2 = (w2 * others).sum(-1, keepdims=True)
    s = sum_w[..., None]
    beta = (w * y).sum(-1) / sum_w
    wr = w * (y - beta[..., None])
    wr = np.where(lead, -(wr * others).sum(-1, keepdims=True), wr)
    with np.errstate(divide="ignore", invalid="ignore"):
        r = np.where(w > 0, wr / w, 0.0)
    mean_wr = (w * wr).sum(-1, keepdims=True) / s
    wd = w * (wr - mean_wr)
    wd = np.where(lead, -(wd * others).sum(-1, keepdims=True), wd)
    with np.errstate(divide="ignore", invalid="ignore"):
        y_ppp_y = np.where(w > 0, wd * wd / w, 0.0).sum(-1)
    part = w / s
    p_ii = part * np.where(lead, rest, s - w)
    squares = part * part * np.where(lead, rest2, sum_w2[..., None] - w2)
    return Moments(
        beta=beta[..., None],
        xwx_inv=(1 / sum_w)[..., None, None],
        rss=(wr * r).sum(-1),
        y_pp_y=(wr * wr).sum(-1),
        y_ppp_y=y_ppp_y,
        tr_p=p_ii.sum(-1),
        tr_pp=(p_ii * p_ii).sum(-1) + squares.sum(-1),
        sum_w=sum_w,
        sum_w2=sum_w2,
        log_det_xwx=np.log(sum_w),
    )


def log_determinant(problems: Problems, tau2: Array) -> Array:
    """Log determinant of V + tau2 I, for tau2 of shape (b,) or (b, g)."""
    widen = (slice(None), None) if tau2.ndim == 2 else slice(None)
    total = problems.v[widen] + tau2[..., None]
    return np.log(np.where(problems.mask[widen], total, 1.0)).sum(-1)


def generalised_q(problems: Problems, tau2: Array) -> Array:
    """Q(tau2) = y'P(tau2)y, the generalised Cochran statistic. Decreasing and convex in tau2."""
    return moments(problems, tau2).rss
