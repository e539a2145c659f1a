"""The kernel: weighted least squares moments of many meta-analyses at once.

Every fit of this package, single or one of a million, goes through `moments`. Problems are stacked on leading axes;
the last axis is studies. A mask drops studies by giving them weight zero, so that leave-one-out, subsets and
cumulative fits are one call.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Problems:
    """A stack of meta-analyses, checked and centred.

    Attributes
    ----------
    y, v : ndarray, shape (b, k)
        Effects, minus `centre`, and sampling variances; masked-out entries hold 0 and 1.
    mask : ndarray of bool, shape (b, k)
        Studies that take part.
    k : ndarray, shape (b,)
        Number of studies that take part.
    centre : ndarray, shape (b, 1)
        Mean that was subtracted, so that a large common offset does not cancel digits; 0 with a design.
    x : ndarray, shape (b, k, p), or None
        Design matrix; None means an intercept only.
    """

    y: Array
    v: Array
    mask: Mask
    k: Array
    centre: Array
    x: Array | None

    @property
    def p(self) -> int:
        """Number of coefficients."""
        return 1 if self.x is None else self.x.shape[-1]

    def rows(self, chosen: NDArray[np.intp]) -> Problems:
        """The chosen problems."""
        x = None if self.x is None else self.x[chosen]
        return Problems(self.y[chosen], self.v[chosen], self.mask[chosen], self.k[chosen], self.centre[chosen], x)


@dataclass(frozen=True)
class Moments:
    """Sums of one weighted fit per problem (and per value of tau2), W = diag(1/(v + tau2)).

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
    sum_w, sum_w2, log_det_v, log_det_xwx : ndarray
        Sums of weights and squared weights; log determinants of V + tau2 I and of X'WX.
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
    log_det_v: Array
    log_det_xwx: Array


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
    total = v + tau2[..., None]
    w = (1.0 / total if weights is None else weights[widen]) * mask
    sum_w = w.sum(-1)
    w2 = w * w
    sum_w2 = w2.sum(-1)
    log_det_v = np.log(np.where(mask, total, 1.0)).sum(-1)
    if problems.x is None:
        beta = (w * y).sum(-1) / sum_w
        r = y - beta[..., None]
        wr = w * r
        rss = (wr * r).sum(-1)
        y_pp_y = (wr * wr).sum(-1)
        y_ppp_y = (w * wr * wr).sum(-1) - (w * wr).sum(-1) ** 2 / sum_w
        ratio = sum_w2 / sum_w
        tr_p = sum_w - ratio
        tr_pp = sum_w2 - 2 * (w2 * w).sum(-1) / sum_w + ratio * ratio
        return Moments(
            beta[..., None], (1 / sum_w)[..., None, None], rss, y_pp_y, y_ppp_y, tr_p, tr_pp,
            sum_w, sum_w2, log_det_v, np.log(sum_w),
        )  # fmt: skip
    x = problems.x[widen] * mask[..., None]
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
        beta,
        inverse,
        rss=(wr * r).sum(-1),
        y_pp_y=(wr * wr).sum(-1),
        y_ppp_y=(w * wr * wr).sum(-1) - (xw_wr * (inverse @ xw_wr[..., None])[..., 0]).sum(-1),
        tr_p=sum_w - np.trace(a2, axis1=-2, axis2=-1),
        tr_pp=sum_w2 - 2 * np.trace(a3, axis1=-2, axis2=-1) + np.trace(a2 @ a2, axis1=-2, axis2=-1),
        sum_w=sum_w,
        sum_w2=sum_w2,
        log_det_v=log_det_v,
        log_det_xwx=np.linalg.slogdet(xwx)[1],
    )


def generalised_q(problems: Problems, tau2: Array) -> Array:
    """Q(tau2) = y'P(tau2)y, the generalised Cochran statistic. Decreasing and convex in tau2."""
    return moments(problems, tau2).rss
