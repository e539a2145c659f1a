"""What a fit keeps of its data, as private copies: weights, log-likelihood and the data themselves come from these.

They are computed when they are first read. In a large batch they take as long as the fits; copying the data takes a
fraction of that, and makes it harmless what becomes of the caller's arrays.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from metarepro.pooling.kernel import Array, Mask
from metarepro.pooling.problems import Batch

# Studies at a time.
CHUNK = 160_000


@dataclass(frozen=True, eq=False)
class FittedData:
    """The data of b fits of k studies, and what the estimators found.

    Attributes
    ----------
    y, v : ndarray, shape (b, k)
    used : ndarray of bool, shape (b, k), or None
        Which studies take part; None for all.
    user : ndarray, shape (b, k), or None
        The user's weights.
    shape : tuple of int
        Leading shape of the batch; () for one problem.
    coefficients : int
        Number of coefficients.
    tau2, rss, sum_w : ndarray, shape (b,)
        As in `engine.Estimates`; tau2 is NaN where it does not exist.
    log_det_xwx : ndarray, shape (b,), or None
    restricted : bool
        Whether the likelihood is the restricted one.
    """

    y: Array
    v: Array
    used: Mask | None
    user: Array | None
    shape: tuple[int, ...]
    coefficients: int
    tau2: Array
    rss: Array
    sum_w: Array
    log_det_xwx: Array | None
    restricted: bool

    def __post_init__(self) -> None:
        for array in (self.tau2, self.rss, self.sum_w, self.log_det_xwx):
            read_only(array)

    def data(self) -> tuple[Array, Array]:
        """Effects and variances, NaN where a study does not take part; new arrays of shape (b, k)."""
        yi, vi = np.array(self.y), np.array(self.v)
        if self.used is not None:
            yi[~self.used] = vi[~self.used] = np.nan
        return yi, vi

    def weights(self) -> Array:
        """Weights in percent, shape (b, k)."""
        found = np.empty(self.y.shape)
        for rows in self._chunks():
            used, inverse, _ = self._inverses(rows)
            if self.user is not None:
                inverse = self.user[rows] * (1.0 if used is None else used)
            np.multiply(inverse, (100 / inverse.sum(-1))[:, None], out=found[rows])
        return found

    def log_likelihood(self) -> Array:
        """Log-likelihood at tau2 with its constants, as R reports it; shape (b,).

        The columns of a design are taken as orthonormal, so that its own determinant, a constant that R's value
        contains, is added.
        """
        value, count = np.empty(self.tau2.shape), np.empty(self.tau2.shape)
        for rows in self._chunks():
            used, inverse, total = self._inverses(rows)
            value[rows] = np.log(total if used is None else np.where(used, total, 1.0)).sum(-1)
            count[rows] = inverse.shape[-1] if used is None else used.sum(-1)
        value += self.rss
        if self.restricted:
            value += np.log(self.sum_w / count) if self.log_det_xwx is None else self.log_det_xwx
            count -= self.coefficients
        return np.asarray(-0.5 * (count * np.log(2 * np.pi) + value), dtype=np.float64)

    def _chunks(self) -> list[slice]:
        b, k = self.y.shape
        step = max(CHUNK // k, 1)
        return [slice(first, first + step) for first in range(0, b, step)]

    def _inverses(self, rows: slice) -> tuple[Mask | None, Array, Array]:
        """Which studies take part (None for all), their 1/(v + tau2), and v + tau2 itself."""
        used = None if self.used is None else self.used[rows]
        tau2 = self.tau2[rows]
        with np.errstate(divide="ignore"):
            total = self.v[rows] + np.where(np.isfinite(tau2), tau2, 0.0)[:, None]
            inverse = 1 / total if used is None else np.where(used, 1 / total, 0.0)
        return used, inverse, total


def private_copies(batch: Batch, incomplete: bool) -> tuple[Array, Array, Mask | None]:
    """Copies of effects and variances, and which studies take part; None if all do.

    Parameters
    ----------
    batch : Batch
    incomplete : bool
        Whether some effect or variance is missing.
    """
    y, v = _copy(batch.y), _copy(batch.v)
    used = None if batch.mask is None else _copy(batch.mask)
    if incomplete:
        known = ~(np.isnan(y) | np.isnan(v))
        used = known if used is None else used & known
    return y, v, used


def _copy(a: Any) -> Any:
    """A copy that no view of the caller reaches; what is one row, repeated, stays so."""
    repeated = a.shape[0] > 1 and a.strides[0] == 0
    return np.broadcast_to(a[0].copy(), a.shape) if repeated else a.copy()


def read_only(values: Any) -> Any:
    """The same array, which now cannot be written to; anything else as it is."""
    if isinstance(values, np.ndarray):
        values.setflags(write=False)
    return values
