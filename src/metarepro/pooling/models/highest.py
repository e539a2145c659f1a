"""The global maximum of a likelihood of variances: a look at a grid, then a climb from its best points."""

from __future__ import annotations

from itertools import product

import numpy as np

from metarepro.pooling.models.blocks import Likelihood, Peak, climb

# Points a level on which the likelihood is looked at before it is climbed, for one, two, three and more levels.
LOOKS = (40, 10, 6, 5, 4)
# So many of the best points are climbed.
STARTS = 4


def highest(likelihood: Likelihood) -> tuple[Peak, int]:
    """The highest of the maxima that the best points of a grid lead to, and how many different ones there are."""
    levels = likelihood.levels
    looks = LOOKS[min(levels, len(LOOKS)) - 1]
    y = np.concatenate([s.y.ravel() for s in likelihood.stacks])
    x = np.concatenate([s.x.reshape(-1, s.x.shape[-1]) for s in likelihood.stacks])
    v = np.concatenate([np.diagonal(s.v, axis1=1, axis2=2).ravel() for s in likelihood.stacks])
    off = y - x @ np.linalg.lstsq(x, y, rcond=None)[0]
    small = float(np.median(v))
    low, high = 1e-3 * small, 10 * (float(off @ off) / max(y.size - x.shape[1], 1) + small)
    axis = np.concatenate([[0.0], np.geomspace(low, high, looks - 1)])
    points = np.array(list(product(range(looks), repeat=levels)))
    value = np.array([likelihood.at(axis[i], derivatives=False).value for i in points]).reshape((looks,) * levels)
    # A point of the grid is a start if no neighbour is higher.
    peaks = np.ones(value.shape, dtype=bool)
    for way in product((-1, 0, 1), repeat=levels):
        if any(way):
            inner = tuple(slice(max(-w, 0), looks - max(w, 0)) for w in way)
            other = tuple(slice(max(w, 0), looks - max(-w, 0)) for w in way)
            peaks[inner] &= value[inner] >= value[other]
    where = np.argwhere(peaks)
    best = where[np.argsort(-value[tuple(where.T)], kind="stable")][:STARTS]
    # A start on the boundary may leave it only where the slope says so, so that its inner neighbour starts, too.
    starts = [axis[i] for i in best] + [axis[np.maximum(i, 1)] for i in best[:1] if (i == 0).any()]
    found = [climb(likelihood, s, (), 1e-6 * small) for s in starts]
    top = max(found, key=lambda peak: peak.point.value)
    different: list[Peak] = []
    for peak in found:
        size = peak.sigma2.sum() + 1e-3 * small
        if all(np.abs(peak.sigma2 - d.sigma2).max() > 1e-4 * size for d in different):
            different.append(peak)
    return top, sum(p.converged for p in different) or 1
