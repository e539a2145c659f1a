"""Weights and log-likelihood of a fit, computed when they are asked for.

In a large batch they would take longer than the fits, and the weights as much memory as the data.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from metarepro.errors import DataError
from metarepro.pooling.kernel import Array, Mask
from metarepro.pooling.problems import Batch

# Up to so many studies the arrays are copied, so that it does not matter what becomes of the caller's.
COPIED = 20_000
# Studies at a time.
CHUNK = 160_000


@dataclass(frozen=True)
class OnDemand:
    """What is needed to compute them.

    Attributes
    ----------
    batch : Batch
        The data: views of the caller's arrays if there are many.
    tau2, rss, sum_w : ndarray, shape (b,)
        As in `engine.Estimates`; tau2 is NaN where it does not exist.
    log_det_xwx : ndarray, shape (b,), or None
    incomplete : bool
        Whether some effect or variance is missing.
    restricted : bool
        Whether the likelihood is the restricted one.
    user : ndarray, shape (b, k), or None
        The user's weights.
    """

    batch: Batch
    tau2: Array
    rss: Array
    sum_w: Array
    log_det_xwx: Array | None
    incomplete: bool
    restricted: bool
    user: Array | None

    def weights(self) -> Array:
        """Weights in percent, shape (b, k)."""
        found = np.empty(self.batch.y.shape)
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
            count -= 1 if self.batch.x is None else self.batch.x.shape[-1]
        return np.asarray(-0.5 * (count * np.log(2 * np.pi) + value), dtype=np.float64)

    def _chunks(self) -> list[slice]:
        b, k = self.batch.y.shape
        step = max(CHUNK // k, 1)
        return [slice(first, first + step) for first in range(0, b, step)]

    def _inverses(self, rows: slice) -> tuple[Mask | None, Array, Array]:
        """Which studies take part (None for all), their 1/(v + tau2), and v + tau2 itself."""
        y, v = self.batch.y[rows], self.batch.v[rows]
        used = None if self.batch.mask is None else self.batch.mask[rows]
        if self.incomplete:
            known = ~(np.isnan(y) | np.isnan(v))
            used = known if used is None else used & known
        tau2 = self.tau2[rows]
        with np.errstate(divide="ignore"):
            total = v + np.where(np.isfinite(tau2), tau2, 0.0)[:, None]
            inverse = 1 / total if used is None else np.where(used, 1 / total, 0.0)
            sum_w = inverse.sum(-1)
        if not (np.abs(sum_w - self.sum_w[rows]) <= 1e-9 * self.sum_w[rows]).all():
            raise DataError(
                "The arrays given to pool were changed after the fit, so weights and log-likelihood are lost. Read "
                "them before, or give pool a copy."
            )
        return used, inverse, total


def keep(batch: Batch) -> Batch:
    """The batch, with copies of its arrays if they are small."""
    if batch.y.size > COPIED:
        return batch
    mask = None if batch.mask is None else batch.mask.copy()
    return replace(batch, y=batch.y.copy(), v=batch.v.copy(), mask=mask)
